"""ICD-10-CM order files and code files of CMS: fixed width, one code a line."""

from __future__ import annotations

import re

from codesuggest.terminology.code_forms import is_code, spell
from codesuggest.terminology.readers.rows import OrderRow, Publication
from codesuggest.terminology.readers.sources import Source
from codesuggest.terminology.readers.text_lines import numbered_lines, tidy

__all__ = ["ADDENDUM_LINE", "CODE_LINE", "ORDER_LINE", "read_code_file", "read_order_file"]

#: Order number, code, 0 for a header or 1, short title (60), long title.
ORDER_LINE = re.compile(r"([0-9]{5}) ([A-Z0-9]{3,7}) *(?<=^.{14})([01]) (.{60}) (\S.*)")
#: Code and long title.
CODE_LINE = re.compile(r"([A-Z][0-9A-Z]{2,6}) +(?<=^.{8})(\S.*)")
#: A line of the addenda, which list changes only.
ADDENDUM_LINE = re.compile(r"(?:Add|Delete|Revise from|Revise to|No Change):", re.IGNORECASE)


def read_order_file(source: Source) -> Publication:
    """Read an order file: headers and billable codes, with short and long titles.

    Raises
    ------
    TerminologyError
        A line of another layout, an order number that does not rise, or a code that stands twice.
    """
    rows: list[OrderRow] = []
    seen: set[str] = set()
    for number, line in numbered_lines(source):
        if not line.strip():
            continue
        match = ORDER_LINE.fullmatch(line)
        if not match:
            raise source.error(
                "expected order number (5), code (7), 0 or 1, short title (60), title", number
            )
        code = spell("ICD-10-CM", match[2])
        short, title = tidy(match[4]), tidy(match[5])
        if not is_code("ICD-10-CM", code):
            raise source.error(f"expected an ICD-10-CM code, got {match[2]!r}", number)
        if code in seen:
            raise source.error(f"the code {code} stands twice", number)
        if rows and int(match[1]) <= rows[-1].order:
            raise source.error(f"expected an order number above {rows[-1].order:05}", number)
        if len(title) < len(short):
            raise source.error("the title is cut off: shorter than the short title", number)
        seen.add(code)
        rows.append(OrderRow(int(match[1]), code, match[3] == "1", short, title))
    return _publication(source, "order_file", rows)


def read_code_file(source: Source) -> Publication:
    """Read a code file: billable codes and titles only.

    Raises
    ------
    TerminologyError
        A line of another layout, or a code that stands twice.
    """
    rows: list[OrderRow] = []
    seen: set[str] = set()
    for number, line in numbered_lines(source):
        if not line.strip():
            continue
        match = CODE_LINE.fullmatch(line)
        code = spell("ICD-10-CM", match[1]) if match else ""
        if not match or not is_code("ICD-10-CM", code):
            raise source.error("expected an ICD-10-CM code (7), a blank and a title", number)
        if code in seen:
            raise source.error(f"the code {code} stands twice", number)
        seen.add(code)
        rows.append(OrderRow(0, code, True, "", tidy(match[2])))
    return _publication(source, "code_file", rows)


def _publication(source: Source, format_: str, rows: list[OrderRow]) -> Publication:
    if not rows:
        raise source.error("expected lines with codes, found none")
    return Publication("ICD-10-CM", format_, source.name, None, tuple(rows))
