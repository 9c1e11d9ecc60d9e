"""Fit the ranker: mention model, note model, calibration.

Everything learned is cross-fitted by note: a note's features and scores for evaluation come
from models that never saw it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from codesuggest.ranking.calibration import Calibrator
from codesuggest.ranking.promises import coverage_table, precision_table
from codesuggest.ranking.ranker import Ranker
from codesuggest.ranking.trees import TreeEnsemble
from codesuggest.schema import SYSTEMS
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.training.examples import (
    Examples,
    NoteFit,
    counts_of,
    mention_examples,
    note_examples,
    report_rates,
    right_readings,
    term_examples,
)
from codesuggest.training.kept_notes import KeptNotes, NoteRows, kept_rows

__all__ = ["INDEX_LABELS", "FitResult", "boosting", "fit_mention_models", "fit_ranker", "snapped"]

Array = np.ndarray[Any, Any]
log = logging.getLogger(__name__)

INDEX_LABELS = ("DIAGNOSIS", "PROCEDURE")
#: Balanced trees: evaluating them takes as many steps as they are deep.
_DEPTH = 5
_MENTION_TREES, _MENTION_LEAVES = 48, 16
_NOTE_TREES, _NOTE_LEAVES = 160, 24
_MENTION_RATE, _NOTE_RATE = 0.15, 0.12
#: Distinct values of a feature that the trees tell apart, and rows that they are drawn from.
_VALUES, _SAMPLE = 200, 40_000


def boosting(
    trees: int, leaves: int, rate: float, seed: int, **more: Any
) -> HistGradientBoostingClassifier:
    """Return the estimator of both models."""
    return HistGradientBoostingClassifier(
        max_iter=trees,
        max_leaf_nodes=leaves,
        max_depth=_DEPTH,
        learning_rate=rate,
        min_samples_leaf=20,
        l2_regularization=2.0,
        early_stopping=False,
        random_state=seed,
        **more,
    )


def snapped(x: Array) -> Array:
    """Return features with at most `_VALUES` distinct values a column, NaN kept.

    scikit-learn bins by weighted percentiles when rows have weights, one call a bin and column,
    which takes twenty times as long as the trees; columns of few values it bins at once. Values
    move to the mean of their quantile bin, so that thresholds fall between the bins.
    """
    out = np.array(x, np.float32)
    sample = out[:: max(len(out) // _SAMPLE, 1)]
    for column in range(out.shape[1]):
        known = sample[:, column]
        known = known[~np.isnan(known)]
        if len(np.unique(known)) <= _VALUES:
            values = np.unique(out[:, column])
            if np.count_nonzero(~np.isnan(values)) <= _VALUES:
                continue
        edges = np.unique(np.quantile(known, np.linspace(0, 1, _VALUES)[1:-1]))
        there = ~np.isnan(out[:, column])
        place = np.searchsorted(edges, out[there, column], side="right")
        count = np.bincount(place, minlength=len(edges) + 1)
        total = np.bincount(place, out[there, column], len(edges) + 1)
        out[there, column] = (total / np.maximum(count, 1))[place]
    return out


def fit_mention_models(examples: Examples, seed: int = 0) -> dict[str, TreeEnsemble]:
    """Fit the mention model of each label that the examples teach."""
    models = {}
    for label in INDEX_LABELS:
        part = examples.of(label)
        if part.labels.any():
            model = boosting(_MENTION_TREES, _MENTION_LEAVES, _MENTION_RATE, seed)
            model.fit(snapped(part.features), part.labels, sample_weight=part.weights)
            models[label] = TreeEnsemble.from_sklearn(model)
    return models


@dataclass(slots=True)
class FitResult:
    """A fitted ranker, the out-of-fold scores it was calibrated on, and what it keeps."""

    ranker: Ranker
    keys: list[tuple[int, str, str]]
    scores: Array
    labels: Array
    weights: Array
    folds: Array
    kept: KeptNotes


def fit_ranker(
    indexes: Mapping[str, AliasIndex],
    systems: Mapping[str, CodeSystem],
    fits: Sequence[NoteFit],
    weak: Sequence[NoteFit] = (),
    terms: Sequence[tuple[str, int, int]] = (),
    n_folds: int = 5,
    seed: int = 0,
) -> FitResult:
    """Fit mention model, note model and calibration, cross-fitted by note.

    Parameters
    ----------
    fits : sequence of NoteFit
        Notes coded the way a coder reports: they teach both models.
    weak : sequence of NoteFit
        Notes that index every mention: they teach the mention model only.
    terms : sequence of (term, system position, row)
        Names that teach the mention model.
    """
    rng = np.random.default_rng(seed)
    folds = rng.permutation(np.arange(len(fits)) % n_folds)
    counts = Counter(counts_of(weak))

    plain = Ranker().bind(indexes, systems)
    plain_finder = plain.finder
    if plain_finder is None:
        raise RuntimeError("unreachable: bind sets the finder")
    counted = Ranker()
    counted.priors = dict(counts)
    counted.bind(indexes, systems)
    log.info("terms")
    extra = [term_examples(plain_finder, terms, 0.3), mention_examples(counted, weak)]

    def ranker_without(held_out: set[int]) -> Ranker:
        train = [f for i, f in enumerate(fits) if i not in held_out]
        ranker = Ranker()
        ranker.priors = dict(Counter(counts_of(train)) + Counter(counts_of(weak)))
        ranker.bind(indexes, systems)
        ranker.report_rates = report_rates(train, plain_finder)
        examples = Examples.join([mention_examples(ranker, train), *extra])
        ranker.mention_models = fit_mention_models(examples, seed)
        return ranker

    x_parts, y_parts, w_parts, fold_parts = [], [], [], []
    key_parts: list[tuple[int, str, str]] = []
    kept_parts: dict[int, NoteRows] = {}
    right: dict[str, list[float]] = {}
    for fold in range(n_folds):
        held = {i for i in range(len(fits)) if folds[i] == fold}
        log.info("fold %d of %d", fold + 1, n_folds)
        ranker = ranker_without(held)
        order = sorted(held)
        x, y, w, keys = note_examples(ranker, [fits[i] for i in order])
        x_parts.append(x)
        y_parts.append(y)
        w_parts.append(w)
        key_parts.extend((order[n], s, c) for n, s, c in keys)
        fold_parts.append(np.full(len(y), fold))
        for system, found in right_readings(ranker, [fits[i] for i in order]).items():
            right.setdefault(system, []).extend(found)
        kept_parts.update((i, kept_rows(ranker, fits[i], seed)) for i in order)
    x, y, w = snapped(np.concatenate(x_parts)), np.concatenate(y_parts), np.concatenate(w_parts)
    fold_of = np.concatenate(fold_parts)
    scores = np.zeros(len(y))
    final = ranker_without(set())
    diagnosis = np.array([s == "ICD-10-CM" for _, s, _ in key_parts])
    for label, mine in (("DIAGNOSIS", diagnosis), ("PROCEDURE", ~diagnosis)):
        for fold in range(n_folds):
            train, test = mine & (fold_of != fold) & (w > 0), mine & (fold_of == fold)
            if y[train].any() and test.any():
                model = boosting(_NOTE_TREES, _NOTE_LEAVES, _NOTE_RATE, seed)
                model.fit(x[train], y[train], sample_weight=w[train])
                scores[test] = model.decision_function(x[test])
        train = mine & (w > 0)
        if y[train].any():
            model = boosting(_NOTE_TREES, _NOTE_LEAVES, _NOTE_RATE, seed)
            model.fit(x[train], y[train], sample_weight=w[train])
            final.note_models[label] = TreeEnsemble.from_sklearn(model)
            final.promises.typical[label] = np.median(x[train], axis=0).round(5).tolist()
    system_of = np.array([s for _, s, _ in key_parts])
    for system in SYSTEMS:
        chosen = (system_of == system) & (w > 0)
        if chosen.sum() >= 50 and y[chosen].any():
            calibrator = final.calibrators[system] = Calibrator.fit(scores[chosen], y[chosen])
            final.promises.precision[system] = precision_table(
                calibrator.of(scores[chosen]), y[chosen]
            )
    final.promises.coverage = {system: coverage_table(found) for system, found in right.items()}
    kept = KeptNotes.join([(fit, kept_parts[i]) for i, fit in enumerate(fits)])
    kept.put_scores(dict(zip(key_parts, scores.tolist(), strict=True)), plain_finder.systems)
    return FitResult(final, key_parts, scores, y, w, fold_of, kept)
