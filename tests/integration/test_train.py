"""Training through the public command and function, on a clinic that does not exist."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import codesuggest
from codesuggest.errors import InputError, ModelDamagedError, TrainingDataError
from codesuggest.model_directory import default_model
from codesuggest.training import Decision, train, update
from codesuggest.training.retrain import TrainingResult

#: The clinic's own word for a thing that has a code, and its habit for low back pain.
WORD, MEANT, HABIT, USUAL = "zorblitis", "L71.9", "M54.59", "M54.50"
OTHERS = (
    ("hypertension", "I10"), ("gout", "M10.9"), ("asthma", "J45.909"), ("migraine", "G43.909"),
    ("cough", "R05.9"), ("hypothyroidism", "E03.9"),
)  # fmt: skip
PLACES = ("cheeks", "nose", "chin", "forehead", "face")
PLANS = (
    "continue treatment", "cream twice daily", "exercises", "recheck in a month", "no change",
    "discussed at length", "labs today",
)  # fmt: skip


def clinic(folder: Path) -> tuple[Path, Path]:
    """Write 80 notes with one to three problems, in changing company and with changing plans."""
    notes, codes = [], []
    for number in range(80):
        name, code = OTHERS[number % len(OTHERS)]
        problems = [(name.capitalize(), code)]
        if number * 7 % 10 < 4:
            problems.append((f"{WORD.capitalize()} of the {PLACES[number % 5]}", MEANT))
        if number * 3 % 11 < 4:
            problems.append(("Low back pain", HABIT))
        lines = [
            f"{place}. {words}, {PLANS[(number // 3 + 2 * place) % len(PLANS)]}."
            for place, (words, _) in enumerate(problems, 1)
        ]
        text = f"Visit {number} of the year.\nASSESSMENT AND PLAN\n" + "\n".join(lines)
        notes.append({"note_id": f"n{number}", "text": text})
        codes.extend({"note_id": f"n{number}", "code": c} for _, c in problems)
    codes.append({"note_id": "nobody", "code": "I10"})
    paths = folder / "notes.csv", folder / "codes.csv"
    for path, rows in zip(paths, (notes, codes), strict=True):
        with path.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return paths


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    folder = tmp_path_factory.mktemp("clinic")
    steps: list[str] = []
    result = train(
        *clinic(folder),
        out=folder / "model",
        base=default_model(),
        checkpoint=folder / "checkpoint",
        progress=lambda step, share, seconds: steps.append(step),
    )
    assert list(dict.fromkeys(steps)) == ["reading notes", "reading notes again", "codes"]
    assert not (folder / "checkpoint").exists()
    return result


@pytest.fixture(scope="module")
def suggester(trained: TrainingResult) -> codesuggest.CodeSuggester:
    return trained.load()


#: Codes of the 80 notes.
N_CODES = 142
NEW = (
    "Visit of a new patient.\nASSESSMENT AND PLAN\n1. Zorblitis of the ears, cream.\n2. Low back "
    "pain, exercises."
)


def test_learns_a_made_up_wording(suggester: codesuggest.CodeSuggester) -> None:
    found = {s.code: s for s in suggester.suggest(NEW).recommended}
    assert MEANT in found
    evidence = found[MEANT].evidence[0]
    assert WORD in NEW[evidence.start_char : evidence.end_char].lower()
    assert MEANT not in {s.code for s in codesuggest.load().suggest(NEW)}


def test_a_learned_wording_can_be_denied(suggester: codesuggest.CodeSuggester) -> None:
    result = suggester.suggest("ASSESSMENT AND PLAN\n1. Gout, stable. She denies zorblitis.")
    assert MEANT not in {s.code for s in result}
    assert WORD in {m.mention.text.lower() for m in result.suppressed if m.reason == "negated"}


def test_learns_the_clinics_habit(suggester: codesuggest.CodeSuggester) -> None:
    found = {s.code: s.confidence for s in suggester.suggest(NEW)}
    assert HABIT in {s.code for s in suggester.suggest(NEW).recommended}
    assert found[HABIT] > found.get(USUAL, 0.0)


def test_keeps_what_the_clinic_does_not_code(suggester: codesuggest.CodeSuggester) -> None:
    note = "PROCEDURE: X-ray of the right knee, 3 views."
    before = [s for s in codesuggest.load().suggest(note) if s.system != "ICD-10-CM"]
    after = [s for s in suggester.suggest(note) if s.system != "ICD-10-CM"]
    assert before
    assert [(s.code, s.confidence) for s in after] == [(s.code, s.confidence) for s in before]


def test_leaves_a_model_directory_with_its_report(trained: TrainingResult) -> None:
    assert (trained.n_notes, trained.reading.n_codes) == (80, N_CODES)
    assert trained.reading.inferred == {"ICD-10-CM": N_CODES}
    assert (trained.path / "left_out.csv").read_text(encoding="utf-8").splitlines() == [
        "file,row,reason",
        f"codes.csv,{N_CODES + 2},a code of a note that is not there",
    ]
    figures = json.loads((trained.path / "figures.json").read_text(encoding="utf-8"))
    assert figures["ICD-10-CM on these notes"]["f1"] > 0.8
    card = (trained.path / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"Notes: 80; codes: {N_CODES}; rows left out: 1" in card
    assert trained.n_wordings >= 1


def test_a_damaged_site_model_is_told(trained: TrainingResult) -> None:
    from codesuggest.ranking.site import SiteModel

    with pytest.raises(ModelDamagedError, match="site model"):
        SiteModel.from_disk(trained.path / "vocab")


def test_refuses_a_folder_that_holds_something(trained: TrainingResult, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="already there"):
        train(*clinic(tmp_path), out=trained.path)


def test_refuses_too_few_notes(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text('{"id": "a", "text": "gout", "codes": ["M10.9"]}', encoding="utf-8")
    with pytest.raises(TrainingDataError, match="1 of the notes have codes"):
        train(path, out=tmp_path / "model")


DECIDED = "ASSESSMENT\n1. Flibber knee, brace.\n2. Gout."
AT = DECIDED.index("Flibber")


def test_update_learns_a_new_wording_at_once(tmp_path: Path) -> None:
    confirmed = Decision(DECIDED, AT, AT + 12, "M17.9", "confirmed", "ICD-10-CM")
    result = update(default_model(), [confirmed], out=tmp_path / "model")
    assert (result.n_decisions, result.n_wordings, result.verdicts) == (1, 1, {"confirmed": 1})
    note = "ASSESSMENT\n1. Flibber knee again.\n"
    assert "M17.9" in {s.code for s in result.load().suggest(note).recommended}
    assert "M17.9" not in {s.code for s in codesuggest.load().suggest(note).recommended}


def test_update_moves_confidence_by_each_decision(tmp_path: Path) -> None:
    at = DECIDED.index("Gout")
    rows = [
        {"text": DECIDED, "start_char": at, "end_char": at + 4, "code": "M10.9",
         "decision": "corrected", "corrected_code": "M1A.9XX0"},
        {"text": DECIDED, "start_char": 900, "end_char": 901, "code": "M10.9",
         "decision": "rejected"},
        {"text": DECIDED, "start_char": at, "end_char": at + 4, "code": "M10.9",
         "decision": "perhaps"},
    ]  # fmt: skip
    path = tmp_path / "decisions.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    before = {s.code: s.confidence for s in codesuggest.load().suggest(DECIDED)}
    first = update(default_model(), path, out=tmp_path / "model")
    assert [(r.row, r.reason) for r in first.reading.left_out] == [
        (2, "a span outside the text"),
        (3, "a decision other than confirmed, corrected, rejected"),
    ]
    after = {s.code: s.confidence for s in first.load().suggest(DECIDED)}
    assert after["M10.9"] == pytest.approx(before["M10.9"] / 2, abs=1e-3)
    assert after["M1A.9XX0"] > after["M10.9"]
    second = update(tmp_path / "model", path)
    again = {s.code: s.confidence for s in second.load().suggest(DECIDED)}
    assert again["M10.9"] == pytest.approx(before["M10.9"] / 3, abs=1e-3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["decisions.jsonl", "model"]


def test_update_leaves_the_default_model_alone() -> None:
    with pytest.raises(InputError, match="the default model stays"):
        update(default_model(), [Decision(DECIDED, AT, AT + 12, "M17.9", "confirmed")])


def test_update_refuses_when_nothing_is_usable(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="no decision can be used"):
        update(default_model(), [Decision("x", 0, 1, "M17.9", "maybe")], out=tmp_path / "model")


def test_the_commands(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from codesuggest.cli import app

    notes, codes = clinic(tmp_path)
    model = tmp_path / "model"
    options = ["--notes", str(notes), "--codes", str(codes), "--out", str(model)]
    result = CliRunner().invoke(
        app, ["train", *options, "--from", str(default_model()), "--format", "json"]
    )
    assert result.exit_code == 0
    assert json.loads(result.stdout)["reading"]["left_out"] == [
        ["codes.csv", "a code of a note that is not there", 1]
    ]
    path = tmp_path / "decisions.csv"
    path.write_text(
        "text,start_char,end_char,code,decision\nSome gout.,5,9,M10.9,confirmed\n", encoding="utf-8"
    )
    result = CliRunner().invoke(app, ["update", str(path), "--model", str(model)])
    assert result.exit_code == 0
    assert "1 decisions (1 confirmed)" in result.stdout
    assert json.loads((model / "manifest.json").read_text())["version"].endswith("+site.u1")
    again = CliRunner().invoke(app, ["train", *options])
    assert again.exit_code == 2
    assert "already there" in again.stderr
