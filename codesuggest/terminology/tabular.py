"""Reader of the ICD-10-CM tabular list, the XML that CDC/NCHS publishes each year.

The list gives codes of up to six characters; where a seventh applies, a ``sevenChrDef`` block
stands at the category or subcategory. `read_tabular` expands those blocks, so that it yields
exactly the codes of the publisher's order file.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import util
from pathlib import Path
from typing import IO

from codesuggest.errors import MissingExtraError, TerminologyError

__all__ = ["NOTE_KINDS", "TabularEntry", "packaged_tabular", "read_tabular"]

#: Tag of the publisher's XML to our name of the kind of note.
NOTE_KINDS: dict[str, str] = {
    "includes": "includes",
    "inclusionTerm": "inclusion_terms",
    "excludes1": "excludes1",
    "excludes2": "excludes2",
    "codeFirst": "code_first",
    "useAdditionalCode": "use_additional",
    "codeAlso": "code_also",
    "notes": "notes",
}

_BLANKS = re.compile(r"\s+")

# S06 carries the one restriction that stands only in prose, since FY2018: "7th characters D and S
# do not apply to codes in category S06 with 6th character 7 - death due to ..., or 8 - death ...".
_RESTRICTION = re.compile(
    r"7th characters (?P<characters>\w(?: and \w)*) do not apply to codes in category \w+ "
    r"with 6th character (?P<sixths>.+)"
)
_SIXTH = re.compile(r"(?:^|\bor )(\w)\b")


@dataclass(frozen=True, slots=True)
class TabularEntry:
    """One line of the tabular list, in the publisher's order.

    `code` carries its dot; `parent` is None for a category (its `chapter` and `block` say where
    it stands). `seventh` maps the seventh characters defined at this very entry.
    """

    code: str
    title: str
    parent: str | None
    billable: bool
    chapter: str
    block: str
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    seventh: dict[str, str] = field(default_factory=dict)


def packaged_tabular() -> Path:
    """Return the path of the newest tabular XML that ``simple-icd-10-cm`` carries.

    The package is found without importing it: its import parses the file into globals.

    Raises
    ------
    MissingExtraError
        The package is not installed.
    """
    # resources.files() would run the package
    spec = util.find_spec("simple_icd_10_cm")
    if spec is None:
        raise MissingExtraError("simple-icd-10-cm", "build")
    folders = [Path(folder) / "data" for folder in spec.submodule_search_locations or ()]
    found = sorted(path for folder in folders for path in folder.glob("*.xml"))
    if not found:
        raise TerminologyError("simple-icd-10-cm is installed but carries no XML file")
    return found[-1]


def read_tabular(source: Path | IO[bytes]) -> tuple[str, list[TabularEntry]]:
    """Read a tabular list.

    Parameters
    ----------
    source : path or binary file
        The publisher's XML, of any year.

    Returns
    -------
    release : str
        Fiscal year as in ``"FY2026"``.
    entries : list of TabularEntry
        Headers and billable codes, in the publisher's order, titles with their blanks tidied.

    Raises
    ------
    TerminologyError
        The file is not well-formed XML or not a tabular list.
    """
    name = source.name if hasattr(source, "name") else "the file"
    try:
        root = ET.parse(source).getroot()
    except ET.ParseError as error:
        line, column = error.position
        raise TerminologyError(
            f"{name}: not well-formed XML at line {line}, column {column}"
        ) from None
    version = root.findtext("version")
    if root.tag != "ICD10CM.tabular" or version is None:
        raise TerminologyError(
            f"{name}: expected <ICD10CM.tabular> with a <version>, got <{root.tag}>"
        )
    entries: list[TabularEntry] = []
    for chapter in root.iter("chapter"):
        number = _text(chapter.find("name"))
        for block in chapter.iter("section"):
            for diag in block.findall("diag"):
                entries.extend(
                    _walk(diag, None, {}, _exceptions(diag), number, block.get("id", ""))
                )
    if not entries:
        raise TerminologyError(f"{name}: holds no <diag> entries")
    return f"FY{version}", entries


def _exceptions(category: ET.Element) -> frozenset[tuple[str, str]]:
    """Return the pairs of sixth and seventh character that a category's notes rule out."""
    found: set[tuple[str, str]] = set()
    for note in category.findall("notes/note"):
        match = _RESTRICTION.match(_text(note))
        if match:
            sixths = _SIXTH.findall(match["sixths"])
            found.update((s, c) for s in sixths for c in match["characters"].split(" and "))
    return frozenset(found)


def _walk(
    diag: ET.Element,
    parent: str | None,
    seventh: dict[str, str],
    exceptions: frozenset[tuple[str, str]],
    chapter: str,
    block: str,
) -> Iterator[TabularEntry]:
    code, title = _text(diag.find("name")), _text(diag.find("desc"))
    own = {
        extension.get("char", ""): _text(extension)
        for extension in diag.findall("sevenChrDef/extension")
        if extension.get("char")
    }
    seventh = own or seventh
    children = diag.findall("diag")
    expands = not children and bool(seventh)
    notes = {
        kind: tuple(_text(note) for note in diag.findall(f"{tag}/note"))
        for tag, kind in NOTE_KINDS.items()
        if diag.find(tag) is not None
    }
    yield TabularEntry(
        code, title, parent, not children and not expands, chapter, block, notes, own
    )
    for child in children:
        yield from _walk(child, code, seventh, exceptions, chapter, block)
    if expands:
        stem = code if "." in code else code + "."
        stem = stem.ljust(7, "X")
        for character, meaning in seventh.items():
            if (stem[6], character) in exceptions:
                continue
            yield TabularEntry(stem + character, f"{title}, {meaning}", code, True, chapter, block)


def _text(element: ET.Element | None) -> str:
    """Return the element's own words; 518 titles of FY2026 hold tabs or line breaks."""
    return _BLANKS.sub(" ", "".join(element.itertext())).strip() if element is not None else ""
