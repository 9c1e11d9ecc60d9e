"""List marks: the numbers of list items, which say nothing of what the item names.

"1)DM 2)CKD" is a list of two diseases, not a diabetes of type 1 and a kidney disease of stage 2.
"""

from __future__ import annotations

import numpy as np

from codesuggest.extraction.tokens import TokenLists, WordClass

__all__ = ["list_marks"]

_NUMBER, _CLOSING, _HASH = 1, 2, 3
_SIGNS = {")": _CLOSING, ".": _CLOSING, "#": _HASH}


def _kind(word: str) -> int:
    if word.isdigit() and len(word) <= 2:
        return _NUMBER
    return _SIGNS.get(word, 0)


_KINDS = WordClass(_kind, np.int8)
#: Behind these an item may begin within a line, a mark with a bracket also behind the others.
_ENDS = frozenset(".:;•")
_WEAK_ENDS = frozenset(",)")


def list_marks(text: str, tokens: TokenLists) -> list[int]:
    """Return the positions of the tokens that number the items of a list.

    A number of one or two digits with a bracket or full stop behind it ("1)", "2.", "(3)"), or
    a "#" before it, where a line, a sentence or an item begins.
    """
    kinds = _KINDS.of(tokens)
    number = kinds == _NUMBER
    if not number.any():
        return []
    closed = number.copy()
    closed[:-1] &= kinds[1:] == _CLOSING
    closed[-1:] = False
    hashed = number.copy()
    hashed[1:] &= kinds[:-1] == _HASH
    hashed[:1] = False
    return [i for i in (closed | hashed).nonzero()[0].tolist() if _begins(text, tokens, i)]


def _begins(text: str, tokens: TokenLists, place: int) -> bool:
    """Tell whether an item begins with the number at a place."""
    words, starts, ends = tokens.words, tokens.starts, tokens.ends
    first, bracket = place, place + 1 < len(words) and words[place + 1] == ")"
    if place + 1 < len(words) and words[place + 1] in ").":
        if starts[place + 1] != ends[place]:
            return False
        # "2.5" is one token, but a date or a version is several
        after = starts[place + 2] if place + 2 < len(words) else -1
        if after == ends[place + 1] and words[place + 2][:1].isdigit():
            return False
    if place and words[place - 1] in ("(", "#") and ends[place - 1] == starts[place]:
        first = place - 1
    if first == 0 or tokens.sentences[first] != tokens.sentences[first - 1]:
        return True
    before = text[ends[first - 1] : starts[first]]
    if "\n" in before:
        return True
    sign = words[first - 1]
    if sign in _ENDS:
        return True
    return (bracket or words[first] == "#") and sign in _WEAK_ENDS
