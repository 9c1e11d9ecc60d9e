"""XML from outside, parsed so that it cannot hurt.

A document type declaration is refused before anything is built, in whatever encoding it
hides, because no publisher's file has one and every entity attack needs one.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Collection
from xml.parsers import expat

from codesuggest.errors import TerminologyError
from codesuggest.terminology.readers.sources import Source

__all__ = ["MAX_DEPTH", "checked_xml", "line_of_element", "parse_xml"]

#: The deepest publication has 13 levels.
MAX_DEPTH = 100

_SAYS_UTF8 = re.compile(rb"^<\?xml[^>]*encoding\s*=\s*['\"]utf-?8['\"]", re.IGNORECASE)
_SAYS_OTHER = re.compile(rb"^<\?xml[^>]*encoding\s*=", re.IGNORECASE)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_MULTIBYTE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")


def checked_xml(source: Source, data: bytes | None = None) -> bytes:
    """Return the bytes of a source once they are known to be harmless, well-formed XML.

    cp1252 that calls itself UTF-8, or nothing, is made UTF-8.

    Raises
    ------
    TerminologyError
        Not well-formed, nested too deeply, or with a document type declaration.
    """
    data = _as_declared(source.whole() if data is None else data)
    depth = 0

    def start(_: str, __: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise source.error(
                f"elements nested more than {MAX_DEPTH} deep", parser.CurrentLineNumber
            )

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    def doctype(*_: object) -> None:
        raise source.error(
            "a document type declaration, which no publisher's file has; refused",
            parser.CurrentLineNumber,
        )

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = doctype
    try:
        parser.Parse(data, True)
    except TerminologyError:
        raise
    except expat.ExpatError as error:
        raise source.error(
            f"not well-formed XML at column {error.offset + 1} "
            f"({expat.errors.messages.get(error.code, 'unreadable')})",
            error.lineno,
        ) from None
    except (ValueError, LookupError):
        raise source.error("XML in an unknown encoding, expected UTF-8", 1) from None
    return data


def parse_xml(source: Source, data: bytes | None = None) -> ET.Element:
    """Return the root of a harmless document; raises as `checked_xml` does."""
    try:
        return ET.fromstring(checked_xml(source, data))
    except ET.ParseError as error:  # what expat took and ElementTree does not
        raise source.error("not well-formed XML", error.position[0]) from None


def line_of_element(source: Source, tags: Collection[str], number: int) -> int | None:
    """Return the line of the `number`-th element, from 1, that has one of the `tags`."""
    parser = expat.ParserCreate()
    found = 0
    line: int | None = None

    def start(tag: str, _: dict[str, str]) -> None:
        nonlocal found, line
        if tag in tags:
            found += 1
            if found == number:
                line = parser.CurrentLineNumber

    parser.StartElementHandler = start
    parser.Parse(checked_xml(source), True)
    return line


def _as_declared(data: bytes) -> bytes:
    data = data.removeprefix(b"\xef\xbb\xbf")
    if (
        data.isascii()
        or data.startswith(_UTF16)
        or (_SAYS_OTHER.match(data) and not _SAYS_UTF8.match(data))
    ):
        return data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        if _MULTIBYTE.search(data):
            return data  # damaged UTF-8: expat will name the place
        try:
            return data.decode("cp1252").encode("utf-8")
        except UnicodeDecodeError:
            return data
    return data
