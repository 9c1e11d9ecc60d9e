from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesuggest.ranking.calibration import Calibrator
from codesuggest.training.measure import calibration_error


def sample(n: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    scores = rng.normal(-1, 2, n)
    return scores, rng.random(n) < 1 / (1 + np.exp(-0.6 * scores))


CALIBRATOR = Calibrator.fit(*sample())


def test_is_calibrated_on_new_data() -> None:
    scores, labels = sample(seed=1)
    confidences = np.array([CALIBRATOR(s) for s in scores])
    assert calibration_error(confidences, labels) < 0.03


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=20))
def test_grows_with_the_score_and_stays_inside_zero_and_one(scores: list[float]) -> None:
    values = [CALIBRATOR(s) for s in sorted(scores)]
    assert values == sorted(values)
    assert 0 < values[0] <= values[-1] < 1


def test_is_flat_outside_its_knots() -> None:
    assert CALIBRATOR(-1e9) == CALIBRATOR.confidences[0]
    assert CALIBRATOR(1e9) == CALIBRATOR.confidences[-1]


def test_knots_grow() -> None:
    assert CALIBRATOR.scores == sorted(CALIBRATOR.scores)
    assert (np.diff(CALIBRATOR.confidences) > 0).all()


def test_is_linear_between_its_knots() -> None:
    assert Calibrator([0, 1, 3], [0.1, 0.5, 0.9])(2) == pytest.approx(0.7)


@pytest.mark.parametrize(
    "labels", [[True] * 60, [False] * 60, [False] * 59 + [True]],
    ids=["all right", "all wrong", "one right"],
)  # fmt: skip
def test_lopsided_labels_never_give_certainty(labels: list[bool]) -> None:
    calibrator = Calibrator.fit(np.linspace(-3, 3, 60), np.array(labels))
    assert 0 < calibrator(-3) <= calibrator(3) < 1


def test_round_trip_through_json() -> None:
    again = Calibrator.from_dict(json.loads(json.dumps(CALIBRATOR.to_dict())))
    assert again.scores == CALIBRATOR.scores
    assert again.confidences == CALIBRATOR.confidences
