from __future__ import annotations

import numpy as np
import pytest

from codesuggest.ranking.near import JointIndex, NearBags
from codesuggest.ranking.relatives import RELATIVE, Relatives
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.aliases import Alias
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.words import WordForms

CODES = ["C34.90", "C34.32", "C34.11", "C50.919", "Z85.118", "Z85.3"]
TITLES = [
    "lung cancer",
    "cancer of lower lobe of lung",
    "cancer of upper lobe of lung",
    "breast cancer",
    "personal history of lung cancer",
    "personal history of breast cancer",
]
ICD = CodeSystem("ICD-10-CM", "test", CODES, TITLES, [-1] * 6, [True] * 6, families=range(6))
FORMS = WordForms({}, {})
INDEX = AliasIndex.build(
    [Alias(t, "ICD-10-CM", i, "title") for i, t in enumerate(TITLES)]
    + [Alias("lobectomy", "CPT", 0, "description")],
    FORMS,
)
JOINT = JointIndex({"DIAGNOSIS": INDEX})
RELATIVES = Relatives(JOINT, ICD)


def bag(title: str) -> int:
    return INDEX.find_bag(FORMS.bag(title))


def added(title: str, note: str, past: bool = False) -> list[str]:
    """Return the codes that a mention brings beside itself, in order."""
    own = np.array([bag(title)])
    near = NearBags(np.array([0]), own, np.ones(1, np.float32), np.array([0]))
    found = RELATIVES(near, own, JOINT.known(FORMS.bag(note)), np.array([past]))
    assert found.bag[0] == own[0]
    assert found.place.tolist() == [0] + [RELATIVE] * (len(found.bag) - 1)
    entries = JOINT.entry_start[found.bag[1:]]
    return [CODES[row] for row in JOINT.entry_row[entries]]


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


@pytest.mark.parametrize(
    ("title", "past", "history"),
    [("breast cancer", True, ["Z85.3"]), ("breast cancer", False, []),
     ("lung cancer", True, ["Z85.118"]), ("lobectomy", True, [])],
    ids=["past", "present", "of the lung", "no diagnosis"],
)  # fmt: skip
def test_a_past_disease_brings_its_history(title: str, past: bool, history: list[str]) -> None:
    assert [c for c in added(title, title, past) if c.startswith("Z")] == history


def test_relatives_of_several_mentions_stand_with_each() -> None:
    own = np.array([bag("breast cancer"), bag("lung cancer")])
    near = NearBags(np.array([0, 1]), own, np.ones(2, np.float32), np.zeros(2, int))
    found = RELATIVES(near, own, JOINT.known(["lung"]), np.array([True, False]))
    assert found.query.tolist() == sorted(found.query.tolist())
    assert len(found.bag) == len(found.query) == len(found.place) == len(found.score)


def test_no_near_bags_have_no_relatives() -> None:
    none = np.zeros(0, int)
    near = NearBags(none, none, np.zeros(0, np.float32), none)
    found = RELATIVES(near, np.array([-1]), JOINT.known([]), np.array([False]))
    assert len(found.bag) == 0
