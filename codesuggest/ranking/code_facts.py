"""What an ICD-10-CM code says by itself: its place in the tree and the words of its title."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

import numpy as np

from codesuggest.terminology.code_system import CodeSystem

__all__ = ["CODE_FACTS", "CodeFacts"]

Array = np.ndarray[Any, Any]

#: Columns of `CodeFacts.facts`.
CODE_FACTS: tuple[str, ...] = (
    "unspecified",
    "other",
    "length",
    "letter",
    "category",
    "last_digit",
    "malignant_code",
    "in_situ_code",
    "benign_code",
    "uncertain_code",
)
#: Residual codes of one category.
_RESIDUALS = 6


class CodeFacts:
    """Facts about the codes of ICD-10-CM, by row.

    Parameters
    ----------
    system : CodeSystem
    """

    def __init__(self, system: CodeSystem) -> None:
        self._system = system
        self.n_rows = len(system.codes)

    @cached_property
    def category(self) -> Array:
        """Number of each code's category (three characters)."""
        return np.unique([c[:3] for c in self._system.codes], return_inverse=True)[1]

    @cached_property
    def subcategory(self) -> Array:
        """Number of each code's subcategory (four characters)."""
        return np.unique([c[:5] for c in self._system.codes], return_inverse=True)[1]

    @cached_property
    def n_categories(self) -> int:
        """Count the categories."""
        return int(self.category.max()) + 1

    @cached_property
    def n_subcategories(self) -> int:
        """Count the subcategories."""
        return int(self.subcategory.max()) + 1

    @cached_property
    def facts(self) -> Array:
        """What a code alone says, shape (n_rows, len(CODE_FACTS)), float32."""
        codes, titles = self._system.codes, [t.lower() for t in self._system.titles]
        return np.array(
            [
                ["unspecified" in t for t in titles],
                [bool(re.search(r"\bother\b|elsewhere", t)) for t in titles],
                [len(c) for c in codes],
                [ord(c[0]) for c in codes],
                [int(c[:3], 36) for c in codes],
                [int(c[-1]) if c[-1].isdigit() else -1 for c in codes],
                [c[0] == "C" for c in codes],
                [c[:2] == "D0" for c in codes],
                ["D10" <= c[:3] <= "D36" for c in codes],
                ["D37" <= c[:3] <= "D49" for c in codes],
            ],
            dtype=np.float32,
        ).T.copy()

    @cached_property
    def residual(self) -> Array:
        """The "other" and "unspecified" codes of each category, -1 where there are fewer."""
        out = np.full((self.n_categories, _RESIDUALS), -1)
        filled = np.zeros(len(out), int)
        unspecified, other, length = self.facts[:, :3].T
        wanted = ((unspecified > 0) | (other > 0)) & self._system.billable & (length <= 6)
        for row in np.flatnonzero(wanted):
            category = self.category[row]
            if filled[category] < _RESIDUALS:
                out[category, filled[category]] = row
                filled[category] += 1
        return out
