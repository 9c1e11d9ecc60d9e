"""The commands about models: benchmark, evaluate, compare, version."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import codesuggest
from codesuggest.cli.console import (
    ModelOption,
    RecordOption,
    TrustedOption,
    app,
    write,
    write_record,
)
from codesuggest.errors import InputError
from codesuggest.exporters import figures, report
from codesuggest.exporters.formats import RecordFormat, whole_file

if TYPE_CHECKING:
    from codesuggest.training.corpora import CodedNote
    from codesuggest.training.evaluation import Evaluation

__all__: list[str] = []

GoldArgument = Annotated[
    list[Path],
    typer.Argument(metavar="GOLD.JSONL...", help="Coded notes in the form of the gold files."),
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="Folder to write the report to as JSON, Markdown and HTML."),
]
ResamplesOption = Annotated[
    int, typer.Option("--resamples", min=100, help="Bootstrap resamples of the notes.")
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Of everything that is drawn.")]


@app.command()
def benchmark(
    notes: Annotated[
        Path | None,
        typer.Argument(
            metavar="NOTES_DIR_OR_JSONL",
            help="Folder of .txt files, or .jsonl with a field text; example notes if not given.",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="At most this many notes.")
    ] = None,
    form: RecordOption = RecordFormat.TABLE,
    model: ModelOption = None,
    trusted: TrustedOption = False,
) -> None:
    """Time load, extraction and suggestion on one core, beside a blank spaCy pipeline."""
    from codesuggest.training.benchmark import read_texts, run

    record = run(read_texts(notes, limit), model, trusted=trusted).to_dict()
    write_record(form, record, figures.benchmark_blocks(record))


@app.command()
def evaluate(
    notes: GoldArgument,
    out: OutOption = None,
    words: Annotated[
        bool,
        typer.Option(
            "--words", help="Quote the notes in the list of mistakes; offsets alone without."
        ),
    ] = False,
    resamples: ResamplesOption = 1000,
    seed: SeedOption = 0,
    form: RecordOption = RecordFormat.TABLE,
    model: ModelOption = None,
    trusted: TrustedOption = False,
) -> None:
    """Score a model on coded notes that it did not learn from."""
    from codesuggest.training import evaluation

    coded = _read(notes)
    found = _evaluated(model, coded, trusted)
    record = evaluation.summary(found, resamples, seed, coded if words else ())
    if out is not None:
        pages = (report.evaluation_markdown, report.evaluation_html)
        _write_report(out, "evaluation", record, *pages)
    write_record(form, record, figures.evaluation_blocks(record))


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="A saved evaluation (.json) or a model directory.")],
    second: Annotated[Path, typer.Argument(help="Another one, compared with the first.")],
    notes: Annotated[
        list[Path] | None,
        typer.Option("--on", help="Coded notes to evaluate models on; may be repeated."),
    ] = None,
    out: OutOption = None,
    resamples: ResamplesOption = 1000,
    seed: SeedOption = 0,
    form: RecordOption = RecordFormat.TABLE,
    trusted: TrustedOption = False,
) -> None:
    """Say what a second model changes against a first, with paired bootstrap intervals."""
    from codesuggest.training import evaluation

    coded = _read(notes or [])
    one, two = (_saved_or_evaluated(path, coded, trusted) for path in (first, second))
    record = {
        "names": [str(first), str(second)],
        "n_notes": len(one.notes),
        "resamples": resamples,
        "seed": seed,
        "differences": evaluation.compare(one, two, resamples, seed),
    }
    if out is not None:
        pages = (report.comparison_markdown, report.comparison_html)
        _write_report(out, "comparison", record, *pages)
    write_record(form, record, figures.comparison_blocks(record))


@app.command("evaluate-noise")
def evaluate_noise(
    notes: GoldArgument,
    seed: SeedOption = 0,
    form: RecordOption = RecordFormat.TABLE,
    model: ModelOption = None,
    trusted: TrustedOption = False,
) -> None:
    """Tell how much recall is lost when notes are written in capitals, with typos or broken."""
    from codesuggest.training.evaluation.noise import measure_noise

    coded = _read(notes)
    rows = measure_noise(codesuggest.load(model, trusted=trusted), coded, seed)
    record = {"n_notes": len(coded), "seed": seed, "rows": rows}
    write_record(form, record, figures.noise_blocks(record))


@app.command("evaluate-assertion")
def evaluate_assertion(
    phrases: Annotated[
        Path,
        typer.Argument(
            metavar="SENTENCES.JSONL",
            help="Sentences with concept, negation, temporality, experiencer.",
        ),
    ],
    form: RecordOption = RecordFormat.TABLE,
    model: ModelOption = None,
    trusted: TrustedOption = False,
) -> None:
    """Score negation, history and experiencer on phrases in their sentences."""
    from codesuggest import load
    from codesuggest.training.evaluation.assertions import measure_assertions, read_phrases

    record = measure_assertions(load(model, trusted=trusted), read_phrases(phrases))
    write_record(form, record, figures.assertion_blocks(record))


@app.command("evaluate-sections")
def evaluate_sections(
    sections: Annotated[
        Path,
        typer.Argument(
            metavar="SECTIONS.JSONL", help="Sections with their kind (section) and text."
        ),
    ],
    form: RecordOption = RecordFormat.TABLE,
) -> None:
    """Tell how many sections are told apart, whatever way their headers are written."""
    from codesuggest.training.evaluation.section_headers import measure_sections, read_sections

    record = measure_sections(read_sections(sections))
    write_record(form, record, figures.section_blocks(record))


@app.command()
def version() -> None:
    """Print the version."""
    write(f"codesuggest {codesuggest.__version__}\n")


def _read(paths: list[Path]) -> list[CodedNote]:
    from codesuggest.training.corpora import read_gold

    return [note for path in paths for note in read_gold(path)]


def _evaluated(model: Path | None, notes: list[CodedNote], trusted: bool) -> Evaluation:
    from codesuggest.training import evaluation

    return evaluation.evaluate(codesuggest.load(model, trusted=trusted), notes)


def _saved_or_evaluated(path: Path, notes: list[CodedNote], trusted: bool) -> Evaluation:
    from codesuggest.training.evaluation import Evaluation

    if path.is_dir():
        if not notes:
            raise InputError(f"{path} is a model; say with --on which coded notes to evaluate on")
        return _evaluated(path, notes, trusted)
    return Evaluation.read(path)


def _write_report(
    folder: Path,
    name: str,
    record: Mapping[str, Any],
    markdown: Callable[[Mapping[str, Any]], str],
    html: Callable[[Mapping[str, Any]], str],
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for ending, text in (
        ("json", json.dumps(record, ensure_ascii=False, indent=1) + "\n"),
        ("md", markdown(record)),
        ("html", html(record)),
    ):
        with whole_file(folder / f"{name}.{ending}") as stream:
            stream.write(text.encode("utf-8"))
