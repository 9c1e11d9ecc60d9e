"""What changed between two releases of a code system."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from codesuggest.errors import InputError, TerminologyError
from codesuggest.terminology.code_forms import is_code, spell
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.readers.rows import Conversion

__all__ = ["ReleaseDiff", "diff_releases", "read_own_codes"]

_FIELD = re.compile(r'[\s,;|"]')


@dataclass(frozen=True, slots=True)
class ReleaseDiff:
    """Reportable codes that differ, each tuple in order of the codes.

    Parameters
    ----------
    before, after : str
        Names of the releases.
    added, deleted : tuple of str
        Reportable in one release only. A code that became a header is deleted.
    retitled : dict of str to (old, new)
        Reportable in both, with another title.
    split : dict of str to tuple of str
        Code of the older release to the added codes that took over from it or from part of it:
        it became their header, or the conversion table says so.
    """

    before: str
    after: str
    added: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    retitled: dict[str, tuple[str, str]] = field(default_factory=dict)
    split: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Tell whether anything differs."""
        return bool(self.added or self.deleted or self.retitled or self.split)


def diff_releases(
    before: CodeSystem,
    after: CodeSystem,
    own_codes: Iterable[str] | None = None,
    conversions: Sequence[Conversion] = (),
) -> ReleaseDiff:
    """Compare two releases of one system.

    Parameters
    ----------
    before, after : CodeSystem
    own_codes : iterable of str, optional
        A clinic's codes, headers too. Only what touches them is returned: their own deletion,
        title or split, the codes that they split into, and codes below a header of theirs.
    conversions : sequence of Conversion, optional
        The publisher's conversion table, for splits that the tree does not show.

    Raises
    ------
    TerminologyError
        The releases are of two systems.
    """
    if before.system != after.system:
        raise TerminologyError(f"expected one system, got {before.system} and {after.system}")
    old, new = _reportable(before), _reportable(after)
    added = {code for code in new if code not in old}
    deleted = {code for code in old if code not in new}
    retitled = {
        code: (old[code], new[code]) for code in old if code in new and old[code] != new[code]
    }
    split: dict[str, set[str]] = {}
    for code in deleted:
        if code in after:
            below = {c.code for c in after.descendants(code) if c.code in added}
            if below:
                split.setdefault(code, set()).update(below)
    for conversion in conversions:
        if conversion.code in added:
            for code in _previous(conversion, old):
                split.setdefault(code, set()).add(conversion.code)
    if own_codes is not None:
        own = {after.normalise(code) for code in own_codes}
        split = {code: into for code, into in split.items() if _touches(code, own)}
        heirs = {code for into in split.values() for code in into}
        added = {code for code in added if code in heirs or _touches(code, own)}
        deleted = {code for code in deleted if _touches(code, own)}
        retitled = {code: titles for code, titles in retitled.items() if _touches(code, own)}
    return ReleaseDiff(
        f"{before.system} {before.release}",
        f"{after.system} {after.release}",
        tuple(sorted(added)),
        tuple(sorted(deleted)),
        dict(sorted(retitled.items())),
        {code: tuple(sorted(into)) for code, into in sorted(split.items())},
    )


def read_own_codes(path: Path, system: str) -> tuple[str, ...]:
    """Read a clinic's codes: the first field of each line, whatever follows it.

    Raises
    ------
    InputError
        The file cannot be read, or a line after the first does not begin with a code.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({type(error).__name__})") from None
    codes: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        field = _FIELD.split(line.strip().lstrip('"'), maxsplit=1)[0]
        code = spell(system, field)
        if is_code(system, code):
            codes[code] = None
        elif field and number > 1:
            # what the line says is not repeated: it may be about a patient
            raise InputError(f"{path}, line {number}: expected a code of {system}")
    return tuple(codes)


def _reportable(system: CodeSystem) -> dict[str, str]:
    rows = zip(system.codes, system.titles, system.billable.tolist(), strict=True)
    return {code: title for code, title, billable in rows if billable}


def _previous(conversion: Conversion, old: dict[str, str]) -> Iterator[str]:
    for item in conversion.previous:
        first, dash, last = item.partition("-")
        if not dash:
            if item in old:
                yield item
        elif last:
            yield from (code for code in old if first <= code <= last or code.startswith(last))
        else:
            yield from (code for code in old if code.startswith(first.rstrip(".")))


def _touches(code: str, own: set[str]) -> bool:
    """Tell whether `code` is one of `own` or stands below one of them."""
    return any(code[:length].rstrip(".") in own for length in range(3, len(code) + 1))
