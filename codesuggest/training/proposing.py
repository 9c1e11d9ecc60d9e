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
from codesuggest.extraction.proposer import OFFSETS, SpanProposer
from codesuggest.extraction.tokens import TokenLists
from codesuggest.training.corpora import CodedNote
from codesuggest.training.examples import NoteFit, tie

__all__ = ["prepare_with_proposer"]

Array = np.ndarray[Any, Any]

LABELS = ("DIAGNOSIS", "PROCEDURE")
#: Log odds from which on a token is proposed. Diagnoses are seldom worded outside the dictionary;
#: procedures often are.
_LEAST = {"DIAGNOSIS": 0.0, "PROCEDURE": -0.6}
_STRENGTH = 0.3
_FOLDS = 5
#: Words whose endings say something.
_SHORTEST = 5


class _Features:
    """Numbers of the features: a name at a place, in order of first sight."""

    def __init__(self) -> None:
        self.number: dict[tuple[str, int], int] = {}

    def of(self, name: str, offset: int = 0) -> int:
        """Return the number of a feature."""
        return self.number.setdefault((name, offset), len(self.number))


def _names(word: str, stems: Sequence[str], offset: int) -> list[str]:
    """Return what a word is called: itself, its stems, and at the token itself its looks."""
    names = [f"w:{word}", *(f"s:{stem}" for stem in stems)]
    if offset == 0:
        if len(word) >= _SHORTEST:
            names += [f"e:{word[-3:]}", f"e:{word[-4:]}"]
        if not word.isalpha():
            names.append("digit" if any(map(str.isdigit, word)) else "sign")
    return names


class _TokenRows:
    """Features and labels of the tokens of notes."""

    def __init__(self, nlp: Any) -> None:
        self._read = reader_of(nlp)
        self.features = _Features()
        #: Words with their stems, in order of first sight.
        self.stems: dict[str, tuple[str, ...]] = {}
        self._known: dict[tuple[str, int], list[int]] = {}

    def of(self, note: CodedNote) -> tuple[list[list[int]], Array]:
        """Return the features of each token, and labels of shape (n_tokens, n_labels)."""
        sections, tokens = self._read.sections_and_tokens(note.text)
        self._read.mentions.settle(note.text, tokens)
        bounds = np.array([s.start_char for s in sections])
        section_of = np.maximum(bounds.searchsorted(tokens.offsets, side="right") - 1, 0)
        groups = [self.features.of(f"g:{self._read.groups.get(s.kind, s.kind)}") for s in sections]
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
                out.append(self.features.of("edge", offset))
        return out

    def _of_word(self, word: str, offset: int) -> list[int]:
        known = self._known.get((word, offset))
        if known is None:
            stems = self.stems.setdefault(word, self._read.mentions.stems(word))
            known = [self.features.of(name, offset) for name in _names(word, stems, offset)]
            self._known[word, offset] = known
        return known


def _labels(note: CodedNote, tokens: TokenLists) -> Array:
    out = np.zeros((len(tokens), len(LABELS)), bool)
    ends = np.array(tokens.ends)
    for gold in note.must:
        column = int(gold.system != "ICD-10-CM")
        for start, end in gold.places(note.text):
            out[(tokens.offsets < end) & (ends > start), column] = True
    return out


def _fit(
    read: _TokenRows, examples: Sequence[tuple[list[list[int]], Array]]
) -> SpanProposer | None:
    from sklearn.linear_model import LogisticRegression

    rows = [row for features, _ in examples for row in features]
    labels = np.concatenate([y for _, y in examples]) if rows else np.zeros((0, len(LABELS)), bool)
    if not labels.any(axis=0).all():
        return None
    indptr = np.cumsum([0, *map(len, rows)])
    indices = np.fromiter((i for row in rows for i in row), np.int32, int(indptr[-1]))
    x = sparse.csr_matrix(
        (np.ones(len(indices), np.float32), indices, indptr),
        shape=(len(rows), len(read.features.number)),
    )
    weights, bias = [], []
    for column in range(len(LABELS)):
        model = LogisticRegression(C=_STRENGTH, solver="liblinear", max_iter=60)
        model.fit(x, labels[:, column])
        weights.append(model.coef_[0])
        bias.append(float(model.intercept_[0]))
    return _table(read, np.stack(weights, axis=1), np.array(bias))


def _table(read: _TokenRows, weights: Array, bias: Array) -> SpanProposer:
    """Add up what each word's features say at each place."""
    number, nothing = read.features.number, np.zeros(len(LABELS))

    def added(names: Sequence[str], offset: int) -> Array:
        found = [number[name, offset] for name in names if (name, offset) in number]
        total: Array = weights[found].sum(axis=0) if found else nothing
        return total

    entries = {word: (word, stems) for word, stems in read.stems.items()}
    # words that were not seen are known by their first stem
    entries |= {f"s:{stem}": ("", (stem,)) for stems in read.stems.values() for stem in stems[:1]}
    rows = [
        [added(_names(word, stems, offset) if word else [f"s:{stems[0]}"], offset)
         for offset in OFFSETS]
        for word, stems in entries.values()
    ]  # fmt: skip
    groups = {name[2:]: weights[i] for (name, _), i in number.items() if name.startswith("g:")}
    edges = np.array([added(["edge"], offset) for offset in OFFSETS])
    return SpanProposer(LABELS, list(entries), np.array(rows), edges, groups, bias, _LEAST)


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
        mentions.set_indexes(*tables, _fit(read, others))
        extract = reader_of(nlp)
        for place, note in enumerate(notes):
            if fold[place] == number:
                fits[place] = tie(note, extract(note.text))
    proposer = _fit(read, examples)
    mentions.set_indexes(*tables, proposer)
    return [fits[place] for place in range(len(notes))], proposer
