"""Where bytes come from: a plain file, a member of a zip archive, or a gzipped file.

Nothing is ever unpacked to disk. Archives are refused when they declare, or turn out to hold,
more than a publisher's archive would: too many members, too large, packed too tightly, or
members that share their bytes.
"""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from codesuggest.errors import TerminologyError

__all__ = ["BROKEN", "HEAD", "MAX_PACKING", "MAX_STREAMED", "MAX_WHOLE", "Source", "open_sources"]

#: Bytes that are looked at to tell what a file is.
HEAD = 65_536
#: Largest file that is read as a whole (XML and workbooks; the tabular list has 10 MB).
MAX_WHOLE = 256 * 2**20
#: Largest file that is read line by line (MRCONSO.RRF has 2 GB).
MAX_STREAMED = 16 * 2**30
#: Most bytes that one packed byte may stand for, beyond the first MiB; publishers' have 5 to 30.
MAX_PACKING = 250
MAX_MEMBERS = 2_000

#: Opens a file; what must be closed with it is entered into the stack.
Opener = Callable[[ExitStack], IO[bytes]]

#: What the packing libraries raise on damage. A TerminologyError is a ValueError too.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,  # zipfile: the member is encrypted
    NotImplementedError,  # zipfile: an unknown way of packing
    ValueError,
    OverflowError,
    struct.error,
)


@dataclass(frozen=True, slots=True)
class Source:
    """One readable file; `name` is for messages, `limit` the most bytes it may give."""

    name: str
    opener: Opener
    limit: int

    def error(self, message: str, line: int | None = None) -> TerminologyError:
        """Make the error that names this file and `line` of it."""
        place = self.name if line is None else f"{self.name}, line {line}"
        return TerminologyError(f"{place}: {message}")

    def open(self) -> io.BufferedReader:
        """Open for reading; what is damaged or too large shows as a TerminologyError."""
        return io.BufferedReader(_Bounded(self), HEAD)

    def head(self) -> bytes:
        """Return the first bytes."""
        with self.open() as handle:
            return handle.read(HEAD)

    def whole(self) -> bytes:
        """Return all bytes.

        Raises
        ------
        TerminologyError
            There are more than `MAX_WHOLE`.
        """
        with self.open() as handle:
            data = handle.read(MAX_WHOLE + 1)
        if len(data) > MAX_WHOLE:
            raise self.error(f"more than {MAX_WHOLE >> 20} MiB, which no such file has")
        return data


class _Bounded(io.RawIOBase):
    """Counts what is read and turns what packing libraries raise into our errors."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = source.limit
        self._stack = ExitStack()
        try:
            self._inner = source.opener(self._stack)
        except BROKEN as error:
            self._stack.close()
            raise _damaged(source.name, error) from None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        try:
            data = self._inner.read(len(buffer))
        except BROKEN as error:
            raise _damaged(self._source.name, error) from None
        self._left -= len(data)
        if self._left < 0:
            raise self._source.error("unpacks to more bytes than a file of this size can hold")
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stack.close()
        super().close()


def open_sources(path: Path) -> list[Source]:
    """Return what `path` holds: itself, or the members of the archive that it is.

    A workbook (xlsx) is a zip archive too, and is given as one file. Archives inside an archive
    are opened, one level deep.

    Raises
    ------
    TerminologyError
        The file is missing, damaged, or an archive that is refused.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise TerminologyError(f"{path.name}: expected a file")
        with path.open("rb") as handle:
            start = handle.read(4)
    except OSError as error:
        raise TerminologyError(f"{path.name}: cannot be read ({error.strerror})") from None

    def opener(stack: ExitStack) -> IO[bytes]:
        return stack.enter_context(path.open("rb"))

    plain = Source(path.name, opener, MAX_STREAMED)
    if start.startswith(b"\x1f\x8b"):
        limit = min(MAX_STREAMED, max(2**20, size * MAX_PACKING))
        return [Source(path.name, _gunzipped(path), limit)]
    if start.startswith(b"PK"):
        return _members(plain, size, depth=0)
    return [plain]


def _members(plain: Source, size: int, *, depth: int) -> list[Source]:
    name = plain.name
    try:
        with ExitStack() as stack:
            archive = stack.enter_context(zipfile.ZipFile(plain.opener(stack)))
            infos = archive.infolist()
    except BROKEN as error:
        raise _damaged(name, error) from None
    _refuse_bombs(name, infos, size)
    if any(info.filename == "xl/workbook.xml" for info in infos):
        return [plain]
    if depth > 1:
        raise plain.error("an archive in an archive in an archive, expected files")
    found: list[Source] = []
    for info in infos:
        inside = info.filename
        if info.is_dir() or inside.startswith("__MACOSX/"):
            continue
        member = Source(f"{name}!{inside}", _unzipped(plain.opener, info), info.file_size)
        if _is_archive(member):
            data = member.whole()
            kept = Source(member.name, _kept(data), len(data))
            found += _members(kept, len(data), depth=depth + 1)
        else:
            found.append(member)
    if not found and not depth:
        raise TerminologyError(f"{name}: expected an archive with files, it holds none")
    return found


def _refuse_bombs(name: str, infos: list[zipfile.ZipInfo], size: int) -> None:
    if len(infos) > MAX_MEMBERS:
        raise TerminologyError(f"{name}: {len(infos)} members, expected at most {MAX_MEMBERS}")
    if sum(info.compress_size for info in infos) > size:
        raise TerminologyError(f"{name}: members that share their bytes; refused as a zip bomb")
    if sum(info.file_size for info in infos) > MAX_STREAMED:
        raise TerminologyError(
            f"{name}: declares more than {MAX_STREAMED >> 30} GiB; refused as a zip bomb"
        )
    for info in infos:
        if info.file_size > 2**20 and info.file_size > info.compress_size * MAX_PACKING:
            raise TerminologyError(
                f"{name}!{info.filename}: packed more than {MAX_PACKING} to 1; "
                "refused as a zip bomb"
            )


def _is_archive(member: Source) -> bool:
    """Tell whether a member is an archive; an unreadable member is reported when it is read."""
    if not member.name.lower().endswith((".zip", ".xlsx")):
        return False
    with member.open() as handle:
        return handle.read(4).startswith(b"PK\x03\x04")


def _unzipped(opener: Opener, info: zipfile.ZipInfo) -> Opener:
    def open_member(stack: ExitStack) -> IO[bytes]:
        archive = stack.enter_context(zipfile.ZipFile(opener(stack)))
        return stack.enter_context(archive.open(info))

    return open_member


def _gunzipped(path: Path) -> Opener:
    return lambda stack: cast(IO[bytes], stack.enter_context(gzip.open(path, "rb")))


def _kept(data: bytes) -> Opener:
    return lambda stack: stack.enter_context(io.BytesIO(data))


def _damaged(name: str, error: Exception) -> TerminologyError:
    return TerminologyError(f"{name}: damaged or unreadable ({type(error).__name__})")
