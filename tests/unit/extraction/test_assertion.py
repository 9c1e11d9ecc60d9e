from __future__ import annotations

from collections import Counter

import pytest

from codesuggest import CodeSuggester
from codesuggest.errors import InputError
from codesuggest.extraction.sections import DATA
from codesuggest.schema import ASSERTION_STATUSES
from codesuggest.terminology.words import read_csv, tokenize


def status(suggester: CodeSuggester, text: str, phrase: str) -> str:
    assert text.count(phrase) == 1
    return suggester.assertion_of(text, text.index(phrase), phrase).status


@pytest.mark.parametrize(
    ("text", "phrase", "expected"),
    [
        ("She has gout.", "gout", "present"),
        ("No gout.", "gout", "negated"),
        ("Denies fever, cough, or chest pain.", "chest pain", "negated"),
        ("Denies fever but reports cough.", "cough", "present"),
        ("No fever. Cough for two days.", "Cough", "present"),
        ("Gout was ruled out.", "Gout", "negated"),
        ("Possible gout.", "gout", "uncertain"),
        ("HPI: Well.\nFAMILY HISTORY: Gout.", "Gout", "family"),
        ("Mother had gout.", "gout", "family"),
        ("History of gout.", "gout", "historical"),
        ("Return for fever.", "fever", "hypothetical"),
        ("Will schedule an MRI of the knee.", "MRI", "planned"),
        ("Gout, resolved.", "Gout", "resolved"),
        ("Fever: denies", "Fever", "negated"),
        ("[ ] gout", "gout", "negated"),
        ("[x] gout", "gout", "present"),
        ("No increase in the effusion.", "effusion", "present"),
    ],
    ids=["plain", "no", "list", "but", "next sentence", "behind", "possible", "family section",
         "mother", "history", "return", "planned", "resolved", "template", "empty box",
         "ticked box", "no increase"],
)  # fmt: skip
def test_status(suggester: CodeSuggester, text: str, phrase: str, expected: str) -> None:
    assert status(suggester, text, phrase) == expected


def test_the_cue_carries_its_words_and_offsets(suggester: CodeSuggester) -> None:
    text = "HPI: she denies any chest pain."
    assertion = suggester.assertion_of(text, text.index("chest"), "chest pain")
    cue = assertion.cue
    assert cue is not None
    assert (cue.status, cue.text) == ("negated", "denies any")
    assert text[cue.start_char : cue.end_char] == cue.text


def test_the_cue_of_a_section_has_no_offset(suggester: CodeSuggester) -> None:
    text = "HPI: Well.\nFAMILY HISTORY: Gout."
    cue = suggester.assertion_of(text, text.index("Gout"), "Gout").cue
    assert cue is not None
    assert (cue.status, cue.text, cue.start_char, cue.end_char) == (
        "family", "FAMILY HISTORY", -1, -1,
    )  # fmt: skip


def test_a_mention_can_have_two_cues(suggester: CodeSuggester) -> None:
    text = "Possible history of gout."
    assertion = suggester.assertion_of(text, text.index("gout"), "gout")
    assert assertion.has("uncertain")
    assert assertion.has("historical")


@pytest.mark.parametrize(
    ("text", "start", "phrase"),
    [
        ("No gout.", 0, "gout"),
        ("No gout.", -5, "gout"),
        ("No gout.", 3, ""),
        ("No gout.", 99, "gout"),
        ("No gout.", 3, "Gout"),
    ],
    ids=["elsewhere", "negative", "empty phrase", "behind the text", "other case"],
)
def test_a_phrase_that_is_not_there(
    suggester: CodeSuggester, text: str, start: int, phrase: str
) -> None:
    with pytest.raises(InputError, match=f"offset {start}") as caught:
        suggester.assertion_of(text, start, phrase)
    assert "gout" not in str(caught.value).lower()


# -- the table -------------------------------------------------------------------------------

SCOPES = {
    "sentence", "clause", "template", "none", "adjacent", "adjective", "date", "procedure",
    "relative", "result", "verb",
}  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return read_csv(DATA / "cues.csv", ("cue", "status", "position", "scope"))


def test_cues_are_tidy(rows: list[dict[str, str]]) -> None:
    assert len(rows) > 500
    assert [r for r in rows if r["cue"] != " ".join(r["cue"].split()) or not r["cue"]] == []
    assert [r["cue"] for r in rows if not tokenize(r["cue"])] == []


def test_cues_use_the_vocabulary(rows: list[dict[str, str]]) -> None:
    assert {r["status"] for r in rows} <= {*ASSERTION_STATUSES, "end", "pseudo"} - {"present"}
    assert {r["position"] for r in rows} <= {"before", "after", "both"}
    assert {r["scope"] for r in rows} <= {
        "sentence", "clause", "template", "none", "result", "adjacent", "adjective", "procedure",
        "relative", "date", "verb",
    }  # fmt: skip


def test_every_status_has_cues(rows: list[dict[str, str]]) -> None:
    assert {r["status"] for r in rows} >= set(ASSERTION_STATUSES) - {"present"}


def test_no_cue_stands_twice(rows: list[dict[str, str]]) -> None:
    counts = Counter((r["cue"].lower(), r["status"], r["position"]) for r in rows)
    assert [key for key, n in counts.items() if n > 1] == []
