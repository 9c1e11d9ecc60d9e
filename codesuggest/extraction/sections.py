"""Sections: which part of the note a character stands in.

Headers are data (see `codesuggest.extraction.headers`). A header is recognised at the start of a
line, alone or run in before a colon or dash, numbered, starred, hashed, bracketed or underlined,
in any case; and inside a line before a colon, where its form or its place tells it from prose.
The text is read once, line by line; words are only looked up where a header could stand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from codesuggest.extraction.headers import DATA, Header, SectionTable
from codesuggest.schema import Section

__all__ = ["DATA", "SectionFinder", "SectionTable"]

# a line: list, markdown or frame marks, an item's number, up to ten words, and what ends them
_LINE = re.compile(
    r"^[ \t]*+(?P<mark>[#*_=~>•|+<\[–—-]*+)[ \t]*+"
    r"(?P<number>\(?(?:\d{1,2}|[IVX]{1,4})[.)](?!\d)[ \t]*+)?(?P<bold>[*_\[]*+)"
    r"(?P<title>[A-Za-z0-9][^\s:=|]*+(?: [^\s:=|]++){0,9}+)?"
    r"[ \t\r]*+(?P<end>[:=|]|$|(?<=\t)|(?<=  ))?",
    re.MULTILINE,
)
_DASH = re.compile(r" [-–—]+ |[–—] ?(?=[A-Z0-9])")
_CLOSING = "*_#=]>~-–— \t"
# inside a line: words in capitals that might be a header without any sign behind it
_CAPITALS = re.compile(r"[A-Z]{3,}+(?:[ /&-]+[A-Z]{2,}+)*+(?= [\"(]?[A-Z0-9]?[a-z0-9])")
_UNDERLINES = frozenset({"---", "===", "~~~", "___", "***", "- -"})
_ENDS = frozenset(".;!?)]•*|\"'")
#: Groups whose items may begin with any word; bullets and numbers in them are items.
_PROBLEMS = frozenset({"assessment", "plan", "problem_list", "course"})
_LISTS = _PROBLEMS | {"exam", "ros", "results"}
#: Groups in which a weak word before a colon is one of their own labels.
_HOMES = _LISTS | {"findings", "procedure_detail"}
#: Groups that an unknown header ends; in the others an unknown label is their own.
_PROSE = frozenset(
    {"reason", "history", "history_past", "family", "social", "allergy", "medication"}
)
_OFFICE = frozenset({"admin", "other", ""})
#: Words after which a header's words are part of the sentence.
_BINDING = frozenset(
    "the a an of her his their my our your this that and or with for to in on by per as is was "
    "see no at from under any were are be".split()
)
_SOAP = frozenset("soap")
_REMEMBERED = 8192


@dataclass(slots=True)
class _Mark:
    start: int
    kind: str
    title: str


class _Reading:
    """What was seen of one text so far."""

    __slots__ = ("clinical", "group", "hashes", "item", "line_end", "marks", "number")

    def __init__(self) -> None:
        self.marks: list[_Mark] = []
        self.group = ""
        self.clinical = False
        self.hashes = 0
        self.number = self.item = 0
        self.line_end = -2


class SectionFinder:
    """Find the sections of a text.

    Parameters
    ----------
    table : SectionTable
    """

    def __init__(self, table: SectionTable) -> None:
        self.table = table
        self._first = table.first_words
        self._last = table.last_words
        self._word = table.words.word
        self._found: dict[str, Header | None] = {}
        self._may_end: dict[str, bool] = {}

    def kind(self, title: str) -> str | None:
        """Return the kind of a header's words, or None when they open no known section."""
        found = self.table.find(title)
        return found.kind if found else None

    def __call__(self, text: str) -> list[Section]:
        """Return the sections in order.

        `start_char` is that of the header's first word, and each section ends where the next
        starts. What stands before the first header has the kind ``"preamble"`` and no title;
        marks before the first header ("# ", "1. ") belong to no section.
        """
        seen = _Reading()
        for match in _LINE.finditer(text):
            if match.start("title") >= 0:
                self._line(text, match, seen)
        marks = self._without_letters(seen.marks)
        sections = []
        first = marks[0].start if marks else len(text)
        if not marks or _has_words(text, first):
            sections.append(Section("preamble", "", 0, first))
        for number, mark in enumerate(marks, 1):
            end = marks[number].start if number < len(marks) else len(text)
            sections.append(Section(mark.kind, mark.title, mark.start, end))
        return sections

    # -- the start of a line ---------------------------------------------------------------

    def _line(self, text: str, match: re.Match[str], seen: _Reading) -> None:
        start, end = match.span("title")
        eol = text.find("\n", end)
        if eol < 0:
            eol = len(text)
        title = text[start:end]
        sign = match["end"]
        # a title ends at its colon, at a wide gap, or with the line
        ends = sign is not None or eol <= match.end()
        colon = bool(sign)
        gap = ends and not colon and match.end() < eol
        if " -" in title or "–" in title or "—" in title:
            dash = _DASH.search(title)
            if dash is not None and dash.start() > 0:
                title, ends, colon = title[: dash.start()], True, True
        closed = title.find("]" if "[" in match["mark"] + match["bold"] else "**")
        if closed > 0:
            title, ends, colon = title[:closed], True, True
        title = title.rstrip(_CLOSING)
        if title[-1:] == "." and not title.isupper():
            ends = False
        opened = False
        if ends and title:
            found = self._look_up(title)
            if found is not None:
                opened = self._opens(text, match, found, title, colon or gap, seen)
            elif self._is_unknown_header(text, match, title, colon, eol, seen):
                self._open(seen, start, "other", title)
                opened = True
        if not opened and not gap and match["mark"][:1] not in ("•", "-", "+", ">"):
            opened = self._opens_bare(text, start, eol, seen)
        if opened:
            seen.item = 0
        elif match["number"]:
            seen.item = _count(match["number"])
        self._inside(text, start, seen.marks[-1] if opened else None, eol, seen)
        seen.line_end = eol

    def _opens(
        self,
        text: str,
        match: re.Match[str],
        found: Header,
        title: str,
        signed: bool,
        seen: _Reading,
    ) -> bool:
        """Open the section of a known header at the start of a line, if it is one there."""
        mark, number, start = match["mark"], match["number"], match.start("title")
        group = self.table.groups.get(found.kind, "")
        within = seen.group
        framed = mark[:1] in ("#", "=", "[", "<", "~", "_") or mark[:2] == "**"
        framed = framed or bool(match["bold"])
        bullet = bool(mark) and not framed
        upper = title.isupper()
        if bullet and (within in _LISTS or found.weak):
            return False
        if number and not framed:
            count = _count(number)
            item = count == seen.item + 1
            follows = seen.number > 0 and count == seen.number + 1
            if within in _PROBLEMS and (item or not follows):
                if group not in ("assessment", "plan"):
                    return False
            elif found.weak and not upper and not follows:
                return False
            seen.number = count
        if found.weak and not framed:
            apart = match.start() > seen.line_end + 1
            letter = len(title) == 1
            if letter:
                if not (signed and upper):
                    return False
            elif upper and (signed or apart or not seen.marks):
                if within in _PROBLEMS and len(title) < 4:
                    return False
            elif group == "admin":
                if not signed or (seen.clinical and within != "admin"):
                    return False
            elif signed:
                if within in _HOMES and not apart:
                    return False
            elif not (apart or not seen.marks) or within in _PROBLEMS or title.islower():
                return False
            if found.general and not (signed and _capitalised(title)):
                return False
        elif found.weak and within in _PROBLEMS and mark[:1] == "#":
            # a problem marked with a hash
            return False
        elif not signed and not framed and not upper and not self._stands_alone(text, match):
            return False
        if mark[:1] == "#":
            seen.hashes = len(mark)
        self._open(seen, start, found.kind, title)
        return True

    @staticmethod
    def _stands_alone(text: str, match: re.Match[str]) -> bool:
        """Tell a header without any sign from the last words of a wrapped line."""
        title = match["title"]
        if not title[0].islower():
            return True
        before = text[: match.start()].rstrip() if match.start() < 200 else ""
        before = before or text[match.start() - 120 : match.start()].rstrip()
        blank = text[match.start() - 2 : match.start()] == "\n\n"
        return not before or blank or before[-1] in ".:;!?"

    def _is_unknown_header(
        self,
        text: str,
        match: re.Match[str],
        title: str,
        colon: bool,
        eol: int,
        seen: _Reading,
    ) -> bool:
        """Tell whether words that no table knows are clearly a header, which ends a section."""
        mark, start = match["mark"], match.start("title")
        upper = title.isupper()
        hashed = mark[:1] == "#"
        lined = text[eol + 1 : eol + 4] in _UNDERLINES
        if not (upper or hashed or mark[:1] in ("=", "[") or lined):
            return False
        if title.count(" ") > 5 or title[-1] in ".,;" or len(title) < 4:
            return False
        label = self.table.labels.get(self.table.words.key(title))
        if label is not None:
            if not (upper and colon and label and seen.group in _PROSE and seen.clinical):
                return False
            self._open(seen, start, label, title)
            return False
        if seen.group in _PROBLEMS or mark[:1] in ("-", "•", "*", "+", ">"):
            return False
        alone = match.end() >= eol
        if hashed:
            return alone and len(mark) <= seen.hashes
        if lined or mark[:2] == "==" or (mark[:1] == "[" and upper):
            return alone or mark[:1] == "["
        return colon and seen.group in _PROSE and not text[match.end() : eol].isupper()

    def _opens_bare(self, text: str, start: int, eol: int, seen: _Reading) -> bool:
        """Open a section whose header has nothing behind it ("CHIEF COMPLAINT Back pain")."""
        head = text[start : min(eol, start + 80)]
        words = head.split(" ")
        if self._word(words[0].lower().strip(".,;")) not in self._first or not words[0][0].isupper():
            return False
        if len(words) < 2:
            return False
        run = 0
        capitals = words[0].rstrip(".").isupper()
        for word in words:
            if capitals:
                if not word.rstrip(".").isupper() and word not in ("&", "/"):
                    break
            elif not word[:1].isupper() and word not in ("of", "and", "the", "&", "/"):
                break
            run += 1
            if word[-1:] == ".":
                break
        stopped = run < len(words)
        longest = self.table.longest(words[:run], 1 if capitals else 2) if run else None
        if longest is None:
            return False
        count, found = longest
        title = " ".join(words[:count]).rstrip(".")
        behind = words[count] if count < len(words) else ""
        if not behind or found.weak or len(title) == 1:
            return False
        if capitals and count == run and stopped:
            # mixed text behind capitals
            if behind.lower() in _BINDING and count == 1:
                return False
        elif capitals:
            # everything is in capitals: the header must be more than a word
            if behind.lower() in _BINDING or (count < 2 and not words[count - 1].endswith(".")):
                return False
        elif not (behind[:1].isupper() or behind[:1].isdigit()):
            return False
        self._open(seen, start, found.kind, title)
        return True

    # -- inside a line ---------------------------------------------------------------------

    def _inside(
        self, text: str, start: int, opened: _Mark | None, eol: int, seen: _Reading
    ) -> None:
        begin = opened.start + len(opened.title) if opened is not None else start
        colon = text.find(":", begin, eol)
        if opened is not None and 0 <= colon <= begin + 4:
            begin = colon + 1
            colon = text.find(":", begin, eol)
        if colon < 0 and eol - begin < 40:
            return
        line_upper = text[start:eol].isupper()
        bare: list[tuple[int, str, str]] = []
        if not line_upper:
            for match in _CAPITALS.finditer(text, begin, eol):
                found = self._bare_inside(text, match.start(), match.group(), start)
                if found is not None:
                    bare.append((match.start(), found.kind, match.group()))
        low = begin
        while colon >= 0:
            while bare and bare[0][0] < colon:
                place = bare.pop(0)
                if place[0] >= low and place[0] + len(place[2]) < colon:
                    self._open(seen, *place)
            last = text[max(low, colon - 24) : colon].rstrip(" *_").rsplit(None, 1)
            if last and self._ends_header(last[-1]):
                self._before_colon(text, start, low, colon, line_upper, seen)
            low = colon + 1
            colon = text.find(":", low, eol)
        for place in bare:
            if place[0] >= low:
                self._open(seen, *place)

    def _bare_inside(self, text: str, place: int, title: str, start: int) -> Header | None:
        words = title.split()
        if self._word(words[0].lower()) not in self._first:
            return None
        found = self._look_up(title)
        if found is None or found.weak or place == start:
            return None
        before = text[max(start, place - 3) : place].rstrip()
        if len(words) > 1:
            return found if before[-1:].islower() or before[-1:] in _ENDS else None
        group = self.table.groups[found.kind]
        ended = before[-1:] == "." and group in ("assessment", "plan", "medication", "allergy")
        return found if ended else None

    def _before_colon(
        self, text: str, start: int, low: int, colon: int, line_upper: bool, seen: _Reading
    ) -> None:
        """Open the section of the longest header that ends at a colon inside a line."""
        end = colon
        while end > low and text[end - 1] in " *_":
            end -= 1
        starts: list[int] = []
        cut = end
        while cut > low and len(starts) < 8:
            cut = text.rfind(" ", low, cut) + 1 or low
            place = cut
            while place < end and not text[place].isalnum():
                place += 1
            if not starts or place < starts[-1]:
                starts.append(place)
            while cut > low and text[cut - 1] == " ":
                cut -= 1
            if cut == low or text[cut - 1] in _ENDS or text[cut - 1] == ",":
                break
        for place in reversed(starts):
            if place == start or place >= end or text.startswith(("the ", "The "), place):
                continue
            title = text[place:end]
            found = self._look_up(title)
            if found is not None and not found.general:
                if self._stands_inside(text, place, title, low, found, line_upper, seen):
                    self._open(seen, place, found.kind, title)
                return

    def _stands_inside(
        self,
        text: str,
        place: int,
        title: str,
        low: int,
        found: Header,
        line_upper: bool,
        seen: _Reading,
    ) -> bool:
        before = text[max(low, place - 24) : place].rstrip(" *_([")
        last = before[-1:]
        word = before.rsplit(None, 1)[-1] if before else ""
        group = self.table.groups[found.kind]
        ended = last in _ENDS or not before
        item = ended and last in (".", ")") and word[:-1].strip("(").isdigit()
        upper = title.isupper()
        if item and not (group in ("assessment", "plan") or (upper and not found.weak)):
            return False
        if upper and not line_upper:
            if word.isupper() and len(word) > 1 and word.isalpha() and not ended:
                return False
            if found.weak:
                if len(title) == 1:
                    return ended
                if seen.group in _PROBLEMS or (seen.group in _HOMES and len(title) < 4):
                    return False
                return ended or (len(title) > 3 and seen.group not in _HOMES | {"history"})
            return word.lower() not in _BINDING
        if found.weak:
            home = seen.group in _HOMES or seen.group in ("history", "reason")
            return ended and not home and title[:1].isupper() and group != "admin"
        if ended:
            return True
        if found.shorthand:
            return True
        if word.lower() in _BINDING or not title[:1].isupper():
            return False
        free = last.isdigit() or last == "," or word[:1].islower() or upper
        free = free or (seen.group == "assessment" and group == "plan")
        return free and (" " in title or group in ("assessment", "plan"))

    # -- the rest --------------------------------------------------------------------------

    def _open(self, seen: _Reading, start: int, kind: str, title: str) -> None:
        seen.marks.append(_Mark(start, kind, title))
        if len(title) > 1:
            seen.group = self.table.groups.get(kind, kind)
            seen.clinical = seen.clinical or seen.group not in _OFFICE

    def _look_up(self, title: str) -> Header | None:
        found = self._found.get(title, False)
        if found is not False:
            return found  # type: ignore[return-value]
        if title[-1] != ")" and not self._ends_header(title.rsplit(" ", 1)[-1]):
            return None
        if len(self._found) > _REMEMBERED:
            self._found.clear()
        header = self._found[title] = self.table.find(title)
        return header

    def _ends_header(self, word: str) -> bool:
        known = self._may_end.get(word)
        if known is None:
            if len(self._may_end) > _REMEMBERED:
                self._may_end.clear()
            key = self.table.words.key(word)
            end = key.rsplit(" ", 1)[-1]
            known = end in self._last or word[-1:] in "0123456789)"
            self._may_end[word] = known
        return known

    def _without_letters(self, marks: list[_Mark]) -> list[_Mark]:
        """Leave out S, O, A and P unless they stand for the parts of one note."""
        letters = {m.title.lower() for m in marks if len(m.title) == 1}
        if not letters or len(letters & _SOAP) >= 3:
            return marks
        return [m for m in marks if len(m.title) > 1]


def _count(number: str) -> int:
    digits = number.strip(" \t().")
    if digits.isdigit():
        return int(digits)
    values = {"I": 1, "V": 5, "X": 10}
    total = 0
    for place, letter in enumerate(digits):
        value = values[letter]
        total += -value if value < values.get(digits[place + 1 : place + 2], 0) else value
    return total


def _capitalised(title: str) -> bool:
    return all(w[:1].isupper() or len(w) < 4 for w in title.replace("/", " ").split())


def _has_words(text: str, end: int) -> bool:
    return re.fullmatch(r"[\W_]*(?:\(?(?:\d{1,2}|[IVX]{1,4})[.)][\W_]*)?", text[:end]) is None
