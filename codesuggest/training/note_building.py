"""Notes and their codes, gathered from rows that come in any order."""

from __future__ import annotations

from dataclasses import dataclass, field

from codesuggest.training.code_reading import ReadingReport
from codesuggest.training.corpora import CodedNote, GoldCode

__all__ = ["NoteBuilder"]


@dataclass(slots=True)
class _Draft:
    note_id: str
    text: str
    setting: str | None
    corpus: str
    place: tuple[str, int]
    traps: tuple[str, ...]
    complete: bool = False
    must: dict[tuple[str, str], GoldCode] = field(default_factory=dict)
    acceptable: dict[tuple[str, str], GoldCode] = field(default_factory=dict)


class NoteBuilder:
    """Gather notes and codes.

    Parameters
    ----------
    report : ReadingReport
    """

    def __init__(self, report: ReadingReport) -> None:
        self.report = report
        self._drafts: dict[str, _Draft] = {}

    def key(self, note_id: str) -> str | None:
        """Return the key of a note, None for notes that are not there."""
        return note_id if note_id in self._drafts else None

    def note(
        self,
        note_id: str,
        text: str,
        setting: str | None,
        corpus: str,
        file: str,
        row: int,
        *,
        traps: tuple[str, ...] = (),
    ) -> str | None:
        """Add a note; None when it was left out."""
        reason = (
            "no note_id"
            if not note_id
            else "no text"
            if not text.strip()
            else "a note_id that was there before"
            if note_id in self._drafts
            else None
        )
        if reason is not None:
            self.report.leave_out(file, row, reason)
            return None
        self._drafts[note_id] = _Draft(note_id, text, setting, corpus, (file, row), traps)
        return note_id

    def complete(self, key: str) -> None:
        """Say that a note's codes are all there, even if it has none."""
        self._drafts[key].complete = True

    def code(
        self, key: str, gold: GoldCode, file: str, row: int, *, accepted: bool = False
    ) -> None:
        """Add a code; spans and quotes of one code are gathered."""
        draft = self._drafts[key]
        spans = tuple(s for s in gold.spans if 0 <= s[0] < s[1] <= len(draft.text))
        if len(spans) < len(gold.spans):
            self.report.leave_out(file, row, "a span outside the text (the code is kept)")
        evidence = tuple(q for q in gold.evidence if q and q in draft.text)
        if len(evidence) < len(gold.evidence):
            self.report.leave_out(file, row, "evidence that the text lacks (the code is kept)")
        codes = draft.acceptable if accepted else draft.must
        known = codes.get((gold.system, gold.code))
        if known is not None:
            spans = tuple(dict.fromkeys((*known.spans, *spans)))
            evidence = tuple(dict.fromkeys((*known.evidence, *evidence)))
        codes[(gold.system, gold.code)] = GoldCode(gold.system, gold.code, evidence, spans)

    def finish(self) -> list[CodedNote]:
        """Return the notes that can be used."""
        notes = []
        for draft in self._drafts.values():
            if not draft.must and not draft.complete:
                self.report.leave_out(*draft.place, "a note without a code that can be used")
                continue
            notes.append(
                CodedNote(
                    draft.note_id,
                    draft.text,
                    tuple(draft.must.values()),
                    tuple(draft.acceptable.values()),
                    draft.traps,
                    draft.setting,
                    draft.corpus,
                )
            )
        self.report.n_notes = len(notes)
        self.report.n_codes = sum(len(n.must) for n in notes)
        return notes
