"""The page: what is marked is what was found, and no text of a note is ever markup."""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesuggest.exporters.evidence import outermost, shown, telling
from codesuggest.exporters.html import Span, highlight, html_page
from codesuggest.schema import (
    Alternative,
    Assertion,
    Cue,
    Edit,
    Mention,
    Note,
    Section,
    Suggestion,
    SuggestionSet,
    SuppressedMention,
)

TEXT = 'PLAN: Gout <b>& "flare"</b>.\r\nDenies fever.\tFather: gout.'


def text_of(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


class Seen(HTMLParser):
    """Collects what a browser would: tags with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def mention(words: str, start: int = -1, *, status: str = "present", cue: str = "") -> Mention:
    start = TEXT.index(words) if start < 0 else start
    cues = (Cue(status, cue, TEXT.index(cue), TEXT.index(cue) + len(cue)),) if cue else ()
    section = Section("plan", "PLAN", 0, len(TEXT))
    return Mention(words, start, start + len(words), "DIAGNOSIS", section, Assertion(status, cues))


@pytest.fixture
def pair() -> tuple[Note, SuggestionSet]:
    gout, fever = mention("Gout"), mention("fever", status="negated", cue="Denies")
    result = SuggestionSet(
        (
            Suggestion(
                "ICD-10-CM", "M10.9", "Gout, unspecified", 0.9, (gout,),
                (Alternative("ICD-10-CM", "M10.00", "Idiopathic <gout>", 0.04),),
                (Edit("side", "warning", "which joint?"),),
            ),
            Suggestion("ICD-10-CM", "R52", "Pain, unspecified", 0.1, (mention('"flare"'),)),
        ),
        (SuppressedMention(fever, "negated", "ICD-10-CM", "R50.9", "Fever, unspecified"),),
        {"ICD-10-CM": "FY2026"}, "0.1.0", {"ICD-10-CM": 0.5}, "a<b>.txt", "outpatient", True,
        (Section("plan", "PLAN", 0, len(TEXT)),), ("no release <then>",),
    )  # fmt: skip
    return Note(TEXT, "a<b>.txt"), result


def note_text(page: str) -> str:
    found = re.search(r'<div class="text" dir="auto">(.*?)</div><aside>', page, re.DOTALL)
    assert found is not None
    return found.group(1)


# -- highlight -------------------------------------------------------------------------------

spans = st.builds(
    Span,
    st.integers(-3, 40),
    st.integers(-3, 40),
    st.sampled_from(["", "m1", "m2"]),
    st.sampled_from(["diagnosis present", "cue", '"><script>']),
    st.sampled_from(["", "no", "<i>"]),
    st.text(max_size=5),
)


@given(st.text(max_size=40), st.lists(spans, max_size=8), st.lists(spans, max_size=4))
def test_a_marked_text_is_the_text(text: str, over: list[Span], under: list[Span]) -> None:
    assert text_of(highlight(text, over, under)) == text


@given(st.text("<>&\"'ab \r\n\0é\U0001f600\u202e", max_size=30), st.lists(spans, max_size=5))
def test_a_marked_text_holds_no_tags_but_ours(text: str, over: list[Span]) -> None:
    assert {tag for tag, _ in Seen(highlight(text, over)).tags} <= {"mark", "span"}


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ([], "abcdef"),
        ([Span(1, 3, "m0", "k")], 'a<mark class="k" data-m="m0">bc</mark>def'),
        ([Span(3, 3, "m0", "k"), Span(5, 2, "m1", "k")], "abcdef"),
        ([Span(-5, 99, "m0", "k")], '<mark class="k" data-m="m0">abcdef</mark>'),
        (
            [Span(0, 4, "m0", "k"), Span(2, 6, "m1", "j")],
            '<mark class="k" data-m="m0">ab</mark><mark class="k" data-m="m0 m1">cd</mark>'
            '<mark class="j" data-m="m1">ef</mark>',
        ),
        (
            [Span(0, 2, "m0", "k", "no", "why")],
            '<mark class="k" data-m="m0" data-tag="no" title="why">ab</mark>cdef',
        ),
    ],
    ids=["none", "inside", "empty or reversed", "clipped", "overlapping", "tag and hint"],
)
def test_spans_become_marks(over: list[Span], expected: str) -> None:
    assert highlight("abcdef", over) == expected


def test_a_backdrop_lends_its_class_but_not_its_look() -> None:
    html = highlight("no gout", [Span(3, 7, "m0", "k")], [Span(0, 5, "c0", "cue")])
    assert html == (
        '<span class="cue" data-m="c0">no </span>'
        '<mark class="k cue" data-m="m0 c0">go</mark><mark class="k" data-m="m0">ut</mark>'
    )


# -- the page --------------------------------------------------------------------------------


def test_the_note_stands_in_the_page_unchanged(pair: tuple[Note, SuggestionSet]) -> None:
    assert text_of(note_text(html_page([pair]))) == TEXT


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</div></article></main><script>alert(1)</script>",
        "<!-- ",
        "&lt;script&gt;",
        "' onclick='alert(1)",
    ],
)
def test_text_of_a_note_is_never_markup(attack: str) -> None:
    found = Mention(
        attack, 0, len(attack), "DIAGNOSIS", Section("x", attack, 0, len(attack)),
        Assertion("negated", (Cue("negated", attack, 0, len(attack)),)),
    )  # fmt: skip
    edit = Edit(attack, "info", attack)
    result = SuggestionSet(
        (Suggestion("ICD-10-CM", "R52", attack, 0.9, (found,), (), (edit,)),),
        (SuppressedMention(found, "negated", "ICD-10-CM", "R52", attack),),
        {"ICD-10-CM": attack}, attack, {}, attack, None, False, (), (attack,),
    )  # fmt: skip
    page = html_page([(Note(attack, attack), result)])
    tags = Seen(page).tags
    assert [tag for tag, _ in tags if tag in ("script", "img", "div")] == ["div", "div", "script"]
    assert not any(name.startswith("on") for _, attributes in tags for name in attributes)
    assert text_of(note_text(page)) == attack


def test_the_page_loads_nothing_and_runs_only_its_script(pair: tuple[Note, SuggestionSet]) -> None:
    page = html_page([pair])
    tags = Seen(page).tags
    assert not any({"src", "href"} & a.keys() and tag != "a" for tag, a in tags)
    assert "url(" not in page
    assert "@import" not in page
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script.group(1).encode()).digest()).decode()
    policy = next(a["content"] for t, a in tags if "http-equiv" in a)
    assert policy == (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )


def test_a_suggestion_finds_its_evidence(pair: tuple[Note, SuggestionSet]) -> None:
    tags = Seen(html_page([pair])).tags
    marked = {key for _, a in tags for key in (a.get("data-m") or "").split()}
    wanted = [(a.get("data-evidence") or "").split() for tag, a in tags if tag == "button"]
    assert len(wanted) == 3
    assert all(keys and marked.issuperset(keys) for keys in wanted)
    # the words that keep a mention from being coded light up with it
    assert len(wanted[-1]) == 2


def test_kind_and_assertion_are_classes(pair: tuple[Note, SuggestionSet]) -> None:
    text = note_text(html_page([pair]))
    assert re.search(r'<mark class="diagnosis present"[^>]*>Gout</mark>', text)
    assert re.search(r'<mark class="diagnosis negated"[^>]* data-tag="no"[^>]*>fever</mark>', text)
    assert re.search(r'<span class="cue"[^>]*>Denies</span>', text)
    assert '<span class="header">PLAN</span>' in text


def test_several_notes_are_listed_with_anchors(pair: tuple[Note, SuggestionSet]) -> None:
    tags = Seen(html_page([pair, pair, pair])).tags
    links = [a["href"] for tag, a in tags if tag == "a"]
    assert links == [f"#{a['id']}" for tag, a in tags if tag == "article"]
    assert len(set(links)) == 3


def test_one_note_has_no_list(pair: tuple[Note, SuggestionSet]) -> None:
    assert "nav" not in {tag for tag, _ in Seen(html_page([pair])).tags}


def test_an_empty_set_is_a_page() -> None:
    assert "No code reaches" in html_page([(Note(""), SuggestionSet())])


def test_the_example_notes_are_marked_exactly(suggester, notes_folder) -> None:  # type: ignore[no-untyped-def]
    for path in sorted(notes_folder.glob("*.txt")):
        text = path.read_bytes().decode("utf-8")
        assert text_of(note_text(html_page([(Note(text), suggester.suggest(text))]))) == text


# -- evidence --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("a \r\n\t b", "a b"),
        ("\x1b[31mred", "\ufffd[31mred"),
        ("a\0b\u202ec", "a\ufffdb\ufffdc"),
        ("é👩\u200d⚕️", "é👩\u200d⚕️"),
    ],
    ids=["white space", "escape", "nul and override", "emoji"],
)
def test_shown_is_one_safe_line(given_text: str, expected: str) -> None:
    assert shown(given_text) == expected


def test_shown_is_cut() -> None:
    assert shown("abcdef ghi", 7) == "abcdef…"


def test_telling_leaves_out_what_lies_inside() -> None:
    whole, part, twice = mention('Gout <b>& "flare"'), mention("Gout"), mention("gout")
    assert telling((part, whole, twice)) == [whole, twice]


def test_outermost_keeps_other_codes() -> None:
    whole, part = mention('Gout <b>& "flare"'), mention("Gout")
    same = [SuppressedMention(m, "negated", "ICD-10-CM", "M10.9") for m in (part, whole)]
    other = SuppressedMention(part, "negated", "ICD-10-CM", "R52")
    assert outermost([*same, other]) == [same[1], other]
