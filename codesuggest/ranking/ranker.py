"""The ranker: mentions to codes, codes to a note's ordered, calibrated suggestions.

Two models, both learned with scikit-learn: the *mention model* says which code the words mean,
the *note model* whether that code is reported for this note. A monotone map makes the note
model's score a calibrated confidence, one map a code system.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from codesuggest.errors import ModelDamagedError
from codesuggest.extraction.documents import DocumentGuess, guess_document
from codesuggest.ranking.calibration import Calibrator
from codesuggest.ranking.candidates import (
    FEATURES,
    CandidateFinder,
    CandidateTable,
    NoteWords,
    Query,
    quick_score,
)
from codesuggest.ranking.decided import DecidedWordings
from codesuggest.ranking.explanation import Reason, reasons
from codesuggest.ranking.note_features import (
    INACTIVE,
    NOTE_FEATURES,
    STATUSES,
    Evidence,
    NoteContext,
    group_numbers,
    note_features,
)
from codesuggest.ranking.promises import Promises
from codesuggest.ranking.readings import NoteTable, Readings, strongest
from codesuggest.ranking.site import SiteModel
from codesuggest.ranking.trees import TreeEnsemble
from codesuggest.schema import LABELS, SYSTEMS, Assertion
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.drugs import DrugTable
from codesuggest.terminology.grouping import group_starts
from codesuggest.terminology.releases import load_release

__all__ = ["NoteInput", "RankedCode", "Ranker", "create_ranker"]

Array = np.ndarray[Any, Any]

_STATUS = {name: i for i, name in enumerate(STATUSES)} | {"resolved": STATUSES.index("historical")}
_LEAST = 0.02
#: Confidence from which on a mention becomes a span of the spaCy pipeline.
_LEAST_LINK = 0.1


@dataclass(slots=True)
class NoteInput:
    """A note as extraction leaves it."""

    text: str
    found: Any
    groups: Mapping[str, str]
    setting: str | None = None


@dataclass(slots=True)
class RankedCode:
    """A code of a note: its confidence, its mentions, best first, and what the best one may mean.

    `readings` are (system position, row, probability), the code itself among them.
    """

    system: str
    row: int
    code: str
    confidence: float
    score: float
    mentions: list[int]
    readings: list[tuple[int, int, float]]
    features: Array = field(repr=False)


class Ranker:
    """Rank the codes of mentions and of notes.

    Attributes
    ----------
    mention_models, note_models : dict of label to TreeEnsemble
        One of each for diagnoses, one for procedures and supplies.
    calibrators : dict of system to Calibrator
    operating_points : dict of system to float
    promises : Promises
    """

    def __init__(self) -> None:
        self.mention_models: dict[str, TreeEnsemble] = {}
        self.note_models: dict[str, TreeEnsemble] = {}
        self.calibrators: dict[str, Calibrator] = {}
        self.operating_points: dict[str, float] = dict.fromkeys(SYSTEMS, 0.5)
        self.promises = Promises()
        self.priors: dict[str, int] = {}
        self.report_rates: dict[str, float] = {}
        self.fingerprints: dict[str, str] = {}
        self.drugs = DrugTable.packaged()
        self.finder: CandidateFinder | None = None
        #: What one site's coded notes, and its coders' decisions, add; None in the default model.
        self.site: SiteModel | None = None
        self.decided: DecidedWordings | None = None

    def bind(self, indexes: Mapping[str, AliasIndex], systems: Mapping[str, CodeSystem]) -> Ranker:
        """Give the ranker the alias indexes and code systems it ranks over.

        Raises
        ------
        ModelDamagedError
            The model was trained over other codes than the ones given.
        """
        prints = {name: system.fingerprint for name, system in systems.items()}
        changed = [n for n, value in self.fingerprints.items() if prints.get(n) != value]
        if changed:
            raise ModelDamagedError(
                f"the model was trained over other codes of {', '.join(changed)} than this "
                "library holds; install matching versions or train the model again"
            )
        self.fingerprints = prints
        self.finder = CandidateFinder(indexes, systems, self.priors)
        return self

    # -- mentions --------------------------------------------------------------------------

    def asked(self, found: Any) -> list[int]:
        """Return the mentions of a note that may support a code.

        Those that nothing rules out, and those of relatives that a history code reports.
        """
        finder = self.finder
        return [
            i
            for i, (extract, assertion) in enumerate(
                zip(found.extracts, found.assertions, strict=True)
            )
            if assertion.status not in INACTIVE
            or (
                assertion.status == "family"
                and not any(cue.status == "negated" for cue in assertion.cues)
                and finder is not None
                and finder.has_family_history(extract)
            )
        ]

    def rank_mentions(
        self, queries: Sequence[Query], which: Sequence[int], note: NoteWords | None = None
    ) -> tuple[CandidateTable, Array]:
        """Return the candidates of mentions and the probability that each is meant."""
        if self.finder is None:
            raise ModelDamagedError("the ranker is not bound to a terminology; load a model")
        table = self.finder(queries, which, note)
        return table, self._meant(table)

    def _meant(self, table: CandidateTable) -> Array:
        """Return the probability that each candidate is what its mention means."""
        out = np.zeros(len(table))
        for label, chosen in _by_label(table.system):
            model, features = self.mention_models.get(label), table.features[chosen]
            out[chosen] = model.probability(features) if model else _sigmoid(quick_score(features))
        return out

    # -- notes -----------------------------------------------------------------------------

    def note_table(self, note: NoteInput) -> NoteTable:
        """Return all codes that the note's mentions may mean, with their features."""
        found = note.found
        extracts, assertions, sections = found.extracts, found.assertions, found.sections
        document = guess_document(note.text, sections, note.groups, note.setting)
        readings = Readings.of(*self.rank_mentions(extracts, self.asked(found), found))
        support = (readings.probability >= _LEAST).nonzero()[0]
        if not len(support):
            return NoteTable([], [], None, readings, np.zeros((0, len(NOTE_FEATURES))), document)
        keys, code = strongest(readings, support)
        support, code = support[code >= 0], code[code >= 0]
        mention = readings.mention[support]
        position = np.array([e.start_char for e in extracts])[mention] / max(len(note.text), 1)
        probability = readings.probability[support]
        order = np.lexsort((position, -probability, code))
        support, code, mention = support[order], code[order], mention[order]
        groups = [note.groups.get(s.kind, s.kind) for s in sections]
        section = np.array([e.section for e in extracts])[mention]
        evidence = Evidence(
            code,
            mention,
            readings.place[support],
            probability[order],
            readings.margin[support],
            position[order],
            group_numbers(groups)[section],
            np.array([_STATUS.get(a.status, -1) for a in assertions])[mention],
            np.array([e.lead for e in extracts])[mention],
            np.array([e.line_words for e in extracts])[mention],
            readings.features[support],
        )
        systems = self.finder.systems if self.finder else []
        codes = [(s, systems[s].codes[r]) for s, r in keys]
        inactive = self._inactive_counts(extracts, assertions)
        first = group_starts(code)
        features = note_features(
            codes,
            evidence,
            [inactive.get((s, c[:3]), 0) for s, c in codes],
            np.maximum.reduceat(readings.other[support], first),
            NoteContext(
                document.setting,
                note.setting is None,
                len(note.text.split()),
                frozenset(groups),
                self.drugs.categories_of(found.words),
                self.report_rates,
            ),
        )
        return NoteTable(keys, codes, evidence, readings, features, document)

    def _inactive_counts(
        self, extracts: Sequence[Any], assertions: Sequence[Assertion]
    ) -> dict[tuple[int, str], int]:
        """Count mentions that were ruled out, by category of their first alias."""
        counts: dict[tuple[int, str], int] = {}
        if self.finder is None:
            return counts
        for extract, assertion in zip(extracts, assertions, strict=True):
            if assertion.status in INACTIVE and extract.bag >= 0:
                index = self.finder.indexes[extract.label]
                entry = index.entries(extract.bag)[0]
                system = int(index.entry_system[entry])
                code = self.finder.systems[system].codes[int(index.entry_row[entry])]
                counts[(system, code[:3])] = counts.get((system, code[:3]), 0) + 1
        return counts

    def rank_note(self, note: NoteInput) -> tuple[list[RankedCode], DocumentGuess]:
        """Return the codes of a note, best first, and the document it was taken for."""
        ranked, document = self.rank_generally(note)
        for stage in (self.site, self.decided):
            if stage is not None:
                ranked = stage(self, note, ranked)
        ranked.sort(key=lambda r: (-r.confidence, -r.score, SYSTEMS.index(r.system), r.code))
        return ranked, document

    def rank_generally(self, note: NoteInput) -> tuple[list[RankedCode], DocumentGuess]:
        """Return what `rank_note` returns, without what one site taught."""
        table = self.note_table(note)
        evidence = table.evidence
        if evidence is None:
            return [], table.document
        score = np.zeros(len(table.keys))
        first = group_starts(evidence.code)
        for label, chosen in _by_label(np.array([s for s, _ in table.keys])):
            model = self.note_models.get(label)
            if model is not None:
                score[chosen] = model.decision(table.features[chosen])
            else:
                raw = evidence.probability[first[chosen]]
                score[chosen] = np.log(raw / (1 - raw + 1e-9))
        confidence, scores = self._confidence(table.keys, score).tolist(), score.tolist()
        mentions = evidence.mention.tolist()
        meanings = table.readings.by_mention()
        own = [mentions[low:high] for low, high in pairwise([*first.tolist(), len(mentions)])]
        ranked = [
            RankedCode(SYSTEMS[s], row, code, c, x, m, meanings[m[0]], features)
            for (s, row), (_, code), c, x, m, features in zip(
                *(table.keys, table.codes, confidence, scores, own, table.features), strict=True
            )
        ]
        return ranked, table.document

    def _confidence(self, keys: Sequence[tuple[int, int]], score: Array) -> Array:
        """Calibrate the scores of codes, each by the map of its system."""
        out = _sigmoid(score)
        system = np.array([s for s, _ in keys])
        for position, name in enumerate(SYSTEMS):
            mine = system == position
            if name in self.calibrators and mine.any():
                out[mine] = self.calibrators[name].of(score[mine])
        return out

    def explain(self, code: RankedCode, top_k: int) -> tuple[Reason, ...]:
        """Return what moved a ranked code most, in words."""
        label = "DIAGNOSIS" if code.system == "ICD-10-CM" else "PROCEDURE"
        model, typical = self.note_models.get(label), self.promises.typical.get(label)
        return reasons(model, code.features, typical, top_k) if model and typical else ()

    def rank_terms(self, queries: Sequence[Query], n_near: int) -> tuple[CandidateTable, Array]:
        """Rank the candidates of bare terms; more of them than a mention keeps."""
        if self.finder is None:
            raise ModelDamagedError("the ranker is not bound to a terminology; load a model")
        finder = self.finder
        table = finder(queries, range(len(queries)), n_near=n_near, n_kept=n_near)
        return table, self._meant(table)

    def first_code(self, extract: Any) -> tuple[str, str, str]:
        """Return system, code and title of the first code of a mention's alias."""
        if self.finder is None:
            raise ModelDamagedError("the ranker is not bound to a terminology; load a model")
        index = self.finder.indexes[extract.label]
        entry = index.entries(extract.bag)[0]
        system = self.finder.systems[int(index.entry_system[entry])]
        row = int(index.entry_row[entry])
        return system.system, system.codes[row], system.titles[row]

    def link(
        self, text: str, found: Any, indexes: Mapping[str, AliasIndex], groups: Mapping[str, str]
    ) -> list[tuple[int, int, str, str, str, float]]:
        """Return ``(start, end, label, system, code, confidence)`` rows for spaCy's spans.

        One row a mention: the likeliest code that it supports, from a confidence of 0.1 on.

        A pipeline that was loaded by spaCy alone binds itself to the shipped releases here.
        """
        if self.finder is None:
            self.bind(indexes, {name: load_release(name) for name in SYSTEMS})
        ranked, _ = self.rank_note(NoteInput(text, found, groups))
        best: dict[int, RankedCode] = {}
        for code in ranked:
            for mention in code.mentions:
                best.setdefault(mention, code)
        rows = [
            (
                found.extracts[mention].start_char,
                found.extracts[mention].end_char,
                found.extracts[mention].label,
                code.system,
                code.code,
                round(code.confidence, 4),
            )
            for mention, code in best.items()
            if code.confidence >= _LEAST_LINK
        ]
        return sorted(set(rows))

    # -- persistence -----------------------------------------------------------------------

    def to_disk(self, folder: Path) -> None:
        """Write models, calibrators and counts."""
        folder.mkdir(parents=True, exist_ok=True)
        for kind, models in (("mention", self.mention_models), ("note", self.note_models)):
            for label, model in models.items():
                model.save(folder / f"{kind}_{label.lower()}.npz")
        if self.site is not None:
            self.site.to_disk(folder / "site")
        if self.decided is not None:
            self.decided.to_disk(folder / "decided.json")
        payload = {
            "features": list(FEATURES),
            "note_features": list(NOTE_FEATURES),
            "calibrators": {k: v.to_dict() for k, v in self.calibrators.items()},
            "operating_points": self.operating_points,
            "promises": self.promises.to_dict(),
            "priors": self.priors,
            "report_rates": self.report_rates,
            "fingerprints": self.fingerprints,
        }
        (folder / "ranker.json").write_text(
            json.dumps(payload, indent=1, sort_keys=True), encoding="utf-8"
        )

    def from_disk(self, folder: Path) -> Ranker:
        """Read what `to_disk` wrote.

        Raises
        ------
        ModelDamagedError
            A file is missing, or the model was trained with other features than this version
            computes.
        """
        try:
            payload = json.loads((folder / "ranker.json").read_text(encoding="utf-8"))
            for ours, name in (
                (list(FEATURES), "features"),
                (list(NOTE_FEATURES), "note_features"),
            ):
                if payload[name] != ours:
                    changed = sorted(set(payload[name]) ^ set(ours))
                    raise ModelDamagedError(
                        f"the model was trained with other {name.replace('_', ' ')} than this "
                        f"version computes (differing: {', '.join(changed) or 'their order'}); "
                        "train it again"
                    )
            self.calibrators = {
                k: Calibrator.from_dict(v) for k, v in payload["calibrators"].items()
            }
            self.operating_points = payload["operating_points"]
            self.promises = Promises.from_dict(payload.get("promises", {}))
            self.priors = payload["priors"]
            self.report_rates = payload["report_rates"]
            self.fingerprints = payload["fingerprints"]
            for kind, models in (("mention", self.mention_models), ("note", self.note_models)):
                for label in LABELS:
                    path = folder / f"{kind}_{label.lower()}.npz"
                    if path.exists():
                        models[label] = TreeEnsemble.load(path)
            if (folder / "site").exists():
                self.site = SiteModel.from_disk(folder / "site")
            if (folder / "decided.json").exists():
                self.decided = DecidedWordings.from_disk(folder / "decided.json")
        except (OSError, ValueError, KeyError) as error:
            raise ModelDamagedError(
                f"the ranker in {folder.name!r} cannot be read ({type(error).__name__}); "
                "install the model again"
            ) from None
        return self


def _by_label(system: Array) -> list[tuple[str, Array]]:
    """Return the labels and which candidates are theirs."""
    diagnosis = system == 0
    return [
        (label, chosen)
        for label, chosen in (("DIAGNOSIS", diagnosis), ("PROCEDURE", ~diagnosis))
        if chosen.any()
    ]


def _sigmoid(score: Array) -> Array:
    return 1 / (1 + np.exp(-score))


def create_ranker() -> Ranker:
    """Make an empty ranker; spaCy's config names this function ``codesuggest.ranker.v1``."""
    return Ranker()
