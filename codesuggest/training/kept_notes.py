"""What a model keeps of the notes it learned from, so that training on it forgets nothing.

Numbers only: hashed words, hashed wordings and the features of candidates, each note's scored by
a model that never saw it. A site's training mixes them in and measures, before and after, how
well those notes are coded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from codesuggest.errors import ModelDamagedError
from codesuggest.ranking.ranker import Ranker
from codesuggest.ranking.site_features import CANDIDATE_FEATURES, NoteWordings, candidate_rows
from codesuggest.schema import SYSTEMS
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.training.examples import NoteFit

__all__ = ["KEPT_FILE", "KeptNotes", "NoteRows", "kept_rows"]

Array = np.ndarray[Any, Any]

#: Beside the model's other files.
KEPT_FILE = "kept_notes.npz"
#: Codes of a note, beside those that the model itself weighs, that stand for all others.
_OTHERS = 12


@dataclass(slots=True)
class KeptNotes:
    """Hashes of notes and the candidates of each.

    Attributes
    ----------
    grams, wordings : lists of uint64 arrays
        One a note.
    corpus : list of str
        One a note.
    missed : array of int, shape (n_notes, n_systems)
        Codes to report that are no candidate.
    note, system, row : arrays of int, shape (n_rows,)
    features : array of float16, shape (n_rows, n_features)
        The last column is the model's own out-of-fold score, NaN for codes it did not weigh.
    labels : array of bool
    weights : array of float
        0 marks acceptable codes.
    """

    grams: list[Array]
    wordings: list[Array]
    corpus: list[str]
    missed: Array
    note: Array
    system: Array
    row: Array
    features: Array
    labels: Array
    weights: Array

    def __len__(self) -> int:
        return len(self.grams)

    @classmethod
    def join(cls, parts: Sequence[tuple[NoteFit, NoteRows]]) -> KeptNotes:
        """Gather the rows of several notes."""
        sizes = [len(rows.labels) for _, rows in parts]
        stacked = [rows for _, rows in parts]
        return cls(
            [r.grams for r in stacked],
            [r.wordings for r in stacked],
            [fit.note.corpus for fit, _ in parts],
            np.array([r.missed for r in stacked], np.int32),
            np.repeat(np.arange(len(parts)), sizes),
            np.concatenate([r.system for r in stacked]),
            np.concatenate([r.row for r in stacked]),
            np.concatenate([r.features for r in stacked]),
            np.concatenate([r.labels for r in stacked]),
            np.concatenate([r.weights for r in stacked]),
        )

    def put_scores(
        self, scores: Mapping[tuple[int, str, str], float], systems: Sequence[CodeSystem]
    ) -> None:
        """Set the base scores to out-of-fold ones, by note number, system and code."""
        for at, (note, system, row) in enumerate(
            zip(self.note.tolist(), self.system.tolist(), self.row.tolist(), strict=True)
        ):
            code = systems[system].codes[row]
            self.features[at, -1] = scores.get((note, SYSTEMS[system], code), np.nan)

    def save(self, path: Path) -> None:
        """Write one ``.npz``."""
        arrays: dict[str, Any] = {
            "names": np.array(CANDIDATE_FEATURES),
            "corpus": np.array(self.corpus),
            "missed": self.missed,
            "note": self.note.astype(np.int32),
            "system": self.system.astype(np.int8),
            "row": self.row.astype(np.int32),
            # columns vary slowly down their length: they compress better side by side
            "features": np.ascontiguousarray(self.features.astype(np.float16).T),
            "labels": self.labels,
            "weights": self.weights.astype(np.float16),
        }
        for name, lists in (("grams", self.grams), ("wordings", self.wordings)):
            arrays[name] = np.concatenate(lists) if lists else np.zeros(0, np.uint64)
            arrays[f"{name}_at"] = np.cumsum([0, *map(len, lists)])
        np.savez_compressed(path, **arrays)

    @classmethod
    def load(cls, path: Path) -> KeptNotes:
        """Read what `save` wrote.

        Raises
        ------
        ModelDamagedError
            It cannot be read, or holds other features than this version computes.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                a = {name: stored[name] for name in stored.files}
            if a["names"].tolist() != list(CANDIDATE_FEATURES):
                raise ModelDamagedError(
                    f"{path.name} holds other features than this version computes; train the "
                    "base model again"
                )
            lists = {
                name: np.split(a[name], a[f"{name}_at"][1:-1]) if len(a["corpus"]) else []
                for name in ("grams", "wordings")
            }
            return cls(
                lists["grams"],
                lists["wordings"],
                a["corpus"].tolist(),
                a["missed"],
                a["note"],
                a["system"],
                a["row"],
                a["features"].T,
                a["labels"],
                a["weights"].astype(np.float64),
            )
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise ModelDamagedError(
                f"{path.name}: not readable ({type(error).__name__}); install the model again"
            ) from None


@dataclass(slots=True)
class NoteRows:
    """The rows of one note, as `KeptNotes` stacks them."""

    grams: Array
    wordings: Array
    missed: list[int]
    system: Array
    row: Array
    features: Array
    labels: Array
    weights: Array


def kept_rows(ranker: Ranker, fit: NoteFit, seed: int = 0) -> NoteRows:
    """Return what is kept of one note: its weighed codes and a sample of the others.

    `ranker` never saw the note; the base score is filled in later, out of fold too.
    """
    base, _ = ranker.rank_generally(fit.input)
    rows = candidate_rows(ranker, fit.input, base, range(len(SYSTEMS)))
    must = {(g.system, g.code) for g in fit.note.must}
    accepted = {(g.system, g.code) for g in fit.note.acceptable}
    names = [(SYSTEMS[s], c) for (s, _), c in zip(rows.keys, rows.codes, strict=True)]
    labels = np.array([n in must for n in names], bool)
    weights = np.array([float(n in must or n not in accepted) for n in names])
    weighed = ~np.isnan(rows.features[:, -1])
    others = np.flatnonzero(~weighed & ~labels & (weights > 0))
    rng = np.random.default_rng((seed, len(names)))
    drawn = rng.choice(others, min(_OTHERS, len(others)), replace=False)
    if len(drawn):
        weights[drawn] = min(len(others) / len(drawn), 8.0)
    kept = np.sort(np.concatenate([np.flatnonzero(weighed | labels), drawn]).astype(np.int64))
    found = set(names)
    words = NoteWordings.of(fit.input.found)
    keys = np.array(rows.keys, np.int32).reshape(-1, 2)[kept]
    return NoteRows(
        words.grams,
        words.wordings,
        [sum(s == system and (s, c) not in found for s, c in must) for system in SYSTEMS],
        keys[:, 0],
        keys[:, 1],
        rows.features[kept],
        labels[kept],
        weights[kept],
    )
