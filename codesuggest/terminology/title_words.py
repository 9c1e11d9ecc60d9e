"""The words of a code system's titles: which there are, and which title has exactly some."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from zlib import crc32

import numpy as np

from codesuggest.terminology.code_system import CodeSystem

__all__ = ["TitleWords"]

_WORD = re.compile(r"[a-z0-9]+")
_SHORTEST = 4


class TitleWords:
    """Words of all titles.

    A title is known by the sum of its words' hashes, so that their order does not matter.
    """

    def __init__(self, system: CodeSystem) -> None:
        self._codes = system.codes
        hashes: dict[str, int] = {}
        counts: Counter[str] = Counter()
        sums = np.zeros(len(system.codes), dtype=np.uint64)
        billable = system.billable.tolist()
        for row, title in enumerate(system.titles):
            if not billable[row]:
                continue
            words = _WORD.findall(title.lower())
            counts.update(words)
            total = 0
            for word in words:
                value = hashes.get(word)
                if value is None:
                    value = hashes[word] = _hash(word)
                total += value
            sums[row] = total & _MASK
        self._order = np.argsort(sums, kind="stable")
        self._sums = sums[self._order]
        self._counts = counts
        self._words = sorted(word for word in counts if len(word) >= _SHORTEST)

    def exact(self, words: str) -> list[str]:
        """Return the reportable codes whose title has these words and no others."""
        found = _WORD.findall(words.lower())
        if not found:
            return []
        total = np.uint64(sum(map(_hash, found)) & _MASK)
        start = int(np.searchsorted(self._sums, total, "left"))
        end = int(np.searchsorted(self._sums, total, "right"))
        return [self._codes[int(row)] for row in self._order[start:end]]

    def complete(self, beginning: str) -> str | None:
        """Return the commonest word that begins so, None if none does or it is whole itself."""
        if beginning in self._counts:
            return None
        best: str | None = None
        place = bisect_left(self._words, beginning)
        while place < len(self._words) and self._words[place].startswith(beginning):
            word = self._words[place]
            if best is None or self._counts[word] > self._counts[best]:
                best = word
            place += 1
        return best


_MASK = (1 << 64) - 1


def _hash(word: str) -> int:
    data = word.encode("utf-8")
    return (crc32(data) << 32 | crc32(data[::-1], 1)) & _MASK
