"""Misspelt words: the one known stem at edit distance one, if there is exactly one best."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Mapping
from string import ascii_lowercase

from codesuggest.terminology.words import stem

__all__ = ["Speller"]

#: Letters at the end of a word that its stem may have lost: an error there is looked for in the
#: whole word.
_ENDING = 3
_SHORTEST_STEM = 4


class Speller:
    """Correct words that neither the code sets nor ordinary clinical prose know.

    Parameters
    ----------
    rarity : mapping of stem to float
        The idf of every stem that the code sets know.
    known : container of str
        Ordinary words that must be left alone.
    """

    #: Shorter words have too many neighbours.
    shortest = 5

    def __init__(self, rarity: Mapping[str, float], known: Container[str] = frozenset()) -> None:
        self._rarity = rarity
        self._known = known
        self._stems = frozenset(s for s in rarity if len(s) >= _SHORTEST_STEM)
        self._sorted = sorted(self._stems)

    def correct(self, word: str) -> str | None:
        """Return the stem that `word` was meant to be, or None."""
        if len(word) < self.shortest or not word.isascii() or not word.isalpha():
            return None
        if word in self._known:
            return None
        found = self._stems & _neighbours(stem(word))
        if self._begins_a_stem(word[:-_ENDING]):
            ending = _neighbours(word, len(word) - _ENDING)
            found |= self._stems & {stem(neighbour) for neighbour in ending}
        # the commonest neighbour wins: among code titles, as in notes, it is the likelier
        # (of equally common ones the first by the alphabet: the same in every process)
        return min(found, key=lambda meant: (self._rarity[meant], meant), default=None)

    def _begins_a_stem(self, letters: str) -> bool:
        place = bisect_left(self._sorted, letters)
        return place < len(self._sorted) and self._sorted[place].startswith(letters)


def _neighbours(word: str, first: int = 1) -> set[str]:
    """Return the words at distance one, the error at letter `first` or behind it.

    The first letter is seldom the wrong one; it can only be lost or change places.
    """
    cuts = [(word[:i], word[i:]) for i in range(first if first > 1 else 0, len(word) + 1)]
    found = {a + b[1:] for a, b in cuts if b}
    found |= {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    inner = [(a, b) for a, b in cuts if a]
    found |= {a + c + b[1:] for a, b in inner if b for c in ascii_lowercase}
    found |= {a + c + b for a, b in inner for c in ascii_lowercase}
    return found
