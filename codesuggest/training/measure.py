"""Measures of suggestions against coded notes.

`must` codes count, each satisfied by itself or an alternative of its own; `acceptable` ones
neither help nor hurt (lenient precision counts them as right). A note without suggestions scores
its misses; it never vanishes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from codesuggest.training.corpora import CodedNote
from codesuggest.training.matching import free_codes, satisfied

__all__ = ["Scores", "best_point", "calibration_error", "score_predictions", "score_sets"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Scores:
    """Micro-averaged figures over notes, all in [0, 1] but `notes`."""

    precision: float
    recall: float
    f1: float
    lenient_precision: float
    operating_point: float
    ece: float
    notes: int

    def to_dict(self) -> dict[str, float]:
        """Return plain data, rounded to three places."""
        return {k: round(v, 3) for k, v in asdict(self).items()}


def score_sets(
    predicted: Sequence[Collection[str]],
    notes: Sequence[CodedNote],
    system: str,
    operating_point: float = 0.0,
    ece: float = 0.0,
) -> Scores:
    """Score the codes suggested for each note."""
    hits = false = missed = lenient = total = 0
    for codes, note in zip(predicted, notes, strict=True):
        suggested, free = set(codes), free_codes(note, system)
        n_right = len(satisfied(note, system, sorted(suggested)))
        hits += n_right
        missed += len(note.codes(system)) - n_right
        false += len(suggested - free)
        lenient += len(suggested & free)
        total += len(suggested)
    precision = hits / max(hits + false, 1)
    recall = hits / max(hits + missed, 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return Scores(precision, recall, f1, lenient / max(total, 1), operating_point, ece, len(notes))


def score_predictions(
    keys: Sequence[tuple[int, str, str]],
    confidences: Array,
    notes: Sequence[CodedNote],
    system: str,
    point: float,
    chosen: Collection[int] | None = None,
) -> Scores:
    """Score ``(note number, system, code)`` keys at an operating point."""
    numbers = sorted(chosen) if chosen is not None else range(len(notes))
    place = {n: i for i, n in enumerate(numbers)}
    predicted: list[set[str]] = [set() for _ in place]
    right, sure = [], []
    gold = {n: (notes[n].codes(system), notes[n].accepted(system)) for n in numbers}
    for (number, name, code), confidence in zip(keys, confidences, strict=True):
        if name != system or number not in place:
            continue
        must, accepted = gold[number]
        if code in must or code not in accepted:
            right.append(code in must)
            sure.append(confidence)
        if confidence >= point:
            predicted[place[number]].add(code)
    ece = calibration_error(np.array(sure), np.array(right)) if sure else 0.0
    return score_sets(predicted, [notes[n] for n in numbers], system, point, ece)


def best_point(
    keys: Sequence[tuple[int, str, str]],
    confidences: Array,
    notes: Sequence[CodedNote],
    system: str,
) -> tuple[float, Scores]:
    """Return the operating point, and the scores there.

    The point of the best F1, of equal ones the lowest.
    """
    points = [round(float(p), 3) for p in np.arange(0.1, 0.76, 0.025)]
    scores = [score_predictions(keys, confidences, notes, system, p) for p in points]
    best = max(range(len(points)), key=lambda i: (scores[i].f1, -i))
    return points[best], scores[best]


def calibration_error(confidence: Array, right: Array, bins: int = 10) -> float:
    """Return the expected calibration error over equal-width bins (Naeini et al. 2015)."""
    place = np.clip((confidence * bins).astype(int), 0, bins - 1)
    error = 0.0
    for b in range(bins):
        chosen = place == b
        if chosen.any():
            error += chosen.mean() * abs(confidence[chosen].mean() - right[chosen].mean())
    return float(error)
