"""A user's own directory of code set releases.

Licensed descriptors stay in that directory. One file, ``store.json``, says which releases are
there; everything it names lies in directories that are never changed once written. An import
writes new directories aside, renames them into place and only then replaces ``store.json``, so
that a failed or interrupted import leaves what was there untouched.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from codesuggest.errors import TerminologyError
from codesuggest.terminology.code_forms import SYSTEMS
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.own_release import MANIFEST
from codesuggest.terminology.readers import FORMATS, Conversion, Publication, read_files
from codesuggest.terminology.readers.code_table import PRECEDENCE, validity
from codesuggest.terminology.readers.release_diff import ReleaseDiff, diff_releases
from codesuggest.terminology.readers.release_files import (
    CODES,
    NOTES,
    SYNONYMS,
    Groups,
    by_release,
    part_file,
    read_json,
    write_release,
)

__all__ = ["Finding", "StoredRelease", "TerminologyStore"]

_LOCK = ".lock"
_ASIDE = ".aside-"
_DIRECTORY = re.compile(r"[a-z0-9][a-z0-9._-]*")
# how `add` names what it places
_PLACED = re.compile(r"(?:icd-10-cm|cpt|hcpcs)-.*-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """A release in the store.

    Parameters
    ----------
    system : {"ICD-10-CM", "CPT", "HCPCS"}
    release : str
        For example ``"FY2026"``.
    directory : str
        Where it lies, below the store.
    codes : int
        Reportable codes; 0 when only an index or a table of the release was added.
    parts : dict of str to str
        Format to the file that it came from.
    files : dict of str to str
        File below `directory` to its SHA-256.
    """

    system: str
    release: str
    directory: str
    codes: int
    parts: dict[str, str] = field(hash=False)
    files: dict[str, str] = field(hash=False)

    @property
    def name(self) -> str:
        """System and release in one, as `TerminologyStore.diff` takes it."""
        return f"{self.system} {self.release}"

    @property
    def valid_from(self) -> date | None:
        """First day of the release, None if its name does not say it."""
        return validity(self.system, self.release)[0]

    @property
    def valid_to(self) -> date | None:
        """Last day of the release, None if its name does not say it."""
        return validity(self.system, self.release)[1]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that `TerminologyStore.verify` found wrong."""

    release: str
    file: str
    problem: str


class TerminologyStore:
    """Releases of code sets in a directory.

    Parameters
    ----------
    directory : Path
        Made by the first `add`.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = Path(directory)

    def __repr__(self) -> str:
        return f"TerminologyStore({str(self.directory)!r})"

    # -- what is there ---------------------------------------------------------------------

    def list(self) -> tuple[StoredRelease, ...]:
        """Return the releases, by system and then oldest first.

        Raises
        ------
        TerminologyError
            The store's manifest is damaged.
        """
        path = self.directory / MANIFEST
        try:
            releases = json.loads(path.read_text(encoding="utf-8"))["releases"]
            found = [_stored(entry) for entry in releases]
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise TerminologyError(
                f"{path}: not a readable manifest of a terminology store ({type(error).__name__})"
            ) from None
        return tuple(sorted(found, key=_age))

    def get(self, system: str, release: str | None = None) -> StoredRelease:
        """Return a release, the newest of the system when `release` is None.

        Raises
        ------
        TerminologyError
            There is no such release.
        """
        found = [r for r in self.list() if r.system == system and release in (None, r.release)]
        if not found:
            there = ", ".join(r.name for r in self.list()) or "nothing"
            wanted = system if release is None else f"{system} {release}"
            raise TerminologyError(f"{self.directory}: no {wanted}; there is {there}")
        return found[-1]

    def load(self, system: str, release: str | None = None) -> CodeSystem:
        """Load the code table of a release; its files are checked first.

        Raises
        ------
        TerminologyError
            No such release, no codes in it, or a file that is damaged.
        """
        stored = self.get(system, release)
        if CODES not in stored.files:
            raise TerminologyError(
                f"{stored.name}: no codes, only {', '.join(sorted(stored.parts))}"
            )
        for finding in self._check(stored):
            raise TerminologyError(f"{finding.release}, {finding.file}: {finding.problem}")
        return CodeSystem.load(self.directory / stored.directory / CODES)

    def synonyms(self, system: str, release: str | None = None) -> dict[str, tuple[str, ...]]:
        """Return code to its other wordings."""
        stored = self.get(system, release)
        if SYNONYMS not in stored.files:
            return {}
        given = read_json(self.directory / stored.directory / SYNONYMS)
        return {code: tuple(wordings) for code, wordings in given.items()}

    def rows(self, system: str, release: str, format_: str) -> tuple[dict[str, Any], ...]:
        """Return the rows of an index, a table or the conversion table as they were read."""
        stored = self.get(system, release)
        if format_ not in stored.parts or format_ in PRECEDENCE:
            raise TerminologyError(f"{stored.name}: no rows of {FORMATS.get(format_, format_)}")
        return tuple(read_json(self.directory / stored.directory / part_file(format_)))

    def diff(self, a: str, b: str, own_codes: Iterable[str] | None = None) -> ReleaseDiff:
        """Compare two releases, named as in ``"ICD-10-CM FY2025"``.

        Parameters
        ----------
        a, b : str
            The older and the newer release, of one system.
        own_codes : iterable of str, optional
            A clinic's codes; only what touches them is returned.

        Raises
        ------
        TerminologyError
            No such release, or two systems.
        """
        (system, before), (other, after) = _split_name(a), _split_name(b)
        if system != other:
            raise TerminologyError(f"expected two releases of one system, got {a} and {b}")
        conversions: list[Conversion] = []
        stored = self.get(system, after)
        if "conversion_table" in stored.parts:
            conversions = [
                Conversion(r["code"], date.fromisoformat(r["effective"]), tuple(r["previous"]))
                for r in self.rows(system, after, "conversion_table")
            ]
        old, new = self.load(system, before), self.load(system, after)
        return diff_releases(old, new, own_codes, conversions)

    def verify(self) -> tuple[Finding, ...]:
        """Return every file that is missing, differs from the manifest or was not written by it.

        Raises
        ------
        TerminologyError
            The store's manifest is damaged.
        """
        return tuple(finding for stored in self.list() for finding in self._check(stored))

    # -- adding ----------------------------------------------------------------------------

    def add(
        self, files: Sequence[Path | str], *, release: str | None = None
    ) -> tuple[StoredRelease, ...]:
        """Read publishers' files and keep what they hold; all of them or nothing.

        Files of one system and release are joined, with those of earlier calls too; a file of
        a format that the release already has replaces it.

        Parameters
        ----------
        files : sequence of path
        release : str, optional
            Name of the release of all `files`, for those that say it neither in their content
            nor in their name.

        Returns
        -------
        tuple of StoredRelease
            The releases that were added or changed.

        Raises
        ------
        TerminologyError
            A file cannot be read; nothing was changed.
        """
        publications = read_files([Path(file) for file in files])
        if not publications:
            raise TerminologyError("expected at least one file")
        if release is not None and not release.strip():
            raise TerminologyError("expected a name of the release, got blanks")
        groups = by_release(publications, release)
        self.directory.mkdir(parents=True, exist_ok=True)
        try:
            with self._locked():
                return self._write(groups)
        except OSError as error:
            raise TerminologyError(
                f"{self.directory}: cannot be written ({error.strerror}); nothing was changed"
            ) from None

    def _write(self, groups: Groups) -> tuple[StoredRelease, ...]:
        there = {(r.system, r.release): r for r in self.list()}
        placed: list[Path] = []
        added: list[StoredRelease] = []
        try:
            for key, publications in groups.items():
                aside = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=self.directory))
                placed.append(aside)
                parts = self._carry_over(aside, publications, there.get(key))
                write_release(aside, *key, publications, parts)
                files = {p.name: _sha256(p) for p in sorted(aside.iterdir())}
                digest = hashlib.sha256(json.dumps(files).encode()).hexdigest()[:12]
                name = re.sub(r"[^a-z0-9.]+", "-", " ".join(key).lower()).strip("-.")
                target = self.directory / f"{name}-{digest}"
                codes = CodeSystem.load(aside / CODES) if CODES in files else ()
                stored = StoredRelease(*key, target.name, len(codes), parts, files)
                if not target.exists():
                    aside.rename(target)
                    placed.append(target)
                elif any(self._check(stored)):
                    # the same release, damaged since: this is its repair
                    shutil.rmtree(target)
                    aside.rename(target)
                added.append(stored)
            there.update({(r.system, r.release): r for r in added})
            self._publish(there.values())
        except BaseException:
            for path in placed:
                shutil.rmtree(path, ignore_errors=True)
            raise
        self._sweep({r.directory for r in there.values()})
        return tuple(added)

    def _carry_over(
        self, aside: Path, publications: Sequence[Publication], there: StoredRelease | None
    ) -> dict[str, str]:
        """Copy what the release already has and keeps; return its parts, the new ones too."""
        new = {publication.format: publication.file for publication in publications}
        if there is None:
            return new
        # what is written anew may be damaged: that is how a damaged release is repaired
        written = {CODES, SYNONYMS, *(part_file(format_) for format_ in new)}
        if "tabular" in new:
            written.add(NOTES)
        for finding in self._check(there):
            if finding.file in there.files and finding.file not in written:
                raise TerminologyError(
                    f"{finding.release}, {finding.file}: {finding.problem}; "
                    "expected a sound release to add to"
                )
        for name in there.files:
            if name not in written:
                shutil.copyfile(self.directory / there.directory / name, aside / name)
        return {**there.parts, **new}

    def _publish(self, releases: Iterable[StoredRelease]) -> None:
        manifest = {
            "format": 1,
            "releases": [asdict(r) for r in sorted(releases, key=_age)],
        }
        handle, name = tempfile.mkstemp(prefix=_ASIDE, dir=self.directory)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(manifest, file, indent=1, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.directory / MANIFEST)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _sweep(self, kept: set[str]) -> None:
        """Remove what interrupted imports and replaced releases left; only what is ours."""
        for path in self.directory.iterdir():
            ours = path.name.startswith(_ASIDE) or _PLACED.fullmatch(path.name)
            if ours and path.name not in kept:
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)

    def _check(self, stored: StoredRelease) -> Iterator[Finding]:
        folder = self.directory / stored.directory
        for name, digest in stored.files.items():
            path = folder / name
            if not path.is_file():
                yield Finding(stored.name, name, "missing")
            elif _sha256(path) != digest:
                yield Finding(stored.name, name, "differs from the manifest")
        if folder.is_dir():
            for path in sorted(folder.iterdir()):
                if path.name not in stored.files:
                    yield Finding(stored.name, path.name, "not in the manifest")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep a second import out; the system frees the lock of a process that died."""
        with (self.directory / _LOCK).open("a") as handle:
            if os.name == "posix":
                import fcntl

                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    raise TerminologyError(
                        f"{self.directory}: another import is running, expected none"
                    ) from None
            yield


def _stored(entry: dict[str, Any]) -> StoredRelease:
    stored = StoredRelease(**entry)
    names = (stored.directory, *stored.files)
    if stored.system not in SYSTEMS or not all(_DIRECTORY.fullmatch(name) for name in names):
        raise ValueError(stored.directory)
    return stored


def _age(stored: StoredRelease) -> tuple[int, date, str]:
    return SYSTEMS.index(stored.system), stored.valid_from or date.min, stored.release


def _split_name(name: str) -> tuple[str, str]:
    system, _, release = name.strip().partition(" ")
    if system not in SYSTEMS or not release:
        raise TerminologyError(f"{name!r}: expected a system and a release: 'ICD-10-CM FY2026'")
    return system, release


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
