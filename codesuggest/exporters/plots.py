"""Plots as inline SVG: reliability, risk and coverage, bars with intervals.

Drawn by hand so that a report is one file that needs no library and no network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

__all__ = ["bars_svg", "reliability_svg", "risk_coverage_svg"]

_SIDE, _LEFT, _TOP, _BOTTOM, _RIGHT = 220, 54, 30, 42, 16
_INK, _SOFT, _LINE, _BLUE, _RED = "#1d2530", "#5b6675", "#dde2e8", "#1f6fb2", "#c2453c"
_ROW, _NAMES, _BAR = 24, 190, 300


def reliability_svg(bins: Sequence[Mapping[str, float]], title: str) -> str:
    """Draw how often suggestions are right against their confidence; the diagonal is perfect.

    The area of a point is proportional to the number of suggestions in its bin.
    """
    most = max((b["n"] for b in bins), default=1)
    parts = [_square(title, "confidence", "share that is right")]
    parts.append(_path([(0, 0), (1, 1)], _SOFT, "4 4"))
    parts.append(_path([(b["confidence"], b["right"]) for b in bins], _BLUE))
    for b in bins:
        radius = 2 + 7 * (b["n"] / most) ** 0.5
        words = f"{b['n']:.0f} suggestions, mean {b['confidence']:.2f}, right {b['right']:.2f}"
        parts.append(
            f'<circle cx="{_x(b["confidence"]):.1f}" cy="{_y(b["right"]):.1f}" r="{radius:.1f}" '
            f'fill="{_BLUE}" fill-opacity=".35" stroke="{_BLUE}"><title>{words}</title></circle>'
        )
    return _svg(parts, _LEFT + _SIDE + _RIGHT, _TOP + _SIDE + _BOTTOM, title)


def risk_coverage_svg(points: Sequence[Mapping[str, float]], title: str) -> str:
    """Draw the share of wrong suggestions, and recall, against the share that is kept."""
    parts = [_square(title, "coverage", "risk and recall")]
    for number, (name, colour) in enumerate((("recall", _BLUE), ("risk", _RED))):
        parts.append(_path([(p["coverage"], p[name]) for p in points], colour))
        parts.append(_text(_LEFT + 8, _TOP + 16 + 15 * number, name, colour, "start", "600"))
    return _svg(parts, _LEFT + _SIDE + _RIGHT, _TOP + _SIDE + _BOTTOM, title)


def bars_svg(rows: Sequence[tuple[str, Mapping[str, float], str]], title: str) -> str:
    """Draw a bar a row with its interval; a row is a name, a figure and a remark at the end."""
    height = _TOP + _ROW * len(rows) + 26
    parts = [_text(4, 18, title, _INK, "start", "600")]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = _NAMES + _BAR * tick
        parts.append(
            f'<line x1="{x}" x2="{x}" y1="{_TOP}" y2="{height - 22}" stroke="{_LINE}"/>'
            + _text(x, height - 8, f"{tick:g}", _SOFT, "middle")
        )
    for number, (name, figure, remark) in enumerate(rows):
        y = _TOP + _ROW * number
        middle = y + _ROW / 2
        low, high = (_NAMES + _BAR * figure[end] for end in ("low", "high"))
        words = f"{figure['value']:.3f}, 95 % {figure['low']:.3f} to {figure['high']:.3f}"
        parts += [
            f"<g><title>{words}</title>",
            _text(_NAMES - 8, middle + 4, _short(name), _INK, "end"),
            f'<rect x="{_NAMES}" y="{y + 5}" width="{_BAR * figure["value"]:.1f}" '
            f'height="{_ROW - 10}" rx="2" fill="{_BLUE}" fill-opacity=".35"/>',
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}" stroke="{_BLUE}" '
            'stroke-width="2"/>',
            _text(_NAMES + _BAR + 10, middle + 4, f"{figure['value']:.2f}  {remark}", _SOFT),
            "</g>",
        ]
    return _svg(parts, _NAMES + _BAR + 150, height, title)


def _svg(parts: Sequence[str], width: float, height: float, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{escape(title)}" '
        f'font-family="system-ui, sans-serif" font-size="12">{"".join(parts)}</svg>'
    )


def _square(title: str, below: str, beside: str) -> str:
    """Return the frame of a plot over the unit square."""
    parts = [_text(_LEFT, 18, title, _INK, "start", "600")]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = _x(tick), _y(tick)
        parts += [
            f'<line x1="{x}" x2="{x}" y1="{_TOP}" y2="{_TOP + _SIDE}" stroke="{_LINE}"/>',
            f'<line x1="{_LEFT}" x2="{_LEFT + _SIDE}" y1="{y}" y2="{y}" stroke="{_LINE}"/>',
            _text(x, _TOP + _SIDE + 15, f"{tick:g}", _SOFT, "middle"),
            _text(_LEFT - 6, y + 4, f"{tick:g}", _SOFT, "end"),
        ]
    parts.append(_text(_x(0.5), _TOP + _SIDE + 33, below, _SOFT, "middle"))
    middle = _TOP + _SIDE / 2
    parts.append(
        f'<text transform="translate(12 {middle}) rotate(-90)" text-anchor="middle" '
        f'fill="{_SOFT}">{escape(beside)}</text>'
    )
    return "".join(parts)


def _x(value: float) -> float:
    return _LEFT + _SIDE * value


def _y(value: float) -> float:
    return _TOP + _SIDE * (1 - value)


def _path(points: Sequence[tuple[float, float]], colour: str, dashes: str = "") -> str:
    line = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
    dash = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.8"{dash}/>'


def _text(
    x: float, y: float, words: Any, colour: str, anchor: str = "start", weight: str = "400"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{escape(str(words))}</text>'
    )


def _short(name: str) -> str:
    return name if len(name) <= 28 else name[:27] + "…"
