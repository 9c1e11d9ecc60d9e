"""One release of one code system: what exists, what it is called, where it stands.

A `CodeSystem` is loaded from a compact table (``.npz``) that `codesuggest.terminology.releases`
builds from a publisher's file or from our starter catalogues.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol
from zipfile import BadZipFile

import numpy as np

from codesuggest.errors import TerminologyError, UnknownCodeError
from codesuggest.schema import Code
from codesuggest.terminology.code_check import CheckResult, check_code
from codesuggest.terminology.code_forms import spell
from codesuggest.terminology.conversions import ConversionHistory, packaged_history

if TYPE_CHECKING:
    from codesuggest.terminology.search import CodeSearch

__all__ = ["CheckResult", "CodeSystem", "Searcher", "axes_of"]


class Searcher(Protocol):
    """Something that finds codes by wording."""

    def search(self, words: str, system: str, top_k: int) -> Sequence[Any]:
        """Return ``(code, title, score, confidence)`` tuples, best first."""
        ...


class CodeSystem:
    """A release of a code system, in the publisher's order.

    Parameters
    ----------
    system : {"ICD-10-CM", "CPT", "HCPCS"}
    release : str
        For example ``"FY2026"``.
    codes, titles : sequence of str
        With dots; same length.
    parents : sequence of int
        Row of the parent, -1 for none.
    billable : sequence of bool
    valid_from, valid_to : datetime.date, optional
        First and last day on which the release applies.
    families, axes : sequence, optional
        Family of each row (-1 for headers) and its axes as ``"axis=value;..."``.
    source : str
        Where the wording comes from.
    notes_path : Path, optional
        Notes as gzipped JSON, read when first asked for.
    """

    def __init__(
        self,
        system: str,
        release: str,
        codes: Sequence[str],
        titles: Sequence[str],
        parents: Sequence[int],
        billable: Sequence[bool],
        *,
        valid_from: date | None = None,
        valid_to: date | None = None,
        families: Sequence[int] | None = None,
        axes: Sequence[str] | None = None,
        source: str = "",
        notes_path: Path | None = None,
    ) -> None:
        self.system = system
        self.release = release
        self.codes = list(codes)
        self.titles = list(titles)
        self.parents = np.asarray(parents, dtype=np.int32)
        self.billable = np.asarray(billable, dtype=bool)
        self.valid_from = valid_from
        self.valid_to = valid_to
        self.source = source
        self.notes_path = notes_path
        self.families = (
            np.asarray(families, dtype=np.int32)
            if families is not None
            else np.where(self.billable, np.arange(len(self.codes)), -1).astype(np.int32)
        )
        #: Axes of each row as in the table, see `axes`.
        self.axis_texts = list(axes) if axes is not None else [""] * len(self.codes)
        self.row_of = {code: row for row, code in enumerate(self.codes)}
        #: What `search` asks; a loaded model sets it, since it knows all wordings.
        self.searcher: Searcher | None = None
        self._search: CodeSearch | None = None
        self._history: ConversionHistory | None = None

    def __repr__(self) -> str:
        return f"CodeSystem({self.system!r}, {self.release!r}, {len(self)} codes)"

    def __len__(self) -> int:
        """Count the reportable codes."""
        return self._n_reportable

    @cached_property
    def _n_reportable(self) -> int:
        return int(self.billable.sum())

    def __contains__(self, code: object) -> bool:
        return isinstance(code, str) and self._find(code) is not None

    def __iter__(self) -> Iterator[Code]:
        """Yield every code, headers included, in the publisher's order."""
        return (self._code(row) for row in range(len(self.codes)))

    # -- codes -----------------------------------------------------------------------------

    def get(self, code: str) -> Code:
        """Return a code; case and the dot do not matter.

        Raises
        ------
        UnknownCodeError
            The release does not hold it; `check` says what may have been meant.
        """
        return self._code(self._row(code))

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the codes in their order: a model's tables count rows of exactly these."""
        return hashlib.sha256("\n".join(self.codes).encode("utf-8")).hexdigest()[:16]

    @property
    def trained_release(self) -> str:
        """Name of the release whose rows a model counts."""
        return self.release

    def search(self, words: str, top_k: int = 20) -> list[Code]:
        """Return the codes that fit `words` best.

        Words in any order, stemmed, abbreviated, misspelt or only begun; a side, trimester or
        episode of care that they state picks the member of a family. A code, or the beginning
        of one, finds itself and what stands below it.

        Raises
        ------
        TerminologyError
            No model is loaded: wordings belong to a model (`codesuggest.load().terminology`),
            or to a user's own release.
        """
        if self._search is None or self._search.searcher is not self.searcher:
            # the wordings are read by those alone who search
            from codesuggest.terminology.search import CodeSearch

            self._search = CodeSearch(self, self.searcher)
        return [self.get(code) for code in self._search(words, top_k)]

    def is_billable(self, code: str) -> bool:
        """Tell whether `code` can be reported, or is a header of longer codes."""
        return bool(self.billable[self._row(code)])

    def valid_on(self, day: date) -> bool:
        """Tell whether this release applies on `day`."""
        after = self.valid_from is None or day >= self.valid_from
        return after and (self.valid_to is None or day <= self.valid_to)

    def check(self, code: str, on: date | None = None) -> CheckResult:
        """Say whether `code` is reportable and, if not, why and what was probably meant.

        Parameters
        ----------
        code : str
            Case and the dot do not matter.
        on : datetime.date, optional
            Day of the encounter. The conversion table tells which codes of ICD-10-CM were valid
            on days before this release.
        """
        return check_code(self, code, on)

    def had(self, code: str) -> bool:
        """Tell whether an earlier release had a code that this one has no longer."""
        return False

    @property
    def history(self) -> ConversionHistory | None:
        """When codes came and what took over from those that went, where it is known."""
        if self._history is None and self.system == "ICD-10-CM":
            self._history = packaged_history()
        return self._history

    @history.setter
    def history(self, history: ConversionHistory | None) -> None:
        self._history = history

    def normalise(self, code: str) -> str:
        """Return `code` upper-cased, without blanks, with its dot."""
        return spell(self.system, code.replace(".", ""))

    # -- place in the tree -----------------------------------------------------------------

    def parent(self, code: str) -> Code | None:
        """Return the code one level up, or None for a category."""
        row = int(self.parents[self._row(code)])
        return self._code(row) if row >= 0 else None

    def children(self, code: str) -> tuple[Code, ...]:
        """Return the codes one level down, in the publisher's order."""
        return tuple(self._code(row) for row in self._children.get(self._row(code), ()))

    def ancestors(self, code: str) -> tuple[Code, ...]:
        """Return the codes above, nearest first."""
        found, row = [], int(self.parents[self._row(code)])
        while row >= 0:
            found.append(self._code(row))
            row = int(self.parents[row])
        return tuple(found)

    def descendants(self, code: str) -> tuple[Code, ...]:
        """Return all codes below, in the publisher's order."""
        found: list[Code] = []
        stack = list(reversed(self._children.get(self._row(code), ())))
        while stack:
            row = stack.pop()
            found.append(self._code(row))
            stack.extend(reversed(self._children.get(row, ())))
        return tuple(found)

    def notes(self, code: str, kind: str | None = None) -> dict[str, tuple[str, ...]]:
        """Return the publisher's notes that apply to `code`, its own and those of its ancestors.

        Parameters
        ----------
        code : str
        kind : str, optional
            Only this kind: ``"includes"``, ``"inclusion_terms"`` (these do not inherit),
            ``"excludes1"``, ``"excludes2"``, ``"code_first"``, ``"use_additional"``,
            ``"code_also"``, ``"notes"`` or ``"seventh"``.
        """
        found: dict[str, list[str]] = {}
        for level, entry in enumerate((self.get(code), *self.ancestors(code))):
            for name, texts in self._notes.get(entry.code, {}).items():
                if level and name == "inclusion_terms":
                    continue
                if name == "seventh" and name in found:
                    continue
                found.setdefault(name, []).extend(t for t in texts if t not in found[name])
        return {k: tuple(v) for k, v in found.items() if kind in (None, k)}

    # -- families --------------------------------------------------------------------------

    def axes(self, row: int) -> Mapping[str, str]:
        """Return what tells this row apart inside its family, for example its laterality."""
        return axes_of(self.axis_texts[row])

    def has_axis(self, axis: str) -> list[bool]:
        """Tell for each row whether its family distinguishes `axis`."""
        return [f"{axis}=" in text for text in self.axis_texts]

    @cached_property
    def members(self) -> dict[int, list[int]]:
        """Family to its rows."""
        out: dict[int, list[int]] = {}
        for row in np.flatnonzero(self.families >= 0):
            out.setdefault(int(self.families[row]), []).append(int(row))
        return out

    # -- persistence -----------------------------------------------------------------------

    def save(self, path: Path) -> None:
        """Write the table to one ``.npz`` file."""
        meta = {
            "system": self.system,
            "release": self.release,
            "source": self.source,
            "valid_from": self.valid_from.isoformat() if self.valid_from else None,
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
        }
        axes = sorted(set(self.axis_texts))
        position = {a: i for i, a in enumerate(axes)}
        np.savez_compressed(
            path,
            meta=_blob(json.dumps(meta)),
            codes=_blob("\n".join(self.codes)),
            titles=_blob("\n".join(self.titles)),
            axis_values=_blob("\n".join(axes)),
            axes=np.array([position[a] for a in self.axis_texts], dtype=np.int32),
            parents=self.parents,
            billable=self.billable,
            families=self.families,
        )

    @classmethod
    def load(cls, path: Path) -> CodeSystem:
        """Read what `save` wrote.

        Raises
        ------
        TerminologyError
            The file is missing, damaged or not such a table.
        """
        try:
            with np.load(path, allow_pickle=False) as table:
                meta = json.loads(_text(table["meta"]))
                values = _text(table["axis_values"]).split("\n")
                return cls(
                    meta["system"],
                    meta["release"],
                    _text(table["codes"]).split("\n"),
                    _text(table["titles"]).split("\n"),
                    table["parents"],
                    table["billable"],
                    valid_from=_day(meta["valid_from"]),
                    valid_to=_day(meta["valid_to"]),
                    families=table["families"],
                    axes=[values[i] for i in table["axes"]],
                    source=meta["source"],
                    notes_path=path.with_name(path.stem + "_notes.json.gz"),
                )
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise TerminologyError(
                f"{path.name}: not a readable code table ({type(error).__name__})"
            ) from None

    # -- inside ----------------------------------------------------------------------------

    @cached_property
    def _children(self) -> dict[int, list[int]]:
        out: dict[int, list[int]] = {}
        for row, parent in enumerate(self.parents.tolist()):
            if parent >= 0:
                out.setdefault(parent, []).append(row)
        return out

    @cached_property
    def _notes(self) -> dict[str, dict[str, list[str]]]:
        if self.notes_path is None or not self.notes_path.exists():
            return {}
        notes: dict[str, dict[str, list[str]]] = json.loads(
            gzip.decompress(self.notes_path.read_bytes())
        )
        return notes

    def _find(self, code: str) -> int | None:
        row = self.row_of.get(code)
        return self.row_of.get(self.normalise(code)) if row is None else row

    def _row(self, code: str) -> int:
        row = self._find(code)
        if row is None:
            raise UnknownCodeError(f"{self.system} {self.release} has no code {code!r}")
        return row

    def _code(self, row: int) -> Code:
        return Code(
            self.system,
            self.codes[row],
            self.titles[row],
            bool(self.billable[row]),
            self.valid_from,
            self.valid_to,
        )


@cache
def axes_of(text: str) -> Mapping[str, str]:
    """Read one of `CodeSystem.axis_texts`; families share a few thousand different ones."""
    pairs = dict(pair.split("=", 1) for pair in text.split(";")) if text else {}
    return MappingProxyType(pairs)


def _blob(text: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.frombuffer(text.encode("utf-8"), dtype=np.uint8)


def _text(blob: np.ndarray[Any, Any]) -> str:
    return blob.tobytes().decode("utf-8")


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
