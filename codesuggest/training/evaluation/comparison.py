"""Two evaluations of the same notes: differences with paired bootstrap intervals."""

from __future__ import annotations

from typing import Any

from codesuggest.errors import InputError
from codesuggest.training.evaluation.outcomes import Evaluation, NoteOutcome
from codesuggest.training.evaluation.sums import NoteSums, interval, resample_weights

__all__ = ["compare"]


def compare(
    first: Evaluation, second: Evaluation, resamples: int = 1000, seed: int = 0
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return what `second` changes against `first`.

    Both models are scored on the same resamples of the notes, so that what a note does to both
    cancels out.

    Returns
    -------
    dict of system to dict of measure to dict
        ``first``, ``second``, ``difference`` (second less first), ``low`` and ``high`` (its
        middle 95 %) and ``differs``: the interval leaves out zero.

    Raises
    ------
    InputError
        They are not of the same notes with the same gold codes.
    """
    before, after = first.notes, _aligned(first, second)
    weights = resample_weights(len(before), resamples, seed)
    systems = tuple(s for s in first.systems if s in second.systems)
    if not systems:
        raise InputError("the evaluations have no code system in common")
    parts = {s: (s,) for s in systems} | ({"all systems": systems} if len(systems) > 1 else {})
    out: dict[str, dict[str, dict[str, Any]]] = {}
    for name, chosen in parts.items():
        one, two = NoteSums.of(before, chosen), NoteSums.of(after, chosen)
        value, other = one.figures(), two.figures()
        drawn, drawn_other = one.figures(weights), two.figures(weights)
        out[name] = {}
        for measure in value:
            difference = float(other[measure][0] - value[measure][0])
            low, high = interval(difference, drawn_other[measure] - drawn[measure])
            out[name][measure] = {
                "first": round(float(value[measure][0]), 4),
                "second": round(float(other[measure][0]), 4),
                "difference": round(difference, 4),
                "low": round(low, 4),
                "high": round(high, 4),
                "differs": low > 0 or high < 0,
            }
    return out


def _aligned(first: Evaluation, second: Evaluation) -> list[NoteOutcome]:
    """Return the notes of `second` in the order of `first`."""
    by_key: dict[tuple[str, str, int], NoteOutcome] = {}
    for key, note in zip(_keys(second), second.notes, strict=True):
        by_key[key] = note
    keys = _keys(first)
    if by_key.keys() != set(keys):
        raise InputError(
            f"the evaluations are not of the same notes: {len(set(keys) - by_key.keys())} only in "
            f"the first, {len(by_key.keys() - set(keys))} only in the second"
        )
    aligned = [by_key[key] for key in keys]
    other = [
        one.note_id
        for one, two in zip(first.notes, aligned, strict=True)
        if _gold(one) != _gold(two)
    ]
    if other:
        raise InputError(
            f"{len(other)} notes have other gold codes in the two evaluations, "
            f"the first is note {other[0]!r}; evaluate both on the same file"
        )
    return aligned


def _keys(evaluation: Evaluation) -> list[tuple[str, str, int]]:
    """Return a key a note; notes that share an id are told apart by their order."""
    count: dict[tuple[str, str], int] = {}
    keys = []
    for note in evaluation.notes:
        name = (note.corpus, note.note_id)
        keys.append((*name, count.setdefault(name, 0)))
        count[name] += 1
    return keys


def _gold(note: NoteOutcome) -> set[tuple[str, str, tuple[str, ...]]]:
    return {(g.system, g.code, g.alternatives) for g in note.gold}
