"""From coded notes to a model: read, fit, calibrate, evaluate.

`train` learns a model from coded notes; `update` moves a model by a coder's decisions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codesuggest.training.retrain import TrainingResult, train
    from codesuggest.training.updating import Decision, UpdateResult, update

__all__ = ["Decision", "TrainingResult", "UpdateResult", "train", "update"]

_HOME = {
    "train": "retrain",
    "TrainingResult": "retrain",
    "Decision": "updating",
    "UpdateResult": "updating",
    "update": "updating",
}


def __getattr__(name: str) -> Any:
    # scikit-learn and spaCy take seconds to import; only those who train pay for it
    if name in _HOME:
        from importlib import import_module

        return getattr(import_module(f"codesuggest.training.{_HOME[name]}"), name)
    raise AttributeError(f"module 'codesuggest.training' has no attribute {name!r}")
