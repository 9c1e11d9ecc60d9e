from __future__ import annotations

import gc
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import codesuggest
from codesuggest.errors import ModelDamagedError, ModelNotFoundError, UntrustedModelError
from codesuggest.model_directory import write_manifest

Change = Callable[[Path], object]


@pytest.fixture
def model(model_folder: Path, tmp_path: Path) -> Path:
    """A copy of the default model that a test may harm."""
    return Path(shutil.copytree(model_folder, tmp_path / "model"))


def edit_manifest(folder: Path, **changes: object) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**manifest, **changes}), encoding="utf-8")


def sign_again(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    write_manifest(folder, manifest["version"], manifest["releases"])


def flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def error_of_loading(path: Path) -> tuple[type[Exception], str]:
    """Return what loading raises; NumPy leaves the file of a broken archive open, so collect."""
    try:
        codesuggest.load(path)
    except Exception as error:
        found = (type(error), str(error))
    else:
        found = (AssertionError, "nothing was raised")
    gc.collect()
    return found


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_a_copy_loads_and_answers_the_same(
    model: Path, suggester: codesuggest.CodeSuggester
) -> None:
    text = "ASSESSMENT: Essential hypertension."
    copy = codesuggest.load(model)
    assert copy.suggest(text) == suggester.suggest(text)
    assert copy.path == model
    assert codesuggest.load(str(model)).suggest(text) == suggester.suggest(text)


def test_the_manifest_covers_every_file(model_folder: Path) -> None:
    manifest = json.loads((model_folder / "manifest.json").read_text(encoding="utf-8"))
    files = {
        p.relative_to(model_folder).as_posix() for p in model_folder.rglob("*") if p.is_file()
    } - {"manifest.json", "MODEL_CARD.md"}
    assert set(manifest["files"]) == files
    assert {
        name: hashlib.sha256((model_folder / name).read_bytes()).hexdigest() for name in files
    } == manifest["files"]
    assert set(manifest["releases"]) == {"ICD-10-CM", "CPT", "HCPCS"}
    assert manifest["version"]


def test_the_model_is_small_and_cannot_run_code(model_folder: Path) -> None:
    files = [p for p in model_folder.rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in files) < 40_000_000
    assert [p.name for p in files if p.suffix in {".pkl", ".pickle", ".joblib", ".py", ".so"}] == []
    assert (model_folder / "MODEL_CARD.md").stat().st_size > 500


@pytest.mark.parametrize("where", ["nowhere", "empty folder", "a file"])
def test_no_model_there(tmp_path: Path, where: str) -> None:
    path = tmp_path / "m"
    if where == "empty folder":
        path.mkdir()
    elif where == "a file":
        path.write_text("x", encoding="utf-8")
    with pytest.raises(ModelNotFoundError, match=r"no model at .*m"):
        codesuggest.load(path)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        pytest.param(lambda m: (m / "config.cfg").unlink(), "lacks the file config.cfg",
                     id="missing file"),
        pytest.param(lambda m: (m / "codesuggest_linker" / "ranker.json").unlink(),
                     "lacks the file codesuggest_linker/ranker.json", id="missing ranker"),
        pytest.param(lambda m: flip_a_byte(m / "codesuggest_linker" / "ranker.json"),
                     "ranker.json .*differs from its manifest", id="one bit"),
        pytest.param(lambda m: flip_a_byte(m / "codesuggest_mentions/diagnosis/bag_hash.npy"),
                     "bag_hash.npy .*differs from its manifest", id="one bit of an index"),
        pytest.param(lambda m: (m / "meta.json").write_bytes(b""), "meta.json .*differs",
                     id="emptied file"),
        pytest.param(lambda m: edit_manifest(m, format=99), "model format 99, expected 1",
                     id="other format"),
        pytest.param(lambda m: edit_manifest(m, format=None), "model format None",
                     id="no format"),
        pytest.param(lambda m: edit_manifest(m, releases={"ICD-10-CM": "FY2017"}),
                     "trained for ICD-10-CM FY2017, the library holds FY2026", id="other release"),
        pytest.param(lambda m: (m / "manifest.json").write_text("{", "utf-8"),
                     "manifest.json .*cannot be read", id="manifest cut off"),
        pytest.param(lambda m: (m / "manifest.json").write_text("[]", "utf-8"),
                     "manifest.json .*cannot be read", id="manifest a list"),
        pytest.param(lambda m: (m / "manifest.json").write_text("{}", "utf-8"),
                     "manifest.json .*cannot be read", id="manifest empty"),
        pytest.param(lambda m: (m / "manifest.json").write_bytes(b"\xff\xfe\x00"),
                     "manifest.json .*cannot be read", id="manifest not UTF-8"),
        pytest.param(lambda m: edit_manifest(m, files=[]), "manifest.json",
                     id="files a list"),
    ],
)  # fmt: skip
def test_a_damaged_model(model: Path, harm: Change, says: str) -> None:
    harm(model)
    with pytest.raises(ModelDamagedError, match=says):
        codesuggest.load(model)


def alter_ranker(folder: Path, key: str, value: object) -> None:
    path = folder / "codesuggest_linker" / "ranker.json"
    ranker = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**ranker, key: value}), encoding="utf-8")


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        pytest.param(lambda m: alter_ranker(m, "features", ["one"]), "other features",
                     id="other features"),
        pytest.param(lambda m: alter_ranker(m, "note_features", ["one"]), "other note features",
                     id="other note features"),
        pytest.param(lambda m: (m / "codesuggest_linker" / "ranker.json").write_text("{}", "utf-8"),
                     "ranker .*cannot be read", id="empty ranker"),
        pytest.param(lambda m: (m / "codesuggest_mentions/diagnosis/words.json").unlink(),
                     "alias index .*cannot be read", id="no words"),
        pytest.param(lambda m: (m / "codesuggest_mentions/procedure/idf.npy").write_bytes(b""),
                     "alias index .*cannot be read", id="empty array"),
        pytest.param(lambda m: (m / "codesuggest_linker" / "note_diagnosis.npz").write_bytes(b"no"),
                     "not a readable tree ensemble", id="no trees"),
        pytest.param(lambda m: cut_off(m / "codesuggest_linker" / "note_diagnosis.npz"),
                     "not a readable tree ensemble", id="trees cut off"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_model_that_is_signed_but_wrong(model: Path, harm: Change, says: str) -> None:
    harm(model)
    sign_again(model)
    error = error_of_loading(model)
    assert error[0] is ModelDamagedError
    assert re.search(says, error[1])


@pytest.mark.parametrize(
    "name", ["model.pkl", "x.pickle", "ranker.joblib", "hook.py", "lib.so", "deep/er/a.pkl"]
)
def test_files_that_can_run_code_are_refused(model: Path, name: str) -> None:
    file = model / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(UntrustedModelError, match=rf"{file.name}.*trusted=True"):
        codesuggest.load(model)
    sign_again(model)
    with pytest.raises(UntrustedModelError, match="can run code"):
        codesuggest.load(model)
    assert codesuggest.load(model, trusted=True).suggest("gout").model_version


def test_a_file_that_the_manifest_does_not_name_is_refused(model: Path) -> None:
    (model / "codesuggest_mentions" / "diagnosis" / "extra.npy").write_bytes(b"x")
    with pytest.raises(ModelDamagedError, match=r"extra\.npy"):
        codesuggest.load(model)


def test_the_manifest_cannot_point_outside(model: Path) -> None:
    outside = model.parent / "secret.txt"
    outside.write_text("x", encoding="utf-8")
    path = model / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["files"]["../secret.txt"] = hashlib.sha256(b"x").hexdigest()
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ModelDamagedError):
        codesuggest.load(model)


def test_two_processes_need_a_model_on_disk(model: Path) -> None:
    suggester = codesuggest.load(model)
    suggester.path = None
    with pytest.raises(codesuggest.CodeSuggestError, match="model on disk"):
        list(suggester.suggest_many(["gout"], n_process=2))
