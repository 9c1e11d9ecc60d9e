"""Which code reports what is past, or of the family: ``C50.911`` becomes ``Z85.3`` or ``Z80.3``.

Sources: the inclusion terms of categories Z80 to Z87 of ICD-10-CM ("conditions classifiable to")
and of Z89 to Z98 (what operations leave behind), and Official Guidelines I.C.21.c.3 and c.4; an
old myocardial infarction has a code of its own, I25.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.words import DATA, read_csv

__all__ = ["family_history", "personal_history", "procedure_status"]

Array = np.ndarray[Any, Any]

_FOLDER = DATA / "history"


def personal_history(icd: CodeSystem) -> Array:
    """Return the row of the code that reports each diagnosis once it is past.

    Parameters
    ----------
    icd : CodeSystem
        ICD-10-CM.

    Returns
    -------
    array of int32, shape (n_codes,)
        -1 where there is none. Of several beginnings of a code in the table the longest counts.
    """
    return _by_beginning("personal_history.csv", icd)


def family_history(icd: CodeSystem) -> Array:
    """Return the row of the code that reports each diagnosis of a relative.

    Parameters and returns are those of `personal_history`; codes of family history themselves
    have their own row.
    """
    rows = _by_beginning("family_history.csv", icd)
    own = [row for row, code in enumerate(icd.codes) if "Z80" <= code[:3] <= "Z84"]
    rows[own] = own
    return rows


def _by_beginning(file: str, icd: CodeSystem) -> Array:
    codes = np.array(icd.codes)
    order = codes.argsort()
    codes = codes[order]
    meant: dict[str, int] = {}
    for row in read_csv(_FOLDER / file, ("conditions", "code", "what")):
        # a user's own release may lack codes of the table
        meant.update(dict.fromkeys(row["conditions"].split(), icd.row_of.get(row["code"], -1)))
    out = np.full(len(codes), -1, np.int32)
    for beginning in sorted(meant, key=len):
        low, high = codes.searchsorted([beginning, f"{beginning}~"])
        out[order[low:high]] = meant[beginning]
    return out


def procedure_status(icd: CodeSystem, procedures: CodeSystem) -> Array:
    """Return the row of the diagnosis that reports what each procedure left behind.

    Parameters
    ----------
    icd, procedures : CodeSystem
        ICD-10-CM and CPT.

    Returns
    -------
    array of int32, shape (n_procedures,)
        Rows of `icd`, -1 where there is none.
    """
    out = np.full(len(procedures.codes), -1, np.int32)
    codes = np.array(procedures.codes)
    for row in read_csv(_FOLDER / "procedure_status.csv", ("procedures", "code", "what")):
        for part in row["procedures"].split():
            first, _, last = part.partition("-")
            out[(codes >= first) & (codes <= (last or first))] = icd.row_of.get(row["code"], -1)
    return out
