"""One meaning for one mention: the same words are not reported twice in what excludes itself."""

from __future__ import annotations

from pathlib import Path

from codesuggest.guidelines.patterns import Pattern, PatternIndex
from codesuggest.guidelines.worksheet import Worksheet
from codesuggest.schema import Edit, Mention, Suggestion
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.words import read_csv

__all__ = ["PastOrPresentRule", "SameWordsRule"]

DATA = Path(__file__).parent / "data"
#: Characters of a code that name its category.
_DEPTH = {"ICD-10-CM": 3, "CPT": 4, "HCPCS": 4}


class SameWordsRule:
    """Hold back a code whose words another code of its category already reports.

    Source: Official Guidelines I.B.2 and I.B.18 (the most specific code that is documented).
    The two sides of one family stay; so do a combination code, whose evidence is that of its
    parts, an add-on code beside its base (``data/add_on_codes.csv``) and categories of which
    one condition takes several codes (``data/several_codes.csv``).

    Parameters
    ----------
    icd10cm : CodeSystem
    """

    def __init__(self, icd10cm: CodeSystem) -> None:
        self._icd = icd10cm
        self._alone = PatternIndex(
            [
                Pattern(row["codes"])
                for file, name in (("add_on_codes.csv", "field"), ("several_codes.csv", "name"))
                for row in read_csv(DATA / file, (name, "codes", "source"))
            ]
        )

    def __call__(self, sheet: Worksheet) -> None:
        """Keep the best code of each category on the same words."""
        for system, codes in sheet.reported.items():
            taken: dict[tuple[str, int], Suggestion] = {}
            for code, s in list(codes.items()):
                if not s.evidence or self._alone.rows(code):
                    continue
                key = (code[: _DEPTH[system]], s.evidence[0].start_char)
                first = taken.setdefault(key, s)
                if first is s or _combined(first) or _combined(s) or self._sides(first.code, code):
                    continue
                if _says_without(first, s):
                    first, s = s, first
                    taken[key] = first
                message = f"the same words are reported as {first.code}"
                edit = Edit("one code for one mention", "withhold", message, (first.code,))
                sheet.write(system, s.code, edit)

    def _sides(self, one: str, other: str) -> bool:
        """Tell whether two codes are the two sides of one family."""
        a, b = self._icd.row_of.get(one), self._icd.row_of.get(other)
        if a is None or b is None or self._icd.families[a] != self._icd.families[b]:
            return False
        sides = {self._icd.axes(a).get("laterality"), self._icd.axes(b).get("laterality")}
        return sides == {"right", "left"}


def _says_without(likelier: Suggestion, other: Suggestion) -> bool:
    """Tell whether the words deny what the likelier code says is there and the other is not.

    "Laceration without foreign body" shares all its words with the laceration with one.
    """
    words = f" {other.evidence[0].text.lower()} "
    return (
        (" without " in words or " w/o " in words)
        and "without" in other.title.lower()
        and " with " in f" {likelier.title.lower()} "
        and "without" not in likelier.title.lower()
    )


class PastOrPresentRule:
    """Hold back one of a disease and a personal history that rest on the same words.

    Source: Official Guidelines I.C.21.c.4: a personal history says that the condition no longer
    exists. The more confident reading stays, of equal ones the disease.
    """

    _HISTORY = ("Z85", "Z86", "Z87")
    #: Status and other factors, external causes: no condition that could be past.
    _NO_CONDITION = ("V", "W", "X", "Y", "Z")

    def __call__(self, sheet: Worksheet) -> None:
        """Keep the better of the two readings."""
        codes = list(sheet.reported["ICD-10-CM"].values())
        past = [s for s in codes if s.code.startswith(self._HISTORY) and s.evidence]
        if not past:
            return
        conditions = [s for s in codes if s.evidence and s.code[0] not in self._NO_CONDITION]
        for history in past:
            for disease in conditions:
                if not _overlap(history.evidence[0], disease.evidence[0]):
                    continue
                worse, better = history, disease
                if disease.confidence < history.confidence:
                    worse, better = disease, history
                message = f"the same words are reported as {better.code}"
                edit = Edit("past or present", "withhold", message, (better.code,))
                sheet.write("ICD-10-CM", worse.code, edit)


def _overlap(one: Mention, other: Mention) -> bool:
    return one.start_char < other.end_char and other.start_char < one.end_char


def _combined(s: Suggestion) -> bool:
    """Tell whether a combination made this suggestion of several codes."""
    return any(e.severity == "info" and len(e.codes) > 1 for e in s.edits)
