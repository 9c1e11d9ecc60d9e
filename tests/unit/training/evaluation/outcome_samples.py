"""Outcomes made by hand for the tests of this folder."""

from __future__ import annotations

from typing import Any

from codesuggest.training.evaluation.outcomes import (
    Evaluation,
    GoldOutcome,
    NoteOutcome,
    SuggestionOutcome,
    TrapOutcome,
)

ICD = "ICD-10-CM"


def gold(code: str, by: str | None = None, **more: Any) -> GoldOutcome:
    values = {
        "system": ICD, "code": code, "alternatives": (), "satisfied_by": by, "seen": True,
        "section": "assessment", "places": ((10, 20),), "mention": "active", "candidate_rank": 1,
    }  # fmt: skip
    return GoldOutcome(**{**values, **more})


def suggestion(code: str, confidence: float, verdict: str, **more: Any) -> SuggestionOutcome:
    values = {
        "system": ICD, "code": code, "confidence": confidence, "reached": confidence >= 0.5,
        "recommended": confidence >= 0.5, "verdict": verdict,
        "gold": code if verdict == "right" else None, "seen": True, "section": "assessment",
        "start_char": 10, "end_char": 15,
    }  # fmt: skip
    return SuggestionOutcome(**{**values, **more})


def trap(*sprung_by: str, reason: str = "negated") -> TrapOutcome:
    return TrapOutcome(reason, ((40, 50),), tuple((ICD, code) for code in sprung_by))


def note(
    note_id: str,
    gold: tuple[GoldOutcome, ...] = (),
    suggestions: tuple[SuggestionOutcome, ...] = (),
    traps: tuple[TrapOutcome, ...] = (),
    **more: Any,
) -> NoteOutcome:
    values = {"corpus": "mine", "setting": "ed", "answered": True, **more}
    return NoteOutcome(
        note_id, values["corpus"], values["setting"], values["answered"], gold, suggestions, traps
    )


def evaluation(*notes: NoteOutcome, systems: tuple[str, ...] = (ICD,)) -> Evaluation:
    return Evaluation("1", dict.fromkeys(systems, 0.5), systems, notes)


#: Two right of three recommended, one acceptable, one below the point, one note refused.
SAMPLE = evaluation(
    note(
        "a",
        (gold("E11.9", "E11.9"), gold("I10", None, candidate_rank=30)),
        (
            suggestion("E11.9", 0.95, "right"),
            suggestion("Z79.4", 0.8, "free"),
            suggestion("J45.909", 0.65, "wrong", start_char=41, end_char=45),
            suggestion("I10", 0.3, "right"),
        ),
        (trap("J45.909"), trap()),
    ),
    note("b", (gold("E11.9", "E11.65"),), (suggestion("E11.65", 0.75, "right", gold="E11.9"),)),
    note("c", (gold("R07.9", mention="none", candidate_rank=None),), answered=False),
)
