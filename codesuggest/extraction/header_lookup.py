"""What the readers of headers share: look-up of titles, and what was seen of a text so far."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

from codesuggest.extraction.headers import Header, SectionTable
from codesuggest.extraction.spelling import NearWords

__all__ = ["BINDING", "HOMES", "LISTS", "PROBLEMS", "PROSE", "HeaderLookup", "Mark", "Reading"]

#: Groups whose items may begin with any word; bullets and numbers in them are items.
PROBLEMS = frozenset({"assessment", "plan", "problem_list", "course"})
LISTS = PROBLEMS | {"exam", "ros", "results"}
#: Groups in which a weak word before a colon is one of their own labels.
HOMES = LISTS | {"findings", "procedure_detail"}
#: Groups that an unknown header ends; in the others an unknown label is their own.
PROSE = frozenset(
    {"reason", "history", "history_past", "family", "social", "allergy", "medication"}
)
_OFFICE = frozenset({"admin", "other", ""})
#: Words after which a header's words are part of the sentence.
BINDING = frozenset([
    "the", "a", "an", "of", "her", "his", "their", "my", "our", "your", "this", "that", "and",
    "or", "with", "for", "to", "in", "on", "by", "per", "as", "is", "was", "see", "no", "at",
    "from", "under", "any", "were", "are", "be",
])  # fmt: skip
#: A title is read as a misspelt header when one word of at most this many is unknown.
_MOST_MISSPELT = 5
#: Shorter words are other words, not misspelt ones.
_SHORTEST_MISSPELT = 6
#: Titles that are remembered at most, so that a long run of notes keeps its size.
_REMEMBERED = 8192


@dataclass(slots=True)
class Mark:
    """Where a header stands, and what it opens."""

    start: int
    kind: str
    title: str


class Reading:
    """What was seen of one text so far."""

    __slots__ = (
        "_capitals",
        "_groups",
        "clinical",
        "group",
        "hashes",
        "item",
        "line_end",
        "marks",
        "number",
    )

    def __init__(self, groups: dict[str, str], text: str) -> None:
        self._groups = groups
        self._capitals = _runs_of_capitals(text)
        self.marks: list[Mark] = []
        self.group = ""
        self.clinical = False
        self.hashes = 0
        self.number = self.item = 0
        self.line_end = -2

    def capitals(self, start: int, end: int) -> int:
        """Return where the first three capitals in a row stand in a stretch of the text, or -1."""
        if self._capitals is None:
            return start
        at = bisect_left(self._capitals, start)
        return self._capitals[at] if self._capitals[at] < end else -1

    def open(self, start: int, kind: str, title: str) -> None:
        """Note that a section opens here."""
        # one letter may be the S of SOAP or no header at all; a second makes it likely
        sure = len(title) > 1 or (self.marks and len(self.marks[-1].title) == 1)
        self.marks.append(Mark(start, kind, title))
        if sure:
            self.group = self._groups.get(kind, kind)
            self.clinical = self.clinical or self.group not in _OFFICE


def _runs_of_capitals(text: str) -> list[int] | None:
    """Return where three capitals in a row stand, the text's length last; None if not ASCII."""
    if not text.isascii():
        return None
    signs = np.frombuffer(text.encode(), np.uint8)
    upper = (signs >= ord("A")) & (signs <= ord("Z"))
    return [*(upper[:-2] & upper[1:-1] & upper[2:]).nonzero()[0].tolist(), len(text)]


class HeaderLookup:
    """Find headers by their titles, and remember them.

    Parameters
    ----------
    table : SectionTable
    """

    def __init__(self, table: SectionTable) -> None:
        self.table = table
        self._first = table.first_words
        self._last = table.last_words
        self._found: dict[str, Header | None] = {}
        self._misspelt: dict[str, Header | None] = {}
        self._may_end: dict[str, bool] = {}
        self._near = NearWords(sorted(table.vocabulary))

    def begins(self, word: str) -> bool:
        """Tell whether a header may begin with a word."""
        return self.table.words.word(word.lower()) in self._first

    def ends(self, word: str) -> bool:
        """Tell whether a header may end with a word."""
        known = self._may_end.get(word)
        if known is None:
            if len(self._may_end) > _REMEMBERED:
                self._may_end.clear()
            end = self.table.words.key(word).rsplit(" ", 1)[-1]
            known = self._may_end[word] = end in self._last or word[-1:] in "0123456789)"
        return known

    def find(self, title: str) -> Header | None:
        """Return what a title opens, or None."""
        if title in self._found:
            return self._found[title]
        if title[-1] != ")" and not self.ends(title.rsplit(" ", 1)[-1]):
            return None
        if len(self._found) > _REMEMBERED:
            self._found.clear()
        header = self._found[title] = self.table.find(title)
        return header

    def find_misspelt(self, title: str) -> Header | None:
        """Return what a title opens when one of its words has one error, or None."""
        if title in self._misspelt:
            return self._misspelt[title]
        if len(self._misspelt) > _REMEMBERED:
            self._misspelt.clear()
        header = self._misspelt[title] = self._meant(title)
        return header

    def _meant(self, title: str) -> Header | None:
        words = title.split(" ")
        if len(words) > _MOST_MISSPELT:
            return None
        known, word = self.table.vocabulary, self.table.words.word
        unknown = [i for i, w in enumerate(words) if len(w) > 1 and word(w.lower()) not in known]
        if len(unknown) != 1:
            return None
        at = unknown[0]
        if len(words[at]) < _SHORTEST_MISSPELT or not words[at].isalpha():
            return None
        for meant in sorted(self._near.of(word(words[at].lower()))):
            found = self.table.find(" ".join([*words[:at], meant, *words[at + 1 :]]))
            if found is not None and not found.general:
                return found
        return None
