"""Misspelt words: the one known stem at edit distance one, if there is exactly one best."""

from __future__ import annotations

from collections.abc import Callable, Container
from string import ascii_lowercase

from codesuggest.terminology.words import stem

__all__ = ["Speller"]


class Speller:
    """Correct words that neither the code sets nor ordinary clinical prose know.

    Parameters
    ----------
    rarity : function of a stem
        Its idf, or None when the code sets do not know it.
    known : container of str
        Ordinary words that must be left alone.
    """

    #: Shorter words have too many neighbours.
    shortest = 5

    def __init__(
        self, rarity: Callable[[str], float | None], known: Container[str] = frozenset()
    ) -> None:
        self._rarity = rarity
        self._known = known

    def correct(self, word: str) -> str | None:
        """Return the stem that `word` was meant to be, or None."""
        if len(word) < self.shortest or not word.isascii() or not word.isalpha():
            return None
        if word in self._known:
            return None
        best, lowest = None, float("inf")
        for neighbour in _neighbours(word):
            meant = stem(neighbour)
            if len(meant) < 4:
                continue
            idf = self._rarity(meant)
            # the commonest neighbour wins: among code titles, as in notes, it is the likelier
            # (of equally common ones the first by the alphabet: the same in every process)
            if idf is not None and (idf, meant) < (lowest, best or ""):
                best, lowest = meant, idf
        return best


def _neighbours(word: str) -> set[str]:
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    found = {a + b[1:] for a, b in cuts if b}
    found |= {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    # the first letter is seldom the wrong one
    found |= {a + c + b[1:] for a, b in cuts if a and b for c in ascii_lowercase}
    found |= {a + c + b for a, b in cuts if a for c in ascii_lowercase}
    return found
