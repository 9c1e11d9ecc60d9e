"""The command line: every format parses, every bad input is one line, nothing quotes a note."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

import codesuggest
from codesuggest.cli import app
from codesuggest.errors import InputError
from codesuggest.schema import FRAME_COLUMNS, SuggestionSet
from codesuggest.training.benchmark import read_texts, resident_mb

if TYPE_CHECKING:
    from codesuggest import CodeSuggester

SECRET = "Zebediah Quux"
NOTE = f"{SECRET} came in.\nASSESSMENT: Essential hypertension. Denies chest pain.\n"
COMMANDS = {c.name or c.callback.__name__: c for c in app.registered_commands if c.callback}


@pytest.fixture
def run(suggester: CodeSuggester, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command on the model that is loaded already."""
    monkeypatch.setattr("codesuggest.suggester.load", lambda *_, **__: suggester)
    monkeypatch.setenv("COLUMNS", "110")
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def call(*arguments: str | Path, stdin: bytes | str | None = None) -> Any:
        return CliRunner().invoke(app, [str(a) for a in arguments], input=stdin)

    return call


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "one.txt"
    path.write_text(NOTE, encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    (folder / "deeper").mkdir(parents=True)
    for name in ("b.txt", "a.txt", "deeper/c.TXT"):
        (folder / name).write_text(NOTE, encoding="utf-8")
    (folder / "skipped.md").write_text("no note", encoding="utf-8")
    return folder


# -- documentation ---------------------------------------------------------------------------


def test_the_commands_are_these() -> None:
    assert set(COMMANDS) >= {
        "suggest", "search", "show", "benchmark", "evaluate", "evaluate-noise",
        "evaluate-sections", "compare", "version",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_says_what_it_does(name: str) -> None:
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    assert command.help
    assert [p.name for p in command.params if not getattr(p, "help", None)] == []


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_shows_every_option(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"})
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    options = [o for p in command.params for o in p.opts if o.startswith("--")]
    assert result.exit_code == 0
    assert [o for o in options if o not in result.stdout] == []


def test_help_needs_no_model() -> None:
    code = (
        "import codesuggest.cli, sys;"
        "print([m for m in ('spacy', 'numpy', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


# -- suggest ---------------------------------------------------------------------------------


def test_table_shows_codes_with_their_words(run: Any, note: Path) -> None:
    result = run("suggest", note)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    recommended = result.stdout.split("Recommended")[1]
    row = next(line for line in recommended.splitlines() if "I10" in line)
    assert "ICD-10-CM" in row
    assert "“Essential hypertension”" in row
    assert "ASSESSMENT" in recommended
    refused = result.stdout.split("Found and not coded")[1]
    assert "negated" in refused
    assert "“Denies”" in refused
    assert "ICD-10-CM FY2026" in result.stdout


@pytest.mark.parametrize("columns", ["80", "110", "120"])
def test_table_keeps_to_the_width(
    run: Any, notes_folder: Path, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    result = run("suggest", notes_folder / "office_visit.txt")
    assert max(map(len, result.stdout.splitlines())) <= int(columns)


def test_json_reads_back(run: Any, note: Path) -> None:
    (row,) = json.loads(run("suggest", note, "--format", "json").stdout)
    result = SuggestionSet.from_dict(row)
    assert result.note_id == str(note)
    assert result.recommended[0].code == "I10"


def test_jsonl_is_one_line_a_note_in_order(run: Any, folder: Path) -> None:
    lines = run("suggest", folder, "--format", "jsonl").stdout.splitlines()
    names = [Path(json.loads(line)["note_id"]).name for line in lines]
    assert names == ["a.txt", "b.txt", "c.TXT"]


def test_csv_has_the_columns_of_the_frame(run: Any, folder: Path) -> None:
    result = run("suggest", folder, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout, newline="")))
    assert tuple(rows[0]) == FRAME_COLUMNS
    assert {Path(row["note_id"]).name for row in rows} == {"a.txt", "b.txt", "c.TXT"}
    assert NOTE[int(rows[0]["start_char"]) : int(rows[0]["end_char"])] == rows[0]["evidence"]


def test_html_is_one_page(run: Any, folder: Path) -> None:
    result = run("suggest", folder, "--format", "html")
    assert result.stdout.count("<!DOCTYPE html>") == 1
    assert result.stdout.count("<article") == 3


def test_standard_input(run: Any) -> None:
    (row,) = json.loads(run("suggest", "-", "--format", "json", stdin=NOTE).stdout)
    assert row["note_id"] == "-"
    assert row["suggestions"][0]["code"] == "I10"


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv", "html"])
def test_output_is_the_file(run: Any, note: Path, tmp_path: Path, form: str) -> None:
    target = tmp_path / "out"
    result = run("suggest", note, "--format", form, "--output", target)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert "I10" in target.read_text(encoding="utf-8")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.txt", "out"]


def test_a_note_named_twice_is_read_once(run: Any, folder: Path) -> None:
    result = run("suggest", folder, folder / "a.txt", "--format", "jsonl")
    assert len(result.stdout.splitlines()) == 3


def test_options_reach_the_model(run: Any, note: Path) -> None:
    arguments = ["--setting", "ed", "--date", "2026-03-01", "--system", "icd10cm", "--top-k", "1"]
    (row,) = json.loads(run("suggest", note, *arguments, "--format", "json").stdout)
    assert (row["setting"], row["setting_guessed"]) == ("ed", False)
    assert [s["system"] for s in row["suggestions"]] == ["ICD-10-CM"]
    assert row["warnings"] == []


def test_systems_repeat(run: Any, note: Path) -> None:
    arguments = ["--system", "CPT", "--system", "hcpcs", "--format", "json"]
    (row,) = json.loads(run("suggest", note, *arguments).stdout)
    assert not {s["system"] for s in row["suggestions"]} & {"ICD-10-CM"}


@pytest.mark.parametrize("form", ["table", "jsonl"])
def test_a_date_without_a_release_is_noticed_once(run: Any, folder: Path, form: str) -> None:
    result = run("suggest", folder, "--date", "2031-01-01", "--format", form)
    assert result.exit_code == 0
    if form == "table":
        assert result.stdout.count("no loaded release is valid on 2031-01-01") == 3
    else:
        assert result.stderr.count("no loaded release is valid on 2031-01-01") == 1


def test_an_empty_note_gives_an_empty_set(run: Any, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_bytes(b" \n")
    result = run("suggest", empty)
    assert result.exit_code == 0
    assert "Nothing was found" in result.stdout


def test_a_note_cannot_drive_the_terminal(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "escape.txt"
    path.write_bytes(b"ASSESSMENT:\x1b[2J gout\x00 \x1b]0;title\x07 flare\r\nDenies \x1b[31mfever.")
    result = run("suggest", path)
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert "\x00" not in result.stdout


@pytest.mark.slow
def test_workers_change_nothing(suggester: CodeSuggester, notes_folder: Path) -> None:
    alone, together = (
        CliRunner().invoke(app, ["suggest", str(notes_folder), "--format", "jsonl", "--workers", n])
        for n in ("1", "2")
    )
    assert alone.exit_code == 0, alone.output
    assert alone.stdout == together.stdout


# -- bad input -------------------------------------------------------------------------------


def bad_bytes(folder: Path) -> str:
    path = folder / "latin1.txt"
    path.write_bytes(b"ab\n" + SECRET.encode() + b" caf\xe9")
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["NOTE", "--setting", "moon"], "unknown setting 'moon'"),
        (["NOTE", "--system", "ICD-9"], "unknown system 'ICD-9'"),
        (["NOTE", "--date", "03/01/2026"], "YYYY-MM-DD"),
        (["NOTE", "--date", "2026-02-30"], "YYYY-MM-DD"),
        (["NOTE", "--output", "NOTE"], "is one of the notes"),
        (["NOTE", "--output", "DIR/absent/out.json"], "out.json: No such file or directory"),
        (["NOTE", "--output", "DIR"], "is a folder"),
        (["DIR/absent.txt"], "absent.txt: no such file or folder"),
        (["DIR/void"], "void: no .txt file in this folder"),
        (["BAD"], "latin1.txt: not UTF-8 at byte offset 20"),
        (["BAD", "DIR/absent.txt"], "none of the notes could be read"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_red_line(
    run: Any, note: Path, tmp_path: Path, arguments: list[str], says: str
) -> None:
    (tmp_path / "void").mkdir()
    names = {"NOTE": str(note), "DIR": str(tmp_path), "BAD": bad_bytes(tmp_path)}
    filled = [names.get(a, a.replace("DIR", str(tmp_path))) for a in arguments]
    result = run("suggest", *filled)
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.output
    assert SECRET not in result.output
    assert len(result.stderr.splitlines()) == (
        3 if len(arguments) == 2 and "BAD" in arguments else 1
    )
    assert note.read_text(encoding="utf-8") == NOTE


@pytest.mark.parametrize(
    "arguments",
    [
        ["suggest"],
        ["suggest", "x", "--format", "xml"],
        ["suggest", "x", "--top-k", "0"],
        ["suggest", "x", "--workers", "0"],
        ["search"],
        ["benchmark", "--limit", "0"],
        ["nonsense"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2(run: Any, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_one_bad_note_among_many_is_named_and_left_out(
    run: Any, note: Path, tmp_path: Path
) -> None:
    result = run("suggest", bad_bytes(tmp_path), note, tmp_path / "absent", "--format", "jsonl")
    assert result.exit_code == 1
    assert [json.loads(line)["note_id"] for line in result.stdout.splitlines()] == [str(note)]
    assert "latin1.txt: not UTF-8 at byte offset 20" in result.stderr
    assert "absent: no such file" in result.stderr
    assert SECRET not in result.output


def test_bad_standard_input_is_named(run: Any) -> None:
    result = run("suggest", "-", stdin=b"\xff")
    assert result.exit_code == 2
    assert "standard input: not UTF-8 at byte offset 0" in result.stderr


def test_a_note_too_long_is_named(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("gout " * 250_000, encoding="utf-8")
    result = run("suggest", path)
    assert result.exit_code == 2
    assert "long.txt: 1,250,000 characters, the limit is 1,000,000" in result.stderr


def test_a_missing_model_is_named(note: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["suggest", str(note), "--model", str(tmp_path)])
    assert result.exit_code == 2
    assert "no model at" in result.stderr


def test_trust_is_passed_on(note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def load(path: object, *, trusted: bool) -> None:
        asked.extend((path, trusted))
        raise InputError("enough")

    monkeypatch.setattr("codesuggest.suggester.load", load)
    CliRunner().invoke(app, ["suggest", str(note), "--model", "m", "--trusted"])
    assert asked == [Path("m"), True]


def test_a_defect_quotes_no_note(note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: object, **__: object) -> None:
        raise ValueError(NOTE)

    monkeypatch.setattr("codesuggest.suggester.load", load)
    result = CliRunner().invoke(app, ["suggest", str(note)])
    assert result.exit_code == 3
    assert "ValueError at test_cli.py" in result.stderr
    assert SECRET not in result.output
    assert "Traceback" not in result.output


def test_a_failed_run_leaves_the_old_output(run: Any, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    target.write_text("old", encoding="utf-8")
    run("suggest", bad_bytes(tmp_path), "--format", "json", "--output", target)
    assert target.read_text(encoding="utf-8") == "old"


@pytest.mark.skipif(sys.platform == "win32", reason="names are Unicode there")
def test_a_name_that_is_not_utf8_is_written(run: Any, tmp_path: Path) -> None:
    path = Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9.txt"))
    path.write_text(NOTE, encoding="utf-8")
    result = run("suggest", tmp_path, "--format", "jsonl")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["note_id"].endswith("caf\ufffd.txt")


# -- search and show -------------------------------------------------------------------------


def test_search_formats(run: Any) -> None:
    words = ["search", "hypertension", "essential", "--top-k", "3"]
    assert "I10" in run(*words).stdout
    records = json.loads(run(*words, "--format", "json").stdout)
    assert records[0] == {
        "system": "ICD-10-CM", "code": "I10", "title": "Essential (primary) hypertension",
        "billable": True,
    }  # fmt: skip
    total, codes, nothing, rows = json.loads(run(*words, "--format", "nlm").stdout)
    assert (total, nothing) == (len(records), None)
    assert codes == [r["code"] for r in records] == [row[0] for row in rows]


def test_search_shows_the_tree(run: Any) -> None:
    lines = [
        line.split() for line in run("search", "ckd", "3b", "--top-k", "2").stdout.splitlines()
    ]
    codes = [line[0] for line in lines if line and line[0].startswith("N18")]
    assert ["ICD-10-CM", "N18", "Chronic"] in [line[:3] for line in lines]
    assert codes[0] == "N18.32"


def test_search_with_notes(run: Any) -> None:
    words = ["search", "type 2 diabetes", "--top-k", "1", "--notes"]
    shown = " ".join(run(*words).stdout.split())
    assert "Excludes1: diabetes mellitus due to underlying condition (E08.-)" in shown
    assert "Use additional code: code to identify control using: injectable" in shown
    (record,) = json.loads(run(*words, "--format", "json").stdout)
    assert record["category"]["code"] == "E11"
    assert any("E08.-" in text for text in record["category"]["notes"]["excludes1"])
    # what the category says is not said again
    assert [t for t in record["notes"]["excludes1"] if "E08.-" in t] == []


def test_search_in_another_system(run: Any) -> None:
    result = run("search", "knee x-ray", "--system", "cpt", "--format", "json")
    assert {r["system"] for r in json.loads(result.stdout)} == {"CPT"}


@pytest.mark.parametrize(
    ("code", "system", "found", "status"),
    [
        ("e1122", "ICD-10-CM", "E11.22", "valid"),
        ("E11", "ICD-10-CM", "E11", "header"),
        ("S82.201", "ICD-10-CM", "S82.201", "seventh_missing"),
        ("99213", "CPT", "99213", "valid"),
        ("j3301", "HCPCS", "J3301", "valid"),
    ],
)
def test_show_finds_the_system(run: Any, code: str, system: str, found: str, status: str) -> None:
    result = run("show", code, "--format", "json")
    record = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (record["system"], record["code"], record["status"]) == (system, found, status)
    assert record["billable"] is (status == "valid")


def test_show_says_where_a_code_stands(run: Any) -> None:
    shown = run("show", "E11.22").stdout
    for words in ("FY2026, 2025-10-01 to 2026-09-30", "reportable", "E11.2 ", "Excludes1", "P70.2"):
        assert words in shown


def test_show_says_why_a_code_is_not_reportable(run: Any) -> None:
    shown = run("show", "S82.201").stdout
    assert "not reportable: S82.201 needs a 7th character" in shown
    assert "S82.201A" in shown


@pytest.mark.parametrize("code", ["E11.99", "zzz", "J99.99", ""])
def test_show_of_an_unknown_code_is_exit_code_1(run: Any, code: str) -> None:
    result = run("show", code)
    assert result.exit_code == 1
    assert "not reportable" in result.stdout


def test_show_keeps_to_the_system_asked(run: Any) -> None:
    result = run("show", "99213", "--system", "HCPCS", "--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["system"] == "HCPCS"


# -- benchmark and version -------------------------------------------------------------------


def test_benchmark_compares_in_one_run(run: Any, folder: Path) -> None:
    result = run("benchmark", folder, "--limit", "1", "--format", "json")
    record = json.loads(result.stdout)
    assert record["n_texts"] == 1
    assert record["n_words"] == len(NOTE.split())
    assert [t["name"] for t in record["timings"]][-1] == "spacy.blank('en')"
    assert record["timings"][-1]["ratio"] == 1
    assert all(t["ms_per_400_words"] > 0 for t in record["timings"])
    assert all(t["p95_ms"] > 0 for t in record["timings"])
    assert record["n_warm_up"] == 12
    assert record["load_seconds"] >= 0


def test_benchmark_prints_a_table(run: Any, note: Path) -> None:
    shown = run("benchmark", note).stdout
    for words in ("ms per 400 words", "95 % within", "characters a second", "resident memory"):
        assert words in shown


def test_benchmark_has_notes_of_its_own() -> None:
    assert len(read_texts()) == 4


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"text": "a"}\nnot json\n', "line 2: not JSON"),
        (b'{"txt": "a"}\n', "line 1: expected an object with a string 'text'"),
        (b"[]\n", "line 1: expected"),
        (b"", "no text to measure on"),
        (b'{"text": "\xff"}', "not UTF-8 at byte offset 10"),
    ],
    ids=["no json", "no text", "no object", "empty", "encoding"],
)
def test_benchmark_names_what_it_cannot_read(
    run: Any, tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_bytes(content)
    result = run("benchmark", path)
    assert result.exit_code == 2
    assert says in result.stderr


# -- evaluate and compare --------------------------------------------------------------------


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold.jsonl"
    rows = [
        {"id": "n1", "text": NOTE, "traps": [{"quote": "chest pain", "why": "negated"}],
         "must": [{"system": "ICD-10-CM", "code": "I10", "evidence": ["Essential hypertension"]},
                  {"system": "ICD-10-CM", "code": "R07.9", "evidence": ["chest pain"]}]},
        {"id": "n2", "text": "", "must": [{"system": "ICD-10-CM", "code": "I10"}]},
    ]  # fmt: skip
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return path


def test_evaluate_prints_figures_with_intervals(run: Any, gold: Path) -> None:
    shown = run("evaluate", gold, "--resamples", "100").stdout
    for words in (
        "2 coded notes",
        "0.333",
        "macro F1",
        "MAP",
        "candidate recall at 50",
        "ruled out",
    ):
        assert words in shown


def test_evaluate_as_json_can_be_compared(run: Any, gold: Path, tmp_path: Path) -> None:
    saved = tmp_path / "first.json"
    result = run("evaluate", gold, "--resamples", "100", "--format", "json")
    record = json.loads(result.stdout)
    assert record["figures"]["ICD-10-CM"]["recall"]["value"] == pytest.approx(1 / 3, abs=1e-4)
    saved.write_text(result.stdout, encoding="utf-8")
    same = run("compare", saved, saved, "--resamples", "100", "--format", "json")
    differences = json.loads(same.stdout)["differences"]["ICD-10-CM"]
    assert {d["difference"] for d in differences.values()} == {0}
    assert "f1" in differences


def test_evaluate_writes_a_report_without_note_text(run: Any, gold: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    assert run("evaluate", gold, "--resamples", "100", "--out", out).exit_code == 0
    files = sorted(out.iterdir())
    assert [f.name for f in files] == ["evaluation.html", "evaluation.json", "evaluation.md"]
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert [w for w in (SECRET, "Essential hypertension", "chest pain") if w in text] == []
        assert "n1" in text


def test_evaluate_quotes_words_only_when_told(run: Any, gold: Path) -> None:
    result = run("evaluate", gold, "--resamples", "100", "--words", "--format", "json")
    assert "chest pain" in [m["words"] for m in json.loads(result.stdout)["mistakes"]]


def test_compare_of_models(run: Any, gold: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    result = run("compare", *folders, "--on", gold, "--resamples", "100", "--out", out)
    assert result.exit_code == 0
    assert "2 coded notes" in result.stdout
    assert sorted(f.name for f in out.iterdir()) == [
        "comparison.html", "comparison.json", "comparison.md",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["DIR", "DIR"], "is a model; say with --on which coded notes"),
        (["DIR/absent.json", "DIR"], "absent.json: No such file"),
        (["GOLD", "GOLD"], "not JSON in UTF-8"),
    ],
    ids=["no notes", "absent", "no evaluation"],
)
def test_compare_says_what_is_wrong(
    run: Any, gold: Path, tmp_path: Path, arguments: list[str], says: str
) -> None:
    filled = [a.replace("DIR", str(tmp_path)).replace("GOLD", str(gold)) for a in arguments]
    result = run("compare", *filled)
    assert result.exit_code == 2
    assert says in result.stderr


def test_evaluate_noise(run: Any, gold: Path) -> None:
    rows = json.loads(run("evaluate-noise", gold, "--format", "json").stdout)["rows"]
    assert [r["style"] for r in rows][:3] == ["clean", "upper case", "lower case"]
    assert "3 % typos" in run("evaluate-noise", gold).stdout


def test_evaluate_sections(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "sections.jsonl"
    path.write_text('{"section": "CC", "text": "pain"}\n', encoding="utf-8")
    record = json.loads(run("evaluate-sections", path, "--format", "json").stdout)
    assert record["styles"]["colon"]["usual_header"] == 1
    assert "100.0 %" in run("evaluate-sections", path).stdout


def test_memory_is_that_of_a_process() -> None:
    memory = resident_mb()
    assert memory is None or 10 < memory < 100_000


def test_version(run: Any) -> None:
    assert run("version").stdout == f"codesuggest {codesuggest.__version__}\n"
