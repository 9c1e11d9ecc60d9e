from __future__ import annotations

import json
from pathlib import Path

import pytest

from codesuggest.errors import TrainingDataError
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.releases import load_release
from codesuggest.terminology.words import DATA, read_csv
from codesuggest.training.linking import CodedName, folds_of, read_names, recall_at

NAMES = [
    CodedName(f"name {i}", rows, disease, "doid")
    for i, (rows, disease) in enumerate(
        [((1,), "A"), ((1, 2), "B"), ((2,), "C"), ((3,), "A"), ((4,), "D"), ((5,), "E")] * 4
    )
]


@pytest.fixture(scope="module")
def icd() -> CodeSystem:
    return load_release("ICD-10-CM")


def write(folder: Path, doid: str, mondo: str = "") -> Path:
    terms = folder / "corpora" / "terms"
    terms.mkdir(parents=True)
    (terms / "doid.jsonl").write_text(doid, encoding="utf-8")
    (terms / "mondo.jsonl").write_text(mondo, encoding="utf-8")
    return folder


def line(name: str, code: str, billable: bool = True) -> str:
    return json.dumps({"name": name, "code": code, "id": "X:1", "billable": billable}) + "\n"


@pytest.mark.parametrize(
    ("split", "key"),
    [
        ("name", lambda n: n.name),
        ("disease", lambda n: n.disease),
        # rows 1 and 2 hang together through the second name
        ("code", lambda n: 1 if n.rows[0] == 2 else n.rows[0]),
    ],
    ids=["name", "disease", "code"],
)
def test_one_group_one_fold(split: str, key: object) -> None:
    folds = folds_of(NAMES, split, n_folds=2)
    of_group: dict[object, set[int]] = {}
    for name, fold in zip(NAMES, folds.tolist(), strict=True):
        of_group.setdefault(key(name), set()).add(fold)  # type: ignore[operator]
    assert all(len(f) == 1 for f in of_group.values())
    assert set(folds.tolist()) == {0, 1}
    assert folds.tolist() == folds_of(NAMES, split, n_folds=2).tolist()


def test_recall_counts_every_code_of_a_name() -> None:
    names = [CodedName("a", (1, 2), "A", "doid"), CodedName("b", (3,), "B", "doid")]
    ranked = [[1, 7, 2], []]
    assert recall_at(names, ranked, "doid") == {"R@1": 0.333, "R@5": 0.667, "R@20": 0.667}
    assert recall_at(names, ranked, "mondo") == {"R@1": 0.0, "R@5": 0.0, "R@20": 0.0}


def test_a_name_on_two_lines_has_two_codes(tmp_path: Path, icd: CodeSystem) -> None:
    folder = write(tmp_path, line("gout", "M10.9") + line("gout", "I10") + line("x", "M10", False))
    (name,) = read_names(folder, icd)
    assert [icd.codes[row] for row in name.rows] == ["M10.9", "I10"]
    assert (name.name, name.disease, name.source) == ("gout", "X:1", "doid")


@pytest.mark.parametrize(
    "bad",
    ["{", "[]", '{"name": "gout"}', line("gout", "M99.999")],
    ids=["no JSON", "no object", "no code", "unknown code"],
)
def test_a_bad_line_is_named(tmp_path: Path, icd: CodeSystem, bad: str) -> None:
    with pytest.raises(TrainingDataError, match=r"doid\.jsonl, line 2"):
        read_names(write(tmp_path, line("gout", "M10.9") + bad), icd)


def test_a_missing_file_is_named(tmp_path: Path, icd: CodeSystem) -> None:
    with pytest.raises(TrainingDataError, match=r"mondo\.jsonl"):
        read_names(tmp_path, icd)


def test_names_of_rare_diseases_have_reportable_codes(icd: CodeSystem) -> None:
    rows = read_csv(DATA / "lexicon" / "rare_names.csv", ("name", "code", "note"))
    assert len(rows) > 500
    assert [r for r in rows if r["code"] not in icd or not icd.is_billable(r["code"])] == []
    assert len({(r["name"].lower(), r["code"]) for r in rows}) == len(rows)
    assert {r["note"] for r in rows} == {"own"}


def test_none_of_them_is_a_name_of_the_corpora(icd: CodeSystem, shared: Path) -> None:
    corpus = {n.name.lower() for n in read_names(shared, icd)}
    rows = read_csv(DATA / "lexicon" / "rare_names.csv", ("name", "code", "note"))
    assert [r["name"] for r in rows if r["name"].lower() in corpus] == []
