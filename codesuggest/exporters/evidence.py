"""How evidence is shown to a person: which spans, in which words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from codesuggest.schema import Cue, Mention, SuppressedMention

__all__ = ["REASONS", "cue_words", "outermost", "shown", "telling", "why"]

#: Reason of a suppressed mention to the words that a coder reads; the order of presentation.
REASONS: dict[str, str] = {
    "negated": "ruled out or denied",
    "family": "family history",
    "historical": "in the past",
    "resolved": "resolved",
    "uncertain": "uncertain",
    "hypothetical": "conditional",
    "planned": "planned, not done",
    "not reported here": "found, too weak to suggest",
    "no code": "no code fits",
}

_SPACE = re.compile(r"\s+")
# control characters could drive a terminal, bidirectional overrides could reorder the page
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def shown(text: str, limit: int | None = None) -> str:
    """Return `text` on one line, safe to print, cut after `limit` characters if given."""
    line = _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", _SPACE.sub(" ", text).strip())
    if limit is not None and len(line) > limit:
        return line[: limit - 1].rstrip() + "…"
    return line


def telling(evidence: Sequence[Mention]) -> list[Mention]:
    """Leave out mentions that lie inside another one, or say the same in the same section."""
    spans = {(m.start_char, m.end_char) for m in evidence}
    kept: dict[tuple[str, str], Mention] = {}
    for mention in evidence:
        start, end = mention.start_char, mention.end_char
        if any(a <= start and end <= b and (a, b) != (start, end) for a, b in spans):
            continue
        section = mention.section.title if mention.section else ""
        kept.setdefault((shown(mention.text).casefold(), section), mention)
    return list(kept.values())


def outermost(items: Sequence[SuppressedMention]) -> list[SuppressedMention]:
    """Leave out items that lie inside another one and would have been the same code."""
    spans: dict[tuple[str, str | None], list[tuple[int, int]]] = {}
    for item in items:
        span = (item.mention.start_char, item.mention.end_char)
        spans.setdefault((item.reason, item.code), []).append(span)
    return [
        item
        for item in items
        if not any(
            a <= item.mention.start_char
            and item.mention.end_char <= b
            and (a, b) != (item.mention.start_char, item.mention.end_char)
            for a, b in spans[item.reason, item.code]
        )
    ]


def why(reason: str) -> str:
    """Return a reason of a suppressed mention in the words that a coder reads."""
    return REASONS.get(reason, reason)


def cue_words(item: SuppressedMention) -> str:
    """Return the words that kept a mention from being coded, ``""`` when there are none."""
    cue: Cue | None = item.mention.assertion.cue
    if cue is None:
        return ""
    return f"section {shown(cue.text)}" if cue.start_char < 0 else f"“{shown(cue.text)}”"
