"""The unspecified code of a category beside a specific one, where no table names the pair."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from codesuggest.guidelines.patterns import Pattern, PatternIndex
from codesuggest.guidelines.worksheet import Worksheet
from codesuggest.schema import Edit, Suggestion
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.words import read_csv

__all__ = ["SiblingRule"]

DATA = Path(__file__).parent / "data"
_ICD = "ICD-10-CM"
_UNSPECIFIED = "unspecified"
#: Of injuries only those of one place are siblings.
_INJURIES = "ST"
_CATEGORY, _PLACE = 3, 5
#: A specific code much less likely than the unspecified one is rather a wrong reading.
_LIKELY = 0.6


class SiblingRule:
    """Hold back an unspecified diagnosis beside a specific one of the same category and side.

    Source: Official Guidelines I.B.18, unspecified codes only when nothing more specific is
    documented. What is often reported several times, ``data/separate_siblings.csv``, is left alone.

    Parameters
    ----------
    icd10cm : CodeSystem
    """

    name = "unspecified beside specific"

    def __init__(self, icd10cm: CodeSystem) -> None:
        self._icd = icd10cm
        rows = read_csv(DATA / "separate_siblings.csv", ("name", "codes", "source"))
        self._separate = PatternIndex([Pattern(row["codes"]) for row in rows])

    def __call__(self, sheet: Worksheet) -> None:
        """Write an edit on each unspecified code that a likely sibling says better."""
        reported = list(sheet.reported[_ICD].values())
        if len(reported) < 2:
            return
        for own in reported:
            if not self._is_unspecified(own.code) or self._separate.rows(own.code):
                continue
            better = self._better(own, reported)
            if better:
                message = f"reported as {better} instead (Official Guidelines I.B.18)"
                sheet.write(_ICD, own.code, Edit(self.name, "withhold", message, (better,)))

    def _better(self, own: Suggestion, reported: Iterable[Suggestion]) -> str:
        """Return the code of a specific sibling on the same side, or an empty string."""
        shared = own.code[: _PLACE if own.code[0] in _INJURIES else _CATEGORY]
        return next(
            (
                s.code
                for s in reported
                if s.code != own.code
                and s.code.startswith(shared)
                and s.confidence >= _LIKELY * own.confidence
                and not self._is_unspecified(s.code)
                and {self._side(own.code), self._side(s.code)} != {"left", "right"}
            ),
            "",
        )

    def _is_unspecified(self, code: str) -> bool:
        row = self._icd.row_of.get(code)
        return row is not None and _UNSPECIFIED in self._icd.titles[row].lower()

    def _side(self, code: str) -> str:
        row = self._icd.row_of.get(code)
        return self._icd.axes(row).get("laterality", "") if row is not None else ""
