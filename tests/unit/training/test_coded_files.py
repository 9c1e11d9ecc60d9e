from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from codesuggest.errors import MissingExtraError, TrainingDataError
from codesuggest.schema import SYSTEMS
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.readers import Conversion
from codesuggest.terminology.releases import load_release
from codesuggest.training.code_reading import ConversionTable, LeftOut, ReadingReport
from codesuggest.training.coded_files import read_coded
from codesuggest.training.corpora import CodedNote, GoldCode


@pytest.fixture(scope="module")
def systems() -> dict[str, CodeSystem]:
    return {name: load_release(name) for name in SYSTEMS}


def file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode("utf-8")))
    else:
        path.write_text(text, encoding="utf-8")
    return path


def codes_of(notes: list[CodedNote]) -> dict[str, list[tuple[str, str]]]:
    return {n.note_id: [(g.system, g.code) for g in n.must] for n in notes}


NOTES = "note_id,text,setting\na,gout of the foot,outpatient\nb,knee x-ray,\n"
CODES = "note_id,code,system\na,M10.9,ICD-10-CM\nb,73560,CPT\n"
EXPECTED = {"a": [("ICD-10-CM", "M10.9")], "b": [("CPT", "73560")]}


@pytest.mark.parametrize("packed", ["", ".gz"], ids=["plain", "gzipped"])
def test_two_csv_files(tmp_path: Path, systems: dict[str, CodeSystem], packed: str) -> None:
    notes, report = read_coded(
        file(tmp_path, f"notes.csv{packed}", NOTES),
        file(tmp_path, f"codes.csv{packed}", CODES),
        systems,
    )
    assert codes_of(notes) == EXPECTED
    assert [n.setting for n in notes] == ["outpatient", None]
    assert (report.n_notes, report.n_codes, report.left_out) == (2, 2, [])


def test_data_frames(systems: dict[str, CodeSystem]) -> None:
    notes = pd.DataFrame({"note_id": [1, 2], "text": ["gout", "knee x-ray"]})
    codes = pd.DataFrame({"note_id": [1, 2, 2], "code": ["M109", "73560", None]})
    read, report = read_coded(notes, codes, systems)
    assert codes_of(read) == {"1": [("ICD-10-CM", "M10.9")], "2": [("CPT", "73560")]}
    assert report.inferred == {"ICD-10-CM": 1, "CPT": 1}
    assert report.left_out == [LeftOut("table", 3, "no code")]


@pytest.mark.parametrize(
    "cell",
    ["M10.9;73560", "M10.9 | 73560", '["M10.9", "73560"]', ["M10.9", "73560"],
     [{"system": "ICD-10-CM", "code": "M10.9"}, {"system": "CPT", "code": "73560"}]],
    ids=["semicolon", "bar", "JSON", "list", "objects"],
)  # fmt: skip
def test_codes_in_the_notes_table(
    tmp_path: Path, systems: dict[str, CodeSystem], cell: object
) -> None:
    row = json.dumps({"note_id": "a", "text": "gout", "codes": cell})
    notes, report = read_coded(file(tmp_path, "notes.jsonl", row), None, systems)
    assert codes_of(notes) == {"a": [("ICD-10-CM", "M10.9"), ("CPT", "73560")]}
    assert report.left_out == []


def test_gold_lines_keep_traps_and_notes_with_nothing_to_code(
    tmp_path: Path, systems: dict[str, CodeSystem]
) -> None:
    lines = [
        {
            "id": "a", "text": "gout, no asthma", "setting": "ed", "traps": [{"quote": "asthma"}],
            "must": [{"system": "ICD-10-CM", "code": "M10.9", "evidence": ["gout"]}],
            "acceptable": [{"system": "CPT", "code": "99213"}],
        },
        {"id": "b", "text": "well", "must": []},
    ]  # fmt: skip
    path = file(tmp_path, "gold.jsonl", "\n".join(map(json.dumps, lines)))
    notes, report = read_coded(path, None, systems)
    assert notes == [
        CodedNote(
            "a", "gout, no asthma", (GoldCode("ICD-10-CM", "M10.9", ("gout",)),),
            (GoldCode("CPT", "99213"),), ("asthma",), "ed", tmp_path.name,
        ),
        CodedNote("b", "well", (), (), (), None, tmp_path.name),
    ]  # fmt: skip
    assert report.left_out == []


def test_labels_of_spans(tmp_path: Path, systems: dict[str, CodeSystem]) -> None:
    notes, report = read_coded(
        file(tmp_path, "notes.csv", "note_id,text\na,old gout of the foot\n"),
        file(
            tmp_path,
            "codes.csv",
            "note_id,code,start,end,evidence\na,M10.9,4,8,\na,M10.9,,,foot\na,I10,90,95,\n",
        ),
        systems,
    )
    assert notes[0].must == (
        GoldCode("ICD-10-CM", "M10.9", ("foot",), ((4, 8),)),
        GoldCode("ICD-10-CM", "I10"),
    )
    assert notes[0].must[0].places(notes[0].text) == [(4, 8), (16, 20)]
    assert report.left_out == [
        LeftOut("codes.csv", 4, "a span outside the text (the code is kept)")
    ]


@pytest.mark.parametrize(
    ("code", "system", "expected"),
    [
        ("e11.9", "", ("ICD-10-CM", "E11.9")),
        ("E119", "", ("ICD-10-CM", "E11.9")),
        ("99213-25", "", ("CPT", "99213")),
        ("L3908", "", ("HCPCS", "L3908")),
        ("J1100", "", "the system is not clear, give a column system: J1100"),
        ("I10", "10", ("ICD-10-CM", "I10")),
        ("J1100", "hcpcs", ("HCPCS", "J1100")),
        ("25000", "9", "a system that is not suggested: ICD-9-CM"),
        ("250.00", "", "a system that is not suggested: ICD-9-CM 250.00"),
        ("0DTJ4ZZ", "", "a system that is not suggested: ICD-10-PCS 0DTJ4ZZ"),
        ("E11", "", "a header, not a reportable code: ICD-10-CM E11"),
        ("E11.99", "", "a code that the release does not hold: ICD-10-CM E11.99"),
        ("her SECRET history", "", "not the form of a code"),
    ],
    ids=["lower case", "no dot", "modifier", "supply", "two readings", "version 10", "named",
         "version 9", "old form", "PCS", "header", "unknown", "no code at all"],
)  # fmt: skip
def test_codes_as_people_write_them(
    systems: dict[str, CodeSystem], code: str, system: str, expected: tuple[str, str] | str
) -> None:
    notes = pd.DataFrame({"note_id": ["a", "b"], "text": ["x", "y"]})
    codes = pd.DataFrame({"note_id": ["a", "b"], "code": ["I10", code], "system": ["", system]})
    read, report = read_coded(notes, codes, systems)
    if isinstance(expected, tuple):
        assert codes_of(read)["b"] == [expected]
        assert report.left_out == []
    else:
        assert report.left_out == [
            LeftOut("table", 2, expected),
            LeftOut("table", 2, "a note without a code that can be used"),
        ]


OLD = {"M54.5": ("M54.50", "M54.51", "M54.59"), "E00.00": ("E11.9",), "E22.22": ("I10", "E11.9")}


class Forward:
    def replaced(self, code: str) -> SimpleNamespace | None:
        taken = OLD.get(code)
        return None if taken is None else SimpleNamespace(day=date(2021, 10, 1), codes=taken)


def test_older_years_are_mapped_forward(systems: dict[str, CodeSystem]) -> None:
    notes = pd.DataFrame({"note_id": ["a"], "text": ["x"]})
    codes = pd.DataFrame({"note_id": "a", "code": ["M54.5", "E00.00", "E22.22"]})
    read, report = read_coded(notes, codes, systems, Forward())
    assert codes_of(read) == {"a": [("ICD-10-CM", "M54.50"), ("ICD-10-CM", "E11.9")]}
    assert report.mapped == {("M54.5", "M54.50"): 1, ("E00.00", "E11.9"): 1}
    assert [r.reason for r in report.left_out] == ["a code that was split into 2: ICD-10-CM E22.22"]


def test_conversion_table() -> None:
    table = ConversionTable(
        [
            Conversion("M54.50", date(2021, 10, 1), ("M54.5",)),
            Conversion("M54.51", date(2021, 10, 1), ("M54.5",)),
            Conversion("M04.8", date(2016, 10, 1), ()),
        ]
    )
    taken = table.replaced("M54.5")
    assert taken is not None
    assert (taken.day, taken.codes) == (date(2021, 10, 1), ("M54.50", "M54.51"))
    assert table.replaced("M04.8") is None


def test_every_row_left_out_is_listed(tmp_path: Path, systems: dict[str, CodeSystem]) -> None:
    notes = "note_id,text\na,gout SECRET\na,again\n,x\nb, \nc,fine\nd,x,extra SECRET\n"
    codes = "note_id,code\na,M10.9\nz,M10.9\na,SECRET words here\n"
    read, report = read_coded(
        file(tmp_path, "notes.csv", notes), file(tmp_path, "codes.csv", codes), systems
    )
    assert codes_of(read) == {"a": [("ICD-10-CM", "M10.9")]}
    assert report.left_out == [
        LeftOut("notes.csv", 3, "a note_id that was there before"),
        LeftOut("notes.csv", 4, "no note_id"),
        LeftOut("notes.csv", 5, "no text"),
        LeftOut("notes.csv", 7, "3 cells where the heading has 2"),
        LeftOut("codes.csv", 3, "a code of a note that is not there"),
        LeftOut("codes.csv", 4, "not the form of a code"),
        LeftOut("notes.csv", 6, "a note without a code that can be used"),
    ]
    path = tmp_path / "left_out.csv"
    report.write_left_out(path)
    assert path.read_text(encoding="utf-8").splitlines()[:2] == [
        "file,row,reason", "notes.csv,3,a note_id that was there before"
    ]  # fmt: skip
    assert "SECRET" not in path.read_text(encoding="utf-8")
    assert report.summary().startswith("7 rows were left out (")


@pytest.mark.parametrize("packed", ["", ".gz"], ids=["plain", "gzipped"])
def test_mimic_layout(tmp_path: Path, systems: dict[str, CodeSystem], packed: str) -> None:
    file(tmp_path, f"note/discharge.csv{packed}",
         'note_id,subject_id,hadm_id,text\n'
         '1-DS,1,11,"Gout,\nand more"\n2-DS,2,22,Fever\n')  # fmt: skip
    file(tmp_path, f"hosp/diagnoses_icd.csv{packed}",
         "subject_id,hadm_id,seq_num,icd_code,icd_version\n"
         "1,11,1,M109,10\n1,11,2,2749,9\n3,33,1,I10,10\n")  # fmt: skip
    file(tmp_path, f"hosp/hcpcsevents.csv{packed}",
         "subject_id,hadm_id,chartdate,hcpcs_cd,seq_num\n1,11,2100-01-01,73560,1\n")  # fmt: skip
    notes, report = read_coded(tmp_path, None, systems)
    assert codes_of(notes) == {"1-DS": [("ICD-10-CM", "M10.9"), ("CPT", "73560")]}
    assert (notes[0].text, notes[0].setting) == ("Gout,\nand more", "inpatient")
    assert [r[1:] for r in report.left_out] == [
        (3, "a system that is not suggested: ICD-9-CM"),
        (4, "an admission without a note"),
        (3, "a note without a code that can be used"),
    ]


def test_codiesp_layout(tmp_path: Path, systems: dict[str, CodeSystem]) -> None:
    file(tmp_path, "train/text_files/S1.txt", "gota y fiebre")
    file(tmp_path, "train/trainD.tsv", "S1\tm10.9\n")
    file(tmp_path, "train/trainP.tsv", "S1\t0dtj4zz\n")
    file(tmp_path, "train/trainX.tsv", "S1\tDIAGNOSTICO\tr50.9\tfiebre\t7 13\n")
    notes, report = read_coded(tmp_path, None, systems)
    assert notes == [
        CodedNote(
            "S1", "gota y fiebre",
            (GoldCode("ICD-10-CM", "M10.9"), GoldCode("ICD-10-CM", "R50.9", (), ((7, 13),))),
            corpus="codiesp",
        )
    ]  # fmt: skip
    assert [r.reason for r in report.left_out] == ["a system that is not suggested: ICD-10-PCS"]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("notes.csv", "", "empty, expected a heading"),
        ("notes.csv", "a,b\n1,2\n", "no column for id and text and codes"),
        ("notes.csv", "note_id,text\n1,x\n", "no column for codes"),
        ("notes.docx", "x", r"expected \.csv"),
    ],
    ids=["empty", "columns", "no codes", "kind"],
)
def test_refuses(
    tmp_path: Path, systems: dict[str, CodeSystem], name: str, text: str, says: str
) -> None:
    with pytest.raises(TrainingDataError, match=says):
        read_coded(file(tmp_path, name, text), None, systems)


def test_refuses_folders_and_values_of_no_layout(
    tmp_path: Path, systems: dict[str, CodeSystem]
) -> None:
    with pytest.raises(TrainingDataError, match="MIMIC-IV"):
        read_coded(tmp_path, None, systems)
    with pytest.raises(TrainingDataError, match="no such file"):
        read_coded(tmp_path / "notes.csv", None, systems)
    with pytest.raises(TrainingDataError, match="expected a path or a DataFrame, got int"):
        read_coded(3, None, systems)


def test_parquet(tmp_path: Path, systems: dict[str, CodeSystem]) -> None:
    frame = pd.DataFrame({"note_id": ["a"], "text": ["gout"], "codes": [["M10.9"]]})
    path = tmp_path / "notes.parquet"
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        path.write_bytes(b"PAR1")
        with pytest.raises(MissingExtraError, match=r"codesuggest\[parquet\]"):
            read_coded(path, None, systems)
        return
    frame.to_parquet(path)
    assert codes_of(read_coded(path, None, systems)[0]) == {"a": [("ICD-10-CM", "M10.9")]}


def test_report_as_plain_data() -> None:
    report = ReadingReport(2, 3)
    report.leave_out("a.csv", 2, "a header, not a reportable code: ICD-10-CM E11")
    report.leave_out("a.csv", 3, "a header, not a reportable code: ICD-10-CM I11")
    report.mapped[("M54.5", "M54.50")] += 1
    assert report.to_dict() == {
        "n_notes": 2, "n_codes": 3, "inferred": {}, "mapped": [["M54.5", "M54.50", 1]],
        "left_out": [["a.csv", "a header, not a reportable code", 2]],
    }  # fmt: skip
