"""Search over the wordings of a user's own release, beside what the model knows."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.aliases import Alias
from codesuggest.terminology.words import WordForms

if TYPE_CHECKING:
    from codesuggest.terminology.own_release import OwnRelease

__all__ = ["OwnWordings"]

#: A wording must hold at least this much of the query (cosine of rarity-weighted stems).
_LEAST = 0.3
#: Reciprocal ranks are damped by this, so that two middling places beat one good one.
_DAMPING = 3.0


class OwnWordings:
    """Titles and synonyms of the user's release.

    For ICD-10-CM only those of codes that the model has never seen; CPT and HCPCS are worded
    anew by their publishers' files, so there all of them.
    """

    def __init__(self, system: OwnRelease) -> None:
        self._system = system

    def merged(self, hits: list[str], words: str, top_k: int) -> list[str]:
        """Join the model's hits with our own; those that both have come first."""
        near = self._near(words, top_k)
        exact = {code for code, cosine in near.items() if cosine > 0.999}
        score: dict[str, float] = {}
        for ranked in (hits, list(near)):
            for place, code in enumerate(ranked):
                score[code] = score.get(code, 0.0) + 1 / (_DAMPING + place)
        order = sorted(score, key=lambda code: (code not in exact, -score[code], code))
        return order[:top_k]

    def _near(self, words: str, top_k: int) -> dict[str, float]:
        index = self._index
        if index is None:
            return {}
        ids = index.ids(index.forms.bag(words))
        if not ids:
            return {}
        ((bags, cosines),) = index.near([ids], 2 * top_k)
        found: dict[str, float] = {}
        for bag, cosine in zip(bags.tolist(), cosines.tolist(), strict=True):
            if cosine >= _LEAST:
                for entry in index.entries(bag):
                    found.setdefault(self._system.codes[int(index.entry_row[entry])], cosine)
        return found

    @cached_property
    def _index(self) -> AliasIndex | None:
        system = self._system
        first = system.n_shipped if system.system == "ICD-10-CM" else 0
        aliases = [
            Alias(text, system.system, row, "title")
            for row in range(first, len(system.codes))
            if system.billable[row]
            for text in (system.titles[row], *system.wordings.get(system.codes[row], ()))
        ]
        return AliasIndex.build(aliases, WordForms.packaged()) if aliases else None
