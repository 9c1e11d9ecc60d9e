"""Why a code got its confidence, in words: what each feature of the note model changed.

The effect of a feature is how far the score (log odds) falls when the feature alone is put back
to its usual value. Features that say the same share their effect, so effects need not add up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from codesuggest.ranking.note_features import GROUPS, NOTE_FEATURE_WORDS, NOTE_FEATURES
from codesuggest.ranking.trees import TreeEnsemble

__all__ = ["Reason", "reasons"]

Array = np.ndarray[Any, Any]

#: Smaller changes of the log odds move no confidence that a coder would see.
_LEAST_EFFECT = 0.05


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing about the note that moved a code.

    Parameters
    ----------
    feature : str
        Name in `NOTE_FEATURES`.
    words : str
        What it measures.
    value, usual : float
        Its value here, and the median over the codes that notes mention.
    effect : float
        Change of the log odds against the usual value; positive ones speak for the code.
    """

    feature: str
    words: str
    value: float
    usual: float
    effect: float


def reasons(
    model: TreeEnsemble, features: Array, typical: Sequence[float], top_k: int
) -> tuple[Reason, ...]:
    """Return what moved one code most, the strongest first.

    Parameters
    ----------
    model : TreeEnsemble
        The note model.
    features : array of float, shape (n_features,)
    typical : sequence of float
    top_k : int
    """
    usual = np.array(typical, dtype=features.dtype)
    changed = np.flatnonzero(features != usual)
    rows = np.repeat(features[None, :], len(changed) + 1, axis=0)
    rows[np.arange(len(changed)), changed] = usual[changed]
    score = model.decision(rows)
    effects = score[-1] - score[:-1]
    order = np.lexsort((changed, -np.abs(effects)))[:top_k]
    return tuple(
        Reason(
            NOTE_FEATURES[changed[i]],
            _words(NOTE_FEATURES[changed[i]]),
            round(float(features[changed[i]]), 4),
            round(float(usual[changed[i]]), 4),
            round(float(effects[i]), 4),
        )
        for i in order.tolist()
        if abs(effects[i]) >= _LEAST_EFFECT
    )


_PLACES: Mapping[str, str] = {group: group.replace("_", " ") for group in GROUPS}


def _words(feature: str) -> str:
    kind, _, rest = feature.partition("_")
    if kind == "in" and rest in _PLACES:
        return f"best mention in a section of the group {_PLACES[rest]!r}"
    if kind == "setting":
        return f"the note's setting is {rest}"
    return NOTE_FEATURE_WORDS[feature]
