from __future__ import annotations

import pytest
from outcome_samples import ICD, SAMPLE, evaluation, gold, note, suggestion

from codesuggest.training.evaluation.breakdown import (
    BREAKDOWNS,
    breakdown,
    calibration,
    figures,
    risk_coverage,
)
from codesuggest.training.evaluation.chapters import category_of, chapter_of
from codesuggest.training.evaluation.sums import MEASURES


def test_figures_have_intervals_that_repeat() -> None:
    found = figures(SAMPLE, 200, seed=1)
    assert list(found) == [ICD]
    assert list(found[ICD]) == list(MEASURES)
    assert found[ICD]["recall"]["value"] == 0.5
    assert 0 <= found[ICD]["recall"]["low"] < 0.5 < found[ICD]["recall"]["high"] <= 1
    assert found == figures(SAMPLE, 200, seed=1)


def test_several_systems_are_also_joined() -> None:
    both = evaluation(note("a", (gold("I10"), gold("71046", system="CPT"))), systems=(ICD, "CPT"))
    assert list(figures(both, 100)) == [ICD, "CPT", "all systems"]


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("corpus", {"mine": (4, 4)}),
        ("setting", {"ed": (4, 4)}),
        ("chapter", {
            "E endocrine and metabolism": (2, 2), "I circulation": (1, 0),
            "R symptoms and findings": (1, 0), "J respiration": (0, 1),
            "Z factors and contacts": (0, 1),
        }),
        ("section", {"assessment": (4, 4)}),
        ("training", {"seen in training": (4, 4)}),
    ],
)  # fmt: skip
def test_parts_hold_every_code(kind: str, names: dict[str, tuple[int, int]]) -> None:
    parts = breakdown(SAMPLE, 100)[kind][ICD]
    assert {p["name"]: (p["n_gold"], p["n_recommended"]) for p in parts} == names


def test_every_kind_of_part_is_tested() -> None:
    assert set(BREAKDOWNS) == {"corpus", "setting", "chapter", "section", "training"}


def test_seen_and_unseen_codes() -> None:
    parts = breakdown(
        evaluation(
            note("a", (gold("I10", "I10"), gold("J18.9", seen=False)),
                 (suggestion("I10", 0.9, "right"),)),
        ),
        100,
    )["training"][ICD]  # fmt: skip
    assert {p["name"]: p["recall"]["value"] for p in parts} == {
        "seen in training": 1.0, "not seen": 0.0,
    }  # fmt: skip


def test_calibration_is_by_system() -> None:
    assert [b["n"] for b in calibration(SAMPLE)[ICD]] == [1, 1, 1, 1]


def test_risk_and_coverage() -> None:
    points = {p["threshold"]: p for p in risk_coverage(SAMPLE)[ICD]}
    assert points[0.0] == {"threshold": 0.0, "coverage": 1.0, "risk": 0.25, "recall": 0.75}
    assert points[0.7] == {"threshold": 0.7, "coverage": 0.5, "risk": 0.0, "recall": 0.5}
    assert max(points) == 0.95


def test_what_a_rule_holds_back_takes_no_risk() -> None:
    held = suggestion("I10", 0.9, "wrong", recommended=False)
    assert risk_coverage(evaluation(note("a", (gold("E11.9"),), (held,))))[ICD] == []


@pytest.mark.parametrize(
    ("system", "code", "chapter"),
    [
        (ICD, "A41.9", "A-B infections"),
        (ICD, "D49.0", "C-D4 neoplasms"),
        (ICD, "D50.0", "D5-D8 blood and immunity"),
        (ICD, "H59.1", "H0-H5 eye"),
        (ICD, "H60.1", "H6-H9 ear"),
        (ICD, "O9A.111", "O pregnancy and childbirth"),
        (ICD, "S52.521A", "S-T injury and poisoning"),
        ("CPT", "71046", "radiology"),
        ("CPT", "99213", "evaluation and management"),
        ("CPT", "29881", "surgery: musculoskeletal"),
        ("CPT", "0001T", "other"),
        ("HCPCS", "J3301", "J drugs"),
    ],
)
def test_chapters(system: str, code: str, chapter: str) -> None:
    assert chapter_of(system, code) == chapter


def test_categories() -> None:
    assert category_of(ICD, "E11.22") == "E11"
    assert category_of("CPT", "71046") == "7104"
