"""Gradient-boosted trees as plain arrays: learned with scikit-learn, evaluated with NumPy.

A fitted `HistGradientBoostingClassifier` is a joblib pickle that can run code when it is loaded
and needs two seconds of imports. Its trees are a handful of numbers; kept as one ``.npz`` they
load in milliseconds, cannot run anything, and give the same probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from codesuggest.errors import ModelDamagedError

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

__all__ = ["TreeEnsemble"]

Array = np.ndarray[Any, Any]


class TreeEnsemble:
    """An additive ensemble of binary trees for one probability.

    Attributes
    ----------
    feature, left, right : arrays of int, shape (n_trees, n_nodes)
        Feature that a node asks and the nodes it leads to; a leaf leads to itself.
    threshold, value : arrays of float64, shape (n_trees, n_nodes)
        Values at most the threshold go left; NaN goes left where `missing_left` is set.
    baseline : float
        Raw score before the first tree.
    depth : int
        Longest way from root to leaf.
    """

    FIELDS = ("feature", "left", "right", "threshold", "value", "missing_left")

    def __init__(self, arrays: Mapping[str, Array], baseline: float, depth: int) -> None:
        self._arrays = {name: np.ascontiguousarray(arrays[name]) for name in self.FIELDS}
        self.baseline = baseline
        self.depth = depth
        n_trees, n_nodes = self._arrays["feature"].shape
        offset = (np.arange(n_trees, dtype=np.int32) * n_nodes)[:, None]
        self._roots = offset.ravel()
        self._feature = self._arrays["feature"].ravel()
        # children as positions in the flat arrays; left and right side by side
        self._next = (
            np.stack([self._arrays["right"] + offset, self._arrays["left"] + offset], axis=-1)
            .reshape(-1)
            .astype(np.int32)
        )
        self._threshold = self._arrays["threshold"].ravel()
        self._value = self._arrays["value"].ravel()
        self._missing_left = self._arrays["missing_left"].ravel()

    @classmethod
    def from_sklearn(cls, model: HistGradientBoostingClassifier) -> TreeEnsemble:
        """Copy the trees of a fitted binary classifier without categorical features."""
        trees = [predictors[0].nodes for predictors in model._predictors]
        width = max((len(nodes) for nodes in trees), default=1)
        shape = (max(len(trees), 1), width)
        arrays: dict[str, Array] = {
            "feature": np.zeros(shape, np.int32),
            "left": np.tile(np.arange(width, dtype=np.int32), (shape[0], 1)),
            "right": np.tile(np.arange(width, dtype=np.int32), (shape[0], 1)),
            "threshold": np.zeros(shape),
            "value": np.zeros(shape),
            "missing_left": np.zeros(shape, bool),
        }
        depth = 0
        for number, nodes in enumerate(trees):
            inner = np.flatnonzero(nodes["is_leaf"] == 0)
            arrays["feature"][number, inner] = nodes["feature_idx"][inner]
            arrays["left"][number, inner] = nodes["left"][inner]
            arrays["right"][number, inner] = nodes["right"][inner]
            arrays["threshold"][number, inner] = nodes["num_threshold"][inner]
            arrays["missing_left"][number, inner] = nodes["missing_go_to_left"][inner] == 1
            arrays["value"][number, : len(nodes)] = nodes["value"]
            depth = max(depth, int(nodes["depth"].max()))
        baseline = float(np.ravel(model._baseline_prediction)[0])
        return cls(arrays, baseline, depth)

    def decision(self, features: Array) -> Array:
        """Return raw scores (log odds).

        Parameters
        ----------
        features : array of float, shape (n_samples, n_features)

        Returns
        -------
        array of float64, shape (n_samples,)
        """
        n_samples, n_features = features.shape
        if not n_samples:
            return np.zeros(0)
        flat = np.ascontiguousarray(features, dtype=np.float64).ravel()
        base = (np.arange(n_samples, dtype=np.int64) * n_features)[:, None]
        node = np.broadcast_to(self._roots, (n_samples, len(self._roots)))
        complete = not np.isnan(flat).any()
        for _ in range(self.depth):
            x = flat[base + self._feature[node]]
            goes_left = x <= self._threshold[node]
            if not complete:
                goes_left = np.where(np.isnan(x), self._missing_left[node], goes_left)
            node = self._next[2 * node + goes_left]
        raw: Array = self.baseline + self._value[node].sum(axis=1)
        return raw

    def probability(self, features: Array) -> Array:
        """Return probabilities in [0, 1], shape (n_samples,)."""
        return 1 / (1 + np.exp(-self.decision(features)))

    def save(self, path: Path) -> None:
        """Write everything to one ``.npz``."""
        arrays: dict[str, Any] = {
            **self._arrays,
            "baseline": np.array(self.baseline),
            "depth": np.array(self.depth),
        }
        np.savez_compressed(path, **arrays)

    @classmethod
    def load(cls, path: Path) -> TreeEnsemble:
        """Read what `save` wrote.

        Raises
        ------
        ModelDamagedError
            The file is unreadable or lacks an array.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(
                    {name: arrays[name] for name in cls.FIELDS},
                    float(arrays["baseline"]),
                    int(arrays["depth"]),
                )
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise ModelDamagedError(
                f"{path.name}: not a readable tree ensemble ({type(error).__name__})"
            ) from None
