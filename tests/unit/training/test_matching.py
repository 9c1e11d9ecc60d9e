from __future__ import annotations

import pytest

from codesuggest.training.corpora import CodedNote, GoldCode
from codesuggest.training.matching import free_codes, gold_codes, satisfied


def note(*must: str, acceptable: str = "") -> CodedNote:
    """Make a note; ``"A=B,C"`` is the gold code A that B or C may stand for."""
    gold = []
    for entry in must:
        code, _, others = entry.partition("=")
        gold.append(
            GoldCode("ICD-10-CM", code, alternatives=tuple(filter(None, others.split(","))))
        )
    free = tuple(GoldCode("ICD-10-CM", c) for c in acceptable.split())
    return CodedNote("n", "text", (*gold, GoldCode("CPT", "99213")), free)


@pytest.mark.parametrize(
    ("gold", "suggested", "expected"),
    [
        (["A"], "A", {"A": "A"}),
        (["A"], "X", {}),
        (["A=B"], "B", {"B": "A"}),
        (["A=B"], "A B", {"A": "A"}),
        (["A=B"], "B A", {"B": "A"}),
        (["A=B", "B"], "B", {"B": "B"}),
        (["A=B", "B"], "B A", {"A": "A", "B": "B"}),
        (["A=B", "C=B"], "B", {"B": "A"}),
        (["A=B,C", "D=B"], "B C", {"C": "A", "B": "D"}),
        (["A", "A"], "A A", {"A": "A"}),
        ([], "A", {}),
        (["99213"], "", {}),
    ],
    ids=["itself", "another", "an alternative", "itself first", "one of both", "own code first",
         "both", "one for two", "makes room", "twice the same", "nothing to report",
         "nothing suggested"],
)  # fmt: skip
def test_satisfied(gold: list[str], suggested: str, expected: dict[str, str]) -> None:
    assert satisfied(note(*gold), "ICD-10-CM", suggested.split()) == expected


def test_a_code_of_another_system_satisfies_nothing() -> None:
    assert satisfied(note("A"), "ICD-10-CM", ["99213"]) == {}
    assert satisfied(note("A"), "CPT", ["99213", "A"]) == {"99213": "99213"}


def test_alternatives_of_a_code_named_twice_are_joined() -> None:
    assert gold_codes(note("A=B", "A=C"), "ICD-10-CM") == {"A": ("A", "B", "C")}


def test_what_is_no_mistake() -> None:
    assert free_codes(note("A=B", acceptable="C"), "ICD-10-CM") == {"A", "B", "C"}
