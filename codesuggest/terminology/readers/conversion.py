"""The ICD-10-CM conversion table: which code took over from which, and when."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from codesuggest.terminology.code_forms import is_code, spell
from codesuggest.terminology.readers.rows import Conversion, Publication
from codesuggest.terminology.readers.sources import Source
from codesuggest.terminology.readers.text_lines import tidy
from codesuggest.terminology.readers.workbook import Sheet, read_workbook, serial_day

__all__ = ["is_conversion_heading", "read_conversion_table"]

# A code, a range of codes, or a category with a dash: A04.7, H02.101-H02.106, I63.-, R11-;
# a category has a digit in its second or third place, so that AND is none.
_ITEM = re.compile(
    r"([A-Z](?=[0-9A-Z]?[0-9])[0-9A-Z]{2}(?:\.?[0-9A-Z]{1,4})?)"
    r"(?:\s*[-–]\s*([A-Z](?=[0-9A-Z]?[0-9])[0-9A-Z]{2}(?:\.?[0-9A-Z]{1,4})?)|(\.?[-–]))?(?![0-9A-Z.])"
)
# what stands between the codes: "K59.09 AND Code from categories T36-T50"
_BETWEEN = re.compile(
    r"(?:and|or|a|codes?|in|from|category|categories|none|[&,;.\s])*", re.IGNORECASE
)
_RELEASE = re.compile(r"FY\s*(?:20)?([0-9]{2})(?![0-9])")


def is_conversion_heading(cells: Iterable[str]) -> bool:
    """Tell whether these are the headings of the conversion table."""
    names = [tidy(cell).lower() for cell in cells]
    return _columns(names) is not None


def read_conversion_table(source: Source, sheets: Iterable[Sheet] | None = None) -> Publication:
    """Read the workbook.

    Raises
    ------
    TerminologyError
        No sheet with the headings, or a row whose codes or year cannot be read.
    """
    rows: list[Conversion] = []
    release = None
    for sheet in read_workbook(source) if sheets is None else sheets:
        columns = None
        for number, cells in sheet.rows:
            if columns is not None:
                rows.append(_row(source, number, cells, columns))
                continue
            columns = _columns([tidy(cell).lower() for cell in cells])
            said = _RELEASE.search(" ".join((*cells, sheet.title)))
            if said and release is None:
                release = f"FY20{said[1]}"
    if not rows:
        raise source.error("expected a sheet with current code, effective and previous code")
    return Publication("ICD-10-CM", "conversion_table", source.name, release, tuple(rows))


def _columns(names: list[str]) -> tuple[int, int, int] | None:
    def position(word: str) -> int:
        return next((i for i, name in enumerate(names) if name.startswith(word)), -1)

    found = (position("current code"), position("effective"), position("previous code"))
    return None if min(found) < 0 else found


def _row(
    source: Source, number: int, cells: tuple[str, ...], columns: tuple[int, int, int]
) -> Conversion:
    current, effective, previous = (tidy(cells[i]) if i < len(cells) else "" for i in columns)
    code = spell("ICD-10-CM", current)
    if not is_code("ICD-10-CM", code):
        raise source.error(f"expected an ICD-10-CM code, got {current[:20]!r}", number)
    day: date | None = None
    if re.fullmatch(r"20[0-9]{2}", effective):
        # "unless otherwise specified the effective date is October 1 of the year listed"
        day = date(int(effective), 10, 1)
    elif re.fullmatch(r"[4-9][0-9]{4}(?:\.[0-9]+)?", effective):
        day = serial_day(effective)
    if day is None:
        raise source.error(f"expected a year or a date, got {effective[:20]!r}", number)
    items = []
    for match in _ITEM.finditer(previous):
        first = spell("ICD-10-CM", match[1])
        if match[2]:
            items.append(f"{first}-{spell('ICD-10-CM', match[2])}")
        else:
            items.append(first + ((".-" if "." not in first else "-") if match[3] else ""))
    between = _ITEM.sub(" ", previous)
    if not _BETWEEN.fullmatch(between) or not (items or "none" in between.lower()):
        raise source.error(f"expected previous codes or None, got {previous[:40]!r}", number)
    return Conversion(code, day, tuple(items))
