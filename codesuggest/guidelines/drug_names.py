"""Drugs and classes of drugs as notes name them, with their subcategory of T36-T50."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from codesuggest.guidelines.patterns import Pattern
from codesuggest.terminology import drugs
from codesuggest.terminology.words import TOKEN, fold, read_csv

__all__ = [
    "ADVERSE_EFFECT",
    "POISONINGS",
    "UNDERDOSING",
    "DrugClass",
    "DrugNames",
    "Word",
    "words_of",
]

DATA = Path(__file__).parent / "data"
_COLUMNS = ("class", "stem", "drugs", "names", "narrower", "source")
#: The character behind the stem of a code; 1 to 4 are the intents of a poisoning.
ADVERSE_EFFECT, UNDERDOSING, POISONINGS = "5", "6", "1234"
#: Signs that a name may be written with or without.
_LOOSE = frozenset("-()\"'*[]#")

#: One token, folded, with its offsets.
Word = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class DrugClass:
    """One row: drugs that share a subcategory; `stem` is its code as ``T45.1X`` or ``T43.22``.

    A class word whose drug the note names elsewhere is coded as that drug, if the stem of the
    drug is covered by `narrower`.
    """

    name: str
    stem: str
    narrower: Pattern
    source: str

    def code(self, intent: str) -> str:
        """Return the code of the initial encounter for one intent, ``"1"`` to ``"6"``.

        Source: Official Guidelines I.A.4 and I.A.5, placeholder X and 7th character.
        """
        return f"{self.stem}{intent}".ljust(7, "X") + "A"

    @property
    def unnamed(self) -> bool:
        """Whether the words say no more than that it was a drug."""
        return self.stem.startswith("T50.9") and not self.stem.endswith("9")


class DrugNames:
    """The names of ``data/adverse_drugs.csv``, with the brands of the lexicon.

    Parameters
    ----------
    rows : iterable of (DrugClass, names)
        A name stands once.
    """

    def __init__(self, rows: Iterable[tuple[DrugClass, Iterable[str]]]) -> None:
        self._classes: dict[tuple[str, ...], DrugClass] = {}
        for row, names in rows:
            for name in names:
                words = tuple(word for word, _, _ in words_of(name))
                self._classes.setdefault(words, row)
        #: First words of the names, in the singular and the plural.
        self.heads = frozenset(f"{words[0]}{end}" for words in self._classes for end in ("", "s"))
        self._longest = max(map(len, self._classes), default=0)

    @classmethod
    def packaged(cls) -> DrugNames:
        """Read the table that ships with the package."""
        brands = {
            row["drug"]: tuple(_parts(row["brands"]))
            for row in read_csv(drugs.LEXICON, drugs.COLUMNS)
        }
        return cls(
            (
                DrugClass(row["class"], row["stem"], Pattern(row["narrower"]), row["source"]),
                [
                    *(name for drug in _parts(row["drugs"]) for name in (drug, *brands[drug])),
                    *_parts(row["names"]),
                ],
            )
            for row in read_csv(DATA / "adverse_drugs.csv", _COLUMNS)
        )

    def __contains__(self, name: str) -> bool:
        return self.find([word for word, _, _ in words_of(name)]) is not None

    def find(self, name: Sequence[str]) -> DrugClass | None:
        """Return the class that the folded words name, in the singular or the plural."""
        found = self._classes.get(tuple(name))
        if found is None and name and name[-1][-1:] == "s":
            found = self._classes.get((*name[:-1], name[-1][:-1]))
        return found

    def at(self, words: Sequence[Word], place: int) -> tuple[DrugClass, int] | None:
        """Return the drug whose name starts at a place, the longest, and the place behind it."""
        if place >= len(words) or words[place][0] not in self.heads:
            return None
        for stop in range(min(len(words), place + self._longest), place, -1):
            found = self.find([word for word, _, _ in words[place:stop]])
            if found is not None:
                return found, stop
        return None

    def ending(self, words: Sequence[Word]) -> tuple[DrugClass, int] | None:
        """Return the drug whose name ends the words, the longest, and the place of its start."""
        for start in range(max(0, len(words) - self._longest), len(words)):
            found = self.find([word for word, _, _ in words[start:]])
            if found is not None:
                return found, start
        return None

    def within(self, text: str, wanted: Pattern) -> DrugClass | None:
        """Return the one drug of a text whose stem is wanted; None when there are several."""
        words = list(words_of(text))
        found: dict[str, DrugClass] = {}
        place = 0
        while place < len(words):
            named = self.at(words, place)
            if named is not None and wanted.covers(named[0].stem) and not named[0].narrower:
                found.setdefault(named[0].stem, named[0])
            place = named[1] if named is not None else place + 1
        return next(iter(found.values())) if len(found) == 1 else None


def words_of(text: str, start: int = 0, stop: int | None = None) -> Iterator[Word]:
    """Yield the folded words of a stretch of text with their offsets, inner hyphens left out."""
    for match in TOKEN.finditer(text, start, len(text) if stop is None else stop):
        if match[0] not in _LOOSE or (match[0] == "-" and text[match.start() - 1].isspace()):
            yield fold(match[0]), match.start(), match.end()


def _parts(field: str) -> Iterator[str]:
    return filter(None, field.split("|"))
