from __future__ import annotations

import json
from pathlib import Path

import pytest

from codesuggest.errors import TrainingDataError
from codesuggest.schema import SYSTEMS
from codesuggest.terminology.releases import load_release
from codesuggest.training.corpora import CodedNote, GoldCode, read_gold

OWN = Path(__file__).resolve().parents[3] / "models" / "training_notes"


def write(folder: Path, *lines: object) -> Path:
    path = folder / "gold.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts), encoding="utf-8")
    return path


def test_read_gold(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        {
            "id": 7, "text": "gout, no asthma", "setting": "ed",
            "must": [{"system": "ICD-10-CM", "code": "M10.9", "evidence": ["gout"]},
                     {"system": "ICD-10-PCS", "code": "0"},
                     {"system": "ICD-10-CM", "code": "M10", "billable": False}],
            "acceptable": [{"system": "CPT", "code": "99213"}],
            "traps": [{"quote": "asthma", "why": "negated"}],
        },
        "",
        {"id": "b", "text": "x", "codes": [{"system": "HCPCS", "code": "J1100"}]},
    )  # fmt: skip
    one, two = read_gold(path)
    assert one == CodedNote(
        "7", "gout, no asthma", (GoldCode("ICD-10-CM", "M10.9", ("gout",)),),
        (GoldCode("CPT", "99213"),), ("asthma",), "ed", tmp_path.name, ("negated",),
    )  # fmt: skip
    assert one.codes("ICD-10-CM") == {"M10.9"}
    assert one.accepted("CPT") == {"99213"}
    assert one.codes("CPT") == set()
    assert (two.must, two.setting) == ((GoldCode("HCPCS", "J1100"),), None)


def test_a_code_may_have_alternatives_of_its_own(tmp_path: Path) -> None:
    code = {"system": "ICD-10-CM", "code": "R05.9", "acceptable": ["R05.9", "R05.1", "R05.8"]}
    (note,) = read_gold(write(tmp_path, {"id": 1, "text": "cough", "codes": [code]}))
    assert note.must == (GoldCode("ICD-10-CM", "R05.9", alternatives=("R05.1", "R05.8")),)
    assert note.codes("ICD-10-CM") == {"R05.9"}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "line 2: expected an object"),
        ("[]", "line 2: expected an object"),
        ({"id": 1, "must": []}, "line 2: expected an object"),
        ({"id": 1, "text": "x"}, "line 2: expected an object"),
        ({"text": "x", "must": []}, "line 2: expected an object"),
        ({"id": 1, "text": "x", "must": [{"code": "I10"}]}, "line 2: expected an object"),
        ({"id": 1, "text": "x", "must": 3}, "line 2: expected an object"),
        ({"id": 1, "text": "x", "must": [], "setting": "office"}, "line 2: unknown setting"),
        pytest.param({"id": 1, "text": 3, "must": []}, "line 2: expected an object",
                     marks=pytest.mark.xfail(reason="the text is taken as it comes")),
    ],
    ids=["no JSON", "a list", "no text", "no codes", "no id", "no system", "codes are a number",
         "setting", "text is a number"],
)  # fmt: skip
def test_refuses(tmp_path: Path, line: object, says: str) -> None:
    path = write(tmp_path, {"id": 0, "text": "SECRET", "must": []}, line)
    with pytest.raises(TrainingDataError, match=rf"gold\.jsonl, {says}") as caught:
        read_gold(path)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("path", sorted(OWN.glob("*.jsonl")), ids=lambda p: p.stem)
class TestOurOwnNotes:
    def test_codes_are_reportable(self, path: Path) -> None:
        systems = {name: load_release(name) for name in SYSTEMS}
        notes = read_gold(path)
        assert notes
        assert len({n.note_id for n in notes}) == len(notes)
        codes = {(g.system, g.code) for n in notes for g in (*n.must, *n.acceptable)}
        assert codes
        assert [
            (s, c)
            for s, c in sorted(codes)
            if s == "ICD-10-CM" and systems[s].check(c).status != "valid"
        ] == []
        assert [(s, c) for s, c in sorted(codes) if systems[s].check(c).status == "malformed"] == []

    def test_evidence_and_traps_are_quotes(self, path: Path) -> None:
        notes = read_gold(path)
        quotes = [(n, q) for n in notes for g in n.must for q in g.evidence]
        assert quotes
        assert [(n.note_id, q) for n, q in quotes if q not in n.text] == []
        assert [(n.note_id, q) for n in notes for q in n.traps if q not in n.text] == []
