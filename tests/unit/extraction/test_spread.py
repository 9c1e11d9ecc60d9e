"""Spread aliases against a search of every stretch."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesuggest.extraction.spread import Reach, SpreadFinder
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.aliases import Alias
from codesuggest.terminology.words import WordForms, stem

TERMS = ("fracture radius distal", "fracture radius", "pain knee chronic", "knee effusion")
INDEX = AliasIndex.build(
    [Alias(term, "ICD-10-CM", row, "title") for row, term in enumerate(TERMS)], WordForms({}, {})
)
REACH = Reach(smallest=2, widest=14, pair=8)
FIND = SpreadFinder([INDEX], [REACH])
KNEE, EFFUSION = stem("knee"), stem("effusion")
PAIR = INDEX.find_bag([KNEE, EFFUSION])


def narrowest(words: list[str], bag: int) -> int:
    """Return the tokens from first to last of the shortest stretch that holds a bag's words."""
    wanted = [INDEX.words[i] for i in INDEX.bag_ids(bag)]
    places = [[i for i, word in enumerate(words) if word == stem] for stem in wanted]
    return min((max(p) - min(p) for p in product(*places)), default=10**6)


def matches(words: list[str], known: tuple[int, ...] = ()) -> dict[int, int]:
    ids = np.array([[INDEX.word_id.get(word, -1)] for word in words], np.int32).reshape(-1, 1)
    return {m.bag: m.last - m.first for m in FIND(ids, [known])[0]}


@settings(max_examples=200)
@given(st.lists(st.sampled_from([*INDEX.words, *["other"] * 12]), max_size=120))
def test_finds_what_stands_within_reach(words: list[str]) -> None:
    found = matches(words)
    for bag, size in enumerate(INDEX.bag_size.tolist()):
        width = narrowest(words, bag)
        limit = REACH.widest if size > 2 else REACH.pair
        if bag in found:
            assert width <= found[bag] < limit
        # the words nearest to each occurrence of the rarest one are looked at, no other ones
        elif size == 2:
            assert width >= limit


@pytest.mark.parametrize(
    ("between", "is_found"), [(6, True), (7, False), (3000, False)], ids=["near", "far", "pages"]
)
def test_reach_of_pairs(between: int, is_found: bool) -> None:
    words = [KNEE, *["other"] * between, EFFUSION]
    assert (PAIR in matches(words)) is is_found


def test_stretches_come_round_after_64_blocks() -> None:
    # the same bit of the stretches, yet far apart
    words = [KNEE, *["other"] * (64 * REACH.widest - 1), EFFUSION]
    assert matches(words) == {}


def test_known_bags_are_left_out() -> None:
    words = [KNEE, "small", EFFUSION]
    assert PAIR in matches(words)
    assert PAIR not in matches(words, (PAIR,))
