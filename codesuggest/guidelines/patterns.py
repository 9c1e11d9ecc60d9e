"""Code patterns, the one notation of the rule tables, and an index from a code to its rules.

A pattern is a list of alternatives joined by ``|``: a beginning (``N18.3`` covers ``N18.30`` to
``N18.32``), or a range of beginnings (``29870-29889``, ``S00-S09``). An alternative after ``!``
takes codes out again: ``10004-69990|!36415``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from codesuggest.errors import TerminologyError

__all__ = ["Pattern", "PatternIndex"]


class Pattern:
    """Which codes a field of a rule table means.

    Parameters
    ----------
    text : str
        As in the table; empty covers nothing.

    Raises
    ------
    TerminologyError
        A range whose end comes before its start.

    Examples
    --------
    >>> Pattern("I10|N18.1-N18.4").covers("N18.31"), Pattern("29870-29889|!29880").covers("29880")
    (True, False)
    """

    __slots__ = ("_except", "beginnings", "ranges", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        parts = [part for part in text.split("|") if part]
        taken_out = "|".join(part[1:] for part in parts if part.startswith("!"))
        self._except = Pattern(taken_out) if taken_out else None
        kept = [part for part in parts if not part.startswith("!")]
        self.beginnings = tuple(part for part in kept if "-" not in part)
        self.ranges = tuple(_range(part) for part in kept if "-" in part)

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"

    def __bool__(self) -> bool:
        return bool(self.text)

    def covers(self, code: str) -> bool:
        """Tell whether `code` is meant."""
        found = code.startswith(self.beginnings) or any(
            low <= code[: len(low)] and code[: len(high)] <= high for low, high in self.ranges
        )
        return found and not self.excepts(code)

    def excepts(self, code: str) -> bool:
        """Tell whether `code` is taken out."""
        return self._except is not None and self._except.covers(code)

    @property
    def named(self) -> tuple[str, ...]:
        """Every code or beginning that the text names, the ends of ranges too."""
        ends = tuple(end for pair in self.ranges for end in pair)
        return (*self.beginnings, *ends, *(self._except.named if self._except else ()))


class PatternIndex:
    """Which of many patterns cover a code; a look-up does not depend on their number.

    Parameters
    ----------
    patterns : sequence of Pattern
        A row's number is its place here.
    """

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = tuple(patterns)
        self._beginnings: dict[str, list[int]] = defaultdict(list)
        #: Ranges by the first characters of the codes that they may hold.
        self._ranges: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
        self._near: dict[str, list[int]] = {}
        self._known: dict[str, tuple[int, ...]] = {}
        for row, pattern in enumerate(patterns):
            for beginning in pattern.beginnings:
                self._beginnings[beginning].append(row)
            for low, high in pattern.ranges:
                for first in range(ord(low[0]), ord(high[0]) + 1):
                    self._ranges[chr(first)].append((low, high, row))
        self._lengths = sorted({len(b) for b in self._beginnings})

    def rows(self, code: str) -> tuple[int, ...]:
        """Return the numbers of the patterns that cover `code`, ascending."""
        known = self._known.get(code)
        if known is None:
            met = {row for row in self._in_reach(code[:3]) if self._patterns[row].covers(code)}
            for length in self._lengths:
                for row in self._beginnings.get(code[:length], ()):
                    if not self._patterns[row].excepts(code):
                        met.add(row)
            known = self._known[code] = tuple(sorted(met))
        return known

    def _in_reach(self, category: str) -> list[int]:
        """Return the patterns with a range that may hold codes of a category."""
        near = self._near.get(category)
        if near is None:
            near = self._near[category] = [
                row
                for low, high, row in self._ranges.get(category[:1], ())
                if low[:3] <= category[: len(low)] and category[: len(high)] <= high[:3]
            ]
        return near


def _range(part: str) -> tuple[str, str]:
    low, _, high = part.partition("-")
    if not low or high < low:
        raise TerminologyError(f"code range {part!r}: its end comes before its start")
    return low, high
