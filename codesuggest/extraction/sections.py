"""Sections: which part of the note a character stands in.

Headers are data (``data/sections.csv``). A header is recognised at the start of a line, alone
or run in before a colon, numbered, starred or hashed, in any case; and inside a line when it is
written in capitals before a colon, as dictation services do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from codesuggest.schema import Section
from codesuggest.terminology.words import read_csv

__all__ = ["SectionFinder", "SectionTable"]

DATA = Path(__file__).parent / "data"

_MARKS = " \t*#_=-–•.:>"
# a header at the start of a line: list or markdown marks, words, then colon, dash or line end
_LINE = re.compile(
    r"^[ \t]*(?P<mark>[#*=_>•-]{1,6}[ \t]*)?(?:\(?[0-9IVX]{1,4}[.)][ \t]*)?(?:\*\*|__)?"
    r"(?P<title>[A-Za-z][A-Za-z0-9_ /&,'()-]{0,58}?)"
    r"(?P<end>[ \t]*(?:\*\*|__)?[ \t]*(?::|=|–| - |[ \t]*$))",
    re.MULTILINE,
)
# inside a line: capitals before a colon
_INSIDE = re.compile(r"(?<=[.\s,;])(?P<title>[A-Z][A-Z_/&()-]*(?: [A-Z_/&()-]+){0,6}):")
_BULLETS = frozenset({"•", "-", "*", ">"})
#: Groups of sections whose bullets are items of the list, whatever words they begin with.
_LISTS = frozenset({"assessment", "plan", "exam", "ros", "problem_list", "course", "results"})
_BLANKS = re.compile(r"[\s_]+")
_NOT_WORD = re.compile(r"[^a-z0-9/&' ()-]")
_NUMBER = re.compile(r"^(?:\d+[.)]|[ivx]+[.)])\s*")


@dataclass(frozen=True, slots=True)
class SectionTable:
    """Kinds of sections, their groups and the headers that open them."""

    kinds: dict[str, str]
    groups: dict[str, str]

    @classmethod
    def packaged(cls) -> SectionTable:
        """Read ``data/sections.csv``."""
        kinds: dict[str, str] = {}
        groups: dict[str, str] = {}
        for row in read_csv(DATA / "sections.csv", ("kind", "group", "headers")):
            groups[row["kind"]] = row["group"]
            for header in row["headers"].split("|"):
                kinds.setdefault(header.strip(), row["kind"])
        return cls(kinds, groups)


class SectionFinder:
    """Find the sections of a text.

    Parameters
    ----------
    table : SectionTable
    """

    def __init__(self, table: SectionTable) -> None:
        self.table = table

    @cached_property
    def _openers(self) -> re.Pattern[str]:
        # Headers that open a line without any mark behind them ("CHIEF COMPLAINT Back pain", or
        # a note whose punctuation was lost): two words or more, or written in capitals.
        long = sorted((h for h in self.table.kinds if len(h) > 6), key=len, reverse=True)
        return re.compile(
            r"^[ \t]*(?P<title>" + "|".join(map(re.escape, long)) + r")\b(?=[ \t]+\S)",
            re.IGNORECASE | re.MULTILINE,
        )

    def kind(self, title: str) -> str | None:
        """Return the kind of a header's words, or None when they open no known section."""
        words = _BLANKS.sub(" ", _NOT_WORD.sub(" ", title.lower())).strip(" -/&'")
        known = self.table.kinds
        if words in known:
            return known[words]
        if words.endswith(" today"):
            words = words.removesuffix(" today")
        bare = re.sub(r"\([^)]*\)", "", words).strip()
        for variant in (bare, bare.rstrip("s"), bare + "s", bare.removeprefix("the ")):
            if variant in known:
                return known[variant]
        return None

    def __call__(self, text: str) -> list[Section]:
        """Return the sections in order; they cover the text from its first character.

        A part before the first header has the kind ``"preamble"`` and no title. `start_char`
        is that of the header, so the body is what follows the title.
        """
        marks: list[tuple[int, int, str, str]] = []
        taken: set[int] = set()
        for match in _LINE.finditer(text):
            title = match.group("title").strip(_MARKS)
            if not title:
                continue
            kind = self.kind(title)
            mark = (match.group("mark") or "").strip()
            if mark in _BULLETS and marks and self.table.groups.get(marks[-1][2]) in _LISTS:
                # "- Patient education: ..." under a problem is an item, not a section
                continue
            ends = match.group("end").strip(" \t*_")
            if kind is None:
                # an unknown header still ends the section before it, if it looks like one
                if not (title.isupper() and ends == ":" and len(title) > 3):
                    continue
                kind = "other"
            elif not ends and not self._alone(title, match, text):
                continue
            marks.append((match.start("title"), match.end(), kind, title))
            taken.add(match.start("title"))
        for match in _INSIDE.finditer(text):
            start = match.start("title")
            if any(first <= start < end for first, end, _, _ in marks):
                continue
            kind = self.kind(match.group("title"))
            if kind is not None:
                marks.append((start, match.end(), kind, match.group("title")))
                taken.add(start)
        for match in self._openers.finditer(text):
            start, title = match.start("title"), match.group("title")
            follows = text[match.end() :].lstrip()[:1]
            if start in taken or not (title.isupper() or (" " in title and follows.isupper())):
                continue
            if (
                title.isupper()
                and text[match.end() : match.end() + 12].isupper()
                and len(title) < 9
            ):
                continue
            kind = self.kind(title)
            if kind is not None:
                marks.append((start, match.end(), kind, title))
        marks.sort()
        sections = []
        if not marks or text[: marks[0][0]].strip():
            end = marks[0][0] if marks else len(text)
            sections.append(Section("preamble", "", 0, end))
        for number, (start, _, kind, title) in enumerate(marks):
            end = marks[number + 1][0] if number + 1 < len(marks) else len(text)
            sections.append(Section(kind, title, start, end))
        return sections

    @staticmethod
    def _alone(title: str, match: re.Match[str], text: str) -> bool:
        """Tell whether a line that holds only header words is a header and not a sentence."""
        return len(title) > 1 and len(title.split()) <= 7
