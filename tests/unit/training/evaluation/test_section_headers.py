from __future__ import annotations

import json
from pathlib import Path

import pytest

from codesuggest.errors import TrainingDataError
from codesuggest.extraction.sections import SectionTable
from codesuggest.terminology.words import read_csv
from codesuggest.training.evaluation.section_headers import (
    DATA,
    HEADER_STYLES,
    LabelledSection,
    measure_sections,
    read_sections,
)

HEADER = "past medical history"


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("upper case", "PAST MEDICAL HISTORY\nGout.\n\n"),
        ("title case", "Past Medical History\nGout.\n\n"),
        ("markdown", "## Past Medical History\n\nGout.\n\n"),
        ("numbered", "2. Past Medical History\nGout.\n\n"),
        ("colon", "Past medical history:\nGout.\n\n"),
        ("run-in", "Past medical history: Gout.\n"),
        ("one paragraph", "PAST MEDICAL HISTORY: Gout. "),
    ],
)
def test_styles(style: str, expected: str) -> None:
    assert HEADER_STYLES[style](HEADER, 2, "Gout.") == expected


def test_every_style_is_tested() -> None:
    assert len(HEADER_STYLES) == 7


def test_kinds_of_the_labels_exist() -> None:
    kinds = set(SectionTable.packaged().groups)
    rows = read_csv(DATA / "section_labels.csv", ("label", "kinds", "headers"))
    named = {kind for row in rows for kind in row["kinds"].split("|")}
    assert len(rows) == 20
    assert named - kinds == set()


def test_plain_sections_are_right() -> None:
    sections = [
        LabelledSection("CC", "back pain"),
        LabelledSection("PASTMEDICALHX", "gout and asthma"),
        LabelledSection("PLAN", "rest and ice"),
    ] * 2
    found = measure_sections(sections)
    assert found["n_sections"] == 6
    assert {s: r["usual_header"] for s, r in found["styles"].items()} == dict.fromkeys(
        HEADER_STYLES, 1.0
    )
    assert {kind: r["n"] for kind, r in found["kinds"].items()} == {
        "CC": 2, "PASTMEDICALHX": 2, "PLAN": 2,
    }  # fmt: skip


def test_a_header_that_is_not_known_is_wrong() -> None:
    table = SectionTable({"problems": "problem_list"}, {"problem_list": "problem_list"})
    found = measure_sections([LabelledSection("CC", "back pain")], table)
    assert {r["share"] for r in found["styles"].values()} == {0.0}
    assert {r["headers"] for r in found["styles"].values()} == {0.0}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "line 2: expected an object"),
        ('{"text": "x"}', "line 2: expected an object"),
        ('{"section": "CC", "text": 3}', "line 2: expected an object"),
    ],
    ids=["no JSON", "no kind", "text is a number"],
)
def test_refuses(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "sections.jsonl"
    path.write_text(json.dumps({"section": "CC", "text": "SECRET"}) + "\n" + line, encoding="utf-8")
    with pytest.raises(TrainingDataError, match=rf"sections\.jsonl, {says}") as caught:
        read_sections(path)
    assert "SECRET" not in str(caught.value)


def test_reads_and_leaves_out_empty_ones(tmp_path: Path) -> None:
    path = tmp_path / "sections.jsonl"
    path.write_text('{"section": "CC", "text": " pain "}\n\n{"section": "CC", "text": ""}\n')
    assert read_sections(path) == [LabelledSection("CC", "pain")]


@pytest.mark.parametrize(
    ("sections", "says"),
    [([], "no section"), ([LabelledSection("SHOE SIZE", "9")], "unknown kind of section")],
    ids=["none", "label"],
)
def test_what_cannot_be_measured(sections: list[LabelledSection], says: str) -> None:
    with pytest.raises(TrainingDataError, match=says):
        measure_sections(sections)
