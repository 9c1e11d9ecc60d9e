"""A Doc's tokens as plain lists, for the loops that must be quick."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from spacy.tokens import Doc

from codesuggest.terminology.words import fold

__all__ = ["READER", "TokenLists", "TokenReader"]


@dataclass(slots=True)
class TokenLists:
    """Tokens without blanks: folded words, character offsets, sentence numbers."""

    words: list[str]
    starts: list[int]
    ends: list[int]
    sentences: list[int]


class TokenReader(threading.local):
    """Read Docs into text and `TokenLists`.

    ``doc.text`` joins the tokens anew at each call, which costs more than everything else that
    the components do; so what was last read is kept for the components that follow. One Doc a
    thread is kept, never more.
    """

    def __init__(self) -> None:
        self._folded: dict[int, str] = {}
        self._doc: Doc | None = None
        self._text = ""
        self._tokens: TokenLists | None = None
        self._values: dict[str, Any] = {}

    def remember(self, doc: Doc, text: str) -> None:
        """Keep the text that `doc` was made of."""
        self._doc, self._text, self._tokens, self._values = doc, text, None, {}

    def keep(self, doc: Doc, name: str, value: Any) -> None:
        """Keep a value beside the Doc, so that it need not be read back from plain data."""
        if doc is self._doc:
            self._values[name] = value

    def kept(self, doc: Doc, name: str) -> Any:
        """Return what was kept of this very Doc, or None."""
        return self._values.get(name) if doc is self._doc else None

    def text(self, doc: Doc) -> str:
        """Return the text of a Doc."""
        if doc is not self._doc:
            self.remember(doc, doc.text)
        return self._text

    def tokens(self, doc: Doc) -> TokenLists:
        """Return the tokens of a Doc whose sentences are set."""
        if doc is not self._doc:
            self.remember(doc, doc.text)
        if self._tokens is None:
            self._tokens = self._read(doc)
        return self._tokens

    def forget(self) -> None:
        """Drop what was last read."""
        self._doc, self._text, self._tokens, self._values = None, "", None, {}

    def _read(self, doc: Doc) -> TokenLists:
        array = doc.to_array(["ORTH", "IDX", "LENGTH", "SENT_START"])
        orths = array[:, 0].tolist()
        folded = self._folded
        if len(folded) > 200_000:
            folded.clear()
        strings = doc.vocab.strings
        words = []
        for orth in orths:
            word = folded.get(orth)
            if word is None:
                text = strings[orth]
                word = folded[orth] = "" if text.isspace() else fold(text)
            words.append(word)
        starts = array[:, 1].tolist()
        lengths = array[:, 2].tolist()
        sentences = list(accumulate(1 if s == 1 else 0 for s in array[:, 3].tolist()))
        keep = [i for i, word in enumerate(words) if word]
        return TokenLists(
            [words[i] for i in keep],
            [starts[i] for i in keep],
            [starts[i] + lengths[i] for i in keep],
            [sentences[i] for i in keep],
        )


#: The reader that all components share.
READER = TokenReader()
