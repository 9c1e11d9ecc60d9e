from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesuggest.extraction.sentences import sentence_starts


def split(text: str) -> list[str]:
    starts = sentence_starts(text)
    return [text[a:b].strip() for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("She is well. No fever.", ["She is well.", "No fever."]),
        ("Is it gout? Maybe! Yes.", ["Is it gout?", "Maybe!", "Yes."]),
        ("Seen by Dr. Smith today.", ["Seen by Dr. Smith today."]),
        ("A1c was 7.9 today.", ["A1c was 7.9 today."]),
        ("Pain is 5. The knee is warm.", ["Pain is 5.", "The knee is warm."]),
        ("1. Hypertension\n2. Gout", ["1. Hypertension", "2. Gout"]),
        ("- gout\n- asthma", ["- gout", "- asthma"]),
        ("• gout • asthma", ["• gout", "• asthma"]),
        ("No fever; no cough", ["No fever;", "no cough"]),
        ("No fever\nNo cough", ["No fever", "No cough"]),
        ("No fever\r\nNo cough\r\n", ["No fever", "No cough"]),
        ("one\n\ntwo", ["one", "two"]),
        ("She was seen in the clinic for a painful and\nswollen knee.",
         ["She was seen in the clinic for a painful and\nswollen knee."]),
        ("[ ] gout\n[x] asthma", ["[ ] gout", "[x] asthma"]),
        ("No fever.No cough.", ["No fever.", "No cough."]),
        ("", [""]),
        ("Dr. Bee vs. Dr. Sea saw e.g. Gout.", ["Dr. Bee vs. Dr. Sea saw e.g. Gout."]),
        ("No. 10 blade. Fever? No. Pain.", ["No. 10 blade.", "Fever?", "No.", "Pain."]),
        ("J. A. Bee, M.D. The knee is warm.", ["J. A. Bee, M.D.", "The knee is warm."]),
        ("Has hepatitis C. Cirrhosis too.", ["Has hepatitis C.", "Cirrhosis too."]),
        ("A 2.5 cm lesion. Excised.", ["A 2.5 cm lesion.", "Excised."]),
        ("1. Hypertension 2. Chronic kidney disease 3. Gout",
         ["1. Hypertension", "2. Chronic kidney disease", "3. Gout"]),
        ("1. Gout. 2. Kidney disease, stage 3. 3. Asthma.",
         ["1. Gout.", "2. Kidney disease, stage 3.", "3. Asthma."]),
        ("PLAN: 1) Rest 2) Ice", ["PLAN:", "1) Rest", "2) Ice"]),
        ("#1 Gout #2 Asthma", ["#1 Gout", "#2 Asthma"]),
        ("gout\nasthma", ["gout", "asthma"]),
        ("He has pain\nin the knee.", ["He has pain\nin the knee."]),
        ("Type 2 diabetes with neuropathy of both feet\nEssential hypertension\nGout",
         ["Type 2 diabetes with neuropathy of both feet", "Essential hypertension", "Gout"]),
        ("The patient is a man of sixty with a painful knee since\nMonday who was seen by us in "
         "the clinic and then sent\nhome.",
         ["The patient is a man of sixty with a painful knee since\nMonday who was seen by us in "
          "the clinic and then sent\nhome."]),
    ],
    ids=["full stops", "marks", "title", "decimal", "number at the end", "numbered items",
         "dashes", "bullets", "semicolon", "lines", "CRLF", "blank line", "wrapped line",
         "check boxes", "no blank", "empty", "abbreviations", "no and number", "initials",
         "letter", "size", "numbers in a line", "stage before a number", "brackets in a line",
         "hashes in a line", "lower-case list", "lower-case line", "list of long items",
         "wrapped before a capital"],
)  # fmt: skip
def test_split(text: str, sentences: list[str]) -> None:
    assert split(text) == sentences


@given(st.text() | st.text(alphabet="aA. \n\r;•!?1-[]x"))
def test_starts_grow_and_lie_in_the_text(text: str) -> None:
    starts = sentence_starts(text)
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert {type(start) for start in starts} == {int}
    assert starts[-1] <= max(len(text) - 1, 0)
