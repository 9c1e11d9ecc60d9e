"""Figures as ratios of sums over notes.

Every figure is computed from the column totals of one matrix with a row a note. Weights on the
rows then give the figure on any resample of the notes, which makes bootstrap intervals, paired
ones too, a matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from codesuggest.training.evaluation.outcomes import (
    GoldOutcome,
    NoteOutcome,
    SuggestionOutcome,
)

__all__ = ["CUTS", "MEASURES", "N_BINS", "NoteSums", "interval", "resample_weights"]

Array = np.ndarray[Any, Any]

#: Where `recall_at_k` is read off.
CUTS = (1, 5, 10, 20)
#: Where recall of candidates before ranking is read off.
CANDIDATE_CUTS = (20, 50)
#: Equal-width bins of confidence.
N_BINS = 10

_COLUMNS = (
    "right", "wrong", "free", "gold", "satisfied",
    *(f"at_{k}" for k in CUTS), *(f"candidate_at_{k}" for k in CANDIDATE_CUTS), "candidate",
    "precision_sum", "lists", "quoted", "found", "traps", "sprung", "square", "scored",
    *(f"bin_{part}_{b}" for part in ("n", "confidence", "right") for b in range(N_BINS)),
)  # fmt: skip
_AT = {name: i for i, name in enumerate(_COLUMNS)}
_BINS = {
    part: [_AT[f"bin_{part}_{b}"] for b in range(N_BINS)] for part in ("n", "confidence", "right")
}

#: What is reported, in this order, and what it says.
MEASURES: dict[str, str] = {
    "precision": "share of recommended codes that are right; acceptable ones do not count",
    "recall": "share of the codes to report that are recommended",
    "f1": "harmonic mean of both",
    "lenient_precision": "share of recommended codes that are right or acceptable",
    "macro_precision": "precision averaged over codes, those reported or recommended",
    "macro_recall": "recall averaged over the same codes",
    "macro_f1": "F1 averaged over the same codes",
    "recall_at_1": "share of the codes to report that are the first suggestion of their system",
    "recall_at_5": "... among the first 5",
    "recall_at_10": "... among the first 10",
    "recall_at_20": "... among the first 20",
    "map": "mean average precision of the suggestions, acceptable ones left out",
    "candidate_recall_at_20": "share of the codes to report among 20 candidates before ranking",
    "candidate_recall_at_50": "... among 50",
    "candidate_recall": "... among all",
    "evidence_recall": "share of quoted codes with a mention in the quote that may be coded",
    "trap_rate": "share of the quotes not to be coded that hold a recommended code's evidence",
    "ece": "expected calibration error over ten bins",
    "brier": "mean squared error of the confidence",
}


@dataclass(frozen=True, slots=True)
class NoteSums:
    """Counts of every note.

    Attributes
    ----------
    counts : array, shape (n_notes, n_columns)
    right, wrong, missed : sparse arrays, shape (n_notes, n_codes)
        For macro averages.
    """

    counts: Array
    right: Any
    wrong: Any
    missed: Any

    @classmethod
    def of(
        cls,
        notes: Sequence[NoteOutcome],
        systems: Collection[str],
        keep: Callable[[NoteOutcome, GoldOutcome | SuggestionOutcome], bool] | None = None,
    ) -> NoteSums:
        """Count the outcomes of `notes` in `systems`.

        Parameters
        ----------
        keep : function, optional
            Which gold codes and suggestions count, for a breakdown; ranks and candidates are
            those among all of the system.
        """
        counts = np.zeros((len(notes), len(_COLUMNS)))
        cells: dict[str, list[tuple[int, int]]] = {"right": [], "wrong": [], "missed": []}
        codes: dict[tuple[str, str], int] = {}
        for number, note in enumerate(notes):
            row = counts[number]
            for system in systems:
                gold = [g for g in note.gold if g.system == system]
                ranked = [s for s in note.suggestions if s.system == system]
                if keep is not None:
                    gold = [g for g in gold if keep(note, g)]
                _count_gold(row, gold)
                _count_ranked(row, gold, ranked)
                chosen = [s for s in ranked if keep is None or keep(note, s)]
                _count_suggestions(row, chosen)
                for s in chosen:
                    if s.recommended and s.verdict != "free":
                        code = s.gold or s.code
                        cells[s.verdict].append(
                            (number, codes.setdefault((system, code), len(codes)))
                        )
                for g in gold:
                    if g.satisfied_by is None:
                        at = codes.setdefault((system, g.code), len(codes))
                        cells["missed"].append((number, at))
            row[_AT["traps"]] = len(note.traps)
            row[_AT["sprung"]] = sum(any(s in systems for s, _ in t.sprung_by) for t in note.traps)
        shape = (len(notes), len(codes))
        return cls(counts, *(_cells(cells[k], shape) for k in ("right", "wrong", "missed")))

    def figures(self, weights: Array | None = None) -> dict[str, Array]:
        """Return every measure, for all notes or for rows of weights.

        Parameters
        ----------
        weights : array, shape (n_resamples, n_notes), optional
            How often each note counts.

        Returns
        -------
        dict of str to array, shape (n_resamples,)
            One value without weights. Zero where nothing is there to count; ``evidence_recall``
            and ``trap_rate`` are left out when the notes have no quotes or no traps.
        """
        if weights is None:
            weights = np.ones((1, len(self.counts)))
        totals = weights @ self.counts
        t = {name: totals[:, i] for name, i in _AT.items()}
        macro = self._macro(weights)
        precision = _ratio(t["right"], t["right"] + t["wrong"])
        recall = _ratio(t["satisfied"], t["gold"])
        n, sure, right = (totals[:, _BINS[p]] for p in ("n", "confidence", "right"))
        out = {
            "precision": precision,
            "recall": recall,
            "f1": _ratio(2 * precision * recall, precision + recall),
            "lenient_precision": _ratio(
                t["right"] + t["free"], t["right"] + t["free"] + t["wrong"]
            ),
            **macro,
            **{f"recall_at_{k}": _ratio(t[f"at_{k}"], t["gold"]) for k in CUTS},
            "map": _ratio(t["precision_sum"], t["lists"]),
            **{
                f"candidate_recall_at_{k}": _ratio(t[f"candidate_at_{k}"], t["gold"])
                for k in CANDIDATE_CUTS
            },
            "candidate_recall": _ratio(t["candidate"], t["gold"]),
            "evidence_recall": _ratio(t["found"], t["quoted"]),
            "trap_rate": _ratio(t["sprung"], t["traps"]),
            "ece": _ratio(np.abs(sure - right).sum(axis=1), n.sum(axis=1)),
            "brier": _ratio(t["square"], t["scored"]),
        }
        # zero would read as a bad result where nothing was quoted or no trap was set
        unknown = {"evidence_recall": "quoted", "trap_rate": "traps"}
        return {
            name: out[name] for name in MEASURES if name not in unknown or self.total(unknown[name])
        }

    def total(self, column: str) -> int:
        """Return the total of a column over the notes."""
        return int(self.counts[:, _AT[column]].sum())

    def bins(self) -> list[dict[str, float]]:
        """Return the reliability of each bin of confidence that is not empty."""
        totals = self.counts.sum(axis=0)
        n, sure, right = (totals[_BINS[p]] for p in ("n", "confidence", "right"))
        return [
            {
                "low": b / N_BINS,
                "high": (b + 1) / N_BINS,
                "n": int(n[b]),
                "confidence": round(float(sure[b] / n[b]), 4),
                "right": round(float(right[b] / n[b]), 4),
            }
            for b in range(N_BINS)
            if n[b]
        ]

    def _macro(self, weights: Array) -> dict[str, Array]:
        right, wrong, missed = (
            np.asarray((cells.T @ weights.T).T) for cells in (self.right, self.wrong, self.missed)
        )
        there = (right + wrong + missed > 0).sum(axis=1)
        precision = _ratio(right, right + wrong)
        recall = _ratio(right, right + missed)
        f1 = _ratio(2 * right, 2 * right + wrong + missed)
        return {
            "macro_precision": _ratio(precision.sum(axis=1), there),
            "macro_recall": _ratio(recall.sum(axis=1), there),
            "macro_f1": _ratio(f1.sum(axis=1), there),
        }


def _count_gold(row: Array, gold: Sequence[GoldOutcome]) -> None:
    for g in gold:
        row[_AT["gold"]] += 1
        row[_AT["satisfied"]] += g.satisfied_by is not None
        row[_AT["quoted"]] += g.mention != "unquoted"
        row[_AT["found"]] += g.mention == "active"
        if g.candidate_rank is not None:
            row[_AT["candidate"]] += 1
            for k in CANDIDATE_CUTS:
                row[_AT[f"candidate_at_{k}"]] += g.candidate_rank <= k


def _count_ranked(
    row: Array, gold: Sequence[GoldOutcome], ranked: Sequence[SuggestionOutcome]
) -> None:
    wanted = {g.code for g in gold}
    if not wanted:
        return
    row[_AT["lists"]] += 1
    hits = judged = 0
    precisions = 0.0
    for place, s in enumerate(ranked, 1):
        judged += s.verdict != "free"
        if s.verdict == "right" and s.gold in wanted:
            hits += 1
            precisions += hits / judged
            for k in CUTS:
                row[_AT[f"at_{k}"]] += place <= k
    row[_AT["precision_sum"]] += precisions / len(wanted)


def _count_suggestions(row: Array, suggestions: Sequence[SuggestionOutcome]) -> None:
    for s in suggestions:
        if s.recommended:
            row[_AT[s.verdict]] += 1
        if s.verdict == "free":
            continue
        right = s.verdict == "right"
        row[_AT["scored"]] += 1
        row[_AT["square"]] += (s.confidence - right) ** 2
        b = min(int(s.confidence * N_BINS), N_BINS - 1)
        row[_BINS["n"][b]] += 1
        row[_BINS["confidence"][b]] += s.confidence
        row[_BINS["right"][b]] += right


def _cells(places: Sequence[tuple[int, int]], shape: tuple[int, int]) -> Any:
    rows, columns = [r for r, _ in places], [c for _, c in places]
    return sparse.csr_array((np.ones(len(places)), (rows, columns)), shape=shape)


def _ratio(part: Array, whole: Array) -> Array:
    part = np.asarray(part, dtype=float)
    out: Array = np.divide(part, whole, out=np.zeros_like(part), where=np.asarray(whole) > 0)
    return out


def resample_weights(n_notes: int, n_resamples: int, seed: int) -> Array:
    """Return how often each note is drawn in each bootstrap resample of the notes.

    Returns
    -------
    array, shape (n_resamples, n_notes)
        Every row sums to `n_notes`; the same seed gives the same draws.
    """
    rng = np.random.default_rng(seed)
    return rng.multinomial(n_notes, np.full(n_notes, 1 / n_notes), size=n_resamples).astype(float)


def interval(value: float, drawn: Array) -> tuple[float, float]:
    """Return the middle 95 % of a figure's values on resamples, around the figure itself.

    A resample holds fewer different codes than the notes, so that averages over codes and
    calibration errors come out higher on it; the percentiles are moved back by the difference of
    the median.
    """
    low, middle, high = np.percentile(drawn, [2.5, 50, 97.5])
    return float(value + low - middle), float(value + high - middle)
