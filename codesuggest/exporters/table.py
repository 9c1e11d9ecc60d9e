"""What the terminal shows, laid out as plain data; the command line gives it colour and width.

A `Block` is a heading over a grid. A cell is a sequence of ``(text, style)`` runs; styles are
names from `STYLES`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codesuggest.exporters.evidence import REASONS, cue_words, outermost, shown, telling
from codesuggest.schema import Mention, Suggestion, SuggestionSet, SuppressedMention

__all__ = [
    "STYLES",
    "Block",
    "Column",
    "code_blocks",
    "hit_blocks",
    "note_blocks",
    "reason_blocks",
]

#: Names of styles, by what they say, and how a terminal shows them.
STYLES = {
    "plain": "none",
    "heading": "bold",
    "code": "bold cyan",
    "strong": "bold",
    "muted": "bright_black",
    "good": "bold green",
    "warning": "yellow",
    "bad": "red",
}

Run = tuple[str, str]
Cell = tuple[Run, ...]

_WORDS = 76
_MOST_EVIDENCE = 3
_MOST_ALTERNATIVES = 3
_MOST_CHILDREN = 30
#: Alternatives with less confidence are not worth a line.
_LEAST = 0.02


@dataclass(frozen=True, slots=True)
class Column:
    """A column; one with `share` takes that part of the width that the fixed ones leave."""

    name: str
    share: int = 0
    right: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A heading over rows of cells; without columns, a row is a line of its own."""

    heading: str
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    rule: bool = False


def _cell(text: str, style: str = "plain") -> Cell:
    return ((text, style),)


def _line(text: str, style: str = "plain") -> tuple[Cell, ...]:
    return (_cell(text, style),)


# -- a note --------------------------------------------------------------------------------


def note_blocks(result: SuggestionSet) -> Iterator[Block]:
    """Lay out one note: recommended, alternatives, below the operating point, not coded."""
    recommended = result.recommended
    below = [s for s in result if not result.is_recommended(s)]
    yield _head(result, len(recommended))
    if not result.suggestions and not result.suppressed:
        yield Block("", rows=(_line("Nothing was found that could be coded.", "muted"),))
    if recommended:
        yield Block("Recommended", _CODE_COLUMNS, tuple(_code_row(s, result) for s in recommended))
    edits = tuple(_edit_rows(recommended))
    if edits:
        yield Block("Coding rules", (Column("Code"), Column("Finding", 1)), edits)
    alternatives = tuple(_alternative_rows(recommended))
    if alternatives:
        columns = (
            Column("Instead of"),
            Column("Code"),
            Column("Title", 1),
            Column("Conf.", 0, True),
        )
        yield Block("Alternatives", columns, alternatives)
    if below:
        yield Block(
            "Below the operating point",
            _CODE_COLUMNS,
            tuple(_code_row(s, result, 1) for s in below),
        )
    if result.suppressed:
        columns = (Column("Why"), Column("Cue", 3), Column("Words", 5), Column("Would be", 6))
        yield Block("Found and not coded", columns, tuple(_suppressed_rows(result.suppressed)))
    yield Block("", rows=tuple(_release_lines(result)))


_CODE_COLUMNS = (
    Column("System"),
    Column("Code"),
    Column("Title", 4),
    Column("Conf.", 0, True),
    Column("Words that support it", 5),
)


def _head(result: SuggestionSet, recommended: int) -> Block:
    parts = [shown(result.note_id) if result.note_id is not None else "note"]
    if result.document_kind:
        parts.append(result.document_kind.replace("_", " "))
    if result.setting:
        parts.append(f"{result.setting} (guessed)" if result.setting_guessed else result.setting)
    parts.append(f"{recommended} recommended of {len(result)}")
    return Block(" · ".join(parts), rule=True)


def _code_row(s: Suggestion, result: SuggestionSet, most: int = _MOST_EVIDENCE) -> tuple[Cell, ...]:
    style = "good" if result.is_recommended(s) else "muted"
    return (
        _cell(s.system, "muted"),
        _cell(s.code, "code"),
        _cell(shown(s.title)),
        _cell(f"{s.confidence:.2f}", style),
        _evidence_cell(s, most),
    )


def _evidence_cell(s: Suggestion, most: int) -> Cell:
    runs: list[Run] = []
    if s.withheld:
        held = next(e for e in s.edits if e.severity == "withhold")
        runs += [(f"held back: {shown(held.message)}", "warning"), ("\n", "plain")]
    mentions = telling(s.evidence)
    for mention in mentions[:most]:
        runs += [*_words(mention), ("\n", "plain")]
    if runs:
        runs.pop()
    if len(mentions) > most:
        runs.append((f" and {len(mentions) - most} more", "muted"))
    return tuple(runs)


def _words(mention: Mention) -> list[Run]:
    runs = [(f"“{shown(mention.text, _WORDS)}”", "plain")]
    if mention.section and mention.section.title:
        runs.append((f" {shown(mention.section.title, 30)}", "muted"))
    return runs


def _edit_rows(suggestions: Sequence[Suggestion]) -> Iterator[tuple[Cell, ...]]:
    for s in suggestions:
        for edit in s.edits:
            style = "warning" if edit.severity != "info" else "plain"
            yield (_cell(s.code, "code"), _cell(shown(edit.message), style))


def _alternative_rows(suggestions: Sequence[Suggestion]) -> Iterator[tuple[Cell, ...]]:
    taken = {s.code for s in suggestions}
    for s in suggestions:
        name = s.code
        others = [a for a in s.alternatives if a.code not in taken and a.confidence >= _LEAST]
        for other in others[:_MOST_ALTERNATIVES]:
            yield (
                _cell(name, "muted"),
                _cell(other.code, "code"),
                _cell(shown(other.title)),
                _cell(f"{other.confidence:.2f}", "muted"),
            )
            name = ""


def _suppressed_rows(items: Sequence[SuppressedMention]) -> Iterator[tuple[Cell, ...]]:
    order = {reason: number for number, reason in enumerate(REASONS)}
    last = None
    for item in sorted(outermost(items), key=lambda i: order.get(i.reason, len(order))):
        reason = item.reason if item.reason != last else ""
        last = item.reason
        title = f" {shown(item.title)}" if item.title else ""
        yield (
            _cell(reason, "strong"),
            _cell(cue_words(item), "muted"),
            tuple(_words(item.mention)),
            ((item.code or "", "code"), (title, "muted")),
        )


def _release_lines(result: SuggestionSet) -> Iterator[tuple[Cell, ...]]:
    for warning in result.warnings:
        yield _line(f"Notice: {shown(warning)}", "warning")
    releases = " · ".join(f"{name} {release}" for name, release in result.releases.items())
    yield _line(f"{releases} · model {result.model_version}", "muted")


# -- codes ---------------------------------------------------------------------------------

_NOTE_KINDS = {
    "includes": "Includes",
    "inclusion_terms": "Also called",
    "excludes1": "Excludes1: not coded here",
    "excludes2": "Excludes2: not included here",
    "code_first": "Code first",
    "use_additional": "Use additional code",
    "code_also": "Code also",
    "notes": "Note",
    "seventh": "7th character",
}


def hit_blocks(hits: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    """Lay out what a search found as the tree that coders know.

    Parameters
    ----------
    hits : sequence of mappings
        Of `codesuggest.exporters.tabular.hit_tree`: best first; codes of one category come
        together where its best stands.
    """
    if not hits:
        yield Block("", rows=(_line("Nothing was found.", "muted"),))
        return
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for hit in hits:
        groups.setdefault(hit["category"]["code"], []).append(hit)
    columns = (Column("System"), Column("Code"), Column("Title", 1), Column(""))
    rows: list[tuple[Cell, ...]] = []
    for group in groups.values():
        category = group[0]["category"]
        below = category["code"] != group[0]["code"]
        if below:
            rows.append(
                (
                    _cell(category["system"], "muted"),
                    _cell(category["code"], "muted"),
                    _cell(category["title"], "muted"),
                    _cell(""),
                )
            )
            rows.extend(_told(category))
        for hit in group:
            rows.extend(_hit_rows(hit, indented=below))
        if not below:
            rows.extend(_told(category))
    yield Block("", columns, tuple(rows))


def _hit_rows(hit: Mapping[str, Any], *, indented: bool) -> Iterator[tuple[Cell, ...]]:
    margin = "  " if indented else ""
    yield (
        _cell("" if indented else hit["system"], "muted"),
        _cell(margin + hit["code"], "code"),
        _cell(hit["title"]),
        _cell("" if hit["billable"] else "header", "muted"),
    )
    yield from _told(hit)


def _told(record: Mapping[str, Any]) -> Iterator[tuple[Cell, ...]]:
    for kind, texts in record.get("notes", {}).items():
        name = _NOTE_KINDS.get(kind, kind).partition(":")[0]
        # "any associated:" introduces the notes that follow it
        said = "; ".join(texts).replace(":; ", ": ")
        yield _cell(""), _cell(""), _cell(f"{name}: {said}", "muted"), _cell("")


def code_blocks(record: Mapping[str, Any]) -> Iterator[Block]:
    """Lay out what `codesuggest.exporters.tabular.code_record` says about a code."""
    known = record["title"] is not None
    title = f"{record['code']}  {record['title']}" if known else record["code"]
    yield Block(title, rule=True)
    dates = [record["valid_from"] or "", record["valid_to"] or ""]
    valid = f", {dates[0]} to {dates[1]}" if any(dates) else ""
    lines = [_line(f"{record['system']} {record['release']}{valid}")]
    if record["source"]:
        lines.append(_line(record["source"], "muted"))
    if record["billable"]:
        until = "" if record["message"] == record["title"] else f": {record['message']}"
        lines.append(_line(f"reportable{until}", "good"))
    else:
        lines.append(_line(f"not reportable: {record['message']}", "bad"))
    yield Block("", rows=tuple(lines))
    if not known:
        yield from _coded("Probably meant", record["suggestions"])
        return
    if record["ancestors"]:
        rows = tuple(
            (_cell("  " * depth + code["code"], "code"), _cell(code["title"]))
            for depth, code in enumerate([*record["ancestors"], record])
        )
        yield Block("Place in the tree", (Column(""), Column("", 1)), rows)
    seventh = record["status"] == "seventh_missing"
    yield from _coded("With its 7th character" if seventh else "Codes below", record["children"])
    for kind, texts in record["notes"].items():
        yield Block(_NOTE_KINDS.get(kind, kind), rows=tuple(_line(f"  {text}") for text in texts))


def reason_blocks(record: Mapping[str, Any]) -> Iterator[Block]:
    """Lay out why a code got its confidence."""
    yield Block(f"{record['code']}  {record['title']}", rule=True)
    rows = tuple(
        (
            _cell(f"{reason['effect']:+.2f}", "good" if reason["effect"] > 0 else "bad"),
            _cell(reason["words"]),
            _cell(f"{reason['value']:g}"),
            _cell(f"{reason['usual']:g}", "muted"),
        )
        for reason in record["reasons"]
    )
    if not rows:
        yield Block("", rows=(_line("made by a coding rule from other codes of the note"),))
        return
    columns = (Column("Effect", right=True), Column("What", 1), Column("Here"), Column("Usually"))
    yield Block("", columns, rows)


def _coded(heading: str, codes: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    if not codes:
        return
    rows = [
        (
            _cell(c["code"], "code"),
            _cell(c["title"]),
            _cell("" if c["billable"] else "header", "muted"),
        )
        for c in codes[:_MOST_CHILDREN]
    ]
    if len(codes) > _MOST_CHILDREN:
        rows.append(
            (_cell(""), _cell(f"and {len(codes) - _MOST_CHILDREN} more", "muted"), _cell(""))
        )
    yield Block(heading, (Column(""), Column("", 1), Column("")), tuple(rows))
