"""The model directory: where it lies, whether it is whole, what it was made of.

A model is a spaCy pipeline directory with a manifest beside it: releases, versions and the
SHA-256 of each file. Loading checks the manifest first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import spacy

from codesuggest.errors import ModelDamagedError, ModelNotFoundError, UntrustedModelError
from codesuggest.extraction.pipeline import blank_pipeline
from codesuggest.extraction.proposer import SpanProposer
from codesuggest.ranking.ranker import Ranker

__all__ = ["MANIFEST", "NAMES", "default_model", "save_model", "verify_manifest", "write_manifest"]

MANIFEST = "manifest.json"
#: Folder of the ranker of bare names, beside the pipeline's own.
NAMES = "codesuggest_names"
_FORMAT = 1
#: Files that people read and may edit.
_UNSIGNED = frozenset({MANIFEST, "MODEL_CARD.md"})
#: Files that can run code when they are read.
_CODE = frozenset({".pkl", ".pickle", ".joblib", ".py", ".so", ".dll"})


def default_model() -> Path:
    """Return the directory of the default model.

    Raises
    ------
    ModelNotFoundError
        It is not installed.
    """
    package = Path(__file__).parent
    # inside an installed wheel, else beside the package in a checkout
    for folder in (package / "models" / "default", package.parent / "models" / "default"):
        if (folder / MANIFEST).exists():
            return folder
    raise ModelNotFoundError(
        "the default model is not installed; reinstall codesuggest, or train one with "
        "'codesuggest train'"
    )


def verify_manifest(folder: Path, *, trusted: bool) -> dict[str, Any]:
    """Check a model directory against its manifest and return the manifest."""
    path = folder / MANIFEST
    if not folder.is_dir() or not path.exists():
        raise ModelNotFoundError(f"no model at {str(folder)!r}: it has no {MANIFEST}")
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        files: dict[str, str] = manifest["files"]
        version, releases = manifest["version"], manifest["releases"]
    except (ValueError, KeyError, TypeError):
        raise ModelDamagedError(f"{MANIFEST} of {str(folder)!r} cannot be read") from None
    if not isinstance(files, dict):
        raise ModelDamagedError(f"{MANIFEST} of {str(folder)!r} cannot be read")
    if manifest.get("format") != _FORMAT or not isinstance(version, str) or not releases:
        raise ModelDamagedError(
            f"{str(folder)!r} has model format {manifest.get('format')!r}, expected {_FORMAT}"
        )
    for name, expected in files.items():
        file = folder / name
        if not file.resolve().is_relative_to(folder.resolve()):
            raise ModelDamagedError(f"{MANIFEST} of {str(folder)!r} names a file outside of it")
        if not file.is_file():
            raise ModelDamagedError(f"the model in {str(folder)!r} lacks the file {name}")
        if hashlib.sha256(file.read_bytes()).hexdigest() != expected:
            raise ModelDamagedError(
                f"the file {name} of the model in {str(folder)!r} differs from its manifest; "
                "install or train the model again"
            )
    if not trusted:
        for file in folder.rglob("*"):
            if file.suffix in _CODE:
                raise UntrustedModelError(
                    f"the model in {str(folder)!r} holds {file.name}, which can run code; "
                    "load it with trusted=True if you trust where it comes from"
                )
    unnamed = sorted(set(_signed_files(folder)) - files.keys())
    if unnamed and not trusted:
        raise ModelDamagedError(
            f"the manifest of the model in {str(folder)!r} does not name {unnamed[0]}; "
            "install or train the model again"
        )
    return manifest


def _signed_files(folder: Path) -> list[str]:
    """Return the files of a model directory, as the manifest names them."""
    return [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in _UNSIGNED
    ]


def write_manifest(folder: Path, version: str, releases: Mapping[str, str], **more: Any) -> None:
    """Write the manifest of a model directory: releases, versions, SHA-256 of each file."""
    files = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in _signed_files(folder)
    }
    payload = {
        "format": _FORMAT,
        "version": version,
        "releases": dict(releases),
        "spacy": spacy.__version__,
        "files": files,
        **more,
    }
    text = json.dumps(payload, indent=1, sort_keys=True) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def save_model(
    folder: Path,
    ranker: Ranker,
    indexes: Mapping[str, Any],
    known_words: frozenset[str],
    proposer: SpanProposer | None = None,
) -> None:
    """Write a pipeline directory around a fitted ranker."""
    nlp = blank_pipeline()
    nlp.get_pipe("codesuggest_mentions").set_indexes(dict(indexes), known_words, proposer)
    nlp.get_pipe("codesuggest_linker").ranker = ranker
    nlp.meta["name"] = "codesuggest"
    nlp.to_disk(folder)
