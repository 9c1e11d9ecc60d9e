"""Overlap: the words that a mention, its surroundings and its note share with near aliases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from codesuggest.ranking.near import JointIndex, NearBags, Words

__all__ = ["NoteWords", "Overlap"]

Array = np.ndarray[Any, Any]


class NoteWords(Protocol):
    """The stems of a note and of its procedure titles, and the sides that it speaks of."""

    side: str
    sides: tuple[str, ...]

    @property
    def stems(self) -> list[str]:
        """The note's distinct stems."""
        ...

    @property
    def title_stems(self) -> list[str]:
        """Those of its procedure titles."""
        ...

    @property
    def past(self) -> Sequence[bool]:
        """Whether each mention is of something that the note calls past."""
        ...

    @property
    def of_family(self) -> Sequence[bool]:
        """Whether each mention is of a relative."""
        ...


@dataclass(slots=True)
class Overlap:
    """Rarity of what near bags share with their query, each of shape (n_near,)."""

    core: Array
    context: Array
    total: Array
    in_note: Array
    in_title: Array

    @classmethod
    def of(
        cls,
        index: JointIndex,
        words: Words,
        near: NearBags,
        of_note: Array | None = None,
        of_title: Array | None = None,
    ) -> Overlap:
        """Add up the words of every bag, over the flat list of the bags' words.

        Parameters
        ----------
        index : JointIndex
        words : Words
        near : NearBags
        of_note, of_title : arrays of bool, shape (n_words,), optional
            Words of the note, and of its procedure titles.
        """
        flat, starts = index.words_of(near.bag)
        # the few words of the queries get numbers of their own: the table stays small
        number = np.zeros(index.n_words, np.int32)
        number[words.ids] = np.arange(1, len(words.ids) + 1)
        own_or_around = np.zeros((len(words), len(words.ids) + 1), np.int8)
        own_or_around[words.query, number[words.ids]] = np.where(words.own, 1, 2)
        kind = own_or_around[near.query.repeat(index.bag_size[near.bag]), number[flat]]
        rarity = index.idf[flat].astype(np.float64)

        def total(chosen: Array) -> Array:
            added: Array = np.add.reduceat(rarity * chosen, starts)
            return added

        core, context = total(kind == 1), total(kind == 2)
        in_note = core + context
        in_title = np.zeros_like(core)
        if of_note is not None:
            in_note = np.maximum(total(of_note[flat]), in_note)
        if of_title is not None:
            in_title = total(of_title[flat])
        return cls(core, context, index.bag_rarity[near.bag], in_note, in_title)
