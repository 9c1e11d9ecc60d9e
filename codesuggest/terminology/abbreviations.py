"""Words that mean several things: MS, RA, PT, CA, reflux. The note around them decides."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from codesuggest.terminology.words import DATA, fold, read_csv, tokenize

__all__ = ["COLUMNS", "AmbiguousAbbreviations", "Sense"]

COLUMNS = ("abbreviation", "expansion", "code", "context", "default")


#: Words, units and titles: where everything is in capitals they are not taken for abbreviations.
_WORDS = frozenset({
    "add", "an", "ap", "as", "at", "be", "bed", "bs", "cm", "crest", "doe", "ed", "epi", "ha",
    "he", "hit", "hs", "loc", "md", "mg", "mm", "mr", "nc", "ng", "pac", "pad", "pm", "post",
    "rad", "sad", "se", "si", "sud", "tab", "va", "vs",
})  # fmt: skip
_CAPITALS = re.compile(r"\b[A-Z]{2,6}\b")


@dataclass(frozen=True, slots=True)
class Sense:
    """One meaning; `context` are phrases, each with its first word; some should be in the note."""

    expansion: str
    code: str
    context: tuple[tuple[str, str], ...]
    default: bool


class AmbiguousAbbreviations:
    """Senses by folded abbreviation.

    Parameters
    ----------
    senses : mapping of folded abbreviation to its senses
    any_case : container of str
        Those that are words (the table has them in lower case); the others only count where the
        note has them in capitals.
    """

    def __init__(
        self, senses: dict[str, tuple[Sense, ...]], any_case: Container[str] = frozenset()
    ) -> None:
        self.senses = senses
        self.any_case = any_case

    @classmethod
    def packaged(cls, path: Path = DATA / "lexicon" / "ambiguous.csv") -> AmbiguousAbbreviations:
        """Read ``data/lexicon/ambiguous.csv``."""
        senses: dict[str, list[Sense]] = {}
        any_case = set()
        for row in read_csv(path, COLUMNS):
            if row["abbreviation"].islower():
                any_case.add(fold(row["abbreviation"]))
            senses.setdefault(fold(row["abbreviation"]), []).append(
                Sense(
                    row["expansion"],
                    row["code"],
                    tuple(
                        (tokenize(phrase)[0], phrase)
                        for phrase in row["context"].split("|")
                        if tokenize(phrase)
                    ),
                    row["default"] == "1",
                )
            )
        return cls({key: tuple(found) for key, found in senses.items()}, any_case)

    def spelled_out(self, term: str, *, usual: bool = True) -> str:
        """Return a wording with its abbreviations in capitals in the sense that it gives them.

        So is a note read before anything is looked for: "AV fistula" as "arteriovenous fistula".
        What no other word of the wording decides stays as it is, unless the usual sense is a
        disease and `usual` allows it.
        """
        lower = term.lower()
        words = frozenset(tokenize(term))

        def meant(match: re.Match[str]) -> str:
            word = match.group().lower()
            if word in self.any_case:
                return match.group()
            sense = self._supported(word, lower, words)
            if sense is None and usual:
                sense = self._usual(word)
                sense = sense if sense is not None and sense.code else None
            return sense.expansion if sense is not None else match.group()

        return _CAPITALS.sub(meant, term)

    def choose(
        self,
        abbreviation: str,
        lower_text: str,
        words: Container[str],
        *,
        shouting: bool = False,
    ) -> Sense | None:
        """Return the sense that the text supports best, else the default, else None.

        Parameters
        ----------
        abbreviation : str
            Folded.
        lower_text : str
            The whole note in lower case.
        words : container of str
            The note's folded words.
        shouting : bool
            The note is all capitals: what is also a word has no default then.
        """
        best = self._supported(abbreviation, lower_text, words)
        if best is None and not (shouting and abbreviation in _WORDS):
            best = self._usual(abbreviation)
        return best

    def _supported(self, abbreviation: str, lower_text: str, words: Container[str]) -> Sense | None:
        """Return the sense that the text supports best; of equal ones the usual one."""
        best: Sense | None = None
        most = 0
        for sense in self.senses.get(abbreviation, ()):
            support = sum(
                first in words and (first == phrase or phrase in lower_text)
                for first, phrase in sense.context
            )
            if support > most:
                best, most = sense, support
            elif support == most and most and sense.default:
                best = sense
        return best

    def _usual(self, abbreviation: str) -> Sense | None:
        return next((s for s in self.senses.get(abbreviation, ()) if s.default), None)
