"""Aliases whose words all stand close together in a note, with other words between them.

"Fracture, closed, of the distal radius" holds *distal radius fracture*; no window of its own
equals it.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.grouping import flat_rows, group_starts

__all__ = ["Reach", "SpreadFinder", "SpreadMatch"]

Array = np.ndarray[Any, Any]

#: The most telling bags whose place in the note is looked at.
_MOST_BAGS = 96
_MOST_MATCHES = 24
_BITS = 20
_FAR = 1 << _BITS
#: Most stems of one word that are looked for.
_STEMS = 3


@dataclass(frozen=True, slots=True)
class Reach:
    """How many tokens apart the words of a bag may stand.

    Parameters
    ----------
    smallest : int
        Fewest words of a bag.
    widest : int
        For bags of three words and more.
    pair : int
        For bags of two words, which say little when far apart.
    """

    smallest: int
    widest: int
    pair: int


@dataclass(frozen=True, slots=True)
class SpreadMatch:
    """A bag, and the first and last token of the narrowest stretch that holds its words."""

    bag: int
    first: int
    last: int


class SpreadFinder:
    """Find the bags of several indexes whose words stand within reach, all in one go.

    Words and bags of the indexes are numbered one index after the other. The bags lie in order of
    their rarest word, so that what a note asks for lies together.

    Parameters
    ----------
    indexes : sequence of AliasIndex
    reaches : sequence of Reach
        One an index.
    """

    def __init__(self, indexes: Sequence[AliasIndex], reaches: Sequence[Reach]) -> None:
        self._indexes = tuple(indexes)
        #: Most words that `ids` returns.
        self.width = _STEMS * len(self._indexes)
        self._widest = np.array([reach.widest for reach in reaches])
        self._word_base = _bases(len(index.words) for index in indexes)
        #: The ids of a word of one stem, which most are.
        self._of_stem: dict[str, list[int]] = {}
        for index, base in zip(indexes, self._word_base, strict=False):
            for number, word in enumerate(index.words, base):
                self._of_stem.setdefault(word, []).append(number)
        self._bag_base = _bases(map(len, indexes))
        n_words = self._word_base[-1]
        parts = [_rows(index, reach) for index, reach in zip(indexes, reaches, strict=True)]
        bags, sizes, limits, norms = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("bags", "sizes", "limits", "norms")
        )
        bags += np.array(self._bag_base[:-1]).repeat([len(part.bags) for part in parts])
        words = np.concatenate(
            [part.words + base for part, base in zip(parts, self._word_base, strict=False)]
        )
        ends = sizes.cumsum()
        rarest = words[ends - sizes]
        order = rarest.argsort(kind="stable")
        self._bags, self._limits, self._norms = bags[order], limits[order], norms[order]
        indptr = np.concatenate([[0], ends])
        self._words = flat_rows(indptr, words, order)[0].astype(np.int32)
        self._indptr = np.concatenate([[0], sizes[order].cumsum()])
        # as wide as an index: an array of other numbers is converted each time it is one
        self._second = self._words[self._indptr[:-1] + 1].astype(np.intp)
        #: Where the bags of each rarest word begin.
        self._start = rarest[order].searchsorted(np.arange(n_words + 1))
        self._scratch = _Scratch(n_words)

    def ids(self, stems: Sequence[str]) -> list[int]:
        """Return the ids of a word's stems in all indexes."""
        if len(stems) == 1:
            return self._of_stem.get(stems[0], [])
        return [
            base + i
            for index, base in zip(self._indexes, self._word_base, strict=False)
            for i in index.ids(stems)[:_STEMS]
        ]

    def __call__(self, words: Array, known: Sequence[Iterable[int]]) -> list[list[SpreadMatch]]:
        """Return the matches in each index, the most telling first.

        Parameters
        ----------
        words : array of int, shape (n_tokens, width)
            The `ids` of each token, -1 where there is none.
        known : sequence of iterables of int
            For each index, bags that were found as they stand, and need not be found again.
        """
        out: list[list[SpreadMatch]] = [[] for _ in self._indexes]
        token, column = (words >= 0).nonzero()
        if not len(token):
            return out
        # every occurrence of a word as one number, in order of word and place
        places = (words[token, column].astype(np.int64) << _BITS) | token
        places.sort()
        word_of = places >> _BITS
        begins = group_starts(word_of)
        ids = word_of[begins]
        rows = self._telling(self._covered(ids, self._stretches(places, begins)), known)
        if not len(rows):
            return out
        found = zip(
            self._norms[rows].tolist(),
            self._bags[rows].tolist(),
            self._limits[rows].tolist(),
            self._narrowest(rows, places, begins, ids),
            strict=True,
        )
        near = sorted(
            (-norm, bag, first, last)
            for norm, bag, limit, (first, last) in found
            if last - first < limit
        )
        for _, bag, first, last in near:
            number = bisect_right(self._bag_base, bag) - 1
            if len(out[number]) < _MOST_MATCHES:
                out[number].append(SpreadMatch(bag - self._bag_base[number], first, last))
        return out

    def _stretches(self, places: Array, begins: Array) -> Array:
        """Return the stretches of the text in which each word stands, one bit a stretch.

        A stretch is two blocks side by side, no block smaller than the reach, so that words within
        reach share one. The bits are used again after 64 blocks: what shares one may yet be far
        apart.
        """
        cuts = places.searchsorted(np.array(self._word_base) << _BITS)
        widest = self._widest.repeat(cuts[1:] - cuts[:-1])
        block = ((places & (_FAR - 1)) // widest) & 63
        there = np.bitwise_or.reduceat(np.uint64(1) << block.astype(np.uint64), begins)
        # a word of a block stands in the stretch that ends there, too
        stretches: Array = there | (there >> np.uint64(1)) | (there << np.uint64(63))
        return stretches

    def _covered(self, ids: Array, stretches: Array) -> Array:
        """Return the rows of bags all of whose words stand in one stretch."""
        # a bag can only be covered if its rarest word is there: each bag is looked at once
        first = self._start[ids]
        count = self._start[ids + 1] - first
        ends = count.cumsum()
        at = np.arange(int(ends[-1])) + (first - (ends - count)).repeat(count)
        stands = self._scratch.stands
        stands[ids] = stretches
        try:
            shared = stands.take(self._second.take(at))
            shared &= stretches.repeat(count)
            rows: Array = at[shared.nonzero()[0]]
            if len(rows):
                flat, starts = flat_rows(self._indptr, self._words, rows)
                rows = rows[np.bitwise_and.reduceat(stands[flat], starts) != 0]
        finally:
            stands[ids] = 0
        return rows

    def _telling(self, rows: Array, known: Sequence[Iterable[int]]) -> Array:
        """Return the rows of the most telling bags of each index, known ones left out."""
        found = {
            base + bag for base, bags in zip(self._bag_base, known, strict=False) for bag in bags
        }
        bags = self._bags[rows].tolist()
        # in order of the bags: which of equally telling ones are kept hangs on it
        kept = sorted((bag, i) for i, bag in enumerate(bags) if bag not in found)
        rows = rows[[i for _, i in kept]]
        if len(rows) <= _MOST_BAGS:
            return rows
        cuts = [bisect_right(kept, (base,)) for base in self._bag_base]
        parts = []
        for start, stop in pairwise(cuts):
            part = rows[start:stop]
            if len(part) > _MOST_BAGS:
                part = part[np.argpartition(-self._norms[part], _MOST_BAGS)[:_MOST_BAGS]]
            parts.append(part)
        return np.concatenate(parts)

    def _narrowest(
        self, rows: Array, places: Array, begins: Array, ids: Array
    ) -> list[tuple[int, int]]:
        """Return first and last token of each bag's narrowest stretch.

        A stretch is the nearest occurrence of every word around one occurrence of the rarest.
        The bags are few, so that plain lists are quicker here than arrays.
        """
        flat, starts = flat_rows(self._indptr, self._words, rows)
        at = ids.searchsorted(flat)
        tokens: list[int] = (places & (_FAR - 1)).tolist()
        first, stop = begins[at].tolist(), np.append(begins, len(places))[at + 1].tolist()
        stands = [tokens[i:j] for i, j in zip(first, stop, strict=True)]
        bounds = [*starts.tolist(), len(flat)]
        return [_stretch(stands[i], stands[i + 1 : j]) for i, j in pairwise(bounds)]


def _stretch(anchors: list[int], others: list[list[int]]) -> tuple[int, int]:
    """Return the narrowest stretch from an anchor to the nearest place of each other word."""
    narrowest, chosen = _FAR, (0, _FAR)
    for anchor in anchors:
        low = high = anchor
        for stands in others:
            place = bisect_left(stands, anchor)
            if place == len(stands):
                nearest = stands[-1]
            else:
                nearest = stands[place]
                if place and nearest - anchor >= anchor - stands[place - 1]:
                    nearest = stands[place - 1]
            if nearest < low:
                low = nearest
            elif nearest > high:
                high = nearest
        if high - low < narrowest:
            narrowest, chosen = high - low, (low, high)
    return chosen


class _Scratch(threading.local):
    """The stretches of each word, all zero between two notes.

    A fresh array for each note would wipe the whole vocabulary for a few hundred words.
    """

    def __init__(self, n_words: int) -> None:
        self.stands = np.zeros(n_words, np.uint64)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The bags of one index that can be spread, and their words from the rarest on."""

    bags: Array
    sizes: Array
    limits: Array
    norms: Array
    words: Array


def _rows(index: AliasIndex, reach: Reach) -> _Rows:
    usable = ((index.bag_size >= max(reach.smallest, 2)) & ~index.silent).nonzero()[0]
    sizes = index.bag_size[usable].astype(np.int64)
    flat, _ = index.words_of(usable)
    bag_of = np.arange(len(usable)).repeat(sizes)
    # of equally rare words the one with the lowest id comes first
    words = flat[np.lexsort((flat, -index.idf[flat], bag_of))]
    limits = np.where(sizes > 2, reach.widest, reach.pair)
    return _Rows(usable, sizes, limits, index.bag_norm[usable], words)


def _bases(sizes: Iterable[int]) -> list[int]:
    """Return where the numbers of each of several parts begin, and one past the last."""
    bases = [0]
    for size in sizes:
        bases.append(bases[-1] + size)
    return bases
