"""Notes as files: which ones a name stands for, and their text, exactly as it was written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import chain
from pathlib import Path
from typing import IO

from codesuggest.errors import CodeSuggestError, EncodingError, InputError, NoteError
from codesuggest.schema import Note

__all__ = ["STANDARD_INPUT", "NoteFiles", "find_notes", "read_note"]

STANDARD_INPUT = "-"


def find_notes(name: str) -> list[str]:
    """Return the files that `name` stands for: itself, or every ``.txt`` in the folder.

    Raises
    ------
    InputError
        There is no such file or folder, or no ``.txt`` in the folder.
    """
    path = Path(name)
    if name == STANDARD_INPUT:
        return [name]
    if not path.exists():
        raise InputError(f"{name}: no such file or folder")
    if not path.is_dir():
        return [str(path)]
    files = (p for p in path.rglob("*") if p.suffix.lower() == ".txt" and p.is_file())
    found = [str(p) for p in sorted(files)]
    if not found:
        raise InputError(f"{name}: no .txt file in this folder")
    return found


def read_note(source: str, stdin: IO[bytes] | None = None) -> str:
    """Return the text of a UTF-8 file, or of `stdin` for ``"-"``; no character is changed.

    Raises
    ------
    EncodingError
        It is not UTF-8; the message names the byte offset.
    InputError
        It cannot be read.
    """
    name = "standard input" if source == STANDARD_INPUT else source
    try:
        if source == STANDARD_INPUT and stdin is not None:
            return stdin.read().decode("utf-8")
        return Path(source).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise EncodingError(
            f"{name}: not UTF-8 at byte offset {error.start}; convert it to UTF-8 first"
        ) from None
    except OSError as error:
        raise InputError(f"{name}: {error.strerror or type(error).__name__}") from None


class NoteFiles:
    """Notes behind names of files and folders; a bad one among many is left out, and said so.

    Iterating reads them one at a time, in order, each once; ``note_id`` is the file's name.

    Parameters
    ----------
    names : sequence of str
        Files, folders or ``"-"`` for `stdin`.
    left_out : function of a CodeSuggestError
        Told about every name or file that cannot be used. An error of the only one is raised.
    stdin : binary file, optional
    setting, encounter_date : optional
        As in `Note`, for all of them.
    max_chars : int
        Longest text taken.

    Attributes
    ----------
    sources : list of str
        The files, before any is read.
    n_left_out : int
    """

    def __init__(
        self,
        names: Sequence[str],
        left_out: Callable[[CodeSuggestError], None],
        *,
        stdin: IO[bytes] | None = None,
        setting: str | None = None,
        encounter_date: date | None = None,
        max_chars: int = 1_000_000,
    ) -> None:
        # what holds for every note is refused here, not once a note
        Note("", None, setting, encounter_date)
        self._about = (setting, encounter_date)
        self._left_out = left_out
        self._stdin = stdin
        self._max_chars = max_chars
        self.n_left_out = 0
        self._alone = len(names) == 1
        self.sources: list[str] = list(dict.fromkeys(chain.from_iterable(map(self._find, names))))
        self._alone = self._alone and len(self.sources) == 1

    def __iter__(self) -> Iterator[Note]:
        for source in self.sources:
            try:
                text = read_note(source, self._stdin)
                if len(text) > self._max_chars:
                    raise NoteError(
                        f"{source}: {len(text):,} characters, the limit is {self._max_chars:,}; "
                        "split it"
                    )
            except CodeSuggestError as error:
                self._leave_out(error)
                continue
            # a file's name may hold bytes that no encoding can write
            name = os.fsencode(source).decode("utf-8", "replace")
            yield Note(text, name, *self._about)

    def holds(self, path: Path) -> bool:
        """Tell whether `path` is one of the sources, by whatever name."""
        files = (s for s in self.sources if s != STANDARD_INPUT)
        return path.exists() and any(path.samefile(file) for file in files)

    def _find(self, name: str) -> list[str]:
        try:
            return find_notes(name)
        except CodeSuggestError as error:
            self._leave_out(error)
            return []

    def _leave_out(self, error: CodeSuggestError) -> None:
        if self._alone:
            raise error
        self.n_left_out += 1
        self._left_out(error)
