"""The distinct words of a note: what the ranker asks of it as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

__all__ = ["NoteWords"]


@dataclass(eq=False)
class NoteWords:
    """The distinct folded words and stems of a note, worked out when they are first asked for.

    Parameters
    ----------
    tokens : sequence of str
        The note's words.
    of_tokens : sequence of sequences of str
        The stems of each word.
    of_titles : sequence of sequences of str
        Those of the words in sections that name procedures.
    """

    tokens: Sequence[str] = ()
    of_tokens: Sequence[Sequence[str]] = ()
    of_titles: Sequence[Sequence[str]] = ()

    def __eq__(self, other: object) -> bool:
        """Compare what is distinct: a `Doc` keeps no more."""
        if not isinstance(other, NoteWords):
            return NotImplemented
        mine = self.words, self.stems, self.title_stems
        return mine == (other.words, other.stems, other.title_stems)

    @cached_property
    def words(self) -> list[str]:
        """The words, in order of first sight."""
        return list(dict.fromkeys(self.tokens))

    @cached_property
    def stems(self) -> list[str]:
        """The stems, in order of first sight."""
        return list(dict.fromkeys(chain.from_iterable(self.of_tokens)))

    @cached_property
    def title_stems(self) -> list[str]:
        """The stems of the sections that name procedures."""
        return list(dict.fromkeys(chain.from_iterable(self.of_titles)))
