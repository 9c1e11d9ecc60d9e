"""What the tests of the coding rules say about codes and edits."""

from __future__ import annotations

from collections.abc import Callable

from codesuggest.schema import Edit, Suggestion

Coded = Callable[..., dict[str, Suggestion]]


def system_of(code: str) -> str:
    if code[:1].isdigit():
        return "CPT"
    return "HCPCS" if len(code) == 5 and "." not in code else "ICD-10-CM"


def edits(s: Suggestion, severity: str) -> list[Edit]:
    return [e for e in s.edits if e.severity == severity]
