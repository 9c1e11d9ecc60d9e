"""The values that flow: note, section, mention, candidate, suggestion, suggestion set.

All are frozen and slotted. Offsets are characters into the text exactly as given:
``text[mention.start_char:mention.end_char] == mention.text`` always holds.
``score`` is an uncalibrated order; ``confidence`` is a calibrated probability in [0, 1].
Scores and confidences take no part in equality or hashing of a `Candidate`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

from codesuggest.errors import InputError, NoteError, SettingError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ASSERTION_STATUSES",
    "DOCUMENT_KINDS",
    "FRAME_COLUMNS",
    "LABELS",
    "SETTINGS",
    "SYSTEMS",
    "Alternative",
    "Assertion",
    "Attribute",
    "Candidate",
    "Code",
    "Cue",
    "Edit",
    "Mention",
    "Note",
    "Section",
    "Suggestion",
    "SuggestionSet",
    "SuppressedMention",
]

System = Literal["ICD-10-CM", "CPT", "HCPCS"]
Label = Literal["DIAGNOSIS", "PROCEDURE", "SUPPLY"]
Setting = Literal["outpatient", "inpatient", "ed", "procedure", "imaging", "lab"]
Status = Literal[
    "present",
    "negated",
    "uncertain",
    "historical",
    "hypothetical",
    "family",
    "planned",
    "resolved",
]

SYSTEMS: tuple[str, ...] = get_args(System)
LABELS: tuple[str, ...] = get_args(Label)
SETTINGS: tuple[str, ...] = get_args(Setting)
#: Kinds of document that a note may be.
DOCUMENT_KINDS: tuple[str, ...] = (
    "office_note",
    "consult",
    "ed_note",
    "operative_note",
    "procedure_note",
    "imaging_report",
    "laboratory_report",
    "pathology_report",
    "discharge_summary",
    "progress_note",
)
#: Most telling first: a mention with several cues takes the first status that applies.
ASSERTION_STATUSES: tuple[str, ...] = (
    "family",
    "negated",
    "hypothetical",
    "planned",
    "uncertain",
    "resolved",
    "historical",
    "present",
)
FRAME_COLUMNS: tuple[str, ...] = (
    "note_id",
    "rank",
    "system",
    "code",
    "title",
    "confidence",
    "recommended",
    "evidence",
    "start_char",
    "end_char",
    "section",
    "n_evidence",
    "alternatives",
    "edits",
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Note:
    """A clinical note as the caller has it.

    Parameters
    ----------
    text : str
        The note, unchanged; every offset in the results counts its characters.
    note_id : str, optional
        The caller's own key; it comes back in results and errors.
    setting : {"outpatient", "inpatient", "ed", "procedure", "imaging", "lab"}, optional
        Where the encounter took place; guessed from the text when None.
    encounter_date : datetime.date, optional
        Decides which code set release applies.
    patient_sex : {"F", "M"}, optional
    patient_age : float, optional
        Years, 0 to 130.

    Raises
    ------
    NoteError
        `text` is not a string, or sex or age are out of range.
    SettingError
        `setting` is not one of `SETTINGS`.
    """

    text: str
    note_id: str | None = None
    setting: str | None = None
    encounter_date: date | None = None
    patient_sex: str | None = None
    patient_age: float | None = None

    def __post_init__(self) -> None:
        where = f" (note {self.note_id!r})" if self.note_id is not None else ""
        if not isinstance(self.text, str):
            raise NoteError(
                f"note text must be a str, got {type(self.text).__name__}{where}; "
                "decode bytes first, for example data.decode('utf-8')"
            )
        try:
            self.text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise NoteError(
                f"the text holds half a surrogate pair at offset {error.start}{where}; "
                "it was decoded wrongly"
            ) from None
        if self.setting is not None and self.setting not in SETTINGS:
            raise SettingError(
                f"unknown setting {self.setting!r}{where}; expected one of {', '.join(SETTINGS)}"
            )
        # a datetime is a date to isinstance, but does not compare with one
        if self.encounter_date is not None and type(self.encounter_date) is not date:
            raise InputError(
                "encounter_date must be a datetime.date, got "
                f"{type(self.encounter_date).__name__}{where}"
            )
        if self.patient_sex not in (None, "F", "M"):
            raise NoteError(f"patient_sex must be 'F', 'M' or None{where}")
        age = self.patient_age
        if age is not None and not (isinstance(age, int | float) and 0 <= age <= 130):
            raise NoteError(f"patient_age must be a number of years, 0 to 130{where}")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a note under one header; `kind` is a key of the section table."""

    kind: str
    title: str
    start_char: int
    end_char: int


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that change what a mention means, for example "denies"."""

    status: str
    text: str
    start_char: int
    end_char: int


@dataclass(frozen=True, slots=True)
class Assertion:
    """What the note claims about a mention, and the cues that say so.

    A cue with ``start_char == -1`` is not a phrase but the section the mention stands in.
    """

    status: str = "present"
    cues: tuple[Cue, ...] = ()

    @classmethod
    def from_cues(cls, cues: tuple[Cue, ...]) -> Assertion:
        """Take the most telling status among `cues`; none means present."""
        found = {cue.status for cue in cues}
        status = next((s for s in ASSERTION_STATUSES if s in found), "present")
        return cls(status, cues)

    def has(self, status: str) -> bool:
        """Tell whether any cue says `status`; a mention can be both negated and historical."""
        return self.status == status or any(cue.status == status for cue in self.cues)

    @property
    def cue(self) -> Cue | None:
        """The cue that decided the status."""
        return next((cue for cue in self.cues if cue.status == self.status), None)


@dataclass(frozen=True, slots=True)
class Attribute:
    """A quality of a mention (laterality, acuity, views, ...) with the words that state it."""

    name: str
    value: str
    start_char: int
    end_char: int


@dataclass(frozen=True, slots=True)
class Mention:
    """Words of the note that name a diagnosis, procedure or supply."""

    text: str
    start_char: int
    end_char: int
    label: str
    section: Section | None = None
    assertion: Assertion = Assertion()
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Code:
    """A code of one release of a code system."""

    system: str
    code: str
    title: str
    billable: bool
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A code that a mention may stand for. `score` and `features` are not part of identity."""

    system: str
    code: str
    score: float = field(default=0.0, compare=False)
    features: tuple[float, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Alternative:
    """A code that the same evidence could support instead."""

    system: str
    code: str
    title: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Edit:
    """A finding of a coding rule about one suggestion.

    `severity` is ``"info"``, ``"warning"``, ``"query"`` (a question to the provider) or
    ``"withhold"``; a withheld suggestion stays in the set but is not recommended.
    """

    rule: str
    severity: str
    message: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One code with everything that supports it; evidence is merged over the note."""

    system: str
    code: str
    title: str
    confidence: float
    evidence: tuple[Mention, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    edits: tuple[Edit, ...] = ()

    @property
    def withheld(self) -> bool:
        """A coding rule keeps this code from being recommended."""
        return any(edit.severity == "withhold" for edit in self.edits)


@dataclass(frozen=True, slots=True)
class SuppressedMention:
    """A mention that was found and not coded.

    `reason` is an assertion status, ``"not reported here"`` (below the operating point of this
    kind of note) or ``"no code"``. `system`, `code` and `title` say what it would have been.
    """

    mention: Mention
    reason: str
    system: str | None = None
    code: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class SuggestionSet:
    """All suggestions for one note, best first.

    Iterating, ``len()`` and indexing go over `suggestions`.

    Parameters
    ----------
    suggestions : tuple of Suggestion
        Best first.
    suppressed : tuple of SuppressedMention
        Every mention found and not coded, in order of the text.
    releases : dict of str to str
        Code system to the release that answered, for example ``{"ICD-10-CM": "FY2026"}``.
    model_version : str
    operating_points : dict of str to float
        Code system to the confidence from which on a suggestion is recommended.
    note_id, setting : str, optional
        As given, or guessed (then `setting_guessed` is True).
    sections : tuple of Section
    warnings : tuple of str
        What the caller should know, for example that no release covers the encounter date.
    document_kind : str, optional
        One of `DOCUMENT_KINDS`, read from the text; None where there is no text.
    """

    suggestions: tuple[Suggestion, ...] = ()
    suppressed: tuple[SuppressedMention, ...] = ()
    releases: Mapping[str, str] = field(default_factory=dict)
    model_version: str = ""
    operating_points: Mapping[str, float] = field(default_factory=dict)
    note_id: str | None = None
    setting: str | None = None
    setting_guessed: bool = False
    sections: tuple[Section, ...] = ()
    warnings: tuple[str, ...] = ()
    document_kind: str | None = None

    def __iter__(self) -> Iterator[Suggestion]:
        return iter(self.suggestions)

    def __len__(self) -> int:
        return len(self.suggestions)

    def __getitem__(self, index: int) -> Suggestion:
        return self.suggestions[index]

    def __hash__(self) -> int:
        return hash((self.note_id, self.suggestions, self.suppressed))

    def is_recommended(self, suggestion: Suggestion) -> bool:
        """Tell whether `suggestion` reaches its system's operating point and no rule holds it."""
        point = self.operating_points.get(suggestion.system, 0.5)
        return suggestion.confidence >= point and not suggestion.withheld

    @property
    def recommended(self) -> tuple[Suggestion, ...]:
        """Suggestions at or above the operating point, after the coding rules."""
        return tuple(s for s in self.suggestions if self.is_recommended(s))

    def at(self, **points: float) -> SuggestionSet:
        """Move operating points: ``result.at(icd10cm=0.8, cpt=0.6, hcpcs=0.6)``.

        Returns
        -------
        SuggestionSet
            The same suggestions under other operating points (confidences in [0, 1]).

        Raises
        ------
        InputError
            A name that is no code system, or a point outside [0, 1].
        """
        keys = {s.replace("-", "").lower(): s for s in SYSTEMS}
        moved = dict(self.operating_points)
        for name, point in points.items():
            if name not in keys:
                raise InputError(f"unknown system {name!r}; expected one of {', '.join(keys)}")
            if not 0 <= point <= 1:
                raise InputError(f"operating point of {name} must lie in 0 to 1")
            moved[keys[name]] = point
        return dataclasses.replace(self, operating_points=moved)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: dicts, lists, strings and numbers. `from_dict` reads it back."""
        plain: dict[str, Any] = _plain(self)
        for row, suggestion in zip(plain["suggestions"], self.suggestions, strict=True):
            row["recommended"] = self.is_recommended(suggestion)
        return plain

    def to_json(self, indent: int | None = None) -> str:
        """Return `to_dict` as JSON text (UTF-8 characters kept)."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SuggestionSet:
        """Read what `to_dict` wrote.

        Raises
        ------
        InputError
            A field is missing or has the wrong shape; the message names it.
        """
        try:
            return cls(
                suggestions=tuple(_suggestion(s) for s in data["suggestions"]),
                suppressed=tuple(
                    SuppressedMention(**{**s, "mention": _mention(s["mention"])})
                    for s in data["suppressed"]
                ),
                releases=dict(data["releases"]),
                model_version=data["model_version"],
                operating_points=dict(data["operating_points"]),
                note_id=data["note_id"],
                setting=data["setting"],
                setting_guessed=data["setting_guessed"],
                sections=tuple(Section(**s) for s in data["sections"]),
                warnings=tuple(data["warnings"]),
                document_kind=data["document_kind"],
            )
        except KeyError as error:
            raise InputError(f"suggestion set lacks the field {error.args[0]!r}") from None
        except (TypeError, ValueError, AttributeError):
            raise InputError("suggestion set has a field of the wrong shape") from None

    @classmethod
    def from_json(cls, text: str) -> SuggestionSet:
        """Read what `to_json` wrote.

        Raises
        ------
        InputError
            The text is not JSON, or not that of a suggestion set.
        """
        try:
            data = json.loads(text)
        except ValueError:
            # the decoder's own error would carry the text
            raise InputError("a suggestion set must be JSON") from None
        return cls.from_dict(data)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a suggestion, best first, with the columns of `FRAME_COLUMNS`.

        ``rank`` counts from 1; ``evidence``, ``start_char``, ``end_char`` and ``section`` are
        those of the first evidence; ``alternatives`` and ``edits`` are joined by ``"; "``.
        """
        import pandas as pd

        rows = []
        for rank, s in enumerate(self.suggestions, 1):
            first = s.evidence[0] if s.evidence else None
            rows.append(
                (
                    self.note_id,
                    rank,
                    s.system,
                    s.code,
                    s.title,
                    s.confidence,
                    self.is_recommended(s),
                    first.text if first else None,
                    first.start_char if first else -1,
                    first.end_char if first else -1,
                    first.section.kind if first and first.section else None,
                    len(s.evidence),
                    "; ".join(a.code for a in s.alternatives),
                    "; ".join(e.message for e in s.edits),
                )
            )
        return pd.DataFrame(rows, columns=list(FRAME_COLUMNS))


def _plain(value: Any) -> Any:
    """Turn frozen values into dicts and lists, recursively."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, date):
        return value.isoformat()
    return value


def _mention(data: Mapping[str, Any]) -> Mention:
    return Mention(
        **{
            **data,
            "section": Section(**data["section"]) if data["section"] else None,
            "assertion": Assertion(
                data["assertion"]["status"], tuple(Cue(**c) for c in data["assertion"]["cues"])
            ),
            "attributes": tuple(Attribute(**a) for a in data["attributes"]),
        }
    )


def _suggestion(data: Mapping[str, Any]) -> Suggestion:
    fields = {k: v for k, v in data.items() if k != "recommended"}
    return Suggestion(
        **{
            **fields,
            "evidence": tuple(_mention(m) for m in data["evidence"]),
            "alternatives": tuple(Alternative(**a) for a in data["alternatives"]),
            "edits": tuple(Edit(**{**e, "codes": tuple(e["codes"])}) for e in data["edits"]),
        }
    )
