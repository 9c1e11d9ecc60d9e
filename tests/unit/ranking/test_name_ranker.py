from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from codesuggest.errors import ModelDamagedError
from codesuggest.ranking.calibration import Calibrator
from codesuggest.ranking.name_candidates import NAME_FEATURES, NameCandidates
from codesuggest.ranking.name_memory import OWN, NameMemory
from codesuggest.ranking.name_ranker import LEAST_FOUND, LEAST_LIKE, NameRanker
from codesuggest.ranking.trees import TreeEnsemble
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.aliases import Alias
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.releases import load_release
from codesuggest.terminology.words import WordForms

ALIASES = [
    ("carpal tunnel syndrome", "G56.00", "title"),
    ("gout", "M10.9", "title"),
    ("renal dysplasia", "Q61.4", "title"),
    ("cystic kidney disease", "Q61.9", "title"),
    ("honeymoon palsy", "G56.30", "learned"),
]
MEMORY = [
    ("Meckel syndrome 1", "Q61.9", 0),
    ("Meckel syndrome 2", "Q61.9", 1),
    ("podagra", "M10.9", OWN),
]


@pytest.fixture(scope="module")
def icd() -> CodeSystem:
    return load_release("ICD-10-CM")


@pytest.fixture(scope="module")
def candidates(icd: CodeSystem) -> NameCandidates:
    aliases = [Alias(term, "ICD-10-CM", icd.row_of[code], source) for term, code, source in ALIASES]
    index = AliasIndex.build(aliases, WordForms({}, {}))
    finder = NameCandidates(index, icd)
    finder.memory = NameMemory.build(
        [index.forms.bag(name) for name, _, _ in MEMORY],
        [icd.row_of[code] for _, code, _ in MEMORY],
        [group for _, _, group in MEMORY],
        finder.likeness,
    )
    return finder


@pytest.fixture(scope="module")
def ranker(candidates: NameCandidates, icd: CodeSystem) -> NameRanker:
    names = ["gout", "carpal tunnel", "renal dysplasia", "cystic kidney"]
    right = ["M10.9", "G56.00", "Q61.4", "Q61.9"]
    table = candidates(names)
    labels = table.row == np.array([icd.row_of[c] for c in right])[table.name]
    model = HistGradientBoostingClassifier(max_iter=20, min_samples_leaf=1)
    trees = TreeEnsemble.from_sklearn(model.fit(table.features, labels))
    return NameRanker(candidates, trees, Calibrator([-3, 3], [0.1, 0.9]), icd)


def features_of(
    finder: NameCandidates, icd: CodeSystem, name: str, **how: object
) -> dict[str, dict[str, float]]:
    table = finder([name], **how)  # type: ignore[arg-type]
    return {
        icd.codes[row]: dict(zip(NAME_FEATURES, values.tolist(), strict=True))
        for row, values in zip(table.row.tolist(), table.features, strict=True)
    }


def test_an_equal_alias_is_exact(candidates: NameCandidates, icd: CodeSystem) -> None:
    found = features_of(candidates, icd, "Gout")
    assert found["M10.9"]["exact"] == 1
    assert found["M10.9"]["word_cosine"] == pytest.approx(1)
    assert found["M10.9"]["like_cosine"] == pytest.approx(1, abs=1e-3)


def test_the_own_alias_can_be_left_out(candidates: NameCandidates, icd: CodeSystem) -> None:
    found = features_of(candidates, icd, "gout", without_own=True)
    assert found.get("M10.9", {"word_cosine": 0})["word_cosine"] == 0


def test_near_names_vote(candidates: NameCandidates, icd: CodeSystem) -> None:
    found = features_of(candidates, icd, "Meckel syndrome 7")["Q61.9"]
    assert found["memory_code"] > 0.5
    assert found["prior"] == 2
    assert found["memory_category"] == found["memory_code"]


def test_names_of_the_own_disease_do_not(candidates: NameCandidates, icd: CodeSystem) -> None:
    every = features_of(candidates, icd, "Meckel syndrome 1")["Q61.9"]
    own = features_of(candidates, icd, "Meckel syndrome 1", own=[0])["Q61.9"]
    assert every["memory_code"] == pytest.approx(1, abs=1e-3)
    assert own["memory_code"] < 0.95
    assert (every["prior"], own["prior"]) == (2, 1)


def test_our_own_names_vote_and_do_not_count(candidates: NameCandidates, icd: CodeSystem) -> None:
    found = features_of(candidates, icd, "podagra")["M10.9"]
    assert found["memory_code"] == pytest.approx(1, abs=1e-3)
    assert found["prior"] == 0


def test_learned_aliases_are_left_to_the_memory(
    candidates: NameCandidates, icd: CodeSystem
) -> None:
    found = features_of(candidates, icd, "honeymoon palsy")
    assert found.get("G56.30", {"word_cosine": 0})["word_cosine"] == 0


def test_the_side_picks_the_member(ranker: NameRanker, icd: CodeSystem) -> None:
    (plain,), (sided,) = (
        [[icd.codes[row] for row, _, _ in ranker.rank([name], 1)[0]]]
        for name in ("carpal tunnel syndrome", "carpal tunnel syndrome left")
    )
    assert (plain, sided) == (["G56.00"], ["G56.02"])


@pytest.mark.parametrize("name", ["", "of the", "qqq", "\x00"], ids=repr)
def test_nothing_known_nothing_ranked(ranker: NameRanker, name: str) -> None:
    assert ranker.rank([name, "gout"], 3)[0] == []


def test_the_same_after_saving(
    ranker: NameRanker, candidates: NameCandidates, icd: CodeSystem, tmp_path: Path
) -> None:
    ranker.to_disk(tmp_path / "names")
    again = NameRanker.from_disk(tmp_path / "names", candidates.index, icd)
    names = ["gout", "Meckel syndrome 3", "tunnel syndrome, right"]
    assert again.rank(names, 5) == ranker.rank(names, 5)


@pytest.mark.parametrize("name", ["names.json", "trees.npz", "memory.npz"])
def test_a_damaged_file_is_named_so(
    ranker: NameRanker, candidates: NameCandidates, icd: CodeSystem, tmp_path: Path, name: str
) -> None:
    ranker.to_disk(tmp_path)
    (tmp_path / name).write_bytes(b"{")
    with pytest.raises(ModelDamagedError):
        NameRanker.from_disk(tmp_path, candidates.index, icd)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"word_cosine"', '"word_sine"', "other features"),
        ('"fingerprint": "', '"fingerprint": "0', "other codes"),
    ],
    ids=["features", "codes"],
)
def test_another_version_is_refused(
    ranker: NameRanker,
    candidates: NameCandidates,
    icd: CodeSystem,
    tmp_path: Path,
    old: str,
    new: str,
    message: str,
) -> None:
    ranker.to_disk(tmp_path)
    path = tmp_path / "names.json"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ModelDamagedError, match=message):
        NameRanker.from_disk(tmp_path, candidates.index, icd)


def test_a_list_gets_a_guess_where_a_search_gets_none(
    ranker: NameRanker, candidates: NameCandidates
) -> None:
    name = "goutweed"
    assert LEAST_LIKE < candidates([name]).known[0] < LEAST_FOUND
    assert ranker.rank([name], 3, LEAST_LIKE)[0]
    assert ranker.rank([name], 3, LEAST_FOUND) == [[]]
