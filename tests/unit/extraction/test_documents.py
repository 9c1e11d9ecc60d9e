from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesuggest.extraction.documents import guess_document
from codesuggest.extraction.sections import SectionFinder, SectionTable
from codesuggest.schema import DOCUMENT_KINDS, SETTINGS

TABLE = SectionTable.packaged()
FIND = SectionFinder(TABLE)


def guess(text: str) -> tuple[str, str]:
    found = guess_document(text, FIND(text), TABLE.groups)
    return found.kind, found.setting


@pytest.mark.parametrize(
    ("text", "kind", "setting"),
    [
        ("CC: Cough\nHPI: Here today for a cough.\nASSESSMENT: Bronchitis.\nPLAN: Return in a week",
         "office_note", "outpatient"),
        ("Office consultation\nThank you for referring this woman with knee pain. Seen in clinic.",
         "consult", "outpatient"),
        ("EMERGENCY DEPARTMENT NOTE\nCC: Fall 2 hours ago.\nED COURSE: Splinted.\nMDM: Low risk.",
         "ed_note", "ed"),
        ("PREOPERATIVE DIAGNOSIS: Hernia.\nPOSTOPERATIVE DIAGNOSIS: Hernia.\nSURGEON: A. Bee\n"
         "ANESTHESIA: General.\nDESCRIPTION OF PROCEDURE: Prepped and draped.",
         "operative_note", "procedure"),
        ("PROCEDURE NOTE: Knee injection\nConsent obtained. Prepped with betadine. Lidocaine, "
         "22 gauge needle. Tolerated well.", "procedure_note", "procedure"),
        ("CHEST, TWO VIEWS\nREASON: Cough.\nLungs are clear. No pleural effusion.",
         "imaging_report", "imaging"),
        ("HISTORY: Wrist pain after a fall.\nIMPRESSION: No acute fracture.",
         "imaging_report", "imaging"),
        ("BASIC METABOLIC PANEL\nSodium 140 mg/dL, reference range 135-145\nGlucose 180 H",
         "laboratory_report", "lab"),
        ("SURGICAL PATHOLOGY REPORT\nSPECIMEN: Skin.\nGROSS DESCRIPTION: Received in formalin.",
         "pathology_report", "lab"),
        ("DISCHARGE SUMMARY\nADMITTING DIAGNOSIS: Fever.\nHOSPITAL COURSE: Antibiotics overnight.",
         "discharge_summary", "inpatient"),
        ("ICU PROGRESS NOTE\nHospital day 3. Intubated, on norepinephrine.\nA/P: Septic shock.",
         "progress_note", "inpatient"),
        ("INPATIENT CONSULT\nReason for consult: atrial fibrillation\nAdmitted with pneumonia.",
         "consult", "inpatient"),
    ],
    ids=["office", "consult", "ED", "operation", "procedure", "study by its title",
         "study without a title", "laboratory", "pathology", "discharge", "progress",
         "consult in hospital"],
)  # fmt: skip
def test_kinds(text: str, kind: str, setting: str) -> None:
    assert guess(text) == (kind, setting)


@given(st.text() | st.text(alphabet="ED \nIMPRESSION:abc."))
def test_every_text_has_a_kind_and_a_setting(text: str) -> None:
    kind, setting = guess(text)
    assert kind in DOCUMENT_KINDS
    assert setting in SETTINGS
