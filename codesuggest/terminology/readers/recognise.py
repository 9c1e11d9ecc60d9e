"""Tells publishers' files apart by their content and reads them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from codesuggest.errors import TerminologyError
from codesuggest.terminology.readers import athena, cpt, hcpcs, icd_xml, order_file
from codesuggest.terminology.readers.conversion import is_conversion_heading, read_conversion_table
from codesuggest.terminology.readers.mrconso import MRCONSO_LINE, read_mrconso
from codesuggest.terminology.readers.plain_table import (
    is_plain_heading,
    read_plain_csv,
    read_plain_workbook,
)
from codesuggest.terminology.readers.rows import Publication
from codesuggest.terminology.readers.sources import HEAD, Source, open_sources
from codesuggest.terminology.readers.text_lines import decode_head
from codesuggest.terminology.readers.workbook import read_workbook

__all__ = ["FORMATS", "read_files"]

#: Every format that is read, and what it is.
FORMATS: dict[str, str] = {
    "tabular": "CDC/NCHS tabular list (XML)",
    "order_file": "CMS ICD-10-CM order file",
    "code_file": "CMS ICD-10-CM code file",
    "index": "CDC/NCHS Alphabetic Index (XML)",
    "external_causes": "CDC/NCHS Index to External Causes (XML)",
    "neoplasm_table": "CDC/NCHS Table of Neoplasms (XML)",
    "drug_table": "CDC/NCHS Table of Drugs and Chemicals (XML)",
    "conversion_table": "CDC/NCHS ICD-10-CM conversion table (workbook)",
    "hcpcs_fixed_width": "CMS Alpha-Numeric HCPCS file (text)",
    "hcpcs_workbook": "CMS Alpha-Numeric HCPCS file (workbook)",
    "cpt_long": "AMA CPT long descriptors",
    "cpt_medium": "AMA CPT medium descriptors",
    "cpt_short": "AMA CPT short descriptors",
    "cpt_consumer": "AMA CPT consumer descriptors",
    "cpt_clinician": "AMA CPT clinician descriptors",
    "mrconso": "UMLS MRCONSO.RRF",
    "athena": "OHDSI Athena CONCEPT.csv",
    "plain_table": "plain table: code, title, synonyms",
}

Reader = Callable[[Source], Sequence[Publication]]

_ROOT = re.compile(r"<(?![?!])([^\s/>]+)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_HEADING = re.compile(r"<head\b[^>]*>\s*([A-Za-z]+)")
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_YEAR = re.compile(r"(?<![0-9])(20[0-9]{2})(AA|AB)?(?![0-9])|FY[ _-]?([0-9]{2})(?![0-9])")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MONTH = re.compile(rf"(?<![A-Z])({'|'.join(_MONTHS)})[A-Z]*(?![A-Z])")
_SYNONYMS = "athena_synonyms"


def read_files(paths: Sequence[Path]) -> list[Publication]:
    """Read publishers' files, each told by its content; archives are looked into.

    Members of an archive that are no such file (read-me files, layouts) are passed over.

    Parameters
    ----------
    paths : sequence of Path
        Files as downloaded. ``CONCEPT_SYNONYM.csv`` goes with a ``CONCEPT.csv``.

    Returns
    -------
    list of Publication
        In the order of the files; a UMLS or Athena file gives one for each code system.

    Raises
    ------
    TerminologyError
        A file is damaged, refused or of no known kind; the message names file and line.
    """
    found: list[Publication] = []
    synonyms: list[Source] = []
    for path in paths:
        before = len(found) + len(synonyms)
        for source in open_sources(Path(path)):
            reader = _recognise(source)
            if reader == _SYNONYMS:
                synonyms.append(source)
            elif callable(reader):
                found += [_dated(publication) for publication in reader(source)]
        if len(found) + len(synonyms) == before:
            raise TerminologyError(
                f"{Path(path).name}, line 1: of no known kind; expected one of: "
                + "; ".join(FORMATS.values())
            )
    concepts = [p for p in found if p.format == "athena"]
    for source in synonyms:
        if not concepts:
            raise source.error("expected CONCEPT.csv beside CONCEPT_SYNONYM.csv")
        concepts = athena.join_synonyms(source, concepts)
    joined = iter(concepts)
    return [next(joined) if p.format == "athena" else p for p in found]


def _recognise(source: Source) -> Reader | str | None:
    head = source.head()
    if head.startswith(b"PK"):
        return _workbook
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise source.error("an old workbook (xls), expected it saved as xlsx")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise source.error("UTF-16, expected UTF-8 or cp1252", 1)
    text = decode_head(head)
    if text.lstrip().startswith("<"):
        return _recognise_xml(text)
    lines = [line for line in text.splitlines() if line.strip()]
    if len(head) == HEAD and len(lines) > 1:
        lines = lines[:-1]  # cut off in its middle
    return _recognise_text(lines, text) if lines else None


def _recognise_xml(text: str) -> Reader | None:
    root = _ROOT.search(_COMMENT.sub("", text))
    name = root[1].rpartition(":")[2] if root else ""
    if name == "ICD10CM.tabular":
        return lambda source: [icd_xml.read_tabular_list(source)]
    if name not in ("ICD10CM.index", "ICD10CM.table"):
        return None
    heading, title = _HEADING.search(text), _TITLE.search(text)
    if heading:
        read = icd_xml.read_drug_table
        if heading[1].lower() == "neoplasm":
            read = icd_xml.read_neoplasm_table
    elif title and "external" in title[1].lower():
        read = icd_xml.read_external_causes
    else:
        read = icd_xml.read_index
    return lambda source: [read(source)]


def _recognise_text(lines: list[str], text: str) -> Reader | str | None:
    names = {cell.strip().lower() for cell in lines[0].split("\t")}
    if "concept_id" in names and names & {"concept_synonym_name", "language_concept_id"}:
        return _SYNONYMS
    if {"concept_id"} < names and names & {"vocabulary_id", "concept_code", "concept_name"}:
        return athena.read_concepts
    if any("cpt code" in name for name in names):
        for format_, word in cpt.CPT_HEADINGS.items():
            if any(word in name for name in names):
                read = cpt.read_cpt_consumer
                if format_ == "cpt_clinician":
                    read = cpt.read_cpt_clinician
                return lambda source: [read(source)]
    for delimiter in ("\t", ",", ";"):
        if is_plain_heading(cell.strip('" ') for cell in lines[0].split(delimiter)):
            return lambda source: [read_plain_csv(source, delimiter)]
    if _mostly(lines, MRCONSO_LINE.match):
        return read_mrconso
    return _recognise_fixed_width(lines, text)


def _recognise_fixed_width(lines: list[str], text: str) -> Reader | None:
    if _mostly(lines, order_file.ADDENDUM_LINE.match):
        return None  # lists of changes: the whole list stands beside them
    if _mostly(lines, re.compile(r"[0-9]{5} [A-Z0-9]{3,7} *[01] ").match):
        return lambda source: [order_file.read_order_file(source)]
    if _mostly(lines, order_file.CODE_LINE.fullmatch):
        return lambda source: [order_file.read_code_file(source)]
    if any(hcpcs.HCPCS_LINE.fullmatch(line) and len(line) > 91 for line in lines):
        return lambda source: [hcpcs.read_hcpcs_fixed_width(source)]
    # what stands below the licence
    tail = [line for line in re.split(r"\n[ \t\r]*\n", text.rstrip())[-1].splitlines() if line]
    for rows in (tail, lines):
        if _mostly(rows, cpt.LONG_LINE.fullmatch):
            return lambda source: [cpt.read_cpt_long(source)]
        if _mostly(rows, cpt.FIXED_LINE.fullmatch):
            return lambda source: [cpt.read_cpt_fixed_width(source)]
    return None


def _workbook(source: Source) -> list[Publication]:
    sheets = read_workbook(source)
    for sheet in sheets:
        for _, cells in sheet.rows[:40]:
            if hcpcs.is_hcpcs_heading(cells):
                return [hcpcs.read_hcpcs_workbook(source, sheets)]
            if is_conversion_heading(cells):
                return [read_conversion_table(source, sheets)]
        if sheet.rows and is_plain_heading(sheet.rows[0][1]):
            return [read_plain_workbook(source, sheets)]
    return []


def _mostly(lines: Sequence[str], test: Callable[[str], object]) -> bool:
    """Tell whether at least half of the first 50 lines pass."""
    first = lines[:50]
    return bool(first) and 2 * sum(1 for line in first if test(line)) >= len(first)


def _dated(publication: Publication) -> Publication:
    """Take the release from the file's name where the content does not say it."""
    if publication.release is not None:
        return publication
    for name in reversed(publication.file.upper().split("!")):
        year = _YEAR.search(name)
        if not year:
            continue
        number = year[1] or f"20{year[3]}"
        month = _MONTH.search(name)
        if publication.format == "mrconso":
            release = number + (year[2] or "")
        elif publication.system == "ICD-10-CM":
            release = f"FY{number}" + (" April" if month and month[1] == "APR" else "")
        elif publication.system == "HCPCS" and month:
            release = f"{number}-{_MONTHS.index(month[1]) + 1:02}-01"
        else:
            release = number
        return replace(publication, release=release)
    return publication
