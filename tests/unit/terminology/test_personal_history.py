from __future__ import annotations

from collections import Counter

import pytest

from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.personal_history import personal_history
from codesuggest.terminology.releases import load_release
from codesuggest.terminology.words import DATA, read_csv

ROWS = list(read_csv(DATA / "history" / "personal_history.csv", ("conditions", "code", "what")))


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


def test_the_table_is_tidy(icd: CodeSystem) -> None:
    conditions = Counter(c for row in ROWS for c in row["conditions"].split())
    assert [c for c, n in conditions.items() if n > 1] == []
    assert [c for c in conditions if not any(code.startswith(c) for code in icd.codes)] == []
    assert [r["code"] for r in ROWS if r["code"] not in icd] == []
    assert all(row["what"] for row in ROWS)
