"""The public values of a note: mentions, suggestions and what was held back, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from codesuggest.extraction.extracts import Extract
from codesuggest.extraction.note_reader import ExtractedNote
from codesuggest.extraction.pipeline import mention_of
from codesuggest.ranking.note_features import INACTIVE
from codesuggest.ranking.ranker import RankedCode, Ranker
from codesuggest.schema import SYSTEMS, Alternative, Mention, Suggestion, SuppressedMention
from codesuggest.terminology.code_system import CodeSystem

__all__ = ["NoteMentions", "Results"]

#: Suggestions with less confidence are not worth a coder's glance; procedures are fewer.
_LEAST = {"ICD-10-CM": 0.02, "CPT": 0.01, "HCPCS": 0.01}
#: Other codes shown for the same evidence, and the least likely of them.
_ALTERNATIVES = 5
_LEAST_ALTERNATIVE = 0.005


class NoteMentions(dict[int, Mention]):
    """The mentions of a note by their number; only those that are asked for are made."""

    def __init__(self, text: str, found: ExtractedNote) -> None:
        super().__init__()
        self._text = text
        self._found = found
        self.places = [_place(extract) for extract in found.extracts]

    def __missing__(self, number: int) -> Mention:
        extract, assertion = self._found.extracts[number], self._found.assertions[number]
        section = self._found.sections[extract.section]
        made = self[number] = mention_of(self._text, extract, section, assertion)
        return made

    def distinct(self, numbers: Sequence[int]) -> tuple[Mention, ...]:
        """Return mentions without those on the same words."""
        if len(numbers) > 1:
            places: dict[tuple[int, int, str], int] = {}
            for number in numbers:
                places.setdefault(self.places[number], number)
            numbers = list(places.values())
        return tuple([self[number] for number in numbers])


def _place(words: Mention | Extract) -> tuple[int, int, str]:
    return words.start_char, words.end_char, words.label


class Results:
    """Make the values of ranked codes.

    Parameters
    ----------
    terminology : mapping of name to CodeSystem
    ranker : Ranker
    """

    def __init__(self, terminology: Mapping[str, CodeSystem], ranker: Ranker) -> None:
        self.terminology = terminology
        self.ranker = ranker

    def suggestions(self, ranked: Sequence[RankedCode], mentions: NoteMentions) -> list[Suggestion]:
        """Make the suggestions of codes that are worth a glance."""
        # codes of the same best words share one list of readings
        shown: dict[int, list[tuple[int, Alternative]]] = {}
        out = []
        for r in ranked:
            if r.confidence < _LEAST[r.system]:
                continue
            readings = shown.get(id(r.readings))
            if readings is None:
                readings = shown[id(r.readings)] = self._alternatives(r)
            out.append(
                Suggestion(
                    r.system,
                    r.code,
                    self.terminology[r.system].titles[r.row],
                    round(r.confidence, 4),
                    mentions.distinct(r.mentions),
                    tuple([a for row, a in readings if row != r.row or a.system != r.system]),
                )
            )
        return out

    def _alternatives(self, ranked: RankedCode) -> list[tuple[int, Alternative]]:
        """Return what the best words of a code may mean, with the rows of the codes."""
        out = []
        for position, row, probability in ranked.readings[: _ALTERNATIVES + 1]:
            if probability >= _LEAST_ALTERNATIVE:
                system = SYSTEMS[position]
                codes = self.terminology[system]
                shown = Alternative(
                    system, codes.codes[row], codes.titles[row], round(probability, 4)
                )
                out.append((row, shown))
        return out

    def suppressed(
        self,
        found: ExtractedNote,
        mentions: NoteMentions,
        ranked: Sequence[RankedCode],
        suggestions: Sequence[Suggestion],
        wanted: frozenset[str],
    ) -> list[SuppressedMention]:
        """Return every mention that supports no suggestion, and why."""
        # by place: comparing mentions would read every field of each
        evidence = {id(m): m for s in suggestions for m in s.evidence}
        used = {_place(m) for m in evidence.values()}
        meant = {r.mentions[0]: r for r in reversed(ranked)}
        out = []
        for number, (extract, assertion) in enumerate(
            zip(found.extracts, found.assertions, strict=True)
        ):
            if extract.bag < 0 or mentions.places[number] in used:
                continue
            system, code, title = self.ranker.first_code(extract)
            if system not in wanted:
                continue
            reason = assertion.status
            if reason not in INACTIVE:
                if reason == "present":
                    reason = "not reported here"
                other = meant.get(number)
                if other is not None:
                    system, code = other.system, other.code
                    title = self.terminology[system].titles[other.row]
            out.append(SuppressedMention(mentions[number], reason, system, code, title))
        return out
