from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesuggest.errors import ModelDamagedError
from codesuggest.terminology.alias_index import AliasIndex, stem_hash
from codesuggest.terminology.aliases import SIDES, SOURCES, Alias
from codesuggest.terminology.windows import MAX_WINDOW, WindowFinder, Windows
from codesuggest.terminology.words import WordForms, stem

FORMS = WordForms({"htn": "hypertension"}, {"renal": "kidney"})
ALIASES = (
    Alias("hypertension", "ICD-10-CM", 1, "title"),
    Alias("HTN", "ICD-10-CM", 1, "lexicon"),
    Alias("kidney failure", "ICD-10-CM", 2, "title"),
    Alias("renal failure", "ICD-10-CM", 3, "residual"),
    Alias("acute kidney failure", "ICD-10-CM", 4, "title"),
    Alias("heart failure", "ICD-10-CM", 5, "title"),
    Alias("kidney transplant", "CPT", 0, "synonym"),
    Alias("of the", "CPT", 1, "synonym"),
    Alias("x", "CPT", 2, "synonym"),
)


@pytest.fixture(scope="module")
def index() -> AliasIndex:
    return AliasIndex.build(ALIASES, FORMS)


def terms(index: AliasIndex, bag: int) -> tuple[str, ...]:
    return tuple(sorted(index.words[i] for i in index.bag_ids(bag)))


def windows(
    index: AliasIndex, units: list[str], breaks: list[int] | None = None
) -> list[tuple[int, int, tuple[str, ...]]]:
    sums = np.array(
        [sum(map(stem_hash, index.forms.stems(u))) & (2**64 - 1) for u in units], dtype=np.uint64
    )
    start, end, bag = next(
        WindowFinder([index])(Windows.of(sums, np.array(breaks or [0] * len(units))))
    )
    return [(int(s), int(e), terms(index, int(b))) for s, e, b in zip(start, end, bag, strict=True)]


def test_hash_is_the_same_on_every_machine() -> None:
    assert stem_hash("asthma") == 0x5DA310B96F9E5B80


def test_bags_are_distinct_and_sorted_by_hash(index: AliasIndex) -> None:
    # HTN and hypertension share one bag, so do kidney and renal failure; "of the" and "x" have none
    assert len(index) == 5
    assert (np.diff(index.bag_hash.astype(object)) > 0).all()


def test_entries_keep_the_best_source_and_stand_best_first(index: AliasIndex) -> None:
    def entries(*words: str) -> list[tuple[int, str]]:
        bag = index.find_bag(map(stem, words))
        return [
            (int(index.entry_row[e]), SOURCES[int(index.entry_source[e])])
            for e in index.entries(bag)
        ]

    assert entries("hypertension") == [(1, "lexicon")]
    assert entries("failure", "kidney") == [(2, "title"), (3, "residual")]


@pytest.mark.parametrize(
    "order", list(itertools.permutations(["acute", "kidney", "failure"])), ids="-".join
)
def test_a_bag_is_found_in_any_order(index: AliasIndex, order: tuple[str, ...]) -> None:
    found = windows(index, list(order))
    whole = tuple(sorted(map(stem, order)))
    assert (0, 3, whole) in found
    assert index.find_bag(map(stem, order)) == index.find_bag(map(stem, sorted(order)))


@pytest.mark.parametrize(
    ("units", "breaks", "expected"),
    [
        (["htn"], None, [(0, 1, ("hypertension",))]),
        (["renal", "failure"], None, [(0, 2, ("failure", "kidney"))]),
        (["kidney", "failure"], [0, 1], []),
        (["failure", "kidney", "failure"], None,
         [(0, 2, ("failure", "kidney")), (1, 3, ("failure", "kidney"))]),
        (["gout"], None, []),
        (["acute", "kidney", "failure"], None,
         [(0, 3, ("acute", "failure", "kidney")), (1, 3, ("failure", "kidney"))]),
    ],
    ids=["shorthand", "family", "over a sentence", "overlapping", "unknown", "longer first"],
)  # fmt: skip
def test_windows(
    index: AliasIndex,
    units: list[str],
    breaks: list[int] | None,
    expected: list[tuple[int, int, tuple[str, ...]]],
) -> None:
    plain = [(s, e, tuple(sorted(map(stem, w)))) for s, e, w in expected]
    assert windows(index, units, breaks) == plain


def test_no_window_is_longer_than_the_limit() -> None:
    words = ["acute", "kidney", "failure", "heart", "gout", "asthma", "fever", "cough", "anemia"]
    assert len(words) == MAX_WINDOW + 1
    index = AliasIndex.build(
        [Alias(" ".join(w), "CPT", i, "synonym") for i, w in enumerate((words, words[:-1]))],
        WordForms({}, {}),
    )
    assert [(s, e) for s, e, _ in windows(index, words)] == [(0, MAX_WINDOW)]


vocabulary = st.sampled_from(["acute", "kidney", "failure", "heart", "gout", "hypertension"])


@given(st.lists(vocabulary, min_size=1, max_size=12))
def test_windows_find_what_looking_at_every_window_finds(units: list[str]) -> None:
    index = AliasIndex.build(ALIASES, FORMS)
    expected = [
        (s, e, tuple(sorted(map(stem, units[s:e]))))
        for s in range(len(units))
        for e in range(min(len(units), s + MAX_WINDOW), s, -1)
        if len(set(units[s:e])) == e - s and index.find_bag(map(stem, units[s:e])) >= 0
    ]
    assert windows(index, units) == expected


@pytest.mark.parametrize(
    "stems",
    [[], ["gout"], ["hypertension", "gout"], ["acute"]],
    ids=["none", "new", "one new", "part"],
)
def test_find_bag_of_what_is_no_alias(index: AliasIndex, stems: list[str]) -> None:
    assert index.find_bag(map(stem, stems)) == -1


def test_near_ranks_by_rare_words_in_common(index: AliasIndex) -> None:
    query = index.ids(map(stem, ["acute", "kidney", "failure"]))
    ((bags, cosines),) = index.near([query], 10)
    assert [terms(index, int(b)) for b in bags[:2]] == [
        tuple(sorted(map(stem, w))) for w in (["acute", "kidney", "failure"], ["kidney", "failure"])
    ]
    assert cosines[0] == pytest.approx(1, abs=1e-5)
    assert (np.diff(cosines) <= 0).all()
    assert len(bags) == 4  # everything but hypertension


def test_near_keeps_the_best_and_takes_many_queries(index: AliasIndex) -> None:
    queries = [index.ids([stem("hypertension")]), index.ids(map(stem, ["heart", "failure"]))]
    answers = index.near(queries, 1)
    assert [terms(index, int(bags[0])) for bags, _ in answers] == [
        (stem("hypertension"),), tuple(sorted((stem("heart"), stem("failure")))),
    ]  # fmt: skip
    assert [len(bags) for bags, _ in answers] == [1, 1]


def test_near_of_an_empty_query_is_empty(index: AliasIndex) -> None:
    ((bags, cosines),) = index.near([[]], 5)
    assert len(bags) == len(cosines) == 0


def test_bag_weights_have_unit_length(index: AliasIndex) -> None:
    lengths = np.sqrt(index.bag_words.multiply(index.bag_words).sum(axis=1))
    assert np.allclose(lengths, 1, atol=1e-5)


def test_round_trip_on_disk(index: AliasIndex, tmp_path: Path) -> None:
    index.to_disk(tmp_path / "i")
    again = AliasIndex.from_disk(tmp_path / "i")
    assert again.words == index.words
    assert again.forms.bag("HTN, renal") == index.forms.bag("HTN, renal")
    assert (again.bag_hash == index.bag_hash).all()
    assert windows(again, ["renal", "failure"]) == windows(index, ["renal", "failure"])
    # memory-mapped, seen through a plain array
    assert isinstance(again.bag_hash, np.memmap) or isinstance(again.bag_hash.base, np.memmap)


def test_building_twice_gives_the_same_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        AliasIndex.build(ALIASES, FORMS).to_disk(tmp_path / name)
    files = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert "bag_hash.npy" in files
    assert [
        f for f in files
        if (tmp_path / "a" / f).read_bytes() != (tmp_path / "b" / f).read_bytes()
    ] == []  # fmt: skip


@pytest.mark.parametrize("harm", ["no folder", "no array", "no words", "bad words", "bad array"])
def test_from_disk_refuses_damage(index: AliasIndex, tmp_path: Path, harm: str) -> None:
    folder = tmp_path / "diagnosis"
    if harm != "no folder":
        index.to_disk(folder)
    if harm == "no array":
        (folder / "idf.npy").unlink()
    elif harm == "no words":
        (folder / "words.json").unlink()
    elif harm == "bad words":
        (folder / "words.json").write_text(json.dumps({"words": []}), "utf-8")
    elif harm == "bad array":
        (folder / "idf.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(ModelDamagedError, match="'diagnosis' cannot be read"):
        AliasIndex.from_disk(folder)


def test_objects_in_an_array_are_not_unpickled(index: AliasIndex, tmp_path: Path) -> None:
    index.to_disk(tmp_path)
    np.save(tmp_path / "idf.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ModelDamagedError):
        AliasIndex.from_disk(tmp_path)


def test_a_wording_of_one_side_stands_behind_and_keeps_its_side() -> None:
    aliases = [
        Alias("right-sided colon cancer", "ICD-10-CM", 1, "lexicon", "right"),
        Alias("colon cancer", "ICD-10-CM", 9, "lexicon"),
        Alias("left kidney stone", "ICD-10-CM", 2, "lexicon", "left"),
        Alias("right kidney stone", "ICD-10-CM", 2, "lexicon", "right"),
        Alias("bilateral hernia", "ICD-10-CM", 3, "lexicon", "bilateral"),
        Alias("hernia", "ICD-10-CM", 3, "index"),
    ]
    built = AliasIndex.build(aliases, FORMS)

    def entries(term: str) -> list[tuple[int, str]]:
        found = built.entries(built.find_bag(FORMS.bag(term)))
        return [(int(built.entry_row[e]), SIDES[built.entry_side[e]]) for e in found]

    assert entries("colon cancer") == [(9, ""), (1, "right")]
    # said of several sides, or of none, a wording holds for all
    assert entries("kidney stone") == [(2, "")]
    assert entries("hernia") == [(3, "")]
