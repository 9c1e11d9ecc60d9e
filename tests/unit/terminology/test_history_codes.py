from __future__ import annotations

from collections import Counter

import pytest

from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.history_codes import (
    family_history,
    personal_history,
    procedure_status,
)
from codesuggest.terminology.releases import load_release
from codesuggest.terminology.words import DATA, read_csv

FILES = {
    "personal_history.csv": "conditions",
    "family_history.csv": "conditions",
    "procedure_status.csv": "procedures",
}


@pytest.fixture(scope="module")
def icd() -> CodeSystem:
    return load_release("ICD-10-CM")


@pytest.mark.parametrize(
    ("code", "past"),
    [
        ("C50.911", "Z85.3"),
        ("C45.0", "Z85.29"),
        ("C45.1", "Z85.89"),
        ("K63.5", "Z86.0100"),
        ("K63.0", "Z87.19"),
        ("N39.0", "Z87.440"),
        ("N39.3", "Z87.448"),
        ("I21.4", "I25.2"),
        ("I63.9", "Z86.73"),
        ("I10", None),
        ("E11.9", None),
        ("Z23", None),
    ],
)
def test_personal_history(icd: CodeSystem, code: str, past: str | None) -> None:
    row = int(personal_history(icd)[icd.row_of[code]])
    assert (icd.codes[row] if row >= 0 else None) == past


def test_a_release_without_the_code_has_no_history_of_it() -> None:
    icd = CodeSystem("ICD-10-CM", "test", ["C61"], ["Cancer of prostate"], [-1], [True])
    assert personal_history(icd).tolist() == [-1]


@pytest.mark.parametrize(
    ("code", "of_family"),
    [("C50.911", "Z80.3"), ("C18.9", "Z80.0"), ("I21.4", "Z82.49"), ("I63.9", "Z82.3"),
     ("E11.9", "Z83.3"), ("E78.01", "Z83.42"), ("E78.5", "Z83.438"), ("Z80.41", "Z80.41"),
     ("S52.501A", None), ("Z23", None)],
)  # fmt: skip
def test_family_history(icd: CodeSystem, code: str, of_family: str | None) -> None:
    row = int(family_history(icd)[icd.row_of[code]])
    assert (icd.codes[row] if row >= 0 else None) == of_family


@pytest.mark.parametrize(
    ("procedure", "status"),
    [("33533", "Z95.1"), ("27447", "Z96.659"), ("47562", "Z90.49"), ("92928", "Z95.5"),
     ("58661", "Z90.722"), ("58670", "Z98.51"), ("71046", None)],
)  # fmt: skip
def test_procedure_status(icd: CodeSystem, procedure: str, status: str | None) -> None:
    cpt = load_release("CPT")
    row = int(procedure_status(icd, cpt)[cpt.row_of[procedure]])
    assert (icd.codes[row] if row >= 0 else None) == status


@pytest.mark.parametrize("file", FILES)
def test_the_tables_are_tidy(icd: CodeSystem, file: str) -> None:
    rows = list(read_csv(DATA / "history" / file, (FILES[file], "code", "what")))
    codes = icd.codes if FILES[file] == "conditions" else load_release("CPT").codes
    meant = Counter(c for row in rows for c in row[FILES[file]].split())
    assert [c for c, n in meant.items() if n > 1] == []
    assert [
        c
        for c in meant
        for first, _, last in [c.partition("-")]
        if not any(first <= code[: len(first)] and code <= f"{last or first}~" for code in codes)
    ] == []
    assert [r["code"] for r in rows if not icd.is_billable(r["code"])] == []
    assert all(row["what"] for row in rows)
