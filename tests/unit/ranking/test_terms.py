from __future__ import annotations

import pytest

from codesuggest import CodeSuggester
from codesuggest.errors import InputError, SystemNotLoadedError
from codesuggest.ranking.terms import WordGuess, term_query
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.aliases import Alias
from codesuggest.terminology.words import WordForms, stem

WORDS = ["diverticulitis", "diverticulosis", "appendicitis", "gout"]


@pytest.mark.parametrize(
    ("word", "guessed"),
    [
        ("diverticulitus", ["diverticulitis"]),
        ("apendicitis", ["appendicitis"]),
        ("xylophone", []),
        ("gou", []),
        ("diverticul1tis", []),
        ("", []),
    ],
    ids=["one letter", "dropped letter", "nothing near", "short", "digit", "empty"],
)
def test_word_guess(word: str, guessed: list[str]) -> None:
    assert WordGuess(WORDS)(word)[: len(guessed) or None] == guessed


def test_term_query() -> None:
    index = AliasIndex.build([Alias("knee pain", "ICD-10-CM", 0, "title")], WordForms({}, {}))
    made = term_query("Pain of the left knee", "DIAGNOSIS", index)
    assert set(made.core) == {stem("pain"), stem("knee")}
    assert [(a.name, a.value) for a in made.attributes] == [("laterality", "left")]
    assert made.bag == 0
    assert term_query("zebra", "DIAGNOSIS", index).bag == -1


@pytest.mark.parametrize(
    ("term", "system", "code"),
    [
        ("essential hypertension", "ICD-10-CM", "I10"),
        ("HTN", "ICD-10-CM", "I10"),
        ("bilateral carpal tunnel", "ICD-10-CM", "G56.03"),
        ("carpal tunnel syndrome right", "ICD-10-CM", "G56.01"),
        ("type 2 diabetes", "ICD-10-CM", "E11.9"),
        ("community acquired pneumonia", "ICD-10-CM", "J18.9"),
        ("total knee replacement", "CPT", "27447"),
        ("chest x-ray 2 views", "CPT", "71046"),
        ("dexamethasone injection", "HCPCS", "J1100"),
    ],
)
def test_the_code_of_a_common_term_comes_first(
    suggester: CodeSuggester, term: str, system: str, code: str
) -> None:
    assert suggester.rank_term(term, system=system)[0].code == code


def test_ranked_terms_are_tuples_best_first(suggester: CodeSuggester) -> None:
    ranked = suggester.rank_term("chronic kidney disease", top_k=7)
    assert 1 < len(ranked) <= 7
    code, title, score, confidence = ranked[0]
    assert suggester.terminology["ICD-10-CM"].get(code).title == title
    assert score == max(r.score for r in ranked)
    assert confidence == max(r.confidence for r in ranked)
    assert [r.score for r in ranked] == sorted((r.score for r in ranked), reverse=True)
    assert all(0 <= r.confidence <= 1 for r in ranked)
    assert len({r.code for r in ranked}) == len(ranked)


def test_many_terms_are_ranked_as_one_by_one(suggester: CodeSuggester) -> None:
    terms = ["asthma", "", "knee pain, left", "zzqx", "gout"] * 60
    many = suggester.rank_terms(terms, top_k=3)
    assert len(many) == 300
    assert many[:5] == [suggester.rank_term(t, top_k=3) for t in terms[:5]]
    assert many[295:] == many[:5]


@pytest.mark.parametrize("term", ["", "   ", "of the", "zzqx", "...", "\x00", "😀"], ids=repr)
def test_a_term_without_a_known_word_has_no_codes(suggester: CodeSuggester, term: str) -> None:
    assert suggester.rank_term(term) == []


def test_no_terms(suggester: CodeSuggester) -> None:
    assert suggester.rank_terms([]) == []


def test_top_k(suggester: CodeSuggester) -> None:
    assert len(suggester.rank_term("asthma", top_k=1)) == 1


@pytest.mark.parametrize(
    ("call", "error"),
    [
        pytest.param(lambda s: s.rank_term("gout", system="SNOMED"), SystemNotLoadedError,
                     id="unknown system"),
        pytest.param(lambda s: s.rank_terms("gout"), InputError, id="one text for many"),
        pytest.param(lambda s: s.rank_term(None), InputError, id="no term"),
        pytest.param(lambda s: s.rank_term(b"gout"), InputError, id="bytes"),
        pytest.param(lambda s: s.rank_term("gout", top_k=0), InputError, id="top_k of 0"),
        pytest.param(lambda s: s.rank_term("gout", top_k=-1), InputError, id="negative top_k"),
        pytest.param(lambda s: s.rank_terms(["gout", 7]), InputError, id="a number among terms"),
        pytest.param(lambda s: s.rank_terms(7), InputError, id="no sequence"),
        pytest.param(lambda s: s.rank_term("gout", top_k="3"), InputError, id="top_k as text"),
    ],
)  # fmt: skip
def test_refuses(suggester: CodeSuggester, call: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        call(suggester)  # type: ignore[operator]


# -- search ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("renal failure acute", "N17.9"),
        ("acute renal failure", "N17.9"),
        ("kidney failure, acute", "N17.9"),
        ("diabeets type 2", "E11.9"),
        ("fx distal radius", "S52.509A"),
    ],
    ids=["any order", "plain", "comma", "misspelt", "abbreviated"],
)
def test_search(suggester: CodeSuggester, words: str, code: str) -> None:
    assert code in [c.code for c in suggester.terminology["ICD-10-CM"].search(words, top_k=5)]


def test_search_bounds_its_answers(suggester: CodeSuggester) -> None:
    assert len(suggester.terminology["CPT"].search("knee", top_k=3)) == 3
    assert suggester.terminology["CPT"].search("") == []
