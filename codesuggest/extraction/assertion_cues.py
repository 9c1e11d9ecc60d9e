"""Cues in a note and how far each reaches: the table, the breaks and the scopes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from codesuggest.extraction.assertion_time import names_past, year_rows
from codesuggest.extraction.assertion_words import AssertionWords
from codesuggest.extraction.experiencer import speaks_of_relative
from codesuggest.extraction.phrases import PhraseTable
from codesuggest.extraction.tokens import TokenLists, WordMarks
from codesuggest.schema import Cue
from codesuggest.terminology.words import read_csv

__all__ = ["DATA", "CueFinder", "CueHit", "CueRow", "cue_words"]

DATA = Path(__file__).parent / "data"

_CLAUSE_BREAKS = frozenset({";", ":", ".", "!", "•"})
_SIGNS = _CLAUSE_BREAKS | {",", "and", "but"}
_JOINING = frozenset({"and", "but", "or", "so", "then"})
_STANDS_BEFORE_ANSWER = frozenset({":", "-", "–", "=", "?"})
_AFTER_ANSWER = frozenset({".", ",", ";", "|", "/", "-", "("})
_DENIES = frozenset({"denies", "denied", "denying", "no", "without", "negative"})
#: Ends that open a phrase within the subject: "ulcer on the heel has healed".
_PREPOSITIONS = frozenset({"on", "due", "secondary", "because", "given", "for", "with", "in"})
_NO = frozenset({"no", "without", "denies"})
_CONNECTS = frozenset({"in", "of", "from", "with", "for", "to", "that", "is", "was", "regarding"})
_ENDS_OPEN = frozenset({"of", "for", "from", "with"})
_OTHER_SUBJECT = frozenset({"he", "she", "patient", "pt", "there"})
#: Tokens a cue reaches to the right within its sentence, and within its clause; to the left.
_REACH_SENTENCE = 40
_REACH_CLAUSE = 14
_REACH_LEFT = 12
#: A label is at most this many characters from the start of its line to its colon.
_LABEL = 45


@dataclass(frozen=True, slots=True)
class CueRow:
    """One row of the cue table."""

    status: str
    position: str
    scope: str


_INSIDE = CueRow("negated", "before", "sentence")
_YEAR = CueRow("historical", "both", "date")


@dataclass(slots=True)
class CueHit:
    """A cue in the text and the first and last token that it reaches."""

    first: int
    last: int
    row: CueRow
    left: int = 0
    right: int = 0
    #: It stands as the answer behind a label ("Transfusion: No").
    template: bool = False
    #: It stands at the end of its clause, as a statement does and an adjective does not.
    closes: bool = False
    cue: Cue | None = None

    def say(self, text: str, tokens: TokenLists) -> Cue:
        """Return the cue as a value, made once for all mentions that it reaches."""
        start, end = tokens.starts[self.first], tokens.ends[self.last]
        self.cue = Cue(self.row.status, text[start:end], start, end)
        return self.cue


class _Breaks:
    """Token positions at which statements end."""

    def __init__(self, tokens: TokenLists, signs: Sequence[int], lists: AssertionWords) -> None:
        words = tokens.words
        n = len(words)
        self._numbers = tokens.sentences
        new, subject = lists["new_statement"], lists["subject"]
        self.signs: list[int] = []
        self.commas: list[int] = []
        self.subjects: list[int] = []
        self.verbs: list[int] = []
        auxiliary, abbreviations = lists["auxiliary"], lists["abbreviation"]
        for i in signs:
            word = words[i]
            if word in _CLAUSE_BREAKS:
                if word == "." and i and words[i - 1] in abbreviations:
                    continue
                self.signs.append(i)
            elif i + 1 == n:
                continue
            elif word == ",":
                place = i + 2 if words[i + 1] in _JOINING and i + 2 < n else i + 1
                if words[place] in new:
                    self.commas.append(i)
                    if words[place] in subject:
                        self.subjects.append(i)
            elif words[i + 1] in subject:
                self.subjects.append(i)
            elif words[i + 1] in auxiliary:
                self.verbs.append(i)

    def clause(self, first: int, last: int) -> tuple[int, int]:
        """Return the first and last token of the stretch without a clause break."""
        numbers = self._numbers
        left = bisect_left(numbers, numbers[first])
        right = bisect_right(numbers, numbers[last]) - 1
        place = bisect_left(self.signs, first) - 1
        if place >= 0:
            left = max(left, self.signs[place] + 1)
        place = bisect_right(self.signs, last)
        if place < len(self.signs):
            right = min(right, self.signs[place] - 1)
        return left, right


def _next(places: list[int], after: int) -> int | None:
    place = bisect_right(places, after)
    return places[place] if place < len(places) else None


def _previous(places: list[int], before: int) -> int | None:
    place = bisect_left(places, before) - 1
    return places[place] if place >= 0 else None


def _can_reach(
    hit: CueHit, wanted: Mapping[int, tuple[int, int]], sentences: Sequence[int]
) -> bool:
    """Tell whether anything wanted stands on the side of a cue that it speaks of."""
    found = wanted.get(sentences[hit.last])
    position = hit.row.position
    if found is None or position == "both":
        return True
    return hit.last < found[1] if position == "before" else hit.first > found[0]


def cue_words() -> frozenset[str]:
    """Return the words of all cues."""
    rows = read_csv(DATA / "cues.csv", ("cue", "status", "position", "scope"))
    return frozenset(" ".join(row["cue"] for row in rows).lower().split())


class CueFinder:
    """Find the cues of a note; one table of phrases, ``data/cues.csv``."""

    def __init__(self, lists: AssertionWords) -> None:
        self._lists = lists
        rows = read_csv(DATA / "cues.csv", ("cue", "status", "position", "scope"))
        phrases = [
            (row["cue"], CueRow(row["status"], row["position"], row["scope"])) for row in rows
        ]
        phrases.extend((phrase, _YEAR) for phrase in year_rows())
        self._table: PhraseTable[CueRow] = PhraseTable(phrases)
        self._marks = WordMarks(
            {
                "single": self._table.single_words,
                "first": self._table.first_words,
                "second": self._table.second_words,
                "sign": _SIGNS,
            }
        )

    def __call__(
        self,
        text: str,
        tokens: TokenLists,
        wanted: Mapping[int, tuple[int, int]] | None = None,
    ) -> list[CueHit]:
        """Return the cues of the text, or of its `wanted` sentences, with their reach.

        Parameters
        ----------
        text : str
        tokens : TokenLists
        wanted : mapping of sentence to (least, greatest), optional
            Last tokens of what may be reached there. A cue that stands before all that it could
            reach backward, or behind all that it could reach forward, is left out.
        """
        words = tokens.words
        marked = self._marks.of(tokens)
        places = marked.opens("single", "first", "second")
        if wanted is not None:
            sentences = tokens.sentences
            places = [i for i in places if sentences[i] in wanted]
        found = self._table.find(words, places)
        hits: list[CueHit] = []
        ends: list[tuple[int, int, str]] = []
        relatives: set[int] = set()
        for start, end, rows in found:
            stops = True
            for row in rows:
                if row.status == "end":
                    ends.append((start, end - 1, row.scope))
                elif row.status != "pseudo":
                    stops = False
                    hits.append(CueHit(start, end - 1, row))
                    if row.status == "negated" and words[start] in _DENIES:
                        ends.append((start, end - 1, "denial"))
                    if row.scope == "relative":
                        relatives.update(range(start, end))
            bound = words[start + 1 : start + 2] == ["-"]
            if stops and rows[0].status == "pseudo" and words[start] in _NO and not bound:
                # "no change in": nothing is denied but the change itself
                hits.append(CueHit(start, start, _INSIDE, start, end - 1))
        if not hits:
            return hits
        breaks = _Breaks(tokens, marked.places("sign"), self._lists)
        if wanted is not None:
            hits = [hit for hit in hits if _can_reach(hit, wanted, tokens.sentences)]
        kept = [hit for hit in hits if hit.right or self._scope(hit, text, tokens, breaks, ends)]
        if relatives:
            named = frozenset(relatives)
            kept = [
                hit
                for hit in kept
                if hit.row.scope != "relative"
                or speaks_of_relative(words, hit.first, hit.last, named, self._lists)
            ]
        return kept

    def _scope(
        self,
        hit: CueHit,
        text: str,
        tokens: TokenLists,
        breaks: _Breaks,
        ends: list[tuple[int, int, str]],
    ) -> bool:
        """Set how far the cue reaches; return False for a cue that says nothing here."""
        words, n = tokens.words, len(tokens.words)
        left, right = breaks.clause(hit.first, hit.last)
        position = hit.row.position
        if position == "both":
            if hit.row is _YEAR and not names_past(words, hit.first):
                return False
            hit.left, hit.right = left, right
            return True
        if position == "before":
            hit.left = hit.first
            hit.right = self._right(hit, right, text, tokens, breaks, ends)
            return True
        before = words[hit.first - 1] if hit.first else ""
        after = words[hit.last + 1] if hit.last + 1 < n else ""
        ends_here = (
            not after
            or tokens.sentences[hit.last + 1] != tokens.sentences[hit.last]
            or after in _AFTER_ANSWER
        )
        answers = before in _STANDS_BEFORE_ANSWER
        hit.template = answers and ends_here
        hit.closes = (ends_here or after in self._lists["after_state"]) and before != "otherwise"
        low = max(left, hit.first - _REACH_LEFT)
        if before == ":" and (hit.closes or hit.row.status == "historical"):
            # "Fever: resolved": the answer reaches its label and nothing in front of it
            reach = breaks.clause(hit.first - 1, hit.first - 1)[0]
            low = max(reach, hit.first - 8)
        else:
            mark = _previous(breaks.subjects, hit.first)
            if mark is not None:
                low = max(low, mark + 1)
            if hit.row.status == "negated":
                # "has asthma and has not needed ...": a second verb says something else
                mark = _previous(breaks.verbs, hit.first)
                if mark is not None:
                    low = max(low, mark + 1)
        for first, last, scope in reversed(ends):
            if last < hit.first:
                if last < low:
                    break
                if (
                    scope == "denial"
                    or words[first] in _PREPOSITIONS
                    or hit.row.status == "family"
                    or (scope == "verb" and (last == hit.first - 1 or words[first - 1] == "that"))
                ):
                    continue
                low = last + 1
                break
        hit.left, hit.right = low, hit.first - 1
        return True

    def _right(
        self,
        hit: CueHit,
        right: int,
        text: str,
        tokens: TokenLists,
        breaks: _Breaks,
        ends: list[tuple[int, int, str]],
    ) -> int:
        words, status, last = tokens.words, hit.row.status, hit.last
        n = len(words)
        sign = right + 1
        if (
            sign < n
            and words[sign] == ":"
            and tokens.sentences[sign] == tokens.sentences[last]
            and (sign == last + 1 or self._in_label(hit, sign, text, tokens))
        ):
            # the colon of a label, or right behind the cue
            right = breaks.clause(sign + 1, sign + 1)[1] if sign + 1 < n else right
            if sign + 1 < n and tokens.sentences[sign + 1] != tokens.sentences[sign]:
                right = sign
        reach = _REACH_SENTENCE if hit.row.scope in ("sentence", "relative") else _REACH_CLAUSE
        right = min(right, last + reach)
        marks = breaks.subjects if status in ("hypothetical", "family") else breaks.commas
        mark = _next(marks, last)
        if mark is not None and status == "family" and mark <= last + 1:
            mark = _next(marks, mark)
        if mark is not None:
            right = min(right, mark - 1)
        if status == "negated" and "if" in words[max(0, hit.first - 8) : hit.first]:
            # the condition ends at its comma: "if it does not improve, consider injection"
            comma = next((i for i in range(last + 1, right) if words[i] == ","), None)
            if comma is not None:
                right = comma - 1
        for first, _, scope in ends:
            if first <= last:
                continue
            if first > right:
                break
            if scope == "denial" and status != "historical":
                continue
            if scope == "verb":
                if first == last + 1 or status == "hypothetical":
                    continue
                if status == "family" and words[first] not in _OTHER_SUBJECT:
                    continue
                if status == "uncertain" and first == last + 2:
                    continue
            right = first - 1
            break
        if status == "negated" and words[last] not in _ENDS_OPEN:
            nouns = self._lists["unchanged_noun"]
            for place in range(last + 1, min(last + 4, right)):
                if words[place] in nouns and words[place + 1] in _CONNECTS:
                    # "no increase in the effusion": the effusion is there
                    return place
        return right

    @staticmethod
    def _in_label(hit: CueHit, colon: int, text: str, tokens: TokenLists) -> bool:
        """Tell whether the cue stands in the label that ends at the colon."""
        stop = tokens.starts[colon]
        line = text.rfind("\n", 0, stop) + 1
        if stop - line > _LABEL:
            line = max(line, text.rfind(". ", line, stop) + 1)
        return stop - line <= _LABEL and tokens.starts[hit.first] >= line
