"""Aliases: every wording that stands for a code, with where it comes from.

Sources, best first when two aliases of the same words disagree: our lexicon, the tabular title,
inclusion terms, the Alphabetic Index, catalogue synonyms and descriptions, learned terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from codesuggest.errors import TerminologyError
from codesuggest.schema import SYSTEMS
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.families import AXES, split_title
from codesuggest.terminology.releases import read_catalogue
from codesuggest.terminology.words import DATA, STOP_WORDS, name_sides, read_csv, stem, tokenize

__all__ = [
    "LEXICON_COLUMNS",
    "SIDES",
    "SOURCES",
    "Alias",
    "catalogue_aliases",
    "index_aliases",
    "lexicon_aliases",
    "read_index_paths",
    "title_aliases",
]

LEXICON_COLUMNS = ("term", "code", "kind", "note")

#: Where an alias comes from, best first.
SOURCES: tuple[str, ...] = (
    "lexicon",
    "title",
    "inclusion",
    "index",
    "synonym",
    "description",
    "learned",
    "residual",
)

_PARENTHESES = re.compile(r"\s*[(\[][^)\]]*[)\]]")
_RESIDUAL = re.compile(r"\bother\b|elsewhere classified", re.IGNORECASE)
_DEFAULT = re.compile(
    r",? (?:without (?:mention of )?(?:complications?|esophagitis|status migrainosus)|"
    r"uncomplicated|unspecified|not (?:otherwise specified|elsewhere classified)|NOS)$",
    re.IGNORECASE,
)
#: What a title says is not there or not known.
_ABSENT = re.compile(
    r",? *\bwithout\b.*?(?=,? with\b|$)|,? *\bnot (?!otherwise|elsewhere)[^,]*"
    r"|\bunspecified (?:cause|degree|joint|nature|organism|part|severity|site|type)\b"
    r"|\b(?:unspecified|uncomplicated|unilateral|NOS)\b",
    re.IGNORECASE,
)
#: Sides that an alias may name.
SIDES: tuple[str, ...] = ("", "right", "left", "bilateral")
#: Words that name a side.
_SIDES = {"right": "right", "left": "left", "bilateral": "bilateral", "bilaterally": "bilateral"}


@dataclass(frozen=True, slots=True)
class Alias:
    """One wording of one code. `row` counts in the code system's table.

    `side` is the side that the wording names and that tells the code from others, though a side
    is no word of an alias: "right" of "right colon cancer" (C18.2).
    """

    term: str
    system: str
    row: int
    source: str
    side: str = ""


def title_aliases(system: CodeSystem) -> Iterator[Alias]:
    """Yield the titles and inclusion terms of a tabular release, one member a family.

    A title yields itself, itself without parentheses, and itself without the tail that says
    nothing ("unspecified", "without complications").
    """
    for rows in system.members.values():
        row = min(rows, key=lambda r: (_distance_from_default(system.axes(r)), r))
        for variant in _variants(split_title(system.titles[row])[0]):
            source = "residual" if _RESIDUAL.search(variant) else "title"
            yield Alias(variant, system.system, row, source, _side_told(system, row, variant))
        for term in system.notes(system.codes[row], "inclusion_terms").get("inclusion_terms", ()):
            for variant in _variants(split_title(term)[0]):
                yield Alias(variant, system.system, row, "inclusion")
    # what stands under a header holds for its unspecified member
    for row, code in enumerate(system.codes):
        if system.billable[row]:
            continue
        terms = system.notes(code, "inclusion_terms").get("inclusion_terms", ())
        target = default_member(system, code) if terms else None
        if target is not None:
            for term in terms:
                for variant in _variants(term):
                    yield Alias(variant, system.system, target, "inclusion")


def _variants(title: str) -> list[str]:
    bare = _PARENTHESES.sub("", title)
    found = dict.fromkeys((title, bare))
    for text in (title, bare):
        cut = _DEFAULT.sub("", text)
        while cut != text:
            found[cut] = None
            text, cut = cut, _DEFAULT.sub("", cut)
    return [t for t in found if t]


def _distance_from_default(axes: Mapping[str, str]) -> int:
    return sum(AXES.get(axis, value) != value for axis, value in axes.items())


def default_member(system: CodeSystem, prefix: str) -> int | None:
    """Return the row of the reportable code that `prefix` means when nothing more is said.

    That is the code itself, else below it the member nearest to the defaults (side unspecified,
    initial encounter, closed) whose title adds least to that of `prefix` ("E11.9 ... without
    complications"), titles that say "unspecified" first; None for unknown prefixes.
    """
    code = system.normalise(prefix.rstrip("-").rstrip("."))
    row = system.row_of.get(code)
    if row is None:
        return None
    if system.billable[row]:
        return row
    header = system.titles[row]
    said = _telling_stems(header)
    residual = bool(_RESIDUAL.search(header))
    below = [system.row_of[c.code] for c in system.descendants(code) if c.billable]
    return min(
        below,
        key=lambda r: (
            _distance_from_default(system.axes(r)),
            len(_telling_stems(system.titles[r]) - said)
            + (0.5 if not residual and _RESIDUAL.search(system.titles[r]) else 0),
            "unspecified" not in system.titles[r].lower(),
            len(_telling_stems(system.titles[r])),
            r,
        ),
        default=None,
    )


def _telling_stems(title: str) -> set[str]:
    """Return the stems of a title that say more than "unspecified", side or "without ..."."""
    rest = _ABSENT.sub("", split_title(title)[0])
    return {stem(word) for word in tokenize(rest) if word not in STOP_WORDS}


def read_index_paths(path: Path) -> list[tuple[str, str, str]]:
    """Read an Alphabetic Index written as paths: ``main > sub <TAB> nonessential <TAB> code``.

    Raises
    ------
    TerminologyError
        A line does not have three fields; the message names the line.
    """
    rows = []
    with path.open(encoding="utf-8") as handle:
        next(handle, None)
        for number, line in enumerate(handle, 2):
            fields = line.rstrip("\n").split("\t")
            if len(fields) != 3:
                raise TerminologyError(f"{path.name}, line {number}: expected 3 fields")
            rows.append((fields[0], fields[1], fields[2]))
    return rows


def index_aliases(paths: Iterable[tuple[str, str, str]], system: CodeSystem) -> Iterator[Alias]:
    """Yield the wordings of the Alphabetic Index.

    A main term with alternatives ("Arrest, arrested") yields one alias an alternative.
    """
    for path, _, code in paths:
        row = default_member(system, code)
        if row is None:
            continue
        main, *subterms = path.split(" > ")
        tail = " ".join(subterms)
        for head in _alternatives(_PARENTHESES.sub("", main)):
            term = f"{tail} {head}".strip()
            yield Alias(term, system.system, row, "index", _side_told(system, row, term))


def _alternatives(main: str) -> list[str]:
    """Split "Arnold-Chiari disease, obstruction or syndrome" into its three wordings."""
    parts = [p.strip() for p in re.split(r",\s*(?:or\s+)?|\s+or\s+|;\s*", main) if p.strip()]
    first = parts[0].split() if parts else []
    heads = []
    for number, part in enumerate(parts):
        words = part.split()
        same_root = part[:4].lower() == parts[0][:4].lower()
        if number and len(first) > 1 and len(words) == 1 and not same_root:
            words = [*first[:-1], *words]
        elif number and len(first) == 1 and not same_root and len(parts) == 2:
            # "Abscess, lung": an inverted noun phrase rather than an alternative
            words = [*words, *first]
        heads.append(" ".join(words))
    return heads


def lexicon_aliases(
    systems: Mapping[str, CodeSystem], folder: Path = DATA / "lexicon"
) -> Iterator[Alias]:
    """Yield our lexicon: abbreviations, lay terms, synonyms, spelling variants."""
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8") as handle:
            if handle.readline().strip() != ",".join(LEXICON_COLUMNS):
                continue
        for number, row in enumerate(read_csv(path, LEXICON_COLUMNS), 2):
            system = next((s for s in SYSTEMS if s in systems and row["code"] in systems[s]), None)
            if system is None:
                raise TerminologyError(f"{path.name}, row {number}: unknown code {row['code']}")
            target = _without_side(systems[system], systems[system].row_of[row["code"]])
            side = _side_told(systems[system], target, row["term"])
            yield Alias(row["term"], system, target, "lexicon", side)


def _side_told(system: CodeSystem, row: int, term: str) -> str:
    """Return the side that a wording names, unless the mention's side picks among a family."""
    named = {_SIDES[word] for word in name_sides(tokenize(term)) if word in _SIDES}
    if len(named) != 1:
        return ""
    members = system.members.get(int(system.families[row]), [row])
    chosen = {system.axes(member).get("laterality") for member in members}
    return "" if chosen & {"right", "left", "unspecified"} else named.pop()


def _without_side(system: CodeSystem, row: int) -> int:
    """Return the member of a code's family that names no side, else the code itself.

    A side is no word of an alias: what the note states picks the member.
    """
    own = system.axes(row)
    if own.get("laterality", "unspecified") == "unspecified":
        return row
    rest = {axis: value for axis, value in own.items() if axis != "laterality"}
    for member in system.members.get(int(system.families[row]), ()):
        axes = dict(system.axes(member))
        if axes.pop("laterality", "unspecified") == "unspecified" and axes == rest:
            return member
    return row


def catalogue_aliases(system: CodeSystem) -> Iterator[Alias]:
    """Yield descriptions and synonyms of a starter catalogue."""
    for row in read_catalogue(system.system):
        target = system.row_of[row["code"]]
        yield Alias(row["description"], system.system, target, "description")
        for synonym in filter(None, row["synonyms"].split("|")):
            yield Alias(synonym, system.system, target, "synonym")
