"""Train ``models/default``: ``python -m codesuggest.training.default --data ../shared``.

`--data` is a folder with the public corpora that the model card names (its layout is described
in CONTRIBUTING.md). Without it the model is trained on the project's own notes and lexicon
alone. Figures go to ``figures.json`` and the model card beside the model.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import codesuggest
from codesuggest.extraction.pipeline import blank_pipeline
from codesuggest.model_directory import NAMES, save_model, write_manifest
from codesuggest.ranking.ranker import Ranker
from codesuggest.schema import SYSTEMS
from codesuggest.terminology.aliases import Alias
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.releases import load_release
from codesuggest.terminology.words import WordForms
from codesuggest.training.alias_tables import build_indexes, drawn_terms, known_words, silence
from codesuggest.training.corpora import CodedNote, read_gold
from codesuggest.training.examples import NoteFit, prepare
from codesuggest.training.fit import FitResult, fit_ranker
from codesuggest.training.kept_notes import KEPT_FILE
from codesuggest.training.linking import fit_term_ranker, read_names
from codesuggest.training.measure import Scores, best_point, score_predictions
from codesuggest.training.model_card import write_model_card
from codesuggest.training.proposing import prepare_with_proposer
from codesuggest.training.splits import split_notes

__all__ = ["main", "train_default"]

log = logging.getLogger(__name__)


def read_terms(path: Path, icd: CodeSystem) -> list[tuple[str, int, int]]:
    """Read ``{"name": ..., "code": ..., "billable": ...}`` lines as (term, system, row)."""
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return [(r["name"], 0, icd.row_of[r["code"]]) for r in rows if r.get("billable", True)]


def train_default(
    target: Path, own: Path, data: Path | None, index_path: Path | None, version: str
) -> FitResult:
    """Train on the project's own notes and, where there are any, on public corpora."""
    systems = {name: load_release(name) for name in SYSTEMS}
    icd = systems["ICD-10-CM"]
    forms = WordForms.packaged()
    notes, test = split_notes(n for p in sorted(own.glob("*.jsonl")) for n in read_gold(p))
    weak: list[CodedNote] = []
    names: list[tuple[str, int, int]] = []
    if data is not None:
        notes = [*read_gold(data / "corpora/aci_bench/gold.jsonl"), *notes]
        for part in ("train", "dev"):
            weak.extend(read_gold(data / f"corpora/codiesp/{part}.jsonl"))
        for ontology in ("mondo", "doid"):
            names.extend(read_terms(data / f"corpora/terms/{ontology}.jsonl", icd))
    learned = [Alias(term, "ICD-10-CM", row, "learned") for term, _, row in names]
    log.info("alias indexes")
    indexes = build_indexes(systems, forms, index_path, learned)
    words = known_words(n.text for n in (*notes, *weak))
    nlp = blank_pipeline(with_linker=False)
    nlp.get_pipe("codesuggest_mentions").set_indexes(indexes, words)
    # everyday words are learned from notes that no figure is reported on
    weak_fits = prepare(nlp, weak)
    own_fits = prepare(nlp, [n for n in notes if n.corpus != "aci_bench"])
    log.info("%d everyday wordings silenced", silence(indexes, systems, [*weak_fits, *own_fits]))
    log.info("mentions of %d notes", len(notes) + len(weak))
    fits, proposer = prepare_with_proposer(nlp, notes)
    weak_fits = prepare(nlp, weak)
    terms = names + drawn_terms(systems)
    result = fit_ranker(indexes, systems, fits, weak_fits, terms)
    figures = {**set_operating_points(result, fits), **test_scores(result.ranker, nlp, test)}
    target.mkdir(parents=True, exist_ok=True)
    save_model(target, result.ranker, indexes, words, proposer)
    result.kept.save(target / KEPT_FILE)
    if data is not None:
        coded = read_names(data, icd)
        fit_term_ranker(indexes["DIAGNOSIS"], icd, coded)[0].to_disk(target / NAMES)
    (target / "figures.json").write_text(
        json.dumps({k: v.to_dict() for k, v in figures.items()}, indent=1), encoding="utf-8"
    )
    releases = {name: s.release for name, s in systems.items()}
    write_manifest(target, version, releases)
    write_model_card(target, version, releases, notes, weak, names, figures)
    return result


def set_operating_points(result: FitResult, fits: Sequence[NoteFit]) -> Mapping[str, Scores]:
    """Choose, for each system, the operating point on out-of-fold confidences."""
    figures: dict[str, Scores] = {}
    confidences = np.array(
        [
            result.ranker.calibrators[s](x) if s in result.ranker.calibrators else 0.0
            for (_, s, _), x in zip(result.keys, result.scores, strict=True)
        ]
    )
    notes = [f.note for f in fits]
    for system in SYSTEMS:
        point, scores = best_point(result.keys, confidences, notes, system)
        result.ranker.operating_points[system] = point
        figures[system] = scores
        for corpus in sorted({n.corpus for n in notes}):
            chosen = {i for i, n in enumerate(notes) if n.corpus == corpus}
            figures[f"{system} on {corpus}"] = score_predictions(
                result.keys, confidences, notes, system, point, chosen
            )
    return figures


def test_scores(ranker: Ranker, nlp: Any, test: Sequence[CodedNote]) -> dict[str, Scores]:
    """Score the final model on the part of our own notes that it never trains on."""
    keys, confidences = [], []
    for number, fit in enumerate(prepare(nlp, test)):
        for ranked in ranker.rank_note(fit.input)[0]:
            keys.append((number, ranked.system, ranked.code))
            confidences.append(ranked.confidence)
    return {
        f"{system} on the test part of training_notes": score_predictions(
            keys, np.array(confidences), test, system, ranker.operating_points[system]
        )
        for system in SYSTEMS
        if any(note.codes(system) for note in test)
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with the public corpora")
    parser.add_argument("--index", type=Path, help="Alphabetic Index as paths (TSV)")
    parser.add_argument("--own", type=Path, default=Path("models/training_notes"))
    parser.add_argument("--out", type=Path, default=Path("models/default"))
    parser.add_argument("--version", default=codesuggest.__version__)
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    index = options.index
    if index is None and options.data is not None:
        index = options.data / "terminology/icd10cm_index_fy2025_paths.tsv"
    train_default(options.out, options.own, options.data, index, options.version)


if __name__ == "__main__":
    main()
