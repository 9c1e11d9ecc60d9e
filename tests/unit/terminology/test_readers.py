from __future__ import annotations

import gzip
import re
import struct
import zipfile
from datetime import date
from pathlib import Path

import pytest
from publications import (
    CONCEPT,
    CONCEPT_SYNONYM,
    CPT_LONG,
    HCPCS,
    HCPCS_CSV,
    HCPCS_SHEET,
    INDEX,
    MRCONSO,
    NEOPLASM,
    ORDER,
    PLAIN,
    PUBLICATIONS,
    SHARED,
    TABULAR,
    Made,
    archive,
    workbook,
)

from codesuggest.errors import TerminologyError
from codesuggest.terminology.readers import (
    FORMATS,
    Conversion,
    Descriptor,
    IndexTerm,
    Publication,
    TableTerm,
    read_files,
)

MADE = [pytest.param(made, id=format_) for format_, made in PUBLICATIONS.items()]
shared = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.is_dir(), reason="no shared corpora beside the repository"),
]


def read(folder: Path, data: bytes | str, name: str = "file") -> list[Publication]:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_files([path])


def test_every_format_is_made() -> None:
    assert set(PUBLICATIONS) == set(FORMATS)


# -- told apart by content ---------------------------------------------------------------------


@pytest.mark.parametrize("made", MADE)
def test_recognised_by_content(made: Made, tmp_path: Path) -> None:
    found = read(tmp_path, made.data)
    assert {p.format for p in found} == {made.format}
    assert len(found[0].rows) == made.rows
    assert len({type(row) for p in found for row in p.rows}) == 1


@pytest.mark.parametrize("made", MADE)
def test_zip_gives_the_same_rows(made: Made, tmp_path: Path) -> None:
    packed = archive({"read me.pdf": b"%PDF-1.4", "sub/": b"", f"sub/{made.name}": made.data})
    assert [p.rows for p in read(tmp_path, packed, "x.zip")] == [
        p.rows for p in read(tmp_path, made.data)
    ]


@pytest.mark.parametrize("made", MADE)
def test_archive_in_archive_gives_the_same_rows(made: Made, tmp_path: Path) -> None:
    packed = archive({"inner.zip": archive({made.name: made.data})})
    assert [p.rows for p in read(tmp_path, packed)] == [p.rows for p in read(tmp_path, made.data)]


@pytest.mark.parametrize("made", [m for m in MADE if not m.values[0].data.startswith(b"PK")])
@pytest.mark.parametrize("change", ["lf", "crlf", "bom", "cp1252", "gzip", "last line open"])
def test_line_ends_encodings_and_gzip_do_not_matter(
    made: Made, change: str, tmp_path: Path
) -> None:
    data = made.data
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("cp1252")
    text = text.replace("\r\n", "\n")
    changed = {
        "lf": text.encode(),
        "crlf": text.replace("\n", "\r\n").encode(),
        "bom": b"\xef\xbb\xbf" + text.encode(),
        "cp1252": text.encode("cp1252"),
        "gzip": gzip.compress(data),
        "last line open": text.rstrip("\n").encode(),
    }[change]
    assert [p.rows for p in read(tmp_path, changed)] == [p.rows for p in read(tmp_path, data)]


# -- what the rows say -------------------------------------------------------------------------


def test_index_rows(tmp_path: Path) -> None:
    (index,) = read(tmp_path, INDEX)
    assert index.release == "FY2024"
    assert index.rows == (
        IndexTerm(("Fever NEC",), "(of unknown origin) (high)", "B10.9", see_also="Heat"),
        IndexTerm(("Fever NEC", "blue"), "", "B10", "J99"),
        IndexTerm(("Fever NEC", "blue", "lung"), "", "S90.51-"),
        IndexTerm(("Fever NEC", "blue", ""), "(dark)", "B10.1"),
        IndexTerm(("Fever NEC", "green"), see="Green"),
        IndexTerm(("Fever NEC", "grey"), category="B11"),
    )
    assert [row.level for row in index.rows if isinstance(row, IndexTerm)] == [0, 1, 2, 2, 1, 1]


def test_table_rows(tmp_path: Path) -> None:
    (table,) = read(tmp_path, NEOPLASM)
    assert table.columns == ("Kind one", "Kind two")
    assert table.rows == (
        TableTerm(("Neoplasm",), ("C80.1", ""), "(any)"),
        TableTerm(("Neoplasm", "tail"), ("", "C79.8-"), see="Tail"),
    )


def test_fixed_width_and_workbook_agree(tmp_path: Path) -> None:
    (text,) = read(tmp_path, HCPCS.encode("cp1252"))
    (sheet,) = read(tmp_path, workbook(HCPCS_SHEET))
    assert text.rows == sheet.rows
    ride = text.rows[1]
    assert ride.title.endswith("who speaks the language of the patient")  # type: ignore[union-attr]
    assert text.release == sheet.release == "2019-01-01"


def test_workbook_row_that_carries_on(tmp_path: Path) -> None:
    rows = [list(row) for row in HCPCS_SHEET]
    rows.insert(5, ["A0021", "0020", "4", "and back"])
    (sheet,) = read(tmp_path, workbook(rows))
    assert sheet.rows[1].title.endswith("patient and back")  # type: ignore[union-attr]
    rows[5][0] = "A0099"
    with pytest.raises(TerminologyError, match=r"line 6: a further row of A0099"):
        read(tmp_path, workbook(rows))


def test_cpt_preamble_ends_at_the_last_blank_line(tmp_path: Path) -> None:
    (long,) = read(tmp_path, CPT_LONG.encode("cp1252") + b"\r\n\r\n")
    assert long.rows[-1] == Descriptor("0001T", "Polishing of a moon’s crater")
    assert [row.code for row in long.rows if isinstance(row, Descriptor)] == [
        "10004",
        "10005",
        "0001T",
    ]
    assert long.release == "2025"


def test_blank_line_among_the_rows_is_damage(tmp_path: Path) -> None:
    rows = "".join(f"1000{i}\tRemoval of star {i}\n" for i in range(9))
    with pytest.raises(TerminologyError, match="line 9: a blank line among the rows"):
        read(tmp_path, rows.replace("10008", "\n10008"))


def test_mrconso_drops_other_tongues_and_suppressed(tmp_path: Path) -> None:
    found = read(tmp_path, MRCONSO, "MRCONSO_2025AB.RRF")
    assert {p.system: len(p.rows) for p in found} == {"CPT": 2, "HCPCS": 1, "ICD-10-CM": 2}
    assert {p.release for p in found} == {"2025AB"}


def test_athena_joins_synonyms_from_one_archive(tmp_path: Path) -> None:
    packed = archive({"CONCEPT_SYNONYM.csv": CONCEPT_SYNONYM, "CONCEPT.csv": CONCEPT})
    found = read(tmp_path, packed)
    assert [p.system for p in found] == ["CPT", "HCPCS", "ICD-10-CM"]
    (star,) = found[0].rows
    assert star.title == 'Removal of a "star'  # type: ignore[union-attr]
    assert star.synonyms == ("Star excision",)  # type: ignore[union-attr]


def test_athena_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    swapped = "".join("\t".join(reversed(line.split("\t"))) + "\n" for line in CONCEPT.splitlines())
    assert [p.rows for p in read(tmp_path, swapped)] == [p.rows for p in read(tmp_path, CONCEPT)]


def test_conversion_rows(tmp_path: Path) -> None:
    (table,) = read(tmp_path, PUBLICATIONS["conversion_table"].data)
    assert table.release == "FY2024"
    assert table.rows == (
        Conversion("B10.1", date(2023, 10, 1), ("B10",)),
        Conversion("S12.XXXA", date(2023, 4, 1), ("S11.1-S11.3", "S12.-", "S13")),
        Conversion("B10.9", date(2023, 10, 1), ()),
    )


@pytest.mark.parametrize(
    ("text", "system"),
    [
        pytest.param(PLAIN, "ICD-10-CM", id="ICD-10-CM with dots"),
        pytest.param("code,title\n99213,visit\n0001T,crater\n", "CPT", id="CPT"),
        pytest.param(HCPCS_CSV, "HCPCS", id="HCPCS with modifiers"),
        pytest.param("title;code\nvisit;G0101\n", "HCPCS", id="semicolons and swapped columns"),
        pytest.param("Code\tDescription\nA01\tfever\n", "ICD-10-CM", id="tabs"),
    ],
)
def test_plain_tables(text: str, system: str, tmp_path: Path) -> None:
    (table,) = read(tmp_path, text)
    assert (table.format, table.system) == ("plain_table", system)


@pytest.mark.parametrize(
    ("name", "made", "release"),
    [
        pytest.param("icd10cm-order-2026.txt", "order_file", "FY2026", id="year"),
        pytest.param("icd10cm-order-April-2025.txt", "order_file", "FY2025 April", id="April"),
        pytest.param("codes_FY26.txt", "code_file", "FY2026", id="short year"),
        pytest.param("codes.txt", "code_file", None, id="none"),
        pytest.param("hcpcs_2025_OCT.csv", "hcpcs_csv", "2025-10-01", id="quarter"),
        pytest.param("SHORTU_2026.txt", "cpt_short", "2026", id="CPT"),
    ],
)
def test_release_from_the_name(name: str, made: str, release: str | None, tmp_path: Path) -> None:
    data = HCPCS_CSV.encode() if made == "hcpcs_csv" else PUBLICATIONS[made].data
    assert read(tmp_path, data, name)[0].release == release


# -- what is refused, and how ------------------------------------------------------------------


def _bad_lines() -> list[object]:
    order = ORDER.replace("\r\n", "\n")
    mrconso = MRCONSO.splitlines(keepends=True)
    return [
        pytest.param(TABULAR.replace("B10.9", "B10.1"), 18, "stands twice", id="tabular: twice"),
        pytest.param(TABULAR.replace("<name>B10.9", "<name>B1!9"), 18, "ICD-10-CM code",
                     id="tabular: malformed"),
        pytest.param(TABULAR.replace("<name>B10.9", "<name>C10.9"), 18, "beginning", id="tree"),
        pytest.param(TABULAR.replace("</diag>", "", 1), 28, "well-formed", id="tabular: open tag"),
        pytest.param(INDEX.replace("<code>B10</code>", "<code>B?</code>"), 11, "a code",
                     id="index: code"),
        pytest.param(INDEX.replace("<title>green</title>", ""), 18, "<title>", id="index: title"),
        pytest.param(INDEX.replace('level="2"', 'level="7"', 1), 15, "level 2", id="index: level"),
        pytest.param(NEOPLASM.replace('col="3">C79.8-', 'col="9">C79.8-'), 15, "column",
                     id="table: column"),
        pytest.param(order.replace("S12     0", "S12     7"), 4, "0 or 1", id="order: flag"),
        pytest.param(order.replace("00004", "00002"), 4, "above 00003", id="order: number"),
        pytest.param(order.replace("B109   ", "B101   "), 3, "twice", id="order: twice"),
        pytest.param(order.replace("tail, initial encounter", ""), 5, "cut off", id="order: cut"),
        pytest.param(HCPCS.replace("A0021002004", "A0029002004"), 7, "further line", id="hcpcs"),
        pytest.param(HCPCS.replace("20181231", "20181331"), 8, "YYYYMMDD", id="hcpcs: date"),
        pytest.param(HCPCS.rstrip()[:-1], 8, "293", id="hcpcs: cut"),
        pytest.param("".join((*mrconso[:3], mrconso[3].replace("|PT|", "|"), *mrconso[4:])), 4,
                     "18 fields", id="mrconso: field"),
        pytest.param(CONCEPT.replace("\tvocabulary_id", "\tvocabulary"), 1, "vocabulary_id",
                     id="athena: column"),
        pytest.param(CONCEPT.replace("20181231", "2018"), 4, "date", id="athena: date"),
        pytest.param(PLAIN + "I10.9\n", 4, "3 fields, got 1", id="plain: fields"),
        pytest.param(PLAIN + "I10,again,\n", 4, "twice", id="plain: twice"),
        pytest.param(PLAIN + "what?,again,\n", 4, "ICD-10-CM code", id="plain: code"),
        pytest.param(PLAIN + 'I11,"never closed\n', 4, "well-formed", id="plain: quotation"),
        pytest.param(PLAIN + "I11,bell\a,\n", 4, "U[+]0007 at column 9", id="control character"),
        pytest.param(PLAIN.encode() + "I11,Ménière,\n".encode() + b"I12,M\xe9ni\xe8re,\n", 5,
                     "not utf-8", id="two encodings"),
        pytest.param(PLAIN.encode("utf-16"), 1, "UTF-16", id="UTF-16"),
        pytest.param("nothing\nof\nours\n", 1, "of no known kind", id="unknown"),
        pytest.param("", 1, "of no known kind", id="empty"),
    ]  # fmt: skip


@pytest.mark.parametrize(("data", "line", "expected"), _bad_lines())
def test_error_names_file_line_and_expectation(
    data: str | bytes, line: int, expected: str, tmp_path: Path
) -> None:
    with pytest.raises(TerminologyError, match=rf"^bad\.dat, line {line}: .*{expected}"):
        read(tmp_path, data, "bad.dat")


BOMB = "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'>]>"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_document_type_is_refused(encoding: str, tmp_path: Path) -> None:
    text = TABULAR.replace("<ICD10CM", BOMB + "<ICD10CM", 1).replace("utf-8", encoding)
    with pytest.raises(TerminologyError, match=r"document type|UTF-16|no known kind"):
        read(tmp_path, text.encode(encoding))


def test_document_type_inside_a_workbook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TerminologyError, match="document type"):
        read(tmp_path, workbook(HCPCS_SHEET, prolog=BOMB))


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    deep = TABULAR.replace("<diag>", "<diag>" * 5000, 1)
    with pytest.raises(TerminologyError, match="nested"):
        read(tmp_path, deep)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(archive({"a.txt": b" " * 30_000_000}), "zip bomb", id="packed too tightly"),
        pytest.param(archive({f"{i}": b"" for i in range(2001)}), "members", id="too many"),
        pytest.param(gzip.compress(b"code,title\n" + b" \n" * 9_000_000), "more bytes", id="gzip"),
        pytest.param(
            archive({"a.zip": archive({"b.zip": archive({"c.txt": PLAIN})})}),
            "archive in an archive",
            id="nested twice",
        ),
        pytest.param(b"PK\x03\x04" + b"\0" * 40, "damaged", id="no directory"),
        pytest.param(archive({}), "holds none", id="empty"),
    ],
)
def test_archives_that_are_refused(data: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(TerminologyError, match=message):
        read(tmp_path, data)


def test_member_that_is_larger_than_declared(tmp_path: Path) -> None:
    data = bytearray(archive({"r.csv": PLAIN}))
    place = data.rindex(b"PK\x01\x02") + 24  # uncompressed size in the central directory
    struct.pack_into("<I", data, place, 20)
    with pytest.raises(TerminologyError):
        read(tmp_path, bytes(data))


def test_missing_file() -> None:
    with pytest.raises(TerminologyError, match="nowhere"):
        read_files([Path("nowhere.zip")])


# -- the publishers' own files -----------------------------------------------------------------


class TestShared:
    pytestmark = shared

    def test_fy2017_xml(self) -> None:
        found = {p.format: p for p in read_files([SHARED / "ICD10CM_FY2017_Full_XML.zip"])}
        assert set(found) == {
            "tabular",
            "index",
            "external_causes",
            "neoplasm_table",
            "drug_table",
        }
        assert {p.release for p in found.values()} == {"FY2017"}
        terms = [row for row in found["index"].rows if isinstance(row, IndexTerm)]
        assert sum(row.level == 0 for row in terms) == 7_973
        assert sum(row.level > 0 for row in terms) == 69_226
        assert sum(bool(row.manifestation) for row in terms) == 746

    def test_fy2025_tables(self) -> None:
        path = SHARED / "icd10cm_fy2025_eindex_neoplasm_drug_xml.zip"
        found = {p.format: p for p in read_files([path])}
        assert {p.release for p in found.values()} == {"FY2025"}
        assert {f: len(p.rows) for f, p in found.items()} == {
            "drug_table": 7_428,
            "external_causes": 8_064,
            "neoplasm_table": 1_939,
        }
        cells = [c for p in found.values() for r in p.rows if isinstance(r, TableTerm)
                 for c in r.cells if c]  # fmt: skip
        assert all(re.match(r"[A-Z][0-9A-Z]{2}", cell) for cell in cells)

    @pytest.mark.parametrize(
        "name", ["ICD10CM_FY2017_Full_XML.zip", "icd10cm_fy2025_eindex_neoplasm_drug_xml.zip"]
    )
    def test_every_term_code_and_cell_of_the_xml_is_read(self, name: str) -> None:
        """Counted a second way: by the tags in the text of the files."""
        with zipfile.ZipFile(SHARED / name) as archive:
            texts = {n: archive.read(n).decode("utf-8") for n in archive.namelist()}
        for found in read_files([SHARED / name]):
            text = texts[found.file.partition("!")[2]]
            if found.format == "tabular":
                printed = re.findall(r"<diag\b[^>]*>\s*<name>\s*([^<]+?)\s*</name>", text)
                codes = {row.code for row in found.rows}  # type: ignore[union-attr]
                assert len(printed) > 40_000
                assert set(printed) <= codes
                continue
            assert len(found.rows) == len(re.findall(r"<(?:mainTerm|term)\b", text)), found.format
            told = [r for r in found.rows if isinstance(r, IndexTerm)]
            cells = [c for r in found.rows if isinstance(r, TableTerm) for c in r.cells if c]
            # a dash stands for no code
            printed = re.findall(r"<(code|manif|cell\b[^>]*)>\s*([A-Z][^<]*?)\s*</", text)
            assert (
                len([r for r in told if r.code]),
                len([r for r in told if r.manifestation]),
            ) == (
                len([t for t, _ in printed if t == "code"]),
                len([t for t, _ in printed if t == "manif"]),
            ), found.format
            assert len(cells) == len([t for t, _ in printed if t.startswith("cell")]), found.format

    def test_hcpcs_2019_text_equals_its_workbook(self) -> None:
        text, sheet = read_files([SHARED / "2019-Alpha-Numeric-HCPCS-File.zip"])
        assert len(text.rows) == len(sheet.rows) == 6_800
        # in 2 of 6,800 rows the workbook has a further type of service (R) that the text has not
        unlike = [(a, b) for a, b in zip(text.rows, sheet.rows, strict=True) if a != b]
        assert [(a.code, a.types_of_service, b.types_of_service) for a, b in unlike] == [  # type: ignore[union-attr]
            ("E0210", ("A", "L", "P"), ("A", "L", "P", "R")),
            ("E0776", ("A", "E", "P"), ("A", "E", "P", "R")),
        ]

    def test_order_file_2026(self) -> None:
        found = read_files([SHARED / "icd10cm-Code_Descriptions-2026.zip"])
        order, codes = found
        assert order.release == "FY2026"
        billable = [row for row in order.rows if row.billable]  # type: ignore[union-attr]
        assert len(billable) == len(codes.rows) == 74_719
        assert [(r.code, r.title) for r in billable] == [(r.code, r.title) for r in codes.rows]  # type: ignore[union-attr]

    def test_conversion_table_2026(self) -> None:
        (table,) = read_files([SHARED / "ICD-10-CM-CONVERSION-TABLE-FY2026.xlsx"])
        assert (table.release, len(table.rows)) == ("FY2026", 5_892)

    @pytest.mark.parametrize(
        "name", ["POAexemptCodesFY26.zip", "ra_dx_to_cc_2026.csv", "2019-HCPCS-Record-Layout.zip"]
    )
    def test_other_files_are_not_taken_for_ours(self, name: str) -> None:
        with pytest.raises(TerminologyError, match="no known kind"):
            read_files([SHARED / name])
