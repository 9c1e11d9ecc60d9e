"""Assertion: what the note claims about a mention, by cues, their direction and their scope.

The algorithm is ConText's (Harkema et al. 2009, J Biomed Inform 42:839-851) on our own table of
cues (``data/cues.csv``): a cue reaches forward or backward to the end of its sentence or clause,
a termination cue or a pseudo cue stops it, a cue inside the mention's own words says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from codesuggest.extraction.phrases import PhraseTable
from codesuggest.extraction.tokens import TokenLists
from codesuggest.schema import Assertion, Cue, Section
from codesuggest.terminology.words import read_csv

__all__ = ["AssertionFinder", "CueRow"]

DATA = Path(__file__).parent / "data"

#: Groups of sections that decide the status of what stands in them.
_SECTION_STATUS: dict[str, str] = {
    "family": "family",
    "consent": "hypothetical",
    "instructions": "hypothetical",
}
#: A comma or "and" followed by one of these starts a new statement.
_NEW_STATEMENT = frozenset(
    [
        "he",
        "she",
        "they",
        "patient",
        "there",
        "it",
        "but",
        "reports",
        "endorses",
        "complains",
        "admits",
        "has",
        "positive",
        "with",
        "his",
        "her",
        "the",
    ]
)
_CLAUSE_BREAKS = frozenset({";", ":", ".", "!", "•"})
#: Words after which a backward cue still reaches over a comma ("chest pain, resolved").
_REACH_AFTER = 12
_REACH_BEFORE = 40
_CHECKED = re.compile(r"\[\s*[xX✓]\s*\]\s*$")
_UNCHECKED = re.compile(r"\[\s*\]\s*$")


@dataclass(frozen=True, slots=True)
class CueRow:
    """One row of the cue table."""

    status: str
    position: str
    scope: str


@dataclass(slots=True)
class _CueHit:
    first: int
    last: int
    row: CueRow
    stop_left: int
    stop_right: int
    template: bool = False


class AssertionFinder:
    """Decide the assertion of spans of tokens."""

    def __init__(self) -> None:
        rows = read_csv(DATA / "cues.csv", ("cue", "status", "position", "scope"))
        self._table: PhraseTable[CueRow] = PhraseTable(
            (row["cue"], CueRow(row["status"], row["position"], row["scope"])) for row in rows
        )

    def __call__(
        self,
        text: str,
        tokens: TokenLists,
        spans: Sequence[tuple[int, int]],
        sections: Sequence[Section],
        section_of: Sequence[int],
        groups: Mapping[str, str],
        tests: Sequence[bool] | None = None,
    ) -> list[Assertion]:
        """Return one assertion a span.

        Parameters
        ----------
        text : str
        tokens : TokenLists
        spans : sequence of (first, last)
            Token positions, both inclusive.
        sections, section_of : sequences
            The sections, and the section of each span.
        groups : mapping of str to str
            Section kind to group.
        tests : sequence of bool, optional
            Spans that name a test or procedure: "negative" is then a result, not a negation.
        """
        hits = self._hits(tokens)
        by_sentence: dict[int, list[_CueHit]] = {}
        for hit in hits:
            by_sentence.setdefault(tokens.sentences[hit.first], []).append(hit)
        out = []
        for number, ((first, last), section) in enumerate(zip(spans, section_of, strict=True)):
            is_test = tests is not None and tests[number]
            cues = [
                Cue(
                    hit.row.status,
                    text[tokens.starts[hit.first] : tokens.ends[hit.last]],
                    tokens.starts[hit.first],
                    tokens.ends[hit.last],
                )
                for hit in by_sentence.get(tokens.sentences[first], ())
                if self._reaches(hit, first, last) and not (is_test and hit.row.scope == "result")
            ]
            before = text[max(0, tokens.starts[first] - 6) : tokens.starts[first]]
            if _UNCHECKED.search(before):
                start = tokens.starts[first] - len(before) + before.rindex("[")
                cues.append(Cue("negated", text[start : start + 3], start, start + 3))
            status = _SECTION_STATUS.get(groups.get(sections[section].kind, ""))
            if status and sections[section].kind != "family_social_history":
                cues.append(Cue(status, sections[section].title, -1, -1))
            out.append(Assertion.from_cues(tuple(cues)) if cues else _PRESENT)
        return out

    def _hits(self, tokens: TokenLists) -> list[_CueHit]:
        """Find the cues and how far each may reach to the left and to the right."""
        found = self._table.find(tokens.words)
        n = len(tokens.words)
        stops = [
            (start, end - 1)
            for start, end, rows in found
            if any(row.status == "end" for row in rows)
        ]
        hits: list[_CueHit] = []
        for start, end, rows in found:
            if any(row.status == "pseudo" for row in rows):
                continue
            for row in rows:
                if row.status == "end":
                    continue
                hits.append(_CueHit(start, end - 1, row, -1, n))
        for hit in hits:
            sentence = tokens.sentences[hit.first]
            left = hit.first
            limit = hit.first - _REACH_AFTER
            while left > 0 and left > limit and tokens.sentences[left - 1] == sentence:
                if tokens.words[left - 1] in _CLAUSE_BREAKS:
                    break
                left -= 1
            right = hit.last
            limit = hit.last + (_REACH_BEFORE if hit.row.scope == "sentence" else 14)
            while right + 1 < n and right < limit and tokens.sentences[right + 1] == sentence:
                word = tokens.words[right + 1]
                if word in _CLAUSE_BREAKS and not (word == ":" and right == hit.last):
                    break
                if word == "," and right + 2 < n and tokens.words[right + 2] in _NEW_STATEMENT:
                    break
                right += 1
            for first, _ in stops:
                if hit.last < first <= right:
                    right = first - 1
                    break
            for _, last in reversed(stops):
                if left <= last < hit.first:
                    left = last + 1
                    break
            hit.stop_left, hit.stop_right = left, right
            hit.template = (
                hit.first > 0
                and tokens.words[hit.first - 1] in (":", "-", "–", "=", "?")
                and (
                    hit.last + 1 == n
                    or tokens.sentences[hit.last + 1] != sentence
                    or tokens.words[hit.last + 1] in (".", ",", ";", "|", "/", "-")
                )
            )
        return hits

    @staticmethod
    def _reaches(hit: _CueHit, first: int, last: int) -> bool:
        if hit.row.position == "before":
            return hit.last < first <= hit.stop_right
        if hit.row.scope == "template":
            # "Chest pain: denies", "Transfusion - No": the answer stands right behind its label
            return hit.template and last < hit.first and hit.first - last <= 4
        return hit.stop_left <= last < hit.first


_PRESENT = Assertion()
