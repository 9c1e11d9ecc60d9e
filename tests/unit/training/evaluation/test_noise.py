from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codesuggest.errors import TrainingDataError
from codesuggest.training.corpora import CodedNote, GoldCode
from codesuggest.training.evaluation.noise import STYLES, measure_noise, rewritten

if TYPE_CHECKING:
    from codesuggest import CodeSuggester

TEXT = "Assessment: essential hypertension, stable; continue lisinopril 10 mg.\n" * 20
NOTES = [CodedNote("n", TEXT, (GoldCode("ICD-10-CM", "I10"),))]
BY_NAME = {style.name: style for style in STYLES}


def written(style: str, text: str = TEXT, seed: int = 0) -> str:
    (note,) = rewritten([CodedNote("n", text, ())], BY_NAME[style], seed)
    return note.text


@pytest.mark.parametrize(
    ("style", "text", "expected"),
    [
        ("upper case", "Gout, left.", "GOUT, LEFT."),
        ("lower case", "Gout, LEFT.", "gout, left."),
        ("no punctuation", "Gout, left (mild).", "Gout  left  mild  "),
        ("line breaks every 60", "a" * 50 + " " + "b" * 9 + " c", "a" * 50 + " " + "b" * 9 + "\nc"),
        ("line breaks every 60", "a" * 70 + " b", "a" * 70 + "\nb"),
        ("line breaks every 60", "short\nlines", "short\nlines"),
        ("line breaks every 60", "a" * 100, "a" * 100),
    ],
    ids=["upper", "lower", "punctuation", "break", "a long word", "short lines", "no blank"],
)
def test_written(style: str, text: str, expected: str) -> None:
    assert written(style, text) == expected


def test_no_line_is_longer_than_sixty() -> None:
    assert max(map(len, written("line breaks every 60").split("\n"))) <= 60


@pytest.mark.parametrize("style", ["3 % typos", "OCR confusions"])
def test_random_styles_repeat(style: str) -> None:
    assert written(style) == written(style)
    assert written(style) != written(style, seed=1)
    assert written(style) != TEXT


def test_about_three_letters_of_a_hundred_are_hit() -> None:
    text = "abcdefghij\n" * 1000
    lines = written("3 % typos", text).split("\n")
    untouched = sum(line == "abcdefghij" for line in lines) / 1000
    assert untouched == pytest.approx(0.97**10, abs=0.03)


def test_digits_and_marks_have_no_typos() -> None:
    assert written("3 % typos", "120/80, 98.6; " * 50) == "120/80, 98.6; " * 50


def test_the_limits() -> None:
    assert [style.limit for style in STYLES] == [3, 3, 8, 10, 12, 3]


def test_recall_clean_and_under_noise(suggester: CodeSuggester) -> None:
    notes = [
        CodedNote("n", "ASSESSMENT: Essential hypertension.", (GoldCode("ICD-10-CM", "I10"),)),
        CodedNote("m", "No complaints.", (GoldCode("ICD-10-CM", "R07.9"),)),
    ]
    rows = measure_noise(suggester, notes)
    assert [r["style"] for r in rows] == ["clean", *BY_NAME]
    assert {r["system"] for r in rows} == {"ICD-10-CM"}
    assert rows[0] == {
        "style": "clean", "system": "ICD-10-CM", "recommended": 0.5, "suggested": 0.5,
        "drop": 0.0, "drop_suggested": 0.0, "limit": None, "within": True,
    }  # fmt: skip
    upper = rows[1]
    assert (upper["recommended"], upper["drop"], upper["within"]) == (0.5, 0.0, True)


def test_notes_without_any_code_are_refused(suggester: CodeSuggester) -> None:
    with pytest.raises(TrainingDataError, match="none of 1 notes"):
        measure_noise(suggester, [CodedNote("n", TEXT, ())])
