"""Lines of a publisher's text file: UTF-8 or cp1252, any line ends, with their numbers."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from codesuggest.terminology.readers.sources import Source

__all__ = ["MAX_LINE", "decode_head", "numbered_lines", "records", "tidy"]

#: Bytes; the longest lines of MRCONSO.RRF have a few thousand.
MAX_LINE = 2**16

# Tab and line ends apart, no publisher's file holds control characters.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOM = b"\xef\xbb\xbf"


def tidy(text: str) -> str:
    """Return `text` with every run of blanks made one, none at the ends."""
    return " ".join(text.split())


def decode_head(head: bytes) -> str:
    """Return the first bytes as text, good enough to tell what a file is."""
    try:
        return head.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError:
        return head.removeprefix(_BOM).decode("cp1252", errors="replace")


def numbered_lines(source: Source) -> Iterator[tuple[int, str]]:
    """Yield line numbers from 1 and lines without their ends.

    The first line that is not plain ASCII decides between UTF-8 and cp1252 for the whole file.

    Raises
    ------
    TerminologyError
        A line in neither encoding or in the other one, with control characters, or too long.
    """
    encoding = ""
    with source.open() as handle:
        number = 0
        while raw := handle.readline(MAX_LINE + 1):
            number += 1
            if len(raw) > MAX_LINE:
                raise source.error(f"expected lines of at most {MAX_LINE} bytes", number)
            if number == 1:
                if raw.startswith(_UTF16):
                    raise source.error("UTF-16, expected UTF-8 or cp1252", number)
                if raw.startswith(_BOM):
                    encoding, raw = "utf-8", raw.removeprefix(_BOM)
            if not encoding and not raw.isascii():
                encoding = "utf-8" if _is_utf8(raw) else "cp1252"
            try:
                text = raw.decode(encoding or "ascii")
            except UnicodeDecodeError:
                raise source.error(f"not {encoding}, which the file began in", number) from None
            text = text.rstrip("\r\n")
            if text.strip("\x1a") == "" and "\x1a" in text:
                continue  # the end-of-file mark of DOS
            found = _CONTROL.search(text)
            if found:
                raise source.error(
                    f"control character U+{ord(found[0]):04X} at column {found.start() + 1}, "
                    "expected text",
                    number,
                )
            yield number, text


def records(source: Source, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the records of a delimited file with the line each ends on; empty ones left out.

    Raises
    ------
    TerminologyError
        A quotation mark that never closes, or stands where none can.
    """
    reader = csv.reader(
        (text + "\n" for _, text in numbered_lines(source)), delimiter=delimiter, strict=True
    )
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise source.error(f"not a well-formed record ({error})", reader.line_num) from None
        if any(cell.strip() for cell in record):
            yield reader.line_num, record


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
