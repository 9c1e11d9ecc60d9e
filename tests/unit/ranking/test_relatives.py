from __future__ import annotations

import numpy as np
import pytest

from codesuggest.ranking.near import JointIndex, NearBags
from codesuggest.ranking.relatives import RELATIVE, Relatives
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.aliases import Alias
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.words import WordForms

CODES = ["C34.90", "C34.32", "C34.11", "C50.919", "Z85.118", "Z85.3", "Z80.1", "Z80.3", "Z95.1"]
TITLES = [
    "lung cancer",
    "cancer of lower lobe of lung",
    "cancer of upper lobe of lung",
    "breast cancer",
    "personal history of lung cancer",
    "personal history of breast cancer",
    "family history of lung cancer",
    "family history of breast cancer",
    "presence of coronary bypass graft",
]
ICD = CodeSystem("ICD-10-CM", "test", CODES, TITLES, [-1] * 9, [True] * 9, families=range(9))
SERVICES = {
    "lobectomy": "32480",
    "coronary bypass": "33533",
    "cement in lumbar vertebra": "22511",
    "cement in further vertebra": "22512",
    "cement in balloon cavity of vertebra": "22513",
}
CPT = CodeSystem("CPT", "test", list(SERVICES.values()), list(SERVICES), [-1] * 5, [True] * 5)
FORMS = WordForms({}, {})
INDEX = AliasIndex.build(
    [Alias(t, "ICD-10-CM", i, "title") for i, t in enumerate(TITLES)]
    + [Alias(service, "CPT", row, "description") for row, service in enumerate(SERVICES)],
    FORMS,
)
JOINT = JointIndex({"DIAGNOSIS": INDEX})
RELATIVES = Relatives(JOINT, [ICD, CPT])


def bag(title: str) -> int:
    return INDEX.find_bag(FORMS.bag(title))


def added(title: str, note: str, past: bool = False) -> list[str]:
    """Return the codes that a mention brings beside itself, in order."""
    none = np.array([False])
    own = np.array([bag(title)])
    near = NearBags(np.array([0]), own, np.ones(1, np.float32), np.array([0]))
    found = RELATIVES(near, own, JOINT.known(FORMS.bag(note)), np.array([past]), none)
    assert found.bag[0] == own[0]
    assert found.place.tolist() == [0] + [RELATIVE] * (len(found.bag) - 1)
    entries = JOINT.entry_start[found.bag[1:]]
    return [
        (CODES, CPT.codes)[system][row]
        for system, row in zip(JOINT.entry_system[entries], JOINT.entry_row[entries], strict=True)
    ]


@pytest.mark.parametrize(
    ("note", "best"),
    [("lung cancer of the lower lobe", "C34.32"), ("upper lobe of the lung: cancer", "C34.11"),
     ("lung cancer", "C34.90")],
    ids=["lower", "upper", "neither"],
)  # fmt: skip
def test_the_words_of_a_note_choose_among_the_category(note: str, best: str) -> None:
    found = added("lung cancer", note)
    assert found[0] == best
    assert sorted(found) == ["C34.11", "C34.32", "C34.90"]


def test_a_service_brings_its_neighbours() -> None:
    note = "cement in the lumbar vertebra; a further vertebra was treated in the same way"
    assert added("cement in lumbar vertebra", note) == ["22511", "22512", "22513"]
    assert added("coronary bypass", note) == ["33533"]


@pytest.mark.parametrize(
    ("title", "past", "history"),
    [("breast cancer", True, ["Z85.3"]), ("breast cancer", False, []),
     ("lung cancer", True, ["Z85.118"]), ("lobectomy", True, []),
     ("coronary bypass", True, ["Z95.1"]), ("coronary bypass", False, [])],
    ids=["past", "present", "of the lung", "no trace", "operation", "operation today"],
)  # fmt: skip
def test_a_past_disease_brings_its_history(title: str, past: bool, history: list[str]) -> None:
    assert [c for c in added(title, title, past) if c.startswith("Z")] == history


def test_relatives_of_several_mentions_stand_with_each() -> None:
    own = np.array([bag("breast cancer"), bag("lung cancer")])
    near = NearBags(np.array([0, 1]), own, np.ones(2, np.float32), np.zeros(2, int))
    found = RELATIVES(near, own, JOINT.known(["lung"]), np.array([True, False]), np.zeros(2, bool))
    assert found.query.tolist() == sorted(found.query.tolist())
    assert len(found.bag) == len(found.query) == len(found.place) == len(found.score)


def test_no_near_bags_have_no_relatives() -> None:
    none = np.zeros(0, int)
    near = NearBags(none, none, np.zeros(0, np.float32), none)
    found = RELATIVES(near, np.array([-1]), JOINT.known([]), np.array([False]), np.array([False]))
    assert len(found.bag) == 0


@pytest.mark.parametrize(
    ("title", "history"),
    [("breast cancer", "Z80.3"), ("family history of lung cancer", "Z80.1")],
    ids=["disease", "stated history"],
)
def test_of_a_relative_only_the_history_remains(title: str, history: str) -> None:
    own = np.array([bag(title)])
    near = NearBags(np.zeros(2, int), np.append(own, bag("lung cancer")), np.ones(2), np.arange(2))
    family = np.array([True])
    found = RELATIVES(near, own, JOINT.known(FORMS.bag(title)), ~family, family)
    assert [CODES[row] for row in JOINT.entry_row[JOINT.entry_start[found.bag]]] == [history]


def test_what_no_history_reports_keeps_its_meanings() -> None:
    own = np.array([bag("presence of coronary bypass graft")])
    near = NearBags(np.zeros(1, int), own, np.ones(1), np.zeros(1, int))
    found = RELATIVES(near, own, JOINT.known([]), np.array([False]), np.array([True]))
    assert own[0] in found.bag
