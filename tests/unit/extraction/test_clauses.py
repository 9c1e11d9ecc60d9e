from __future__ import annotations

import pytest

from codesuggest.extraction.clauses import Clauses, clause_questions
from codesuggest.extraction.token_reader import READER
from codesuggest.extraction.tokens import WordMarks

MARKS = WordMarks(clause_questions({"right", "left"}))


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
