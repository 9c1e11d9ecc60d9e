"""Near aliases: the bags whose words are most like those of a mention and its surroundings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

import numpy as np
from scipy import sparse

from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.grouping import flat_rows, place_in, sorted_rows

__all__ = ["CONTEXT_WEIGHT", "LEAST_SHARE", "JointIndex", "NearBags", "Words", "near_bags"]

Array = np.ndarray[Any, Any]

#: How much the words around a mention count beside its own.
CONTEXT_WEIGHT = 0.5
#: Bags less similar than this share of the best one are not looked at.
LEAST_SHARE = 0.5
#: Words that more bags than this have find nothing; they count again when candidates are compared.
_MOST_BAGS = 1500
_ABOVE_NOTHING = np.nextafter(np.float32(0), np.float32(1))


class JointIndex:
    """The alias indexes of all labels as one; words and bags of each label have their own numbers.

    All mentions of a note, of whatever label, are then looked up at once.

    Attributes
    ----------
    label : dict of str to int
        Number of each label.
    bag_offset : array of int, shape (n_labels,)
        Where the bags of each label begin.
    n_words : int
    idf : array of float32, shape (n_words,)
    postings : CSR matrix, shape (n_words, n_bags)
    n_postings : array of int, shape (n_words,)
    telling : array of bool, shape (n_words,)
        The word stands in few enough bags to look for them.
    bag_size : array of int, shape (n_bags,)
    bag_rarity : array of float64, shape (n_bags,)
        Rarity of all words of a bag.
    entry_start, entry_system, entry_row, entry_source, entry_side : arrays of int
        As in `AliasIndex`.
    """

    def __init__(self, indexes: Mapping[str, AliasIndex]) -> None:
        parts = list(indexes.values())
        words = np.cumsum([0, *(len(part.words) for part in parts)]).tolist()
        bags = np.cumsum([0, *(len(part) for part in parts)]).tolist()
        self._row_of: dict[str, int] = {}
        for index in parts:
            for stem in index.words:
                self._row_of.setdefault(stem, len(self._row_of))
        #: Word ids by stem and label, -1 where a label does not know the stem; last, unknown ones.
        self._ids = np.full((len(self._row_of) + 1, len(parts)), -1, np.int32)
        for number, (index, offset) in enumerate(zip(parts, words, strict=False)):
            rows = [self._row_of[stem] for stem in index.words]
            self._ids[rows, number] = np.arange(len(rows)) + offset
        self.label = {label: number for number, label in enumerate(indexes)}
        self.bag_offset = np.array(bags[:-1], np.int64)
        self.n_words = words[-1]
        self.idf = np.concatenate([part.idf for part in parts])
        self._indices = np.concatenate(
            [part.bag_flat + offset for part, offset in zip(parts, words, strict=False)]
        )
        self._indptr = _joined([part.bag_start for part in parts])
        self.bag_size = np.diff(self._indptr)
        self.entry_start = _joined([part.entry_start for part in parts])
        self.entry_system = np.concatenate([part.entry_system for part in parts])
        self.entry_row = np.concatenate([part.entry_row for part in parts])
        self.entry_source = np.concatenate([part.entry_source for part in parts])
        self.entry_side = np.concatenate([part.entry_side for part in parts])
        weights = self.idf[self._indices]
        norm = np.sqrt(np.add.reduceat(weights**2, self._indptr[:-1]))
        weights /= np.repeat(np.maximum(norm, 1e-6), self.bag_size)
        by_bag = sparse.csr_matrix(
            (weights, self._indices, self._indptr), shape=(bags[-1], self.n_words)
        )
        self.postings = by_bag.T.tocsr()
        self.n_postings = np.diff(self.postings.indptr)
        self.telling = self.n_postings <= _MOST_BAGS
        self.bag_rarity = np.add.reduceat(
            self.idf[self._indices].astype(np.float64), self._indptr[:-1]
        )

    def ids(self, stems: Iterable[str]) -> Array:
        """Return the ids of stems in each label, shape (n_stems, n_labels), -1 for unknown ones."""
        found: Array = self._ids[np.fromiter(map(self._row_of.get, stems, repeat(-1)), np.intp)]
        return found

    def known(self, stems: Iterable[str]) -> Array:
        """Return which words are among stems, whatever the label; bool, shape (n_words,)."""
        ids = self.ids(stems)
        out = np.zeros(self.n_words, bool)
        out[ids[ids >= 0]] = True
        return out

    def words_of(self, bags: Array) -> tuple[Array, Array]:
        """Return the word ids of several bags, one after the other, and where each begins."""
        return flat_rows(self._indptr, self._indices, bags)


def _joined(starts: Sequence[Array]) -> Array:
    """Put tables of starts one after the other."""
    sizes = np.concatenate([np.diff(part) for part in starts])
    return np.concatenate([[0], np.cumsum(sizes)])


@dataclass(frozen=True, slots=True)
class Words:
    """Known words of several queries in flat arrays: each query's own, then those around it.

    Attributes
    ----------
    ids, query : arrays of int, shape (n_words,)
    own : array of bool, shape (n_words,)
        The word is the mention's own.
    n_queries : int
    """

    ids: Array
    query: Array
    own: Array
    n_queries: int

    @classmethod
    def of(cls, index: JointIndex, labels: Array, stems: Sequence[Sequence[str]]) -> Words:
        """Look the words of queries up.

        Parameters
        ----------
        index : JointIndex
        labels : array of int, shape (n_queries,)
        stems : sequence of sequences of str, of length 2 * n_queries
            The own ones of a query, then those around it.
        """
        part = np.arange(len(stems)).repeat(np.fromiter(map(len, stems), np.intp))
        query = part >> 1
        ids = index.ids(chain.from_iterable(stems))[np.arange(len(part)), labels[query]]
        known = (ids >= 0).nonzero()[0]
        return cls(ids[known], query[known], (part[known] & 1) == 0, len(labels))

    def __len__(self) -> int:
        return self.n_queries


@dataclass(frozen=True, slots=True)
class NearBags:
    """Near bags of several queries, those of one query together, the nearest first.

    The bag that a query equals comes before all others.

    Attributes
    ----------
    query, bag, place : arrays of int, shape (n,)
    score : array of float, shape (n,)
        Similarity as a share of the query's best.
    """

    query: Array
    bag: Array
    score: Array
    place: Array


def near_bags(
    index: JointIndex,
    words: Words,
    own: Array,
    n_near: int,
    least_share: float = LEAST_SHARE,
    without_own: bool = False,
) -> NearBags:
    """Find the bags nearest to each query.

    Parameters
    ----------
    index : JointIndex
    words : Words
    own : array of int, shape (n_queries,)
        The bag that a query equals, which is always among its near ones; -1 for none.
    n_near : int
        At most this many a query.
    least_share : float
        Bags less similar than this share of the best one are left out.
    without_own : bool
        Leave the bag out that a query equals.
    """
    bounds, bag, score = _product(index, words)
    sizes = bounds[1:] - bounds[:-1]
    if without_own:
        score = np.where(bag == np.repeat(own, sizes), np.float32(0), score)
    best = np.zeros(len(words), np.float32)
    filled = sizes.nonzero()[0]
    if len(filled):
        best[filled] = np.maximum.reduceat(score, bounds[filled])
    least = np.maximum(np.float32(least_share) * best, _ABOVE_NOTHING)
    kept = (score >= least.repeat(sizes)).nonzero()[0]
    query = bounds.searchsorted(kept, "right") - 1
    # the bits of positive numbers are in the order of the numbers
    bits = best.view(np.int32)
    bag = bag[kept]
    behind = bits[query] - score[kept].view(np.int32) + 1
    # common words have no say above, so the bag that a query equals may seem to lie behind
    behind[bag == own[query]] = 0
    query, behind, bag = sorted_rows(query, behind, bag)
    place = place_in(query)
    near = (place < n_near).nonzero()[0]
    query, bag, place = query[near], bag[near], place[near]
    behind = np.maximum(behind[near] - 1, 0)
    score = (bits[query] - behind).astype(np.int32).view(np.float32) / best[query]
    if not without_own:
        there = np.zeros(len(words), bool)
        there[query[bag == own[query]]] = True
        missing = ((own >= 0) & ~there).nonzero()[0]
        if len(missing):
            query = np.concatenate([missing, query])
            bag = np.concatenate([own[missing], bag])
            score = np.concatenate([np.ones(len(missing), score.dtype), score])
            order = query.argsort(kind="stable")
            query, bag, score = query[order], bag[order], score[order]
            place = place_in(query)
    return NearBags(query, bag, score, place)


def _product(index: JointIndex, words: Words) -> tuple[Array, Array, Array]:
    """Return the similarity of each query to each bag that shares a word.

    Common words do not look for bags; a query whose own words are all common looks with these.

    Returns
    -------
    bounds, bags, similarities : arrays
        Rows of a CSR matrix, shape (n_queries, n_bags).
    """
    telling = index.telling[words.ids]
    has_telling = np.zeros(len(words), bool)
    has_telling[words.query[telling & words.own]] = True
    used = (telling | (words.own & ~has_telling[words.query])).nonzero()[0]
    ids = words.ids[used]
    weights = index.idf[ids] * np.where(words.own[used], np.float32(1), np.float32(CONTEXT_WEIGHT))
    matrix = sparse.csr_matrix((len(words), index.n_words), dtype=np.float32)
    # what the constructor would check holds, and checking takes as long as half the product
    matrix.data, matrix.indices = weights, ids
    matrix.indptr = words.query[used].searchsorted(np.arange(len(words) + 1)).astype(ids.dtype)
    product = matrix @ index.postings
    return product.indptr, product.indices, product.data
