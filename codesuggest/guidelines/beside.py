"""Codes that another reported code makes superfluous, doubtful or worth a question.

One shape serves four tables, each with its source in every row: the unspecified code beside a
specific one, Excludes1 pairs, symptoms integral to a diagnosis, and procedures included in a
more comprehensive one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from codesuggest.guidelines.patterns import Pattern, PatternIndex
from codesuggest.guidelines.worksheet import Worksheet
from codesuggest.schema import Edit, Suggestion
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.words import read_csv

__all__ = [
    "Beside",
    "BesideRule",
    "conditional_queries",
    "excludes1",
    "included_procedures",
    "integral_symptoms",
    "unspecified_beside_specific",
]

DATA = Path(__file__).parent / "data"
NOTHING = Pattern("")
_DIAGNOSES = ("ICD-10-CM",)
_PROCEDURES = ("CPT", "HCPCS")


@dataclass(frozen=True, slots=True)
class Beside:
    """One row: `code` gets an edit of `severity` when `other` is reported too.

    ``{}`` in `message` stands for the other code. A code of `unless` silences the row. Where both
    are readings of one service (`one_service`), the edit is the other's if `code` is likelier.
    """

    code: Pattern
    other: Pattern
    severity: str
    message: str
    unless: Pattern = NOTHING
    one_service: bool = False


#: A reading of a service is the less likely one below this share of the other's confidence.
_LESS_LIKELY = 0.8


class BesideRule:
    """Apply one table of `Beside` rows.

    Parameters
    ----------
    name : str
        What the edits are called.
    rows : iterable of Beside
    systems : tuple of str
        Both codes come from these code systems.
    sides : CodeSystem, optional
        Where given, a code of one side is left alone by a code of the other side.
    """

    def __init__(
        self,
        name: str,
        rows: Iterable[Beside],
        systems: tuple[str, ...],
        sides: CodeSystem | None = None,
    ) -> None:
        self.name = name
        self._sides = sides
        self.systems = systems
        self.rows = tuple(rows)
        self._codes = PatternIndex([row.code for row in self.rows])
        self._others = PatternIndex([row.other for row in self.rows])

    def __repr__(self) -> str:
        return f"BesideRule({self.name!r}, {len(self.rows)} rows)"

    def __call__(self, sheet: Worksheet) -> None:
        """Write the edits of every row of which both codes are reported."""
        reported = [(system, code) for system in self.systems for code in sheet.reported[system]]
        touched = [(system, code, rows) for system, code in reported
                   if (rows := self._codes.rows(code))]  # fmt: skip
        if not touched:
            return
        others: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for system, code in reported:
            for row in self._others.rows(code):
                others[row].append((system, code))
        for system, code, rows in touched:
            for row in rows:
                reason = self._reason(sheet, system, code, others.get(row, ()))
                found = self.rows[row]
                silent = found.unless and any(found.unless.covers(c) for _, c in reported)
                if reason and not silent and code in sheet.reported[system]:
                    self._write(sheet, found, (system, code), reason)

    def _write(self, sheet: Worksheet, row: Beside, own: tuple[str, str], other: str) -> None:
        system, code = own
        if row.one_service and row.severity == "withhold":
            greater = next((s, other) for s in self.systems if other in sheet.reported[s])
            likely = sheet.reported[system][code].confidence
            if sheet.reported[greater[0]][other].confidence < _LESS_LIKELY * likely:
                message = f"{code} is the likelier reading of the same service"
                sheet.write(*greater, Edit(self.name, row.severity, message, (code,)))
                return
        sheet.write(*own, Edit(self.name, row.severity, row.message.format(other), (other,)))

    def _reason(
        self, sheet: Worksheet, system: str, code: str, others: Iterable[tuple[str, str]]
    ) -> str:
        """Return the best of `others` that is still reported and concerns the same side."""
        for other_system, other in others:
            if other == code or other not in sheet.reported[other_system]:
                continue
            if self._sides is None or not _other_side(
                self._sides, sheet.reported[system].get(code), other
            ):
                return other
        return ""


def _other_side(icd10cm: CodeSystem, s: Suggestion | None, other: str) -> bool:
    """Tell whether both codes, or the words of the first, name sides that differ."""
    side = _side(icd10cm, other)
    if s is None or side not in ("left", "right"):
        return False
    own = _side(icd10cm, s.code) or next(
        (a.value for m in s.evidence for a in m.attributes if a.name == "laterality"), ""
    )
    return own not in ("", "unspecified", side)


def _side(icd10cm: CodeSystem, code: str) -> str:
    row = icd10cm.row_of.get(code)
    return icd10cm.axes(row).get("laterality", "") if row is not None else ""


def unspecified_beside_specific(icd10cm: CodeSystem) -> BesideRule:
    """Hold back the unspecified code of a category that another code reports better.

    Source: Official Guidelines I.B.18, unspecified codes only when nothing more specific is
    documented. What is unspecified of one side stays beside what is known of the other.
    """
    return _rule(
        "unspecified beside specific",
        "one_code_categories.csv",
        ("category", "unspecified", "source"),
        lambda r: Beside(
            Pattern(r["unspecified"]),
            Pattern(r["category"]),
            "withhold",
            f"reported as {{}} instead ({r['source']})",
        ),
        _DIAGNOSES,
        icd10cm,
    )


def excludes1() -> BesideRule:
    """Hold back the code that yields in a pair that is never reported together.

    Source: Official Guidelines I.A.12.a (Excludes1) and the notes of the tabular list.
    """
    return _rule(
        "excludes1",
        "excludes1.csv",
        ("yields", "to", "source"),
        lambda r: Beside(
            Pattern(r["yields"]),
            Pattern(r["to"]),
            "withhold",
            f"not reported together with {{}} ({r['source']})",
        ),
        _DIAGNOSES,
    )


def integral_symptoms(icd10cm: CodeSystem) -> BesideRule:
    """Hold back a symptom beside the diagnosis that it is routinely part of.

    Source: Official Guidelines I.B.4 and I.B.5. Pain of one side stays beside a disease of the
    other.
    """
    return _rule(
        "symptom of a diagnosis",
        "integral_symptoms.csv",
        ("name", "symptom", "diagnosis", "source"),
        lambda r: Beside(
            Pattern(r["symptom"]),
            Pattern(r["diagnosis"]),
            "withhold",
            f"{r['name']}: part of {{}} ({r['source']})",
        ),
        _DIAGNOSES,
        icd10cm,
    )


def included_procedures() -> BesideRule:
    """Hold back the component of a procedure that a more comprehensive code includes.

    Source: NCCI Policy Manual and the conventions of CPT, each row in our own words. Where a
    modifier can report both, the row only warns.
    """
    return _rule(
        "included procedure",
        "included_procedures.csv",
        ("component", "comprehensive", "unless", "severity", "kind", "source"),
        lambda r: Beside(
            Pattern(r["component"]),
            Pattern(r["comprehensive"]),
            r["severity"],
            f"{r['kind']}: {_INCLUDED[r['severity']]} {{}} ({r['source']})",
            Pattern(r["unless"]),
            one_service="contrast" in r["kind"] or "without and with" in r["kind"],
        ),
        _PROCEDURES,
    )


_INCLUDED = {
    "withhold": "included in",
    "warning": "only when separate and significant beside",
}


def conditional_queries() -> BesideRule:
    """Ask the provider what only the meeting of two codes leaves open.

    Source: AHIMA/ACDIS practice for compliant queries: neutral, clinical, nothing is led.
    """
    return _rule(
        "query on two conditions",
        "conditional_queries.csv",
        ("code", "beside", "unless", "question", "source"),
        lambda r: Beside(
            Pattern(r["code"]),
            Pattern(r["beside"]),
            "query",
            f"{r['question']} ({r['source']})",
            Pattern(r["unless"]),
        ),
        _DIAGNOSES,
    )


def _rule(
    name: str,
    file: str,
    columns: tuple[str, ...],
    row_of: Callable[[dict[str, str]], Beside],
    systems: tuple[str, ...],
    sides: CodeSystem | None = None,
) -> BesideRule:
    return BesideRule(name, map(row_of, read_csv(DATA / file, columns)), systems, sides)
