"""Channels from a name to codes: words shared by rarity, words alike in their letters.

Each channel finds the aliases nearest to a name and reads their codes; the category channel
compares a name with all the words of a category.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from codesuggest.ranking.code_facts import CodeFacts
from codesuggest.ranking.word_likeness import WordLikeness
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.aliases import SOURCES

__all__ = ["ChannelHits", "NameChannels", "ReadNames"]

Array = np.ndarray[Any, Any]

#: Near aliases read of each channel, codes read of an alias.
_NEAR, _ENTRIES = 80, 8
#: Rarity that a word unknown to the code sets counts as.
_UNKNOWN = 7.0


@dataclass(slots=True)
class ChannelHits:
    """Codes that one channel found.

    Attributes
    ----------
    key : array of int
        Sorted; number of the name times number of rows, plus the row.
    score : array of float32
        Cosine of the best alias.
    columns : dict of str to array
        Features of the best alias.
    ambiguity : array of int
        Codes that share it.
    """

    key: Array
    score: Array
    columns: dict[str, Array]
    ambiguity: Array


@dataclass(slots=True)
class ReadNames:
    """A batch of names as the channels see them.

    Attributes
    ----------
    stems : list of tuple of str
    words : CSR of shape (n, n_words)
        Rarity of the known words.
    length : array, shape (n,)
        Length of each name's vector of rarities, unknown words counted.
    unknown : array of int, shape (n,)
        Words that no alias has.
    """

    stems: list[tuple[str, ...]]
    words: Any
    length: Array
    unknown: Array


class NameChannels:
    """The channels over one alias index.

    Parameters
    ----------
    index : AliasIndex
        Of diagnoses; what it learned from names is left out.
    facts : CodeFacts
    """

    def __init__(self, index: AliasIndex, facts: CodeFacts) -> None:
        self._index = index
        self._facts = facts
        learned = np.asarray(index.entry_source) == SOURCES.index("learned")
        self._usable = ~learned & (np.asarray(index.entry_system) == 0)
        frequency = np.bincount(index.bag_flat, minlength=len(index.words))
        self.likeness = WordLikeness(index.words, frequency, len(index))

    def read(self, names: Sequence[str]) -> ReadNames:
        """Cut names into stems."""
        index = self._index
        stems = [index.forms.bag(name) for name in names]
        ids = [index.ids(s) for s in stems]
        flat = np.array([i for name in ids for i in name], dtype=np.int32)
        ends = np.cumsum([0, *map(len, ids)])
        shape = (len(ids), len(index.words))
        words = sparse.csr_matrix((index.idf[flat].astype(np.float32), flat, ends), shape=shape)
        square = np.array([float(np.sum(index.idf[name] ** 2)) if name else 0.0 for name in ids])
        unknown = np.array([len(s) - len(i) for s, i in zip(stems, ids, strict=True)])
        length = np.sqrt(np.maximum(square + unknown * _UNKNOWN**2, 1e-6))
        return ReadNames(stems, words, length, unknown)

    def near(
        self, names: ReadNames, without_own: bool
    ) -> tuple[tuple[ChannelHits, ChannelHits], Array]:
        """Return what both alias channels find, and how well any word of each name is known.

        Parameters
        ----------
        without_own : bool
            Leave out the alias that a name equals.
        """
        index = self._index
        likeness, like_length, known = self.likeness.like(names.stems)
        skip = np.array([index.find_bag(s) for s in names.stems]) if without_own else None
        # the postings of words are of unit length already, those of likeness are not
        alone = np.ones(len(index), np.float32)
        product, like = names.words @ index.postings, likeness @ self._postings
        return (
            self._hits(product, names.length, index.bag_norm, alone, skip),
            self._hits(like, like_length, self._like_length, self._like_length, skip),
        ), known

    def categories(self, names: ReadNames) -> tuple[Array, Array]:
        """Return cosines with each category's words, and the words' shares in each category."""
        centroids, shares = self._sums
        length = names.length[:, None]
        return (names.words @ centroids).toarray() / length, (
            names.words @ shares
        ).toarray() / length

    @cached_property
    def _sums(self) -> tuple[Any, Any]:
        """Words to categories: cosine of the category's words; share of a word's aliases."""
        index = self._index
        bags = np.repeat(np.arange(len(index)), np.diff(index.entry_start))[self._usable]
        rows = index.entry_row[self._usable]
        held = sparse.csr_matrix(
            (np.ones(len(bags), np.float32), (self._facts.category[rows], bags)),
            shape=(self._facts.n_categories, len(index)),
        )
        weights = (held @ index.bag_words).tocsr()
        weights.data = np.sqrt(weights.data)
        length = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())
        centroids = sparse.diags(1 / np.maximum(length, 1e-6)) @ weights
        counts = held @ (index.bag_words > 0).astype(np.float32)
        total = np.asarray(counts.sum(axis=0)).ravel()
        shares = counts @ sparse.diags(1 / (total + 1))
        return centroids.T.tocsr().astype(np.float32), shares.T.tocsr().astype(np.float32)

    @cached_property
    def _postings(self) -> Any:
        """Which aliases hold each word, CSR of ones."""
        index = self._index
        ones = np.ones(len(index.bag_flat), np.float32)
        shape = (len(index), len(index.words))
        return sparse.csr_matrix((ones, index.bag_flat, index.bag_start), shape=shape).T.tocsr()

    @cached_property
    def _like_length(self) -> Array:
        squares = self.likeness.squares[self._index.bag_flat]
        return np.sqrt(np.add.reduceat(squares, self._index.bag_start[:-1])).astype(np.float32)

    def _hits(
        self, product: Any, named: Array, aliased: Array, scale: Array, skip: Array | None
    ) -> ChannelHits:
        """Return the codes of the aliases nearest to each name.

        Parameters
        ----------
        product : sparse, shape (n_names, n_bags)
            Dot products, divided by `scale` to give those with whole aliases.
        named, aliased : arrays
            Lengths of names and of aliases.
        skip : array, optional
            An alias to leave out of each name's.
        """
        product = product.tocsr()
        numbers, bags, scores, ranks = [], [], [], []
        for number in range(product.shape[0]):
            part = slice(product.indptr[number], product.indptr[number + 1])
            bag = product.indices[part]
            score = product.data[part] / scale[bag]
            if skip is not None and skip[number] >= 0:
                other = bag != skip[number]
                bag, score = bag[other], score[other]
            if len(bag) > _NEAR:
                top = np.argpartition(-score, _NEAR)[:_NEAR]
                bag, score = bag[top], score[top]
            order = np.lexsort((bag, -score))
            numbers.append(np.full(len(order), number))
            bags.append(bag[order])
            scores.append(score[order] / named[number])
            ranks.append(np.arange(len(order)))
        who, bag = np.concatenate(numbers), np.concatenate(bags).astype(np.int64)
        score, rank = np.concatenate(scores), np.concatenate(ranks)
        index = self._index
        first = index.entry_start[bag].astype(np.int64)
        size = index.entry_start[bag + 1] - first
        read = np.minimum(size, _ENTRIES)
        pair = np.repeat(np.arange(len(bag)), read)
        entry = first[pair] + np.arange(len(pair)) - np.repeat(np.cumsum(read) - read, read)
        usable = self._usable[entry]
        pair, entry = pair[usable], entry[usable]
        key = who[pair] * self._facts.n_rows + index.entry_row[entry]
        order = np.lexsort((rank[pair], key))
        key, start, count = np.unique(key[order], return_index=True, return_counts=True)
        chosen = order[start]
        pair, entry = pair[chosen], entry[chosen]
        ratio = aliased[bag[pair]] / named[who[pair]]
        cosine = score[pair]
        return ChannelHits(
            key,
            cosine.astype(np.float32),
            {
                "cosine": cosine,
                "rank": rank[pair],
                "source": index.entry_source[entry],
                "named": cosine * ratio,
                "alias": cosine / ratio,
                "count": count,
            },
            size[pair],
        )
