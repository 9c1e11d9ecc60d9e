"""The tables of drugs and cues behind the T36-T50 codes."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from zipfile import ZipFile

import pytest

from codesuggest.guidelines.drug_names import DATA, DrugClass, DrugNames, words_of
from codesuggest.guidelines.drug_statements import DrugCues
from codesuggest.guidelines.patterns import Pattern
from codesuggest.terminology import drugs
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.words import read_csv

ROWS = read_csv(
    DATA / "adverse_drugs.csv", ("class", "stem", "drugs", "names", "narrower", "source")
)
CUES = read_csv(DATA / "drug_cues.csv", ("kind", "words", "share", "source"))
LEXICON = read_csv(drugs.LEXICON, drugs.COLUMNS)
#: Of the lexicon, what is a device.
DEVICES = {r["drug"] for r in LEXICON if r["drug"].startswith("hyaluronate")} | {"copper IUD"}
IN_TABLE = "ICD-10-CM Table of Drugs FY2025: "


def parts(field: str) -> list[str]:
    return [part for part in field.split("|") if part]


@pytest.fixture(scope="module")
def names() -> DrugNames:
    return DrugNames.packaged()


def found(names: DrugNames, text: str) -> DrugClass | None:
    return names.find([word for word, _, _ in words_of(text)])


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r["class"])
@pytest.mark.parametrize("intent", "123456")
def test_every_code_can_be_reported(row: dict[str, str], intent: str, icd: CodeSystem) -> None:
    code = DrugClass(row["class"], row["stem"], Pattern(""), "").code(intent)
    assert icd.is_billable(code)
    assert re.fullmatch(r"T(3[6-9]|4\d|50)\.[0-9A-Z]{3}A|T\d\d\.\d\dXA", code)


def test_every_row_has_a_source() -> None:
    tabular = "ICD-10-CM tabular list: {} (not in the Table of Drugs)"
    assert [
        r["class"]
        for r in ROWS
        if not (r["source"].startswith(IN_TABLE) or r["source"] == tabular.format(r["stem"]))
    ] == []


def test_no_drug_stands_twice() -> None:
    listed = Counter(drug for r in ROWS for drug in parts(r["drugs"]))
    assert [drug for drug, count in listed.items() if count > 1] == []
    said = Counter(
        tuple(word for word, _, _ in words_of(name)) for r in ROWS for name in parts(r["names"])
    )
    assert [name for name, count in said.items() if count > 1] == []


def test_every_drug_of_the_lexicon_has_a_class(names: DrugNames) -> None:
    listed = {drug for r in ROWS for drug in parts(r["drugs"])}
    assert {r["drug"] for r in LEXICON} - listed == DEVICES
    brands = {b for r in LEXICON if r["drug"] in listed for b in parts(r["brands"])}
    assert [b for b in sorted(brands) if b not in names] == []


def test_no_name_has_two_codes() -> None:
    stems: dict[tuple[str, ...], set[str]] = {}
    brands = {r["drug"]: parts(r["brands"]) for r in LEXICON}
    for r in ROWS:
        own = [n for drug in parts(r["drugs"]) for n in (drug, *brands[drug])]
        for name in (*own, *parts(r["names"])):
            stems.setdefault(tuple(w for w, _, _ in words_of(name)), set()).add(r["stem"])
    assert [name for name, of in stems.items() if len(of) > 1] == []


def test_class_words_stand_apart_from_drugs() -> None:
    assert [r["class"] for r in ROWS if r["narrower"] and r["drugs"]] == []


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("opioids", "T40.2X"), ("NSAIDs", "T39.39"), ("steroids", "T38.0X"),
        ("ACE inhibitor", "T46.4X"), ("ACE-inhibitors", "T46.4X"), ("statin", "T46.6X"),
        ("chemotherapy", "T45.1X"), ("antibiotics", "T36.9"), ("sedatives", "T42.7"),
        ("contrast dye", "T50.8X"), ("Lipitor", "T46.6X"), ("TMP/SMX", "T36.8X"),
        ("GLP-1", "T38.3X"), ("cyclosporine", "T45.1X"), ("Restasis", "T49.5X"),
        ("trimethoprim sulfamethoxazole", "T36.8X"), ("5-FU", "T45.1X"), ("insulin", "T38.3X"),
    ],
    ids=lambda value: value,
)  # fmt: skip
def test_names(names: DrugNames, name: str, stem: str) -> None:
    drug = found(names, name)
    assert drug is not None
    assert drug.stem == stem


@pytest.mark.parametrize("name", ["cough", "arthritis", "surgery", "copper IUD", "s", ""])
def test_no_names(names: DrugNames, name: str) -> None:
    assert found(names, name) is None


def test_cues() -> None:
    assert [r for r in CUES if len(r["source"]) < 8 or not 0 <= float(r["share"]) <= 1] == []
    wordings = Counter((r["kind"], words) for r in CUES for words in r["words"].split("|"))
    assert [words for words, count in wordings.items() if count > 1 or not words[1]] == []
    assert [w for _, w in wordings if w != w.lower() and not w[:1].isupper()] == []


def test_cues_by_code_name_codes(icd: CodeSystem) -> None:
    cues = DrugCues.packaged()
    for kind in ("no effect", "codes of drug effects"):
        named = cues.codes(kind).named
        assert [n for n in named if not any(c.startswith(n) for c in icd.codes)] == []


@pytest.mark.shared
def test_the_table_of_drugs_says_the_same(shared: Path) -> None:
    table = published(shared / "terminology" / "icd10cm_fy2025_eindex_neoplasm_drug_xml.zip")
    assert len(table) > 3000
    wrong = []
    for r in ROWS:
        if r["source"].startswith(IN_TABLE):
            entry = r["source"].removeprefix(IN_TABLE)
            if not table[entry].startswith(r["stem"]):
                wrong.append((r["class"], entry))
        for name in (*parts(r["drugs"]), *parts(r["names"])):
            code = table.get(name.lower()) or table.get(f"{name.lower()} nec")
            if code and not code.startswith(r["stem"]):
                wrong.append((r["class"], name))
    assert wrong == []


def published(path: Path) -> dict[str, str]:
    """Return the adverse effect code of each entry of the table, its path joined by " > "."""
    with ZipFile(path) as archive:
        (name,) = (n for n in archive.namelist() if "drug" in n)
        root = ElementTree.fromstring(archive.read(name))
    found: dict[str, str] = {}

    def walk(node: ElementTree.Element, above: str) -> None:
        title = node.find("title")
        assert title is not None
        said = [title.text or "", *(part.tail or "" for part in title)]
        entry = above + " ".join(" ".join(said).split()).lower()
        code = next((c.text or "" for c in node.findall("cell") if c.get("col") == "6"), "")
        if code.startswith("T"):
            found[entry] = code
        for term in node.findall("term"):
            walk(term, f"{entry} > ")

    for letter in root.findall("letter"):
        for term in letter.findall("mainTerm"):
            walk(term, "")
    return found
