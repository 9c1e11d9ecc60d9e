from __future__ import annotations

import numpy as np
import pytest

from codesuggest.ranking.explanation import reasons
from codesuggest.ranking.note_features import NOTE_FEATURES
from codesuggest.ranking.trees import TreeEnsemble

AT = {name: i for i, name in enumerate(NOTE_FEATURES)}


def stump(feature: str, threshold: float, low: float, high: float) -> dict[str, list[float]]:
    return {
        "feature": [AT[feature], 0, 0], "left": [1, 1, 2], "right": [2, 1, 2],
        "threshold": [threshold, 0, 0], "value": [0, low, high], "missing_left": [0, 0, 0],
    }  # fmt: skip


@pytest.fixture
def model() -> TreeEnsemble:
    trees = [
        stump("best", 0.5, -1.0, 2.0),
        stump("negated", 0.5, 0.0, -1.5),
        stump("in_assessment", 0.1, 0.0, 0.4),
    ]
    arrays = {
        name: np.array([tree[name] for tree in trees], dtype)
        for name, dtype in (
            ("feature", np.int32), ("left", np.int32), ("right", np.int32),
            ("threshold", float), ("value", float), ("missing_left", bool),
        )
    }  # fmt: skip
    return TreeEnsemble(arrays, 0.0, 1)


def test_reasons_are_what_changes_when_a_feature_is_as_usual(model: TreeEnsemble) -> None:
    features = np.zeros(len(NOTE_FEATURES), np.float32)
    features[AT["best"]], features[AT["negated"]] = 0.9, 2
    features[AT["in_assessment"]] = 0.9
    found = reasons(model, features, [0.0] * len(NOTE_FEATURES), 8)
    assert [(r.feature, r.effect) for r in found] == [
        ("best", 3.0), ("negated", -1.5), ("in_assessment", 0.4),
    ]  # fmt: skip
    assert found[0].words == "best probability that a mention means the code"
    assert found[2].words == "best mention in a section of the group 'assessment'"
    assert (found[1].value, found[1].usual) == (2.0, 0.0)


def test_at_most_so_many(model: TreeEnsemble) -> None:
    features = np.ones(len(NOTE_FEATURES), np.float32)
    assert len(reasons(model, features, [0.0] * len(NOTE_FEATURES), 1)) == 1


def test_what_is_as_usual_is_no_reason(model: TreeEnsemble) -> None:
    features = np.ones(len(NOTE_FEATURES), np.float32)
    assert reasons(model, features, features.tolist(), 8) == ()
