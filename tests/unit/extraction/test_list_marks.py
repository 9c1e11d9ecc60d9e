"""List marks: numbers of list items against numbers that say something."""

from __future__ import annotations

import pytest

from codesuggest.extraction.list_marks import list_marks
from codesuggest.extraction.sentences import sentence_starts
from codesuggest.extraction.tokens import TokenCutter

CASES = {
    "lines": ("1. Gout\n2. Asthma", ["1", "2"]),
    "glued with a bracket": ("History: 1)DM 2)CKD", ["1", "2"]),
    "glued with a full stop": ("History: 1.DM. 2.HTN.", ["1", "2"]),
    "in brackets": ("(1)DM (2)CKD", ["1", "2"]),
    "with a hash": ("#1 DM #2 CKD", ["1", "2"]),
    "behind a header": ("Assessment: 1. DM 2. HTN", ["1", "2"]),
    "behind commas": ("HTN, 2)DM, 3)CKD", ["2", "3"]),
    "a stage": ("CKD stage 3. Gout.", []),
    "a type": ("Diabetes mellitus, type 2. Gout", []),
    "a bare stage": ("She has CKD 3. No gout.", []),
    "a grade in brackets": ("Spondylolisthesis (grade 2) is seen", []),
    "a decimal": ("A1c: 7.5 and 2.5 mg", []),
    "a date": ("Seen: 3.12.2020", []),
    "a count": ("Chest x-ray: 2 views", []),
}


@pytest.mark.parametrize(("text", "marks"), CASES.values(), ids=CASES)
def test_list_marks(text: str, marks: list[str]) -> None:
    tokens = TokenCutter()(text)
    tokens.set_sentences(sentence_starts(text))
    assert [tokens.words[i] for i in list_marks(text, tokens)] == marks
