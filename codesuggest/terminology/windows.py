"""Windows of running text that equal an alias, all of them looked up at once.

The hash of a bag is the sum of its stems' hashes, so that of a window is a difference of two
prefix sums. Most windows equal nothing: a sieve of bits keeps them from the search.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.grouping import group_sizes, group_starts

__all__ = ["MAX_WINDOW", "WindowFinder", "Windows"]

Array = np.ndarray[Any, Any]

#: Longest alias, in stems, that is looked up in running text.
MAX_WINDOW = 8
#: The sieve has this many words (a power of two), few enough to stay in a processor's cache.
_SIEVE_BITS = 15
_TO_WORD = np.uint64(64 - _SIEVE_BITS)
#: Two more stretches of six bits of a hash say which bits of its word are set.
_TO_BITS = (np.uint64(58 - _SIEVE_BITS), np.uint64(52 - _SIEVE_BITS))
_SIX = np.uint64(63)
_ONE = np.uint64(1)


@dataclass(frozen=True, slots=True)
class Windows:
    """The hashes of all windows of units of a text, and where windows must end.

    Row `i` of `hashes` has the windows that start at unit `i`, the longest first; those that go
    on behind ``limit[i]`` are none.
    """

    hashes: Array
    limit: Array

    @classmethod
    def of(cls, sums: Array, breaks: Array) -> Windows:
        """Make the windows of up to `MAX_WINDOW` units.

        Parameters
        ----------
        sums : array of uint64, shape (n_units,)
            Hash of each unit of text (a token's stems summed).
        breaks : array of int, shape (n_units,)
            Sentence of each unit; no window crosses from one to another. Equal ones are neighbours.
        """
        n = len(sums)
        begins = group_starts(breaks)
        sizes = group_sizes(begins, n)
        prefix = np.zeros(n + MAX_WINDOW, np.uint64)
        hashes = np.empty((n, MAX_WINDOW), np.uint64)
        sums.cumsum(dtype=np.uint64, out=prefix[1 : n + 1])
        for column, size in enumerate(range(MAX_WINDOW, 0, -1)):
            np.subtract(prefix[size : size + n], prefix[:n], out=hashes[:, column])
        return cls(hashes, (begins + sizes).repeat(sizes))

    def at(self, places: Array) -> tuple[Array, Array, Array]:
        """Return start, end and hash of those windows at some places of `hashes` that are one."""
        start = places // MAX_WINDOW
        end = start + MAX_WINDOW - places % MAX_WINDOW
        inside = end <= self.limit[start]
        return start[inside], end[inside], self.hashes.ravel()[places[inside]]


class WindowFinder:
    """Find the windows that equal an alias of any of several indexes.

    Parameters
    ----------
    indexes : sequence of AliasIndex
    """

    def __init__(self, indexes: Sequence[AliasIndex]) -> None:
        audible = [np.flatnonzero(~index.silent) for index in indexes]
        hashes = [index.bag_hash[bags] for index, bags in zip(indexes, audible, strict=True)]
        self._hashes: Array = np.unique(np.concatenate(hashes))
        #: The bag that each hash has in each index, -1 where there is none.
        self._bags = np.full((len(self._hashes), len(indexes)), -1, np.int32)
        for column, own, bags in zip(self._bags.T, hashes, audible, strict=True):
            column[np.searchsorted(self._hashes, own)] = bags
        # two bits of one word for each hash: a blocked filter (Putze, Sanders & Singler 2007)
        self._sieve = np.zeros(1 << _SIEVE_BITS, np.uint64)
        for shift in _TO_BITS:
            bits = _ONE << (self._hashes >> shift & _SIX)
            np.bitwise_or.at(self._sieve, self._hashes >> _TO_WORD, bits)

    def _likely(self, hashes: Array) -> Array:
        """Return the positions of all hashes that are known and of few that are not."""
        words = self._sieve.take((hashes >> _TO_WORD).view(np.int64))
        first, second = (words >> (hashes >> shift & _SIX) for shift in _TO_BITS)
        first &= second
        first &= _ONE
        places: Array = first.nonzero()[0]
        return places

    def __call__(self, windows: Windows) -> Iterator[tuple[Array, Array, Array]]:
        """Yield for each index the start, end and bag of the windows that it knows."""
        start, end, hashes = windows.at(self._likely(windows.hashes.ravel()))
        place = self._hashes.searchsorted(hashes)
        place[place == len(self._hashes)] = 0
        hit = (self._hashes[place] == hashes).nonzero()[0]
        start, end, place = start[hit], end[hit], place[hit]
        for bags in self._bags[place].T:
            own = bags >= 0
            yield start[own], end[own], bags[own]
