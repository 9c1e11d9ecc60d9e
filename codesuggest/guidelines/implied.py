"""Implied codes: what a coder reports with a service although no words of the note name it.

A vaccine was given: the encounter is one for immunization (Z23), and the shot itself has a code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from codesuggest.guidelines.patterns import Pattern, PatternIndex
from codesuggest.guidelines.worksheet import Worksheet
from codesuggest.schema import Edit, Suggestion
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.words import read_csv

__all__ = ["ImpliedCode", "ImpliedCodeRule", "implied_codes"]

DATA = Path(__file__).parent / "data"
_COLUMNS = ("name", "codes", "gives", "system", "share", "unless", "source")


@dataclass(frozen=True, slots=True)
class ImpliedCode:
    """One row: a reported one of `codes`, and none of `unless`, imply the code `gives`.

    `share` says how often a coder reports it then, from 0 to 1.
    """

    name: str
    codes: Pattern
    gives: str
    system: str
    share: float
    unless: Pattern
    source: str


def implied_codes() -> tuple[ImpliedCode, ...]:
    """Read ``data/implied_codes.csv``."""
    return tuple(
        ImpliedCode(
            row["name"],
            Pattern(row["codes"]),
            row["gives"],
            row["system"],
            float(row["share"]),
            Pattern(row["unless"]),
            row["source"],
        )
        for row in read_csv(DATA / "implied_codes.csv", _COLUMNS)
    )


class ImpliedCodeRule:
    """Suggest the codes that reported services imply.

    Each row of the table names its source. The suggestion rests on the words of the service and
    is as confident as it, times the share of the row; below its operating point it is shown and
    not recommended, like any other.

    Parameters
    ----------
    systems : mapping of name to CodeSystem
        Give the titles; a code that a user's own release lacks is not implied.
    table : tuple of ImpliedCode
    """

    def __init__(self, systems: Mapping[str, CodeSystem], table: tuple[ImpliedCode, ...]) -> None:
        self._systems = systems
        self._table = table
        self._index = PatternIndex([row.codes for row in table])

    def __call__(self, sheet: Worksheet) -> None:
        """Apply every row whose codes are reported, in the order of the table."""
        met: dict[int, list[Suggestion]] = {}
        for reported in sheet.reported.values():
            for code, suggestion in reported.items():
                for number in self._index.rows(code):
                    met.setdefault(number, []).append(suggestion)
        for number in sorted(met):
            row, services = self._table[number], met[number]
            codes = self._systems.get(row.system)
            if codes is None or row.gives not in codes:
                continue
            if sheet.is_withheld(row.system, row.gives) or any(
                row.unless.covers(code) for reported in sheet.reported.values() for code in reported
            ):
                continue
            sheet.suggest(self._implied(row, services, codes, sheet))

    @staticmethod
    def _implied(
        row: ImpliedCode, services: list[Suggestion], codes: CodeSystem, sheet: Worksheet
    ) -> Suggestion:
        known = sheet.find(row.system, row.gives)
        surest = max(services, key=lambda s: s.confidence)
        confidence = max(
            round(surest.confidence * row.share, 4), known.confidence if known else 0.0
        )
        own = known.evidence if known else ()
        edit = Edit(row.name, "info", f"{row.name}: {row.source}", (surest.code,))
        edits = known.edits if known else ()
        return Suggestion(
            row.system,
            row.gives,
            codes.get(row.gives).title,
            confidence,
            tuple(dict.fromkeys((*own, *surest.evidence))),
            known.alternatives if known else (),
            edits if any(e.rule == row.name for e in edits) else (*edits, edit),
        )
