"""The notebooks run from the first cell to the last, with public names and invented notes."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
#: Longest time that one cell may take, in seconds; training takes minutes where cores are busy.
LONGEST = 400

every_notebook = pytest.mark.parametrize(
    "path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem
)


def code_of(notebook: Any) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_notebooks() -> None:
    assert {path.stem for path in NOTEBOOKS.glob("*.ipynb")} >= {
        "quickstart",
        "retraining",
        "evaluation",
    }


@every_notebook
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_runs(path: Path) -> None:
    if path.stem == "retraining":
        pytest.importorskip("codesuggest.training.retrain")
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=LONGEST,
        kernel_name="python3",
        resources={"metadata": {"path": NOTEBOOKS}},
    )
    client.execute()
    ran = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert ran == list(range(1, len(ran) + 1))


@every_notebook
def test_uses_public_names_only(path: Path) -> None:
    names: list[str] = []
    for source in code_of(nbformat.read(path, as_version=4)):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom):
                names += [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.Attribute):
                names.append(node.attr)
    assert any(name.startswith("codesuggest") for name in names)
    assert [n for n in names if any(part.startswith("_") for part in n.split("."))] == []


@every_notebook
def test_holds_no_path_of_a_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [
        p for p in ("/home/", "/root/", "/tmp/", "/opt/", "/Users/", "../shared") if p in text
    ] == []


@every_notebook
def test_shows_what_its_code_gives(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    codes = [cell for cell in cells if cell.cell_type == "code"]
    assert [c.id for c in codes if c.execution_count is None] == []
    assert [c.id for c in codes for o in c.outputs if o.output_type in ("error", "stream")] == []
