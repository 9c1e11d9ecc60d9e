"""The clause around a match: how far its neighbours still speak of the same thing."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from codesuggest.extraction.tokens import MarkedTokens
from codesuggest.terminology.grouping import group_sizes

__all__ = ["Clauses", "clause_questions", "clauses_of"]

Array = np.ndarray[Any, Any]

#: Signs and words at which another statement begins.
_BARRIERS = frozenset({
    ".", ";", ":", "?", "!", "•", "but", "however", "which", "who", "that", "is", "was", "are",
    "were", "has", "had", "have", "been", "because", "although", "therefore", "while", "when",
    "where", "than", "then", "after", "before", "during", "until", "since", "if", "he", "she",
    "they", "we", "i", "you", "denies", "reports", "presents", "underwent", "shows", "showed",
    "reveals", "revealed", "demonstrates", "noted", "no", "not", "without", "nor",
})  # fmt: skip
_JOINTS = frozenset([",", "and", "or", "/", "&", "+"])
#: How far, in meaningful words, the clause is read on either side of a match.
_REACH = 5


class Clauses:
    """Where the clause around each token of one note ends, within its sentence.

    Parameters
    ----------
    left, right : list of int
        First token of the clause that a match reaches when it begins at a token, and last token
        when it ends at a token.
    ends : list of int
        Last token of the sentence of each token.
    """

    def __init__(self, left: list[int], right: list[int], ends: list[int]) -> None:
        self._left, self._right, self._ends = left, right, ends

    def around(self, first: int, last: int) -> tuple[int, int]:
        """Return the first and last token of the clause around a match.

        A match that goes on in the next sentence has no clause behind it.
        """
        return self._left[first], self._right[last] if last <= self._ends[first] else last


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


def clauses_of(marked: MarkedTokens, units: Array, starts: Array) -> Clauses:
    """Read where the clauses of one note end.

    Parameters
    ----------
    marked : MarkedTokens
    units : array of int
        Tokens with a meaning; they use up the reach.
    starts : array of int
        First token of each sentence.
    """
    barrier, joint, goes_on = (marked.has(name) for name in ("barrier", "joint", "comma"))
    n = len(barrier)
    goes_on[:-1] &= marked.has("attribute")[1:]
    goes_on[-1:] = False
    places = np.arange(n)
    sizes = group_sizes(starts, n)
    ends = np.repeat(starts + sizes - 1, sizes)
    # tokens with a meaning before each token, and up to it
    is_unit = np.zeros(n, np.int64)
    is_unit[units] = 1
    through = is_unit.cumsum()
    before = through - is_unit
    # the last sign before each token, or the start of its sentence
    left = np.zeros(n, np.int64)
    left[1:] = np.where(barrier | joint, places + 1, 0)[:-1]
    left[starts] = starts
    left = np.maximum.accumulate(left)
    far = np.concatenate([np.zeros(_REACH, np.int64), units])
    left = np.maximum(left, far[before])
    # the first sign behind each token, or the end of its sentence
    right = np.full(n, n, np.int64)
    right[:-1] = np.where(barrier | (joint & ~goes_on), places - 1, n)[1:]
    right = np.minimum(np.minimum.accumulate(right[::-1])[::-1], ends)
    far = np.concatenate([units, np.full(_REACH, n, np.int64)])
    right = np.minimum(right, far[through + _REACH - 1])
    return Clauses(left.tolist(), right.tolist(), ends.tolist())
