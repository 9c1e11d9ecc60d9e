"""Short invented notes with the codes that a certified coder would report.

``golden.json`` holds for each case its text, its setting, the codes of each system, and
``known_failures``: system to the reason why today's answer differs. Codes are compared exactly,
as sets. A known failure is strict: when it passes, its reason has to be taken out.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from codesuggest import CodeSuggester
from codesuggest.schema import SETTINGS, SYSTEMS
from codesuggest.terminology.releases import load_release

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "golden.json").read_text(encoding="utf-8")
)


def test_the_cases_are_whole() -> None:
    assert len(CASES) >= 25
    assert [i for i, n in Counter(c["id"] for c in CASES).items() if n > 1] == []
    fields = {"id", "setting", "text", "recommended", "known_failures"}
    assert [c["id"] for c in CASES if set(c) != fields] == []
    assert [c["id"] for c in CASES if c["setting"] not in SETTINGS or not c["text"].strip()] == []
    assert [c["id"] for c in CASES if set(c["recommended"]) != set(SYSTEMS)] == []
    assert [c["id"] for c in CASES if not set(c["known_failures"]) <= set(SYSTEMS)] == []
    assert [c["id"] for c in CASES if not all(c["known_failures"].values())] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_expected_codes_are_reportable(system: str) -> None:
    table = load_release(system)
    codes = [(c["id"], code) for c in CASES for code in c["recommended"][system]]
    assert codes
    assert [(i, code) for i, code in codes if not table.check(code).ok] == []


@pytest.mark.parametrize(
    ("case", "system"),
    [
        pytest.param(
            case,
            system,
            id=f"{case['id']}-{system}",
            marks=[pytest.mark.xfail(strict=True, reason=case["known_failures"][system])]
            if system in case["known_failures"]
            else [],
        )
        for case in CASES
        for system in SYSTEMS
    ],
)
def test_recommended(suggester: CodeSuggester, case: dict[str, Any], system: str) -> None:
    result = suggester.suggest(case["text"], setting=case["setting"])
    found = {s.code for s in result.recommended if s.system == system}
    assert found == set(case["recommended"][system])
