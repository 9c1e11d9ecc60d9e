"""What wordings of diagnoses take for granted, against what a mention states."""

from __future__ import annotations

import numpy as np
import pytest

from codesuggest.ranking.taken_for_granted import TitleClaims, stated
from codesuggest.terminology.aliases import SIDES
from codesuggest.terminology.releases import load_release

ICD = load_release("ICD-10-CM")
CLAIMS = TitleClaims(ICD)


@pytest.mark.parametrize(
    ("code", "alias_side", "attributes", "side", "met", "against"),
    [
        ("C18.2", "right", {}, "right", 1, 0),
        ("C18.2", "right", {}, "", 0, 1),
        ("C18.9", "", {}, "right", 0, 0),
        ("M50.222", "", {"levels": "c5-c6"}, "", 1, 0),
        ("M51.9", "", {"levels": "c5-c6"}, "", 0, 1),
        ("M51.9", "", {"levels": "t5"}, "", 1, 0),
        ("N72", "", {"levels": "c5"}, "", 0, 0),
        ("H66.019", "", {"acuity": "chronic"}, "", 0, 1),
        ("H66.3X9", "", {"acuity": "chronic"}, "", 1, 0),
        ("I50.33", "", {"acuity": "acute_on_chronic"}, "", 1, 0),
        ("I50.33", "", {"acuity": "acute"}, "", 0, 0),
        ("J45.909", "", {"acuity": "acute"}, "", 0, 0),
    ],
    ids=[
        "the side", "no side", "no claim of a side", "the region", "another region",
        "one of its regions", "another cervix", "acute for chronic", "chronic", "both",
        "one of both", "no claim of acuity",
    ],
)  # fmt: skip
def test_claims(
    code: str, alias_side: str, attributes: dict[str, str], side: str, met: int, against: int
) -> None:
    found = CLAIMS(
        np.array([ICD.row_of[code]]),
        np.array([SIDES.index(alias_side)]),
        np.array([stated(attributes, side)]),
    )
    assert [int(array[0]) for array in found] == [met, against]
