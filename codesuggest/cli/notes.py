"""The commands that read notes: suggest, explain."""

from __future__ import annotations

import io
import sys
import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import codesuggest
from codesuggest.cli.console import (
    THEME,
    WIDEST,
    ModelOption,
    RecordOption,
    SystemOption,
    TrustedOption,
    app,
    complain,
    console,
    show_blocks,
    stdout,
    system_name,
    write_record,
)
from codesuggest.errors import CodeSuggestWarning, InputError
from codesuggest.exporters import formats, table
from codesuggest.exporters.formats import NoteFormat, Pairs, RecordFormat
from codesuggest.schema import SETTINGS, Note
from codesuggest.training.note_files import NoteFiles, read_note

__all__: list[str] = []

_BATCH = 8


@app.command()
def suggest(
    notes: Annotated[
        list[str],
        typer.Argument(
            metavar="NOTE",
            help="Files, folders (every .txt in them) or - for standard input; UTF-8.",
        ),
    ],
    setting: Annotated[
        str | None,
        typer.Option("--setting", help=f"{', '.join(SETTINGS)}; guessed if not given."),
    ] = None,
    day: Annotated[
        str | None,
        typer.Option("--date", help="Encounter date, YYYY-MM-DD; decides the code set release."),
    ] = None,
    system: Annotated[
        list[str] | None,
        typer.Option("--system", help="Only ICD-10-CM, CPT or HCPCS; may be repeated."),
    ] = None,
    form: Annotated[NoteFormat, typer.Option("--format", help="What to write.")] = NoteFormat.TABLE,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write; the terminal if not given."),
    ] = None,
    top_k: Annotated[
        int | None, typer.Option("--top-k", min=1, help="At most this many suggestions a note.")
    ] = None,
    precision: Annotated[
        float | None,
        typer.Option("--precision", help="Recommend where this share was right, such as 0.9."),
    ] = None,
    model: ModelOption = None,
    trusted: TrustedOption = False,
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Processes; worth it from some hundred notes.")
    ] = 1,
) -> None:
    """Suggest codes for notes."""
    options: dict[str, Any] = {
        "systems": [system_name(s) for s in system] if system else None,
        "top_k": top_k,
    }
    if precision is not None:
        options["precision"] = precision
    files = NoteFiles(
        notes,
        lambda error: complain(str(error)),
        stdin=typer.get_binary_stream("stdin"),
        setting=setting,
        encounter_date=_day(day),
    )
    if output is not None and files.holds(output):
        raise InputError(f"--output {output} is one of the notes")
    with ExitStack() as stack:
        # the results hold their notices; they are shown from there
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", CodeSuggestWarning)
        pairs = _suggested(files, model, trusted, workers, options)
        first = next(pairs, None)
        if first is None:
            raise InputError("none of the notes could be read")
        pairs = chain([first], pairs)
        bar = _bar_console(form, output)
        if bar is not None and len(files.sources) > 1:
            pairs = _tracked(pairs, len(files.sources), bar)
        if form is NoteFormat.TABLE and output is None:
            target_console = bar or console()
            for _, result in pairs:
                show_blocks(target_console, table.note_blocks(result))
        else:
            target = stack.enter_context(formats.whole_file(output)) if output else stdout()
            chunks = (
                _tables(pairs)
                if form is NoteFormat.TABLE
                else formats.note_chunks(form, _noticed(pairs))
            )
            for chunk in chunks:
                target.write(chunk.encode("utf-8"))
                target.flush()
    if files.n_left_out:
        raise typer.Exit(1)


@app.command()
def explain(
    note: Annotated[
        str, typer.Argument(metavar="NOTE", help="A file, or - for standard input; UTF-8.")
    ],
    code: Annotated[str, typer.Argument(metavar="CODE", help="A code that was suggested for it.")],
    system: SystemOption = "ICD-10-CM",
    setting: Annotated[str | None, typer.Option("--setting", help="As for suggest.")] = None,
    form: RecordOption = RecordFormat.TABLE,
    model: ModelOption = None,
    trusted: TrustedOption = False,
) -> None:
    """Say why a code of a note got its confidence."""
    text = read_note(note, typer.get_binary_stream("stdin"))
    suggester = codesuggest.load(model, trusted=trusted)
    name, written = system_name(system), code.upper()
    found = suggester.explain(text, written, name, setting=setting)
    record = {
        "system": name,
        "code": written,
        "title": suggester.terminology[name].get(written).title,
        "reasons": [asdict(reason) for reason in found],
    }
    write_record(form, record, table.reason_blocks(record))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        raise InputError(f"--date must be a day as YYYY-MM-DD, got {text!r}") from None


def _suggested(
    notes: NoteFiles, model: Path | None, trusted: bool, workers: int, options: dict[str, Any]
) -> Pairs:
    """Pair each note with its result; only the notes on their way are held."""
    if not notes.sources:
        return
    waiting: deque[Note] = deque()

    def passing() -> Iterator[Note]:
        for note in notes:
            waiting.append(note)
            yield note

    suggester = codesuggest.load(model, trusted=trusted)
    for result in suggester.suggest_many(
        passing(), n_process=workers, batch_size=_BATCH, **options
    ):
        yield waiting.popleft(), result


def _tables(pairs: Pairs) -> Iterator[str]:
    for _, result in pairs:
        text = io.StringIO()
        show_blocks(Console(file=text, width=WIDEST, theme=THEME), table.note_blocks(result))
        yield text.getvalue()


def _noticed(pairs: Pairs) -> Pairs:
    """Say on standard error, once each, what the results want known."""
    seen: set[str] = set()
    for note, result in pairs:
        for notice in result.warnings:
            if notice not in seen:
                seen.add(notice)
                complain(notice, "warning")
        yield note, result


def _tracked(pairs: Pairs, total: int, console: Console) -> Pairs:
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("notes"), TimeRemainingColumn())
    shared = sys.stderr.isatty()
    with Progress(
        *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=shared
    ) as bar:
        task = bar.add_task("", total=total)
        for pair in pairs:
            yield pair
            bar.advance(task)


def _bar_console(form: NoteFormat, output: Path | None) -> Console | None:
    """Return where a progress bar disturbs nothing, None if it would or nobody sees it."""
    if output is None and sys.stdout.isatty():
        # results and bar share the screen: only one console can keep them apart
        return console() if form is NoteFormat.TABLE else None
    return Console(stderr=True) if sys.stderr.isatty() else None
