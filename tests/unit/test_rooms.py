"""Who may import whom: the rooms of DESIGN.md, read from the source and not from comments."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import codesuggest

PACKAGE = Path(codesuggest.__file__).parent
FILES = sorted(p for p in PACKAGE.rglob("*.py") if "models" not in p.relative_to(PACKAGE).parts)

#: Rooms from the foundation up; a room imports itself and those before it.
ORDER = (
    "errors", "schema", "terminology", "extraction", "ranking", "guidelines", "model_directory",
    "results", "worker_pool", "suggester",
    "training", "exporters", "review", "cli",
)  # fmt: skip
LEVEL = {room: level for level, room in enumerate(ORDER)}
#: ``import codesuggest`` itself brings only schema and errors; the rest of it is lazy.
LEVEL[""] = LEVEL["schema"]

#: Distribution to the rooms that may import it.
HOMES = {
    "spacy": {"extraction", "model_directory", "suggester"},
    "sklearn": {"ranking", "training"},
    "joblib": set(),
    "pickle": set(),
    "typer": {"cli"},
    "rich": {"cli", "exporters"},
    "simple_icd_10_cm": set(),
}

_IDS = [str(p.relative_to(PACKAGE)) for p in FILES]
every_file = pytest.mark.parametrize("path", FILES, ids=_IDS)


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return "" if first == "__init__.py" else first.removesuffix(".py")


def imports(path: Path) -> list[tuple[str, int]]:
    """Return every imported module with its line, relative ones made absolute."""
    found = []
    package = ("codesuggest", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, node.module)) if node.module else ".".join(base)
            if module == "codesuggest":
                found += [(f"codesuggest.{alias.name}", node.lineno) for alias in node.names]
            else:
                found.append((module, node.lineno))
    return found


def own_room(module: str) -> str:
    parts = module.split(".")
    # "from codesuggest import load" is a public name, not a room
    return parts[1] if len(parts) > 1 and parts[1] in LEVEL else ""


def test_every_room_has_its_place() -> None:
    assert {room_of(path) for path in FILES} - {"", "__main__"} <= set(ORDER)


@every_file
def test_imports_go_downwards(path: Path) -> None:
    room = room_of(path)
    if room in ("", "__main__"):
        level = len(ORDER)
    else:
        level = LEVEL[room]
    upwards = [
        f"line {line}: {module}"
        for module, line in imports(path)
        if module.split(".")[0] == "codesuggest" and LEVEL[own_room(module)] > level
    ]
    assert upwards == []


@every_file
def test_libraries_stay_in_their_rooms(path: Path) -> None:
    strays = [
        f"line {line}: {module}"
        for module, line in imports(path)
        if room_of(path) not in HOMES.get(module.split(".")[0], {room_of(path)})
    ]
    assert strays == []


@every_file
def test_only_the_command_line_prints(path: Path) -> None:
    if room_of(path) == "cli":
        pytest.skip("the one room that prints")
    printing = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id == "print")
            or ast.unparse(node.func) in ("sys.stdout.write", "sys.stderr.write")
        )
    ]
    assert printing == []


@every_file
def test_nothing_is_validated_by_assert(path: Path) -> None:
    asserts = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assert)
    ]
    assert asserts == []


@every_file
def test_a_module_is_named_after_a_thing(path: Path) -> None:
    names = {"utils", "util", "helpers", "manager", "common", "misc"}
    assert names.isdisjoint(path.relative_to(PACKAGE).with_suffix("").parts)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import spacy", [("spacy", 1)]),
        ("from spacy.tokens import Doc", [("spacy.tokens", 1)]),
        ("from codesuggest import suggester", [("codesuggest.suggester", 1)]),
        ("def f():\n    from codesuggest.cli import app", [("codesuggest.cli", 2)]),
    ],
    ids=["plain", "from", "room of the package", "inside a function"],
)
def test_imports_are_seen(
    source: str, expected: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(f"{__name__}.PACKAGE", tmp_path)
    path = tmp_path / "module.py"
    path.write_text(source, encoding="utf-8")
    assert imports(path) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from . import schema", "codesuggest.schema"),
        ("from ..errors import X", "codesuggest.errors"),
    ],
    ids=["one dot", "two dots"],
)
def test_relative_imports_are_made_absolute(
    source: str, expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(f"{__name__}.PACKAGE", tmp_path)
    folder = tmp_path / ("room" if ".." in source else "")
    folder.mkdir(exist_ok=True)
    path = folder / "module.py"
    path.write_text(source, encoding="utf-8")
    assert imports(path) == [(expected, 1)]
