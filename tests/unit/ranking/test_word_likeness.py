from __future__ import annotations

import numpy as np
import pytest

from codesuggest.ranking.word_likeness import WordLikeness, character_runs

WORDS = ["lymphadenitis", "lymphadenopathi", "kidney", "3", "gout"]


@pytest.fixture
def likeness() -> WordLikeness:
    return WordLikeness(WORDS, np.array([2, 3, 5, 4, 1]), 15)


@pytest.mark.parametrize(
    ("word", "like"),
    [
        ("lymphadenitis", "lymphadenitis"),
        ("lymphadenitus", "lymphadenitis"),
        ("kidnei", "kidney"),
        ("iii", "3"),
    ],
    ids=["same", "misspelt", "stem", "roman number"],
)
def test_the_likest_word(likeness: WordLikeness, word: str, like: str) -> None:
    row = likeness.like([[word]])[0].toarray()[0]
    assert WORDS[int(row.argmax())] == like


def test_a_known_word_is_as_like_as_can_be(likeness: WordLikeness) -> None:
    product, length, nearest = likeness.like([["gout"], ["xyzzy"], []])
    assert nearest.tolist() == pytest.approx([1.0, 0.0, 0.0])
    assert product[0, WORDS.index("gout")] == pytest.approx(length[0] ** 2)
    assert product[1].nnz == product[2].nnz == 0


def test_runs_stay_inside_their_words() -> None:
    who, feature = character_runs(["ab", "gout"])
    # " ab " has runs of 3 and 4; " gout " of 3, 4 and 5
    assert np.bincount(who).tolist() == [2 + 1, 4 + 3 + 2]
    alone = character_runs(["gout"])[1]
    assert sorted(feature[who == 1].tolist()) == sorted(alone.tolist())


def test_no_words() -> None:
    assert [len(a) for a in character_runs([])] == [0, 0]
