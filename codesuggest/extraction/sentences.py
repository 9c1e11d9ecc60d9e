"""Sentences of clinical text: full stops, list items, headers, hard-wrapped lines.

A line break ends a sentence unless the line was wrapped: then the next line goes on in lower
case, or the line before it is long and has no full stop.
"""

from __future__ import annotations

import re

__all__ = ["sentence_starts"]

# a full stop and a capital behind it, a blank line, or any line break (judged below)
_BREAK = re.compile(
    r"[.!?][\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9•*#-])|[.!?][\"')\]]*(?=[A-Z][a-z])|\s*\n\s*|;\s+|[•]\s*"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|St|vs|No|Jr|Sr|approx|e\.g|i\.e|etc|Fig|Inc|dept|hosp)|\b[A-Z]|\d)\.$"
)
_ITEM = re.compile(r"[-*•#>]|\(?\d{1,2}[.)]\s|[A-Za-z][.)]\s|\[[ xX]?\]")
#: A line at least this long may have been wrapped at a margin.
_WRAPPED = 45


def sentence_starts(text: str) -> list[int]:
    """Return the offsets at which sentences start; the first is 0."""
    starts = [0]
    for match in _BREAK.finditer(text):
        here, end = match.group(), match.end()
        if end >= len(text) or end == starts[-1]:
            continue
        if "\n" in here and here[:1] not in ".!?":
            if here.count("\n") == 1 and not _ends_line(text, match.start(), end):
                continue
        elif here[0] == "." and _abbreviated(text, match.start(), end):
            continue
        starts.append(end)
    return starts


def _ends_line(text: str, stop: int, start: int) -> bool:
    if _ITEM.match(text, start):
        return True
    before = text[text.rfind("\n", 0, stop) + 1 : stop]
    if text[start].islower():
        return len(before) < 25 and before.rstrip().endswith((":", "."))
    return len(before) < _WRAPPED or before.rstrip().endswith((".", ":", "!", "?"))


def _abbreviated(text: str, stop: int, start: int) -> bool:
    before = text[max(0, stop - 8) : stop + 1]
    found = _ABBREVIATION.search(before)
    if not found:
        return False
    if before[found.start()].isdigit():
        # "1. Hypertension" opens an item; "at 5. The" ends a sentence
        line = text[text.rfind("\n", 0, stop) + 1 : stop]
        return line.strip().isdigit() or bool(re.search(r"[.:]\s*\d{1,2}$", line))
    return True
