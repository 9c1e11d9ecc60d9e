"""Codes that stand beside others: those not listed first, and those that need a companion."""

from __future__ import annotations

from pathlib import Path

from codesuggest.guidelines.patterns import Pattern, PatternIndex
from codesuggest.guidelines.worksheet import Worksheet
from codesuggest.schema import Edit
from codesuggest.terminology.words import read_csv

__all__ = ["CompanionRule", "SequencingRule"]

DATA = Path(__file__).parent / "data"
_ICD = "ICD-10-CM"


class SequencingRule:
    """Say which codes follow another; warn when no reported code can be listed first.

    Source: Official Guidelines I.A.13 (etiology and manifestation), I.C.20 (external causes),
    I.C.21; each row of ``data/sequencing.csv`` names its own. The order of the suggestions is
    that of their confidence and stays.
    """

    def __init__(self) -> None:
        rows = read_csv(DATA / "sequencing.csv", ("kind", "codes", "source"))
        self._codes = PatternIndex([Pattern(row["codes"]) for row in rows])
        self._messages = [f"{row['kind']}: not listed first ({row['source']})" for row in rows]

    def __call__(self, sheet: Worksheet) -> None:
        """Write one edit on each code that follows another."""
        followers = {
            code: rows for code in sheet.reported[_ICD] if (rows := self._codes.rows(code))
        }
        alone = len(followers) == len(sheet.reported[_ICD])
        for code, rows in followers.items():
            message = self._messages[rows[0]]
            if alone:
                message += "; no reported code can be listed before it"
            sheet.write(
                _ICD, code, Edit("not listed first", "warning" if alone else "info", message)
            )


class CompanionRule:
    """Point out a code that is reported without the code that the tabular list asks for.

    Source: the notes "code first", "use additional code" and "code also" (Official Guidelines
    I.A.13, I.A.17); each row of ``data/companions.csv`` names its own.
    """

    def __init__(self) -> None:
        rows = read_csv(DATA / "companions.csv", ("name", "codes", "needs", "missing", "source"))
        self._codes = PatternIndex([Pattern(row["codes"]) for row in rows])
        self._needs = [Pattern(row["needs"]) for row in rows]
        self._edits = [
            Edit(
                f"companion code: {row['name']}",
                "info",
                f"also report the {row['missing']} when documented ({row['source']})",
            )
            for row in rows
        ]

    def __call__(self, sheet: Worksheet) -> None:
        """Write an edit on each code whose companion is not reported."""
        reported = sheet.reported[_ICD]
        for code in reported:
            for row in self._codes.rows(code):
                if not any(self._needs[row].covers(c) for c in reported if c != code):
                    sheet.write(_ICD, code, self._edits[row])
