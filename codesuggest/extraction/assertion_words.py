"""Word lists behind the assertion rules, read from ``data/assertion_words.csv``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from codesuggest.terminology.words import read_csv

__all__ = ["AssertionWords"]

DATA = Path(__file__).parent / "data"

_MOST_WORDS = 50_000


class AssertionWords:
    """Sets of words by kind, and the question whether words name a test or procedure."""

    def __init__(self) -> None:
        self._sets: dict[str, frozenset[str]] = {}
        self._known: dict[str, bool] = {}
        for row in read_csv(DATA / "assertion_words.csv", ("kind", "words")):
            self._sets[row["kind"]] = frozenset(w.strip() for w in row["words"].split("|"))
        self._suffixes = tuple(self._sets["procedure_suffix"])
        self.options = {
            word: kind.removeprefix("option_")
            for kind, words in self._sets.items()
            if kind.startswith("option_")
            for word in words
        }

    def __getitem__(self, kind: str) -> frozenset[str]:
        """Return the words of one kind."""
        return self._sets[kind]

    def names_procedure(self, words: Sequence[str]) -> bool:
        """Tell whether any of `words` names a test, procedure or service."""
        known = self._known
        for word in words:
            is_known = known.get(word)
            if is_known is None:
                is_known = word in self._sets["procedure_word"] or word.endswith(self._suffixes)
                if len(known) > _MOST_WORDS:
                    known.clear()
                known[word] = is_known
            if is_known:
                return True
        return False
