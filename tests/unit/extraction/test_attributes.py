from __future__ import annotations

from collections import defaultdict

import pytest

from codesuggest.extraction.attributes import DATA, AttributeFinder, Found
from codesuggest.extraction.pipeline import blank_pipeline
from codesuggest.extraction.token_reader import READER
from codesuggest.terminology.words import read_csv, tokenize

FINDER = AttributeFinder()
NLP = blank_pipeline(with_linker=False)


def find(text: str) -> list[Found]:
    doc = NLP.make_doc(text)
    doc = NLP.get_pipe("codesuggest_sentences")(doc)
    return FINDER.find(text, READER.tokens(doc))


@pytest.mark.parametrize(
    ("text", "name", "value", "words"),
    [
        ("right knee", "laterality", "right", "right"),
        ("Rt. knee", "laterality", "right", "Rt."),
        ("both knees", "laterality", "bilateral", "both"),
        ("acute gout", "acuity", "acute", "acute"),
        ("closed fracture", "wound", "closed", "closed fracture"),
        ("nondisplaced fracture", "displacement", "nondisplaced", "nondisplaced"),
        ("CT without contrast", "contrast", "without", "without contrast"),
        ("2 views", "views", "2", "2 views"),
        ("two-view x-ray", "views", "2", "two-view"),
        ("three views", "views", "3", "three views"),
        ("L4-L5 disc", "levels", "l4-l5", "L4-L5"),
        ("C5 radiculopathy", "levels", "c5", "C5"),
        ("2.5 cm laceration", "length_cm", "2.5", "2.5 cm"),
        ("7 mm nodule", "length_mm", "7", "7 mm"),
        ("32 weeks pregnant", "weeks", "32", "32 weeks"),
        ("at 29w3d today", "gestation", "29", "29w3d"),
        ("39 weeks and 4 days", "gestation", "39", "39 weeks and 4 days"),
        ("IUP at 38 3/7", "gestation", "38", "38 3/7"),
        ("triamcinolone 40 mg", "dose_mg", "40", "40 mg"),
        ("counseled for 25 minutes", "minutes", "25", "25 minutes"),
        ("lesions x 3", "count", "3", "x 3"),
        ("BMI of 41.2", "bmi", "41.2", "BMI of 41.2"),
    ],
    ids=lambda v: v,
)
def test_find(text: str, name: str, value: str, words: str) -> None:
    found = [f for f in find(text) if f.name == name]
    assert [(f.value, text[f.start_char : f.end_char]) for f in found] == [(value, words)]


def test_nothing_is_found_in_plain_words() -> None:
    assert find("She feels well and walks her dog.") == []
    assert find("") == []


def test_the_table_is_tidy() -> None:
    rows = read_csv(DATA / "attributes.csv", ("attribute", "value", "phrase"))
    assert len(rows) > 100
    assert [r for r in rows if not all(r.values()) or r["phrase"] != r["phrase"].strip()] == []
    assert [r["phrase"] for r in rows if not tokenize(r["phrase"])] == []
    values = defaultdict(set)
    for row in rows:
        values[row["attribute"], tuple(tokenize(row["phrase"]))].add(row["value"])
    assert {k: v for k, v in values.items() if len(v) > 1} == {}
