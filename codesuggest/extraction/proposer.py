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
_PLACES = {offset: zlib.crc32(bytes([offset + 128])) for offset in OFFSETS}
#: Words whose endings say something.
_SHORTEST = 5


def _hashed(name: str) -> int:
    return zlib.crc32(name.encode("utf-8", "surrogatepass"))


def _at(hashed: Any, offset: int) -> Any:
    """Return the features of hashed names at a place: the high bits of a product (Knuth)."""
    return ((hashed ^ _PLACES[offset]) * 2654435761 & 0xFFFFFFFF) >> (32 - _BITS)


def word_features(word: str, stems: Sequence[str], offset: int) -> list[int]:
    """Return the hashed features of a word that stands `offset` tokens from the one asked about."""
    names = _names(word, stems)
    return [_at(h, offset) for h in (names if offset == 0 else names[: 1 + len(stems)])]


def _names(word: str, stems: Sequence[str]) -> list[int]:
    """Return the hashes of what a word is called: itself, its stems, then how it looks."""
    names = [f"w={word}", *(f"s={stem}" for stem in stems)]
    if len(word) >= _SHORTEST:
        names += [f"e={word[-3:]}", f"e={word[-4:]}"]
    if not word.isalpha():
        names.append("digit" if any(map(str.isdigit, word)) else "sign")
    return [_hashed(name) for name in names]


def edge_feature(offset: int) -> int:
    """Return the feature of a place that lies outside the sentence."""
    return int(_at(_hashed("edge"), offset))


def group_feature(group: str) -> int:
    """Return the feature of a section group."""
    return int(_at(_hashed(f"g={group}"), 0))


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
        #: What it adds when all places around lie outside the sentence.
        self._edges = sum(self._weights[:, edge_feature(o)] for o in OFFSETS if o)
        self._words: WordClass | None = None

    def bind(self, stems: Callable[[str], tuple[str, ...]]) -> SpanProposer:
        """Return the proposer for texts whose words have these stems."""

        def added(words: Sequence[str]) -> Array:
            owns = [stems(word) for word in words]
            names = [_names(word, own) for word, own in zip(words, owns, strict=True)]
            hashed = np.array([h for some in names for h in some], np.int64)
            starts = np.cumsum([0, *map(len, names)])[:-1]
            # how a word looks counts only where it stands itself
            looks = np.concatenate(
                [np.arange(len(n)) > len(o) for n, o in zip(names, owns, strict=True)]
            )
            out = np.zeros((len(words), len(OFFSETS), len(self.labels)), np.float32)
            for column, offset in enumerate(OFFSETS):
                weights = self._weights[:, _at(hashed, offset)]
                if offset:
                    weights = np.where(looks, 0, weights)
                out[:, column] = np.add.reduceat(weights, starts, axis=1).T
                if offset:
                    # a word takes the place of the edge
                    out[:, column] -= self._weights[:, edge_feature(offset)]
            return out.reshape(len(words), -1)

        bound = copy.copy(self)
        width = len(OFFSETS) * len(self.labels)
        bound._words = WordClass(many=added, dtype=np.float32, width=width)
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
        scores = (self._bias + self._edges)[None] + of_section[section_of]
        for column, offset in enumerate(OFFSETS):
            if offset == 0:
                scores += added[:, column]
                continue
            # what stands `offset` tokens on, where that is in the same sentence
            here = slice(max(-offset, 0), n - max(offset, 0))
            there = slice(max(offset, 0), n - max(-offset, 0))
            same = sentences[here] == sentences[there]
            scores[here] += added[there, column] * same[:, None]
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
