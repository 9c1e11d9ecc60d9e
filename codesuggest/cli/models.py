"""The commands about models: benchmark, evaluate, version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
from codesuggest.exporters import table
from codesuggest.exporters.formats import RecordFormat

__all__: list[str] = []


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
    write_record(form, record, table.benchmark_blocks(record))


@app.command()
def evaluate(
    notes: Annotated[
        list[Path],
        typer.Argument(metavar="GOLD.JSONL...", help="Coded notes in the form of the gold files."),
    ],
    form: RecordOption = RecordFormat.TABLE,
    model: ModelOption = None,
    trusted: TrustedOption = False,
) -> None:
    """Score a model on coded notes that it did not learn from."""
    from codesuggest import load
    from codesuggest.training.corpora import read_gold
    from codesuggest.training.evaluate import evaluate as score

    coded = [note for path in notes for note in read_gold(path)]
    found = score(load(model, trusted=trusted), coded)
    record = {"n_notes": len(coded), "figures": {e.system: e.to_dict() for e in found}}
    write_record(form, record, table.evaluation_blocks(record))


@app.command()
def version() -> None:
    """Print the version."""
    write(f"codesuggest {codesuggest.__version__}\n")
