"""Extracts: mentions with the words around them, made from one note's tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from codesuggest.extraction.attributes import AttributeFinder, Found
from codesuggest.extraction.clauses import Clauses
from codesuggest.extraction.gestation import Gestation
from codesuggest.extraction.sides import PairedParts, SideReading
from codesuggest.extraction.tokens import MarkedTokens, TokenLists
from codesuggest.schema import Section
from codesuggest.terminology.grouping import group_starts

__all__ = ["Extract", "Reading"]

Array = np.ndarray[Any, Any]

_LEADS = frozenset(
    {
        "right", "left", "bilateral", "acute", "chronic", "the", "a", "regarding",
        "regarding his", "regarding her",
    }
)  # fmt: skip
#: List marks, numbers and check boxes; what stands before a mention that opens its line.
_MARKS = " \t0123456789.)(#*-•:>[]xX"
_LONGEST_LEAD = 40


@dataclass(slots=True)
class Extract:
    """A mention with the words that the ranker needs; offsets are tokens and characters.

    `core` are the stems of the match (of the whole line for a line mention), `context` those of
    the clause around it; `bag` is the alias that matched, -1 for a line mention. `lead` says
    that it opens its line, which has `line_words` words.
    """

    label: str
    start_char: int
    end_char: int
    first_token: int
    last_token: int
    section: int
    sentence: int
    core: tuple[str, ...]
    context: tuple[str, ...]
    bag: int
    lead: bool
    line_words: int
    attributes: list[Found]


class Reading:
    """One note while its mentions are made.

    Parameters
    ----------
    text : str
    tokens : TokenLists
        With the senses of their words.
    sections : sequence of Section
    units : array of int
        Tokens with a meaning.
    stems : list of tuples of str
        Of each token.
    marked : MarkedTokens
    attributes : AttributeFinder
    parts : PairedParts
    """

    def __init__(
        self,
        text: str,
        tokens: TokenLists,
        sections: Sequence[Section],
        units: Array,
        *,
        stems: list[tuple[str, ...]],
        marked: MarkedTokens,
        attributes: AttributeFinder,
        parts: PairedParts,
    ) -> None:
        self.text, self.tokens, self.sections = text, tokens, sections
        self.units: list[int] = units.tolist()
        self.stems, self.marked = stems, marked
        bounds = np.array([s.start_char for s in sections], dtype=np.int64)
        place = bounds.searchsorted(tokens.offsets, side="right") - 1
        self.section_array = np.maximum(place, 0)
        self.section_of: list[int] = self.section_array.tolist()
        #: No alias crosses from one sentence or section to another, or out of a header.
        sentences = tokens.sentence_array
        titles = np.array([s.start_char + len(s.title) for s in sections])
        in_title = tokens.offsets < titles[self.section_array]
        self.breaks = sentences * 128 + self.section_array % 64 * 2 + in_title
        #: First token of each sentence, and one past the last of all.
        self.sentence_starts = group_starts(sentences)
        self.bounds: list[int] = [*self.sentence_starts.tolist(), len(tokens)]
        self._clauses = Clauses(marked, self.units, self.bounds)
        self._attributes: dict[int, list[Found]] = {}
        found = self.attributes = attributes.find(text, tokens)
        for attribute in found:
            self._attributes.setdefault(attribute.sentence, []).append(attribute)
        self.sides = SideReading(parts, found, tokens, stems)
        self.gestation = Gestation(found, tokens.words)
        self._states_any = self.sides.states_any or self.gestation.stated is not None
        #: Start, end and number of words of the line that the last mention stood in.
        self._line = (0, -1, 0)

    def extract(
        self, label: str, first: int, last: int, bag: int, core: tuple[str, ...] = ()
    ) -> Extract:
        """Make the mention of tokens `first` to `last`."""
        tokens, stems = self.tokens, self.stems
        left, right = self._clauses.around(first, last)
        if core:
            words = stems[left : right + 1]
        else:
            core = stems[first]
            if first < last or len(core) > 1:
                core = tuple(dict.fromkeys(chain.from_iterable(stems[first : last + 1])))
            words = stems[left:first] + stems[last + 1 : right + 1]
        around = dict.fromkeys(chain.from_iterable(words))
        for stem in core:
            if stem in around:
                del around[stem]
        start_char, sentence = tokens.starts[first], tokens.sentences[first]
        near = self._attributes.get(sentence)
        attributes = AttributeFinder.near(near, first, last, left, right) if near else []
        if self._states_any and label == "DIAGNOSIS":
            self._add_stated(attributes, core, around)
        return Extract(
            label,
            start_char,
            tokens.ends[last],
            first,
            last,
            self.section_of[first],
            sentence,
            core,
            tuple(around),
            bag,
            *self._place(start_char),
            attributes,
        )

    def _add_stated(
        self, attributes: list[Found], core: Iterable[str], context: Iterable[str]
    ) -> None:
        """Add what the note states elsewhere of the same part of the body, or pregnancy."""
        names = {a.name for a in attributes}
        if "laterality" not in names:
            side = self.sides.of(core, context)
            if side is not None:
                attributes.append(side)
        stated = self.gestation.stated
        if stated is not None and names.isdisjoint(("gestation", "weeks", "trimester")):
            attributes.append(stated)

    def _place(self, start_char: int) -> tuple[bool, int]:
        """Return whether only list marks stand before a mention, and the words of its line."""
        text = self.text
        line_start, line_end, count = self._line
        if not line_start <= start_char <= line_end:
            line_start = text.rfind("\n", 0, start_char) + 1
            line_end = text.find("\n", start_char)
            if line_end < 0:
                line_end = len(text)
            count = len(text[line_start:line_end].split())
            self._line = line_start, line_end, count
        if start_char - line_start > _LONGEST_LEAD:
            return False, count
        before = text[line_start:start_char].strip(_MARKS)
        return not before or before.lower() in _LEADS, count
