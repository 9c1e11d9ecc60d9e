"""The descriptor files of the AMA's CPT, for users with a licence.

``LONGULT.txt`` gives ``code<TAB>text`` after a licence preamble that ends at the last blank
line; ``MEDU.txt`` and ``SHORTU.txt`` are fixed width, code in columns 1 to 5 and text from
column 7; the consumer and clinician descriptors are tab-separated with a heading.
"""

from __future__ import annotations

import re

from codesuggest.terminology.code_forms import is_code
from codesuggest.terminology.readers.rows import Descriptor, Publication
from codesuggest.terminology.readers.sources import Source
from codesuggest.terminology.readers.text_lines import numbered_lines, tidy

__all__ = ["CPT_HEADINGS", "FIXED_LINE", "LONG_LINE", "read_cpt_clinician", "read_cpt_consumer",
           "read_cpt_fixed_width", "read_cpt_long"]  # fmt: skip

LONG_LINE = re.compile(r"([0-9]{4}[0-9A-Z])\t( *[^\s][^\t]*)")
FIXED_LINE = re.compile(r"([0-9]{4}[0-9A-Z]) ( *[^\s][^\t]*)")
#: Word that tells the heading of the text, by format; the other column is the CPT code.
CPT_HEADINGS: dict[str, str] = {"cpt_consumer": "consumer", "cpt_clinician": "clinician"}

#: AMA's longest short descriptor; the medium ones go to 48.
_SHORT = 28
_YEAR = re.compile(r"(?<![0-9])20[0-9]{2}(?![0-9])")


def read_cpt_long(source: Source) -> Publication:
    """Read the long descriptors."""
    return _after_preamble(source, LONG_LINE, "code, tab, descriptor", "cpt_long")


def read_cpt_fixed_width(source: Source) -> Publication:
    """Read the medium or the short descriptors; the longest one tells which they are."""
    return _after_preamble(source, FIXED_LINE, "code (5), blank, descriptor", "")


def read_cpt_consumer(source: Source) -> Publication:
    """Read the consumer-friendly descriptors."""
    return _with_heading(source, "cpt_consumer")


def read_cpt_clinician(source: Source) -> Publication:
    """Read the clinician descriptors: often several of a code."""
    return _with_heading(source, "cpt_clinician")


def _after_preamble(
    source: Source, layout: re.Pattern[str], expected: str, format_: str
) -> Publication:
    lines = list(numbered_lines(source))
    while lines and not lines[-1][1].strip():
        lines.pop()
    start = max((i + 1 for i, (_, line) in enumerate(lines) if not line.strip()), default=0)
    if start == 0:
        # no blank line: whatever stands before the first row is the preamble
        start = next((i for i, (_, line) in enumerate(lines) if layout.fullmatch(line)), 0)
    before = sum(1 for _, line in lines[:start] if layout.fullmatch(line))
    if before > len(lines) - start:
        raise source.error("a blank line among the rows, expected one above them only", start)
    rows: list[Descriptor] = []
    seen: set[str] = set()
    for number, line in lines[start:]:
        match = layout.fullmatch(line)
        if not match:
            raise source.error(f"expected {expected}", number)
        if match[1] in seen:
            raise source.error(f"the code {match[1]} stands twice", number)
        seen.add(match[1])
        rows.append(Descriptor(match[1], tidy(match[2])))
    if not rows:
        raise source.error(f"expected lines of {expected}, found none")
    if not format_:
        longest = max(len(row.text) for row in rows)
        format_ = "cpt_short" if longest <= _SHORT else "cpt_medium"
    years = [year for _, line in lines[:start] for year in _YEAR.findall(line)]
    release = max(years, default=None)
    return Publication("CPT", format_, source.name, release, tuple(rows))


def _with_heading(source: Source, format_: str) -> Publication:
    rows: list[Descriptor] = []
    code_at = text_at = id_at = width = -1
    for number, line in numbered_lines(source):
        cells = [tidy(cell) for cell in line.split("\t")]
        if not any(cells):
            continue
        if width < 0:
            names = [cell.lower() for cell in cells]
            width = len(names)
            code_at = _position(names, "cpt code")
            text_at = _position(names, CPT_HEADINGS[format_], without=" id")
            id_at = _position(names, "concept id")
            if min(code_at, text_at) < 0:
                raise source.error("expected the headings CPT Code and a descriptor", number)
            continue
        if len(cells) != width:
            raise source.error(f"expected {width} tab-separated fields, got {len(cells)}", number)
        if not is_code("CPT", cells[code_at]):
            raise source.error(f"expected a CPT code, got {cells[code_at][:20]!r}", number)
        if not cells[text_at]:
            raise source.error(f"expected a descriptor of {cells[code_at]}", number)
        concept = cells[id_at] if id_at >= 0 else ""
        rows.append(Descriptor(cells[code_at], cells[text_at], concept))
    if not rows:
        raise source.error("expected rows below the headings, found none")
    return Publication("CPT", format_, source.name, None, tuple(rows))


def _position(names: list[str], word: str, without: str = "\0") -> int:
    return next((i for i, n in enumerate(names) if word in n and not n.endswith(without)), -1)
