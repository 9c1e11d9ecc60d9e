"""The clause around a match: how far its neighbours still speak of the same thing."""

from __future__ import annotations

from collections.abc import Container, Sequence

from codesuggest.extraction.tokens import TokenLists

__all__ = ["clause_of"]

#: Signs and words at which another statement begins.
_BARRIERS = frozenset({
    ".", ";", ":", "?", "!", "•", "but", "however", "which", "who", "that", "is", "was", "are",
    "were", "has", "had", "have", "been", "because", "although", "therefore", "while", "when",
    "where", "than", "then", "after", "before", "during", "until", "since", "if", "he", "she",
    "they", "we", "i", "you", "denies", "reports", "presents", "underwent", "shows", "showed",
    "reveals", "revealed", "demonstrates", "noted",
})  # fmt: skip
_JOINTS = frozenset([",", "and", "or", "/", "&", "+"])
#: How far, in meaningful words, the clause is read on either side of a match.
_REACH = 5


def clause_of(
    tokens: TokenLists,
    stems: Sequence[Sequence[str]],
    first: int,
    last: int,
    attribute_words: Container[str],
) -> tuple[int, int]:
    """Return the first and last token of the clause around a match.

    Parameters
    ----------
    tokens : TokenLists
    stems : sequence of sequences of str
        Of each token; words without stems do not count as read.
    first, last : int
        The match.
    attribute_words : container of str
        Words that begin an attribute: a comma before one does not end the clause.
    """
    words, sentences, here = tokens.words, tokens.sentences, tokens.sentences[first]
    left, budget = first, _REACH
    while left > 0 and budget:
        word = words[left - 1]
        if sentences[left - 1] != here or word in _BARRIERS or word in _JOINTS:
            break
        left -= 1
        budget -= bool(stems[left])
    right, budget, n = last, _REACH, len(words)
    while right + 1 < n and budget:
        word = words[right + 1]
        if sentences[right + 1] != here or word in _BARRIERS:
            break
        if word in _JOINTS:
            follows = words[right + 2] if right + 2 < n else ""
            if word != "," or follows not in attribute_words:
                break
        right += 1
        budget -= bool(stems[right])
    return left, right
