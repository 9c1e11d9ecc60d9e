"""Near aliases: the bags whose words are most like those of a mention and its surroundings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from scipy import sparse

from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.grouping import flat_rows, place_in

__all__ = ["CONTEXT_WEIGHT", "LEAST_SHARE", "JointIndex", "NearBags", "Words", "near_bags"]

Array = np.ndarray[Any, Any]

#: How much the words around a mention count beside its own.
CONTEXT_WEIGHT = 0.5
#: Bags less similar than this share of the best one are not looked at.
LEAST_SHARE = 0.5
#: Words that more bags than this have find nothing; they count again when candidates are compared.
_MOST_BAGS = 1500


class JointIndex:
    """The alias indexes of all labels as one; words and bags of each label have their own numbers.

    All mentions of a note, of whatever label, are then looked up at once.

    Attributes
    ----------
    n_words : int
    idf : array of float32, shape (n_words,)
    postings : CSR matrix, shape (n_words, n_bags)
    n_postings : array of int, shape (n_words,)
    bag_size : array of int, shape (n_bags,)
    entry_start, entry_system, entry_row, entry_source : arrays of int
        As in `AliasIndex`.
    """

    def __init__(self, indexes: Mapping[str, AliasIndex]) -> None:
        parts = list(indexes.values())
        words = np.cumsum([0, *(len(part.words) for part in parts)]).tolist()
        bags = np.cumsum([0, *(len(part) for part in parts)]).tolist()
        self._word_id = {
            label: {word: i + offset for word, i in index.word_id.items()}
            for (label, index), offset in zip(indexes.items(), words, strict=False)
        }
        self._everywhere: dict[str, tuple[int, ...]] = {}
        for ids in self._word_id.values():
            for stem, i in ids.items():
                self._everywhere[stem] = (*self._everywhere.get(stem, ()), i)
        self.bag_offset = dict(zip(indexes, bags, strict=False))
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
        weights = self.idf[self._indices]
        norm = np.sqrt(np.add.reduceat(weights**2, self._indptr[:-1]))
        weights /= np.repeat(np.maximum(norm, 1e-6), self.bag_size)
        by_bag = sparse.csr_matrix(
            (weights, self._indices, self._indptr), shape=(bags[-1], self.n_words)
        )
        self.postings = by_bag.T.tocsr()
        self.n_postings = np.diff(self.postings.indptr)

    def ids(self, label: str, stems: Iterable[str]) -> list[int]:
        """Return the ids of those stems that the label's aliases know."""
        get = self._word_id[label].get
        return [i for stem in stems if (i := get(stem)) is not None]

    def all_ids(self, stems: Iterable[str]) -> list[int]:
        """Return the ids of stems in every label that knows them."""
        get = self._everywhere.get
        return [i for stem in stems for i in get(stem, ())]

    def words_of(self, bags: Array) -> tuple[Array, Array]:
        """Return the word ids of several bags, one after the other, and where each begins."""
        return flat_rows(self._indptr, self._indices, bags)


def _joined(starts: Sequence[Array]) -> Array:
    """Put tables of starts one after the other."""
    sizes = np.concatenate([np.diff(part) for part in starts])
    return np.concatenate([[0], np.cumsum(sizes)])


@dataclass(frozen=True, slots=True)
class Words:
    """Word ids of several queries in one flat array: each query's own, then those around it.

    Attributes
    ----------
    ids : array of int, shape (n_words,)
    own : array of bool, shape (n_words,)
        The word is the mention's own.
    bounds : array of int, shape (n_queries + 1,)
        Where each query's words begin.
    """

    ids: Array
    own: Array
    bounds: Array

    @classmethod
    def of(cls, cores: Sequence[Sequence[int]], contexts: Sequence[Sequence[int]]) -> Words:
        """Put the words of queries one after the other."""
        parts = list(chain.from_iterable(zip(cores, contexts, strict=True)))
        lengths = np.array(list(map(len, parts)), np.int64)
        ids = np.array(list(chain.from_iterable(parts)), np.int32)
        own = np.repeat(np.arange(len(parts)) % 2 == 0, lengths)
        return cls(ids, own, np.concatenate([[0], np.cumsum(lengths)[1::2]]))

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def query(self) -> Array:
        """Return the query of each word."""
        return np.repeat(np.arange(len(self)), np.diff(self.bounds))


@dataclass(frozen=True, slots=True)
class NearBags:
    """Near bags of several queries, those of one query together, the nearest first.

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
    used, bounds = _finding(index, words)
    ids, own_word = words.ids[used], words.own[used]
    weights = index.idf[ids] * np.where(own_word, np.float32(1), np.float32(CONTEXT_WEIGHT))
    matrix = sparse.csr_matrix((len(words), index.n_words), dtype=np.float32)
    # what the constructor would check holds, and checking takes as long as half the product
    matrix.data, matrix.indices, matrix.indptr = weights, ids, bounds.astype(ids.dtype)
    product = matrix @ index.postings
    query = np.repeat(np.arange(len(words)), np.diff(product.indptr))
    bag, score = product.indices, product.data
    if without_own:
        score = np.where(bag == own[query], np.float32(0), score)
    best = np.zeros(len(words), score.dtype)
    filled = np.flatnonzero(np.diff(product.indptr))
    if len(filled):
        best[filled] = np.maximum.reduceat(score, product.indptr[filled])
    kept = np.flatnonzero((score >= least_share * best[query]) & (score > 0))
    query, bag, score = query[kept], bag[kept].astype(np.int64), score[kept]
    # by query, then score: the bits of positive numbers are in the order of the numbers
    rank = (query << 32) - score.view(np.int32)
    order = np.lexsort((bag, rank))
    place = place_in(query[order])
    order, place = order[place < n_near], place[place < n_near]
    query, bag = query[order], bag[order]
    score = score[order] / best[query]
    there = np.zeros(len(words), bool)
    there[query[bag == own[query]]] = True
    missing = np.flatnonzero((own >= 0) & ~there & (not without_own))
    if len(missing):
        query = np.concatenate([missing, query])
        bag = np.concatenate([own[missing], bag])
        score = np.concatenate([np.ones(len(missing), score.dtype), score])
        order = np.argsort(query, kind="stable")
        query, bag, score = query[order], bag[order], score[order]
        place = place_in(query)
    return NearBags(query, bag, score, place)


def _finding(index: JointIndex, words: Words) -> tuple[Array, Array]:
    """Return which words look for bags, and the bounds of each query's: common ones do not.

    A query whose own words are all common looks with these.
    """
    telling = index.n_postings[words.ids] <= _MOST_BAGS
    query = words.query()
    has_telling = np.bincount(query, telling & words.own, len(words)) > 0
    used = (telling | (words.own & ~has_telling[query])).nonzero()[0]
    bounds = np.searchsorted(query[used], np.arange(len(words) + 1))
    return used, bounds
