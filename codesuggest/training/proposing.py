"""Fit the span proposer on the quotes of coded notes.

A token inside a quote of a code to report is an example of its label, every other token is none.
Notes that the ranker learns from are extracted with a proposer that has not seen them, so that
what is proposed there is as right or wrong as on a new note.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from codesuggest.extraction.pipeline import reader_of
from codesuggest.extraction.proposer import (
    OFFSETS,
    SpanProposer,
    edge_feature,
    group_feature,
    word_features,
)
from codesuggest.extraction.tokens import TokenLists
from codesuggest.training.corpora import CodedNote
from codesuggest.training.examples import NoteFit, tie

__all__ = ["fit_proposer", "prepare_with_proposer"]

Array = np.ndarray[Any, Any]

LABELS = ("DIAGNOSIS", "PROCEDURE")
#: Log odds from which on a token is proposed. Diagnoses are seldom worded outside the dictionary;
#: procedures often are.
_LEAST = {"DIAGNOSIS": 0.0, "PROCEDURE": -0.6}
_STRENGTH = 0.3
_FOLDS = 5
_N_FEATURES = 1 << 16


class _TokenRows:
    """Features and labels of the tokens of notes."""

    def __init__(self, nlp: Any) -> None:
        self._read = reader_of(nlp)
        self._stems = self._read.mentions.stems
        self._known: dict[tuple[str, int], list[int]] = {}

    def of(self, note: CodedNote) -> tuple[list[list[int]], Array]:
        """Return the hashed features of each token, and labels of shape (n_tokens, n_labels)."""
        sections, tokens = self._read.sections_and_tokens(note.text)
        self._read.mentions.rename(note.text, tokens)
        bounds = np.array([s.start_char for s in sections])
        section_of = np.maximum(bounds.searchsorted(tokens.offsets, side="right") - 1, 0)
        groups = [group_feature(self._read.groups.get(s.kind, s.kind)) for s in sections]
        rows = [
            [groups[section], *self._around(tokens, place)]
            for place, section in enumerate(section_of.tolist())
        ]
        return rows, _labels(note, tokens)

    def _around(self, tokens: TokenLists, place: int) -> list[int]:
        out: list[int] = []
        for offset in OFFSETS:
            there = place + offset
            inside = 0 <= there < len(tokens)
            if inside and tokens.sentences[there] == tokens.sentences[place]:
                out += self._of_word(tokens.words[there], offset)
            else:
                out.append(edge_feature(offset))
        return out

    def _of_word(self, word: str, offset: int) -> list[int]:
        known = self._known.get((word, offset))
        if known is None:
            known = self._known[word, offset] = word_features(word, self._stems(word), offset)
        return known


def _labels(note: CodedNote, tokens: TokenLists) -> Array:
    out = np.zeros((len(tokens), len(LABELS)), bool)
    ends = np.array(tokens.ends)
    for gold in note.must:
        column = int(gold.system != "ICD-10-CM")
        for start, end in gold.places(note.text):
            out[(tokens.offsets < end) & (ends > start), column] = True
    return out


def fit_proposer(nlp: Any, notes: Sequence[CodedNote]) -> SpanProposer | None:
    """Fit a proposer on notes with quotes; None where they quote nothing."""
    read = _TokenRows(nlp)
    return _fit([read.of(note) for note in notes])


def _fit(examples: Sequence[tuple[list[list[int]], Array]]) -> SpanProposer | None:
    from sklearn.linear_model import LogisticRegression

    rows = [row for features, _ in examples for row in features]
    labels = np.concatenate([y for _, y in examples]) if rows else np.zeros((0, len(LABELS)), bool)
    if not labels.any(axis=0).all():
        return None
    indptr = np.cumsum([0, *map(len, rows)])
    indices = np.fromiter((i for row in rows for i in row), np.int32, int(indptr[-1]))
    x = sparse.csr_matrix(
        (np.ones(len(indices), np.float32), indices, indptr), shape=(len(rows), _N_FEATURES)
    )
    weights: dict[str, Array] = {}
    bias: dict[str, float] = {}
    for column, label in enumerate(LABELS):
        model = LogisticRegression(C=_STRENGTH, solver="liblinear", max_iter=60)
        model.fit(x, labels[:, column])
        weights[label] = model.coef_[0].astype(np.float32)
        bias[label] = float(model.intercept_[0])
    return SpanProposer(weights, bias, _LEAST)


def prepare_with_proposer(
    nlp: Any, notes: Sequence[CodedNote]
) -> tuple[list[NoteFit], SpanProposer | None]:
    """Extract notes, each with a proposer that was fitted without it.

    Returns
    -------
    fits : list of NoteFit
        In order of the notes.
    proposer : SpanProposer or None
        Fitted on all of them; the pipeline `nlp` is left with it.
    """
    mentions = nlp.get_pipe("codesuggest_mentions")
    tables = mentions.indexes, mentions.known_words
    read = _TokenRows(nlp)
    examples = [read.of(note) for note in notes]
    fold = [zlib.crc32(note.note_id.encode("utf-8")) % _FOLDS for note in notes]
    fits: dict[int, NoteFit] = {}
    for number in range(_FOLDS):
        others = [e for e, f in zip(examples, fold, strict=True) if f != number]
        mentions.set_indexes(*tables, _fit(others))
        extract = reader_of(nlp)
        for place, note in enumerate(notes):
            if fold[place] == number:
                fits[place] = tie(note, extract(note.text))
    proposer = _fit(examples)
    mentions.set_indexes(*tables, proposer)
    return [fits[place] for place in range(len(notes))], proposer
