"""Confidence: scores mapped to probabilities by isotonic regression, smoothed at the ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["Calibrator"]

Array = np.ndarray[Any, Any]


class Calibrator:
    """A monotone piecewise linear map from score to confidence.

    Parameters
    ----------
    scores, confidences : sequences of float
        Knots, both increasing; between them the map is linear, outside it is flat.
    """

    def __init__(self, scores: Sequence[float], confidences: Sequence[float]) -> None:
        self.scores = [float(s) for s in scores]
        self.confidences = [float(c) for c in confidences]

    @classmethod
    def fit(cls, scores: Array, labels: Array, bins: int = 20) -> Calibrator:
        """Fit on out-of-fold scores.

        Isotonic regression (Zadrozny & Elkan 2002) over the scores' quantile bins, so that a
        few lucky cases at either end do not become a confidence of 0 or 1.
        """
        from sklearn.isotonic import IsotonicRegression

        order = np.argsort(scores, kind="stable")
        x, y = scores[order], labels[order].astype(float)
        # bins of equal positive counts resolve the interesting, upper end
        weight = np.cumsum(0.5 * y / max(y.sum(), 1) + 0.5 / len(y))
        edges = np.searchsorted(weight, np.linspace(0, weight[-1], bins + 1)[1:-1])
        parts = [p for p in np.split(np.arange(len(x)), np.unique(edges)) if len(p)]
        centers = np.array([x[p].mean() for p in parts])
        # one success and one failure are added to each bin, split by the base rate
        base = y.mean()
        means = np.array([(y[p].sum() + base) / (len(p) + 1) for p in parts])
        sizes = np.array([len(p) for p in parts])
        fitted = IsotonicRegression(out_of_bounds="clip").fit_transform(
            centers, means, sample_weight=sizes
        )
        # flat steps would tie suggestions: tilt them a little, order is kept
        tilt = np.linspace(0, 1e-3, len(fitted))
        return cls(centers.tolist(), np.clip(fitted + tilt, 1e-4, 0.995).tolist())

    def __call__(self, score: float) -> float:
        """Return the confidence of one score."""
        return float(np.interp(score, self.scores, self.confidences))

    def of(self, scores: Array) -> Array:
        """Return the confidences of scores."""
        return np.interp(scores, self.scores, self.confidences)

    def to_dict(self) -> dict[str, list[float]]:
        """Return the knots."""
        return {"scores": self.scores, "confidences": self.confidences}

    @classmethod
    def from_dict(cls, data: dict[str, list[float]]) -> Calibrator:
        """Read what `to_dict` gave."""
        return cls(data["scores"], data["confidences"])
