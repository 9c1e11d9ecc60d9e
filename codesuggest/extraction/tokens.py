"""Tokens of a text as plain lists and arrays, for the loops that must be quick.

Every distinct word has a number. What a component wants to know of a word (its stems, whether a
cue may start there) it works out once for each number and then reads for a whole note at once.
The pieces between blanks are numbered too: their cuts into words are looked up, not made anew.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np

from codesuggest.terminology.words import TOKEN, fold

__all__ = [
    "Lexis",
    "MarkedTokens",
    "TokenCutter",
    "TokenLists",
    "WordClass",
    "WordMarks",
]

Array = np.ndarray[Any, Any]

#: Distinct pieces kept; past this many everything starts anew.
_MOST_PIECES = 300_000
#: The one token with a blank inside it.
_SPACED_XRAY = re.compile(r"[xX] [rR]ays?\b")
#: For each byte of ASCII whether it is more than a blank.
_IS_FILLED = bytes(not chr(i).isspace() for i in range(256))
#: No character from here on is white space.
_LAST_BLANK = 0x3001


class Lexis:
    """Numbers of distinct folded words, in order of first sight; words are never dropped."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._number: dict[str, int] = {}
        self._lock = threading.Lock()

    def number(self, word: str) -> int:
        """Return the number of a folded word."""
        known = self._number.get(word)
        if known is None:
            with self._lock:
                known = self._add(word)
        return known

    def _add(self, word: str) -> int:
        """Return the number of a word that was new a moment ago; the caller holds the lock."""
        known = self._number.get(word)
        if known is None:
            known = len(self.words)
            # last of all: who finds the number finds the word
            self.words.append(word)
            self._number[word] = known
        return known

    def numbers(self, words: Sequence[str]) -> list[int]:
        """Return the numbers of several folded words."""
        known: list[Any] = list(map(self._number.get, words))
        if None in known:
            with self._lock:
                for place, number in enumerate(known):
                    if number is None:
                        known[place] = self._add(words[place])
        return known


class WordClass:
    """A value of every distinct word, worked out when the word is first met.

    Parameters
    ----------
    value : function of a folded word
    dtype : NumPy dtype of the values
    width : int, optional
        The value is a list; it is cut or filled with -1 to this length.
    many : function of several folded words, optional
        Instead of `value`: returns an array with one row a word.
    """

    def __init__(
        self,
        value: Callable[[str], Any] | None = None,
        dtype: Any = np.bool_,
        width: int | None = None,
        many: Callable[[Sequence[str]], Array] | None = None,
    ) -> None:
        self._value: Callable[[str], Any] = value or (lambda word: None)
        self._many = many
        self._dtype = dtype
        self._width = width
        self._known: tuple[Lexis | None, Array, int] = (None, self._values([]), 0)
        self._lock = threading.Lock()

    def _values(self, words: Sequence[str]) -> Array:
        if self._many is not None and len(words):
            return self._many(words)
        if self._width is None:
            return np.fromiter(map(self._value, words), self._dtype, len(words))
        width, filling = self._width, [-1] * self._width
        rows = [(list(self._value(word)) + filling)[:width] for word in words]
        return np.array(rows, self._dtype).reshape(len(rows), width)

    def of(self, tokens: TokenLists) -> Array:
        """Return the value of each token, shape (n_tokens,) or (n_tokens, width)."""
        lexis, values, size = self._known
        if lexis is not tokens.lexis or size < len(tokens.lexis.words):
            values = self._grown(tokens.lexis)
        return values.take(tokens.ids, axis=0)

    def _grown(self, lexis: Lexis) -> Array:
        with self._lock:
            known, values, size = self._known
            if known is not lexis:
                values, size = self._values([]), 0
            fresh = self._values(lexis.words[size:])
            total = size + len(fresh)
            if total > len(values):
                # room to grow, so that a note with a few new words does not copy everything
                roomy = np.zeros((2 * total, *values.shape[1:]), self._dtype)
                roomy[:size] = values[:size]
                values = roomy
            values[size:total] = fresh
            self._known = (lexis, values, total)
            return values


class WordMarks:
    """Questions about words that are answered with yes or no, many of them in one number.

    Parameters
    ----------
    questions : mapping of name to the words with a yes, or to a function of a folded word
        At most 31.
    """

    def __init__(self, questions: Mapping[str, Collection[str] | Callable[[str], bool]]) -> None:
        self._bit = {name: 1 << i for i, name in enumerate(questions)}
        self._asked: list[tuple[int, Callable[[str], bool]]] = []
        #: One look-up answers all questions about membership.
        self._listed: dict[str, int] = {}
        for bit, question in zip(self._bit.values(), questions.values(), strict=True):
            if callable(question):
                self._asked.append((bit, question))
                continue
            for word in question:
                self._listed[word] = self._listed.get(word, 0) | bit
        self._marks = WordClass(self._mark, np.int32)

    def _mark(self, word: str) -> int:
        mark = self._listed.get(word, 0)
        for bit, ask in self._asked:
            if ask(word):
                mark |= bit
        return mark

    def of(self, tokens: TokenLists) -> MarkedTokens:
        """Return the answers for all tokens of a text."""
        return MarkedTokens(self._marks.of(tokens), self._bit)


class MarkedTokens:
    """The answers to the questions of `WordMarks` for each token of a text."""

    __slots__ = ("_bit", "_marks")

    def __init__(self, marks: Array, bit: Mapping[str, int]) -> None:
        self._marks, self._bit = marks, bit

    def has(self, *names: str) -> Array:
        """Return for each token whether one of the answers is yes, shape (n_tokens,)."""
        bits = 0
        for name in names:
            bits |= self._bit[name]
        answers: Array = (self._marks & bits) != 0
        return answers

    def opens(self, single: str, first: str, second: str) -> list[int]:
        """Return the tokens that can open a phrase: alone, or with the next as its second word."""
        opens = self._marks & self._bit[second]
        opens[:-1] = opens[1:]
        opens[-1:] = 0
        opens *= (self._marks & self._bit[first]) != 0
        opens |= self._marks & self._bit[single]
        places: list[int] = opens.nonzero()[0].tolist()
        return places

    def places(self, name: str) -> list[int]:
        """Return the positions of the tokens with a yes."""
        places: list[int] = (self._marks & self._bit[name]).nonzero()[0].tolist()
        return places


@dataclass(slots=True)
class TokenLists:
    """Tokens without blanks: folded words and their numbers, character offsets, sentences.

    `offsets` are `starts` as an array, `sentence_array` is `sentences` as one.
    """

    lexis: Lexis
    ids: Array
    offsets: Array
    words: list[str]
    starts: list[int]
    ends: list[int]
    sentences: list[int]
    sentence_array: Array

    def __len__(self) -> int:
        return len(self.words)

    def rename(self, changed: dict[int, str]) -> None:
        """Give the tokens at some positions other words."""
        for place, word in changed.items():
            self.words[place] = word
            self.ids[place] = self.lexis.number(word)

    def set_sentences(self, starts: Sequence[int]) -> None:
        """Number the sentences, given the sorted offsets at which they start."""
        bounds = np.array(starts, dtype=np.int64)
        self.sentence_array = bounds.searchsorted(self.offsets, side="right")
        self.sentences = self.sentence_array.tolist()


class _Pieces:
    """The pieces met so far, cut: arrays that grow by doubling, so that readers need no lock."""

    def __init__(self) -> None:
        self.lexis = Lexis()
        self.number: dict[str, int] = {}
        self.count: Array = np.zeros(1024, np.int32)
        self.first: Array = np.zeros(1024, np.int32)
        # as wide as an index: an array of other numbers is converted each time it is one
        self.word: Array = np.zeros(4096, np.intp)
        self.start: Array = np.zeros(4096, np.int32)
        self.end: Array = np.zeros(4096, np.int32)
        self.text: Array = np.zeros(4096, np.object_)
        self._used = 0

    def add(self, pieces: Iterable[str]) -> None:
        """Cut and number those of some distinct pieces that are new; the caller holds the lock."""
        new = [piece for piece in pieces if piece not in self.number]
        words: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        sizes: list[int] = []
        for piece in new:
            if piece.isascii():
                # most pieces are a word, or a word and a sign: what `TOKEN` makes of these is
                # plain, and only "xray" and its like are more than lower-cased
                size = len(piece)
                if piece.isalpha():
                    word = piece.lower()
                    words.append(fold(word) if word[0] == "x" else word)
                    starts.append(0)
                    ends.append(size)
                    sizes.append(1)
                    continue
                if size > 2 and piece[-1] in ",.;:" and piece[:-1].isalpha():
                    words += fold(piece[:-1]), piece[-1]
                    starts += 0, size - 1
                    ends += size - 1, size
                    sizes.append(2)
                    continue
            cuts = _cuts(piece)
            words += [word for word, _, _ in cuts]
            starts += [start for _, start, _ in cuts]
            ends += [end for _, _, end in cuts]
            sizes.append(len(cuts))
        number, used = len(self.number), self._used
        total, stop = number + len(new), used + len(words)
        while total > len(self.count):
            self.count, self.first = _doubled(self.count), _doubled(self.first)
        while stop > len(self.word):
            self.word, self.start = _doubled(self.word), _doubled(self.start)
            self.end, self.text = _doubled(self.end), _doubled(self.text)
        self.word[used:stop] = self.lexis.numbers(words)
        self.text[used:stop] = words
        self.start[used:stop] = starts
        self.end[used:stop] = ends
        self.count[number:total] = count = np.array(sizes, np.int32)
        self.first[number:total] = used + count.cumsum() - count
        self._used = stop
        # last of all: a reader that finds a number finds its cuts
        self.number.update(zip(new, range(number, total), strict=True))


def _cuts(piece: str) -> list[tuple[str, int, int]]:
    """Return the folded words of a piece and where they stand."""
    return [
        (word, match.start(), match.end())
        for match in TOKEN.finditer(piece)
        if (word := fold(match.group()))
    ]


def _doubled(array: Array) -> Array:
    return np.concatenate([array, np.zeros_like(array)])


class TokenCutter:
    """Cut texts into `TokenLists`, the same tokens as `codesuggest.terminology.words.tokenize`."""

    def __init__(self) -> None:
        self._pieces = _Pieces()
        self._lock = threading.Lock()

    @cached_property
    def _filled(self) -> Array:
        return np.array([not chr(i).isspace() for i in range(_LAST_BLANK + 1)])

    def __call__(self, text: str) -> TokenLists:
        """Return the tokens of a text, all in one sentence."""
        if (" ray" in text or " Ray" in text) and _SPACED_XRAY.search(text):
            return self._whole(text)
        pieces = self._pieces
        if len(pieces.number) > _MOST_PIECES:
            pieces = self._pieces = _Pieces()
        numbers = self._numbers(pieces, text.split())
        at = self._starts(text)
        count = pieces.count.take(numbers)
        ends = count.cumsum()
        total = int(ends[-1]) if len(ends) else 0
        flat: Array = (pieces.first.take(numbers) - (ends - count)).repeat(count)
        flat += np.arange(total)
        offset = at.repeat(count)
        ids = pieces.word.take(flat)
        starts = pieces.start.take(flat) + offset
        return TokenLists(
            pieces.lexis,
            ids,
            starts,
            pieces.text.take(flat).tolist(),
            starts.tolist(),
            (pieces.end.take(flat) + offset).tolist(),
            [1] * total,
            np.ones(total, np.int64),
        )

    def _numbers(self, pieces: _Pieces, parts: list[str]) -> Array:
        known = pieces.number
        numbers = np.fromiter(map(known.get, parts, repeat(-1)), np.intp, len(parts))
        new = (numbers < 0).nonzero()[0]
        if len(new):
            unknown = [parts[place] for place in new.tolist()]
            with self._lock:
                pieces.add(dict.fromkeys(unknown))
            numbers[new] = [known[piece] for piece in unknown]
        return numbers

    def _starts(self, text: str) -> Array:
        """Return the offsets at which the pieces between blanks start."""
        if text.isascii():
            filled = np.frombuffer(text.encode().translate(_IS_FILLED), dtype=np.bool_)
        else:
            signs = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
            filled = self._filled[np.minimum(signs, _LAST_BLANK)]
        before = np.empty_like(filled)
        before[:1] = False
        before[1:] = filled[:-1]
        starts: Array = (filled > before).nonzero()[0]
        return starts

    def _whole(self, text: str) -> TokenLists:
        """Cut a text in which a token holds a blank."""
        lexis = self._pieces.lexis
        cuts = _cuts(text)
        ids = np.array([lexis.number(word) for word, _, _ in cuts], dtype=np.intp)
        return TokenLists(
            lexis,
            ids,
            np.array([start for _, start, _ in cuts], dtype=np.int64),
            [word for word, _, _ in cuts],
            [start for _, start, _ in cuts],
            [end for _, _, end in cuts],
            [1] * len(cuts),
            np.ones(len(cuts), np.int64),
        )
