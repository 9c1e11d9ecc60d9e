"""Misspelt words: the known word at edit distance one, the commonest if there are several."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from functools import cache, cached_property
from string import ascii_lowercase

from codesuggest.terminology.words import SUFFIXES, stem

__all__ = ["NearWords", "SmallWords", "Speller"]

#: Endings that a stem does not lose, of words whose right ending it would: "diabetis".
_ENDINGS = frozenset({"is", "as", "os", "us", "a", "e", "es", "ous", "ik", "ick", "ys", "sis"})
#: An ending is only taken for a damaged one behind a stem of this many letters.
_SHORTEST_STEM = 4
_SHORTEST_DAMAGED = 5


class NearWords:
    """Find the words that one error makes of another.

    Two words at distance one (a letter too many, too few, wrong, or two that changed places)
    share what is left when a letter is taken out of either, so that few are compared (the
    deletion neighbourhoods of Mor & Fraenkel 1982, Comput J 25:297-304).

    Parameters
    ----------
    words : iterable of str
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = words

    @cached_property
    def _by_shortened(self) -> dict[str, str]:
        """Words, with blanks between, by themselves and by what is left without a letter.

        Strings and no lists: the garbage collector would visit 200,000 lists each time.
        """
        found: dict[str, str] = {}
        for known in self._words:
            if len(known) >= _SHORTEST_STEM and known.isalpha():
                for left in {known, *_shortened(known)}:
                    found[left] = f"{found[left]} {known}" if left in found else known
        return found

    def of(self, word: str) -> set[str]:
        """Return the words at distance one or none."""
        get = self._by_shortened.get
        found: set[str] = set()
        for left in (word, *_shortened(word)):
            listed = get(left)
            if listed is not None:
                found.update(listed.split())
        return {known for known in found if _is_near(word, known)}


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
        self._near = NearWords(rarity)

    def correct(self, word: str) -> str | None:
        """Return the stem that `word` was meant to be, or None."""
        if len(word) < self.shortest or not word.isascii() or not word.isalpha():
            return None
        if word in self._known:
            return None
        found = self._near.of(stem(word)) or self._with_damaged_ending(word)
        for size in range(1, _LONGEST_ENDING + 1):
            if word[-size:] in _ENDINGS and len(word) - size >= self.shortest:
                known = word[:-size]
                if known in self._rarity:
                    found.add(known)
        # the commonest neighbour wins: among code titles, as in notes, it is the likelier
        # (of equally common ones the first by the alphabet: the same in every process)
        return min(found, key=lambda meant: (self._rarity[meant], meant), default=None)

    def _with_damaged_ending(self, word: str) -> set[str]:
        """Return the stem of a word whose ending has an error, so that nothing cut it off."""
        damaged = _damaged_endings()
        for size in range(2, _LONGEST_DAMAGED + 1):
            replacement = damaged.get(word[-size:])
            if replacement is not None:
                meant = stem(word[:-size] + replacement)
                if len(meant) >= _SHORTEST_DAMAGED and meant in self._rarity:
                    return {meant}
        return set()


#: Last letters of other forms of a word.
_INFLECTED = frozenset("sdr")


class SmallWords:
    """Correct the small words of a note: those of cues and attributes, which name no disease.

    "concerned abolt", "biltaeral": the error hides a doubt or a side. Only what nothing knows is
    corrected, and only when one word alone is meant.

    Parameters
    ----------
    small : iterable of str
        Folded words of cues and attributes.
    is_known : function of a folded word
    """

    #: Shorter words are rather abbreviations and names.
    shortest = 5

    def __init__(self, small: Iterable[str], is_known: Callable[[str], bool]) -> None:
        self._small = frozenset(w for w in small if len(w) >= self.shortest)
        self._is_known = is_known
        #: By first and last letter, which another ending rather than an error would change
        #: ("closer" for "closed"), and the lengths of what may be meant; and by what is left
        #: without a last letter that inflects nothing.
        self._by_shape: dict[tuple[str, str, int], list[str]] = {}
        self._cut: dict[str, str] = {}
        for word in sorted(self._small):
            for size in range(len(word) - 1, len(word) + 2):
                self._by_shape.setdefault((word[0], word[-1], size), []).append(word)
            if word[-1] not in _INFLECTED:
                self._cut[word[:-1]] = word

    def correct(self, word: str) -> str | None:
        """Return the small word that `word` was meant to be, or None."""
        size = len(word)
        if size < self.shortest:
            return None
        alike, cut = self._by_shape.get((word[0], word[-1], size)), self._cut.get(word)
        if (alike is None and cut is None) or not word.isascii() or not word.isalpha():
            return None
        if word in self._small or self._is_known(word):
            return None
        meant = {known for known in alike or () if _is_near(word, known)}
        if cut is not None:
            meant.add(cut)
        return meant.pop() if len(meant) == 1 else None


def _shortened(word: str) -> list[str]:
    return [word[:i] + word[i + 1 :] for i in range(len(word))]


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


@cache
def _damaged_endings() -> dict[str, str]:
    """Return what one error makes of each ending of the stemmer, and what it was."""
    # the longest ending, and so the surest, keeps a form that several lead to
    endings = sorted((s for s, _ in SUFFIXES if len(s) > 2), key=lambda s: (-len(s), s))
    found: dict[str, str] = {}
    for ending in endings:
        for at in range(len(ending)):
            before, letter, behind = ending[:at], ending[at], ending[at + 1 :]
            wrong = [before + behind, before + behind[:1] + letter + behind[1:]]
            for other in ascii_lowercase:
                wrong += [before + other + behind, ending[: at + 1] + other + behind]
            for form in wrong:
                if len(form) > 1:
                    found.setdefault(form, ending)
    return {form: ending for form, ending in found.items() if form not in endings}


_LONGEST_ENDING = max(map(len, _ENDINGS))
_LONGEST_DAMAGED = max(len(ending) for ending, _ in SUFFIXES) + 1
