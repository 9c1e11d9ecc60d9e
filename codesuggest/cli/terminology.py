"""The commands about releases of the code systems: terminology add, list, diff, verify."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from codesuggest.cli.console import Commands, RecordOption, app, console, show_blocks, write
from codesuggest.exporters.formats import RecordFormat
from codesuggest.exporters.table import Block
from codesuggest.schema import SYSTEMS

if TYPE_CHECKING:
    from codesuggest.terminology.code_system import CodeSystem

__all__: list[str] = []

commands = typer.Typer(
    cls=Commands,
    help="Releases of the code systems: the shipped ones, and those of your own files.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(commands, name="terminology")

FromOption = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="DIR",
        help="Directory of your releases; $CODESUGGEST_TERMINOLOGY or your user data if not given.",
    ),
]


@commands.command()
def add(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE", help="As the publisher ships them, zipped or plain, of any year."
        ),
    ],
    into: Annotated[
        Path | None,
        typer.Option(
            "--into",
            metavar="DIR",
            help="Directory to keep them in; $CODESUGGEST_TERMINOLOGY or your user data if not "
            "given.",
        ),
    ] = None,
    release: Annotated[
        str | None,
        typer.Option("--release", help="Name of the release, if neither content nor name say it."),
    ] = None,
    form: RecordOption = RecordFormat.TABLE,
) -> None:
    """Read CDC, CMS, AMA, UMLS or Athena files; the newest release of a system takes over.

    All files are taken or none. They stay in your directory.
    """
    from codesuggest.exporters.releases import release_blocks, release_record
    from codesuggest.terminology.own_release import own_directory
    from codesuggest.terminology.releases import load_release
    from codesuggest.terminology.store import TerminologyStore

    folder = into or own_directory()
    added = TerminologyStore(folder).add(files, release=release)
    used = {r.system: load_release(r.system, directory=folder).release for r in added}
    records = [release_record(r, in_use=used[r.system] == r.release) for r in added]
    _write(form, records, release_blocks(records))


@commands.command("list")
def list_releases(folder: FromOption = None, form: RecordOption = RecordFormat.TABLE) -> None:
    """List the releases that are there, and which are in use."""
    from codesuggest.exporters.releases import release_blocks, release_record
    from codesuggest.terminology.own_release import OwnRelease, own_directory
    from codesuggest.terminology.releases import load_release
    from codesuggest.terminology.store import TerminologyStore

    stored = TerminologyStore(folder or own_directory()).list()
    records = []
    for system in SYSTEMS:
        used = load_release(system, directory=folder)
        own = isinstance(used, OwnRelease)
        shipped = used.shipped if isinstance(used, OwnRelease) else used
        records.append(release_record(shipped, in_use=not own))
        records += [
            release_record(r, in_use=own and r.release == used.release)
            for r in stored
            if r.system == system
        ]
    _write(form, records, release_blocks(records))


@commands.command("diff")
def diff_releases(
    before: Annotated[
        str, typer.Argument(metavar="A", help="The older release, for example 'ICD-10-CM FY2025'.")
    ],
    after: Annotated[
        str, typer.Argument(metavar="B", help="The newer one, for example 'ICD-10-CM FY2026'.")
    ],
    codes: Annotated[
        Path | None,
        typer.Option("--codes", help="Your own codes, one a line: only what touches them."),
    ] = None,
    folder: FromOption = None,
    form: RecordOption = RecordFormat.TABLE,
) -> None:
    """Compare two releases: added, deleted, retitled and split codes."""
    from codesuggest.exporters.releases import diff_blocks, diff_record
    from codesuggest.terminology.readers.release_diff import read_own_codes
    from codesuggest.terminology.releases import diff, named_release

    old, new = (named_release(name, directory=folder) for name in (before, after))
    own = read_own_codes(codes, new.system) if codes is not None else None
    found = diff(old, new, own)
    record = diff_record(found, _titles(old), _titles(new))
    _write(form, record, diff_blocks(record))


@commands.command()
def verify(folder: FromOption = None, form: RecordOption = RecordFormat.TABLE) -> None:
    """Check that no file of your releases is missing or changed."""
    from codesuggest.exporters.releases import finding_blocks, finding_record
    from codesuggest.terminology.own_release import own_directory
    from codesuggest.terminology.store import TerminologyStore

    store = TerminologyStore(folder or own_directory())
    records = [finding_record(finding) for finding in store.verify()]
    _write(form, records, finding_blocks(records, len(store.list())))
    if records:
        raise typer.Exit(1)


def _titles(system: CodeSystem) -> dict[str, str]:
    return dict(zip(system.codes, system.titles, strict=True))


def _write(form: RecordFormat, record: Any, blocks: Iterable[Block]) -> None:
    if form is RecordFormat.JSON:
        write(json.dumps(record, ensure_ascii=False, indent=2) + "\n")
    else:
        show_blocks(console(), blocks)
