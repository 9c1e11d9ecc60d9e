"""What the commands share: the terminal, errors as one line, options that several take."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from codesuggest.errors import CodeSuggestError, SystemNotLoadedError
from codesuggest.exporters import table
from codesuggest.exporters.evidence import shown
from codesuggest.exporters.formats import RecordFormat
from codesuggest.schema import SYSTEMS

__all__ = [
    "THEME",
    "WIDEST",
    "Commands",
    "ModelOption",
    "RecordOption",
    "SystemOption",
    "TrustedOption",
    "app",
    "complain",
    "console",
    "show_blocks",
    "stdout",
    "system_name",
    "write",
    "write_record",
]

WIDEST = 120
THEME = Theme(table.STYLES)


class Commands(typer.core.TyperGroup):
    """Turns every error into one line: a traceback helps no coder, and may hold note text."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except CodeSuggestError as error:
            complain(str(error))
            raise typer.Exit(2) from None
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            name = f": {os.fsdecode(error.filename)}" if error.filename else ""
            complain(f"{error.strerror or type(error).__name__}{name}")
            raise typer.Exit(2) from None
        except Exception as error:
            # the control flow of typer itself: Exit, Abort, wrong usage
            if isinstance(error, typer.Abort) or hasattr(error, "exit_code"):
                raise
            complain(f"a defect of codesuggest: {type(error).__name__} at {_place(error)}")
            raise typer.Exit(3) from None


SystemOption = Annotated[str, typer.Option("--system", help="ICD-10-CM, CPT or HCPCS.")]
RecordOption = Annotated[RecordFormat, typer.Option("--format", help="What to write.")]
ModelOption = Annotated[
    Path | None, typer.Option("--model", help="Model directory; the default model if not given.")
]
TrustedOption = Annotated[
    bool, typer.Option("--trusted", help="Load the model even if it holds files that can run code.")
]


def system_name(name: str) -> str:
    """Return the official spelling of a code system, whatever its case and hyphens."""
    known = {s.replace("-", "").lower(): s for s in SYSTEMS}
    found = known.get(name.replace("-", "").lower())
    if found is None:
        raise SystemNotLoadedError(f"unknown system {name!r}; expected {', '.join(SYSTEMS)}")
    return found


def console() -> Console:
    """Return the console for results; lines are at most `WIDEST` wide."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # a terminal that cannot show a character shows a question mark
        sys.stdout.reconfigure(errors="replace")
    plain = Console(theme=THEME)
    fixed = not plain.is_terminal and "COLUMNS" not in os.environ
    return Console(theme=THEME, width=WIDEST if fixed else min(plain.width, WIDEST))


def show_blocks(target: Console, blocks: Iterable[table.Block]) -> None:
    """Print blocks as headings, tables and lines."""
    for block in blocks:
        if block.rule:
            title = Text(block.heading, style="heading")
            target.print(Rule(title, align="left", style="muted"))
        elif block.heading:
            target.print(Text(block.heading, style="heading"))
        if block.columns:
            target.print(_grid(block))
        else:
            for (cell,) in block.rows:
                target.print(Text.assemble(*cell))
        if block.rows:
            target.print()


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


def stdout() -> IO[bytes]:
    """Return standard output as bytes."""
    # text is encoded as UTF-8 whatever the terminal's own encoding: files are made of this
    return typer.get_binary_stream("stdout")


def write_record(form: RecordFormat, record: dict[str, Any], blocks: Iterable[table.Block]) -> None:
    """Write one record as JSON or as blocks."""
    if form is RecordFormat.JSON:
        write(json.dumps(record, ensure_ascii=False, indent=2) + "\n")
    else:
        show_blocks(console(), blocks)


def write(text: str) -> None:
    """Write text to standard output as UTF-8."""
    stdout().write(text.encode("utf-8"))


def complain(message: str, style: str = "bad") -> None:
    """Say one line on standard error."""
    Console(stderr=True, theme=THEME).print(Text(shown(message), style=style), soft_wrap=True)


def _place(error: BaseException) -> str:
    """Return file and line where `error` was raised, without its words: they may quote a note."""
    trace = error.__traceback__
    if trace is None:
        return "an unknown place"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}"


app = typer.Typer(
    cls=Commands,
    help="Read clinical notes and suggest ICD-10-CM, CPT and HCPCS codes, with the words that "
    "support each. Notes never leave this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
