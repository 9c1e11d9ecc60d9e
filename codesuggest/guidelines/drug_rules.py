"""Adverse effect, poisoning and underdosing: the code of the drug beside the manifestation.

Source: Official Guidelines I.C.19.e.5. The manifestation has its own code; T36-T50 names the drug,
with 5 for an adverse effect of a drug rightly taken, 1 to 4 for a poisoning and its intent, 6 for
a drug of which less was taken than prescribed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codesuggest.extraction.sentences import sentence_starts
from codesuggest.guidelines.drug_names import (
    ADVERSE_EFFECT,
    POISONINGS,
    UNDERDOSING,
    DrugClass,
    DrugNames,
    words_of,
)
from codesuggest.guidelines.drug_statements import (
    DrugCues,
    DrugStatement,
    DrugStatements,
    sentence_at,
)
from codesuggest.guidelines.patterns import PatternIndex
from codesuggest.guidelines.worksheet import NoteText, Worksheet
from codesuggest.schema import Edit, Mention, Suggestion
from codesuggest.terminology.code_system import CodeSystem

__all__ = ["DrugRule"]

_ICD = "ICD-10-CM"
_EFFECTS = "codes of drug effects"
#: Characters between a condition and the words that blame a drug for it.
_REACH = 60
#: The same in words where the cue says many other things too ("from").
_NEAR = 3
#: Characters of a sentence before a cue that opens it; its condition may follow.
_OPENING = 12
#: A drug this near (in characters) to the words of its own effect needs no cue.
_BESIDE = 30
#: Kind of wording to the intent of a poisoning, the first that the note has; none is accidental.
_INTENTS = (("undetermined", "4"), ("unintentional", "1"), ("intentional", "2"), ("assault", "3"))
#: Share of a drug that is not named: mostly another line of the note names it.
_UNNAMED = 0.3
_INTENT_SOURCE = "Official Guidelines I.C.19.e.5.b"
_NAMES = {ADVERSE_EFFECT: "adverse effect of a drug", UNDERDOSING: "underdosing of a drug"}
#: Kinds of sections of what is no manifestation of today: an allergy has a status code (Z88).
_SILENT = frozenset({"allergies", "family_history"})
#: What a statement must be to hold of the patient's present.
_HOLDS = frozenset({"present", "resolved"})


class DrugRule:
    """Suggest the T36-T50 codes of drugs that the note blames, or says were taken wrongly.

    An adverse effect needs a suggested condition beside the statement; its code is as confident
    as the condition, times the share of the cue. Poisoning and underdosing rest on their own
    words. A statement that is negated, past, hypothetical or of a relative says nothing.

    Parameters
    ----------
    icd10cm : CodeSystem
        Gives the titles; a code that a user's own release lacks is not suggested.
    names : DrugNames
    cues : DrugCues
    """

    def __init__(self, icd10cm: CodeSystem, names: DrugNames, cues: DrugCues) -> None:
        self._icd = icd10cm
        self._names = names
        self._cues = cues
        self._statements = DrugStatements(names, cues)
        self._no_effect = PatternIndex([cues.codes("no effect")])
        self._effects = PatternIndex([cues.codes(_EFFECTS)])

    def __call__(self, sheet: Worksheet) -> None:
        """Suggest a code for each statement that holds."""
        note = sheet.note
        if note is None:
            return
        found = self._statements(note)
        said = [(s.start_char, s.end_char) for s in found]
        found += [
            s
            for s in self._beside_effects(sheet, note)
            if not any(s.start_char < end and start < s.end_char for start, end in said)
        ]
        found = [s for s in found if note.section_kind(s.start_char) not in _SILENT]
        if not found:
            return
        conditions = self._conditions(sheet)
        blamed = [
            (statement, *condition)
            for statement in found
            if statement.kind.startswith("effect")
            and (condition := self._blamed(statement, conditions, note)) is not None
        ]
        named = any(not statement.drug.unnamed for statement, _, _ in blamed)
        for statement, confidence, code in blamed:
            share = statement.share
            if statement.drug.unnamed:
                if named:
                    continue
                share *= _UNNAMED
            self._suggest(sheet, note, statement, ADVERSE_EFFECT, confidence * share, (code,))
        for statement in found:
            if not statement.kind.startswith("effect"):
                intent = self._intent(note.text, statement)
                if intent and not statement.drug.unnamed and self._holds(note, statement):
                    self._suggest(sheet, note, statement, intent, statement.share)

    # -- statements ------------------------------------------------------------------------

    def _beside_effects(self, sheet: Worksheet, note: NoteText) -> Iterator[DrugStatement]:
        """Yield the drugs right beside a reported condition that is by its code a drug's effect.

        "Statin myopathy", "drug-induced tremor (lithium)", "INR high on warfarin".
        """
        starts: list[int] = []
        for s in sheet.reported[_ICD].values():
            if not self._effects.rows(s.code):
                continue
            for mention in s.evidence:
                if mention.assertion.status not in _HOLDS:
                    continue
                starts = starts or sentence_starts(note.text)
                sentence = sentence_at(starts, mention.start_char, len(note.text))
                yield from self._drugs_beside(note.text, mention, sentence)

    def _drugs_beside(
        self, text: str, mention: Mention, sentence: tuple[int, int]
    ) -> Iterator[DrugStatement]:
        first = max(sentence[0], mention.start_char - _BESIDE)
        words = list(words_of(text, first, mention.end_char))
        place = 0
        while place < len(words):
            named = self._names.at(words, place)
            if named is None:
                place += 1
                continue
            drug, stop = named
            start_char, end_char = words[place][1], words[stop - 1][2]
            place = stop
            if not drug.unnamed and (
                end_char > mention.start_char or not text[end_char : mention.start_char].strip()
            ):
                yield self._beside(drug, start_char, end_char, sentence)
        last = min(sentence[1], mention.end_char + _BESIDE)
        behind = list(words_of(text, mention.end_char, last))
        skip = 1 if behind and behind[0][0] == "on" else 0
        following = self._names.at(behind, skip)
        if following is not None and not following[0].unnamed:
            yield self._beside(following[0], behind[0][1], behind[following[1] - 1][2], sentence)

    def _conditions(self, sheet: Worksheet) -> list[tuple[Mention, Suggestion]]:
        """Return the words of the conditions that a drug may cause."""
        return [
            (mention, s)
            for s in sheet.suggested(_ICD)
            if not self._no_effect.rows(s.code)
            for mention in s.evidence
            if mention.assertion.status in _HOLDS
        ]

    def _is_drug(self, mention: Mention, *, whole: bool) -> bool:
        """Tell whether a mention is a drug, or ends with one ("continue PPI")."""
        if whole:
            return mention.text in self._names
        return self._names.ending(list(words_of(mention.text))) is not None

    def _beside(
        self, drug: DrugClass, start_char: int, end_char: int, sentence: tuple[int, int]
    ) -> DrugStatement:
        share, source = self._cues.share(_EFFECTS), self._cues.source(_EFFECTS)
        return DrugStatement("effect beside", drug, share, source, start_char, end_char, sentence)

    def _intent(self, text: str, statement: DrugStatement) -> str:
        """Return the intent character that a statement of intake asks for; empty for none."""
        sentence = text[slice(*statement.sentence)]
        if statement.kind == "stopped" and not self._cues.says("own choice", sentence):
            return ""
        if statement.kind == "let" and not self._cues.says("lapse", sentence):
            return ""
        if not statement.kind.startswith("overdose"):
            return UNDERDOSING
        # Official Guidelines I.C.19.e.5.b: accidental where the note does not say
        for said in (sentence, text):
            for kind, intent in _INTENTS:
                if self._cues.says(kind, said):
                    return intent
        return "1"

    @staticmethod
    def _holds(note: NoteText, statement: DrugStatement) -> bool:
        return note.assertion_of(statement.start_char, statement.end_char).status in _HOLDS

    def _blamed(
        self,
        statement: DrugStatement,
        conditions: Sequence[tuple[Mention, Suggestion]],
        note: NoteText,
    ) -> tuple[float, str] | None:
        """Return how sure the condition is that a statement is made of, and its best code.

        Of several conditions it is the nearest. Whichever of its codes is reported, the drug's
        code stands beside it, so that their confidences add up. Words between the two may be
        another condition, of which the statement is made and which the note denies.
        """
        near: dict[tuple[int, int, int], list[Suggestion]] = {}
        for mention, s in conditions:
            if _is_near(statement, mention, note.text):
                gap = _gap(statement, mention)
                if not self._is_drug(mention, whole=gap == 0):
                    place = (gap, mention.start_char, mention.end_char)
                    near.setdefault(place, []).append(s)
        if not near:
            return None
        place = min(near)
        _, first, last = place
        left, right = min(last, statement.end_char), max(first, statement.start_char)
        between = any(word.isalnum() for word, _, _ in words_of(note.text, left, right))
        if between and not self._holds(note, statement):
            return None
        surest = max(near[place], key=lambda s: s.confidence)
        return min(1.0, sum(s.confidence for s in near[place])), surest.code

    # -- codes -----------------------------------------------------------------------------

    def _suggest(
        self,
        sheet: Worksheet,
        note: NoteText,
        statement: DrugStatement,
        intent: str,
        confidence: float,
        because: tuple[str, ...] = (),
    ) -> None:
        """Suggest the code of a drug, resting on the words of the statement."""
        drug = statement.drug
        if drug.narrower:
            drug = self._names.within(note.text, drug.narrower) or drug
        code = drug.code(intent)
        if code not in self._icd or sheet.is_withheld(_ICD, code):
            return
        name = _NAMES.get(intent, "poisoning by a drug")
        message = f"{name}: {drug.name} ({statement.source}; {drug.source})"
        edit = Edit(name, "info", message, because)
        known = sheet.find(_ICD, code)
        evidence = note.mention(statement.start_char, statement.end_char)
        edits = known.edits if known else ()
        sheet.suggest(
            Suggestion(
                _ICD,
                code,
                self._icd.get(code).title,
                max(round(confidence, 4), known.confidence if known else 0.0),
                tuple(dict.fromkeys((*(known.evidence if known else ()), evidence))),
                known.alternatives if known else (),
                edits if any(e.rule == name for e in edits) else (*edits, edit),
            )
        )
        if intent in POISONINGS:
            self._withhold_other_intents(sheet, drug, code)

    def _withhold_other_intents(self, sheet: Worksheet, drug: DrugClass, code: str) -> None:
        """Hold back the same poisoning with another intent than the one that is stated."""
        for intent in POISONINGS:
            other = drug.code(intent)
            if other != code and other in sheet.reported[_ICD]:
                message = f"the intent is reported as {code} ({_INTENT_SOURCE})"
                sheet.write(
                    _ICD, other, Edit("intent of a poisoning", "withhold", message, (code,))
                )


def _gap(statement: DrugStatement, mention: Mention) -> int:
    """Return the characters between a statement and a mention, 0 when they overlap."""
    return max(statement.start_char - mention.end_char, mention.start_char - statement.end_char, 0)


def _is_near(statement: DrugStatement, mention: Mention, text: str) -> bool:
    start, end = statement.start_char, statement.end_char
    if not statement.sentence[0] <= mention.start_char < statement.sentence[1]:
        return False
    if mention.start_char < end and start < mention.end_char:
        return True
    if mention.end_char <= start:
        gap = start - mention.end_char
        if statement.kind == "effect right before":
            words = list(words_of(text, mention.end_char, start))
            return len(words) <= _NEAR and not any(word in ",:" for word, _, _ in words)
        return statement.kind != "effect behind" and gap <= _REACH
    gap = mention.start_char - end
    opens = start - statement.sentence[0] <= _OPENING
    return gap <= _REACH and (opens or statement.kind in ("effect behind", "effect beside"))
