"""Codes as people write them to codes of the releases: systems, spelling, older years.

Whatever cannot be used is written down with file, row and reason; nothing is dropped in silence.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from codesuggest.errors import TerminologyError
from codesuggest.schema import SYSTEMS
from codesuggest.terminology.code_forms import is_code, spell
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.conversions import packaged_history
from codesuggest.terminology.readers import Conversion, read_files

__all__ = ["CodeReader", "ConversionTable", "Conversions", "LeftOut", "ReadingReport"]

_NAMES = {
    "icd10cm": "ICD-10-CM",
    "icd10": "ICD-10-CM",
    "10": "ICD-10-CM",
    "cpt": "CPT",
    "cpt4": "CPT",
    "hcpcs": "HCPCS",
    "hcpcslevelii": "HCPCS",
    "hcpcsii": "HCPCS",
    "icd9": "ICD-9-CM",
    "icd9cm": "ICD-9-CM",
    "9": "ICD-9-CM",
    "icd10pcs": "ICD-10-PCS",
}
_MODIFIERS = re.compile(r"[-\s][0-9A-Z]{2}(?:[-,\s]+[0-9A-Z]{2})*$")
_PLAUSIBLE = re.compile(r"[0-9A-Z.\-]{1,10}")
_PCS = re.compile(r"[0-9A-HJ-NP-Z]{7}")
_MOST_STEPS = 10


class Replacement(Protocol):
    """From `day` on, `codes` stand for what a code stood for."""

    @property
    def day(self) -> date:
        """First day."""

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes."""


class Conversions(Protocol):
    """What maps ICD-10-CM codes of older years forward."""

    def replaced(self, code: str) -> Replacement | None:
        """Return what took over from a code, None if nothing did."""


@dataclass(frozen=True, slots=True)
class _Taken:
    day: date
    codes: tuple[str, ...]


class ConversionTable:
    """The publisher's conversion table, as `Conversions`."""

    def __init__(self, rows: Iterable[Conversion]) -> None:
        self._after: dict[str, dict[date, list[str]]] = {}
        for row in rows:
            for previous in row.previous:
                days = self._after.setdefault(previous, {})
                days.setdefault(row.effective, []).append(row.code)

    @classmethod
    def read(cls, path: Path) -> ConversionTable:
        """Read the workbook that the publisher offers.

        Raises
        ------
        TerminologyError
            It is no conversion table.
        """
        rows = [
            row for part in read_files([path]) for row in part.rows if isinstance(row, Conversion)
        ]
        if not rows:
            raise TerminologyError(f"{path.name}: not an ICD-10-CM conversion table")
        return cls(rows)

    def replaced(self, code: str) -> _Taken | None:
        """Return what took over from a code, None if nothing did."""
        days = self._after.get(code)
        if not days:
            return None
        day = min(days)
        return _Taken(day, tuple(sorted(days[day])))


class LeftOut(NamedTuple):
    """A row that teaches nothing; `row` counts from 1 with the heading, 0 for the whole file."""

    file: str
    row: int
    reason: str


@dataclass(slots=True)
class ReadingReport:
    """What was read, mapped and left out.

    Attributes
    ----------
    n_notes, n_codes : int
        Usable ones.
    left_out : list of LeftOut
    inferred : Counter of system
        Codes whose system was told from their form.
    mapped : Counter of (given, used)
        Codes of older years or other spelling.
    """

    n_notes: int = 0
    n_codes: int = 0
    left_out: list[LeftOut] = field(default_factory=list)
    inferred: Counter[str] = field(default_factory=Counter)
    mapped: Counter[tuple[str, str]] = field(default_factory=Counter)

    def leave_out(self, file: str, row: int, reason: str) -> None:
        """Write one row down."""
        self.left_out.append(LeftOut(file, row, reason))

    def reasons(self) -> Counter[tuple[str, str]]:
        """Count rows by file and kind of reason; what follows a colon is the single case."""
        return Counter((r.file, r.reason.partition(":")[0]) for r in self.left_out)

    def summary(self) -> str:
        """Return one line about the rows left out."""
        if not self.left_out:
            return "no row was left out"
        most = ", ".join(
            f"{n} of {file}: {reason}" for (file, reason), n in self.reasons().most_common(3)
        )
        return f"{len(self.left_out)} rows were left out ({most})"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, reasons counted."""
        return {
            "n_notes": self.n_notes,
            "n_codes": self.n_codes,
            "inferred": dict(sorted(self.inferred.items())),
            "mapped": [[old, new, n] for (old, new), n in sorted(self.mapped.items())],
            "left_out": [[file, reason, n] for (file, reason), n in sorted(self.reasons().items())],
        }

    def write_left_out(self, path: Path) -> None:
        """Write every row left out as CSV: file, row, reason."""
        with path.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.writer(handle)
            writer.writerow(LeftOut._fields)
            writer.writerows(self.left_out)


class CodeReader:
    """Turn a written code into a system and a reportable code of its release.

    Parameters
    ----------
    systems : mapping of name to CodeSystem
    report : ReadingReport
    conversions : Conversions, optional
    """

    def __init__(
        self,
        systems: Mapping[str, CodeSystem],
        report: ReadingReport,
        conversions: Conversions | None = None,
    ) -> None:
        self.systems = systems
        self.report = report
        self.conversions: Conversions = packaged_history() if conversions is None else conversions
        self._known: dict[tuple[str, str], tuple[str, str] | str] = {}
        self._inferred: set[tuple[str, str]] = set()

    def __call__(
        self, written: str, system: str | None, file: str, row: int
    ) -> tuple[str, str] | None:
        """Return system and code; None when the row was left out."""
        given = "" if system is None else system.strip()
        key = (" ".join(written.split()).upper(), given)
        if key not in self._known:
            self._known[key] = self._read(*key)
        found = self._known[key]
        if isinstance(found, str):
            self.report.leave_out(file, row, found)
            return None
        if not given:
            self.report.inferred[found[0]] += 1
        if spell(found[0], _MODIFIERS.sub("", key[0])) != found[1]:
            self.report.mapped[(key[0], found[1])] += 1
        return found

    def _read(self, written: str, given: str) -> tuple[str, str] | str:
        """Return system and code, or why there is none."""
        if not written:
            return "no code"
        if not _PLAUSIBLE.fullmatch(_MODIFIERS.sub("", written)):
            return "not the form of a code"
        if given:
            name = _NAMES.get(re.sub(r"[^a-z0-9]", "", given.lower()))
            if name not in SYSTEMS:
                known = name or "the system given"
                return f"a system that is not suggested: {known}"
            return self._of(name, written)
        return self._infer(written)

    def _infer(self, written: str) -> tuple[str, str] | str:
        bare = _MODIFIERS.sub("", written)
        fitting = [s for s in SYSTEMS if is_code(s, spell(s, bare))]
        if "." in bare:
            fitting = [s for s in fitting if s == "ICD-10-CM"]
        valid = [s for s in fitting if self.systems[s].check(bare).status == "valid"]
        if len(valid) == 1:
            return self._of(valid[0], written)
        if len(valid) > 1:
            return f"the system is not clear, give a column system: {bare}"
        if not fitting and re.fullmatch(r"[0-9]{3}\.[0-9]{1,2}", bare):
            return f"a system that is not suggested: ICD-9-CM {bare}"
        if not fitting and _PCS.fullmatch(bare):
            return f"a system that is not suggested: ICD-10-PCS {bare}"
        if not fitting:
            return f"not the form of a code of any system: {bare}"
        return self._of(fitting[0], written)

    def _of(self, system: str, written: str) -> tuple[str, str] | str:
        code = spell(system, written if system == "ICD-10-CM" else _MODIFIERS.sub("", written))
        table = self.systems[system]
        for _ in range(_MOST_STEPS):
            found = table.check(code)
            if found.status == "valid":
                return system, table.normalise(code)
            if found.status == "placeholder_missing" and len(found.suggestions) == 1:
                code = found.suggestions[0]
                continue
            after = self._after(code) if system == "ICD-10-CM" else None
            if after is None:
                return f"{_WHY.get(found.status, found.status)}: {system} {found.code}"
            if len(after) > 1:
                return f"a code that was split into {len(after)}: {system} {code}"
            code = after[0]
        return f"a code that is converted in a circle: {system} {written}"

    def _after(self, code: str) -> Sequence[str] | None:
        """Return the codes that took over from one that is not valid any more."""
        taken = self.conversions.replaced(code)
        if taken is None:
            return None
        titles = self.systems["ICD-10-CM"]
        # a code that was split means its unspecified part
        unspecified = [
            c for c in taken.codes if c in titles and "unspecified" in titles.get(c).title.lower()
        ]
        return unspecified if len(unspecified) == 1 else taken.codes


_WHY = {
    "header": "a header, not a reportable code",
    "seventh_missing": "a code without its 7th character",
    "unknown": "a code that the release does not hold",
    "malformed": "not the form of a code of its system",
    "placeholder_missing": "a code without its placeholder",
}
