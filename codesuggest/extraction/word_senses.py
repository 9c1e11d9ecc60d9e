"""What a word means in its note, decided before mentions are looked for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable

from codesuggest.extraction.list_marks import list_marks
from codesuggest.extraction.tokens import TokenLists, WordMarks
from codesuggest.terminology.abbreviations import AmbiguousAbbreviations, Sense
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.words import NAMED_SIDES, STOP_WORDS

__all__ = ["WordSenses"]

#: Pairs of neighbours that are remembered.
_MOST_PAIRS = 100_000
#: Characters before and behind a word that decide what it means.
_NEAR = 280
_LITTLE = frozenset({"in", "of", "the", "a", "an", "on"})
#: Tokens on each side among which the neighbour of a word is.
_OVER = 3
_SIDES = frozenset({"left", "right"})
#: What is renamed to this says nothing: the number of a list item, an age.
_SAYS_NOTHING = "#"
#: Words that end an age, and its units.
_OLD = frozenset({"old", "yo", "y/o"})
_AGE_UNITS = frozenset({
    "year", "years", "yr", "yrs", "y", "month", "months", "mo", "week", "weeks", "wk", "wks",
    "day", "days", "yo", "y/o",
})  # fmt: skip


class WordSenses:
    """Give ambiguous words their sense.

    Parameters
    ----------
    stems : function of a folded word
    indexes : iterable of AliasIndex
        A word that makes an alias with its neighbour is not ambiguous.
    """

    def __init__(
        self, stems: Callable[[str], tuple[str, ...]], indexes: Iterable[AliasIndex]
    ) -> None:
        self._stems = stems
        self._indexes = tuple(indexes)
        self._ambiguous = AmbiguousAbbreviations.packaged()
        self._aliases: dict[tuple[str, str], bool] = {}
        self._marks = WordMarks(
            {
                "senses": self._ambiguous.senses,
                "side": _SIDES,
                "old": _OLD,
            }
        )

    def __call__(self, text: str, tokens: TokenLists) -> None:
        """Put in place of a word what it means here.

        Ambiguous abbreviations and words get their sense; "left" and "right" are marked where
        they are part of a name; the numbers of list items and an age say nothing.
        """
        words, changed = tokens.words, {}
        tokens.rename(dict.fromkeys(list_marks(text, tokens), _SAYS_NOTHING))
        marked = self._marks.of(tokens)
        for i in marked.places("old"):
            # "six-year-old", "3 yo"
            unit = next((j for j in (i, i - 1, i - 2) if j > 0 and words[j] in _AGE_UNITS), 0)
            if unit:
                number = unit - 2 if words[unit - 1] == "-" and unit > 1 else unit - 1
                changed.update(dict.fromkeys((number, unit, i), _SAYS_NOTHING))
        for i in marked.places("side"):
            if words[i + 1 : i + 2] and words[i + 1] in NAMED_SIDES:
                changed[i] = f"{words[i]}~"
        found = [i for i in marked.places("senses") if self._has_senses(text, tokens, i)]
        if found:
            self._choose(text, tokens, found, changed)
        if changed:
            tokens.rename(changed)

    def _choose(
        self, text: str, tokens: TokenLists, places: list[int], changed: dict[int, str]
    ) -> None:
        """Write down the senses of the words at `places`.

        An abbreviation means the same wherever it stands; a word is read by what is near.
        """
        words, any_case, lower = tokens.words, self._ambiguous.any_case, text.lower()
        shouting = sum(map(str.islower, text[:600])) < 30
        present = frozenset(words)
        known: dict[str, Sense | None] = {}
        for place in places:
            word = words[place]
            if word in any_case:
                low, high = max(0, tokens.starts[place] - _NEAR), tokens.starts[place] + _NEAR
                around = words[bisect_left(tokens.starts, low) : bisect_left(tokens.starts, high)]
                sense = self._ambiguous.choose(word, lower[low:high], frozenset(around))
            else:
                if shouting and word in STOP_WORDS:
                    # in capitals all through, "AS" is the little word
                    continue
                if word not in known:
                    known[word] = self._ambiguous.choose(word, lower, present, shouting=shouting)
                sense = known[word]
            if sense is not None:
                changed[place] = f"{word}={sense.expansion}"

    def _has_senses(self, text: str, tokens: TokenLists, place: int) -> bool:
        """Tell whether the note must decide what an ambiguous word means.

        An abbreviation counts in capitals, and where no neighbour makes the word clear: "reflux"
        and "PPD", but neither "reflux nephropathy" nor "PPD placed".
        """
        words = tokens.words
        capitals = text[tokens.starts[place] : tokens.ends[place]].isupper()
        if not capitals and words[place] not in self._ambiguous.any_case:
            return False
        word = words[place]
        beside = (self._beside(words, place, -1), self._beside(words, place, 1))
        return not any(self._makes_alias(word, neighbour) for neighbour in beside)

    def _beside(self, words: list[str], place: int, step: int) -> str:
        """Return the neighbour on one side, over little words: "stone in the ureter"."""
        for _ in range(_OVER):
            place += step
            if not 0 <= place < len(words):
                break
            if words[place] not in _LITTLE:
                return words[place]
        return ""

    def _makes_alias(self, word: str, neighbour: str) -> bool:
        known = self._aliases.get((word, neighbour))
        if known is None:
            own, stems = self._stems(word), self._stems(neighbour)
            known = bool(stems) and stems != own
            known = known and any(i.find_bag((*own, *stems)) >= 0 for i in self._indexes)
            if len(self._aliases) < _MOST_PAIRS:
                self._aliases[word, neighbour] = known
        return known
