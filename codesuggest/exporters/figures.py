"""What the terminal and the reports show of figures: evaluation, comparison, noise, benchmark.

Everything is laid out as `Block`s of `codesuggest.exporters.table`, so that terminal, Markdown
and HTML say the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from codesuggest.exporters.table import Block, Cell, Column
from codesuggest.schema import SYSTEMS

__all__ = [
    "assertion_blocks",
    "benchmark_blocks",
    "comparison_blocks",
    "evaluation_blocks",
    "evaluation_details",
    "noise_blocks",
    "section_blocks",
]

Record = Mapping[str, Any]

#: Parts of a breakdown that the reports show at most, by number of gold codes.
_MOST_PARTS = 25


def _cell(text: str, style: str = "plain") -> Cell:
    return ((text, style),)


def _note(text: str) -> tuple[Cell, ...]:
    return (_cell(text, "muted"),)


def _worded(measure: str) -> str:
    names = {"f1": "F1", "macro_f1": "macro F1", "map": "MAP", "ece": "ECE", "brier": "Brier score"}
    return names.get(measure, measure.replace("_", " "))


def _with_interval(figure: Record) -> Cell:
    return (
        (f"{figure['value']:.3f}", "code"),
        (f" {figure['low']:.2f}–{figure['high']:.2f}", "muted"),
    )


# -- an evaluation -------------------------------------------------------------------------


def evaluation_blocks(record: Record) -> Iterator[Block]:
    """Lay out the figures of an evaluation and the number of mistakes by kind."""
    heading = f"{record['n_notes']} coded notes · model {record['model_version']}"
    if record["n_unanswered"]:
        heading += f" · {record['n_unanswered']} refused, they score zero"
    yield Block(heading, rule=True)
    systems = list(record["figures"])
    measures = dict.fromkeys(m for figures in record["figures"].values() for m in figures)
    rows = [
        (
            _cell(_worded(measure)),
            *(
                _with_interval(record["figures"][s][measure])
                if measure in record["figures"][s]
                else _cell("–", "muted")
                for s in systems
            ),
        )
        for measure in measures
    ]
    points = [record["operating_points"].get(s) for s in systems]
    rows.append(
        (
            _cell("operating point"),
            *(_cell("–" if p is None else f"{p:.3f}", "muted") for p in points),
        )
    )
    columns = (Column("Figure, 95 % interval by note", 1), *(Column(s, 0, True) for s in systems))
    yield Block("", columns, tuple(rows))
    yield from _mistake_counts(record["n_mistakes"])


def _mistake_counts(counts: Mapping[str, Mapping[str, int]]) -> Iterator[Block]:
    systems = [s for s in SYSTEMS if any(s in found for found in counts.values())]
    if not systems:
        return
    columns = (Column("Mistakes", 1), *(Column(s, 0, True) for s in systems))
    rows = tuple(
        (_cell(kind), *(_cell(str(found.get(s, 0)), "code") for s in systems))
        for kind, found in counts.items()
    )
    yield Block("", columns, rows)


def evaluation_details(record: Record) -> Iterator[Block]:
    """Lay out what a report holds beyond `evaluation_blocks`: parts, calibration, mistakes."""
    for kind, systems in record["breakdown"].items():
        for system, parts in systems.items():
            if len(parts) > 1:
                yield _part_block(f"{system} by {kind}", parts)
    for system, bins in record["calibration"].items():
        columns = tuple(
            Column(name, 0, True) for name in ("confidence", "suggestions", "mean", "right")
        )
        rows = tuple(
            (
                _cell(f"{b['low']:.1f}–{b['high']:.1f}"),
                _cell(str(b["n"])),
                _cell(f"{b['confidence']:.3f}"),
                _cell(f"{b['right']:.3f}"),
            )
            for b in bins
        )
        yield Block(f"Calibration, {system}", columns, rows)
    for system, points in record["risk_coverage"].items():
        columns = tuple(
            Column(name, 0, True) for name in ("threshold", "coverage", "risk", "recall")
        )
        lines = tuple(tuple(_cell(f"{point[c.name]:.3f}") for c in columns) for point in points)
        yield Block(f"Risk and coverage, {system}", columns, lines)
    meaning = tuple((_cell(_worded(k)), _cell(text)) for k, text in record["meaning"].items())
    yield Block("What the figures and the kinds of mistakes say", _MEANING, meaning)
    yield from _mistake_list(record["mistakes"])


_MEANING = (Column("Name"), Column("Meaning", 1))


def _part_block(heading: str, parts: Sequence[Record]) -> Block:
    columns = (
        Column("", 1),
        *(
            Column(name, 0, True)
            for name in ("codes to report", "recommended", "precision", "recall", "F1")
        ),
    )
    rows = [
        (
            _cell(part["name"]),
            _cell(str(part["n_gold"])),
            _cell(str(part["n_recommended"])),
            *(_with_interval(part[m]) for m in ("precision", "recall", "f1")),
        )
        for part in parts[:_MOST_PARTS]
    ]
    if len(parts) > _MOST_PARTS:
        rows.append((_cell(f"and {len(parts) - _MOST_PARTS} smaller ones"), *[_cell("")] * 5))
    return Block(heading, columns, tuple(rows))


def _mistake_list(mistakes: Sequence[Record]) -> Iterator[Block]:
    if not mistakes:
        return
    worded = any("words" in m for m in mistakes)
    names = ("note", "kind", "system", "to report", "suggested", "confidence", "section", "offsets")
    columns = tuple(Column(n) for n in (*names, *(("words",) if worded else ())))
    rows = []
    for m in mistakes:
        kind = f"{m['kind']}: {m['detail']}" if m["detail"] else m["kind"]
        offsets = f"{m['start_char']}–{m['end_char']}" if m["start_char"] >= 0 else ""
        confidence = "" if m["confidence"] is None else f"{m['confidence']:.2f}"
        cells = [
            m["note_id"], kind, m["system"], m["gold"] or "", m["suggested"] or "", confidence,
            m["section"], offsets, *((m.get("words", ""),) if worded else ()),
        ]  # fmt: skip
        rows.append(tuple(map(_cell, cells)))
    yield Block("Mistakes", columns, tuple(rows))


# -- a comparison --------------------------------------------------------------------------


def comparison_blocks(record: Record) -> Iterator[Block]:
    """Lay out what one model changes against another."""
    first, second = record["names"]
    yield Block(f"{record['n_notes']} coded notes", rule=True)
    lines = (f"first   {first}", f"second  {second}")
    yield Block("", rows=tuple((_cell(line),) for line in lines))
    columns = (
        Column("Figure", 1),
        *(Column(n, 0, True) for n in ("first", "second", "difference", "95 % interval")),
    )
    for system, figures in record["differences"].items():
        rows = []
        for measure, d in figures.items():
            better = (d["difference"] > 0) != (measure in ("ece", "brier", "trap_rate"))
            style = ("good" if better else "bad") if d["differs"] else "plain"
            rows.append(
                (
                    _cell(_worded(measure)),
                    _cell(f"{d['first']:.3f}"),
                    _cell(f"{d['second']:.3f}"),
                    _cell(f"{d['difference']:+.3f}", style),
                    _cell(f"{d['low']:+.3f} to {d['high']:+.3f}", "muted"),
                )
            )
        yield Block(system, columns, tuple(rows))
    yield Block("", rows=(_note("Coloured: the interval of the paired difference leaves out 0."),))


# -- noise and sections --------------------------------------------------------------------


def noise_blocks(record: Record) -> Iterator[Block]:
    """Lay out recall under noise."""
    yield Block(f"{record['n_notes']} coded notes, recall of the codes to report", rule=True)
    columns = (
        Column("Written", 1), Column("System"), Column("recommended", 0, True),
        Column("drop", 0, True), Column("limit", 0, True), Column("among all", 0, True),
        Column("drop", 0, True),
    )  # fmt: skip
    rows = tuple(
        (
            _cell(r["style"]),
            _cell(r["system"], "muted"),
            _cell(f"{r['recommended']:.3f}", "code"),
            _cell(f"{r['drop']:+.1f}", "plain" if r["within"] else "bad"),
            _cell("" if r["limit"] is None else f"{r['limit']:.0f}", "muted"),
            _cell(f"{r['suggested']:.3f}", "code"),
            _cell(f"{r['drop_suggested']:+.1f}"),
        )
        for r in record["rows"]
    )
    yield Block("", columns, rows)
    yield Block("", rows=(_note("Drops are in points against the notes as they are."),))


def assertion_blocks(record: Record) -> Iterator[Block]:
    """Lay out the scores of each status."""
    yield Block(f"{record['n_phrases']} phrases in their sentences", rule=True)
    names = ("precision", "recall", "f1")
    columns = (Column("Status", 1), *(Column(_worded(n), 0, True) for n in (*names, "n")))
    rows = tuple(
        (
            _cell(status),
            *(_cell(f"{record[status][n]:.3f}", "code") for n in names),
            _cell(str(record[status]["n"])),
        )
        for status in ("negated", "historical", "family")
    )
    yield Block("", columns, rows)


def section_blocks(record: Record) -> Iterator[Block]:
    """Lay out the share of sections that are right, by style of their headers and by kind."""
    yield Block(f"{record['n_sections']} sections", rule=True)
    names = ("share", "usual_header", "own_header", "headers")
    titles = ("sections right", "usual header", "own headers", "headers right")
    columns = (Column("Style", 1), *(Column(t, 0, True) for t in titles))
    rows = tuple(
        (_cell(style), *(_cell(f"{100 * shares[n]:.1f} %", "code") for n in names))
        for style, shares in record["styles"].items()
    )
    yield Block("", columns, rows)
    kinds = tuple(
        (_cell(kind), _cell(str(r["n"])), _cell(f"{100 * r['share']:.1f} %", "code"))
        for kind, r in record["kinds"].items()
    )
    columns = (Column("Kind", 1), Column("sections", 0, True), Column("right", 0, True))
    yield Block("", columns, kinds)


# -- a benchmark ---------------------------------------------------------------------------


def benchmark_blocks(record: Record) -> Iterator[Block]:
    """Lay out ``BenchmarkReport.to_dict()``."""
    size = f"{record['n_texts']} texts · {record['n_words']:,} words"
    yield Block(f"{size} · {record['n_chars']:,} characters", rule=True)
    columns = (
        Column("On one core, each text once", 1),
        Column("ms per 400 words", 0, True),
        Column("ms a note, 95 % within", 0, True),
        Column("characters a second", 0, True),
        Column("against blank spaCy", 0, True),
    )
    rows = tuple(
        (
            _cell(timing["name"]),
            _cell(f"{timing['ms_per_400_words']:.2f}", "code"),
            _cell(f"{timing['p95_ms']:.2f}", "code"),
            _cell(f"{timing['chars_per_second']:,.0f}"),
            _cell(f"{timing['ratio']:.1f} x"),
        )
        for timing in record["timings"]
    )
    yield Block("", columns, rows)
    memory = record["resident_mb"]
    lines = (
        f"load             {record['load_seconds']:.2f} s",
        f"imports before   {record['import_seconds']:.2f} s",
        f"resident memory  {'unknown' if memory is None else f'{memory:.0f} MB'}",
        f"warm-up          {record['n_warm_up']} other texts",
    )
    yield Block("", rows=tuple((_cell(line),) for line in lines))
