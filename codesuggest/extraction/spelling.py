"""Misspelt words: the known stem at edit distance one, the commonest if there are several."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from functools import cached_property

from codesuggest.terminology.words import stem

__all__ = ["Speller"]

#: Endings that a stem does not lose, of words whose right ending it would: "diabetis".
_ENDINGS = frozenset({"is", "as", "os", "us", "a", "e", "es", "ous", "ik", "ick", "ys", "sis"})
_LONGEST_ENDING = 3
_SHORTEST_STEM = 4


class Speller:
    """Correct words that neither the code sets nor ordinary clinical prose know.

    A word and a stem at distance one (a letter too many, too few, wrong, or two that changed
    places) share what is left when a letter is taken out of either, so that few stems are
    compared (the deletion neighbourhoods of Mor & Fraenkel 1982, Comput J 25:297-304).

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

    @cached_property
    def _by_shortened(self) -> dict[str, str]:
        """Stems, with blanks between, by themselves and by what is left without a letter.

        Strings and no lists: the garbage collector would visit 200,000 lists each time.
        """
        found: dict[str, str] = {}
        for known in self._rarity:
            if len(known) >= _SHORTEST_STEM and known.isalpha():
                for left in {known, *_shortened(known)}:
                    found[left] = f"{found[left]} {known}" if left in found else known
        return found

    def correct(self, word: str) -> str | None:
        """Return the stem that `word` was meant to be, or None."""
        if len(word) < self.shortest or not word.isascii() or not word.isalpha():
            return None
        if word in self._known:
            return None
        asked = stem(word)
        found = {
            known
            for left in {asked, *_shortened(asked)}
            for known in self._by_shortened.get(left, "").split()
            if _is_near(asked, known)
        }
        for size in range(1, _LONGEST_ENDING + 1):
            if word[-size:] in _ENDINGS and len(word) - size >= self.shortest:
                known = word[:-size]
                if known in self._rarity:
                    found.add(known)
        # the commonest neighbour wins: among code titles, as in notes, it is the likelier
        # (of equally common ones the first by the alphabet: the same in every process)
        return min(found, key=lambda meant: (self._rarity[meant], meant), default=None)


def _shortened(word: str) -> Iterator[str]:
    return (word[:i] + word[i + 1 :] for i in range(len(word)))


def _is_near(one: str, other: str) -> bool:
    """Tell whether two words differ by one error behind the first letter, or by its place."""
    if one == other:
        return True
    if len(one) > len(other):
        one, other = other, one
    start = 0
    while start < len(one) and one[start] == other[start]:
        start += 1
    if len(other) - len(one) == 1:
        return one[start:] == other[start + 1 :] and start > 0
    if len(other) != len(one):
        return False
    changed = one[start:], other[start:]
    if changed[0][1:] == changed[1][1:]:
        return start > 0
    swapped = changed[0][:2] == changed[1][1::-1]
    return swapped and changed[0][2:] == changed[1][2:]
