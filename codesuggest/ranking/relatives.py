"""Relatives: codes that words near a mention do not name, but the rest of its note supports.

*Neighbours* are codes of the same category whose words stand elsewhere in the note: "non-small
cell carcinoma of the lung ... resected from the left lower lobe", "a vertebra was augmented ...
the same was done at the next level". The category of a procedure is its code's first four digits.
A *history* is the code that reports a disease which the note says is past ("breast cancer in 2016,
treated"), or of a relative, and what a past operation left behind ("coronary bypass in 2009").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from codesuggest.ranking.near import JointIndex, NearBags
from codesuggest.terminology.aliases import SOURCES
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.grouping import flat_rows, group_sizes, group_starts, place_in
from codesuggest.terminology.history_codes import (
    family_history,
    personal_history,
    procedure_status,
)

__all__ = ["RELATIVE", "Relatives"]

Array = np.ndarray[Any, Any]

#: Place of a relative among near bags.
RELATIVE = 31
#: Characters of a code that name its category: of diagnoses, and of procedures.
_CATEGORY = (3, 4)
#: Families that a category suggests, those of the mention itself among them.
_MOST_FAMILIES = 4
#: Categories of a note that are looked at.
_MOST_CATEGORIES = 36
#: What a word of an alias that the note lacks costs, as a share of what one that it has brings.
_LACKING = 0.5


class Relatives:
    """Find relatives of what mentions found first.

    Parameters
    ----------
    index : JointIndex
    systems : sequence of CodeSystem
        Those of the index, in its order: ICD-10-CM, then CPT and the others.
    """

    def __init__(self, index: JointIndex, systems: Sequence[CodeSystem]) -> None:
        self._index = index
        icd = systems[0]
        first_row = np.cumsum([0, *(len(system.codes) for system in systems)])
        grouped = systems[: len(_CATEGORY)]
        category_names = [
            f"{number}{code[:size]}"
            for number, (system, size) in enumerate(zip(grouped, _CATEGORY, strict=False))
            for code in system.codes
        ]
        #: The category of each code of the systems that have any.
        self._category = np.unique(category_names, return_inverse=True)[1]
        # a procedure is a family of its own: what tells it from its neighbours are its words
        families = np.concatenate(
            [icd.families, np.arange(first_row[len(grouped)] - len(icd.codes))]
        )
        entry = np.flatnonzero(index.entry_system < len(grouped))
        self._first_row = first_row
        row = first_row[index.entry_system[entry]] + index.entry_row[entry]
        bag = np.repeat(np.arange(len(index.bag_size)), np.diff(index.entry_start))[entry]
        order = np.lexsort((bag, families[row], self._category[row]))
        category, family = self._category[row[order]], families[row[order]]
        #: Bags by category and family, their words and how rare these are: what a category
        #: holds lies together. Then where each bag, family and category begins.
        self._bag = bag[order]
        self._words, starts = index.words_of(self._bag)
        self._rarity = index.idf[self._words]
        self._bag_start = np.append(starts, len(self._words))
        starts = group_starts(category * (1 + int(families.max())) + family)
        self._family_start = np.append(starts, len(order))
        n_categories = 1 + int(self._category.max())
        self._category_start = np.searchsorted(category[starts], np.arange(n_categories + 1))
        source = index.entry_source[entry]
        titled = np.isin(source, [SOURCES.index("title"), SOURCES.index("residual")])
        titled &= index.entry_system[entry] == 0
        #: The bag of the title of each diagnosis; the last is that of none.
        title_bag = np.full(len(icd.codes) + 1, -1)
        title_bag[row[titled]] = bag[titled]
        past = [personal_history(icd), *(_none(system) for system in systems[1:])]
        if len(systems) > 1:
            past[1] = procedure_status(icd, systems[1])
        family = [family_history(icd), *(_none(system) for system in systems[1:])]
        #: The histories of the first meaning of each bag, as bags, -1 for none.
        meant = index.entry_start[:-1]
        meant = first_row[index.entry_system[meant]] + index.entry_row[meant]
        self._past_bag: Array = title_bag[np.concatenate(past)[meant]]
        self._family_bag: Array = title_bag[np.concatenate(family)[meant]]
        # "family history of breast cancer" is what it says
        own = (meant < len(icd.codes)) & (np.concatenate(family)[meant] == meant)
        self._family_bag[own] = own.nonzero()[0]

    def has_family_history(self, bag: int) -> bool:
        """Tell whether a code reports what a bag means of a relative."""
        return bool(self._family_bag[bag] >= 0)

    def has_past(self, bag: int) -> bool:
        """Tell whether a code reports what a bag means once it is past."""
        return bool(self._past_bag[bag] >= 0)

    def __call__(
        self, near: NearBags, own: Array, known: Array, past: Array, family: Array
    ) -> NearBags:
        """Add the relatives to near bags, behind the others of each query.

        Parameters
        ----------
        near : NearBags
        own : array of int, shape (n_queries,)
            The bag that a query equals, -1 for none.
        known : array of bool, shape (n_words,)
            Words of the note.
        past, family : arrays of bool, shape (n_queries,)
            The mention is of something past, or of a relative: then, if a code reports that,
            nothing else remains.
        """
        index = self._index
        if family.any():
            family = family & (own >= 0)
            family[family] = self._family_bag[own[family]] >= 0
            kept = ~family[near.query]
            near = NearBags(near.query[kept], near.bag[kept], near.score[kept], near.place[kept])
        first = near.place == 0
        query, bag = near.query[first], near.bag[first]
        exact = own[query] >= 0
        bag = np.where(exact, own[query], bag)
        history = self._past_bag[bag]
        ended = (past[query] & (history >= 0)).nonzero()[0]
        entry = index.entry_start[bag]
        row = self._first_row[index.entry_system[entry]] + index.entry_row[entry]
        grouped = (row < len(self._category)).nonzero()[0]
        asking, row = query[grouped], row[grouped]
        by_certainty = (~exact[grouped]).argsort(kind="stable")
        asking, found = self._neighbours(asking[by_certainty], row[by_certainty], known)
        related = family.nonzero()[0]
        more = np.concatenate([asking, query[ended], related])
        bags = np.concatenate([found, history[ended], self._family_bag[own[related]]])
        place = np.full(len(more), RELATIVE)
        query = np.concatenate([near.query, more])
        order = query.argsort(kind="stable")
        return NearBags(
            query[order],
            np.concatenate([near.bag, bags])[order],
            np.concatenate([near.score, np.zeros(len(more), near.score.dtype)])[order],
            np.concatenate([near.place, place])[order],
        )

    def _neighbours(self, query: Array, row: Array, known: Array) -> tuple[Array, Array]:
        """Return pairs of query and bag: of each category the families that the note supports."""
        if not len(query):
            return query, query
        category, first = np.unique(self._category[row], return_index=True)
        chosen = first.argsort()[:_MOST_CATEGORIES]
        category, query = category[chosen], query[first[chosen]]
        families = self._category_start[category], self._category_start[category + 1]
        bags = self._family_start[families[0]], self._family_start[families[1]]
        words = self._bag_start[bags[0]], self._bag_start[bags[1]]
        factor = np.where(known[_joined(self._words, words)], np.float32(1), -_LACKING)
        value = np.add.reduceat(
            _joined(self._rarity, words) * factor, _starts(self._bag_start, bags)
        )
        family_starts = _starts(self._family_start, families)
        best = np.maximum.reduceat(value, family_starts)
        which = np.arange(len(category)).repeat(families[1] - families[0])
        order = np.lexsort((-best, which))
        order = order[place_in(which[order]) < _MOST_FAMILIES]
        # of each of these the first bag at its best
        bounds = np.append(family_starts, len(value))
        values, starts = flat_rows(bounds, value, order)
        sizes = group_sizes(starts, len(values))
        at_best = (values == best[order].repeat(sizes)).nonzero()[0]
        family_of = np.arange(len(order)).repeat(sizes)[at_best]
        at = at_best[group_starts(family_of)] - starts + bounds[order]
        return query[which[order]], _joined(self._bag, bags)[at]


def _none(system: CodeSystem) -> Array:
    return np.full(len(system.codes), -1, np.int32)


def _joined(values: Array, bounds: tuple[Array, Array]) -> Array:
    """Put several slices of an array, from and to the bounds given, one after the other."""
    low, high = bounds[0].tolist(), bounds[1].tolist()
    return np.concatenate([values[a:b] for a, b in zip(low, high, strict=True)])


def _starts(starts: Array, bounds: tuple[Array, Array]) -> Array:
    """Return where rows begin once slices of the rows are put one after the other.

    Parameters
    ----------
    starts : array of int, shape (n_rows + 1,)
        Where they begin now.
    bounds : tuple of arrays
        First row of each slice, and the row behind its last.
    """
    first, end = bounds
    begin = starts[first]
    sizes = starts[end] - begin
    moved = sizes.cumsum() - sizes - begin
    joined: Array = _joined(starts, bounds) + moved.repeat(end - first)
    return joined
