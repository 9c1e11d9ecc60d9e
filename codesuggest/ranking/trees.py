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

#: Levels whose nodes are asked of every sample: rows of comparisons and a few operations on bits
#: are quicker than looking each sample's own node up, while the nodes of a level are few.
_TOP = 4


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
        roots = (np.arange(n_trees) * n_nodes)[:, None]
        # children as positions in the flat arrays; left and right side by side
        self._next = np.stack(
            [self._arrays["left"] + roots, self._arrays["right"] + roots], axis=-1
        ).reshape(-1)
        self._feature = self._arrays["feature"].ravel().astype(np.intp)
        self._missing_right = ~self._arrays["missing_left"].ravel()
        self._value = self._arrays["value"].ravel()
        exact = self._arrays["threshold"].ravel().astype(np.float64)
        # the largest number of single precision that is not above it decides the same
        single = exact.astype(np.float32)
        single = np.where(single > exact, np.nextafter(single, np.float32(-np.inf)), single)
        self._threshold: dict[Any, Array] = {exact.dtype: exact, single.dtype: single}
        self._tree = np.arange(n_trees)[:, None]
        self._n_top = min(depth, _TOP)
        level, levels = roots.T, [np.zeros((0, n_trees), np.int64)]
        for _ in range(self._n_top):
            levels.append(level)
            level = np.stack([self._next[2 * level], self._next[2 * level + 1]], axis=1)
            level = level.reshape(-1, n_trees)
        #: Nodes of the top levels, the trees of a node together, and the nodes they lead to.
        self._top = top = np.concatenate(levels).ravel()
        self._top_feature = self._feature[top]
        self._top_threshold = {kind: x[top, None] for kind, x in self._threshold.items()}
        self._below = level.ravel()

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
        n_samples = len(features)
        if not n_samples:
            return np.zeros(0)
        precision = np.float32 if features.dtype == np.float32 else np.float64
        columns = np.ascontiguousarray(features.T, precision)
        threshold = self._threshold[columns.dtype]
        complete = not np.isnan(columns).any()
        x = columns.take(self._top_feature, axis=0)
        right = x > self._top_threshold[columns.dtype]
        if not complete:
            right |= np.isnan(x) & self._missing_right[self._top, None]
        node = self._below.take(self._place(right.reshape(-1, len(self._tree), n_samples)))
        flat, sample = columns.ravel(), np.arange(n_samples)
        for _ in range(self.depth - self._n_top):
            x = flat.take(self._feature.take(node) * n_samples + sample)
            goes_right = x > threshold.take(node)
            if not complete:
                goes_right |= np.isnan(x) & self._missing_right.take(node)
            node = self._next.take(2 * node + goes_right)
        raw: Array = self.baseline + self._value.take(node).sum(axis=0)
        return raw

    def _place(self, right: Array) -> Array:
        """Follow the top levels and return positions in `_below`, shape (n_trees, n_samples).

        `right` says of every node of these levels whether a sample goes right there.
        """
        place = np.zeros(right.shape[1:], np.uint8)
        taken: list[Array] = []
        for number in range(self._n_top):
            answers = right[(1 << number) - 1 : (2 << number) - 1]
            for turn in taken:
                half = len(answers) // 2
                on_left, on_right = answers[:half], answers[half:]
                answers = on_left ^ (turn & (on_left ^ on_right))
            taken.append(answers[0])
            place = 2 * place + answers[0]
        return place.astype(np.intp) * len(self._tree) + self._tree

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
