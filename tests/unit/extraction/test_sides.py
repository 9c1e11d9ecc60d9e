from __future__ import annotations

import pytest

from codesuggest.extraction.attributes import AttributeFinder
from codesuggest.extraction.sides import PairedParts, SideReading
from codesuggest.extraction.token_reader import READER
from codesuggest.terminology.words import WordForms, read_csv

FORMS = WordForms({}, {"renal": "kidney"})
PARTS = PairedParts(FORMS)
FINDER = AttributeFinder()


def side_of(text: str, *core: str, context: tuple[str, ...] = ()) -> str | None:
    tokens = READER.cut(text)
    tokens.set_sentences([0, *(i + 1 for i, sign in enumerate(text) if sign in ".\n")])
    stems = [FORMS.stems(word) for word in tokens.words]
    found = SideReading(PARTS, FINDER.find(text, tokens), tokens, stems).of(core, context)
    return None if found is None else found.value


@pytest.mark.parametrize(
    ("text", "core", "context", "side"),
    [
        ("MRI LEFT SHOULDER", ("rotator", "cuff", "tear"), (), "left"),
        ("Cataract, right eye.", ("cataract",), (), "right"),
        ("Right distal radius fracture.", ("radiu",), (), None),
        ("Left knee pain. Right knee normal.", ("menisc",), (), None),
        ("Left knee pain.", ("shoulder", "pain"), (), None),
        ("Left knee pain.", ("osteoarthritis",), ("knee",), "left"),
        ("Left knee pain.", ("osteoarthritis",), (), None),
        ("She left. The knee hurts.", ("knee",), (), None),
        ("Both knees hurt.", ("knee",), (), "bilateral"),
        ("", ("knee",), (), None),
    ],
    ids=["part of the joint", "behind the part", "stem of no part", "both sides named",
         "another part", "part in the clause", "no part", "other sentence", "both", "empty"],
)  # fmt: skip
def test_the_side_of_a_part(
    text: str, core: tuple[str, ...], context: tuple[str, ...], side: str | None
) -> None:
    assert side_of(text, *core, context=context) == side


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("Left knee pain. Surgery of the left knee.", "left"),
        ("Left knee pain.", ""),
        ("Left knee pain. Left foot. Right hand.", ""),
        ("Both knees hurt. Both hips hurt.", "bilateral"),
        ("", ""),
    ],
    ids=["stated twice", "stated once", "two sides", "both", "empty"],
)
def test_the_one_side_of_a_note(text: str, only: str) -> None:
    tokens = READER.cut(text)
    tokens.set_sentences([0, *(i + 1 for i, sign in enumerate(text) if sign == ".")])
    stems = [FORMS.stems(word) for word in tokens.words]
    assert SideReading(PARTS, FINDER.find(text, tokens), tokens, stems).only == only


def test_every_part_is_one_word_of_one_region() -> None:
    from codesuggest.extraction.sides import DATA

    rows = read_csv(DATA / "paired_parts.csv", ("part", "region"))
    parts = [row["part"] for row in rows]
    assert len(parts) == len(set(parts))
    assert [p for p in parts if len(FORMS.stems(p)) != 1] == []
