"""The Alpha-Numeric HCPCS file of CMS, fixed width or workbook: the same rows from both.

Layout: 2019-HCPCS-Record-Layout.zip of CMS (record of 320 characters). Record identification 3
and 7 begin a code or a modifier, 4 and 8 carry on its long description.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date

from codesuggest.terminology.code_forms import is_code, is_modifier
from codesuggest.terminology.readers.rows import HcpcsRow, Publication
from codesuggest.terminology.readers.sources import Source
from codesuggest.terminology.readers.text_lines import numbered_lines, tidy
from codesuggest.terminology.readers.workbook import Sheet, read_workbook

__all__ = ["HCPCS_LINE", "is_hcpcs_heading", "read_hcpcs_fixed_width", "read_hcpcs_workbook"]

HCPCS_LINE = re.compile(r"(?:   [0-9A-Z]{2}|[A-Z][0-9]{4})[0-9]{5}[3478].+")

#: First column (from 0) and widths of each group of a record; a group of one stands alone.
_LAYOUT: dict[str, tuple[int, tuple[int, ...]]] = {
    "prices": (119, (2, 2, 2, 2)),
    "multiple_price": (127, (1,)),
    "coverage_manual": (128, (6, 6, 6)),
    "carriers_manual": (146, (8, 8, 8)),
    "statute": (170, (10,)),
    "lab_certifications": (180, (3,) * 8),
    "cross_references": (204, (5,) * 5),
    "coverage": (229, (1,)),
    "asc_group": (230, (2,)),
    "asc_date": (232, (8,)),
    "opps_group": (240, (3,)),
    "opps_indicator": (243, (1,)),
    "opps_date": (244, (8,)),
    "processing_note": (252, (4,)),
    "betos": (256, (3,)),
    "types_of_service": (260, (1,) * 5),
    "anesthesia_units": (265, (3,)),
    "added": (268, (8,)),
    "effective": (276, (8,)),
    "terminated": (284, (8,)),
    "action": (292, (1,)),
}
#: The action code is never blank, so that no shorter line is whole.
_RECORD = 293

#: Headings of the workbook, blanks and case aside; a group counts on from 1.
_HEADINGS: dict[str, tuple[str, ...]] = {
    "prices": tuple(f"PRICE{i}" for i in range(1, 5)),
    "multiple_price": ("MULT_PI",),
    "coverage_manual": tuple(f"CIM{i}" for i in range(1, 4)),
    "carriers_manual": tuple(f"MCM{i}" for i in range(1, 4)),
    "statute": ("STATUTE",),
    "lab_certifications": tuple(f"LABCERT{i}" for i in range(1, 9)),
    "cross_references": tuple(f"XREF{i}" for i in range(1, 6)),
    "coverage": ("COV",),
    "asc_group": ("ASC_GRP",),
    "asc_date": ("ASC_DT",),
    "opps_group": ("OPPS",),
    "opps_indicator": ("OPPS_PI",),
    "opps_date": ("OPPS_DT",),
    "processing_note": ("PROCNOTE",),
    "betos": ("BETOS",),
    "types_of_service": tuple(f"TOS{i}" for i in range(1, 6)),
    "anesthesia_units": ("ANEST_BU",),
    "added": ("ADD DT",),
    "effective": ("ACT EFF DT",),
    "terminated": ("TERM DT",),
    "action": ("ACTION CD",),
}
_DATES = frozenset({"asc_date", "opps_date", "added", "effective", "terminated"})


def read_hcpcs_fixed_width(source: Source) -> Publication:
    """Read the text file.

    Raises
    ------
    TerminologyError
        A line that is cut off, a description without its code, or a code that stands twice.
    """
    rows: list[HcpcsRow] = []
    pending: tuple[int, str, list[str]] | None = None  # line, record, pieces of the description
    sequence = ""
    for number, line in numbered_lines(source):
        if not HCPCS_LINE.fullmatch(line):
            if pending is None or not line.strip():
                continue  # the disclaimers before the records
            raise source.error("expected a record: code (5), sequence (5), 3, 4, 7 or 8", number)
        code, record = line[:5].strip(), line[10]
        if record in "37":
            if len(line) < _RECORD:
                raise source.error(
                    f"expected a record of at least {_RECORD} characters, got {len(line)}", number
                )
            if pending is not None:
                rows.append(_row_of_record(source, *pending))
            pending = (number, line, [line[11:91]])
        else:
            if (
                pending is None
                or pending[1][:5].strip() != code
                or int(pending[1][10]) + 1 != int(record)
                or line[5:10] <= sequence
            ):
                raise source.error(f"a further line of {code} without its first line", number)
            pending[2].append(line[11:91])
        sequence = line[5:10]
    if pending is None:
        raise source.error("expected HCPCS records, found none")
    rows.append(_row_of_record(source, *pending))
    return _publication(source, "hcpcs_fixed_width", rows)


def read_hcpcs_workbook(source: Source, sheets: Iterable[Sheet] | None = None) -> Publication:
    """Read the workbook.

    Raises
    ------
    TerminologyError
        No sheet with the headings, or a row that is no code or modifier.
    """
    rows: list[HcpcsRow] = []
    for sheet in read_workbook(source) if sheets is None else sheets:
        columns: dict[str, int] = {}
        for number, cells in sheet.rows:
            if columns:
                row = _row_of_cells(source, number, cells, columns)
                if row.record in "37":
                    rows.append(row)
                elif rows and (rows[-1].code, int(rows[-1].record) + 1) == (
                    row.code,
                    int(row.record),
                ):
                    # 2019 left one description in two rows (G0503)
                    rows[-1] = replace(rows[-1], title=f"{rows[-1].title} {row.title}")
                else:
                    raise source.error(f"a further row of {row.code} without its first row", number)
            elif is_hcpcs_heading(cells):
                columns = {tidy(name).upper(): i for i, name in enumerate(cells) if name.strip()}
    if not rows:
        raise source.error("expected a sheet with HCPC, LONG DESCRIPTION and rows below")
    return _publication(source, "hcpcs_workbook", rows)


def is_hcpcs_heading(cells: Iterable[str]) -> bool:
    """Tell whether these are the headings of the HCPCS workbook."""
    names = {tidy(cell).upper() for cell in cells}
    return bool(names & {"HCPC", "HCPCS"}) and {"LONG DESCRIPTION", "ACTION CD"} <= names


def _row_of_record(source: Source, number: int, line: str, pieces: list[str]) -> HcpcsRow:
    def field(name: str) -> tuple[str, ...]:
        start, widths = _LAYOUT[name]
        starts = [start + sum(widths[:i]) for i in range(len(widths))]
        return tuple(line[a : a + w] for a, w in zip(starts, widths, strict=True))

    return _row(source, number, line[:5], line[10], " ".join(pieces), line[91:119], field)


def _row_of_cells(
    source: Source, number: int, cells: tuple[str, ...], columns: dict[str, int]
) -> HcpcsRow:
    def cell(heading: str) -> str:
        position = columns.get(heading, len(cells))
        return cells[position] if position < len(cells) else ""

    code = cell("HCPC") or cell("HCPCS")
    record = cell("RECID").strip() or ("7" if is_modifier(code.strip()) else "3")
    return _row(
        source,
        number,
        code,
        record,
        cell("LONG DESCRIPTION"),
        cell("SHORT DESCRIPTION"),
        lambda name: tuple(cell(heading) for heading in _HEADINGS[name]),
    )


def _row(
    source: Source,
    number: int,
    code: str,
    record: str,
    title: str,
    short_title: str,
    field: Callable[[str], tuple[str, ...]],
) -> HcpcsRow:
    code, title = code.strip(), tidy(title)
    if not (is_modifier(code) if record in ("7", "8") else is_code("HCPCS", code)):
        raise source.error(f"expected an HCPCS code or modifier, got {code[:20]!r}", number)
    if record not in ("3", "4", "7", "8"):
        raise source.error(
            f"expected record identification 3, 4, 7 or 8, got {record[:9]!r}", number
        )
    if not title:
        raise source.error(f"expected a description of {code}", number)

    def day(name: str) -> date | None:
        text = field(name)[0].strip()
        if not text:
            return None
        try:
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            raise source.error(
                f"{name} of {code}: expected YYYYMMDD, got {text[:20]!r}", number
            ) from None

    def one(name: str) -> str:
        return field(name)[0].strip()

    def several(name: str) -> tuple[str, ...]:
        return tuple(filter(None, (text.strip() for text in field(name))))

    return HcpcsRow(
        code,
        record,
        title,
        tidy(short_title),
        several("prices"),
        one("multiple_price"),
        several("coverage_manual"),
        several("carriers_manual"),
        one("statute"),
        several("lab_certifications"),
        several("cross_references"),
        one("coverage"),
        one("asc_group"),
        day("asc_date"),
        one("opps_group"),
        one("opps_indicator"),
        day("opps_date"),
        one("processing_note"),
        one("betos"),
        several("types_of_service"),
        one("anesthesia_units"),
        day("added"),
        # the workbook of 2019 leaves it blank 115 times where the text repeats the date added
        day("effective") or day("added"),
        day("terminated"),
        one("action"),
    )


def _publication(source: Source, format_: str, rows: list[HcpcsRow]) -> Publication:
    seen: set[str] = set()
    for row in rows:
        if row.code in seen:
            raise source.error(f"the code {row.code} stands twice")
        seen.add(row.code)
    newest = max((d for row in rows for d in (row.added, row.effective) if d), default=None)
    release = newest.isoformat() if newest else None
    return Publication("HCPCS", format_, source.name, release, tuple(rows))
