"""Words as the code sets and the notes share them: tokens, stems, shorthand and word families.

`tokenize` cuts text the one way that extraction, search and ranking all use. `WordForms` maps a
token to the stems it stands for: ``"fx"`` to ``fractur``, ``"THA"`` to three stems, ``"renal"``
to the stem of *kidney*. The tables are CSV files in ``data/lexicon``.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from codesuggest.errors import TerminologyError

__all__ = [
    "AXIS_WORDS",
    "DATA",
    "NAMED_SIDES",
    "STOP_WORDS",
    "SUFFIXES",
    "TOKEN",
    "WordForms",
    "name_sides",
    "read_csv",
    "stem",
    "tokenize",
]

DATA = Path(__file__).parent / "data"

# One token: "x-ray" in its spellings; a letter bound to a word ("C-section", "L-spine"); slash
# and ampersand shorthand ("s/p", "w/", "I&D"); a number; a short word with its number ("L4",
# "T2"); letters with dots ("H.T.N."); a word; any other sign. Letters and digits part ("5cm"),
# because sizes and levels need it, but for the letter of a stage ("3a").
TOKEN = re.compile(
    r"[xX][ -]?[rR]ays?\b"
    r"|\b[A-Za-z]-[A-Za-z]{3,}\b"
    r"|\b[A-Za-z]/[A-Za-z]{1,2}\b|\b[wW]/|\b[A-Za-z]&[A-Za-z]\b"
    r"|\d+(?:[.,]\d+)+|\b\d{1,2}[a-cA-C](?![^\W_])"
    r"|[^\W\d_]{1,3}\d{1,2}(?![^\W_])|\d{1,4}(?:st|nd|rd|th)\b|\d+"
    r"|(?:[^\W\d_]\.){2,}"
    r"|[^\W\d_]+(?:['’][^\W\d_]+)*(?:\d(?=[^\W\d_]|\b)[^\W\d_]*)?|[^\w\s]|_+|\S",
    re.UNICODE,
)

#: Words that carry no meaning of their own in a title or a mention.
STOP_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "in",
        "on",
        "at",
        "to",
        "for",
        "and",
        "or",
        "with",
        "by",
        "from",
        "as",
        "into",
        "within",
        "due",
        "is",
        "are",
        "was",
        "be",
        "been",
        "has",
        "have",
        "had",
        "his",
        "her",
        "their",
        "its",
        "this",
        "that",
        "these",
        "those",
        "nos",
        "nec",
        "patient",
        "s",
        "type",
        "elsewhere",
        "classified",
        "specified",
        "other",
        "site",
        "sites",
        "part",
        "parts",
        "region",
        "area",
        "also",
        "known",
        "involving",
        "associated",
        ",",
        ".",
        "(",
        ")",
        "-",
        "/",
        ":",
        ";",
        "[",
        "]",
        "'",
        '"',
        "&",
        "+",
        "#",
        "*",
        "•",
        "_",
        "’",
    ]
)

#: Words that pick a member of a family and never name the family itself.
AXIS_WORDS = frozenset(
    [
        "right",
        "left",
        "bilateral",
        "unilateral",
        "unspecified",
        "side",
        "sided",
        "both",
        "bilaterally",
    ]
)

#: Words before which "left" and "right" name a thing of its own.
NAMED_SIDES = frozenset(
    [
        "heart",
        "ventricle",
        "ventricular",
        "atrium",
        "atrial",
        "bundle",
        "hemicolectomy",
        "hemicolon",
        "colectomy",
        "colon",
        "coronary",
        "shift",
        "hepatectomy",
        "hepatic",
        "main",
    ]
)

#: Endings that a stem loses, and what it gets instead; the first that fits.
SUFFIXES = (
    ("ically", "ic"),
    ("itic", "itis"),
    ("otic", "osis"),
    ("oses", "osis"),
    ("itides", "itis"),
    ("ations", ""),
    ("ation", ""),
    ("ative", ""),
    ("ating", ""),
    ("ated", ""),
    ("ates", ""),
    ("sions", "s"),
    ("tions", "t"),
    ("sion", "s"),
    ("tion", "t"),
    ("sive", "s"),
    ("tive", "t"),
    ("ings", ""),
    ("ing", ""),
    ("ied", "i"),
    ("ies", "i"),
    ("sses", "ss"),
    ("xes", "x"),
    ("ches", "ch"),
    ("ed", ""),
    ("ly", ""),
)
#: The same by their last letter, in the same order: most words end in none of them.
_BY_LAST = {
    last: tuple(pair for pair in SUFFIXES if pair[0][-1] == last)
    for last in {suffix[-1] for suffix, _ in SUFFIXES}
}
_VOWELS = frozenset("aeiouy")


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """Return the stem of one lower-case word.

    A light stemmer for clinical English: it joins *fractured* and *fracture*, *obstructive*,
    *obstruction* and *obstructed*, *stenotic* and *stenosis*, British and American spelling,
    and keeps *sinus* apart from *sinusitis*.
    """
    if len(word) < 4 or not word.isalpha():
        return word
    if ("ae" in word or "oe" in word) and not word.endswith(("oe", "oes", "oed")):
        word = word.replace("ae", "e").replace("oe", "e")
    for suffix, replacement in _BY_LAST.get(word[-1], ()):
        if word.endswith(suffix):
            cut = word[: -len(suffix)]
            if len(cut) + len(replacement) >= 4 and not _VOWELS.isdisjoint(cut):
                word = cut + replacement
                break
    else:
        if word.endswith("s") and not word.endswith(("ss", "us", "is")):
            word = word[:-1]
    if len(word) > 4 and word[-1] == "e":
        word = word[:-1]
    if len(word) > 3 and word[-1] == "y":
        word = word[:-1] + "i"
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "sl":
        word = word[:-1]
    return word


def fold(token: str) -> str:
    """Lower-case a token, without accents, possessive ``'s`` and inner dots (``h.t.n.``)."""
    token = token.lower()
    if not token.isascii():
        token = token.replace("’", "'")
        token = "".join(
            c for c in unicodedata.normalize("NFKD", token) if not unicodedata.combining(c)
        )
    if "'" in token:
        token = token.removesuffix("'s").replace("'", "") or token
    if token.startswith("x") and token.rstrip("s").endswith("ray") and len(token) < 7:
        return "xray"
    if "." in token and len(token) > 2 and not token[0].isdigit():
        token = token.replace(".", "")
    return token


def tokenize(text: str) -> list[str]:
    """Cut `text` into folded tokens."""
    return [fold(t) for t in TOKEN.findall(text)]


def read_csv(path: Path, columns: Iterable[str]) -> list[dict[str, str]]:
    """Read one of our CSV tables.

    Raises
    ------
    TerminologyError
        Columns other than `columns`, or a row with too few or too many fields; the message
        names file and line.
    """
    expected = list(columns)
    with path.open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        if reader.fieldnames != expected:
            raise TerminologyError(f"{path.name}, line 1: expected the columns {expected}")
        rows = []
        for row in reader:
            if None in row or None in row.values():
                raise TerminologyError(
                    f"{path.name}, line {reader.line_num}: expected {len(expected)} fields"
                )
            rows.append(row)
    return rows


def name_sides(tokens: list[str]) -> list[str]:
    """Mark "left" and "right" where they are part of a name ("left heart") and not a side."""
    if "left" in tokens or "right" in tokens:
        return [
            f"{token}~" if token in ("left", "right") and following in NAMED_SIDES else token
            for token, following in zip(tokens, [*tokens[1:], ""], strict=True)
        ]
    return tokens


class WordForms:
    """Token to stems, through shorthand and word families.

    Parameters
    ----------
    shorthand : mapping of str to str
        Token to the words it abbreviates, for example ``{"tha": "total hip arthroplasty"}``.
    families : mapping of str to str
        Word to the head of its family, for example ``{"renal": "kidney"}``.
    """

    def __init__(self, shorthand: Mapping[str, str], families: Mapping[str, str]) -> None:
        self.shorthand = dict(shorthand)
        self.families = dict(families)
        self._cache: dict[str, tuple[str, ...]] = {}

    @classmethod
    def packaged(cls) -> WordForms:
        """Read the tables that ship with the package."""
        shorthand = {
            fold(row["short"]): row["expansion"].lower()
            for row in read_csv(DATA / "lexicon" / "shorthand.csv", ("short", "expansion", "note"))
        }
        families = {
            row["word"]: row["family"]
            for row in read_csv(DATA / "lexicon" / "word_families.csv", ("word", "family", "note"))
        }
        return cls(shorthand, families)

    def stems(self, token: str) -> tuple[str, ...]:
        """Return the stems of one folded token; empty for words without meaning."""
        known = self._cache.get(token)
        if known is None:
            known = self._stems(token)
            if len(self._cache) < 500_000:
                self._cache[token] = known
        return known

    def _stems(self, token: str) -> tuple[str, ...]:
        if token[-1:] == "~":
            return (token[:-1],)
        expansion = self.shorthand.get(token)
        if not expansion:
            return self._stems_of(token)
        return tuple(s for word in expansion.split() for s in self._stems_of(word))

    def _stems_of(self, word: str) -> tuple[str, ...]:
        if not word or word in STOP_WORDS or word in AXIS_WORDS:
            return ()
        own = stem(word)
        family = self.families.get(word) or self.families.get(own)
        if family is None:
            return (own,)
        return tuple(stem(w) for w in family.split() if w not in STOP_WORDS)

    def bag(self, text: str) -> tuple[str, ...]:
        """Return the distinct stems of `text` in order, side and other axis words left out."""
        stems: dict[str, None] = {}
        for token in name_sides(tokenize(text)):
            if token not in AXIS_WORDS:
                stems.update(dict.fromkeys(self.stems(token)))
        return tuple(stems)
