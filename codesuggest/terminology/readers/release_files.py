"""The files of one release in a user's store: what was read, and the code table made of it."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

from codesuggest.errors import TerminologyError
from codesuggest.terminology.readers.code_table import (
    PRECEDENCE,
    CodeEntry,
    build_code_system,
    code_entries,
)
from codesuggest.terminology.readers.recognise import FORMATS
from codesuggest.terminology.readers.rows import Publication
from codesuggest.terminology.tabular import TabularEntry

__all__ = [
    "CODES",
    "NOTES",
    "SYNONYMS",
    "Groups",
    "by_release",
    "part_file",
    "read_json",
    "write_release",
]

CODES = "codes.npz"
#: Beside `CODES`, where `CodeSystem.load` looks for it.
NOTES = "codes_notes.json.gz"
SYNONYMS = "synonyms.json.gz"

#: System and release to what was published of them.
Groups = dict[tuple[str, str], list[Publication]]


def by_release(publications: Sequence[Publication], release: str | None) -> Groups:
    """Group by system and release; what is undated goes with the one dated release beside it.

    Raises
    ------
    TerminologyError
        Two files of one format for one release.
    """
    groups: Groups = {}
    for publication in publications:
        system, named = publication.system, release or publication.release
        if named is None:
            beside = {p.release for p in publications if p.system == system and p.release}
            named = beside.pop() if len(beside) == 1 else "undated"
        groups.setdefault((system, named), []).append(publication)
    for (system, named), members in groups.items():
        seen: dict[str, str] = {}
        for publication in members:
            other = seen.setdefault(publication.format, publication.file)
            if other != publication.file:
                raise TerminologyError(
                    f"{publication.file}: a second {FORMATS[publication.format]} of "
                    f"{system} {named} beside {other}; expected one, or name the release"
                )
    return groups


def part_file(format_: str) -> str:
    """Return the name of the file that holds what was read of one format."""
    return f"{format_}.json.gz"


def write_release(
    directory: Path,
    system: str,
    release: str,
    publications: Iterable[Publication],
    parts: Mapping[str, str],
) -> None:
    """Write `publications` into `directory` and rebuild its code table.

    Parameters
    ----------
    directory : Path
        It may hold parts already.
    system, release : str
    publications : iterable of Publication
        Of this system and release.
    parts : mapping of str to str
        Every format that `directory` then holds, to where it came from.

    Raises
    ------
    TerminologyError
        A wording is too long, or a part that was there is damaged.
    """
    entries: dict[str, list[CodeEntry]] = {}
    for publication in publications:
        format_ = publication.format
        if format_ in PRECEDENCE:
            entries[format_] = code_entries(publication)
            payload = [_fields(entry) for entry in entries[format_]]
        else:
            payload = [_fields(row) for row in publication.rows]
        _write_json(directory / part_file(format_), payload)
        if format_ == "tabular":
            _write_json(directory / NOTES, _notes(publication))
    for format_ in parts:
        if format_ in PRECEDENCE and format_ not in entries:
            entries[format_] = [
                CodeEntry(**{**entry, "synonyms": tuple(entry["synonyms"])})
                for entry in read_json(directory / part_file(format_))
            ]
    filled = {format_: given for format_, given in entries.items() if given}
    if filled:
        first = min(filled, key=PRECEDENCE.index)
        source = f"{FORMATS[first]}, the user's own copy"
        table, synonyms = build_code_system(system, release, filled, source)
        table.save(directory / CODES)
        _write_json(directory / SYNONYMS, synonyms)


def read_json(path: Path) -> Any:
    """Return what a file of a release holds.

    Raises
    ------
    TerminologyError
        It is missing or damaged.
    """
    try:
        return json.loads(gzip.decompress(path.read_bytes()))
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise TerminologyError(f"{path.name}: damaged ({type(error).__name__})") from None


def _write_json(path: Path, payload: object) -> None:
    text = json.dumps(payload, ensure_ascii=False, default=_plain)
    path.write_bytes(gzip.compress(text.encode("utf-8"), 6, mtime=0))


def _fields(row: Any) -> dict[str, Any]:
    # dataclasses.asdict copies deeply, which takes seconds over 100,000 rows
    return {field.name: getattr(row, field.name) for field in fields(row)}


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _notes(publication: Publication) -> dict[str, dict[str, list[str]]]:
    notes: dict[str, dict[str, list[str]]] = {}
    for row in publication.rows:
        if isinstance(row, TabularEntry) and (row.notes or row.seventh):
            notes[row.code] = {kind: list(texts) for kind, texts in row.notes.items() if texts}
            if row.seventh:
                notes[row.code]["seventh"] = [f"{k}: {v}" for k, v in row.seventh.items()]
    return notes
