"""Attributes: side, acuity, episode, displacement, views, contrast, levels, sizes, weeks.

Phrases are data (``data/attributes.csv``); quantities are read by the patterns below.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codesuggest.extraction.phrases import PhraseTable
from codesuggest.extraction.tokens import TokenLists, WordMarks
from codesuggest.terminology.words import read_csv, tokenize

__all__ = ["AttributeFinder", "Found"]

DATA = Path(__file__).parent / "data"

_NUMBERS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
    "seven": "7", "eight": "8", "nine": "9", "ten": "10", "single": "1",
}  # fmt: skip
_NUMBER = r"(?:\d+|" + "|".join(_NUMBERS) + r")"
_QUANTITIES: tuple[tuple[str, str], ...] = (
    ("views", rf"({_NUMBER})(?:\s*-\s*|\s+|\s*(?:or|to)\s*(?:\d+|more)\s+)(?:views?|vws?|v)\b"),
    ("levels", r"([CTLS]\d{1,2}(?:\s*(?:-|–|/|to|through)\s*[CTLS]?\d{1,2})?)\b"),
    ("length_cm", r"(\d+(?:\.\d+)?)\s*-?\s*(?:cm|centimeters?)\b"),
    ("length_mm", r"(\d+(?:\.\d+)?)\s*-?\s*(?:mm|millimeters?)\b"),
    # "29w3d", "39 weeks and 4 days": nothing but a pregnancy is counted so
    ("gestation", r"(\d{1,2})\s?w(?:ee)?k?s?\s?(?:and\s|,\s?)?\d\s?d(?:ays?)?\b"),
    ("gestation", r"(\d{1,2})\s?\+?\s?\d/7\b"),
    ("weeks", r"(\d{1,2})(?:\s*(?:\+|and|-)?\s*\d/7(?:th|ths)?)?\s*-?\s*(?:weeks?|wks?)\b"),
    ("count", r"[x×]\s*(\d{1,2})\b"),
    ("minutes", r"(\d{1,3})\s*-?\s*(?:minutes?|mins?)\b"),
    ("dose_mg", r"(\d+(?:\.\d+)?)\s*(?:mg|milligrams?)\b"),
    ("bmi", r"BMI\b\D{0,12}(\d{2}(?:\.\d+)?)"),
)
#: One pattern of all, tried only at the tokens that can open one.
_QUANTITY = re.compile("|".join(pattern for _, pattern in _QUANTITIES), re.IGNORECASE)
_OPENING = re.compile(rf"\d|(?:{'|'.join(_NUMBERS)})$|[ctls]\d|[x×]\d*$|bmi$")
_SIDES = {"right": "right", "left": "left", "both": "bilateral"}
#: Attributes that count for a mention only when they stand in its own clause.
_CLOSE = frozenset({"acuity", "severity", "exacerbation", "recurrence", "control", "obstruction"})


@dataclass(slots=True)
class Found:
    """An attribute with its offsets in characters and tokens."""

    name: str
    value: str
    start_char: int
    end_char: int
    first_token: int
    sentence: int


def _sided(word: str) -> str:
    """Return the side that a chosen sense names ("od=right eye"), or an empty string."""
    side = word.partition("=")[2].partition(" ")[0]
    return _SIDES.get(side, "")


class AttributeFinder:
    """Find attributes in tokens and hand each mention its own."""

    def __init__(self) -> None:
        rows = read_csv(DATA / "attributes.csv", ("attribute", "value", "phrase"))
        self._table: PhraseTable[tuple[str, str]] = PhraseTable(
            (row["phrase"], (row["attribute"], row["value"])) for row in rows
        )
        self.words = frozenset(tokenize(row["phrase"])[0] for row in rows)
        self.vocabulary = frozenset(word for row in rows for word in tokenize(row["phrase"]))
        self._marks = WordMarks(
            {
                "single": self._table.single_words,
                "first": self._table.first_words,
                "second": self._table.second_words,
                "quantity": lambda w: _OPENING.match(w) is not None,
                "sided": lambda w: _sided(w) != "",
            }
        )

    def find(self, text: str, tokens: TokenLists) -> list[Found]:
        """Return every attribute of the text, in order."""
        starts, ends, sentences = tokens.starts, tokens.ends, tokens.sentences
        marked = self._marks.of(tokens)
        found = [
            Found(name, value, starts[start], ends[end - 1], start, sentences[start])
            for start, end, payloads in self._table.find(
                tokens.words, marked.opens("single", "first", "second")
            )
            for name, value in payloads
        ]
        found += [
            Found("laterality", _sided(tokens.words[i]), starts[i], ends[i], i, sentences[i])
            for i in marked.places("sided")
        ]
        reach = 0
        for token in marked.places("quantity"):
            match = _QUANTITY.match(text, starts[token]) if starts[token] >= reach else None
            if match is None:
                continue
            reach = match.end()
            number = match.lastindex or 1
            value = match.group(number).lower()
            found.append(
                Found(
                    _QUANTITIES[number - 1][0],
                    _NUMBERS.get(value, value),
                    *match.span(),
                    token,
                    sentences[token],
                )
            )
        found.sort(key=lambda f: (f.start_char, f.end_char, f.name))
        return found

    @staticmethod
    def near(found: Sequence[Found], first: int, last: int, left: int, right: int) -> list[Found]:
        """Return the attributes of one mention, of those of its sentence: of each name the nearest.

        Those in the clause win over those elsewhere in the sentence; acuity and severity must
        stand in the clause.
        """
        best: dict[str, tuple[int, Found]] = {}
        for attribute in found:
            token = attribute.first_token
            inside = left - 1 <= token <= right + 1
            if not inside and attribute.name in _CLOSE:
                continue
            distance = max(first - token, token - last, 0) + (0 if inside else 100)
            # a side usually stands before its noun
            distance = 2 * distance + (1 if token > last else 0)
            known = best.get(attribute.name)
            if known is None or distance < known[0]:
                best[attribute.name] = (distance, attribute)
        return [attribute for _, attribute in best.values()]
