from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesuggest.errors import ModelDamagedError
from codesuggest.extraction.proposer import OFFSETS, SpanProposer
from codesuggest.extraction.token_reader import READER
from codesuggest.extraction.tokens import TokenLists

LABELS = ("DIAGNOSIS", "PROCEDURE")
GROUPS = ("assessment", "plan")
WORDS = ["a", "b", "abc", "12", ".", "s:knee"]
RNG = np.random.default_rng(0)
ADDED = RNG.normal(size=(len(WORDS), len(OFFSETS), 2)).astype(np.float16)
EDGES = RNG.normal(size=(len(OFFSETS), 2)).astype(np.float32)
OF_GROUP = {"assessment": RNG.normal(size=2), "plan": RNG.normal(size=2)}
BIAS = np.array([0.5, -0.25])
STEMS = {"knees": ("knee",), "knee": ("knee",)}


def stems(word: str) -> tuple[str, ...]:
    return STEMS.get(word, ())


LOOSE = SpanProposer(LABELS, WORDS, ADDED, EDGES, OF_GROUP, BIAS, dict.fromkeys(LABELS, 0.0))
PROPOSER = LOOSE.bind(stems)


def read(text: str) -> TokenLists:
    tokens = READER.cut(text)
    starts = [0, *(i + 1 for i, c in enumerate(text) if c == "\n")]
    tokens.set_sentences(starts)
    return tokens


def score(tokens: TokenLists, place: int, group: str) -> np.ndarray:
    """Add up what stands around a token, place by place."""
    total = BIAS + OF_GROUP[group]
    for column, offset in enumerate(OFFSETS):
        there = place + offset
        if 0 <= there < len(tokens) and tokens.sentences[there] == tokens.sentences[place]:
            word = tokens.words[there]
            known = word if word in WORDS else f"s:{stems(word)[0]}" if stems(word) else ""
            if known in WORDS:
                total = total + ADDED[WORDS.index(known), column]
        elif offset:
            total = total + EDGES[column]
    return total


@settings(max_examples=60)
@given(st.lists(st.sampled_from([*WORDS[:5], "knee", "knees", "other", "\n"]), max_size=30))
def test_scores_add_up(parts: list[str]) -> None:
    tokens = read(" ".join(parts))
    section_of = np.array([start % 2 for start in tokens.starts], np.int64)
    scores = PROPOSER.scores(tokens, GROUPS, section_of)
    assert scores.shape == (len(tokens), 2)
    for place, section in enumerate(section_of.tolist()):
        np.testing.assert_allclose(scores[place], score(tokens, place, GROUPS[section]), atol=1e-3)


@pytest.mark.parametrize(
    ("text", "likely", "spans"),
    [
        ("a b c d", [], []),
        ("a b c d", [1, 2], [(1, 2)]),
        ("a b c d", [0, 2, 3], [(0, 0), (2, 3)]),
        ("a b\nc d", [1, 2], [(1, 1), (2, 2)]),
    ],
    ids=["none", "one run", "a gap", "two sentences"],
)
def test_spans_are_runs_of_likely_tokens(
    text: str, likely: list[int], spans: list[tuple[int, int]]
) -> None:
    tokens = read(text)
    scores = np.full((len(tokens), 2), -1.0)
    scores[likely, 1] = 1.0
    none, every = np.zeros(len(tokens), bool), np.ones(len(tokens), bool)
    assert PROPOSER.spans(scores, tokens, "PROCEDURE", none, every) == spans
    assert PROPOSER.spans(scores, tokens, "DIAGNOSIS", none, every) == []
    assert PROPOSER.spans(scores, tokens, "PROCEDURE", none, none) == []
    second = np.arange(len(tokens)) == 2
    free = [(first, last) for first, last in spans if not first <= 2 <= last]
    assert PROPOSER.spans(scores, tokens, "PROCEDURE", second, every) == free


def test_reads_what_it_saved(tmp_path: Path) -> None:
    PROPOSER.save(tmp_path / "proposer.npz")
    again = SpanProposer.load(tmp_path / "proposer.npz")
    assert again.fingerprint == PROPOSER.fingerprint
    assert (again.labels, again.least) == (PROPOSER.labels, PROPOSER.least)
    tokens = read("abc b.\nknee")
    section_of = np.zeros(len(tokens), np.int64)
    np.testing.assert_array_equal(
        again.bind(stems).scores(tokens, GROUPS, section_of),
        PROPOSER.scores(tokens, GROUPS, section_of),
    )


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "proposer.npz"
    path.write_bytes(b"no archive")
    with pytest.raises(ModelDamagedError, match=r"proposer\.npz"):
        SpanProposer.load(path)


def test_without_stems_it_says_so() -> None:
    with pytest.raises(ModelDamagedError, match="bound"):
        LOOSE.scores(read("a"), GROUPS, np.zeros(1, np.int64))
