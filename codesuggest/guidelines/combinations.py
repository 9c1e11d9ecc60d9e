"""Combination codes: two conditions that ICD-10-CM reports with one code, or one beside another.

The table ``data/combinations.csv`` names the codes (or their beginnings) that must stand
together, the code that they give and the codes that it replaces, each with its source.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from codesuggest.terminology.words import read_csv

__all__ = ["Combination", "combinations", "matching"]

DATA = Path(__file__).parent / "data"
_COLUMNS = ("name", "first", "second", "third", "gives", "drops", "source")


@dataclass(frozen=True, slots=True)
class Combination:
    """One rule; each of `parts` is a tuple of code beginnings of which one must be there."""

    name: str
    parts: tuple[tuple[str, ...], ...]
    gives: str
    drops: tuple[str, ...]
    source: str


def combinations() -> tuple[Combination, ...]:
    """Read the table; rules of more parts come later and so win."""
    return tuple(
        Combination(
            row["name"],
            tuple(
                tuple(row[part].split("|")) for part in ("first", "second", "third") if row[part]
            ),
            row["gives"],
            tuple(filter(None, row["drops"].split("|"))),
            row["source"],
        )
        for row in read_csv(DATA / "combinations.csv", _COLUMNS)
    )


def matching(rule: Combination, codes: list[str]) -> list[str] | None:
    """Return a code of `codes` for each part of the rule, or None when a part is missing."""
    found = []
    for beginnings in rule.parts:
        code = next((c for c in codes if c.startswith(beginnings)), None)
        if code is None:
            return None
        found.append(code)
    return found
