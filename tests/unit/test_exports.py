from __future__ import annotations

import importlib
import json
import pkgutil
import subprocess
import sys
from types import ModuleType

import pytest

import codesuggest

MODULES = sorted(
    info.name
    for info in pkgutil.walk_packages(codesuggest.__path__, "codesuggest.")
    if not info.name.endswith("__main__")
)

PUBLIC = [
    "Alternative", "Assertion", "Attribute", "Code", "CodeSuggestError", "CodeSuggestWarning",
    "CodeSuggester", "Cue", "Edit", "Mention", "Note", "Section", "Suggestion", "SuggestionSet",
    "SuppressedMention", "__version__", "load",
]  # fmt: skip


def test_the_public_names_are_the_contract() -> None:
    assert [name for name in PUBLIC if name not in codesuggest.__all__] == []


def test_all_is_sorted_and_has_no_name_twice() -> None:
    assert codesuggest.__all__ == sorted(set(codesuggest.__all__))


@pytest.mark.parametrize("name", codesuggest.__all__)
def test_public_name_is_there(name: str) -> None:
    assert getattr(codesuggest, name) is not None


def test_dir_shows_the_public_names() -> None:
    assert dir(codesuggest) == codesuggest.__all__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'sugest'"):
        codesuggest.sugest  # noqa: B018


@pytest.mark.parametrize("name", MODULES)
def test_all_of_a_module_is_in_its_namespace(name: str) -> None:
    module = importlib.import_module(name)
    public = getattr(module, "__all__", [])
    assert [n for n in public if not hasattr(module, n)] == []
    assert len(public) == len(set(public))


@pytest.mark.parametrize(
    "module",
    [importlib.import_module(f"codesuggest.{name}") for name in ("schema", "errors")],
    ids=["schema", "errors"],
)
def test_what_a_foundation_module_defines_and_does_not_hide_is_public(module: ModuleType) -> None:
    # the type aliases and the type variable have no __module__ of their own
    defined = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    } - {"T"}
    assert defined <= set(module.__all__)


# -- no work at import -----------------------------------------------------------------------

_PROBE = """
import json, logging, sys, warnings
filters, handlers = list(warnings.filters), list(logging.root.handlers)
level = logging.root.level
import {module}
loaded = sorted(m for m in {heavy!r} if m in sys.modules)
print(json.dumps({{
    "loaded": loaded,
    "filters": list(warnings.filters) == filters,
    "handlers": logging.root.handlers == handlers and logging.root.level == level,
    "own": [type(h).__name__ for h in logging.getLogger("codesuggest").handlers],
}}))
"""


def probe(module: str, heavy: tuple[str, ...]) -> dict[str, object]:
    code = _PROBE.format(module=module, heavy=heavy)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stderr == ""
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_import_is_light_and_changes_nothing() -> None:
    assert probe("codesuggest", ("spacy", "sklearn", "pandas", "numpy", "scipy", "typer")) == {
        "loaded": [], "filters": True, "handlers": True, "own": [],
    }  # fmt: skip


def test_import_reads_no_terminology() -> None:
    assert probe("codesuggest", ("codesuggest.terminology", "codesuggest.suggester")) == {
        "loaded": [], "filters": True, "handlers": True, "own": [],
    }  # fmt: skip


def test_suggesting_needs_neither_sklearn_nor_pandas() -> None:
    code = (
        "import codesuggest, sys; codesuggest.load().suggest('ASSESSMENT: Gout.');"
        "print([m for m in ('sklearn', 'pandas', 'joblib') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"
