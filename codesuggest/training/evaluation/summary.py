"""All that is said about an evaluation, as one record of plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from codesuggest.training.corpora import CodedNote
from codesuggest.training.evaluation.breakdown import (
    breakdown,
    calibration,
    figures,
    risk_coverage,
)
from codesuggest.training.evaluation.mistakes import (
    MISTAKES,
    count_mistakes,
    mistakes,
    with_words,
)
from codesuggest.training.evaluation.outcomes import Evaluation
from codesuggest.training.evaluation.sums import MEASURES

__all__ = ["summary"]


def summary(
    evaluation: Evaluation,
    resamples: int = 1000,
    seed: int = 0,
    words_of: Sequence[CodedNote] = (),
) -> dict[str, Any]:
    """Return the record that ``evaluation.json`` holds and the reports are made of.

    Parameters
    ----------
    evaluation : Evaluation
    resamples, seed : int
        Of the bootstrap.
    words_of : sequence of CodedNote, optional
        The notes, if the list of mistakes shall quote them; it holds offsets alone without.
    """
    found = mistakes(evaluation)
    return {
        "model_version": evaluation.model_version,
        "operating_points": dict(evaluation.operating_points),
        "n_notes": len(evaluation.notes),
        "n_unanswered": evaluation.n_unanswered,
        "resamples": resamples,
        "seed": seed,
        "figures": figures(evaluation, resamples, seed),
        "breakdown": breakdown(evaluation, resamples, seed),
        "calibration": calibration(evaluation),
        "risk_coverage": risk_coverage(evaluation),
        "n_mistakes": count_mistakes(found),
        "mistakes": with_words(found, words_of) if words_of else [m.to_dict() for m in found],
        "meaning": {**MEASURES, **MISTAKES},
        "outcomes": evaluation.to_dict(),
    }
