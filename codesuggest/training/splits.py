"""The fixed split of the open corpus: which notes no shipped model ever trains on.

The rule is a hash of the note's id, so that a note never changes sides when others come:
``python -m codesuggest.training.splits`` writes it down in ``splits.csv`` beside the notes.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from codesuggest.training.corpora import CodedNote, read_gold

__all__ = ["SPLIT_FILE", "is_test", "main", "split_notes", "write_splits"]

SPLIT_FILE = "splits.csv"
_COLUMNS = ("note_id", "split")
#: One note in five.
_PARTS = 5

T = TypeVar("T", bound=CodedNote)


def is_test(note_id: str) -> bool:
    """Tell whether a note belongs to the test part: SHA-256 of its id, modulo 5, is 0."""
    return int.from_bytes(hashlib.sha256(note_id.encode("utf-8")).digest(), "big") % _PARTS == 0


def split_notes(notes: Iterable[T]) -> tuple[list[T], list[T]]:
    """Return the training and the test part, each in order."""
    train: list[T] = []
    test: list[T] = []
    for note in notes:
        (test if is_test(note.note_id) else train).append(note)
    return train, test


def write_splits(folder: Path) -> int:
    """Write ``splits.csv`` for the notes of a folder; return how many."""
    ids = sorted({n.note_id for p in sorted(folder.glob("*.jsonl")) for n in read_gold(p)})
    with (folder / SPLIT_FILE).open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows((i, "test" if is_test(i) else "train") for i in ids)
    return len(ids)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", type=Path, default=Path("models/training_notes"))
    write_splits(parser.parse_args(argv).notes)


if __name__ == "__main__":
    main()
