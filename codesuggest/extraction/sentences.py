"""Sentences of clinical text: full stops, list items, headers, hard-wrapped lines.

A line break ends a sentence unless the line was wrapped: then the first word of the next line
would not have fitted, or the next line goes on in lower case. An item of a list is one sentence
with its number, also when the list runs on in one line ("1. Gout 2. Asthma").
"""

from __future__ import annotations

import re

__all__ = ["sentence_starts"]

# every match begins with one of six signs, so that the search skips all other characters
_BREAK = re.compile(
    r"[.!?;•\n](?:(?<=[.!?])(?:[\"')\]]*+(?:\s++(?=[\"'(\[]?[A-Z0-9•*#-])|(?=[A-Z][a-z])))"
    r"|(?<=\n)\s*+|(?<=;)\s++|(?<=•))"
)
_ABBREVIATIONS = frozenset([
    "Dr", "Drs", "Mr", "Mrs", "Ms", "St", "Mt", "Ft", "vs", "Jr", "Sr", "approx", "Fig",
    "Figs", "Inc", "Ltd", "dept", "Dept", "hosp", "Hosp", "etc", "cf", "Prof", "Rev", "Sgt",
    "Capt", "Lt", "Col", "Gen", "Blvd", "resp", "incl", "excl", "neg", "pos", "wk", "wks",
    "hr", "hrs", "mos", "yr", "yrs", "Ph", "Rx", "Ext", "ext", "Vol", "Univ", "Assoc", "Ave",
])  # fmt: skip
#: Abbreviations of a number: "No. 10 blade", but "No. She is well".
_NUMBERED = frozenset(["No", "Nos", "no", "no's", "Grav", "Ref", "Lot", "lot", "Rm", "Ste"])
_OPENERS = frozenset([
    "The", "She", "He", "They", "It", "We", "I", "Her", "His", "Patient", "Pt", "There",
    "This", "That", "No", "Will", "Then", "Denies", "On", "In", "At", "Plan", "Continue",
    "Follow", "Also", "Had", "Has", "Was", "Is", "A", "An", "After", "Before", "Currently",
    "Since", "Given",
])  # fmt: skip
_ITEM = re.compile(r"[-*•#>–—☐☑☒□✓]|\(?\d{1,2}[.)]\s|[A-Za-z][.)]\s|\[[ xX]?\]")
_INLINE_ITEM = re.compile(r"(?<!\S)(?:\(?(\d{1,2})\)|#(\d{1,2})[.:)]?)\s*(?=[A-Za-z])")
_WORD = re.compile(r"\S+")
#: Words from this length on are no abbreviations.
_LONG = 7
#: A line at least this long may have been wrapped at a margin; margins lie between the others.
_WRAPPED, _NARROWEST, _WIDEST = 40, 55, 120
#: Behind these a number is no item's: "stage 3. Gout".
_COUNTED = frozenset([
    "stage", "type", "grade", "class", "phase", "level", "is", "was", "at", "of", "x", "para",
    "gravida", "day", "week", "month", "score", "than", "about", "to", "and", "or", "by",
])  # fmt: skip
#: A line that ends or begins with one of these is not the end or start of a sentence.
_JOINTS = frozenset([
    "a", "an", "the", "and", "or", "of", "in", "on", "at", "to", "for", "with", "from", "by",
    "is", "was", "are", "were", "has", "had", "no", "not", "without", "as", "her", "his",
    "their", "which", "that", "who", "but", "than", "due", "per",
])  # fmt: skip


def sentence_starts(text: str) -> list[int]:
    """Return the offsets at which sentences start, in order; the first is 0."""
    starts = [0]
    lines = _Lines(text)
    size = len(text)
    expected = -1
    for match in _BREAK.finditer(text):
        stop, end = match.span()
        sign = text[stop]
        if end >= size:
            continue
        # most full stops stand behind a long word: no number, no abbreviation
        if sign == "." and not (stop >= _LONG and text[stop - _LONG : stop].isalpha()):
            before = text[stop - 1] if stop else ""
            if before.isdigit():
                first, number = _number_before(text, stop)
                if number and _opens_item(text, first):
                    expected = number + 1
                    continue
                if number == expected and end > stop + 1 and _goes_on(text, first, end):
                    expected += 1
                    if first > starts[-1]:
                        starts.append(first)
                    continue
            elif _abbreviated(text, stop, end):
                continue
        elif sign == "\n":
            if text.count("\n", stop, end) == 1 and not lines.ends_at(stop, end):
                continue
        elif sign == "•":
            end = stop
        if end > starts[-1]:
            starts.append(end)
    if "1)" in text or "#1" in text:
        return _with_items(text, starts)
    return starts


class _Lines:
    """The lines of a text, and how wide they may be."""

    __slots__ = ("_margin", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._margin = -1

    def ends_at(self, stop: int, start: int) -> bool:
        """Tell whether the line that ends at `stop` ends a sentence."""
        text = self._text
        if _ITEM.match(text, start):
            return True
        before = text[text.rfind("\n", 0, stop) + 1 : stop].rstrip()
        if not before or before[-1] in ".:!?":
            return not text[start].islower() or len(before) < 25
        if before[-1] == ",":
            return False
        if self._margin < 0:
            self._margin = _margin(text)
        word = _WORD.match(text, start)
        following = word.group() if word is not None else ""
        full = self._margin and len(before) + 1 + len(following) > self._margin - 2
        wrapped = full and len(before) >= _WRAPPED
        if not text[start].islower():
            return not wrapped
        if wrapped or following in _JOINTS or before.rsplit(None, 1)[-1].lower() in _JOINTS:
            return False
        # a list written in lower case, or a sentence that goes on
        return before.lstrip()[:1].islower() and len(before) < _WRAPPED


def _margin(text: str) -> int:
    """Return the width at which the lines of a text were wrapped, or 0."""
    lengths = sorted(map(len, text.split("\n")))
    widest = lengths[-1]
    near = len(lengths) > 1 and lengths[-2] > widest - 12
    return widest if near and _NARROWEST <= widest < _WIDEST else 0


def _number_before(text: str, stop: int) -> tuple[int, int]:
    """Return where the one or two digits before `stop` start, and their value or 0."""
    first = stop - 1
    while first > 0 and text[first - 1].isdigit() and stop - first < 3:
        first -= 1
    if stop - first > 2 or (first and not (text[first - 1].isspace() or text[first - 1] == "(")):
        return first, 0
    digits = text[first:stop]
    return first, int(digits) if digits.isdecimal() else 0


def _opens_item(text: str, first: int) -> bool:
    before = text[max(0, first - 4) : first].rstrip(" \t(")
    return not before or before[-1] in ".:;\n\r#*"


def _goes_on(text: str, first: int, end: int) -> bool:
    """Tell whether the number at `first` is the next of a list that runs on in its line."""
    before = text[max(0, first - 12) : first].rsplit(None, 1)
    return not (before and before[-1].lower() in _COUNTED) and not text[end].isdigit()


def _abbreviated(text: str, stop: int, end: int) -> bool:
    before = text[max(0, stop - 8) : stop]
    if not before or before[-1].isspace() or (before[-_LONG:].isalpha() and len(before) >= _LONG):
        return False
    word = before.rsplit(None, 1)[-1].lstrip("(\"'[")
    if len(word) >= _LONG or not word:
        return False
    if word in _ABBREVIATIONS:
        return True
    if word in _NUMBERED:
        return text[end].isdigit()
    dotted = len(word) > 2 and word[-2] == "." and word[-1].isalpha()
    if not dotted and not (len(word) == 1 and word.isupper()):
        return False
    following = _WORD.match(text, end)
    said = following.group() if following is not None else ""
    if said.strip(",.;:") in _OPENERS and not (len(said) == 2 and said[1] == "."):
        return False
    if dotted:
        return True
    # an initial stands behind a name or opens a line; "hepatitis C. Cirrhosis." is two sentences
    name = text[max(0, stop - 24) : stop - 1].rstrip(" \t").rsplit(None, 1)
    line = text.rfind("\n", 0, stop) + 1
    return not text[line : stop - 1].strip() or bool(name and name[-1][:1].isupper())


def _with_items(text: str, starts: list[int]) -> list[int]:
    """Add the starts of items that are numbered "1)" or "#1" within a line."""
    expected, more = 1, set(starts)
    for match in _INLINE_ITEM.finditer(text):
        number = int(match[1] or match[2])
        if number in (1, expected):
            more.add(match.start())
            expected = number + 1
    return sorted(more)
