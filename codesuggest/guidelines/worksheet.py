"""The worksheet that the coding rules share: a note's suggestions and the edits made so far.

Rules write edits here and never delete a suggestion. What a rule withholds is no longer among
the reported codes of the rules after it.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from codesuggest.schema import SYSTEMS, Assertion, Edit, Mention, Section, Suggestion

__all__ = ["NoteText", "Worksheet"]


@dataclass(frozen=True, slots=True)
class NoteText:
    """The note that suggestions come from, for rules that read what stands around them.

    Parameters
    ----------
    text : str
    words : collection of str
        Its distinct folded words.
    assertion_of : function of two offsets
        The assertion of a stretch of the text; it reads the note again, so it is asked last.
    sections : sequence of Section
        In the order of the text.
    """

    text: str
    words: Collection[str]
    assertion_of: Callable[[int, int], Assertion]
    sections: Sequence[Section] = ()

    def mention(self, start_char: int, end_char: int) -> Mention:
        """Return a stretch of the text as the mention of a diagnosis."""
        text = self.text[start_char:end_char]
        return Mention(text, start_char, end_char, "DIAGNOSIS", self._section(start_char))

    def section_kind(self, offset: int) -> str:
        """Return the kind of the section in which an offset lies; empty where none is known."""
        section = self._section(offset)
        return section.kind if section is not None else ""

    def _section(self, offset: int) -> Section | None:
        return next((s for s in reversed(self.sections) if s.start_char <= offset), None)


class Worksheet:
    """Suggestions under the coder's hands.

    Parameters
    ----------
    suggestions : sequence of Suggestion
        Best first; a code stands once.
    reported : function of a Suggestion
        Whether it reaches its operating point.
    patient_sex, patient_age : optional
        As in `codesuggest.Note`.
    note : NoteText, optional
        Rules that read the text do nothing without it.

    Attributes
    ----------
    reported : dict of str to dict of str to Suggestion
        For each system the codes that would be reported now, best first.
    """

    def __init__(
        self,
        suggestions: Sequence[Suggestion],
        reported: Callable[[Suggestion], bool],
        patient_sex: str | None = None,
        patient_age: float | None = None,
        note: NoteText | None = None,
    ) -> None:
        self.note = note
        self.patient_sex = patient_sex
        self.patient_age = patient_age
        self._reaches = reported
        self._all = {(s.system, s.code): s for s in suggestions}
        self._edits: dict[tuple[str, str], list[Edit]] = defaultdict(list)
        self.reported: dict[str, dict[str, Suggestion]] = {system: {} for system in SYSTEMS}
        for s in suggestions:
            if reported(s) and not s.withheld:
                self.reported[s.system][s.code] = s

    def find(self, system: str, code: str) -> Suggestion | None:
        """Return a suggestion, reported or not."""
        return self._all.get((system, code))

    def suggested(self, system: str) -> Iterator[Suggestion]:
        """Yield the suggestions of one system, reported or not."""
        return (s for (name, _), s in self._all.items() if name == system)

    def is_withheld(self, system: str, code: str) -> bool:
        """Tell whether a rule, now or earlier, keeps this code from being reported."""
        known = self._all.get((system, code))
        edits = self._edits.get((system, code), ())
        return (known is not None and known.withheld) or any(
            e.severity == "withhold" for e in edits
        )

    def edits_of(self, system: str, code: str) -> Iterator[Edit]:
        """Yield all edits of a suggestion, those it came with first."""
        known = self._all.get((system, code))
        if known is not None:
            yield from known.edits
        yield from self._edits.get((system, code), ())

    def write(self, system: str, code: str, edit: Edit) -> None:
        """Add an edit to a suggestion; a rule says its finding once."""
        if any(e.rule == edit.rule for e in self.edits_of(system, code)):
            return
        self._edits[system, code].append(edit)
        if edit.severity == "withhold":
            self.reported[system].pop(code, None)

    def report(self, suggestion: Suggestion) -> None:
        """Put in a suggestion that is to be reported, in place of one with the same code."""
        self._all[suggestion.system, suggestion.code] = suggestion
        self.reported[suggestion.system][suggestion.code] = suggestion

    def suggest(self, suggestion: Suggestion) -> None:
        """Put in a suggestion, to be reported if it reaches its operating point."""
        self._all[suggestion.system, suggestion.code] = suggestion
        if self._reaches(suggestion):
            self.reported[suggestion.system][suggestion.code] = suggestion

    def result(self) -> list[Suggestion]:
        """Return all suggestions with their edits, best first."""
        out = [
            dataclasses.replace(s, edits=(*s.edits, *self._edits[key])) if key in self._edits else s
            for key, s in self._all.items()
        ]
        out.sort(key=lambda s: -s.confidence)
        return out
