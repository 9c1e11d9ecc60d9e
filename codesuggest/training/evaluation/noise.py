"""Robustness: how much recall is lost when the same notes are written less well.

Every rewriting is a function of the text and a random generator; the generator is seeded by the
name of the style and the place of the note, so that a run repeats exactly.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from codesuggest.errors import NoteError, TrainingDataError
from codesuggest.schema import SYSTEMS, Note, SuggestionSet
from codesuggest.training.corpora import CodedNote
from codesuggest.training.matching import satisfied

if TYPE_CHECKING:
    from codesuggest.suggester import CodeSuggester

__all__ = ["STYLES", "NoiseReport", "NoiseStyle", "measure_noise", "rewritten"]

_TYPO_RATE = 0.03
_OCR_RATE = 0.05
_LINE = 60
_NO_PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation, " "))
#: What character recognition takes for what, longest first.
_OCR = {
    "rn": "m", "cl": "d", "vv": "w", "m": "rn", "d": "cl", "l": "1", "I": "l", "O": "0", "0": "O",
    "1": "l", "5": "S", "S": "5", "B": "8", "8": "B", "e": "c", "h": "b", "i": "j", "t": "f",
}  # fmt: skip
_OCR_PLACES = re.compile("|".join(map(re.escape, sorted(_OCR, key=len, reverse=True))))


def _without_punctuation(text: str, _: random.Random) -> str:
    return text.translate(_NO_PUNCTUATION)


def _typos(text: str, rng: random.Random) -> str:
    """Hit 3 % of the letters: another letter, none, one more, or swapped with the next."""
    out: list[str] = []
    at = 0
    while at < len(text):
        letter = text[at]
        at += 1
        if not letter.isalpha() or rng.random() >= _TYPO_RATE:
            out.append(letter)
            continue
        kind = rng.randrange(4)
        if kind == 0:
            out.append(rng.choice(string.ascii_lowercase))
        elif kind == 1:
            out.append(letter + rng.choice(string.ascii_lowercase))
        elif kind == 2 and at < len(text) and text[at].isalpha():
            out.append(text[at] + letter)
            at += 1
        # else: the letter is lost
    return "".join(out)


def _misread(text: str, rng: random.Random) -> str:
    """Replace 5 % of the shapes that character recognition confuses."""
    return _OCR_PLACES.sub(
        lambda m: _OCR[m.group()] if rng.random() < _OCR_RATE else m.group(), text
    )


def _broken(text: str, _: random.Random) -> str:
    """Break every line at the last blank before 60 characters, as terminals do."""
    lines = []
    for line in text.split("\n"):
        while len(line) > _LINE:
            cut = line.rfind(" ", 1, _LINE + 1)
            cut = cut if cut > 0 else line.find(" ", _LINE)
            if cut < 0:
                break
            lines.append(line[:cut])
            line = line[cut + 1 :]
        lines.append(line)
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class NoiseStyle:
    """A way to write a note less well, and by how many points recall may drop under it."""

    name: str
    rewrite: Callable[[str, random.Random], str]
    limit: float


STYLES: tuple[NoiseStyle, ...] = (
    NoiseStyle("upper case", lambda text, _: text.upper(), 3),
    NoiseStyle("lower case", lambda text, _: text.lower(), 3),
    NoiseStyle("no punctuation", _without_punctuation, 8),
    NoiseStyle("3 % typos", _typos, 10),
    NoiseStyle("OCR confusions", _misread, 12),
    NoiseStyle("line breaks every 60", _broken, 3),
)


def rewritten(notes: Sequence[CodedNote], style: NoiseStyle, seed: int = 0) -> list[CodedNote]:
    """Return the notes in one style; codes stay, quotes no longer stand in the text."""
    return [
        replace(note, text=style.rewrite(note.text, random.Random(f"{seed} {style.name} {number}")))
        for number, note in enumerate(notes)
    ]


@dataclass(frozen=True, slots=True)
class NoiseReport:
    """Recall of the codes to report, in [0, 1], of one system under one style.

    `recommended` counts the recommended codes, `suggested` all suggestions; `limit` is in points
    (None for the notes as they are).
    """

    style: str
    system: str
    recommended: float
    suggested: float
    limit: float | None


def measure_noise(
    suggester: CodeSuggester, notes: Sequence[CodedNote], seed: int = 0
) -> list[dict[str, Any]]:
    """Return the recall on clean notes and on each of `STYLES`, with the drop in points.

    Returns
    -------
    list of dict
        With the fields of `NoiseReport`, ``drop``, ``drop_suggested`` (points against the clean
        notes) and ``within`` (the drop of the recommended set keeps to the limit).

    Raises
    ------
    TrainingDataError
        No note carries a code.
    """
    systems = [s for s in SYSTEMS if any(note.codes(s) for note in notes)]
    if not systems:
        raise TrainingDataError(f"none of {len(notes)} notes has a code to report; expected some")
    reports = _recalls(suggester, notes, systems, "clean", None)
    clean = {r.system: r for r in reports}
    for style in STYLES:
        noisy = rewritten(notes, style, seed)
        reports += _recalls(suggester, noisy, systems, style.name, style.limit)
    rows = []
    for r in reports:
        drop = round(100 * (clean[r.system].recommended - r.recommended), 2)
        rows.append(
            {
                "style": r.style,
                "system": r.system,
                "recommended": round(r.recommended, 4),
                "suggested": round(r.suggested, 4),
                "drop": drop,
                "drop_suggested": round(100 * (clean[r.system].suggested - r.suggested), 2),
                "limit": r.limit,
                "within": r.limit is None or drop <= r.limit,
            }
        )
    return rows


def _recalls(
    suggester: CodeSuggester,
    notes: Sequence[CodedNote],
    systems: Sequence[str],
    style: str,
    limit: float | None,
) -> list[NoiseReport]:
    """Return a report a system, and one of all together when there are several."""
    gold = dict.fromkeys(systems, 0)
    recommended, suggested = dict(gold), dict(gold)
    for note in notes:
        try:
            result = suggester.suggest(Note(note.text, setting=note.setting))
        except NoteError:
            result = SuggestionSet()
        for system in systems:
            gold[system] += len(note.codes(system))
            for count, found in ((recommended, result.recommended), (suggested, result)):
                codes = [s.code for s in found if s.system == system]
                count[system] += len(satisfied(note, system, codes))
    parts = {s: [s] for s in systems} | ({"all systems": systems} if len(systems) > 1 else {})
    return [
        NoiseReport(
            style,
            name,
            sum(recommended[s] for s in part) / max(sum(gold[s] for s in part), 1),
            sum(suggested[s] for s in part) / max(sum(gold[s] for s in part), 1),
            limit,
        )
        for name, part in parts.items()
    ]
