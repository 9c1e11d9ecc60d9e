"""The coding rules, applied to suggestions in order.

Each rule reads the worksheet of a note and writes edits on it: it may report a combination code,
hold back a code that another one contains, or point out what the note leaves open. Rules never
delete a suggestion, and a second run finds nothing new.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from codesuggest.guidelines.beside import (
    conditional_queries,
    excludes1,
    included_procedures,
    integral_symptoms,
    unspecified_beside_specific,
)
from codesuggest.guidelines.combinations import CombinationRule, combinations
from codesuggest.guidelines.drug_names import DrugNames
from codesuggest.guidelines.drug_rules import DrugRule
from codesuggest.guidelines.drug_statements import DrugCues
from codesuggest.guidelines.implied import ImpliedCodeRule, implied_codes
from codesuggest.guidelines.patient import PatientRule
from codesuggest.guidelines.same_words import PastOrPresentRule, SameWordsRule
from codesuggest.guidelines.sequencing import CompanionRule, SequencingRule
from codesuggest.guidelines.siblings import SiblingRule
from codesuggest.guidelines.specificity import SeventhCharacterRule, SpecificityRule
from codesuggest.guidelines.worksheet import NoteText, Worksheet
from codesuggest.schema import Suggestion
from codesuggest.terminology.code_system import CodeSystem

__all__ = ["CodingRules", "Rule"]

Rule = Callable[[Worksheet], None]


class CodingRules:
    """Coding rules over one release of each code system.

    Parameters
    ----------
    systems : mapping of name to CodeSystem
        ICD-10-CM at least.
    """

    def __init__(self, systems: Mapping[str, CodeSystem]) -> None:
        icd10cm = systems["ICD-10-CM"]
        #: In the order of their work: first what is reported, then what is asked about it.
        self.rules: tuple[Rule, ...] = (
            CombinationRule(icd10cm, combinations()),
            SameWordsRule(icd10cm),
            PastOrPresentRule(),
            unspecified_beside_specific(icd10cm),
            SiblingRule(icd10cm),
            excludes1(),
            integral_symptoms(icd10cm),
            included_procedures(),
            ImpliedCodeRule(systems, implied_codes()),
            DrugRule(icd10cm, DrugNames.packaged(), DrugCues.packaged()),
            SeventhCharacterRule(icd10cm),
            SpecificityRule(icd10cm),
            conditional_queries(),
            PatientRule(),
            CompanionRule(),
            SequencingRule(),
        )

    def __call__(
        self,
        suggestions: Sequence[Suggestion],
        reported: Callable[[Suggestion], bool],
        patient_sex: str | None = None,
        patient_age: float | None = None,
        note: NoteText | None = None,
    ) -> list[Suggestion]:
        """Return the suggestions after all rules, best first.

        Parameters
        ----------
        suggestions : sequence of Suggestion
            Best first.
        reported : function of a Suggestion
            Whether it reaches its operating point.
        patient_sex, patient_age : optional
            As in `codesuggest.Note`.
        note : NoteText, optional
            What the rules read that look at the words around a suggestion.
        """
        sheet = Worksheet(suggestions, reported, patient_sex, patient_age, note)
        for rule in self.rules:
            rule(sheet)
        return sheet.result()
