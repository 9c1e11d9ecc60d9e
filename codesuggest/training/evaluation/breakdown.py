"""Figures of an evaluation and of its parts: system, chapter, section, setting, seen codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from codesuggest.training.evaluation.chapters import chapter_of
from codesuggest.training.evaluation.outcomes import (
    Evaluation,
    GoldOutcome,
    NoteOutcome,
    SuggestionOutcome,
)
from codesuggest.training.evaluation.sums import MEASURES, NoteSums, interval, resample_weights

__all__ = ["BREAKDOWNS", "breakdown", "calibration", "figures", "risk_coverage"]

Coded = GoldOutcome | SuggestionOutcome

#: By what figures are broken down, and the part that a code of a note belongs to.
BREAKDOWNS: dict[str, Callable[[NoteOutcome, Coded], str]] = {
    "corpus": lambda note, _: note.corpus or "notes",
    "setting": lambda note, _: note.setting or "unknown",
    "chapter": lambda _, coded: chapter_of(coded.system, coded.code),
    "section": lambda _, coded: coded.section or "without words",
    "training": lambda _, coded: "seen in training" if coded.seen else "not seen",
}

#: What a part reports.
PART_MEASURES = ("precision", "recall", "f1", "recall_at_5", "recall_at_20")
_THRESHOLDS = np.round(np.arange(0.0, 1.0, 0.05), 2)

Figure = dict[str, float]


def figures(
    evaluation: Evaluation, resamples: int = 1000, seed: int = 0
) -> dict[str, dict[str, Figure]]:
    """Return every measure of each system, and of all together when there are several.

    Returns
    -------
    dict of system to dict of measure to ``{"value", "low", "high"}``
        The interval holds the middle 95 % of `resamples` bootstrap resamples of the notes.
    """
    weights = resample_weights(len(evaluation.notes), resamples, seed)
    parts: dict[str, tuple[str, ...]] = {system: (system,) for system in evaluation.systems}
    if len(parts) > 1:
        parts["all systems"] = evaluation.systems
    return {
        name: _with_intervals(NoteSums.of(evaluation.notes, systems), weights)
        for name, systems in parts.items()
    }


def breakdown(
    evaluation: Evaluation, resamples: int = 1000, seed: int = 0
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Return the figures of the parts of each system.

    Precision is over the suggestions of a part, recall over its gold codes: a suggestion belongs
    to the section of its first evidence, a gold code to that of its first quote.

    Returns
    -------
    dict of kind of part to dict of system to list
        Of parts with ``name``, ``n_gold``, ``n_recommended`` and the figures; largest first.
    """
    weights = resample_weights(len(evaluation.notes), resamples, seed)
    return {
        kind: {
            system: _parts(evaluation, system, part_of, weights) for system in evaluation.systems
        }
        for kind, part_of in BREAKDOWNS.items()
    }


def _parts(
    evaluation: Evaluation,
    system: str,
    part_of: Callable[[NoteOutcome, Coded], str],
    weights: Any,
) -> list[dict[str, Any]]:
    names: set[str] = set()
    for note in evaluation.notes:
        names.update(part_of(note, g) for g in note.gold if g.system == system)
        recommended = (s for s in note.suggestions if s.recommended and s.system == system)
        names.update(part_of(note, s) for s in recommended)
    out = []
    for name in sorted(names):
        sums = NoteSums.of(
            evaluation.notes,
            (system,),
            lambda note, coded, name=name: part_of(note, coded) == name,  # type: ignore[misc]
        )
        out.append(
            {
                "name": name,
                "n_gold": sums.total("gold"),
                "n_recommended": sum(map(sums.total, ("right", "wrong", "free"))),
                **_with_intervals(sums, weights, PART_MEASURES),
            }
        )
    return sorted(out, key=lambda part: (-part["n_gold"], part["name"]))


def calibration(evaluation: Evaluation) -> dict[str, list[dict[str, float]]]:
    """Return how often suggestions of each bin of confidence are right, by system."""
    return {s: NoteSums.of(evaluation.notes, (s,)).bins() for s in evaluation.systems}


def risk_coverage(evaluation: Evaluation) -> dict[str, list[dict[str, float]]]:
    """Return what moving the operating point does, by system.

    Returns
    -------
    dict of system to list
        Of ``threshold``, ``coverage`` (share of the suggestions at or above it), ``risk`` (share
        of those that are wrong) and ``recall``; acceptable codes do not count, nor do those that
        a coding rule holds back.
    """
    out: dict[str, list[dict[str, float]]] = {}
    for system in evaluation.systems:
        scored = [
            s
            for note in evaluation.notes
            for s in note.suggestions
            if s.system == system and s.verdict != "free" and (s.recommended or not s.reached)
        ]
        n_gold = sum(g.system == system for note in evaluation.notes for g in note.gold)
        confidence = np.array([s.confidence for s in scored])
        right = np.array([s.verdict == "right" for s in scored])
        out[system] = []
        for threshold in _THRESHOLDS:
            chosen = confidence >= threshold
            if len(scored) and chosen.any():
                out[system].append(
                    _rounded(
                        threshold=threshold,
                        coverage=chosen.mean(),
                        risk=1 - right[chosen].mean(),
                        recall=right[chosen].sum() / max(n_gold, 1),
                    )
                )
    return out


def _with_intervals(
    sums: NoteSums, weights: Any, measures: Sequence[str] = tuple(MEASURES)
) -> dict[str, Figure]:
    values, drawn = sums.figures(), sums.figures(weights)
    out = {}
    for name in measures:
        if name in values:
            value = float(values[name][0])
            low, high = interval(value, drawn[name])
            out[name] = _rounded(value=value, low=max(low, 0.0), high=min(high, 1.0))
    return out


def _rounded(**values: float) -> Figure:
    return {name: round(float(value), 4) for name, value in values.items()}
