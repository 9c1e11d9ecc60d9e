"""The written forms of codes: what a code of each system looks like, and its one spelling."""

from __future__ import annotations

import re

__all__ = ["FORMS", "SYSTEMS", "VOCABULARIES", "is_code", "is_modifier", "spell"]

SYSTEMS = ("ICD-10-CM", "CPT", "HCPCS")

#: Spelling as `spell` gives it. Since FY2026 the second character of an ICD-10-CM category can
#: be a letter (QA0).
FORMS: dict[str, re.Pattern[str]] = {
    "ICD-10-CM": re.compile(r"[A-Z](?=[0-9A-Z]?[0-9])[0-9A-Z]{2}(?:\.[0-9A-Z]{1,4})?"),
    "CPT": re.compile(r"[0-9]{4}[0-9A-Z]"),
    "HCPCS": re.compile(r"[A-Z][0-9]{4}"),
}

#: Names that UMLS (SAB) and OHDSI (vocabulary_id) give to the systems.
VOCABULARIES: dict[str, str] = {
    "CPT": "CPT",
    "HCPT": "CPT",
    "CPT4": "CPT",
    "HCPCS": "HCPCS",
    "ICD10CM": "ICD-10-CM",
}

_MODIFIER = re.compile(r"[0-9A-Z]{2}")


def spell(system: str, code: str) -> str:
    """Return `code` in its one spelling: upper case, no blanks, ICD-10-CM with its dot."""
    bare = "".join(code.split()).upper()
    if system != "ICD-10-CM":
        return bare
    bare = bare.replace(".", "")
    return f"{bare[:3]}.{bare[3:]}" if len(bare) > 3 else bare


def is_code(system: str, code: str) -> bool:
    """Tell whether `code`, already spelled, has the form of a code of `system`."""
    return FORMS[system].fullmatch(code) is not None


def is_modifier(code: str) -> bool:
    """Tell whether `code` has the form of a two-character modifier."""
    return _MODIFIER.fullmatch(code) is not None
