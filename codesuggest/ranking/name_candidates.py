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

from codesuggest.ranking.code_facts import CODE_FACTS, CodeFacts
from codesuggest.ranking.name_channels import ChannelHits, NameChannels
from codesuggest.ranking.name_memory import OWN, NameMemory
from codesuggest.ranking.word_likeness import WordLikeness
from codesuggest.terminology.alias_index import AliasIndex
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
    *CODE_FACTS,
    "place",
    "candidates",
    "words",
    "unknown_words",
    *(f"says_{cue}" for cue in _CUES),
)
_AT = {name: i for i, name in enumerate(NAME_FEATURES)}
_FACTS = [_AT[name] for name in CODE_FACTS]

#: Candidates kept of each name.
KEPT = 56
#: Categories whose residual codes are candidates: by near aliases, by words, by near names.
_TOP_CATEGORIES = (4, 3, 2)
#: Near names whose codes become candidates.
_VOTED = 12
#: Codes that names have most often; each name may have them.
_USUAL = 20
#: Features of a code that a channel did not find.
_ABSENT = {"cosine": 0, "rank": 300, "source": 9, "named": 0, "alias": 0, "count": 0}


@dataclass(slots=True)
class NameTable:
    """Candidates of a batch of names, those of one name together."""

    name: Array
    row: Array
    features: Array
    #: How well the codes' aliases know any word of each name, or the memory a near name, cosine.
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
        Set it before the first names are asked.
    """

    def __init__(
        self, index: AliasIndex, system: CodeSystem, memory: NameMemory | None = None
    ) -> None:
        self.index = index
        self.memory = memory
        self._facts = CodeFacts(system)
        self._channels = NameChannels(index, self._facts)

    @property
    def likeness(self) -> WordLikeness:
        """How words are compared."""
        return self._channels.likeness

    @cached_property
    def _counts(self) -> tuple[Array, Array, Array]:
        """Names of each code and category in the memory, and the commonest codes."""
        rows = np.zeros(0, np.int64)
        if self.memory is not None:
            rows = self.memory.row[self.memory.group != OWN]
        codes = np.bincount(rows, minlength=self._facts.n_rows)
        categories = np.bincount(self._facts.category[rows], minlength=self._facts.n_categories)
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
        read = self._channels.read(names)
        n_rows, n = self._facts.n_rows, len(names)
        hits, known = self._channels.near(read, without_own)
        votes = self._votes(read.stems, own)
        centroid, share = self._channels.categories(read)

        keys = np.unique(np.concatenate([*(h.key for h in hits), votes.asked]))
        who, rows = np.divmod(keys, n_rows)
        best = np.zeros(len(keys), np.float32)
        for hit in hits:
            place = np.searchsorted(keys, hit.key)
            best[place] = np.maximum(best[place], hit.score)
        support = np.zeros((n, self._facts.n_categories), np.float32)
        np.add.at(support, (who, self._facts.category[rows]), best**3)
        more = self._of_categories(support, centroid, votes.category) if n else keys
        every = np.union1d(keys, more)
        score = np.zeros(len(every), np.float32)
        score[np.searchsorted(every, keys)] = best
        keys, best = every, score
        who, rows = np.divmod(keys, n_rows)

        block = np.zeros((len(keys), len(NAME_FEATURES)), np.float32)
        block[:, _FACTS] = self._facts.facts[rows]

        def put(name: str, values: Any) -> None:
            block[:, _AT[name]] = values

        category = self._facts.category[rows]
        kin = who * self._facts.n_subcategories + self._facts.subcategory[rows]
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
        put("words", np.array([len(s) for s in read.stems])[who])
        put("unknown_words", read.unknown[who])
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
        return NameTable(who[kept], rows[kept], block[kept], np.maximum(known, votes.best))

    def _put_channel(
        self, put: Any, channel: str, keys: Array, who: Array, hit: ChannelHits, n: int
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
        n, n_rows = len(stems), self._facts.n_rows
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
        n_rows = self._facts.n_rows
        cube = votes.score**3
        code_best, code_sum = _grouped(votes.who * n_rows + votes.row, votes.score, cube, keys)
        kin_of_votes = votes.who * self._facts.n_subcategories + self._facts.subcategory[votes.row]
        put("memory_code", code_best)
        put("memory_code_sum", code_sum)
        put("memory_gap", votes.best[who] - code_best)
        put("memory_subcategory", _grouped(kin_of_votes, votes.score, cube, kin)[0])
        category = self._facts.category[rows]
        put("memory_category", votes.category[who, category])
        put("memory_category_sum", votes.category_sum[who, category])
        codes, categories, _ = self._counts
        prior = codes[rows].astype(np.float32)
        category_prior = categories[category].astype(np.float32)
        if votes.own is not None and self.memory is not None:
            # a name's own entries are no evidence about itself
            groups = np.asarray(votes.own)[who]
            span = int(max(self.memory.group.max(initial=0), groups.max(initial=0))) + 1
            others = self.memory.group != OWN
            row, group = self.memory.row[others], self.memory.group[others]
            prior -= _count_of(row * span + group, rows * span + groups)
            category_prior -= _count_of(
                self._facts.category[row] * span + group, category * span + groups
            )
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
        rows = self._facts.residual[chosen].reshape(n, -1)
        keys = np.arange(n)[:, None] * self._facts.n_rows + rows
        return np.unique(keys[rows >= 0])


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
        category = finder._facts.category[row]
        self.category = np.zeros((n, finder._facts.n_categories), np.float32)
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
