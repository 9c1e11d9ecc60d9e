from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesuggest.errors import TerminologyError
from codesuggest.terminology.words import (
    AXIS_WORDS,
    DATA,
    STOP_WORDS,
    TOKEN,
    WordForms,
    fold,
    read_csv,
    stem,
    tokenize,
)


@pytest.fixture(scope="module")
def forms() -> WordForms:
    return WordForms.packaged()


# -- stems -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("fracture", "fractured"),
        ("fracture", "fractures"),
        ("obstruction", "obstructive"),
        ("obstruction", "obstructed"),
        ("stenosis", "stenotic"),
        ("arthritis", "arthritic"),
        ("anaemia", "anemia"),
        ("oedema", "edema"),
        ("haemorrhage", "hemorrhages"),
        ("infection", "infected"),
        ("perforation", "perforated"),
        ("kidney", "kidneys"),
        ("allergy", "allergies"),
        ("biopsy", "biopsies"),
        ("mass", "masses"),
        ("chronic", "chronically"),
    ],
)
def test_stem_joins(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sinus", "sinusitis"),
        ("colon", "colonic"),
        ("gastric", "gastritis"),
        ("pulse", "pulses"[:3]),
        ("iron", "irony"),
        ("hernia", "herniorrhaphy"),
        ("nephritis", "nephrosis"),
        ("bronchus", "bronchitis"),
    ],
)
def test_stem_keeps_apart(one: str, other: str) -> None:
    assert stem(one) != stem(other)


@pytest.mark.parametrize("word", ["", "a", "hip", "5.5", "t2dm", "l4-5", "42"])
def test_stem_leaves_short_words_and_numbers(word: str) -> None:
    assert stem(word) == word


@given(st.from_regex(r"[a-z]{1,20}", fullmatch=True))
def test_stem_never_empties_a_word(word: str) -> None:
    assert 0 < len(stem(word)) <= len(word) + 2


# -- tokens ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("Hypertension", "hypertension"),
        ("h.t.n.", "htn"),
        ("Crohn's", "crohn"),
        ("Crohn’s", "crohn"),
        ("Ménière", "meniere"),
        ("Me\u0301nie\u0300re", "meniere"),
        ("3.5", "3.5"),
        (".", "."),
    ],
    ids=["case", "inner dots", "possessive", "curly possessive", "accents", "combining", "number",
         "full stop"],
)  # fmt: skip
def test_fold(token: str, expected: str) -> None:
    assert fold(token) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s/p CABG", ["s/p", "cabg"]),
        ("w/ asthma", ["w/", "asthma"]),
        ("I&D of abscess", ["i&d", "of", "abscess"]),
        ("L4 radiculopathy", ["l4", "radiculopathy"]),
        ("5cm", ["5", "cm"]),
        ("stage 3a", ["stage", "3a"]),
        ("CKD 3B, 2 a day", ["ckd", "3b", ",", "2", "a", "day"]),
        ("2.5 cm", ["2.5", "cm"]),
        ("3rd toe", ["3rd", "toe"]),
        ("follow-up", ["follow", "-", "up"]),
        ("Crohn's disease", ["crohn", "disease"]),
        ("T2DM", ["t2dm"]),
        ("HbA1c 7.9%", ["hba1c", "7.9", "%"]),
        ("", []),
        (" \t\r\n", []),
    ],
    ids=lambda value: value if isinstance(value, str) and value.strip() else None,
)
def test_tokenize(text: str, expected: list[str]) -> None:
    assert tokenize(text) == expected


@given(st.text())
def test_tokens_are_every_character_that_is_no_blank(text: str) -> None:
    matches = list(TOKEN.finditer(text))
    assert "".join(m.group() for m in matches) == "".join(text.split())
    assert all(m.group() == text[m.start() : m.end()] for m in matches)


# -- word forms ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("renal failure", "failure of the kidney"),
        ("fx of the wrist", "wrist fracture"),
        ("THA", "total hip arthroplasty"),
        ("Hepatic cyst", "cyst, liver"),
        ("right knee pain", "pain in the left knee"),
        ("anaemia", "Anemia"),
    ],
)
def test_bags_are_equal(forms: WordForms, one: str, other: str) -> None:
    assert sorted(forms.bag(one)) == sorted(forms.bag(other))
    assert forms.bag(one)


def test_bag_keeps_the_order_and_drops_repetitions(forms: WordForms) -> None:
    assert forms.bag("asthma, gout, asthma") == (stem("asthma"), stem("gout"))


def test_bag_of_words_without_meaning_is_empty(forms: WordForms) -> None:
    assert forms.bag("of the right, unspecified side") == ()


@pytest.mark.parametrize("word", sorted(STOP_WORDS))
def test_stop_words_have_no_stems(word: str) -> None:
    assert WordForms({}, {}).stems(word) == ()


def test_axis_words_are_not_stop_words() -> None:
    assert AXIS_WORDS.isdisjoint(STOP_WORDS)


def test_own_tables() -> None:
    forms = WordForms({"ra": "rheumatoid arthritis"}, {"renal": "kidney"})
    assert forms.bag("RA with renal disease") == (
        stem("rheumatoid"), stem("arthritis"), stem("kidney"), stem("disease"),
    )  # fmt: skip


# -- tables ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("term,code\nx,I10\n", r"t\.csv, line 1.*'term', 'kind'"),
        ("", r"t\.csv, line 1"),
        ("term,kind\nx,lay\ny\n", r"t\.csv, line 3: expected 2 fields"),
        ("term,kind\nx,lay,more\n", r"t\.csv, line 2: expected 2 fields"),
    ],
    ids=["other columns", "empty file", "field missing", "field too many"],
)
def test_read_csv_refuses(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(TerminologyError, match=says):
        read_csv(path, ("term", "kind"))


def test_read_csv(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('term,kind\n"gout, acute",lay\nМ,x\n', encoding="utf-8")
    assert read_csv(path, ("term", "kind")) == [
        {"term": "gout, acute", "kind": "lay"}, {"term": "М", "kind": "x"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "columns", "at_least"),
    [
        ("shorthand.csv", ("short", "expansion", "note"), 500),
        ("word_families.csv", ("word", "family", "note"), 1000),
    ],
)
def test_word_table(file: str, columns: tuple[str, ...], at_least: int) -> None:
    rows = read_csv(DATA / "lexicon" / file, columns)
    key, value, _ = columns
    assert len(rows) >= at_least
    # "c/o" and "C/O" may both be there, but they must say the same
    values = defaultdict(set)
    for row in rows:
        values[fold(row[key])].add(row[value].lower())
    assert {k: v for k, v in values.items() if len(v) > 1} == {}
    assert [r for r in rows if not r[key].strip() or not r[value].strip()] == []
    assert [r for r in rows if r[key] != r[key].strip() or r[value] != r[value].strip()] == []


def test_every_short_form_is_one_token() -> None:
    rows = read_csv(DATA / "lexicon" / "shorthand.csv", ("short", "expansion", "note"))
    assert [r["short"] for r in rows if len(tokenize(r["short"])) != 1] == []


def test_word_families_are_lower_case_and_lead_to_heads(forms: WordForms) -> None:
    rows = read_csv(DATA / "lexicon" / "word_families.csv", ("word", "family", "note"))
    assert [r["word"] for r in rows if r["word"] != r["word"].lower()] == []
    # a head that is itself a member of another family would never be met
    assert [
        (r["word"], r["family"])
        for r in rows
        if forms.families.get(r["family"], r["family"]) != r["family"]
    ] == []
