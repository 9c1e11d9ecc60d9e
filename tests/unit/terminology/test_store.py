from __future__ import annotations

import hashlib
import json
import re
import zipfile
from pathlib import Path

import pytest
from publications import CPT_LONG, HCPCS_CSV, ORDER, PUBLICATIONS, SHARED, TABULAR, Made, workbook

from codesuggest.errors import TerminologyError
from codesuggest.terminology import store as store_module
from codesuggest.terminology.store import TerminologyStore

CPT = ("cpt_long", "cpt_medium", "cpt_short", "cpt_consumer", "cpt_clinician")


def put(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def snapshot(folder: Path) -> dict[str, str]:
    """Every file below the store with its digest, the lock aside."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture
def store(tmp_path: Path) -> TerminologyStore:
    return TerminologyStore(tmp_path / "own")


@pytest.fixture
def filled(store: TerminologyStore, tmp_path: Path) -> TerminologyStore:
    store.add([put(tmp_path, "order_2023.txt", ORDER), put(tmp_path, "tabular.xml", TABULAR)])
    return store


def test_empty_store(store: TerminologyStore) -> None:
    assert store.list() == ()
    assert store.verify() == ()
    assert not store.directory.exists()
    with pytest.raises(TerminologyError, match="no CPT; there is nothing"):
        store.load("CPT")


@pytest.mark.parametrize("made", [pytest.param(m, id=f) for f, m in PUBLICATIONS.items()])
def test_every_format_can_be_added(made: Made, store: TerminologyStore, tmp_path: Path) -> None:
    added = store.add([made.write(tmp_path)], release="2026")
    assert added
    assert set(store.list()) == set(added)
    assert store.verify() == ()
    for release in added:
        assert set(release.parts) == {made.format}
        if "codes.npz" in release.files:
            assert len(store.load(release.system, "2026")) == release.codes
        else:
            assert store.rows(release.system, "2026", made.format)
            with pytest.raises(TerminologyError, match="no codes"):
                store.load(release.system)


def test_tabular_keeps_tree_notes_and_synonyms(filled: TerminologyStore) -> None:
    table = filled.load("ICD-10-CM", "FY2024")
    assert table.codes == ["B10", "B10.1", "B10.9", "S12", "S12.XXXA", "S12.XXXD"]
    assert [c.code for c in table.children("S12")] == ["S12.XXXA", "S12.XXXD"]
    assert table.notes("B10.1")["excludes1"] == ("green fever (B11)",)
    assert table.notes("S12")["seventh"][0] == "A: initial encounter"
    assert table.valid_from is not None
    assert table.valid_from.isoformat() == "2023-10-01"
    assert filled.synonyms("ICD-10-CM", "FY2024") == {"B10.1": ("Azure lung",)}


def test_order_file_finds_parents(filled: TerminologyStore) -> None:
    table = filled.load("ICD-10-CM", "FY2023")
    parent = table.parent("S12.XXXA")
    assert parent is not None
    assert parent.code == "S12"
    assert not table.is_billable("B10")


def test_releases_are_listed_oldest_first(filled: TerminologyStore, tmp_path: Path) -> None:
    filled.add([put(tmp_path, "hcpcs_2025_OCT.csv", HCPCS_CSV)])
    filled.add([put(tmp_path, "hcpcs_2024_JAN.csv", HCPCS_CSV)])
    assert [release.name for release in filled.list()] == [
        "ICD-10-CM FY2023",
        "ICD-10-CM FY2024",
        "HCPCS 2024-01-01",
        "HCPCS 2025-10-01",
    ]
    assert filled.get("HCPCS").release == "2025-10-01"


def test_cpt_files_are_one_release(store: TerminologyStore, tmp_path: Path) -> None:
    (added,) = store.add([PUBLICATIONS[f].write(tmp_path) for f in CPT])
    # the long descriptors say the year, the others go with them
    assert (added.name, added.codes) == ("CPT 2025", 3)
    table = store.load("CPT")
    assert table.get("10004").title == "Removal of a star, first"
    assert "Star ablation" in store.synonyms("CPT")["10004"]
    assert "STAR REMOVAL 1ST" in store.synonyms("CPT")["10004"]


def test_files_of_one_release_join_over_calls(store: TerminologyStore, tmp_path: Path) -> None:
    store.add([PUBLICATIONS["cpt_short"].write(tmp_path)], release="2025")
    assert store.load("CPT").get("10004").title == "STAR REMOVAL 1ST"
    (joined,) = store.add([PUBLICATIONS["cpt_long"].write(tmp_path)])
    assert set(joined.parts) == {"cpt_short", "cpt_long"}
    assert store.load("CPT").get("10004").title == "Removal of a star, first"
    assert store.synonyms("CPT")["10004"] == ("STAR REMOVAL 1ST",)
    assert len(list(store.directory.glob("cpt-*"))) == 1
    assert store.verify() == ()


def test_ended_codes_and_modifiers_are_no_codes(store: TerminologyStore, tmp_path: Path) -> None:
    store.add([PUBLICATIONS["hcpcs_fixed_width"].write(tmp_path)])
    assert store.load("HCPCS").codes == ["A0021"]


def test_adding_twice_changes_nothing(filled: TerminologyStore, tmp_path: Path) -> None:
    before = filled.list()
    filled.add([put(tmp_path, "again.xml", TABULAR)])
    assert [r.files for r in filled.list()] == [r.files for r in before]
    assert filled.verify() == ()


# -- a failed import ---------------------------------------------------------------------------


def test_bad_file_leaves_everything_untouched(filled: TerminologyStore, tmp_path: Path) -> None:
    before = snapshot(filled.directory)
    good = put(tmp_path, "hcpcs_2025.csv", HCPCS_CSV)
    bad = put(tmp_path, "bad.txt", CPT_LONG + "what is this\r\n")
    with pytest.raises(TerminologyError, match=r"bad\.txt, line 9"):
        filled.add([good, bad])
    assert snapshot(filled.directory) == before


@pytest.mark.parametrize("step", ["_publish", "_carry_over"])
def test_failure_while_writing_leaves_everything_untouched(
    step: str, filled: TerminologyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, listed = snapshot(filled.directory), filled.list()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(TerminologyStore, step, fail)
    with pytest.raises(TerminologyError, match="No space left on device"):
        filled.add([put(tmp_path, "hcpcs_2025.csv", HCPCS_CSV)])
    monkeypatch.undo()
    assert snapshot(filled.directory) == before
    assert filled.list() == listed


def test_what_an_interrupted_import_left_is_swept(filled: TerminologyStore, tmp_path: Path) -> None:
    left = filled.directory / f"{store_module._ASIDE}x"
    left.mkdir()
    mine = put(filled.directory, "my notes.txt", "not ours")
    filled.add([put(tmp_path, "hcpcs_2025.csv", HCPCS_CSV)])
    assert not left.exists()
    assert mine.exists()


def test_two_files_of_one_format(store: TerminologyStore, tmp_path: Path) -> None:
    files = [put(tmp_path, "a_2025.csv", HCPCS_CSV), put(tmp_path, "b_2025.csv", HCPCS_CSV)]
    with pytest.raises(TerminologyError, match=r"b_2025\.csv: a second plain table"):
        store.add(files)
    assert not store.directory.exists()


def test_second_import_at_the_same_time(filled: TerminologyStore, tmp_path: Path) -> None:
    file = put(tmp_path, "hcpcs_2025.csv", HCPCS_CSV)
    with filled._locked(), pytest.raises(TerminologyError, match="another import is running"):
        filled.add([file])


# -- verify ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        pytest.param(lambda p: p.unlink(), "missing", id="missing"),
        pytest.param(lambda p: p.write_bytes(b"x"), "differs from the manifest", id="changed"),
        pytest.param(lambda p: (p.parent / "new").touch(), "not in the manifest", id="extra"),
    ],
)
def test_verify_finds(harm: object, problem: str, filled: TerminologyStore) -> None:
    stored = filled.get("ICD-10-CM", "FY2024")
    harm(filled.directory / stored.directory / "codes.npz")  # type: ignore[operator]
    (finding,) = filled.verify()
    assert (finding.release, finding.problem) == ("ICD-10-CM FY2024", problem)
    with pytest.raises(TerminologyError, match=problem):
        filled.load("ICD-10-CM", "FY2024")


def test_damaged_release_is_repaired_by_adding_it_again(
    filled: TerminologyStore, tmp_path: Path
) -> None:
    stored = filled.get("ICD-10-CM", "FY2024")
    (filled.directory / stored.directory / "tabular.json.gz").write_bytes(b"x")
    filled.add([put(tmp_path, "again.xml", TABULAR)])
    assert filled.verify() == ()


@pytest.mark.parametrize(
    "manifest",
    ["", "[]", '{"releases": 1}', '{"releases": [{}]}',
     json.dumps({"releases": [{"system": "CPT", "release": "2025", "directory": "../..",
                               "codes": 1, "parts": {}, "files": {}}]})],
    ids=["empty", "list", "number", "fields", "path outside"],
)  # fmt: skip
def test_damaged_manifest(manifest: str, filled: TerminologyStore) -> None:
    (filled.directory / "store.json").write_text(manifest, encoding="utf-8")
    with pytest.raises(TerminologyError, match="not a readable manifest"):
        filled.verify()


# -- diff --------------------------------------------------------------------------------------

OLD = "B101    Blue fever of lung\nB109    Blue fever\nB11     Green fever\nB12     Red fever\n"
NEW = (
    "B1011   Blue fever of left lung\nB1012   Blue fever of right lung\nB109    Blue fever, NOS\n"
    "B12     Red fever\nB13     Pink fever\n"
)


@pytest.fixture
def two_years(store: TerminologyStore, tmp_path: Path) -> TerminologyStore:
    store.add([put(tmp_path, "codes_2023.txt", OLD)])
    order = "".join(
        f"{i:05} {code:<7} {flag} {title:<60} {title}\n"
        for i, (code, flag, title) in enumerate(
            [
                ("B101", 0, "Blue fever of lung"),
                ("B1011", 1, "Blue fever of left lung"),
                ("B1012", 1, "Blue fever of right lung"),
                ("B109", 1, "Blue fever, NOS"),
                ("B12", 1, "Red fever"),
                ("B13", 1, "Pink fever"),
            ],
            1,
        )
    )
    store.add([put(tmp_path, "order_2024.txt", order)])
    return store


def test_diff(two_years: TerminologyStore) -> None:
    diff = two_years.diff("ICD-10-CM FY2023", "ICD-10-CM FY2024")
    assert diff.added == ("B10.11", "B10.12", "B13")
    assert diff.deleted == ("B10.1", "B11")
    assert diff.retitled == {"B10.9": ("Blue fever", "Blue fever, NOS")}
    assert diff.split == {"B10.1": ("B10.11", "B10.12")}
    assert not two_years.diff("ICD-10-CM FY2024", "ICD-10-CM FY2024")


@pytest.mark.parametrize(
    ("own", "added", "deleted", "retitled"),
    [
        pytest.param(["b101"], ("B10.11", "B10.12"), ("B10.1",), set(), id="split code"),
        pytest.param(["B10"], ("B10.11", "B10.12"), ("B10.1",), {"B10.9"}, id="header"),
        pytest.param(["B12"], (), (), set(), id="untouched"),
        pytest.param([], (), (), set(), id="none"),
    ],
)
def test_diff_of_own_codes(
    own: list[str],
    added: tuple[str, ...],
    deleted: tuple[str, ...],
    retitled: set[str],
    two_years: TerminologyStore,
) -> None:
    diff = two_years.diff("ICD-10-CM FY2023", "ICD-10-CM FY2024", own)
    assert (diff.added, diff.deleted, set(diff.retitled)) == (added, deleted, retitled)


@pytest.mark.parametrize(
    "names",
    [("ICD-10-CM FY2023", "CPT 2025"), ("FY2023", "FY2024"), ("ICD-10-CM FY1999",) * 2],
    ids=["two systems", "no system", "not there"],
)
def test_diff_refuses(names: tuple[str, str], two_years: TerminologyStore) -> None:
    with pytest.raises(TerminologyError):
        two_years.diff(*names)


def test_diff_reads_the_conversion_table(two_years: TerminologyStore, tmp_path: Path) -> None:
    rows = [["Current code assignment", "Effective", "Previous Code(s)"], ["B13", "2023", "B12"]]
    two_years.add([put(tmp_path, "conversion_FY2024.xlsx", workbook(rows))])
    diff = two_years.diff("ICD-10-CM FY2023", "ICD-10-CM FY2024", ["B12"])
    assert diff.split == {"B12": ("B13",)}
    assert diff.added == ("B13",)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="no shared corpora beside the repository")
def test_diff_equals_the_publishers_addenda(store: TerminologyStore, tmp_path: Path) -> None:
    """FY2025 is made from FY2026 and its addenda; the diff must give the addenda back."""
    with zipfile.ZipFile(SHARED / "icd10cm-Code_Descriptions-2026.zip") as archive:
        addenda = archive.read("icd10cm-codes-addenda-2026.txt").decode().splitlines()
        codes = archive.read("icd10cm-codes-2026.txt").decode()
    titles = {line[:7].strip(): line[8:].strip() for line in codes.splitlines()}
    changes: dict[str, dict[str, str]] = {}
    for line in addenda:
        match = re.match(r"(Add|Delete|Revise from|Revise to):\s+(\w+)\s+(.*\S)", line)
        if match:
            changes.setdefault(match[1], {})[match[2]] = match[3]
    before = {c: t for c, t in titles.items() if c not in changes["Add"]}
    before |= changes["Delete"] | changes["Revise from"]
    assert changes["Add"]
    old = "".join(f"{code:<7} {title}\n" for code, title in sorted(before.items()))
    store.add([put(tmp_path, "codes_2025.txt", old), put(tmp_path, "codes_2026.txt", codes)])
    diff = store.diff("ICD-10-CM FY2025", "ICD-10-CM FY2026")
    bare = [code.replace(".", "") for code in diff.added]
    assert bare == sorted(changes["Add"])
    assert [code.replace(".", "") for code in diff.deleted] == sorted(changes["Delete"])
    assert {c.replace(".", "") for c in diff.retitled} == set(changes["Revise from"])
