"""The small parts of training: wordings, checkpoints, trees, kept notes, average precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codesuggest.errors import ModelDamagedError
from codesuggest.extraction.pipeline import blank_pipeline
from codesuggest.schema import SYSTEMS
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.aliases import Alias
from codesuggest.terminology.releases import load_release
from codesuggest.terminology.words import WordForms
from codesuggest.training.checkpoints import Checkpoints, index_fingerprint
from codesuggest.training.corpora import CodedNote, GoldCode
from codesuggest.training.fit import snapped
from codesuggest.training.kept_notes import KeptNotes
from codesuggest.training.learned_wording import LearnedWording, extend_indexes, from_spans
from codesuggest.training.learning_curve import average_precision


@pytest.mark.parametrize(
    ("ranked", "relevant", "expected"),
    [
        (["a", "b"], {"a", "b"}, 1.0),
        (["x", "a"], {"a"}, 0.5),
        (["a", "x", "b"], {"a", "b"}, (1 + 2 / 3) / 2),
        (["a"], {"a", "b"}, 0.5),
        ([], {"a"}, 0.0),
    ],
    ids=["all first", "second", "gap", "one missing", "unanswered"],
)
def test_average_precision(ranked: list[str], relevant: set[str], expected: float) -> None:
    assert average_precision(ranked, relevant) == pytest.approx(expected)


def small_indexes() -> dict[str, AliasIndex]:
    forms = WordForms.packaged()
    rows = [Alias("gout", "ICD-10-CM", 5, "title"), Alias("toe pain", "ICD-10-CM", 6, "title")]
    return {
        "DIAGNOSIS": AliasIndex.build(rows, forms),
        "PROCEDURE": AliasIndex.build([Alias("cast", "CPT", 1, "synonym")], forms),
    }


def test_learned_wordings_are_found_like_any_other() -> None:
    old = small_indexes()
    old["DIAGNOSIS"].silence([old["DIAGNOSIS"].find_bag(["gout"])])
    learned = [
        LearnedWording(("zorblit",), 0, 9),
        LearnedWording(("pain", "zorblit"), 0, 3),
        LearnedWording(("gout",), 0, 4),
    ]
    new = extend_indexes(old, learned)
    index = new["DIAGNOSIS"]
    assert new["PROCEDURE"] is old["PROCEDURE"]
    assert len(index) == len(old["DIAGNOSIS"]) + 2
    assert (np.diff(index.bag_hash.astype(object)) > 0).all()

    def codes(*stems: str) -> list[int]:
        bag = index.find_bag(stems)
        assert sorted(index.words[w] for w in index.bag_ids(bag)) == sorted(stems)
        return [int(index.entry_row[e]) for e in index.entries(bag)]

    assert codes("zorblit") == [9]
    assert codes("pain", "zorblit") == [3]
    assert codes("gout") == [5]
    assert codes(*index.forms.bag("toe pain")) == [6]
    assert index.silent[index.find_bag(["gout"])]
    assert index.silent.sum() == 1


def test_wordings_of_labelled_spans() -> None:
    systems = {name: load_release(name) for name in SYSTEMS}
    row = systems["ICD-10-CM"].row_of["M10.9"]
    text = "His gout, the zorblit foot. And a wording that is much too long to be learned at all."
    note = CodedNote(
        "a", text,
        (GoldCode("ICD-10-CM", "M10.9", ("gout", text[28:]), ((14, 26),)),),
    )  # fmt: skip
    assert from_spans([note, note], small_indexes(), systems) == [
        LearnedWording(("foot", "zorblit"), 0, row)
    ]


def test_checkpoints_resume_and_are_cleared(tmp_path: Path) -> None:
    indexes = small_indexes()
    nlp = blank_pipeline(with_linker=False)
    nlp.get_pipe("codesuggest_mentions").set_indexes(indexes, frozenset())
    notes = [CodedNote(str(i), f"Gout {i}. No toe pain.", ()) for i in range(120)]
    mark = index_fingerprint(indexes, frozenset())
    folder = tmp_path / "kept"
    first, second = Checkpoints(folder), Checkpoints(folder)
    found = first.extract(nlp, notes, mark)
    assert first.n_resumed == 0
    assert len(list(folder.iterdir())) == 2
    shares: list[float] = []
    assert second.extract(nlp, notes, mark, shares.append) == found
    assert (second.n_resumed, shares[-1]) == (120, 1.0)
    # a file that was cut off is made anew
    cut = sorted(folder.iterdir())[0]
    cut.write_text(cut.read_text(encoding="utf-8")[:-9], encoding="utf-8")
    third = Checkpoints(folder)
    assert third.extract(nlp, notes, mark) == found
    assert third.n_resumed < 120
    assert index_fingerprint(indexes, frozenset({"gout"})) != mark
    third.clear()
    assert not folder.exists()


def test_snapped_keeps_order_and_gaps() -> None:
    rng = np.random.default_rng(0)
    x = np.stack([rng.normal(size=3000), rng.integers(0, 5, 3000)], axis=1).astype(np.float32)
    x[::7, 0] = np.nan
    out = snapped(x)
    assert np.isnan(out[:, 0]).tolist() == np.isnan(x[:, 0]).tolist()
    known = ~np.isnan(x[:, 0])
    assert len(np.unique(out[known, 0])) <= 200
    order = np.argsort(x[known, 0], kind="stable")
    assert (np.diff(out[known, 0][order]) >= 0).all()
    assert abs(out[known, 0] - x[known, 0]).mean() < 0.05
    assert (out[:, 1] == x[:, 1]).all()


def test_damaged_kept_notes_are_told(tmp_path: Path) -> None:
    path = tmp_path / "kept_notes.npz"
    path.write_bytes(b"PK")
    with pytest.raises(ModelDamagedError, match=r"kept_notes\.npz"):
        KeptNotes.load(path)
