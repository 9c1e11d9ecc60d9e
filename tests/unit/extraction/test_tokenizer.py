from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from spacy.vocab import Vocab

from codesuggest.extraction.token_reader import TokenReader
from codesuggest.extraction.tokenizer import ClinicalTokenizer
from codesuggest.terminology.words import TOKEN, fold, tokenize

TOKENIZER = ClinicalTokenizer(Vocab())

#: Pieces that break tokenizers, thrown together with whatever hypothesis makes up.
PIECES = [
    "\r\n", "\r", "\n\n", "\t", "\x00", "\x0b\x0c", "\x1c\x1d\x1e", "\x85", "\u2028", "\u00a0",
    "\u200b", "\u200f", "\ufeff", "😀", "👩‍⚕️", "🇺🇸", "e\u0301", "\u0301", "שלום", "مرحبا",
    "\u202eabc", "ﬁ", "Ⅷ",
    "١٢", "²", "中文", "  ", " ", "s/p", "I&D", "L4-5", "h.t.n.", "Crohn's", "Crohn’s", "2.5cm",
    "3rd", "w/", "___", "[ ]", "T2DM", "1,000.50", "…", "-", "İ", "ß",
]  # fmt: skip
texts = st.text() | st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join)


@given(texts)
@example("")
@example(" ")
@example("\r\n leading and trailing \r\n")
@example("\x00")
@example("a  b   c")
def test_the_doc_has_exactly_the_text(text: str) -> None:
    doc = TOKENIZER(text)
    assert doc.text == text
    assert "".join(t.text_with_ws for t in doc) == text
    assert [t.text for t in doc if text[t.idx : t.idx + len(t)] != t.text] == []


@given(texts)
def test_tokens_are_those_that_the_code_sets_are_cut_into(text: str) -> None:
    words = [t.text for t in TOKENIZER(text) if not t.is_space]
    assert [w for word in words for w in tokenize(word)] == tokenize(text)


@given(texts)
def test_token_lists_leave_blanks_out_and_keep_offsets(text: str) -> None:
    reader = TokenReader()
    tokens = reader.tokens(TOKENIZER(text))
    spans = list(zip(tokens.starts, tokens.ends, strict=True))
    assert spans == [(m.start(), m.end()) for m in TOKEN.finditer(text) if fold(m.group()) != ""]
    assert tokens.words == [fold(text[s:e]) for s, e in spans]
    assert len(tokens.sentences) == len(spans)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("s/p CABG", ["s/p", "CABG"]),
        ("w/ L4-L5", ["w/", "L4", "-", "L5"]),
        ("I&D, 2.5cm", ["I&D", ",", "2.5", "cm"]),
        ("Crohn’s", ["Crohn’s"]),
        ("a\r\nb", ["a", "\r\n", "b"]),
        ("  a", ["  ", "a"]),
        ("a  b", ["a", " ", "b"]),
    ],
    ids=["slash", "levels", "ampersand", "curly", "line break", "leading", "two blanks"],
)
def test_tokens(text: str, tokens: list[str]) -> None:
    assert [t.text for t in TOKENIZER(text)] == tokens


def test_the_reader_reads_each_doc_anew() -> None:
    reader = TokenReader()
    one, other = TOKENIZER("Asthma"), TOKENIZER("Gout")
    assert [reader.tokens(d).words for d in (one, other, one)] == [["asthma"], ["gout"], ["asthma"]]
    assert [reader.text(d) for d in (other, one)] == ["Gout", "Asthma"]
    reader.forget()
    assert reader.tokens(one).words == ["asthma"]


def test_there_is_nothing_to_save() -> None:
    assert TOKENIZER.from_bytes(TOKENIZER.to_bytes()) is TOKENIZER
