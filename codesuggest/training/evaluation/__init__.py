"""Evaluation: run a model over coded notes, keep the outcomes, and say what they amount to.

`evaluate` gives an `Evaluation`; `figures`, `breakdown`, `calibration`, `risk_coverage` and
`mistakes` read it; `compare` sets two side by side. `summary` is all of it as plain data.
"""

from codesuggest.training.evaluation.assess import evaluate
from codesuggest.training.evaluation.breakdown import (
    breakdown,
    calibration,
    figures,
    risk_coverage,
)
from codesuggest.training.evaluation.comparison import compare
from codesuggest.training.evaluation.mistakes import mistakes
from codesuggest.training.evaluation.outcomes import Evaluation
from codesuggest.training.evaluation.summary import summary

__all__ = [
    "Evaluation",
    "breakdown",
    "calibration",
    "compare",
    "evaluate",
    "figures",
    "mistakes",
    "risk_coverage",
    "summary",
]
