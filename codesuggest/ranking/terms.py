"""Bare terms to codes: for linking lists of names, and for search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from codesuggest.ranking.candidates import FEATURES
from codesuggest.ranking.name_ranker import LEAST_LIKE, SIDES, NameRanker
from codesuggest.ranking.ranker import Ranker
from codesuggest.schema import SYSTEMS
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.code_system import CodeSystem

__all__ = ["RankedTerm", "TermQuery", "TermRanker", "term_query"]

Array = np.ndarray[Any, Any]

#: A word that the code sets do not know is read as those known words that look most like it.
_ALIKE = 3
_LEAST_ALIKE = 0.45


#: Columns that say that an alias of the lexicon equals the term.
_IN_LEXICON = [list(FEATURES).index(name) for name in ("exact_core", "lexicon")]


class RankedTerm(NamedTuple):
    """A code that a term may stand for."""

    code: str
    title: str
    score: float
    confidence: float


@dataclass(slots=True)
class TermAttribute:
    """An attribute of a term, as a mention would have it."""

    name: str
    value: str


@dataclass(slots=True)
class TermQuery:
    """A term asked as if it were a mention."""

    core: tuple[str, ...]
    label: str
    bag: int
    attributes: tuple[TermAttribute, ...] = ()
    context: tuple[str, ...] = ()


def term_query(
    term: str, label: str, index: AliasIndex, words: WordGuess | None = None
) -> TermQuery:
    """Make a query of a term: its stems, unknown ones replaced by similar known ones."""
    bag = index.forms.bag(term)
    known = [s for s in bag if s in index.word_id]
    alike: list[str] = []
    if words is not None:
        for unknown in (s for s in bag if s not in index.word_id):
            alike.extend(words(unknown))
    side = next((SIDES[w] for w in term.lower().split() if w in SIDES), None)
    attributes = (TermAttribute("laterality", side),) if side else ()
    core = tuple(dict.fromkeys((*known, *alike))) or bag
    return TermQuery(core, label, index.find_bag(bag), attributes)


class WordGuess:
    """Known words that look like an unknown one: cosine of character trigrams."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = list(words)
        self._cache: dict[str, list[str]] = {}

    @cached_property
    def _grams(self) -> tuple[dict[str, int], Any, Array]:
        ids: dict[str, int] = {}
        rows, columns = [], []
        for row, word in enumerate(self._words):
            for gram in _trigrams(word):
                rows.append(row)
                columns.append(ids.setdefault(gram, len(ids)))
        matrix = sparse.csr_matrix(
            (np.ones(len(rows), np.float32), (columns, rows)), shape=(len(ids), len(self._words))
        )
        sizes = np.asarray(matrix.sum(axis=0)).ravel()
        return ids, matrix, np.sqrt(np.maximum(sizes, 1))

    def __call__(self, word: str) -> list[str]:
        """Return the most similar known words, none when nothing is similar."""
        if len(word) < 5 or not word.isalpha():
            return []
        known = self._cache.get(word)
        if known is None:
            ids, matrix, norms = self._grams
            grams = [ids[g] for g in _trigrams(word) if g in ids]
            known = []
            if grams:
                overlap = np.asarray(matrix[grams].sum(axis=0)).ravel()
                cosine = overlap / norms / np.sqrt(len(_trigrams(word)))
                best = np.argsort(-cosine, kind="stable")[:_ALIKE]
                limit = max(_LEAST_ALIKE, float(cosine[best[0]]) - 0.1)
                known = [self._words[i] for i in best if cosine[i] >= limit]
            if len(self._cache) < 100_000:
                self._cache[word] = known
        return known


def _trigrams(word: str) -> set[str]:
    padded = f"^{word}$"
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


class TermRanker:
    """Rank the codes of terms.

    Diagnoses go to the ranker of names where the model has one; everything else to the note
    ranker's candidates and its mention model.
    """

    def __init__(
        self,
        ranker: Ranker,
        indexes: Mapping[str, AliasIndex],
        systems: Mapping[str, CodeSystem],
        names: NameRanker | None = None,
    ) -> None:
        self._names = names
        self._ranker = ranker
        self._indexes = indexes
        self._systems = systems
        self._guess = {label: WordGuess(index.words) for label, index in indexes.items()}

    def rank(self, terms: Sequence[str], system: str, top_k: int) -> list[list[RankedTerm]]:
        """Return the codes of each term in one code system, best first."""
        codes = self._systems[system]
        if system == "ICD-10-CM" and self._names is not None:
            return [
                [RankedTerm(codes.codes[r], codes.titles[r], s, c) for r, s, c in ranked]
                for ranked in self._names.rank(terms, top_k, LEAST_LIKE)
            ]
        return self._by_mentions(terms, system, top_k)

    def _by_mentions(
        self, terms: Sequence[str], system: str, top_k: int, *, lexicon_first: bool = False
    ) -> list[list[RankedTerm]]:
        """Rank terms as if they were mentions of a note: side, episode and stage count.

        With `lexicon_first` what our lexicon says of the very words comes before all else.
        """
        codes = self._systems[system]
        label = "DIAGNOSIS" if system == "ICD-10-CM" else "PROCEDURE"
        index = self._indexes[label]
        wanted = SYSTEMS.index(system)
        out: list[list[RankedTerm]] = []
        for start in range(0, len(terms), 256):
            queries = [
                term_query(t, label, index, self._guess[label]) for t in terms[start : start + 256]
            ]
            found: list[list[RankedTerm]] = [[] for _ in queries]
            table, probability = self._ranker.rank_terms(queries, max(2 * top_k, 40))
            own: Array = np.logical_and(table.features[:, _IN_LEXICON].all(axis=1), lexicon_first)
            for low, high in table.groups():
                order = np.lexsort((-probability[low:high], ~own[low:high])) + low
                rows = found[int(table.mention[low])]
                for at in order.tolist():
                    if int(table.system[at]) != wanted or len(rows) == top_k:
                        continue
                    row = int(table.row[at])
                    p = float(probability[at])
                    rows.append(
                        RankedTerm(
                            codes.codes[row],
                            codes.titles[row],
                            float(np.log(p / (1 - p + 1e-12))),
                            p,
                        )
                    )
            out.extend(found)
        return out

    def search(self, words: str, system: str, top_k: int) -> list[RankedTerm]:
        """Return the codes that fit `words` best.

        What a coder types is worded as in a note, unlike the names of a list.
        """
        return self._by_mentions([words], system, top_k, lexicon_first=True)[0]
