"""Corpora of one labelled JSON object a line, as the measures of extraction read them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from codesuggest.errors import TrainingDataError

__all__ = ["read_labelled"]

T = TypeVar("T")


def read_labelled(path: Path, made: Callable[[Any], T | None], expected: str) -> list[T]:
    """Read a file, one value a line; blank lines and lines that give None are left out.

    Parameters
    ----------
    path : Path
    made : function of the object of a line
        A ValueError, KeyError, TypeError or AttributeError says that the object is another one.
    expected : str
        What a line should be, for the message.

    Raises
    ------
    TrainingDataError
        The file cannot be read, or a line is not such an object.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingDataError(f"{path}: cannot be read ({type(error).__name__})") from None
    out = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = made(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise TrainingDataError(f"{path.name}, line {number}: expected {expected}") from None
        if value is not None:
            out.append(value)
    return out
