"""Does training on coded notes work? ``python -m codesuggest.training.learning_curve``.

Trains through the public `train` on the first 50, 100, 250 and all notes of one corpus and
ranks the codes of another part that no step saw. The measure is mean average precision over the
full list of suggestions, the one of the CodiEsp task (Miranda-Escalada et al. 2020): a note
without suggestions scores zero.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from codesuggest.schema import Note
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.releases import load_release
from codesuggest.training.corpora import CodedNote, read_gold
from codesuggest.training.retrain import train

if TYPE_CHECKING:
    from codesuggest.suggester import CodeSuggester
    from codesuggest.training.measure import Scores

__all__ = ["CurvePoint", "average_precision", "learning_curve", "main", "mean_average_precision"]

log = logging.getLogger(__name__)

SIZES = (50, 100, 250, 500)
_SYSTEM = "ICD-10-CM"


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One training of the curve.

    `recall` is the share of the codes to find that are anywhere in the list; `kept` the F1 of
    the base model's own notes before and after, by corpus.
    """

    n_notes: int
    map: float
    recall: float
    seconds: float
    kept: dict[str, tuple[float, float]]


def average_precision(ranked: Sequence[str], relevant: set[str]) -> float:
    """Return the mean, over relevant codes, of the precision where each is found."""
    hits, total = 0, 0.0
    for place, code in enumerate(ranked, 1):
        if code in relevant:
            hits += 1
            total += hits / place
    return total / len(relevant) if relevant else 0.0


def mean_average_precision(
    suggester: CodeSuggester, notes: Sequence[CodedNote], system: CodeSystem
) -> tuple[float, float]:
    """Return MAP and the recall of the full lists over notes with a reportable code."""
    values, found, total = [], 0, 0
    for note in notes:
        gold = {c for c in note.codes(system.system) if system.check(c).status == "valid"}
        if not gold:
            continue
        result = suggester.suggest(
            Note(note.text, note.note_id, note.setting), systems=[system.system]
        )
        ranked = [s.code for s in result]
        values.append(average_precision(ranked, gold))
        found += len(gold.intersection(ranked))
        total += len(gold)
    return float(np.mean(values)) if values else 0.0, found / max(total, 1)


def learning_curve(
    train_notes: Sequence[CodedNote],
    test_notes: Sequence[CodedNote],
    sizes: Sequence[int] = SIZES,
    base: Path | None = None,
    seed: int = 0,
) -> list[CurvePoint]:
    """Train on the first notes of each size; rank the test notes."""
    system = load_release(_SYSTEM)
    points = []
    for size in sizes:
        with TemporaryDirectory() as folder:
            result = train(train_notes[:size], out=Path(folder) / "model", base=base, seed=seed)
            value, recall = mean_average_precision(result.load(), test_notes, system)
            point = CurvePoint(result.n_notes, value, recall, result.seconds, _kept(result.figures))
        log.info("%s", json.dumps(asdict(point)))
        points.append(point)
    return points


def _kept(figures: dict[str, Scores]) -> dict[str, tuple[float, float]]:
    return {
        name.removesuffix(", before"): (
            round(scores.f1, 3),
            round(figures[name.removesuffix("before") + "after"].f1, 3),
        )
        for name, scores in figures.items()
        if name.endswith(", before")
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command; the figures go to the log and to ``--out``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the public corpora")
    parser.add_argument("--base", type=Path, help="start from this model, for example the default")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    folder = options.data / "corpora/codiesp"
    points = learning_curve(
        read_gold(folder / "train.jsonl"),
        read_gold(folder / "dev.jsonl"),
        options.sizes,
        options.base,
        options.seed,
    )
    if options.out is not None:
        text = json.dumps([asdict(p) for p in points], indent=1)
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
