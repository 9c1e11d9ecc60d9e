from __future__ import annotations

import os
import subprocess
import sys

import pytest

from codesuggest.extraction.spelling import SmallWords, Speller

RARITY = {
    "diabet": 3.0,
    "hypertens": 2.0,
    "pneumonia": 4.0,
    "asthma": 3.5,
    "cough": 1.0,
    "couch": 6.0,
    "infect": 2.0,
    "lacer": 3.0,
}


@pytest.fixture
def speller() -> Speller:
    return Speller(RARITY, frozenset({"coach"}))


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("pnuemonia", "pneumonia"),
        ("pneumona", "pneumonia"),
        ("pneumonnia", "pneumonia"),
        ("asthna", "asthma"),
        ("hypertenssion", "hypertens"),
        ("hypertensino", "hypertens"),
        ("infectons", "infect"),
        ("laceratoin", "lacer"),
        ("coach", None),
        ("couxh", "cough"),
        ("xneumonia", None),
        ("gout", None),
        ("zzzzzz", None),
        ("asthm1", None),
        ("ästhma", None),
        ("", None),
    ],
    ids=["swapped", "dropped", "doubled", "wrong letter", "of a form", "ending swapped",
         "ending lost a letter", "long ending", "known word",
         "commonest wins", "first letter wrong", "too short", "nothing near", "digit", "accent",
         "empty"],
)  # fmt: skip
def test_correct(speller: Speller, word: str, meant: str | None) -> None:
    assert speller.correct(word) == meant


def test_a_tie_is_broken_the_same_in_every_process() -> None:
    code = (
        "from codesuggest.extraction.spelling import Speller;"
        "print(Speller({'cough': 1.0, 'couch': 1.0}).correct('couxh'))"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in "012345"
    }
    assert len(answers) == 1


SMALL = SmallWords(
    ["about", "concerned", "without", "bilateral", "closed", "likely", "related"],
    {"aloud", "closer"}.__contains__,
)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("abolt", "about"), ("withut", "without"), ("biltaeral", "bilateral"),
        ("likel", "likely"), ("about", None), ("closet", None), ("closedr", None),
        ("aloud", None), ("xyzzy", None), ("abot1", None), ("lied", None),
    ],
)  # fmt: skip
def test_small_words(word: str, meant: str | None) -> None:
    assert SMALL.correct(word) == meant


def test_a_word_between_two_small_words_is_left_alone() -> None:
    assert SmallWords(["bright", "blight"], set().__contains__).correct("bxight") is None
