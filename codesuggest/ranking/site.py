"""The site model: what one site's coded notes teach, on top of any ranker.

The ranker says what a mention means and whether such codes are reported in general. A site has
habits of its own: wordings, favourite codes, mentions that it always indexes. The site model
looks at more candidates (of ruled-out mentions too), adds what `site_tables` learned from the
site's notes, and scores each code of a note anew. Systems that the site's notes do not code are
left as the ranker ordered them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from codesuggest.errors import ModelDamagedError
from codesuggest.ranking.calibration import Calibrator
from codesuggest.ranking.note_features import NOTE_FEATURES
from codesuggest.ranking.site_features import (
    NOTE_AT,
    SITE_COLUMNS,
    SITE_FEATURES,
    CandidateRows,
    NoteWordings,
    candidate_rows,
    label_of,
)
from codesuggest.ranking.site_tables import Associations, Likeness, TextScores
from codesuggest.ranking.trees import TreeEnsemble
from codesuggest.schema import LABELS, SYSTEMS

if TYPE_CHECKING:
    from codesuggest.ranking.ranker import NoteInput, RankedCode, Ranker

__all__ = ["SiteModel"]

Array = np.ndarray[Any, Any]
Key = tuple[int, int]

#: Chance from which on a wording's code becomes a candidate.
_LEAST_CHANCE = 0.05


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
    ruled_out : bool
        Whether the site codes negated mentions too, as indexers of literature do.
    """

    def __init__(
        self,
        keys: Sequence[Key],
        counts: Sequence[int],
        categories: Mapping[str, int],
        associations: Associations,
        texts: TextScores,
        likeness: Likeness,
        ruled_out: bool = False,
    ) -> None:
        self.ruled_out = ruled_out
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
        out = np.empty((len(keys), len(SITE_COLUMNS)), np.float32)
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
        words = NoteWordings.of(note.found, self.ruled_out)
        more = self.learned_candidates(words)
        rows = candidate_rows(ranker, note, base, self.systems, more, self.ruled_out)
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
                features[at, NOTE_AT : NOTE_AT + len(NOTE_FEATURES)],
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
            "ruled_out": self.ruled_out,
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
                bool(payload["ruled_out"]),
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
