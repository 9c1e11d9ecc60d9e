"""Run a model over coded notes and say what became of each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from codesuggest.errors import NoteError, TrainingDataError
from codesuggest.schema import ASSERTION_STATUSES, SYSTEMS, Note, Suggestion, SuggestionSet
from codesuggest.training.corpora import CodedNote, places_of
from codesuggest.training.evaluation.outcomes import (
    Evaluation,
    GoldOutcome,
    NoteOutcome,
    Places,
    SuggestionOutcome,
    TrapOutcome,
)
from codesuggest.training.matching import free_codes, gold_codes, satisfied

if TYPE_CHECKING:
    from codesuggest.suggester import CodeSuggester

__all__ = ["assess", "candidate_ranks", "evaluate"]

#: What a trap's reason may say; a free-text remark of the coder could quote the note.
_REASONS = frozenset({*ASSERTION_STATUSES, "normal"}) - {"present"}


def evaluate(
    suggester: CodeSuggester, notes: Sequence[CodedNote], systems: Sequence[str] = SYSTEMS
) -> Evaluation:
    """Suggest codes for every note and compare them with its gold codes.

    A note that the model refuses counts as one without suggestions. Systems of which no note
    carries a code are left out.

    Raises
    ------
    TrainingDataError
        No note carries a code of any of the systems.
    """
    coded = tuple(s for s in systems if any(note.codes(s) for note in notes))
    if not coded:
        raise TrainingDataError(f"none of {len(notes)} notes has a code to report; expected some")
    outcomes = tuple(assess(suggester, note, coded) for note in notes)
    points = {s: suggester.ranker.operating_points.get(s, 0.5) for s in coded}
    return Evaluation(suggester.model_version, points, coded, outcomes)


def assess(suggester: CodeSuggester, note: CodedNote, systems: Sequence[str]) -> NoteOutcome:
    """Say what became of one note."""
    try:
        result = suggester.suggest(Note(note.text, note_id=note.note_id, setting=note.setting))
        ranks = candidate_ranks(suggester, note, systems)
        answered = True
    except NoteError:
        result, ranks, answered = SuggestionSet(setting=note.setting), {}, False
    seen = suggester.ranker.priors
    return NoteOutcome(
        note.note_id,
        note.corpus,
        note.setting or result.setting or "",
        answered,
        tuple(g for s in systems for g in _gold(note, s, result, ranks, seen)),
        tuple(g for s in systems for g in _suggestions(note, s, result, seen)),
        tuple(_traps(note, result, systems)),
    )


def candidate_ranks(
    suggester: CodeSuggester, note: CodedNote, systems: Sequence[str]
) -> dict[tuple[str, str], int]:
    """Return the place of every candidate of a note, by ``(system, code)``, from 1.

    Candidates are ordered by the probability that any mention of the note means them, those at
    one place counted once; the note model has not seen them yet.
    """
    ranker = suggester.ranker
    found = suggester.extract(note.text)
    table, probability = ranker.rank_mentions(found.extracts, ranker.asked(found), found)
    at_place: dict[tuple[str, str], dict[int, float]] = {}
    for mention, system, row, p in zip(
        table.mention.tolist(),
        table.system.tolist(),
        table.row.tolist(),
        probability.tolist(),
        strict=True,
    ):
        name = SYSTEMS[system]
        key = (name, suggester.terminology[name].codes[row])
        places, place = at_place.setdefault(key, {}), found.extracts[mention].start_char
        places[place] = max(places.get(place, 0.0), p)
    best = {
        key: 1 - math.prod(1 - p for p in sorted(places.values()))
        for key, places in at_place.items()
    }
    ranks: dict[tuple[str, str], int] = {}
    for wanted in systems:
        mine = sorted((k for k in best if k[0] == wanted), key=lambda k: (-best[k], k))
        ranks.update((key, place) for place, key in enumerate(mine, 1))
    return ranks


def _gold(
    note: CodedNote,
    system: str,
    result: SuggestionSet,
    ranks: dict[tuple[str, str], int],
    seen: Iterable[str],
) -> Iterable[GoldOutcome]:
    recommended = [s.code for s in result.recommended if s.system == system]
    reported = {gold: code for code, gold in satisfied(note, system, recommended).items()}
    quoted: dict[str, list[tuple[int, int]]] = {}
    for g in note.must:
        if g.system == system:
            quoted.setdefault(g.code, []).extend(g.places(note.text))
    for code, ways in gold_codes(note, system).items():
        places = tuple(dict.fromkeys(quoted[code]))
        yield GoldOutcome(
            system,
            code,
            ways[1:],
            reported.get(code),
            code in seen,
            _section_at(result, places[0][0]) if places else "",
            places,
            _mention_at(result, places) if places else "unquoted",
            min((ranks[(system, w)] for w in ways if (system, w) in ranks), default=None),
        )


def _mention_at(result: SuggestionSet, places: Places) -> str:
    """Say which kind of mention overlaps the quotes."""
    if any(_overlaps(m.start_char, m.end_char, places) for s in result for m in s.evidence):
        return "active"
    reasons = {
        m.reason
        for m in result.suppressed
        if _overlaps(m.mention.start_char, m.mention.end_char, places)
    }
    if "not reported here" in reasons:
        return "active"
    return next((status for status in ASSERTION_STATUSES if status in reasons), "none")


def _suggestions(
    note: CodedNote, system: str, result: SuggestionSet, seen: Iterable[str]
) -> Iterable[SuggestionOutcome]:
    mine = [s for s in result if s.system == system]
    # what is recommended satisfies first: a rule may have held back a likelier code
    order = sorted(mine, key=lambda s: not result.is_recommended(s))
    right = satisfied(note, system, [s.code for s in order])
    free = free_codes(note, system)
    point = result.operating_points.get(system, 0.5)
    for s in mine:
        verdict = "right" if s.code in right else "free" if s.code in free else "wrong"
        first = s.evidence[0] if s.evidence else None
        yield SuggestionOutcome(
            system,
            s.code,
            s.confidence,
            s.confidence >= point,
            result.is_recommended(s),
            verdict,
            right.get(s.code),
            s.code in seen,
            first.section.kind if first and first.section else "",
            first.start_char if first else -1,
            first.end_char if first else -1,
        )


def _traps(note: CodedNote, result: SuggestionSet, systems: Sequence[str]) -> Iterable[TrapOutcome]:
    recommended = [s for s in result.recommended if s.system in systems and s.evidence]
    reasons = note.trap_reasons or ("",) * len(note.traps)
    for quote, reason in zip(note.traps, reasons, strict=True):
        places = tuple(places_of(note.text, quote))
        yield TrapOutcome(
            reason if reason in _REASONS else "other",
            places,
            tuple((s.system, s.code) for s in recommended if _rests_in(s, places)),
        )


def _rests_in(suggestion: Suggestion, places: Places) -> bool:
    first = suggestion.evidence[0]
    return any(start <= first.start_char and first.end_char <= end for start, end in places)


def _overlaps(start_char: int, end_char: int, places: Places) -> bool:
    return any(start_char < end and end_char > start for start, end in places)


def _section_at(result: SuggestionSet, offset: int) -> str:
    return next(
        (s.kind for s in result.sections if s.start_char <= offset < s.end_char), "preamble"
    )
