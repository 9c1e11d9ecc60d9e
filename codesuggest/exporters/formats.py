"""The formats by name, and the file that a result goes to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO

from codesuggest.errors import InputError
from codesuggest.schema import Note, SuggestionSet

__all__ = ["HitFormat", "NoteFormat", "Pairs", "RecordFormat", "note_chunks", "whole_file"]

Pairs = Iterator[tuple[Note, SuggestionSet]]


class NoteFormat(StrEnum):
    """Of suggestion sets."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    HTML = "html"


class HitFormat(StrEnum):
    """Of what a search found; ``nlm`` is the field order of NLM Clinical Tables."""

    TABLE = "table"
    JSON = "json"
    NLM = "nlm"


class RecordFormat(StrEnum):
    """Of a single record."""

    TABLE = "table"
    JSON = "json"


def note_chunks(form: NoteFormat, pairs: Pairs) -> Iterator[str]:
    """Yield notes with their suggestion sets as text; a table has its own writer."""
    # pandas and the page are imported only by those who want them
    from codesuggest.exporters import html, tabular

    writers = {
        NoteFormat.JSON: tabular.json_chunks,
        NoteFormat.JSONL: tabular.jsonl_chunks,
        NoteFormat.CSV: tabular.csv_chunks,
        NoteFormat.HTML: html.html_chunks,
    }
    return writers[form](pairs)


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that appears under its name only once it is complete.

    Raises
    ------
    InputError
        It cannot be written there.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder")
    if path.exists() and not path.is_file():
        # a device or a pipe is written to, not replaced
        with path.open("wb") as stream:
            yield stream
        return
    part = path.with_name(path.name + ".part")
    try:
        try:
            stream = part.open("wb")
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or type(error).__name__}") from None
        with stream:
            yield stream
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
