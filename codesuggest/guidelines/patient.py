"""Codes that do not fit the patient's recorded sex or age."""

from __future__ import annotations

from pathlib import Path

from codesuggest.guidelines.patterns import Pattern, PatternIndex
from codesuggest.guidelines.worksheet import Worksheet
from codesuggest.schema import SYSTEMS, Edit
from codesuggest.terminology.words import read_csv

__all__ = ["PatientRule"]

DATA = Path(__file__).parent / "data"
_COLUMNS = ("name", "system", "codes", "sex", "from_age", "to_age", "source")
_SEXES = {"F": "female", "M": "male"}


class PatientRule:
    """Warn of a code for another sex or age; says nothing where they are not known.

    Source: the age and sex edits of the Medicare Code Editor and the titles of the codes; each
    row of ``data/patient.csv`` names its own. Ages are full years, both ends included.
    """

    def __init__(self) -> None:
        self._rows = read_csv(DATA / "patient.csv", _COLUMNS)
        self._indexes = {
            system: PatternIndex(
                [Pattern(row["codes"] if row["system"] == system else "") for row in self._rows]
            )
            for system in SYSTEMS
        }

    def __call__(self, sheet: Worksheet) -> None:
        """Write a warning on each code of which the patient cannot be the subject."""
        sex, age = sheet.patient_sex, sheet.patient_age
        if sex is None and age is None:
            return
        for system, codes in sheet.reported.items():
            for code in codes:
                for number in self._indexes[system].rows(code):
                    row = self._rows[number]
                    conflicts = _conflicts(row, sex, age)
                    if conflicts:
                        message = f"{row['name']}: {conflicts} ({row['source']})"
                        edit = Edit(f"patient: {row['name']}", "warning", message)
                        sheet.write(system, code, edit)


def _conflicts(row: dict[str, str], sex: str | None, age: float | None) -> str:
    """Say what does not fit; empty when all does."""
    found = []
    if row["sex"] and sex is not None and row["sex"] != sex:
        found.append(f"the patient's recorded sex is {_SEXES[sex]}")
    low, high = int(row["from_age"] or 0), int(row["to_age"] or 130)
    if age is not None and not low <= int(age) <= high:
        found.append(f"the patient's age is {int(age)}, expected {low} to {high} years")
    return " and ".join(found)
