"""Coded notes from the files that people have: tables, gold JSONL, MIMIC-IV, CodiEsp."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from codesuggest.errors import TrainingDataError
from codesuggest.schema import SETTINGS
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.training.code_reading import CodeReader, Conversions, ReadingReport
from codesuggest.training.corpora import CodedNote, GoldCode
from codesuggest.training.layouts import read_layout
from codesuggest.training.note_building import NoteBuilder
from codesuggest.training.tables import Row, TableSource, name_of, rows_of

__all__ = ["NotesSource", "read_coded"]

#: A path, a DataFrame or notes that were read already.
NotesSource = Any

_ID = ("note_id", "id", "document_id", "hadm_id", "encounter_id")
_TEXT = ("text", "note", "note_text", "report")
_CODE = ("code", "icd_code", "hcpcs_cd", "codes")
_SYSTEM = ("system", "code_system", "vocabulary_id", "icd_version")
_START, _END = ("start_char", "start", "begin"), ("end_char", "end")


def read_coded(
    notes: NotesSource,
    codes: TableSource | None,
    systems: Mapping[str, CodeSystem],
    conversions: Conversions | None = None,
) -> tuple[list[CodedNote], ReadingReport]:
    """Read coded notes.

    Parameters
    ----------
    notes : path, DataFrame or sequence of CodedNote
        A table with columns ``note_id`` and ``text``, optionally ``setting``; with a column
        ``codes`` (a list, or codes between ``;`` or ``|``) it needs no second table. JSONL in
        the form of the gold files. A folder in the layout of MIMIC-IV (``discharge.csv``,
        ``diagnoses_icd.csv``, ``hcpcsevents.csv``, each also ``.gz``) or CodiEsp
        (``text_files/*.txt`` and ``*D.tsv``, ``*P.tsv``, ``*X.tsv``).
    codes : path or DataFrame, optional
        One row a code: ``note_id`` and ``code``; optionally ``system`` (else told from the
        code's form), and ``start``, ``end`` (characters) or ``evidence`` (a quote) for labels
        of spans.
    systems : mapping of name to CodeSystem
    conversions : Conversions, optional

    Returns
    -------
    list of CodedNote
        In order of their appearance; those without a usable code are left out, except where
        a gold file says that nothing is to be coded.
    ReadingReport

    Raises
    ------
    TrainingDataError
        A file that cannot be read, or without the columns.
    """
    report = ReadingReport()
    reader = CodeReader(systems, report, conversions)
    builder = NoteBuilder(report)
    if isinstance(notes, str | Path) and Path(notes).is_dir():
        if codes is not None:
            raise TrainingDataError(f"{notes}: a folder brings its own codes; leave codes out")
        read_layout(Path(notes), builder, reader)
    elif isinstance(notes, Sequence) and not isinstance(notes, str):
        _take(notes, builder, reader)
    else:
        _read_notes(notes, builder, reader, has_codes=codes is not None)
        if codes is not None:
            _read_codes(codes, builder, reader)
    return builder.finish(), report


def _take(notes: Iterable[object], builder: NoteBuilder, reader: CodeReader) -> None:
    for number, note in enumerate(notes, 1):
        if not isinstance(note, CodedNote):
            raise TrainingDataError(
                f"note {number}: expected a CodedNote, got {type(note).__name__}"
            )
        place = (note.corpus or "notes", number)
        key = builder.note(
            note.note_id, note.text, note.setting, note.corpus, *place, traps=note.traps
        )
        if key is None:
            continue
        builder.complete(key)
        for accepted, golds in ((False, note.must), (True, note.acceptable)):
            for gold in golds:
                found = reader(gold.code, gold.system, *place)
                if found is not None:
                    made = GoldCode(*found, gold.evidence, gold.spans)
                    builder.code(key, made, *place, accepted=accepted)


def _read_notes(
    source: TableSource, builder: NoteBuilder, reader: CodeReader, *, has_codes: bool
) -> None:
    file = name_of(source)
    corpus = Path(source).parent.name if isinstance(source, str | Path) else "table"
    columns: dict[str, str | None] | None = None
    for number, row in rows_of(source, reader.report):
        if columns is None:
            columns = {
                "id": _column(row, _ID),
                "text": _column(row, _TEXT),
                "codes": next((c for c in ("must", "codes", "code") if c in row), None),
            }
            missing = [name for name in ("id", "text") if columns[name] is None]
            if not has_codes and columns["codes"] is None:
                missing.append("codes")
            if missing:
                raise TrainingDataError(
                    f"{file}: no column for {' and '.join(missing)}; expected note_id, text and, "
                    "without a table of codes, codes"
                )
        note_id, text = row.get(columns["id"] or ""), row.get(columns["text"] or "")
        setting = row.get("setting")
        if not isinstance(text, str):
            reader.report.leave_out(file, number, "no text")
            continue
        if setting is not None and setting not in SETTINGS:
            if setting:
                reader.report.leave_out(file, number, "an unknown setting (the note is kept)")
            setting = None
        traps = tuple(t["quote"] for t in row.get("traps") or () if isinstance(t, dict))
        key = builder.note(_text(note_id), text, setting, corpus, file, number, traps=traps)
        if key is None or columns["codes"] is None:
            continue
        written = row.get(columns["codes"])
        if "must" in row or isinstance(written, list):
            builder.complete(key)
        for accepted, cell in ((False, written), (True, row.get("acceptable"))):
            _codes_of_cell(cell, key, accepted, builder, reader, file, number)


def _codes_of_cell(
    cell: object,
    key: str,
    accepted: bool,
    builder: NoteBuilder,
    reader: CodeReader,
    file: str,
    number: int,
) -> None:
    """Add the codes of one cell: objects, a list, or text between ``;`` or ``|``."""
    if isinstance(cell, str) and cell.lstrip().startswith("["):
        try:
            cell = json.loads(cell)
        except ValueError:
            reader.report.leave_out(file, number, "codes that are not JSON")
            return
    if isinstance(cell, str):
        cell = [c for c in cell.replace("|", ";").split(";") if c.strip()]
    if cell is None or not isinstance(cell, Iterable):
        return
    for item in cell:
        written, system = item, None
        evidence: tuple[str, ...] = ()
        if isinstance(item, dict):
            written, system = item.get("code"), item.get("system")
            quotes = item.get("evidence") or ()
            evidence = (quotes,) if isinstance(quotes, str) else tuple(map(str, quotes))
        found = reader(_text(written), _text(system) or None, file, number)
        if found is not None:
            builder.code(key, GoldCode(*found, evidence), file, number, accepted=accepted)


def _read_codes(source: TableSource, builder: NoteBuilder, reader: CodeReader) -> None:
    file = name_of(source)
    for number, row in rows_of(source, reader.report):
        note, code = _column(row, _ID), _column(row, _CODE)
        if note is None or code is None:
            raise TrainingDataError(f"{file}: expected the columns note_id and code")
        key = builder.key(_text(row[note]))
        if key is None:
            reader.report.leave_out(file, number, "a code of a note that is not there")
            continue
        system = _column(row, _SYSTEM)
        found = reader(_text(row[code]), _text(row[system]) if system else None, file, number)
        if found is not None:
            _add_row(found, key, (number, row), builder, file)


def _add_row(
    found: tuple[str, str], key: str, numbered: Row, builder: NoteBuilder, file: str
) -> None:
    number, row = numbered
    start, end = _column(row, _START), _column(row, _END)
    spans: tuple[tuple[int, int], ...] = ()
    if start and end and _text(row[start]) and _text(row[end]):
        try:
            spans = ((int(float(_text(row[start]))), int(float(_text(row[end])))),)
        except ValueError:
            builder.report.leave_out(file, number, "a span that is no number (the code is kept)")
    quote = _text(row.get("evidence"))
    builder.code(key, GoldCode(*found, (quote,) if quote else (), spans), file, number)


def _column(row: Mapping[str, Any], names: Sequence[str]) -> str | None:
    return next((name for name in names if name in row), None)


def _text(value: object) -> str:
    """Return a cell as text; missing ones (None, NaN) as ``""``."""
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, float) and value.is_integer():
        # a column of whole numbers with a gap in it
        return str(int(value))
    return str(value).strip()
