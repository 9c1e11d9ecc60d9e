from __future__ import annotations

import json
from pathlib import Path

import pytest
from outcome_samples import SAMPLE

from codesuggest.errors import InputError
from codesuggest.training.evaluation.outcomes import Evaluation
from codesuggest.training.evaluation.summary import summary


def test_saved_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "evaluation.json"
    path.write_text(json.dumps(summary(SAMPLE, 100)), encoding="utf-8")
    assert Evaluation.read(path) == SAMPLE


def test_refused_notes_are_counted() -> None:
    assert SAMPLE.n_unanswered == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not JSON"),
        ("[]", "expected an object with 'outcomes'"),
        ("{}", "expected an object with 'outcomes'"),
        ('{"outcomes": {}}', "lacks the field 'model_version'"),
        ('{"outcomes": {"model_version": "1", "operating_points": {}, "systems": [], '
         '"notes": [{"gold": [{}], "suggestions": [], "traps": []}]}}', "lacks the field"),
        ('{"outcomes": {"model_version": "1", "operating_points": {}, "systems": [], '
         '"notes": [{"gold": [], "suggestions": [], "traps": []}]}}', "wrong shape"),
        ('{"outcomes": {"model_version": "1", "operating_points": {}, "systems": [], '
         '"notes": 3}}', "wrong shape"),
    ],
    ids=["no JSON", "a list", "no outcomes", "no fields", "gold code", "note", "notes"],
)  # fmt: skip
def test_what_is_no_evaluation(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "evaluation.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        Evaluation.read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.json: No such file"):
        Evaluation.read(tmp_path / "absent.json")
