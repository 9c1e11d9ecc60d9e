from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesuggest import CodeSuggester
from codesuggest.errors import ModelDamagedError
from codesuggest.extraction.mentions import Extract
from codesuggest.extraction.pipeline import (
    ExtractedNote,
    blank_pipeline,
    extracts_of,
    mention_of,
)
from codesuggest.extraction.token_reader import READER
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.aliases import Alias
from codesuggest.terminology.words import WordForms, stem

FORMS = WordForms({"htn": "hypertension", "fx": "fracture"}, {"renal": "kidney"})
DIAGNOSES = (
    "hypertension", "kidney failure", "acute kidney failure", "fracture radius", "pain knee",
    "pneumonia", "osteoarthritis knee",
)  # fmt: skip
PROCEDURES = ("x-ray chest", "arthroscopy knee")


def small_pipeline(known_words: frozenset[str] = frozenset()) -> Any:
    nlp = blank_pipeline(with_linker=False)
    indexes = {
        "DIAGNOSIS": AliasIndex.build(
            [Alias(t, "ICD-10-CM", i, "title") for i, t in enumerate(DIAGNOSES)], FORMS
        ),
        "PROCEDURE": AliasIndex.build(
            [Alias(t, "CPT", i, "synonym") for i, t in enumerate(PROCEDURES)], FORMS
        ),
    }
    nlp.get_pipe("codesuggest_mentions").set_indexes(indexes, known_words)
    return nlp


NLP = small_pipeline()


def extract(text: str) -> ExtractedNote:
    return extracts_of(NLP(text))


def words(text: str) -> list[tuple[str, str]]:
    return [(e.label, text[e.start_char : e.end_char]) for e in extract(text).extracts]


def only(text: str) -> Extract:
    extracts = extract(text).extracts
    assert len(extracts) == 1
    return extracts[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hypertension today.", [("DIAGNOSIS", "Hypertension")]),
        ("HTN", [("DIAGNOSIS", "HTN")]),
        ("renal failure", [("DIAGNOSIS", "renal failure")]),
        ("failure of the kidneys", [("DIAGNOSIS", "failure of the kidneys")]),
        ("acute renal failure", [("DIAGNOSIS", "acute renal failure")]),
        ("kidney. Failure", []),
        ("left knee pain", [("DIAGNOSIS", "knee pain")]),
        ("pain in the right knee", [("DIAGNOSIS", "pain in the right knee")]),
        ("pneumonai", [("DIAGNOSIS", "pneumonai")]),
        ("chest x-ray and HTN", [("PROCEDURE", "chest x-ray"), ("DIAGNOSIS", "HTN")]),
        ("the weather is nice", []),
        ("", []),
        ("...", []),
        ("\x00", []),
    ],
    ids=["one", "shorthand", "family", "any order", "longest", "over a full stop", "side left out",
         "side inside", "misspelt", "both labels", "none", "empty", "signs", "NUL"],
)  # fmt: skip
def test_mentions(text: str, expected: list[tuple[str, str]]) -> None:
    assert words(text) == expected


def test_words_of_the_match_and_of_its_clause() -> None:
    found = only("severe pain in the knee after running, but otherwise healthy")
    assert set(found.core) == {stem("pain"), stem("knee")}
    assert stem("severe") in found.context
    assert stem("healthy") not in found.context
    assert not set(found.core) & set(found.context)


@pytest.mark.parametrize(
    ("text", "lead"),
    [
        ("1. Hypertension, stable", True),
        ("- Hypertension", True),
        ("She has hypertension", False),
        ("note\n  * hypertension", True),
    ],
    ids=["numbered", "dash", "inside", "starred"],
)
def test_lead(text: str, lead: bool) -> None:
    assert only(text).lead is lead


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("HPI: Well.\nASSESSMENT:\nPeculiar retinal whitening", "DIAGNOSIS"),
        ("HPI: Well.\nPROCEDURE PERFORMED:\nRemoval of a splinter", "PROCEDURE"),
    ],
    ids=["assessment", "procedure"],
)
def test_a_short_line_of_a_naming_section_is_a_mention_as_a_whole(
    suggester: CodeSuggester, text: str, label: str
) -> None:
    line = text.split("\n")[-1]
    assert (label, line, -1) in [
        (e.label, text[e.start_char : e.end_char], e.bag) for e in suggester.extract(text).extracts
    ]


def test_a_line_elsewhere_is_not(suggester: CodeSuggester) -> None:
    found = suggester.extract("HPI: Well.\nPeculiar retinal whitening")
    assert [e for e in found.extracts if e.bag == -1] == []


@pytest.mark.parametrize("text", ["Blood pressure not at goal.", "HTN, not controlled."])
def test_a_cue_is_no_mention(suggester: CodeSuggester, text: str) -> None:
    found = [text[e.start_char : e.end_char].lower() for e in suggester.extract(text).extracts]
    assert {"not", "no"}.isdisjoint(found)


def test_known_words_are_not_corrected() -> None:
    nlp = small_pipeline(frozenset({"pneumonai"}))
    assert extracts_of(nlp("pneumonai")).extracts == []


def test_sections_of_mentions() -> None:
    text = "HPI: HTN.\nASSESSMENT: pneumonia."
    found = extract(text)
    assert [found.sections[e.section].kind for e in found.extracts] == ["hpi", "assessment"]


def test_mention_of_makes_the_public_value() -> None:
    text = "ASSESSMENT: acute pain in the right knee"
    found = extract(text)
    mention = mention_of(text, found.extracts[0], found.sections[0], found.assertions[0])
    assert mention.text == text[mention.start_char : mention.end_char]
    assert mention.label == "DIAGNOSIS"
    assert mention.section is not None
    assert mention.section.kind == "assessment"
    assert {(a.name, text[a.start_char : a.end_char]) for a in mention.attributes} == {
        ("laterality", "right"), ("acuity", "acute"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("left kidney failure with right knee pain", ["left", "right"]),
        ("Right shoulder is fine. Knee pain.", [None]),
        ("knee pain on the left", ["left"]),
        ("bilateral knee pain", ["bilateral"]),
    ],
    ids=["the nearest wins", "another sentence lends none", "behind", "both"],
)
def test_side_of_each_mention(text: str, sides: list[str | None]) -> None:
    found = [{a.name: a.value for a in e.attributes} for e in extract(text).extracts]
    assert [a.get("laterality") for a in found] == sides


def test_a_pipeline_without_a_model_says_so() -> None:
    with pytest.raises(ModelDamagedError, match="load a model"):
        blank_pipeline(with_linker=False)("gout")


NOISE = st.sampled_from(
    ["HTN", "renal failure", "no ", "ASSESSMENT:", "\r\n", "\n\n", "\t", "\x00", "😀", "שלום",
     "e\u0301", ". ", ", ", "pain in the knee", "right ", "family history of ", "[ ] ", "1. "]
)  # fmt: skip


@given(st.lists(NOISE | st.text(max_size=4), max_size=25).map("".join))
def test_every_offset_is_exact(text: str) -> None:
    found = extract(text)
    assert [e for e in found.extracts if not 0 <= e.start_char < e.end_char <= len(text)] == []
    spans = [(e.start_char, e.end_char) for e in found.extracts]
    assert spans == sorted(spans)
    assert [text[s:e] for s, e in spans if text[s:e] != text[s:e].strip()] == []
    cues = [c for a in found.assertions for c in a.cues if c.start_char >= 0]
    assert [c for c in cues if text[c.start_char : c.end_char] != c.text] == []
    attributes = [a for e in found.extracts for a in e.attributes]
    assert [a for a in attributes if not 0 <= a.start_char < a.end_char <= len(text)] == []
    assert len(found.assertions) == len(found.extracts)


@given(st.lists(NOISE, max_size=25).map("".join))
def test_extraction_is_deterministic(text: str) -> None:
    assert extract(text) == extract(text)


@pytest.mark.parametrize(
    "age",
    ["six-year-old", "3 yo", "5 year old", "18-month-old", "2 week old", "40 y/o"],
)
def test_an_age_is_no_context(age: str) -> None:
    mention = only(f"A {age} with pneumonia.")
    assert mention.core == (stem("pneumonia"),)
    assert mention.context == ()


def test_old_without_an_age_stays() -> None:
    assert stem("old") in only("Old pneumonia.").context


@pytest.mark.parametrize(
    ("text", "sense"),
    [
        ("Follow-up of reflux. Normal kidneys.", "vesicoureteral"),
        ("Reflux and heartburn after meals.", "gastroesophageal"),
        ("Reflux.", None),
        ("Right flank pain, stone in the ureter.", "kidney"),
        ("Stone in the gallbladder on ultrasound.", "gallbladder"),
        ("Dysuria, frequency, no fever.", "urinary"),
        ("Counts frequency of headaches.", None),
    ],
    ids=["renal", "gastric", "bare", "kidney", "gallbladder", "voiding", "headaches"],
)
def test_a_word_with_several_senses_is_read_by_its_note(text: str, sense: str | None) -> None:
    tokens = READER.cut(text)
    NLP.get_pipe("codesuggest_mentions").finder.settle(text, tokens)
    chosen = [word.partition("=")[2].split()[0] for word in tokens.words if "=" in word]
    assert chosen == ([] if sense is None else [sense])


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("PPD placed today.", []),
        ("Smokes 1 PPD, pack a day.", ["packs per day"]),
        ("Stone in the ureter.", []),
    ],
    ids=["an alias", "no alias", "over little words"],
)
def test_a_neighbour_makes_an_abbreviation_clear(
    suggester: CodeSuggester, text: str, chosen: list[str]
) -> None:
    tokens = READER.cut(text)
    suggester.nlp.get_pipe("codesuggest_mentions").finder.settle(text, tokens)
    assert [w.partition("=")[2] for w in tokens.words if "=" in w] == chosen


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("Acute and severe failure of the kidney.", True),
        ("Acute pain, rule out failure of the kidney.", False),
        ("Acute pain? Failure of the kidney.", False),
        ("Acute course: failure of the kidney.", False),
        ("Acute pain, her father has failure of the kidney.", False),
        ("Acute pain without failure of the kidney.", False),
    ],
    ids=["no cue", "rule out", "question mark", "label", "relative", "without"],
)
def test_no_spread_mention_spans_a_cue(text: str, is_found: bool) -> None:
    bag = ("acut", "failur", stem("kidney"))
    assert any(set(e.core) == set(bag) for e in extract(text).extracts) is is_found


@pytest.mark.parametrize(
    ("text", "found"),
    [("HISTORY: Pneumonia.", ["Pneumonia"]), ("ACUTE:\nKidney failure.", ["Kidney failure"])],
    ids=["run in", "own line"],
)
def test_no_alias_begins_in_a_header(text: str, found: list[str]) -> None:
    assert [m for label, m in words(text) if label == "DIAGNOSIS"] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("She has AS. The aortic valve area is small, with a murmur.", True),
        ("SHE IS SEEN AS BEFORE. THE AORTIC VALVE AREA IS SMALL, WITH A MURMUR.", False),
    ],
    ids=["one word in capitals", "all in capitals"],
)
def test_a_little_word_is_no_abbreviation_among_capitals(text: str, found: bool) -> None:
    tokens = READER.cut(text)
    place = tokens.words.index("as")
    NLP.get_pipe("codesuggest_mentions").finder.settle(text, tokens)
    assert tokens.words[place].startswith("as=") == found


@pytest.mark.parametrize(
    ("text", "word", "sense"),
    [
        ("IMPRESSION: SVT.", "svt", "svt=supraventricular tachycardia"),
        ("MR. MILLER IS WELL.", "mr", "mr"),
        ("Severe MR.", "mr", "mr=mitral regurgitation"),
    ],
    ids=["no word", "a title", "not all in capitals"],
)
def test_an_abbreviation_in_capitals_keeps_its_usual_sense(
    text: str, word: str, sense: str
) -> None:
    tokens = READER.cut(text)
    place = tokens.words.index(word)
    NLP.get_pipe("codesuggest_mentions").finder.settle(text, tokens)
    assert tokens.words[place] == sense


def test_a_measure_alone_is_no_mention() -> None:
    """Neither as a line nor as a span that reads like a diagnosis."""
    text = "POSTOPERATIVE DIAGNOSES:\n1. Ovarian cyst.\n2. 8 cm x 10 cm.\n"
    assert not [m for m in words(text) if "cm" in m[1]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Spinal stimulator lead removal.", [("spinal", "stimulator", "lead", "removal")]),
        ("Spinal generator and lead removal.", [("spinal", "lead", "removal")]),
    ],
    ids=["within a mention without gaps", "alone"],
)
def test_part_of_a_mention_is_no_spread_mention(text: str, found: list[tuple[str, ...]]) -> None:
    nlp = blank_pipeline(with_linker=False)
    aliases = [
        Alias(term, "CPT", i, "synonym")
        for i, term in enumerate(("spinal stimulator lead removal", "spinal lead removal"))
    ]
    empty = AliasIndex.build([Alias("gout", "ICD-10-CM", 0, "title")], FORMS)
    nlp.get_pipe("codesuggest_mentions").set_indexes(
        {"DIAGNOSIS": empty, "PROCEDURE": AliasIndex.build(aliases, FORMS)}, frozenset()
    )
    extracts = extracts_of(nlp(text)).extracts
    assert [set(e.core) for e in extracts if e.bag >= 0] == [
        {stem(word) for word in words} for words in found
    ]
