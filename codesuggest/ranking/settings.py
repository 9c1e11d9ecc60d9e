"""The setting of a note, guessed from its sections and words when the caller gives none."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from codesuggest.schema import Section

__all__ = ["guess_setting"]

_STUDY = re.compile(
    r"\b(?:x-?ray|radiograph|ct|cta|mri|mra|ultrasound|sonogram|mammogra\w+|doppler|pet|"
    r"bone scan|fluoroscopy|tomography|echocardiogram|duplex|dexa|scan|views?)\b",
    re.IGNORECASE,
)
_EMERGENCY = re.compile(
    r"\b(?:emergency (?:department|room)|\bED course|brought in by ambulance|\bEMS\b|triage)\b",
    re.IGNORECASE,
)
_STAY = re.compile(
    r"\b(?:discharge summary|hospital course|hospital day|admitted|admission|inpatient|"
    r"postoperative day|POD ?#?\d)\b",
    re.IGNORECASE,
)
_LABORATORY = re.compile(
    r"\b(?:gross description|microscopic description|specimen (?:source|received)|"
    r"received in formalin|pap test|cytolog\w+|reference range)\b",
    re.IGNORECASE,
)


def guess_setting(text: str, sections: Sequence[Section], groups: Mapping[str, str]) -> str:
    """Return the likeliest of `codesuggest.schema.SETTINGS`."""
    kinds = {s.kind for s in sections}
    found = {groups.get(k, k) for k in kinds}
    head = text[:600]
    if _LABORATORY.search(text) and not found & {"history", "exam", "procedure_detail"}:
        return "lab"
    if {"hospital_course", "discharge_medications", "final_diagnosis"} & kinds and _STAY.search(
        text
    ):
        return "inpatient"
    if found & {"postop", "preop"} or "procedure_description" in kinds:
        if "findings" in kinds and _STUDY.search(head) and not found & {"postop", "preop"}:
            return "imaging"
        return "procedure"
    if "findings" in kinds and not found & {"exam", "medication"} and _STUDY.search(head):
        return "imaging"
    if _STUDY.search(head) and "assessment" in kinds and not found & {"exam", "history", "ros"}:
        return "imaging"
    if (
        found <= {"reason", "assessment", "findings", "technical", "preamble", "admin"}
        and "reason" in found
        and found & {"assessment", "findings"}
    ):
        # a history and an impression and nothing else: a radiologist's report
        return "imaging"
    if "ed_course" in kinds or (_EMERGENCY.search(head) and not _STAY.search(head)):
        return "ed"
    if _STAY.search(head):
        return "inpatient"
    if found & {"procedure_title"} and not found & {"ros", "medication"}:
        return "procedure"
    return "outpatient"
