"""Mentions: windows of the note that equal an alias, with the words around them.

For each label (diagnosis; procedure and supply) the note's stems are looked up in that label's
`AliasIndex`, all windows at once; a window inside a longer one is dropped. Around each match
the clause is read for further words (site, cause, stage) and for attributes (side, acuity, ...).
Aliases whose words stand apart are found by `SpreadFinder`; short lines of sections that name
diagnoses or procedures become mentions as a whole, so that wording outside the dictionary is
not lost, and a trained `SpanProposer` adds spans that read like one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from codesuggest.extraction.assertion_cues import cue_words
from codesuggest.extraction.attributes import AttributeFinder
from codesuggest.extraction.body_mass import adult_body_mass
from codesuggest.extraction.clauses import clause_questions
from codesuggest.extraction.extracts import Extract, Reading
from codesuggest.extraction.note_words import NoteWords
from codesuggest.extraction.proposer import SpanProposer
from codesuggest.extraction.sides import PairedParts
from codesuggest.extraction.spelling import SmallWords, Speller
from codesuggest.extraction.spread import Reach, SpreadFinder
from codesuggest.extraction.tokens import TokenLists, WordClass, WordMarks
from codesuggest.extraction.word_senses import WordSenses
from codesuggest.schema import Section
from codesuggest.terminology.alias_index import AliasIndex, stem_hash
from codesuggest.terminology.windows import WindowFinder, Windows
from codesuggest.terminology.words import AXIS_WORDS, WordForms, stem

__all__ = ["Extract", "Extraction", "MentionFinder"]

Array = np.ndarray[Any, Any]

#: Sections whose short lines name a diagnosis (or a reason) or a procedure as a whole.
DIAGNOSIS_GROUPS = frozenset({"assessment", "preop", "postop", "problem_list", "diagnosis_admit"})
PROCEDURE_GROUPS = frozenset({"procedure_title"})
_NAMING = DIAGNOSIS_GROUPS | PROCEDURE_GROUPS

#: Words of a sentence that tells of something done, wherever it stands.
_DONE = frozenset({
    "view", "views", "xray", "xrays", "x-ray", "injection", "injected", "inject", "administered",
    "injections", "ultrasound", "radiograph", "radiographs", "films", "ekg", "ecg", "vaccine",
    "nebulizer", "sutured", "biopsy", "biopsied", "aspirated", "aspiration", "excised",
    "debrided", "dispensed", "spirometry", "audiogram", "cryotherapy", "pa", "ap",
})  # fmt: skip
#: Words that deny, doubt or speak of relatives: a mention that held one would hide the cue.
#: "Without" is one of the wordings of ICD-10-CM and stays out.
_CUES = frozenset({
    "no", "not", "denies", "denied", "deny", "never", "negative", "neither", "nor",
    "r/o", "rule", "ruled", "possible", "possibly", "poss", "probable", "probably", "prob", "may",
    "might", "could", "perhaps", "suspect",
    "suspected", "suspicious", "suspicion", "question", "questionable", "?", "vs", "versus",
    "differential", "ddx", "likely", "unlikely", "evaluate", "eval", "consider", "exclude",
    "excluded", "concern", "concerning", "consistent", "compatible", "suggestive",
    "mother", "father", "brother", "sister", "grandmother", "grandfather", "aunt", "uncle",
})  # fmt: skip
#: Within the words of a name it is part of it ("fracture without displacement"); what stands
#: on both sides of it at some distance is not one thing ("tonsils normal without hypertrophy").
_WITHOUT = "without"
#: Signs between a label and what it names, and between two statements.
_BREAKS = frozenset({":", ";"})
#: A whole line is a mention only if one of its words is at least this rare, no number and no unit.
_TELLING = 4.0
_UNITS = frozenset({"cm", "mm", "mg", "mcg", "ml", "cc", "kg", "gm", "lb", "lbs", "oz", "inch"})
_REACH = {"DIAGNOSIS": Reach(3, 14, 8), "PROCEDURE": Reach(2, 30, 8)}
_MASK = (1 << 64) - 1
_PERCENTILE = frozenset({"th", "st", "nd", "rd", "%", "percentile", "percent", "%ile"})
#: Most meaningful words of a first line that may be the title of a report.
_TITLE = 7


@dataclass(slots=True)
class Extraction:
    """All mentions of a note, its words, and the sides that it speaks of.

    `sides` are all of them, `side` is the one that everything is on, or ``""``.
    """

    extracts: list[Extract]
    vocabulary: NoteWords
    side: str = ""
    sides: tuple[str, ...] = ()


class MentionFinder:
    """Find mentions in tokens.

    Parameters
    ----------
    indexes : mapping of label to AliasIndex
        ``"DIAGNOSIS"`` and ``"PROCEDURE"``.
    attributes : AttributeFinder
    known_words : frozenset of str
        Ordinary words that spelling correction leaves alone.
    proposer : SpanProposer, optional
        Proposes mentions where no alias stands.
    """

    def __init__(
        self,
        indexes: Mapping[str, AliasIndex],
        attributes: AttributeFinder,
        known_words: frozenset[str] = frozenset(),
        proposer: SpanProposer | None = None,
    ) -> None:
        self.indexes = dict(indexes)
        self.attributes = attributes
        self.forms: WordForms = next(iter(self.indexes.values())).forms
        self.parts = PairedParts(self.forms)
        self._rarity: dict[str, float] = {}
        self._hash: dict[str, int] = {}
        for index in reversed(self.indexes.values()):
            self._rarity.update(zip(index.words, index.idf.tolist(), strict=True))
            self._hash.update(zip(index.words, index.word_hash.tolist(), strict=True))
        self._family_stems = self._stems_of_families()
        self._speller = Speller(
            {
                **{
                    own: min(self._rarity[s] for s in stems)
                    for own, stems in self._family_stems.items()
                },
                **self._rarity,
            },
            known_words,
        )
        self._known_words = known_words
        self._small_words = SmallWords({*attributes.vocabulary, *cue_words()}, self._is_known)
        self._misspelt = WordClass(self._is_misspelt)
        self._stems: dict[str, tuple[str, ...]] = {}
        self._senses = WordSenses(self.stems, self.indexes.values())
        self._find_windows = WindowFinder(list(self.indexes.values()))
        self._all_stems = WordClass(self.stems, np.object_)
        self._sum = WordClass(self._sum_of, np.uint64)
        self._spread = SpreadFinder(
            list(self.indexes.values()), [_REACH[label] for label in self.indexes]
        )
        self._words = WordClass(self._word_ids, np.int32, self._spread.width)
        self.proposer = proposer.bind(self.stems) if proposer is not None else None
        self.marks = WordMarks(
            {
                "telling": self._is_telling,
                "done": _DONE,
                "cue": _CUES,
                "break": {*_BREAKS, *_CUES, _WITHOUT},
                **clause_questions(attributes.words | AXIS_WORDS),
            }
        )

    # -- what is known of a word ---------------------------------------------------------------

    def stems(self, word: str) -> tuple[str, ...]:
        """Return the stems of a folded word, its spelling corrected when nothing knows it."""
        known = self._stems.get(word)
        if known is None:
            known = () if word in AXIS_WORDS else self.forms.stems(word)
            if "=" in word and len(word) > 1:
                # an ambiguous abbreviation with the sense chosen for this note
                known = self.forms.bag(word.partition("=")[2])
            if len(known) == 1 and known[0] not in self._rarity:
                meant = self._speller.correct(word)
                if meant is not None:
                    known = self._family_stems.get(meant, (meant,))
            if len(self._stems) < 500_000:
                self._stems[word] = known
        return known

    def _stems_of_families(self) -> dict[str, tuple[str, ...]]:
        """Return what the own stem of each word of a family stands for: "stone" for "calculus"."""
        found: dict[str, tuple[str, ...]] = {}
        for word in self.forms.families:
            own, stems = stem(word), self.forms.stems(word)
            if own not in self._rarity and stems and all(s in self._rarity for s in stems):
                found[own] = stems
        return found

    def _sum_of(self, word: str) -> int:
        known = self._hash
        stems = self.stems(word)
        return sum([known[s] if s in known else stem_hash(s) for s in stems]) & _MASK

    def _word_ids(self, word: str) -> list[int]:
        stems = self.stems(word)
        return self._spread.ids(stems) if stems else []

    def _is_telling(self, word: str) -> bool:
        if word[:1].isdigit() or word in _UNITS:
            return False
        return any(self._rarity.get(s, 0.0) >= _TELLING for s in self.stems(word))

    def _is_known(self, word: str) -> bool:
        """Tell whether a word stands in an alias or in ordinary clinical prose."""
        if word in self._known_words or word in self.forms.shorthand:
            return True
        return any(s in self._rarity for s in self.forms.stems(word))

    def _is_misspelt(self, word: str) -> bool:
        return self._small_words.correct(word) is not None

    def settle(self, text: str, tokens: TokenLists) -> None:
        """Put what is meant in the place of misspelt small words and of ambiguous words."""
        places = self._misspelt.of(tokens).nonzero()[0].tolist()
        meant = {i: self._small_words.correct(tokens.words[i]) for i in places}
        tokens.rename({i: word for i, word in meant.items() if word is not None})
        self._senses(text, tokens)

    # -- mentions --------------------------------------------------------------------------------

    def __call__(
        self, text: str, tokens: TokenLists, sections: Sequence[Section], groups: Mapping[str, str]
    ) -> Extraction:
        """Return the mentions in order of the text."""
        self.settle(text, tokens)
        sums = self._sum.of(tokens)
        units = np.flatnonzero(sums)
        if not len(units):
            return Extraction([], NoteWords())
        reading = Reading(
            text,
            tokens,
            sections,
            units,
            stems=self._all_stems.of(tokens).tolist(),
            marked=self.marks.of(tokens),
            attributes=self.attributes,
            parts=self.parts,
        )
        windows = Windows.of(sums[units], reading.breaks[units])
        extracts: list[Extract] = []
        found = self._find_windows(windows)
        cues = set(reading.marked.places("cue"))
        for label, (starts, ends, bags) in zip(self.indexes, found, strict=True):
            reach = 0
            for end, bag, first, last in zip(
                ends.tolist(),
                bags.tolist(),
                units[starts].tolist(),
                units[ends - 1].tolist(),
                strict=True,
            ):
                # an alias of one word that is a cue ("not", of "not elsewhere classified")
                if end > reach and (first < last or first not in cues):
                    reach = end
                    extracts.append(reading.extract(label, first, last, bag))
        whole = tuple(extracts)
        extracts.extend(self._line_mentions(reading, groups, whole))
        extracts.extend(self._spread_mentions(reading, groups, whole))
        extracts.extend(self._gestations(reading))
        extracts.extend(self._body_masses(reading))
        extracts.extend(self._proposed_mentions(reading, groups, extracts))
        extracts.sort(key=lambda e: (e.start_char, e.end_char, e.label))
        titled = np.array([groups.get(s.kind, "") in PROCEDURE_GROUPS for s in sections])
        in_title = np.flatnonzero(titled[reading.section_array]).tolist() if titled.any() else []
        return Extraction(
            extracts,
            NoteWords(tokens.words, reading.stems, [reading.stems[i] for i in in_title]),
            reading.sides.only,
            reading.sides.stated,
        )

    def _spread_mentions(
        self, reading: Reading, groups: Mapping[str, str], whole: Sequence[Extract]
    ) -> Iterable[Extract]:
        """Return aliases whose words all stand close together, with other words between them.

        Not those that a mention without gaps says and more: "lead removal" in "percutaneous lead
        removal". Nor those that begin in a header that names no study: "Procedure: biopsy".
        """
        tokens, section_of, breaks_at = reading.tokens, reading.section_of, reading.breaks
        breaks = reading.marked.places("break")
        of_label = [[e for e in whole if e.label == label] for label in self.indexes]
        found = self._spread(self._words.of(tokens), [[e.bag for e in of] for of in of_label])
        known = [groups.get(section.kind, "") in _NAMING for section in reading.sections]
        for (label, index), matches, around in zip(
            self.indexes.items(), found, of_label, strict=True
        ):
            taken: set[tuple[int, int]] = set()
            for match in matches:
                first, last = match.first, match.last
                if section_of[first] != section_of[last] or (
                    known[section_of[first]] and (breaks_at[first] ^ breaks_at[last]) & 1
                ):
                    continue
                stems = tuple(index.words[w] for w in index.bag_ids(match.bag).tolist())
                if any(
                    e.first_token <= first
                    and last <= e.last_token
                    and len(stems) < len(e.core)
                    and set(e.core).issuperset(stems)
                    for e in around
                ):
                    continue
                if label == "DIAGNOSIS":
                    low, high = bisect_left(breaks, first), bisect_right(breaks, last)
                    if (
                        tokens.sentences[first] != tokens.sentences[last]
                        or (first, last) in taken
                        or any(
                            tokens.words[place] != _WITHOUT or _WITHOUT not in stems
                            for place in breaks[low:high]
                        )
                    ):
                        continue
                    taken.add((first, last))
                yield reading.extract(label, first, last, match.bag, stems)

    def _proposed_mentions(
        self, reading: Reading, groups: Mapping[str, str], extracts: Sequence[Extract]
    ) -> Iterable[Extract]:
        """Return spans that the proposer takes for mentions where none was found."""
        if self.proposer is None:
            return
        tokens = reading.tokens
        taken = {label: np.zeros(len(tokens), bool) for label in self.proposer.labels}
        for extract in extracts:
            if extract.label in taken:
                taken[extract.label][extract.first_token : extract.last_token + 1] = True
        kinds = [groups.get(s.kind, s.kind) for s in reading.sections]
        scores = self.proposer.scores(tokens, kinds, reading.section_array)
        telling, cues = reading.marked.has("telling"), reading.marked.has("cue")
        for label in self.proposer.labels:
            barred = taken[label] | cues if label == "DIAGNOSIS" else taken[label]
            for first, last in self.proposer.spans(scores, tokens, label, barred, telling):
                yield reading.extract(label, first, last, -1)

    def _gestations(self, reading: Reading) -> Iterable[Extract]:
        """Return the weeks of a pregnancy as mentions: ICD-10-CM has a code for each (Z3A)."""
        index = self.indexes.get("DIAGNOSIS")
        tokens = reading.tokens
        for found in reading.gestation.weeks if index is not None else ():
            first = found.first_token
            last = max(first, bisect_left(tokens.starts, found.end_char) - 1)
            core = self.forms.bag(f"{int(found.value)} weeks gestation of pregnancy")
            bag = index.find_bag(core) if index is not None else -1
            if bag >= 0:
                yield reading.extract("DIAGNOSIS", first, last, bag, core)

    def _body_masses(self, reading: Reading) -> Iterable[Extract]:
        """Return values of the body mass index as mentions; percentiles are of children."""
        index = self.indexes.get("DIAGNOSIS")
        tokens = reading.tokens
        for found in reading.attributes:
            if found.name != "bmi" or index is None:
                continue
            last = max(found.first_token, bisect_left(tokens.starts, found.end_char) - 1)
            if not _PERCENTILE.isdisjoint(tokens.words[last + 1 : last + 4]):
                continue
            core = self.forms.bag(adult_body_mass(float(found.value)))
            bag = index.find_bag(core)
            if bag >= 0:
                yield reading.extract("DIAGNOSIS", found.first_token, last, bag, core)

    def _line_mentions(
        self,
        reading: Reading,
        groups: Mapping[str, str],
        extracts: Sequence[Extract],
    ) -> Iterable[Extract]:
        """Return whole sentences of naming sections as mentions."""
        tokens, sections, bounds = reading.tokens, reading.sections, reading.bounds
        starts = reading.sentence_starts
        has_done, telling = reading.marked.has("done"), reading.marked.has("telling")
        kinds = [groups.get(s.kind, "") for s in sections]
        naming = np.array([k in PROCEDURE_GROUPS or k in DIAGNOSIS_GROUPS for k in kinds])
        place_of = reading.section_array.take(np.append(starts[1:], len(tokens)) - 1)
        worth = naming[place_of] | np.logical_or.reduceat(has_done, starts)
        # a report may open with the name of the study, without any header
        untitled = sections[int(place_of[0])].kind == "preamble"
        worth[0] |= untitled
        worth &= np.logical_or.reduceat(telling, starts)
        done, told = has_done.nonzero()[0].tolist(), telling.nonzero()[0].tolist()
        cues, units = reading.marked.places("cue"), reading.units
        covered: dict[int, int] = {}
        for e in extracts:
            if e.label == "DIAGNOSIS":
                covered[e.sentence] = covered.get(e.sentence, 0) + len(e.core)
        for number in worth.nonzero()[0].tolist():
            start, end, place = bounds[number], bounds[number + 1], int(place_of[number])
            group, section = kinds[place], sections[place]
            # a sentence may open with the section's own header
            head = section.start_char + len(section.title)
            body = bisect_left(tokens.starts, head, start, end)
            meaning = units[bisect_left(units, body) : bisect_left(units, end)]
            if not 0 < len(meaning) <= 20 or not _any_in(told, body, end):
                continue
            label = ""
            titles = number == 0 and untitled and 1 < len(meaning) <= _TITLE
            if group in PROCEDURE_GROUPS or _any_in(done, body, end) or titles:
                label = "PROCEDURE"
            elif group in DIAGNOSIS_GROUPS and len(meaning) <= 8:
                # a line with a cue is no mention: the cue would stand inside it
                known = 2 * covered.get(tokens.sentences[start], 0) >= len(meaning)
                label = "" if known or _any_in(cues, body, end) else "DIAGNOSIS"
            if label and label in self.indexes:
                extract = reading.extract(label, meaning[0], meaning[-1], -1)
                if len(extract.core) <= 16:
                    yield extract


def _any_in(places: list[int], start: int, end: int) -> bool:
    """Tell whether one of the sorted `places` lies in ``[start, end)``."""
    at = bisect_left(places, start)
    return at < len(places) and places[at] < end
