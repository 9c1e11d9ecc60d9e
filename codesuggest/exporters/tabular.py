"""Rows and JSON: one line a suggestion set, one row a suggestion, one record a code."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from codesuggest.schema import Code, Note, SuggestionSet
from codesuggest.terminology.code_system import CheckResult, CodeSystem

__all__ = [
    "code_record",
    "csv_chunks",
    "hit_record",
    "json_chunks",
    "jsonl_chunks",
    "nlm_response",
]

Pairs = Iterable[tuple[Note, SuggestionSet]]


def json_chunks(pairs: Pairs) -> Iterator[str]:
    """Yield one JSON array of ``SuggestionSet.to_dict()``, a set a line."""
    opening = "[\n"
    for _, result in pairs:
        yield opening + result.to_json()
        opening = ",\n"
    yield "[]\n" if opening == "[\n" else "\n]\n"


def jsonl_chunks(pairs: Pairs) -> Iterator[str]:
    """Yield ``SuggestionSet.to_dict()`` as one line of JSON each."""
    for _, result in pairs:
        yield result.to_json() + "\n"


def csv_chunks(pairs: Pairs) -> Iterator[str]:
    """Yield `SuggestionSet.to_frame` as CSV, the header once.

    Text is always quoted: evidence may hold a carriage return alone, which readers would take
    for the end of the row.
    """
    header = True
    for _, result in pairs:
        yield result.to_frame().to_csv(
            index=False, header=header, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC
        )
        header = False


def hit_record(code: Code) -> dict[str, Any]:
    """Return what is said about a code that a search found."""
    return {
        "system": code.system,
        "code": code.code,
        "title": code.title,
        "billable": code.billable,
    }


def nlm_response(codes: Sequence[Code]) -> list[Any]:
    """Return hits in the field order of the NLM Clinical Tables API.

    ``[total, [codes], null, [[code, title], ...]]``
    (https://clinicaltables.nlm.nih.gov/apidoc/icd10cm/v3/doc.html).
    """
    return [len(codes), [c.code for c in codes], None, [[c.code, c.title] for c in codes]]


def code_record(code: str, systems: Sequence[CodeSystem]) -> dict[str, Any]:
    """Return everything that a release says about `code`.

    Parameters
    ----------
    code : str
        Case and the dot do not matter.
    systems : sequence of CodeSystem
        Where to look: one that holds the code as typed answers, else one that holds it, else
        the first whose codes look like it. A code that none holds has the keys up to
        ``"suggestions"`` only, and `title` None.
    """

    def distance(pair: tuple[CodeSystem, CheckResult]) -> tuple[bool, ...]:
        system, check = pair
        typed = code.strip().upper()
        # only a system whose codes have dots can be meant by one
        undotted = "." in typed and "." not in check.code
        return (
            undotted,
            check.code not in system,
            check.code != typed,
            check.status == "malformed",
        )

    system, check = min(((s, s.check(code)) for s in systems), key=distance)
    known = check.code in system
    record: dict[str, Any] = {
        "system": system.system,
        "release": system.release,
        "valid_from": system.valid_from.isoformat() if system.valid_from else None,
        "valid_to": system.valid_to.isoformat() if system.valid_to else None,
        "source": system.source,
        "code": check.code,
        "title": system.get(check.code).title if known else None,
        "billable": known and system.is_billable(check.code),
        "status": check.status,
        "message": check.message,
        "suggestions": [hit_record(system.get(c)) for c in check.suggestions],
    }
    if known:
        record["ancestors"] = [hit_record(c) for c in reversed(system.ancestors(check.code))]
        record["children"] = [hit_record(c) for c in system.children(check.code)]
        record["notes"] = {k: list(v) for k, v in system.notes(check.code).items()}
    return record
