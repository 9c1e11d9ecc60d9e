"""Fit the site model: tables, trees and calibration, cross-fitted by note."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

from codesuggest.errors import TrainingDataError
from codesuggest.ranking.calibration import Calibrator
from codesuggest.ranking.candidates import CandidateFinder
from codesuggest.ranking.note_features import INACTIVE
from codesuggest.ranking.ranker import Ranker
from codesuggest.ranking.site import SiteModel
from codesuggest.ranking.site_features import (
    NoteWordings,
    candidate_rows,
    label_of,
)
from codesuggest.ranking.site_tables import Associations, Likeness, TextScores
from codesuggest.ranking.trees import TreeEnsemble
from codesuggest.schema import SYSTEMS
from codesuggest.training.examples import NoteFit
from codesuggest.training.fit import INDEX_LABELS, boosting, snapped
from codesuggest.training.kept_notes import KeptNotes

__all__ = ["SiteFit", "codes_ruled_out", "fit_site"]

Array = np.ndarray[Any, Any]
Key = tuple[int, int]
log = logging.getLogger(__name__)

_TREES, _LEAVES, _RATE = 120, 12, 0.08
#: Labels of a system from which on the site's own model takes it over.
_LEAST_LABELS = 10
#: A small site's notes weigh up to this much more than the kept ones.
_MOST_WEIGHT = 4.0
#: Denied categories from which on a site's habit about them shows.
_LEAST_RULED_OUT = 20


@dataclass(slots=True)
class SiteFit:
    """A fitted site model and out-of-fold scores.

    Attributes
    ----------
    keys : list of (note number, system, code)
        Candidates of the site's notes.
    scores, labels, weights : arrays
    kept_scores : array
        Out-of-fold scores of the kept notes' rows, NaN where the site's notes do not code
        the system.
    """

    site: SiteModel
    keys: list[tuple[int, str, str]]
    scores: Array
    labels: Array
    weights: Array
    kept_scores: Array


def fit_site(
    rankers: Sequence[Ranker],
    folds: Array,
    fits: Sequence[NoteFit],
    kept: KeptNotes | None = None,
    seed: int = 0,
    progress: Callable[[float], None] = lambda share: None,
) -> SiteFit:
    """Fit the site model of coded notes.

    Parameters
    ----------
    rankers : sequence of Ranker
        One a fold, which never saw the notes of that fold.
    folds : array of int, shape (n_notes,)
    fits : sequence of NoteFit
    kept : KeptNotes, optional
        Notes of the base model that must not be forgotten.
    progress : function of a share in [0, 1]

    Raises
    ------
    TrainingDataError
        No system has enough labels.
    """
    finder = rankers[0].finder
    if finder is None:
        raise RuntimeError("unreachable: the rankers are bound")
    tables = finder.systems
    note_keys = [
        frozenset(
            (system, tables[system].row_of[g.code])
            for g in fit.note.must
            if (system := SYSTEMS.index(g.system)) >= 0 and g.code in tables[system].row_of
        )
        for fit in fits
    ]
    total = Counter(s for keys in note_keys for s, _ in keys)
    covered = {s for s, n in total.items() if n >= _LEAST_LABELS}
    if not covered:
        raise TrainingDataError(
            f"the notes carry {sum(total.values())} usable codes, expected at least "
            f"{_LEAST_LABELS} of one code system"
        )
    note_keys = [frozenset(k for k in keys if k[0] in covered) for keys in note_keys]
    counts = Counter(k for keys in note_keys for k in keys)
    order = sorted(counts)
    number = {key: i for i, key in enumerate(order)}
    categories = Counter(tables[s].codes[r][:3] for keys in note_keys for s, r in keys)
    ruled_out = codes_ruled_out(fits, finder)
    words = [NoteWordings.of(fit.input.found, ruled_out) for fit in fits]
    coded = [[number[k] for k in sorted(keys)] for keys in note_keys]
    indptr = np.cumsum([0, *map(len, coded)])
    flat = np.array([c for codes in coded for c in codes], np.int64)
    labels_of = sparse.csr_matrix((np.ones(len(flat)), flat, indptr), (len(fits), len(order)))
    log.info("tables of %d notes", len(fits))
    texts, text_scores = TextScores.fit([w.grams for w in words], labels_of, seed)

    def associations_without(fold: int) -> Associations:
        chosen = [i for i in range(len(fits)) if folds[i] != fold]
        return Associations.fit(
            [words[i].wordings for i in chosen], [coded[i] for i in chosen], len(order)
        )

    site = SiteModel(
        order,
        [counts[k] for k in order],
        categories,
        associations_without(-1),
        texts,
        Likeness.fit([w.grams for w in words], kept.grams if kept is not None else []),
        ruled_out,
    )
    x_parts: list[Array] = []
    y, w, fold_of, keys = [], [], [], []
    done = 0
    for fold in sorted(set(folds.tolist())):
        associations = associations_without(fold)
        ranker = rankers[fold % len(rankers)]
        for i in np.flatnonzero(folds == fold).tolist():
            fit = fits[i]
            base, _ = ranker.rank_generally(fit.input)
            more = site.learned_candidates(words[i], associations)
            rows = candidate_rows(ranker, fit.input, base, sorted(covered), more, ruled_out)
            own = site.columns(
                rows.keys,
                rows.codes,
                words[i].grams,
                words[i].wordings,
                associations=associations,
                scores=text_scores[i],
                own=note_keys[i],
                side="site",
            )
            accepted = {(SYSTEMS.index(g.system), g.code) for g in fit.note.acceptable}
            x_parts.append(np.hstack([rows.features, own]).astype(np.float32))
            for key, code in zip(rows.keys, rows.codes, strict=True):
                right = key in note_keys[i]
                y.append(right)
                w.append(float(right or (key[0], code) not in accepted))
                keys.append((i, SYSTEMS[key[0]], code))
            fold_of.append(np.full(len(rows), fold))
            done += 1
            progress(0.4 * done / len(fits))
    x, labels, weights = np.concatenate(x_parts), np.array(y), np.array(w)
    folds_of_rows = np.concatenate(fold_of)
    system_of = np.array([SYSTEMS.index(s) for _, s, _ in keys])
    n_own = len(labels)
    if kept is not None:
        chosen, block = _kept_block(site, kept, tables)
        kept_fold = np.random.default_rng(seed).permutation(np.arange(len(kept)) % 5)
        boost = min(max(0.5 * len(kept) / len(fits), 1.0), _MOST_WEIGHT)
        x = np.concatenate([x, block])
        labels = np.concatenate([labels, kept.labels[chosen]])
        weights = np.concatenate([weights * boost, kept.weights[chosen]])
        folds_of_rows = np.concatenate([folds_of_rows, kept_fold[kept.note[chosen]]])
        system_of = np.concatenate([system_of, kept.system[chosen]])
    scores = _cross_fit(site, snapped(x), labels, weights, folds_of_rows, system_of, seed, progress)
    for position in sorted(covered):
        mine = (system_of == position) & (weights > 0)
        if mine.sum() >= 50 and labels[mine].any():
            site.calibrators[SYSTEMS[position]] = Calibrator.fit(scores[mine], labels[mine])
    kept_scores = np.zeros(0)
    if kept is not None:
        kept_scores = np.full(len(kept.labels), np.nan)
        kept_scores[chosen] = scores[n_own:]
    return SiteFit(site, keys, scores[:n_own], labels[:n_own], weights[:n_own], kept_scores)


def codes_ruled_out(fits: Sequence[NoteFit], finder: CandidateFinder) -> bool:
    """Tell whether notes carry the codes of mentions that they deny.

    True where a category that is only mentioned as negated, hypothetical or of the family is
    coded at least half as often as one that the note affirms; with few such mentions, False.
    """
    seen, coded = Counter[bool](), Counter[bool]()
    for fit in fits:
        carried = {g.code[:3] for g in fit.note.must}
        said: dict[bool, set[str]] = {True: set(), False: set()}
        found = fit.input.found
        for extract, assertion in zip(found.extracts, found.assertions, strict=True):
            if extract.bag >= 0 and extract.label == "DIAGNOSIS":
                index = finder.indexes[extract.label]
                entry = index.entries(extract.bag)[0]
                code = finder.systems[0].codes[int(index.entry_row[entry])]
                said[assertion.status in INACTIVE].add(code[:3])
        said[True] -= said[False]
        for ruled_out, categories in said.items():
            seen[ruled_out] += len(categories)
            coded[ruled_out] += len(categories & carried)
    if seen[True] < _LEAST_RULED_OUT or not seen[False]:
        return False
    return coded[True] / seen[True] >= 0.5 * coded[False] / seen[False]


def _kept_block(site: SiteModel, kept: KeptNotes, tables: Sequence[Any]) -> tuple[Array, Array]:
    """Return which rows of the kept notes the site covers, and their features."""
    parts, chosen = [], []
    bounds = np.searchsorted(kept.note, np.arange(len(kept) + 1))
    for note, (start, stop) in enumerate(pairwise(bounds.tolist())):
        mine = np.flatnonzero(np.isin(kept.system[start:stop], site.systems)) + start
        rows = [(int(s), int(r)) for s, r in zip(kept.system[mine], kept.row[mine], strict=True)]
        own = site.columns(
            rows,
            [tables[s].codes[r] for s, r in rows],
            kept.grams[note],
            kept.wordings[note],
            side="base",
        )
        parts.append(np.hstack([kept.features[mine], own]).astype(np.float32))
        chosen.append(mine)
    return np.concatenate(chosen), np.concatenate(parts)


def _cross_fit(
    site: SiteModel,
    x: Array,
    labels: Array,
    weights: Array,
    folds: Array,
    system: Array,
    seed: int,
    progress: Callable[[float], None],
) -> Array:
    """Fit the trees of each label on all rows; return scores of trees that never saw the note."""
    scores = np.zeros(len(labels))
    is_label = np.array([label_of(s) for s in range(len(SYSTEMS))])[system]
    numbers = sorted(set(folds.tolist()))
    for place, label in enumerate(INDEX_LABELS):
        mine = is_label == label
        if not labels[mine].any():
            continue
        for step, fold in enumerate([*numbers, None]):
            train = mine & (weights > 0)
            if fold is not None:
                train &= folds != fold
            if labels[train].any() and not labels[train].all():
                model = boosting(_TREES, _LEAVES, _RATE, seed)
                model.fit(x[train], labels[train], sample_weight=weights[train])
                if fold is None:
                    site.trees[label] = TreeEnsemble.from_sklearn(model)
                else:
                    test = mine & (folds == fold)
                    if test.any():
                        scores[test] = model.decision_function(x[test])
            share = (place + (step + 1) / (len(numbers) + 1)) / len(INDEX_LABELS)
            progress(0.4 + 0.6 * share)
    return scores
