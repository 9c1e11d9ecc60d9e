from __future__ import annotations

from pathlib import Path

import pytest

from codesuggest.extraction.documents import guess_document
from codesuggest.extraction.sections import SectionFinder, SectionTable

TABLE = SectionTable.packaged()
FIND = SectionFinder(TABLE)


def guess(text: str) -> str:
    return guess_document(text, FIND(text), TABLE.groups).setting


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("office_visit", "outpatient"),
        ("discharge_summary", "inpatient"),
        ("operative_note", "procedure"),
        ("chest_xray", "imaging"),
    ],
)  # fmt: skip
def test_example_notes(notes_folder: Path, name: str, setting: str) -> None:
    assert guess((notes_folder / f"{name}.txt").read_text(encoding="utf-8")) == setting


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("", "outpatient"),
        ("HPI: Cough for a week.\nASSESSMENT: Bronchitis.", "outpatient"),
        ("EMERGENCY DEPARTMENT NOTE\nHPI: Fell.\nED COURSE: Splinted.\nASSESSMENT: Sprain.", "ed"),
        ("MRI OF THE KNEE\nFINDINGS: Torn meniscus.\nIMPRESSION: Tear.", "imaging"),
        ("PREOPERATIVE DIAGNOSIS: Hernia.\nPROCEDURE: Repair.\nANESTHESIA: General.", "procedure"),
        ("ADMISSION DATE: 1/2/2026\nHOSPITAL COURSE: Improved, discharge summary.", "inpatient"),
        ("SURGICAL PATHOLOGY\nSPECIMEN RECEIVED: Skin.\nGROSS DESCRIPTION: Tan.", "lab"),
    ],
    ids=["empty", "office", "ed", "imaging", "procedure", "inpatient", "lab"],
)
def test_guess(text: str, setting: str) -> None:
    assert guess(text) == setting
