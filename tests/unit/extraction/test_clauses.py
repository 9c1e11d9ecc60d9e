from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesuggest.extraction.clauses import Clauses, clause_questions
from codesuggest.extraction.token_reader import READER
from codesuggest.extraction.tokens import WordMarks

MARKS = WordMarks(clause_questions({"right", "left"}))
WORDS = st.sampled_from(["pain", "knee", ",", "and", ".", "but", "right", "gout", "is", "the", ";"])


def clauses_of(words: list[str], bounds: list[int]) -> Clauses:
    tokens = READER.cut(" ".join(words))
    units = [i for i, word in enumerate(words) if word.isalpha() and word not in ("the", "is")]
    return Clauses(MARKS.of(tokens), units, [*bounds, len(words)])


@pytest.mark.parametrize(
    ("text", "match", "clause"),
    [
        ("pain of knee , gout", (0, 0), (0, 2)),
        ("gout but pain of knee", (2, 2), (2, 4)),
        ("pain of knee , right", (0, 0), (0, 4)),
    ],
    ids=["ends at a comma", "starts behind but", "a side behind a comma is of it"],
)
def test_around(text: str, match: tuple[int, int], clause: tuple[int, int]) -> None:
    assert clauses_of(text.split(), [0]).around(*match) == clause


@given(st.lists(WORDS, min_size=1, max_size=40), st.data())
def test_all_at_once_is_each_by_itself(words: list[str], data: st.DataObject) -> None:
    places = st.integers(0, len(words) - 1)
    bounds = sorted({0, *data.draw(st.lists(places, max_size=4))})
    matches = data.draw(st.lists(st.tuples(places, places).map(sorted), min_size=1, max_size=8))
    clauses = clauses_of(words, bounds)
    first, last = np.array(matches).T
    assert clauses.around_all(first, last) == [clauses.around(f, e) for f, e in matches]
