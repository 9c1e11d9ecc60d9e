from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesuggest import schema
from codesuggest.errors import InputError, NoteError, SettingError
from codesuggest.schema import (
    ASSERTION_STATUSES,
    FRAME_COLUMNS,
    LABELS,
    SETTINGS,
    SYSTEMS,
    Alternative,
    Assertion,
    Attribute,
    Candidate,
    Code,
    Cue,
    Edit,
    Mention,
    Note,
    Section,
    Suggestion,
    SuggestionSet,
    SuppressedMention,
)

SECTION = Section("assessment", "ASSESSMENT", 0, 40)
CUE = Cue("negated", "no", 12, 14)
MENTION = Mention(
    "asthma", 15, 21, "DIAGNOSIS", SECTION, Assertion("negated", (CUE,)),
    (Attribute("severity", "mild", 10, 14),),
)  # fmt: skip
PLAIN = Mention("gout", 30, 34, "DIAGNOSIS")
WITHHOLD = Edit("one code for one mention", "withhold", "reported as J45.901", ("J45.901",))
SUGGESTIONS = (
    Suggestion("ICD-10-CM", "M10.9", "Gout, unspecified", 0.8, (PLAIN, MENTION)),
    Suggestion(
        "ICD-10-CM", "J45.909", "Unspecified asthma, uncomplicated", 0.6, (MENTION,),
        (Alternative("ICD-10-CM", "J45.901", "Unspecified asthma with exacerbation", 0.2),),
        (WITHHOLD, Edit("note", "info", "stage?")),
    ),
    Suggestion("CPT", "71046", "Chest x-ray, 2 views", 0.3),
)  # fmt: skip
RESULT = SuggestionSet(
    SUGGESTIONS,
    (SuppressedMention(MENTION, "negated", "ICD-10-CM", "J45.909", "Asthma"),),
    {"ICD-10-CM": "FY2026", "CPT": "starter 2026"},
    "0.1.0",
    {"ICD-10-CM": 0.4, "CPT": 0.35},
    "n-1",
    "outpatient",
    True,
    (SECTION,),
    ("no release",),
)
VALUES = {
    "note": Note("text"),
    "section": SECTION,
    "cue": CUE,
    "assertion": Assertion(),
    "attribute": Attribute("laterality", "left", 0, 4),
    "mention": MENTION,
    "code": Code("ICD-10-CM", "I10", "Essential (primary) hypertension", True),
    "candidate": Candidate("ICD-10-CM", "I10"),
    "alternative": SUGGESTIONS[1].alternatives[0],
    "edit": WITHHOLD,
    "suggestion": SUGGESTIONS[0],
    "suppressed mention": RESULT.suppressed[0],
    "suggestion set": RESULT,
}


# -- the values ------------------------------------------------------------------------------


def test_every_public_dataclass_is_listed_here() -> None:
    public = {name for name in schema.__all__ if dataclasses.is_dataclass(getattr(schema, name))}
    assert public == {type(value).__name__ for value in VALUES.values()}


@pytest.mark.parametrize("value", list(VALUES.values()), ids=list(VALUES.keys()))
class TestEveryValue:
    def test_is_frozen(self, value: Any) -> None:
        name = dataclasses.fields(value)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, None)

    def test_is_slotted(self, value: Any) -> None:
        assert not hasattr(value, "__dict__")
        assert set(type(value).__slots__) == {f.name for f in dataclasses.fields(value)}

    def test_hashes_like_an_equal_copy(self, value: Any) -> None:
        other = copy.deepcopy(value)
        assert other == value
        assert hash(other) == hash(value)

    def test_survives_pickling(self, value: Any) -> None:
        # suggestion sets come back from worker processes
        assert pickle.loads(pickle.dumps(value)) == value


def test_vocabulary() -> None:
    assert SYSTEMS == ("ICD-10-CM", "CPT", "HCPCS")
    assert LABELS == ("DIAGNOSIS", "PROCEDURE", "SUPPLY")
    assert SETTINGS == ("outpatient", "inpatient", "ed", "procedure", "imaging", "lab")
    assert set(ASSERTION_STATUSES) == {
        "present", "negated", "uncertain", "historical", "hypothetical", "family", "planned",
        "resolved",
    }  # fmt: skip


def test_candidate_identity_leaves_score_and_features_out() -> None:
    one, other = Candidate("CPT", "71046", 0.2, (1.0,)), Candidate("CPT", "71046", 0.9, (2.0,))
    assert one == other
    assert hash(one) == hash(other)
    assert one != Candidate("CPT", "71045", 0.2, (1.0,))


# -- notes -----------------------------------------------------------------------------------

SECRET = "patient John Doe has gout"


@pytest.mark.parametrize(
    ("fields", "error", "says"),
    [
        pytest.param({"text": None}, NoteError, "NoneType", id="no text"),
        pytest.param({"text": SECRET.encode()}, NoteError, "decode bytes first", id="bytes"),
        pytest.param({"text": 7}, NoteError, "int", id="number"),
        pytest.param({"text": [SECRET]}, NoteError, "list", id="list"),
        pytest.param({"setting": "office"}, SettingError, "'office'", id="unknown setting"),
        pytest.param({"setting": ""}, SettingError, "outpatient", id="empty setting"),
        pytest.param({"setting": "ED"}, SettingError, "'ED'", id="setting in capitals"),
        pytest.param({"encounter_date": "2026-01-01"}, InputError, "str", id="date as text"),
        pytest.param({"encounter_date": 20260101}, InputError, "int", id="date as number"),
        pytest.param({"patient_sex": "female"}, NoteError, "'F', 'M' or None", id="sex in words"),
        pytest.param({"patient_age": -1}, NoteError, "0 to 130", id="negative age"),
        pytest.param({"patient_age": 131}, NoteError, "0 to 130", id="age of 131"),
        pytest.param({"patient_age": float("nan")}, NoteError, "0 to 130", id="age not a number"),
        pytest.param(
            {"patient_age": "67"}, NoteError, "patient_age", id="age as text",
        ),
        pytest.param(
            {"encounter_date": datetime(2026, 3, 1, 9)}, InputError, "datetime", id="date and time",
        ),
    ],
)  # fmt: skip
def test_note_refuses(fields: dict[str, Any], error: type[InputError], says: str) -> None:
    with pytest.raises(error) as caught:
        Note(**{"text": SECRET, "note_id": "n-17", **fields})
    message = str(caught.value)
    assert says in message
    assert "n-17" in message
    assert "John" not in message


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="text alone"),
        pytest.param({"setting": "ed", "encounter_date": date(2026, 3, 1)}, id="setting and date"),
        pytest.param({"patient_sex": "F", "patient_age": 0}, id="newborn girl"),
        pytest.param({"patient_sex": "M", "patient_age": 130}, id="oldest man"),
    ],
)
def test_note_takes(fields: dict[str, Any]) -> None:
    note = Note("text", **fields)
    assert {name: getattr(note, name) for name in fields} == fields


# -- assertions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        pytest.param((), "present", id="no cue"),
        pytest.param(("negated",), "negated", id="one cue"),
        pytest.param(("historical", "negated"), "negated", id="negated before historical"),
        pytest.param(("negated", "family"), "family", id="family before negated"),
        pytest.param(("uncertain", "planned"), "planned", id="planned before uncertain"),
        pytest.param(("historical", "resolved"), "resolved", id="resolved before historical"),
        pytest.param(ASSERTION_STATUSES[::-1], "family", id="all of them"),
    ],
)
def test_assertion_takes_the_most_telling_status(statuses: tuple[str, ...], status: str) -> None:
    cues = tuple(Cue(s, s, i, i + 1) for i, s in enumerate(statuses))
    assertion = Assertion.from_cues(cues)
    assert assertion == Assertion(status, cues)
    assert all(assertion.has(s) for s in statuses)
    assert assertion.cue == next((c for c in cues if c.status == status), None)


# -- suggestion sets -------------------------------------------------------------------------


def test_a_set_is_a_sequence_of_suggestions() -> None:
    assert len(RESULT) == 3
    assert list(RESULT) == list(SUGGESTIONS)
    assert RESULT[0] is SUGGESTIONS[0]
    assert RESULT[-1] is SUGGESTIONS[2]


def test_recommended_reaches_its_operating_point_and_is_not_withheld() -> None:
    assert [s.code for s in RESULT.recommended] == ["M10.9"]
    assert [s.withheld for s in RESULT] == [False, True, False]


def test_a_system_without_operating_point_recommends_from_one_half() -> None:
    rows = tuple(Suggestion("HCPCS", f"J000{i}", "", p) for i, p in enumerate((0.5, 0.49)))
    assert SuggestionSet(rows).recommended == rows[:1]


def test_at_moves_operating_points_and_nothing_else() -> None:
    moved = RESULT.at(icd10cm=0.9, cpt=0.3)
    assert [s.code for s in moved.recommended] == ["71046"]
    assert moved.operating_points == {"ICD-10-CM": 0.9, "CPT": 0.3}
    assert dataclasses.replace(moved, operating_points=RESULT.operating_points) == RESULT
    assert RESULT.operating_points == {"ICD-10-CM": 0.4, "CPT": 0.35}


@pytest.mark.parametrize(
    ("points", "says"),
    [
        pytest.param({"snomed": 0.5}, "'snomed'", id="unknown system"),
        pytest.param({"cpt": 1.01}, "0 to 1", id="above one"),
        pytest.param({"cpt": -0.1}, "0 to 1", id="below zero"),
        pytest.param({"cpt": float("nan")}, "0 to 1", id="not a number"),
    ],
)
def test_at_refuses(points: dict[str, float], says: str) -> None:
    with pytest.raises(InputError, match=says):
        RESULT.at(**points)


# -- JSON ------------------------------------------------------------------------------------

text = st.text(max_size=12)
offset = st.integers(-1, 10**6)
share = st.floats(0, 1)
system = st.sampled_from(SYSTEMS)
sections = st.builds(Section, text, text, offset, offset)
cues = st.builds(Cue, st.sampled_from(ASSERTION_STATUSES), text, offset, offset)


def tuples(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, max_size=2).map(tuple)


mentions = st.builds(
    Mention, text, offset, offset, st.sampled_from(LABELS), st.none() | sections,
    st.builds(Assertion, st.sampled_from(ASSERTION_STATUSES), tuples(cues)),
    tuples(st.builds(Attribute, text, text, offset, offset)),
)  # fmt: skip
suggestions = st.builds(
    Suggestion, system, text, text, share, tuples(mentions),
    tuples(st.builds(Alternative, system, text, text, share)),
    tuples(st.builds(
        Edit, text, st.sampled_from(["info", "warning", "query", "withhold"]), text, tuples(text)
    )),
)  # fmt: skip
suppressed = st.builds(
    SuppressedMention, mentions, text, st.none() | system, st.none() | text, st.none() | text
)
sets = st.builds(
    SuggestionSet, tuples(suggestions), tuples(suppressed),
    st.dictionaries(system, text), text, st.dictionaries(system, share), st.none() | text,
    st.none() | st.sampled_from(SETTINGS), st.booleans(), tuples(sections), tuples(text),
)  # fmt: skip


@given(sets)
def test_dict_round_trip(result: SuggestionSet) -> None:
    assert SuggestionSet.from_dict(result.to_dict()) == result


@given(sets)
def test_json_round_trip(result: SuggestionSet) -> None:
    assert SuggestionSet.from_json(result.to_json()) == result


@given(sets)
def test_to_dict_is_plain_data_and_marks_what_is_recommended(result: SuggestionSet) -> None:
    plain = result.to_dict()
    assert json.loads(json.dumps(plain)) == plain
    marked = [row["code"] for row in plain["suggestions"] if row["recommended"]]
    assert marked == [s.code for s in result.recommended]


def test_json_keeps_characters_and_takes_an_indent() -> None:
    note = SuggestionSet(note_id="Ménière 😀")
    assert "Ménière 😀" in note.to_json()
    assert "\n  " in note.to_json(indent=2)


FIELDS = [f.name for f in dataclasses.fields(SuggestionSet)]


@pytest.mark.parametrize("field", FIELDS)
def test_from_dict_names_the_missing_field(field: str) -> None:
    data = RESULT.to_dict()
    del data[field]
    with pytest.raises(InputError, match=repr(field)):
        SuggestionSet.from_dict(data)


def shape(field: str, value: Any) -> Any:
    return pytest.param(field, value, id=f"{field}={value!r}")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        shape("suggestions", None),
        shape("suggestions", 3),
        shape("suggestions", ["x"]),
        shape("suppressed", [{}]),
        shape("releases", "abc"),
        shape("sections", [1]),
        shape("sections", [{"kind": "x"}]),
        shape("warnings", None),
    ],
)
def test_from_dict_refuses_another_shape(field: str, value: Any) -> None:
    with pytest.raises(InputError):
        SuggestionSet.from_dict({**RESULT.to_dict(), field: value})


def test_from_json_refuses_what_is_not_json() -> None:
    with pytest.raises(InputError):
        SuggestionSet.from_json("{")


# -- frames ----------------------------------------------------------------------------------


def test_frame_has_one_row_a_suggestion() -> None:
    frame = RESULT.to_frame()
    assert tuple(frame.columns) == FRAME_COLUMNS
    # what counts as missing in a column of text differs between versions of pandas
    cells = frame.astype(object).where(frame.notna(), None)
    assert cells.to_dict("records") == [
        dict(zip(FRAME_COLUMNS, row, strict=True))
        for row in (
            ("n-1", 1, "ICD-10-CM", "M10.9", "Gout, unspecified", 0.8, True, "gout", 30, 34,
             None, 2, "", ""),
            ("n-1", 2, "ICD-10-CM", "J45.909", "Unspecified asthma, uncomplicated", 0.6, False,
             "asthma", 15, 21, "assessment", 1, "J45.901", "reported as J45.901; stage?"),
            ("n-1", 3, "CPT", "71046", "Chest x-ray, 2 views", 0.3, False, None, -1, -1, None, 0,
             "", ""),
        )
    ]  # fmt: skip


def test_frame_of_nothing_has_the_columns() -> None:
    frame = SuggestionSet().to_frame()
    assert tuple(frame.columns) == FRAME_COLUMNS
    assert len(frame) == 0
