"""UMLS MRCONSO.RRF: the atoms of CPT, HCPCS and ICD-10-CM in it."""

from __future__ import annotations

import re

from codesuggest.terminology.code_forms import VOCABULARIES, is_code, spell
from codesuggest.terminology.readers.rows import MrconsoAtom, Publication
from codesuggest.terminology.readers.sources import Source
from codesuggest.terminology.readers.text_lines import numbered_lines, tidy

__all__ = ["MRCONSO_LINE", "read_mrconso"]

MRCONSO_LINE = re.compile(r"C[0-9]{7}\|[A-Z]{3}\|")

_FIELDS = 18
_CUI, _LAT, _PREFERRED, _SAB, _TTY, _CODE, _STR, _SUPPRESS = 0, 1, 6, 11, 12, 13, 14, 16
_OURS = frozenset(VOCABULARIES) - {"CPT4"}


def read_mrconso(source: Source) -> list[Publication]:
    """Read the English atoms that are not suppressed, one publication a code system.

    Atoms whose code is a range or a heading (``"10004-10021"``) are left out.

    Raises
    ------
    TerminologyError
        A line that has not 18 fields and a trailing bar, a field of another kind than expected,
        or no atom of ours.
    """
    rows: dict[str, list[MrconsoAtom]] = {}
    for number, line in numbered_lines(source):
        if not line:
            continue
        fields = line.split("|")
        if len(fields) != _FIELDS + 1 or fields[-1]:
            raise source.error(
                f"expected {_FIELDS} fields, each ended by a bar, got {len(fields) - 1}", number
            )
        if fields[_SAB] not in _OURS or fields[_LAT] != "ENG":
            continue
        if not MRCONSO_LINE.match(line):
            raise source.error("expected a concept (CUI) and a language first", number)
        if fields[_PREFERRED] not in ("Y", "N") or fields[_SUPPRESS] not in ("O", "E", "Y", "N"):
            raise source.error("expected Y or N in ISPREF and O, E, Y or N in SUPPRESS", number)
        if fields[_SUPPRESS] != "N":
            continue
        system = VOCABULARIES[fields[_SAB]]
        code, text = spell(system, fields[_CODE]), tidy(fields[_STR])
        if not is_code(system, code):
            continue
        if not text:
            raise source.error(f"expected a text of {code} in field {_STR + 1}", number)
        rows.setdefault(system, []).append(
            MrconsoAtom(
                fields[_CUI], fields[_SAB], fields[_TTY], code, text, fields[_PREFERRED] == "Y"
            )
        )
    if not rows:
        raise source.error("expected atoms of CPT, HCPCS or ICD10CM, found none")
    return [
        Publication(system, "mrconso", source.name, None, tuple(atoms))
        for system, atoms in rows.items()
    ]
