"""``codesuggest terminology``: add, list, diff, verify; and the encounter date of ``show``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from codesuggest.cli import app
from codesuggest.terminology.own_release import VARIABLE

CPT = "code,title\n99213,Moonlit visit\n0999T,Antenna swap\n"
OLD = "B101    Blue fever of lung\nB109    Blue fever\nB11     Green fever\nB12     Red fever\n"
NEW = (
    "B1011   Blue fever of left lung\nB1012   Blue fever of right lung\nB109    Blue fever, NOS\n"
    "B12     Red fever\nB13     Pink fever\n"
)
SECRET = "Zebediah Quux"


def run(*arguments: str | Path) -> Any:
    return CliRunner().invoke(
        app, ["terminology", *(str(a) for a in arguments)], env={"COLUMNS": "110"}
    )


def records(*arguments: str | Path) -> Any:
    result = run(*arguments, "--format", "json")
    return json.loads(result.stdout)


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A directory with a CPT release and two years of ICD-10-CM."""
    for name, text in (("cpt_2026.csv", CPT), ("codes_2022.txt", OLD), ("codes_2023.txt", NEW)):
        assert run("add", put(tmp_path, name, text), "--into", tmp_path / "own").exit_code == 0
    return tmp_path / "own"


GROUP = typer.main.get_command(app).commands["terminology"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["add", "diff", "list", "verify"])
def test_a_command_says_what_it_does(name: str) -> None:
    command = GROUP.commands[name]
    assert command.help
    assert [p.name for p in command.params if not getattr(p, "help", None)] == []


def test_these_are_the_commands() -> None:
    assert sorted(GROUP.commands) == ["add", "diff", "list", "verify"]


# -- add ---------------------------------------------------------------------------------------


def test_add_says_what_it_read(tmp_path: Path) -> None:
    added = records("add", put(tmp_path, "cpt_2026.csv", CPT), "--into", tmp_path / "own")
    assert added == [
        {
            "system": "CPT", "release": "2026", "valid_from": "2026-01-01",
            "valid_to": "2026-12-31", "codes": 2, "in_use": True, "shipped": False,
            "parts": {"plain_table": "cpt_2026.csv"},
        }
    ]  # fmt: skip


def test_add_takes_several_files_and_a_name(tmp_path: Path) -> None:
    files = [put(tmp_path, "a.csv", CPT), put(tmp_path, "b.txt", OLD)]
    added = records("add", *files, "--into", tmp_path / "own", "--release", "1999")
    assert [(r["system"], r["release"], r["in_use"]) for r in added] == [
        ("CPT", "1999", True),
        ("ICD-10-CM", "1999", False),
    ]


def test_add_into_the_directory_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine"))
    assert run("add", put(tmp_path, "cpt_2026.csv", CPT)).exit_code == 0
    assert (tmp_path / "mine" / "store.json").is_file()
    shown = CliRunner().invoke(app, ["show", "99213", "--format", "json"])
    assert json.loads(shown.stdout)["title"] == "Moonlit visit"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("code,title\n99213,a,b\n", "bad.csv, line 2: "),
        ("code,title\n99213,a\n99213,b\n", "bad.csv, line 3: "),
        ("nothing of ours\n", "bad.csv, line 1: of no known kind"),
    ],
    ids=["fields", "twice", "unknown kind"],
)
def test_a_bad_file_changes_nothing(own: Path, tmp_path: Path, text: str, says: str) -> None:
    before = records("list", "--from", own)
    good = put(tmp_path, "hcpcs_2025.csv", "code,title\nA0021,Moon ride\n")
    result = run("add", good, put(tmp_path, "bad.csv", text), "--into", own)
    assert result.exit_code == 2
    assert says in result.stderr
    assert "Traceback" not in result.output
    assert records("list", "--from", own) == before
    assert run("verify", "--from", own).exit_code == 0


# -- list and verify -----------------------------------------------------------------------------


def test_list_says_what_is_in_use(own: Path) -> None:
    listed = [(r["system"], r["release"], r["in_use"]) for r in records("list", "--from", own)]
    assert listed == [
        ("ICD-10-CM", "FY2026", True),
        ("ICD-10-CM", "FY2022", False),
        ("ICD-10-CM", "FY2023", False),
        ("CPT", "starter 2026", False),
        ("CPT", "2026", True),
        ("HCPCS", "starter 2026", True),
    ]
    shown = run("list", "--from", own).stdout
    for words in ("FY2026", "2025-10-01 to 2026-09-30", "74,719", "shipped", "in use", "cpt_2026"):
        assert words in shown


def test_list_without_releases_of_ones_own() -> None:
    assert [r["shipped"] for r in records("list")] == [True, True, True]


def test_verify(own: Path) -> None:
    result = run("verify", "--from", own)
    assert (result.exit_code, result.stdout.strip()) == (
        0, "3 releases, every file as it was added",
    )  # fmt: skip
    (stored,) = own.glob("cpt-*")
    (stored / "codes.npz").write_bytes(b"x")
    result = run("verify", "--from", own)
    assert result.exit_code == 1
    assert "differs from the manifest" in result.stdout
    assert records("verify", "--from", own) == [
        {"release": "CPT 2026", "file": "codes.npz", "problem": "differs from the manifest"}
    ]


# -- diff --------------------------------------------------------------------------------------

NAMES = ("ICD-10-CM FY2022", "ICD-10-CM FY2023")


def test_diff(own: Path) -> None:
    assert records("diff", *NAMES, "--from", own) == {
        "before": "ICD-10-CM FY2022",
        "after": "ICD-10-CM FY2023",
        "added": [
            {"code": "B10.11", "title": "Blue fever of left lung"},
            {"code": "B10.12", "title": "Blue fever of right lung"},
            {"code": "B13", "title": "Pink fever"},
        ],
        "deleted": [
            {"code": "B10.1", "title": "Blue fever of lung"},
            {"code": "B11", "title": "Green fever"},
        ],
        "retitled": [{"code": "B10.9", "before": "Blue fever", "after": "Blue fever, NOS"}],
        "split": [],
    }
    shown = run("diff", *NAMES, "--from", own).stdout
    for words in ("3 added, 2 deleted, 1 retitled, 0 split", "Pink fever", "Blue fever, NOS"):
        assert words in shown


@pytest.mark.parametrize(
    ("text", "deleted", "retitled"),
    [
        pytest.param("B11\n", ["B11"], [], id="one a line"),
        pytest.param("code,count\nb109,12\nB11,3\n", ["B11"], ["B10.9"], id="CSV with a heading"),
        pytest.param('"B10.9"\t5\r\n\r\n', [], ["B10.9"], id="quoted, tabs, blank line"),
        pytest.param("B12\n", [], [], id="untouched"),
    ],
)
def test_diff_of_own_codes(
    own: Path, tmp_path: Path, text: str, deleted: list[str], retitled: list[str]
) -> None:
    path = put(tmp_path, "codes.csv", text)
    found = records("diff", *NAMES, "--from", own, "--codes", path)
    assert [c["code"] for c in found["deleted"]] == deleted
    assert [c["code"] for c in found["retitled"]] == retitled


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ICD-10-CM FY1999", "ICD-10-CM FY2026"), "no release 'ICD-10-CM FY1999'; there is"),
        (("CPT starter 2026", "HCPCS starter 2026"), "expected one system"),
    ],
    ids=["not there", "two systems"],
)
def test_diff_refuses(own: Path, arguments: tuple[str, str], says: str) -> None:
    result = run("diff", *arguments, "--from", own)
    assert result.exit_code == 2
    assert says in result.stderr


def test_a_line_without_a_code_is_named_and_not_repeated(own: Path, tmp_path: Path) -> None:
    path = put(tmp_path, "codes.csv", f"B11\n{SECRET}\n")
    result = run("diff", *NAMES, "--from", own, "--codes", path)
    assert result.exit_code == 2
    assert "codes.csv, line 2: expected a code of ICD-10-CM" in result.stderr
    assert SECRET not in result.output


# -- show on a day, search as a tree -------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "day", "status", "billable"),
    [
        ("A04.7", "2017-09-30", "valid", True),
        ("A04.7", "2017-10-01", "header", False),
        ("A04.71", "2017-09-30", "not_yet_valid", False),
        ("I10", "2026-10-01", "outside_release", False),
        ("T84.040A", "2020-01-01", "replaced", False),
    ],
)
def test_show_on_a_day(code: str, day: str, status: str, billable: bool) -> None:
    result = CliRunner().invoke(app, ["show", code, "--date", day, "--format", "json"])
    record = json.loads(result.stdout)
    assert (record["status"], record["billable"]) == (status, billable)


def test_show_says_until_when_a_code_was_valid() -> None:
    result = CliRunner().invoke(
        app, ["show", "A04.7", "--date", "2017-01-01"], env={"COLUMNS": "110"}
    )
    assert "reportable: valid until 2017-09-30, then A04.71 and A04.72 took over" in result.stdout


def test_show_refuses_a_day_that_is_none() -> None:
    assert CliRunner().invoke(app, ["show", "I10", "--date", "soon"]).exit_code == 2
