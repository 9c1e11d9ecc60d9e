from __future__ import annotations

import pytest

from codesuggest.guidelines.rules import CodingRules
from codesuggest.schema import Mention, Suggestion

POINT = 0.5


def suggestion(code: str, confidence: float = 0.9, at: int | None = None) -> Suggestion:
    start = at if at is not None else 100 + sum(map(ord, code))
    mention = Mention(code, start, start + len(code), "DIAGNOSIS")
    return Suggestion("ICD-10-CM", code, code, confidence, (mention,))


def apply(rules: CodingRules, *suggestions: Suggestion) -> list[Suggestion]:
    return rules(suggestions, lambda s: s.confidence >= POINT)


def reported(suggestions: list[Suggestion]) -> set[str]:
    return {s.code for s in suggestions if s.confidence >= POINT and not s.withheld}


# -- combinations ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"I10"}, {"I10"}),
        ({"I10", "I50.32"}, {"I11.0", "I50.32"}),
        ({"I10", "N18.31"}, {"I12.9", "N18.31"}),
        ({"I10", "N18.6"}, {"I12.0", "N18.6"}),
        ({"I10", "I50.9", "N18.4"}, {"I13.0", "I50.9", "N18.4"}),
        ({"I10", "I50.9", "N18.5"}, {"I13.2", "I50.9", "N18.5"}),
        ({"E11.9", "N18.30"}, {"E11.22", "N18.30"}),
        ({"E11.65", "N18.30"}, {"E11.65", "E11.22", "N18.30"}),
        ({"E11.65", "N18.30", "G62.9"}, {"E11.65", "E11.22", "E11.42", "N18.30"}),
        ({"E11.9", "K31.84", "L97.512"}, {"E11.43", "K31.84", "E11.621", "L97.512"}),
        ({"E11.A", "N18.30"}, {"E11.A", "N18.30"}),
        ({"I11.9", "I50.9"}, {"I11.0", "I50.9"}),
        ({"D64.9", "N18.4"}, {"D63.1", "N18.4"}),
        ({"N18.5", "Z99.2"}, {"N18.6", "Z99.2"}),
        ({"I10", "N18.5", "Z99.2"}, {"I12.0", "N18.6", "Z99.2"}),
        ({"I25.10", "I20.0"}, {"I25.110"}),
        ({"I50.21", "I50.22"}, {"I50.23"}),
        ({"I50.22", "I50.32"}, {"I50.42"}),
        ({"J44.9", "J18.9"}, {"J44.0", "J18.9"}),
        ({"J44.1", "J20.9"}, {"J44.0", "J44.1", "J20.9"}),
        ({"J45.40", "J45.901"}, {"J45.41"}),
        ({"J96.01", "J96.11"}, {"J96.21"}),
        ({"M51.26", "M54.16"}, {"M51.16"}),
        ({"M50.222", "M54.12"}, {"M50.122"}),
        ({"M47.812", "M54.12"}, {"M47.22"}),
        ({"M47.12", "M54.2"}, {"M47.12"}),
        ({"M54.50", "M54.31"}, {"M54.41"}),
        ({"M81.0", "M48.56XA"}, {"M80.08XA"}),
        ({"N13.30", "N20.1"}, {"N13.2"}),
        ({"N40.0", "R35.1"}, {"N40.1", "R35.1"}),
        ({"A41.9", "B96.20", "N39.0"}, {"A41.51", "B96.20", "N39.0"}),
        ({"A41.9", "R57.9"}, {"A41.9", "R65.21"}),
        ({"K57.30", "K92.2"}, {"K57.31"}),
        ({"K57.32", "K63.0"}, {"K57.20"}),
        ({"K26.9", "K29.70", "K92.1"}, {"K26.4", "K29.70"}),
        ({"K20.90", "K21.9"}, {"K21.00"}),
        ({"K70.30", "R18.8"}, {"K70.31"}),
        ({"K50.90", "K63.2"}, {"K50.913"}),
        ({"F10.20", "F10.931"}, {"F10.231"}),
        ({"F03.90", "G30.9"}, {"F02.80", "G30.9"}),
        ({"I10", "Z3A.30"}, {"O10.013", "Z3A.30"}),
        ({"D50.9", "Z3A.12"}, {"O99.011", "D50.9", "Z3A.12"}),
        ({"D50.9", "Z37.0", "Z3A.39"}, {"O99.02", "D50.9", "Z37.0", "Z3A.39"}),
        ({"E10.9", "N18.30"}, {"E10.22", "N18.30"}),
        ({"E11.9", "G62.9"}, {"E11.42"}),
        ({"E11.9", "I73.9"}, {"E11.51"}),
        ({"K80.20", "K81.0"}, {"K80.00"}),
        ({"K80.20", "K81.1"}, {"K80.10"}),
        ({"J45.909", "J44.1"}, {"J44.1"}),
        ({"R11.0", "R11.10"}, {"R11.2"}),
        ({"E11.9", "I10"}, {"E11.9", "I10"}),
        ({"I10", "E11.9", "N18.31"}, {"I12.9", "E11.22", "N18.31"}),
    ],
    ids=lambda v: "+".join(sorted(v)),
)
def test_combination(rules: CodingRules, given: set[str], expected: set[str]) -> None:
    assert reported(apply(rules, *(suggestion(c) for c in sorted(given)))) == expected


def test_a_made_code_carries_the_evidence_and_the_lesser_confidence(rules: CodingRules) -> None:
    one, two = suggestion("I10", 0.9, 5), suggestion("I50.9", 0.7, 30)
    made = next(s for s in apply(rules, one, two) if s.code == "I11.0")
    assert made.confidence == 0.7
    assert set(made.evidence) == {*one.evidence, *two.evidence}
    assert made.title == "Hypertensive heart disease with heart failure"
    assert [(e.severity, set(e.codes)) for e in made.edits] == [("info", {"I10", "I50.9"})]


def test_a_dropped_code_stays_and_says_why(rules: CodingRules) -> None:
    dropped = next(
        s for s in apply(rules, suggestion("I10"), suggestion("I50.9")) if s.code == "I10"
    )
    assert [(e.severity, e.codes) for e in dropped.edits] == [("withhold", ("I11.0",))]
    assert "I11.0" in dropped.edits[0].message


def test_what_is_not_reported_combines_with_nothing(rules: CodingRules) -> None:
    given = (suggestion("I10", 0.9), suggestion("I50.9", 0.2))
    out = apply(rules, *given)
    assert reported(out) == {"I10"}
    assert [s.code for s in out] == ["I10", "I50.9"]


def test_a_known_combination_is_raised_and_not_repeated(rules: CodingRules) -> None:
    out = apply(rules, suggestion("I10", 0.9), suggestion("I50.9", 0.8), suggestion("I11.0", 0.1))
    assert [s.confidence for s in out if s.code == "I11.0"] == [0.8]


def test_a_reported_combination_still_holds_its_parts_back(rules: CodingRules) -> None:
    out = apply(rules, suggestion("I11.0"), suggestion("I10"), suggestion("I50.9"))
    assert reported(out) == {"I11.0", "I50.9"}


# -- past or present -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([("N39.0", 0.9, 5), ("Z87.440", 0.7, 0)], {"N39.0"}),
        ([("N39.0", 0.6, 5), ("Z87.440", 0.7, 0)], {"Z87.440"}),
        ([("N39.0", 0.7, 5), ("Z87.440", 0.7, 0)], {"N39.0"}),
        ([("N39.0", 0.9, 40), ("Z87.440", 0.7, 0)], {"N39.0", "Z87.440"}),
        ([("Z79.4", 0.9, 5), ("Z87.440", 0.7, 0)], {"Z79.4", "Z87.440"}),
    ],
    ids=["disease likelier", "history likelier", "as likely", "other words", "no disease"],
)
def test_the_same_words_are_past_or_present(
    rules: CodingRules, given: list[tuple[str, float, int]], expected: set[str]
) -> None:
    assert reported(apply(rules, *(suggestion(*one) for one in given))) == expected


# -- one code for one mention ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([("E11.42", 0.9, 10), ("E11.9", 0.8, 10)], {"E11.42"}),
        ([("L40.0", 0.9, 10), ("L40.1", 0.8, 90)], {"L40.0", "L40.1"}),
        ([("E11.42", 0.9, 10), ("E11.9", 0.8, 90)], {"E11.42"}),
        ([("M25.561", 0.9, 10), ("M25.562", 0.8, 10)], {"M25.561", "M25.562"}),
        ([("M25.561", 0.9, 10), ("M25.569", 0.8, 10)], {"M25.561"}),
        ([("I10", 0.9, 10), ("E11.9", 0.8, 10)], {"I10", "E11.9"}),
        ([("E11.42", 0.4, 10), ("E11.9", 0.8, 10)], {"E11.9"}),
        ([("E11.42", 0.9, 10), ("E11.65", 0.8, 10)], {"E11.42", "E11.65"}),
    ],
    ids=["same words", "other words", "a category of one code", "both sides", "side and no side",
         "other category",
         "first not reported", "two complications"],
)  # fmt: skip
def test_one_code_for_one_mention(
    rules: CodingRules, given: list[tuple[str, float, int]], expected: set[str]
) -> None:
    assert reported(apply(rules, *(suggestion(*g) for g in given))) == expected


def test_an_add_on_code_stays_on_the_words_of_its_base(rules: CodingRules) -> None:
    words = Mention("six actinic keratoses destroyed", 10, 41, "PROCEDURE")
    given = [Suggestion("CPT", c, c, 0.9, (words,)) for c in ("17000", "17003", "17004")]
    assert reported(apply(rules, *given[:2])) == {"17000", "17003"}
    assert reported(apply(rules, given[0], given[2])) == {"17000"}


# -- order -----------------------------------------------------------------------------------


def test_suggestions_come_out_best_first_and_none_is_lost(rules: CodingRules) -> None:
    given = [suggestion("I50.9", 0.95), suggestion("I10", 0.6), suggestion("R05.9", 0.55)]
    out = apply(rules, *given)
    assert [s.confidence for s in out] == sorted((s.confidence for s in out), reverse=True)
    assert {s.code for s in out} >= {s.code for s in given}


def test_no_suggestions(rules: CodingRules) -> None:
    assert apply(rules) == []


# -- readings of one service -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("confidence", "kept"),
    [
        ({"70551": 0.8, "70553": 0.55}, {"70551"}),
        ({"70551": 0.8, "70553": 0.7}, {"70553"}),
        ({"43235": 0.9, "43239": 0.55}, {"43239"}),
    ],
    ids=["without contrast is likelier", "both are likely", "a part and its whole"],
)
def test_of_two_readings_of_a_service_one_is_reported(
    rules: CodingRules, confidence: dict[str, float], kept: set[str]
) -> None:
    given = [
        Suggestion("CPT", code, code, value, (Mention(code, 9 * i, 9 * i + 5, "PROCEDURE"),))
        for i, (code, value) in enumerate(confidence.items())
    ]
    assert reported(apply(rules, *given)) == kept
    withheld = [e for s in apply(rules, *given) if s.withheld for e in s.edits]
    assert [e.codes for e in withheld if e.severity == "withhold"] == [tuple(kept)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"O24.419": 0.7, "O24.414": 0.7}, {"O24.414"}),
        ({"S62.669A": 0.7, "S62.663A": 0.7}, {"S62.663A"}),
        ({"S62.639A": 0.7, "S62.522A": 0.7}, {"S62.639A", "S62.522A"}),
        ({"H11.001": 0.7, "H11.062": 0.7}, {"H11.001", "H11.062"}),
        ({"H11.001": 0.7, "H11.061": 0.7}, {"H11.061"}),
        ({"C77.9": 0.7, "C77.3": 0.7}, {"C77.9", "C77.3"}),
        ({"H65.93": 0.9, "H65.31": 0.51}, {"H65.93", "H65.31"}),
        ({"H65.93": 0.7, "H65.33": 0.6}, {"H65.33"}),
    ],
    ids=["type", "fracture of one bone", "two bones", "other side", "same side",
         "several sites", "much less likely", "likely enough"],
)  # fmt: skip
def test_an_unspecified_sibling_is_held_back(
    rules: CodingRules, given: dict[str, float], expected: set[str]
) -> None:
    made = [suggestion(code, confidence) for code, confidence in given.items()]
    assert reported(apply(rules, *made)) == expected
