from __future__ import annotations

import csv
from pathlib import Path

import pytest

from codesuggest.training.corpora import CodedNote, read_gold
from codesuggest.training.splits import SPLIT_FILE, is_test, split_notes, write_splits

OWN = Path(__file__).resolve().parents[3] / "models" / "training_notes"


@pytest.mark.parametrize(("note_id", "expected"), [("a", False), ("b", True), ("c", False)])
def test_the_rule_is_a_hash_of_the_id(note_id: str, expected: bool) -> None:
    assert is_test(note_id) is expected


def test_split_keeps_the_order() -> None:
    notes = [CodedNote(i, "x", ()) for i in "abcdefgh"]
    train, test = split_notes(notes)
    assert [n.note_id for n in test] == [i for i in "abcdefgh" if is_test(i)]
    assert [n.note_id for n in train] == [i for i in "abcdefgh" if not is_test(i)]


def test_the_file_says_what_the_rule_says() -> None:
    with (OWN / SPLIT_FILE).open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert rows
    assert [r for r in rows if (r["split"] == "test") is not is_test(r["note_id"])] == []


def test_every_note_of_ours_is_in_the_file(tmp_path: Path) -> None:
    for path in OWN.glob("*.jsonl"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    ids = {n.note_id for p in OWN.glob("*.jsonl") for n in read_gold(p)}
    assert write_splits(tmp_path) == len(ids)
    # after notes were added: python -m codesuggest.training.splits
    assert (tmp_path / SPLIT_FILE).read_bytes() == (OWN / SPLIT_FILE).read_bytes()
