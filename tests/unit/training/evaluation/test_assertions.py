from __future__ import annotations

import json
from pathlib import Path

import pytest

from codesuggest import CodeSuggester
from codesuggest.errors import TrainingDataError
from codesuggest.training.evaluation.assertions import measure_assertions, read_phrases

ROW = {"concept": "gout", "negation": "Affirmed", "temporality": "Recent", "experiencer": "Patient"}


def write(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    return path


def test_the_phrase_in_capitals_is_the_one_that_counts(tmp_path: Path) -> None:
    (found,) = read_phrases(write(tmp_path / "s.jsonl", {**ROW, "text": "gout or GOUT"}))
    assert (found.start_char, found.phrase) == (8, "GOUT")


def test_a_phrase_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    assert read_phrases(write(tmp_path / "s.jsonl", {**ROW, "text": "well"})) == []


@pytest.mark.parametrize("row", [[], {"text": "gout"}, {**ROW, "text": 3}], ids=str)
def test_refuses_by_line(tmp_path: Path, row: object) -> None:
    with pytest.raises(TrainingDataError, match=r"s\.jsonl, line 2"):
        read_phrases(write(tmp_path / "s.jsonl", {**ROW, "text": "gout"}, row))


def test_scores(suggester: CodeSuggester, tmp_path: Path) -> None:
    rows = [
        {**ROW, "text": "She denies gout.", "negation": "Negated"},
        {**ROW, "text": "Gout flared."},
        {**ROW, "text": "History of gout.", "temporality": "Historical"},
        {**ROW, "text": "Father had gout.", "experiencer": "Other"},
    ]
    record = measure_assertions(suggester, read_phrases(write(tmp_path / "s.jsonl", *rows)))
    right = {"precision": 1.0, "recall": 1.0, "f1": 1.0, "n": 1}
    assert record == {"n_phrases": 4, "negated": right, "historical": right, "family": right}
