from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from codesuggest.errors import ModelDamagedError
from codesuggest.ranking.trees import TreeEnsemble


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    # trees this small are slower on many threads, much slower where the cores are busy
    with threadpool_limits(1):
        yield


def fitted(
    seed: int, missing: float = 0.0, trees: int = 15, **options: object
) -> tuple[HistGradientBoostingClassifier, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(400, 5))
    x[:, 3] = rng.integers(0, 3, 400)
    y = x[:, 0] + x[:, 1] * x[:, 2] + (x[:, 3] == 1) + rng.normal(size=400) > 0
    x[rng.random(x.shape) < missing] = np.nan
    model = HistGradientBoostingClassifier(max_iter=trees, random_state=0, **options)
    return model.fit(x, y), x


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("missing", [0.0, 0.3], ids=["whole", "with NaN"])
@pytest.mark.parametrize(
    "options",
    [{}, {"max_leaf_nodes": 4}, {"max_depth": 1}, {"max_leaf_nodes": None, "max_depth": 6}],
    ids=["default", "few leaves", "stumps", "deep"],
)
def test_equals_sklearn(seed: int, missing: float, options: dict[str, object]) -> None:
    model, x = fitted(seed, missing, **options)
    ensemble = TreeEnsemble.from_sklearn(model)
    new = np.random.default_rng(seed + 10).normal(size=(300, 5)) * 3
    new[::7, seed] = np.nan
    for rows in (x, new):
        np.testing.assert_allclose(
            ensemble.probability(rows), model.predict_proba(rows)[:, 1], rtol=1e-6, atol=1e-9
        )
        np.testing.assert_allclose(
            ensemble.decision(rows), model.decision_function(rows), rtol=1e-6, atol=1e-7
        )


with threadpool_limits(1):
    MODEL, _ = fitted(5, 0.2)
ENSEMBLE = TreeEnsemble.from_sklearn(MODEL)
number = st.floats(allow_nan=True, allow_infinity=True, width=32)


@settings(max_examples=100)
@given(st.lists(st.lists(number, min_size=5, max_size=5), min_size=1, max_size=5))
def test_equals_sklearn_on_any_numbers(rows: list[list[float]]) -> None:
    x = np.array(rows)
    np.testing.assert_allclose(
        ENSEMBLE.probability(x), MODEL.predict_proba(x)[:, 1], rtol=1e-6, atol=1e-9
    )


def test_takes_float32_and_views() -> None:
    x = np.random.default_rng(0).normal(size=(50, 10)).astype(np.float32)[:, ::2]
    np.testing.assert_allclose(
        ENSEMBLE.probability(x), MODEL.predict_proba(x.astype(float))[:, 1], rtol=1e-6
    )


def test_no_rows_give_no_scores() -> None:
    assert ENSEMBLE.decision(np.zeros((0, 5))).shape == (0,)
    assert ENSEMBLE.probability(np.zeros((0, 5))).shape == (0,)


def test_round_trip_on_disk(tmp_path: Path) -> None:
    ENSEMBLE.save(tmp_path / "trees.npz")
    again = TreeEnsemble.load(tmp_path / "trees.npz")
    x = np.random.default_rng(1).normal(size=(20, 5))
    assert (again.decision(x) == ENSEMBLE.decision(x)).all()


@pytest.mark.parametrize("name", [*TreeEnsemble.FIELDS, "baseline", "depth"])
def test_a_missing_array_is_an_error(tmp_path: Path, name: str) -> None:
    ENSEMBLE.save(tmp_path / "whole.npz")
    with np.load(tmp_path / "whole.npz") as arrays:
        kept = {key: arrays[key] for key in arrays.files if key != name}
    assert len(kept) == len(TreeEnsemble.FIELDS) + 1
    np.savez(tmp_path / "less.npz", **kept)
    with pytest.raises(ModelDamagedError, match=r"less\.npz"):
        TreeEnsemble.load(tmp_path / "less.npz")


# NumPy leaves the file of a cut-off archive open
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("content", [b"", b"no", b"PK\x03\x04"], ids=["empty", "text", "cut off"])
def test_a_damaged_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.npz").write_bytes(content)
    with pytest.raises(ModelDamagedError, match=r"bad\.npz"):
        TreeEnsemble.load(tmp_path / "bad.npz")
