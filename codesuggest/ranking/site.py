"""The site model: what one site's coded notes teach, on top of any ranker.

The ranker says what a mention means and whether such codes are reported in general. A site has
habits of its own: wordings, favourite codes, mentions that it always indexes. The site model
looks at more candidates (of ruled-out mentions too), adds what `site_tables` learned from the
site's notes, and scores each code of a note anew. Systems that the site's notes do not code are
left as the ranker ordered them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from codesuggest.errors import ModelDamagedError
from codesuggest.ranking.calibration import Calibrator
from codesuggest.ranking.candidates import FEATURES
from codesuggest.ranking.note_features import INACTIVE, NOTE_FEATURES
from codesuggest.ranking.site_tables import (
    Associations,
    Likeness,
    TextScores,
    gram_hashes,
    wording_hash,
)
from codesuggest.ranking.trees import TreeEnsemble
from codesuggest.schema import LABELS, SYSTEMS

if TYPE_CHECKING:
    from codesuggest.ranking.ranker import NoteInput, RankedCode, Ranker

__all__ = [
    "CANDIDATE_FEATURES",
    "SITE_FEATURES",
    "CandidateRows",
    "NoteWordings",
    "SiteModel",
    "candidate_rows",
    "label_of",
    "wording_of",
]

Array = np.ndarray[Any, Any]
Key = tuple[int, int]

#: What the mentions of a code say, beyond the best one's candidate.
_MENTION: dict[str, str] = {
    "meant": "best probability that a mention means the code, ruled out or not",
    "meant_second": "second best",
    "meant_sum": "sum over the mentions",
    "mentions": "number of mentions",
    "meant_active": "best among mentions that are not ruled out",
    "meant_inactive": "best among negated, hypothetical and family mentions",
    "inactive": "number of these",
    "place": "place of the code among the best mention's candidates",
    "place_best": "best place at any mention",
    "meant_uncertain": "best among uncertain mentions",
    "meant_historical": "best among historical or resolved mentions",
    "first": "where the best mention stands, 0 to 1",
    "exact": "a mention equals an alias of the code",
    "rival": "best probability of another code of the same category",
}
#: What the site's notes say.
_SITE: dict[str, str] = {
    "text": "ridge score of the code from all words of the note",
    "text_place": "how many of the site's codes score higher",
    "association": "best chance that a wording of the note stands for the code here",
    "associations": "chance that any of them does",
    "associated": "number of wordings that may",
    "count": "log count of the code in the site's notes",
    "category_count": "log count of its category",
    "likeness": "how much the note reads like the site's rather than the base model's notes",
}
#: Known without the site: kept with a model as the examples that it must not forget.
CANDIDATE_FEATURES: tuple[str, ...] = (
    *(f"alias_{name}" for name in FEATURES),
    *_MENTION,
    *(f"note_{name}" for name in NOTE_FEATURES),
    "base_score",
)
SITE_FEATURES: tuple[str, ...] = (*CANDIDATE_FEATURES, *_SITE)

_EXACT = list(FEATURES).index("exact_core")
_LEAST_CHANCE = 0.05
_READINGS = 7
_MENTION_AT = len(FEATURES)
_NOTE_AT = _MENTION_AT + len(_MENTION)
_RIVAL = _MENTION_AT + list(_MENTION).index("rival")
#: Keeps the wordings of procedures apart from those of diagnoses.
_PROCEDURE = 0x5DEECE66D1CE4E5B


def label_of(system: int) -> str:
    """Return the label of the mentions that support codes of a system."""
    return "DIAGNOSIS" if system == 0 else "PROCEDURE"


def wording_of(label: str, stems: Iterable[str]) -> int:
    """Return the hash of a mention's words."""
    key = wording_hash(stems)
    return key if label == "DIAGNOSIS" else key ^ _PROCEDURE


@dataclass(slots=True)
class NoteWordings:
    """A note's words as hashes.

    Attributes
    ----------
    grams : array of uint64
        Stems and neighbouring pairs.
    wordings : array of uint64
        Distinct mentions, by label.
    mentions : list of lists of int
        Positions of the mentions of each wording.
    """

    grams: Array
    wordings: Array
    mentions: list[list[int]]

    @classmethod
    def of(cls, found: Any) -> NoteWordings:
        """Hash what extraction found."""
        places: dict[int, list[int]] = {}
        for number, extract in enumerate(found.extracts):
            places.setdefault(wording_of(extract.label, extract.core), []).append(number)
        ordered = sorted(places)
        return cls(
            gram_hashes(found.stems), np.array(ordered, np.uint64), [places[k] for k in ordered]
        )


@dataclass(slots=True)
class CandidateRows:
    """The codes that a note's mentions may mean, before the site's own columns.

    Attributes
    ----------
    keys : list of (system position, row)
    codes : list of str
    mentions : list of lists of int
        Best first; never empty.
    readings : dict of mention to list of (system position, row, probability)
    features : array of float32, shape (n, len(CANDIDATE_FEATURES))
    """

    keys: list[Key]
    codes: list[str]
    mentions: list[list[int]]
    readings: dict[int, list[tuple[int, int, float]]]
    features: Array

    def __len__(self) -> int:
        return len(self.keys)


def candidate_rows(
    ranker: Ranker,
    note: NoteInput,
    base: Sequence[RankedCode],
    systems: Sequence[int],
    more: Mapping[Key, Sequence[int]] | None = None,
) -> CandidateRows:
    """Collect the candidates of a note's mentions, ruled out or not.

    Parameters
    ----------
    base : sequence of RankedCode
        What the ranker makes of the note.
    systems : sequence of int
        Systems wanted.
    more : mapping of key to mentions, optional
        Further candidates.
    """
    found = note.found
    labels = {label_of(s) for s in systems}
    which = [i for i, e in enumerate(found.extracts) if e.label in labels]
    table, meant = ranker.rank_mentions(found.extracts, which, found)
    support: dict[Key, list[tuple[float, int, int, int]]] = {}
    readings: dict[int, list[tuple[int, int, float]]] = {}
    for start, stop in table.groups():
        order = (np.argsort(-meant[start:stop], kind="stable") + start).tolist()
        mention = int(table.mention[start])
        read = [(int(table.system[at]), int(table.row[at]), float(meant[at])) for at in order]
        readings[mention] = read[:_READINGS]
        for place, (at, (system, row, p)) in enumerate(zip(order, read, strict=True)):
            if system in systems:
                support.setdefault((system, row), []).append((p, mention, place, at))
    known = {(SYSTEMS.index(r.system), r.row): r for r in base}
    places: dict[Key, list[int]] = {k: [] for k in support}
    for key, ranked in known.items():
        if key[0] in systems:
            places.setdefault(key, []).extend(ranked.mentions)
    for key, extra in (more or {}).items():
        places.setdefault(key, []).extend(extra)
    keys = sorted(key for key in places if key in support or places[key])
    out = np.full((len(keys), len(CANDIDATE_FEATURES)), np.nan, np.float32)
    finder = ranker.finder
    codes = [finder.systems[s].codes[r] for s, r in keys] if finder is not None else []
    mentions = []
    rivals: dict[str, list[float]] = {}
    length = max(len(note.text), 1)
    status = [a.status for a in found.assertions]
    for number, (key, code) in enumerate(zip(keys, codes, strict=True)):
        best = sorted(support.get(key, ()), key=lambda s: (-s[0], s[1]))
        mentions.append(list(dict.fromkeys([*(s[1] for s in best), *places[key]])))
        if best:
            out[number, :_MENTION_AT] = table.features[best[0][3]]
        active = [s for s in best if status[s[1]] not in INACTIVE]
        ruled_out = [s for s in best if status[s[1]] in INACTIVE]
        out[number, _MENTION_AT:_RIVAL] = (
            best[0][0] if best else 0.0,
            best[1][0] if len(best) > 1 else 0.0,
            sum(s[0] for s in best),
            len(best),
            active[0][0] if active else 0.0,
            ruled_out[0][0] if ruled_out else 0.0,
            len(ruled_out),
            best[0][2] if best else 99,
            min((s[2] for s in best), default=99),
            max((s[0] for s in best if status[s[1]] == "uncertain"), default=0.0),
            max((s[0] for s in best if status[s[1]] in ("historical", "resolved")), default=0.0),
            found.extracts[mentions[-1][0]].start_char / length,
            max((table.features[s[3], _EXACT] for s in best), default=0.0),
        )
        if best:
            rivals.setdefault(code[:3], []).append(best[0][0])
        if key in known:
            out[number, _NOTE_AT:-1] = known[key].features
            out[number, -1] = known[key].score
    for number, code in enumerate(codes):
        others = sorted(rivals.get(code[:3], ()), reverse=True)
        own = out[number, _MENTION_AT]
        if others and np.float32(others[0]) == own:
            others = others[1:]
        out[number, _RIVAL] = others[0] if others else 0.0
    return CandidateRows(keys, codes, mentions, readings, out)


class SiteModel:
    """Rank the codes of a note the way the site's coders do.

    Parameters
    ----------
    keys : sequence of (system position, row)
        Codes of the site's notes, in the order of the tables' columns.
    counts : sequence of int
        Notes that carry each.
    associations, texts, likeness
        Tables of `site_tables`.
    """

    def __init__(
        self,
        keys: Sequence[Key],
        counts: Sequence[int],
        categories: Mapping[str, int],
        associations: Associations,
        texts: TextScores,
        likeness: Likeness,
    ) -> None:
        self.keys = [(int(s), int(r)) for s, r in keys]
        self.number = {key: i for i, key in enumerate(self.keys)}
        self.counts = np.array(counts, np.float64)
        self.categories = dict(categories)
        self.associations, self.texts, self.likeness = associations, texts, likeness
        self.systems = sorted({s for s, _ in self.keys})
        self.trees: dict[str, TreeEnsemble] = {}
        self.calibrators: dict[str, Calibrator] = {}

    def learned_candidates(
        self, words: NoteWordings, associations: Associations | None = None
    ) -> dict[Key, list[int]]:
        """Return codes that a wording of the note stands for here, with its mentions."""
        out: dict[Key, list[int]] = {}
        table = associations or self.associations
        for wording, mentions in zip(words.wordings.tolist(), words.mentions, strict=True):
            for number, chance in zip(*table.of(wording), strict=True):
                if chance >= _LEAST_CHANCE:
                    out.setdefault(self.keys[number], []).extend(mentions)
        return out

    def columns(
        self,
        keys: Sequence[Key],
        codes: Sequence[str],
        grams: Array,
        wordings: Array,
        *,
        associations: Associations | None = None,
        scores: Array | None = None,
        own: frozenset[Key] = frozenset(),
        side: str = "",
    ) -> Array:
        """Return the site's columns for the codes of one note.

        Parameters
        ----------
        associations, scores : optional
            Tables and text scores that never saw the note.
        own : frozenset of keys
            The note's codes, where the counts saw them.
        side : str
            ``"site"`` or ``"base"`` where `likeness` saw the note.

        Returns
        -------
        array of float32, shape (n_codes, 8)
        """
        table = associations or self.associations
        text = self.texts(grams) if scores is None else scores
        place = np.empty(len(text), np.int64)
        place[np.argsort(-text, kind="stable")] = np.arange(len(text))
        chances: dict[int, list[float]] = {}
        for wording in wordings.tolist():
            for number, chance in zip(*table.of(wording), strict=True):
                chances.setdefault(int(number), []).append(float(chance))
        own_categories: dict[str, int] = {}
        for key, code in zip(keys, codes, strict=True):
            if key in own:
                own_categories[code[:3]] = own_categories.get(code[:3], 0) + 1
        like = self.likeness(grams, side)
        out = np.empty((len(keys), len(_SITE)), np.float32)
        for at, (key, code) in enumerate(zip(keys, codes, strict=True)):
            category = np.log1p(
                max(self.categories.get(code[:3], 0) - own_categories.get(code[:3], 0), 0)
            )
            known = self.number.get(key)
            if known is None:
                out[at] = (np.nan, 9999, 0, 0, 0, 0, category, like)
                continue
            found = chances.get(known, ())
            out[at] = (
                text[known],
                place[known],
                max(found, default=0.0),
                1 - np.prod([1 - min(c, 0.99) for c in found]),
                len(found),
                np.log1p(self.counts[known] - (key in own)),
                category,
                like,
            )
        return out

    def __call__(
        self, ranker: Ranker, note: NoteInput, base: Sequence[RankedCode]
    ) -> list[RankedCode]:
        """Return the codes of a note, best first."""
        words = NoteWordings.of(note.found)
        rows = candidate_rows(ranker, note, base, self.systems, self.learned_candidates(words))
        out = [r for r in base if SYSTEMS.index(r.system) not in self.systems]
        if len(rows):
            site = self.columns(rows.keys, rows.codes, words.grams, words.wordings)
            features = np.hstack([rows.features, site])
            out.extend(self._ranked(rows, features, self.scores(rows.keys, features)))
        return out

    def scores(self, keys: Sequence[Key], features: Array) -> Array:
        """Return the raw scores of candidates."""
        labels = np.array([label_of(s) for s, _ in keys])
        score = np.zeros(len(keys))
        for label, trees in self.trees.items():
            mine = labels == label
            score[mine] = trees.decision(features[mine])
        return score

    def _ranked(self, rows: CandidateRows, features: Array, scores: Array) -> list[RankedCode]:
        from codesuggest.ranking.ranker import RankedCode

        return [
            RankedCode(
                SYSTEMS[system],
                row,
                rows.codes[at],
                float(self._confidence(SYSTEMS[system], scores[at])),
                float(scores[at]),
                rows.mentions[at],
                rows.readings.get(rows.mentions[at][0], []),
                features[at, _NOTE_AT : _NOTE_AT + len(NOTE_FEATURES)],
            )
            for at, (system, row) in enumerate(rows.keys)
        ]

    def _confidence(self, system: str, score: float) -> float:
        calibrator = self.calibrators.get(system)
        return calibrator(score) if calibrator else float(1 / (1 + np.exp(-score)))

    # -- persistence -----------------------------------------------------------------------

    def to_disk(self, folder: Path) -> None:
        """Write tables, trees and calibrators."""
        folder.mkdir(parents=True, exist_ok=True)
        tables: dict[str, dict[str, Any]] = {
            "associations": self.associations.to_arrays(),
            "texts": self.texts.to_arrays(),
            "likeness": self.likeness.to_arrays(),
        }
        for name, arrays in tables.items():
            np.savez_compressed(folder / f"{name}.npz", **arrays)
        for label, trees in self.trees.items():
            trees.save(folder / f"trees_{label.lower()}.npz")
        payload = {
            "features": list(SITE_FEATURES),
            "keys": self.keys,
            "counts": self.counts.tolist(),
            "categories": self.categories,
            "calibrators": {k: v.to_dict() for k, v in self.calibrators.items()},
        }
        text = json.dumps(payload, sort_keys=True)
        (folder / "site.json").write_text(text, encoding="utf-8")

    @classmethod
    def from_disk(cls, folder: Path) -> SiteModel:
        """Read what `to_disk` wrote.

        Raises
        ------
        ModelDamagedError
            A file is missing, unreadable, or of other features than this version computes.
        """
        try:
            payload = json.loads((folder / "site.json").read_text(encoding="utf-8"))
            arrays: dict[str, dict[str, Array]] = {}
            for name in ("associations", "texts", "likeness"):
                with np.load(folder / f"{name}.npz", allow_pickle=False) as stored:
                    arrays[name] = {key: stored[key] for key in stored.files}
            if payload["features"] != list(SITE_FEATURES):
                raise ModelDamagedError(
                    "the site model was trained with other features than this version computes; "
                    "train it again"
                )
            site = cls(
                [tuple(key) for key in payload["keys"]],
                payload["counts"],
                payload["categories"],
                Associations.from_arrays(arrays["associations"], len(payload["keys"])),
                TextScores.from_arrays(arrays["texts"]),
                Likeness.from_arrays(arrays["likeness"]),
            )
            site.calibrators = {
                k: Calibrator.from_dict(v) for k, v in payload["calibrators"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            raise ModelDamagedError(
                f"the site model in {folder.name!r} cannot be read ({type(error).__name__}); "
                "train the model again"
            ) from None
        for label in LABELS:
            path = folder / f"trees_{label.lower()}.npz"
            if path.exists():
                site.trees[label] = TreeEnsemble.load(path)
        return site
