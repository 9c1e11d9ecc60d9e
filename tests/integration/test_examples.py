"""What a coded note teaches, on the default model."""

from __future__ import annotations

import pytest

from codesuggest import CodeSuggester
from codesuggest.training.corpora import CodedNote, GoldCode
from codesuggest.training.examples import note_examples, prepare

TEXT = "ASSESSMENT:\n1. Hypertension, at goal.\n2. Chronic kidney disease, stage 4.\n3. Gout."


def gold(code: str, *evidence: str) -> GoldCode:
    return GoldCode("ICD-10-CM", code, evidence)


@pytest.fixture(scope="module")
def weights(suggester: CodeSuggester) -> dict[str, tuple[bool, float]]:
    """Label and weight of each code of a note whose hypertension is reported as I12.9."""
    note = CodedNote(
        "one",
        TEXT,
        (gold("I12.9", "Hypertension"), gold("N18.4", "Chronic kidney disease, stage 4")),
        (gold("M10.9"),),
    )
    _, labels, weights, keys = note_examples(suggester.ranker, prepare(suggester.nlp, [note]))
    return {
        code: (bool(label), float(weight))
        for (_, _, code), label, weight in zip(keys, labels, weights, strict=True)
    }


@pytest.mark.parametrize(
    ("code", "label", "weight"),
    [("N18.4", True, 1.0), ("I10", False, 0.0), ("M10.9", False, 0.0)],
    ids=["reported", "part of a combination", "acceptable"],
)
def test_weight_of_a_code(
    weights: dict[str, tuple[bool, float]], code: str, label: bool, weight: float
) -> None:
    assert weights[code] == (label, weight)


def test_every_other_code_is_wrong(weights: dict[str, tuple[bool, float]]) -> None:
    others = {
        code: w for code, w in weights.items() if code not in ("N18.4", "I10", "M10.9", "I12.9")
    }
    assert others
    assert set(others.values()) == {(False, 1.0)}
