from __future__ import annotations

import numpy as np
import pytest

from codesuggest.errors import InputError
from codesuggest.ranking.promises import Promises, coverage_table, precision_table


def test_precision_table_holds_the_lowest_confidence_that_reaches_a_share() -> None:
    # the best 60 are right, of the other 60 every second one
    confidences = np.linspace(1, 0.01, 120)
    right = np.array([True] * 60 + [i % 2 == 0 for i in range(60)])
    table = precision_table(confidences, right)
    for share, confidence in table.items():
        chosen = confidences >= confidence - 1e-6
        assert right[chosen].mean() >= float(share) - 1e-9
    assert table["0.98"] == pytest.approx(confidences[60], abs=0.02)
    assert min(table) == "0.50"


def test_suggestions_of_one_confidence_stand_or_fall_together() -> None:
    confidences = np.array([0.9] * 40 + [0.5] * 40)
    right = np.array([True] * 40 + [True] * 10 + [False] * 30)
    assert precision_table(confidences, right)["0.90"] == 0.9
    assert precision_table(confidences, right)["0.60"] == 0.5


def test_few_cases_promise_nothing() -> None:
    assert precision_table(np.array([0.9] * 5), np.array([True] * 5)) == {}
    assert coverage_table([0.9] * 5) == {}


def test_coverage_holds_on_fresh_draws() -> None:
    rng = np.random.default_rng(1)
    seen, fresh = rng.beta(5, 2, 2000), rng.beta(5, 2, 2000)
    for share, least in coverage_table(seen.tolist()).items():
        assert (fresh >= least).mean() >= float(share) - 0.03


PROMISES = Promises(
    precision={"CPT": {"0.50": 0.2, "0.90": 0.8}}, coverage={"CPT": {"0.80": 0.3, "0.90": 0.1}}
)


@pytest.mark.parametrize(
    ("share", "point"), [(0.5, 0.2), (0.4, 0.2), (0.51, 0.8), (0.9, 0.8)],
    ids=["held", "below", "next higher", "highest"],
)  # fmt: skip
def test_point_at(share: float, point: float) -> None:
    assert PROMISES.point_at("CPT", share) == point


def test_least_likely() -> None:
    assert PROMISES.least_likely("CPT", 0.85) == 0.1


@pytest.mark.parametrize(
    ("system", "share", "says"),
    [("CPT", 0.95, "the most it reaches is 0.90"), ("HCPCS", 0.5, "too few notes"),
     ("CPT", 0, "between 0 and 1"), ("CPT", 1, "between 0 and 1"), ("CPT", "high", "'high'")],
    ids=["not reached", "no table", "zero", "one", "text"],
)  # fmt: skip
def test_refuses(system: str, share: float, says: str) -> None:
    with pytest.raises(InputError, match=says):
        PROMISES.point_at(system, share)


def test_round_trip() -> None:
    assert Promises.from_dict(PROMISES.to_dict()) == PROMISES
    assert Promises.from_dict({}) == Promises()
