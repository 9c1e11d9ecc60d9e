"""Mentions: windows of the note that equal an alias, with the words around them.

For each label (diagnosis; procedure and supply) the note's stems are looked up in that label's
`AliasIndex`, all windows at once; a window inside a longer one is dropped. Around each match
the clause is read for further words (site, cause, stage) and for attributes (side, acuity, ...).
Short lines of sections that name diagnoses or procedures become mentions as a whole, so that
wording outside the dictionary is not lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from codesuggest.extraction.attributes import AttributeFinder, Found
from codesuggest.extraction.spelling import Speller
from codesuggest.extraction.tokens import TokenLists
from codesuggest.schema import Section
from codesuggest.terminology.abbreviations import AmbiguousAbbreviations
from codesuggest.terminology.alias_index import AliasIndex, stem_hash
from codesuggest.terminology.words import AXIS_WORDS, WordForms, name_sides

__all__ = ["Extract", "Extraction", "MentionFinder"]

#: Sections whose short lines name a diagnosis (or a reason) or a procedure as a whole.
DIAGNOSIS_GROUPS = frozenset({"assessment", "preop", "postop", "problem_list", "diagnosis_admit"})
PROCEDURE_GROUPS = frozenset({"procedure_title"})

#: Words of a sentence that tells of something done, wherever it stands.
_DONE = frozenset(
    [
        "view",
        "views",
        "xray",
        "xrays",
        "x-ray",
        "injection",
        "injected",
        "inject",
        "administered",
        "injections",
        "ultrasound",
        "radiograph",
        "radiographs",
        "films",
        "ekg",
        "ecg",
        "vaccine",
        "nebulizer",
        "sutured",
        "biopsy",
        "biopsied",
        "aspirated",
        "aspiration",
        "excised",
        "debrided",
        "dispensed",
        "spirometry",
        "audiogram",
        "cryotherapy",
    ]
)
#: Words of denial; "without" is one of the wordings of ICD-10-CM and stays out.
_DENIALS = frozenset(
    ["no", "not", "denies", "denied", "deny", "never", "negative", "neither", "nor"]
)
#: A whole line is a mention only if one of its words is at least this rare.
_TELLING = 4.0
_BARRIERS = frozenset(
    [
        ".",
        ";",
        ":",
        "?",
        "!",
        "•",
        "but",
        "however",
        "which",
        "who",
        "that",
        "is",
        "was",
        "are",
        "were",
        "has",
        "had",
        "have",
        "been",
        "because",
        "although",
        "therefore",
        "while",
        "when",
        "where",
        "than",
        "then",
        "after",
        "before",
        "during",
        "until",
        "since",
        "if",
        "he",
        "she",
        "they",
        "we",
        "i",
        "you",
        "denies",
        "reports",
        "presents",
        "underwent",
        "shows",
        "showed",
        "reveals",
        "revealed",
        "demonstrates",
        "noted",
    ]
)
_JOINTS = frozenset([",", "and", "or", "/", "&", "+"])
#: Widest window, in tokens, of an alias whose words stand apart.
_SPREAD = {"DIAGNOSIS": 14, "PROCEDURE": 30}
_SPREAD_PAIR = 8
_MOST_SPREAD = 24
#: How far, in meaningful words, the clause is read on either side of a match.
_REACH = 5


@dataclass(slots=True)
class Extract:
    """A mention with the words that the ranker needs; offsets are tokens and characters.

    `core` are the stems of the match (of the whole line for a line mention), `context` those of
    the clause around it; `bag` is the alias that matched, -1 for a line mention.
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


@dataclass(slots=True)
class Extraction:
    """All mentions of a note, and the distinct stems of the note and of its naming sections.

    `title_stems` are those of the sections that name procedures.
    """

    extracts: list[Extract]
    stems: list[str]
    title_stems: list[str]


class MentionFinder:
    """Find mentions in tokens.

    Parameters
    ----------
    indexes : mapping of label to AliasIndex
        ``"DIAGNOSIS"`` and ``"PROCEDURE"``.
    attributes : AttributeFinder
    known_words : frozenset of str
        Ordinary words that spelling correction leaves alone.
    """

    def __init__(
        self,
        indexes: Mapping[str, AliasIndex],
        attributes: AttributeFinder,
        known_words: frozenset[str] = frozenset(),
    ) -> None:
        self.indexes = dict(indexes)
        self.attributes = attributes
        self.forms: WordForms = next(iter(self.indexes.values())).forms
        self._speller = Speller(self._rarity, known_words)
        self._ambiguous = AmbiguousAbbreviations.packaged()
        self._stems: dict[str, tuple[str, ...]] = {}
        self._sums: dict[str, int] = {}

    def _expand(self, text: str, tokens: TokenLists) -> list[str]:
        """Replace ambiguous abbreviations, written in capitals, by what they mean here."""
        senses = self._ambiguous.senses
        words = tokens.words
        found = [
            i
            for i, word in enumerate(words)
            if word in senses and text[tokens.starts[i] : tokens.ends[i]].isupper()
        ]
        if not found:
            return words
        lower = text.lower()
        shouting = sum(map(str.islower, text[:600])) < 30
        present = frozenset(words)
        chosen: dict[str, str] = {}
        for word in {words[i] for i in found}:
            sense = self._ambiguous.choose(word, lower, present, shouting=shouting)
            if sense is not None:
                chosen[word] = f"{word}={sense.expansion}"
        words = list(words)
        for i in found:
            words[i] = chosen.get(words[i], words[i])
        return words

    def _rarity(self, stem: str) -> float | None:
        for index in self.indexes.values():
            position = index.word_id.get(stem)
            if position is not None:
                return float(index.idf[position])
        return None

    def stems(self, word: str) -> tuple[str, ...]:
        """Return the stems of a folded word, its spelling corrected when nothing knows it."""
        known = self._stems.get(word)
        if known is None:
            known = () if word in AXIS_WORDS else self.forms.stems(word)
            if "=" in word and len(word) > 1:
                # an ambiguous abbreviation with the sense chosen for this note
                known = self.forms.bag(word.partition("=")[2])
            if len(known) == 1 and self._rarity(known[0]) is None:
                meant = self._speller.correct(word)
                if meant is not None:
                    known = (meant,)
            if len(self._stems) < 500_000:
                self._stems[word] = known
        return known

    def _sum(self, word: str) -> int:
        known = self._sums.get(word)
        if known is None:
            known = sum(stem_hash(s) for s in self.stems(word)) & 0xFFFFFFFFFFFFFFFF
            if len(self._sums) < 500_000:
                self._sums[word] = known
        return known

    def __call__(
        self, text: str, tokens: TokenLists, sections: Sequence[Section], groups: Mapping[str, str]
    ) -> Extraction:
        """Return the mentions in order of the text."""
        words = tokens.words = name_sides(self._expand(text, tokens))
        sums = [self._sum(w) for w in words]
        units = [i for i, s in enumerate(sums) if s]
        if not units:
            return Extraction([], [], [])
        section_of = _sections_of(tokens.starts, sections)
        lines = _Lines(text)
        found_attributes: dict[int, list[Found]] = {}
        for attribute in self.attributes.find(text, tokens):
            found_attributes.setdefault(attribute.sentence, []).append(attribute)
        unit_sums = np.array([sums[i] for i in units], dtype=np.uint64)
        unit_breaks = np.array(
            [tokens.sentences[i] * 64 + section_of[i] % 64 for i in units], dtype=np.int64
        )
        extracts: list[Extract] = []
        for label, index in self.indexes.items():
            starts, ends, bags = index.windows(unit_sums, unit_breaks)
            reach = 0
            for start, end, bag in zip(starts.tolist(), ends.tolist(), bags.tolist(), strict=True):
                if end <= reach:
                    continue
                reach = end
                first, last = units[start], units[end - 1]
                extracts.append(
                    self._extract(
                        label, tokens, lines, section_of, first, last, bag, found_attributes
                    )
                )
        matched = {(e.label, e.bag) for e in extracts}
        extracts.extend(
            self._line_mentions(
                tokens, lines, sections, section_of, groups, extracts, sums, found_attributes
            )
        )
        extracts.extend(self._spread_mentions(tokens, lines, section_of, matched, found_attributes))
        extracts.sort(key=lambda e: (e.start_char, e.end_char, e.label))
        titled = [groups.get(s.kind, "") in PROCEDURE_GROUPS for s in sections]
        return Extraction(
            extracts,
            list(self._bag(dict.fromkeys(words))),
            list(self._bag([w for w, s in zip(words, section_of, strict=True) if titled[s]])),
        )

    def _extract(
        self,
        label: str,
        tokens: TokenLists,
        lines: _Lines,
        section_of: list[int],
        first: int,
        last: int,
        bag: int,
        attributes: Mapping[int, Sequence[Found]],
        core: tuple[str, ...] = (),
    ) -> Extract:
        left, right = self._clause(tokens, first, last)
        core = core or self._bag(tokens.words[first : last + 1])
        around = self._bag(tokens.words[left : right + 1])
        start_char, end_char = tokens.starts[first], tokens.ends[last]
        lead, line_words = lines.place(start_char)
        return Extract(
            label,
            start_char,
            end_char,
            first,
            last,
            section_of[first],
            tokens.sentences[first],
            core,
            tuple(s for s in around if s not in core),
            bag,
            lead,
            line_words,
            self.attributes.near(
                attributes.get(tokens.sentences[first], ()), first, last, left, right
            ),
        )

    def _bag(self, words: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(s for w in words for s in self.stems(w)))

    def _telling(self, word: str) -> bool:
        return any((self._rarity(s) or 0.0) >= _TELLING for s in self.stems(word))

    def _clause(self, tokens: TokenLists, first: int, last: int) -> tuple[int, int]:
        """Return the first and last token of the clause around a match."""
        words, sentences, here = tokens.words, tokens.sentences, tokens.sentences[first]
        left, budget = first, _REACH
        while left > 0 and budget:
            word = words[left - 1]
            if sentences[left - 1] != here or word in _BARRIERS or word in _JOINTS:
                break
            left -= 1
            budget -= bool(self.stems(word))
        right, budget = last, _REACH
        while right + 1 < len(words) and budget:
            word = words[right + 1]
            if sentences[right + 1] != here or word in _BARRIERS:
                break
            if word in _JOINTS:
                follows = words[right + 2] if right + 2 < len(words) else ""
                if word != "," or not (follows in AXIS_WORDS or follows in self.attributes.words):
                    break
            right += 1
            budget -= bool(self.stems(word))
        return left, right

    def _spread_mentions(
        self,
        tokens: TokenLists,
        lines: _Lines,
        section_of: list[int],
        matched: set[tuple[str, int]],
        attributes: Mapping[int, Sequence[Found]],
    ) -> list[Extract]:
        """Return aliases whose words all stand close together, with other words between them."""
        places: dict[str, list[int]] = {}
        for i, word in enumerate(tokens.words):
            for stem in self.stems(word):
                places.setdefault(stem, []).append(i)
        out: list[Extract] = []
        taken: set[tuple[int, int]] = set()
        for label, index in self.indexes.items():
            widest = _SPREAD[label]
            smallest = 3 if label == "DIAGNOSIS" else 2
            for bag in index.covered(places, _MOST_SPREAD, smallest):
                if (label, bag) in matched:
                    continue
                stems = [index.words[w] for w in index.bag_ids(bag).tolist()]
                # two words far apart say little
                window = _narrowest(
                    [places[s] for s in stems], widest if len(stems) > 2 else _SPREAD_PAIR
                )
                if window is None or section_of[window[0]] != section_of[window[1]]:
                    continue
                first, last = window
                if label == "DIAGNOSIS" and tokens.sentences[first] != tokens.sentences[last]:
                    continue
                if window in taken and label == "DIAGNOSIS":
                    continue
                if label == "DIAGNOSIS" and not _DENIALS.isdisjoint(tokens.words[first : last + 1]):
                    continue
                taken.add(window)
                out.append(
                    self._extract(
                        label, tokens, lines, section_of, first, last, bag, attributes, tuple(stems)
                    )
                )
        return out

    def _line_mentions(
        self,
        tokens: TokenLists,
        lines: _Lines,
        sections: Sequence[Section],
        section_of: list[int],
        groups: Mapping[str, str],
        extracts: Sequence[Extract],
        sums: Sequence[int],
        attributes: Mapping[int, Sequence[Found]],
    ) -> list[Extract]:
        """Return whole sentences of naming sections as mentions."""
        covered: dict[int, int] = {}
        for e in extracts:
            if e.label == "DIAGNOSIS":
                covered[e.sentence] = covered.get(e.sentence, 0) + len(e.core)
        out: list[Extract] = []
        n = len(tokens.words)
        start = 0
        while start < n:
            sentence = tokens.sentences[start]
            end = start
            while end < n and tokens.sentences[end] == sentence:
                end += 1
            section = sections[section_of[end - 1]]
            group = groups.get(section.kind, "")
            naming = group in PROCEDURE_GROUPS or group in DIAGNOSIS_GROUPS
            if not naming and _DONE.isdisjoint(tokens.words[start:end]):
                start = end
                continue
            # a sentence may open with the section's own header
            body = next(
                (
                    i
                    for i in range(start, end)
                    if tokens.starts[i] >= section.start_char + len(section.title)
                ),
                end,
            )
            meaning = [i for i in range(body, end) if sums[i]]
            label = ""
            if not any(self._telling(tokens.words[i]) for i in meaning):
                label = ""
            elif (group in PROCEDURE_GROUPS and len(meaning) <= 20) or (
                len(meaning) <= 20 and not _DONE.isdisjoint(tokens.words[body:end])
            ):
                label = "PROCEDURE"
            elif group in DIAGNOSIS_GROUPS and len(meaning) <= 8:
                # a line that denies something is no mention: its cue would stand inside it
                denies = not _DENIALS.isdisjoint(tokens.words[body:end])
                known = 2 * covered.get(sentence, 0) >= len(meaning)
                label = "" if known or denies else "DIAGNOSIS"
            if label and label in self.indexes:
                extract = self._extract(
                    label, tokens, lines, section_of, meaning[0], meaning[-1], -1, attributes
                )
                if len(extract.core) <= 16:
                    out.append(extract)
            start = end
        return out


class _Lines:
    """Where in its line a mention stands."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[int, int] = {}

    def place(self, start_char: int) -> tuple[bool, int]:
        """Return whether only list marks stand before it, and the words of its line."""
        text = self._text
        line_start = text.rfind("\n", 0, start_char) + 1
        line_end = text.find("\n", start_char)
        line_end = len(text) if line_end < 0 else line_end
        before = text[line_start:start_char].strip(" \t0123456789.)(#*-•:>[]xX")
        count = self._known.get(line_start)
        if count is None:
            count = self._known[line_start] = len(text[line_start:line_end].split())
        return not before or before.lower() in _SIDES, count


def _narrowest(places: Sequence[Sequence[int]], widest: int) -> tuple[int, int] | None:
    """Return the narrowest window of tokens that holds one of each list, None if all are wider."""
    merged = sorted((at, which) for which, ats in enumerate(places) for at in ats)
    count = [0] * len(places)
    held = left = 0
    best: tuple[int, int] | None = None
    for at, which in merged:
        held += count[which] == 0
        count[which] += 1
        while held == len(places):
            start, first = merged[left]
            if at - start < widest:
                best, widest = (start, at), at - start
            count[first] -= 1
            held -= count[first] == 0
            left += 1
    return best


_SIDES = frozenset(
    {
        "right",
        "left",
        "bilateral",
        "acute",
        "chronic",
        "the",
        "a",
        "regarding",
        "regarding his",
        "regarding her",
    }
)


def _sections_of(starts: Sequence[int], sections: Sequence[Section]) -> list[int]:
    bounds = np.array([s.start_char for s in sections], dtype=np.int64)
    place = np.searchsorted(bounds, np.array(starts, dtype=np.int64), side="right") - 1
    return np.maximum(place, 0).tolist()  # type: ignore[no-any-return]
