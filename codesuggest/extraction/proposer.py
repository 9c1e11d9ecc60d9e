"""Words that read like a diagnosis or a procedure though no alias stands there.

A linear model of each token, its neighbours and its section says how likely the token is part of
such a span; runs of likely tokens outside the dictionary's mentions are proposed. What a word
adds at each place around a token is one row of a table, so that a note is scored by look-ups.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from codesuggest.errors import ModelDamagedError
from codesuggest.extraction.tokens import TokenLists, WordClass
from codesuggest.terminology.grouping import group_starts

__all__ = ["OFFSETS", "SpanProposer"]

Array = np.ndarray[Any, Any]

#: Places around a token whose words are looked at.
OFFSETS = (-2, -1, 0, 1, 2)
_REACH = max(OFFSETS)


class SpanProposer:
    """Propose spans of tokens.

    Parameters
    ----------
    labels : sequence of str
    words : sequence of str
        Folded words, and stems as ``"s:stem"`` for words that are not among them.
    added : array of float, shape (n_words, n_offsets, n_labels)
        Log odds that a word adds to the token that it stands `OFFSETS` from.
    edges : array of float, shape (n_offsets, n_labels)
        Log odds that a place outside the sentence adds.
    groups : mapping of section group to array of float, shape (n_labels,)
    bias : array of float, shape (n_labels,)
    least : mapping of label to float
        Log odds from which on a token is part of a span.
    """

    def __init__(
        self,
        labels: Sequence[str],
        words: Sequence[str],
        added: Array,
        edges: Array,
        groups: Mapping[str, Array],
        bias: Array,
        least: Mapping[str, float],
    ) -> None:
        self.labels = tuple(labels)
        self.least = dict(least)
        self._words = list(words)
        # as they are saved, so that a model read again proposes the same
        self._added = np.asarray(added, np.float16)
        self._edges = np.asarray(edges, np.float32)
        self._groups = {name: np.asarray(w, np.float32) for name, w in groups.items()}
        self._group_row = {name: i for i, name in enumerate(self._groups)}
        #: The last row is that of groups which nothing is known of.
        self._of_group = np.array([*self._groups.values(), np.zeros(len(self.labels), np.float32)])
        self._bias = np.asarray(bias, np.float32)
        # a word takes the place of the edge; one that nothing is known of adds nothing
        known = self._added.astype(np.float32).reshape(len(self._words), *self._edges.shape)
        self._change = np.concatenate([known, np.zeros((1, *self._edges.shape), np.float32)])
        around = [i for i, offset in enumerate(OFFSETS) if offset]
        self._change[:, around] -= self._edges[around]
        self._alone = self._bias + self._edges[around].sum(axis=0)
        self._rows: WordClass | None = None

    def bind(self, stems: Callable[[str], tuple[str, ...]]) -> SpanProposer:
        """Return the proposer for texts whose words have these stems."""
        place = {word: i for i, word in enumerate(self._words)}
        nothing = len(self._words)

        def row(word: str) -> int:
            known = place.get(word)
            if known is None:
                own = stems(word)
                known = place.get(f"s:{own[0]}", nothing) if own else nothing
            return known

        bound = copy.copy(self)
        bound._rows = WordClass(row, np.int32)
        return bound

    def scores(self, tokens: TokenLists, groups: Sequence[str], section_of: Array) -> Array:
        """Return log odds of each token and label, shape (n_tokens, n_labels).

        Parameters
        ----------
        tokens : TokenLists
        groups : sequence of str
            The group of each section.
        section_of : array of int, shape (n_tokens,)
        """
        if self._rows is None:
            raise ModelDamagedError("the span proposer is not bound to a word table")
        n = len(tokens)
        change = self._change.take(self._rows.of(tokens), axis=0)
        sentences = tokens.sentence_array
        of_section = self._of_group[[self._group_row.get(group, -1) for group in groups]]
        scores: Array = of_section.take(section_of, axis=0)
        scores += self._alone
        scores += change[:, OFFSETS.index(0)]
        for distance in range(1, min(_REACH, n - 1) + 1):
            # what stands so many tokens on, or before, where that is in the same sentence
            low, high = slice(0, n - distance), slice(distance, n)
            same = (sentences[low] == sentences[high]).astype(np.float32)[:, None]
            scores[low] += change[high, OFFSETS.index(distance)] * same
            scores[high] += change[low, OFFSETS.index(-distance)] * same
        return scores

    def spans(
        self, scores: Array, tokens: TokenLists, label: str, barred: Array, telling: Array
    ) -> list[tuple[int, int]]:
        """Return first and last token of each run of likely tokens inside one sentence.

        Parameters
        ----------
        scores : array
            As `scores` gives them.
        tokens : TokenLists
        label : str
        barred, telling : arrays of bool, shape (n_tokens,)
            A run holds no barred token and at least one telling one.
        """
        likely = (scores[:, self.labels.index(label)] >= self.least[label]).nonzero()[0]
        if not len(likely):
            return []
        # a run ends where a token or a sentence is missing between two likely ones
        sentences = tokens.sentence_array[likely]
        run = likely - np.arange(len(likely)) + sentences * (len(tokens) + 1)
        starts = group_starts(run)
        kept = np.logical_or.reduceat(telling[likely], starts)
        kept &= ~np.logical_or.reduceat(barred[likely], starts)
        ends = np.append(starts[1:], len(likely)) - 1
        return list(zip(likely[starts[kept]].tolist(), likely[ends[kept]].tolist(), strict=True))

    @property
    def fingerprint(self) -> str:
        """A hash of the weights."""
        digest = hashlib.sha256("\n".join(self._words).encode("utf-8", "surrogatepass"))
        arrays: list[Array] = [self._added, self._edges, self._bias, *self._groups.values()]
        for array in arrays:
            digest.update(array.tobytes())
        return digest.hexdigest()[:16]

    def save(self, path: Path) -> None:
        """Write everything to one ``.npz``."""
        np.savez_compressed(
            path,
            labels=np.array(self.labels),
            words=np.frombuffer("\n".join(self._words).encode("utf-8"), np.uint8),
            added=self._added,
            edges=self._edges,
            groups=np.array(list(self._groups)),
            of_group=np.array(list(self._groups.values())),
            bias=self._bias,
            least=np.array([self.least[label] for label in self.labels]),
        )

    @classmethod
    def load(cls, path: Path) -> SpanProposer:
        """Read what `save` wrote.

        Raises
        ------
        ModelDamagedError
            The file is unreadable or lacks an array.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                labels = [str(label) for label in arrays["labels"]]
                groups = [str(group) for group in arrays["groups"]]
                return cls(
                    labels,
                    arrays["words"].tobytes().decode("utf-8").split("\n"),
                    arrays["added"],
                    arrays["edges"],
                    dict(zip(groups, arrays["of_group"], strict=True)),
                    arrays["bias"],
                    dict(zip(labels, arrays["least"].tolist(), strict=True)),
                )
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise ModelDamagedError(
                f"{path.name}: not a readable span proposer ({type(error).__name__})"
            ) from None
