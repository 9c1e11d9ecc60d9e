"""Questions to the provider: what the reported code leaves open that the code set can say.

The questions in ``data/queries.csv`` are neutral: they name what is missing, offer what the
classification knows, always with "other" or "unable to determine", and lead nowhere
(AHIMA/ACDIS, Guidelines for Achieving a Compliant Query Practice).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from codesuggest.guidelines.patterns import Pattern, PatternIndex
from codesuggest.guidelines.worksheet import Worksheet
from codesuggest.schema import Edit, Suggestion
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.words import read_csv

__all__ = ["SeventhCharacterRule", "SpecificityRule"]

DATA = Path(__file__).parent / "data"
_ICD = "ICD-10-CM"


@dataclass(frozen=True, slots=True)
class _Query:
    """One row: the codes it asks about, and the words of a note that answer it already."""

    edit: Edit
    axis: tuple[str, str] | None
    answered: re.Pattern[str] | None


class SpecificityRule:
    """Ask for the type, stage, side or severity that a reported code leaves unspecified.

    Source: Official Guidelines I.B.2, I.B.13 (laterality) and I.B.18; each row names its own.

    Parameters
    ----------
    icd10cm : CodeSystem
        Its families say whether a code has sides.
    """

    def __init__(self, icd10cm: CodeSystem) -> None:
        self._icd = icd10cm
        rows = read_csv(
            DATA / "queries.csv", ("name", "codes", "axis", "answered", "question", "source")
        )
        self._codes = PatternIndex([Pattern(row["codes"]) for row in rows])
        self._queries = [
            _Query(
                Edit(row["name"], "query", f"{row['question']} ({row['source']})"),
                _axis(row["axis"]),
                re.compile(row["answered"], re.IGNORECASE) if row["answered"] else None,
            )
            for row in rows
        ]
        self._known: dict[str, tuple[_Query, ...]] = {}

    def __call__(self, sheet: Worksheet) -> None:
        """Write the questions that the evidence of a code does not answer."""
        for code, s in sheet.reported[_ICD].items():
            queries = self._known.get(code)
            if queries is None:
                queries = self._known[code] = self._asked(code)
            for query in queries:
                if query.answered is None or not _says(s, query.answered):
                    sheet.write(_ICD, code, query.edit)

    def _asked(self, code: str) -> tuple[_Query, ...]:
        row = self._icd.row_of.get(code)
        axes = self._icd.axes(row) if row is not None else {}
        found = (self._queries[number] for number in self._codes.rows(code))
        return tuple(q for q in found if q.axis is None or axes.get(q.axis[0]) == q.axis[1])


class SeventhCharacterRule:
    """Warn of a code that lacks a character and cannot be reported as it stands.

    Source: Official Guidelines I.A.5 (7th characters and placeholder) and I.B.2.

    Parameters
    ----------
    icd10cm : CodeSystem
    """

    def __init__(self, icd10cm: CodeSystem) -> None:
        self._icd = icd10cm
        self._known: dict[str, Edit | None] = {}

    def __call__(self, sheet: Worksheet) -> None:
        """Write a warning with the codes that were probably meant."""
        for code in sheet.reported[_ICD]:
            if code not in self._known:
                self._known[code] = self._incomplete(code)
            edit = self._known[code]
            if edit is not None:
                sheet.write(_ICD, code, edit)

    def _incomplete(self, code: str) -> Edit | None:
        row = self._icd.row_of.get(code)
        if row is not None and self._icd.billable[row]:
            return None
        found = self._icd.check(code)
        return Edit("incomplete code", "warning", found.message, found.suggestions[:10])


def _axis(text: str) -> tuple[str, str] | None:
    name, _, value = text.partition("=")
    return (name, value) if name else None


def _says(s: Suggestion, words: re.Pattern[str]) -> bool:
    return any(words.search(mention.text) for mention in s.evidence)
