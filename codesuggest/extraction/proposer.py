"""Words that read like a diagnosis or a procedure though no alias stands there.

A linear model of each token, its neighbours and its section says how likely the token is part of
such a span; runs of likely tokens outside the dictionary's mentions are proposed. The features
are hashed (Weinberger et al. 2009), so a model is one row of weights a label; what a word adds at
each place is worked out when the word is first met.
"""

from __future__ import annotations

import copy
import hashlib
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from codesuggest.errors import ModelDamagedError
from codesuggest.extraction.tokens import TokenLists, WordClass
from codesuggest.terminology.grouping import group_starts

__all__ = ["OFFSETS", "SpanProposer", "edge_feature", "group_feature", "word_features"]

Array = np.ndarray[Any, Any]

#: Places around a token whose words are looked at.
OFFSETS = (-2, -1, 0, 1, 2)
_BITS = 16
#: Words whose endings say something.
_SHORTEST = 5


def _hashed(feature: str) -> int:
    return zlib.crc32(feature.encode("utf-8", "surrogatepass")) & ((1 << _BITS) - 1)


def word_features(word: str, stems: Sequence[str], offset: int) -> list[int]:
    """Return the hashed features of a word that stands `offset` tokens from the one asked about."""
    names = [f"w={word}", *(f"s={stem}" for stem in stems)]
    if offset == 0:
        if len(word) >= _SHORTEST:
            names += [f"e={word[-3:]}", f"e={word[-4:]}"]
        if not word.isalpha():
            names.append("digit" if any(map(str.isdigit, word)) else "sign")
    return [_hashed(f"{offset}:{name}") for name in names]


def edge_feature(offset: int) -> int:
    """Return the feature of a place that lies outside the sentence."""
    return _hashed(f"{offset}:edge")


def group_feature(group: str) -> int:
    """Return the feature of a section group."""
    return _hashed(f"g={group}")


class SpanProposer:
    """Propose spans of tokens.

    Parameters
    ----------
    weights : mapping of label to array of float, shape (65536,)
        Log odds that a hashed feature adds.
    bias : mapping of label to float
    least : mapping of label to float
        Log odds from which on a token is part of a span.
    """

    def __init__(
        self, weights: Mapping[str, Array], bias: Mapping[str, float], least: Mapping[str, float]
    ) -> None:
        self.labels = tuple(weights)
        # as they are saved, so that a model read again proposes the same
        halves = [np.asarray(w, np.float16) for w in weights.values()]
        self._weights = np.stack(halves).astype(np.float32)
        self._bias = np.array([bias[label] for label in self.labels], np.float32)
        self.least = dict(least)
        self._edges = [self._weights[:, edge_feature(offset)] for offset in OFFSETS]
        self._words: WordClass | None = None

    def bind(self, stems: Callable[[str], tuple[str, ...]]) -> SpanProposer:
        """Return the proposer for texts whose words have these stems."""

        def added(word: str) -> list[float]:
            own = stems(word)
            parts = [
                self._weights[:, word_features(word, own, offset)].sum(axis=1) for offset in OFFSETS
            ]
            return np.concatenate(parts).tolist()  # type: ignore[no-any-return]

        bound = copy.copy(self)
        bound._words = WordClass(added, np.float32, len(OFFSETS) * len(self.labels))
        return bound

    def scores(self, tokens: TokenLists, groups: Sequence[str], section_of: Array) -> Array:
        """Return log odds of each token and label, shape (n_tokens, n_labels).

        Parameters
        ----------
        tokens : TokenLists
        groups : sequence of str
            The group of each section.
        section_of : array of int, shape (n_tokens,)
        """
        if self._words is None:
            raise ModelDamagedError("the span proposer is not bound to a word table")
        n = len(tokens)
        added = self._words.of(tokens).reshape(n, len(OFFSETS), len(self.labels))
        sentences = np.array(tokens.sentences)
        of_section = np.stack([self._weights[:, group_feature(group)] for group in groups])
        scores = self._bias + of_section[section_of]
        for column, offset in enumerate(OFFSETS):
            if offset == 0:
                scores += added[:, column]
                continue
            # what stands `offset` tokens on, in the same sentence
            here, there = (slice(-offset, n), slice(0, n + offset))
            if offset > 0:
                here, there = (slice(0, n - offset), slice(offset, n))
            part = np.broadcast_to(self._edges[column], scores.shape).copy()
            same = sentences[here] == sentences[there]
            part[here][same] = added[there, column][same]
            scores += part
        result: Array = scores
        return result

    def spans(self, scores: Array, tokens: TokenLists, label: str) -> Iterator[tuple[int, int]]:
        """Yield first and last token of each run of likely tokens inside one sentence."""
        likely = np.flatnonzero(scores[:, self.labels.index(label)] >= self.least[label])
        if not len(likely):
            return
        # a run ends where a token or a sentence is missing between two likely ones
        sentences = np.array(tokens.sentences)[likely]
        run = likely - np.arange(len(likely)) + sentences * (len(tokens) + 1)
        starts = group_starts(run)
        ends = np.append(starts[1:], len(likely)) - 1
        yield from zip(likely[starts].tolist(), likely[ends].tolist(), strict=True)

    @property
    def fingerprint(self) -> str:
        """A hash of the weights."""
        return hashlib.sha256(self._weights.tobytes() + self._bias.tobytes()).hexdigest()[:16]

    def save(self, path: Path) -> None:
        """Write everything to one ``.npz``; weights in half precision."""
        np.savez_compressed(
            path,
            labels=np.array(self.labels),
            weights=self._weights.astype(np.float16),
            bias=self._bias,
            least=np.array([self.least[label] for label in self.labels]),
        )

    @classmethod
    def load(cls, path: Path) -> SpanProposer:
        """Read what `save` wrote.

        Raises
        ------
        ModelDamagedError
            The file is unreadable or lacks an array.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                labels = [str(label) for label in arrays["labels"]]
                return cls(
                    dict(zip(labels, arrays["weights"], strict=True)),
                    dict(zip(labels, arrays["bias"].tolist(), strict=True)),
                    dict(zip(labels, arrays["least"].tolist(), strict=True)),
                )
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise ModelDamagedError(
                f"{path.name}: not a readable span proposer ({type(error).__name__})"
            ) from None
