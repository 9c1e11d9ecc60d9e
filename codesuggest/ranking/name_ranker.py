"""Names to codes: candidates of several channels, ordered by learned trees, calibrated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from codesuggest.errors import ModelDamagedError
from codesuggest.ranking.calibration import Calibrator
from codesuggest.ranking.members import select_members, wanted_axes
from codesuggest.ranking.name_candidates import NAME_FEATURES, NameCandidates
from codesuggest.ranking.name_memory import NameMemory
from codesuggest.ranking.trees import TreeEnsemble
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.code_system import CodeSystem

__all__ = ["LEAST_FOUND", "LEAST_LIKE", "SIDES", "NameRanker"]

SIDES = {"right": "right", "left": "left", "bilateral": "bilateral", "both": "bilateral"}
#: Cosine that the best known word, or a known name, must have with a name that is to have codes;
#: a list of names wants a guess where a search wants none.
LEAST_LIKE, LEAST_FOUND = 0.15, 0.45
_BATCH = 128


class NameRanker:
    """Rank the ICD-10-CM codes of bare names.

    Parameters
    ----------
    candidates : NameCandidates
    trees : TreeEnsemble
        Over `NAME_FEATURES`.
    calibrator : Calibrator
        Scores to confidences.
    system : CodeSystem
        ICD-10-CM.
    """

    def __init__(
        self,
        candidates: NameCandidates,
        trees: TreeEnsemble,
        calibrator: Calibrator,
        system: CodeSystem,
    ) -> None:
        self.candidates = candidates
        self.trees = trees
        self.calibrator = calibrator
        self._system = system

    def rank(
        self, names: Sequence[str], top_k: int, least: float = LEAST_LIKE
    ) -> list[list[tuple[int, float, float]]]:
        """Return ``(row, score, confidence)`` of each name's codes, best first.

        Parameters
        ----------
        names : sequence of str
        top_k : int
        least : float
            Names less like anything known have no codes.
        """
        out: list[list[tuple[int, float, float]]] = []
        for start in range(0, len(names), _BATCH):
            batch = names[start : start + _BATCH]
            table = self.candidates(batch)
            scores = self.trees.decision(table.features)
            for number, name in enumerate(batch):
                if table.known[number] < least:
                    out.append([])
                    continue
                mine = table.of(number)
                order = np.argsort(-scores[mine], kind="stable")
                ranked = zip(
                    table.row[mine][order].tolist(), scores[mine][order].tolist(), strict=True
                )
                best: dict[int, float] = {}
                for row, score in ranked:
                    for member in self._members(row, name):
                        best.setdefault(member, score)
                    if len(best) >= top_k:
                        break
                out.append([(r, s, self.calibrator(s)) for r, s in best.items()][:top_k])
        return out

    def _members(self, row: int, name: str) -> list[int]:
        """Return the members of a code's family on the side that the name states."""
        side = next((SIDES[w] for w in name.lower().split() if w in SIDES), None)
        if side is None:
            return [row]
        return select_members(self._system, row, wanted_axes({"laterality": side}))[0]

    # -- persistence -----------------------------------------------------------------------

    def to_disk(self, folder: Path) -> None:
        """Write what was learned: trees, calibrator, memory."""
        folder.mkdir(parents=True, exist_ok=True)
        self.trees.save(folder / "trees.npz")
        if self.candidates.memory is not None:
            arrays: dict[str, Any] = self.candidates.memory.arrays
            np.savez_compressed(folder / "memory.npz", **arrays)
        payload = {
            "features": list(NAME_FEATURES),
            "calibrator": self.calibrator.to_dict(),
            "fingerprint": self._system.fingerprint,
        }
        (folder / "names.json").write_text(json.dumps(payload, indent=1), encoding="utf-8")

    @classmethod
    def from_disk(cls, folder: Path, index: AliasIndex, system: CodeSystem) -> NameRanker:
        """Read what `to_disk` wrote.

        Raises
        ------
        ModelDamagedError
            A file is missing or unreadable, or it was trained with other features or codes.
        """
        try:
            payload = json.loads((folder / "names.json").read_text(encoding="utf-8"))
            if payload["features"] != list(NAME_FEATURES):
                raise ModelDamagedError(
                    "the name ranker was trained with other features than this version "
                    "computes; train the model again"
                )
            if payload["fingerprint"] != system.fingerprint:
                raise ModelDamagedError(
                    f"the name ranker was trained over other codes than {system.release}; "
                    "install matching versions or train the model again"
                )
            memory = None
            if (folder / "memory.npz").exists():
                with np.load(folder / "memory.npz", allow_pickle=False) as stored:
                    memory = NameMemory({name: stored[name] for name in NameMemory.FIELDS})
            calibrator = Calibrator.from_dict(payload["calibrator"])
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise ModelDamagedError(
                f"the name ranker in {folder.name!r} cannot be read ({type(error).__name__}); "
                "install the model again"
            ) from None
        trees = TreeEnsemble.load(folder / "trees.npz")
        return cls(NameCandidates(index, system, memory), trees, calibrator, system)
