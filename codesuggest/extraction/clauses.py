"""The clause around a match: how far its neighbours still speak of the same thing."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection
from typing import Any

import numpy as np

from codesuggest.extraction.tokens import MarkedTokens

__all__ = ["Clauses", "clause_questions", "clauses_of"]

Array = np.ndarray[Any, Any]

#: Signs and words at which another statement begins.
_BARRIERS = frozenset({
    ".", ";", ":", "?", "!", "•", "but", "however", "which", "who", "that", "is", "was", "are",
    "were", "has", "had", "have", "been", "because", "although", "therefore", "while", "when",
    "where", "than", "then", "after", "before", "during", "until", "since", "if", "he", "she",
    "they", "we", "i", "you", "denies", "reports", "presents", "underwent", "shows", "showed",
    "reveals", "revealed", "demonstrates", "noted",
})  # fmt: skip
_JOINTS = frozenset([",", "and", "or", "/", "&", "+"])
#: How far, in meaningful words, the clause is read on either side of a match.
_REACH = 5


class Clauses:
    """Where the clauses of one note end, as sorted token positions.

    Parameters
    ----------
    left, right : list of int
        Tokens that a clause does not reach over to the left, and to the right.
    units : list of int
        Tokens with a meaning; they use up the reach.
    """

    def __init__(self, left: list[int], right: list[int], units: list[int]) -> None:
        self._left, self._right, self._units = left, right, units

    def around(self, first: int, last: int, low: int, high: int) -> tuple[int, int]:
        """Return the first and last token of the clause around a match.

        Parameters
        ----------
        first, last : int
            The match.
        low, high : int
            First and last token of its sentence.
        """
        units = self._units
        stop = bisect_left(self._left, first) - 1
        if stop >= 0 and self._left[stop] >= low:
            low = self._left[stop] + 1
        used = bisect_left(units, first) - _REACH
        if used >= 0 and units[used] > low:
            low = units[used]
        stop = bisect_right(self._right, last)
        if stop < len(self._right) and self._right[stop] <= high:
            high = self._right[stop] - 1
        used = bisect_right(units, last) + _REACH - 1
        if used < len(units) and units[used] < high:
            high = units[used]
        return low, high


def clause_questions(
    attribute_words: Collection[str],
) -> dict[str, Collection[str]]:
    """Return what `clauses_of` asks of words.

    Parameters
    ----------
    attribute_words : collection of str
        Words that begin an attribute: a comma before one does not end the clause.
    """
    return {
        "barrier": _BARRIERS,
        "joint": _JOINTS,
        "comma": (",",),
        "attribute": attribute_words,
    }


def clauses_of(marked: MarkedTokens, units: Array) -> Clauses:
    """Read where the clauses of one note end; `units` are the tokens with a meaning."""
    barrier, joint, goes_on = (marked.has(name) for name in ("barrier", "joint", "comma"))
    goes_on[:-1] &= marked.has("attribute")[1:]
    goes_on[-1:] = False
    return Clauses(
        (barrier | joint).nonzero()[0].tolist(),
        (barrier | (joint & ~goes_on)).nonzero()[0].tolist(),
        units.tolist(),
    )
