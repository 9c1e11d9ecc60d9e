"""Abbreviations that mean several things: MS, RA, PT, CA. The note around them decides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from codesuggest.terminology.words import DATA, fold, read_csv

__all__ = ["COLUMNS", "AmbiguousAbbreviations", "Sense"]

COLUMNS = ("abbreviation", "expansion", "code", "context", "default")


@dataclass(frozen=True, slots=True)
class Sense:
    """One meaning; `context` are words of which some should stand in the note."""

    expansion: str
    code: str
    context: tuple[str, ...]
    default: bool


class AmbiguousAbbreviations:
    """Senses by folded abbreviation."""

    def __init__(self, senses: dict[str, tuple[Sense, ...]]) -> None:
        self.senses = senses

    @classmethod
    def packaged(cls, path: Path = DATA / "lexicon" / "ambiguous.csv") -> AmbiguousAbbreviations:
        """Read ``data/lexicon/ambiguous.csv``."""
        senses: dict[str, list[Sense]] = {}
        for row in read_csv(path, COLUMNS):
            senses.setdefault(fold(row["abbreviation"]), []).append(
                Sense(
                    row["expansion"],
                    row["code"],
                    tuple(filter(None, row["context"].split("|"))),
                    row["default"] == "1",
                )
            )
        return cls({key: tuple(found) for key, found in senses.items()})

    def choose(self, abbreviation: str, lower_text: str, *, shouting: bool = False) -> Sense | None:
        """Return the sense that the text supports best, else the default, else None.

        Parameters
        ----------
        abbreviation : str
            Folded.
        lower_text : str
            The whole note in lower case.
        shouting : bool
            The note is all capitals: capitals say nothing, so no default is taken.
        """
        best: Sense | None = None
        most = 0
        for sense in self.senses.get(abbreviation, ()):
            support = sum(word in lower_text for word in sense.context)
            if support > most:
                best, most = sense, support
            elif support == most and most and sense.default:
                best = sense
        if best is None and not shouting:
            best = next((s for s in self.senses.get(abbreviation, ()) if s.default), None)
        return best
