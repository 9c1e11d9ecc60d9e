"""How the base model's own notes are coded before and after a site's training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from codesuggest.ranking.calibration import Calibrator
from codesuggest.schema import SYSTEMS
from codesuggest.training.kept_notes import KeptNotes
from codesuggest.training.measure import Scores, calibration_error
from codesuggest.training.site_fit import SiteFit

__all__ = ["kept_scores"]

Array = np.ndarray[Any, Any]


def kept_scores(
    kept: KeptNotes,
    result: SiteFit,
    calibrators: Mapping[str, Calibrator],
    points: Mapping[str, float],
    new_points: Mapping[str, float],
) -> dict[str, Scores]:
    """Return figures by system and corpus, ``before`` and ``after``.

    Both out of fold by note. The codes that are no candidate count as missed.
    """
    figures: dict[str, Scores] = {}
    for position in result.site.systems:
        system = SYSTEMS[position]
        before = calibrators.get(system, _sigmoid)
        after = result.site.calibrators.get(system, _sigmoid)
        for corpus in sorted(set(kept.corpus)):
            chosen = np.array([c == corpus for c in kept.corpus])
            mine = chosen[kept.note] & (kept.system == position)
            if not kept.labels[mine].any():
                continue
            missed = int(kept.missed[chosen, position].sum())
            weighed = mine & ~np.isnan(kept.features[:, -1])
            for when, rows, score, confidence, point in (
                ("before", weighed, kept.features[:, -1].astype(float), before, points[system]),
                ("after", mine, result.kept_scores, after, new_points[system]),
            ):
                more = missed + int(kept.labels[mine].sum() - kept.labels[rows].sum())
                sure = np.array([confidence(float(x)) for x in score[rows]])
                figures[f"{system} on {corpus}, {when}"] = _score(
                    sure, kept.labels[rows], kept.weights[rows], more, point, int(chosen.sum())
                )
    return figures


def _score(
    sure: Array, labels: Array, weights: Array, missed: int, point: float, n_notes: int
) -> Scores:
    """Return the figures; a sampled row stands for as many as it weighs."""
    said = sure >= point
    hits = float((said & labels).sum())
    false = float(weights[said & ~labels].sum())
    neutral = float((said & ~labels & (weights == 0)).sum())
    total = float(labels.sum()) + missed
    precision, recall = hits / max(hits + false, 1), hits / max(total, 1)
    return Scores(
        precision,
        recall,
        2 * precision * recall / max(precision + recall, 1e-9),
        (hits + neutral) / max(hits + neutral + false, 1),
        point,
        calibration_error(sure[weights > 0], labels[weights > 0]) if len(sure) else 0.0,
        n_notes,
    )


def _sigmoid(score: float) -> float:
    return float(1 / (1 + np.exp(-score)))
