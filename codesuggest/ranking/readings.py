"""Readings: what each mention of a note may mean, and the codes that are worth a closer look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from codesuggest.extraction.documents import DocumentGuess
from codesuggest.ranking.candidates import CandidateTable
from codesuggest.ranking.note_features import Evidence
from codesuggest.schema import SYSTEMS
from codesuggest.terminology.grouping import group_sizes, group_starts, place_in, sorted_rows

__all__ = ["NoteTable", "Readings", "strongest"]

Array = np.ndarray[Any, Any]

#: Candidates of one mention that the note model looks at: of diagnoses, of procedures.
_PER_MENTION = (4, 6)
#: Diagnoses, and procedures, of one note that the note model looks at.
_PER_NOTE = 40


@dataclass(slots=True)
class Readings:
    """What each mention may mean: the best candidates of each mention, best first, in arrays.

    Attributes
    ----------
    mention, system, row, place : arrays of int, shape (n,)
    probability : array of float, shape (n,)
    margin : array of float, shape (n,)
        Above the mention's best other candidate.
    other : array of float, shape (n,)
        Probability of the mention's best other candidate in the same code system.
    features : array of float32, shape (n, n_candidate_features)
    """

    mention: Array
    system: Array
    row: Array
    place: Array
    probability: Array
    margin: Array
    other: Array
    features: Array

    @classmethod
    def of(cls, table: CandidateTable, probability: Array) -> Readings:
        """Order candidates and keep those that the note model looks at."""
        order = np.lexsort((-probability, table.mention))
        place = place_in(table.mention[order])
        kept = place < np.where(table.system[order] == 0, *_PER_MENTION)
        order, place = order[kept], place[kept]
        mention, system = table.mention[order], table.system[order].astype(np.int64)
        p = probability[order]
        other = np.empty(len(p))
        for position in range(len(SYSTEMS)):
            mine = (system == position).nonzero()[0]
            other[mine] = _best_other(mention[mine], p[mine])
        return cls(
            mention,
            system,
            table.row[order],
            place,
            p,
            p - _best_other(mention, p),
            other,
            table.features[order],
        )

    def by_mention(self) -> dict[int, list[tuple[int, int, float]]]:
        """Return (system position, row, probability) of all that each mention may mean."""
        rows = list(
            zip(self.system.tolist(), self.row.tolist(), self.probability.tolist(), strict=True)
        )
        starts = group_starts(self.mention)
        bounds = [*starts.tolist(), len(rows)]
        return {
            mention: rows[low:high]
            for mention, low, high in zip(
                self.mention[starts].tolist(), bounds, bounds[1:], strict=False
            )
        }


def _best_other(group: Array, p: Array) -> Array:
    """Return the highest of the others of its group for each element.

    The elements of a group stand together, the highest first.
    """
    first = group_starts(group)
    count = group_sizes(first, len(p))
    out = p[first].repeat(count)
    several = count > 1
    out[first] = 0.0
    out[first[several]] = p[first[several] + 1]
    return out


def strongest(readings: Readings, support: Array) -> tuple[list[tuple[int, int]], Array]:
    """Return the codes worth the note model's time, and the code of each support, -1 for none."""
    key = (readings.system[support] << 32) | readings.row[support]
    ranked, place = sorted_rows(key, np.arange(len(key)))
    first = group_starts(ranked)
    keys, code = ranked[first], np.empty(len(key), np.int64)
    code[place] = np.arange(len(first)).repeat(group_sizes(first, len(key)))
    diagnosis = keys >> 32 == 0
    if max(diagnosis.sum(), (~diagnosis).sum()) > _PER_NOTE:
        best = np.zeros(len(keys))
        np.maximum.at(best, code, readings.probability[support])
        order = np.lexsort((keys, -best, diagnosis))
        kept = np.sort(order[place_in(diagnosis[order]) < _PER_NOTE])
        number = np.full(len(keys), -1)
        number[kept] = np.arange(len(kept))
        keys, code = keys[kept], number[code]
    return [(int(k >> 32), int(k & 0xFFFFFFFF)) for k in keys.tolist()], code


@dataclass(slots=True)
class NoteTable:
    """The codes that a note's mentions may mean: keys are (system position, row)."""

    keys: list[tuple[int, int]]
    codes: list[tuple[int, str]]
    evidence: Evidence | None
    readings: Readings
    features: Array
    document: DocumentGuess
