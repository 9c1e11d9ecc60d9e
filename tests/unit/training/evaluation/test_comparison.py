from __future__ import annotations

from dataclasses import replace

import pytest
from outcome_samples import ICD, SAMPLE, evaluation, gold, note, suggestion

from codesuggest.errors import InputError
from codesuggest.training.evaluation.comparison import compare
from codesuggest.training.evaluation.outcomes import Evaluation

WORSE = evaluation(*(note(f"n{i}", (gold("I10"),)) for i in range(10)))
BETTER = evaluation(
    *(note(f"n{i}", (gold("I10", "I10"),), (suggestion("I10", 0.9, "right"),)) for i in range(10))
)


def test_a_model_against_itself_changes_nothing() -> None:
    for d in compare(SAMPLE, SAMPLE, 200)[ICD].values():
        assert (d["difference"], d["low"], d["high"], d["differs"]) == (0, 0, 0, False)


def test_a_better_model() -> None:
    assert compare(WORSE, BETTER, 200)[ICD]["recall"] == {
        "first": 0.0, "second": 1.0, "difference": 1.0, "low": 1.0, "high": 1.0, "differs": True,
    }  # fmt: skip


def test_pairing_is_tighter_than_either_alone() -> None:
    # one note of ten changes: both models vary a lot with the notes, their difference little
    first = evaluation(*BETTER.notes[:5], *WORSE.notes[5:])
    second = evaluation(*BETTER.notes[:6], *WORSE.notes[6:])
    d = compare(first, second, 500)[ICD]["recall"]
    assert d["difference"] == pytest.approx(0.1)
    assert 0 <= d["low"] <= 0.1 < d["high"] <= 0.4


def test_the_order_of_the_notes_does_not_matter() -> None:
    turned = replace(SAMPLE, notes=SAMPLE.notes[::-1])
    assert compare(SAMPLE, turned, 100) == compare(SAMPLE, SAMPLE, 100)


def test_notes_that_share_an_id_are_told_apart() -> None:
    same = evaluation(note("n", (gold("I10"),)), note("n", (gold("E11.9"),)))
    assert compare(same, same, 100)[ICD]["recall"]["difference"] == 0


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (evaluation(*SAMPLE.notes[:2]), "not of the same notes: 1 only in the first, 0 only"),
        (evaluation(*SAMPLE.notes[:2], note("c", (gold("I10"),))), "1 notes have other gold codes"),
        (replace(SAMPLE, systems=("CPT",)), "no code system in common"),
    ],
    ids=["notes", "gold codes", "systems"],
)
def test_what_cannot_be_compared(other: Evaluation, says: str) -> None:
    with pytest.raises(InputError, match=says):
        compare(SAMPLE, other, 100)
