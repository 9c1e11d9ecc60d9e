"""A user's own release in the place of the one that ships.

A model's tables count the rows of the release that it was trained with. So the user's release
keeps those rows in their order, under the user's titles; codes that only the user's release has
follow them, and codes that it no longer has stay as rows that nothing finds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from codesuggest.schema import Code
from codesuggest.terminology.code_system import CodeSystem

__all__ = ["MANIFEST", "VARIABLE", "OwnRelease", "own_directory"]

#: The file that says which releases a directory holds.
MANIFEST = "store.json"
#: Environment variable that names the directory of a user's own releases.
VARIABLE = "CODESUGGEST_TERMINOLOGY"


def own_directory() -> Path:
    """Return the user's directory of releases: `VARIABLE`, else the platform's place for data."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    if sys.platform == "win32":
        home = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return home / "codesuggest" / "terminology"


class OwnRelease(CodeSystem):
    """The user's `own` release on the rows of the `shipped` one.

    Parameters
    ----------
    shipped, own : CodeSystem
        Of one system.
    wordings : mapping of str to sequence of str
        Other wordings of the codes of `own`.
    """

    def __init__(
        self, shipped: CodeSystem, own: CodeSystem, wordings: Mapping[str, Sequence[str]]
    ) -> None:
        new = [row for row, code in enumerate(own.codes) if code not in shipped.row_of]
        codes = [*shipped.codes, *(own.codes[row] for row in new)]
        row_of = {code: row for row, code in enumerate(codes)}
        there = [own.row_of.get(code) for code in codes]
        super().__init__(
            own.system,
            own.release,
            codes,
            [
                title if row is None else own.titles[row]
                for row, title in zip(
                    there, [*shipped.titles, *(own.titles[row] for row in new)], strict=True
                )
            ],
            [-1 if row is None else _parent(own, row, row_of) for row in there],
            [row is not None and bool(own.billable[row]) for row in there],
            valid_from=own.valid_from,
            valid_to=own.valid_to,
            families=_families(shipped, own, new),
            axes=[*shipped.axis_texts, *(own.axis_texts[row] for row in new)],
            source=own.source,
            notes_path=own.notes_path,
        )
        self.row_of = {c: r for c, r in row_of.items() if there[r] is not None}
        self.wordings = {code: tuple(texts) for code, texts in wordings.items()}
        #: Rows in the publisher's order.
        self.order = [row_of[code] for code in own.codes]
        self.shipped = shipped
        self._ever = frozenset(row_of)

    @property
    def trained_release(self) -> str:
        """Name of the release whose rows a model counts."""
        return self.shipped.trained_release

    @property
    def fingerprint(self) -> str:
        """Hash of the rows that a model counts."""
        return self.shipped.fingerprint

    @property
    def n_shipped(self) -> int:
        """Number of rows that a model counts; those after it are the user's alone."""
        return len(self.shipped.codes)

    def had(self, code: str) -> bool:
        """Tell whether the shipped release has a code that this one has not."""
        return code in self._ever and code not in self.row_of

    def __iter__(self) -> Iterator[Code]:
        """Yield every code of the user's release, in the publisher's order."""
        return (self._code(row) for row in self.order)

    @cached_property
    def _children(self) -> dict[int, list[int]]:
        out: dict[int, list[int]] = {}
        for row in self.order:
            parent = int(self.parents[row])
            if parent >= 0:
                out.setdefault(parent, []).append(row)
        return out


def _parent(own: CodeSystem, row: int, row_of: Mapping[str, int]) -> int:
    parent = int(own.parents[row])
    return row_of[own.codes[parent]] if parent >= 0 else -1


def _families(shipped: CodeSystem, own: CodeSystem, new: Sequence[int]) -> list[int]:
    """Return the shipped families, new codes in the family that their own siblings stand in."""
    families = [int(number) for number in shipped.families]
    ours = {
        int(own.families[row]): int(shipped.families[shipped.row_of[code]])
        for row, code in enumerate(own.codes)
        if code in shipped.row_of and own.families[row] >= 0
    }
    last = max(families, default=-1)
    for row in new:
        number = int(own.families[row])
        if number >= 0 and ours.get(number, -1) < 0:
            last += 1
            ours[number] = last
        families.append(ours[number] if number >= 0 else -1)
    return families
