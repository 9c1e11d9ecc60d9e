"""Everything that codesuggest raises on purpose.

::

    CodeSuggestError
    ├── InputError (ValueError)        what the caller handed in
    │   ├── NoteError                  text that is not text, or too long
    │   ├── SettingError               a setting that does not exist
    │   ├── SystemNotLoadedError       a code system that is not loaded
    │   └── EncodingError              bytes that are not UTF-8
    ├── TerminologyError (ValueError)  a publisher's file that cannot be read
    │   └── UnknownCodeError           a code that the release does not hold
    ├── ModelError (RuntimeError)      a model directory that cannot be used
    │   ├── ModelNotFoundError         nothing there
    │   ├── ModelDamagedError          a file is missing or differs from the manifest
    │   └── UntrustedModelError        it holds code-bearing files nobody vouched for
    ├── TrainingDataError (ValueError) rows that cannot be learned from
    └── MissingExtraError (ImportError) an optional dependency is not installed

    CodeSuggestWarning (UserWarning)   the result stands, but read this

Messages name what was wrong, what was expected and where (note id, character
offset, line of a file). They never hold note text.
"""

from __future__ import annotations

__all__ = [
    "CodeSuggestError",
    "CodeSuggestWarning",
    "EncodingError",
    "InputError",
    "MissingExtraError",
    "ModelDamagedError",
    "ModelError",
    "ModelNotFoundError",
    "NoteError",
    "SettingError",
    "SystemNotLoadedError",
    "TerminologyError",
    "TrainingDataError",
    "UnknownCodeError",
    "UntrustedModelError",
]


class CodeSuggestError(Exception):
    """Root of every error raised on purpose."""


class InputError(CodeSuggestError, ValueError):
    """The caller handed in something that cannot be used."""


class NoteError(InputError):
    """A note is not text, or is longer than the limit."""


class SettingError(InputError):
    """A setting that does not exist."""


class SystemNotLoadedError(InputError):
    """A code system that does not exist or is not loaded."""


class EncodingError(InputError):
    """A file is not UTF-8."""


class TerminologyError(CodeSuggestError, ValueError):
    """A publisher's file cannot be read."""


class UnknownCodeError(TerminologyError, KeyError):
    """A code that the release does not hold."""

    def __str__(self) -> str:
        # KeyError would show the repr of its argument
        return str(self.args[0]) if self.args else ""


class ModelError(CodeSuggestError, RuntimeError):
    """A model directory cannot be used."""


class ModelNotFoundError(ModelError):
    """No model at the path."""


class ModelDamagedError(ModelError):
    """A file of the model is missing or differs from its manifest."""


class UntrustedModelError(ModelError):
    """The model holds files that can run code, and nobody said they are trusted."""


class TrainingDataError(CodeSuggestError, ValueError):
    """Notes or codes that cannot be learned from."""


class MissingExtraError(CodeSuggestError, ImportError):
    """An optional dependency is not installed.

    Parameters
    ----------
    package : str
        The package that could not be imported.
    extra : str
        The extra of codesuggest that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        # the arguments are kept as they came, so that a worker process can hand the error on
        super().__init__(package, extra)

    def __str__(self) -> str:
        package, extra = self.args
        return f"this needs the package {package!r}: pip install 'codesuggest[{extra}]'"


class CodeSuggestWarning(UserWarning):
    """The result stands, but something about it should be known."""
