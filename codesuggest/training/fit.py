"""Fit the default model: alias indexes, mention model, note model, calibration.

Everything learned is cross-fitted by note: a note's features and scores for evaluation come
from models that never saw it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from codesuggest.extraction.pipeline import extracts_of
from codesuggest.extraction.sections import SectionTable
from codesuggest.ranking.calibration import Calibrator
from codesuggest.ranking.candidates import FEATURES, CandidateFinder
from codesuggest.ranking.note_features import INACTIVE
from codesuggest.ranking.ranker import NoteInput, Ranker
from codesuggest.ranking.terms import term_query
from codesuggest.ranking.trees import TreeEnsemble
from codesuggest.schema import SYSTEMS
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.aliases import (
    Alias,
    catalogue_aliases,
    index_aliases,
    lexicon_aliases,
    read_index_paths,
    title_aliases,
)
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.words import WordForms
from codesuggest.training.corpora import CodedNote

__all__ = ["NoteFit", "build_indexes", "fit_ranker", "prepare", "silence"]

Array = np.ndarray[Any, Any]
log = logging.getLogger(__name__)

INDEX_LABELS = ("DIAGNOSIS", "PROCEDURE")
#: Balanced trees: evaluating them takes as many steps as they are deep.
_DEPTH = 5
_MENTION_TREES, _MENTION_LEAVES = 48, 16
_NOTE_TREES, _NOTE_LEAVES = 100, 12


def build_indexes(
    systems: Mapping[str, CodeSystem],
    forms: WordForms,
    index_path: Path | None = None,
    learned: Iterable[Alias] = (),
) -> dict[str, AliasIndex]:
    """Build the alias indexes of both labels.

    Parameters
    ----------
    systems : mapping of name to CodeSystem
    forms : WordForms
    index_path : Path, optional
        The Alphabetic Index as paths.
    learned : iterable of Alias
        Further terms, for example disease names of open ontologies.
    """
    icd = systems["ICD-10-CM"]
    diagnosis: list[Alias] = [*title_aliases(icd)]
    if index_path is not None:
        diagnosis.extend(index_aliases(read_index_paths(index_path), icd))
    procedure: list[Alias] = [
        alias for name in ("CPT", "HCPCS") for alias in catalogue_aliases(systems[name])
    ]
    for alias in (*lexicon_aliases(systems), *learned):
        (diagnosis if alias.system == "ICD-10-CM" else procedure).append(alias)
    return {
        "DIAGNOSIS": AliasIndex.build(diagnosis, forms),
        "PROCEDURE": AliasIndex.build(procedure, forms),
    }


@dataclass(slots=True)
class NoteFit:
    """A coded note with what extraction found in it."""

    note: CodedNote
    input: NoteInput
    weight: float = 1.0
    quotes: dict[int, set[tuple[str, str]]] = field(default_factory=dict)

    @property
    def coded_procedures(self) -> bool:
        """Whether the note's coders looked at procedures at all."""
        return any(g.system != "ICD-10-CM" for g in (*self.note.must, *self.note.acceptable))


def prepare(nlp: Any, notes: Sequence[CodedNote], weight: float = 1.0) -> list[NoteFit]:
    """Extract the mentions of coded notes and tie them to the gold evidence."""
    groups = SectionTable.packaged().groups
    out = []
    for note in notes:
        found = extracts_of(nlp(note.text))
        extracts = found.extracts
        fit = NoteFit(note, NoteInput(note.text, found, groups, note.setting), weight)
        for gold in note.must:
            for quote in gold.evidence:
                start = note.text.find(quote)
                while start >= 0:
                    for i, extract in enumerate(extracts):
                        if extract.start_char < start + len(quote) and extract.end_char > start:
                            fit.quotes.setdefault(i, set()).add((gold.system, gold.code))
                    start = note.text.find(quote, start + 1)
        out.append(fit)
    return out


def silent_bags(
    fits: Iterable[NoteFit], label: str, index: AliasIndex, finder: CandidateFinder
) -> list[int]:
    """Return the bags of one or two words that notes mention and coders never report for it.

    A bag is silent when at least eight notes mention it and a note that does so is hardly
    likelier than any other to carry a code of a category that the bag could mean.
    """
    seen: Counter[int] = Counter()
    coded: Counter[int] = Counter()
    base: Counter[str] = Counter()
    n_notes = 0

    def categories_of(bag: int) -> set[str]:
        return {
            finder.systems[int(index.entry_system[e])].codes[int(index.entry_row[e])][:3]
            for e in index.entries(bag)
        }

    for fit in fits:
        if label == "PROCEDURE" and not fit.coded_procedures:
            continue
        n_notes += 1
        categories = {g.code[:3] for g in (*fit.note.must, *fit.note.acceptable)}
        base.update(categories)
        for bag in {e.bag for e in fit.input.found.extracts if e.label == label and e.bag >= 0}:
            if index.bag_size[bag] <= 2:
                seen[bag] += 1
                coded[bag] += not categories.isdisjoint(categories_of(bag))
    silent = []
    for bag, n in seen.items():
        usual = sum(base[c] for c in categories_of(bag)) / max(n_notes, 1)
        if n >= 8 and coded[bag] < max(0.03, 1.5 * min(usual, 0.3)) * n:
            silent.append(bag)
    return sorted(silent)


def silence(
    indexes: Mapping[str, AliasIndex], systems: Mapping[str, CodeSystem], fits: Sequence[NoteFit]
) -> int:
    """Silence the everyday words of both indexes; return how many."""
    finder = CandidateFinder(indexes, systems)
    total = 0
    for label, index in indexes.items():
        bags = silent_bags(fits, label, index, finder)
        index.silence(bags)
        total += len(bags)
    return total


def counts_of(fits: Iterable[NoteFit]) -> dict[str, int]:
    """Count codes and categories (``"E11*"``) over coded notes."""
    counts: Counter[str] = Counter()
    for fit in fits:
        for gold in fit.note.must:
            counts[gold.code] += 1
            counts[gold.code[:3] + "*"] += 1
    return dict(counts)


def report_rates(fits: Iterable[NoteFit], finder: CandidateFinder) -> dict[str, float]:
    """Return how often a category that is mentioned, and not ruled out, is reported."""
    seen: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    for fit in fits:
        if not fit.note.must or fit.weight < 1:
            continue
        reported = {g.code[:3] for g in (*fit.note.must,)}
        accepted = {g.code[:3] for g in fit.note.acceptable}
        mentioned = set()
        for extract, assertion in zip(
            fit.input.found.extracts, fit.input.found.assertions, strict=True
        ):
            if extract.bag >= 0 and assertion.status not in INACTIVE:
                index = finder.indexes[extract.label]
                entry = index.entries(extract.bag)[0]
                system = int(index.entry_system[entry])
                mentioned.add(finder.systems[system].codes[int(index.entry_row[entry])][:3])
        for category in mentioned:
            if category in accepted and category not in reported:
                continue
            seen[category] += 1
            hit[category] += category in reported
    return {c: round((hit[c] + 0.6) / (n + 3), 3) for c, n in sorted(seen.items())}


# -- the mention model ---------------------------------------------------------------------


@dataclass(slots=True)
class Examples:
    """Features, labels and weights of (mention, candidate) pairs."""

    features: Array
    labels: Array
    weights: Array

    @classmethod
    def empty(cls) -> Examples:
        """Return no examples."""
        return cls(np.zeros((0, len(FEATURES)), np.float32), np.zeros(0, bool), np.zeros(0))

    @classmethod
    def join(cls, parts: Sequence[Examples]) -> Examples:
        """Put examples one after the other."""
        return cls(
            np.concatenate([p.features for p in parts]),
            np.concatenate([p.labels for p in parts]),
            np.concatenate([p.weights for p in parts]),
        )

    def of(self, label: str) -> Examples:
        """Return the examples of one label."""
        diagnosis = self.features[:, _PROCEDURE] == 0
        chosen = diagnosis if label == "DIAGNOSIS" else ~diagnosis
        return Examples(self.features[chosen], self.labels[chosen], self.weights[chosen])


_PRIORS = [list(FEATURES).index(name) for name in ("prior", "category_prior")]


def _leave_out(
    block: Array, codes: Sequence[str], own: Mapping[str, int], priors: Mapping[str, int]
) -> None:
    """Take a note's own codes out of the counts; else every right answer would show in them."""
    for row, code in enumerate(codes):
        for column, key in zip(_PRIORS, (code, code[:3] + "*"), strict=True):
            block[row, column] = np.log1p(max(priors.get(key, 0) - own.get(key, 0), 0))


def mention_examples(ranker: Ranker, fits: Sequence[NoteFit]) -> Examples:
    """Return the (mention, candidate) pairs that coded notes teach.

    A mention under a gold quote teaches its candidates; its other candidates are wrong unless
    they are acceptable for the note. In notes whose codes carry no quotes a mention teaches
    when one of its candidates is a code of the note.
    """
    features, labels, weights = [], [], []
    for fit in fits:
        note = fit.note
        gold_of_note = {(g.system, g.code) for g in note.must}
        accepted = {(g.system, g.code) for g in note.acceptable}
        with_quotes = any(g.evidence for g in note.must)
        own = counts_of([fit])
        active = [
            i
            for i, a in enumerate(fit.input.found.assertions)
            if a.status not in INACTIVE and (i in fit.quotes or not with_quotes)
        ]
        if not active or ranker.finder is None:
            continue
        table = ranker.finder(fit.input.found.extracts, active, fit.input.found)
        for start, stop in table.groups():
            mention = int(table.mention[start])
            right = fit.quotes.get(mention, set()) if with_quotes else gold_of_note
            keys = [
                (
                    SYSTEMS[int(s)],
                    ranker.finder.systems[int(s)].codes[int(r)],
                )
                for s, r in zip(table.system[start:stop], table.row[start:stop], strict=True)
            ]
            label = np.array([k in right for k in keys])
            if not label.any():
                continue
            keep = np.array([k in right or k not in accepted for k in keys])
            block = table.features[start:stop]
            if own and ranker.priors:
                _leave_out(block, [code for _, code in keys], own, ranker.priors)
            features.append(block[keep])
            labels.append(label[keep])
            weights.append(np.full(int(keep.sum()), fit.weight if with_quotes else 0.25))
    if not features:
        return Examples.empty()
    return Examples(np.concatenate(features), np.concatenate(labels), np.concatenate(weights))


def term_examples(
    finder: CandidateFinder, terms: Sequence[tuple[str, int, int]], weight: float
) -> Examples:
    """Return examples of terms that must find their code without themselves.

    Parameters
    ----------
    terms : sequence of (term, system position, row)
        Known aliases: the alias itself is taken out of its candidates, so that the model
        learns how wording that it does not know meets wording that it does.
    """
    features, labels = [], []
    for label, of_label in (("DIAGNOSIS", {0}), ("PROCEDURE", {1, 2})):
        queries, truth = [], []
        for term, system, row in terms:
            if system not in of_label:
                continue
            query = term_query(term, label, finder.indexes[label])
            if query.core:
                queries.append(query)
                truth.append(_family(finder, system, row))
        for start in range(0, len(queries), 256):
            part = queries[start : start + 256]
            table = finder(part, range(len(part)), without_own=True)
            for low, high in table.groups():
                right = truth[start + int(table.mention[low])]
                hit = np.array(
                    [
                        _family(finder, int(s), int(r)) == right
                        for s, r in zip(table.system[low:high], table.row[low:high], strict=True)
                    ]
                )
                if hit.any():
                    features.append(table.features[low:high])
                    labels.append(hit)
    if not features:
        return Examples.empty()
    x, y = np.concatenate(features), np.concatenate(labels)
    return Examples(x, y, np.full(len(x), weight))


def _family(finder: CandidateFinder, system: int, row: int) -> tuple[int, int]:
    """Return what the finder tells apart: a family of ICD-10-CM, a code of the others."""
    return system, int(finder.systems[0].families[row]) if system == 0 else row


_PROCEDURE = list(FEATURES).index("procedure")


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


# -- the note model ------------------------------------------------------------------------


def note_examples(
    ranker: Ranker, fits: Sequence[NoteFit]
) -> tuple[Array, Array, Array, list[tuple[int, str, str]]]:
    """Return features, labels, weights and keys ``(note number, system, code)``.

    Weight 0 marks acceptable codes: they are scored but teach nothing.
    """
    features, labels, weights, keys = [], [], [], []
    for number, fit in enumerate(fits):
        table = ranker.note_table(fit.input)
        must = {(g.system, g.code) for g in fit.note.must}
        accepted = {(g.system, g.code) for g in fit.note.acceptable}
        for (system, code), row in zip(table.codes, table.features, strict=True):
            key = (SYSTEMS[system], code)
            features.append(row)
            labels.append(key in must)
            weights.append(0.0 if key in accepted and key not in must else fit.weight)
            keys.append((number, *key))
    return np.array(features), np.array(labels), np.array(weights), keys


@dataclass(slots=True)
class FitResult:
    """A fitted ranker and the out-of-fold scores it was calibrated on."""

    ranker: Ranker
    keys: list[tuple[int, str, str]]
    scores: Array
    labels: Array
    weights: Array
    folds: Array


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
        for label in INDEX_LABELS:
            part = examples.of(label)
            if part.labels.any():
                model = boosting(_MENTION_TREES, _MENTION_LEAVES, 0.15, seed)
                model.fit(part.features, part.labels, sample_weight=part.weights)
                ranker.mention_models[label] = TreeEnsemble.from_sklearn(model)
        return ranker

    x_parts, y_parts, w_parts, fold_parts = [], [], [], []
    key_parts: list[tuple[int, str, str]] = []
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
    x, y, w = np.concatenate(x_parts), np.concatenate(y_parts), np.concatenate(w_parts)
    fold_of = np.concatenate(fold_parts)
    scores = np.zeros(len(y))
    final = ranker_without(set())
    diagnosis = np.array([s == "ICD-10-CM" for _, s, _ in key_parts])
    for label, mine in (("DIAGNOSIS", diagnosis), ("PROCEDURE", ~diagnosis)):
        for fold in range(n_folds):
            train, test = mine & (fold_of != fold) & (w > 0), mine & (fold_of == fold)
            if y[train].any() and test.any():
                model = boosting(_NOTE_TREES, _NOTE_LEAVES, 0.06, seed)
                model.fit(x[train], y[train], sample_weight=w[train])
                scores[test] = model.decision_function(x[test])
        train = mine & (w > 0)
        if y[train].any():
            model = boosting(_NOTE_TREES, _NOTE_LEAVES, 0.06, seed)
            model.fit(x[train], y[train], sample_weight=w[train])
            final.note_models[label] = TreeEnsemble.from_sklearn(model)
    system_of = np.array([s for _, s, _ in key_parts])
    for system in SYSTEMS:
        chosen = (system_of == system) & (w > 0)
        if chosen.sum() >= 50 and y[chosen].any():
            final.calibrators[system] = Calibrator.fit(scores[chosen], y[chosen])
    return FitResult(final, key_parts, scores, y, w, fold_of)
