"""The choice of members: which code of each candidate's family the mention's attributes mean.

What a family answers depends on its code and on keys of attributes only, and is remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from codesuggest.ranking.members import (
    attribute_values,
    axis_agreement,
    select_members,
    wanted_axes,
)
from codesuggest.ranking.taken_for_granted import stated
from codesuggest.terminology.code_system import CodeSystem, axes_of

__all__ = ["Choice", "MemberChoice", "Said"]

Array = np.ndarray[Any, Any]
_Pairs = tuple[tuple[str, str], ...]

#: What is wanted of a family where the mention has no attributes.
_NOTHING_ASKED = wanted_axes({})
#: Answers that are remembered.
_MOST_KNOWN = 200_000


@dataclass(slots=True)
class Said:
    """A mention's attributes, the axes of ICD-10-CM families that they decide, and if any.

    `stated` is what wordings of diagnoses may take for granted: side, spine, acuity.
    """

    values: dict[str, str]
    values_key: _Pairs
    wanted: dict[str, str]
    wanted_key: _Pairs
    asks: bool
    stated: tuple[int, int, int]


@dataclass(slots=True)
class Choice:
    """The members of candidates' families.

    Attributes
    ----------
    row : array of int, shape (n,)
        The member's row in the table of its system.
    fit, axes_met, axes_against : arrays of float32, shape (n,)
        The features of these names.
    doubled : list of (int, int)
        Positions of candidates that stand for one more code, and its row: both sides are meant
        and there is no bilateral code.
    """

    row: Array
    fit: Array
    axes_met: Array
    axes_against: Array
    doubled: list[tuple[int, int]]


class MemberChoice:
    """Pick each family's member by the mention's attributes, else by the note's one side.

    Parameters
    ----------
    systems : sequence of CodeSystem
        ICD-10-CM first.
    """

    def __init__(self, systems: Sequence[CodeSystem]) -> None:
        self._systems = systems
        self._open = np.concatenate(
            [
                _has_choice(systems[0]),
                *([bool(text) for text in system.axis_texts] for system in systems[1:]),
            ]
        )
        self._members: dict[tuple[int, _Pairs], tuple[list[int], float]] = {}
        self._agreement: dict[tuple[str, _Pairs], tuple[int, int]] = {}
        self._said: dict[tuple[str, _Pairs], Said] = {}

    def said(self, attributes: Iterable[Any], side: str) -> Said:
        """Return what a mention's attributes ask for.

        Parameters
        ----------
        attributes : iterable of objects with `name` and `value`
            The first of a name counts.
        side : str
            The one side that the note speaks of, empty for none.
        """
        key = (side, tuple([(a.name, a.value) for a in attributes]))
        known = self._said.get(key)
        if known is None:
            known = self._said[key] = _said(key[1], side)
        return known

    def __call__(
        self, said: Sequence[Said], who: Array, system: Array, row: Array, number: Array
    ) -> Choice:
        """Choose members.

        Parameters
        ----------
        said : sequence of Said
            Of each mention.
        who, system, row, number : arrays of int, shape (n,)
            Mention, system and row of each candidate, and the place of its code among all.
        """
        # a code without siblings or axes is what it is, whatever the attributes say, and an
        # alias's own code is what is meant when they say nothing
        asks = np.array([[s.asks, bool(s.values)] for s in said])[who]
        diagnosis = system == 0
        open_to = np.where(diagnosis, asks[:, 0], asks[:, 1]) & self._open[number]
        fit, met, against = np.zeros((3, len(row)), np.float32)
        choice = Choice(row.copy(), fit, met, against, [])
        self._choose_diagnoses(choice, (diagnosis & open_to).nonzero()[0], said, who)
        at = (open_to & ~diagnosis).nonzero()[0]
        if len(at):
            agreements = [
                self._agreement_of(self._systems[s].axis_texts[r], said[q])
                for s, r, q in zip(
                    system[at].tolist(), row[at].tolist(), who[at].tolist(), strict=True
                )
            ]
            choice.axes_met[at], choice.axes_against[at] = np.array(agreements).T
        for cache in (self._members, self._agreement, self._said):
            if len(cache) > _MOST_KNOWN:
                cache.clear()
        return choice

    def _choose_diagnoses(
        self, choice: Choice, at: Array, said: Sequence[Said], who: Array
    ) -> None:
        if not len(at):
            return
        found = [
            self._members_for(r, said[q])
            for r, q in zip(choice.row[at].tolist(), who[at].tolist(), strict=True)
        ]
        choice.row[at] = [members[0] for members, _ in found]
        choice.fit[at] = [fit for _, fit in found]
        choice.doubled += [
            (number, other)
            for number, (members, _) in zip(at.tolist(), found, strict=True)
            for other in members[1:]
        ]

    def _members_for(self, row: int, said: Said) -> tuple[list[int], float]:
        key = (row, said.wanted_key)
        known = self._members.get(key)
        if known is None:
            known = self._members[key] = select_members(self._systems[0], row, said.wanted)
        return known

    def sided(self, row: int, said: Said, side: str) -> list[int]:
        """Return the members of a diagnosis's family on one side, that a mention may mean."""
        wanted = {**said.wanted, "laterality": side}
        key = (row, tuple(sorted(wanted.items())))
        known = self._members.get(key)
        if known is None:
            known = self._members[key] = select_members(self._systems[0], row, wanted)
        return known[0]

    def _agreement_of(self, axes: str, said: Said) -> tuple[int, int]:
        key = (axes, said.values_key)
        known = self._agreement.get(key)
        if known is None:
            known = self._agreement[key] = axis_agreement(axes_of(axes), said.values)
        return known


def _said(attributes: _Pairs, side: str) -> Said:
    values = attribute_values(attributes)
    wanted = wanted_axes(values)
    if side:
        wanted.setdefault("laterality", side)
    return Said(
        values,
        tuple(sorted(values.items())),
        wanted,
        tuple(sorted(wanted.items())),
        wanted != _NOTHING_ASKED,
        stated(values, wanted.get("laterality", "")),
    )


def _has_choice(icd: CodeSystem) -> Array:
    """Return which diagnoses attributes can change or contradict: with siblings or a side."""
    _, family, count = np.unique(icd.families, return_inverse=True, return_counts=True)
    chosen: Array = (count[family] > 1) | icd.has_axis("laterality")
    return chosen
