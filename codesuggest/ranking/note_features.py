"""What a note says about a code: the features of the note-level model.

A code is reported not because it is mentioned but because of where and how: assessed or only
listed, once or again, as a problem with a plan or as a symptom that a diagnosis explains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from codesuggest.ranking.candidates import FEATURES
from codesuggest.schema import SETTINGS
from codesuggest.terminology.grouping import group_sizes, group_starts

__all__ = [
    "GROUPS",
    "INACTIVE",
    "NOTE_FEATURES",
    "NOTE_FEATURE_WORDS",
    "STATUSES",
    "Evidence",
    "NoteContext",
    "group_numbers",
    "note_features",
]

Array = np.ndarray[Any, Any]

#: Groups of section kinds that are features of their own.
GROUPS: tuple[str, ...] = (
    "reason", "history", "history_past", "social", "allergy", "medication", "ros", "exam",
    "results", "course", "assessment", "diagnosis_admit", "preop", "postop", "problem_list",
    "procedure_title", "procedure_detail", "findings", "technical", "complications", "implants",
    "plan", "disposition", "treatment", "other", "preamble",
)  # fmt: skip
_GROUP = {name: i for i, name in enumerate(GROUPS)}

#: Statuses under which a mention never supports a code.
INACTIVE = frozenset({"negated", "family", "hypothetical"})

#: Features of a code in a note, and what they say.
NOTE_FEATURE_WORDS: dict[str, str] = {
    "best": "best probability that a mention means the code",
    "second": "second best",
    "sum": "sum over the mentions",
    "margin": "how far the best lies above the same mention's next code",
    "rank": "place of the code among its best mention's candidates",
    "present": "best among mentions without any cue",
    "uncertain": "best among uncertain mentions",
    "historical": "best among historical or resolved mentions",
    "planned": "best among planned mentions",
    "mentions": "number of mentions",
    "negated": "number of negated, hypothetical or family mentions",
    "sections": "number of section groups with a mention",
    "lead": "best among mentions that open their line",
    "lead_assessment": "best among those that open a line of the assessment",
    "line_words": "fewest words of such a line",
    "first": "where the first mention stands, 0 to 1",
    "order": "how many other codes come first in the naming sections",
    "codes_assessed": "number of codes in the naming sections",
    "exact": "a mention equals an alias of the code",
    "core_covered": "core_covered of the best mention's candidate",
    "alias_covered": "alias_covered of it",
    "context_missing": "share of the surrounding words that the code's wording lacks",
    "core_words": "words of the best mention",
    "source": "source of its alias",
    "fit": "attributes met",
    "axes_met": "catalogue axes met",
    "axes_against": "catalogue axes contradicted",
    "note_covered": "share of the alias's words that the note has anywhere",
    "title_covered": "share of the alias's words that the procedure titles have",
    "note_missing": "rarity of the alias's words that the note has nowhere",
    "ambiguity": "number of codes that share the alias",
    "unspecified": "the title says unspecified",
    "other": "the title says other",
    "prior": "log count in the training notes",
    "category_prior": "log count of the category in the training notes",
    "report_rate": "how often a mention of the category was reported in the training notes",
    "drug": "a drug of the note is usually taken for the category",
    "rival": "best probability of another code of the same category",
    "rival_best": "the code is the best of its category",
    "better_overlap": "best probability of another code on the same words",
    "symptom_explained": "a symptom beside an assessed diagnosis",
    "letter": "first character of the code",
    "hcpcs": "the code is HCPCS Level II",
    "words": "log words of the note",
    "has_assessment": "the note has naming sections for diagnoses",
    "has_title": "the note names its procedures",
    "guessed_setting": "the setting was guessed",
}
NOTE_FEATURES: tuple[str, ...] = (
    *NOTE_FEATURE_WORDS,
    *(f"in_{group}" for group in GROUPS),
    *(f"setting_{setting}" for setting in SETTINGS),
)
_AT = {name: i for i, name in enumerate(NOTE_FEATURES)}
_F = {name: i for i, name in enumerate(FEATURES)}
#: Taken over from the best mention's candidate.
_TAKEN = (
    "unspecified", "other", "prior", "category_prior", "core_covered", "alias_covered",
    "core_words", "source", "fit", "axes_met", "axes_against", "note_covered", "title_covered",
    "note_missing", "ambiguity",
)  # fmt: skip
_TAKEN_AT = [_F[name] for name in _TAKEN]
_TAKEN_TO = [_AT[name] for name in _TAKEN]
_EXACT, _CONTEXT = _F["exact_core"], _F["context_covered"]
_GROUPS_END = len(NOTE_FEATURE_WORDS) + len(GROUPS)
_NAMING = frozenset({"assessment", "postop", "preop", "problem_list", "diagnosis_admit"})
_IS_NAMING = np.array([name in _NAMING for name in GROUPS])
#: Statuses with a feature of their own; a resolved problem counts as historical.
STATUSES = ("present", "uncertain", "historical", "planned")
_STATUSES_AT = [_AT[name] for name in STATUSES]


@dataclass(slots=True)
class Evidence:
    """What mentions say for codes, in flat arrays: the evidence of a code together, best first.

    Attributes
    ----------
    code : array of int, shape (n,)
        Position of the code; every code has evidence.
    mention, place : arrays of int, shape (n,)
        The mention, and the place of the code among the mention's candidates.
    probability, margin, position : arrays of float, shape (n,)
        That the mention means the code; how far above the mention's next; where it stands, 0 to 1.
    group, status : arrays of int, shape (n,)
        Position in `GROUPS` of the mention's section (-1 - position for groups without a
        feature), and in `STATUSES`.
    lead : array of bool, shape (n,)
    line_words : array of int, shape (n,)
    features : array of float32, shape (n, n_candidate_features)
    """

    code: Array
    mention: Array
    place: Array
    probability: Array
    margin: Array
    position: Array
    group: Array
    status: Array
    lead: Array
    line_words: Array
    features: Array


@dataclass(slots=True)
class NoteContext:
    """What holds for the whole note."""

    setting: str
    guessed: bool
    words: int
    groups: frozenset[str]
    drug_categories: frozenset[str] = frozenset()
    report_rates: Mapping[str, float] = field(default_factory=dict)


def group_numbers(groups: Sequence[str]) -> Array:
    """Return the numbers of section groups as `Evidence` holds them."""
    others: dict[str, int] = {}
    return np.array(
        [_GROUP[g] if g in _GROUP else -1 - others.setdefault(g, len(others)) for g in groups]
    )


def note_features(
    codes: Sequence[tuple[int, str]],
    evidence: Evidence,
    inactive: Sequence[int],
    overlaps: Array,
    context: NoteContext,
) -> Array:
    """Return the features of each code of a note.

    Parameters
    ----------
    codes : sequence of (system position, code)
    evidence : Evidence
        Active mentions.
    inactive : sequence of int
        Negated, hypothetical and family mentions of each code.
    overlaps : array of float, shape (n_codes,)
        Best probability of another code on the same words.
    context : NoteContext

    Returns
    -------
    array of float32, shape (n_codes, n_features)
    """
    n = len(codes)
    p, group, status = evidence.probability, evidence.group, evidence.status
    first = group_starts(evidence.code)
    count = group_sizes(first, len(p))
    best, best_features = p[first], evidence.features[first]
    categories = [code[:3] for _, code in codes]
    out = np.zeros((n, len(NOTE_FEATURES)), np.float32)

    def put(name: str, values: Any) -> None:
        out[:, _AT[name]] = values

    def most(chosen: Array) -> Array:
        highest: Array = np.maximum.reduceat(np.where(chosen, p, 0.0), first)
        return highest

    put("best", best)
    second = np.minimum(first + 1, len(p) - 1)
    put("second", np.where(count > 1, p[second], 0.0))
    put("sum", np.add.reduceat(p, first))
    put("margin", evidence.margin[first])
    put("rank", evidence.place[first])
    by_status = np.where(status[:, None] == np.arange(len(STATUSES)), p[:, None], 0.0)
    out[:, _STATUSES_AT] = np.maximum.reduceat(by_status, first)
    put("mentions", count)
    put("negated", inactive)
    known = (group >= 0).nonzero()[0]
    np.maximum.at(out, (evidence.code[known], len(NOTE_FEATURE_WORDS) + group[known]), p[known])
    pairs = np.sort(evidence.code.astype(np.int64) * 4096 + group)
    put("sections", np.bincount((pairs[group_starts(pairs)] + 2048) // 4096, minlength=n))
    naming = _IS_NAMING[np.maximum(group, 0)] & (group >= 0)
    opens = evidence.lead & naming
    put("lead", most(evidence.lead))
    put("lead_assessment", most(opens))
    put("line_words", np.minimum.reduceat(np.where(opens, evidence.line_words, 99), first))
    put("first", np.minimum.reduceat(evidence.position, first))
    named_at = np.minimum.reduceat(np.where(naming, evidence.position, 2.0), first)
    named = (named_at < 2).nonzero()[0]
    order = np.full(n, 99)
    order[named[np.lexsort((named, named_at[named]))]] = np.arange(len(named))
    put("order", order)
    put("codes_assessed", len(named))
    put("exact", np.maximum.reduceat(evidence.features[:, _EXACT], first))
    out[:, _TAKEN_TO] = best_features[:, _TAKEN_AT]
    put("context_missing", 1 - best_features[:, _CONTEXT])
    rates = context.report_rates
    put("report_rate", [rates.get(category, 0.2) for category in categories])
    put("drug", [category in context.drug_categories for category in categories])
    rival = _rivals([code[:3] if s == 0 else f"{s}{code[:4]}" for s, code in codes], best)
    put("rival", rival)
    put("rival_best", best >= rival)
    put("better_overlap", overlaps)
    system = np.array([s for s, _ in codes])
    diagnosis = system == 0
    letter = np.array([ord(code[0]) for _, code in codes])
    factual = diagnosis & (letter != ord("R")) & (letter != ord("Z"))
    assessed = bool((factual & (best > 0.5) & (order < 99)).any())
    put("symptom_explained", diagnosis & (letter == ord("R")) & assessed)
    put("letter", letter)
    put("hcpcs", system == 2)
    put("words", np.log1p(context.words))
    put("has_assessment", bool(context.groups & _NAMING))
    put("has_title", "procedure_title" in context.groups)
    put("guessed_setting", context.guessed)
    out[:, _GROUPS_END + SETTINGS.index(context.setting)] = 1
    return out


def _rivals(categories: Sequence[str], best: Array) -> Array:
    """Return the best probability of another code of the same category."""
    top: dict[str, tuple[float, float]] = {}
    values = best.tolist()
    for category, value in zip(categories, values, strict=True):
        high, low = top.get(category, (0.0, 0.0))
        top[category] = (value, high) if value > high else (high, max(low, value))
    out = []
    for category, value in zip(categories, values, strict=True):
        high, low = top[category]
        out.append(low if value == high else high)
    return np.array(out)
