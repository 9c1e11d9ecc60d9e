"""What a model promises of its confidences, learned on notes that it had not seen.

A *precision table* says from which confidence on a wanted share of the suggestions is right; a
*coverage table* how likely an alternative must be so that the right one is seldom left out
(split conformal prediction, Vovk, Gammerman & Shafer 2005, with one minus the probability of the
right code as the score).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from codesuggest.errors import InputError

__all__ = ["COVERAGES", "PRECISIONS", "Promises", "coverage_table", "precision_table"]

Array = np.ndarray[Any, Any]

#: Shares for which the tables hold a threshold.
PRECISIONS = tuple(round(0.5 + 0.02 * i, 2) for i in range(25))
COVERAGES = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)
#: Fewer cases promise nothing.
_FEWEST = 30


def precision_table(confidences: Array, right: Array) -> dict[str, float]:
    """Return the lowest confidence from which on a share of suggestions is right.

    Parameters
    ----------
    confidences : array of float, shape (n,)
        Out of fold.
    right : array of bool, shape (n,)

    Returns
    -------
    dict of share ("0.90") to confidence
        Shares that no confidence reaches are left out.
    """
    order = np.argsort(-confidences, kind="stable")
    ranked, hits = confidences[order], np.cumsum(right[order])
    count = np.arange(1, len(order) + 1)
    precision = hits / np.maximum(count, 1)
    # suggestions of one confidence stand or fall together
    last = np.append(ranked[1:] != ranked[:-1], True) if len(ranked) else np.zeros(0, bool)
    usable = last & (count >= _FEWEST)
    table = {}
    for share in PRECISIONS:
        reached = np.flatnonzero(usable & (precision >= share))
        if len(reached):
            table[f"{share:.2f}"] = round(float(ranked[reached[-1]]), 6)
    return table


def coverage_table(probabilities: Sequence[float]) -> dict[str, float]:
    """Return how likely an alternative must be so that a share of the right ones is kept.

    Parameters
    ----------
    probabilities : sequence of float
        Of the right code of each mention, out of fold.
    """
    values = np.sort(np.array(probabilities))
    n = len(values)
    if n < _FEWEST:
        return {}
    # the finite-sample correction of split conformal prediction
    places = {c: int(np.floor((n + 1) * (1 - c))) - 1 for c in COVERAGES}
    return {f"{c:.2f}": round(float(values[i]), 6) if i >= 0 else 0.0 for c, i in places.items()}


@dataclass(slots=True)
class Promises:
    """The tables of a model.

    Parameters
    ----------
    precision : mapping of code system to table
    coverage : mapping of code system to table
    typical : mapping of label to list of float
        The usual value of each note feature, for explanations.
    """

    precision: dict[str, dict[str, float]] = field(default_factory=dict)
    coverage: dict[str, dict[str, float]] = field(default_factory=dict)
    typical: dict[str, list[float]] = field(default_factory=dict)

    def point_at(self, system: str, precision: float) -> float:
        """Return the confidence from which on a share `precision` of suggestions is right.

        Raises
        ------
        InputError
            The share is outside (0, 1), or the model never reaches it.
        """
        table = self.precision.get(system, {})
        share = _next_share(precision, "precision", table)
        if share is None:
            best = max(table, default=None)
            reach = f"the most it reaches is {best}" if best else "it was trained on too few notes"
            raise InputError(f"no confidence gives {system} a precision of {precision}; {reach}")
        return table[share]

    def least_likely(self, system: str, coverage: float) -> float:
        """Return the probability from which on alternatives hold the right code with `coverage`.

        Raises
        ------
        InputError
            The share is outside (0, 1), or the model makes no such promise.
        """
        table = self.coverage.get(system, {})
        share = _next_share(coverage, "coverage", table)
        if share is None:
            raise InputError(
                f"the model makes no promise of coverage {coverage} for {system}; it has "
                f"{', '.join(sorted(table)) or 'none'}"
            )
        return table[share]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"precision": self.precision, "coverage": self.coverage, "typical": self.typical}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Promises:
        """Read what `to_dict` gave."""
        return cls(
            dict(data.get("precision", {})),
            dict(data.get("coverage", {})),
            dict(data.get("typical", {})),
        )


def _next_share(share: float, name: str, table: Mapping[str, float]) -> str | None:
    """Return the least share of a table that is at least the one asked for."""
    if not isinstance(share, int | float) or not 0 < share < 1:
        raise InputError(f"{name} must lie between 0 and 1, got {share!r}")
    return min((key for key in table if float(key) >= share - 1e-9), default=None)
