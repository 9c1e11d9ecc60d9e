"""Rows and JSON: one line a suggestion set, one row a suggestion, one record a code."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from codesuggest.schema import Code, Note, SuggestionSet
from codesuggest.terminology.code_system import CheckResult, CodeSystem

__all__ = [
    "code_record",
    "csv_chunks",
    "hit_record",
    "hit_tree",
    "json_chunks",
    "jsonl_chunks",
    "nlm_response",
]

#: Kinds of notes that bear on the choice among hits.
_TOLD = ("excludes1", "excludes2", "code_first", "use_additional", "code_also")

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


def hit_tree(codes: Sequence[Code], system: CodeSystem, *, notes: bool) -> list[dict[str, Any]]:
    """Return hits with the category each stands under and, if asked for, their notes.

    The category has its notes, the hit those that it has beyond them.
    """

    def told(code: str) -> dict[str, list[str]]:
        return {k: list(v) for k, v in system.notes(code).items() if k in _TOLD}

    records = []
    for code in codes:
        category = (code, *system.ancestors(code.code))[-1]
        record = {**hit_record(code), "category": hit_record(category)}
        if notes:
            above = record["category"]["notes"] = told(category.code)
            own = {
                k: [t for t in v if t not in above.get(k, ())] for k, v in told(code.code).items()
            }
            record["notes"] = {kind: texts for kind, texts in own.items() if texts}
        records.append(record)
    return records


def nlm_response(codes: Sequence[Code]) -> list[Any]:
    """Return hits in the field order of the NLM Clinical Tables API.

    ``[total, [codes], null, [[code, title], ...]]``: number of hits, their codes, the extra
    fields that nobody asked for, and what to display
    (https://clinicaltables.nlm.nih.gov/apidoc/icd10cm/v3/doc.html).
    """
    return [len(codes), [c.code for c in codes], None, [[c.code, c.title] for c in codes]]


def code_record(code: str, systems: Sequence[CodeSystem], on: date | None = None) -> dict[str, Any]:
    """Return everything that a release says about `code`.

    Parameters
    ----------
    code : str
        Case and the dot do not matter.
    systems : sequence of CodeSystem
        Where to look: one that holds the code as typed answers, else one that holds it, else
        the first whose codes look like it. A code that none holds has the keys up to
        ``"suggestions"`` only, and `title` None.
    on : datetime.date, optional
        Day of the encounter.
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

    system, check = min(((s, s.check(code, on)) for s in systems), key=distance)
    known = check.code in system
    record: dict[str, Any] = {
        "system": system.system,
        "release": system.release,
        "valid_from": system.valid_from.isoformat() if system.valid_from else None,
        "valid_to": system.valid_to.isoformat() if system.valid_to else None,
        "source": system.source,
        "code": check.code,
        "title": system.get(check.code).title if known else None,
        "billable": check.ok,
        "status": check.status,
        "message": check.message,
        "suggestions": [hit_record(system.get(c)) for c in check.suggestions if c in system],
    }
    if known:
        record["ancestors"] = [hit_record(c) for c in reversed(system.ancestors(check.code))]
        record["children"] = [hit_record(c) for c in system.children(check.code)]
        record["notes"] = {k: list(v) for k, v in system.notes(check.code).items()}
    return record
