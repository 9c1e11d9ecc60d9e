from __future__ import annotations

import gc
import gzip
import io
import json
import re
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from codesuggest.errors import TerminologyError, UnknownCodeError
from codesuggest.schema import Code
from codesuggest.terminology.code_check import STATUSES
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.releases import load_release


@pytest.fixture(scope="module")
def icd() -> CodeSystem:
    return load_release("ICD-10-CM")


@pytest.fixture(scope="module")
def cpt() -> CodeSystem:
    return load_release("CPT")


@pytest.fixture(scope="module")
def hcpcs() -> CodeSystem:
    return load_release("HCPCS")


# -- what is in it ---------------------------------------------------------------------------


def test_icd10cm_has_exactly_the_billable_codes_of_fy2026(icd: CodeSystem) -> None:
    assert len(icd) == 74_719
    assert icd.release == "FY2026"
    assert len(set(icd.codes)) == len(icd.codes) == len(icd.titles)


@pytest.mark.shared
def test_icd10cm_equals_the_order_file(icd: CodeSystem, shared: Path) -> None:
    archive = shared / "terminology" / "icd10cm-Code_Descriptions-2026.zip"
    with zipfile.ZipFile(archive) as files:
        name = next(n for n in files.namelist() if re.search(r"order.*2026\.txt$", n))
        lines = io.TextIOWrapper(files.open(name), encoding="utf-8").read().splitlines()
    order = [(icd.normalise(line[6:13]), line[14] == "1") for line in lines if line.strip()]
    assert [code for code, billable in order if billable] == [
        c for c, b in zip(icd.codes, icd.billable, strict=True) if b
    ]
    assert {code for code, billable in order if not billable} == {
        c for c, b in zip(icd.codes, icd.billable, strict=True) if not b
    }


@pytest.mark.parametrize(
    ("system", "at_least"), [("ICD-10-CM", 74_719), ("CPT", 400), ("HCPCS", 150)]
)
def test_titles_are_clean(system: str, at_least: int) -> None:
    table = load_release(system)
    assert len(table) >= at_least
    assert [t for t in table.titles if t != " ".join(t.split()) or not t] == []


def test_icd10cm_codes_have_their_form(icd: CodeSystem) -> None:
    # QA0 of FY2026 is the first category with a letter in the second place
    form = re.compile(r"[A-Z][0-9A-Z][0-9A-Z](\.[0-9A-Z]{1,4})?")
    assert [c for c in icd.codes if not form.fullmatch(c)] == []


def test_iterating_yields_headers_too(icd: CodeSystem) -> None:
    codes = list(icd)
    assert len(codes) == len(icd.codes)
    assert codes[0] == Code(
        "ICD-10-CM", "A00", "Cholera", False, date(2025, 10, 1), date(2026, 9, 30)
    )


# -- get and check ---------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["E11.22", "E1122", "e11.22", " e11 22 ", "E11.22."], ids=repr)
def test_get_takes_any_spelling(icd: CodeSystem, given: str) -> None:
    assert icd.get(given).code == "E11.22"
    assert given in icd


@pytest.mark.parametrize("given", ["E11.99", "", "hypertension", "99213"])
def test_get_refuses_what_is_not_there(icd: CodeSystem, given: str) -> None:
    assert given not in icd
    with pytest.raises(UnknownCodeError, match=r"ICD-10-CM FY2026 has no code"):
        icd.get(given)


@pytest.mark.parametrize("given", [None, 119, b"E11"], ids=repr)
def test_what_is_no_text_is_not_contained(icd: CodeSystem, given: object) -> None:
    assert given not in icd


@pytest.mark.parametrize(
    ("given", "code", "status", "first", "count"),
    [
        ("E119", "E11.9", "valid", None, 0),
        ("i10", "I10", "valid", None, 0),
        ("M1A.0110", "M1A.0110", "valid", None, 0),
        ("E11", "E11", "header", "E11.00", 60),
        ("E11.2", "E11.2", "header", "E11.21", 3),
        ("S52.521", "S52.521", "seventh_missing", "S52.521A", 6),
        ("T36.0X1", "T36.0X1", "seventh_missing", "T36.0X1A", 3),
        ("S06.0X7", "S06.0X7", "unknown", "S06.0X0A", 12),
        ("QA0.0101", "QA0.0101", "valid", None, 0),
        ("QA0.9", "QA0.9", "unknown", "QA0.0101", 13),
        ("U07.9", "U07.9", "unknown", "U07.0", 2),
        ("Z3A", "Z3A", "header", "Z3A.00", 38),
        ("W19", "W19", "seventh_missing", "W19.XXXA", 3),
        ("W19.A", "W19.A", "placeholder_missing", "W19.XXXA", 1),
        ("T14.8A", "T14.8A", "placeholder_missing", "T14.8XXA", 1),
        ("E11.99", "E11.99", "unknown", "E11.9", 1),
        ("T36.01A", "T36.01A", "placeholder_missing", "T36.0X1A", 1),
        ("T36.01", "T36.01", "placeholder_missing", "T36.0X1A", 3),
        ("S52.521B", "S52.521B", "unknown", "S52.521A", 6),
        ("E08.321", "E08.321", "seventh_missing", "E08.3211", 4),
        ("A04.7", "A04.7", "header", "A04.71", 2),
        ("T84.040A", "T84.040A", "replaced", "M97.01XA", 1),
        ("H81.49", "H81.49", "replaced", "H81.4", 1),
        ("H40.11X2", "H40.11X2", "replaced", "H40.1112", 4),
        ("U99", "U99", "unknown", None, 0),
        ("XYZ", "XYZ", "malformed", None, 0),
        ("", "", "malformed", None, 0),
        ("99213", "992.13", "malformed", None, 0),
        ("E11.22222", "E11.22222", "malformed", None, 0),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_check_icd10cm(
    icd: CodeSystem, given: str, code: str, status: str, first: str | None, count: int
) -> None:
    result = icd.check(given)
    assert (result.code, result.status) == (code, status)
    assert result.ok is (status == "valid")
    assert len(result.suggestions) == count
    assert (result.suggestions[0] if result.suggestions else None) == first
    assert all(icd.is_billable(c) for c in result.suggestions)
    assert result.message


@pytest.mark.parametrize(
    ("system", "given", "status"),
    [
        ("CPT", "99213", "valid"),
        ("CPT", " 99213 ", "valid"),
        ("CPT", "9921", "malformed"),
        ("CPT", "J1100", "malformed"),
        ("CPT", "99999", "unknown"),
        ("HCPCS", "j1100", "valid"),
        ("HCPCS", "J11000", "malformed"),
        ("HCPCS", "Z0000", "unknown"),
        ("HCPCS", "99213", "malformed"),
    ],
)
def test_check_of_catalogues(system: str, given: str, status: str) -> None:
    assert load_release(system).check(given).status == status


def test_check_says_what_a_valid_code_is_called(icd: CodeSystem) -> None:
    assert icd.check("I10").message == "Essential (primary) hypertension"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("E11.2", "E11.2 is a header of 3 codes"),
        ("A04.7", "A04.7 is a header of 2 codes since 2017-10-01"),
        ("S52.521", "S52.521 needs a 7th character, A, D, G, K, P or S"),
        ("W19", "W19 needs a 7th character, A, D or S after the placeholder: W19.XXXA"),
        ("W19.A", "W19.A lacks the placeholder X: W19.XXXA"),
        ("S52.521B", "its 7th character can be A, D, G, K, P or S"),
        ("T84.040A", "T84.040A was replaced on 2016-10-01 by M97.01XA"),
        ("H40.11X2", "replaced on 2016-10-01 by H40.1112, H40.1122, H40.1132 and H40.1192"),
        ("E11.99", "FY2026 has no code E11.99"),
    ],
)
def test_check_says_why(icd: CodeSystem, given: str, says: str) -> None:
    assert says in icd.check(given).message


@pytest.mark.parametrize(
    ("given", "on", "status", "says"),
    [
        ("I10", date(2026, 3, 1), "valid", "Essential (primary) hypertension"),
        ("I10", date(2020, 3, 1), "valid", "Essential (primary) hypertension"),
        ("I10", date(2015, 9, 30), "outside_release", "not on 2015-09-30"),
        ("I10", date(2026, 10, 1), "outside_release", "2025-10-01 to 2026-09-30"),
        ("A04.71", date(2017, 9, 30), "not_yet_valid", "from 2017-10-01 on"),
        ("A04.71", date(2017, 10, 1), "valid", "Clostridium difficile"),
        ("A04.7", date(2017, 9, 30), "valid", "until 2017-09-30, then A04.71 and A04.72"),
        ("A04.7", date(2017, 10, 1), "header", "header of 2 codes since 2017-10-01"),
        ("T84.040A", date(2016, 9, 30), "valid", "until 2016-09-30"),
        ("T84.040A", date(2016, 10, 1), "replaced", "on 2016-10-01"),
        ("E11", date(2020, 1, 1), "header", "header of 87 codes"),
    ],
    ids=lambda value: str(value) if isinstance(value, date) else None,
)
def test_check_on_a_day(icd: CodeSystem, given: str, on: date, status: str, says: str) -> None:
    result = icd.check(given, on)
    assert result.status == status
    assert says in result.message


def test_a_code_that_came_later_says_what_stood_for_it(icd: CodeSystem) -> None:
    assert icd.check("A04.71", date(2016, 12, 1)).suggestions == ("A04.7",)


def test_every_status_says_what_it_means(icd: CodeSystem) -> None:
    given = ("I10", "E11", "S52.521", "W19.A", "T84.040A", "E11.99", "XYZ")
    found = {icd.check(code).status for code in given}
    assert found <= set(STATUSES)
    assert len(found) == len(given)


# -- the tree --------------------------------------------------------------------------------


def test_parents_and_ancestors(icd: CodeSystem) -> None:
    parent = icd.parent("E11.22")
    assert parent is not None
    assert parent.code == "E11.2"
    assert [c.code for c in icd.ancestors("S52.521A")] == ["S52.521", "S52.52", "S52.5", "S52"]
    assert icd.parent("I10") is None
    assert icd.ancestors("I10") == ()


def test_children_and_descendants(icd: CodeSystem) -> None:
    assert [c.code for c in icd.children("E11.2")] == ["E11.21", "E11.22", "E11.29"]
    assert icd.children("I10") == icd.descendants("I10") == ()
    assert [c.code for c in icd.descendants("S52.521")] == [f"S52.521{x}" for x in "ADGKPS"]
    assert len(icd.descendants("E11")) == 87 + sum(not c.billable for c in icd.descendants("E11"))


def test_notes_inherit_but_inclusion_terms_do_not(icd: CodeSystem) -> None:
    assert icd.notes("J45.909", "inclusion_terms") == {"inclusion_terms": ("Asthma NOS",)}
    assert "high blood pressure" in icd.notes("I10")["includes"]
    inherited = icd.notes("E11.22")
    assert "includes" in inherited
    assert any("insulin" in n for n in inherited["use_additional"])
    assert set(icd.notes("J45.909", "includes")) == {"includes"}
    assert icd.notes("I10", "code_first") == {}


NOTES = {
    "B10": {
        "includes": ["a fever"], "excludes1": ["green fever (B11)"], "code_first": ["the star"],
        "inclusion_terms": ["Fever NOS"], "seventh": ["A: first", "D: later"],
    },
    "B10.1": {
        "excludes1": ["red fever (B12)"], "excludes2": ["grey fever (B13)"],
        "use_additional": ["code for the moon"], "inclusion_terms": ["Azure fever"],
    },
    "B10.11": {"code_also": ["any comet"], "seventh": ["S: sequela"], "notes": ["see the sky"]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "kind", "texts"),
    [
        ("B10.11", "includes", ("a fever",)),
        ("B10.11", "inclusion_terms", None),
        ("B10.1", "inclusion_terms", ("Azure fever",)),
        ("B10.11", "excludes1", ("red fever (B12)", "green fever (B11)")),
        ("B10.1", "excludes1", ("red fever (B12)", "green fever (B11)")),
        ("B10.11", "excludes2", ("grey fever (B13)",)),
        ("B10", "excludes2", None),
        ("B10.11", "code_first", ("the star",)),
        ("B10.11", "use_additional", ("code for the moon",)),
        ("B10.11", "code_also", ("any comet",)),
        ("B10.1", "code_also", None),
        ("B10.11", "notes", ("see the sky",)),
        ("B10.11", "seventh", ("S: sequela",)),
        ("B10.1", "seventh", ("A: first", "D: later")),
    ],
)
def test_every_kind_of_note_inherits(
    tmp_path: Path, code: str, kind: str, texts: tuple[str, ...] | None
) -> None:
    path = tmp_path / "notes.json.gz"
    path.write_bytes(gzip.compress(json.dumps(NOTES).encode()))
    table = CodeSystem(
        "ICD-10-CM", "FY1999", ["B10", "B10.1", "B10.11"], ["a", "b", "c"], [-1, 0, 1],
        [False, False, True], notes_path=path,
    )  # fmt: skip
    assert table.notes(code, kind).get(kind) == texts
    assert table.notes(code).get(kind) == texts


def test_nearest_seventh_characters_win(icd: CodeSystem) -> None:
    seventh = icd.notes("S52.521A", "seventh")["seventh"]
    assert [s.split(":")[0] for s in seventh] == ["A", "D", "G", "K", "P", "S"]


def test_parents_stand_before_their_children(icd: CodeSystem) -> None:
    rows = np.arange(len(icd.codes))
    assert (icd.parents < rows).all()
    assert not icd.billable[icd.parents[icd.parents >= 0]].any()


# -- releases --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "valid"),
    [
        (date(2025, 9, 30), False),
        (date(2025, 10, 1), True),
        (date(2026, 9, 30), True),
        (date(2026, 10, 1), False),
    ],
    ids=str,
)
def test_valid_on(icd: CodeSystem, day: date, valid: bool) -> None:
    assert icd.valid_on(day) is valid


def test_a_release_without_dates_is_always_valid(cpt: CodeSystem) -> None:
    assert cpt.valid_on(date(1999, 1, 1))


def test_catalogues_say_that_they_are_not_the_publishers(
    cpt: CodeSystem, hcpcs: CodeSystem
) -> None:
    assert "starter" in cpt.release
    assert "starter" in hcpcs.release
    assert "own words" in cpt.source
    assert "own words" in hcpcs.source


def test_search_needs_a_model() -> None:
    table = CodeSystem("CPT", "test", ["71046"], ["Chest"], [-1], [True])
    with pytest.raises(TerminologyError, match=r"codesuggest\.load"):
        table.search("chest")


# -- persistence -----------------------------------------------------------------------------


def test_save_and_load(tmp_path: Path) -> None:
    table = CodeSystem(
        "ICD-10-CM", "FY1999", ["A00", "A00.0", "A00.1"], ["Été", "b, left", "b, right"],
        [-1, 0, 0], [False, True, True],
        valid_from=date(1998, 10, 1), valid_to=None, families=[-1, 0, 0],
        axes=["", "laterality=left", "laterality=right"], source="invented",
    )  # fmt: skip
    table.save(tmp_path / "t.npz")
    again = CodeSystem.load(tmp_path / "t.npz")
    assert list(again) == list(table)
    assert (again.release, again.source) == ("FY1999", "invented")
    assert (again.valid_from, again.valid_to) == (date(1998, 10, 1), None)
    assert [again.axes(r) for r in range(3)] == [
        {}, {"laterality": "left"}, {"laterality": "right"},
    ]  # fmt: skip
    assert again.members == {0: [1, 2]}
    assert again.has_axis("laterality") == [False, True, True]
    assert again.notes("A00.0") == {}
    assert repr(again) == "CodeSystem('ICD-10-CM', 'FY1999', 2 codes)"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="no file"),
        pytest.param(b"", id="empty file"),
        pytest.param(b"not a table", id="text"),
        pytest.param("half", id="cut off"),
    ],
)
def test_load_refuses_a_damaged_table(tmp_path: Path, content: bytes | str | None) -> None:
    path = tmp_path / "t.npz"
    if content == "half":
        CodeSystem("CPT", "x", ["71046"], ["a"], [-1], [True]).save(path)
        path.write_bytes(path.read_bytes()[:200])
    elif isinstance(content, bytes):
        path.write_bytes(content)
    try:
        CodeSystem.load(path)
    except Exception as error:
        found = (type(error), str(error))
    else:
        found = (AssertionError, "nothing was raised")
    gc.collect()  # NumPy leaves the file of a broken archive open
    assert found[0] is TerminologyError
    assert "t.npz: not a readable code table" in found[1]


def test_load_refuses_an_archive_of_something_else(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", other=np.arange(3))
    with pytest.raises(TerminologyError, match="KeyError"):
        CodeSystem.load(tmp_path / "t.npz")
