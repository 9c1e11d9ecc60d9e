"""The setting of a note, guessed from its sections and words when the caller gives none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from codesuggest.extraction.documents import guess_document
from codesuggest.schema import Section

__all__ = ["guess_setting"]


def guess_setting(text: str, sections: Sequence[Section], groups: Mapping[str, str]) -> str:
    """Return the likeliest of `codesuggest.schema.SETTINGS`."""
    return guess_document(text, sections, groups).setting
