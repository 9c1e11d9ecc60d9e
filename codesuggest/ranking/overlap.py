"""Overlap: the words that a mention, its surroundings and its note share with near aliases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from codesuggest.ranking.near import JointIndex, NearBags, Words

__all__ = ["NoteWords", "Overlap"]

Array = np.ndarray[Any, Any]


class NoteWords(Protocol):
    """The stems of a note and of its procedure titles, and the one side that it speaks of."""

    stems: list[str]
    title_stems: list[str]
    side: str


@dataclass(slots=True)
class Overlap:
    """Rarity of what near bags share with their query, each of shape (n_near,)."""

    core: Array
    context: Array
    total: Array
    in_note: Array
    in_title: Array

    @classmethod
    def of(cls, index: JointIndex, words: Words, near: NearBags, note: NoteWords | None) -> Overlap:
        """Add up the words of every bag, over the flat list of the bags' words."""
        flat, starts = index.words_of(near.bag)
        n_words = index.n_words
        kind = np.zeros((len(words), n_words), np.int8)
        kind[words.query(), words.ids] = np.where(words.own, 1, 2)
        kinds = kind[np.repeat(near.query, index.bag_size[near.bag]), flat]
        rarity = index.idf[flat]
        columns = np.zeros((len(flat), 5), np.float64)
        columns[:, 0] = np.where(kinds == 1, rarity, 0)
        columns[:, 1] = np.where(kinds == 2, rarity, 0)
        columns[:, 2] = rarity
        if note is not None:
            has, titled = np.zeros((2, n_words), np.float32)
            has[index.all_ids(note.stems)] = 1
            titled[index.all_ids(note.title_stems)] = 1
            columns[:, 3] = rarity * has[flat]
            columns[:, 4] = rarity * titled[flat]
        core, context, total, in_note, in_title = np.add.reduceat(columns, starts).T
        return cls(core, context, total, np.maximum(in_note, core + context), in_title)
