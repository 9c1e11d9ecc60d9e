"""What the rules write about codes beside each other, about the patient, and in what order."""

from __future__ import annotations

import random

import pytest
from worksheets import Coded, edits, system_of

from codesuggest.guidelines.combinations import combinations
from codesuggest.guidelines.rules import CodingRules
from codesuggest.schema import Mention, Suggestion
from codesuggest.terminology.code_system import CodeSystem


@pytest.mark.parametrize(
    ("component", "reason"),
    [
        ("R05.9", "J18.9"),
        ("R07.9", "I21.4"),
        ("R10.31", "K35.80"),
        ("R30.0", "N39.0"),
        ("R50.9", "J02.0"),
        ("R06.2", "J45.901"),
        ("R51.9", "G43.909"),
        ("M25.561", "M17.11"),
        ("M25.561", "M17.0"),
        ("M54.2", "M50.222"),
        ("I10", "O13.3"),
        ("N39.0", "N10"),
        ("Z72.0", "F17.210"),
        ("R73.03", "E11.9"),
        ("O80", "O70.1"),
        ("D64.9", "D50.0"),
        ("F10.10", "F10.20"),
        ("L89.159", "L89.152"),
        ("29870", "29881"),
        ("52000", "52356"),
        ("49320", "47562"),
        ("43235", "43239"),
        ("45378", "45385"),
        ("31622", "31628"),
        ("58555", "58558"),
        ("31231", "31267"),
        ("49000", "44140"),
        ("44005", "44140"),
        ("12031", "14060"),
        ("29125", "25605"),
        ("64450", "64721"),
        ("31500", "00790"),
        ("76942", "20611"),
        ("36410", "52000"),
        ("76000", "27245"),
        ("80048", "80053"),
        ("A6402", "11042"),
        ("99211", "96372"),
        ("47562", "47563"),
    ],
)
def test_withheld_beside(coded: Coded, component: str, reason: str) -> None:
    out = coded(component, reason)
    assert [e.codes for e in edits(out[component], "withhold")] == [(reason,)]
    assert reason in edits(out[component], "withhold")[0].message
    assert not out[reason].withheld


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("M25.561", "M17.12"),
        ("R05.9", "I10"),
        ("R91.1", "J84.112"),
        ("36415", "27447"),
        ("43235", "45378"),
        ("69990", "61510"),
        ("N20.0", "N39.0"),
        ("J44.0", "J44.1"),
    ],
    ids=lambda v: v,
)
def test_both_stay(coded: Coded, one: str, other: str) -> None:
    out = coded(one, other)
    assert not out[one].withheld
    assert not out[other].withheld


def test_a_symptom_whose_words_name_the_other_side_stays(coded: Coded) -> None:
    assert not coded("R20.2", "G56.01", side="left")["R20.2"].withheld
    assert coded("R20.2", "G56.01", side="right")["R20.2"].withheld
    assert coded("R20.2", "G56.01")["R20.2"].withheld


@pytest.mark.parametrize(
    ("one", "other"),
    [("99213", "20610"), ("99213", "99396"), ("93454", "92928"), ("45380", "45385")],
)
def test_what_a_modifier_can_report_is_only_warned_of(coded: Coded, one: str, other: str) -> None:
    out = coded(one, other)
    assert [e.codes for e in edits(out[one], "warning")] == [(other,)]
    assert not out[one].withheld


# -- questions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "words", "asked"),
    [
        ("M25.569", "knee pain", "query: side"),
        ("M25.561", "right knee pain", None),
        ("S52.501A", "fracture of the right radius", None),
        ("S42.021A", "clavicle fracture", "query: fracture displacement"),
        ("S42.021A", "displaced clavicle fracture", None),
        ("E11.9", "diabetes", "query: type of diabetes"),
        ("E11.9", "T2DM", None),
        ("E11.9", "type 2 diabetes", None),
        ("I50.9", "heart failure", "query: type and acuity of heart failure"),
        ("I50.22", "chronic systolic heart failure", None),
        ("N18.9", "CKD", "query: stage of chronic kidney disease"),
        ("N18.30", "CKD 3", "query: stage 3a or 3b"),
        ("D64.9", "anemia", "query: type of anemia"),
        ("J45.909", "asthma", "query: severity of asthma"),
        ("F32.A", "depression", "query: episode and severity of depression"),
        ("F33.1", "recurrent depression", None),
        ("I48.91", "atrial fibrillation", "query: type of atrial fibrillation"),
        ("O26.849", "size and dates differ", "query: trimester"),
    ],
)
def test_query(coded: Coded, code: str, words: str, asked: str | None) -> None:
    out = coded((code, words))[code]
    assert [e.rule for e in edits(out, "query")] == ([asked] if asked else [])
    assert not out.withheld


@pytest.mark.parametrize(
    ("codes", "asked"),
    [
        (("S72.001A", "M81.0"), True),
        (("A41.9", "N17.0"), True),
        (("A41.9", "N17.0", "R65.20"), False),
        (("K74.60", "F10.20"), True),
        (("S72.001A", "I10"), False),
    ],
    ids=lambda v: "+".join(v) if isinstance(v, tuple) else str(v),
)
def test_query_on_two_conditions(coded: Coded, codes: tuple[str, ...], asked: bool) -> None:
    found = [e.rule for e in edits(coded(*codes)[codes[0]], "query")]
    assert ("query on two conditions" in found) is asked


def test_a_code_without_its_7th_character_is_warned_of(coded: Coded) -> None:
    found = edits(coded("S52.501")["S52.501"], "warning")
    assert found[0].rule == "incomplete code"
    assert "7th character" in found[0].message
    assert "S52.501A" in found[0].codes


# -- patient ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "sex", "age", "warned"),
    [
        ("N40.1", "F", 70, True),
        ("N40.1", "M", 70, False),
        ("N40.1", None, None, False),
        ("O80", "M", 30, True),
        ("O80", "F", 30, False),
        ("O80", "F", 70, True),
        ("P07.36", None, 0.1, False),
        ("P07.36", None, 40, True),
        ("Z00.129", None, 40, True),
        ("Z00.00", None, 40, False),
        ("55866", "F", None, True),
        ("99396", None, 50, False),
        ("99396", None, 70, True),
    ],
)
def test_patient(coded: Coded, code: str, sex: str | None, age: float | None, warned: bool) -> None:
    out = coded(code, patient_sex=sex, patient_age=age)[code]
    assert bool([e for e in out.edits if e.rule.startswith("patient")]) is warned
    assert not out.withheld


# -- sequence --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "severity"),
    [
        (("F02.80", "G30.9"), "info"),
        (("F02.80",), "warning"),
        (("W19.XXXA", "S52.501A"), "info"),
        (("W19.XXXA",), "warning"),
        (("Z68.41", "E66.813"), "info"),
    ],
    ids=lambda v: "+".join(v) if isinstance(v, tuple) else str(v),
)
def test_not_listed_first(coded: Coded, codes: tuple[str, ...], severity: str) -> None:
    out = coded(*codes)
    found = [e.severity for e in out[codes[0]].edits if e.rule == "not listed first"]
    assert found == [severity]
    assert [c for c in codes[1:] if any(e.rule == "not listed first" for e in out[c].edits)] == []


@pytest.mark.parametrize(
    ("codes", "missing"),
    [
        (("E11.22",), True),
        (("E11.22", "N18.31"), False),
        (("I13.0", "I50.9"), True),
        (("Z3A.30",), True),
    ],
    ids=lambda v: "+".join(v) if isinstance(v, tuple) else str(v),
)
def test_companion(coded: Coded, codes: tuple[str, ...], missing: bool) -> None:
    found = [e for e in coded(*codes)[codes[0]].edits if e.rule.startswith("companion")]
    assert bool(found) is missing


# -- all rules together ----------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_a_second_run_finds_nothing_new(seed: int, rules: CodingRules, icd: CodeSystem) -> None:
    chance = random.Random(seed)
    named = sorted({b for row in combinations() for part in row.parts for b in part.named})
    codes = {next(c for c in icd.codes if c.startswith(b)) for b in chance.sample(named, 14)}
    procedures = chance.sample(["29870", "29881", "49000", "44140", "64450", "99213", "A6402"], 4)
    given = [
        Suggestion(system_of(c), c, c, chance.random(), (Mention(c, at, at + 9, "DIAGNOSIS"),))
        for c in [*sorted(codes), *procedures]
        for at in [chance.randrange(0, 60, 10)]
    ]
    given.sort(key=lambda s: -s.confidence)
    once = rules(given, lambda s: s.confidence >= 0.3, "F", 50)
    assert rules(once, lambda s: s.confidence >= 0.3, "F", 50) == once
    assert {s.code for s in once} >= {s.code for s in given}
    assert len({s.code for s in once}) == len(once)
