"""A user's own release takes over: titles, search, check; and the model still fits."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from publications import workbook

import codesuggest
from codesuggest.errors import TerminologyError, UnknownCodeError
from codesuggest.suggester import CodeSuggester
from codesuggest.terminology.own_release import VARIABLE, OwnRelease, own_directory
from codesuggest.terminology.releases import diff, load_release, named_release
from codesuggest.terminology.store import TerminologyStore

# 99213 and 71046 are in the starter; 0999T is in no catalogue
CPT = (
    "code,title,synonyms\n"
    "99213,Moonlit visit of twenty lunar minutes,lunar visit\n"
    "71046,Pictures of the chest in two ways,\n"
    "0999T,Replacement of the left antenna by a gilded one,antenna swap|gold antenna\n"
)


def add(folder: Path, name: str, text: str | bytes, release: str | None = None) -> None:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    TerminologyStore(folder / "own").add([path], release=release)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("user")
    add(folder, "cpt_2026.csv", CPT)
    return folder / "own"


@pytest.fixture(scope="module")
def cpt(folder: Path) -> OwnRelease:
    table = load_release("CPT", directory=folder)
    assert isinstance(table, OwnRelease)
    return table


@pytest.fixture(scope="module")
def licensed(folder: Path) -> CodeSuggester:
    return codesuggest.load(terminology=folder)


# -- what takes over ---------------------------------------------------------------------------


def test_titles_check_and_size_are_the_users(cpt: OwnRelease) -> None:
    assert cpt.get("99213").title == "Moonlit visit of twenty lunar minutes"
    assert cpt.check("0999T").ok
    assert (cpt.release, len(cpt), len(list(cpt))) == ("2026", 3, 3)
    assert [code.code for code in cpt] == ["0999T", "71046", "99213"]
    assert cpt.valid_on(date(2026, 5, 1))
    assert not cpt.valid_on(date(2027, 5, 1))
    assert "user's own copy" in cpt.source


def test_a_code_that_the_user_has_not_is_gone(cpt: OwnRelease) -> None:
    assert load_release("CPT").check("99214").ok
    assert "99214" not in cpt
    assert cpt.check("99214").status == "deleted"
    assert cpt.check("99214").message == "2026 no longer has 99214"
    assert cpt.check("99999").status == "unknown"
    with pytest.raises(UnknownCodeError):
        cpt.get("99214")


def test_the_rows_of_the_model_stay(cpt: OwnRelease) -> None:
    shipped = load_release("CPT")
    assert cpt.codes[: cpt.n_shipped] == shipped.codes
    assert cpt.fingerprint == shipped.fingerprint
    assert cpt.trained_release == shipped.release
    assert (cpt.families[: cpt.n_shipped] == shipped.families).all()


def test_search_without_a_model_knows_the_users_wordings(cpt: OwnRelease) -> None:
    assert [c.code for c in cpt.search("gold antenna")] == ["0999T"]
    assert [c.code for c in cpt.search("left antenna replaced gilded")][:1] == ["0999T"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        pytest.param("antenna swap", "0999T", id="new code, synonym"),
        pytest.param("replacement antenna gilded left", "0999T", id="new code, title"),
        pytest.param("lunar visit", "99213", id="known code, the user's words"),
        pytest.param("chest x-ray 2 views", "71046", id="known code, our words"),
        pytest.param("0999t", "0999T", id="code"),
    ],
)
def test_search_with_the_model(licensed: CodeSuggester, query: str, code: str) -> None:
    assert [c.code for c in licensed.terminology["CPT"].search(query, 5)][:1] == [code]


def test_no_suggestion_has_a_code_that_the_user_has_not(
    licensed: CodeSuggester, suggester: CodeSuggester
) -> None:
    text = "PROCEDURE: Chest x-ray, 2 views.\nColonoscopy with biopsy.\nASSESSMENT: Gout."
    given = {s.code for s in suggester.suggest(text) if s.system == "CPT"}
    found = licensed.suggest(text)
    assert given - {"71046", "99213", "0999T"}
    assert {s.code for s in found if s.system == "CPT"} <= {"71046", "99213", "0999T"}
    assert "71046" in {s.code for s in found}
    assert found.releases["CPT"] == "2026"
    (chest,) = [s for s in found if s.code == "71046"]
    assert chest.title == "Pictures of the chest in two ways"


def test_terms_rank_among_the_users_codes(licensed: CodeSuggester) -> None:
    ranked = licensed.rank_term("chest x-ray 2 views", system="CPT")
    assert {term.code for term in ranked} <= {"71046", "99213"}
    assert ranked[0].code == "71046"


# -- which release -----------------------------------------------------------------------------


def test_the_environment_names_the_directory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_release("CPT").release == "starter 2026"
    monkeypatch.setenv(VARIABLE, str(folder))
    assert own_directory() == folder
    assert load_release("CPT").release == "2026"
    assert load_release("HCPCS").release == "starter 2026"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"XDG_DATA_HOME": "/data"}, "/data/codesuggest/terminology"),
        ({"XDG_DATA_HOME": "", "HOME": "/home/x"}, "/home/x/.local/share/codesuggest/terminology"),
    ],
    ids=["XDG", "home"],
)
def test_the_platforms_place_for_data(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr("sys.platform", "linux")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert own_directory() == Path(expected)


def test_a_directory_without_releases_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TerminologyError, match="terminology add"):
        load_release("CPT", directory=tmp_path)


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("years")
    add(folder, "codes_2025.txt", "I10     High pressure of 2025\nZ00     Old\n")
    add(folder, "codes_2027.txt", "I10     High pressure of 2027\nI109    New\nE1199   Sweet\n")
    add(folder, "cpt.csv", CPT, release="2024")
    add(folder, "cpt2.csv", CPT, release="2025")
    return folder / "own"


@pytest.mark.parametrize(
    ("system", "on", "release"),
    [
        ("ICD-10-CM", None, "FY2027"),
        ("ICD-10-CM", date(2024, 12, 1), "FY2025"),
        ("ICD-10-CM", date(2026, 1, 1), "FY2026"),
        ("ICD-10-CM", date(2026, 10, 1), "FY2027"),
        ("ICD-10-CM", date(2019, 1, 1), "FY2027"),
        ("CPT", None, "2025"),
        ("CPT", date(2024, 5, 1), "2024"),
        ("HCPCS", None, "starter 2026"),
    ],
    ids=str,
)
def test_the_newest_release_or_that_of_a_day(
    years: Path, system: str, on: date | None, release: str
) -> None:
    assert load_release(system, directory=years, on=on).release == release


def test_an_older_release_does_not_take_over(tmp_path: Path) -> None:
    add(tmp_path, "codes_2025.txt", "I10     High pressure\n")
    assert load_release("ICD-10-CM", directory=tmp_path / "own").release == "FY2026"


def test_own_icd10cm_keeps_the_tree(years: Path) -> None:
    table = load_release("ICD-10-CM", directory=years)
    assert isinstance(table, OwnRelease)
    assert len(table) == len(list(table)) == 3
    assert [c.code for c in table.children("I10")] == ["I10.9"]
    assert table.get("I10").title == "High pressure of 2027"
    assert table.check("E11.9").status == "deleted"
    assert table.check("E11.99").ok
    assert table.check("A04.71").status == "deleted"
    assert table.check("T84.040A").status == "replaced"


def test_new_members_join_their_family(tmp_path: Path) -> None:
    text = "".join(
        f"{code:<8}Pain in {side} moon\n"
        for code, side in [("M25561", "right"), ("M2556X", "left")]
    )
    add(tmp_path, "codes_2027.txt", text)
    table = load_release("ICD-10-CM", directory=tmp_path / "own")
    rows = [table.row_of[code] for code in ("M25.561", "M25.56X")]
    assert len({int(table.families[row]) for row in rows}) == 1
    assert table.axes(rows[1]) == {"laterality": "left"}


def test_own_conversion_table_is_used(tmp_path: Path) -> None:
    add(tmp_path, "codes_2027.txt", "B1011   Blue fever of left lung\n")
    rows = [["Current code assignment", "Effective", "Previous Code(s)"],
            ["B10.11", "2026", "B10.1"]]  # fmt: skip
    add(tmp_path, "conversion_FY2027.xlsx", workbook(rows))
    found = load_release("ICD-10-CM", directory=tmp_path / "own").check("B10.1")
    assert (found.status, found.suggestions) == ("replaced", ("B10.11",))


# -- diff --------------------------------------------------------------------------------------


def test_diff_with_the_shipped_release(years: Path) -> None:
    found = diff("ICD-10-CM FY2025", "ICD-10-CM FY2026", ["I10", "z00", "A04"], directory=years)
    assert found.retitled == {"I10": ("High pressure of 2025", "Essential (primary) hypertension")}
    assert found.deleted == ("Z00",)
    assert "A04.71" in found.added
    assert set(found.split) == {"I10", "Z00"}
    assert "I16.0" in found.split["I10"]  # by the conversion table


def test_diff_takes_code_systems(years: Path) -> None:
    old, new = (named_release(f"CPT {year}", directory=years) for year in (2024, 2025))
    assert not diff(old, new)


def test_a_name_that_is_not_there_lists_those_that_are(years: Path) -> None:
    with pytest.raises(TerminologyError, match=r"no release 'CPT 1999'; there is .*CPT 2024"):
        named_release("CPT 1999", directory=years)
