"""Search as coders type: words, abbreviations, misspellings, sides, beginnings of codes."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from codesuggest.errors import TerminologyError
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.search import CodeSearch, stated_axes
from codesuggest.terminology.title_words import TitleWords
from codesuggest.terminology.words import read_csv

if TYPE_CHECKING:
    from codesuggest import CodeSuggester

CASES = read_csv(
    Path(__file__).parents[2] / "data" / "search_cases.csv", ("query", "code", "within")
)
#: DESIGN and the issues ask for this, on one core.
LIMIT_MS = 20


@pytest.fixture(scope="module")
def icd(suggester: CodeSuggester) -> CodeSystem:
    return suggester.terminology["ICD-10-CM"]


@pytest.fixture(scope="module")
def sampled_titles(icd: CodeSystem) -> list[tuple[str, str]]:
    """Every two hundredth reportable code with the words of its title in any order."""
    rng = random.Random(1)
    pairs = [(c.code, c.title.split()) for c in icd if c.billable][::200]
    return [(code, " ".join(rng.sample(words, len(words)))) for code, words in pairs]


def test_there_are_enough_cases() -> None:
    assert len({case["query"] for case in CASES}) == len(CASES) >= 60


@pytest.mark.parametrize("case", [pytest.param(case, id=case["query"]) for case in CASES])
def test_search_finds(icd: CodeSystem, case: dict[str, str]) -> None:
    within = int(case["within"])
    assert case["code"] in [code.code for code in icd.search(case["query"], within)]


def test_titles_are_found_with_their_words_in_any_order(
    icd: CodeSystem, sampled_titles: list[tuple[str, str]]
) -> None:
    ranks = [[c.code for c in icd.search(words, 5)] for _, words in sampled_titles]
    first = sum(r[:1] == [code] for r, (code, _) in zip(ranks, sampled_titles, strict=True))
    assert len(ranks) > 350
    assert all(code in r for r, (code, _) in zip(ranks, sampled_titles, strict=True))
    # some codes share their title but for signs
    assert first / len(ranks) >= 0.97


def test_search_is_fast(icd: CodeSystem, sampled_titles: list[tuple[str, str]]) -> None:
    queries = [*(case["query"] for case in CASES), *(words for _, words in sampled_titles)]
    icd.search("warm-up of what is read when first asked pnemonia", 20)
    times = sorted(_milliseconds(icd, query) for query in queries)
    assert times[int(len(times) * 0.95)] <= LIMIT_MS


def _milliseconds(icd: CodeSystem, query: str) -> float:
    best = 1e9
    for _ in range(2):  # other programs run on the machine too
        start = time.perf_counter()
        icd.search(query, 20)
        best = min(best, (time.perf_counter() - start) * 1e3)
    return best


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("e11.2", ["E11.2", "E11.21", "E11.22", "E11.29"]),
        ("S5252", ["S52.52", "S52.521A", "S52.521D", "S52.521G"]),
        ("QA0.1", []),
    ],
)
def test_a_code_finds_itself_and_what_is_below(
    icd: CodeSystem, query: str, codes: list[str]
) -> None:
    assert [code.code for code in icd.search(query, 4)][: len(codes)] == codes


def test_the_beginning_of_a_code_finds_codes(suggester: CodeSuggester) -> None:
    found = suggester.terminology["CPT"].search("9921", 20)
    assert {"99212", "99213", "99214", "99215"} <= {code.code for code in found}


@pytest.mark.parametrize("query", ["", "   ", "!!", "the of"], ids=repr)
def test_nothing_finds_nothing(icd: CodeSystem, query: str) -> None:
    assert icd.search(query) == []


@pytest.mark.parametrize("top_k", [1, 3, 20])
def test_no_more_than_asked_for_and_no_code_twice(icd: CodeSystem, top_k: int) -> None:
    codes = [code.code for code in icd.search("fracture femur", top_k)]
    assert len(set(codes)) == len(codes) == top_k


@pytest.mark.parametrize(
    ("words", "axes"),
    [
        ("pain left knee", {"laterality": "left"}),
        ("pain knees both", {"laterality": "bilateral"}),
        ("cataract b/l", {"laterality": "bilateral"}),
        ("preeclampsia 3rd trimester", {"trimester": "third"}),
        ("open fx tibia", {"episode": "initial_open"}),
        ("fx tibia malunion", {"episode": "subsequent_malunion"}),
        ("fx tibia subsequent", {"episode": "subsequent"}),
        ("sequela open fx tibia", {"episode": "sequela"}),
        ("undisplaced fx rt tibia", {"displacement": "nondisplaced", "laterality": "right"}),
        ("severe glaucoma", {"stage": "severe"}),
        ("twins fetus 2", {"fetus": "2"}),
        ("hypertension", {}),
    ],
)
def test_stated_axes(words: str, axes: dict[str, str]) -> None:
    assert stated_axes(words) == axes


# -- without the model -------------------------------------------------------------------------


class Echo:
    """A searcher that always finds the same."""

    def __init__(self, *codes: str) -> None:
        self.codes = codes
        self.asked: list[str] = []

    def search(self, words: str, system: str, top_k: int) -> Sequence[tuple[str]]:
        self.asked.append(words)
        return [(code,) for code in self.codes[:top_k]]


TABLE = CodeSystem(
    "ICD-10-CM",
    "FY1999",
    ["B10", "B10.1", "B10.2", "B11.1", "B11.2"],
    ["Moonopathy", "Moonopathy, left", "Moonopathy, right", "Moonitis of star", "Star moonopathy"],
    [-1, 0, 0, -1, -1],
    [False, True, True, True, True],
    families=[-1, 0, 0, 1, 2],
    axes=["", "laterality=left", "laterality=right", "", ""],
)


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("moonop star", "moonopathy star"),
        ("moonopathy", "moonopathy"),
        ("moo", "moo"),
        ("mooncheese", "mooncheese"),
        ("copd", "copd"),
        ("moonopathy third trimester", "moonopathy  "),
        ("third trimester", "third trimester"),
    ],
)
def test_what_the_searcher_is_asked(query: str, asked: str) -> None:
    echo = Echo("B11.1")
    CodeSearch(TABLE, echo)(query, 5)
    assert echo.asked == [asked]


def test_the_side_stated_picks_the_member() -> None:
    assert CodeSearch(TABLE, Echo("B10.1", "B10.2"))("moonopath right", 5) == ["B10.2"]


@pytest.mark.parametrize(
    ("query", "code"),
    [("moonopathy", "B12.9"), ("moonopathy left", "B12.1"), ("moonopathy both", "B12.2")],
    ids=["no side", "a side", "a side that the family lacks"],
)
def test_without_a_side_the_unspecified_member_is_meant(query: str, code: str) -> None:
    table = CodeSystem(
        "ICD-10-CM", "FY1999", ["B12.1", "B12.2", "B12.9"], ["left", "right", "unspecified"],
        [-1] * 3, [True] * 3, families=[0] * 3,
        axes=[f"laterality={side}" for side in ("left", "right", "unspecified")],
    )  # fmt: skip
    assert CodeSearch(table, Echo("B12.2"))(query, 5) == [code]


def test_codes_that_the_release_lacks_are_left_out() -> None:
    assert CodeSearch(TABLE, Echo("B12", "B11.2"))("anything", 5) == ["B11.2"]


def test_search_needs_wordings() -> None:
    with pytest.raises(TerminologyError, match=r"codesuggest\.load"):
        CodeSearch(TABLE, None)


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ("star MOONOPATHY", ["B11.2"]),
        ("moonopathy (star)", ["B11.2"]),
        ("moonopathy", []),
        ("star star moonopathy", []),
        ("", []),
    ],
)
def test_exact_titles(words: str, codes: list[str]) -> None:
    assert TitleWords(TABLE).exact(words) == codes
