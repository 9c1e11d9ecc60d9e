from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesuggest.extraction.headers import DATA
from codesuggest.extraction.sections import SectionFinder, SectionTable
from codesuggest.terminology.words import read_csv

TABLE = SectionTable.packaged()
FIND = SectionFinder(TABLE)


def kinds(text: str) -> list[tuple[str, str]]:
    """Return kind and title of each section."""
    return [(s.kind, s.title) for s in FIND(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ASSESSMENT:\nGout.", [("assessment", "ASSESSMENT")]),
        ("Assessment:\nGout.", [("assessment", "Assessment")]),
        ("assessment: gout", [("assessment", "assessment")]),
        ("ASSESSMENT\nGout.", [("assessment", "ASSESSMENT")]),
        ("Past Medical History\nGout.", [("past_medical_history", "Past Medical History")]),
        ("# Assessment\n\nGout.", [("assessment", "Assessment")]),
        ("## ASSESSMENT ##\nGout.", [("assessment", "ASSESSMENT")]),
        ("**Assessment:** Gout.", [("assessment", "Assessment")]),
        ("**Assessment**\nGout.", [("assessment", "Assessment")]),
        ("__Assessment__: Gout.", [("assessment", "Assessment")]),
        ("1. Assessment:\nGout.", [("assessment", "Assessment")]),
        ("III. ASSESSMENT:\nGout.", [("assessment", "ASSESSMENT")]),
        ("(2) Assessment: Gout.", [("assessment", "Assessment")]),
        ("=== ASSESSMENT ===\nGout.", [("assessment", "ASSESSMENT")]),
        ("> Assessment: Gout.", [("assessment", "Assessment")]),
        ("\tAssessment: gout", [("assessment", "Assessment")]),
        ("Assessment - Gout.", [("assessment", "Assessment")]),
        ("HPI:pain", [("hpi", "HPI")]),
        ("CC: Pain. HPI: Two days. MEDICATIONS: None.",
         [("chief_complaint", "CC"), ("hpi", "HPI"), ("medications", "MEDICATIONS")]),
        ("Just a sentence.", [("preamble", "")]),
        ("", [("preamble", "")]),
        ("Dear colleague,\nHPI: pain", [("preamble", ""), ("hpi", "HPI")]),
        ("ASSESSMENT:\r\nGout.\r\nPLAN:\r\nRest.\r\n",
         [("assessment", "ASSESSMENT"), ("plan", "PLAN")]),
        ("HPI: x\nZEBRA FACTS: y", [("hpi", "HPI"), ("other", "ZEBRA FACTS")]),
        ("HPI: x\nZebra facts: y", [("hpi", "HPI")]),
        ("ASSESSMENT:\n- Patient education: done", [("assessment", "ASSESSMENT")]),
    ],
    ids=["upper", "title", "lower", "upper alone", "title alone", "markdown", "markdown closed",
         "bold colon", "bold alone", "underscored", "numbered", "roman", "bracketed number",
         "equals signs", "quoted", "indented", "dash", "no blank", "run in", "none", "empty",
         "preamble", "CRLF", "unknown in capitals", "unknown in words", "item of a list"],
)  # fmt: skip
def test_headers(text: str, expected: list[tuple[str, str]]) -> None:
    assert kinds(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "She has a history of gout and the plan is rest.",
        "The assessment of her knee was hard.",
        "Family: mother is well",
        "BP: 120/80",
        "He says: no pain",
    ],
)
def test_sentences_are_no_headers(text: str) -> None:
    assert [s.kind for s in FIND(text) if s.kind in ("assessment", "plan", "hpi")] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ASSESSMENTi AND PLAN\n\n1. Gout.", [("assessment_plan", "ASSESSMENTi AND PLAN")]),
        ("REVIEW OF SYSETMS:\nNegative.", [("ros", "REVIEW OF SYSETMS")]),
        ("Asessment\n\nGout.", [("assessment", "Asessment")]),
        ("Fmily Hisory:\nGout.", [("preamble", "")]),
        ("Plane\n\nTaken.", [("preamble", "")]),
        ("impresion\nof a doctor", [("preamble", "")]),
    ],
    ids=["letter too many", "letters swapped", "letter lost", "two errors", "short word",
         "small letters"],
)  # fmt: skip
def test_misspelt_headers(text: str, expected: list[tuple[str, str]]) -> None:
    assert kinds(text) == expected


@pytest.mark.parametrize("title", ["FAMILY HISTORY", "PAST MEDICAL HISTORY", "INTERVAL HISTORY"])
def test_a_header_that_opens_the_text_is_one_section(title: str) -> None:
    assert [s.title for s in FIND(f"{title}: gout.")] == [title]


@pytest.mark.parametrize("text", ["# Assessment\ngout", "1. Assessment: gout", "**Plan:** rest"])
def test_the_mark_of_the_first_header_is_no_preamble(text: str) -> None:
    assert len(FIND(text)) == 1


def test_title_and_bounds() -> None:
    text = "  Intro\n\n 2) Past Medical History: gout\nPLAN: rest"
    assert [(s.start_char, s.end_char, text[s.start_char : s.end_char]) for s in FIND(text)] == [
        (0, 13, "  Intro\n\n 2) "),
        (13, 40, "Past Medical History: gout\n"),
        (40, 50, "PLAN: rest"),
    ]


HEADERS = [
    "HPI:",
    "ASSESSMENT",
    "Plan:",
    "# Exam",
    "1. Meds:",
    "II. Plan",
    "FAMILY HISTORY:",
    "**ROS:**",
    "[Labs]",
    "Plan\n----",
    "PMH -",
    "S:",
    "O:",
    "A:",
    "ZEBRA:",
    "2. gout",
    ". Plan:",
]
notes = st.lists(
    st.sampled_from(HEADERS)
    | st.text(max_size=20)
    | st.sampled_from(["\n", "\r\n", " ", "  ", "\t", "\x00", "😀", "gout. "])
).map("".join)


@given(notes | st.text() | st.text(alphabet="aP#*:. \n-=[]1S"))
def test_sections_tile_the_text(text: str) -> None:
    sections = FIND(text)
    # only blanks and the marks of the first header stand before the first section
    assert re.fullmatch(
        r"[\W_]*(\(?([0-9]{1,2}|[IVX]{1,4})[.)][\W_]*)?", text[: sections[0].start_char]
    )
    assert sections[-1].end_char == len(text)
    bounds = [(a.end_char, b.start_char) for a, b in itertools.pairwise(sections)]
    assert [b for b in bounds if b[0] != b[1]] == []
    starts = [s.start_char for s in sections]
    assert starts == sorted(set(starts))
    assert [s for s in sections if not text.startswith(s.title, s.start_char)] == []
    assert {s.kind for s in sections} - {"preamble", "other"} <= set(TABLE.groups)


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("HPI", "hpi"),
        ("History of Present Illness", "hpi"),
        ("IMPRESSION", "assessment"),
        ("Past Surgical History", "past_surgical_history"),
        ("Family History", "family_history"),
        ("Postoperative Diagnosis", "postoperative_diagnosis"),
        ("POST-OPERATIVE DIAGNOSES", "postoperative_diagnosis"),
        ("Post Op Dx", "postoperative_diagnosis"),
        ("Procedure(s) performed", "procedure"),
        ("Diagnosis(es)", "assessment"),
        ("X Rays", "imaging"),
        ("Assessment/Plan (A/P)", "assessment_plan"),
        ("PMH/PSH", "past_medical_history"),
        ("Past Medical, Surgical, Family and Social History", "family_social_history"),
        ("Labs & Imaging", "results"),
        ("Current Medications Reviewed", "medications"),
        ("Labs 3/4/2026", "labs"),
        ("Labs (outside)", "labs"),
        ("Emergency Room Course", "ed_course"),
        ("Orthopedic history", "past_medical_history"),
        ("Vaping history", "other_history"),
        ("Differential diagnosis", None),
        ("I&D", None),
        ("Zebra", None),
        ("", None),
        ("/", None),
    ],
)
def test_kind(title: str, kind: str | None) -> None:
    assert FIND.kind(title) == kind


COLUMNS = ("kind", "group", "headers", "weak", "shorthand")


def table_headers() -> list[tuple[str, str]]:
    """Return (kind, header) of every header in the table."""
    return [
        (row["kind"], header)
        for row in read_csv(DATA / "sections.csv", COLUMNS)
        for column in ("headers", "weak")
        for header in row[column].split("|")
        if header and "*" not in header
    ]


def test_every_header_of_the_table_opens_its_kind() -> None:
    assert len(TABLE.groups) >= 60
    assert len(table_headers()) > 2000
    assert [(k, h) for k, h in table_headers() if FIND.kind(h) != k] == []


def test_the_table_is_tidy() -> None:
    rows = read_csv(DATA / "sections.csv", COLUMNS)
    names = [r["kind"] for r in rows]
    assert len(names) == len(set(names))
    headers = [h for _, h in table_headers()]
    assert [h for h in headers if h != h.strip().lower() or not h] == []


def test_no_header_stands_twice_in_the_table() -> None:
    keys = [TABLE.words.key(h) for _, h in table_headers()]
    assert sorted({k for k in keys if keys.count(k) > 1}) == []


def test_no_header_is_a_label() -> None:
    assert sorted({TABLE.words.key(h) for _, h in table_headers()} & set(TABLE.labels)) == []


PARTS = [
    ("Chief Complaint", "chief_complaint", "Knee pain."),
    ("History of Present Illness", "hpi", "Pain for two days. No fever."),
    ("Past Medical History", "past_medical_history", "Gout, asthma."),
    ("Current Medications", "medications", "Lisinopril 10 mg daily."),
    ("Physical Exam", "exam", "Knee warm and swollen."),
    ("Assessment", "assessment", "Acute gout."),
    ("Plan", "plan", "Colchicine. See in 1 week."),
]
STYLES = {
    "upper": lambda i, h, t: f"{h.upper()}\n{t}\n",
    "upper and colon": lambda i, h, t: f"{h.upper()}:\n{t}\n\n",
    "title": lambda i, h, t: f"{h}\n{t}\n\n",
    "lower and colon": lambda i, h, t: f"{h.lower()}: {t.lower()}\n",
    "hash": lambda i, h, t: f"# {h}\n{t}\n",
    "hashes closed": lambda i, h, t: f"## {h} ##\n\n{t}\n\n",
    "bold": lambda i, h, t: f"**{h}**\n{t}\n",
    "bold and colon": lambda i, h, t: f"**{h}:** {t}\n",
    "bold, no colon": lambda i, h, t: f"**{h}** {t}\n",
    "underscored": lambda i, h, t: f"__{h}__: {t}\n",
    "underscores for blanks": lambda i, h, t: f"{h.upper().replace(' ', '_')}: {t}\n",
    "numbered": lambda i, h, t: f"{i}. {h.upper()}\n{t}\n",
    "numbered and colon": lambda i, h, t: f"{i}) {h}: {t}\n",
    "roman": lambda i, h, t: f"{('I', 'II', 'III', 'IV', 'V', 'VI', 'VII')[i - 1]}. {h}\n{t}\n",
    "colon": lambda i, h, t: f"{h}: {t}\n",
    "blank before the colon": lambda i, h, t: f"{h} : {t}\n",
    "run in": lambda i, h, t: f"{h.upper()}: {t} ",
    "run in, title case": lambda i, h, t: f"{h}: {t} ",
    "run in, lower case": lambda i, h, t: f"{h.lower()}: {t.lower()} ",
    "bracketed": lambda i, h, t: f"[{h.upper()}]\n{t}\n",
    "bracketed, same line": lambda i, h, t: f"[{h}] {t}\n",
    "equals signs": lambda i, h, t: f"=== {h.upper()} ===\n{t}\n",
    "dashes": lambda i, h, t: f"--- {h} ---\n{t}\n",
    "underlined": lambda i, h, t: f"{h}\n{'-' * len(h)}\n{t}\n",
    "underlined with equals": lambda i, h, t: f"{h}\n{'=' * len(h)}\n{t}\n",
    "dash behind": lambda i, h, t: f"{h.upper()} - {t}\n",
    "tab behind": lambda i, h, t: f"{h}\t{t}\n",
    "equals behind": lambda i, h, t: f"{h} = {t}\n",
    "CRLF": lambda i, h, t: f"{h.upper()}:\r\n{t}\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
def test_styles(style: str) -> None:
    written = [STYLES[style](i, h, t) for i, (h, _, t) in enumerate(PARTS, 1)]
    text = "".join(written)
    sections = FIND(text)
    assert [s.kind for s in sections] == [kind for _, kind, _ in PARTS]
    titles = [h.lower().replace(" ", "_") for h, _, _ in PARTS]
    assert [s.title.lower().replace(" ", "_") for s in sections] == titles
    starts, place = [], 0
    for part, section in zip(written, sections, strict=True):
        starts.append(place + part.index(section.title))
        place += len(part)
    assert [s.start_char for s in sections] == starts
    assert [s.end_char for s in sections] == [*starts[1:], len(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CLINICAL HISTORY: Cough.\nCOMPARISON: None.\nTECHNIQUE: PA and lateral.\n"
         "FINDINGS:\nLUNGS: Clear.\nHEART: Normal.\nIMPRESSION: Normal chest.",
         ["clinical_history", "comparison", "procedure_description", "findings", "assessment"]),
        ("CLINICAL_HISTORY: Cough. IMPRESSION: Normal.", ["clinical_history", "assessment"]),
        ("Reason for Exam: cough\nExam: CT chest\nContrast: none\nImpression: normal",
         ["indication", "exam_title", "contrast", "assessment"]),
        ("CLINICAL INFORMATION: Mole.\nSPECIMEN(S): A. Skin, back\nGROSS DESCRIPTION: Tan.\n"
         "MICROSCOPIC DESCRIPTION: Nests.\nFINAL DIAGNOSIS: Nevus.",
         ["clinical_history", "specimens", "gross_description", "microscopic_description",
          "final_diagnosis"]),
        ("ADMITTING DIAGNOSIS: Fever\nDISCHARGE DIAGNOSES:\n1. Pneumonia\nHOSPITAL COURSE: Better."
         "\nDISCHARGE MEDICATIONS: none\nDISPOSITION: Home\nFOLLOW-UP: 1 week",
         ["admission_diagnosis", "final_diagnosis", "hospital_course", "discharge_medications",
          "disposition", "follow_up"]),
        ("CC: Fall\nED COURSE: Splinted.\nMDM: Low risk.\nCLINICAL IMPRESSION: Sprain\nDISPO: Home",
         ["chief_complaint", "ed_course", "medical_decision_making", "assessment", "disposition"]),
        ("PREOP DX: Hernia\nPOSTOP DX: Same\nSURGEON: A. Bee\nANESTHESIA: General\nEBL: 5 mL\n"
         "COMPLICATIONS: None\nDRAINS: None\nDESCRIPTION OF PROCEDURE: Cut.",
         ["preoperative_diagnosis", "postoperative_diagnosis", "staff", "anesthesia", "blood_loss",
          "complications", "drains_counts", "procedure_description"]),
        ("PREOPERATIVE DIAGNOSIS: Hernia. POSTOPERATIVE DIAGNOSIS: Hernia. PROCEDURE: Repair. "
         "SURGEON: A. Bee, MD. ANESTHESIA: General. DRAINS: None. FINDINGS: Sac.",
         ["preoperative_diagnosis", "postoperative_diagnosis", "procedure", "staff", "anesthesia",
          "drains_counts", "findings"]),
        ("NURSING ASSESSMENT: Alert.\nINTAKE AND OUTPUT: even\nPATIENT EDUCATION: Done.",
         ["nursing_assessment", "blood_loss", "counseling"]),
        ("Patient: A. Bee\nDOB: 1/1/1960\nReason for Visit: cough\nActive Problems:\n- gout",
         ["admin", "admin", "chief_complaint", "problem_list"]),
        ("S: Pain.\nO: Warm knee.\nA: Gout.\nP: Rest.", ["hpi", "exam", "assessment", "plan"]),
        ("S: Pain. O: Warm. A: Gout. P: Rest.", ["hpi", "exam", "assessment", "plan"]),
        ("ASSESSMENT: 1. Hypertension 2. Diabetes PLAN: 1. Rest. 2. Metformin",
         ["assessment", "plan"]),
        ("Assessment: 1. Hypertension 2. Diabetes Plan: metformin", ["assessment", "plan"]),
        ("cc: pain hpi: 45 yo pmh: htn meds: lisinopril a/p: gout",
         ["chief_complaint", "hpi", "past_medical_history", "medications", "assessment_plan"]),
        ("PMH: none. PSH: none. Meds: none. Allergies: none. Social: smokes.",
         ["past_medical_history", "past_surgical_history", "medications", "allergies",
          "social_history"]),
        ("HPI Two days of pain\nPAST MEDICAL HISTORY Gout\nALLERGIES None",
         ["hpi", "past_medical_history", "allergies"]),
        ("HPI: Pain for days. PAST MEDICAL HISTORY Gout. FAMILY HISTORY Unknown",
         ["hpi", "past_medical_history", "family_history"]),
        ("HPI: THE PATIENT HAS PAIN. ASSESSMENT: GOUT. PLAN: REST.", ["hpi", "assessment", "plan"]),
        ("1. HPI\nPain\n2. ASSESSMENT\n1. Gout\n2. Asthma\n3. PLAN\nRest",
         ["hpi", "assessment", "plan"]),
    ],
    ids=["radiology", "radiology run in", "radiology template", "pathology", "discharge", "ED",
         "operation", "operation run in", "nursing", "EHR", "SOAP", "SOAP run in", "numbers run in",
         "no full stop", "telegraphic", "abbreviations", "no signs", "capitals inside", "capitals",
         "numbered parts and items"],
)  # fmt: skip
def test_dialects(text: str, expected: list[str]) -> None:
    assert [s.kind for s in FIND(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("History of gout at line start.\nAssessment of pain was done.\nPlan to see him.",
         ["preamble"]),
        ("BP: 120/80\nTemp: 98.6\nHR: 70", ["preamble"]),
        ("HPI: Pain.\nBP: 120/80\nWBC: 9", ["hpi"]),
        ("HPI: He said: the plan: rest. Hepatitis A: positive.", ["hpi"]),
        ("EXAM:\nHEENT: normal\nLUNGS: clear\nLeft knee: warm", ["exam"]),
        ("ROS:\nHEENT: no sore throat\nCARDIOVASCULAR: no chest pain", ["ros"]),
        ("MEDICATIONS: none\nHEENT: normal\nLungs: clear", ["medications", "exam"]),
        ("ASSESSMENT AND PLAN:\n1. Hypertension: stable\n2. Allergies: loratadine\n3. Gout",
         ["assessment_plan"]),
        ("HOSPITAL COURSE:\n# Pneumonia: better\n# PE: warfarin", ["hospital_course"]),
        ("PLAN:\nLabs: CBC\n- Diet: low salt\n1. Activity: rest", ["plan", "labs"]),
        ("A: Cecum, polyp\nB: Sigmoid, polyp", ["preamble"]),
        ("Pertinent negatives:\n- fever", ["preamble"]),
        ("He was seen in the\nplan\nof care", ["preamble"]),
        ("DISCHARGE SUMMARY\nHOSPITAL COURSE: Better.", ["preamble", "hospital_course"]),
        ("HPI: Pain since the exam: it hurts.", ["hpi"]),
        ("Incision and drainage. I&D: done. 2.5 cm: large", ["preamble"]),
    ],
    ids=["prose", "vital signs", "measured values", "in a sentence", "systems of the exam",
         "systems of the ROS", "systems open an exam", "items", "hash problems",
         "items of the plan", "specimens", "list with a cue", "wrapped line",
         "title of the document", "bound word",
         "abbreviation"],
)  # fmt: skip
def test_what_is_no_header(text: str, expected: list[str]) -> None:
    assert [s.kind for s in FIND(text)] == expected


def test_an_unknown_header_in_markdown_ends_a_section_of_its_level() -> None:
    assert kinds("## HPI\nPain\n### Zebra facts\nx\n## Zebra facts\ny") == [
        ("hpi", "HPI"),
        ("other", "Zebra facts"),
    ]


def test_the_same_finder_reads_alike_twice() -> None:
    text = "ZEBRA HISTORY: x\nPlan: rest. Zebra plan: y"
    assert FIND(text) == FIND(text) == SectionFinder(TABLE)(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("FU VISIT. Hypertension controlled.", "chief_complaint"),
        ("FOLLOW-UP: Hypertension.\nPLAN: Same.", "chief_complaint"),
        ("FOLLOW-UP: Clinic in two weeks.", "follow_up"),
        ("CC: Cough.\nFOLLOW-UP: Clinic in two weeks.", "chief_complaint"),
    ],
    ids=["visit", "opens a note", "alone", "at the end"],
)
def test_a_follow_up_that_opens_a_note_is_its_reason(text: str, kind: str) -> None:
    assert SectionFinder(SectionTable.packaged())(text)[0].kind == kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("POSTOPERATIVE DIAGNOSIS: Hernia.\nOPERATIONS: Repair.\nPLAN: Home.", "procedure"),
        ("CC: Pain.\nOPERATIONS: Repair.\nANESTHESIA: General.", "procedure"),
        ("ILLNESSES: Gout.\nOPERATIONS: Repair.\nALLERGIES: None.", "past_surgical_history"),
    ],
    ids=["behind a diagnosis", "before anesthesia", "of a history"],
)
def test_operations_beside_an_operation_are_no_history(text: str, kind: str) -> None:
    sections = SectionFinder(SectionTable.packaged())(text)
    assert next(s.kind for s in sections if s.title == "OPERATIONS") == kind
