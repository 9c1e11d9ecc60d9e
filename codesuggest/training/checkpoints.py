"""Extraction that resumes: what was found in each note, kept until the training is done.

Extraction is what grows with the number of notes; the fits after it take minutes. A checkpoint
folder holds stems and offsets of the notes, so it belongs where the notes belong, and it is
emptied when the training ends well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from codesuggest.extraction.pipeline import KEY, ExtractedNote, extracts_of
from codesuggest.extraction.proposer import SpanProposer
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.training.corpora import CodedNote

__all__ = ["Checkpoints", "index_fingerprint"]

#: Notes of one file.
_CHUNK = 100


def index_fingerprint(
    indexes: Mapping[str, AliasIndex],
    words: frozenset[str],
    proposer: SpanProposer | None = None,
) -> str:
    """Return a hash of what decides the mentions of a note."""
    digest = hashlib.sha256("\n".join(sorted(words)).encode("utf-8"))
    for label, index in sorted(indexes.items()):
        digest.update(label.encode("utf-8"))
        digest.update(index.bag_hash.tobytes())
        digest.update(index.silent.tobytes())
    if proposer is not None:
        digest.update(proposer.fingerprint.encode("ascii"))
    return digest.hexdigest()[:16]


class Checkpoints:
    """Extraction of notes, read from a folder where it was done before.

    Parameters
    ----------
    folder : Path, optional
        Without it nothing is kept.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        #: Notes that were found in the folder.
        self.n_resumed = 0

    def extract(
        self,
        nlp: Any,
        notes: Sequence[CodedNote],
        fingerprint: str,
        progress: Callable[[float], None] = lambda share: None,
    ) -> list[ExtractedNote]:
        """Return what the pipeline finds in each note, in order."""
        out: list[ExtractedNote] = []
        for start in range(0, len(notes), _CHUNK):
            chunk = notes[start : start + _CHUNK]
            path = self._path(chunk, fingerprint)
            kept = _read(path, len(chunk))
            if kept is None:
                rows = []
                for number, note in enumerate(chunk):
                    doc = nlp(note.text)
                    out.append(extracts_of(doc))
                    rows.append(doc.user_data.get(KEY, {}))
                    progress((start + number + 1) / len(notes))
                if path is not None:
                    _write(path, rows)
            else:
                self.n_resumed += len(chunk)
                for data in kept:
                    doc = nlp.make_doc("")
                    doc.user_data[KEY] = data
                    out.append(extracts_of(doc))
            progress(min(start + _CHUNK, len(notes)) / len(notes))
        return out

    def clear(self) -> None:
        """Remove the files."""
        if self.folder is None or not self.folder.is_dir():
            return
        for path in self.folder.glob("extracts-*.json"):
            path.unlink()
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _path(self, chunk: Sequence[CodedNote], fingerprint: str) -> Path | None:
        if self.folder is None:
            return None
        digest = hashlib.sha256(fingerprint.encode("utf-8"))
        for note in chunk:
            digest.update(hashlib.sha256(note.text.encode("utf-8")).digest())
        return self.folder / f"extracts-{digest.hexdigest()[:24]}.json"


def _read(path: Path | None, size: int) -> list[dict[str, Any]] | None:
    if path is None:
        return None
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # not there, or the run stopped while it was written
        return None
    return rows if isinstance(rows, list) and len(rows) == size else None


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    half.write_text(json.dumps(rows), encoding="utf-8")
    half.replace(path)
