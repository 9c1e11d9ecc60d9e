from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from codesuggest.errors import TerminologyError
from codesuggest.schema import SYSTEMS
from codesuggest.terminology.aliases import (
    LEXICON_COLUMNS,
    SOURCES,
    Alias,
    catalogue_aliases,
    default_member,
    index_aliases,
    lexicon_aliases,
    read_index_paths,
    title_aliases,
)
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.releases import load_release
from codesuggest.terminology.words import DATA, WordForms, read_csv, stem

LEXICON = [
    path
    for path in sorted((DATA / "lexicon").glob("*.csv"))
    if path.read_text(encoding="utf-8").startswith(",".join(LEXICON_COLUMNS) + "\n")
]
EVERYDAY = {"AS", "BE", "AT", "AN", "THE", "IS", "HAS", "HAD", "WAS"}
#: Words that name no condition, alone or together.
HOW = {
    stem(word)
    for word in (
        "mild", "moderate", "severe", "critical", "acute", "chronic", "history", "status", "post",
        "prior", "previous", "past", "old", "new", "poor", "good", "visit", "check", "follow",
        "up", "stable", "normal", "abnormal", "first", "second", "other",
    )
}  # fmt: skip
KINDS = {"abbreviation", "eponym", "lab", "lay", "spelling", "synonym"}


@pytest.fixture(scope="module")
def systems() -> dict[str, CodeSystem]:
    return {name: load_release(name) for name in SYSTEMS}


@pytest.fixture(scope="module")
def icd(systems: dict[str, CodeSystem]) -> CodeSystem:
    return systems["ICD-10-CM"]


# -- our lexicon -----------------------------------------------------------------------------


def test_the_lexicon_has_many_entries(systems: dict[str, CodeSystem]) -> None:
    aliases = list(lexicon_aliases(systems))
    assert len(aliases) >= 600
    assert {a.source for a in aliases} == {"lexicon"}


@pytest.mark.parametrize("path", LEXICON, ids=[p.stem for p in LEXICON])
class TestEveryLexiconFile:
    def test_terms_are_tidy(self, path: Path) -> None:
        rows = read_csv(path, LEXICON_COLUMNS)
        assert rows
        assert [r["term"] for r in rows if r["term"] != " ".join(r["term"].split())] == []
        assert [r for r in rows if not r["term"]] == []
        assert {r["kind"] for r in rows} <= KINDS

    def test_codes_are_reportable(self, path: Path, systems: dict[str, CodeSystem]) -> None:
        codes = {r["code"] for r in read_csv(path, LEXICON_COLUMNS)}
        assert [
            c
            for c in sorted(codes)
            if not any(c in s and s.is_billable(c) for s in systems.values())
        ] == []

    def test_codes_are_written_as_the_release_writes_them(
        self, path: Path, systems: dict[str, CodeSystem]
    ) -> None:
        codes = {r["code"] for r in read_csv(path, LEXICON_COLUMNS)}
        assert [c for c in sorted(codes) if not any(c in s.row_of for s in systems.values())] == []

    def test_no_abbreviation_is_an_everyday_word(self, path: Path) -> None:
        # "severe AS" would be found in every note that says "severe as"
        terms = [r["term"] for r in read_csv(path, LEXICON_COLUMNS)]
        assert [
            term
            for term in terms
            if not term.isupper() and any(w in EVERYDAY for w in re.findall(r"\b[A-Z]{2,}\b", term))
        ] == []

    def test_no_term_says_only_how(self, path: Path) -> None:
        forms = WordForms.packaged()
        terms = [r["term"] for r in read_csv(path, LEXICON_COLUMNS)]
        assert [term for term in terms if set(forms.bag(term)) <= HOW] == []

    def test_no_term_stands_for_two_codes(self, path: Path) -> None:
        codes = defaultdict(list)
        for row in read_csv(path, LEXICON_COLUMNS):
            codes[" ".join(row["term"].lower().split())].append(row["code"])
        assert {term: c for term, c in codes.items() if len(c) > 1} == {}


def test_ambiguous_abbreviations(systems: dict[str, CodeSystem]) -> None:
    columns = ("abbreviation", "expansion", "code", "context", "default")
    rows = read_csv(DATA / "lexicon" / "ambiguous.csv", columns)
    assert len(rows) >= 100
    assert [r for r in rows if not r["abbreviation"] or not r["expansion"]] == []
    assert [
        r for r in rows if r["code"] and not any(r["code"] in s.row_of for s in systems.values())
    ] == []
    assert {r["default"] for r in rows} <= {"", "1"}
    senses = defaultdict(list)
    for row in rows:
        senses[row["abbreviation"]].append(row)
    assert [a for a, r in senses.items() if len(r) < 2] == []
    assert [a for a, r in senses.items() if sum(bool(x["default"]) for x in r) > 1] == []
    assert [a for a, r in senses.items() if len({x["expansion"] for x in r}) != len(r)] == []


def test_an_unknown_code_is_named_with_its_row(
    tmp_path: Path, systems: dict[str, CodeSystem]
) -> None:
    header = ",".join(LEXICON_COLUMNS)
    (tmp_path / "own.csv").write_text(f"{header}\ngout,M10.9,lay,\nx,Q99.99,lay,\n", "utf-8")
    with pytest.raises(TerminologyError, match=r"own\.csv, row 3: unknown code Q99\.99"):
        list(lexicon_aliases(systems, tmp_path))


def test_other_tables_in_the_folder_are_left_alone(
    tmp_path: Path, systems: dict[str, CodeSystem]
) -> None:
    (tmp_path / "other.csv").write_text("short,expansion\nfx,fracture\n", "utf-8")
    assert list(lexicon_aliases(systems, tmp_path)) == []


# -- titles ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def all_titles(icd: CodeSystem) -> list[Alias]:
    return list(title_aliases(icd))


@pytest.fixture(scope="module")
def titles(icd: CodeSystem, all_titles: list[Alias]) -> dict[str, set[tuple[str, str]]]:
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for alias in all_titles:
        found[alias.term].add((icd.codes[alias.row], alias.source))
    return found


@pytest.mark.parametrize(
    ("term", "code", "source"),
    [
        ("Essential (primary) hypertension", "I10", "title"),
        ("Essential hypertension", "I10", "title"),
        ("Acute kidney injury", "N17.9", "inclusion"),
        ("Asthma", "J45.909", "inclusion"),
        ("Asthma NOS", "J45.909", "inclusion"),
        ("Type 2 diabetes mellitus", "E11.9", "title"),
        ("Pain in knee", "M25.569", "title"),
        ("Carpal tunnel syndrome, upper limb", "G56.00", "title"),
        ("Unspecified asthma", "J45.909", "title"),
        ("Other acute sinusitis", "J01.80", "residual"),
    ],
)
def test_title_alias(
    titles: dict[str, set[tuple[str, str]]], term: str, code: str, source: str
) -> None:
    assert (code, source) in titles[term]


def test_title_aliases_stand_for_reportable_codes(icd: CodeSystem, all_titles: list[Alias]) -> None:
    assert {bool(icd.billable[a.row]) for a in all_titles} == {True}


@pytest.mark.parametrize(
    ("prefix", "code"),
    [
        ("I10", "I10"),
        ("I10.-", "I10"),
        ("E11", "E11.9"),
        ("J45", "J45.909"),
        ("N18", "N18.9"),
        ("I50", "I50.9"),
        ("F32", "F32.A"),
        ("H66", "H66.90"),
        ("I26", "I26.99"),
        ("F03", "F03.90"),
        ("A41", "A41.9"),
        ("K57", "K57.90"),
        ("M25.56-", "M25.569"),
        ("S52.52-", "S52.529A"),
        ("Q99.99", None),
    ],
)
def test_default_member(icd: CodeSystem, prefix: str, code: str | None) -> None:
    row = default_member(icd, prefix)
    assert (icd.codes[row] if row is not None else None) == code


# -- the Alphabetic Index --------------------------------------------------------------------


def index_terms(icd: CodeSystem, path: str, code: str) -> list[tuple[str, str]]:
    return [(a.term, icd.codes[a.row]) for a in index_aliases([(path, "", code)], icd)]


@pytest.mark.parametrize(
    ("path", "code", "terms"),
    [
        ("Gout", "M10.9", ["Gout"]),
        ("Failure > heart > congestive", "I50.9", ["heart congestive Failure"]),
        ("Arrest, arrested > cardiac", "I46.9", ["cardiac Arrest", "cardiac arrested"]),
        ("Arnold-Chiari disease, obstruction or syndrome", "Q07.00",
         ["Arnold-Chiari disease", "Arnold-Chiari obstruction", "Arnold-Chiari syndrome"]),
        ("Abscess (acute) > lung", "J85.2", ["lung Abscess"]),
        ("Nothing", "Q99.99", []),
    ],
    ids=["one word", "sub-terms", "two forms", "three nouns", "parentheses", "unknown code"],
)  # fmt: skip
def test_index_aliases(icd: CodeSystem, path: str, code: str, terms: list[str]) -> None:
    assert index_terms(icd, path, code) == [(t, code) for t in terms]


def test_read_index_paths(tmp_path: Path) -> None:
    path = tmp_path / "index.tsv"
    path.write_text("path\tnonessential\tcode\nGout > x\tacute\tM10.9\n", encoding="utf-8")
    assert read_index_paths(path) == [("Gout > x", "acute", "M10.9")]
    path.write_text("path\tnonessential\tcode\nGout\tM10.9\n", encoding="utf-8")
    with pytest.raises(TerminologyError, match=r"index\.tsv, line 2: expected 3 fields"):
        read_index_paths(path)


# -- catalogues ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "term", "code", "source"),
    [
        ("CPT", "basic metabolic panel", "80048", "synonym"),
        ("CPT", "Biopsy of the lip", "40490", "description"),
        ("HCPCS", "wheelchair van", "A0130", "synonym"),
    ],
)
def test_catalogue_aliases(
    systems: dict[str, CodeSystem], system: str, term: str, code: str, source: str
) -> None:
    table = systems[system]
    assert Alias(term, system, table.row_of[code], source) in set(catalogue_aliases(table))


def test_sources_are_in_order_of_trust() -> None:
    assert SOURCES[0] == "lexicon"
    assert SOURCES.index("title") < SOURCES.index("index") < SOURCES.index("residual")


@pytest.mark.parametrize(
    ("term", "code"),
    [("knee contusion", "S80.00XA"), ("contusion of the right knee", "S80.00XA"),
     ("broken right wrist, healing", "S62.109D"), ("both hips replaced", "Z96.649"),
     ("gout", "M10.9")],
    ids=["no side", "side", "side and episode", "both", "no sides"],
)  # fmt: skip
def test_an_alias_names_no_side(tmp_path: Path, term: str, code: str) -> None:
    icd = load_release("ICD-10-CM")
    named = {"S80.00XA": "S80.01XA", "S62.109D": "S62.101D", "Z96.649": "Z96.643"}.get(code, code)
    table = ",".join(LEXICON_COLUMNS) + f'\n"{term}",{named},synonym,\n'
    (tmp_path / "own.csv").write_text(table, encoding="utf-8")
    (alias,) = lexicon_aliases({"ICD-10-CM": icd}, tmp_path)
    assert icd.codes[alias.row] == code


@pytest.mark.parametrize(
    ("title", "variant", "source"),
    [("Neurogenic bowel, not elsewhere classified", "Neurogenic bowel", "title"),
     ("Other specified diseases of liver", "Other specified diseases of liver", "residual")],
)  # fmt: skip
def test_what_a_title_is_without_its_tail(title: str, variant: str, source: str) -> None:
    system = CodeSystem("ICD-10-CM", "test", ["K59.2"], [title], [-1], [True])
    assert Alias(variant, "ICD-10-CM", 0, source) in list(title_aliases(system))
