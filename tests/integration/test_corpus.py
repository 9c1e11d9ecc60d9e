"""All notes of the evaluation corpus: nothing crashes, every offset is exact, runs agree."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codesuggest import CodeSuggester, Note

pytestmark = [pytest.mark.shared, pytest.mark.slow]


@pytest.fixture(scope="module")
def notes(shared: Path) -> list[Note]:
    lines = (shared / "corpora" / "mtsamples" / "notes.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [Note(row["text"], row["id"]) for row in rows]


@pytest.fixture(scope="module")
def results(suggester: CodeSuggester, notes: list[Note]) -> list[str]:
    """One JSON text a note; two processes, since the whole takes a while."""
    return [r.to_json() for r in suggester.suggest_many(notes, n_process=2)]


def test_every_note_has_its_result_in_order(notes: list[Note], results: list[str]) -> None:
    assert len(notes) == 2_313
    assert [json.loads(r)["note_id"] for r in results] == [n.note_id for n in notes]


def test_every_span_gives_its_words(notes: list[Note], results: list[str]) -> None:
    found = 0
    wrong = []
    for note, result in zip(notes, map(json.loads, results), strict=True):
        mentions = [m for s in result["suggestions"] for m in s["evidence"]]
        mentions += [s["mention"] for s in result["suppressed"]]
        found += len(mentions)
        wrong += [
            (note.note_id, m["start_char"], m["end_char"])
            for m in mentions
            if note.text[m["start_char"] : m["end_char"]] != m["text"]
        ]
    assert wrong == []
    assert found > 50_000


def test_a_second_run_is_identical(
    suggester: CodeSuggester, notes: list[Note], results: list[str]
) -> None:
    again = [suggester.suggest(note).to_json() for note in notes]
    assert [n.note_id for n, a, b in zip(notes, again, results, strict=True) if a != b] == []
