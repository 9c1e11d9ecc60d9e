"""Experiencer: a relative is named because of what he has, or because of what she says.

"Mother has asthma" speaks of the mother; "mother reports asthma", "brought in by his mother"
and "lives with her mother and has asthma" speak of the patient.
"""

from __future__ import annotations

from collections.abc import Sequence

from codesuggest.extraction.assertion_words import AssertionWords

__all__ = ["speaks_of_relative"]

#: Of a child "the child has croup" speaks; a relative is somebody's: "her child has croup".
_PATIENTS = frozenset({"child"})
_OF_SOMEBODY = frozenset({
    "her", "his", "their", "my", "our", "one", "other", "another", "older", "younger", "oldest",
    "youngest", "first", "second", "third", "previous", "prior", "a", "no", "with", "of",
})  # fmt: skip


def speaks_of_relative(
    words: Sequence[str], first: int, last: int, relatives: frozenset[int], lists: AssertionWords
) -> bool:
    """Tell whether the relative named by tokens `first` to `last` bears what follows.

    Parameters
    ----------
    words : sequence of str
    first, last : int
    relatives : frozenset of int
        Positions of all tokens that name relatives ("mother and father deny").
    lists : AssertionWords
    """
    if words[last] in _PATIENTS and (not first or words[first - 1] not in _OF_SOMEBODY):
        return False
    n = len(words)
    following = words[last + 1] if last + 1 < n else ""
    after_next = words[last + 2] if last + 2 < n else ""
    clause = following == "who" or (following == "," and after_next == "who")
    if words[last] in lists["relative_company"] and following not in lists["relative_has"]:
        return False
    if not clause:
        place = first - 1
        while place >= 0 and (words[place] in lists["relative_owner"] or place in relatives):
            place -= 1
        if place >= 0 and words[place] in lists["relative_with"]:
            opening = words[max(0, place - 4) : place + 1]
            if any(word in lists["companion_start"] for word in opening):
                return False
    place = last + 1
    while place < n and (words[place] in lists["relative_auxiliary"] or place in relatives):
        place += 1
    return place >= n or words[place] not in lists["reporting"]
