"""Coded notes as the training and the evaluation read them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from codesuggest.errors import TrainingDataError
from codesuggest.schema import SETTINGS, SYSTEMS

__all__ = ["CodedNote", "GoldCode", "read_gold"]


@dataclass(frozen=True, slots=True)
class GoldCode:
    """A code of a note; `evidence` are verbatim quotes of its text, often none.

    `spans` say the same in characters ``(start, end)``, for labels that know where they stand.
    """

    system: str
    code: str
    evidence: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()

    def places(self, text: str) -> list[tuple[int, int]]:
        """Return where the evidence stands; every place of a quote."""
        places = list(self.spans)
        for quote in filter(None, self.evidence):
            start = text.find(quote)
            while start >= 0:
                places.append((start, start + len(quote)))
                start = text.find(quote, start + 1)
        return places


@dataclass(frozen=True, slots=True)
class CodedNote:
    """A note with its codes.

    `must` are the codes that a coder reports; `acceptable` ones neither help nor hurt; `traps`
    are quotes of mentions that must not be coded.
    """

    note_id: str
    text: str
    must: tuple[GoldCode, ...]
    acceptable: tuple[GoldCode, ...] = ()
    traps: tuple[str, ...] = ()
    setting: str | None = None
    corpus: str = ""

    def codes(self, system: str) -> set[str]:
        """Return the codes of one system that must be reported."""
        return {g.code for g in self.must if g.system == system}

    def accepted(self, system: str) -> set[str]:
        """Return the codes of one system that neither help nor hurt."""
        return {g.code for g in self.acceptable if g.system == system}


def read_gold(path: Path) -> list[CodedNote]:
    """Read notes in the form of the gold files: one JSON object a line.

    Keys: ``id``, ``text``, ``must`` (or ``codes``), optionally ``acceptable``, ``traps``,
    ``setting``. Codes of systems that the library does not know are left out.

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
            yield GoldCode(
                str(row["system"]),
                str(row["code"]),
                tuple(map(str, evidence)),  # type: ignore[call-overload]
            )
