"""The commands that learn: train, update."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from codesuggest.cli.console import THEME, RecordOption, TrustedOption, app, write_record
from codesuggest.exporters.formats import RecordFormat
from codesuggest.exporters.training_table import training_blocks, update_blocks

__all__: list[str] = []


@app.command()
def train(
    notes: Annotated[
        Path,
        typer.Option(
            "--notes",
            help="Notes: .csv, .jsonl or .parquet with note_id and text, gold .jsonl, or a folder "
            "of MIMIC-IV or CodiEsp.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="New model directory.")],
    codes: Annotated[
        Path | None,
        typer.Option("--codes", help="Codes: note_id and code, optionally system, start, end."),
    ] = None,
    base: Annotated[
        Path | None,
        typer.Option("--from", help="Model to start from, which is not forgotten."),
    ] = None,
    conversions: Annotated[
        Path | None,
        typer.Option("--conversions", help="ICD-10-CM conversion table (.xlsx) for older codes."),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", help="Folder from which an interrupted training resumes."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of folds, samples and trees.")] = 0,
    form: RecordOption = RecordFormat.TABLE,
    trusted: TrustedOption = False,
) -> None:
    """Train a model on coded notes."""
    from codesuggest.training import train as learn
    from codesuggest.training.code_reading import ConversionTable

    with _Steps() as steps:
        result = learn(
            notes,
            codes,
            out=out,
            base=base,
            trusted=trusted,
            seed=seed,
            checkpoint=checkpoint,
            conversions=ConversionTable.read(conversions) if conversions is not None else None,
            progress=steps,
        )
    record = result.to_dict()
    write_record(form, record, training_blocks(record))


@app.command()
def update(
    decisions: Annotated[
        Path,
        typer.Argument(
            metavar="DECISIONS",
            help=".csv, .jsonl or .parquet with text, start_char, end_char, code, decision "
            "(confirmed, corrected, rejected) and corrected_code.",
        ),
    ],
    model: Annotated[Path, typer.Option("--model", help="Model directory.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="New model directory; the model is replaced if not given."),
    ] = None,
    form: RecordOption = RecordFormat.TABLE,
    trusted: TrustedOption = False,
) -> None:
    """Move a model's confidence by what coders decided, in seconds."""
    from codesuggest.training import update as learn

    record = learn(model, decisions, out=out, trusted=trusted).to_dict()
    write_record(form, record, update_blocks(record))


class _Steps:
    """Shows each step with its share and the time left, on standard error."""

    def __init__(self) -> None:
        from rich.console import Console

        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            console=Console(stderr=True, theme=THEME),
            transient=True,
        )
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> _Steps:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def __call__(self, step: str, share: float, seconds: float) -> None:
        """Show one report of progress."""
        if step not in self._tasks:
            self._tasks[step] = self._bars.add_task(step, total=1.0)
        self._bars.update(self._tasks[step], completed=share)
