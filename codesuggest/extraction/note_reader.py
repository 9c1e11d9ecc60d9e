"""The whole of extraction on one text: sections, sentences, mentions, assertion.

The spaCy components do the same step by step on a `Doc`; where no Doc is wanted, none is built,
which saves most of the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codesuggest.extraction.assertion import AssertionFinder
from codesuggest.extraction.mentions import Extract, MentionFinder
from codesuggest.extraction.note_words import NoteWords
from codesuggest.extraction.sections import SectionFinder
from codesuggest.extraction.sentences import sentence_starts
from codesuggest.extraction.token_reader import READER
from codesuggest.extraction.tokens import TokenLists
from codesuggest.schema import Assertion, Section

__all__ = ["ExtractedNote", "NoteReader", "assert_extracts", "starts_of_sentences"]


_PAST = frozenset({"historical", "resolved"})


@dataclass(slots=True)
class ExtractedNote:
    """What extraction found in a note; one assertion an extract.

    `sides` are those that the note speaks of, `side` is the one that everything is on, or ``""``.
    """

    sections: list[Section]
    extracts: list[Extract]
    assertions: list[Assertion]
    vocabulary: NoteWords
    side: str = ""
    sides: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The note's distinct folded words."""
        return self.vocabulary.words

    @property
    def stems(self) -> list[str]:
        """The note's distinct stems."""
        return self.vocabulary.stems

    @property
    def title_stems(self) -> list[str]:
        """The distinct stems of the titles of procedures."""
        return self.vocabulary.title_stems

    @property
    def past(self) -> list[bool]:
        """Whether each extract is of something that the note calls past."""
        return [a.status in _PAST for a in self.assertions]

    @property
    def of_family(self) -> list[bool]:
        """Whether each extract is of a relative."""
        return [a.status == "family" for a in self.assertions]


def starts_of_sentences(text: str, section_starts: Iterable[int]) -> list[int]:
    """Return the sorted offsets at which sentences start; a section starts one too."""
    return sorted({*sentence_starts(text), *section_starts})


def assert_extracts(
    find: AssertionFinder,
    text: str,
    tokens: TokenLists,
    extracts: Sequence[Extract],
    sections: Sequence[Section],
    groups: dict[str, str],
) -> list[Assertion]:
    """Return one assertion an extract."""
    return find(
        text,
        tokens,
        [(e.first_token, e.last_token) for e in extracts],
        sections,
        [e.section for e in extracts],
        groups,
        [e.label == "PROCEDURE" for e in extracts],
    )


class NoteReader:
    """Extract the mentions of texts.

    Parameters
    ----------
    sections : SectionFinder
    mentions : MentionFinder
    assertion : AssertionFinder
    """

    def __init__(
        self, sections: SectionFinder, mentions: MentionFinder, assertion: AssertionFinder
    ) -> None:
        self.sections = sections
        self.mentions = mentions
        self.assertion = assertion
        self.groups = sections.table.groups

    def __call__(self, text: str) -> ExtractedNote:
        """Extract one text."""
        sections, tokens = self.sections_and_tokens(text)
        found = self.mentions(text, tokens, sections, self.groups)
        assertions = assert_extracts(
            self.assertion, text, tokens, found.extracts, sections, self.groups
        )
        return ExtractedNote(
            sections,
            found.extracts,
            assertions,
            found.vocabulary,
            found.side,
            found.sides,
        )

    def assertion_of(self, text: str, start_char: int, end_char: int) -> Assertion:
        """Return the assertion of one span of characters."""
        sections, tokens = self.sections_and_tokens(text)
        inside = [
            i
            for i, (start, end) in enumerate(zip(tokens.starts, tokens.ends, strict=True))
            if start < end_char and end > start_char
        ]
        if not inside:
            return Assertion()
        self.mentions.settle(text, tokens)
        place = max((i for i, s in enumerate(sections) if s.start_char <= start_char), default=0)
        span = (inside[0], inside[-1])
        return self.assertion(text, tokens, [span], sections, [place], self.groups)[0]

    def sections_and_tokens(self, text: str) -> tuple[list[Section], TokenLists]:
        """Return the sections of a text, and its tokens with their sentences."""
        sections = self.sections(text)
        tokens = READER.cut(text)
        tokens.set_sentences(starts_of_sentences(text, (s.start_char for s in sections)))
        return sections, tokens
