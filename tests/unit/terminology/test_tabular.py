from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from codesuggest.errors import MissingExtraError, TerminologyError
from codesuggest.terminology import tabular
from codesuggest.terminology.readers import read_files
from codesuggest.terminology.tabular import TabularEntry, packaged_tabular, read_tabular

SMALL = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular><version>2031</version>
<chapter><name>19</name>
 <section id="S00-T88">
  <diag><name>S06</name><desc>Intracranial\tinjury</desc>
   <sevenChrDef>
    <extension char="A">initial\n encounter</extension>
    <extension char="D">subsequent encounter</extension>
   </sevenChrDef>
   <notes><note>7th characters D and S do not apply to codes in category S06 with 6th character
    7 - death due to brain injury, or 8 - death due to other cause.</note></notes>
   <diag><name>S06.0</name><desc>Concussion</desc>
    <inclusionTerm><note>Commotio <x>cerebri</x></note></inclusionTerm>
   </diag>
   <diag><name>S06.1X7</name><desc>Died before</desc></diag>
  </diag>
  <diag><name>T07</name><desc>Multiple injuries</desc>
   <sevenChrDef><extension char="S">sequela</extension></sevenChrDef>
  </diag>
  <diag><name>I10</name><desc> High
   pressure </desc><excludes1><note>a</note><note>b</note></excludes1></diag>
 </section>
</chapter></ICD10CM.tabular>"""


def read(text: str) -> tuple[str, list[TabularEntry]]:
    return read_tabular(io.BytesIO(text.encode("utf-8")))


def test_reads_release_and_entries() -> None:
    release, entries = read(SMALL)
    assert release == "FY2031"
    assert [(e.code, e.title, e.parent, e.billable) for e in entries] == [
        ("S06", "Intracranial injury", None, False),
        ("S06.0", "Concussion", "S06", False),
        ("S06.0XXA", "Concussion, initial encounter", "S06.0", True),
        ("S06.0XXD", "Concussion, subsequent encounter", "S06.0", True),
        ("S06.1X7", "Died before", "S06", False),
        ("S06.1X7A", "Died before, initial encounter", "S06.1X7", True),
        ("T07", "Multiple injuries", None, False),
        ("T07.XXXS", "Multiple injuries, sequela", "T07", True),
        ("I10", "High pressure", None, True),
    ]
    assert {(e.chapter, e.block) for e in entries} == {("19", "S00-T88")}


@pytest.mark.parametrize(
    ("note", "characters"),
    [
        ("7th characters D and S do not apply to codes in category S06 with 6th character 7", "A"),
        ("7th character D does not apply to codes in category S06 with 6th character 7", "AD"),
        ("7th characters D and S do not apply to codes in category S06 with 6th character 8", "AD"),
        ("Death due to brain injury", "AD"),
    ],
    ids=["ruled out", "another wording", "another character", "no rule, as in FY2017"],
)
def test_seventh_characters_that_a_note_rules_out(note: str, characters: str) -> None:
    start, end = SMALL.index("<notes>"), SMALL.index("</notes>")
    entries = read(f"{SMALL[:start]}<notes><note>{note}</note>{SMALL[end:]}")[1]
    assert [e.code for e in entries if e.parent == "S06.1X7"] == [
        f"S06.1X7{character}" for character in characters
    ]


@pytest.mark.shared
def test_fy2017_has_the_publishers_number_of_codes(shared: Path) -> None:
    # 71,486 is the count that CMS gives for the FY2017 order file
    archive = shared / "terminology" / "ICD10CM_FY2017_Full_XML.zip"
    (tabular_list,) = [p for p in read_files([archive]) if p.format == "tabular"]
    assert sum(row.billable for row in tabular_list.rows) == 71_486  # type: ignore[union-attr]


def test_reads_notes_and_seventh_characters() -> None:
    entries = {e.code: e for e in read(SMALL)[1]}
    assert entries["S06"].seventh == {"A": "initial encounter", "D": "subsequent encounter"}
    assert entries["S06.0"].notes == {"inclusion_terms": ("Commotio cerebri",)}
    assert entries["I10"].notes == {"excludes1": ("a", "b")}
    assert entries["S06.0XXA"].notes == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("<ICD10CM.tabular>", "not well-formed XML at line 1", id="cut off"),
        pytest.param("", "not well-formed", id="empty"),
        pytest.param("<html><version>1</version></html>", "<html>", id="another document"),
        pytest.param("<ICD10CM.tabular/>", "<version>", id="no version"),
        pytest.param(
            "<ICD10CM.tabular><version>2026</version></ICD10CM.tabular>", "no <diag>",
            id="no codes",
        ),
    ],
)  # fmt: skip
def test_refuses(text: str, says: str) -> None:
    with pytest.raises(TerminologyError, match=says):
        read(text)


def test_an_error_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "tabular.xml"
    path.write_text("<a>", encoding="utf-8")
    with pytest.raises(TerminologyError, match=r"tabular\.xml: not well-formed XML at line 1"):
        read_tabular(path)


def test_the_packaged_list_is_found() -> None:
    path = packaged_tabular()
    assert path.suffix == ".xml"
    assert path.is_file()


def test_the_packaged_list_is_found_without_importing_its_package() -> None:
    code = (
        "import sys; from codesuggest.terminology.tabular import packaged_tabular;"
        "packaged_tabular(); print('simple_icd_10_cm' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.strip() == "False"


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabular.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"simple-icd-10-cm.*codesuggest\[build\]"):
        packaged_tabular()
