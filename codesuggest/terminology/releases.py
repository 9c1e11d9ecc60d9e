"""The releases that ship: built once from their sources, then loaded as compact tables.

``python -m codesuggest.terminology.releases`` rebuilds the tables in ``data/releases``: the
ICD-10-CM release from the tabular XML that ``simple-icd-10-cm`` carries, the CPT and HCPCS
starters from our own catalogues in ``data/cpt`` and ``data/hcpcs``.
"""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path

from codesuggest.errors import TerminologyError
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.families import build_families
from codesuggest.terminology.tabular import packaged_tabular, read_tabular
from codesuggest.terminology.words import DATA, WordForms, read_csv

__all__ = ["CATALOGUE_COLUMNS", "RELEASES", "build_icd10cm", "load_release", "read_catalogue"]

RELEASES = DATA / "releases"
CATALOGUE_COLUMNS = ("code", "description", "synonyms", "family", "axes")


def load_release(system: str) -> CodeSystem:
    """Load the shipped release of `system` (``"ICD-10-CM"``, ``"CPT"`` or ``"HCPCS"``)."""
    if system == "ICD-10-CM":
        return CodeSystem.load(RELEASES / "icd10cm_fy2026.npz")
    return catalogue_system(system)


def build_icd10cm(target: Path) -> CodeSystem:
    """Build the ICD-10-CM table and its notes from the packaged tabular XML."""
    release, entries = read_tabular(packaged_tabular())
    rows = {entry.code: row for row, entry in enumerate(entries)}
    families = [-1] * len(entries)
    axes = [""] * len(entries)
    billable = (
        (row, e.code, e.parent or e.code, e.title) for row, e in enumerate(entries) if e.billable
    )
    for number, family in enumerate(build_families(billable, WordForms({}, {}))):
        for values, row in family.members.items():
            families[row] = number
            axes[row] = ";".join(f"{a}={v}" for a, v in values)
    year = int(release.removeprefix("FY"))
    table = CodeSystem(
        "ICD-10-CM",
        release,
        [e.code for e in entries],
        [e.title for e in entries],
        [rows[e.parent] if e.parent else -1 for e in entries],
        [e.billable for e in entries],
        # a fiscal year of CMS runs from 1 October to 30 September
        valid_from=date(year - 1, 10, 1),
        valid_to=date(year, 9, 30),
        families=families,
        axes=axes,
        source="CDC/NCHS ICD-10-CM tabular list, public domain",
    )
    target.mkdir(parents=True, exist_ok=True)
    stem = f"icd10cm_{release.lower()}"
    table.save(target / f"{stem}.npz")
    notes = {
        e.code: {
            **{k: list(v) for k, v in e.notes.items() if v},
            **({"seventh": [f"{k}: {v}" for k, v in e.seventh.items()]} if e.seventh else {}),
        }
        for e in entries
        if e.notes or e.seventh
    }
    payload = json.dumps(notes, ensure_ascii=False, sort_keys=True).encode("utf-8")
    (target / f"{stem}_notes.json.gz").write_bytes(gzip.compress(payload, 9, mtime=0))
    return table


def read_catalogue(system: str) -> list[dict[str, str]]:
    """Read our starter catalogue of CPT or HCPCS: rows with `CATALOGUE_COLUMNS`."""
    folder = DATA / system.lower()
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise TerminologyError(f"no catalogue of {system} in the package")
    rows = [row for file in files for row in read_csv(file, CATALOGUE_COLUMNS)]
    seen: dict[str, str] = {}
    return [r for r in rows if seen.setdefault(r["code"], r["description"]) is r["description"]]


def catalogue_system(system: str) -> CodeSystem:
    """Make a code system of our starter catalogue."""
    rows = sorted(read_catalogue(system), key=lambda row: row["code"])
    names = {name: i for i, name in enumerate(sorted({row["family"] for row in rows}))}
    return CodeSystem(
        system,
        "starter 2026",
        [row["code"] for row in rows],
        [row["description"] for row in rows],
        [-1] * len(rows),
        [True] * len(rows),
        families=[names[row["family"]] for row in rows],
        axes=[row["axes"] for row in rows],
        source="starter catalogue in our own words, not the publisher's",
    )


if __name__ == "__main__":
    build_icd10cm(RELEASES)
