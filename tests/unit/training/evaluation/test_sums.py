from __future__ import annotations

import numpy as np
import pytest
from outcome_samples import ICD, SAMPLE, evaluation, gold, note, suggestion

from codesuggest.training.evaluation.outcomes import Evaluation
from codesuggest.training.evaluation.sums import MEASURES, NoteSums, interval, resample_weights


def figures(of: Evaluation = SAMPLE) -> dict[str, float]:
    return {k: float(v[0]) for k, v in NoteSums.of(of.notes, (ICD,)).figures().items()}


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        ("precision", 2 / 3),
        ("recall", 2 / 4),
        ("f1", 4 / 7),
        ("lenient_precision", 3 / 4),
        ("macro_precision", 1 / 4),
        ("macro_recall", 1 / 4),
        ("macro_f1", 1 / 4),
        ("recall_at_1", 2 / 4),
        ("recall_at_5", 3 / 4),
        ("map", ((1 + 2 / 3) / 2 + 1 + 0) / 3),
        ("candidate_recall_at_20", 2 / 4),
        ("candidate_recall_at_50", 3 / 4),
        ("candidate_recall", 3 / 4),
        ("evidence_recall", 3 / 4),
        ("trap_rate", 1 / 2),
        ("ece", (0.05 + 0.65 + 0.7 + 0.25) / 4),
        ("brier", (0.05**2 + 0.65**2 + 0.7**2 + 0.25**2) / 4),
    ],
)
def test_figures_by_hand(measure: str, value: float) -> None:
    assert figures()[measure] == pytest.approx(value)


def test_every_measure_is_explained_and_given() -> None:
    assert list(figures()) == list(MEASURES)


def test_a_note_without_answer_counts() -> None:
    answered = Evaluation(SAMPLE.model_version, {}, (ICD,), SAMPLE.notes[:2])
    assert figures(answered)["recall"] == pytest.approx(2 / 3)
    assert figures()["recall"] == pytest.approx(2 / 4)


def test_nothing_suggested_scores_zero() -> None:
    found = figures(evaluation(note("a", (gold("I10"),))))
    assert {found[m] for m in ("precision", "recall", "f1", "macro_f1", "map")} == {0.0}


def test_what_was_never_asked_is_left_out() -> None:
    found = figures(evaluation(note("a", (gold("I10", mention="unquoted", places=()),))))
    assert "evidence_recall" not in found
    assert "trap_rate" not in found


def test_a_weight_is_how_often_a_note_counts() -> None:
    sums = NoteSums.of(SAMPLE.notes, (ICD,))
    doubled = NoteSums.of((SAMPLE.notes[0], SAMPLE.notes[0], SAMPLE.notes[1]), (ICD,))
    weighted = sums.figures(np.array([[2.0, 1.0, 0.0]]))
    assert {k: v[0] for k, v in weighted.items()} == pytest.approx(
        {k: v[0] for k, v in doubled.figures().items()}
    )


def test_systems_are_counted_apart_and_together() -> None:
    cpt = suggestion("71046", 0.9, "right", system="CPT")
    notes = (note("a", (gold("I10"), gold("71046", "71046", system="CPT")), (cpt,)),)
    assert NoteSums.of(notes, (ICD,)).figures()["recall"] == [0.0]
    assert NoteSums.of(notes, ("CPT",)).figures()["recall"] == [1.0]
    assert NoteSums.of(notes, (ICD, "CPT")).figures()["recall"] == [0.5]


def test_bins() -> None:
    low = {"low": 0.3, "high": 0.4, "n": 1, "confidence": 0.3, "right": 1.0}
    high = {"low": 0.9, "high": 1.0, "n": 1, "confidence": 0.95, "right": 1.0}
    bins = NoteSums.of(SAMPLE.notes, (ICD,)).bins()
    assert (len(bins), bins[0], bins[-1]) == (4, low, high)


def test_resamples_repeat_and_keep_the_number_of_notes() -> None:
    weights = resample_weights(7, 50, seed=3)
    assert weights.shape == (50, 7)
    assert set(weights.sum(axis=1)) == {7.0}
    assert (weights == resample_weights(7, 50, seed=3)).all()
    assert (weights != resample_weights(7, 50, seed=4)).any()


def test_the_interval_lies_around_the_figure() -> None:
    assert interval(0.5, np.linspace(0.6, 0.8, 201)) == pytest.approx((0.405, 0.595))
