"""The commands about codes: search, show."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated

import typer

import codesuggest
from codesuggest.cli.console import (
    ModelOption,
    RecordOption,
    SystemOption,
    TrustedOption,
    app,
    console,
    show_blocks,
    system_name,
    write,
    write_record,
)
from codesuggest.exporters import table
from codesuggest.exporters.formats import HitFormat, RecordFormat
from codesuggest.schema import SYSTEMS

__all__: list[str] = []


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
    notes: Annotated[
        bool, typer.Option("--notes", help="Excludes, code first and use additional, too.")
    ] = False,
    model: ModelOption = None,
    trusted: TrustedOption = False,
) -> None:
    """Find codes by wording, by the beginning of a word, or by that of a code."""
    from codesuggest.exporters import tabular

    name = system_name(system)
    codes = codesuggest.load(model, trusted=trusted).terminology[name]
    hits = codes.search(" ".join(words), top_k)
    if form is HitFormat.TABLE:
        show_blocks(console(), table.hit_blocks(tabular.hit_tree(hits, codes, notes=notes)))
    else:
        tree = tabular.hit_tree(hits, codes, notes=True) if notes else None
        records = tree or [tabular.hit_record(hit) for hit in hits]
        value = records if form is HitFormat.JSON else tabular.nlm_response(hits)
        write(json.dumps(value, ensure_ascii=False) + "\n")


@app.command()
def show(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Case and the dot do not matter.")],
    system: Annotated[
        str | None,
        typer.Option("--system", help="ICD-10-CM, CPT or HCPCS; the one that has it if not given."),
    ] = None,
    day: Annotated[
        datetime | None,
        typer.Option(
            "--date", formats=["%Y-%m-%d"], help="Day of the encounter; the newest release if none."
        ),
    ] = None,
    form: RecordOption = RecordFormat.TABLE,
) -> None:
    """Show a code: title, validity, place in the tree, notes; and what is wrong with it."""
    from codesuggest.exporters import tabular
    from codesuggest.terminology.releases import load_release

    names = [system_name(system)] if system else SYSTEMS
    on = day.date() if day is not None else None
    record = tabular.code_record(code, [load_release(name, on=on) for name in names], on)
    write_record(form, record, table.code_blocks(record))
    if record["title"] is None:
        raise typer.Exit(1)
