from __future__ import annotations

import pytest

from codesuggest.terminology.drugs import COLUMNS, DrugTable
from codesuggest.terminology.releases import load_release
from codesuggest.terminology.words import DATA, read_csv


@pytest.fixture(scope="module")
def table() -> DrugTable:
    return DrugTable.packaged()


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return read_csv(DATA / "lexicon" / "drugs.csv", COLUMNS)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Metformin 1000 mg twice daily", ["metformin"]),
        ("takes Glucophage.", ["metformin"]),
        ("lisinopril, metformin, and lisinopril", ["lisinopril", "metformin"]),
        ("no medicines", []),
        ("", []),
    ],
    ids=["generic", "brand before a full stop", "each once in order", "none", "empty"],
)
def test_find(table: DrugTable, text: str, names: list[str]) -> None:
    assert [drug.name for drug in table.find(text)] == names


def test_categories(table: DrugTable) -> None:
    assert "E11" in table.categories_of(["metformin", "500"])
    assert "I10" in table.categories_of(["lisinopril"])
    assert table.categories_of(["ice", "rest"]) == frozenset()


def test_no_drug_stands_in_two_rows(rows: list[dict[str, str]]) -> None:
    names = [r["drug"].lower() for r in rows]
    assert len(rows) >= 100
    assert sorted({n for n in names if names.count(n) > 1}) == []


@pytest.mark.parametrize("column", ["usual_conditions", "long_term_code"])
def test_condition_codes_are_reportable(rows: list[dict[str, str]], column: str) -> None:
    icd = load_release("ICD-10-CM")
    codes = {c for r in rows for c in r[column].split("|") if c}
    assert codes
    assert [c for c in sorted(codes) if c not in icd.row_of or not icd.is_billable(c)] == []


def test_long_term_codes_are_of_z79(rows: list[dict[str, str]]) -> None:
    codes = {r["long_term_code"] for r in rows if r["long_term_code"]}
    assert sorted(c for c in codes if not c.startswith("Z79")) == []


def test_administered_codes_have_the_form_of_hcpcs_or_cpt(rows: list[dict[str, str]]) -> None:
    hcpcs, cpt = load_release("HCPCS"), load_release("CPT")
    codes = {c for r in rows for c in r["administered_code"].split("|") if c}
    assert codes
    # the starter catalogue does not hold every drug code, but each must look like one
    forms = {"valid", "unknown"}
    assert [
        c for c in sorted(codes)
        if hcpcs.check(c).status not in forms and cpt.check(c).status not in forms
    ] == []  # fmt: skip
