"""Outcomes of the default model on notes written here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codesuggest.errors import NoteError, TrainingDataError
from codesuggest.training.corpora import CodedNote, GoldCode, places_of
from codesuggest.training.evaluation import evaluate
from codesuggest.training.evaluation.assess import candidate_ranks
from codesuggest.training.evaluation.outcomes import NoteOutcome

if TYPE_CHECKING:
    from codesuggest import CodeSuggester

ICD = "ICD-10-CM"
TEXT = """CHIEF COMPLAINT: wrist pain
ASSESSMENT AND PLAN:
1. Essential hypertension, continue lisinopril.
2. Right carpal tunnel syndrome, wrist splint at night.
She denies chest pain. Zorblax disease was not seen.
"""


def coded(*must: tuple[str, str, tuple[str, ...]], **more: object) -> CodedNote:
    gold = tuple(
        GoldCode(ICD, code, (quote,) if quote else (), alternatives=others)
        for code, quote, others in must
    )
    return CodedNote("n1", TEXT, gold, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def outcome(suggester: CodeSuggester) -> NoteOutcome:
    note = coded(
        ("I10", "Essential hypertension", ()),
        ("G56.03", "Right carpal tunnel syndrome", ("G56.01",)),
        ("R07.9", "chest pain", ()),
        ("A00.9", "Zorblax", ()),
        ("Z79.899", "", ()),
        traps=("chest pain", "Essential hypertension, continue"),
        trap_reasons=("negated", "said Mr. Quux"),
        setting="outpatient",
        corpus="mine",
    )
    (found,) = evaluate(suggester, [note]).notes
    return found


def test_a_note_keeps_what_it_is(outcome: NoteOutcome) -> None:
    assert (outcome.note_id, outcome.corpus, outcome.setting, outcome.answered) == (
        "n1", "mine", "outpatient", True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("code", "satisfied_by", "mention"),
    [
        ("I10", "I10", "active"),
        ("G56.03", "G56.01", "active"),
        ("R07.9", None, "negated"),
        ("A00.9", None, "none"),
        ("Z79.899", None, "unquoted"),
    ],
)
def test_gold_codes(
    outcome: NoteOutcome, code: str, satisfied_by: str | None, mention: str
) -> None:
    (gold,) = [g for g in outcome.gold if g.code == code]
    assert (gold.satisfied_by, gold.mention) == (satisfied_by, mention)


def test_gold_codes_know_their_place(outcome: NoteOutcome) -> None:
    gold = outcome.gold[0]
    start = TEXT.index("Essential hypertension")
    assert gold.places == ((start, start + len("Essential hypertension")),)
    assert (gold.section, gold.seen) == ("assessment_plan", True)
    assert gold.candidate_rank is not None
    assert gold.candidate_rank <= 5


def test_suggestions_have_a_verdict(outcome: NoteOutcome) -> None:
    found = {s.code: s for s in outcome.suggestions}
    assert (found["I10"].verdict, found["I10"].gold) == ("right", "I10")
    assert (found["G56.01"].verdict, found["G56.01"].gold) == ("right", "G56.03")
    assert TEXT[found["I10"].start_char : found["I10"].end_char] == "Essential hypertension"


def test_traps_say_what_sprang_them(outcome: NoteOutcome) -> None:
    assert [(t.reason, t.sprung_by) for t in outcome.traps] == [
        ("negated", ()), ("other", ((ICD, "I10"),)),
    ]  # fmt: skip


def test_outcomes_hold_no_words_of_the_note(outcome: NoteOutcome) -> None:
    shown = repr(outcome)
    assert [w for w in ("hypertension", "carpal", "chest", "Quux") if w in shown] == []


def test_a_refused_note_scores_zero(
    suggester: CodeSuggester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NoteError("too long")

    monkeypatch.setattr(suggester, "suggest", refuse)
    found = evaluate(suggester, [coded(("I10", "Essential hypertension", ()))])
    assert found.n_unanswered == 1
    assert [g.satisfied_by for g in found.notes[0].gold] == [None]
    assert found.notes[0].suggestions == ()


def test_candidates_are_ranked_within_their_system(suggester: CodeSuggester) -> None:
    ranks = candidate_ranks(suggester, coded(), [ICD, "CPT"])
    mine = sorted(rank for (system, _), rank in ranks.items() if system == ICD)
    assert mine == list(range(1, len(mine) + 1))
    assert len(mine) >= 2


def test_a_system_without_gold_codes_is_left_out(suggester: CodeSuggester) -> None:
    found = evaluate(suggester, [coded(("I10", "", ()))])
    assert found.systems == (ICD,)
    assert {s.system for s in found.notes[0].suggestions} == {ICD}


def test_notes_without_any_code_are_refused(suggester: CodeSuggester) -> None:
    with pytest.raises(TrainingDataError, match="none of 1 notes has a code"):
        evaluate(suggester, [coded()])


@pytest.mark.parametrize(
    ("text", "quote", "places"),
    [("aXaXa", "aXa", [(0, 3), (2, 5)]), ("abc", "x", []), ("abc", "", [])],
    ids=["overlapping", "absent", "empty"],
)
def test_places_of(text: str, quote: str, places: list[tuple[int, int]]) -> None:
    assert list(places_of(text, quote)) == places
