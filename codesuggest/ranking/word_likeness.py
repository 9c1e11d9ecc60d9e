"""How alike words are: the same word or number, and shared runs of characters.

*Lymphadenitis* is near *lymphadenopathy*, and *III* is *3*. Every word is a sparse vector of
hashed features; words are compared by the dot product of their vectors, so names are compared
by sums over pairs of their words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

__all__ = ["WordLikeness"]

Array = np.ndarray[Any, Any]

#: Hash space of the features; few of some 150,000 features share a place.
_BITS = 20
SIZE = 1 << _BITS
#: Runs of characters that are compared, blanks at either end of the word included.
_SHORTEST, _LONGEST = 3, 5
#: What being the same word counts beside sharing a run of characters.
_SAME = 2.0
_ROMAN = {
    "i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8",
    "ix": "9", "xi": "11", "xii": "12", "xiii": "13",
}  # fmt: skip


def meaning(word: str) -> str:
    """Return the word itself, or the number that it writes."""
    return f"={_ROMAN.get(word, word)}"


class WordLikeness:
    """Compare words with a vocabulary.

    Parameters
    ----------
    words : sequence of str
        The vocabulary, stems.
    frequency : array of int, shape (n_words,)
        Aliases that hold each word; rare features weigh more.
    n_aliases : int
    least, most : float, int
        Least cosine, and most words of the vocabulary, that count as like a word.
    """

    def __init__(
        self,
        words: Sequence[str],
        frequency: Array,
        n_aliases: int,
        least: float = 0.15,
        most: int = 100,
    ) -> None:
        self._words = words
        self._frequency = frequency
        self._n_aliases = n_aliases
        self._least = least
        self._most = most
        self._cache: dict[str, tuple[Array, Array, float, float]] = {}

    @cached_property
    def _weights(self) -> Array:
        who, feature, _ = self._features(self._words)
        once = np.unique(who * SIZE + feature)
        counts = np.bincount(once % SIZE, weights=self._frequency[once // SIZE], minlength=SIZE)
        weights: Array = np.log((1 + self._n_aliases) / (1 + counts)) + 1
        return weights.astype(np.float32)

    @cached_property
    def _vocabulary(self) -> tuple[Any, Array]:
        vectors = self.vectors(self._words)
        return vectors.T.tocsr(), _squares(vectors)

    @property
    def squares(self) -> Array:
        """Squared length of each vocabulary word's vector."""
        return self._vocabulary[1]

    def vectors(self, words: Sequence[str]) -> Any:
        """Return the vectors of words, CSR of shape (n_words, SIZE)."""
        who, feature, share = self._features(words)
        matrix = sparse.csr_matrix((share, (who, feature)), shape=(len(words), SIZE))
        matrix.sum_duplicates()
        matrix.data = (matrix.data * self._weights[matrix.indices]).astype(np.float32)
        return matrix

    def _features(self, words: Sequence[str]) -> tuple[Array, Array, Array]:
        who, feature = character_runs(words)
        same = np.array([_hash_of(meaning(word)) for word in words], dtype=np.int64)
        return (
            np.concatenate([who, np.arange(len(words))]),
            np.concatenate([feature, same]),
            np.concatenate([np.ones(len(who)), np.full(len(words), _SAME)]),
        )

    def like(self, names: Sequence[Sequence[str]]) -> tuple[Any, Array, Array]:
        """Return how much each vocabulary word is like the words of each name.

        Returns
        -------
        likeness : CSR of shape (n_names, n_words)
            Dot products, summed over the name's words.
        length : array, shape (n_names,)
            Length of each name's vector.
        nearest : array, shape (n_names,)
            Cosine of the word of the name that the vocabulary knows best.
        """
        self._fill(dict.fromkeys(word for name in names for word in name))
        starts, columns, values = [0], [], []
        square, nearest = np.zeros(len(names)), np.zeros(len(names))
        total = 0
        for number, name in enumerate(names):
            for word in name:
                found, product, own, best = self._cache[word]
                columns.append(found)
                values.append(product)
                total += len(found)
                square[number] += own
                nearest[number] = max(nearest[number], best)
            starts.append(total)
        matrix = sparse.csr_matrix(
            (
                np.concatenate(values) if values else np.zeros(0, np.float32),
                np.concatenate(columns) if columns else np.zeros(0, np.int32),
                starts,
            ),
            shape=(len(names), len(self._words)),
        )
        return matrix, np.sqrt(np.maximum(square, 1e-6)), nearest

    def _fill(self, words: Mapping[str, None]) -> None:
        if len(self._cache) > 50_000:
            self._cache.clear()
        new = [w for w in words if w not in self._cache]
        if not new:
            return
        features, squares = self._vocabulary
        vectors = self.vectors(new)
        own = _squares(vectors)
        product = (vectors @ features).tocsr()
        for row, word in enumerate(new):
            part = slice(product.indptr[row], product.indptr[row + 1])
            found, value = product.indices[part], product.data[part]
            cosine = value / np.sqrt(own[row] * squares[found])
            keep = np.flatnonzero(cosine >= self._least)
            if len(keep) > self._most:
                keep = keep[np.argpartition(-cosine[keep], self._most)[: self._most]]
            keep = keep[np.argsort(found[keep])]
            best = float(cosine[keep].max()) if len(keep) else 0.0
            self._cache[word] = (found[keep], value[keep], float(own[row]), best)


def _squares(matrix: Any) -> Array:
    squares: Array = np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel()
    return squares


def character_runs(words: Sequence[str]) -> tuple[Array, Array]:
    """Return the hashed runs of three to five characters of words: (number of word, feature)."""
    blank = np.zeros(0, np.int64)
    if not words:
        return blank, blank
    data = [np.frombuffer(f" {word} ".encode(), np.uint8) for word in words]
    length = np.array([len(d) for d in data])
    flat = np.concatenate(data).astype(np.uint64)
    owner = np.repeat(np.arange(len(words)), length)
    left = length[owner] - (np.arange(len(flat)) - np.repeat(np.cumsum(length) - length, length))
    who, feature = [], []
    value = np.zeros(len(flat), np.uint64)
    with np.errstate(over="ignore"):
        for run in range(1, _LONGEST + 1):
            shifted = np.concatenate([flat[run - 1 :], np.zeros(run - 1, np.uint64)])[: len(flat)]
            value = value * np.uint64(1099511628211) + shifted + np.uint64(run)
            if run >= _SHORTEST:
                whole = left >= run
                who.append(owner[whole])
                feature.append(_mixed(value[whole]))
    return np.concatenate(who), np.concatenate(feature)


def _mixed(value: Array) -> Array:
    """Fold 64-bit hashes into the feature space."""
    mixed = (value ^ (value >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
    feature: Array = (mixed >> np.uint64(64 - _BITS)).astype(np.int64)
    return feature


def _hash_of(text: str) -> int:
    value = 0
    for byte in text.encode():
        value = (value * 1099511628211 + byte + 1) & 0xFFFFFFFFFFFFFFFF
    mixed = ((value ^ (value >> 29)) * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    return mixed >> (64 - _BITS)
