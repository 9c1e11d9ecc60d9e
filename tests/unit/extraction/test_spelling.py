from __future__ import annotations

import pytest

from codesuggest.extraction.spelling import Speller

RARITY = {
    "diabet": 3.0,
    "hypertens": 2.0,
    "pneumonia": 4.0,
    "asthma": 3.5,
    "cough": 1.0,
    "couch": 6.0,
}


@pytest.fixture
def speller() -> Speller:
    return Speller(RARITY.get, frozenset({"coach"}))


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("pnuemonia", "pneumonia"),
        ("pneumona", "pneumonia"),
        ("pneumonnia", "pneumonia"),
        ("asthna", "asthma"),
        ("hypertenssion", "hypertens"),
        ("coach", None),
        ("couxh", "cough"),
        ("xneumonia", None),
        ("gout", None),
        ("zzzzzz", None),
        ("asthm1", None),
        ("ästhma", None),
        ("", None),
    ],
    ids=["swapped", "dropped", "doubled", "wrong letter", "of a form", "known word",
         "commonest wins", "first letter wrong", "too short", "nothing near", "digit", "accent",
         "empty"],
)  # fmt: skip
def test_correct(speller: Speller, word: str, meant: str | None) -> None:
    assert speller.correct(word) == meant
