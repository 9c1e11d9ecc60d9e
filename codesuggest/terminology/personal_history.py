"""Which code reports a disease that is past: ``C50.911`` becomes ``Z85.3``.

Source: the inclusion terms of categories Z85 to Z87 of ICD-10-CM ("conditions classifiable to"),
and Official Guidelines I.C.21.c.4; an old myocardial infarction has a code of its own, I25.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.words import DATA, read_csv

__all__ = ["personal_history"]

Array = np.ndarray[Any, Any]

_FILE = DATA / "history" / "personal_history.csv"
_LONGEST = 7


def personal_history(icd: CodeSystem) -> Array:
    """Return the row of the history code of each code, -1 where there is none.

    Parameters
    ----------
    icd : CodeSystem
        ICD-10-CM.

    Returns
    -------
    array of int32, shape (n_codes,)
        Of several beginnings of a code in the table the longest counts.
    """
    past: dict[str, int] = {}
    for row in read_csv(_FILE, ("conditions", "code", "what")):
        # a user's own release may lack codes of the table
        at = icd.row_of.get(row["code"], -1)
        past.update(dict.fromkeys(row["conditions"].split(), at))
    lengths = range(_LONGEST, 2, -1)
    return np.array(
        [next((past[c[:n]] for n in lengths if c[:n] in past), -1) for c in icd.codes], np.int32
    )
