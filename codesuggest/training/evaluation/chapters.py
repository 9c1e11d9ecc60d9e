"""The chapter of a code: the parts of each code system that figures are broken down by."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from codesuggest.terminology.words import read_csv

__all__ = ["category_of", "chapter_of"]

DATA = Path(__file__).parents[1] / "data"


@cache
def _chapters() -> tuple[tuple[str, str, str, str], ...]:
    rows = read_csv(DATA / "chapters.csv", ("system", "first", "last", "chapter"))
    return tuple((r["system"], r["first"], r["last"], r["chapter"]) for r in rows)


def chapter_of(system: str, code: str) -> str:
    """Return the chapter of a code in a few words, ``"other"`` for one outside all of them."""
    return next(
        (
            chapter
            for name, first, last, chapter in _chapters()
            if name == system and first <= code[: len(first)] <= last
        ),
        "other",
    )


def category_of(system: str, code: str) -> str:
    """Return what a code shares with its neighbours.

    The three characters of an ICD-10-CM category, the first four of the other systems, which
    have no categories: neighbouring numbers there tell apart views, sizes and approaches.
    """
    return code[:3] if system == "ICD-10-CM" else code[:4]
