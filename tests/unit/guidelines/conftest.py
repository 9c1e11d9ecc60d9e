from __future__ import annotations

import pytest
from worksheets import Coded, system_of

from codesuggest.guidelines.rules import CodingRules
from codesuggest.schema import Attribute, Mention, Suggestion
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.releases import load_release


@pytest.fixture(scope="session")
def systems() -> dict[str, CodeSystem]:
    return {name: load_release(name) for name in ("ICD-10-CM", "CPT", "HCPCS")}


@pytest.fixture(scope="session")
def icd(systems: dict[str, CodeSystem]) -> CodeSystem:
    return systems["ICD-10-CM"]


@pytest.fixture(scope="session")
def rules(systems: dict[str, CodeSystem]) -> CodingRules:
    return CodingRules(systems)


@pytest.fixture
def coded(rules: CodingRules) -> Coded:
    """Apply the rules to codes, each with words of its own: ``code``, or ``(code, words)``."""

    def apply(
        *codes: str | tuple[str, str], side: str = "", **patient: object
    ) -> dict[str, Suggestion]:
        given = []
        for i, item in enumerate(codes):
            code, words = item if isinstance(item, tuple) else (item, item)
            attributes = (Attribute("laterality", side, 0, 1),) if side and not i else ()
            mention = Mention(
                words, 100 * i, 100 * i + len(words), "DIAGNOSIS", None, attributes=attributes
            )
            given.append(Suggestion(system_of(code), code, code, 0.9 - i / 1000, (mention,)))
        out = rules(given, lambda s: s.confidence >= 0.5, **patient)  # type: ignore[arg-type]
        again = rules(out, lambda s: s.confidence >= 0.5, **patient)  # type: ignore[arg-type]
        assert again == out
        return {s.code: s for s in out}

    return apply
