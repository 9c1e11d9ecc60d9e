"""Phrases of a table found in tokens: the one matcher behind cues and attributes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Generic, TypeVar

from codesuggest.terminology.words import tokenize

__all__ = ["PhraseTable"]

P = TypeVar("P")


class PhraseTable(Generic[P]):
    """Phrases, each with one or more payloads, kept as a tree of tokens.

    Parameters
    ----------
    rows : iterable of (phrase, payload)
        A phrase may come several times with other payloads.
    """

    def __init__(self, rows: Iterable[tuple[str, P]]) -> None:
        self._root: dict[str, Any] = {}
        for phrase, payload in rows:
            node = self._root
            for token in tokenize(phrase):
                node = node.setdefault(token, {})
            if node is not self._root:
                # no token is empty, so the empty key is free for what ends here
                node[""] = (*node.get("", ()), payload)

    @property
    def single_words(self) -> Collection[str]:
        """Words that are a phrase."""
        return [word for word, node in self._root.items() if "" in node]

    @property
    def first_words(self) -> Collection[str]:
        """Words with which phrases begin."""
        return self._root.keys()

    @property
    def second_words(self) -> Collection[str]:
        """Words that stand second in a phrase."""
        return {word for node in self._root.values() for word in node if word}

    def find(
        self, tokens: Sequence[str], places: Iterable[int] | None = None
    ) -> list[tuple[int, int, tuple[P, ...]]]:
        """Return ``(start, end, payloads)`` of the longest phrase at each token, in order.

        `places` are the tokens with which a phrase can begin, where they are known.

        Phrases may overlap: a shorter one inside a longer one is left out, one that starts
        inside another and ends behind it is kept.
        """
        found: list[tuple[int, int, tuple[P, ...]]] = []
        reach = 0
        root = self._root
        n = len(tokens)
        for start in range(n) if places is None else places:
            node = root.get(tokens[start])
            if node is None:
                continue
            payloads: tuple[P, ...] = ()
            end, place = 0, start + 1
            while node is not None:
                if "" in node:
                    end, payloads = place, node[""]
                node = node.get(tokens[place]) if place < n else None
                place += 1
            if end > reach:
                found.append((start, end, payloads))
                reach = end
        return found
