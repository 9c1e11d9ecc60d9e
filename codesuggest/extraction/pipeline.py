"""The spaCy components and their factories, and the door out of spaCy.

A `Doc` carries only plain data, in ``doc.user_data["codesuggest"]``, so that ``to_bytes``,
``DocBin`` and ``nlp.pipe(n_process=2)`` keep everything. Typed values are made in `read_doc`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from codesuggest.errors import ModelDamagedError
from codesuggest.extraction.assertion import AssertionFinder
from codesuggest.extraction.attributes import AttributeFinder, Found
from codesuggest.extraction.mentions import Extract, MentionFinder
from codesuggest.extraction.note_reader import (
    ExtractedNote,
    NoteReader,
    assert_extracts,
    starts_of_sentences,
)
from codesuggest.extraction.note_words import NoteWords
from codesuggest.extraction.proposer import SpanProposer
from codesuggest.extraction.sections import SectionFinder, SectionTable
from codesuggest.extraction.token_reader import READER
from codesuggest.schema import Assertion, Attribute, Cue, Mention, Section
from codesuggest.terminology.alias_index import AliasIndex

__all__ = [
    "KEY",
    "LABELS_OF_INDEX",
    "ExtractedNote",
    "blank_pipeline",
    "extracts_of",
    "mention_of",
    "reader_of",
    "sections_of",
]

#: Where the components keep their results in ``doc.user_data``, and the span groups' key.
KEY = "codesuggest"
LABELS_OF_INDEX = ("DIAGNOSIS", "PROCEDURE")
PROPOSER_FILE = "proposer.npz"


class Sections:
    """Finds sections; writes ``[kind, title, start_char, end_char]`` rows."""

    def __init__(self) -> None:
        self.table = SectionTable.packaged()
        self.finder = SectionFinder(self.table)

    def __call__(self, doc: Doc) -> Doc:
        """Process one Doc."""
        rows = [[s.kind, s.title, s.start_char, s.end_char] for s in self.finder(READER.text(doc))]
        doc.user_data.setdefault(KEY, {})["sections"] = rows
        return doc


class Sentences:
    """Sets sentence starts on the tokens."""

    def __call__(self, doc: Doc) -> Doc:
        """Process one Doc."""
        if not len(doc):
            return doc
        rows = doc.user_data.get(KEY, {}).get("sections", ())
        starts = starts_of_sentences(READER.text(doc), (row[2] for row in rows))
        offsets = doc.to_array(["IDX"]).ravel()
        marks = np.full(len(doc), -1, dtype=np.int64)
        # a start that falls on a blank moves to the token behind it
        places = np.searchsorted(offsets, np.array(starts, dtype=np.uint64))
        marks[places[places < len(doc)]] = 1
        marks[0] = 1
        doc.from_array(["SENT_START"], marks.astype(np.uint64).reshape(-1, 1))
        return doc


class Mentions:
    """Finds mentions with the alias indexes of the model."""

    def __init__(self) -> None:
        self.indexes: dict[str, AliasIndex] = {}
        self.known_words: frozenset[str] = frozenset()
        self.proposer: SpanProposer | None = None
        self._finder: MentionFinder | None = None
        self._groups = SectionTable.packaged().groups

    def set_indexes(
        self,
        indexes: dict[str, AliasIndex],
        known_words: frozenset[str],
        proposer: SpanProposer | None = None,
    ) -> None:
        """Hand over freshly built indexes (training does)."""
        self.indexes, self.known_words, self.proposer = indexes, known_words, proposer
        self._finder = None

    @property
    def finder(self) -> MentionFinder:
        """The finder over the loaded indexes."""
        if self._finder is None:
            if not self.indexes:
                raise ModelDamagedError("the mentions component has no alias index; load a model")
            self._finder = MentionFinder(
                self.indexes, AttributeFinder(), self.known_words, self.proposer
            )
        return self._finder

    def __call__(self, doc: Doc) -> Doc:
        """Process one Doc."""
        data = doc.user_data.setdefault(KEY, {})
        sections = sections_of(doc)
        tokens = READER.tokens(doc)
        rows = self.finder(READER.text(doc), tokens, sections, self._groups)
        data["mentions"] = [_to_row(e) for e in rows.extracts]
        own = rows.vocabulary
        data["words"], data["stems"], data["title_stems"] = own.words, own.stems, own.title_stems
        data["side"], data["sides"] = rows.side, list(rows.sides)
        READER.keep(doc, "extracts", rows.extracts)
        return doc

    def to_disk(self, path: str | Path, **_: Any) -> None:
        """Write the indexes."""
        folder = Path(path)
        for label, index in self.indexes.items():
            index.to_disk(folder / label.lower())
        (folder / "known_words.txt").write_text("\n".join(sorted(self.known_words)), "utf-8")
        if self.proposer is not None:
            self.proposer.save(folder / PROPOSER_FILE)

    def from_disk(self, path: str | Path, **_: Any) -> Mentions:
        """Read the indexes, memory-mapped."""
        folder = Path(path)
        indexes = {label: AliasIndex.from_disk(folder / label.lower()) for label in LABELS_OF_INDEX}
        known = (folder / "known_words.txt").read_text("utf-8").split("\n")
        proposer = folder / PROPOSER_FILE
        self.set_indexes(
            indexes,
            frozenset(known),
            SpanProposer.load(proposer) if proposer.is_file() else None,
        )
        return self


class Assertions:
    """Decides the assertion of each mention."""

    def __init__(self) -> None:
        self.finder = AssertionFinder()
        self._groups = SectionTable.packaged().groups

    def __call__(self, doc: Doc) -> Doc:
        """Process one Doc."""
        data = doc.user_data.get(KEY, {})
        rows = data.get("mentions", [])
        if not rows:
            return doc
        extracts = READER.kept(doc, "extracts") or [_from_row(row) for row in rows]
        assertions = assert_extracts(
            self.finder,
            READER.text(doc),
            READER.tokens(doc),
            extracts,
            sections_of(doc),
            self._groups,
        )
        READER.keep(doc, "assertions", assertions)
        for row, assertion in zip(rows, assertions, strict=True):
            row["cues"] = [[c.status, c.text, c.start_char, c.end_char] for c in assertion.cues]
        return doc


class Linker:
    """Links mentions to codes with the model's ranker; writes ``doc.spans["codesuggest"]``.

    The ranker comes from another room: the config names it in spaCy's ``misc`` registry.
    """

    def __init__(self, nlp: Language, ranker: Any) -> None:
        self.nlp = nlp
        self.ranker = ranker
        self._groups = SectionTable.packaged().groups

    def __call__(self, doc: Doc) -> Doc:
        """Process one Doc."""
        data = doc.user_data.setdefault(KEY, {})
        indexes = self.nlp.get_pipe("codesuggest_mentions").indexes
        links = self.ranker.link(READER.text(doc), extracts_of(doc), indexes, self._groups)
        spans, rows = [], []
        for start, end, label, system, code, confidence in links:
            span = doc.char_span(
                start, end, label=label, kb_id=f"{system}:{code}", alignment_mode="expand"
            )
            spans.append(span)
            rows.append([start, end, system, code, confidence])
        doc.spans[KEY] = spans
        data["links"] = rows
        doc.ents = filter_spans([Span(doc, s.start, s.end, s.label, kb_id=s.kb_id) for s in spans])
        return doc

    def to_disk(self, path: str | Path, **_: Any) -> None:
        """Write the ranker."""
        self.ranker.to_disk(Path(path))

    def from_disk(self, path: str | Path, **_: Any) -> Linker:
        """Read the ranker."""
        self.ranker.from_disk(Path(path))
        return self


@Language.factory("codesuggest_sections", assigns=["doc.user_data"])
def create_sections(nlp: Language, name: str) -> Sections:
    """Make the section finder."""
    return Sections()


@Language.factory("codesuggest_sentences", assigns=["token.is_sent_start"])
def create_sentences(nlp: Language, name: str) -> Sentences:
    """Make the sentence splitter."""
    return Sentences()


@Language.factory("codesuggest_mentions", assigns=["doc.user_data"])
def create_mentions(nlp: Language, name: str) -> Mentions:
    """Make the mention finder; its indexes come with the model."""
    return Mentions()


@Language.factory("codesuggest_assertion", assigns=["doc.user_data"])
def create_assertion(nlp: Language, name: str) -> Assertions:
    """Make the assertion component."""
    return Assertions()


@Language.factory(
    "codesuggest_linker",
    assigns=["doc.spans", "doc.ents"],
    default_config={"ranker": {"@misc": "codesuggest.ranker.v1"}},
)
def create_linker(nlp: Language, name: str, ranker: Any) -> Linker:
    """Make the linker around a ranker from the registry."""
    return Linker(nlp, ranker)


def blank_pipeline(with_linker: bool = True) -> Language:
    """Return the pipeline without a model's tables in it."""
    nlp = spacy.blank(
        "en", config={"nlp": {"tokenizer": {"@tokenizers": "codesuggest.tokenizer.v1"}}}
    )
    names = ["codesuggest_sections", "codesuggest_sentences", "codesuggest_mentions"]
    for name in (*names, "codesuggest_assertion"):
        nlp.add_pipe(name)
    if with_linker:
        nlp.add_pipe("codesuggest_linker")
    return nlp


def reader_of(nlp: Language) -> NoteReader:
    """Return the pipeline's extraction, for texts of which no Doc is wanted."""
    return NoteReader(
        nlp.get_pipe("codesuggest_sections").finder,
        nlp.get_pipe("codesuggest_mentions").finder,
        nlp.get_pipe("codesuggest_assertion").finder,
    )


# -- the door ------------------------------------------------------------------------------


def sections_of(doc: Doc) -> list[Section]:
    """Return the sections of a processed Doc."""
    return [Section(*row) for row in doc.user_data.get(KEY, {}).get("sections", ())]


def extracts_of(doc: Doc) -> ExtractedNote:
    """Return sections, extracts and assertions of a processed Doc, as values."""
    extracts, assertions = READER.kept(doc, "extracts"), READER.kept(doc, "assertions")
    if extracts is None or assertions is None:
        extracts, assertions = [], []
        for row in doc.user_data.get(KEY, {}).get("mentions", ()):
            extracts.append(_from_row(row))
            cues = tuple(Cue(*cue) for cue in row.get("cues", ()))
            assertions.append(Assertion.from_cues(cues) if cues else Assertion())
    data = doc.user_data.get(KEY, {})
    return ExtractedNote(
        sections_of(doc),
        extracts,
        assertions,
        NoteWords(data.get("words", ()), [data.get("stems", ())], [data.get("title_stems", ())]),
        data.get("side", ""),
        tuple(data.get("sides", ())),
    )


def mention_of(text: str, extract: Extract, section: Section, assertion: Assertion) -> Mention:
    """Make the public value of one extract."""
    attributes = [Attribute(a.name, a.value, a.start_char, a.end_char) for a in extract.attributes]
    return Mention(
        text[extract.start_char : extract.end_char],
        extract.start_char,
        extract.end_char,
        extract.label,
        section,
        assertion,
        tuple(attributes),
    )


_PLAIN = (
    "label",
    "start_char",
    "end_char",
    "first_token",
    "last_token",
    "section",
    "sentence",
    "core",
    "context",
    "bag",
    "lead",
    "line_words",
)
_NAMES = {"first_token": "first", "last_token": "last"}


def _to_row(extract: Extract) -> dict[str, Any]:
    row: dict[str, Any] = {_NAMES.get(n, n): getattr(extract, n) for n in _PLAIN}
    row["core"], row["context"] = list(extract.core), list(extract.context)
    row["attributes"] = [
        [a.name, a.value, a.start_char, a.end_char, a.first_token, a.sentence]
        for a in extract.attributes
    ]
    return row


def _from_row(row: dict[str, Any]) -> Extract:
    values = {n: row[_NAMES.get(n, n)] for n in _PLAIN}
    values["core"], values["context"] = tuple(row["core"]), tuple(row["context"])
    return Extract(**values, attributes=[Found(*a) for a in row["attributes"]])
