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

from codesuggest.ranking.member_choice import MemberChoice, Said
from codesuggest.ranking.near import LEAST_SHARE, JointIndex, Words, near_bags
from codesuggest.ranking.overlap import NoteWords, Overlap
from codesuggest.ranking.relatives import RELATIVE, Relatives
from codesuggest.ranking.taken_for_granted import TitleClaims
from codesuggest.schema import SYSTEMS
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.aliases import SOURCES
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.grouping import group_sizes, group_starts, place_in, sorted_rows

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
    "axes_met": "axes, and what the wording takes for granted, that the attributes meet",
    "axes_against": "those that the attributes contradict",
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
    "relative": "the note's other words, its past or its family speak for the code",
    "behind": "how far it lies behind its mention's best before anything is learned",
    "behind_core": "rarity of the mention's words that it lacks beyond what the best lacks",
    "behind_note": "rarity of its alias's words that the note lacks beyond what the best lacks",
    "behind_title": "how much more of its alias the best has in the procedure titles",
    "behind_axes": "how many more axes the best meets",
    "rivals": "candidates of the mention",
    "line_mention": "the mention is a whole line",
    "procedure": "the code is of a procedure or supply",
    "hcpcs": "the code is HCPCS Level II",
}
_AT = {name: i for i, name in enumerate(FEATURES)}

#: How candidates of one mention compare.
_COMPARED = [_AT[f"behind{of}"] for of in ("", "_core", "_note", "_title", "_axes")]

#: Codes that are read of one alias; the rest share it with too many.
_ENTRIES = 6
#: Candidates this far behind a mention's best, in rough log odds, are not its meaning.
_FAR_BEHIND = 3.5
#: Rarity that a word unknown to the code sets counts as.
_UNKNOWN = 6.0


class Query(Protocol):
    """What the ranker needs to know of a mention."""

    label: str
    core: tuple[str, ...]
    context: tuple[str, ...]
    bag: int
    attributes: Any


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
        starts = group_starts(self.mention).tolist()
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
        n_near: int = 14,
        n_kept: int = 7,
    ) -> None:
        self.indexes = dict(indexes)
        self._joint = JointIndex(indexes)
        self.systems = [systems[name] for name in SYSTEMS]
        self.priors = dict(priors or {})
        self.n_near = n_near
        self.n_kept = n_kept
        self._relatives = Relatives(self._joint, self.systems)
        self._choose = MemberChoice(self.systems)
        self._claims = TitleClaims(self.systems[0])
        sizes = [len(system.codes) for system in self.systems]
        self._first_row = np.cumsum([0, *sizes[:-1]])
        #: What a code alone says, the codes of all systems one after the other.
        self._static = np.concatenate([self._static_features(s) for s in self.systems])
        self._family = self._families()

    def _families(self) -> Array:
        """Return a number for the family of each entry; procedures are families of their own."""
        index = self._joint
        system, row = index.entry_system, index.entry_row.astype(np.int64)
        diagnosis = system == 0
        row[diagnosis] = self.systems[0].families[row[diagnosis]]
        numbers = np.unique(row * len(self.systems) + system, return_inverse=True)[1]
        return numbers.ravel()

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
        index = self._joint
        chosen = [i for i in which if queries[i].label in index.label]
        asking = [queries[i] for i in chosen]
        labels = np.array([index.label[q.label] for q in asking], np.intp)
        own = np.array([q.bag for q in asking], np.int64)
        own = np.where(own < 0, -1, own + index.bag_offset[labels])
        words = Words.of(index, labels, [stems for q in asking for stems in (q.core, q.context)])
        # a bare term wants many codes, a mention the few that it may mean
        share = LEAST_SHARE if n_near is None else 0.0
        near = near_bags(index, words, own, n_near or self.n_near, share, without_own)
        if not len(near.bag):
            empty = np.zeros(0, np.int32)
            return CandidateTable(empty, empty, empty, np.zeros((0, len(FEATURES)), np.float32))
        of_note = of_title = None
        if note is not None:
            of_note = index.known(note.stems)
            of_title = index.known(note.title_stems) if note.title_stems else None
            near = self._relatives(
                near, own, of_note, _of(note.past, chosen), _of(note.of_family, chosen)
            )
        asked, bag = near.query, near.bag
        overlap = Overlap.of(index, words, near, of_note, of_title)
        n_own = np.array([len(q.core) for q in asking])
        n_known = np.bincount(words.query[words.own], minlength=len(chosen))
        idf = index.idf[words.ids]
        core_weight = _UNKNOWN * (n_own - n_known) + np.bincount(
            words.query, np.where(words.own, idf, 0), len(chosen)
        )
        context_weight = np.bincount(words.query, np.where(words.own, 0, idf), len(chosen))

        # one candidate a family and mention: of the alias that the mention is, else the nearest
        entry_first = index.entry_start[bag]
        n_entries = index.entry_start[bag + 1] - entry_first
        read = np.minimum(n_entries, _ENTRIES)
        ends = read.cumsum()
        pair = np.arange(len(bag)).repeat(read)
        entry = np.arange(ends[-1]) + (entry_first - (ends - read)).repeat(read)
        order = np.arange(len(pair)) + (bag[pair] != own[asked[pair]]) * len(pair)
        query, family, order = sorted_rows(asked[pair], self._family[entry], order)
        first = group_starts(query * len(self._family) + family)
        kept, count = sorted_rows(order[first] % len(pair), group_sizes(first, len(order)))
        pair, entry = pair[kept], entry[kept]
        system, row = index.entry_system[entry].astype(np.int64), index.entry_row[entry]
        source = index.entry_source[entry]
        entry_number = entry - entry_first[pair]
        block = self._static[self._first_row[system] + row]

        def put(name: str, values: Any) -> None:
            block[:, _AT[name]] = values

        who = asked[pair]
        weight, around = np.maximum(core_weight[who], 1e-6), np.maximum(context_weight[who], 1e-6)
        core_overlap, context_overlap = overlap.core[pair], overlap.context[pair]
        whole = np.maximum(overlap.total[pair], 1e-6)
        matched = core_overlap + context_overlap
        in_note = overlap.in_note[pair]
        missing = whole - matched
        put("core_covered", core_overlap / weight)
        put("context_covered", context_overlap / around)
        put("alias_covered", matched / whole)
        put("note_covered", in_note / whole)
        put("title_covered", overlap.in_title[pair] / whole)
        put("core_missing", core_weight[who] - core_overlap)
        put("alias_missing", missing)
        put("note_missing", whole - in_note)
        put("context_matched", context_overlap)
        put("exact_core", bag[pair] == own[who])
        put("exact", missing < 1e-3)
        put("alias_words", index.bag_size[bag[pair]])
        put("core_words", n_own[who])
        put("source", source)
        put("lexicon", source == SOURCES.index("lexicon"))
        put("ambiguity", n_entries[pair])
        put("entry", entry_number)
        put("sources", count)
        put("rank", near.place[pair])
        put("gap", 1 - near.score[pair])
        put("relative", (near.place[pair] == RELATIVE) & (note is not None))
        put("line_mention", own[who] < 0)

        keep = self._keep(block, who, n_kept or self.n_kept)
        return self._members_of(
            queries,
            chosen,
            who[keep],
            system[keep],
            row[keep],
            block[keep],
            index.entry_side[entry[keep]],
            note,
        )

    def has_family_history(self, query: Query) -> bool:
        """Tell whether a code reports what a mention names of a relative."""
        label = self._joint.label.get(query.label)
        if label is None or query.bag < 0:
            return False
        return self._relatives.has_family_history(query.bag + int(self._joint.bag_offset[label]))

    def leaves_status(self, label: str, bag: int) -> bool:
        """Tell whether a code reports what a bag of one label means once it is past."""
        return self._relatives.has_past(bag + int(self._joint.bag_offset[self._joint.label[label]]))

    def _keep(self, block: Array, who: Array, n_kept: int) -> Array:
        """Return the positions of the most promising candidates of each mention."""
        promise = quick_score(block)
        order = np.lexsort((-promise, who))
        ranked = who[order]
        place = place_in(ranked)
        best = promise[order][place == 0]
        behind = best.repeat(group_sizes(group_starts(ranked), len(ranked))) - promise[order]
        likely = (place < n_kept) & ((behind < _FAR_BEHIND) | (n_kept > self.n_kept))
        # few of a mention's own words speak for a relative, and what a mention says word for
        # word it may always mean; what else speaks for these the model weighs
        always = block[:, _AT["relative"]] + block[:, _AT["exact_core"]] > 0
        kept: Array = order[likely | always[order]]
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
        alias_side: Array,
        note: NoteWords | None,
    ) -> CandidateTable:
        """Put each family's member in the place of the alias's code."""
        side, sides = (note.side, note.sides) if note is not None else ("", ())
        said = [self._choose.said(queries[i].attributes, side) for i in chosen]
        choice = self._choose(said, who, system, row, self._first_row[system] + row)
        for name in ("fit", "axes_met", "axes_against"):
            block[:, _AT[name]] = getattr(choice, name)
        diagnoses = (system == 0).nonzero()[0]
        told = np.array([s.stated for s in said])[who[diagnoses]]
        met, against = self._claims(choice.row[diagnoses], alias_side[diagnoses], told)
        block[diagnoses, _AT["axes_met"]] += met
        block[diagnoses, _AT["axes_against"]] += against
        block[:, _AT["side_given"]] = np.array(["laterality" in s.values for s in said])[who]
        rows, doubled = choice.row, choice.doubled
        origin = np.arange(len(who))
        if doubled:
            # both sides meant and no bilateral code: one candidate a side
            origin = np.concatenate([origin, [number for number, _ in doubled]])
            rows = np.concatenate([rows, [other for _, other in doubled]])
            order = np.argsort(origin, kind="stable")
            origin, rows = origin[order], rows[order]
        if sides:
            # the note speaks of sides, the mention of none: each may be meant, or what the alias
            # says where the note's one side was put in its place
            unsided = (block[:, _AT["has_side"]] > 0) & (block[:, _AT["side_given"]] == 0)
            unsided &= (block[:, _AT["rank"]] == 0) | (block[:, _AT["relative"]] > 0)
            more = [
                (number, member)
                for number in unsided.nonzero()[0].tolist()
                for member in self._open_to(int(row[number]), said[who[number]], side, sides)
                if member != choice.row[number]
            ]
            if more:
                added = block[[number for number, _ in more]]
                added[:, _AT["relative"]] = 1
                origin = np.concatenate([origin, np.arange(len(block), len(block) + len(more))])
                rows = np.concatenate([rows, [member for _, member in more]])
                own = [number for number, _ in more]
                block = np.concatenate([block, added])
                who, system = np.append(who, who[own]), np.append(system, system[own])
        mention = np.array(chosen, np.int32)[who[origin]]
        order = mention.argsort(kind="stable")
        origin = origin[order]
        block = block[origin]
        _compare(block, mention[order])
        return CandidateTable(
            mention[order],
            system[origin].astype(np.int32),
            rows[order].astype(np.int32),
            block,
        )

    def _open_to(self, row: int, said: Said, side: str, sides: Sequence[str]) -> list[int]:
        """Return the members that a mention without a side may mean in a note that states some."""
        if side:
            return [row]
        return [m for wanted in sides for m in self._choose.sided(row, said, wanted)]


def _compare(block: Array, mention: Array) -> None:
    """Put how far each candidate lies behind the best of its mention."""
    first = group_starts(mention)
    size = group_sizes(first, len(mention))
    axes = block[:, _AT["axes_met"]] - block[:, _AT["axes_against"]]
    compared = np.column_stack(
        [
            quick_score(block),
            -block[:, _AT["core_missing"]],
            -block[:, _AT["note_missing"]],
            block[:, _AT["title_covered"]],
            axes,
        ]
    )
    best = np.maximum.reduceat(compared, first)
    block[:, _COMPARED] = best.repeat(size, axis=0) - compared
    block[:, _AT["rivals"]] = size.repeat(size)


def _of(flags: Sequence[bool], chosen: Sequence[int]) -> Array:
    """Return what is so of the chosen mentions; nothing is where nothing is known."""
    return np.array(flags, bool)[chosen] if flags else np.zeros(len(chosen), bool)


def quick_score(features: Array) -> Array:
    """Return an order of candidates from coverage and source alone, before anything is learned.

    Log odds, roughly; hand-set weights.
    """
    scores: Array = features @ _QUICK_WEIGHTS - 5.5
    return scores


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
_QUICK_WEIGHTS = np.array([_QUICK.get(name, 0.0) for name in FEATURES], np.float32)
