"""What the wording of a diagnosis takes for granted, against what a mention states.

"Right colon cancer" is C18.2 only where the note says right, M50.2 is of the neck alone, and an
acute otitis is no chronic one. The axes of families do not cover these: the codes are no siblings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from codesuggest.terminology.aliases import SIDES
from codesuggest.terminology.code_system import CodeSystem

__all__ = ["TitleClaims", "stated"]

Array = np.ndarray[Any, Any]

_CERVICAL, _THORACIC, _LUMBAR, _SACRAL = 1, 2, 4, 8
_OF_LETTER = {"c": _CERVICAL, "t": _THORACIC, "l": _LUMBAR, "s": _SACRAL}
_REGIONS = {
    "cervical": _CERVICAL,
    "cervicothoracic": _CERVICAL | _THORACIC,
    "thoracic": _THORACIC,
    "thoracolumbar": _THORACIC | _LUMBAR,
    "lumbar": _LUMBAR,
    "lumbosacral": _LUMBAR | _SACRAL,
    "sacral": _SACRAL,
}
#: Categories in whose titles these words are regions of the spine.
_SPINAL = re.compile(r"M(?:4\d|5[0-4]|99)|S[123][234]")
_ACUTE, _CHRONIC, _SUBACUTE = 1, 2, 4
_ACUITIES = {"acute": _ACUTE, "chronic": _CHRONIC, "subacute": _SUBACUTE}
_ACUITY_STATED = {**_ACUITIES, "acute_on_chronic": _ACUTE | _CHRONIC}
_SIDE = {name: number for number, name in enumerate(SIDES)}
_WORD = re.compile(r"[a-z]+")


def stated(attributes: Mapping[str, str], side: str) -> tuple[int, int, int]:
    """Return what a mention states of side, region of the spine and acuity, 0 for nothing.

    Parameters
    ----------
    attributes : mapping of name to value
    side : str
        Of the mention, else of its note.
    """
    level = attributes.get("levels", "")
    return (
        _SIDE.get(side, 0),
        _OF_LETTER.get(level[:1].lower(), 0),
        _ACUITY_STATED.get(attributes.get("acuity", ""), 0),
    )


class TitleClaims:
    """The regions of the spine and the acuity that the titles of diagnoses name.

    Parameters
    ----------
    icd : CodeSystem
    """

    def __init__(self, icd: CodeSystem) -> None:
        titles = [title.lower() for title in icd.titles]
        # few titles need to be cut into words, and all are looked at whenever a model is loaded
        self._acuity = np.array(
            [_named(t, _ACUITIES) if "acute" in t or "chronic" in t else 0 for t in titles], np.int8
        )
        spinal = zip(icd.codes, titles, strict=True)
        self._spine = np.array(
            [_named(t, _REGIONS) if c[0] in "MS" and _SPINAL.match(c) else 0 for c, t in spinal],
            np.int8,
        )

    def __call__(self, row: Array, alias_side: Array, told: Array) -> tuple[Array, Array]:
        """Return what is met and what is contradicted of each candidate, shapes (n,).

        Parameters
        ----------
        row : array of int, shape (n,)
            Rows of diagnoses.
        alias_side : array of int, shape (n,)
            The side that the wording of the alias names, as its place in `SIDES`.
        told : array of int, shape (n, 3)
            What `stated` returns of the mention.
        """
        side, spine, acuity = told.T
        # a wording of one side holds for that side only, also where none is stated
        met = (alias_side > 0) & (alias_side == side)
        against = (alias_side > 0) & (alias_side != side)
        region = self._spine[row]
        asked = (region > 0) & (spine > 0)
        agrees = (region & spine) > 0
        met, against = met + (asked & agrees), against + (asked & ~agrees)
        kind = self._acuity[row]
        asked = (kind > 0) & (acuity > 0)
        return met + (asked & (kind == acuity)), against + (asked & ((kind & acuity) == 0))


def _named(title: str, meaning: Mapping[str, int]) -> int:
    bits = 0
    for word in _WORD.findall(title):
        bits |= meaning.get(word, 0)
    return bits
