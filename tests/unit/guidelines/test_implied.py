from __future__ import annotations

import pytest
from worksheets import Coded, system_of

from codesuggest.guidelines.implied import implied_codes
from codesuggest.guidelines.rules import CodingRules
from codesuggest.schema import Mention, Suggestion


def service(code: str, confidence: float) -> Suggestion:
    mention = Mention(code, 0, len(code), "PROCEDURE")
    return Suggestion(system_of(code), code, code, confidence, (mention,))


@pytest.mark.parametrize(
    ("given", "implied"),
    [
        (["90715"], {"Z23", "90471"}),
        (["90715", "90460"], {"Z23"}),
        (["90662", "G0008"], {"Z23"}),
        (["90680"], {"Z23"}),
        (["59410"], {"Z37.0"}),
        (["59514", "Z37.2"], set()),
        (["77067"], {"Z12.31"}),
        (["55250"], {"Z30.2"}),
        (["99213"], set()),
        (["47562"], set()),
        ([], set()),
    ],
    ids=["vaccine", "counselled", "of Medicare", "oral", "delivery", "twins", "mammogram",
         "vasectomy", "visit", "operation", "nothing"],
)  # fmt: skip
def test_what_services_imply(coded: Coded, given: list[str], implied: set[str]) -> None:
    made = coded(*given)
    assert {c for c in made if c not in given} == implied
    for code in implied:
        assert [e.severity for e in made[code].edits if e.codes and e.codes[0] in given] == ["info"]
        assert made[code].evidence


@pytest.mark.parametrize(
    ("confidence", "reported"), [(0.9, True), (0.6, False), (0.3, False)],
    ids=["sure", "less than the operating point", "the service is not reported"],
)  # fmt: skip
def test_confidence(rules: CodingRules, confidence: float, reported: bool) -> None:
    found = rules([service("90715", confidence)], lambda s: s.confidence >= 0.5)
    shot = next((s for s in found if s.code == "90471"), None)
    assert (shot is not None and shot.confidence >= 0.5) == reported
    if shot is not None:
        assert shot.confidence == pytest.approx(0.7 * confidence)


def test_the_words_of_the_note_come_first(rules: CodingRules) -> None:
    known = Suggestion("ICD-10-CM", "Z23", "Z23", 0.1, (Mention("shots", 50, 55, "DIAGNOSIS"),))
    found = {s.code: s for s in rules([service("90715", 0.9), known], lambda s: s.confidence > 0.5)}
    assert [m.text for m in found["Z23"].evidence] == ["shots", "90715"]
    assert found["Z23"].confidence == pytest.approx(0.9)


def test_shares_are_shares() -> None:
    assert all(0 < row.share <= 1 for row in implied_codes())
