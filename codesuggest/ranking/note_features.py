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

__all__ = ["GROUPS", "INACTIVE", "NOTE_FEATURES", "CodeEvidence", "NoteContext", "note_features"]

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

_SCALARS: dict[str, str] = {
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
    *_SCALARS,
    *(f"in_{group}" for group in GROUPS),
    *(f"setting_{setting}" for setting in SETTINGS),
)
_F = {name: i for i, name in enumerate(FEATURES)}
#: Taken over from the best mention's candidate.
_TAKEN = (
    "core_covered", "alias_covered", "core_words", "source", "fit", "axes_met", "axes_against",
    "note_covered", "title_covered", "note_missing", "ambiguity",
)  # fmt: skip
_TAKEN_AT = [_F[name] for name in _TAKEN]
_EXACT, _CONTEXT = _F["exact_core"], _F["context_covered"]
_GROUPS_END = len(_SCALARS) + len(GROUPS)
_NAMING = frozenset({"assessment", "postop", "preop", "problem_list", "diagnosis_admit"})


@dataclass(slots=True)
class CodeEvidence:
    """One mention's support for one code."""

    mention: int
    probability: float
    rank: int
    margin: float
    group: str
    status: str
    lead: bool
    line_words: int
    position: float
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


def note_features(
    codes: Sequence[tuple[int, str]],
    evidence: Sequence[Sequence[CodeEvidence]],
    inactive: Sequence[int],
    overlaps: Sequence[float],
    statics: Sequence[tuple[float, float, float, float]],
    context: NoteContext,
) -> Array:
    """Return the features of each code of a note.

    Parameters
    ----------
    codes : sequence of (system position, code)
    evidence : sequence of sequences of CodeEvidence
        Active mentions of each code, best first.
    inactive : sequence of int
        Negated, hypothetical and family mentions of each code.
    overlaps : sequence of float
        Best probability of another code on the same words.
    statics : sequence of (unspecified, other, prior, category prior)
    context : NoteContext

    Returns
    -------
    array of float32, shape (n_codes, n_features)
    """
    out = np.zeros((len(codes), len(NOTE_FEATURES)), np.float32)
    naming_first: list[tuple[float, int]] = []
    by_category: dict[tuple[int, str], list[tuple[float, int]]] = {}
    for i, ((system, code), support) in enumerate(zip(codes, evidence, strict=True)):
        category = (system, code[:3] if system == 0 else code[:4])
        by_category.setdefault(category, []).append((support[0].probability, i))
        named = [e.position for e in support if e.group in _NAMING]
        if named:
            naming_first.append((min(named), i))
    naming_first.sort()
    order = {i: place for place, (_, i) in enumerate(naming_first)}
    assessed = any(
        system == 0 and code[0] not in "RZ" and support[0].probability > 0.5 and i in order
        for i, ((system, code), support) in enumerate(zip(codes, evidence, strict=True))
    )
    setting = _GROUPS_END + SETTINGS.index(context.setting)
    words = float(np.log1p(context.words))
    has_assessment, has_title = bool(context.groups & _NAMING), "procedure_title" in context.groups
    rows = []
    for i, ((system, code), support) in enumerate(zip(codes, evidence, strict=True)):
        best = support[0]
        by_status = {"present": 0.0, "uncertain": 0.0, "historical": 0.0, "planned": 0.0}
        lead = lead_assessment = 0.0
        line_words = 99
        groups: dict[str, float] = {}
        for e in support:
            p = e.probability
            status = "historical" if e.status == "resolved" else e.status
            if p > by_status.get(status, 1.0):
                by_status[status] = p
            if p > groups.get(e.group, 0.0):
                groups[e.group] = p
            if e.lead:
                lead = max(lead, p)
                if e.group in _NAMING:
                    lead_assessment = max(lead_assessment, p)
                    line_words = min(line_words, e.line_words)
        for group, p in groups.items():
            column = _GROUP.get(group)
            if column is not None:
                out[i, len(_SCALARS) + column] = p
        f = best.features
        category_code = code[:3]
        category = (system, category_code if system == 0 else code[:4])
        rival = max((p for p, j in by_category[category] if j != i), default=0.0)
        unspecified, other, prior, category_prior = statics[i]
        row: dict[str, float] = {
            "best": best.probability,
            "second": support[1].probability if len(support) > 1 else 0.0,
            "sum": sum(e.probability for e in support),
            "margin": best.margin,
            "rank": best.rank,
            **by_status,
            "mentions": len(support),
            "negated": inactive[i],
            "sections": len(groups),
            "lead": lead,
            "lead_assessment": lead_assessment,
            "line_words": line_words,
            "first": min(e.position for e in support),
            "order": order.get(i, 99),
            "codes_assessed": len(naming_first),
            "exact": max(e.features[_EXACT] for e in support),
            "context_missing": 1 - f[_CONTEXT],
            "unspecified": unspecified,
            "other": other,
            "prior": prior,
            "category_prior": category_prior,
            "report_rate": context.report_rates.get(category_code, 0.2),
            "drug": category_code in context.drug_categories,
            "rival": rival,
            "rival_best": best.probability >= rival,
            "better_overlap": overlaps[i],
            "symptom_explained": system == 0 and code[0] == "R" and assessed,
            "letter": ord(code[0]),
            "hcpcs": system == 2,
            "words": words,
            "has_assessment": has_assessment,
            "has_title": has_title,
            "guessed_setting": context.guessed,
            **dict(zip(_TAKEN, f[_TAKEN_AT].tolist(), strict=True)),
        }
        rows.append([row[name] for name in _SCALARS])
    out[:, : len(_SCALARS)] = np.array(rows, np.float32).reshape(len(codes), len(_SCALARS))
    out[:, setting] = 1
    return out
