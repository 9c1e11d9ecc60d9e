"""Whether sections are told apart whatever way their headers are written.

Sections of a corpus that knows their kinds are put together to short notes again and again, each
time with the headers written in another style. A header is right when it opens a section of its
kind; a section is right when its first word lies in such a one, which a heading inside it ("Neck:")
can spoil.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codesuggest.errors import TrainingDataError
from codesuggest.extraction.sections import SectionFinder, SectionTable
from codesuggest.terminology.words import read_csv
from codesuggest.training.evaluation.labelled_lines import read_labelled

__all__ = ["HEADER_STYLES", "LabelledSection", "measure_sections", "read_sections"]

DATA = Path(__file__).parents[1] / "data"

#: Sections of one note.
_PER_NOTE = 4

#: Styles, and how header, number and body of a section are written in them.
HEADER_STYLES: dict[str, Callable[[str, int, str], str]] = {
    "upper case": lambda header, _, body: f"{header.upper()}\n{body}\n\n",
    "title case": lambda header, _, body: f"{_title(header)}\n{body}\n\n",
    "markdown": lambda header, _, body: f"## {_title(header)}\n\n{body}\n\n",
    "numbered": lambda header, number, body: f"{number}. {_title(header)}\n{body}\n\n",
    "colon": lambda header, _, body: f"{header.capitalize()}:\n{body}\n\n",
    "run-in": lambda header, _, body: f"{header.capitalize()}: {body}\n",
    "one paragraph": lambda header, _, body: f"{header.upper()}: {body} ",
}


@dataclass(frozen=True, slots=True)
class LabelledSection:
    """The body of a section and the corpus's name of its kind."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class _Headed:
    header: str
    kinds: frozenset[str]
    label: str
    body: str


def read_sections(path: Path) -> list[LabelledSection]:
    """Read sections: one JSON object a line with ``section`` (the kind) and ``text``.

    Raises
    ------
    TrainingDataError
        The file cannot be read, or a line is not such an object.
    """
    return read_labelled(path, _section, "an object with section and text")


def _section(row: Any) -> LabelledSection | None:
    section = LabelledSection(row["section"], row["text"].strip())
    return section if section.text else None


def measure_sections(
    sections: Sequence[LabelledSection], table: SectionTable | None = None
) -> dict[str, Any]:
    """Return the share of sections whose kind is right, by style of their headers.

    Every section is read twice in each style: under the usual header of its kind and under one
    of the section table's own headers of that kind, all of them in turn.

    Returns
    -------
    dict
        ``n_sections``; ``styles``: style to ``share`` (sections right), its parts
        ``usual_header`` and ``own_header``, and ``headers`` (headers right), in [0, 1];
        ``kinds``: label to ``n`` and its ``share`` over all styles.

    Raises
    ------
    TrainingDataError
        There are no sections, or one has a label that ``data/section_labels.csv`` lacks.
    """
    table = table or SectionTable.packaged()
    usual, own = _headed(sections, table)
    finder = SectionFinder(table)
    styles: dict[str, dict[str, float]] = {}
    right_of: dict[str, list[bool]] = {}
    for style, write in HEADER_STYLES.items():
        shares, opened = [], 0
        for headed in (usual, own):
            judged = list(_judged(headed, write, finder))
            shares.append(sum(right for _, right in judged) / len(judged))
            opened += sum(header for header, _ in judged)
            for section, (_, right) in zip(headed, judged, strict=True):
                right_of.setdefault(section.label, []).append(right)
        styles[style] = {
            "share": round(sum(shares) / 2, 4),
            "usual_header": round(shares[0], 4),
            "own_header": round(shares[1], 4),
            "headers": round(opened / (2 * len(sections)), 4),
        }
    kinds = {
        label: {
            "n": len(hits) // (2 * len(HEADER_STYLES)),
            "share": round(sum(hits) / len(hits), 4),
        }
        for label, hits in sorted(right_of.items(), key=lambda item: -len(item[1]))
    }
    return {"n_sections": len(sections), "styles": styles, "kinds": kinds}


def _headed(
    sections: Sequence[LabelledSection], table: SectionTable
) -> tuple[list[_Headed], list[_Headed]]:
    """Return the sections under usual headers and under those of the table."""
    if not sections:
        raise TrainingDataError("no section to measure on; expected at least one")
    rows = read_csv(DATA / "section_labels.csv", ("label", "kinds", "headers"))
    labels = {r["label"]: (r["kinds"].split("|"), r["headers"].split("|")) for r in rows}
    headers_of: dict[str, list[str]] = {}
    for header, kind in table.kinds.items():
        # a single letter is a header in some templates and a list item everywhere else
        if len(header) > 1:
            headers_of.setdefault(kind, []).append(header)
    usual, own = [], []
    turn: dict[str, int] = {}
    for section in sections:
        if section.label not in labels:
            raise TrainingDataError(
                f"unknown kind of section {section.label!r}; expected one of {', '.join(labels)}"
            )
        kinds, names = labels[section.label]
        n = turn[section.label] = turn.get(section.label, -1) + 1
        usual.append(_Headed(names[n % len(names)], frozenset(kinds), section.label, section.text))
        headers = [h for kind in kinds for h in headers_of.get(kind, ())] or names
        header = headers[n % len(headers)]
        allowed = frozenset([table.kinds[header]] if header in table.kinds else kinds)
        own.append(_Headed(header, allowed, section.label, section.text))
    return usual, own


def _judged(
    sections: Sequence[_Headed], write: Callable[[str, int, str], str], finder: SectionFinder
) -> Iterator[tuple[bool, bool]]:
    """Yield whether the header and whether the section is right, a pair a section."""
    for first in range(0, len(sections), _PER_NOTE):
        part = sections[first : first + _PER_NOTE]
        text, starts = "", []
        for number, section in enumerate(part, 1):
            begin = len(text)
            text += write(section.header, number, section.body)
            starts.append((begin, text.rindex(section.body)))
        found = finder(text)
        for section, (begin, body) in zip(part, starts, strict=True):
            kind = next((s.kind for s in found if s.start_char <= body < s.end_char), "")
            opened = [s.kind for s in found if begin <= s.start_char < body]
            yield bool(opened) and opened[-1] in section.kinds, kind in section.kinds


def _title(header: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in header.split(" "))
