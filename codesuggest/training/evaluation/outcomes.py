"""What became of each coded note, as plain values without any text of the note.

An `Evaluation` holds everything that figures, intervals, error lists and comparisons need, so a
saved one can be read back and compared without model or notes.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codesuggest.errors import InputError

__all__ = [
    "VERDICTS",
    "Evaluation",
    "GoldOutcome",
    "NoteOutcome",
    "SuggestionOutcome",
    "TrapOutcome",
]

#: Of a suggestion: satisfies a gold code, is no mistake, is one.
VERDICTS = ("right", "free", "wrong")

Places = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class SuggestionOutcome:
    """A suggested code and whether it was right.

    `gold` is the code it satisfies; `start_char` and `end_char` are those of its first evidence
    (-1 without evidence), `section` the kind of the section there; `seen` says that the code was
    in the model's training notes; `reached` that its confidence is at or above the operating
    point, `recommended` that no coding rule held it back either.
    """

    system: str
    code: str
    confidence: float
    reached: bool
    recommended: bool
    verdict: str
    gold: str | None
    seen: bool
    section: str
    start_char: int
    end_char: int


@dataclass(frozen=True, slots=True)
class GoldOutcome:
    """A code that must be reported and what the model made of it.

    Parameters
    ----------
    satisfied_by : str or None
        The recommended code that reports it.
    places : tuple of (start_char, end_char)
        Where its quotes stand.
    mention : str
        ``"active"`` when a mention that may be coded overlaps a quote, the assertion status that
        kept the mentions there from being coded, ``"none"`` without any mention there,
        ``"unquoted"`` when the gold code has no quote.
    candidate_rank : int or None
        Place among the note's candidates of its system before ranking, from 1.
    """

    system: str
    code: str
    alternatives: tuple[str, ...]
    satisfied_by: str | None
    seen: bool
    section: str
    places: Places
    mention: str
    candidate_rank: int | None


@dataclass(frozen=True, slots=True)
class TrapOutcome:
    """Words that must not be coded, why not, and the recommended codes that rest on them."""

    reason: str
    places: Places
    sprung_by: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class NoteOutcome:
    """Everything that became of one note; suggestions are best first."""

    note_id: str
    corpus: str
    setting: str
    answered: bool
    gold: tuple[GoldOutcome, ...]
    suggestions: tuple[SuggestionOutcome, ...]
    traps: tuple[TrapOutcome, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The outcomes of a model over coded notes.

    Parameters
    ----------
    model_version : str
    operating_points : dict of str to float
    systems : tuple of str
        The code systems that the notes carry.
    notes : tuple of NoteOutcome
    """

    model_version: str
    operating_points: Mapping[str, float]
    systems: tuple[str, ...]
    notes: tuple[NoteOutcome, ...]

    @property
    def n_unanswered(self) -> int:
        """Notes that the model refused; they score zero."""
        return sum(not note.answered for note in self.notes)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; `from_dict` reads it back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Evaluation:
        """Read what `to_dict` wrote.

        Raises
        ------
        InputError
            A field is missing or has the wrong shape.
        """
        try:
            return cls(
                data["model_version"],
                dict(data["operating_points"]),
                tuple(data["systems"]),
                tuple(_note(row) for row in data["notes"]),
            )
        except KeyError as error:
            raise InputError(f"saved evaluation lacks the field {error.args[0]!r}") from None
        except (TypeError, ValueError):
            raise InputError("saved evaluation has a field of the wrong shape") from None

    @classmethod
    def read(cls, path: Path) -> Evaluation:
        """Read the outcomes in an ``evaluation.json``.

        Raises
        ------
        InputError
            It cannot be read or is no saved evaluation.
        """
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or type(error).__name__}") from None
        except ValueError:
            raise InputError(f"{path}: not JSON in UTF-8") from None
        if not isinstance(record, dict) or "outcomes" not in record:
            raise InputError(f"{path}: not an evaluation; expected an object with 'outcomes'")
        return cls.from_dict(record["outcomes"])


def _note(row: Mapping[str, Any]) -> NoteOutcome:
    return NoteOutcome(
        **{
            **row,
            "gold": tuple(
                GoldOutcome(
                    **{
                        **g,
                        "alternatives": tuple(g["alternatives"]),
                        "places": _places(g["places"]),
                    }
                )
                for g in row["gold"]
            ),
            "suggestions": tuple(SuggestionOutcome(**s) for s in row["suggestions"]),
            "traps": tuple(
                TrapOutcome(
                    t["reason"],
                    _places(t["places"]),
                    tuple((system, code) for system, code in t["sprung_by"]),
                )
                for t in row["traps"]
            ),
        }
    )


def _places(rows: Any) -> Places:
    return tuple((int(start), int(end)) for start, end in rows)
