"""Ambiguous abbreviations: the sense that a text, or a wording of the lexicon, gives them."""

from __future__ import annotations

import pytest

from codesuggest.terminology.abbreviations import AmbiguousAbbreviations

SENSES = AmbiguousAbbreviations.packaged()


@pytest.mark.parametrize(
    ("term", "usual", "expected"),
    [
        ("malfunctioning AV fistula", True, "malfunctioning arteriovenous fistula"),
        ("AV fistula creation", False, "arteriovenous fistula creation"),
        ("type 2 MI", True, "type 2 myocardial infarction"),
        ("MR thoracic spine", False, "MR thoracic spine"),
        ("stone in ureter", True, "stone in ureter"),
        ("dm neuropathy", True, "dm neuropathy"),
    ],
    ids=[
        "a word decides", "of a procedure", "the usual sense", "no usual sense", "no capitals",
        "lower case",
    ],
)  # fmt: skip
def test_spelled_out(term: str, usual: bool, expected: str) -> None:
    assert SENSES.spelled_out(term, usual=usual) == expected


@pytest.mark.parametrize(
    ("word", "shouting", "expected"),
    [
        ("mr", False, "mitral regurgitation"),
        ("mr", True, None),
        ("svt", True, "supraventricular tachycardia"),
    ],
    ids=["usual", "a title in capitals", "no word in capitals"],
)  # fmt: skip
def test_the_usual_sense(word: str, shouting: bool, expected: str | None) -> None:
    sense = SENSES.choose(word, word, {word}, shouting=shouting)
    assert (sense.expansion if sense else None) == expected
