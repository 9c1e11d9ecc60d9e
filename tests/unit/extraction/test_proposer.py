from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesuggest.errors import ModelDamagedError
from codesuggest.extraction.proposer import (
    OFFSETS,
    SpanProposer,
    edge_feature,
    group_feature,
    word_features,
)
from codesuggest.extraction.tokens import READER, TokenLists

LABELS = ("DIAGNOSIS", "PROCEDURE")
GROUPS = ("assessment", "plan")
WEIGHTS = np.random.default_rng(0).normal(size=(2, 1 << 16)).astype(np.float16)
BIAS = {"DIAGNOSIS": 0.5, "PROCEDURE": -0.25}


def stems(word: str) -> tuple[str, ...]:
    return (word[:4],) if word.isalpha() else ()


PROPOSER = SpanProposer(
    dict(zip(LABELS, WEIGHTS, strict=True)), BIAS, dict.fromkeys(LABELS, 0.0)
).bind(stems)


def read(text: str) -> TokenLists:
    tokens = READER.cut(text)
    starts = [0, *(i + 1 for i, c in enumerate(text) if c == "\n")]
    tokens.set_sentences(starts)
    return tokens


def score(tokens: TokenLists, place: int, group: str, label: int) -> float:
    """Add the weights of a token's features one by one."""
    found = [group_feature(group)]
    for offset in OFFSETS:
        there = place + offset
        if 0 <= there < len(tokens) and tokens.sentences[there] == tokens.sentences[place]:
            word = tokens.words[there]
            found += word_features(word, stems(word), offset)
        else:
            found.append(edge_feature(offset))
    return float(WEIGHTS[label, found].astype(float).sum()) + BIAS[LABELS[label]]


@settings(max_examples=60)
@given(st.text(alphabet="abcdef 12.,\n", max_size=60))
def test_scores_are_sums_over_features(text: str) -> None:
    tokens = read(text)
    section_of = np.array([start % 2 for start in tokens.starts], np.int64)
    scores = PROPOSER.scores(tokens, GROUPS, section_of)
    assert scores.shape == (len(tokens), 2)
    for place, section in enumerate(section_of.tolist()):
        wanted = [score(tokens, place, GROUPS[section], label) for label in (0, 1)]
        np.testing.assert_allclose(scores[place], wanted, atol=1e-3)


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
    assert list(PROPOSER.spans(scores, tokens, "PROCEDURE")) == spans
    assert list(PROPOSER.spans(scores, tokens, "DIAGNOSIS")) == []


def test_reads_what_it_saved(tmp_path: Path) -> None:
    PROPOSER.save(tmp_path / "proposer.npz")
    again = SpanProposer.load(tmp_path / "proposer.npz")
    assert again.fingerprint == PROPOSER.fingerprint
    assert (again.labels, again.least) == (PROPOSER.labels, PROPOSER.least)
    tokens = read("acute pain.\nknee")
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
    loose = SpanProposer(dict(zip(LABELS, WEIGHTS, strict=True)), BIAS, dict.fromkeys(LABELS, 0.0))
    with pytest.raises(ModelDamagedError, match="bound"):
        loose.scores(read("a"), GROUPS, np.zeros(1, np.int64))
