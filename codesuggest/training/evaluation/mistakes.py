"""Every mistake of an evaluation, with its kind, note id and offsets; never with note text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from codesuggest.schema import SYSTEMS
from codesuggest.training.corpora import CodedNote
from codesuggest.training.evaluation.chapters import category_of
from codesuggest.training.evaluation.outcomes import (
    Evaluation,
    GoldOutcome,
    NoteOutcome,
    SuggestionOutcome,
)

__all__ = ["MISTAKES", "Mistake", "count_mistakes", "mistakes", "with_words"]

#: Kinds of mistakes and what they mean.
MISTAKES: dict[str, str] = {
    "neighbouring code": "another code of the same category was recommended instead",
    "other code for the words": "the words of a gold code were given a code of another category",
    "trap sprung": "words that must not be coded were coded; detail: why they must not",
    "not to be reported": "a code was recommended for words that no gold code quotes",
    "wrong code": "a wrong code was recommended; no gold code is quoted that would say more",
    "below the operating point": "suggested, with too little confidence",
    "held back by a coding rule": "suggested with enough confidence, but a coding rule keeps it",
    "not suggested": "a mention was found in the quote, its code not among the suggestions",
    "ruled out": "the only mentions in the quote were not to be coded; detail: their assertion",
    "no mention": "nothing was found in the quote",
    "missed without quote": "not suggested; the gold code has no quote that would say why",
    "unanswered": "the model refused the note",
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake: what should have been reported (`gold`) and what was (`suggested`).

    `start_char` and `end_char` are those of the suggestion's evidence, else of the first quote;
    -1 where there is neither.
    """

    kind: str
    note_id: str
    system: str
    gold: str | None
    suggested: str | None
    confidence: float | None
    section: str
    start_char: int
    end_char: int
    detail: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def mistakes(evaluation: Evaluation) -> list[Mistake]:
    """Return every mistake, in order of the notes."""
    return [m for note in evaluation.notes for s in evaluation.systems for m in _of(note, s)]


def count_mistakes(found: Sequence[Mistake]) -> dict[str, dict[str, int]]:
    """Return how many mistakes there are, by kind (in the order of `MISTAKES`) and system."""
    counts = Counter((m.kind, m.system) for m in found)
    return {
        kind: {s: counts[(kind, s)] for s in SYSTEMS if (kind, s) in counts}
        for kind in MISTAKES
        if any((kind, s) in counts for s in SYSTEMS)
    }


def with_words(found: Sequence[Mistake], notes: Sequence[CodedNote]) -> list[dict[str, Any]]:
    """Return mistakes as plain data with the words at their offsets.

    This is note text: it goes only to those who ask for it.
    """
    texts: Mapping[str, str] = {note.note_id: note.text for note in notes}
    return [
        {
            **m.to_dict(),
            "words": texts.get(m.note_id, "")[max(m.start_char, 0) : max(m.end_char, 0)],
        }
        for m in found
    ]


def _of(note: NoteOutcome, system: str) -> Iterator[Mistake]:
    missed = [g for g in note.gold if g.system == system and g.satisfied_by is None]
    ranked = [s for s in note.suggestions if s.system == system]
    quoted = [p for g in note.gold if g.system == system for p in g.places]
    for s in ranked:
        if not s.recommended or s.verdict != "wrong":
            continue
        category = category_of(system, s.code)
        instead = next(
            (
                g
                for g in missed
                if any(category_of(system, c) == category for c in (g.code, *g.alternatives))
            ),
            None,
        )
        reason = next((t.reason for t in note.traps if (system, s.code) in t.sprung_by), None)
        if instead is not None:
            missed.remove(instead)
            yield _wrong("neighbouring code", note, s, instead.code)
        elif reason is not None:
            yield _wrong("trap sprung", note, s, None, reason)
        elif any(s.start_char < end and s.end_char > start for start, end in quoted):
            yield _wrong("other code for the words", note, s, None)
        else:
            yield _wrong("not to be reported" if quoted else "wrong code", note, s, None)
    for g in missed:
        yield _missed(note, g, ranked)


def _wrong(
    kind: str, note: NoteOutcome, s: SuggestionOutcome, gold: str | None, detail: str = ""
) -> Mistake:
    return Mistake(
        kind, note.note_id, s.system, gold, s.code, s.confidence, s.section, s.start_char,
        s.end_char, detail,
    )  # fmt: skip


def _missed(note: NoteOutcome, g: GoldOutcome, ranked: Sequence[SuggestionOutcome]) -> Mistake:
    ways = {g.code, *g.alternatives}
    suggested = next((s for s in ranked if s.code in ways and not s.recommended), None)
    detail = ""
    if not note.answered:
        kind = "unanswered"
    elif suggested is not None and not suggested.reached:
        kind = "below the operating point"
    elif suggested is not None:
        kind = "held back by a coding rule"
    elif g.mention == "active":
        kind = "not suggested"
    elif g.mention == "unquoted":
        kind = "missed without quote"
    elif g.mention == "none":
        kind = "no mention"
    else:
        kind, detail = "ruled out", g.mention
    start, end = g.places[0] if g.places else (-1, -1)
    confidence = suggested.confidence if suggested else None
    code = suggested.code if suggested else None
    return Mistake(
        kind, note.note_id, g.system, g.code, code, confidence, g.section, start, end, detail
    )
