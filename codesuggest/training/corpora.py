"""Coded notes as the training and the evaluation read them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from codesuggest.errors import TrainingDataError
from codesuggest.schema import SETTINGS, SYSTEMS

__all__ = ["CodedNote", "GoldCode", "places_of", "read_gold"]


@dataclass(frozen=True, slots=True)
class GoldCode:
    """A code of a note; `evidence` are verbatim quotes of its text, often none.

    `spans` say the same in characters ``(start, end)``, for labels that know where they stand.
    Any of `alternatives` reports the same as `code`.
    """

    system: str
    code: str
    evidence: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    alternatives: tuple[str, ...] = ()

    def places(self, text: str) -> list[tuple[int, int]]:
        """Return where the evidence stands; every place of a quote."""
        quoted = (
            place for quote in filter(None, self.evidence) for place in places_of(text, quote)
        )
        return [*self.spans, *quoted]


@dataclass(frozen=True, slots=True)
class CodedNote:
    """A note with its codes.

    `must` are the codes that a coder reports; `acceptable` ones neither help nor hurt; `traps`
    are quotes of mentions that must not be coded, `trap_reasons` one word each, why not.
    """

    note_id: str
    text: str
    must: tuple[GoldCode, ...]
    acceptable: tuple[GoldCode, ...] = ()
    traps: tuple[str, ...] = ()
    setting: str | None = None
    corpus: str = ""
    trap_reasons: tuple[str, ...] = ()

    def codes(self, system: str) -> set[str]:
        """Return the codes of one system that must be reported."""
        return {g.code for g in self.must if g.system == system}

    def accepted(self, system: str) -> set[str]:
        """Return the codes of one system that neither help nor hurt."""
        return {g.code for g in self.acceptable if g.system == system}


def places_of(text: str, quote: str) -> Iterable[tuple[int, int]]:
    """Yield where `quote` stands in `text`."""
    start = text.find(quote) if quote else -1
    while start >= 0:
        yield start, start + len(quote)
        start = text.find(quote, start + 1)


def read_gold(path: Path) -> list[CodedNote]:
    """Read notes in the form of the gold files: one JSON object a line.

    Keys: ``id``, ``text``, ``must`` (or ``codes``), optionally ``acceptable``, ``traps``,
    ``setting``; a code of ``must`` may list ``acceptable`` codes of its own, any of which reports
    the same. Codes of systems that the library does not know are left out.

    Raises
    ------
    TrainingDataError
        A line that is not such an object; the message names file and line.
    """
    return list(_read(path))


def _read(path: Path) -> Iterator[CodedNote]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise TrainingDataError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise TrainingDataError(f"{path}: not UTF-8 at byte {error.start}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            must = row["must"] if "must" in row else row["codes"]
            traps = tuple(trap["quote"] for trap in row.get("traps", ()))
            reasons = tuple(str(trap.get("why", "")) for trap in row.get("traps", ()))
            setting = row.get("setting")
            if setting is not None and setting not in SETTINGS:
                raise TrainingDataError(f"{path.name}, line {number}: unknown setting")
            yield CodedNote(
                str(row["id"]),
                row["text"],
                tuple(_codes(must)),
                tuple(_codes(row.get("acceptable", ()))),
                traps,
                setting,
                path.parent.name,
                reasons,
            )
        except (ValueError, KeyError, TypeError) as error:
            if isinstance(error, TrainingDataError):
                raise
            raise TrainingDataError(
                f"{path.name}, line {number}: expected an object with id, text and must"
            ) from None


def _codes(rows: list[dict[str, object]]) -> Iterator[GoldCode]:
    for row in rows:
        if row["system"] in SYSTEMS and row.get("billable", True):
            evidence = row.get("evidence", ())
            others = row.get("acceptable", ())
            yield GoldCode(
                str(row["system"]),
                str(row["code"]),
                tuple(map(str, evidence)),  # type: ignore[call-overload]
                alternatives=tuple(
                    str(c)
                    for c in others  # type: ignore[attr-defined]
                    if c != row["code"]
                ),
            )
