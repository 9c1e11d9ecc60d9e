"""Wordings that coders decided on: counts that move confidence at once, without training.

A decision says that a wording was, or was not, right for a code. The confidence of a code whose
mention has such a wording becomes the mean of a Beta distribution: the model's confidence counts
as one observation, each decision as another.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from codesuggest.errors import ModelDamagedError
from codesuggest.ranking.note_features import INACTIVE
from codesuggest.ranking.site_features import NoteWordings
from codesuggest.schema import SYSTEMS

if TYPE_CHECKING:
    from codesuggest.ranking.ranker import NoteInput, RankedCode, Ranker

__all__ = ["DecidedWordings"]

Key = tuple[int, int]

#: Decisions that the model's own confidence weighs.
_WEIGHT = 1.0
#: Confidence of a code that the model did not think of.
_UNTHOUGHT = 0.02


class DecidedWordings:
    """How often each wording was right and wrong for a code.

    Attributes
    ----------
    counts : dict of wording hash to dict of (system position, row) to [right, wrong]
    """

    def __init__(self) -> None:
        self.counts: dict[int, dict[Key, list[int]]] = {}

    def add(self, wording: int, key: Key, right: bool) -> None:
        """Count one decision."""
        self.counts.setdefault(wording, {}).setdefault(key, [0, 0])[not right] += 1

    def __call__(
        self, ranker: Ranker, note: NoteInput, ranked: Sequence[RankedCode]
    ) -> list[RankedCode]:
        """Return the codes with their confidence moved, and those decided on added."""
        words = NoteWordings.of(note.found)
        totals: dict[Key, list[int]] = {}
        places: dict[Key, list[int]] = {}
        for wording, mentions in zip(words.wordings.tolist(), words.mentions, strict=True):
            known = self.counts.get(wording)
            if known is None:
                continue
            active = [m for m in mentions if note.found.assertions[m].status not in INACTIVE]
            if not active:
                continue
            for key, (right, wrong) in known.items():
                total = totals.setdefault(key, [0, 0])
                total[0] += right
                total[1] += wrong
                places.setdefault(key, []).extend(active)
        out = []
        for code in ranked:
            key = (SYSTEMS.index(code.system), code.row)
            if key in totals:
                mentions = list(dict.fromkeys([*places.pop(key), *code.mentions]))
                code = _moved(dataclasses.replace(code, mentions=mentions), *totals[key])
            out.append(code)
        for key, mentions in places.items():
            right, wrong = totals[key]
            if right > wrong and ranker.finder is not None:
                out.append(_moved(_unthought(ranker, key, mentions), right, wrong))
        return out

    def to_disk(self, path: Path) -> None:
        """Write the counts."""
        rows = [
            [wording, *key, *numbers]
            for wording, codes in sorted(self.counts.items())
            for key, numbers in sorted(codes.items())
        ]
        path.write_text(json.dumps(rows), encoding="utf-8")

    @classmethod
    def from_disk(cls, path: Path) -> DecidedWordings:
        """Read what `to_disk` wrote.

        Raises
        ------
        ModelDamagedError
            It cannot be read.
        """
        decided = cls()
        try:
            for wording, system, row, right, wrong in json.loads(path.read_text(encoding="utf-8")):
                decided.counts.setdefault(wording, {})[(system, row)] = [right, wrong]
        except (OSError, ValueError, TypeError) as error:
            raise ModelDamagedError(
                f"{path.name}: not a table of decisions ({type(error).__name__})"
            ) from None
        return decided


def _moved(code: RankedCode, right: int, wrong: int) -> RankedCode:
    confidence = (right + _WEIGHT * code.confidence) / (right + wrong + _WEIGHT)
    confidence = min(max(confidence, 1e-4), 0.995)
    score = float(np.log(confidence / (1 - confidence)))
    return dataclasses.replace(code, confidence=confidence, score=score)


def _unthought(ranker: Ranker, key: Key, mentions: list[int]) -> RankedCode:
    from codesuggest.ranking.note_features import NOTE_FEATURES
    from codesuggest.ranking.ranker import RankedCode

    system, row = key
    codes = ranker.finder.systems[system].codes if ranker.finder is not None else []
    nothing = np.full(len(NOTE_FEATURES), np.nan, np.float32)
    order = list(dict.fromkeys(mentions))
    return RankedCode(SYSTEMS[system], row, codes[row], _UNTHOUGHT, 0.0, order, [], nothing)
