"""Wordings that no alias knows: learned from labelled spans, and from notes that share a code.

They become aliases of the model, so that extraction finds them with their assertion like any
other. Nothing else of a note enters the model's tables as words.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from codesuggest.ranking.ranker import Ranker
from codesuggest.ranking.site_features import label_of
from codesuggest.schema import SYSTEMS
from codesuggest.terminology.alias_index import AliasIndex, stem_hash
from codesuggest.terminology.aliases import SOURCES
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.words import tokenize
from codesuggest.training.corpora import CodedNote
from codesuggest.training.examples import NoteFit

__all__ = ["LearnedWording", "extend_indexes", "from_notes", "from_spans"]

Array = np.ndarray[Any, Any]

_PIECE = re.compile(r"[.,;:?!()\n]")
#: Longest wording learned, in words; labelled spans can be a little longer.
_WORDS, _SPAN_STEMS = 3, 5
#: Notes that must share a wording and a code that nothing else in them explains.
_LEAST_NOTES = 3
_LEAST_SHARE = 0.75
#: How much likelier the code must be in notes with the wording than in any note.
_LEAST_GAIN = 0.5
_PER_CODE = 3
#: Probability from which on a mention explains a code.
_EXPLAINED = 0.2


class LearnedWording(NamedTuple):
    """Stems that stand for a code."""

    stems: tuple[str, ...]
    system: int
    row: int


def from_spans(
    notes: Iterable[CodedNote],
    indexes: Mapping[str, AliasIndex],
    systems: Mapping[str, CodeSystem],
) -> list[LearnedWording]:
    """Return the wordings of labelled spans that no alias equals, most frequent code first."""
    seen: dict[tuple[str, tuple[str, ...]], Counter[tuple[int, int]]] = defaultdict(Counter)
    for note in notes:
        for gold in note.must:
            row = systems[gold.system].row_of.get(gold.code)
            if row is None:
                continue
            system = SYSTEMS.index(gold.system)
            index = indexes[label_of(system)]
            quotes = {*gold.evidence, *(note.text[a:b] for a, b in gold.spans)}
            for bag in {index.forms.bag(q) for q in quotes}:
                usable = 1 <= len(bag) <= _SPAN_STEMS and any(len(s) > 1 for s in bag)
                if usable and index.find_bag(bag) < 0:
                    seen[(label_of(system), tuple(sorted(bag)))][(system, row)] += 1
    return [
        LearnedWording(bag, *code)
        for (_, bag), codes in sorted(seen.items())
        for code, _ in sorted(codes.items(), key=lambda item: (-item[1], item[0]))[:_PER_CODE]
    ]


def from_notes(
    fits: Sequence[NoteFit],
    ranker: Ranker,
    stems_of: Callable[[str], tuple[str, ...]],
    indexes: Mapping[str, AliasIndex],
) -> list[LearnedWording]:
    """Return wordings that notes share with a code which no mention of theirs explains.

    Parameters
    ----------
    stems_of : function of a folded word
        As extraction reads words.
    """
    unexplained: list[set[tuple[int, int]]] = []
    carried: list[set[tuple[int, int]]] = []
    notes_with: Counter[tuple[int, int]] = Counter()
    for fit in fits:
        finder = ranker.finder
        if finder is None:
            raise RuntimeError("unreachable: the ranker is bound")
        keys = {
            (system, finder.systems[system].row_of[g.code])
            for g in fit.note.must
            if g.code in finder.systems[system := SYSTEMS.index(g.system)].row_of
        }
        extracts = fit.input.found.extracts
        table, meant = ranker.rank_mentions(extracts, range(len(extracts)), fit.input.found)
        sure = meant >= _EXPLAINED
        found = set(zip(table.system[sure].tolist(), table.row[sure].tolist(), strict=True))
        unexplained.append(keys - found)
        carried.append(keys)
        notes_with.update(keys)
    wanted = {
        key for key, n in Counter(k for u in unexplained for k in u).items() if n >= _LEAST_NOTES
    }
    if not wanted:
        return []
    frequency: Counter[tuple[str, ...]] = Counter()
    missing: dict[tuple[tuple[str, ...], tuple[int, int]], set[int]] = defaultdict(set)
    joint: Counter[tuple[tuple[str, ...], tuple[int, int]]] = Counter()
    for number, (fit, open_keys, keys) in enumerate(zip(fits, unexplained, carried, strict=True)):
        grams = _grams(fit.note.text, stems_of)
        frequency.update(grams)
        for key in keys & wanted:
            joint.update((gram, key) for gram in grams)
        for key in open_keys & wanted:
            for gram in grams:
                missing[(gram, key)].add(number)
    by_code: dict[tuple[int, int], dict[tuple[str, ...], tuple[float, set[int]]]] = defaultdict(
        dict
    )
    for (gram, key), numbers in missing.items():
        share = joint[(gram, key)] / frequency[gram]
        gain = share - notes_with[key] / len(fits)
        if len(numbers) < _LEAST_NOTES or share < _LEAST_SHARE or gain < _LEAST_GAIN:
            continue
        index = indexes[label_of(key[0])]
        rare = max(float(index.idf[index.word_id[s]]) if s in index.word_id else 9.0 for s in gram)
        if rare >= 4.0 and index.find_bag(gram) < 0:
            by_code[key][gram] = (share, numbers)
    out: list[LearnedWording] = []
    for key, choices in sorted(by_code.items()):
        out.extend(
            LearnedWording(gram, *key) for gram in _telling(choices, indexes[label_of(key[0])])
        )
    return out


def _telling(
    choices: Mapping[tuple[str, ...], tuple[float, set[int]]], index: AliasIndex
) -> list[tuple[str, ...]]:
    """Return the wordings that explain most notes, each what those before it do not.

    Of wordings that explain as much, one with a word that no alias has, by itself; else the
    longest, which will not be taken for another.
    """
    out: list[tuple[str, ...]] = []
    covered: set[int] = set()
    while len(out) < _PER_CODE:
        ranked = [
            (len(numbers - covered) * share, new, -len(gram) if new else len(gram), gram)
            for gram, (share, numbers) in choices.items()
            if len(numbers - covered) >= _LEAST_NOTES
            for new in (any(s not in index.word_id for s in gram),)
        ]
        if not ranked:
            break
        gram = max(ranked)[-1]
        out.append(gram)
        covered |= choices[gram][1]
    return out


def _grams(text: str, stems_of: Callable[[str], tuple[str, ...]]) -> set[tuple[str, ...]]:
    """Return the bags of one to three neighbouring words of a note."""
    out: set[tuple[str, ...]] = set()
    for piece in _PIECE.split(text):
        words = [s for s in map(stems_of, tokenize(piece)) if s and not s[0].isdigit()]
        for size in range(1, _WORDS + 1):
            for start in range(len(words) - size + 1):
                bag = tuple(sorted({s for w in words[start : start + size] for s in w}))
                if len(bag) > 1 or len(bag[0]) > 3:
                    out.add(bag)
    return out


def extend_indexes(
    indexes: Mapping[str, AliasIndex], learned: Sequence[LearnedWording]
) -> dict[str, AliasIndex]:
    """Return indexes that hold the learned wordings too."""
    out: dict[str, AliasIndex] = {}
    for label, index in indexes.items():
        mine: dict[tuple[str, ...], list[tuple[int, int]]] = {}
        for wording in learned:
            known = index.find_bag(wording.stems) >= 0
            if label_of(wording.system) == label and wording.stems and not known:
                codes = mine.setdefault(wording.stems, [])
                if (wording.system, wording.row) not in codes:
                    codes.append((wording.system, wording.row))
        out[label] = _extended(index, mine) if mine else index
    return out


def _extended(
    index: AliasIndex, learned: Mapping[tuple[str, ...], list[tuple[int, int]]]
) -> AliasIndex:
    new = sorted({s for bag in learned for s in bag if s not in index.word_id})
    words = [*index.words, *new]
    word_id = {word: i for i, word in enumerate(words)}
    hashes = np.array([stem_hash(w) for w in new], np.uint64)
    word_hash = np.concatenate([np.asarray(index.word_hash), hashes])
    # as rare as a word can be: one alias has it
    rarest = np.full(len(new), np.log((1 + len(index)) / 2), np.float32)
    source = SOURCES.index("learned")
    with np.errstate(over="ignore"):
        rows = sorted(
            (
                int(np.sum(word_hash[[word_id[s] for s in bag]], dtype=np.uint64)),
                sorted(word_id[s] for s in bag),
                codes,
            )
            for bag, codes in learned.items()
        )
    bag_hash = np.array([r[0] for r in rows], np.uint64)
    old = np.asarray(index.bag_hash)
    order = np.argsort(np.concatenate([old, bag_hash]), kind="stable")

    def joined(start: Array, sizes: list[int]) -> tuple[Array, Array, Array]:
        """Return old and new bags' bounds in the new order, and where each is taken from."""
        length = np.concatenate([np.diff(start), sizes]).astype(np.int64)
        first = np.concatenate([start[:-1], start[-1] + np.cumsum([0, *sizes])[:-1]])
        length, first = length[order], first[order]
        bounds = np.concatenate([[0], np.cumsum(length)])
        taken = np.arange(bounds[-1]) - np.repeat(bounds[:-1] - first, length)
        return bounds.astype(np.int32), taken.astype(np.int64), length

    # the arrays of the index under the names that it gives them on disk
    arrays = index.arrays
    indptr, taken, _ = joined(arrays["indptr"], [len(r[1]) for r in rows])
    indices = np.concatenate([arrays["indices"], [i for r in rows for i in r[1]]])[taken]
    entry_start, entry, _ = joined(arrays["entry_start"], [len(r[2]) for r in rows])
    codes = [code for r in rows for code in r[2]]
    return AliasIndex(
        {
            "word_hash": word_hash,
            "idf": np.concatenate([np.asarray(index.idf), rarest]),
            "bag_hash": np.concatenate([old, bag_hash])[order],
            "silent": np.concatenate([index.silent, np.zeros(len(rows), bool)])[order],
            "indptr": indptr,
            "indices": indices.astype(np.int32),
            "entry_start": entry_start,
            "entry_system": np.concatenate([arrays["entry_system"], [c[0] for c in codes]])[
                entry
            ].astype(np.int8),
            "entry_row": np.concatenate([arrays["entry_row"], [c[1] for c in codes]])[entry].astype(
                np.int32
            ),
            "entry_source": np.concatenate([arrays["entry_source"], [source] * len(codes)])[
                entry
            ].astype(np.int8),
            "entry_side": np.concatenate([arrays["entry_side"], np.zeros(len(codes), np.int8)])[
                entry
            ],
        },
        words,
        index.forms,
    )
