"""The clause around a match: how far its neighbours still speak of the same thing."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection

from codesuggest.extraction.tokens import MarkedTokens

__all__ = ["Clauses", "clause_questions"]

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
    """Where the clause around a match of one note ends, within its sentence.

    Parameters
    ----------
    marked : MarkedTokens
    units : list of int
        Tokens with a meaning; they use up the reach.
    bounds : list of int
        First token of each sentence, and one past the last of all.
    """

    def __init__(self, marked: MarkedTokens, units: list[int], bounds: list[int]) -> None:
        signs = marked.has("barrier", "joint")
        self._left_signs: list[int] = signs.nonzero()[0].tolist()
        signs[:-1] &= ~(marked.has("comma")[:-1] & marked.has("attribute")[1:])
        self._right_signs: list[int] = signs.nonzero()[0].tolist()
        self._units, self._bounds = units, bounds

    def around(self, first: int, last: int) -> tuple[int, int]:
        """Return the first and last token of the clause around a match.

        A match that goes on in the next sentence has no clause behind it.
        """
        units, bounds = self._units, self._bounds
        sentence = bisect_right(bounds, first)
        # the last sign before the match, or the start of its sentence
        left = bounds[sentence - 1]
        place = bisect_left(self._left_signs, first)
        if place and self._left_signs[place - 1] >= left:
            left = self._left_signs[place - 1] + 1
        place = bisect_left(units, first) - _REACH
        if place >= 0 and units[place] > left:
            left = units[place]
        # the first sign behind it, or the end of its sentence
        right = bounds[sentence] - 1
        if last > right:
            return left, last
        place = bisect_right(self._right_signs, last)
        if place < len(self._right_signs) and self._right_signs[place] <= right:
            right = self._right_signs[place] - 1
        place = bisect_right(units, last) + _REACH - 1
        if place < len(units) and units[place] < right:
            right = units[place]
        return left, right


def clause_questions(
    attribute_words: Collection[str],
) -> dict[str, Collection[str]]:
    """Return what `Clauses` asks of words.

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
