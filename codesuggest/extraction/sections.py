"""Sections: which part of the note a character stands in.

Headers are data (see `codesuggest.extraction.headers`). A header is recognised at the start of a
line, alone or run in before a colon or dash, numbered, starred, hashed, bracketed or underlined,
in any case; and inside a line before a colon, where its form or its place tells it from prose.
The text is read once, line by line; words are only looked up where a header could stand.
"""

from __future__ import annotations

import re

from codesuggest.extraction.header_lookup import (
    BINDING,
    HOMES,
    LISTS,
    PROBLEMS,
    PROSE,
    HeaderLookup,
    Mark,
    Reading,
)
from codesuggest.extraction.headers import DATA, Header, SectionTable
from codesuggest.extraction.run_in_headers import RunInHeaders
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
_UNDERLINES = frozenset({"---", "===", "~~~", "___", "***", "- -"})
# "EXAM: CT of the chest" names a study, "EXAM: Lungs clear" examines the patient
_EXAMS = frozenset({"exam", "examination", "exams", "examinations"})
_STUDY = re.compile(
    r"\s*[^.:\n]{0,60}?\b(?:x-?rays?|radiographs?|ct|cta|mri|mra|ultrasound|sonogram|doppler|duplex|"
    r"mammogra(?:m|phy)|pet|dexa|bone (?:density|scan)|echocardiogram|fluoroscopy|\d views?|"
    r"(?:one|two|three|four) views?|(?-i:US|XR|CXR|KUB))\b",
    re.IGNORECASE,
)
_SOAP = frozenset("soap")
# "OPERATIONS" is a patient's history, but beside one of these the operation itself
_OPERATIONS = frozenset({"operation", "operations"})
_OF_OPERATION = frozenset({
    "preoperative_diagnosis", "postoperative_diagnosis", "anesthesia", "staff", "blood_loss",
    "complications", "specimens", "procedure_description", "findings",
})  # fmt: skip
#: Characters of start, middle and end that tell whether a text is all capitals.
_PIECE = 300


class SectionFinder:
    """Find the sections of a text.

    Parameters
    ----------
    table : SectionTable
    """

    def __init__(self, table: SectionTable) -> None:
        self.table = table
        self._lookup = HeaderLookup(table)
        self._run_in = RunInHeaders(self._lookup)

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
        calm = _calm(text)
        return [
            section
            if calm is text
            else Section(
                section.kind,
                text[section.start_char : section.start_char + len(section.title)],
                section.start_char,
                section.end_char,
            )
            for section in self._find(calm)
        ]

    def _find(self, text: str) -> list[Section]:
        seen = Reading(self.table.groups, text)
        for match in _LINE.finditer(text):
            if match.start("title") >= 0:
                self._line(text, match, seen)
        marks = self._without_letters(seen.marks)
        sections = []
        first = marks[0].start if marks else len(text)
        if not marks or _has_words(text, first):
            sections.append(Section("preamble", "", 0, first))
        elif marks[0].kind == "follow_up" and (len(marks) > 1 or "visit" in marks[0].title.lower()):
            # what opens a note is the reason for the visit, and no appointment
            marks[0].kind = "chief_complaint"
        for number, mark in enumerate(marks):
            if mark.title.lower() in _OPERATIONS:
                beside = marks[max(number - 1, 0) : number] + marks[number + 1 : number + 2]
                if any(m.kind in _OF_OPERATION for m in beside):
                    mark.kind = "procedure"
        for number, mark in enumerate(marks, 1):
            end = marks[number].start if number < len(marks) else len(text)
            sections.append(Section(mark.kind, mark.title, mark.start, end))
        return sections

    # -- the start of a line ---------------------------------------------------------------

    def _line(self, text: str, match: re.Match[str], seen: Reading) -> None:
        mark, number, bold, title, sign = match.groups()
        start, end = match.span("title")
        eol = text.find("\n", end)
        if eol < 0:
            eol = len(text)
        # a title ends at its colon, at a wide gap, or with the line
        ends = sign is not None or eol <= match.end()
        colon = bool(sign)
        gap = ends and not colon and match.end() < eol
        if " -" in title or "–" in title or "—" in title:
            dash = _DASH.search(title)
            if dash is not None and dash.start() > 0:
                title, ends, colon = title[: dash.start()], True, True
        if mark or bold:
            closed = title.find("]" if "[" in mark or "[" in bold else "**")
            if closed > 0:
                title, ends, colon = title[:closed], True, True
        if ends:
            title = title.rstrip(_CLOSING)
            if title[-1:] == "." and not title.isupper():
                ends = False
        opened = False
        if ends and title:
            found = self._lookup.find(title)
            if (found is None or found.general) and title[0].isupper():
                found = self._lookup.find_misspelt(title) or found
            if found is not None:
                opened = self._opens(text, match, found, title, colon or gap, seen)
            elif self._is_unknown_header(text, match, title, colon, eol, seen):
                seen.open(start, "other", title)
                opened = True
        if not opened and not gap and mark[:1] not in ("•", "-", "+", ">"):
            opened = self._opens_bare(text, start, eol, seen)
        if opened:
            seen.item = 0
        elif number:
            seen.item = _count(number)
        self._run_in.read(text, start, seen.marks[-1] if opened else None, eol, seen)
        seen.line_end = eol

    def _opens(
        self,
        text: str,
        match: re.Match[str],
        found: Header,
        title: str,
        signed: bool,
        seen: Reading,
    ) -> bool:
        """Open the section of a known header at the start of a line, if it is one there."""
        mark, number, start = match["mark"], match["number"], match.start("title")
        group = self.table.groups.get(found.kind, "")
        within = seen.group
        framed = mark[:1] in ("#", "=", "[", "<", "~", "_") or mark[:2] in ("**", "--")
        framed = framed or bool(match["bold"])
        bullet = bool(mark) and not framed
        upper = title.isupper()
        if bullet and (within in LISTS or found.weak):
            return False
        if number and not framed:
            count = _count(number)
            item = count == seen.item + 1
            follows = seen.number > 0 and count == seen.number + 1
            if within in PROBLEMS and (item or not follows):
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
                if within in PROBLEMS and len(title) < 4:
                    return False
            elif group == "admin":
                if not signed or (seen.clinical and within != "admin"):
                    return False
            elif signed:
                if within in HOMES and not apart:
                    return False
            elif not (apart or not seen.marks) or within in PROBLEMS or title.islower():
                return False
            if found.general and not (signed and _capitalised(title)):
                return False
        elif found.weak and within in PROBLEMS and mark[:1] == "#":
            # a problem marked with a hash
            return False
        elif not signed and not framed and not upper and not self._stands_alone(text, match):
            return False
        if mark[:1] == "#":
            seen.hashes = len(mark)
        kind = found.kind
        if kind == "exam" and title.lower() in _EXAMS and _STUDY.match(text, match.end()):
            kind = "exam_title"
        seen.open(start, kind, title)
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
        seen: Reading,
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
            if not (upper and colon and label and seen.group in PROSE and seen.clinical):
                return False
            seen.open(start, label, title)
            return False
        if seen.group in PROBLEMS or mark[:1] in ("-", "•", "*", "+", ">"):
            return False
        alone = match.end() >= eol
        if hashed:
            return alone and len(mark) <= seen.hashes
        if lined or mark[:2] == "==" or (mark[:1] == "[" and upper):
            return alone or mark[:1] == "["
        return colon and seen.group in PROSE and not text[match.end() : eol].isupper()

    def _opens_bare(self, text: str, start: int, eol: int, seen: Reading) -> bool:
        """Open a section whose header has nothing behind it ("CHIEF COMPLAINT Back pain")."""
        if not text[start].isupper():
            return False
        head = text[start : min(eol, start + 80)]
        first, _, rest = head.partition(" ")
        if not rest or not self._lookup.begins(first.strip(".,;")):
            return False
        words = head.split(" ")
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
            if behind.lower() in BINDING and count == 1:
                return False
        elif capitals:
            # everything is in capitals: the header must be more than a word
            if behind.lower() in BINDING or (count < 2 and not words[count - 1].endswith(".")):
                return False
        elif not (behind[:1].isupper() or behind[:1].isdigit()):
            return False
        seen.open(start, found.kind, title)
        return True

    def _without_letters(self, marks: list[Mark]) -> list[Mark]:
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


def _calm(text: str) -> str:
    """Return a text that is all capitals in lower case: there, capitals mark no header."""
    middle = len(text) // 2
    pieces = (text[:_PIECE], text[middle : middle + _PIECE], text[-_PIECE:])
    if not all(piece.isupper() for piece in pieces):
        return text
    lower = text.lower()
    return lower if len(lower) == len(text) else text
