from __future__ import annotations

import pytest

from codesuggest import CodeSuggester
from codesuggest.extraction.body_mass import adult_body_mass
from codesuggest.terminology.releases import load_release


@pytest.mark.parametrize(
    ("value", "code"),
    [(14.2, "Z68.1"), (19.9, "Z68.1"), (20.0, "Z68.20"), (33.6, "Z68.33"), (39.9, "Z68.39"),
     (40.0, "Z68.41"), (46, "Z68.42"), (59.9, "Z68.43"), (60, "Z68.44"), (70, "Z68.45"),
     (88, "Z68.45")],
)  # fmt: skip
def test_the_class_of_a_value_is_the_title_of_its_code(value: float, code: str) -> None:
    title = load_release("ICD-10-CM").get(code).title.replace(" [BMI]", "")
    assert adult_body_mass(value) == title


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        ("ASSESSMENT: Morbid obesity, BMI 46.2.", "BMI 46.2", "Z68.42"),
        ("BMI is 33 today.", "BMI is 33", "Z68.33"),
        ("BMI at the 95th percentile.", None, None),
        ("Weight 95 kg.", None, None),
    ],
    ids=["value", "with a verb", "of a child", "no index"],
)
def test_a_value_is_a_mention(
    suggester: CodeSuggester, text: str, words: str | None, code: str | None
) -> None:
    found = [
        (mention.text, s.code)
        for s in suggester.suggest(text)
        if s.code.startswith("Z68")
        for mention in s.evidence[:1]
    ]
    assert found[:1] == ([] if words is None else [(words, code)])
