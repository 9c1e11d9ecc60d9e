"""Which suggested codes satisfy which gold codes of a note.

A gold code is satisfied by itself or by one of its alternatives, and a suggested code satisfies
at most one gold code. As many gold codes are satisfied as can be.
"""

from __future__ import annotations

from collections.abc import Iterable

from codesuggest.training.corpora import CodedNote

__all__ = ["free_codes", "gold_codes", "satisfied"]


def gold_codes(note: CodedNote, system: str) -> dict[str, tuple[str, ...]]:
    """Return the codes of one system that must be reported, each with what may stand for it."""
    gold: dict[str, tuple[str, ...]] = {}
    for g in note.must:
        if g.system == system:
            gold[g.code] = tuple(dict.fromkeys((*gold.get(g.code, (g.code,)), *g.alternatives)))
    return gold


def free_codes(note: CodedNote, system: str) -> set[str]:
    """Return the codes of one system that are no mistake where they satisfy no gold code."""
    alternatives = (c for codes in gold_codes(note, system).values() for c in codes)
    return note.accepted(system).union(alternatives)


def satisfied(note: CodedNote, system: str, suggested: Iterable[str]) -> dict[str, str]:
    """Return suggested code -> gold code, for those that satisfy one.

    A largest matching, built in the order of `suggested`: a code that satisfies one more gold
    code than those before it always belongs to it.
    """
    gold = gold_codes(note, system)
    wanting: dict[str, list[str]] = {}
    for code, ways in gold.items():
        for way in ways:
            wanting.setdefault(way, []).append(code)
    for way, codes in wanting.items():
        codes.sort(key=lambda code: code != way)
    taken: dict[str, str] = {}

    def place(code: str, tried: set[str]) -> bool:
        for target in wanting.get(code, ()):
            if target not in tried:
                tried.add(target)
                if target not in taken or place(taken[target], tried):
                    taken[target] = code
                    return True
        return False

    for code in dict.fromkeys(suggested):
        place(code, set())
    return {code: target for target, code in taken.items()}
