from __future__ import annotations

import dataclasses
import inspect
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import codesuggest
from codesuggest import CodeSuggester, CodeSuggestWarning, Mention, Note, SuggestionSet
from codesuggest.errors import InputError, NoteError, SettingError, SystemNotLoadedError
from codesuggest.schema import FRAME_COLUMNS, SETTINGS, SYSTEMS

NAMES = ["chest_xray", "discharge_summary", "office_visit", "operative_note"]
ASSESSMENT = (
    "ASSESSMENT:\n1. Essential hypertension\n2. Type 2 diabetes mellitus\n3. Denies asthma\n"
)
SECRET = "Zebulon Quick, MRN 4711"


def mentions(result: SuggestionSet) -> list[Mention]:
    return [m for s in result for m in s.evidence] + [s.mention for s in result.suppressed]


def misplaced(text: str, result: SuggestionSet) -> list[Any]:
    """Return everything whose offsets do not give its own words."""
    found: list[Any] = []
    for mention in mentions(result):
        if text[mention.start_char : mention.end_char] != mention.text or not mention.text:
            found.append(mention)
        found += [
            c for c in mention.assertion.cues
            if c.start_char >= 0 and text[c.start_char : c.end_char] != c.text
        ]  # fmt: skip
        found += [a for a in mention.attributes if not 0 <= a.start_char < a.end_char <= len(text)]
    found += [s for s in result.sections if not text.startswith(s.title, s.start_char)]
    return found


# -- the example notes -----------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
class TestExampleNotes:
    @pytest.fixture
    def text(self, notes_folder: Path, name: str) -> str:
        return (notes_folder / f"{name}.txt").read_text(encoding="utf-8")

    def test_every_offset_gives_its_words(self, suggester: CodeSuggester, text: str) -> None:
        result = suggester.suggest(text)
        assert mentions(result)
        assert misplaced(text, result) == []

    def test_suggestions_are_well_formed(self, suggester: CodeSuggester, text: str) -> None:
        result = suggester.suggest(text)
        keys = [(s.system, s.code) for s in result]
        assert keys
        assert len(set(keys)) == len(keys)
        assert [s.confidence for s in result] == sorted(
            (s.confidence for s in result), reverse=True
        )
        for s in result:
            code = suggester.terminology[s.system].get(s.code)
            assert (s.title, code.billable) == (code.title, True)
            assert 0 <= s.confidence <= 1
            assert s.evidence
            assert (s.system, s.code) not in [(a.system, a.code) for a in s.alternatives]
            assert len(set(s.evidence)) == len(s.evidence)

    def test_suppressed_mentions_support_nothing(self, suggester: CodeSuggester, text: str) -> None:
        result = suggester.suggest(text)
        used = {m for s in result for m in s.evidence}
        assert [s for s in result.suppressed if s.mention in used] == []
        starts = [s.mention.start_char for s in result.suppressed]
        assert starts == sorted(starts)

    def test_two_runs_are_identical(self, suggester: CodeSuggester, text: str) -> None:
        assert suggester.suggest(text) == suggester.suggest(text)
        assert suggester.suggest(text).to_json() == suggester.suggest(text).to_json()

    def test_a_fresh_suggester_gives_the_same(self, suggester: CodeSuggester, text: str) -> None:
        assert codesuggest.load().suggest(text).to_json() == suggester.suggest(text).to_json()

    def test_json_and_frame(self, suggester: CodeSuggester, text: str) -> None:
        result = suggester.suggest(text)
        assert SuggestionSet.from_json(result.to_json()) == result
        frame = result.to_frame()
        assert tuple(frame.columns) == FRAME_COLUMNS
        assert frame["code"].tolist() == [s.code for s in result]


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("office_visit", {"M17.11", "E11.42", "I10", "20610"}),
        ("discharge_summary", {"J44.1", "J96.01", "I50.32", "I48.0"}),
        ("operative_note", {"K80.10"}),
        ("chest_xray", {"71046"}),
    ],
)
def test_the_main_codes_are_recommended(
    suggester: CodeSuggester, notes_folder: Path, name: str, codes: set[str]
) -> None:
    text = (notes_folder / f"{name}.txt").read_text(encoding="utf-8")
    assert codes - {s.code for s in suggester.suggest(text).recommended} == set()


@pytest.mark.parametrize(
    ("name", "phrase", "reason"),
    [
        ("office_visit", "chest pain", "negated"),
        ("discharge_summary", "pulmonary embolism", "negated"),
        ("chest_xray", "pneumothorax", "negated"),
    ],
)
def test_what_is_ruled_out_is_suppressed_with_its_cue(
    suggester: CodeSuggester, notes_folder: Path, name: str, phrase: str, reason: str
) -> None:
    text = (notes_folder / f"{name}.txt").read_text(encoding="utf-8")
    found = [s for s in suggester.suggest(text).suppressed if s.mention.text == phrase]
    assert [s.reason for s in found][:1] == [reason]
    cue = found[0].mention.assertion.cue
    assert cue is not None
    assert cue.status == reason


@pytest.mark.parametrize(
    ("name", "words"),
    [("office_visit", "breast cancer"), ("discharge_summary", "lung cancer")],
)
def test_a_disease_of_a_relative_supports_nothing_but_family_history(
    suggester: CodeSuggester, notes_folder: Path, name: str, words: str
) -> None:
    text = (notes_folder / f"{name}.txt").read_text(encoding="utf-8")
    result = suggester.suggest(text)
    told = {s.code[:3] for s in result for m in s.evidence if words in m.text}
    assert told <= {"Z80", "Z81", "Z82", "Z83", "Z84"}
    held = [s.reason for s in result.suppressed if words in s.mention.text]
    assert told or held == ["family"] * max(len(held), 1)


# -- texts that break things -----------------------------------------------------------------

TEXTS = {
    "CRLF": ASSESSMENT.replace("\n", "\r\n"),
    "CR alone": ASSESSMENT.replace("\n", "\r"),
    "tabs": ASSESSMENT.replace(" ", "\t"),
    "NUL": "\x00" + ASSESSMENT.replace("\n", "\x00\n"),
    "emoji": "😀👩‍⚕️🇺🇸 " + ASSESSMENT.replace("\n", " 😀\n"),
    "right to left": "שלום مرحبا\n" + ASSESSMENT + "\u202eمرض السكري",
    "combining": ASSESSMENT.replace("e", "e\u0301") + "\nPLAN: Hypertension",
    "no-break blanks": ASSESSMENT.replace(" ", "\u00a0"),
    "odd line breaks": ASSESSMENT.replace("\n", "\u2028") + "\x0b\x0c\x1c\x1d\x85",
    "byte order mark": "\ufeff" + ASSESSMENT,
    "zero width": ASSESSMENT.replace("s", "s\u200b"),
    "full width": "ＡＳＳＥＳＳＭＥＮＴ：\nhypertension",
    "capitals": ASSESSMENT.upper(),
    "one line": ASSESSMENT.replace("\n", " "),
    "leading blanks": "\n\n   \t" + ASSESSMENT,
}


@pytest.mark.parametrize("text", list(TEXTS.values()), ids=list(TEXTS))
def test_offsets_are_exact_in(suggester: CodeSuggester, text: str) -> None:
    result = suggester.suggest(text)
    assert mentions(result)
    assert misplaced(text, result) == []


@pytest.mark.parametrize("name", ["CRLF", "emoji", "right to left", "no-break blanks", "tabs"])
def test_codes_are_found_in(suggester: CodeSuggester, name: str) -> None:
    plain = {s.code for s in suggester.suggest(ASSESSMENT)}
    assert {"I10", "E11.9"} <= plain
    assert {"I10", "E11.9"} <= {s.code for s in suggester.suggest(TEXTS[name])}


def test_a_denied_line_supports_nothing(suggester: CodeSuggester) -> None:
    assert "J45.909" not in {s.code for s in suggester.suggest(ASSESSMENT)}


PIECES = st.sampled_from(
    ["hypertension", "ASSESSMENT:\n", "no ", "denies ", "chest pain", "right knee x-ray 3 views",
     "colonoscopy", "\r\n", "\n\n", "\t", "\x00", "😀", "שלום", "e\u0301", ". ", ", ", "1. ",
     "[ ] ", "FAMILY HISTORY: ", "…", "é", "\u00a0", "type 2 diabetes"]
)  # fmt: skip


@settings(max_examples=40)
@given(st.lists(PIECES | st.text(max_size=5), max_size=20).map("".join))
def test_any_text_is_taken(suggester: CodeSuggester, text: str) -> None:
    result = suggester.suggest(text)
    assert [m for m in mentions(result) if text[m.start_char : m.end_char] != m.text] == []
    assert SuggestionSet.from_dict(result.to_dict()) == result


@pytest.mark.parametrize("text", ["", " ", "\n \t\r\n", "\u00a0\u2028"], ids=repr)
def test_empty_text_gives_an_empty_set(suggester: CodeSuggester, text: str) -> None:
    result = suggester.suggest(Note(text, "n-1"), setting="ed")
    assert (len(result), result.suppressed, result.recommended, result.sections) == (0, (), (), ())
    assert (result.note_id, result.setting, result.setting_guessed) == ("n-1", "ed", False)
    assert set(result.releases) == set(SYSTEMS)


@pytest.mark.parametrize("text", ["x", "...", "\x00", "😀", "5", "The weather is nice."], ids=repr)
def test_a_text_without_mentions_gives_an_empty_set(suggester: CodeSuggester, text: str) -> None:
    result = suggester.suggest(text)
    assert (len(result), result.suppressed) == (0, ())


def test_half_a_surrogate_pair_is_refused(suggester: CodeSuggester) -> None:
    with pytest.raises(NoteError, match="offset 13") as caught:
        suggester.suggest("hypertension \ud800 gout")
    assert "hypertension" not in str(caught.value)


# -- bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        pytest.param(lambda s: s.suggest(None), NoteError, "NoneType", id="None"),
        pytest.param(lambda s: s.suggest(3.5), NoteError, "float", id="number"),
        pytest.param(lambda s: s.suggest(SECRET.encode()), NoteError, "decode", id="bytes"),
        pytest.param(lambda s: s.suggest([SECRET]), NoteError, "list", id="list"),
        pytest.param(lambda s: s.suggest(Path(SECRET)), NoteError, "Path", id="path"),
        pytest.param(lambda s: s.suggest(SECRET * 50_000), NoteError, "1,000,000", id="too long"),
        pytest.param(lambda s: s.suggest(Note(SECRET, "n-9"), max_chars=5), NoteError, "n-9",
                     id="longer than asked"),
        pytest.param(lambda s: s.suggest(SECRET, setting="office"), SettingError, "outpatient",
                     id="setting"),
        pytest.param(lambda s: s.suggest(SECRET, setting=""), SettingError, "outpatient",
                     id="empty setting"),
        pytest.param(lambda s: s.suggest(SECRET, systems=["SNOMED"]), SystemNotLoadedError,
                     "ICD-10-CM", id="system"),
        pytest.param(lambda s: s.suggest(SECRET, systems="icd-10-cm"), SystemNotLoadedError,
                     "ICD-10-CM", id="system in lower case"),
        pytest.param(lambda s: s.suggest(SECRET, top_k=0), InputError, "at least 1", id="top_k"),
        pytest.param(lambda s: s.suggest(SECRET, encounter_date="2026-01-01"), InputError, "str",
                     id="date as text"),
        pytest.param(lambda s: list(s.suggest_many([SECRET, None])), NoteError, "NoneType",
                     id="None among many"),
        pytest.param(lambda s: list(s.suggest_many([SECRET], n_process=0)), InputError,
                     "n_process", id="no process"),
        pytest.param(lambda s: list(s.suggest_many([SECRET], batch_size=0)), InputError,
                     "batch_size", id="no batch"),
        pytest.param(lambda s: list(s.suggest_many([SECRET], setting="x")), SettingError,
                     "outpatient", id="setting of many"),
        pytest.param(lambda s: s.assertion_of(SECRET, 2, "Quick"), InputError, "offset 2",
                     id="phrase elsewhere"),
        pytest.param(lambda s: s.assertion_of(None, 0, "Quick"), NoteError, "NoneType",
                     id="assertion of None"),
        pytest.param(lambda s: s.suggest_many(SECRET), InputError, "sequence",
                     id="one text for many"),
        pytest.param(lambda s: s.suggest_many([SECRET], n_process=0), InputError, "n_process",
                     id="no process, at the door"),
    ],
)  # fmt: skip
def test_refuses_and_never_quotes_the_note(
    suggester: CodeSuggester, call: Callable[[Any], Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error) as caught:
        call(suggester)
    message = str(caught.value)
    assert says in message
    assert not any(word in message for word in ("Zebulon", "Quick", "4711"))


# -- options ---------------------------------------------------------------------------------


def test_the_limit_can_be_moved(suggester: CodeSuggester) -> None:
    assert suggester.suggest("gout", max_chars=4) == suggester.suggest("gout")
    assert inspect.signature(suggester.suggest).parameters["max_chars"].default == 1_000_000


@pytest.mark.parametrize("system", SYSTEMS)
def test_only_the_systems_asked_for(
    suggester: CodeSuggester, notes_folder: Path, system: str
) -> None:
    text = (notes_folder / "office_visit.txt").read_text(encoding="utf-8")
    everything, one = suggester.suggest(text), suggester.suggest(text, systems=[system])
    assert len(one) > 0
    assert {s.system for s in one} == {system}
    assert {s.code for s in one} == {s.code for s in everything if s.system == system}
    assert {s.system for s in one.suppressed} <= {system}


def test_no_systems_give_nothing(suggester: CodeSuggester) -> None:
    assert len(suggester.suggest(ASSESSMENT, systems=[])) == 0


def test_top_k_keeps_the_best(suggester: CodeSuggester) -> None:
    everything = suggester.suggest(ASSESSMENT)
    assert len(everything) > 1
    assert suggester.suggest(ASSESSMENT, top_k=1).suggestions == everything.suggestions[:1]
    assert suggester.suggest(ASSESSMENT, top_k=99).suggestions == everything.suggestions


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_given_setting_is_kept(suggester: CodeSuggester, setting: str) -> None:
    result = suggester.suggest(ASSESSMENT, setting=setting)
    assert (result.setting, result.setting_guessed) == (setting, False)


def test_a_missing_setting_is_guessed_and_said(suggester: CodeSuggester) -> None:
    result = suggester.suggest(ASSESSMENT)
    assert (result.setting, result.setting_guessed) == ("outpatient", True)


@pytest.mark.parametrize(
    ("setting", "kind"),
    [(None, "office_note"), ("imaging", "imaging_report"), ("inpatient", "progress_note")],
)
def test_the_kind_of_document_is_said(
    suggester: CodeSuggester, setting: str | None, kind: str
) -> None:
    result = suggester.suggest(ASSESSMENT, setting=setting)
    assert result.document_kind == kind
    assert SuggestionSet.from_dict(result.to_dict()) == result


def test_a_note_brings_its_own_options(suggester: CodeSuggester) -> None:
    note = Note(ASSESSMENT, "n-3", "inpatient", date(2026, 3, 1), "F", 67)
    result = suggester.suggest(note)
    assert (result.note_id, result.setting, result.warnings) == ("n-3", "inpatient", ())
    assert suggester.suggest(note, setting="ed").setting == "ed"


def test_the_result_says_what_answered(suggester: CodeSuggester) -> None:
    result = suggester.suggest(ASSESSMENT)
    assert result.releases["ICD-10-CM"] == "FY2026"
    assert set(result.releases) == set(result.operating_points) == set(SYSTEMS)
    assert result.model_version == suggester.model_version
    assert "FY2026" in repr(suggester)


# -- dates -----------------------------------------------------------------------------------


@pytest.mark.parametrize("day", [date(2019, 5, 4), date(2031, 5, 4)], ids=["before", "after"])
def test_a_date_outside_every_release_warns_once_and_is_said(
    suggester: CodeSuggester, day: date
) -> None:
    with pytest.warns(CodeSuggestWarning, match=day.isoformat()) as caught:
        first = suggester.suggest(ASSESSMENT, encounter_date=day)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        second = suggester.suggest(ASSESSMENT, encounter_date=day)
    assert first == second
    assert len(first.warnings) == 1
    assert day.isoformat() in first.warnings[0]
    assert "FY2026" in first.warnings[0]
    assert dataclasses.replace(first, warnings=()) == suggester.suggest(ASSESSMENT)


@pytest.mark.parametrize("day", [date(2025, 10, 1), date(2026, 9, 30)], ids=["first", "last"])
def test_a_date_inside_the_release_is_silent(suggester: CodeSuggester, day: date) -> None:
    assert suggester.suggest(ASSESSMENT, encounter_date=day).warnings == ()


# -- many notes ------------------------------------------------------------------------------


@pytest.fixture
def many(notes_folder: Path) -> list[Note | str]:
    texts = [(notes_folder / f"{n}.txt").read_text(encoding="utf-8") for n in NAMES]
    notes: list[Note | str] = [Note(t, f"n-{i}") for i, t in enumerate([*texts, "", *texts])]
    return [*notes, "gout", *notes[:3]]


@pytest.mark.parametrize(
    ("n_process", "batch_size"), [(1, 64), (1, 1), (2, 2), (2, 64)],
    ids=["one process", "one by one", "two processes", "two processes, one batch"],
)  # fmt: skip
def test_many_come_in_order_and_equal_one_by_one(
    suggester: CodeSuggester, many: list[Note | str], n_process: int, batch_size: int
) -> None:
    results = list(
        suggester.suggest_many(many, n_process=n_process, batch_size=batch_size, top_k=5)
    )
    assert [r.to_json() for r in results] == [suggester.suggest(n, top_k=5).to_json() for n in many]


def test_many_is_lazy(suggester: CodeSuggester) -> None:
    asked = []

    def notes() -> Any:
        for number in range(5):
            asked.append(number)
            yield "gout"

    results = suggester.suggest_many(notes())
    assert asked == []
    next(results)
    assert asked == [0]


def test_many_of_none(suggester: CodeSuggester) -> None:
    assert list(suggester.suggest_many([])) == []


def test_an_error_in_a_worker_comes_back_typed(suggester: CodeSuggester) -> None:
    notes: list[Any] = ["gout", Note("x" * 11, "n-5")]
    with pytest.raises(NoteError, match="n-5"):
        list(suggester.suggest_many(notes, n_process=2, max_chars=10))


# -- assertion -------------------------------------------------------------------------------


def test_assertion_of_reads_the_occurrence_asked_for(suggester: CodeSuggester) -> None:
    text = "No gout in the past. Today she has gout."
    first, second = text.index("gout"), text.rindex("gout")
    assert suggester.assertion_of(text, first, "gout").status == "negated"
    assert suggester.assertion_of(text, second, "gout").status == "present"


@pytest.mark.parametrize("phrase", ["unheard-of words", "ou", "😀", "has gout. No"])
def test_assertion_of_any_phrase(suggester: CodeSuggester, phrase: str) -> None:
    text = "She has gout. No unheard-of words 😀."
    assertion = suggester.assertion_of(text, text.index(phrase), phrase)
    assert assertion.status in {"present", "negated"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("FAMILY HISTORY: Mother had breast cancer at 50.", True),
        ("FAMILY HISTORY: No family history of breast cancer.", False),
        ("HPI: Cough. She denies a family history of breast cancer.", False),
    ],
    ids=["told", "none", "denied"],
)
def test_family_history_that_is_denied_is_none(
    suggester: CodeSuggester, text: str, told: bool
) -> None:
    assert any(s.code == "Z80.3" for s in suggester.suggest(text)) == told


@pytest.mark.parametrize(
    ("name", "code"), [("Merkel cell cancer", "C4A.9"), ("basal cell cancer", "C44.91")]
)
def test_what_a_mention_says_word_for_word_is_a_candidate(
    suggester: CodeSuggester, name: str, code: str
) -> None:
    """A nearer alias of the same code, shared with others, must not stand in its place."""
    found = suggester.extract(f"He has {name}.")
    table, _ = suggester.ranker.rank_mentions(found.extracts, range(len(found.extracts)), found)
    icd = suggester.terminology["ICD-10-CM"]
    assert code in {icd.codes[row] for row in table.row[table.system == 0].tolist()}


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        ("PROCEDURE: Open cholecystectomy.", "47600", "47562"),
        ("EXAM: CT head w/o IV contrast.", "70450", "70460"),
        ("ASSESSMENT: Adenocarcinoma of the colon.", "C18.9", "C18.2"),
        ("ASSESSMENT: Malfunctioning AV fistula.", "T82.590A", "I77.0"),
        ("ASSESSMENT: 1)DM 2)HTN", "E11.9", "E10.9"),
        ("ASSESSMENT: Stone in the ureter.", "N20.1", "N20.2"),
        ("ASSESSMENT: Chronic otitis media.", "H66.90", "H66.019"),
    ],
    ids=[
        "the operation named", "contrast", "no side stated",
        "an abbreviation", "numbers of a list", "little words between", "acuity",
    ],
)  # fmt: skip
def test_what_a_line_says_comes_before_its_neighbours(
    suggester: CodeSuggester, text: str, right: str, wrong: str
) -> None:
    confidence = {s.code: s.confidence for s in suggester.suggest(text)}
    assert confidence.get(right, 0.0) > confidence.get(wrong, 0.0)
