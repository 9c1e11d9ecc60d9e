"""What kind of document a note is, and its setting, when the caller says neither.

Cues are data (``data/document_cues.csv``): patterns of the title or of the head, words of the
text (in capitals where only capitals count), and the sections that are there or not. Each speaks
for or against one setting; the setting with the most wins, and the kind follows from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from codesuggest.schema import SETTINGS, Section
from codesuggest.terminology.words import read_csv

__all__ = ["DocumentGuess", "guess_document"]

DATA = Path(__file__).parent / "data"

#: Signs that are no part of a word.
_BLANKED = {i: " " for i in range(0x250) if not re.match(r"[A-Za-z0-9&/'-]", chr(i))}
_CLAUSE = re.compile(r"[.:;,]\s")
_REPORTED = re.compile(r"imp|conclusion|opinion", re.I)
#: A first line longer than this is prose.
_TITLE_LINE = 80
#: Characters that the title and the head of a note take at most, and how far words count.
_TITLE, _HEAD, _READ = 160, 600, 3000
#: Different words of the text that count towards one setting.
_MOST_WORDS = 4


@dataclass(frozen=True, slots=True)
class DocumentGuess:
    """A kind of `codesuggest.schema.DOCUMENT_KINDS` and a setting of its `SETTINGS`."""

    kind: str
    setting: str


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A pattern, and strings of which one stands wherever it is met.

    They are in lower case, or in capitals where only capitals count. To look for them takes a
    tenth of the time of the pattern.
    """

    pattern: re.Pattern[str]
    needs: tuple[str, ...] = ()

    @classmethod
    def read(cls, pattern: str, needs: str = "") -> _Pattern:
        return cls(re.compile(pattern, re.I | re.M), tuple(filter(None, needs.split("|"))))

    def met(self, text: str, cases: str) -> bool:
        """Tell whether the pattern is met in a text, also given as `_cases` makes it."""
        if self.needs and not any(need in cases for need in self.needs):
            return False
        return self.pattern.search(text) is not None


def _cases(text: str) -> str:
    """Return a text as it stands, and again in lower case."""
    return f"{text}\n{text.lower()}"


_CONSULT = _Pattern.read(
    r"\bconsult(?:ation|ative)?\b|\bthank you for (?:referring|asking)", "consult|thank you"
)
_PROGRESS = _Pattern.read(
    r"\bprogress note\b|\b(?:daily|rounding|SOAP) note\b|\bhospital day\b|\bHD ?#?\d|\bPOD ?#?\d",
    "note|hospital day|hd|pod",
)
_DISCHARGE = _Pattern.read(
    r"\bdischarge (?:summary|diagnos[ei]s|note)\b|\bdeath summary\b", "discharge|death"
)
_OPERATIVE = _Pattern.read(
    r"\b(?:operative|operation|operating room|op note|OR note|general anesthesia|GETA|"
    r"endotracheal|laparoscop\w+|surgeon)\b",
    "operat|op note|or note|anesthesia|geta|endotracheal|laparoscop|surgeon",
)
_PATHOLOGY = _Pattern.read(
    r"\b(?:patholog\w*|cytolog\w*|biopsy|histolog\w*|formalin|microscopic|gross|smears?|pap)\b",
)


class _Words:
    """The words of a text: as they stand, folded, and in one line."""

    __slots__ = ("line", "words")

    def __init__(self, text: str, end: int) -> None:
        read = text[:end].translate(_BLANKED).split()
        lower = " ".join(read).lower()
        self.line = f" {lower} "
        # few words are on a list: the lists are compared with these only
        listed = _listed()
        self.words = listed.intersection(read) | listed.intersection(lower.split())


@dataclass(frozen=True, slots=True)
class _WordList:
    """Words and phrases that speak for a setting; one in capitals is only met in capitals."""

    weight: float
    words: frozenset[str]
    #: By their first words: few phrases are worth looking for.
    phrases: Mapping[str, tuple[str, ...]]

    @classmethod
    def read(cls, weight: float, cue: str) -> _WordList:
        listed = cue.split("|")
        phrases: dict[str, tuple[str, ...]] = {}
        for words in listed:
            if " " in words:
                first = words.split()[0]
                phrases[first] = (*phrases.get(first, ()), f" {words} ")
        return cls(weight, frozenset(w for w in listed if " " not in w), phrases)

    def count(self, words: _Words) -> int:
        """Return how many of the list are there."""
        met = words.words
        begun = [p for first in self.phrases.keys() & met for p in self.phrases[first]]
        return len(self.words & met) + sum(phrase in words.line for phrase in begun)


@dataclass(frozen=True, slots=True)
class _Cues:
    bias: float = 0.0
    patterns: tuple[tuple[str, float, _Pattern], ...] = ()
    titles: tuple[_WordList, ...] = ()
    texts: tuple[_WordList, ...] = ()
    sections: tuple[tuple[str, float], ...] = ()
    only: tuple[tuple[frozenset[str], float], ...] = ()


def guess_document(
    text: str,
    sections: Sequence[Section],
    groups: Mapping[str, str],
    setting: str | None = None,
) -> DocumentGuess:
    """Return the likeliest kind and setting of a note.

    Parameters
    ----------
    text : str
    sections : sequence of Section
        The sections that `codesuggest.extraction.sections.SectionFinder` found in it.
    groups : mapping
        Kind of section to its group.
    setting : str, optional
        Where it is known; only the kind is guessed then.
    """
    kinds = {s.kind for s in sections if s.kind not in ("preamble", "other")}
    if setting is None:
        setting = _setting(text, sections, groups, kinds)
    return DocumentGuess(_kind(text, setting, kinds), setting)


def _setting(
    text: str, sections: Sequence[Section], groups: Mapping[str, str], kinds: set[str]
) -> str:
    found = {groups.get(kind, kind) for kind in kinds} - {"admin", "other"}
    reported = "findings" in found or any(_REPORTED.match(s.title) for s in sections)
    title = _title(text)
    head = text[:_HEAD]
    places = {"title_form": (title, _cases(title)), "head": (head, _cases(head))}
    of_title, of_text = _Words(title, _TITLE), _Words(text, _READ)
    scores = dict.fromkeys(SETTINGS, 0.0)
    for setting, cues in _packaged().items():
        score = cues.bias
        for where, weight, pattern in cues.patterns:
            if pattern.met(*places[where]):
                score += weight
        score += sum(cue.weight for cue in cues.titles if cue.count(of_title))
        score += sum(cue.weight * min(cue.count(of_text), _MOST_WORDS) for cue in cues.texts)
        score += sum(weight for kind, weight in cues.sections if kind in kinds)
        for allowed, weight in cues.only:
            if reported and len(found) > 1 and found <= allowed:
                score += weight
        scores[setting] = score
    return max(SETTINGS, key=lambda s: (scores[s], s == "outpatient"))


def _kind(text: str, setting: str, kinds: set[str]) -> str:
    head = text[:_HEAD], _cases(text[:_HEAD])
    if setting == "imaging":
        return "imaging_report"
    if setting == "ed":
        return "ed_note"
    if setting == "lab":
        tissue = kinds & {"gross_description", "microscopic_description"}
        return "pathology_report" if tissue or _PATHOLOGY.met(*head) else "laboratory_report"
    if setting == "procedure":
        formal = kinds & {"preoperative_diagnosis", "postoperative_diagnosis"}
        theatre = formal and kinds & {"anesthesia", "blood_loss", "staff"}
        return "operative_note" if theatre or _OPERATIVE.met(*head) else "procedure_note"
    if setting == "inpatient" and ("hospital_course" in kinds or _DISCHARGE.met(*head)):
        return "discharge_summary"
    if "reason_for_consult" in kinds or _CONSULT.met(*head):
        return "consult"
    if setting == "inpatient" or _PROGRESS.met(*head):
        return "progress_note"
    return "office_note"


def _title(text: str) -> str:
    """Return the first line that has words, and the next if it is short; of prose, the start."""
    lines = [line for line in text[:_HEAD].split("\n") if any(map(str.isalnum, line))]
    if not lines:
        return ""
    if len(lines[0]) > _TITLE_LINE:
        return _CLAUSE.split(lines[0], maxsplit=1)[0][:_TITLE_LINE]
    return " ".join(lines[: 1 if len(lines[0]) > _TITLE_LINE // 2 else 2])[:_TITLE]


@lru_cache(maxsize=1)
def _packaged() -> dict[str, _Cues]:
    """Read ``data/document_cues.csv``."""
    rows: dict[str, list[dict[str, str]]] = {}
    for row in read_csv(DATA / "document_cues.csv", ("setting", "where", "weight", "needs", "cue")):
        rows.setdefault(row["setting"], []).append(row)
    return {setting: _cues(own) for setting, own in rows.items()}


@lru_cache(maxsize=1)
def _listed() -> frozenset[str]:
    """Return the words of all lists, and those that phrases begin with."""
    lists = [words for cues in _packaged().values() for words in (*cues.titles, *cues.texts)]
    return frozenset().union(*[words.words.union(words.phrases) for words in lists])


def _cues(rows: Iterable[dict[str, str]]) -> _Cues:
    bias = 0.0
    patterns, titles, texts, sections, only = [], [], [], [], []
    for row in rows:
        where, weight, cue = row["where"], float(row["weight"]), row["cue"]
        if where == "bias":
            bias += weight
        elif where == "title":
            titles.append(_WordList.read(weight, cue))
        elif where == "words":
            texts.append(_WordList.read(weight, cue))
        elif where == "section":
            sections += [(kind, weight) for kind in cue.split("|")]
        elif where == "only":
            only.append((frozenset(cue.split("|")), weight))
        else:
            patterns.append((where, weight, _Pattern.read(cue, row["needs"])))
    return _Cues(bias, tuple(patterns), tuple(titles), tuple(texts), tuple(sections), tuple(only))
