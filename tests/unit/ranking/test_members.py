from __future__ import annotations

import pytest

from codesuggest.ranking.members import axis_agreement, select_members, wanted_axes
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.releases import load_release


@pytest.fixture(scope="module")
def icd() -> CodeSystem:
    return load_release("ICD-10-CM")


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        ({}, {"episode": "initial"}),
        ({"laterality": "left"}, {"episode": "initial", "laterality": "left"}),
        ({"episode": "sequela"}, {"episode": "sequela"}),
        ({"wound": "open"}, {"episode": "initial_open"}),
        ({"wound": "closed"}, {"episode": "initial"}),
        ({"displacement": "nondisplaced"}, {"episode": "initial", "displacement": "nondisplaced"}),
        ({"weeks": "13"}, {"episode": "initial", "trimester": "first"}),
        ({"weeks": "14"}, {"episode": "initial", "trimester": "second"}),
        ({"weeks": "27"}, {"episode": "initial", "trimester": "second"}),
        ({"weeks": "28"}, {"episode": "initial", "trimester": "third"}),
        ({"weeks": "30", "trimester": "second"}, {"episode": "initial", "trimester": "second"}),
        ({"severity": "moderate"}, {"episode": "initial", "stage": "moderate"}),
    ],
    ids=lambda v: ",".join(f"{k}={x}" for k, x in v.items()) or "none",
)
def test_wanted_axes(attributes: dict[str, str], wanted: dict[str, str]) -> None:
    assert wanted_axes(attributes) == wanted


@pytest.mark.parametrize(
    ("code", "attributes", "codes"),
    [
        ("M25.569", {}, ["M25.569"]),
        ("M25.569", {"laterality": "left"}, ["M25.562"]),
        ("M25.562", {"laterality": "right"}, ["M25.561"]),
        ("M25.569", {"laterality": "bilateral"}, ["M25.561", "M25.562"]),
        ("G56.00", {"laterality": "bilateral"}, ["G56.03"]),
        ("M17.10", {"laterality": "bilateral"}, ["M17.0"]),
        ("M17.10", {"laterality": "left"}, ["M17.12"]),
        ("S52.529A", {"laterality": "left"}, ["S52.522A"]),
        ("S52.529A", {"laterality": "left", "episode": "subsequent"}, ["S52.522D"]),
        ("S52.529A", {"laterality": "right", "episode": "sequela"}, ["S52.521S"]),
        ("S42.023A", {"laterality": "left"}, ["S42.022A"]),
        ("S42.023A", {"laterality": "left", "displacement": "nondisplaced"}, ["S42.025A"]),
        ("S42.023A", {"laterality": "right", "wound": "open"}, ["S42.021B"]),
        ("O10.019", {"weeks": "20"}, ["O10.012"]),
        ("H40.1110", {"laterality": "left", "severity": "severe"}, ["H40.1123"]),
        ("I10", {"laterality": "left"}, ["I10"]),
    ],
    ids=lambda v: v if isinstance(v, str) else None,
)
def test_select_members(
    icd: CodeSystem, code: str, attributes: dict[str, str], codes: list[str]
) -> None:
    rows, _ = select_members(icd, icd.row_of[code], wanted_axes(attributes))
    assert [icd.codes[r] for r in rows] == codes


def test_fit_rewards_what_is_met_and_punishes_the_other_side(icd: CodeSystem) -> None:
    def fit(code: str, **attributes: str) -> float:
        return select_members(icd, icd.row_of[code], wanted_axes(attributes))[1]

    assert fit("M25.569", laterality="left") > fit("M25.569") == 0
    assert fit("I10", laterality="left") == 0


@pytest.mark.parametrize(
    ("axes", "attributes", "expected"),
    [
        ({}, {"views": "2"}, (0, 0)),
        ({"views": "2"}, {}, (0, 0)),
        ({"views": "2"}, {"views": "2"}, (1, 0)),
        ({"views": "1..3"}, {"views": "3"}, (1, 0)),
        ({"views": "4.."}, {"views": "3"}, (0, 1)),
        ({"size_cm": "..2.0"}, {"size_cm": "2.0"}, (1, 0)),
        ({"size_cm": "2.1..4.0"}, {"size_cm": "large"}, (0, 0)),
        ({"contrast": "with"}, {"contrast": "without"}, (0, 1)),
        ({"contrast": "with"}, {}, (0, 0)),
        ({"laterality": "bilateral"}, {"laterality": "left"}, (0, 1)),
        ({"technique": "open_repair"}, {"technique": "open"}, (1, 0)),
        ({"technique": "open"}, {"technique": "laser"}, (0, 0)),
        ({"views": "2", "contrast": "with"}, {"views": "3", "contrast": "with"}, (1, 0)),
        ({"levels": "2", "age": "65.."}, {"levels": "1", "age": "12"}, (0, 0)),
        ({"contrast": "without_then_with"}, {"contrast": "without"}, (0, 1)),
        ({"region": "lumbar"}, {"levels": "l4-l5"}, (1, 0)),
        ({"region": "thoracic"}, {"levels": "l4-l5"}, (0, 1)),
        ({"body_site": "lumbar_or_thoracic"}, {"levels": "t12"}, (1, 0)),
        ({"body_site": "knee"}, {"levels": "l4-l5"}, (0, 0)),
        ({"technique": "open"}, {"wound": "open"}, (1, 0)),
        ({"approach": "laparoscopic"}, {"wound": "open"}, (0, 1)),
    ],
    ids=["no axes", "nothing said", "met", "in the range", "below the range", "on the bound",
         "no number", "contrast against", "contrast unsaid", "side against", "one word of two",
         "other technique", "mixed", "left out", "no contrast is not both", "level in the region",
         "level of another region", "level in one of two", "not of the spine", "open operation",
         "open is not keyhole"],
)  # fmt: skip
def test_axis_agreement(
    axes: dict[str, str], attributes: dict[str, str], expected: tuple[int, int]
) -> None:
    assert axis_agreement(axes, attributes) == expected
