"""One self-contained page: the notes with their mentions marked, the suggestions beside them.

The page loads nothing: a content security policy forbids it, and only its own script runs.
Removing the tags of a marked note and unescaping the rest gives the text back exactly.
"""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from itertools import groupby, pairwise

from codesuggest.exporters.evidence import REASONS, cue_words, outermost, shown, telling, why
from codesuggest.schema import (
    Edit,
    Mention,
    Note,
    Section,
    Suggestion,
    SuggestionSet,
    SuppressedMention,
)

__all__ = ["Span", "highlight", "html_chunks", "html_page"]

_TAGS = {
    "negated": "no",
    "family": "family",
    "historical": "past",
    "resolved": "resolved",
    "uncertain": "?",
    "hypothetical": "if",
    "planned": "plan",
}
_LEGEND = (
    ("diagnosis present", "diagnosis", ""),
    ("procedure present", "procedure", ""),
    ("supply present", "supply", ""),
    ("diagnosis present faint", "found, too weak to recommend", ""),
    ("diagnosis negated", "ruled out or denied", "no"),
    ("diagnosis family", "family history", "family"),
    ("diagnosis historical", "in the past, resolved", "past"),
    ("diagnosis uncertain", "uncertain", "?"),
    ("diagnosis hypothetical", "conditional, planned", "if"),
)


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of the text to mark.

    Parameters
    ----------
    start_char, end_char : int
        Clipped to the text; an empty span marks nothing.
    key : str
        What the page's script finds it by; no blanks.
    kind : str
        CSS classes.
    tag : str
        A word shown after the span, not part of the text.
    hint : str
        Shown on hover.
    """

    start_char: int
    end_char: int
    key: str = ""
    kind: str = ""
    tag: str = ""
    hint: str = ""


def highlight(text: str, spans: Sequence[Span], backdrop: Sequence[Span] = ()) -> str:
    """Return `text` as HTML with `spans` marked; they may overlap.

    Parameters
    ----------
    text : str
    spans : sequence of Span
        Where several cover a character, the first gives its look and all their keys stay.
    backdrop : sequence of Span
        Marked under `spans`: their classes are added, they have no tag and no hint.
    """
    everything = [*spans, *backdrop]
    opening: dict[int, list[int]] = defaultdict(list)
    closing: dict[int, list[int]] = defaultdict(list)
    for number, span in enumerate(everything):
        start, end = max(span.start_char, 0), min(span.end_char, len(text))
        if start < end:
            opening[start].append(number)
            closing[end].append(number)
    out: list[str] = []
    active: set[int] = set()
    for start, end in pairwise(sorted({0, len(text), *opening, *closing})):
        active.difference_update(closing[start])
        active.update(opening[start])
        piece = escape(text[start:end])
        out.append(_marked(piece, end, sorted(active), everything, len(spans)) if active else piece)
    return "".join(out)


def _marked(piece: str, end: int, active: list[int], spans: Sequence[Span], n_spans: int) -> str:
    upper = [spans[i] for i in active if i < n_spans]
    kinds = [*[s.kind for s in upper[:1]], *[spans[i].kind for i in active if i >= n_spans]]
    keys = [spans[i].key for i in active if spans[i].key]
    attributes = f' class="{escape(" ".join(dict.fromkeys(kinds)))}"'
    if keys:
        attributes += f' data-m="{escape(" ".join(dict.fromkeys(keys)))}"'
    if not upper:
        return f"<span{attributes}>{piece}</span>"
    first = upper[0]
    if first.tag and first.end_char == end:
        attributes += f' data-tag="{escape(first.tag)}"'
    if first.hint:
        attributes += f' title="{escape(first.hint)}"'
    return f"<mark{attributes}>{piece}</mark>"


# -- a note --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Marks:
    """The spans of one note and the keys by which its suggestions find them."""

    spans: tuple[Span, ...]
    backdrop: tuple[Span, ...]
    keys: Mapping[Mention, str]

    def of(self, mentions: Iterable[Mention]) -> str:
        return " ".join(dict.fromkeys(self.keys[m] for m in mentions))

    def with_cues(self, mention: Mention) -> str:
        cues = (
            _cue_key(c.start_char, c.end_char) for c in mention.assertion.cues if c.start_char >= 0
        )
        return " ".join(dict.fromkeys((self.keys[mention], *cues)))


def _cue_key(start_char: int, end_char: int) -> str:
    return f"c{start_char}-{end_char}"


def _marks(text: str, result: SuggestionSet) -> _Marks:
    codes: dict[Mention, list[str]] = {}
    strength: dict[Mention, tuple[int, int]] = {}
    for s in result:
        for mention in s.evidence:
            codes.setdefault(mention, []).append(f"{s.code} {s.confidence:.2f}")
            rank = 0 if result.is_recommended(s) else 2
            strength[mention] = min(
                strength.get(mention, (9, 0)), (rank, mention.start_char - mention.end_char)
            )
    for item in result.suppressed:
        codes.setdefault(item.mention, []).append(f"not coded: {why(item.reason)}")
        # what a cue speaks about stands above what is too weak to recommend
        rank = 3 if item.mention.assertion.status == "present" else 1
        strength.setdefault(item.mention, (rank, item.mention.start_char - item.mention.end_char))
    ordered = sorted(strength, key=lambda m: (*strength[m], m.start_char))
    keys = {mention: f"m{number}" for number, mention in enumerate(ordered)}
    spans = []
    for mention in ordered:
        status = mention.assertion.status
        faint = "" if strength[mention][0] < 2 else " faint"
        hint = f"{mention.label.lower()}, {status}: {'; '.join(codes[mention][:4])}"
        spans.append(
            Span(
                mention.start_char,
                mention.end_char,
                keys[mention],
                f"{mention.label.lower()} {status}{faint}",
                _TAGS.get(status, ""),
                shown(hint),
            )
        )
    cues = {
        (c.start_char, c.end_char) for m in ordered for c in m.assertion.cues if c.start_char >= 0
    }
    backdrop = [
        *(Span(start, end, _cue_key(start, end), "cue") for start, end in sorted(cues)),
        *_headers(text, result.sections),
    ]
    return _Marks(tuple(spans), tuple(backdrop), keys)


def _headers(text: str, sections: Iterable[Section]) -> Iterator[Span]:
    for section in sections:
        end = section.start_char + len(section.title)
        if section.title and text[section.start_char : end] == section.title:
            yield Span(section.start_char, end, kind="header")


def _article(note: Note, result: SuggestionSet, anchor: str) -> str:
    marks = _marks(note.text, result)
    recommended = result.recommended
    below = [s for s in result if not result.is_recommended(s)]
    facts = []
    if result.document_kind:
        facts.append(result.document_kind.replace("_", " "))
    if result.setting:
        facts.append(result.setting + (" (guessed)" if result.setting_guessed else ""))
    if note.encounter_date:
        facts.append(note.encounter_date.isoformat())
    notices = "".join(f'<p class="notice">{escape(shown(w))}</p>' for w in result.warnings)
    cards = "".join(_card(s, marks) for s in recommended)
    empty = '<p class="empty">No code reaches the operating point.</p>'
    lower = "".join(_card(s, marks) for s in below)
    not_coded = _not_coded(result.suppressed, marks)
    return (
        f'<article id="{anchor}"><header><h2>{escape(_name(note, result))}</h2>'
        f"<p>{escape(' · '.join(facts))}</p></header>"
        f'{notices}<div class="columns"><div class="text" dir="auto">'
        f"{highlight(note.text, marks.spans, marks.backdrop)}</div><aside>"
        f"<h3>Recommended <span>{len(recommended)}</span></h3>{cards or empty}"
        f"{_folded('Below the operating point', len(below), lower)}"
        f"{_folded('Found and not coded', len(result.suppressed), not_coded)}"
        "</aside></div></article>\n"
    )


def _name(note: Note, result: SuggestionSet) -> str:
    given = result.note_id if result.note_id is not None else note.note_id
    return shown(given) if given is not None else "note"


def _folded(title: str, count: int, body: str) -> str:
    if not count:
        return ""
    return f"<details><summary>{escape(title)} <span>{count}</span></summary>{body}</details>"


def _card(s: Suggestion, marks: _Marks) -> str:
    percent = round(100 * s.confidence)
    quotes = "".join(f"<li>{_quote(m)}</li>" for m in telling(s.evidence)[:3])
    others = "".join(
        f"<li><b>{escape(a.code)}</b> {escape(shown(a.title))} <i>{a.confidence:.2f}</i></li>"
        for a in s.alternatives
    )
    more = f"<details><summary>Alternatives</summary><ul>{others}</ul></details>" if others else ""
    return (
        f'<section class="card"><button type="button" aria-pressed="false" '
        f'data-evidence="{escape(marks.of(s.evidence))}">'
        f'<span class="top"><b>{escape(s.code)}</b><small>{escape(s.system)}</small>'
        f'<span class="bar"><span style="width:{percent}%"></span></span>'
        f"<i>{s.confidence:.2f}</i></span>"
        f'<span class="title">{escape(shown(s.title))}</span></button>'
        f'<ul class="quotes">{quotes}</ul>{"".join(map(_edit, s.edits))}{more}</section>'
    )


def _edit(edit: Edit) -> str:
    held = "Held back: " if edit.severity == "withhold" else ""
    return f'<p class="edit {escape(edit.severity)}">{held}{escape(shown(edit.message))}</p>'


def _quote(mention: Mention) -> str:
    section = ""
    if mention.section and mention.section.title:
        section = f" <small>{escape(shown(mention.section.title))}</small>"
    return f"<q><bdi>{escape(shown(mention.text, 120))}</bdi></q>{section}"


def _not_coded(items: Sequence[SuppressedMention], marks: _Marks) -> str:
    order = {reason: number for number, reason in enumerate(REASONS)}
    ranked = sorted(outermost(items), key=lambda item: order.get(item.reason, len(order)))
    out = []
    for reason, group in groupby(ranked, key=lambda item: item.reason):
        out.append(f"<h4>{escape(why(reason))}</h4>")
        for item in group:
            cue = cue_words(item)
            cue = f" <small>{escape(cue)}</small>" if cue else ""
            code = (
                f"<b>{escape(item.code)}</b> {escape(shown(item.title or ''))}" if item.code else ""
            )
            out.append(
                '<button type="button" class="row" aria-pressed="false" '
                f'data-evidence="{escape(marks.with_cues(item.mention))}">'
                f"<bdi>{escape(shown(item.mention.text, 80))}</bdi>{cue}"
                f'<span class="title">{code}</span></button>'
            )
    return "".join(out)


# -- the page ------------------------------------------------------------------------------


def html_page(pairs: Iterable[tuple[Note, SuggestionSet]]) -> str:
    """Return one page for all notes, each beside its suggestions."""
    articles, links = [], []
    releases: dict[str, str] = {}
    version = ""
    for number, (note, result) in enumerate(pairs, 1):
        anchor = f"note-{number}"
        articles.append(_article(note, result, anchor))
        links.append(
            f'<li><a href="#{anchor}">{escape(_name(note, result))}</a> '
            f"<small>{escape(', '.join(s.code for s in result.recommended))}</small></li>"
        )
        releases.update(result.releases)
        version = result.model_version
    contents = f"<nav><ol>{''.join(links)}</ol></nav>" if len(links) > 1 else ""
    used = " · ".join(f"{name} {release}" for name, release in releases.items())
    legend = "".join(
        f'<li><mark class="{kind}"{f" data-tag={chr(34)}{tag}{chr(34)}" if tag else ""}>'
        f"{escape(label)}</mark></li>"
        for kind, label, tag in _LEGEND
    )
    folder = files("codesuggest.exporters")
    style = folder.joinpath("page.css").read_text(encoding="utf-8")
    script = folder.joinpath("page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    title = "codesuggest" if len(links) != 1 else "codesuggest: one note"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"<header><h1>codesuggest</h1><p>{escape(used)} · model {escape(version)}</p></header>\n"
        f'<ul class="legend">{legend}<li><span class="cue">cue</span></li></ul>\n{contents}\n'
        f"<main>\n{''.join(articles)}</main>\n"
        "<footer>Suggestions for a coder to confirm; not a claim.</footer>\n"
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def html_chunks(pairs: Iterable[tuple[Note, SuggestionSet]]) -> Iterator[str]:
    """Yield `html_page` as the other writers yield theirs."""
    yield html_page(pairs)
