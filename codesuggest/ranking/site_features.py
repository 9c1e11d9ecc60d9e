"""The candidates of a note as a site model sees them, and the names of its features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from codesuggest.ranking.candidates import FEATURES
from codesuggest.ranking.note_features import INACTIVE, NOTE_FEATURES
from codesuggest.ranking.site_tables import gram_hashes, wording_hash
from codesuggest.schema import SYSTEMS

if TYPE_CHECKING:
    from codesuggest.ranking.ranker import NoteInput, RankedCode, Ranker

__all__ = [
    "CANDIDATE_FEATURES",
    "NOTE_AT",
    "SITE_COLUMNS",
    "SITE_FEATURES",
    "CandidateRows",
    "NoteWordings",
    "candidate_rows",
    "label_of",
    "wording_of",
]

Array = np.ndarray[Any, Any]
Key = tuple[int, int]

#: What the mentions of a code say, beyond the best one's candidate.
_MENTION: dict[str, str] = {
    "meant": "best probability that a mention means the code, ruled out or not",
    "meant_second": "second best",
    "meant_sum": "sum over the mentions",
    "mentions": "number of mentions",
    "meant_active": "best among mentions that are not ruled out",
    "meant_inactive": "best among negated, hypothetical and family mentions",
    "inactive": "number of these",
    "place": "place of the code among the best mention's candidates",
    "place_best": "best place at any mention",
    "meant_uncertain": "best among uncertain mentions",
    "meant_historical": "best among historical or resolved mentions",
    "first": "where the best mention stands, 0 to 1",
    "exact": "a mention equals an alias of the code",
    "rival": "best probability of another code of the same category",
}
#: What the site's notes say.
SITE_COLUMNS: dict[str, str] = {
    "text": "ridge score of the code from all words of the note",
    "text_place": "how many of the site's codes score higher",
    "association": "best chance that a wording of the note stands for the code here",
    "associations": "chance that any of them does",
    "associated": "number of wordings that may",
    "count": "log count of the code in the site's notes",
    "category_count": "log count of its category",
    "likeness": "how much the note reads like the site's rather than the base model's notes",
}
#: Known without the site: kept with a model as the examples that it must not forget.
CANDIDATE_FEATURES: tuple[str, ...] = (
    *(f"alias_{name}" for name in FEATURES),
    *_MENTION,
    *(f"note_{name}" for name in NOTE_FEATURES),
    "base_score",
)
SITE_FEATURES: tuple[str, ...] = (*CANDIDATE_FEATURES, *SITE_COLUMNS)

_EXACT = list(FEATURES).index("exact_core")
_READINGS = 7
_MENTION_AT = len(FEATURES)
#: Where the base model's own features begin.
NOTE_AT = _MENTION_AT + len(_MENTION)
_RIVAL = _MENTION_AT + list(_MENTION).index("rival")
#: Keeps the wordings of procedures apart from those of diagnoses.
_PROCEDURE = 0x5DEECE66D1CE4E5B


def label_of(system: int) -> str:
    """Return the label of the mentions that support codes of a system."""
    return "DIAGNOSIS" if system == 0 else "PROCEDURE"


def wording_of(label: str, stems: Iterable[str]) -> int:
    """Return the hash of a mention's words."""
    key = wording_hash(stems)
    return key if label == "DIAGNOSIS" else key ^ _PROCEDURE


@dataclass(slots=True)
class NoteWordings:
    """A note's words as hashes.

    Attributes
    ----------
    grams : array of uint64
        Stems and neighbouring pairs.
    wordings : array of uint64
        Distinct mentions, by label.
    mentions : list of lists of int
        Positions of the mentions of each wording.
    """

    grams: Array
    wordings: Array
    mentions: list[list[int]]

    @classmethod
    def of(cls, found: Any, ruled_out: bool = True) -> NoteWordings:
        """Hash what extraction found; `ruled_out` mentions too or not."""
        places: dict[int, list[int]] = {}
        for number, extract in enumerate(found.extracts):
            if not ruled_out and found.assertions[number].status in INACTIVE:
                continue
            places.setdefault(wording_of(extract.label, extract.core), []).append(number)
        ordered = sorted(places)
        return cls(
            gram_hashes(found.stems), np.array(ordered, np.uint64), [places[k] for k in ordered]
        )


@dataclass(slots=True)
class CandidateRows:
    """The codes that a note's mentions may mean, before the site's own columns.

    Attributes
    ----------
    keys : list of (system position, row)
    codes : list of str
    mentions : list of lists of int
        Best first; never empty.
    readings : dict of mention to list of (system position, row, probability)
    features : array of float32, shape (n, len(CANDIDATE_FEATURES))
    """

    keys: list[Key]
    codes: list[str]
    mentions: list[list[int]]
    readings: dict[int, list[tuple[int, int, float]]]
    features: Array

    def __len__(self) -> int:
        return len(self.keys)


def candidate_rows(
    ranker: Ranker,
    note: NoteInput,
    base: Sequence[RankedCode],
    systems: Sequence[int],
    more: Mapping[Key, Sequence[int]] | None = None,
    ruled_out: bool = True,
) -> CandidateRows:
    """Collect the candidates of a note's mentions.

    Parameters
    ----------
    base : sequence of RankedCode
        What the ranker makes of the note.
    systems : sequence of int
        Systems wanted.
    more : mapping of key to mentions, optional
        Further candidates.
    ruled_out : bool
        Look at negated, hypothetical and family mentions too.
    """
    found = note.found
    labels = {label_of(s) for s in systems}
    which = [
        i
        for i, (e, a) in enumerate(zip(found.extracts, found.assertions, strict=True))
        if e.label in labels and (ruled_out or a.status not in INACTIVE)
    ]
    table, meant = ranker.rank_mentions(found.extracts, which, found)
    support: dict[Key, list[tuple[float, int, int, int]]] = {}
    readings: dict[int, list[tuple[int, int, float]]] = {}
    for start, stop in table.groups():
        order = (np.argsort(-meant[start:stop], kind="stable") + start).tolist()
        mention = int(table.mention[start])
        read = [(int(table.system[at]), int(table.row[at]), float(meant[at])) for at in order]
        readings[mention] = read[:_READINGS]
        for place, (at, (system, row, p)) in enumerate(zip(order, read, strict=True)):
            if system in systems:
                support.setdefault((system, row), []).append((p, mention, place, at))
    known = {(SYSTEMS.index(r.system), r.row): r for r in base}
    places: dict[Key, list[int]] = {k: [] for k in support}
    for key, ranked in known.items():
        if key[0] in systems:
            places.setdefault(key, []).extend(ranked.mentions)
    for key, extra in (more or {}).items():
        places.setdefault(key, []).extend(extra)
    keys = sorted(key for key in places if key in support or places[key])
    out = np.full((len(keys), len(CANDIDATE_FEATURES)), np.nan, np.float32)
    finder = ranker.finder
    codes = [finder.systems[s].codes[r] for s, r in keys] if finder is not None else []
    mentions = []
    rivals: dict[str, list[float]] = {}
    length = max(len(note.text), 1)
    status = [a.status for a in found.assertions]
    for number, (key, code) in enumerate(zip(keys, codes, strict=True)):
        best = sorted(support.get(key, ()), key=lambda s: (-s[0], s[1]))
        mentions.append(list(dict.fromkeys([*(s[1] for s in best), *places[key]])))
        if best:
            out[number, :_MENTION_AT] = table.features[best[0][3]]
        active = [s for s in best if status[s[1]] not in INACTIVE]
        denied = [s for s in best if status[s[1]] in INACTIVE]
        out[number, _MENTION_AT:_RIVAL] = (
            best[0][0] if best else 0.0,
            best[1][0] if len(best) > 1 else 0.0,
            sum(s[0] for s in best),
            len(best),
            active[0][0] if active else 0.0,
            denied[0][0] if denied else 0.0,
            len(denied),
            best[0][2] if best else 99,
            min((s[2] for s in best), default=99),
            max((s[0] for s in best if status[s[1]] == "uncertain"), default=0.0),
            max((s[0] for s in best if status[s[1]] in ("historical", "resolved")), default=0.0),
            found.extracts[mentions[-1][0]].start_char / length,
            max((table.features[s[3], _EXACT] for s in best), default=0.0),
        )
        if best:
            rivals.setdefault(code[:3], []).append(best[0][0])
        if key in known:
            out[number, NOTE_AT:-1] = known[key].features
            out[number, -1] = known[key].score
    for number, code in enumerate(codes):
        others = sorted(rivals.get(code[:3], ()), reverse=True)
        own = out[number, _MENTION_AT]
        if others and np.float32(others[0]) == own:
            others = others[1:]
        out[number, _RIVAL] = others[0] if others else 0.0
    return CandidateRows(keys, codes, mentions, readings, out)
