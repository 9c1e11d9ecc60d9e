"""Assertion over cases that clinicians can read and add to: ``tests/data/assertion_cases.csv``.

Cases that fail today stand in ``assertion_known_failures.txt``. They are strict: a case that
starts to pass fails here until its line is taken out, so the list can only shrink.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from codesuggest import CodeSuggester
from codesuggest.schema import ASSERTION_STATUSES

FOLDER = Path(__file__).resolve().parents[2] / "data"
COLUMNS = ["id", "style", "text", "phrase", "occurrence", "status"]

with (FOLDER / "assertion_cases.csv").open(newline="", encoding="utf-8") as handle:
    READER = csv.DictReader(handle)
    CASES = list(READER)
    HEADER = READER.fieldnames

KNOWN_FAILURES = [
    line
    for line in (FOLDER / "assertion_known_failures.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def place(case: dict[str, str]) -> int:
    """Return where the phrase of a case stands, -1 when it does not."""
    start = -1
    for _ in range(int(case["occurrence"])):
        start = case["text"].find(case["phrase"], start + 1)
        if start < 0:
            return -1
    return start


def test_the_table_is_whole() -> None:
    assert HEADER == COLUMNS
    assert len(CASES) >= 500
    assert [i for i, n in Counter(c["id"] for c in CASES).items() if n > 1] == []
    assert {c["status"] for c in CASES} == set(ASSERTION_STATUSES)
    assert [c["id"] for c in CASES if not c["phrase"] or place(c) < 0] == []


def test_known_failures_are_sorted_and_exist() -> None:
    order = {case["id"]: i for i, case in enumerate(CASES)}
    assert [i for i in KNOWN_FAILURES if i not in order] == []
    assert sorted(set(KNOWN_FAILURES), key=order.__getitem__) == KNOWN_FAILURES


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case,
            id=case["id"],
            marks=[pytest.mark.xfail(strict=True, reason="listed in assertion_known_failures.txt")]
            if case["id"] in KNOWN_FAILURES
            else [],
        )
        for case in CASES
    ],
)
def test_case(suggester: CodeSuggester, case: dict[str, str]) -> None:
    assertion = suggester.assertion_of(case["text"], place(case), case["phrase"])
    assert assertion.status == case["status"], case["text"]
