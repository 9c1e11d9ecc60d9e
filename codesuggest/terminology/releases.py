"""The releases that ship: built once from their sources, then loaded as compact tables.

``python -m codesuggest.terminology.releases`` rebuilds the tables in ``data/releases``: the
ICD-10-CM release from the tabular XML that ``simple-icd-10-cm`` carries, the CPT and HCPCS
starters from our own catalogues in ``data/cpt`` and ``data/hcpcs``. With the path of the
publisher's conversion table as its argument it also rebuilds the table of replaced codes.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from codesuggest.errors import TerminologyError
from codesuggest.schema import SYSTEMS
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.conversions import COLUMNS, ConversionHistory, written_out
from codesuggest.terminology.families import build_families
from codesuggest.terminology.own_release import MANIFEST, OwnRelease, own_directory
from codesuggest.terminology.tabular import packaged_tabular, read_tabular
from codesuggest.terminology.words import DATA, WordForms, read_csv

if TYPE_CHECKING:
    from codesuggest.terminology.readers.release_diff import ReleaseDiff
    from codesuggest.terminology.store import StoredRelease, TerminologyStore

__all__ = [
    "CATALOGUE_COLUMNS",
    "RELEASES",
    "build_conversions",
    "build_icd10cm",
    "diff",
    "load_release",
    "named_release",
    "read_catalogue",
]

RELEASES = DATA / "releases"
CATALOGUE_COLUMNS = ("code", "description", "synonyms", "family", "axes")


def load_release(
    system: str, *, directory: str | Path | None = None, on: date | None = None
) -> CodeSystem:
    """Load a release of `system` (``"ICD-10-CM"``, ``"CPT"`` or ``"HCPCS"``).

    That is the shipped one, or a newer one that the user has added with ``codesuggest
    terminology add``; it then takes over for titles, search and check.

    Parameters
    ----------
    system : str
    directory : str or Path, optional
        The user's directory of releases; `own_directory` when None.
    on : datetime.date, optional
        Take the release that applies on this day, if there is one.

    Raises
    ------
    TerminologyError
        No such system, `directory` holds no releases, or they are damaged.
    """
    shipped = _shipped(system)
    folder = own_directory() if directory is None else Path(directory)
    if not (folder / MANIFEST).exists():
        if directory is not None:
            raise TerminologyError(
                f"{folder}: expected releases added by 'codesuggest terminology add'"
            )
        return shipped
    # the readers of publishers' files are needed by those alone who have added some
    from codesuggest.terminology.store import TerminologyStore

    store = TerminologyStore(folder)
    stored = _applying(shipped, [r for r in store.list() if r.system == system and r.codes], on)
    if stored is None:
        return shipped
    table = store.load(system, stored.release)
    own = OwnRelease(shipped, table, store.synonyms(system, stored.release))
    own.history = _history(store, stored)
    return own


def diff(
    a: str | CodeSystem,
    b: str | CodeSystem,
    own_codes: Iterable[str] | None = None,
    *,
    directory: str | Path | None = None,
) -> ReleaseDiff:
    """Compare two releases of one system: added, deleted, retitled and split codes.

    Parameters
    ----------
    a, b : str or CodeSystem
        The older and the newer release; a name such as ``"ICD-10-CM FY2025"`` is that of one
        the user has added, or of the shipped one.
    own_codes : iterable of str, optional
        A clinic's codes; only what touches them is returned.
    directory : str or Path, optional
        The user's directory of releases; `own_directory` when None.

    Raises
    ------
    TerminologyError
        No such release, or two systems.
    """
    from codesuggest.terminology.readers import Conversion
    from codesuggest.terminology.readers.release_diff import diff_releases

    before, after = (
        named_release(r, directory=directory) if isinstance(r, str) else r for r in (a, b)
    )
    conversions = [Conversion(*row) for row in after.history or ()]
    return diff_releases(before, after, own_codes, conversions)


def named_release(name: str, *, directory: str | Path | None = None) -> CodeSystem:
    """Load the release of a name such as ``"ICD-10-CM FY2025"``: the user's, or the shipped one.

    Raises
    ------
    TerminologyError
        There is none of that name.
    """
    from codesuggest.terminology.store import TerminologyStore

    store = TerminologyStore(own_directory() if directory is None else Path(directory))
    stored = next((r for r in store.list() if r.name == name.strip()), None)
    if stored is not None:
        table = store.load(stored.system, stored.release)
        table.history = _history(store, stored)
        return table
    shipped = [_shipped(system) for system in SYSTEMS]
    for system in shipped:
        if name.strip() == f"{system.system} {system.release}":
            return system
    known = [r.name for r in store.list()] + [f"{s.system} {s.release}" for s in shipped]
    raise TerminologyError(f"no release {name!r}; there is {', '.join(known)}")


def _history(store: TerminologyStore, stored: StoredRelease) -> ConversionHistory | None:
    """Return the history of a release that has its own conversion table."""
    if "conversion_table" not in stored.parts:
        return None
    return ConversionHistory(
        (previous, date.fromisoformat(row["effective"]), (row["code"],))
        for row in store.rows(stored.system, stored.release, "conversion_table")
        for previous in written_out(row["previous"])
    )


def _applying(
    shipped: CodeSystem, stored: Sequence[StoredRelease], on: date | None
) -> StoredRelease | None:
    """Return the user's release that takes over, None where the shipped one stays."""
    candidates = [
        (shipped.valid_from, shipped.valid_to, None),
        *((r.valid_from, r.valid_to, r) for r in stored),
    ]
    applying = [
        (start, end, release)
        for start, end, release in candidates
        if on is None or ((start or on) <= on <= (end or on))
    ]
    # of two that start on one day the user's own, which stands behind, is taken
    return max(reversed(applying or candidates), key=lambda c: c[0] or date.min)[2]


def _shipped(system: str) -> CodeSystem:
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


def build_conversions(source: Path, target: Path) -> Path:
    """Write the facts of a conversion table as our own CSV file.

    Parameters
    ----------
    source : Path
        The publisher's workbook, of any year.
    target : Path
        Folder.

    Notes
    -----
    Ranges of codes are written out. Whole categories ("K59.09 and a code from T36-T50") are left
    out: no code of theirs was replaced.
    """
    from codesuggest.terminology.readers import Conversion, read_files

    became: dict[tuple[str, str], list[str]] = {}
    for publication in read_files([source]):
        for row in publication.rows:
            if not isinstance(row, Conversion):
                raise TerminologyError(f"{publication.file}: expected a conversion table")
            for previous in written_out(row.previous):
                became.setdefault((previous, row.effective.isoformat()), []).append(row.code)
    path = target / "icd10cm_conversions.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(COLUMNS)
        for (previous, day), codes in sorted(became.items()):
            writer.writerow([previous, day, "|".join(sorted(set(codes)))])
    return path


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
    if len(sys.argv) > 1:
        build_conversions(Path(sys.argv[1]), RELEASES)
