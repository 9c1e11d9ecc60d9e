"""The headers of sections as data, and the key under which spellings of a header meet.

``POST-OPERATIVE DIAGNOSES``, ``Postop Dx`` and ``Post Op Diagnosis(es)`` share one key: words are
folded, put into the singular and read through ``data/header_words.csv``. Headers that join two
sections ("HPI/ROS", "Labs & Imaging") are read part by part.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from codesuggest.terminology.words import read_csv

__all__ = ["Header", "HeaderWords", "SectionTable"]

DATA = Path(__file__).parent / "data"

_TOKEN = re.compile(
    r"[a-z]/[a-z](?![a-z0-9])|[a-z]&[a-z](?![a-z0-9])|[a-z0-9]+(?:['’][a-z]+)?|[&+/,]"
)
_PLURAL = re.compile(r"\((?:s|es)\)")
_BRACKETED = re.compile(r"\([^)]*\)|\[[^\]]*\]|\(.*$")
_DATED = re.compile(r"[\s,(]*(?:#?\d[\d/.:-]*|#\d+)\s*(?:[ap]m)?[)\s]*$", re.IGNORECASE)
_SIGNS = frozenset("&+/,")
_DROPPED = frozenset({"the", "an"})
#: Bound to the word behind them, however they are spelled ("pre-op", "pre op", "preop").
_PREFIXES = frozenset({"pre", "post", "intra", "peri", "co", "re"})
#: A longer run of words is no header.
_MAX_WORDS = 9
#: What two groups make together; otherwise the first part names the section.
_JOINED = (
    ({"assessment", "plan"}, "assessment_plan"),
    ({"family", "social"}, "family_social_history"),
    ({"results"}, "results"),
)


@dataclass(frozen=True, slots=True)
class Header:
    """What the words of a header open.

    `weak` words need a clear form to be a header; `shorthand` needs none; a `general` one is
    known by its last word only ("orthopedic history").
    """

    kind: str
    weak: bool = False
    shorthand: bool = False
    general: bool = False


@dataclass(frozen=True, slots=True)
class HeaderWords:
    """Word forms, and the words that may stand before or behind a header."""

    forms: dict[str, str]
    pairs: frozenset[str]
    leads: frozenset[str]
    tails: frozenset[str]

    @classmethod
    def packaged(cls) -> HeaderWords:
        """Read ``data/header_words.csv``."""
        rows = read_csv(DATA / "header_words.csv", ("use", "form", "word"))
        forms = {r["form"].replace("/", ""): r["word"] for r in rows if r["use"] == "form"}
        return cls(
            forms,
            frozenset(f for f in forms if " " in f),
            frozenset(r["form"] for r in rows if r["use"] == "lead"),
            frozenset(r["form"] for r in rows if r["use"] == "tail"),
        )

    def word(self, token: str) -> str:
        """Return the word that a token stands for, in the singular."""
        known = self.forms.get(token)
        if known is not None:
            return known
        token = token.removesuffix("'s").removesuffix("’s")
        if len(token) < 4 or token[-1] != "s" or token[-2] in "sui":
            return token
        return f"{token[:-3]}y" if token.endswith("ies") else token[:-1]

    def key(self, title: str) -> str:
        """Return the words of a title as all its spellings share them."""
        out: list[str] = []
        tokens = _TOKEN.findall(_PLURAL.sub("", title.lower().replace("_", " ")))
        place, n = 0, len(tokens)
        while place < n:
            token = tokens[place]
            following = tokens[place + 1] if place + 1 < n else ""
            place += 1
            if token in _DROPPED:
                continue
            if token in _SIGNS:
                token = "and"
            elif f"{token} {following}" in self.pairs:
                token, place = self.forms[f"{token} {following}"], place + 1
            elif token in _PREFIXES and following.isalpha() and following != "and":
                token, place = self.word(token + self.forms.get(following, following)), place + 1
            else:
                token = self.word(token.replace("/", ""))
            if token != "and" or (out and out[-1] != "and"):
                out.append(token)
        while out and out[-1] == "and":
            out.pop()
        return " ".join(out)


@dataclass(frozen=True)
class SectionTable:
    """Kinds of sections, their groups and the headers that open them.

    Attributes
    ----------
    kinds : dict
        Header to kind; a header is the key of its words.
    groups : dict
        Kind to group.
    weak : frozenset of str
        Keys of headers that need a clear form.
    shorthand : frozenset of str
        Abbreviations, in lower case, that need no form at all.
    labels : dict
        Words before a colon that belong to the section they stand in ("Lungs:", "BP:"), and the
        kind they open outside of one, or ``""``.
    """

    kinds: dict[str, str]
    groups: dict[str, str]
    weak: frozenset[str] = frozenset()
    shorthand: frozenset[str] = frozenset()
    labels: dict[str, str] = field(default_factory=dict)
    general: tuple[tuple[str, str], ...] = ()
    words: HeaderWords = field(default_factory=HeaderWords.packaged)

    @classmethod
    def packaged(cls) -> SectionTable:
        """Read ``data/sections.csv``, ``section_labels.csv`` and ``header_words.csv``."""
        words = HeaderWords.packaged()
        kinds: dict[str, str] = {}
        groups: dict[str, str] = {}
        general: list[tuple[str, str]] = []
        special: dict[str, set[str]] = {"headers": set(), "weak": set(), "shorthand": set()}
        columns = ("kind", "group", "headers", "weak", "shorthand")
        for row in read_csv(DATA / "sections.csv", columns):
            groups[row["kind"]] = row["group"]
            for column, keys in special.items():
                for header in filter(None, row[column].split("|")):
                    if header.startswith("* ") or header.endswith(" *"):
                        general.append((_general(words, header), row["kind"]))
                        continue
                    key = words.key(header)
                    kinds.setdefault(key, row["kind"])
                    keys.add(header if column == "shorthand" else key)
        labels = {
            words.key(label): row["opens"]
            for row in read_csv(DATA / "section_labels.csv", ("opens", "labels"))
            for label in row["labels"].split("|")
        }
        return cls(
            kinds,
            groups,
            frozenset(special["weak"]),
            frozenset(special["shorthand"]),
            labels,
            tuple(general),
            words,
        )

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Words of headers and of the labels inside of sections."""
        return frozenset(word for key in (*self.kinds, *self.labels) for word in key.split(" "))

    @cached_property
    def first_words(self) -> frozenset[str]:
        """Words that a header may begin with."""
        return frozenset(k.split(" ", 1)[0] for k in (*self.kinds, *self.words.leads))

    @cached_property
    def last_words(self) -> frozenset[str]:
        """Words that a header may end with."""
        ends = {k.rsplit(" ", 1)[-1] for k in (*self.kinds, *self.labels, *self.words.tails)}
        pairs = {p.rsplit(" ", 1)[-1] for p in self.words.pairs}
        return frozenset(ends | pairs | {p.rsplit(" ", 1)[-1] for p, _ in self.general})

    def find(self, title: str) -> Header | None:
        """Return what a title opens, or None."""
        key = self.words.key(title)
        found = self._known(key)
        if found is not None and title.lower() in self.shorthand:
            return Header(found.kind, shorthand=True)
        if found is None and ("(" in title or "[" in title):
            key = self.words.key(_BRACKETED.sub(" ", title))
            found = self._known(key)
        if found is None and title[-1:] in "0123456789)mM":
            key = self.words.key(_DATED.sub("", title))
            found = self._known(key) if key != "problem" else None
        if found is not None or not key or key in self.labels:
            return found
        if key.count(" ") >= _MAX_WORDS or ". " in title:
            return None
        return self._joined(key) or self._qualified(key) or self._general(key)

    def _known(self, key: str) -> Header | None:
        kind = self.kinds.get(key)
        if kind is None:
            return None
        return Header(kind, key in self.weak)

    def _qualified(self, key: str) -> Header | None:
        """Look again without the words that may stand before or behind any header."""
        words = key.split(" ")
        for cut in (1, 2, 3):
            if len(words) <= cut:
                break
            for rest, left_off, allowed in (
                (words[:-cut], words[-cut:], self.words.tails),
                (words[cut:], words[:cut], self.words.leads),
            ):
                if " ".join(left_off) in allowed:
                    bare = " ".join(rest)
                    found = self._known(bare) or self._qualified(bare)
                    if found is not None:
                        return found
        return None

    def _joined(self, key: str) -> Header | None:
        parts = key.split(" and ")
        if len(parts) < 2:
            return None
        noun = parts[-1].rsplit(" ", 1)[-1]
        found = []
        for part in parts:
            known = self._known(part)
            if known is None or (known.weak and len(part) > 1):
                # "past medical and surgical history": the noun is shared
                known = self._known(f"{part} {noun}") or known
            known = known or self._qualified(part)
            if known is None:
                return None
            found.append(known)
        groups = {self.groups[f.kind] for f in found}
        weak = all(f.weak for f in found)
        for wanted, kind in _JOINED:
            if wanted <= groups and (len(wanted) > 1 or groups == wanted):
                return Header(kind, weak)
        return Header(found[0].kind, weak)

    def _general(self, key: str) -> Header | None:
        if key.count(" ") < 6:
            for words, kind in self.general:
                if key.endswith(words) if words[0] == " " else key.startswith(words):
                    return Header(kind, weak=True, general=True)
        return None

    def longest(self, words: Sequence[str], shortest: int = 1) -> tuple[int, Header] | None:
        """Return how many of the first words make a header, the most that do, and which."""
        for count in range(min(len(words), _MAX_WORDS), shortest - 1, -1):
            found = self._known(self.words.key(" ".join(words[:count])))
            if found is not None:
                return count, found
        return None


def _general(words: HeaderWords, header: str) -> str:
    if header.startswith("* "):
        return f" {words.key(header[2:])}"
    return f"{words.key(header[:-2])} "
