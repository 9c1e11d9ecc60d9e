"""Windows of running text that equal an alias, all of them looked up at once.

The hash of a bag is the sum of its stems' hashes, so that of a window is a difference of two
prefix sums. Most windows equal nothing: a sieve of the leading bits keeps them from the search.
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
_SIEVE_BITS = 21
_SIEVE_SHIFT = np.uint64(64 - _SIEVE_BITS)


@dataclass(frozen=True, slots=True)
class Windows:
    """All windows ``[start, end)`` of units of a text that cross no break, and their hashes.

    They stand in order of start, the longer first.
    """

    start: Array
    end: Array
    hashes: Array

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
        units = np.arange(n)
        begins = group_starts(breaks)
        sizes = group_sizes(begins, n)
        count = np.minimum(np.repeat(begins + sizes, sizes) - units, MAX_WINDOW)
        flat_end = count.cumsum()
        start = np.repeat(units, count)
        end = np.repeat(units + flat_end, count) - np.arange(len(start))
        prefix = np.zeros(n + 1, np.uint64)
        with np.errstate(over="ignore"):
            np.cumsum(sums, dtype=np.uint64, out=prefix[1:])
            return cls(start, end, prefix[end] - prefix[start])


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
        self._bags = np.full((len(indexes), len(self._hashes)), -1, np.int32)
        for row, own, bags in zip(self._bags, hashes, audible, strict=True):
            row[np.searchsorted(self._hashes, own)] = bags
        self._sieve = np.zeros(1 << _SIEVE_BITS, dtype=bool)
        self._sieve[self._hashes >> _SIEVE_SHIFT] = True

    def __call__(self, windows: Windows) -> Iterator[tuple[Array, Array, Array]]:
        """Yield for each index the start, end and bag of the windows that it knows."""
        likely = np.flatnonzero(self._sieve[windows.hashes >> _SIEVE_SHIFT])
        hashes = windows.hashes[likely]
        place = self._hashes.searchsorted(hashes)
        place[place == len(self._hashes)] = 0
        right = self._hashes[place] == hashes
        hit, place = likely[right], place[right]
        start, end = windows.start[hit], windows.end[hit]
        for bags in self._bags[:, place]:
            own = bags >= 0
            yield start[own], end[own], bags[own]
