"""Candidates: the codes that each mention may stand for, with the features that rank them.

A mention asks its label's `AliasIndex` for the bags nearest to its own words and, with less
weight, to the words around it. Each bag's codes become candidates, one a family; the mention's
attributes pick the member. All mentions of a note are worked on at once, in arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy import sparse

from codesuggest.ranking.members import axis_agreement, select_members, wanted_axes
from codesuggest.schema import SYSTEMS
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.aliases import SOURCES
from codesuggest.terminology.code_system import CodeSystem

__all__ = ["FEATURES", "CandidateFinder", "CandidateTable", "NoteWords", "Query"]

Array = np.ndarray[Any, Any]

#: Features of a candidate for a mention, in the order of the columns.
FEATURES: dict[str, str] = {
    "core_covered": "share of the mention's own words that the alias has, by rarity",
    "context_covered": "share of the surrounding words that the alias has, by rarity",
    "alias_covered": "share of the alias's words that the mention and its surroundings have",
    "note_covered": "share of the alias's words that the note has anywhere",
    "title_covered": "share of the alias's words that the note's procedure titles have",
    "core_missing": "rarity of the mention's words that the alias lacks",
    "alias_missing": "rarity of the alias's words that stand nowhere near",
    "note_missing": "rarity of the alias's words that the note has nowhere",
    "context_matched": "rarity of the surrounding words that the alias has",
    "exact_core": "the alias is the mention, word for word",
    "exact": "every word of the alias is there",
    "alias_words": "number of words of the alias",
    "core_words": "number of words of the mention",
    "source": "where the alias comes from, best first",
    "lexicon": "the alias is in our lexicon",
    "ambiguity": "number of codes that share the alias",
    "entry": "place of the code among them",
    "sources": "how many aliases of the family were near",
    "rank": "place of the alias among the near ones",
    "gap": "how far its similarity lies below the best",
    "unspecified": "the title says unspecified",
    "other": "the title says other or elsewhere classified",
    "length": "characters of the code",
    "fit": "attributes that the family's member meets, less those it contradicts",
    "axes_met": "catalogue axes that the attributes meet",
    "axes_against": "catalogue axes that the attributes contradict",
    "has_side": "the family distinguishes sides",
    "side_given": "the mention states a side",
    "prior": "log count of the code in the training notes",
    "category_prior": "log count of its category in the training notes",
    "chapter_symptom": "the code is of chapter R",
    "chapter_injury": "the code is of chapters S and T",
    "chapter_factor": "the code is of chapter Z",
    "chapter_external": "the code is of chapters V to Y",
    "chapter_pregnancy": "the code is of chapter O",
    "chapter_newborn": "the code is of chapter P",
    "chapter_neoplasm": "the code is of chapters C and D0 to D4",
    "line_mention": "the mention is a whole line",
    "procedure": "the code is of a procedure or supply",
    "hcpcs": "the code is HCPCS Level II",
}
_AT = {name: i for i, name in enumerate(FEATURES)}

#: How much the words around a mention count beside its own.
CONTEXT_WEIGHT = 0.5
#: Codes that are read of one alias; the rest share it with too many.
_ENTRIES = 6
#: Rarity that a word unknown to the code sets counts as.
_UNKNOWN = 6.0


class Query(Protocol):
    """What the ranker needs to know of a mention."""

    label: str
    core: tuple[str, ...]
    context: tuple[str, ...]
    bag: int
    attributes: Any


class NoteWords(Protocol):
    """The stems of a note and of its procedure titles."""

    stems: list[str]
    title_stems: list[str]


@dataclass(slots=True)
class CandidateTable:
    """Candidates of several mentions, those of one mention together.

    Attributes
    ----------
    mention : array of int, shape (n,)
        Position of the mention among the queries.
    system, row : arrays of int, shape (n,)
        Position in `SYSTEMS` and row in that system's table.
    features : array of float32, shape (n, n_features)
    """

    mention: Array
    system: Array
    row: Array
    features: Array

    def __len__(self) -> int:
        return len(self.mention)

    def groups(self) -> list[tuple[int, int]]:
        """Return the bounds ``[start, stop)`` of each mention's candidates."""
        starts = np.flatnonzero(np.diff(self.mention, prepend=-1)).tolist()
        return list(zip(starts, [*starts, len(self)][1:], strict=True))


class CandidateFinder:
    """Find candidates in the alias indexes.

    Parameters
    ----------
    indexes : mapping of label to AliasIndex
    systems : mapping of name to CodeSystem
    priors : mapping of code or category to count
        From coded notes; empty is fine.
    n_near : int
        Near aliases asked for a mention.
    n_kept : int
        Candidates that a mention keeps.
    """

    def __init__(
        self,
        indexes: Mapping[str, AliasIndex],
        systems: Mapping[str, CodeSystem],
        priors: Mapping[str, int] | None = None,
        n_near: int = 18,
        n_kept: int = 7,
    ) -> None:
        self.indexes = dict(indexes)
        self.systems = [systems[name] for name in SYSTEMS]
        self.priors = dict(priors or {})
        self.n_near = n_near
        self.n_kept = n_kept
        self._static = [self._static_features(system) for system in self.systems]
        self._members: dict[tuple[int, tuple[tuple[str, str], ...]], tuple[list[int], float]] = {}
        self._agreement: dict[tuple[int, int, tuple[tuple[str, str], ...]], tuple[int, int]] = {}

    def _static_features(self, system: CodeSystem) -> Array:
        """Return what a code alone says, shape (n_rows, n_features)."""
        out = np.zeros((len(system.codes), len(FEATURES)), np.float32)

        def put(name: str, values: Any) -> None:
            out[:, _AT[name]] = values

        put("unspecified", ["unspecified" in t.lower() for t in system.titles])
        put("other", ["ther " in t or "elsewhere" in t for t in system.titles])
        put("length", [len(c) for c in system.codes])
        letter = np.array([c[0] for c in system.codes])
        second = np.array([c[1] for c in system.codes])
        if system.system == "ICD-10-CM":
            put("chapter_symptom", letter == "R")
            put("chapter_injury", (letter == "S") | (letter == "T"))
            put("chapter_factor", letter == "Z")
            put("chapter_external", (letter >= "V") & (letter <= "Y"))
            put("chapter_pregnancy", letter == "O")
            put("chapter_newborn", letter == "P")
            put("chapter_neoplasm", (letter == "C") | ((letter == "D") & (second < "5")))
            put("has_side", system.has_axis("laterality"))
        put("procedure", system.system != "ICD-10-CM")
        put("hcpcs", system.system == "HCPCS")
        if self.priors:
            get = self.priors.get
            put("prior", np.log1p([get(c, 0) for c in system.codes]))
            put("category_prior", np.log1p([get(c[:3] + "*", 0) for c in system.codes]))
        return out

    def __call__(
        self,
        queries: Sequence[Query],
        which: Sequence[int],
        note: NoteWords | None = None,
        n_near: int | None = None,
        n_kept: int | None = None,
        without_own: bool = False,
    ) -> CandidateTable:
        """Return the candidates of the mentions at positions `which`.

        Parameters
        ----------
        note : NoteWords, optional
            Without it the note's words count as the mention's own.
        n_near, n_kept : int, optional
            Other than the finder's own.
        without_own : bool
            Leave out the alias that a mention equals; training asks terms of the lexicon so.
        """
        parts = [
            part
            for label, index in self.indexes.items()
            if (chosen := [i for i in which if queries[i].label == label])
            and (part := self._of_label(index, queries, chosen, note, n_near, n_kept, without_own))
            is not None
        ]
        if not parts:
            empty = np.zeros(0, np.int32)
            return CandidateTable(empty, empty, empty, np.zeros((0, len(FEATURES)), np.float32))
        mention = np.concatenate([p[0] for p in parts])
        order = np.argsort(mention, kind="stable")
        return CandidateTable(
            mention[order],
            np.concatenate([p[1] for p in parts])[order],
            np.concatenate([p[2] for p in parts])[order],
            np.concatenate([p[3] for p in parts])[order],
        )

    def _of_label(
        self,
        index: AliasIndex,
        queries: Sequence[Query],
        chosen: Sequence[int],
        note: NoteWords | None,
        n_near: int | None,
        n_kept: int | None,
        without_own: bool,
    ) -> tuple[Array, Array, Array, Array] | None:
        cores = [index.ids(queries[i].core) for i in chosen]
        contexts = [
            [w for w in index.ids(queries[i].context) if w not in core]
            for i, core in zip(chosen, cores, strict=True)
        ]
        asked, bag, score, place = self._near(
            index, queries, chosen, cores, contexts, n_near or self.n_near
        )
        if without_own:
            other = bag != np.array([queries[i].bag for i in chosen])[asked]
            asked, bag, score, place = asked[other], bag[other], score[other], place[other]
        if not len(bag):
            return None
        idf = index.idf
        n_words = len(index.words)

        # overlaps of every (query, bag) pair, over the flat list of the bags' words
        lengths = index.bag_size[bag]
        ends = np.cumsum(lengths)
        starts = ends - lengths
        first = index.bag_start[bag]
        flat = index.bag_flat[np.arange(ends[-1]) - np.repeat(starts - first, lengths)]
        asker = np.repeat(asked, lengths)
        kind = np.zeros((len(chosen), n_words), np.int8)
        for number, (core, context) in enumerate(zip(cores, contexts, strict=True)):
            kind[number, context] = 2
            kind[number, core] = 1
        kinds = kind[asker, flat]
        rarity = idf[flat]
        core_overlap = np.add.reduceat(np.where(kinds == 1, rarity, 0), starts)
        context_overlap = np.add.reduceat(np.where(kinds == 2, rarity, 0), starts)
        total = np.add.reduceat(rarity, starts)
        near = core_overlap + context_overlap
        if note is None:
            in_note, in_title = near, np.zeros_like(near)
        else:
            has = np.zeros(n_words, np.float32)
            has[index.ids(note.stems)] = 1
            titled = np.zeros(n_words, np.float32)
            titled[index.ids(note.title_stems)] = 1
            in_note = np.maximum(np.add.reduceat(rarity * has[flat], starts), near)
            in_title = np.add.reduceat(rarity * titled[flat], starts)
        core_weight = _sums(idf, cores)
        core_weight += _UNKNOWN * np.array(
            [len(queries[i].core) - len(c) for i, c in zip(chosen, cores, strict=True)]
        )
        context_weight = _sums(idf, contexts)
        own = np.array([queries[i].bag for i in chosen])

        # one candidate a family and mention: the best alias's
        entry_first = index.entry_start[bag]
        n_entries = index.entry_start[bag + 1] - entry_first
        read = np.minimum(n_entries, _ENTRIES)
        pair = np.repeat(np.arange(len(bag)), read)
        entry_number = np.arange(len(pair)) - np.repeat(np.cumsum(read) - read, read)
        entry = entry_first[pair] + entry_number
        system = index.entry_system[entry].astype(np.int64)
        row = index.entry_row[entry].astype(np.int64)
        source = index.entry_source[entry]
        family = np.where(
            system == 0, self.systems[0].families[np.where(system == 0, row, 0)], -1 - row
        )
        key = (asked[pair].astype(np.int64) * 3 + system) * 4_000_000 + family + 2_000_000
        _, kept, count = np.unique(key, return_index=True, return_counts=True)
        order = np.argsort(kept, kind="stable")
        kept, count = kept[order], count[order]
        pair, entry_number, system, row, source = (
            a[kept] for a in (pair, entry_number, system, row, source)
        )
        block = np.empty((len(kept), len(FEATURES)), np.float32)
        for position in range(len(self.systems)):
            mine = system == position
            if mine.any():
                block[mine] = self._static[position][row[mine]]

        def put(name: str, values: Any) -> None:
            block[:, _AT[name]] = values

        who = asked[pair]
        weight, around = np.maximum(core_weight[who], 1e-6), np.maximum(context_weight[who], 1e-6)
        whole = np.maximum(total[pair], 1e-6)
        missing = whole - near[pair]
        put("core_covered", core_overlap[pair] / weight)
        put("context_covered", context_overlap[pair] / around)
        put("alias_covered", near[pair] / whole)
        put("note_covered", in_note[pair] / whole)
        put("title_covered", in_title[pair] / whole)
        put("core_missing", core_weight[who] - core_overlap[pair])
        put("alias_missing", missing)
        put("note_missing", whole - in_note[pair])
        put("context_matched", context_overlap[pair])
        put("exact_core", bag[pair] == own[who])
        put("exact", missing < 1e-3)
        put("alias_words", lengths[pair])
        put("core_words", np.array([len(queries[i].core) for i in chosen])[who])
        put("source", source)
        put("lexicon", source == SOURCES.index("lexicon"))
        put("ambiguity", n_entries[pair])
        put("entry", entry_number)
        put("sources", count)
        put("rank", place[pair])
        put("gap", 1 - score[pair])
        put("line_mention", own[who] < 0)

        keep = self._keep(block, who, n_kept or self.n_kept)
        return self._members_of(queries, chosen, who[keep], system[keep], row[keep], block[keep])

    def _near(
        self,
        index: AliasIndex,
        queries: Sequence[Query],
        chosen: Sequence[int],
        cores: Sequence[list[int]],
        contexts: Sequence[list[int]],
        n_near: int,
    ) -> tuple[Array, Array, Array, Array]:
        """Return flat arrays: number of the query, bag, score against the best, place."""
        sizes = [len(a) + len(b) for a, b in zip(cores, contexts, strict=True)]
        ids = np.array(
            [w for a, b in zip(cores, contexts, strict=True) for w in (*a, *b)], dtype=np.int32
        )
        share = np.ones(len(ids), np.float32)
        offset = 0
        for core, size in zip(cores, sizes, strict=True):
            share[offset + len(core) : offset + size] = CONTEXT_WEIGHT
            offset += size
        matrix = sparse.csr_matrix(
            (index.idf[ids] * share, ids, np.cumsum([0, *sizes])),
            shape=(len(cores), len(index.words)),
        )
        product = matrix @ index.postings
        numbers, bags, scores, places = [], [], [], []
        for number, i in enumerate(chosen):
            start, stop = product.indptr[number], product.indptr[number + 1]
            found, value = product.indices[start:stop], product.data[start:stop]
            if len(value) > n_near:
                top = np.argpartition(value, -n_near)[-n_near:]
                found, value = found[top], value[top]
            order = np.lexsort((found, -value))
            found, value = found[order], value[order]
            if len(value):
                value = value / value[0]
            own = queries[i].bag
            if own >= 0 and own not in found:
                found = np.concatenate([[own], found])
                value = np.concatenate([[1.0], value])
            numbers.append(np.full(len(found), number))
            bags.append(found)
            scores.append(value)
            places.append(np.arange(len(found)))
        return (
            np.concatenate(numbers),
            np.concatenate(bags).astype(np.int64),
            np.concatenate(scores),
            np.concatenate(places),
        )

    def _keep(self, block: Array, who: Array, n_kept: int) -> Array:
        """Return the positions of the most promising candidates of each mention."""
        promise = quick_score(block)
        order = np.lexsort((-promise, who))
        ranked = who[order]
        first = np.searchsorted(ranked, ranked)
        kept = order[np.arange(len(order)) - first < n_kept]
        kept.sort()
        return kept

    def _members_of(
        self,
        queries: Sequence[Query],
        chosen: Sequence[int],
        who: Array,
        system: Array,
        row: Array,
        block: Array,
    ) -> tuple[Array, Array, Array, Array]:
        """Pick each family's member by the mention's attributes."""
        attributes = []
        for i in chosen:
            values: dict[str, str] = {}
            for attribute in queries[i].attributes:
                values.setdefault(attribute.name, attribute.value)
            wanted = wanted_axes(values)
            attributes.append(
                (values, tuple(sorted(values.items())), wanted, tuple(sorted(wanted.items())))
            )
        mentions, systems, rows, origin = [], [], [], []
        for number, (w, s, r) in enumerate(
            zip(who.tolist(), system.tolist(), row.tolist(), strict=True)
        ):
            values, values_key, wanted, wanted_key = attributes[w]
            table = self.systems[s]
            members = [r]
            if s == 0:
                known = self._members.get((r, wanted_key))
                if known is None:
                    known = self._members[(r, wanted_key)] = select_members(table, r, wanted)
                members, block[number, _AT["fit"]] = known
            elif values_key:
                met = self._agreement.get((s, r, values_key))
                if met is None:
                    met = axis_agreement(table.axes(r), values)
                    self._agreement[(s, r, values_key)] = met
                block[number, _AT["axes_met"]], block[number, _AT["axes_against"]] = met
            block[number, _AT["side_given"]] = "laterality" in wanted
            for member in members:
                mentions.append(chosen[w])
                systems.append(s)
                rows.append(member)
                origin.append(number)
        if len(self._members) > 200_000:
            self._members.clear()
        if len(self._agreement) > 200_000:
            self._agreement.clear()
        return (
            np.array(mentions, np.int32),
            np.array(systems, np.int32),
            np.array(rows, np.int32),
            block[origin],
        )


def _sums(idf: Array, ids: Sequence[list[int]]) -> Array:
    """Return the summed rarity of each list of words."""
    sizes = [len(i) for i in ids]
    flat = np.array([w for words in ids for w in words], dtype=np.int64)
    who = np.repeat(np.arange(len(ids)), sizes)
    return np.bincount(who, weights=idf[flat], minlength=len(ids))


def quick_score(features: Array) -> Array:
    """Return an order of candidates from coverage and source alone, before anything is learned.

    Log odds, roughly; hand-set weights.
    """
    f = {name: features[:, _AT[name]] for name in _QUICK}
    return np.sum([weight * f[name] for name, weight in _QUICK.items()], axis=0) - 5.5  # type: ignore[no-any-return]


_QUICK: dict[str, float] = {
    "core_covered": 4.0,
    "alias_covered": 1.5,
    "note_covered": 1.0,
    "title_covered": 0.5,
    "context_covered": 1.0,
    "exact_core": 0.6,
    "source": -0.15,
    "entry": -0.1,
    "other": -0.5,
}
