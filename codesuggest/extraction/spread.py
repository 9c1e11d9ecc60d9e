"""Aliases whose words all stand close together in a note, with other words between them.

"Fracture, closed, of the distal radius" holds *distal radius fracture*; no window of its own
equals it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.grouping import group_starts

__all__ = ["Reach", "SpreadMatch", "spread_matches"]

Array = np.ndarray[Any, Any]

#: The most telling bags whose place in the note is looked at.
_MOST_BAGS = 96
_MOST_MATCHES = 24
_BITS = 20


@dataclass(frozen=True, slots=True)
class Reach:
    """How many tokens apart the words of a bag may stand.

    Parameters
    ----------
    smallest : int
        Fewest words of a bag.
    widest : int
        For bags of three words and more.
    pair : int
        For bags of two words, which say little when far apart.
    """

    smallest: int
    widest: int
    pair: int


@dataclass(frozen=True, slots=True)
class SpreadMatch:
    """A bag, and the first and last token of the narrowest stretch that holds its words."""

    bag: int
    first: int
    last: int


def spread_matches(
    index: AliasIndex, words: Array, reach: Reach, known: Sequence[int] = ()
) -> list[SpreadMatch]:
    """Find the bags whose words stand within reach, the most telling first.

    Parameters
    ----------
    index : AliasIndex
    words : array of int, shape (n_tokens, width)
        Word ids of each token in that index, -1 where there is none.
    reach : Reach
    known : sequence of int
        Bags that were found as they stand, and need not be found again.
    """
    token, column = np.nonzero(words >= 0)
    if not len(token):
        return []
    # every occurrence of a word as one number, in order of word and place
    places = np.sort((words[token, column].astype(np.int64) << _BITS) | token)
    word_of = places >> _BITS
    begins = group_starts(word_of)
    ids = word_of[begins]
    found = index.covered(ids, _stretches(places, begins, reach), reach.smallest)
    bags = np.array(sorted({*found.tolist()}.difference(known)), np.int64)
    if not len(bags):
        return []
    if len(bags) > _MOST_BAGS:
        norm = index.bag_norm[bags]
        bags = np.sort(bags[np.argpartition(-norm, _MOST_BAGS)[:_MOST_BAGS]])
    low, high, bag_of = _narrowest(index, bags, places, begins, ids)
    size = index.bag_size[bags[bag_of]]
    near = high - low < np.where(size > 2, reach.widest, reach.pair)
    low, high, found = low[near], high[near], bags[bag_of[near]]
    order = np.lexsort((found, -index.bag_norm[found]))[:_MOST_MATCHES]
    return [
        SpreadMatch(bag, first, last)
        for bag, first, last in zip(
            found[order].tolist(), low[order].tolist(), high[order].tolist(), strict=True
        )
    ]


def _stretches(places: Array, begins: Array, reach: Reach) -> Array:
    """Return the stretches of the text in which each word stands, one bit a stretch.

    A stretch is two blocks side by side, no block smaller than the reach, so that words within
    reach share one. The bits are used again after 64 blocks: what shares one may yet be far apart.
    """
    block = (places & ((1 << _BITS) - 1)) // reach.widest % 64
    there = np.bitwise_or.reduceat(np.uint64(1) << block.astype(np.uint64), begins)
    # a word of a block stands in the stretch that ends there, too
    stretches: Array = there | (there >> np.uint64(1)) | (there << np.uint64(63))
    return stretches


def _narrowest(
    index: AliasIndex, bags: Array, places: Array, begins: Array, ids: Array
) -> tuple[Array, Array, Array]:
    """Return first and last token of each bag's narrowest stretch, and the bag's position.

    A stretch is the nearest occurrence of every word around one occurrence of the rarest.
    """
    flat, starts = index.words_of(bags)
    lengths = index.bag_size[bags]
    # each occurrence of the rarest word is an anchor
    anchored = np.searchsorted(ids, index.rarest_word[bags])
    begin, stop = begins[anchored], np.append(begins, len(places))[anchored + 1]
    count = stop - begin
    anchor_bag = np.repeat(np.arange(len(bags)), count)
    ends = np.cumsum(count)
    at = np.arange(ends[-1]) + np.repeat(begin - (ends - count), count)
    anchor = places[at] & ((1 << _BITS) - 1)
    # the nearest occurrence of every word of the bag to each anchor
    width = lengths[anchor_bag]
    ends = np.cumsum(width)
    first = ends - width
    word = flat[np.arange(ends[-1]) + np.repeat(starts[anchor_bag] - first, width)].astype(np.int64)
    centre = np.repeat(anchor, width)
    place = np.searchsorted(places, (word << _BITS) | centre)
    after = places[np.minimum(place, len(places) - 1)]
    before = places[np.maximum(place - 1, 0)]
    far = 1 << _BITS
    after = np.where(after >> _BITS == word, after & (far - 1), far * 2)
    before = np.where(before >> _BITS == word, before & (far - 1), -far)
    nearest = np.where(after - centre < centre - before, after, before)
    low, high = np.minimum.reduceat(nearest, first), np.maximum.reduceat(nearest, first)
    best = np.lexsort((low, high - low, anchor_bag))
    best = best[group_starts(anchor_bag[best])]
    return low[best], high[best], anchor_bag[best]
