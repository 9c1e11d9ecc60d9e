"""How often assertion is right, on sentences with one marked phrase each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesuggest.training.evaluation.labelled_lines import read_labelled

if TYPE_CHECKING:
    from codesuggest.suggester import CodeSuggester

__all__ = ["PhraseInContext", "measure_assertions", "read_phrases"]


@dataclass(frozen=True, slots=True)
class PhraseInContext:
    """A phrase of a sentence and what people say of it."""

    text: str
    start_char: int
    phrase: str
    negated: bool
    historical: bool
    of_patient: bool


def read_phrases(path: Path) -> list[PhraseInContext]:
    """Read ``{"text", "concept", "negation", "temporality", "experiencer"}`` lines.

    The phrase stands in capitals where it comes more than once. Lines whose phrase is not in
    the text are left out.

    Raises
    ------
    TrainingDataError
        The file cannot be read, or a line is not such an object.
    """
    return read_labelled(
        path,
        _phrase,
        "an object with text, concept, negation, temporality and experiencer",
    )


def _phrase(row: Mapping[str, str]) -> PhraseInContext | None:
    text, phrase = row["text"], row["concept"]
    start = text.find(phrase.upper())
    if start < 0:
        start = text.upper().find(phrase.upper())
    if start < 0 or not phrase:
        return None
    return PhraseInContext(
        text,
        start,
        text[start : start + len(phrase)],
        row["negation"] == "Negated",
        row["temporality"] == "Historical",
        row["experiencer"] == "Patient",
    )


def measure_assertions(
    suggester: CodeSuggester, phrases: Sequence[PhraseInContext]
) -> dict[str, Any]:
    """Return precision, recall and F1 of negation, history and experiencer."""
    pairs = [(suggester.assertion_of(p.text, p.start_char, p.phrase), p) for p in phrases]
    return {
        "n_phrases": len(phrases),
        "negated": _scores((a.has("negated"), p.negated) for a, p in pairs),
        "historical": _scores(
            (a.has("historical") or a.has("resolved"), p.historical) for a, p in pairs
        ),
        "family": _scores((a.has("family"), not p.of_patient) for a, p in pairs),
    }


def _scores(pairs: Iterable[tuple[bool, bool]]) -> dict[str, float]:
    counted = list(pairs)
    hits = sum(said and true for said, true in counted)
    said, true = sum(s for s, _ in counted), sum(t for _, t in counted)
    precision, recall = hits / max(said, 1), hits / max(true, 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-12)
    return {"precision": precision, "recall": recall, "f1": f1, "n": true}
