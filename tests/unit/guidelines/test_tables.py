"""The tables of the coding rules: every code they name exists, and no rule undoes itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from codesuggest.errors import TerminologyError
from codesuggest.guidelines.beside import (
    BesideRule,
    conditional_queries,
    excludes1,
    included_procedures,
    integral_symptoms,
    unspecified_beside_specific,
)
from codesuggest.guidelines.combinations import DATA, Combination, combinations
from codesuggest.guidelines.patterns import Pattern, PatternIndex
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.releases import load_release
from codesuggest.terminology.words import read_csv

ICD = ("ICD-10-CM",)
PROCEDURES = ("CPT", "HCPCS")
#: Table to its columns, those that hold patterns, and the systems of their codes.
TABLES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "combinations.csv": (
        "name first second third unless gives drops source",
        "first second third unless drops",
        ICD,
    ),
    "one_code_categories.csv": ("category unspecified source", "category unspecified", ICD),
    "excludes1.csv": ("yields to source", "yields to", ICD),
    "integral_symptoms.csv": ("name symptom diagnosis source", "symptom diagnosis", ICD),
    "conditional_queries.csv": ("code beside unless question source", "code beside unless", ICD),
    "queries.csv": ("name codes axis answered question source", "codes", ICD),
    "sequencing.csv": ("kind codes source", "codes", ICD),
    "companions.csv": ("name codes needs missing source", "codes needs", ICD),
    "separate_siblings.csv": ("name codes source", "codes", ICD),
    "several_codes.csv": ("name codes source", "codes", ICD),
    "included_procedures.csv": (
        "component comprehensive unless severity kind source",
        "component comprehensive unless",
        PROCEDURES,
    ),
    "add_on_codes.csv": ("field codes source", "codes", PROCEDURES),
    "implied_codes.csv": (
        "name codes gives system share unless source",
        "codes gives unless",
        (*ICD, *PROCEDURES),
    ),
}
#: The starter catalogue of CPT has no anesthesia codes; a licensed release does.
ANESTHESIA = ("00100", "01999")
LEAST = {"combinations.csv": 120, "included_procedures.csv": 150, "integral_symptoms.csv": 80}


def rows(file: str) -> list[dict[str, str]]:
    return read_csv(DATA / file, TABLES[file][0].split())


def test_every_table_is_known() -> None:
    assert {p.name for p in Path(DATA).glob("*.csv")} == {
        *TABLES,
        "patient.csv",
        "adverse_drugs.csv",
        "drug_cues.csv",
    }


@pytest.mark.parametrize("file", TABLES)
def test_every_row_has_a_source_and_stands_once(file: str) -> None:
    table = rows(file)
    assert len(table) >= LEAST.get(file, 4)
    assert [r for r in table if len(r["source"]) < 8] == []
    keys = [tuple(v for k, v in r.items() if k != "source") for r in table]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("file", TABLES)
def test_every_code_exists(file: str, systems: dict[str, CodeSystem]) -> None:
    columns, names = TABLES[file][1].split(), TABLES[file][2]
    found = {part for r in rows(file) for c in columns for part in r[c].split("|")}
    assert unknown(found, names, systems) == []


def unknown(
    alternatives: set[str], names: tuple[str, ...], systems: dict[str, CodeSystem]
) -> list[str]:
    """Return the alternatives that cover no code of the release."""
    codes = [c for name in names for c in systems[name].codes]
    beginnings = {c[:n] for c in codes for n in range(1, len(c) + 1)}
    return [
        part
        for part in sorted(alternatives - {"", "-".join(ANESTHESIA)})
        if part.lstrip("!") not in beginnings
        and not ("-" in part and any(map(Pattern(part.lstrip("!")).covers, codes)))
    ]


def test_patient_table_names_codes_of_its_system(systems: dict[str, CodeSystem]) -> None:
    table = read_csv(
        DATA / "patient.csv",
        ("name", "system", "codes", "sex", "from_age", "to_age", "source"),
    )
    assert [r for r in table if unknown({*r["codes"].split("|")}, (r["system"],), systems)] == []
    assert [r for r in table if r["sex"] not in ("", "F", "M") or not r["source"]] == []
    ages = [(int(r["from_age"] or 0), int(r["to_age"] or 130)) for r in table]
    assert [a for a in ages if not 0 <= a[0] <= a[1] <= 130] == []
    assert [r for r in table if not (r["sex"] or r["from_age"] or r["to_age"])] == []


@pytest.mark.parametrize("rule", combinations(), ids=lambda r: r.name)
def test_a_combination_can_be_reported_and_keeps_its_result(
    rule: Combination, icd: CodeSystem
) -> None:
    assert len(rule.parts) >= 2
    assert rule.gives or rule.drops
    assert rule.gives == "" or icd.is_billable(rule.gives)
    assert not rule.drops.covers(rule.gives or "?")
    # what it drops is one of its parts, or less specific than what it gives
    assert not any(rule.unless.covers(b) and b != rule.gives for p in rule.parts for b in p.named)


def test_combinations_have_names_of_their_own() -> None:
    names = [rule.name for rule in combinations()]
    assert len(names) == len(set(names))


def diagnosis_rules() -> list[BesideRule]:
    icd = load_release("ICD-10-CM")
    return [unspecified_beside_specific(icd), excludes1(), integral_symptoms(icd)]


@pytest.mark.parametrize("rule", [*diagnosis_rules(), included_procedures()], ids=lambda r: r.name)
def test_no_two_codes_withhold_each_other(rule: BesideRule, systems: dict[str, CodeSystem]) -> None:
    held = [r for r in rule.rows if r.severity == "withhold"]
    codes = [c for name in rule.systems for c in systems[name].codes]
    index = PatternIndex([r.code for r in held])
    others = PatternIndex([r.other for r in held])
    by_row: dict[int, set[str]] = {}
    for code in codes:
        for row in others.rows(code):
            by_row.setdefault(row, set()).add(code)
    yields = {
        code: set().union(*(by_row.get(row, ()) for row in rows))
        for code in codes
        if (rows := index.rows(code))
    }
    mutual = [(a, b) for a, found in yields.items() for b in found & yields.keys()
              if a < b and a in yields[b]]  # fmt: skip
    assert mutual == []


@pytest.mark.parametrize("table", ["queries.csv", "conditional_queries.csv"])
def test_questions_are_neutral(table: str) -> None:
    for r in rows(table):
        assert "unable to determine" in r["question"]
        assert r["question"].endswith(".")
        # a question never speaks of payment, and never asks to agree
        assert not re.search(r"reimburs|payment|severity of illness|agree|\?", r["question"], re.I)


def test_conditional_queries_ask() -> None:
    assert {r.severity for r in conditional_queries().rows} == {"query"}


def test_an_included_procedure_is_withheld_or_warned_of() -> None:
    assert {r.severity for r in included_procedures().rows} == {"withhold", "warning"}


# -- patterns --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "code", "covered"),
    [
        ("N18", "N18.31", True),
        ("N18.3|N18.4", "N18.4", True),
        ("N18.3", "N18.4", False),
        ("N18.1-N18.4", "N18.31", True),
        ("N18.1-N18.4", "N18.5", False),
        ("S00-S09", "S06.0X0A", True),
        ("29870-29889", "29881", True),
        ("29870-29889|!29880", "29880", False),
        ("10004-69990|!36415-36416", "36416", False),
        ("", "I10", False),
    ],
)
def test_pattern(pattern: str, code: str, covered: bool) -> None:
    assert Pattern(pattern).covers(code) is covered
    assert PatternIndex([Pattern("Z99"), Pattern(pattern)]).rows(code) == ((1,) if covered else ())


def test_a_range_that_runs_backwards_is_an_error() -> None:
    with pytest.raises(TerminologyError, match=r"N18\.4-N18\.1"):
        Pattern("N18.4-N18.1")
