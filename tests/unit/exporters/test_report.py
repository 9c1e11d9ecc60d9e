"""Reports of evaluations: Markdown, HTML, plots."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from codesuggest.exporters.figures import evaluation_blocks, evaluation_details
from codesuggest.exporters.plots import bars_svg, reliability_svg, risk_coverage_svg
from codesuggest.exporters.report import (
    comparison_html,
    comparison_markdown,
    evaluation_html,
    evaluation_markdown,
    evaluation_plots,
)

SVG = "{http://www.w3.org/2000/svg}"
FIGURE = {"value": 0.5, "low": 0.4, "high": 0.625}


@pytest.fixture
def record() -> dict[str, Any]:
    part = {"name": "E | endocrine", "n_gold": 3, "n_recommended": 2, "precision": FIGURE,
            "recall": FIGURE, "f1": FIGURE}  # fmt: skip
    return {
        "model_version": "7", "n_notes": 12, "n_unanswered": 1,
        "operating_points": {"ICD-10-CM": 0.25},
        "figures": {"ICD-10-CM": {"f1": FIGURE, "trap_rate": FIGURE}, "CPT": {"f1": FIGURE}},
        "breakdown": {"chapter": {"ICD-10-CM": [part, part], "CPT": [part]}},
        "calibration": {
            "ICD-10-CM": [{"low": 0.2, "high": 0.3, "n": 4, "confidence": 0.25, "right": 0.5}],
        },
        "risk_coverage": {
            "ICD-10-CM": [{"threshold": 0.0, "coverage": 1.0, "risk": 0.5, "recall": 0.75}],
        },
        "n_mistakes": {"no mention": {"ICD-10-CM": 2}},
        "meaning": {"f1": "harmonic mean of both"},
        "mistakes": [
            {"kind": "trap sprung", "note_id": "<b>n1</b>", "system": "ICD-10-CM", "gold": None,
             "suggested": "I10", "confidence": 0.5, "section": "hpi", "start_char": 3,
             "end_char": 9, "detail": "negated"},
            {"kind": "no mention", "note_id": "n2", "system": "ICD-10-CM", "gold": "E11.9",
             "suggested": None, "confidence": None, "section": "", "start_char": -1,
             "end_char": -1, "detail": ""},
        ],
    }  # fmt: skip


@pytest.fixture
def compared() -> dict[str, Any]:
    def row(difference: float, differs: bool) -> dict[str, Any]:
        return {"first": 0.5, "second": 0.5 + difference, "difference": difference, "low": -0.1,
                "high": 0.1, "differs": differs}  # fmt: skip

    return {
        "names": ["old", "new"], "n_notes": 12,
        "differences": {"CPT": {"f1": row(0.1, True), "ece": row(0.1, True), "map": row(0, False)}},
    }  # fmt: skip


class Tags(HTMLParser):
    """Counts elements and sees that each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_markdown_has_whole_tables(record: dict[str, Any]) -> None:
    text = evaluation_markdown(record)
    assert "12 coded notes · model 7 · 1 refused, they score zero" in text
    assert "| F1 | 0.500 0.40–0.62 | 0.500 0.40–0.62 |" in text
    assert "| trap rate | 0.500 0.40–0.62 | – |" in text
    assert "| E \\| endocrine | 3 | 2 |" in text
    assert "| \\<b\\>n1\\</b\\> | trap sprung: negated | ICD-10-CM |  | I10 | 0.50 |" in text
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    for table in tables:
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1
    assert len(tables) == 7


def test_html_is_one_closed_page(record: dict[str, Any]) -> None:
    page = evaluation_html(record)
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.seen.count("svg") == len(evaluation_plots(record)) == 5
    assert {"script", "img", "link", "b"}.isdisjoint(tags.seen)
    assert "&lt;b&gt;n1&lt;/b&gt;" in page
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", page) == []


def test_a_part_alone_is_no_breakdown(record: dict[str, Any]) -> None:
    headings = [b.heading for b in evaluation_details(record)]
    assert "ICD-10-CM by chapter" in headings
    assert "CPT by chapter" not in headings


def test_small_parts_are_summed_up(record: dict[str, Any]) -> None:
    record["breakdown"]["chapter"]["ICD-10-CM"] *= 15
    block = next(b for b in evaluation_details(record) if b.heading == "ICD-10-CM by chapter")
    assert (len(block.rows), block.rows[-1][0][0][0]) == (26, "and 5 smaller ones")
    assert {len(row) for row in block.rows} == {len(block.columns)}


def test_words_have_a_column_only_where_asked(record: dict[str, Any]) -> None:
    assert [c.name for c in list(evaluation_details(record))[-1].columns][-1] == "offsets"
    for mistake in record["mistakes"]:
        mistake["words"] = "chest\npain"
    assert [c.name for c in list(evaluation_details(record))[-1].columns][-1] == "words"
    assert "chest pain |" in evaluation_markdown(record)


def test_no_mistakes_no_table(record: dict[str, Any]) -> None:
    record["n_mistakes"], record["mistakes"] = {}, []
    names = [c.name for b in evaluation_blocks(record) for c in b.columns]
    assert "Mistakes" not in names
    assert [b.heading for b in evaluation_details(record)][-1].startswith("What the figures")


def test_comparison(compared: dict[str, Any]) -> None:
    text = comparison_markdown(compared)
    assert "12 coded notes" in text
    assert "second  new" in text
    assert "| F1 | 0.500 | 0.600 | +0.100 | -0.100 to +0.100 |" in text
    page = comparison_html(compared)
    # a calibration error that rises is bad; what does not differ has no colour
    assert page.count('class="good"') == 1
    assert page.count('class="bad"') == 1


@pytest.mark.parametrize(
    "svg",
    [
        reliability_svg([{"n": 4, "confidence": 0.25, "right": 0.5}], "a < b"),
        reliability_svg([], "a < b"),
        risk_coverage_svg([{"coverage": 1.0, "risk": 0.5, "recall": 0.75}], "a < b"),
        risk_coverage_svg([], "a < b"),
        bars_svg([("x" * 40, FIGURE, "& more")], "a < b"),
        bars_svg([], "a < b"),
    ],
    ids=["reliability", "no bin", "risk", "no point", "bars", "no bar"],
)
def test_plots_are_drawings_with_a_title(svg: str) -> None:
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert root.get("aria-label") == "a < b"
    assert "a < b" in [e.text for e in root.iter(f"{SVG}text")]


def test_a_perfect_point_lies_on_the_diagonal() -> None:
    root = ElementTree.fromstring(
        reliability_svg([{"n": 1, "confidence": 1.0, "right": 1.0}], "perfect")
    )
    (circle,) = root.iter(f"{SVG}circle")
    (diagonal, _) = root.iter(f"{SVG}polyline")
    end = str(diagonal.get("points")).split()[-1]
    assert f"{circle.get('cx')},{circle.get('cy')}" == end


def test_a_bar_is_as_long_as_its_figure() -> None:
    root = ElementTree.fromstring(bars_svg([("x", FIGURE, "")], "bars"))
    (bar,) = root.iter(f"{SVG}rect")
    assert bar.get("width") == "150.0"
