"""What coded notes teach: extraction tied to gold codes, and the rows that the models fit.

A note's own codes never show in the features that it teaches with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from codesuggest.extraction.pipeline import ExtractedNote, reader_of
from codesuggest.extraction.sections import SectionTable
from codesuggest.guidelines.combinations import combinations
from codesuggest.guidelines.patterns import Pattern
from codesuggest.ranking.candidates import FEATURES, CandidateFinder
from codesuggest.ranking.note_features import INACTIVE
from codesuggest.ranking.ranker import NoteInput, Ranker
from codesuggest.ranking.readings import Readings
from codesuggest.ranking.terms import term_query
from codesuggest.schema import SYSTEMS
from codesuggest.training.corpora import CodedNote

__all__ = [
    "Examples",
    "NoteFit",
    "counts_of",
    "mention_examples",
    "note_examples",
    "prepare",
    "report_rates",
    "right_readings",
    "term_examples",
    "tie",
]

Array = np.ndarray[Any, Any]


@dataclass(slots=True)
class NoteFit:
    """A coded note with what extraction found in it."""

    note: CodedNote
    input: NoteInput
    weight: float = 1.0
    quotes: dict[int, set[tuple[str, str]]] = field(default_factory=dict)

    @property
    def coded_procedures(self) -> bool:
        """Whether the note's coders looked at procedures at all."""
        return any(g.system != "ICD-10-CM" for g in (*self.note.must, *self.note.acceptable))


def prepare(nlp: Any, notes: Sequence[CodedNote], weight: float = 1.0) -> list[NoteFit]:
    """Extract the mentions of coded notes and tie them to the gold evidence."""
    read = reader_of(nlp)
    return [tie(note, read(note.text), weight) for note in notes]


def tie(note: CodedNote, found: ExtractedNote, weight: float = 1.0) -> NoteFit:
    """Tie what was extracted from a note to its gold evidence."""
    groups = SectionTable.packaged().groups
    fit = NoteFit(note, NoteInput(note.text, found, groups, note.setting), weight)
    for gold in note.must:
        for start, end in gold.places(note.text):
            for i, extract in enumerate(found.extracts):
                if extract.start_char < end and extract.end_char > start:
                    fit.quotes.setdefault(i, set()).add((gold.system, gold.code))
    return fit


def counts_of(fits: Iterable[NoteFit]) -> dict[str, int]:
    """Count codes and categories (``"E11*"``) over coded notes."""
    counts: Counter[str] = Counter()
    for fit in fits:
        for gold in fit.note.must:
            counts[gold.code] += 1
            counts[gold.code[:3] + "*"] += 1
    return dict(counts)


def report_rates(fits: Iterable[NoteFit], finder: CandidateFinder) -> dict[str, float]:
    """Return how often a category that is mentioned, and not ruled out, is reported."""
    seen: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    for fit in fits:
        if not fit.note.must or fit.weight < 1:
            continue
        reported = {g.code[:3] for g in (*fit.note.must,)}
        accepted = {g.code[:3] for g in fit.note.acceptable}
        must = {(g.system, g.code) for g in fit.note.must}
        mentioned: dict[str, str] = {}
        for extract, assertion in zip(
            fit.input.found.extracts, fit.input.found.assertions, strict=True
        ):
            if extract.bag >= 0 and assertion.status not in INACTIVE:
                index = finder.indexes[extract.label]
                entry = index.entries(extract.bag)[0]
                system = int(index.entry_system[entry])
                code = finder.systems[system].codes[int(index.entry_row[entry])]
                mentioned.setdefault(code[:3], code)
        for category, code in mentioned.items():
            if category not in reported and (category in accepted or _is_part(code, must)):
                continue
            seen[category] += 1
            hit[category] += category in reported
    return {c: round((hit[c] + 0.6) / (n + 3), 3) for c, n in sorted(seen.items())}


@dataclass(slots=True)
class Examples:
    """Features, labels and weights of (mention, candidate) pairs."""

    features: Array
    labels: Array
    weights: Array

    @classmethod
    def empty(cls) -> Examples:
        """Return no examples."""
        return cls(np.zeros((0, len(FEATURES)), np.float32), np.zeros(0, bool), np.zeros(0))

    @classmethod
    def join(cls, parts: Sequence[Examples]) -> Examples:
        """Put examples one after the other."""
        return cls(
            np.concatenate([p.features for p in parts]),
            np.concatenate([p.labels for p in parts]),
            np.concatenate([p.weights for p in parts]),
        )

    def of(self, label: str) -> Examples:
        """Return the examples of one label."""
        diagnosis = self.features[:, _PROCEDURE] == 0
        chosen = diagnosis if label == "DIAGNOSIS" else ~diagnosis
        return Examples(self.features[chosen], self.labels[chosen], self.weights[chosen])


_PRIORS = [list(FEATURES).index(name) for name in ("prior", "category_prior")]


def _leave_out(
    block: Array, codes: Sequence[str], own: Mapping[str, int], priors: Mapping[str, int]
) -> None:
    """Take a note's own codes out of the counts; else every right answer would show in them."""
    for row, code in enumerate(codes):
        for column, key in zip(_PRIORS, (code, code[:3] + "*"), strict=True):
            block[row, column] = np.log1p(max(priors.get(key, 0) - own.get(key, 0), 0))


@cache
def _replaced() -> dict[str, list[Pattern]]:
    """Return the codes that each combination code replaces."""
    out: dict[str, list[Pattern]] = {}
    for row in combinations():
        if row.gives:
            out.setdefault(row.gives, []).append(row.drops)
    return out


def _is_part(code: str, gold: Iterable[tuple[str, str]]) -> bool:
    """Tell whether a coding rule makes a gold code of this one: neither right nor wrong by itself.

    "Hypertension" means I10; beside a kidney disease the rules report I12.9 in its place.
    """
    return any(pattern.covers(code) for _, given in gold for pattern in _replaced().get(given, ()))


def mention_examples(ranker: Ranker, fits: Sequence[NoteFit]) -> Examples:
    """Return the (mention, candidate) pairs that coded notes teach.

    A mention under a gold quote teaches its candidates; its other candidates are wrong unless
    they are codes of the note, acceptable for it or part of a combination code of it. In notes
    whose codes carry no quotes a mention teaches when one of its candidates is a code of the note.
    """
    features, labels, weights = [], [], []
    for fit in fits:
        note = fit.note
        gold_of_note = {(g.system, g.code) for g in note.must}
        accepted = {(g.system, g.code) for g in note.acceptable}
        with_quotes = any(g.evidence or g.spans for g in note.must)
        own = counts_of([fit])
        active = [i for i in ranker.asked(fit.input.found) if i in fit.quotes or not with_quotes]
        if not active or ranker.finder is None:
            continue
        table = ranker.finder(fit.input.found.extracts, active, fit.input.found)
        for start, stop in table.groups():
            mention = int(table.mention[start])
            right = fit.quotes.get(mention, set()) if with_quotes else gold_of_note
            keys = [
                (
                    SYSTEMS[int(s)],
                    ranker.finder.systems[int(s)].codes[int(r)],
                )
                for s, r in zip(table.system[start:stop], table.row[start:stop], strict=True)
            ]
            label = np.array([k in right for k in keys])
            if not label.any():
                continue
            keep = np.array(
                [
                    k in right
                    or not (k in accepted or k in gold_of_note or _is_part(k[1], gold_of_note))
                    for k in keys
                ]
            )
            block = table.features[start:stop]
            if own and ranker.priors:
                _leave_out(block, [code for _, code in keys], own, ranker.priors)
            features.append(block[keep])
            labels.append(label[keep])
            weights.append(np.full(int(keep.sum()), fit.weight if with_quotes else 0.25))
    if not features:
        return Examples.empty()
    return Examples(np.concatenate(features), np.concatenate(labels), np.concatenate(weights))


def term_examples(
    finder: CandidateFinder, terms: Sequence[tuple[str, int, int]], weight: float
) -> Examples:
    """Return examples of terms that must find their code without themselves.

    Parameters
    ----------
    terms : sequence of (term, system position, row)
        Known aliases: the alias itself is taken out of its candidates, so that the model
        learns how wording that it does not know meets wording that it does.
    """
    features, labels = [], []
    for label, of_label in (("DIAGNOSIS", {0}), ("PROCEDURE", {1, 2})):
        queries, truth = [], []
        for term, system, row in terms:
            if system not in of_label:
                continue
            query = term_query(term, label, finder.indexes[label])
            if query.core:
                queries.append(query)
                truth.append(_family(finder, system, row))
        for start in range(0, len(queries), 256):
            part = queries[start : start + 256]
            table = finder(part, range(len(part)), without_own=True)
            for low, high in table.groups():
                right = truth[start + int(table.mention[low])]
                hit = np.array(
                    [
                        _family(finder, int(s), int(r)) == right
                        for s, r in zip(table.system[low:high], table.row[low:high], strict=True)
                    ]
                )
                # also where nothing is right: the best of bad candidates is still wrong
                features.append(table.features[low:high])
                labels.append(hit)
    if not features:
        return Examples.empty()
    x, y = np.concatenate(features), np.concatenate(labels)
    return Examples(x, y, np.full(len(x), weight))


def _family(finder: CandidateFinder, system: int, row: int) -> tuple[int, int]:
    """Return what the finder tells apart: a family of ICD-10-CM, a code of the others."""
    return system, int(finder.systems[0].families[row]) if system == 0 else row


_PROCEDURE = list(FEATURES).index("procedure")


def note_examples(
    ranker: Ranker, fits: Sequence[NoteFit]
) -> tuple[Array, Array, Array, list[tuple[int, str, str]]]:
    """Return features, labels, weights and keys ``(note number, system, code)``.

    Weight 0 marks acceptable codes and parts of combination codes: they are scored but teach
    nothing.
    """
    features, labels, weights, keys = [], [], [], []
    for number, fit in enumerate(fits):
        table = ranker.note_table(fit.input)
        must = {(g.system, g.code) for g in fit.note.must}
        accepted = {(g.system, g.code) for g in fit.note.acceptable}
        for (system, code), row in zip(table.codes, table.features, strict=True):
            key = (SYSTEMS[system], code)
            features.append(row)
            labels.append(key in must)
            neutral = key not in must and (key in accepted or _is_part(code, must))
            weights.append(0.0 if neutral else fit.weight)
            keys.append((number, *key))
    return np.array(features), np.array(labels), np.array(weights), keys


def right_readings(ranker: Ranker, fits: Sequence[NoteFit]) -> dict[str, list[float]]:
    """Return the probability of the right code of each quoted mention, by code system.

    Mentions whose candidates do not hold the right code are left out: a promise of coverage is
    one over the codes that were found.
    """
    out: dict[str, list[float]] = {}
    systems = ranker.finder.systems if ranker.finder is not None else []
    for fit in fits:
        quoted = sorted(fit.quotes)
        if not quoted:
            continue
        found = fit.input.found
        readings = Readings.of(*ranker.rank_mentions(found.extracts, quoted, found))
        best: dict[tuple[int, str], float] = {}
        for mention, system, row, p in zip(
            readings.mention.tolist(),
            readings.system.tolist(),
            readings.row.tolist(),
            readings.probability.tolist(),
            strict=True,
        ):
            name = SYSTEMS[system]
            code = systems[system].codes[row]
            if (name, code) in fit.quotes[mention]:
                best[(mention, name)] = max(p, best.get((mention, name), 0.0))
        for (_, name), most in best.items():
            out.setdefault(name, []).append(most)
    return out
