"""The command line: suggest, search, show, benchmark, evaluate, version.

Exit codes: 0 done; 1 done in part (some notes could not be read, or `show` found no such code);
2 nothing done, one line on standard error says why; 3 a defect of codesuggest itself.
"""

from __future__ import annotations

import errno
import io
import json
import os
import sys
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import date
from itertools import chain
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.rule import Rule
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

import codesuggest
from codesuggest.errors import (
    CodeSuggestError,
    CodeSuggestWarning,
    InputError,
    SystemNotLoadedError,
)
from codesuggest.exporters import formats, table
from codesuggest.exporters.evidence import shown
from codesuggest.exporters.formats import HitFormat, NoteFormat, Pairs, RecordFormat
from codesuggest.schema import SETTINGS, SYSTEMS, Note
from codesuggest.training.note_files import NoteFiles

__all__ = ["app"]

_WIDEST = 120
_BATCH = 8
_THEME = Theme(table.STYLES)


class _Commands(typer.core.TyperGroup):
    """Turns every error into one line: a traceback helps no coder, and may hold note text."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except CodeSuggestError as error:
            _complain(str(error))
            raise typer.Exit(2) from None
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            name = f": {os.fsdecode(error.filename)}" if error.filename else ""
            _complain(f"{error.strerror or type(error).__name__}{name}")
            raise typer.Exit(2) from None
        except Exception as error:
            # the control flow of typer itself: Exit, Abort, wrong usage
            if isinstance(error, typer.Abort) or hasattr(error, "exit_code"):
                raise
            _complain(f"a defect of codesuggest: {type(error).__name__} at {_place(error)}")
            raise typer.Exit(3) from None


app = typer.Typer(
    cls=_Commands,
    help="Read clinical notes and suggest ICD-10-CM, CPT and HCPCS codes, with the words that "
    "support each. Notes never leave this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

SystemOption = Annotated[str, typer.Option("--system", help="ICD-10-CM, CPT or HCPCS.")]
RecordOption = Annotated[RecordFormat, typer.Option("--format", help="What to write.")]
ModelOption = Annotated[
    Path | None, typer.Option("--model", help="Model directory; the default model if not given.")
]
TrustedOption = Annotated[
    bool, typer.Option("--trusted", help="Load the model even if it holds files that can run code.")
]


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
    model: ModelOption = None,
    trusted: TrustedOption = False,
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Processes; worth it from some hundred notes.")
    ] = 1,
) -> None:
    """Suggest codes for notes."""
    options = {"systems": [_system(s) for s in system] if system else None, "top_k": top_k}
    files = NoteFiles(
        notes,
        lambda error: _complain(str(error)),
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
            console = bar or _console()
            for _, result in pairs:
                _show(console, table.note_blocks(result))
        else:
            target = stack.enter_context(formats.whole_file(output)) if output else _stdout()
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
def search(
    words: Annotated[
        list[str], typer.Argument(metavar="WORDS", help="In any order, abbreviated, misspelt.")
    ],
    system: SystemOption = "ICD-10-CM",
    top_k: Annotated[int, typer.Option("--top-k", min=1, help="At most this many codes.")] = 20,
    form: Annotated[
        HitFormat, typer.Option("--format", help="What to write; nlm: NLM Clinical Tables order.")
    ] = HitFormat.TABLE,
    model: ModelOption = None,
    trusted: TrustedOption = False,
) -> None:
    """Find codes by wording."""
    from codesuggest.exporters import tabular

    name = _system(system)
    hits = codesuggest.load(model, trusted=trusted).terminology[name].search(" ".join(words), top_k)
    records = [tabular.hit_record(hit) for hit in hits]
    if form is HitFormat.TABLE:
        _show(_console(), table.hit_blocks(records))
    else:
        value = records if form is HitFormat.JSON else tabular.nlm_response(hits)
        _write(json.dumps(value, ensure_ascii=False) + "\n")


@app.command()
def show(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Case and the dot do not matter.")],
    system: Annotated[
        str | None,
        typer.Option("--system", help="ICD-10-CM, CPT or HCPCS; the one that has it if not given."),
    ] = None,
    form: RecordOption = RecordFormat.TABLE,
) -> None:
    """Show a code: title, validity, place in the tree, notes; and what is wrong with it."""
    from codesuggest.exporters import tabular
    from codesuggest.terminology.releases import load_release

    names = [_system(system)] if system else SYSTEMS
    record = tabular.code_record(code, [load_release(name) for name in names])
    _record(form, record, table.code_blocks(record))
    if record["title"] is None:
        raise typer.Exit(1)


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
    _record(form, record, table.benchmark_blocks(record))


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
    _record(form, record, table.evaluation_blocks(record))


@app.command()
def version() -> None:
    """Print the version."""
    _write(f"codesuggest {codesuggest.__version__}\n")


# -- notes in ------------------------------------------------------------------------------


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        raise InputError(f"--date must be a day as YYYY-MM-DD, got {text!r}") from None


def _system(name: str) -> str:
    known = {s.replace("-", "").lower(): s for s in SYSTEMS}
    found = known.get(name.replace("-", "").lower())
    if found is None:
        raise SystemNotLoadedError(f"unknown system {name!r}; expected {', '.join(SYSTEMS)}")
    return found


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


# -- results out ---------------------------------------------------------------------------


def _tables(pairs: Pairs) -> Iterator[str]:
    for _, result in pairs:
        text = io.StringIO()
        _show(Console(file=text, width=_WIDEST, theme=_THEME), table.note_blocks(result))
        yield text.getvalue()


def _noticed(pairs: Pairs) -> Pairs:
    """Say on standard error, once each, what the results want known."""
    seen: set[str] = set()
    for note, result in pairs:
        for notice in result.warnings:
            if notice not in seen:
                seen.add(notice)
                _complain(notice, "warning")
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
        return _console() if form is NoteFormat.TABLE else None
    return Console(stderr=True) if sys.stderr.isatty() else None


def _console() -> Console:
    if isinstance(sys.stdout, io.TextIOWrapper):
        # a terminal that cannot show a character shows a question mark
        sys.stdout.reconfigure(errors="replace")
    plain = Console(theme=_THEME)
    fixed = not plain.is_terminal and "COLUMNS" not in os.environ
    return Console(theme=_THEME, width=_WIDEST if fixed else min(plain.width, _WIDEST))


def _show(console: Console, blocks: Iterable[table.Block]) -> None:
    for block in blocks:
        if block.rule:
            title = Text(block.heading, style="heading")
            console.print(Rule(title, align="left", style="muted"))
        elif block.heading:
            console.print(Text(block.heading, style="heading"))
        if block.columns:
            console.print(_grid(block))
        else:
            for (cell,) in block.rows:
                console.print(Text.assemble(*cell))
        if block.rows:
            console.print()


def _grid(block: table.Block) -> Table:
    grid = Table(
        box=box.SIMPLE_HEAD, show_header=any(c.name for c in block.columns), show_edge=False,
        pad_edge=False, expand=any(c.share for c in block.columns), header_style="muted",
        border_style="muted",
    )  # fmt: skip
    for column in block.columns:
        grid.add_column(
            column.name,
            justify="right" if column.right else "left",
            ratio=column.share or None,
            no_wrap=not column.share,
        )
    for row in block.rows:
        grid.add_row(*(Text.assemble(*cell) for cell in row))
    return grid


def _stdout() -> IO[bytes]:
    # UTF-8 whatever the terminal's own encoding: files are made of this
    return typer.get_binary_stream("stdout")


def _record(form: RecordFormat, record: dict[str, Any], blocks: Iterable[table.Block]) -> None:
    if form is RecordFormat.JSON:
        _write(json.dumps(record, ensure_ascii=False, indent=2) + "\n")
    else:
        _show(_console(), blocks)


def _write(text: str) -> None:
    _stdout().write(text.encode("utf-8"))


def _complain(message: str, style: str = "bad") -> None:
    Console(stderr=True, theme=_THEME).print(Text(shown(message), style=style), soft_wrap=True)


def _place(error: BaseException) -> str:
    """Return file and line where `error` was raised, without its words: they may quote a note."""
    trace = error.__traceback__
    if trace is None:
        return "an unknown place"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}"
