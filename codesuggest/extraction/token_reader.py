"""The tokens of spaCy's Docs, read once for all components."""

from __future__ import annotations

import threading
from typing import Any

from spacy.tokens import Doc

from codesuggest.extraction.tokens import TokenCutter, TokenLists

__all__ = ["READER", "TokenReader"]


class TokenReader(threading.local):
    """Read Docs into text and `TokenLists`.

    ``doc.text`` joins the tokens anew at each call, which costs more than everything else that
    the components do; so what was last read is kept for the components that follow. One Doc a
    thread is kept, never more.
    """

    #: Shared by all threads: what is known of words is known once.
    cut = TokenCutter()

    def __init__(self) -> None:
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
        text = self.text(doc)
        if self._tokens is None:
            self._tokens = self.cut(text)
            array = doc.to_array(["IDX", "SENT_START"])
            self._tokens.set_sentences(array[array[:, 1] == 1, 0].tolist())
        return self._tokens

    def forget(self) -> None:
        """Drop what was last read."""
        self._doc, self._text, self._tokens, self._values = None, "", None, {}


#: The reader that all components share.
READER = TokenReader()
