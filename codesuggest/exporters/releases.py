"""Releases of the code systems and what changed between them, as records and for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from codesuggest.exporters.table import Block, Column

if TYPE_CHECKING:
    from codesuggest.terminology.code_system import CodeSystem
    from codesuggest.terminology.readers.release_diff import ReleaseDiff
    from codesuggest.terminology.store import Finding, StoredRelease

__all__ = [
    "diff_blocks",
    "diff_record",
    "finding_blocks",
    "finding_record",
    "release_blocks",
    "release_record",
]


def release_record(release: StoredRelease | CodeSystem, *, in_use: bool) -> dict[str, Any]:
    """Return what is said about a release; one of the user's names the files it came from."""
    parts = getattr(release, "parts", None)
    n_codes = len(release) if parts is None else release.codes  # type: ignore[arg-type]
    return {
        "system": release.system,
        "release": release.release,
        "valid_from": release.valid_from.isoformat() if release.valid_from else None,
        "valid_to": release.valid_to.isoformat() if release.valid_to else None,
        "codes": n_codes,
        "in_use": in_use,
        "shipped": parts is None,
        "parts": dict(parts or {}),
    }


def release_blocks(records: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    """Lay out releases."""
    columns = (
        Column("System"),
        Column("Release"),
        Column("Valid"),
        Column("Codes", 0, True),
        Column("From", 1),
        Column(""),
    )
    rows = tuple(
        (
            ((record["system"], "muted"),),
            ((record["release"], "code"),),
            ((_days(record), "plain"),),
            ((f"{record['codes']:,}", "plain"),),
            ((_files(record), "plain"),),
            (("in use" if record["in_use"] else "", "good"),),
        )
        for record in records
    )
    yield Block("", columns, rows)


def _days(record: Mapping[str, Any]) -> str:
    first, last = record["valid_from"], record["valid_to"]
    if last is None:
        return f"from {first}" if first else ""
    return f"{first} to {last}"


def _files(record: Mapping[str, Any]) -> str:
    """Return the files a release came from, archives by their own name."""
    if record["shipped"]:
        return "shipped"
    return ", ".join(dict.fromkeys(file.partition("!")[0] for file in record["parts"].values()))


def diff_record(
    diff: ReleaseDiff, before: Mapping[str, str], after: Mapping[str, str]
) -> dict[str, Any]:
    """Return a diff with the titles of its codes.

    Parameters
    ----------
    diff : ReleaseDiff
    before, after : mapping of str to str
        Code to title in the two releases.
    """
    return {
        "before": diff.before,
        "after": diff.after,
        "added": [{"code": c, "title": after[c]} for c in diff.added],
        "deleted": [{"code": c, "title": before[c]} for c in diff.deleted],
        "retitled": [{"code": c, "before": a, "after": b} for c, (a, b) in diff.retitled.items()],
        "split": [{"code": c, "into": list(into)} for c, into in diff.split.items()],
    }


def diff_blocks(record: Mapping[str, Any]) -> Iterator[Block]:
    """Lay out `diff_record`."""
    yield Block(f"{record['before']} to {record['after']}", rule=True)
    counts = ", ".join(
        f"{len(record[kind]):,} {kind}" for kind in ("added", "deleted", "retitled", "split")
    )
    yield Block("", rows=((((counts, "plain"),),),))
    for kind in ("added", "deleted"):
        yield from _grid(kind.capitalize(), [(c["code"], c["title"]) for c in record[kind]])
    yield from _grid(
        "Retitled", [(c["code"], f"{c['before']} → {c['after']}") for c in record["retitled"]]
    )
    yield from _grid("Split", [(c["code"], ", ".join(c["into"])) for c in record["split"]])


def _grid(heading: str, rows: Sequence[tuple[str, str]]) -> Iterator[Block]:
    if rows:
        cells = tuple((((code, "code"),), ((text, "plain"),)) for code, text in rows)
        yield Block(heading, (Column(""), Column("", 1)), cells)


def finding_record(finding: Finding) -> dict[str, str]:
    """Return what is wrong with a file of a release."""
    return {"release": finding.release, "file": finding.file, "problem": finding.problem}


def finding_blocks(records: Sequence[Mapping[str, str]], n_releases: int) -> Iterator[Block]:
    """Lay out what `TerminologyStore.verify` found in so many releases."""
    if not records:
        sound = f"{n_releases} releases, every file as it was added"
        yield Block("", rows=((((sound, "good"),),),))
        return
    columns = (Column("Release"), Column("File", 1), Column("Problem", 1))
    yield Block(
        "",
        columns,
        tuple(
            (((r["release"], "code"),), ((r["file"], "plain"),), ((r["problem"], "bad"),))
            for r in records
        ),
    )
