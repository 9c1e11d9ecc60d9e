"""codesuggest: clinical notes in, ICD-10-CM, CPT and HCPCS suggestions out.

>>> import codesuggest
>>> suggester = codesuggest.load()
>>> result = suggester.suggest("ASSESSMENT: Essential hypertension, continue lisinopril.")
>>> result.recommended[0].code
'I10'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codesuggest.errors import CodeSuggestError, CodeSuggestWarning
from codesuggest.schema import (
    Alternative,
    Assertion,
    Attribute,
    Code,
    Cue,
    Edit,
    Mention,
    Note,
    Section,
    Suggestion,
    SuggestionSet,
    SuppressedMention,
)

if TYPE_CHECKING:
    from codesuggest.suggester import CodeSuggester, load

__all__ = [
    "Alternative",
    "Assertion",
    "Attribute",
    "Code",
    "CodeSuggestError",
    "CodeSuggestWarning",
    "CodeSuggester",
    "Cue",
    "Edit",
    "Mention",
    "Note",
    "Section",
    "Suggestion",
    "SuggestionSet",
    "SuppressedMention",
    "__version__",
    "load",
]

__version__ = "0.1.0"

_LAZY = {"CodeSuggester", "load"}


def __getattr__(name: str) -> Any:
    # spaCy takes most of a second to import; only those who load a model pay for it
    if name in _LAZY:
        from codesuggest import suggester

        return getattr(suggester, name)
    raise AttributeError(f"module 'codesuggest' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
