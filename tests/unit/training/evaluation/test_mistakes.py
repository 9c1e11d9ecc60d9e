from __future__ import annotations

import pytest
from outcome_samples import ICD, SAMPLE, evaluation, gold, note, suggestion, trap

from codesuggest.training.corpora import CodedNote
from codesuggest.training.evaluation.mistakes import (
    MISTAKES,
    Mistake,
    count_mistakes,
    mistakes,
    with_words,
)
from codesuggest.training.evaluation.outcomes import NoteOutcome

AWAY = {"start_char": 90, "end_char": 95}


@pytest.mark.parametrize(
    ("case", "kind", "codes", "detail"),
    [
        (note("a", (gold("E11.9"),), (suggestion("E11.65", 0.9, "wrong"),)),
         "neighbouring code", ("E11.9", "E11.65"), ""),
        (note("a", (gold("E11.9", "E11.9"),),
              (suggestion("E11.9", 0.9, "right"), suggestion("I10", 0.8, "wrong"))),
         "other code for the words", (None, "I10"), ""),
        (note("a", (gold("E11.9", "E11.9"),),
              (suggestion("E11.9", 0.9, "right"), suggestion("I10", 0.8, "wrong", **AWAY)),
              (trap("I10", reason="family"),)),
         "trap sprung", (None, "I10"), "family"),
        (note("a", (gold("E11.9", "E11.9"),),
              (suggestion("E11.9", 0.9, "right"), suggestion("I10", 0.8, "wrong", **AWAY))),
         "not to be reported", (None, "I10"), ""),
        (note("a", (), (suggestion("I10", 0.8, "wrong"),)), "wrong code", (None, "I10"), ""),
        (note("a", (gold("E11.9"),), (suggestion("E11.9", 0.4, "right"),)),
         "below the operating point", ("E11.9", "E11.9"), ""),
        (note("a", (gold("E11.9"),), (suggestion("E11.9", 0.9, "right", recommended=False),)),
         "held back by a coding rule", ("E11.9", "E11.9"), ""),
        (note("a", (gold("E11.9"),)), "not suggested", ("E11.9", None), ""),
        (note("a", (gold("E11.9", mention="negated"),)), "ruled out", ("E11.9", None), "negated"),
        (note("a", (gold("E11.9", mention="none"),)), "no mention", ("E11.9", None), ""),
        (note("a", (gold("E11.9", mention="unquoted", places=()),)),
         "missed without quote", ("E11.9", None), ""),
        (note("a", (gold("E11.9", mention="none"),), answered=False),
         "unanswered", ("E11.9", None), ""),
    ],
    ids=lambda value: value if isinstance(value, str) and value in MISTAKES else "",
)  # fmt: skip
def test_kinds(
    case: NoteOutcome, kind: str, codes: tuple[str | None, str | None], detail: str
) -> None:
    (found,) = mistakes(evaluation(case))
    assert (found.kind, (found.gold, found.suggested), found.detail) == (kind, codes, detail)
    assert found.note_id == "a"


def test_every_mistake_of_the_sample() -> None:
    found = mistakes(SAMPLE)
    assert found[0] == Mistake(
        "trap sprung", "a", ICD, None, "J45.909", 0.65, "assessment", 41, 45, "negated"
    )
    assert count_mistakes(found) == {
        "trap sprung": {ICD: 1}, "below the operating point": {ICD: 1}, "unanswered": {ICD: 1},
    }  # fmt: skip
    assert list(count_mistakes(found)) == [k for k in MISTAKES if k in count_mistakes(found)]


def test_right_codes_are_no_mistakes() -> None:
    right = note("a", (gold("I10", "I10"),), (suggestion("I10", 0.9, "right"),))
    assert mistakes(evaluation(right)) == []


def test_words_are_shown_only_with_the_notes() -> None:
    text = "x" * 41 + "asthma"
    (shown,) = with_words(mistakes(SAMPLE)[:1], [CodedNote("a", text, ())])
    assert shown["words"] == "asth"
    assert "words" not in mistakes(SAMPLE)[0].to_dict()
