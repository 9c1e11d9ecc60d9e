"""What a note says of a drug: that it did harm, was taken in excess, or too little.

``data/drug_cues.csv`` holds the wordings. A statement is a cue with the name of a drug right
beside it in one sentence: "due to her opioids", "steroid-induced", "overdose of sertraline",
"ran out of insulin". Most notes have no word that such a cue is known by, and no more is read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from codesuggest.extraction.sentences import sentence_starts
from codesuggest.guidelines.drug_names import DrugClass, DrugNames, Word, words_of
from codesuggest.guidelines.patterns import Pattern
from codesuggest.guidelines.worksheet import NoteText
from codesuggest.terminology.words import read_csv, tokenize

__all__ = ["DrugCues", "DrugStatement", "DrugStatements", "sentence_at"]

DATA = Path(__file__).parent / "data"
_COLUMNS = ("kind", "words", "share", "source")
#: Cues that stand before the name of a drug, and behind it.
_BEFORE = frozenset({
    "effect of", "effect right before", "taken too little", "stopped", "let", "overdose of",
})  # fmt: skip
_BEHIND = frozenset({"effect behind", "overdose behind"})
#: Words that a cue is not known by.
_PLAIN = frozenset({"to", "of", "on", "with", "has", "from", "by", "in", "him", "her", "-", "/"})
#: Characters read behind and before a cue, words read before it, and words of a name's tail.
_AHEAD, _BACK, _LEAD, _TAIL = 120, 60, 4, 2
_JOINING = frozenset({"and", "/", "+", "&", "plus"})
_ENDS = frozenset({".", ";", ",", ":", "!", "?"})


@dataclass(frozen=True, slots=True)
class DrugStatement:
    """A cue and a drug; `start_char` to `end_char` are the words of both.

    `sentence` is where its sentence starts and ends; `share` says how often a coder reports it.
    """

    kind: str
    drug: DrugClass
    share: float
    source: str
    start_char: int
    end_char: int
    sentence: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Cue:
    kind: str
    words: str
    share: float
    source: str


class DrugCues:
    """The wordings of ``data/drug_cues.csv`` by their kind."""

    def __init__(self, rows: Iterable[dict[str, str]]) -> None:
        self._words: dict[str, frozenset[str]] = {}
        self._rows: dict[str, tuple[float, str]] = {}
        #: Cues by a word that a note must have.
        self.known_by: dict[str, list[_Cue]] = {}
        for row in rows:
            kind, words = row["kind"], frozenset(row["words"].split("|"))
            self._words[kind] = self._words.get(kind, frozenset()) | words
            self._rows.setdefault(kind, (float(row["share"]), row["source"]))
            for wording in sorted(words) if kind in _BEFORE | _BEHIND else ():
                tokens = tokenize(wording)
                telling = [t for t in tokens if t not in _PLAIN] or tokens
                cue = _Cue(kind, wording, float(row["share"]), row["source"])
                self.known_by.setdefault(max(telling, key=len), []).append(cue)
        self.pivots = frozenset(self.known_by)

    @classmethod
    def packaged(cls) -> DrugCues:
        """Read the table that ships with the package."""
        return cls(read_csv(DATA / "drug_cues.csv", _COLUMNS))

    def words(self, kind: str) -> frozenset[str]:
        """Return the wordings of a kind."""
        return self._words[kind]

    def codes(self, kind: str) -> Pattern:
        """Return the codes of a kind of which the words are codes."""
        return Pattern("|".join(sorted(self._words[kind])))

    def share(self, kind: str) -> float:
        """Return how often a coder reports what a kind says, from 0 to 1."""
        return self._rows[kind][0]

    def source(self, kind: str) -> str:
        """Return the source of a kind."""
        return self._rows[kind][1]

    def says(self, kind: str, text: str) -> bool:
        """Tell whether a text has one of the wordings of a kind."""
        low = _lower(text)
        return any(next(_places(low, words), -1) >= 0 for words in self._words[kind])


class DrugStatements:
    """Find the statements of a note.

    Parameters
    ----------
    names : DrugNames
    cues : DrugCues
    """

    def __init__(self, names: DrugNames, cues: DrugCues) -> None:
        self._names = names
        self._cues = cues
        self._between, self._other = cues.words("between"), cues.words("another matter")
        self._undone, self._likely = cues.words("undone"), cues.words("likely")

    def __call__(self, note: NoteText) -> list[DrugStatement]:
        """Return the statements of a note in their order, each drug's words once."""
        met = self._cues.pivots.intersection(note.words)
        if not met or self._names.heads.isdisjoint(note.words):
            return []
        found: dict[int, DrugStatement] = {}
        starts: list[int] = []
        for cue, start in self._met(note.text, met):
            stop = start + len(cue.words)
            before = cue.kind in _BEFORE
            if before:
                named = self._behind(note.text, stop, whole=cue.kind == "let")
            else:
                named = self._before(note.text, start, stop)
            share = self._certainty(note.text, start if before else named[0][1]) if named else 0.0
            if not share:
                continue
            starts = starts or sentence_starts(note.text)
            for drug, first, last in named:
                left, right = min(first, start), max(last, stop)
                sentence = sentence_at(starts, left, len(note.text))
                if first not in found and right <= sentence[1]:
                    found[first] = DrugStatement(
                        cue.kind, drug, cue.share * share, cue.source, left, right, sentence
                    )
        return [found[first] for first in sorted(found)]

    def _met(self, text: str, met: frozenset[str]) -> list[tuple[_Cue, int]]:
        """Return the cues of a text with their offsets, the longer first in one place."""
        low = _lower(text)
        found = [
            (cue, start)
            for pivot in met
            for cue in self._cues.known_by[pivot]
            for start in _places(low, cue.words)
        ]
        found.sort(key=lambda pair: (pair[1], -len(pair[0].words), pair[0].kind))
        return found

    def _behind(
        self, text: str, stop: int, *, whole: bool = False
    ) -> list[tuple[DrugClass, int, int]]:
        """Return the drugs named right behind a cue, with their offsets.

        What follows the name may make it another matter, unless it is a part of the cue (`whole`).
        """
        # most cues are small words: that no drug follows shows at the first that names something
        ahead = words_of(text, stop, stop + _AHEAD)
        heads, between = self._names.heads, self._between
        first = next((w for w, _, _ in ahead if w in heads or w not in between), None)
        if first not in heads:
            return []
        words = list(words_of(text, stop, stop + _AHEAD))
        found: list[tuple[DrugClass, int, int]] = []
        place = 0
        while place < len(words):
            named = self._names.at(words, place)
            if named is None:
                if words[place][0] not in self._between:
                    break
                place += 1
                continue
            drug, place_behind = named
            if not whole and self._is_other_matter(words[place_behind : place_behind + _TAIL]):
                return []
            if drug.unnamed and place_behind < len(words):
                # "due to the medication lisinopril"
                better = self._names.at(words, place_behind)
                if better is not None:
                    place = place_behind
                    continue
            found.append((drug, words[place][1], words[place_behind - 1][2]))
            if place_behind < len(words) and words[place_behind][0] in _JOINING:
                place = place_behind + 1
                continue
            break
        return found

    def _before(self, text: str, start: int, stop: int) -> list[tuple[DrugClass, int, int]]:
        """Return the drug named right before a cue, with its offsets."""
        back = text.rfind(" ", 0, max(0, start - _BACK)) + 1
        words = list(words_of(text, back, start))
        named = self._names.ending(words)
        if named is None:
            return []
        if self._is_other_matter(list(words_of(text, stop, stop + _BACK))[:_TAIL]):
            return []
        drug, first = named
        return [(drug, words[first][1], words[-1][2])]

    def _is_other_matter(self, tail: Sequence[Word]) -> bool:
        for word, _, _ in tail:
            if word in _ENDS:
                return False
            if word in self._other:
                return True
        return False

    def _certainty(self, text: str, start: int) -> float:
        """Return the share that the words before a statement leave to it."""
        back = text.rfind(" ", 0, max(0, start - _BACK)) + 1
        share = 1.0
        words = [word for word, _, _ in words_of(text, back, start)]
        for word in reversed(words[-_LEAD:]):
            if word in self._likely:
                share = self._cues.share("likely")
            elif word in self._undone:
                return 0.0
            elif word in _ENDS:
                break
        return share


def sentence_at(starts: Sequence[int], offset: int, size: int) -> tuple[int, int]:
    """Return where the sentence of an offset starts and ends in a text of `size` characters."""
    place = bisect_right(starts, offset)
    return starts[place - 1], starts[place] if place < len(starts) else size


def _lower(text: str) -> str:
    """Return a text in lower case and in one line, each character in its place."""
    low = text.lower()
    if len(low) != len(text):
        low = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return low.replace("\n", " ")


def _places(text: str, words: str) -> Iterator[int]:
    """Yield where words stand as whole words."""
    start = text.find(words)
    while start >= 0:
        stop = start + len(words)
        if not (start and text[start - 1].isalnum()) and not text[stop : stop + 1].isalnum():
            yield start
        start = text.find(words, stop)
