from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from publications import workbook

from codesuggest.errors import TerminologyError
from codesuggest.terminology.conversions import (
    ConversionHistory,
    Replacement,
    packaged_history,
    written_out,
)
from codesuggest.terminology.releases import RELEASES, build_conversions, load_release

EARLY, LATE = date(2018, 10, 1), date(2021, 10, 1)


@pytest.mark.parametrize(
    ("items", "codes"),
    [
        pytest.param(["A04.7"], ["A04.7"], id="code"),
        pytest.param(["H02.101-H02.103"], ["H02.101", "H02.102", "H02.103"], id="range"),
        pytest.param(["T84.040A-T84.040D"], [f"T84.040{x}" for x in "ABCD"], id="letters"),
        pytest.param(["K59.09", "T36-T50"], ["K59.09"], id="range of categories"),
        pytest.param(["I63.-"], [""], id="category"),
        pytest.param(["H35.20-H36.1"], [""], id="uneven range"),
        pytest.param([], [""], id="none"),
    ],
)
def test_written_out(items: list[str], codes: list[str]) -> None:
    assert written_out(items) == codes


@pytest.fixture
def history() -> ConversionHistory:
    return ConversionHistory(
        [
            ("", EARLY, ("B13",)),
            ("B10", EARLY, ("B10.1", "B10.2")),
            ("B10", LATE, ("B14",)),
            ("B11", EARLY, ("B15",)),
            ("B11", LATE, ("B16", "B17")),
        ]
    )


@pytest.mark.parametrize(
    ("code", "replacement"),
    [
        pytest.param("B10", Replacement(EARLY, ("B10.1", "B10.2")), id="became a header"),
        pytest.param("B11", Replacement(LATE, ("B16", "B17")), id="the last move counts"),
        pytest.param("B13", None, id="came and stayed"),
        pytest.param("Z99", None, id="never mentioned"),
    ],
)
def test_replaced(history: ConversionHistory, code: str, replacement: Replacement | None) -> None:
    assert history.replaced(code) == replacement


def test_introduced(history: ConversionHistory) -> None:
    assert history.introduced("B13") == EARLY
    assert history.introduced("B16") == LATE
    assert history.introduced("B10") is None
    assert history.predecessors("B16") == ("B11",)
    assert history.predecessors("B13") == ()


def test_the_packaged_table_covers_every_year() -> None:
    days = {day for _, day, _ in packaged_history()}
    assert {date(year, 10, 1) for year in range(2016, 2026)} <= days


def test_what_came_since_fy2017_is_in_the_release() -> None:
    icd = load_release("ICD-10-CM")
    newest = [code for code, day, _ in packaged_history() if day == date(2025, 10, 1)]
    assert len(newest) == 487
    assert [code for code in newest if code not in icd] == []


def test_what_was_replaced_finds_its_heirs() -> None:
    icd = load_release("ICD-10-CM")
    previous = {p for _, _, before in packaged_history() for p in before}
    gone = [code for code in previous if code not in icd]
    assert len(gone) > 400
    assert [
        c for c in gone if not icd.check(c).suggestions and icd.check(c).status != "replaced"
    ] == []


def test_a_day_that_is_none_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("previous,effective,became\nA00,2018-10-01,A01\nA00,soon,A01\n")
    with pytest.raises(TerminologyError, match=r"table\.csv, line 3: expected a date, got 'soon'"):
        ConversionHistory.read(path)


def test_the_table_is_made_of_the_publishers_workbook(tmp_path: Path) -> None:
    rows = [
        ["Current code assignment", "Effective", "Previous Code(s)"],
        ["B10.11", "2018", "B10.1-B10.2 AND B11.9"],
        ["B10.12", "2018", "B10.1"],
        ["B13", "2019", "None"],
    ]
    source = tmp_path / "conversion_FY2020.xlsx"
    source.write_bytes(workbook(rows))
    text = build_conversions(source, tmp_path).read_text(encoding="utf-8")
    assert text.splitlines() == [
        "previous,effective,became",
        ",2019-10-01,B13",
        "B10.1,2018-10-01,B10.11|B10.12",
        "B10.2,2018-10-01,B10.11",
        "B11.9,2018-10-01,B10.11",
    ]


def test_another_file_is_no_conversion_table(tmp_path: Path) -> None:
    source = tmp_path / "codes_2024.txt"
    source.write_text("B101    Blue fever of lung\n", encoding="utf-8")
    with pytest.raises(TerminologyError, match="expected a conversion table"):
        build_conversions(source, tmp_path)


@pytest.mark.shared
def test_the_shipped_table_is_what_its_source_gives(shared: Path, tmp_path: Path) -> None:
    source = shared / "terminology" / "ICD-10-CM-CONVERSION-TABLE-FY2026.xlsx"
    made = build_conversions(source, tmp_path).read_bytes()
    assert made == (RELEASES / "icd10cm_conversions.csv").read_bytes()
