"""Sides that are stated in another sentence of the same problem.

"MRI LEFT SHOULDER ... Impression: rotator cuff tear": the side of a paired part of the body
holds for every mention of that part, as long as the note names only one. A note that speaks of one
side alone says so as a whole; what that decides is left to the choice of codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from codesuggest.extraction.attributes import Found
from codesuggest.extraction.tokens import TokenLists
from codesuggest.terminology.words import WordForms, read_csv

__all__ = ["PairedParts", "SideReading"]

DATA = Path(__file__).parent / "data"

#: Tokens between a side and its part: "left distal femoral", "knee, on the left".
_BEHIND, _BEFORE = 4, 4
#: A note speaks of one side when it states it this often, and no other.
_LEAST_STATED = 2


class PairedParts:
    """Regions of the body of which there are two, by the stems that name them.

    Parameters
    ----------
    forms : WordForms
        Of the aliases, so that a mention's stems can be looked up.
    """

    def __init__(self, forms: WordForms) -> None:
        self.region_of: dict[str, str] = {}
        for row in read_csv(DATA / "paired_parts.csv", ("part", "region")):
            stems = forms.stems(row["part"])
            if len(stems) == 1:
                self.region_of.setdefault(stems[0], row["region"])

    def regions(self, stems: Iterable[str]) -> set[str]:
        """Return the regions that `stems` name."""
        get = self.region_of.get
        return {region for stem in stems if (region := get(stem)) is not None}


class SideReading:
    """The sides that one note states of each region.

    Parameters
    ----------
    parts : PairedParts
    found : sequence of Found
        The note's attributes.
    tokens : TokenLists
    stems : sequence of sequences of str
        Of each token.

    Attributes
    ----------
    only : str
        The one side that the note speaks of, or ``""``.
    stated : tuple of str
        All sides that it speaks of, in order.
    """

    def __init__(
        self,
        parts: PairedParts,
        found: Iterable[Found],
        tokens: TokenLists,
        stems: Sequence[Sequence[str]],
    ) -> None:
        self._parts = parts
        self._sides: dict[str, dict[str, Found]] = {}
        stated = [a for a in found if a.name == "laterality"]
        self.stated = tuple(sorted({a.value for a in stated}))
        one = len({a.value for a in stated}) == 1 and len(stated) >= _LEAST_STATED
        self.only = stated[0].value if one else ""
        for attribute in stated:
            region = self._region(attribute, tokens, stems)
            if region is not None:
                self._sides.setdefault(region, {}).setdefault(attribute.value, attribute)

    @property
    def states_any(self) -> bool:
        """Whether the note states the side of any part."""
        return bool(self._sides)

    def of(self, core: Iterable[str], context: Iterable[str]) -> Found | None:
        """Return the one side that the note states of a mention's part, or None.

        Parameters
        ----------
        core, context : iterables of str
            Stems of the mention, and of its clause, which counts when the mention names no part.
        """
        regions = self._parts.regions(core) or self._parts.regions(context)
        sides = {
            side: found for r in sorted(regions) for side, found in self._sides.get(r, {}).items()
        }
        return next(iter(sides.values())) if len(sides) == 1 else None

    def _region(
        self, side: Found, tokens: TokenLists, stems: Sequence[Sequence[str]]
    ) -> str | None:
        """Return the region that a side is said of: of the nearest part, rather behind it."""
        here, region_of = side.first_token, self._parts.region_of
        behind = range(here + 1, min(here + 1 + _BEHIND, len(stems)))
        before = range(here - 1, max(here - 1 - _BEFORE, -1), -1)
        for places in (behind, before):
            for place in places:
                if tokens.sentences[place] != side.sentence:
                    break
                for stem in stems[place]:
                    if stem in region_of:
                        return region_of[stem]
        return None
