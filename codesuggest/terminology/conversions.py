"""When ICD-10-CM codes came and what took over from those that went, year by year.

The facts of the publisher's conversion table, since FY2017, as a CSV file of our own:
``previous`` code (empty for a code that came new), first day, codes that took over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from codesuggest.errors import TerminologyError
from codesuggest.terminology.words import DATA, read_csv

__all__ = ["COLUMNS", "ConversionHistory", "Replacement", "packaged_history", "written_out"]

COLUMNS = ("previous", "effective", "became")
_ENDS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PATH = DATA / "releases" / "icd10cm_conversions.csv"


@dataclass(frozen=True, slots=True)
class Replacement:
    """From `day` on, `codes` stand for what a code stood for."""

    day: date
    codes: tuple[str, ...]


class ConversionHistory:
    """What a conversion table says, by code.

    Parameters
    ----------
    rows : iterable of (previous, effective, became)
        `previous` is ``""`` for codes that took over from none.
    """

    def __init__(self, rows: Iterable[tuple[str, date, Sequence[str]]]) -> None:
        self._came: dict[str, date] = {}
        self._before: dict[str, list[str]] = defaultdict(list)
        self._after: dict[str, dict[date, list[str]]] = defaultdict(lambda: defaultdict(list))
        for previous, day, became in rows:
            for code in became:
                self._came[code] = min(day, self._came.get(code, day))
                if previous:
                    self._before[code].append(previous)
                    self._after[previous][day].append(code)

    @classmethod
    def read(cls, path: Path) -> ConversionHistory:
        """Read a CSV file with `COLUMNS`.

        Raises
        ------
        TerminologyError
            Other columns, or a day that is none.
        """
        rows = []
        for number, row in enumerate(read_csv(path, COLUMNS), 2):
            try:
                day = date.fromisoformat(row["effective"])
            except ValueError:
                raise TerminologyError(
                    f"{path.name}, line {number}: expected a date, got {row['effective'][:20]!r}"
                ) from None
            rows.append((row["previous"], day, row["became"].split("|")))
        return cls(rows)

    def __iter__(self) -> Iterator[tuple[str, date, tuple[str, ...]]]:
        """Yield code, first day and predecessors of every code that came."""
        return ((code, day, self.predecessors(code)) for code, day in self._came.items())

    def introduced(self, code: str) -> date | None:
        """Return the first day of a code, None for those that are older than the table."""
        return self._came.get(code)

    def predecessors(self, code: str) -> tuple[str, ...]:
        """Return the codes that stood for a code before it came."""
        return tuple(self._before.get(code, ()))

    def replaced(self, code: str) -> Replacement | None:
        """Return what took over from a code, None if nothing did.

        Part of a code can move to another one while the code stays; whether the code is still
        valid is known to its release. The last move, or the day it became a header, counts.
        """
        moves = self._after.get(code)
        if not moves:
            return None
        split = [day for day, codes in moves.items() if any(c.startswith(code) for c in codes)]
        day = min(split) if split else max(moves)
        return Replacement(day, tuple(moves[day]))


def written_out(items: Iterable[str]) -> list[str]:
    """Return the codes of a conversion table's previous codes, ranges written out.

    Whole categories are left out ("K59.09 and a code from T36-T50"): no code of theirs was
    replaced. Where nothing is left, ``""`` stands for none.
    """
    codes: list[str] = []
    for item in items:
        first, dash, last = item.partition("-")
        if not dash:
            codes.append(item)
        elif len(first) == len(last) > 4 and first[:-1] == last[:-1]:
            codes += [first[:-1] + end for end in _ENDS if first[-1] <= end <= last[-1]]
    return codes or [""]


@lru_cache(maxsize=1)
def packaged_history() -> ConversionHistory:
    """Read the table that ships, once."""
    return ConversionHistory.read(_PATH)
