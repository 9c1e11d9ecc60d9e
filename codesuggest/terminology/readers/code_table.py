"""From published rows to one code table: what several files say about one release, joined."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from codesuggest.errors import TerminologyError
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.families import build_families
from codesuggest.terminology.readers.rows import (
    AthenaConcept,
    CodeRow,
    Descriptor,
    HcpcsRow,
    MrconsoAtom,
    OrderRow,
    Publication,
)
from codesuggest.terminology.tabular import TabularEntry
from codesuggest.terminology.words import WordForms

__all__ = ["PRECEDENCE", "CodeEntry", "build_code_system", "code_entries", "validity"]

#: Formats that give codes, the one whose titles stand first. The others add synonyms, and codes
#: only when there is no list of the publisher's own.
PRECEDENCE: tuple[str, ...] = (
    "tabular",
    "order_file",
    "code_file",
    "hcpcs_fixed_width",
    "hcpcs_workbook",
    "cpt_long",
    "cpt_clinician",
    "cpt_consumer",
    "cpt_medium",
    "cpt_short",
    "plain_table",
    "mrconso",
    "athena",
)

#: The longest HCPCS description has 1,100 characters, the longest of UMLS 3,000.
MAX_TITLE = 5_000

_YEAR = re.compile(r"(?:FY)?(20[0-9]{2})( April)?")
_TITLE_TYPES = ("PT", "HT", "ETCLIN", "ETCF", "SY", "AB")


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """A code as one publication gives it; `billable` is None where it does not say."""

    code: str
    title: str
    billable: bool | None = None
    parent: str | None = None
    synonyms: tuple[str, ...] = ()


def code_entries(publication: Publication) -> list[CodeEntry]:
    """Return the codes of a publication; modifiers and ended codes are left out.

    Indexes, tables and conversions give none.
    """
    entries: list[CodeEntry] = []
    day = validity(publication.system, publication.release or "")[0]
    atoms: dict[str, list[MrconsoAtom]] = {}
    for row in publication.rows:
        match row:
            case TabularEntry():
                synonyms = row.notes.get("inclusion_terms", ())
                entries.append(CodeEntry(row.code, row.title, row.billable, row.parent, synonyms))
            case OrderRow():
                short = (row.short_title,) if row.short_title not in ("", row.title) else ()
                entries.append(CodeEntry(row.code, row.title, row.billable, None, short))
            case HcpcsRow():
                ended = row.terminated is not None and day is not None and row.terminated < day
                if not row.modifier and not ended:
                    short = (row.short_title,) if row.short_title not in ("", row.title) else ()
                    entries.append(CodeEntry(row.code, row.title, True, None, short))
            case Descriptor():
                entries.append(CodeEntry(row.code, row.text, True))
            case MrconsoAtom():
                atoms.setdefault(row.code, []).append(row)
            case AthenaConcept():
                if not row.invalid_reason:
                    kind = row.concept_class.lower()
                    billable = None if "bill" not in kind else "nonbill" not in kind
                    entries.append(CodeEntry(row.code, row.title, billable, None, row.synonyms))
            case CodeRow():
                if len(row.code) > 2:
                    entries.append(CodeEntry(row.code, row.title, None, None, row.synonyms))
            case _:
                return []
    entries += [_entry_of_atoms(code, found) for code, found in atoms.items()]
    for entry in entries:
        longest = max(map(len, (entry.title, *entry.synonyms)))
        if longest > MAX_TITLE:
            raise TerminologyError(
                f"{publication.file}: a wording of {entry.code} has {longest} characters, "
                f"expected at most {MAX_TITLE}"
            )
    return list(_joined(entries).values())


def build_code_system(
    system: str, release: str, parts: Mapping[str, Sequence[CodeEntry]], source: str
) -> tuple[CodeSystem, dict[str, list[str]]]:
    """Join what the formats say about one release.

    Parameters
    ----------
    system, release : str
    parts : mapping of format to entries
        At least one, formats of `PRECEDENCE`.
    source : str
        Where the wording comes from.

    Returns
    -------
    CodeSystem
        The codes and titles of the first format in `PRECEDENCE`; for CPT the codes of every
        AMA file.
    dict of str to list of str
        Code to its other wordings, for codes that have any.
    """
    order = sorted(parts, key=PRECEDENCE.index)
    entries = _joined(parts[order[0]])
    for format_ in order[1:]:
        both_ama = order[0].startswith("cpt_") and format_.startswith("cpt_")
        for entry in parts[format_]:
            known = entries.get(entry.code)
            if known is not None:
                entries[entry.code] = _with_wording(known, (entry.title, *entry.synonyms))
            elif both_ama:
                entries[entry.code] = entry
    rows = list(entries.values())
    if system != "ICD-10-CM" or order[0] not in ("tabular", "order_file"):
        rows.sort(key=lambda entry: entry.code)
    row_of = {entry.code: i for i, entry in enumerate(rows)}
    parents = [_parent(entry, row_of) if system == "ICD-10-CM" else -1 for entry in rows]
    above = set(parents)
    billable = [
        i not in above if entry.billable is None else entry.billable for i, entry in enumerate(rows)
    ]
    families, axes = _families(rows, billable) if system == "ICD-10-CM" else (None, None)
    valid_from, valid_to = validity(system, release)
    table = CodeSystem(
        system,
        release,
        [entry.code for entry in rows],
        [entry.title for entry in rows],
        parents,
        billable,
        valid_from=valid_from,
        valid_to=valid_to,
        families=families,
        axes=axes,
        source=source,
    )
    return table, {entry.code: list(entry.synonyms) for entry in rows if entry.synonyms}


def validity(system: str, release: str) -> tuple[date | None, date | None]:
    """Return the first and last day of a release, None where its name does not say them.

    ICD-10-CM goes by the fiscal year (1 October to 30 September, the April update from 1 April),
    CPT by the calendar year; a HCPCS release is named by its first day and has no last.
    """
    match = _YEAR.fullmatch(release)
    if match and system == "ICD-10-CM":
        year = int(match[1])
        return date(year, 4, 1) if match[2] else date(year - 1, 10, 1), date(year, 9, 30)
    if match and not match[2]:
        year = int(match[1])
        return date(year, 1, 1), date(year, 12, 31)
    try:
        return date.fromisoformat(release), None
    except ValueError:
        return None, None


def _entry_of_atoms(code: str, atoms: Iterable[MrconsoAtom]) -> CodeEntry:
    def rank(atom: MrconsoAtom) -> tuple[int, bool]:
        known = atom.term_type in _TITLE_TYPES
        return (_TITLE_TYPES.index(atom.term_type) if known else 9, not atom.preferred)

    ordered = sorted(atoms, key=rank)
    billable = False if ordered[0].term_type == "HT" else None
    entry = CodeEntry(code, ordered[0].text, billable)
    return _with_wording(entry, (atom.text for atom in ordered[1:]))


def _joined(entries: Iterable[CodeEntry]) -> dict[str, CodeEntry]:
    found: dict[str, CodeEntry] = {}
    for entry in entries:
        known = found.get(entry.code)
        found[entry.code] = (
            entry if known is None else _with_wording(known, (entry.title, *entry.synonyms))
        )
    return found


def _with_wording(entry: CodeEntry, wordings: Iterable[str]) -> CodeEntry:
    known = {entry.title.casefold(), *(text.casefold() for text in entry.synonyms)}
    new = {text.casefold(): text for text in wordings if text.casefold() not in known}
    return replace(entry, synonyms=(*entry.synonyms, *new.values())) if new else entry


def _parent(entry: CodeEntry, row_of: Mapping[str, int]) -> int:
    if entry.parent is not None:
        return row_of.get(entry.parent, -1)
    near = entry.code[:-1].rstrip(".")
    while len(near) > 2:
        if near in row_of:
            return row_of[near]
        near = near[:-1].rstrip(".")
    return -1


def _families(rows: Sequence[CodeEntry], billable: Sequence[bool]) -> tuple[list[int], list[str]]:
    families, axes = [-1] * len(rows), [""] * len(rows)
    coded = (
        (i, entry.code, entry.parent or entry.code, entry.title)
        for i, entry in enumerate(rows)
        if billable[i]
    )
    for number, family in enumerate(build_families(coded, WordForms({}, {}))):
        for values, row in family.members.items():
            families[row] = number
            axes[row] = ";".join(f"{axis}={value}" for axis, value in values)
    return families, axes
