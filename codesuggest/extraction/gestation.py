"""How far a pregnancy is: the weeks of its mentions, and for problems named elsewhere in the note.

"34 weeks pregnant ... Assessment: gestational hypertension": the trimester belongs to every
problem of the pregnancy, wherever the weeks are stated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from codesuggest.extraction.attributes import Found

__all__ = ["Gestation", "trimester_of"]

_PREGNANCY = frozenset({
    "gestation", "gestational", "ega", "ga", "iup", "pregnancy", "pregnant", "intrauterine",
    "gravid", "edd", "edc", "lmp", "g1", "g2", "g3", "g4", "g1p0", "g2p1", "primigravida",
    "multigravida", "trimester", "antepartum", "gestate",
})  # fmt: skip
#: Weeks alone may be any; they are of a pregnancy when a word of one stands this near, in tokens.
_NEAR_WEEKS = 6


class Gestation:
    """The statements of one note on how far a pregnancy is.

    Attributes
    ----------
    weeks : list of Found
        Weeks of gestation.
    stated : Found or None
        The first statement of the trimester that most of them mean, None where none is first.
    """

    def __init__(self, found: Iterable[Found], words: Sequence[str]) -> None:
        self.weeks: list[Found] = []
        stated: list[Found] = []
        for attribute in found:
            if attribute.name == "gestation" or (
                attribute.name == "weeks" and _of_pregnancy(attribute, words)
            ):
                self.weeks.append(attribute)
                stated.append(attribute)
            elif attribute.name == "trimester":
                stated.append(attribute)
        trimesters = [
            a.value if a.name == "trimester" else trimester_of(int(a.value)) for a in stated
        ]
        # "complicated by preeclampsia at 37 weeks" may be of an earlier pregnancy
        most = max(map(trimesters.count, trimesters), default=0)
        meant = [a for a, t in zip(stated, trimesters, strict=True) if trimesters.count(t) == most]
        self.stated = meant[0] if meant and len(meant) == most else None


def _of_pregnancy(weeks: Found, words: Sequence[str]) -> bool:
    first = weeks.first_token
    return not _PREGNANCY.isdisjoint(words[max(0, first - _NEAR_WEEKS) : first + 3 + _NEAR_WEEKS])


def trimester_of(weeks: int) -> str:
    """Return the trimester of a week of pregnancy.

    ICD-10-CM chapter 15: the first to 13 6/7 weeks, the second to 27 6/7.
    """
    return "first" if weeks < 14 else "second" if weeks < 28 else "third"
