"""Candidates of bare names, from several channels, with the features that rank them.

Channels: the words that name and alias share, by rarity; what their words share in characters;
near names whose codes are known; the residual and usual codes of the categories that those
point to. Everything is done in arrays over a batch of names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from codesuggest.ranking.name_memory import NameMemory
from codesuggest.ranking.word_likeness import WordLikeness
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.aliases import SOURCES
from codesuggest.terminology.code_system import CodeSystem

__all__ = ["NAME_FEATURES", "NameCandidates", "NameTable"]

Array = np.ndarray[Any, Any]

_CHANNELS = ("word", "like")
#: What a name says about itself, whatever the candidate.
_CUES: dict[str, re.Pattern[str]] = {
    "number": re.compile(r"\d|\b[ivx]{1,4}\b"),
    "type": re.compile(r"\btype\b"),
    "syndrome": re.compile(r"syndrome"),
    "deficiency": re.compile(r"deficien"),
    "disease": re.compile(r"diseas|disorder"),
    "malignant": re.compile(r"cancer|carcinom|malignan|sarcom|\bca\b|lymphoma|leuk|blastoma"),
    "neoplasm": re.compile(r"neoplas|tumou?r"),
    "benign": re.compile(r"benign|adenoma\b|papilloma|(?<!carcin)oma\b"),
    "in_situ": re.compile(r"in situ|stage 0"),
    "inherited": re.compile(r"congenital|familial|hereditary|autosomal|recessive|dominant|linked"),
    "infection": re.compile(r"infect"),
    "cause": re.compile(r"secondary|due to|with\b"),
}
NAME_FEATURES: tuple[str, ...] = (
    *(
        f"{channel}_{what}"
        for channel in _CHANNELS
        for what in ("cosine", "rank", "gap", "best", "source", "named", "alias", "count")
    ),
    "exact",
    "ambiguity",
    "category_support",
    "subcategory_support",
    "centroid",
    "centroid_rank",
    "centroid_gap",
    "words_in_category",
    "memory_code",
    "memory_gap",
    "memory_category",
    "memory_subcategory",
    "memory_code_sum",
    "memory_category_sum",
    "prior",
    "category_prior",
    "from_category",
    "unspecified",
    "other",
    "length",
    "letter",
    "category",
    "last_digit",
    "malignant_code",
    "in_situ_code",
    "benign_code",
    "uncertain_code",
    "place",
    "candidates",
    "words",
    "unknown_words",
    *(f"says_{cue}" for cue in _CUES),
)
_AT = {name: i for i, name in enumerate(NAME_FEATURES)}

#: Near aliases read of each channel, codes read of an alias, candidates kept.
_NEAR, _ENTRIES, KEPT = 80, 8, 56
#: Categories whose residual codes are candidates: by near aliases, by words, by near names.
_TOP_CATEGORIES = (4, 3, 2)
#: Residual codes of one category.
_RESIDUALS = 6
#: Near names whose codes become candidates.
_VOTED = 12
#: Codes that names have most often; each name may have them.
_USUAL = 20
#: Rarity that a word unknown to the code sets counts as.
_UNKNOWN = 7.0
#: Features of a code that a channel did not find.
_ABSENT = {"cosine": 0, "rank": 300, "source": 9, "named": 0, "alias": 0, "count": 0}


@dataclass(slots=True)
class NameTable:
    """Candidates of a batch of names, those of one name together."""

    name: Array
    row: Array
    features: Array
    #: How well the codes' aliases know any word of each name, cosine.
    known: Array

    def of(self, number: int) -> slice:
        """Return where the candidates of one name are."""
        start, stop = np.searchsorted(self.name, [number, number + 1])
        return slice(int(start), int(stop))


class NameCandidates:
    """Find candidates for names.

    Parameters
    ----------
    index : AliasIndex
        Of diagnoses; learned names in it are left to `memory`.
    system : CodeSystem
        ICD-10-CM.
    memory : NameMemory, optional
    """

    def __init__(
        self, index: AliasIndex, system: CodeSystem, memory: NameMemory | None = None
    ) -> None:
        self._index = index
        self._system = system
        self.memory = memory
        sources = np.asarray(index.entry_source)
        learned = (sources == SOURCES.index("learned")) | (np.asarray(index.entry_system) != 0)
        self._usable = ~learned
        frequency = np.bincount(index.bag_flat, minlength=len(index.words))
        self.likeness = WordLikeness(index.words, frequency, len(index))

    # -- what the code sets say ------------------------------------------------------------

    @cached_property
    def _category(self) -> Array:
        return np.unique([c[:3] for c in self._system.codes], return_inverse=True)[1]

    @cached_property
    def _subcategory(self) -> Array:
        return np.unique([c[:5] for c in self._system.codes], return_inverse=True)[1]

    @cached_property
    def _n_categories(self) -> int:
        return int(self._category.max()) + 1

    @cached_property
    def _n_subcategories(self) -> int:
        return int(self._subcategory.max()) + 1

    @cached_property
    def _static(self) -> Array:
        """What a code alone says, shape (n_rows, n_features)."""
        out = np.zeros((len(self._system.codes), len(NAME_FEATURES)), np.float32)
        codes, titles = self._system.codes, [t.lower() for t in self._system.titles]
        for name, values in (
            ("unspecified", ["unspecified" in t for t in titles]),
            ("other", [bool(re.search(r"\bother\b|elsewhere", t)) for t in titles]),
            ("length", [len(c) for c in codes]),
            ("letter", [ord(c[0]) for c in codes]),
            ("category", [int(c[:3], 36) for c in codes]),
            ("last_digit", [int(c[-1]) if c[-1].isdigit() else -1 for c in codes]),
            ("malignant_code", [c[0] == "C" for c in codes]),
            ("in_situ_code", [c[:2] == "D0" for c in codes]),
            ("benign_code", ["D10" <= c[:3] <= "D36" for c in codes]),
            ("uncertain_code", ["D37" <= c[:3] <= "D49" for c in codes]),
        ):
            out[:, _AT[name]] = values
        return out

    @cached_property
    def _residual(self) -> Array:
        """The "other" and "unspecified" codes of each category, -1 where there are fewer."""
        out = np.full((self._n_categories, _RESIDUALS), -1)
        filled = np.zeros(len(out), int)
        wanted = self._static[:, _AT["unspecified"]] + self._static[:, _AT["other"]] > 0
        wanted &= self._system.billable & (self._static[:, _AT["length"]] <= 6)
        for row in np.flatnonzero(wanted):
            category = self._category[row]
            if filled[category] < _RESIDUALS:
                out[category, filled[category]] = row
                filled[category] += 1
        return out

    @cached_property
    def _sums(self) -> tuple[Any, Any]:
        """Words to categories: cosine of the category's words; share of a word's aliases."""
        index = self._index
        bags = np.repeat(np.arange(len(index)), np.diff(index.entry_start))[self._usable]
        rows = index.entry_row[self._usable]
        held = sparse.csr_matrix(
            (np.ones(len(bags), np.float32), (self._category[rows], bags)),
            shape=(self._n_categories, len(index)),
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

    @cached_property
    def _counts(self) -> tuple[Array, Array, Array]:
        """Names of each code and category in the memory, and the commonest codes."""
        rows = self.memory.row if self.memory is not None else np.zeros(0, np.int64)
        codes = np.bincount(rows, minlength=len(self._system.codes))
        categories = np.bincount(self._category[rows], minlength=self._n_categories)
        usual = np.lexsort((np.arange(len(codes)), -codes))[:_USUAL]
        return codes, categories, usual[codes[usual] > 1]

    # -- candidates ------------------------------------------------------------------------

    def __call__(
        self,
        names: Sequence[str],
        own: Sequence[int] | None = None,
        without_own: bool = False,
    ) -> NameTable:
        """Return the candidates of names.

        Parameters
        ----------
        names : sequence of str
        own : sequence of int, optional
            Group of each name in the memory; its names neither vote nor count.
        without_own : bool
            Leave out the alias that a name equals.
        """
        index = self._index
        stems = [index.forms.bag(name) for name in names]
        ids = [index.ids(s) for s in stems]
        n_rows, n = len(self._system.codes), len(names)
        likeness, like_length, known = self.likeness.like(stems)
        words, word_length = self._words(ids, stems)
        skip = np.array([index.find_bag(s) for s in stems]) if without_own else None
        alone = np.ones(len(index), np.float32)
        like = likeness @ self._postings
        hits = [
            self._near(words @ index.postings, word_length, index.bag_norm, alone, skip),
            self._near(like, like_length, self._like_length, self._like_length, skip),
        ]
        votes = self._votes(stems, own)
        centroids, shares = self._sums
        centroid = (words @ centroids).toarray() / word_length[:, None]
        share = (words @ shares).toarray() / word_length[:, None]

        keys = np.unique(np.concatenate([*(h.key for h in hits), votes.asked]))
        who, rows = np.divmod(keys, n_rows)
        best = np.zeros(len(keys), np.float32)
        for hit in hits:
            place = np.searchsorted(keys, hit.key)
            best[place] = np.maximum(best[place], hit.score)
        support = np.zeros((n, self._n_categories), np.float32)
        np.add.at(support, (who, self._category[rows]), best**3)
        more = self._of_categories(support, centroid, votes.category) if n else keys
        every = np.union1d(keys, more)
        score = np.zeros(len(every), np.float32)
        score[np.searchsorted(every, keys)] = best
        keys, best = every, score
        who, rows = np.divmod(keys, n_rows)

        block = self._static[rows]

        def put(name: str, values: Any) -> None:
            block[:, _AT[name]] = values

        category = self._category[rows]
        kin = who * self._n_subcategories + self._subcategory[rows]
        _, kin_place = np.unique(kin, return_inverse=True)
        put("category_support", support[who, category])
        put("subcategory_support", np.bincount(kin_place, weights=best**3)[kin_place])
        for channel, hit in zip(_CHANNELS, hits, strict=True):
            self._put_channel(put, channel, keys, who, hit, n)
        exact = (block[:, _AT["word_named"]] > 0.999) & (block[:, _AT["word_alias"]] > 0.999)
        put("exact", exact)
        put("centroid", centroid[who, category])
        put("centroid_gap", centroid.max(axis=1)[who] - centroid[who, category])
        put("centroid_rank", _ranks(centroid)[who, category])
        put("words_in_category", share[who, category])
        self._put_votes(put, votes, keys, who, rows, kin)
        put("from_category", best == 0)
        put("candidates", np.bincount(who, minlength=n)[who])
        put("words", np.array([len(s) for s in stems])[who])
        unknown = np.array([len(s) - len(i) for s, i in zip(stems, ids, strict=True)])
        put("unknown_words", unknown[who])
        lowered = [name.lower() for name in names]
        for cue, pattern in _CUES.items():
            put(f"says_{cue}", np.array([bool(pattern.search(t)) for t in lowered])[who])

        promise = (
            best
            + 0.6 * block[:, _AT["memory_code"]]
            + 0.3 * block[:, _AT["memory_category"]]
            + 0.3 * np.tanh(block[:, _AT["subcategory_support"]])
            + 0.2 * exact
            + 0.05 * np.log1p(block[:, _AT["prior"]])
        )
        order = np.lexsort((keys, -promise, who))
        place = np.arange(len(order)) - np.searchsorted(who[order], who[order])
        block[order, _AT["place"]] = place
        kept = order[place < KEPT]
        return NameTable(who[kept], rows[kept], block[kept], known)

    def _words(self, ids: Sequence[list[int]], stems: Sequence[Sequence[str]]) -> tuple[Any, Array]:
        """Return the rarity of the names' known words, CSR, and the length of each name."""
        idf = self._index.idf
        flat = np.array([i for name in ids for i in name], dtype=np.int32)
        ends = np.cumsum([0, *map(len, ids)])
        shape = (len(ids), len(self._index.words))
        matrix = sparse.csr_matrix((idf[flat].astype(np.float32), flat, ends), shape=shape)
        square = np.array([float(np.sum(idf[name] ** 2)) if name else 0.0 for name in ids])
        unknown = np.array([len(s) - len(i) for s, i in zip(stems, ids, strict=True)])
        return matrix, np.sqrt(np.maximum(square + unknown * _UNKNOWN**2, 1e-6))

    def _near(
        self, product: Any, named: Array, aliased: Array, scale: Array, skip: Array | None
    ) -> _Hits:
        """Return the codes of the aliases nearest to each name.

        Parameters
        ----------
        product : sparse, shape (n_names, n_bags)
            Dot products, divided by `scale` to give those with whole aliases.
        named, aliased : arrays
            Lengths of names and of aliases.
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
        key = who[pair] * len(self._system.codes) + index.entry_row[entry]
        order = np.lexsort((rank[pair], key))
        key, start, count = np.unique(key[order], return_index=True, return_counts=True)
        chosen = order[start]
        pair, entry = pair[chosen], entry[chosen]
        ratio = aliased[bag[pair]] / named[who[pair]]
        cosine = score[pair]
        return _Hits(
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

    def _put_channel(
        self, put: Any, channel: str, keys: Array, who: Array, hit: _Hits, n: int
    ) -> None:
        place = np.searchsorted(keys, hit.key)
        for what, values in hit.columns.items():
            column = np.full(len(keys), _ABSENT[what], np.float32)
            column[place] = values
            put(f"{channel}_{what}", column)
        best = np.zeros(n, np.float32)
        np.maximum.at(best, who[place], hit.score)
        score = np.zeros(len(keys), np.float32)
        score[place] = hit.score
        put(f"{channel}_best", best[who])
        put(f"{channel}_gap", best[who] - score)
        if channel == "word":
            ambiguity = np.zeros(len(keys), np.float32)
            ambiguity[place] = hit.ambiguity
            put("ambiguity", ambiguity)

    def _votes(self, stems: Sequence[Sequence[str]], own: Sequence[int] | None) -> _Votes:
        """Ask the memory."""
        n, n_rows = len(stems), len(self._system.codes)
        usual = self._counts[2]
        asked = [(np.arange(n)[:, None] * n_rows + usual[None, :]).ravel()]
        if self.memory is None:
            who, row, score = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
        else:
            who, name, score = self.memory.near(stems, self.likeness, own)
            row = self.memory.row[name]
            place = np.arange(len(who)) - np.searchsorted(who, who)
            asked.append(who[place < _VOTED] * n_rows + row[place < _VOTED])
        return _Votes(who, row, score.astype(np.float32), np.concatenate(asked), own, n, self)

    def _put_votes(
        self, put: Any, votes: _Votes, keys: Array, who: Array, rows: Array, kin: Array
    ) -> None:
        n_rows = len(self._system.codes)
        cube = votes.score**3
        code_best, code_sum = _grouped(votes.who * n_rows + votes.row, votes.score, cube, keys)
        kin_of_votes = votes.who * self._n_subcategories + self._subcategory[votes.row]
        put("memory_code", code_best)
        put("memory_code_sum", code_sum)
        put("memory_gap", votes.best[who] - code_best)
        put("memory_subcategory", _grouped(kin_of_votes, votes.score, cube, kin)[0])
        category = self._category[rows]
        put("memory_category", votes.category[who, category])
        put("memory_category_sum", votes.category_sum[who, category])
        codes, categories, _ = self._counts
        prior = codes[rows].astype(np.float32)
        category_prior = categories[category].astype(np.float32)
        if votes.own is not None and self.memory is not None:
            # a name's own entries are no evidence about itself
            groups = np.asarray(votes.own)[who]
            span = int(self.memory.group.max()) + 1 if len(self.memory.group) else 1
            inside = groups < span
            key = np.where(inside, groups, 0)
            of_code = _count_of(self.memory.row * span + self.memory.group, rows * span + key)
            mine = self._category[self.memory.row] * span + self.memory.group
            of_category = _count_of(mine, category * span + key)
            prior -= np.where(inside, of_code, 0)
            category_prior -= np.where(inside, of_category, 0)
        put("prior", prior)
        put("category_prior", category_prior)

    def _of_categories(self, support: Array, centroid: Array, voted: Array) -> Array:
        """Return keys of the residual codes of the categories that each name points to."""
        n = len(support)
        chosen = np.concatenate(
            [
                _best_columns(values, k)
                for values, k in zip((support, centroid, voted), _TOP_CATEGORIES, strict=True)
            ],
            axis=1,
        )
        rows = self._residual[chosen].reshape(n, -1)
        keys = np.arange(n)[:, None] * len(self._system.codes) + rows
        return np.unique(keys[rows >= 0])


@dataclass(slots=True)
class _Hits:
    """Codes that one channel found: sorted keys, cosines, features."""

    key: Array
    score: Array
    columns: dict[str, Array]
    ambiguity: Array


class _Votes:
    """What near names of the memory say."""

    def __init__(
        self,
        who: Array,
        row: Array,
        score: Array,
        asked: Array,
        own: Sequence[int] | None,
        n: int,
        finder: NameCandidates,
    ) -> None:
        self.who, self.row, self.score, self.asked, self.own = who, row, score, asked, own
        category = finder._category[row]
        self.category = np.zeros((n, finder._n_categories), np.float32)
        np.maximum.at(self.category, (who, category), score)
        self.category_sum = np.zeros_like(self.category)
        np.add.at(self.category_sum, (who, category), score**3)
        self.best = self.category.max(axis=1) if n else np.zeros(0, np.float32)


def _grouped(key: Array, best: Array, total: Array, wanted: Array) -> tuple[Array, Array]:
    """Return the maximum of `best` and the sum of `total` over equal keys, for wanted keys."""
    out = np.zeros((2, len(wanted)), np.float32)
    if not len(key):
        return out[0], out[1]
    unique, place = np.unique(key, return_inverse=True)
    most, sums = np.zeros(len(unique), np.float32), np.zeros(len(unique), np.float32)
    np.maximum.at(most, place, best)
    np.add.at(sums, place, total)
    at = np.minimum(np.searchsorted(unique, wanted), len(unique) - 1)
    hit = unique[at] == wanted
    return np.where(hit, most[at], 0), np.where(hit, sums[at], 0)


def _count_of(keys: Array, wanted: Array) -> Array:
    """Return how often each wanted key is among `keys`."""
    ordered = np.sort(keys)
    return np.searchsorted(ordered, wanted, "right") - np.searchsorted(ordered, wanted, "left")


def _best_columns(values: Array, k: int) -> Array:
    """Return the columns of the `k` greatest values of each row."""
    return np.argpartition(-values, k, axis=1)[:, :k]


def _ranks(values: Array) -> Array:
    """Return the place of each value in its row, the greatest first; ties in column order."""
    order = np.argsort(-values, axis=1, kind="stable")
    out = np.empty_like(order)
    np.put_along_axis(out, order, np.arange(values.shape[1])[None, :], axis=1)
    return out
