"""Search as coders type: parts of words, codes, body side, trimester, episode of care.

A model's searcher knows all wordings, abbreviations and misspellings. Around it stand here what
the code set itself can say: beginnings of codes and of words, the member of a family that the
query states, and the wordings of a user's own release.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from codesuggest.errors import TerminologyError
from codesuggest.terminology.families import split_title
from codesuggest.terminology.own_release import OwnRelease
from codesuggest.terminology.own_wordings import OwnWordings
from codesuggest.terminology.title_words import TitleWords
from codesuggest.terminology.words import DATA, STOP_WORDS, WordForms, fold, tokenize

if TYPE_CHECKING:
    from codesuggest.terminology.code_system import CodeSystem, Searcher

__all__ = ["CodeSearch", "stated_axes"]

#: Shortest beginning of a word that is completed, and of a code.
_LEAST_WORD = 4
_LEAST_CODE = 3
#: Members of a family stand close together in the searcher's answer; some fall together here.
_SPARE = 10

#: Axis, value and the words of a query that state it; first match of an axis wins.
_STATED: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (axis, value, re.compile(rf"\b(?:{words})\b", re.IGNORECASE))
    for axis, value, words in (
        ("trimester", "first", r"(?:first|1st) trimester"),
        ("trimester", "second", r"(?:second|2nd) trimester"),
        ("trimester", "third", r"(?:third|3rd) trimester"),
        ("fetus", "1", "fetus 1"),
        ("fetus", "2", "fetus 2"),
        ("fetus", "3", "fetus 3"),
        ("stage", "mild", "mild"),
        ("stage", "moderate", "moderate"),
        ("stage", "severe", "severe"),
        ("stage", "indeterminate", "indeterminate"),
        ("displacement", "nondisplaced", "non-?displaced|undisplaced"),
        ("displacement", "displaced", "displaced"),
        ("laterality", "bilateral", "bilateral(?:ly)?|both|b/l"),
        ("laterality", "right", "right|rt"),
        ("laterality", "left", "left|lt"),
        ("episode", "sequela", "sequelae?|late effects?"),
        ("episode", "subsequent", "subsequent|follow-?up|routine healing|aftercare"),
        ("episode", "initial", "initial encounter"),
    )
)
_HEALING = (("nonunion", "non-?union"), ("malunion", "mal-?union"), ("delayed", "delayed"))
#: What of these names no condition, and would only lead the searcher astray.
_NO_CONDITION = re.compile(
    r"\b(?:(?:first|1st|second|2nd|third|3rd) trimester|fetus \d|(?:initial|subsequent) encounter|"
    r"subsequent)\b",
    re.IGNORECASE,
)


def stated_axes(words: str) -> dict[str, str]:
    """Return the axes of families that a query states.

    Examples
    --------
    >>> stated_axes("open fx shaft of left femur, subsequent, nonunion")
    {'laterality': 'left', 'episode': 'subsequent_nonunion_open'}
    """
    axes: dict[str, str] = {}
    for axis, value, pattern in _STATED:
        if axis not in axes and pattern.search(words):
            axes[axis] = value
    healing = next((h for h, w in _HEALING if re.search(rf"\b{w}\b", words, re.IGNORECASE)), "")
    episode = axes.get("episode", "subsequent" if healing else "")
    if episode == "subsequent" and healing:
        episode += f"_{healing}"
    if episode != "sequela" and re.search(r"\bopen\b", words, re.IGNORECASE):
        episode = f"{episode or 'initial'}_open"
    return {**axes, "episode": episode} if episode else axes


class CodeSearch:
    """Find codes of one system by wording.

    Parameters
    ----------
    system : CodeSystem
    searcher : Searcher or None
        Of a loaded model; without one only codes and the wordings of a user's own release are
        found.

    Raises
    ------
    TerminologyError
        There are neither.
    """

    def __init__(self, system: CodeSystem, searcher: Searcher | None) -> None:
        if searcher is None and not isinstance(system, OwnRelease):
            raise TerminologyError("search needs a loaded model: codesuggest.load().terminology")
        self._system = system
        self.searcher = searcher
        self._own = OwnWordings(system) if isinstance(system, OwnRelease) else None

    def __call__(self, words: str, top_k: int) -> list[str]:
        """Return codes, best first, at most `top_k`."""
        found = dict.fromkeys((*self._by_code(words, top_k), *self._titles.exact(words)))
        wanted = {**stated_axes(_spelled_out(words)), **split_title(words)[1]}
        query = self.completed(_NO_CONDITION.sub(" ", words))
        for code in self._by_words(query if query.strip() else words, top_k + _SPARE):
            found[self._member(code, wanted)] = None
        return list(found)[:top_k]

    def completed(self, words: str) -> str:
        """Return `words` with beginnings of words made whole: "nephrop" is "nephropathy"."""
        whole = [self._complete(token) for token in tokenize(words)]
        return (
            words
            if all(word is None for word in whole)
            else " ".join(word or token for word, token in zip(whole, tokenize(words), strict=True))
        )

    def _by_words(self, words: str, top_k: int) -> list[str]:
        hits = []
        if self.searcher is not None:
            found = self.searcher.search(words, self._system.system, top_k)
            hits = [hit[0] for hit in found if hit[0] in self._system]
        return self._own.merged(hits, words, top_k) if self._own is not None else hits

    def _by_code(self, words: str, top_k: int) -> list[str]:
        """Return the code that was typed and those below it, or those that begin so."""
        given = self._system.normalise(words)
        if len(given) < _LEAST_CODE or not any(c.isdigit() for c in given):
            return []
        if given in self._system:
            below = self._system.descendants(given)
            return [self._system.get(given).code, *(c.code for c in below if c.billable)][:top_k]
        codes = self._sorted_codes
        place = bisect_left(codes, given)
        begin: list[str] = []
        while place < len(codes) and codes[place].startswith(given) and len(begin) < top_k:
            begin.append(codes[place])
            place += 1
        return begin

    @cached_property
    def _sorted_codes(self) -> list[str]:
        rows = self._system.row_of
        return sorted(code for code, row in rows.items() if self._system.billable[row])

    def _complete(self, token: str) -> str | None:
        if len(token) < _LEAST_WORD or not token.isalpha() or token in _known_words():
            return None
        return self._titles.complete(token)

    @cached_property
    def _titles(self) -> TitleWords:
        return TitleWords(self._system)

    def _member(self, code: str, wanted: Mapping[str, str]) -> str:
        """Return the member of the code's family that has the axes stated, the code if none has.

        Where no side is stated, that is the member of the unspecified side.
        """
        row = self._system.row_of[code]
        given = self._system.axes(row)
        stated = {axis: value for axis, value in wanted.items() if axis in given}
        choices = _alternatives(stated)
        if "laterality" in given and "laterality" not in stated:
            choices = [{**axes, "laterality": "unspecified"} for axes in choices] + choices
        for axes in choices:
            target = {**given, **axes}
            if target == given:
                return code
            for member in self._system.members.get(int(self._system.families[row]), ()):
                if self._system.axes(member) == target:
                    return self._system.codes[member]
        return code


def _alternatives(axes: dict[str, str]) -> list[dict[str, str]]:
    """Return axes with the episode said ever more broadly: not every code knows open wounds."""
    out = [axes]
    while "_" in out[-1].get("episode", ""):
        out.append({**out[-1], "episode": out[-1]["episode"].rpartition("_")[0]})
    if "episode" in axes:
        out.append({axis: value for axis, value in axes.items() if axis != "episode"})
    return out


def _spelled_out(words: str) -> str:
    """Return `words` and what their short forms stand for: "rle" is a right side."""
    shorthand = _forms().shorthand
    return " ".join((words, *(shorthand[t] for t in tokenize(words) if t in shorthand)))


@lru_cache(maxsize=1)
def _forms() -> WordForms:
    return WordForms.packaged()


@lru_cache(maxsize=1)
def _known_words() -> frozenset[str]:
    """Words that our lexicon knows: they are whole, however short."""
    forms = _forms()
    words = {*forms.shorthand, *forms.families, *STOP_WORDS}
    for path in sorted((DATA / "lexicon").glob("*.csv")):
        with path.open(encoding="utf-8") as handle:
            for line in handle:
                # only short words can be taken for the beginning of a longer one
                words.update(fold(word) for word in re.findall(r"[^\W\d_]{4,9}", line))
    return frozenset(words)
