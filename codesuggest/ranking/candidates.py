"""Candidates: the codes that each mention may stand for, with the features that rank them.

A mention asks its label's `AliasIndex` for the bags nearest to its own words and, with less
weight, to the words around it. Each bag's codes become candidates, one a family; the mention's
attributes pick the member.
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

__all__ = ["FEATURES", "CandidateFinder", "CandidateTable", "Query"]

Array = np.ndarray[Any, Any]

#: Features of a candidate for a mention, in the order of the columns.
FEATURES: dict[str, str] = {
    "core_covered": "share of the mention's own words that the alias has, by rarity",
    "context_covered": "share of the surrounding words that the alias has, by rarity",
    "alias_covered": "share of the alias's words that the mention and its surroundings have",
    "core_missing": "rarity of the mention's words that the alias lacks",
    "alias_missing": "rarity of the alias's words that stand nowhere near",
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
    "hcpcs": "the code is HCPCS Level II",
}
_POSITION = {name: i for i, name in enumerate(FEATURES)}

#: How much the words around a mention count beside its own.
CONTEXT_WEIGHT = 0.5


class Query(Protocol):
    """What the ranker needs to know of a mention."""

    label: str
    core: tuple[str, ...]
    context: tuple[str, ...]
    bag: int
    attributes: Sequence[Any]


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
    """

    def __init__(
        self,
        indexes: Mapping[str, AliasIndex],
        systems: Mapping[str, CodeSystem],
        priors: Mapping[str, int] | None = None,
        n_near: int = 24,
    ) -> None:
        self.indexes = dict(indexes)
        self.systems = [systems[name] for name in SYSTEMS]
        self.priors = dict(priors or {})
        self.n_near = n_near
        self._static = [self._static_features(system) for system in self.systems]
        self._weights = {label: np.zeros(len(ix.words), np.float32) for label, ix in indexes.items()}

    def _static_features(self, system: CodeSystem) -> Array:
        """Return what a code alone says, shape (n_rows, n_features)."""
        n = len(system.codes)
        out = np.zeros((n, len(FEATURES)), np.float32)

        def column(name: str) -> Array:
            return out[:, _POSITION[name]]

        column("unspecified")[:] = ["unspecified" in t.lower() for t in system.titles]
        column("other")[:] = ["ther " in t or "elsewhere" in t for t in system.titles]
        column("length")[:] = [len(c) for c in system.codes]
        letter = np.array([c[0] for c in system.codes])
        second = np.array([c[1] for c in system.codes])
        if system.system == "ICD-10-CM":
            column("chapter_symptom")[:] = letter == "R"
            column("chapter_injury")[:] = (letter == "S") | (letter == "T")
            column("chapter_factor")[:] = letter == "Z"
            column("chapter_external")[:] = (letter >= "V") & (letter <= "Y")
            column("chapter_pregnancy")[:] = letter == "O"
            column("chapter_newborn")[:] = letter == "P"
            column("chapter_neoplasm")[:] = (letter == "C") | ((letter == "D") & (second < "5"))
            column("has_side")[:] = ["laterality" in a for a in system._axes]
        column("hcpcs")[:] = system.system == "HCPCS"
        if self.priors:
            get = self.priors.get
            column("prior")[:] = np.log1p([get(c, 0) for c in system.codes])
            column("category_prior")[:] = np.log1p([get(c[:3] + "*", 0) for c in system.codes])
        return out

    def __call__(self, queries: Sequence[Query], which: Sequence[int]) -> CandidateTable:
        """Return the candidates of the mentions at positions `which`."""
        blocks: list[tuple[list[int], list[int], list[int], Array]] = []
        for label, index in self.indexes.items():
            chosen = [i for i in which if queries[i].label == label]
            if chosen:
                blocks.extend(self._of_label(label, index, queries, chosen))
        blocks.sort(key=lambda block: block[0][0] if block[0] else -1)
        mention = np.array([m for block in blocks for m in block[0]], dtype=np.int32)
        system = np.array([s for block in blocks for s in block[1]], dtype=np.int8)
        row = np.array([r for block in blocks for r in block[2]], dtype=np.int32)
        features = (
            np.concatenate([block[3] for block in blocks])
            if blocks
            else np.zeros((0, len(FEATURES)), np.float32)
        )
        return CandidateTable(mention, system, row, features)

    def _of_label(
        self, label: str, index: AliasIndex, queries: Sequence[Query], chosen: Sequence[int]
    ) -> list[tuple[list[int], list[int], list[int], Array]]:
        cores = [index.ids(queries[i].core) for i in chosen]
        contexts = [index.ids(queries[i].context) for i in chosen]
        near = self._near(index, cores, contexts)
        blocks = []
        for i, core, context, (bags, scores) in zip(chosen, cores, contexts, near, strict=True):
            query = queries[i]
            if query.bag >= 0 and query.bag not in bags:
                bags = np.concatenate([[query.bag], bags])
                scores = np.concatenate([[scores[0] if len(scores) else 1.0], scores])
            block = self._of_query(label, index, query, i, core, context, bags, scores)
            if block[0]:
                blocks.append(block)
        return blocks

    def _near(
        self, index: AliasIndex, cores: Sequence[list[int]], contexts: Sequence[list[int]]
    ) -> list[tuple[Array, Array]]:
        indptr = np.cumsum([0, *(len(a) + len(b) for a, b in zip(cores, contexts, strict=True))])
        ids = np.array(
            [i for a, b in zip(cores, contexts, strict=True) for i in (*a, *b)], dtype=np.int32
        )
        share = np.array(
            [
                w
                for a, b in zip(cores, contexts, strict=True)
                for w in (*([1.0] * len(a)), *([CONTEXT_WEIGHT] * len(b)))
            ],
            dtype=np.float32,
        )
        weights = (index.idf[ids] * share).astype(np.float32)
        asked = sparse.csr_matrix((weights, ids, indptr), shape=(len(cores), len(index.words)))
        product = asked @ index.postings
        out = []
        for row in range(len(cores)):
            start, stop = product.indptr[row], product.indptr[row + 1]
            bags, scores = product.indices[start:stop], product.data[start:stop]
            if len(scores) > self.n_near:
                keep = np.argpartition(-scores, self.n_near)[: self.n_near]
                bags, scores = bags[keep], scores[keep]
            order = np.lexsort((bags, -scores))
            out.append((bags[order], scores[order]))
        return out

    def _of_query(
        self,
        label: str,
        index: AliasIndex,
        query: Query,
        position: int,
        core: list[int],
        context: list[int],
        bags: Array,
        scores: Array,
    ) -> tuple[list[int], list[int], list[int], Array]:
        if not len(bags):
            return [], [], [], np.zeros((0, len(FEATURES)), np.float32)
        idf = index.idf
        weights = self._weights[label]
        lengths = index.bag_size[bags]
        flat = np.concatenate([index.bag_ids(int(b)) for b in bags])
        starts = np.cumsum(lengths) - lengths
        weights[core] = idf[core]
        core_overlap = np.add.reduceat(weights[flat], starts)
        weights[core] = 0
        weights[context] = idf[context]
        weights[core] = 0
        context_overlap = np.add.reduceat(weights[flat], starts)
        weights[context] = 0
        total = np.add.reduceat(idf[flat], starts)
        core_weight = float(idf[core].sum()) or 1.0
        context_weight = float(idf[context].sum()) or 1.0
        # words of the mention that no alias knows count as rare ones
        unknown = 6.0 * (len(query.core) - len(core))
        missing = total - core_overlap - context_overlap

        attributes: dict[str, str] = {}
        for attribute in query.attributes:
            attributes.setdefault(attribute.name, attribute.value)
        wanted = wanted_axes(attributes)
        best: dict[tuple[int, int], int] = {}
        count: dict[tuple[int, int], int] = {}
        picked: list[tuple[int, int, int, int, int, int]] = []
        for place, bag in enumerate(bags.tolist()):
            entries = index.entries(bag)
            for number, entry in enumerate(entries):
                if number >= 4:
                    break
                system = int(index.entry_system[entry])
                row = int(index.entry_row[entry])
                table = self.systems[system]
                key = (system, int(table.families[row]) if system == 0 else -1 - row)
                count[key] = count.get(key, 0) + 1
                if key in best:
                    continue
                best[key] = place
                source = int(index.entry_source[entry])
                picked.append((place, number, len(entries), system, row, source))
        places = np.array([p[0] for p in picked])
        block = np.stack(
            [self._static[system][row] for _, _, _, system, row, _ in picked]
        )

        def put(name: str, values: Any) -> None:
            block[:, _POSITION[name]] = values

        put("core_covered", core_overlap[places] / (core_weight + unknown))
        put("context_covered", context_overlap[places] / context_weight)
        put("alias_covered", 1 - missing[places] / np.maximum(total[places], 1e-6))
        put("core_missing", core_weight + unknown - core_overlap[places])
        put("alias_missing", missing[places])
        put("context_matched", context_overlap[places])
        put("exact_core", bags[places] == query.bag)
        put("exact", missing[places] < 1e-3)
        put("alias_words", lengths[places])
        put("core_words", len(query.core))
        sources = np.array([p[5] for p in picked])
        put("source", sources)
        put("lexicon", sources == SOURCES.index("lexicon"))
        put("ambiguity", [p[2] for p in picked])
        put("entry", [p[1] for p in picked])
        put("rank", places)
        put("gap", 1 - scores[places] / max(float(scores[0]), 1e-6))
        put("side_given", "laterality" in wanted)
        put("line_mention", query.bag < 0)

        mentions, systems, rows, order = [], [], [], []
        for number, (_, _, _, system, row, _) in enumerate(picked):
            table = self.systems[system]
            if system == 0:
                members, fit = select_members(table, row, wanted)
                key = (system, int(table.families[row]))
            else:
                members, fit = [row], 0.0
                key = (system, -1 - row)
                met, against = axis_agreement(table.axes(row), attributes)
                block[number, _POSITION["axes_met"]] = met
                block[number, _POSITION["axes_against"]] = against
            block[number, _POSITION["fit"]] = fit
            block[number, _POSITION["sources"]] = count[key]
            for member in members:
                mentions.append(position)
                systems.append(system)
                rows.append(member)
                order.append(number)
        return mentions, systems, rows, block[order]
