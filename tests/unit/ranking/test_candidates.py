from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from codesuggest.ranking.candidates import FEATURES, CandidateFinder, CandidateTable, quick_score
from codesuggest.ranking.terms import TermAttribute, TermQuery, term_query
from codesuggest.schema import SYSTEMS
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.aliases import Alias
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.words import WordForms, stem

FORMS = WordForms({"htn": "hypertension"}, {})
ICD = CodeSystem(
    "ICD-10-CM", "test",
    ["I10", "R03.0", "M25.561", "M25.562", "M25.569", "N17.9"],
    ["Hypertension", "Elevated pressure", "Pain in right knee", "Pain in left knee",
     "Pain in unspecified knee", "Kidney failure, unspecified"],
    [-1] * 6, [True] * 6, families=[0, 1, 2, 2, 2, 3],
    axes=["", "", "laterality=right", "laterality=left", "laterality=unspecified", ""],
)  # fmt: skip
CPT = CodeSystem(
    "CPT", "test", ["73560", "73562"], ["Knee x-ray, 1 or 2 views", "Knee x-ray, 3 views"],
    [-1] * 2, [True] * 2, families=[0, 0], axes=["views=1..2", "views=3"],
)  # fmt: skip
HCPCS = CodeSystem("HCPCS", "test", ["J1100"], ["Dexamethasone"], [-1], [True])
SYSTEM_TABLES = {"ICD-10-CM": ICD, "CPT": CPT, "HCPCS": HCPCS}
INDEXES = {
    "DIAGNOSIS": AliasIndex.build(
        [
            Alias("hypertension", "ICD-10-CM", 0, "lexicon"),
            Alias("elevated hypertension", "ICD-10-CM", 1, "title"),
            Alias("knee pain", "ICD-10-CM", 4, "title"),
            Alias("kidney failure", "ICD-10-CM", 5, "title"),
            Alias("gout", "ICD-10-CM", 1, "index"),
        ],
        FORMS,
    ),
    "PROCEDURE": AliasIndex.build(
        [
            Alias("knee x-ray", "CPT", 0, "synonym"),
            Alias("knee x-ray", "CPT", 1, "synonym"),
            Alias("dexamethasone", "HCPCS", 0, "description"),
        ],
        FORMS,
    ),
}
AT = {name: i for i, name in enumerate(FEATURES)}


@dataclass
class Words:
    stems: list[str]
    title_stems: list[str] = field(default_factory=list)
    side: str = ""
    sides: tuple[str, ...] = ()
    past: list[bool] = field(default_factory=list)
    of_family: list[bool] = field(default_factory=list)


def query(term: str, label: str = "DIAGNOSIS", **attributes: str) -> TermQuery:
    made = term_query(term, label, INDEXES[label])
    made.attributes = tuple(TermAttribute(n, v) for n, v in attributes.items())
    return made


@pytest.fixture
def finder() -> CandidateFinder:
    return CandidateFinder(INDEXES, SYSTEM_TABLES)


def codes(table: CandidateTable) -> list[str]:
    return [
        SYSTEM_TABLES[SYSTEMS[s]].codes[r]
        for s, r in zip(table.system.tolist(), table.row.tolist(), strict=True)
    ]


def best(finder: CandidateFinder, asked: TermQuery) -> str:
    table = finder([asked], [0])
    return codes(table)[int(np.argmax(quick_score(table.features)))]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (query("hypertension"), "I10"),
        (query("HTN"), "I10"),
        (query("failure of the kidney"), "N17.9"),
        (query("knee pain", laterality="left"), "M25.562"),
        (query("knee pain"), "M25.569"),
        (query("dexamethasone", "PROCEDURE"), "J1100"),
    ],
    ids=["exact", "shorthand", "other order", "left", "no side", "HCPCS"],
)
def test_the_right_code_comes_first(finder: CandidateFinder, asked: TermQuery, code: str) -> None:
    assert best(finder, asked) == code


def test_both_sides_without_a_bilateral_member_are_two_candidates(finder: CandidateFinder) -> None:
    table = finder([query("knee pain", laterality="bilateral")], [0])
    assert codes(table)[:2] == ["M25.561", "M25.562"]


def test_features_are_finite_and_in_their_columns(finder: CandidateFinder) -> None:
    table = finder([query("hypertension")], [0])
    assert table.features.shape == (len(table), len(FEATURES))
    assert np.isfinite(table.features).all()
    first = table.features[codes(table).index("I10")]
    assert [first[AT[n]] for n in ("core_covered", "exact", "exact_core", "lexicon")] == [
        1,
        1,
        1,
        1,
    ]
    second = table.features[codes(table).index("R03.0")]
    assert [second[AT[n]] for n in ("exact", "exact_core", "lexicon")] == [0, 0, 0]


def test_views_are_met_or_contradicted(finder: CandidateFinder) -> None:
    table = finder([query("knee x-ray", "PROCEDURE", views="3")], [0])
    met = dict(
        zip(
            codes(table),
            table.features[:, [AT["axes_met"], AT["axes_against"]]].tolist(),
            strict=True,
        )
    )
    assert met == {"73560": [0, 1], "73562": [1, 0]}


def test_several_mentions_stand_together_in_their_order(finder: CandidateFinder) -> None:
    asked = [query("knee x-ray", "PROCEDURE"), query("gout"), query("hypertension")]
    table = finder(asked, [2, 0])
    assert table.mention.tolist() == sorted(table.mention.tolist())
    assert set(table.mention.tolist()) == {0, 2}
    bounds = table.groups()
    assert bounds[0][0] == 0
    assert bounds[-1][1] == len(table)
    assert [len(set(table.mention[a:b].tolist())) for a, b in bounds] == [1, 1]


@pytest.mark.parametrize(
    "asked",
    [[], [query("zebra")], [TermQuery((), "DIAGNOSIS", -1)]],
    ids=["nothing asked", "unknown word", "no word"],
)
def test_nothing_found_gives_an_empty_table(
    finder: CandidateFinder, asked: list[TermQuery]
) -> None:
    table = finder(asked, range(len(asked)))
    assert len(table) == 0
    assert table.features.shape == (0, len(FEATURES))
    assert table.groups() == []


def test_without_own_leaves_the_asked_alias_out(finder: CandidateFinder) -> None:
    table = finder([query("hypertension")], [0], without_own=True)
    assert codes(table) == ["R03.0"]


def test_n_kept_bounds_the_candidates(finder: CandidateFinder) -> None:
    assert len(finder([query("hypertension pain")], [0], n_kept=1)) == 1


def test_a_note_lends_its_words(finder: CandidateFinder) -> None:
    asked = query("hypertension")
    alone = finder([asked], [0], Words([]))
    told = finder([asked], [0], Words([stem("elevated")]))
    at = codes(alone).index("R03.0")
    assert told.features[at, AT["note_covered"]] > alone.features[at, AT["note_covered"]]


@pytest.mark.parametrize(
    ("attributes", "side", "code"),
    [({}, "left", "M25.562"), ({}, "", "M25.569"), ({"laterality": "right"}, "left", "M25.561")],
    ids=["of the note", "none", "its own first"],
)
def test_the_one_side_of_a_note_picks_the_member(
    finder: CandidateFinder, attributes: dict[str, str], side: str, code: str
) -> None:
    table = finder([query("knee pain", **attributes)], [0], Words([], [], side))
    assert codes(table)[0] == code
    assert table.features[0, AT["side_given"]] == bool(attributes)


@pytest.mark.parametrize(
    ("sides", "members"),
    [((), ["M25.569"]), (("left", "right"), ["M25.561", "M25.562", "M25.569"])],
    ids=["none", "both"],
)
def test_a_note_of_several_sides_leaves_each_open(
    finder: CandidateFinder, sides: tuple[str, ...], members: list[str]
) -> None:
    table = finder([query("knee pain")], [0], Words(["knee", "pain"], sides=sides))
    assert sorted(c for c in codes(table) if c.startswith("M25.56")) == members


def test_the_alias_that_a_mention_equals_is_the_nearest() -> None:
    """Though the word that tells it from another is too common to look for aliases."""
    aliases = [
        Alias("gravel", "ICD-10-CM", 0, "lexicon"),
        Alias("open gravel", "ICD-10-CM", 5, "lexicon"),
        *[Alias(f"open {number} pebble", "ICD-10-CM", 1, "lexicon") for number in range(1600)],
        *[Alias(f"{number} sand", "ICD-10-CM", 1, "lexicon") for number in range(4000)],
    ]
    indexes = {**INDEXES, "DIAGNOSIS": AliasIndex.build(aliases, FORMS)}
    asked = term_query("open gravel", "DIAGNOSIS", indexes["DIAGNOSIS"])
    table = CandidateFinder(indexes, SYSTEM_TABLES)([asked], [0])
    found = {code: i for i, code in enumerate(codes(table))}
    equal, other = table.features[found["N17.9"]], table.features[found["I10"]]
    assert (equal[AT["rank"]], equal[AT["gap"]], equal[AT["behind_core"]]) == (0, 0, 0)
    assert other[AT["rank"]] > 0
    assert other[AT["behind_core"]] > 0
    assert other[AT["behind"]] > 0
    assert (equal[AT["rivals"]], other[AT["rivals"]]) == (2, 2)


def test_a_side_that_the_alias_names_is_met_or_contradicted() -> None:
    aliases = [
        Alias("right gravel", "ICD-10-CM", 0, "lexicon", "right"),
        Alias("gravel", "ICD-10-CM", 5, "lexicon"),
    ]
    index = AliasIndex.build(aliases, FORMS)
    finder = CandidateFinder({**INDEXES, "DIAGNOSIS": index}, SYSTEM_TABLES)

    def axes(**attributes: str) -> dict[str, tuple[float, float]]:
        asked = term_query("gravel", "DIAGNOSIS", index)
        asked.attributes = tuple(TermAttribute(n, v) for n, v in attributes.items())
        table = finder([asked], [0])
        columns = table.features[:, [AT["axes_met"], AT["axes_against"]]].tolist()
        return {code: tuple(row) for code, row in zip(codes(table), columns, strict=True)}

    assert axes(laterality="right") == {"I10": (1, 0), "N17.9": (0, 0)}
    assert axes(laterality="left") == {"I10": (0, 1), "N17.9": (0, 0)}
    assert axes() == {"I10": (0, 1), "N17.9": (0, 0)}


def test_priors_become_features() -> None:
    finder = CandidateFinder(INDEXES, SYSTEM_TABLES, {"I10": 9, "I10*": 99})
    table = finder([query("hypertension")], [0])
    row = table.features[codes(table).index("I10")]
    assert row[AT["prior"]] == pytest.approx(np.log(10))
    assert row[AT["category_prior"]] == pytest.approx(np.log(100))


def test_asking_twice_gives_the_same(finder: CandidateFinder) -> None:
    asked = [query("knee pain", laterality="left"), query("hypertension")]
    one, two = finder(asked, [0, 1]), finder(asked, [0, 1])
    assert (one.features == two.features).all()
    assert codes(one) == codes(two)
