"""The ranker: mentions to codes, codes to a note's ordered, calibrated suggestions.

Two models, both learned with scikit-learn: the *mention model* says which code the words mean,
the *note model* whether that code is reported for this note. A monotone map makes the note
model's score a calibrated confidence, one map a code system.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from codesuggest.errors import ModelDamagedError
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
from codesuggest.ranking.note_features import (
    INACTIVE,
    NOTE_FEATURES,
    CodeEvidence,
    NoteContext,
    note_features,
)
from codesuggest.ranking.settings import guess_setting
from codesuggest.ranking.site import SiteModel
from codesuggest.ranking.trees import TreeEnsemble
from codesuggest.schema import LABELS, SYSTEMS, Assertion
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.drugs import DrugTable
from codesuggest.terminology.releases import load_release

__all__ = ["NoteInput", "RankedCode", "Ranker", "create_ranker"]

Array = np.ndarray[Any, Any]

_STATIC = [list(FEATURES).index(n) for n in ("unspecified", "other", "prior", "category_prior")]
#: Candidates of one mention that the note model looks at.
_PER_MENTION = {"DIAGNOSIS": 4, "PROCEDURE": 6}
_LEAST = 0.02
#: Confidence from which on a mention becomes a span of the spaCy pipeline.
_LEAST_LINK = 0.1
#: Codes of one note that the note model looks at.
_PER_NOTE = 40


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
    """

    def __init__(self) -> None:
        self.mention_models: dict[str, TreeEnsemble] = {}
        self.note_models: dict[str, TreeEnsemble] = {}
        self.calibrators: dict[str, Calibrator] = {}
        self.operating_points: dict[str, float] = dict.fromkeys(SYSTEMS, 0.5)
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

    def note_table(self, note: NoteInput) -> _NoteTable:
        """Return all codes that the note's mentions may mean, with their features."""
        found = note.found
        extracts, assertions, sections = found.extracts, found.assertions, found.sections
        setting = note.setting or guess_setting(note.text, sections, note.groups)
        groups = [note.groups.get(s.kind, s.kind) for s in sections]
        active = [i for i, a in enumerate(assertions) if a.status not in INACTIVE]
        table, probability = self.rank_mentions(extracts, active, found)
        support: dict[tuple[int, int], list[CodeEvidence]] = {}
        others: dict[int, list[tuple[int, int, float]]] = {}
        length = max(len(note.text), 1)
        for start, stop in table.groups():
            scores = probability[start:stop]
            order = np.argsort(-scores, kind="stable")
            mention = int(table.mention[start])
            extract, assertion = extracts[mention], assertions[mention]
            order = order[: _PER_MENTION[extract.label]]
            group = groups[extract.section]
            top = [(int(start + o), float(scores[o])) for o in order]
            others[mention] = [(int(table.system[at]), int(table.row[at]), p) for at, p in top]
            for place, (at, p) in enumerate(top):
                if p < _LEAST:
                    continue
                rest = top[0][1] if place else (top[1][1] if len(top) > 1 else 0.0)
                support.setdefault((int(table.system[at]), int(table.row[at])), []).append(
                    CodeEvidence(
                        mention,
                        p,
                        place,
                        p - rest,
                        group,
                        assertion.status,
                        extract.lead,
                        extract.line_words,
                        extract.start_char / length,
                        table.features[at],
                    )
                )
        keys = self._strongest(support)
        for key in keys:
            support[key].sort(key=lambda e: (-e.probability, e.position))
        inactive = self._inactive_counts(extracts, assertions)
        systems = self.finder.systems if self.finder else []
        codes = [(s, systems[s].codes[r]) for s, r in keys]
        overlaps = [
            max(
                (
                    p
                    for e in support[key]
                    for s, r, p in others[e.mention]
                    if (s, r) != key and s == key[0]
                ),
                default=0.0,
            )
            for key in keys
        ]
        statics = [tuple(support[key][0].features[_STATIC].tolist()) for key in keys]
        context = NoteContext(
            setting,
            note.setting is None,
            len(note.text.split()),
            frozenset(groups),
            self.drugs.categories_in(note.text),
            self.report_rates,
        )
        features = note_features(
            codes,
            [support[key] for key in keys],
            [inactive.get((s, systems[s].codes[r][:3]), 0) for s, r in keys],
            overlaps,
            statics,
            context,
        )
        return _NoteTable(keys, codes, [support[k] for k in keys], others, features, setting)

    @staticmethod
    def _strongest(support: Mapping[tuple[int, int], list[CodeEvidence]]) -> list[tuple[int, int]]:
        """Return the codes worth the note model's time, in order of system and row."""
        best = {key: max(e.probability for e in found) for key, found in support.items()}
        kept = sorted(best, key=lambda key: (-best[key], key))[:_PER_NOTE]
        return sorted(kept)

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

    def rank_note(self, note: NoteInput) -> tuple[list[RankedCode], str]:
        """Return the codes of a note, best first, and the setting assumed."""
        ranked, setting = self.rank_generally(note)
        for stage in (self.site, self.decided):
            if stage is not None:
                ranked = stage(self, note, ranked)
        ranked.sort(key=lambda r: (-r.confidence, -r.score, SYSTEMS.index(r.system), r.code))
        return ranked, setting

    def rank_generally(self, note: NoteInput) -> tuple[list[RankedCode], str]:
        """Return what `rank_note` returns, without what one site taught."""
        table = self.note_table(note)
        if not table.keys:
            return [], table.setting
        score = np.zeros(len(table.keys))
        for label, chosen in _by_label(np.array([s for s, _ in table.keys])):
            model = self.note_models.get(label)
            if model is not None:
                score[chosen] = model.decision(table.features[chosen])
            else:
                raw = np.array([table.support[i][0].probability for i in np.flatnonzero(chosen)])
                score[chosen] = np.log(raw / (1 - raw + 1e-9))
        ranked = []
        for i, (system, row) in enumerate(table.keys):
            name = SYSTEMS[system]
            calibrator = self.calibrators.get(name)
            value = float(score[i])
            confidence = calibrator(value) if calibrator else 1 / (1 + np.exp(-value))
            ranked.append(
                RankedCode(
                    name,
                    row,
                    table.codes[i][1],
                    float(confidence),
                    value,
                    [e.mention for e in table.support[i]],
                    table.others[table.support[i][0].mention],
                    table.features[i],
                )
            )
        return ranked, table.setting

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


@dataclass(slots=True)
class _NoteTable:
    keys: list[tuple[int, int]]
    codes: list[tuple[int, str]]
    support: list[list[CodeEvidence]]
    others: dict[int, list[tuple[int, int, float]]]
    features: Array
    setting: str


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
