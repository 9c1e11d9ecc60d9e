"""Rows of the sheets of an xlsx workbook, as text.

Publishers' workbooks are plain tables, so the two parts that matter, the shared strings and the
cells, are read straight from the XML: no further package, and the same limits as everywhere.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from codesuggest.errors import TerminologyError
from codesuggest.terminology.readers.safe_xml import parse_xml
from codesuggest.terminology.readers.sources import BROKEN, MAX_WHOLE, Source

__all__ = ["Sheet", "read_workbook", "serial_day"]

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_MAX_COLUMNS = 16_384
_STRICT = b"http://purl.oclc.org/ooxml/spreadsheetml/main"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its title and its rows that are not empty, each with its number."""

    title: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read_workbook(source: Source) -> list[Sheet]:
    """Read every sheet.

    Raises
    ------
    TerminologyError
        Damaged, encrypted, or not the layout of a workbook.
    """
    data = source.whole()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _Workbook(source, archive).sheets()
    except TerminologyError:
        raise
    except BROKEN as error:
        raise source.error(f"damaged workbook ({type(error).__name__})") from None


def serial_day(text: str) -> date | None:
    """Return the day that a workbook's serial number stands for (day 1 is 1 January 1900)."""
    try:
        return date(1899, 12, 30) + timedelta(days=int(float(text)))
    except (ValueError, OverflowError):
        return None


class _Workbook:
    def __init__(self, source: Source, archive: zipfile.ZipFile) -> None:
        self._source = source
        self._archive = archive

    def sheets(self) -> list[Sheet]:
        book = self._part("xl/workbook.xml")
        targets = {
            relation.get("Id", ""): relation.get("Target", "")
            for relation in self._part("xl/_rels/workbook.xml.rels")
        }
        strings = self._strings() if self._has("xl/sharedStrings.xml") else []
        found = []
        for sheet in book.iter(f"{_MAIN}sheet"):
            target = targets.get(sheet.get(_RELATION, ""), "").lstrip("/")
            path = target if target.startswith("xl/") else f"xl/{target}"
            if "worksheets/" in path:
                title = sheet.get("name", "")
                found.append(Sheet(title, tuple(self._rows(title, path, strings))))
        if not found:
            raise self._source.error("expected a workbook with a sheet, it holds none")
        return found

    def _has(self, path: str) -> bool:
        return path in self._archive.NameToInfo

    def _part(self, path: str) -> ET.Element:
        if not self._has(path):
            raise self._source.error(f"damaged workbook: expected the part {path}")
        with self._archive.open(path) as handle:
            data = handle.read(MAX_WHOLE + 1)
        if len(data) > MAX_WHOLE:
            raise self._source.error(f"{path}: more than {MAX_WHOLE >> 20} MiB")
        part = Source(f"{self._source.name}!{path}", self._source.opener, self._source.limit)
        return parse_xml(part, data.replace(_STRICT, _MAIN[1:-1].encode()))

    def _strings(self) -> list[str]:
        return [_words(item) for item in self._part("xl/sharedStrings.xml").iter(f"{_MAIN}si")]

    def _rows(
        self, title: str, path: str, strings: list[str]
    ) -> Iterator[tuple[int, tuple[str, ...]]]:
        number = 0
        for row in self._part(path).iter(f"{_MAIN}row"):
            given = row.get("r", "")
            number = int(given) if given.isdecimal() and len(given) < 8 else number + 1
            cells: dict[int, str] = {}
            for position, cell in enumerate(row.iter(f"{_MAIN}c")):
                text = self._text(cell, strings, title, number)
                if text:
                    cells[self._column(cell, position, title, number)] = text
            if cells:
                yield number, tuple(cells.get(i, "") for i in range(max(cells) + 1))

    def _column(self, cell: ET.Element, position: int, title: str, row: int) -> int:
        reference = cell.get("r")
        if reference is None:
            return position
        match = _CELL.fullmatch(reference)
        column = 0
        for letter in match[1] if match else "":
            column = column * 26 + ord(letter) - 64
        if not 0 < column <= _MAX_COLUMNS:
            raise self._source.error(f"sheet {title!r}, row {row}: no cell {reference!r}")
        return column - 1

    def _text(self, cell: ET.Element, strings: list[str], title: str, row: int) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return "".join(_words(item) for item in cell.iter(f"{_MAIN}is"))
        value = cell.findtext(f"{_MAIN}v") or ""
        if kind == "s":
            if not value.isdecimal() or len(value) > 9 or int(value) >= len(strings):
                raise self._source.error(
                    f"sheet {title!r}, row {row}: expected one of the workbook's "
                    f"{len(strings)} strings"
                )
            return strings[int(value)]
        if kind == "e":
            return ""
        return value.removesuffix(".0")


def _words(item: ET.Element) -> str:
    """Join the runs of a string, without its phonetic reading."""
    texts = [run.findtext(f"{_MAIN}t") or "" for run in item.findall(f"{_MAIN}r")]
    return (item.findtext(f"{_MAIN}t") or "") + "".join(texts)
