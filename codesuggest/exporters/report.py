"""Reports of figures as Markdown and as one HTML page with plots."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from codesuggest.exporters.figures import (
    comparison_blocks,
    evaluation_blocks,
    evaluation_details,
)
from codesuggest.exporters.plots import bars_svg, reliability_svg, risk_coverage_svg
from codesuggest.exporters.table import Block, Cell

__all__ = [
    "comparison_html",
    "comparison_markdown",
    "evaluation_html",
    "evaluation_markdown",
    "evaluation_plots",
]

Record = Mapping[str, Any]

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_MARKS = re.compile(r"([\\`*_\[\]<>|#])")
_BARS = 16
_STYLE = """
body { margin: 0 auto; max-width: 1180px; padding: 1.4rem; background: #f4f6f8; color: #1d2530;
  font: 14px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.3rem; } h2 { font-size: 1rem; margin: 1.8rem 0 .4rem; }
.plots { display: flex; flex-wrap: wrap; gap: .8rem; align-items: flex-start; }
svg { background: #fff; border: 1px solid #dde2e8; border-radius: 8px; max-width: 100%; height: auto; }
.wide { overflow-x: auto; margin: 0 0 .9rem; background: #fff; border: 1px solid #dde2e8; border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; text-align: left; border-bottom: 1px solid #eef1f4; }
th { color: #5b6675; font-weight: 500; } .right { text-align: right; }
.muted { color: #5b6675; } .good { color: #1c7a45; font-weight: 600; }
.bad { color: #b3261e; font-weight: 600; } .code { font-weight: 600; }
"""  # noqa: E501


def evaluation_markdown(record: Record) -> str:
    """Return the whole evaluation as Markdown."""
    blocks = [*evaluation_blocks(record), *evaluation_details(record)]
    return _markdown("Evaluation", blocks)


def evaluation_html(record: Record) -> str:
    """Return the whole evaluation as one HTML page with its plots."""
    return _html(
        "Evaluation",
        [*_sections(evaluation_blocks(record)), _figure(evaluation_plots(record))],
        _sections(evaluation_details(record)),
    )


def evaluation_plots(record: Record) -> list[str]:
    """Return the plots of an evaluation as SVG: F1, reliability, risk and coverage, chapters."""
    plots = [
        bars_svg(
            [(name, figures["f1"], "") for name, figures in record["figures"].items()],
            "F1 with its 95 % interval",
        )
    ]
    for system, bins in record["calibration"].items():
        plots.append(reliability_svg(bins, f"{system}: calibration"))
        plots.append(
            risk_coverage_svg(record["risk_coverage"][system], f"{system}: risk and coverage")
        )
    for system, parts in record["breakdown"]["chapter"].items():
        rows = [(p["name"], p["f1"], f"{p['n_gold']} codes") for p in parts[:_BARS]]
        plots.append(bars_svg(rows, f"{system}: F1 by chapter"))
    return plots


def comparison_markdown(record: Record) -> str:
    """Return a comparison as Markdown."""
    return _markdown("Comparison", comparison_blocks(record))


def comparison_html(record: Record) -> str:
    """Return a comparison as one HTML page."""
    return _html("Comparison", _sections(comparison_blocks(record)))


# -- blocks as Markdown --------------------------------------------------------------------


def _markdown(title: str, blocks: Iterable[Block]) -> str:
    return "\n".join([f"# {title}", "", *(line for b in blocks for line in _lines(b))])


def _lines(block: Block) -> Iterator[str]:
    if block.heading:
        yield from (f"## {_plain(block.heading)}", "")
    if block.columns:
        yield _row([c.name for c in block.columns])
        yield "|" + "|".join("---:" if c.right else "---" for c in block.columns) + "|"
        for row in block.rows:
            yield _row([_words(cell) for cell in row])
        yield ""
    else:
        for (cell,) in block.rows:
            yield from (_plain(_words(cell)), "")


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(_plain, cells)) + " |"


def _words(cell: Cell) -> str:
    return "".join(text for text, _ in cell)


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    return _MARKS.sub(r"\\\1", _CONTROL.sub(" ", text))


# -- blocks as HTML ------------------------------------------------------------------------


def _html(title: str, *parts: Iterable[str]) -> str:
    body = "\n".join(piece for part in parts for piece in part)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>codesuggest: {title}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{title}</h1>\n{body}\n</body></html>\n"
    )


def _figure(plots: Sequence[str]) -> str:
    return f'<div class="plots">{"".join(plots)}</div>'


def _sections(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        if block.heading:
            yield f"<h2>{escape(block.heading)}</h2>"
        if not block.columns:
            yield from (f"<p>{_spans(cell)}</p>" for (cell,) in block.rows)
            continue
        sides = [' class="right"' if c.right else "" for c in block.columns]
        head = "".join(
            f"<th{side}>{escape(c.name)}</th>" for c, side in zip(block.columns, sides, strict=True)
        )
        rows = "\n".join(
            "<tr>"
            + "".join(
                f"<td{side}>{_spans(cell)}</td>" for cell, side in zip(row, sides, strict=True)
            )
            + "</tr>"
            for row in block.rows
        )
        yield f'<div class="wide"><table><tr>{head}</tr>\n{rows}</table></div>'


def _spans(cell: Cell) -> str:
    return "".join(
        escape(text) if style == "plain" else f'<span class="{style}">{escape(text)}</span>'
        for text, style in cell
    )
