from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from codesuggest.errors import ModelDamagedError
from codesuggest.ranking.decided import DecidedWordings
from codesuggest.ranking.site_features import wording_of
from codesuggest.ranking.site_tables import (
    Associations,
    Likeness,
    TextScores,
    Words,
    gram_hashes,
    wording_hash,
)


def hashes(*names: str) -> np.ndarray:
    return np.array(sorted(wording_hash([n]) for n in names), np.uint64)


def test_wordings_are_bags_apart_by_label() -> None:
    assert wording_hash(["knee", "pain"]) == wording_hash(["pain", "knee", "pain"])
    assert wording_of("DIAGNOSIS", ["knee"]) == wording_hash(["knee"])
    assert wording_of("PROCEDURE", ["knee"]) != wording_hash(["knee"])


@pytest.mark.parametrize(
    ("stems", "n"), [([], 0), (["a"], 1), (["a", "b"], 3), (["a", "b", "a"], 4)]
)
def test_grams_are_stems_and_ordered_pairs(stems: list[str], n: int) -> None:
    grams = gram_hashes(stems)
    assert len(grams) == n
    assert (np.diff(grams.astype(object)) > 0).all()


def test_words_know_what_enough_notes_say() -> None:
    words = Words.seen([hashes("a", "b"), hashes("a"), hashes("c")])
    assert words.hashes.tolist() == hashes("a").tolist()
    assert words.of(hashes("a", "b")).tolist() == [0]
    assert Words.seen([]).of(hashes("a")).tolist() == []


def test_associations_tell_apart_what_comes_together() -> None:
    # "ache" stands in every note, "gout" and "cold" each with their own code
    wordings = [hashes("ache", "gout")] * 6 + [hashes("ache", "cold")] * 6 + [hashes("ache")] * 6
    codes = [[0]] * 6 + [[1]] * 6 + [[]] * 6
    table = Associations.fit(wordings, codes, 2)
    chances = {
        name: dict(zip(*(part.tolist() for part in table.of(wording_hash([name]))), strict=True))
        for name in ("ache", "gout", "cold", "never")
    }
    assert max(chances["gout"], key=chances["gout"].__getitem__) == 0
    assert max(chances["cold"], key=chances["cold"].__getitem__) == 1
    assert chances["gout"][0] > 0.6
    assert max(chances["ache"].values(), default=0.0) < 0.2
    assert chances["never"] == {}


def test_associations_come_back_from_arrays() -> None:
    table = Associations.fit([hashes("gout")] * 3, [[1]] * 3, 2)
    back = Associations.from_arrays(table.to_arrays(), 2)
    assert (back.table != table.table).nnz == 0


@pytest.fixture
def texts() -> tuple[TextScores, np.ndarray, list[np.ndarray]]:
    grams = [gram_hashes(["gout", "toe", str(i % 3)]) for i in range(8)]
    grams += [gram_hashes(["cough", "throat", str(i % 3)]) for i in range(8)]
    labels = sparse.csr_matrix(np.repeat(np.eye(2), 8, axis=0))
    table, scores = TextScores.fit(grams, labels)
    return table, scores, grams


def test_text_scores_leave_the_note_itself_out(
    texts: tuple[TextScores, np.ndarray, list[np.ndarray]],
) -> None:
    table, scores, grams = texts
    assert scores.argmax(axis=1).tolist() == [0] * 8 + [1] * 8
    # the closed form equals a fit without the note, up to what the vocabulary lost
    labels = sparse.csr_matrix(np.repeat(np.eye(2), 8, axis=0)[1:])
    without, _ = TextScores.fit(grams[1:], labels)
    assert without(grams[0]) == pytest.approx(scores[0], abs=0.05)
    assert abs(table(grams[0]) - [1, 0]).max() < abs(scores[0] - [1, 0]).max()


def test_text_scores_come_back_from_arrays(
    texts: tuple[TextScores, np.ndarray, list[np.ndarray]],
) -> None:
    table, _, grams = texts
    back = TextScores.from_arrays(table.to_arrays())
    assert back(grams[3]) == pytest.approx(table(grams[3]), abs=1e-2)


def test_likeness_is_above_zero_for_the_sites_own_words() -> None:
    like = Likeness.fit([hashes("a", "b")] * 5, [hashes("c", "b")] * 5)
    assert like(hashes("a")) > 1 > 0 > like(hashes("c"))
    assert like(hashes("b")) == pytest.approx(0.0)
    assert like(hashes("a"), "site") < like(hashes("a"))
    assert Likeness.fit([hashes("a")] * 5, [])(hashes("a")) == 0.0


def test_decisions_come_back_from_disk(tmp_path: Path) -> None:
    decided = DecidedWordings()
    decided.add(2**63 + 5, (0, 7), True)
    decided.add(2**63 + 5, (0, 7), False)
    decided.add(3, (1, 2), False)
    decided.to_disk(tmp_path / "decided.json")
    assert DecidedWordings.from_disk(tmp_path / "decided.json").counts == {
        2**63 + 5: {(0, 7): [1, 1]},
        3: {(1, 2): [0, 1]},
    }


def test_damaged_decisions_are_told(tmp_path: Path) -> None:
    (tmp_path / "decided.json").write_text(json.dumps([[1, 2]]), encoding="utf-8")
    with pytest.raises(ModelDamagedError, match=r"decided\.json: not a table of decisions"):
        DecidedWordings.from_disk(tmp_path / "decided.json")
