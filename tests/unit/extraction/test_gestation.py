from __future__ import annotations

import pytest

from codesuggest.extraction.attributes import AttributeFinder
from codesuggest.extraction.gestation import Gestation, trimester_of
from codesuggest.extraction.token_reader import READER

FINDER = AttributeFinder()


def gestation_of(text: str) -> Gestation:
    tokens = READER.cut(text)
    tokens.set_sentences([0, *(i + 1 for i, sign in enumerate(text) if sign == ".")])
    return Gestation(FINDER.find(text, tokens), tokens.words)


@pytest.mark.parametrize(
    ("text", "weeks", "stated"),
    [
        ("Pregnant at 34 weeks.", ["34"], "34"),
        ("EGA 34w2d. Now 35 weeks of gestation.", ["34", "35"], "34"),
        ("Second trimester bleeding.", [], "second"),
        ("Third trimester, 24 weeks pregnant.", ["24"], None),
        ("Cough for 3 weeks.", [], None),
        ("Pregnant at 12 weeks, seen again at 30 weeks of gestation.", ["12", "30"], None),
        ("At 29 weeks of gestation. In her first pregnancy bled at 37 weeks of gestation. "
         "Now 29w3d.", ["29", "37", "29"], "29"),
        ("", [], None),
    ],
    ids=["weeks", "the same trimester twice", "trimester", "they differ", "of no pregnancy",
         "two trimesters", "an earlier pregnancy", "empty"],
)  # fmt: skip
def test_gestation(text: str, weeks: list[str], stated: str | None) -> None:
    found = gestation_of(text)
    assert [w.value for w in found.weeks] == weeks
    assert (found.stated.value if found.stated else None) == stated


@pytest.mark.parametrize(
    ("weeks", "trimester"),
    [(4, "first"), (13, "first"), (14, "second"), (27, "second"), (28, "third"), (41, "third")],
)
def test_trimester(weeks: int, trimester: str) -> None:
    assert trimester_of(weeks) == trimester
