"""Combination codes: two conditions that ICD-10-CM reports with one code, or one beside another.

The table ``data/combinations.csv`` names the codes (as patterns) that must stand together, the
code that they give and the codes that it replaces, each with its source.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from pathlib import Path

from codesuggest.guidelines.patterns import Pattern, PatternIndex
from codesuggest.guidelines.worksheet import Worksheet
from codesuggest.schema import Edit, Suggestion
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.words import read_csv

__all__ = ["Combination", "CombinationRule", "combinations"]

DATA = Path(__file__).parent / "data"
_ICD = "ICD-10-CM"
_COLUMNS = ("name", "first", "second", "third", "unless", "gives", "drops", "source")


@dataclass(frozen=True, slots=True)
class Combination:
    """One row: each of `parts` must be reported, none of `unless`; it replaces `drops`."""

    name: str
    parts: tuple[Pattern, ...]
    unless: Pattern
    gives: str
    drops: Pattern
    source: str


def combinations() -> tuple[Combination, ...]:
    """Read the table; rows of more parts come later and so win."""
    return tuple(
        Combination(
            row["name"],
            tuple(Pattern(row[part]) for part in ("first", "second", "third") if row[part]),
            Pattern(row["unless"]),
            row["gives"],
            Pattern(row["drops"]),
            row["source"],
        )
        for row in read_csv(DATA / "combinations.csv", _COLUMNS)
    )


class CombinationRule:
    """Report the combination code and hold back what it stands for.

    Source: Official Guidelines I.B.9 (combination codes) and I.A.15 ("with"); each row of the
    table names its own. A made code carries the evidence of its parts and the least of their
    confidences.

    Parameters
    ----------
    icd10cm : CodeSystem
        Gives the titles of made codes.
    table : tuple of Combination
    """

    def __init__(self, icd10cm: CodeSystem, table: tuple[Combination, ...]) -> None:
        self._icd = icd10cm
        self._table = table
        self._row_of = [number for number, row in enumerate(table) for _ in row.parts]
        self._parts = PatternIndex([part for row in table for part in row.parts])

    def __call__(self, sheet: Worksheet) -> None:
        """Apply every row whose parts are reported, in the order of the table."""
        seen: set[int] = set()
        missing: dict[int, int] = {}
        waiting: list[int] = []
        for code in sheet.reported[_ICD]:
            self._add(code, seen, missing, waiting)
        while waiting:
            made = self._combine(self._table[heapq.heappop(waiting)], sheet)
            if made:
                # a made code can be a part of another row, of an earlier one too
                self._add(made, seen, missing, waiting)

    def _add(self, code: str, seen: set[int], missing: dict[int, int], waiting: list[int]) -> None:
        """Note the parts that `code` stands for; a row without a missing part is waiting."""
        for part in self._parts.rows(code):
            row = self._row_of[part]
            if part not in seen:
                seen.add(part)
                missing[row] = missing.get(row, len(self._table[row].parts)) - 1
            if not missing[row]:
                heapq.heappush(waiting, row)

    def _combine(self, row: Combination, sheet: Worksheet) -> str:
        """Apply one row; return the code that it made, if any."""
        codes = list(sheet.reported[_ICD])
        parts = _parts(row, codes)
        if parts is None or (row.gives and sheet.is_withheld(_ICD, row.gives)):
            return ""
        if row.gives and row.gives not in self._icd:
            return ""  # a user's own release need not have every code
        if any(row.unless.covers(c) for c in codes if c != row.gives):
            return ""
        made = ""
        if row.gives and row.gives not in sheet.reported[_ICD]:
            sheet.report(self._made(row, parts, sheet))
            made = row.gives
        instead = row.gives or parts[1]
        if row.drops:
            edit = Edit(
                row.name, "withhold", f"reported as {instead} instead ({row.source})", (instead,)
            )
            for code in [c for c in sheet.reported[_ICD] if row.drops.covers(c)]:
                if code != instead:
                    sheet.write(_ICD, code, edit)
        return made

    def _made(self, row: Combination, parts: list[str], sheet: Worksheet) -> Suggestion:
        sources = [sheet.reported[_ICD][part] for part in parts]
        known = sheet.find(_ICD, row.gives)
        edit = Edit(row.name, "info", f"{row.name}: {row.source}", tuple(parts))
        return Suggestion(
            _ICD,
            row.gives,
            self._icd.get(row.gives).title,
            max(min(s.confidence for s in sources), known.confidence if known else 0.0),
            tuple(dict.fromkeys(m for s in sources for m in s.evidence)),
            known.alternatives if known else (),
            (*(known.edits if known else ()), edit),
        )


def _parts(row: Combination, codes: list[str]) -> list[str] | None:
    """Return a code of `codes` for each part of the row, or None when a part is missing."""
    found: list[str] = []
    for pattern in row.parts:
        code = next((c for c in codes if c not in found and pattern.covers(c)), None)
        if code is None:
            return None
        found.append(code)
    return found
