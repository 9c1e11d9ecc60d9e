"""Plain tables of codes: CSV or workbook with a code, a title and perhaps synonyms.

CMS-derived HCPCS lists (``Code,Description,...``) and a clinic's own lists are of this kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from codesuggest.terminology.code_forms import FORMS, SYSTEMS, is_modifier, spell
from codesuggest.terminology.readers.rows import CodeRow, Publication
from codesuggest.terminology.readers.sources import Source
from codesuggest.terminology.readers.text_lines import records, tidy
from codesuggest.terminology.readers.workbook import Sheet, read_workbook

__all__ = ["is_plain_heading", "read_plain_csv", "read_plain_workbook"]

_CODE = frozenset({"code", "hcpc", "hcpcs", "cpt", "hcpcs code", "cpt code", "icd10cm",
                   "icd-10-cm", "icd-10-cm code", "icd10 code"})  # fmt: skip
_TITLE = frozenset({"title", "description", "long description", "descriptor", "name"})
_SYNONYMS = frozenset({"synonyms", "synonym"})
_BETWEEN_SYNONYMS = re.compile(r"\s*[|;]\s*")

Numbered = tuple[int, Sequence[str]]


def is_plain_heading(cells: Iterable[str]) -> bool:
    """Tell whether these headings name a code and a title."""
    names = [_name(cell) for cell in cells]
    return _first(names, _CODE) >= 0 and _first(names, _TITLE) >= 0


def read_plain_csv(source: Source, delimiter: str) -> Publication:
    """Read a delimited text file with headings; columns may stand in any order.

    Raises
    ------
    TerminologyError
        Headings that do not fit, a row with too few or too many fields, a code that has not the
        form of the file's code system or stands twice, or a missing title.
    """
    return _read(source, records(source, delimiter), ragged=False)


def read_plain_workbook(source: Source, sheets: Iterable[Sheet] | None = None) -> Publication:
    """Read the first sheet that has the headings; raises as `read_plain_csv`."""
    for sheet in read_workbook(source) if sheets is None else sheets:
        if sheet.rows and is_plain_heading(sheet.rows[0][1]):
            return _read(source, sheet.rows, ragged=True)
    raise source.error("expected a sheet with the headings code and title")


def _read(source: Source, numbered: Iterable[Numbered], *, ragged: bool) -> Publication:
    rows: list[tuple[int, CodeRow]] = []
    code_at = title_at = synonyms_at = width = -1
    for number, cells in numbered:
        if width < 0:
            names = [_name(cell) for cell in cells]
            code_at, title_at = _first(names, _CODE), _first(names, _TITLE)
            synonyms_at, width = _first(names, _SYNONYMS), len(names)
            if min(code_at, title_at) < 0:
                raise source.error("expected the headings code and title", number)
            continue
        if ragged:  # a workbook stores no blank cells at the end of a row
            cells = [*cells, *[""] * (width - len(cells))]
        elif len(cells) != width:
            raise source.error(f"expected {width} fields, got {len(cells)}", number)
        title = tidy(cells[title_at])
        if not title:
            raise source.error("expected a title", number)
        given = _BETWEEN_SYNONYMS.split(cells[synonyms_at]) if synonyms_at >= 0 else []
        synonyms = tuple(filter(None, map(tidy, given)))
        rows.append((number, CodeRow("".join(cells[code_at].split()).upper(), title, synonyms)))
    if not rows:
        raise source.error("expected rows below the headings, found none")
    system = _system(source, rows)
    found: dict[str, CodeRow] = {}
    for number, row in rows:
        code = spell(system, row.code)
        if code in found:
            raise source.error(f"the code {code} stands twice", number)
        found[code] = CodeRow(code, row.title, row.synonyms)
    return Publication(system, "plain_table", source.name, None, tuple(found.values()))


def _system(source: Source, rows: list[tuple[int, CodeRow]]) -> str:
    """Return the one system that all codes fit; five plain characters mean HCPCS."""
    order = ("CPT", "HCPCS", "ICD-10-CM")
    best, furthest = order[0], -1
    for system in order:
        wrong = next((i for i, (_, row) in enumerate(rows) if not _fits(system, row.code)), None)
        if wrong is None:
            return system
        if wrong > furthest:
            best, furthest = system, wrong
    number, row = rows[furthest]
    expected = f"a code of {' or '.join(SYSTEMS)}" if furthest == 0 else f"a {best} code"
    raise source.error(f"expected {expected}, got {row.code[:20]!r}", number)


def _fits(system: str, code: str) -> bool:
    code = spell(system, code)
    if system == "HCPCS" and is_modifier(code):
        return True
    return FORMS[system].fullmatch(code) is not None


def _name(cell: str) -> str:
    return tidy(cell.replace("_", " ")).lower()


def _first(names: Sequence[str], wanted: frozenset[str]) -> int:
    return next((i for i, name in enumerate(names) if name in wanted), -1)
