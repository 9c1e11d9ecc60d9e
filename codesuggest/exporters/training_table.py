"""What ``codesuggest train`` and ``codesuggest update`` show, laid out as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from codesuggest.exporters.table import Block, Cell, Column

__all__ = ["training_blocks", "update_blocks"]

_MOST = 12
_MEASURES = ("precision", "recall", "f1", "lenient_precision", "operating_point", "ece")


def training_blocks(record: Mapping[str, Any]) -> Iterator[Block]:
    """Lay out what a training did."""
    heading = (
        f"{record['n_notes']:,} notes, {record['reading']['n_codes']:,} codes, "
        f"{record['n_wordings']:,} new wordings, {record['seconds']:.0f} s"
    )
    yield Block(heading, rule=True)
    columns = (
        Column("", 1),
        *(Column(name.replace("_", " "), 0, True) for name in _MEASURES),
    )
    rows = tuple(
        (
            _cell(name),
            *(_cell(f"{figures[measure]:.3f}", "code") for measure in _MEASURES),
        )
        for name, figures in record["figures"].items()
    )
    yield Block("Out of fold by note", columns, rows)
    yield from _reading_blocks(record["reading"])
    yield Block("", (), ((_cell(f"Written to {record['path']}", "strong"),),))


def update_blocks(record: Mapping[str, Any]) -> Iterator[Block]:
    """Lay out what an update did."""
    said = ", ".join(f"{n} {verdict}" for verdict, n in sorted(record["verdicts"].items()))
    heading = f"{record['n_decisions']:,} decisions ({said}), {record['seconds']:.1f} s"
    yield Block(heading, rule=True)
    yield from _reading_blocks(record["reading"])
    yield Block("", (), ((_cell(f"Written to {record['path']}", "strong"),),))


def _reading_blocks(reading: Mapping[str, Any]) -> Iterator[Block]:
    if reading["inferred"]:
        rows = tuple((_cell(s), _cell(f"{n:,}", "code")) for s, n in reading["inferred"].items())
        yield Block("Systems told from the codes' form", (Column("", 1), Column("codes")), rows)
    if reading["mapped"]:
        mapped = sorted(reading["mapped"], key=lambda m: (-m[2], m[0]))
        changed = tuple(
            (_cell(old), _cell(new, "code"), _cell(f"{n:,}")) for old, new, n in mapped[:_MOST]
        )
        yield Block("Codes mapped", (Column("given"), Column("used", 1), Column("codes")), changed)
    if reading["left_out"]:
        left = sorted(reading["left_out"], key=lambda r: (-r[2], r[0], r[1]))
        reasons = tuple(
            (_cell(file), _cell(reason), _cell(f"{n:,}", "warning"))
            for file, reason, n in left[:_MOST]
        )
        columns = (Column("file"), Column("reason", 1), Column("rows"))
        yield Block("Rows left out", columns, reasons)


def _cell(text: str, style: str = "plain") -> Cell:
    return ((text, style),)
