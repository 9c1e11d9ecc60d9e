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

#: Levels whose nodes are asked of every sample: few operations on bits are quicker than looking
#: each sample's own node up, while the nodes of a level are few.
_TOP = 5
_WORD = 64


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
        self._value = self._arrays["value"].ravel()
        # many nodes ask the same
        asked = np.rec.fromarrays(
            [self._arrays[name].ravel() for name in ("feature", "threshold", "missing_left")]
        )
        questions, question = np.unique(asked, return_inverse=True)
        self._question = question.ravel().astype(np.intp)
        self._feature = questions["f0"].astype(np.intp)
        self._missing_right = ~questions["f2"][:, None]
        exact = questions["f1"].astype(np.float64)[:, None]
        # the largest number of single precision that is not above it decides the same
        single = exact.astype(np.float32)
        single = np.where(single > exact, np.nextafter(single, np.float32(-np.inf)), single)
        self._threshold: dict[Any, Array] = {exact.dtype: exact, single.dtype: single}
        self._n_top = min(depth, _TOP)
        #: What the nodes of the top levels ask: a node, all below its left, all below its right;
        #: the trees of a node together. Then the nodes that these levels lead to, by tree.
        top, level = _top_nodes(self._next, roots.T, self._n_top)
        self._top = self._question[top]
        self._below = np.ascontiguousarray(level.T).ravel()
        self._first_below = (np.arange(n_trees) * len(level))[:, None]

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
        right = self._answers(features)
        node = self._below.take(self._place(right, n_samples))
        flat, sample = right.ravel(), np.arange(n_samples)
        for _ in range(self.depth - self._n_top):
            goes_right = flat.take(self._question.take(node) * right.shape[1] + sample)
            node = self._next.take(2 * node + goes_right)
        raw: Array = self.baseline + self._value.take(node).sum(axis=0)
        return raw

    def _answers(self, features: Array) -> Array:
        """Return for each question which samples go right.

        Returns
        -------
        array of bool, shape (n_questions, n)
            Samples are filled up to whole words of bits.
        """
        n_samples = len(features)
        precision = np.float32 if features.dtype == np.float32 else np.float64
        x = np.ascontiguousarray(features.T, precision).take(self._feature, axis=0)
        right = np.zeros((len(x), -(-n_samples // _WORD) * _WORD), bool)
        np.greater(x, self._threshold[x.dtype], out=right[:, :n_samples])
        if np.isnan(features).any():
            right[:, :n_samples] |= np.isnan(x) & self._missing_right
        return right

    def _place(self, right: Array, n_samples: int) -> Array:
        """Follow the top levels and return positions in `_below`, shape (n_trees, n_samples)."""
        n_trees = len(self._first_below)
        if not self._n_top:
            return np.repeat(self._first_below, n_samples, axis=1)
        bits = np.packbits(right, axis=1).view(np.uint64)
        answers = bits.take(self._top, axis=0).reshape(-1, n_trees, bits.shape[1])
        taken = np.empty((self._n_top, n_trees, bits.shape[1]), np.uint64)
        for number in range(self._n_top):
            taken[number] = turn = answers[0]
            half = len(answers) // 2
            on_left, on_right = answers[1 : half + 1], answers[half + 1 :]
            answers = on_left ^ (turn & (on_left ^ on_right))
        turns = np.unpackbits(taken.view(np.uint8), axis=2, count=n_samples)
        place = turns[0]
        for turn in turns[1:]:
            place <<= 1
            place |= turn
        placed: Array = place + self._first_below
        return placed

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


def _top_nodes(following: Array, node: Array, n_levels: int) -> tuple[Array, Array]:
    """Return the nodes of the top levels, from each down its left side first, and those below.

    Parameters
    ----------
    following : array of int
        Left and right child of each node, side by side.
    node : array of int, shape (1, n_trees)
        Of each tree.
    """
    if not n_levels:
        return node[:0].ravel(), node
    left, below_left = _top_nodes(following, following[2 * node], n_levels - 1)
    right, below_right = _top_nodes(following, following[2 * node + 1], n_levels - 1)
    return np.concatenate([node.ravel(), left, right]), np.concatenate([below_left, below_right])
