"""The XML publications of CDC/NCHS: tabular list, Alphabetic Index, external causes, two tables."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

from codesuggest.terminology.code_forms import is_code, spell
from codesuggest.terminology.readers.rows import IndexTerm, Publication, TableTerm
from codesuggest.terminology.readers.safe_xml import checked_xml, line_of_element, parse_xml
from codesuggest.terminology.readers.sources import Source
from codesuggest.terminology.readers.text_lines import tidy
from codesuggest.terminology.tabular import read_tabular

__all__ = ["read_drug_table", "read_external_causes", "read_index", "read_neoplasm_table",
           "read_tabular_list"]  # fmt: skip

# "S90.51-", "I63.-", "T14-": a code or the beginning of one, with a dash for what is missing
_PRINTED = re.compile(r"([A-Z][0-9A-Z]{2}(?:\.[0-9A-Z]{0,4})?)(-?)")
_YEAR = re.compile(r"20[0-9]{2}")
_DASHES = frozenset({"-", "--", "---", "–", "—"})


class _NamedBytes(io.BytesIO):
    """Bytes that carry the file's name, for the messages of `read_tabular`."""

    name: str


def read_tabular_list(source: Source) -> Publication:
    """Read a tabular list of any year.

    Raises
    ------
    TerminologyError
        Not well-formed, or a code that is malformed, repeated, untitled or not under its parent.
    """
    data = checked_xml(source)
    stream = _NamedBytes(data)
    stream.name = source.name
    release, entries = read_tabular(stream)
    if not _YEAR.fullmatch(release.removeprefix("FY")):
        raise source.error(f"<version>: expected a year, got {release.removeprefix('FY')!r}")
    seen: set[str] = set()
    for entry in entries:
        problem = ""
        if not is_code("ICD-10-CM", entry.code):
            problem = f"expected an ICD-10-CM code, got {entry.code!r}"
        elif entry.code in seen:
            problem = f"the code {entry.code} stands twice"
        elif not entry.title:
            problem = f"expected a title of {entry.code}"
        elif entry.parent and not entry.code.startswith(entry.parent):
            problem = f"{entry.code} stands under {entry.parent}, expected a beginning of it"
        if problem:
            raise source.error(problem, _line_of(data, entry.code))
        seen.add(entry.code)
    return Publication("ICD-10-CM", "tabular", source.name, release, tuple(entries))


def read_index(source: Source) -> Publication:
    """Read the Alphabetic Index."""
    return _read_index(source, "index")


def read_external_causes(source: Source) -> Publication:
    """Read the Index to External Causes."""
    return _read_index(source, "external_causes")


def read_neoplasm_table(source: Source) -> Publication:
    """Read the Table of Neoplasms."""
    return _read_table(source, "neoplasm_table")


def read_drug_table(source: Source) -> Publication:
    """Read the Table of Drugs and Chemicals."""
    return _read_table(source, "drug_table")


def _read_index(source: Source, format_: str) -> Publication:
    root, release = _open(source)
    rows = tuple(
        IndexTerm(
            path,
            nonessential,
            _printed(source, number, path, term, "code"),
            _printed(source, number, path, term, "manif"),
            _words(term.find("see")),
            _words(term.find("seeAlso")),
            _printed(source, number, path, term, "seecat")
            or _printed(source, number, path, term, "subcat"),
        )
        for number, path, nonessential, term in _terms(source, root)
    )
    return Publication("ICD-10-CM", format_, source.name, release, rows)


def _read_table(source: Source, format_: str) -> Publication:
    root, release = _open(source)
    columns = tuple(_words(head) for head in root.findall("indexHeading/head"))[1:]
    if not columns:
        raise source.error("expected an <indexHeading> with the table's columns")
    rows = []
    for number, path, nonessential, term in _terms(source, root):
        cells = [""] * len(columns)
        for cell in term.findall("cell"):
            column = cell.get("col", "")
            if not column.isdecimal() or not 2 <= int(column[:9]) <= len(columns) + 1:
                expected = f"expected a column from 2 to {len(columns) + 1}, got {column[:9]!r}"
                raise _error(source, number, path, expected)
            cells[int(column) - 2] = _code(source, number, path, _words(cell))
        rows.append(
            TableTerm(
                path,
                tuple(cells),
                nonessential,
                _words(term.find("see")),
                _words(term.find("seeAlso")),
            )
        )
    return Publication("ICD-10-CM", format_, source.name, release, tuple(rows), columns)


def _open(source: Source) -> tuple[ET.Element, str]:
    root = parse_xml(source)
    version = tidy(root.findtext("version") or "")
    if not _YEAR.fullmatch(version):
        raise source.error(f"expected a <version> with the year, got {version!r}")
    return root, f"FY{version}"


def _terms(
    source: Source, root: ET.Element
) -> Iterator[tuple[int, tuple[str, ...], str, ET.Element]]:
    number = 0
    for main in root.iterfind("letter/mainTerm"):
        stack: list[tuple[tuple[str, ...], ET.Element]] = [((), main)]
        while stack:
            above, term = stack.pop()
            number += 1
            title = term.find("title")
            nonessential = " ".join(
                _words(e) for e in (*([] if title is None else title), *term.findall("nemod"))
            )
            words = _words(title, without="nemod")
            # one subterm of FY2017 is nothing but a modifier: Shock, electric, (taser)
            if not words and not (above and nonessential):
                raise _error(source, number, above, "expected a <title>")
            level = term.get("level")
            if level is not None and level != str(len(above)):
                expected = f"expected level {len(above)}, got {level[:9]!r}"
                raise _error(source, number, (*above, words), expected)
            path = (*above, words)
            yield number, path, nonessential, term
            stack.extend((path, below) for below in reversed(term.findall("term")))
    if not number:
        raise source.error("expected <letter> elements with <mainTerm> elements, found none")


def _printed(source: Source, number: int, path: tuple[str, ...], term: ET.Element, tag: str) -> str:
    element = term.find(tag)
    return "" if element is None else _code(source, number, path, _words(element))


def _code(source: Source, number: int, path: tuple[str, ...], text: str) -> str:
    """Return a code as printed, ``""`` for a dash."""
    if not text or text in _DASHES:
        return ""
    match = _PRINTED.fullmatch(text.upper())
    if not match:
        raise _error(source, number, path, f"expected a code, got {text[:40]!r}")
    code = spell("ICD-10-CM", match[1])
    return code + (".-" if match[2] and match[1].endswith(".") else match[2])


def _error(source: Source, number: int, path: tuple[str, ...], message: str) -> Exception:
    """Make the error that names the line of the `number`-th term; elements do not know theirs."""
    where = f"term {' > '.join(path)[:80]!r}: " if path else ""
    return source.error(where + message, line_of_element(source, ("mainTerm", "term"), number))


def _line_of(data: bytes, code: str) -> int | None:
    # the seventh character is ours: the publisher's line is that of the stem
    for name in (code, code[:7].rstrip("X").rstrip(".")):
        pattern = rb"<name>\s*" + re.escape(name).encode("utf-8") + rb"\s*</name>"
        found = list(re.finditer(pattern, data))
        if found:
            return _line_at(data, found[-1])
    return None


def _line_at(data: bytes, match: re.Match[bytes] | None) -> int | None:
    return data.count(b"\n", 0, match.start()) + 1 if match else None


def _words(element: ET.Element | None, without: str = "") -> str:
    """Return the words of an element, those of its child `without` left out."""
    if element is None:
        return ""
    parts = [element.text or ""]
    for child in element:
        parts += [" " if child.tag == without else "".join(child.itertext()), child.tail or ""]
    return tidy("".join(parts))
