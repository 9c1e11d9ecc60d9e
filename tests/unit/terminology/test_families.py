from __future__ import annotations

import pytest

from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.families import AXES, build_families, split_title
from codesuggest.terminology.releases import load_release
from codesuggest.terminology.words import WordForms


@pytest.fixture(scope="module")
def icd() -> CodeSystem:
    return load_release("ICD-10-CM")


@pytest.mark.parametrize(
    ("title", "rest", "axes"),
    [
        ("Pain in left knee", "Pain in knee", {"laterality": "left"}),
        ("Carpal tunnel syndrome, bilateral upper limbs", "Carpal tunnel syndrome, upper limbs",
         {"laterality": "bilateral"}),
        ("Essential (primary) hypertension", "Essential (primary) hypertension", {}),
        ("Right heart failure, unspecified", "Right heart failure, unspecified", {}),
        ("Pain in unspecified knee", "Pain in knee", {"laterality": "unspecified"}),
        ("Displaced fracture of shaft of right clavicle, initial encounter for closed fracture",
         "fracture of shaft of clavicle",
         {"laterality": "right", "displacement": "displaced", "episode": "initial"}),
        ("Torus fracture of lower end of right radius, sequela",
         "Torus fracture of lower end of radius", {"laterality": "right", "episode": "sequela"}),
        ("Pre-existing essential hypertension complicating pregnancy, third trimester",
         "Pre-existing essential hypertension complicating pregnancy", {"trimester": "third"}),
        ("Maternal care for breech presentation, fetus 2",
         "Maternal care for breech presentation", {"fetus": "2"}),
        ("Primary open-angle glaucoma, right eye, moderate stage",
         "Primary open-angle glaucoma, eye", {"laterality": "right", "stage": "moderate"}),
    ],
    ids=["left", "bilateral", "no axis", "right heart", "unspecified side", "three axes",
         "sequela", "trimester", "fetus", "stage"],
)  # fmt: skip
def test_split_title(title: str, rest: str, axes: dict[str, str]) -> None:
    assert split_title(title) == (rest, axes)


def family_of(icd: CodeSystem, code: str) -> set[str]:
    row = icd.row_of[code]
    return {icd.codes[r] for r in icd.members[int(icd.families[row])]}


@pytest.mark.parametrize(
    ("code", "members"),
    [
        ("I10", {"I10"}),
        ("M25.561", {"M25.561", "M25.562", "M25.569"}),
        ("G56.01", {"G56.00", "G56.01", "G56.02", "G56.03"}),
        ("M17.11", {"M17.0", "M17.10", "M17.11", "M17.12"}),
        ("H25.11", {"H25.10", "H25.11", "H25.12", "H25.13"}),
        ("H66.91", {"H66.90", "H66.91", "H66.92", "H66.93"}),
        ("S52.521A", {f"S52.52{side}{way}" for side in "129" for way in "ADGKPS"}),
        ("H15.003", {"H15.001", "H15.002", "H15.003", "H15.009"}),
        ("H15.093", {"H15.091", "H15.092", "H15.093", "H15.099"}),
        ("I82.403", {"I82.401", "I82.402", "I82.403", "I82.409"}),
        ("E11.3213", {"E11.3211", "E11.3212", "E11.3213", "E11.3219"}),
        ("H40.1132", {f"H40.11{side}{stage}" for side in "1239" for stage in "01234"}),
        ("O10.011", {"O10.011", "O10.012", "O10.013", "O10.019"}),
    ],
)
def test_family(icd: CodeSystem, code: str, members: set[str]) -> None:
    assert family_of(icd, code) == members


@pytest.mark.parametrize(
    ("one", "other"),
    [("E11.22", "E11.21"), ("I50.22", "I50.32"), ("S52.521A", "S52.521"), ("E10.9", "E11.9")],
    ids=["complications", "systolic and diastolic", "code and header", "type 1 and 2"],
)
def test_codes_of_different_families(icd: CodeSystem, one: str, other: str) -> None:
    assert icd.families[icd.row_of[one]] != icd.families[icd.row_of[other]]


def test_every_billable_row_has_one_family_and_no_header_has_any(icd: CodeSystem) -> None:
    assert ((icd.families >= 0) == icd.billable).all()
    assert sum(map(len, icd.members.values())) == 74_719


def test_axes_of_the_release_are_known(icd: CodeSystem) -> None:
    found = {axis for row in range(len(icd.codes)) for axis in icd.axes(row)}
    assert found == set(AXES)


def test_members_of_a_family_differ_in_their_axes(icd: CodeSystem) -> None:
    clashes = [
        [icd.codes[r] for r in rows]
        for rows in icd.members.values()
        if len({tuple(sorted(icd.axes(r).items())) for r in rows}) != len(rows)
    ]
    assert clashes == []


def test_build_families_parts_what_words_do_not_tell_apart() -> None:
    rows = [
        (0, "A01.1", "A01", "Fever, right knee"),
        (1, "A01.2", "A01", "Fever, left knee"),
        (2, "A02.1", "A02", "Fever of the right knee"),
        (3, "A01.31", "A01.3", "Cough of the knee"),
        (4, "A01.41", "A01.4", "Cough, knee"),
    ]
    families = build_families(rows, WordForms({}, {}))
    assert sorted(sorted(f.members.values()) for f in families) == [[0, 1], [2], [3], [4]]
