"""What all tests share: the default model, the example notes, the folder of the corpora."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

import codesuggest

if TYPE_CHECKING:
    from codesuggest import CodeSuggester

TESTS = Path(__file__).resolve().parent

# Releases that the developer has added for themselves take no part.
os.environ["CODESUGGEST_TERMINOLOGY"] = str(TESTS / "no such directory")

# The same examples on every machine and in every run; no database in the working tree.
hypothesis.settings.register_profile(
    "codesuggest",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=60,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.load_profile("codesuggest")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave slow tests to those who ask for them: ``pytest -m slow`` or ``-m shared``."""
    if config.option.markexpr:
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="slow: ask for it with -m slow"))


@pytest.fixture(scope="session")
def suggester() -> CodeSuggester:
    """The default model, loaded once."""
    return codesuggest.load()


@pytest.fixture(scope="session")
def model_folder(suggester: CodeSuggester) -> Path:
    """The directory that the default model was loaded from."""
    assert suggester.path is not None
    return suggester.path


@pytest.fixture(scope="session")
def notes_folder() -> Path:
    """The example notes."""
    return TESTS / "data" / "notes"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with corpora and publishers' files beside the repository."""
    folder = TESTS.parent.parent / "shared"
    if not (folder / "corpora").is_dir():
        pytest.skip("the evaluation corpora are not beside the repository")
    return folder
