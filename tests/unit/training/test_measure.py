from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pytest

from codesuggest.training.corpora import CodedNote, GoldCode
from codesuggest.training.measure import (
    Scores,
    best_point,
    calibration_error,
    score_predictions,
    score_sets,
)


def note(must: str = "", acceptable: str = "", note_id: str = "n") -> CodedNote:
    def codes(text: str) -> tuple[GoldCode, ...]:
        return tuple(GoldCode("ICD-10-CM", c) for c in text.split())

    return CodedNote(note_id, "text", (*codes(must), GoldCode("CPT", "99213")), codes(acceptable))


@pytest.mark.parametrize(
    ("predicted", "gold", "precision", "recall", "f1", "lenient"),
    [
        ([{"A", "B"}], [note("A B")], 1, 1, 1, 1),
        ([{"A", "X"}], [note("A B")], 0.5, 0.5, 0.5, 0.5),
        ([{"A", "C"}], [note("A", "C")], 1, 1, 1, 1),
        ([{"C"}], [note("A", "C")], 0, 0, 0, 1),
        ([set()], [note("A")], 0, 0, 0, 0),
        ([set()], [note()], 0, 0, 0, 0),
        ([set(), {"A"}], [note("A"), note("A")], 1, 0.5, 2 / 3, 1),
        ([["A", "A"]], [note("A")], 1, 1, 1, 1),
    ],
    ids=["perfect", "half", "acceptable is free", "only acceptable", "nothing suggested",
         "nothing to suggest", "a note without suggestions counts", "twice the same"],
)  # fmt: skip
def test_score_sets(
    predicted: list[Collection[str]], gold: list[CodedNote],
    precision: float, recall: float, f1: float, lenient: float,
) -> None:  # fmt: skip
    scores = score_sets(predicted, gold, "ICD-10-CM")
    assert (scores.precision, scores.recall, scores.lenient_precision) == (
        precision, recall, lenient,
    )  # fmt: skip
    assert scores.f1 == pytest.approx(f1, abs=1e-6)
    assert scores.notes == len(gold)


@pytest.mark.parametrize(
    ("suggested", "precision", "recall", "lenient"),
    [({"A"}, 1, 1, 1), ({"B"}, 1, 1, 1), ({"A", "B"}, 1, 1, 1), ({"B", "X"}, 0.5, 1, 0.5)],
    ids=["the code", "its alternative", "both", "and a wrong one"],
)
def test_an_alternative_counts_as_the_code(
    suggested: set[str], precision: float, recall: float, lenient: float
) -> None:
    gold = CodedNote("n", "text", (GoldCode("ICD-10-CM", "A", alternatives=("B",)),))
    scores = score_sets([suggested], [gold], "ICD-10-CM")
    assert (scores.precision, scores.recall, scores.lenient_precision) == (
        precision, recall, lenient,
    )  # fmt: skip


def test_score_sets_needs_a_set_a_note() -> None:
    with pytest.raises(ValueError, match="zip"):
        score_sets([set()], [note(), note()], "ICD-10-CM")


KEYS = [
    (0, "ICD-10-CM", "A"), (0, "ICD-10-CM", "X"), (0, "CPT", "99213"), (0, "ICD-10-CM", "C"),
    (2, "ICD-10-CM", "B"),
]  # fmt: skip
CONFIDENCES = np.array([0.9, 0.4, 0.8, 0.6, 0.3])
NOTES = [note("A", "C"), note("A"), note("B")]


@pytest.mark.parametrize(
    ("point", "precision", "recall"),
    [(0.5, 1, 1 / 3), (0.3, 2 / 3, 2 / 3), (0.95, 0, 0)],
)
def test_score_predictions(point: float, precision: float, recall: float) -> None:
    scores = score_predictions(KEYS, CONFIDENCES, NOTES, "ICD-10-CM", point)
    assert (scores.precision, scores.recall) == pytest.approx((precision, recall))
    assert (scores.notes, scores.operating_point) == (3, point)


def test_score_predictions_of_chosen_notes() -> None:
    scores = score_predictions(KEYS, CONFIDENCES, NOTES, "ICD-10-CM", 0.25, {1, 2})
    assert (scores.precision, scores.recall, scores.notes) == (1, 0.5, 2)


def test_best_point_has_the_best_f1() -> None:
    point, scores = best_point(KEYS, CONFIDENCES, NOTES, "ICD-10-CM")
    grid = [
        score_predictions(KEYS, CONFIDENCES, NOTES, "ICD-10-CM", p).f1
        for p in np.arange(0.1, 0.76, 0.025)
    ]
    assert scores.f1 == max(grid)
    assert 0.1 <= point <= 0.3


@pytest.mark.parametrize(
    ("confidence", "right", "error"),
    [
        ([0.5, 0.5], [True, False], 0.0),
        ([0.9, 0.9], [False, False], 0.9),
        ([1.0, 0.0], [True, False], 0.0),
        ([0.15, 0.95], [False, True], 0.1),
    ],
    ids=["calibrated", "wrong and sure", "the ends", "two bins"],
)
def test_calibration_error(confidence: list[float], right: list[bool], error: float) -> None:
    assert calibration_error(np.array(confidence), np.array(right)) == pytest.approx(error)


def test_scores_as_plain_data() -> None:
    assert Scores(1 / 3, 0.5, 0.4, 0.25, 0.4, 0.01, 7).to_dict() == {
        "precision": 0.333, "recall": 0.5, "f1": 0.4, "lenient_precision": 0.25,
        "operating_point": 0.4, "ece": 0.01, "notes": 7,
    }  # fmt: skip
