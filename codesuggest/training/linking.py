"""Fit and measure the ranker of bare names: ``python -m codesuggest.training.linking``.

``--data ../shared`` is the folder that `codesuggest.training.default` takes. Figures are out of
fold: aliases learned from names, their votes, counts and weights all come from other folds.
Folds are split by name, by disease (all names of one disease together), and by code (all names
of one code together); names come again and again under new diseases of known codes, so the
second is the honest one for new lists.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from codesuggest.errors import TrainingDataError
from codesuggest.ranking.calibration import Calibrator
from codesuggest.ranking.name_candidates import NAME_FEATURES, NameCandidates
from codesuggest.ranking.name_memory import OWN, NameMemory
from codesuggest.ranking.name_ranker import NameRanker
from codesuggest.ranking.trees import TreeEnsemble
from codesuggest.schema import SYSTEMS
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.aliases import lexicon_aliases
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.releases import load_release
from codesuggest.terminology.words import DATA, WordForms, read_csv
from codesuggest.training.alias_tables import build_indexes
from codesuggest.training.fit import boosting

__all__ = ["SPLITS", "CodedName", "fit_term_ranker", "main", "measure_linking", "read_names"]

Array = np.ndarray[Any, Any]
log = logging.getLogger(__name__)

SPLITS = ("name", "disease", "code")
_ONTOLOGIES = ("mondo", "doid")
_TREES, _LEAVES, _RATE = 160, 16, 0.05
#: Terms of the lexicon that teach beside the names, drawn with a fixed seed.
_DRAWN = 1500
_TERM_WEIGHT = 0.1
_BATCH = 256
_RARE_COLUMNS = ("name", "code", "note")


@dataclass(frozen=True, slots=True)
class CodedName:
    """A name of a disease with the rows of its codes."""

    name: str
    rows: tuple[int, ...]
    disease: str
    source: str


def read_names(data: Path, icd: CodeSystem) -> list[CodedName]:
    """Read the names of both ontologies; names on several lines get several codes.

    Raises
    ------
    TrainingDataError
        A line that is not such an object; the message names file and line.
    """
    found: dict[tuple[str, str, str], dict[int, None]] = {}
    for ontology in _ONTOLOGIES:
        path = data / f"corpora/terms/{ontology}.jsonl"
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise TrainingDataError(f"{path}: cannot be read ({error.strerror})") from None
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                if not row["billable"]:
                    continue
                key = (str(row["name"]), str(row["id"]), ontology)
                found.setdefault(key, {})[icd.row_of[row["code"]]] = None
            except (ValueError, KeyError, TypeError):
                raise TrainingDataError(
                    f"{path.name}, line {number}: expected name, id, a known code and billable"
                ) from None
    return [CodedName(n, tuple(rows), i, source) for (n, i, source), rows in found.items()]


def folds_of(names: Sequence[CodedName], split: str, n_folds: int = 5, seed: int = 0) -> Array:
    """Return the fold of each name; names of one group share it.

    Parameters
    ----------
    split : {"name", "disease", "code"}
    """
    if split == "name":
        groups = [n.name.lower() for n in names]
    elif split == "disease":
        groups = [n.disease for n in names]
    else:
        groups = [str(root) for root in _joined([n.rows for n in names])]
    order = sorted(set(groups))
    fold = np.random.default_rng(seed).permutation(len(order)) % n_folds
    place = dict(zip(order, fold.tolist(), strict=True))
    return np.array([place[g] for g in groups])


def _joined(sets: Sequence[tuple[int, ...]]) -> list[int]:
    """Join sets that share a row, directly or through others; return the root of each."""
    parent: dict[int, int] = {}

    def root(row: int) -> int:
        while parent.setdefault(row, row) != row:
            row = parent[row]
        return row

    for rows in sets:
        for row in rows:
            parent[root(row)] = root(rows[0])
    return [root(rows[0]) for rows in sets]


@dataclass(slots=True)
class _Examples:
    features: list[Array]
    labels: list[Array]
    weights: list[Array]

    def add(self, features: Array, labels: Array, weight: float) -> None:
        """Add the candidates of one name."""
        self.features.append(features)
        self.labels.append(labels)
        self.weights.append(np.full(len(labels), weight))


class NameFit:
    """What all folds share: the alias index, the code system, the groups, the lexicon's terms."""

    def __init__(
        self, index: AliasIndex, icd: CodeSystem, names: Sequence[CodedName], rare: bool = True
    ) -> None:
        self.index = index
        self.icd = icd
        self.names = names
        diseases = sorted({n.disease for n in names})
        self._group = {disease: number for number, disease in enumerate(diseases)}
        terms = [a for a in lexicon_aliases(_systems(icd)) if a.system == icd.system]
        drawn = np.random.default_rng(0).choice(len(terms), min(_DRAWN, len(terms)), replace=False)
        #: Our own names of rare diseases: in every fold's memory, in no figure.
        table = read_csv(DATA / "lexicon" / "rare_names.csv", _RARE_COLUMNS) if rare else []
        self._rare = [(row["name"], icd.row_of[row["code"]]) for row in table]
        self._terms = [(terms[i].term, terms[i].row) for i in sorted(drawn.tolist())]

    def fit(self, chosen: Sequence[int], drop: Sequence[str] = ()) -> NameRanker:
        """Fit on the chosen names; its confidence is not calibrated yet.

        Parameters
        ----------
        drop : sequence of str
            Beginnings of features to leave out, for ablation.
        """
        finder = NameCandidates(self.index, self.icd)
        finder.memory = self._memory(chosen, finder)
        examples = _Examples([], [], [])
        for start in range(0, len(chosen), _BATCH):
            part = [self.names[i] for i in chosen[start : start + _BATCH]]
            table = finder([n.name for n in part], [self._group[n.disease] for n in part])
            for number, name in enumerate(part):
                mine = table.of(number)
                examples.add(table.features[mine], np.isin(table.row[mine], name.rows), 1.0)
        self._add_terms(finder, examples)
        x = np.concatenate(examples.features)
        _blank(x, drop)
        model = boosting(_TREES, _LEAVES, _RATE, 0)
        model.fit(x, np.concatenate(examples.labels), np.concatenate(examples.weights))
        trees = TreeEnsemble.from_sklearn(model)
        return NameRanker(finder, trees, Calibrator([0.0], [0.5]), self.icd)

    def _memory(self, chosen: Sequence[int], finder: NameCandidates) -> NameMemory:
        forms = self.index.forms
        entries = [
            (self.names[i].name, row, self._group[self.names[i].disease])
            for i in chosen
            for row in self.names[i].rows
        ]
        entries.extend((name, row, OWN) for name, row in self._rare)
        return NameMemory.build(
            [forms.bag(name) for name, _, _ in entries],
            [row for _, row, _ in entries],
            [group for _, _, group in entries],
            finder.likeness,
        )

    def _add_terms(self, finder: NameCandidates, examples: _Examples) -> None:
        """Add terms of the lexicon that must find their code without themselves, or with."""
        for start in range(0, len(self._terms), _BATCH):
            part = self._terms[start : start + _BATCH]
            without = (start // _BATCH) % 3 > 0
            table = finder([term for term, _ in part], without_own=without)
            for number, (_, row) in enumerate(part):
                mine = table.of(number)
                labels = table.row[mine] == row
                if labels.any():
                    examples.add(table.features[mine], labels, _TERM_WEIGHT)


def _systems(icd: CodeSystem) -> dict[str, CodeSystem]:
    return {name: icd if name == icd.system else load_release(name) for name in SYSTEMS}


def _blank(features: Array, drop: Sequence[str]) -> None:
    for column, name in enumerate(NAME_FEATURES):
        if name.startswith(tuple(drop)):
            features[:, column] = 0


def _cross_fit(
    fit: NameFit, folds: Array, drop: Sequence[str] = ()
) -> tuple[list[list[int]], Array, Array]:
    """Return the codes of each name out of fold, and all candidates' scores and labels."""
    ranked: list[list[int]] = [[] for _ in fit.names]
    scores: list[float] = []
    labels: list[bool] = []
    for fold in range(int(folds.max()) + 1):
        log.info("fold %d", fold + 1)
        ranker = fit.fit(np.flatnonzero(folds != fold).tolist(), drop)
        held = np.flatnonzero(folds == fold).tolist()
        for i, codes in zip(held, ranker.rank([fit.names[i].name for i in held], 20), strict=True):
            ranked[i] = [row for row, _, _ in codes]
            scores.extend(score for _, score, _ in codes)
            labels.extend(row in fit.names[i].rows for row in ranked[i])
    return ranked, np.array(scores), np.array(labels)


def recall_at(
    names: Sequence[CodedName], ranked: Sequence[Sequence[int]], source: str
) -> dict[str, float]:
    """Return recall of each (name, code) at 1, 5 and 20."""
    places = [
        (list(codes).index(row) if row in codes else len(codes) + 1000)
        for name, codes in zip(names, ranked, strict=True)
        if name.source == source
        for row in name.rows
    ]
    return {
        f"R@{k}": round(sum(p < k for p in places) / max(len(places), 1), 3) for k in (1, 5, 20)
    }


def fit_term_ranker(
    index: AliasIndex, icd: CodeSystem, names: Sequence[CodedName]
) -> tuple[NameRanker, dict[str, dict[str, float]]]:
    """Fit the ranker of names on all of them, calibrated out of fold by disease.

    Returns
    -------
    ranker : NameRanker
    figures : dict of source to recalls
        Out of fold by disease.
    """
    fit = NameFit(index, icd, names)
    ranked, scores, labels = _cross_fit(fit, folds_of(names, "disease"))
    ranker = fit.fit(list(range(len(names))))
    ranker.calibrator = Calibrator.fit(scores, labels)
    return ranker, {s: recall_at(names, ranked, s) for s in _ONTOLOGIES}


def measure_linking(
    index: AliasIndex,
    icd: CodeSystem,
    names: Sequence[CodedName],
    splits: Sequence[str] = SPLITS,
    drop: Sequence[str] = (),
    n_folds: int = 5,
    rare: bool = True,
) -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    """Return out-of-fold recalls by split and source.

    Parameters
    ----------
    drop : sequence of str
        Beginnings of features to leave out.
    rare : bool
        Whether our own names of rare diseases vote.
    """
    fit = NameFit(index, icd, names, rare)
    out = {}
    for split in splits:
        ranked, _, _ = _cross_fit(fit, folds_of(names, split, n_folds), drop)
        out[split] = {s: recall_at(names, ranked, s) for s in _ONTOLOGIES}
        log.info("%s: %s", split, out[split])
    return out


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the public corpora")
    parser.add_argument("--split", action="append", choices=SPLITS, help="only this one")
    parser.add_argument("--drop", action="append", default=[], help="features to leave out")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--without-rare", action="store_true", help="without rare_names.csv")
    parser.add_argument("--out", type=Path, help="fit on all names and write the ranker here")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    systems = {name: load_release(name) for name in SYSTEMS}
    icd = systems["ICD-10-CM"]
    paths = options.data / "terminology/icd10cm_index_fy2025_paths.tsv"
    index = build_indexes(systems, WordForms.packaged(), paths)["DIAGNOSIS"]
    names = read_names(options.data, icd)
    if options.out is not None:
        ranker, figures = fit_term_ranker(index, icd, names)
        ranker.to_disk(options.out)
        log.info("by disease: %s", figures)
        start = time.perf_counter()
        ranker.rank([n.name for n in names], 20)
        log.info("%.2f ms a name", (time.perf_counter() - start) / len(names) * 1000)
    else:
        measure_linking(
            index,
            icd,
            names,
            options.split or SPLITS,
            options.drop,
            options.folds,
            not options.without_rare,
        )


if __name__ == "__main__":
    main()
