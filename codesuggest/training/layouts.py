"""Folders as MIMIC-IV and CodiEsp are distributed, told apart by what is in them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from codesuggest.errors import TrainingDataError
from codesuggest.training.code_reading import CodeReader
from codesuggest.training.corpora import GoldCode
from codesuggest.training.note_building import NoteBuilder
from codesuggest.training.note_files import read_note
from codesuggest.training.tables import rows_of

__all__ = ["read_layout"]


def read_layout(folder: Path, builder: NoteBuilder, reader: CodeReader) -> None:
    """Read a folder.

    Raises
    ------
    TrainingDataError
        It has neither layout.
    """
    if _find(folder, "discharge.csv"):
        _read_mimic(folder, builder, reader)
    elif _text_folder(folder) is not None:
        _read_codiesp(folder, builder, reader)
    else:
        raise TrainingDataError(
            f"{folder}: expected discharge.csv and diagnoses_icd.csv (MIMIC-IV), or text_files "
            "and .tsv files (CodiEsp)"
        )


def _find(folder: Path, name: str) -> Path | None:
    """Return a file anywhere below, plain or gzipped."""
    found = sorted((*folder.rglob(name), *folder.rglob(f"{name}.gz")))
    return found[0] if found else None


# -- MIMIC-IV --------------------------------------------------------------------------------


def _read_mimic(folder: Path, builder: NoteBuilder, reader: CodeReader) -> None:
    """Read discharge notes with the codes of their admission.

    ``diagnoses_icd`` carries ``icd_version``; rows of version 9 are left out and counted.
    ``hcpcsevents`` mixes CPT and HCPCS. ``procedures_icd`` is ICD-10-PCS, which is not suggested.
    """
    discharge, diagnoses = _find(folder, "discharge.csv"), _find(folder, "diagnoses_icd.csv")
    if discharge is None or diagnoses is None:
        raise TrainingDataError(f"{folder}: discharge.csv without diagnoses_icd.csv")
    of_admission: dict[str, list[str]] = {}
    for number, row in rows_of(discharge, reader.report):
        if "hadm_id" not in row or "text" not in row:
            raise TrainingDataError(f"{discharge.name}: expected the columns hadm_id and text")
        admission = row["hadm_id"].strip()
        note_id = row.get("note_id", "").strip() or admission
        if not admission:
            reader.report.leave_out(discharge.name, number, "no hadm_id")
            continue
        key = builder.note(note_id, row["text"], "inpatient", "mimic", discharge.name, number)
        if key is not None:
            of_admission.setdefault(admission, []).append(key)
    tables = [(diagnoses, "icd_code"), (_find(folder, "hcpcsevents.csv"), "hcpcs_cd")]
    for path, column in tables:
        if path is None:
            continue
        for number, row in rows_of(path, reader.report):
            if "hadm_id" not in row or column not in row:
                raise TrainingDataError(f"{path.name}: expected the columns hadm_id and {column}")
            keys = of_admission.get(row["hadm_id"].strip())
            if keys is None:
                reader.report.leave_out(path.name, number, "an admission without a note")
                continue
            found = reader(row[column], row.get("icd_version"), path.name, number)
            for key in keys if found is not None else ():
                if found is not None:
                    builder.code(key, GoldCode(*found), path.name, number)


# -- CodiEsp ---------------------------------------------------------------------------------


def _text_folder(folder: Path) -> Path | None:
    """Return the folder of texts, the English ones where there are both."""
    for name in ("text_files_en", "text_files"):
        found = sorted(p for p in folder.rglob(name) if p.is_dir())
        if folder.name == name:
            found = [folder]
        if found:
            return found[0]
    return None


def _read_codiesp(folder: Path, builder: NoteBuilder, reader: CodeReader) -> None:
    texts = _text_folder(folder)
    if texts is None:
        raise TrainingDataError(f"{folder}: no text_files")
    for path in sorted(texts.glob("*.txt")):
        builder.note(path.stem, read_note(str(path)), None, "codiesp", path.name, 0)
    tracks = sorted(p for p in texts.parent.glob("*.tsv"))
    if not tracks:
        raise TrainingDataError(f"{texts.parent}: no .tsv file beside {texts.name}")
    for path in tracks:
        for number, cells in _lines(path):
            _read_line(path.name, number, cells, builder, reader, texts)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines of a track; they have no heading in some releases."""
    with path.open(encoding="utf-8-sig", newline="") as handle:
        for number, cells in enumerate(
            csv.reader(handle, delimiter="\t", quoting=csv.QUOTE_NONE), 1
        ):
            if cells and not (
                number == 1 and cells[0].lower() in ("articleid", "id", "article_id")
            ):
                yield number, cells


def _read_line(
    file: str,
    number: int,
    cells: list[str],
    builder: NoteBuilder,
    reader: CodeReader,
    texts: Path,
) -> None:
    """Read ``id code`` (tracks D, P) or ``id kind code quote positions`` (track X)."""
    report = reader.report
    if len(cells) < 2:
        report.leave_out(file, number, f"{len(cells)} cells where 2 or 5 are expected")
        return
    key = builder.key(cells[0].strip())
    if key is None:
        report.leave_out(file, number, "a code of a note that is not there")
        return
    explained = len(cells) >= 5
    kind, written = (cells[1].upper(), cells[2]) if explained else ("", cells[1])
    procedure = kind.startswith("PROCED") or (not explained and file.lower().endswith("p.tsv"))
    found = reader(written, "ICD-10-PCS" if procedure else "ICD-10-CM", file, number)
    if found is None:
        return
    # positions count in the Spanish text; the translation has none
    quoted = explained and texts.name == "text_files"
    spans = []
    for part in cells[4].split(";") if quoted else ():
        ends = part.split()
        if len(ends) == 2 and all(e.isdigit() for e in ends):
            spans.append((int(ends[0]), int(ends[1])))
    builder.code(key, GoldCode(*found, (), tuple(spans)), file, number)
