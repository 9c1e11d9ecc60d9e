"""The coding rules, applied to suggestions in order.

Each rule reads the suggestions and returns them with edits: it may add a combination code, hold
back a code that another one contains, or point out what the note leaves open. Rules never
delete a suggestion.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from codesuggest.guidelines.combinations import DATA, Combination, combinations, matching
from codesuggest.schema import Edit, Suggestion
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.words import read_csv

__all__ = ["CodingRules"]


class CodingRules:
    """Coding rules over one release of ICD-10-CM.

    Parameters
    ----------
    icd10cm : CodeSystem
    """

    def __init__(self, icd10cm: CodeSystem) -> None:
        self._icd = icd10cm
        self._combinations = combinations()
        self._categories = read_csv(
            DATA / "one_code_categories.csv", ("category", "unspecified", "source")
        )

    def __call__(
        self, suggestions: Sequence[Suggestion], reported: Callable[[Suggestion], bool]
    ) -> list[Suggestion]:
        """Return the suggestions after all rules, best first.

        Parameters
        ----------
        suggestions : sequence of Suggestion
            Best first.
        reported : function of a Suggestion
            Whether it reaches its operating point.
        """
        out = list(suggestions)
        for rule in self._combinations:
            self._combine(rule, out, reported)
        self._less_specific(out, reported)
        self._one_code(out, reported)
        out.sort(key=lambda s: -s.confidence)
        return out

    def _combine(
        self, rule: Combination, out: list[Suggestion], reported: Callable[[Suggestion], bool]
    ) -> None:
        codes = [s.code for s in out if s.system == "ICD-10-CM" and reported(s) and not s.withheld]
        parts = matching(rule, codes)
        if parts is None:
            return
        by_code = {s.code: s for s in out if s.system == "ICD-10-CM"}
        if rule.gives and rule.gives not in self._icd:
            return  # a user's own release need not have every code
        if rule.gives and rule.gives not in codes:
            sources = [by_code[p] for p in parts]
            confidence = min(s.confidence for s in sources)
            edit = Edit(rule.name, "info", f"{rule.name}: {rule.source}", tuple(parts))
            known = by_code.get(rule.gives)
            evidence = tuple(dict.fromkeys(m for s in sources for m in s.evidence))
            made = Suggestion(
                "ICD-10-CM",
                rule.gives,
                self._icd.get(rule.gives).title,
                max(confidence, known.confidence if known else 0.0),
                evidence,
                known.alternatives if known else (),
                (*(known.edits if known else ()), edit),
            )
            if known is not None:
                out.remove(known)
            out.append(made)
        for i, s in enumerate(out):
            if s.system == "ICD-10-CM" and s.code in rule.drops and not s.withheld:
                message = f"reported as {rule.gives or parts[1]} instead ({rule.source})"
                edit = Edit(rule.name, "withhold", message, (rule.gives or parts[1],))
                out[i] = dataclasses.replace(s, edits=(*s.edits, edit))

    def _less_specific(self, out: list[Suggestion], reported: Callable[[Suggestion], bool]) -> None:
        """Hold back an unspecified code whose own category is reported more precisely.

        Official Guidelines I.B.18: sign, symptom and unspecified codes when nothing more
        specific is documented. Both must rest on the same words.
        """
        taken: dict[tuple[str, str, int], Suggestion] = {}
        for i, s in enumerate(out):
            if not reported(s) or s.withheld:
                continue
            depth = 3 if s.system == "ICD-10-CM" else 4
            for mention in s.evidence[:1]:
                key = (s.system, s.code[:depth], mention.start_char)
                first = taken.setdefault(key, s)
                if first is not s and not self._sides(first.code, s.code):
                    edit = Edit(
                        "one code for one mention",
                        "withhold",
                        f"the same words are reported as {first.code}",
                        (first.code,),
                    )
                    out[i] = dataclasses.replace(s, edits=(*s.edits, edit))

    def _one_code(self, out: list[Suggestion], reported: Callable[[Suggestion], bool]) -> None:
        """Hold back the unspecified code of a category that another code reports better."""
        held = {row["unspecified"]: row for row in self._categories}
        codes = [s.code for s in out if s.system == "ICD-10-CM" and reported(s) and not s.withheld]
        for i, s in enumerate(out):
            row = held.get(s.code)
            if s.system != "ICD-10-CM" or row is None or s.withheld:
                continue
            better = [c for c in codes if c.startswith(row["category"]) and c != s.code]
            if better:
                message = f"reported as {better[0]} instead ({row['source']})"
                edit = Edit("unspecified beside specific", "withhold", message, (better[0],))
                out[i] = dataclasses.replace(s, edits=(*s.edits, edit))

    def _sides(self, one: str, other: str) -> bool:
        """Tell whether two codes are the two sides of one family."""
        a, b = self._icd.row_of.get(one), self._icd.row_of.get(other)
        if a is None or b is None or self._icd.families[a] != self._icd.families[b]:
            return False
        sides = {self._icd.axes(a).get("laterality"), self._icd.axes(b).get("laterality")}
        return sides == {"right", "left"}
