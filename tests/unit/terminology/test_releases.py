from __future__ import annotations

import gzip
import re
from collections import Counter
from pathlib import Path

import pytest

from codesuggest.errors import TerminologyError
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.releases import (
    CATALOGUE_COLUMNS,
    build_icd10cm,
    load_release,
    read_catalogue,
)
from codesuggest.terminology.words import DATA, read_csv

CATALOGUES = sorted([*(DATA / "cpt").glob("*.csv"), *(DATA / "hcpcs").glob("*.csv")])
FORMS = {"cpt": re.compile(r"\d{4}[0-9A-Z]"), "hcpcs": re.compile(r"[A-Z]\d{4}")}
AXES = re.compile(r"[a-z_]+=[A-Za-z0-9_.]+(;[a-z_]+=[A-Za-z0-9_.]+)*")
RANGE = re.compile(r"(\d+(\.\d+)?)?\.\.(\d+(\.\d+)?)?")


@pytest.fixture(scope="module")
def built_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    build_icd10cm(folder)
    return folder


@pytest.fixture(scope="module")
def built(built_folder: Path) -> CodeSystem:
    return CodeSystem.load(built_folder / "icd10cm_fy2026.npz")


def test_the_shipped_icd10cm_table_is_what_its_source_gives(built: CodeSystem) -> None:
    shipped = load_release("ICD-10-CM")
    assert built.codes == shipped.codes
    assert built.titles == shipped.titles
    assert built.release == shipped.release
    assert (built.parents == shipped.parents).all()
    assert (built.billable == shipped.billable).all()
    rows = range(len(built.codes))
    assert [built.axes(r) for r in rows] == [shipped.axes(r) for r in rows]


def test_the_shipped_families_are_what_the_words_give(built: CodeSystem) -> None:
    # the numbers of the families may differ; which rows stand together may not
    together = set(map(tuple, built.members.values()))
    assert together ^ set(map(tuple, load_release("ICD-10-CM").members.values())) == set()


def test_the_shipped_notes_are_what_the_source_gives(built_folder: Path) -> None:
    name = "icd10cm_fy2026_notes.json.gz"
    contents = [
        gzip.decompress((folder / name).read_bytes())
        for folder in (built_folder, DATA / "releases")
    ]
    assert contents[0] == contents[1]


def test_an_unknown_system_has_no_release() -> None:
    with pytest.raises(TerminologyError, match="SNOMED"):
        load_release("SNOMED")


@pytest.mark.parametrize(("system", "at_least"), [("CPT", 400), ("HCPCS", 150)])
def test_catalogue_size(system: str, at_least: int) -> None:
    codes = [row["code"] for row in read_catalogue(system)]
    assert len(codes) == len(set(codes)) >= at_least


@pytest.mark.parametrize("folder", ["cpt", "hcpcs"])
def test_no_code_stands_in_two_rows(folder: str) -> None:
    files = (DATA / folder).glob("*.csv")
    counts = Counter(r["code"] for file in files for r in read_csv(file, CATALOGUE_COLUMNS))
    assert [code for code, n in counts.items() if n > 1] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=[p.stem for p in CATALOGUES])
class TestEveryCatalogueFile:
    def test_codes(self, path: Path) -> None:
        rows = read_csv(path, CATALOGUE_COLUMNS)
        assert rows
        form = FORMS[path.parent.name]
        assert [r["code"] for r in rows if not form.fullmatch(r["code"])] == []

    def test_words(self, path: Path) -> None:
        rows = read_csv(path, CATALOGUE_COLUMNS)
        cells = [(r["code"], r[c]) for r in rows for c in ("description", "family")]
        assert [c for c in cells if not c[1] or c[1] != " ".join(c[1].split())] == []

    def test_synonyms(self, path: Path) -> None:
        lists = [
            (r["code"], r["synonyms"].split("|"))
            for r in read_csv(path, CATALOGUE_COLUMNS)
            if r["synonyms"]
        ]
        assert [(c, s) for c, s in lists if any(not t or t != t.strip() for t in s)] == []
        assert [c for c, s in lists if len({t.lower() for t in s}) != len(s)] == []

    def test_axes_are_well_formed(self, path: Path) -> None:
        axes = [(r["code"], r["axes"]) for r in read_csv(path, CATALOGUE_COLUMNS) if r["axes"]]
        assert [a for a in axes if not AXES.fullmatch(a[1])] == []
        pairs = [(c, dict(p.split("=") for p in a.split(";")), a.count("=")) for c, a in axes]
        assert [c for c, d, n in pairs if len(d) != n] == []
        ranges = [(c, v) for c, d, _ in pairs for v in d.values() if ".." in v]
        assert [r for r in ranges if r[1] == ".." or not RANGE.fullmatch(r[1])] == []
        bounds = [(c, v.split("..")) for c, v in ranges if not v.startswith("..") and v[-1] != "."]
        assert [c for c, (low, high) in bounds if float(low) > float(high)] == []

    def test_one_family_tells_its_members_apart(self, path: Path) -> None:
        seen = Counter(
            (r["family"], r["axes"], r["description"]) for r in read_csv(path, CATALOGUE_COLUMNS)
        )
        assert [key for key, n in seen.items() if n > 1] == []
