from __future__ import annotations

import builtins
import inspect
import pickle
import re

import pytest

from codesuggest import errors
from codesuggest.errors import MissingExtraError, UnknownCodeError

TREE = {
    "CodeSuggestError": ("Exception",),
    "InputError": ("CodeSuggestError", "ValueError"),
    "NoteError": ("InputError",),
    "SettingError": ("InputError",),
    "SystemNotLoadedError": ("InputError",),
    "EncodingError": ("InputError",),
    "TerminologyError": ("CodeSuggestError", "ValueError"),
    "UnknownCodeError": ("TerminologyError", "KeyError"),
    "ModelError": ("CodeSuggestError", "RuntimeError"),
    "ModelNotFoundError": ("ModelError",),
    "ModelDamagedError": ("ModelError",),
    "UntrustedModelError": ("ModelError",),
    "TrainingDataError": ("CodeSuggestError", "ValueError"),
    "MissingExtraError": ("CodeSuggestError", "ImportError"),
    "CodeSuggestWarning": ("UserWarning",),
}


def test_every_class_is_public_and_every_public_name_is_here() -> None:
    defined = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and value.__module__ == errors.__name__
    }
    assert defined == set(errors.__all__) == set(TREE)


@pytest.mark.parametrize(("name", "parents"), list(TREE.items()), ids=list(TREE.keys()))
class TestTree:
    def test_parents(self, name: str, parents: tuple[str, ...]) -> None:
        known = {**vars(builtins), **vars(errors)}
        assert getattr(errors, name).__bases__ == tuple(known[p] for p in parents)

    def test_is_drawn_in_the_module_docstring(self, name: str, parents: tuple[str, ...]) -> None:
        assert re.search(rf"^[ │├└─]*{name}\b", errors.__doc__ or "", re.MULTILINE)

    def test_has_a_docstring(self, name: str, parents: tuple[str, ...]) -> None:
        assert getattr(errors, name).__doc__


@pytest.mark.parametrize("name", TREE)
def test_comes_back_from_a_worker_process(name: str) -> None:
    kind = getattr(errors, name)
    error = kind("rich", "cli") if kind is MissingExtraError else kind("what was wrong")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)


def test_unknown_code_shows_its_message_and_not_its_repr() -> None:
    assert str(UnknownCodeError("no code 'X1'")) == "no code 'X1'"
    assert str(UnknownCodeError()) == ""


def test_missing_extra_says_what_to_install() -> None:
    error = MissingExtraError("openpyxl", "terminology")
    assert str(error) == (
        "this needs the package 'openpyxl': pip install 'codesuggest[terminology]'"
    )
