"""Layout: what a note says by its form, not its words.

Check boxes, "-cough", list headers whose items take the header's status, form fields that
qualify the line below, and what a section says of everything that stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from codesuggest.extraction.assertion_words import AssertionWords
from codesuggest.schema import Cue, Section

__all__ = ["Layout", "list_blocks", "section_status", "true_section"]

_BOX = re.compile(
    r"(?P<on>\[\s*[xX✓✔yY+]\s*\]|\(\s*[xX✓✔yY+]\s*\)|[☑☒✓✔]|_+[xX✓]_+)"
    r"|\[\s*\]|\(\s+\)|[☐□]|[\[(][nN-][\])]|(?<![\w_])_{2,}(?![\w_])"
)
#: One of these is in every text with boxes; by a character that is looked for first.
_BOX_SIGNS = {
    "[": ("[ ]", "[]", "[x]", "[X]", "[N]", "[n]"),
    "(": ("( )", "(x)", "(X)"),
    "_": ("_X_",),
}
_ALL_BOX_SIGNS = {**_BOX_SIGNS, **{box: (box,) for box in "☐☑☒□"}}
_CHECKED_OPTION = re.compile(r"\[\s*[xX✓]\s*\]\s*(?P<option>[A-Za-z]+)")
# a literal first character makes the search quick
_MINUS = re.compile(r"-(?<=[\s,:;(+]-)(?=[A-Za-z])")
_ITEM = r"(?:[-*•+>–]|\(?\d{1,2}[.)]|[\[(]\s*\w?\s*[\])]|[☐☑☒✓□]|_+)"
_ENDING_COLON = re.compile(r":[ \t]*(?=\n)")
_ITEMS = re.compile(rf"[ \t]*\n(?P<items>(?:[ \t]*{_ITEM}[^\n]*(?:\n|\Z))+)")
_FIELD = re.compile(
    r"^(?P<label>[^\n:]{3,40}):[ \t]*(?:[Yy][Ee][Ss]\b|[^\n]*?\[[xX]\][ \t]*(?P<option>\w+))"
    r"[^\n]*\n(?P<next>(?P<name>[A-Za-z]{2,12})[^\n:]{0,12}:[^\n]+)",
    re.MULTILINE,
)
_FIELD_SIGNS = {":": (": yes", ": Yes", ": YES"), "[": ("[x]", "[X]")}
_QUALIFIES = re.compile(r"status|certain|state|stage|phase", re.IGNORECASE)
#: Groups of sections that decide the status of what stands in them.
_GROUP_STATUS = {"family": "family", "consent": "hypothetical", "instructions": "hypothetical"}


def _has_any(text: str, signs: Mapping[str, Sequence[str]]) -> bool:
    return any(
        first in text and any(sign in text for sign in longer) for first, longer in signs.items()
    )


def true_section(sections: Sequence[Section], place: int) -> Section:
    """Return the section at `place`, or the one whose title it was cut out of."""
    section = sections[place]
    while place > 0:
        before = sections[place - 1]
        if before.start_char + len(before.title) <= section.start_char:
            break
        section, place = before, place - 1
    return section


def section_status(
    section: Section,
    groups: Mapping[str, str],
    is_procedure: bool,
    sentence: Sequence[str],
    lists: AssertionWords,
) -> str | None:
    """Return the status that a section gives to what stands in it, or None."""
    group = groups.get(section.kind, "")
    if section.kind == "past_surgical_history" or (is_procedure and group == "history_past"):
        # also the delivery in the history of a birth, and an operation among past diseases
        return "historical"
    done = not is_procedure or any(word in lists["done"] for word in sentence)
    if group == "plan":
        return None if done else "planned"
    status = _GROUP_STATUS.get(group)
    if status == "hypothetical" and "follow" in section.title.lower():
        return "planned" if is_procedure else None
    return status


def list_blocks(text: str, lists: AssertionWords) -> list[tuple[int, int, int, int]]:
    """Return (start, end) of words whose status passes on, and (start, end) of where to."""
    blocks = []
    for opening in _ENDING_COLON.finditer(text):
        colon = opening.start()
        match = _ITEMS.match(text, colon + 1)
        if match is not None:
            line = text.rfind("\n", 0, colon) + 1
            if colon - line <= 70:
                blocks.append((line, colon, *match.span("items")))
    if _has_any(text, _FIELD_SIGNS):
        for match in _FIELD.finditer(text):
            if match.group("name").lower() not in lists["generic_label"]:
                continue
            if not match.group("option"):
                blocks.append((*match.span("label"), *match.span("next")))
            elif _QUALIFIES.search(match.group("label")):
                blocks.append((*match.span("option"), *match.span("next")))
    return blocks


class Layout:
    """The boxes and signs of one text."""

    def __init__(self, text: str, lists: AssertionWords) -> None:
        self._text = text
        self._boxes = _has_any(text, _BOX_SIGNS if text.isascii() else _ALL_BOX_SIGNS)
        self._blanks = self._boxes and re.search(r"_[xX✓]_", text) is not None
        self._options = lists.options
        self._minus = _MINUS.search(text) is not None
        self.speaks = self._boxes or self._minus

    def cues(self, start: int, end: int) -> list[Cue]:
        """Return the cues that the form of the line gives to a span of characters."""
        found: list[Cue] = []
        if not self.speaks:
            return found
        text = self._text
        line = text.rfind("\n", 0, start) + 1
        if self._boxes:
            self._box_before(found, line, start)
            self._option_after(found, end)
        if self._minus:
            low = max(line, start - 30)
            signs_before = [m.start() for m in _MINUS.finditer(text, low, start + 1)]
            if signs_before:
                sign = signs_before[-1]
                if text[line:sign].strip() and not re.search(r"[,;:.+]", text[sign:start]):
                    signs = text[line:sign]
                    before = signs.rstrip()[-1]
                    if before in ",:;(" or re.search(r"(?:^|[\s,])[-+][A-Za-z]", signs):
                        found.append(Cue("negated", text[sign : sign + 1], sign, sign + 1))
        return found

    def _box_before(self, found: list[Cue], line: int, start: int) -> None:
        last = None
        for match in _BOX.finditer(self._text, line, start):
            if "_" in match.group() and not self._blanks:
                continue
            last = match
        if last is None or last.group("on") is not None:
            return
        between = self._text[last.end() : start]
        if len(between) <= 40 and not re.search(r"[:;.]", between):
            found.append(Cue("negated", last.group(), last.start(), last.end()))

    def _option_after(self, found: list[Cue], end: int) -> None:
        stop = self._text.find("\n", end)
        rest = self._text[end : stop if stop >= 0 else len(self._text)]
        colon = rest.find(":")
        if not 0 <= colon <= 20 or "[" not in rest[colon : colon + 5]:
            return
        match = _CHECKED_OPTION.search(rest, colon)
        if match is not None:
            status = self._options.get(match.group("option").lower())
            if status is not None:
                first, last = end + match.start(), end + match.end()
                found.append(Cue(status, self._text[first:last], first, last))
