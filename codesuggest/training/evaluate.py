"""Score a model on coded notes that it did not learn from.

Notes in the form of the gold files: `must` counts, `acceptable` of the note neither helps nor
hurts. An `acceptable` list inside one code (the form of CMC 2007) is not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from codesuggest.schema import SYSTEMS, Note, SuggestionSet
from codesuggest.training.corpora import CodedNote
from codesuggest.training.measure import Scores, calibration_error, score_sets

if TYPE_CHECKING:
    from codesuggest.suggester import CodeSuggester

__all__ = ["Evaluation", "evaluate"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of one code system over coded notes, in [0, 1] but the counts.

    `recall_at_5` and `recall_at_20` count the codes to report among a note's best suggestions;
    `evidence_recall` those whose quote overlaps a mention that is not suppressed; `trap_rate`
    the share of `traps` quotes inside which a recommended suggestion rests.
    """

    system: str
    scores: Scores
    recall_at_5: float
    recall_at_20: float
    evidence_recall: float
    trap_rate: float

    def to_dict(self) -> dict[str, object]:
        """Return plain data."""
        return {**asdict(self), "scores": self.scores.to_dict()}


def evaluate(
    suggester: CodeSuggester, notes: Sequence[CodedNote], systems: Sequence[str] = SYSTEMS
) -> list[Evaluation]:
    """Suggest codes for every note and score them, one `Evaluation` a code system.

    Systems of which the notes carry no code are left out.
    """
    results = [suggester.suggest(Note(n.text, note_id=n.note_id, setting=n.setting)) for n in notes]
    return [
        _evaluate(results, notes, system)
        for system in systems
        if any(note.codes(system) for note in notes)
    ]


def _evaluate(
    results: Sequence[SuggestionSet], notes: Sequence[CodedNote], system: str
) -> Evaluation:
    predicted, sure, right = [], [], []
    at_5 = at_20 = total = found = quoted = sprung = traps = 0
    for result, note in zip(results, notes, strict=True):
        best = [s for s in result if s.system == system]
        must, accepted = note.codes(system), note.accepted(system)
        recommended = [s for s in result.recommended if s.system == system]
        predicted.append({s.code for s in recommended})
        total += len(must)
        at_5 += len(must & {s.code for s in best[:5]})
        at_20 += len(must & {s.code for s in best[:20]})
        for s in best:
            if s.code in must or s.code not in accepted:
                sure.append(s.confidence)
                right.append(s.code in must)
        spans = [(m.start_char, m.end_char) for s in result for m in s.evidence] + [
            (m.mention.start_char, m.mention.end_char)
            for m in result.suppressed
            if m.reason == "not reported here"
        ]
        for gold in note.must:
            if gold.system == system and gold.evidence:
                quoted += 1
                places = [p for q in gold.evidence for p in _places(note.text, q)]
                found += any(a < d and b > c for a, b in spans for c, d in places)
        resting = [(m.start_char, m.end_char) for s in recommended for m in s.evidence[:1]]
        for trap in note.traps:
            traps += 1
            sprung += any(
                c <= a and b <= d for a, b in resting for c, d in _places(note.text, trap)
            )
    point = results[0].operating_points.get(system, 0.5) if results else 0.5
    error = calibration_error(np.array(sure), np.array(right)) if sure else 0.0
    return Evaluation(
        system,
        score_sets(predicted, notes, system, point, error),
        at_5 / max(total, 1),
        at_20 / max(total, 1),
        found / max(quoted, 1),
        sprung / max(traps, 1),
    )


def _places(text: str, quote: str) -> list[tuple[int, int]]:
    places, start = [], text.find(quote)
    while start >= 0:
        places.append((start, start + len(quote)))
        start = text.find(quote, start + 1)
    return places
