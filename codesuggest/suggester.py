"""`CodeSuggester` joins the rooms: a note goes in, a `SuggestionSet` comes out."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import spacy

from codesuggest.errors import (
    CodeSuggestWarning,
    InputError,
    ModelDamagedError,
    NoteError,
    SystemNotLoadedError,
)
from codesuggest.extraction.documents import DocumentGuess
from codesuggest.extraction.note_words import NoteWords
from codesuggest.extraction.pipeline import (
    ExtractedNote,
    reader_of,
)
from codesuggest.extraction.sections import SectionTable
from codesuggest.guidelines.rules import CodingRules
from codesuggest.guidelines.worksheet import NoteText
from codesuggest.model_directory import NAMES, default_model, verify_manifest
from codesuggest.ranking.explanation import Reason
from codesuggest.ranking.name_ranker import NameRanker
from codesuggest.ranking.ranker import NoteInput, Ranker
from codesuggest.ranking.terms import RankedTerm, TermRanker
from codesuggest.results import NoteMentions, Results
from codesuggest.schema import (
    SYSTEMS,
    Alternative,
    Assertion,
    Note,
    Suggestion,
    SuggestionSet,
    SuppressedMention,
)
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.releases import load_release
from codesuggest.worker_pool import suggest_in_processes

__all__ = ["MAX_CHARS", "CodeSuggester", "load"]

#: Longest text that `CodeSuggester.suggest` takes unless told otherwise.
MAX_CHARS = 1_000_000


def load(
    path: str | Path | None = None,
    *,
    trusted: bool = False,
    terminology: str | Path | None = None,
) -> CodeSuggester:
    """Load a model.

    Parameters
    ----------
    path : str or Path, optional
        A model directory; ``models/default`` when None.
    trusted : bool
        Models of this library hold only tables and cannot run code. A directory with other
        files in it (pickles, Python) loads only when the caller vouches for it.
    terminology : str or Path, optional
        Directory of the user's own releases of the code systems, as ``codesuggest terminology
        add`` fills it; they take over from those that ship. When None, the directory that the
        environment variable CODESUGGEST_TERMINOLOGY names, else the platform's own.

    Raises
    ------
    ModelNotFoundError
        There is no model at `path`.
    ModelDamagedError
        A file is missing or differs from the manifest.
    UntrustedModelError
        It holds files that can run code and `trusted` is False.
    """
    folder = Path(path) if path is not None else default_model()
    manifest = verify_manifest(folder, trusted=trusted)
    systems = {name: load_release(name, directory=terminology) for name in SYSTEMS}
    for name, release in manifest["releases"].items():
        if name in systems and systems[name].trained_release != release:
            raise ModelDamagedError(
                f"the model was trained for {name} {release}, the library holds "
                f"{systems[name].trained_release}; install matching versions"
            )
    return CodeSuggester(spacy.load(folder), systems, manifest, folder, terminology)


class CodeSuggester:
    """Suggest codes for notes.

    Made by `codesuggest.load`; safe to share between threads.

    Parameters
    ----------
    nlp : spacy.language.Language
        The pipeline with its components.
    systems : mapping of name to CodeSystem
    manifest : mapping
        Of the model directory.
    path : Path, optional
        Where the model lies; worker processes load it from there.
    own_releases : str or Path, optional
        Directory of the user's own releases; worker processes load them from there.
    """

    def __init__(
        self,
        nlp: Any,
        systems: Mapping[str, CodeSystem],
        manifest: Mapping[str, Any],
        path: Path | None = None,
        own_releases: str | Path | None = None,
    ) -> None:
        self.nlp = nlp
        self.terminology = dict(systems)
        self.model_version: str = manifest["version"]
        self.path = path
        self.own_releases = own_releases
        self._groups = SectionTable.packaged().groups
        self._read = reader_of(nlp)
        indexes = nlp.get_pipe("codesuggest_mentions").indexes
        self.ranker: Ranker = nlp.get_pipe("codesuggest_linker").ranker
        self.ranker.bind(indexes, systems)
        names = path / NAMES if path is not None else None
        self._terms = TermRanker(
            self.ranker,
            indexes,
            systems,
            NameRanker.from_disk(names, indexes["DIAGNOSIS"], systems["ICD-10-CM"])
            if names is not None and names.is_dir()
            else None,
        )
        self._rules = CodingRules(systems)
        self._results = Results(self.terminology, self.ranker)
        self._releases = {name: s.release for name, s in systems.items()}
        self._warned: set[date] = set()
        for system in systems.values():
            system.searcher = self._terms

    def __repr__(self) -> str:
        return f"CodeSuggester(model {self.model_version}, {self._releases})"

    # -- notes -----------------------------------------------------------------------------

    def suggest(
        self,
        note: Note | str,
        *,
        setting: str | None = None,
        encounter_date: date | None = None,
        systems: Sequence[str] | None = None,
        top_k: int | None = None,
        precision: float | None = None,
        max_chars: int = MAX_CHARS,
    ) -> SuggestionSet:
        """Suggest codes for one note.

        Parameters
        ----------
        note : Note or str
        setting, encounter_date : optional
            As in `Note`; they complete or override the note's own.
        systems : sequence of str, optional
            Only these code systems; all when None.
        top_k : int, optional
            At most this many suggestions, best first.
        precision : float, optional
            Recommend only from the confidence on from which this share of suggestions was right
            on notes that the model had not learned from; the model's own operating points when
            None. `SuggestionSet.at` moves them freely.
        max_chars : int
            Longest text taken.

        Raises
        ------
        NoteError
            The note is not text or too long.
        SettingError, SystemNotLoadedError, InputError
            An argument that does not exist.
        """
        note = self._note(note, setting, encounter_date, max_chars)
        wanted = self._wanted(systems)
        if top_k is not None and top_k < 1:
            raise InputError(f"top_k must be at least 1, got {top_k}")
        notices = self._notices(note)
        points = self._points(wanted, precision)
        if not note.text.strip():
            nothing = ExtractedNote([], [], [], NoteWords())
            return self._set(note, (), (), None, nothing, notices, points)
        found = self.extract(note.text)
        ranked, document = self.ranker.rank_note(
            NoteInput(note.text, found, self._groups, note.setting)
        )
        mentions = NoteMentions(note.text, found)
        # a user's own release may lack codes that the model knows
        held = {name: codes.row_of for name, codes in self.terminology.items()}
        ranked = [r for r in ranked if r.code in held[r.system]]
        suggestions = self._rules(
            self._results.suggestions(ranked, mentions),
            lambda s: s.confidence >= points.get(s.system, 0.5),
            note.patient_sex,
            note.patient_age,
            NoteText(
                note.text,
                found.words,
                partial(self._read.assertion_of, note.text),
                found.sections,
            ),
        )
        # a code of one system may hang on those of another: Z23 on the vaccine
        suggestions = [s for s in suggestions if s.system in wanted]
        if top_k is not None:
            suggestions = suggestions[:top_k]
        suppressed = self._results.suppressed(found, mentions, ranked, suggestions, wanted)
        return self._set(note, suggestions, suppressed, document, found, notices, points)

    def explain(
        self, note: Note | str, code: str, system: str = "ICD-10-CM", top_k: int = 8, **options: Any
    ) -> tuple[Reason, ...]:
        """Say what moved the confidence of one code of a note most, in words.

        Parameters
        ----------
        note : Note or str
        code : str
            As it stands in a suggestion.
        system : str
        top_k : int
            At most this many reasons, the strongest first.
        **options
            ``setting`` and ``encounter_date``, as for `suggest`.

        Returns
        -------
        tuple of Reason
            ``feature, words, value, usual, effect``; empty for a code that the coding rules made
            of others, whose edits say why.

        Raises
        ------
        InputError
            No mention of the note stands for the code.
        """
        self._wanted([system])
        note = self._note(note, options.get("setting"), options.get("encounter_date"), MAX_CHARS)
        found = self.extract(note.text)
        ranked, _ = self.ranker.rank_note(NoteInput(note.text, found, self._groups, note.setting))
        chosen = next((r for r in ranked if (r.system, r.code) == (system, code)), None)
        if chosen is not None:
            return self.ranker.explain(chosen, top_k)
        made = self.suggest(note, systems=[system])
        if any(s.code == code and s.edits for s in made):
            return ()
        raise InputError(f"no mention of the note stands for {system} {code}")

    def alternatives_at(
        self, suggestion: Suggestion, coverage: float = 0.9
    ) -> tuple[Alternative, ...]:
        """Return the codes that the suggestion's best words may mean, with a promised coverage.

        Of mentions whose right code is among the codes found, a share `coverage` has it in this
        set; measured on notes that the model had not learned from.

        Parameters
        ----------
        suggestion : Suggestion
            As `suggest` gave it; it keeps at most its six likeliest readings.
        coverage : float
            Between 0 and 1; the model holds promises for a few shares, the next higher is used.

        Returns
        -------
        tuple of Alternative
            The suggestion's own code first.

        Raises
        ------
        InputError
            The model makes no such promise.
        """
        least = self.ranker.promises.least_likely(suggestion.system, coverage)
        own = Alternative(
            suggestion.system, suggestion.code, suggestion.title, suggestion.confidence
        )
        return (own, *(a for a in suggestion.alternatives if a.confidence >= least))

    def suggest_many(
        self,
        notes: Iterable[Note | str],
        *,
        n_process: int = 1,
        batch_size: int = 64,
        **options: Any,
    ) -> Iterator[SuggestionSet]:
        """Suggest codes for many notes, in order, a bounded number in memory.

        Parameters
        ----------
        notes : iterable of Note or str
        n_process : int
            Worker processes; each loads the model once.
        batch_size : int
            Notes handed to a worker at a time.
        **options
            As for `suggest`.
        """
        if n_process < 1 or batch_size < 1:
            raise InputError("n_process and batch_size must be at least 1")
        if isinstance(notes, str | Note):
            raise InputError("suggest_many takes a sequence of notes; suggest takes one")
        if n_process > 1 and self.path is None:
            raise InputError("n_process above 1 needs a model on disk; save it and load it")
        return self._many(notes, n_process, batch_size, options)

    def _many(
        self,
        notes: Iterable[Note | str],
        n_process: int,
        batch_size: int,
        options: dict[str, Any],
    ) -> Iterator[SuggestionSet]:
        if n_process == 1:
            for note in notes:
                yield self.suggest(note, **options)
            return
        loaded = partial(load, self.path, trusted=True, terminology=self.own_releases)
        yield from suggest_in_processes(loaded, notes, n_process, batch_size, options)

    def extract(self, text: str) -> ExtractedNote:
        """Return what extraction finds in a text, before ranking."""
        return self._read(text)

    def assertion_of(self, text: str, start_char: int, phrase: str) -> Assertion:
        """Return the assertion of one phrase in its sentence.

        Raises
        ------
        NoteError
            The text is not a str.
        InputError
            `phrase` does not stand at `start_char`.
        """
        if not isinstance(text, str):
            raise NoteError(f"expected a str, got {type(text).__name__}")
        end = start_char + len(phrase)
        if start_char < 0 or not phrase or text[start_char:end] != phrase:
            raise InputError(f"the phrase does not stand at offset {start_char} of the text")
        return self._read.assertion_of(text, start_char, end)

    # -- terms -----------------------------------------------------------------------------

    def rank_term(self, term: str, system: str = "ICD-10-CM", top_k: int = 20) -> list[RankedTerm]:
        """Rank the codes that one term may stand for: ``(code, title, score, confidence)``."""
        return self.rank_terms([term], system=system, top_k=top_k)[0]

    def rank_terms(
        self, terms: Sequence[str], system: str = "ICD-10-CM", top_k: int = 20
    ) -> list[list[RankedTerm]]:
        """Rank the codes of many terms, batched.

        Returns
        -------
        list of lists of RankedTerm
            Named tuples ``(code, title, score, confidence)``, best first, at most `top_k` each;
            an empty list for a term without a word that is like a known one.

        Raises
        ------
        InputError
            A term is no text, or `top_k` is below 1.
        SystemNotLoadedError
            There is no such code system.
        """
        self._wanted([system])
        if isinstance(terms, (str, bytes)) or not isinstance(terms, Iterable):
            raise InputError("rank_terms takes a sequence of terms; rank_term takes one")
        asked = list(terms)
        for position, term in enumerate(asked):
            if not isinstance(term, str):
                raise InputError(f"term {position} is {type(term).__name__}, expected a str")
        if not isinstance(top_k, int) or top_k < 1:
            raise InputError(f"top_k must be a whole number of at least 1, got {top_k!r}")
        table = self.terminology[system]
        ranked = self._terms.rank(asked, system, top_k)
        return [[term for term in found if term.code in table] for found in ranked]

    # -- inside ----------------------------------------------------------------------------

    def _note(
        self, note: Note | str, setting: str | None, day: date | None, max_chars: int
    ) -> Note:
        if not isinstance(note, Note):
            if not isinstance(note, str):
                raise NoteError(
                    f"expected a Note or a str, got {type(note).__name__}; "
                    "decode bytes first, for example data.decode('utf-8')"
                )
            note = Note(note)
        if setting is not None or day is not None:
            note = Note(
                note.text,
                note.note_id,
                note.setting if setting is None else setting,
                note.encounter_date if day is None else day,
                note.patient_sex,
                note.patient_age,
            )
        if len(note.text) > max_chars:
            where = f" (note {note.note_id!r})" if note.note_id is not None else ""
            raise NoteError(
                f"the text has {len(note.text):,} characters{where}, the limit is "
                f"{max_chars:,}; split it or pass a larger max_chars"
            )
        return note

    def _points(self, systems: Iterable[str], precision: float | None) -> Mapping[str, float]:
        """Return the operating point of each system."""
        points = dict(self.ranker.operating_points)
        if precision is not None:
            for system in sorted(systems):
                points[system] = self.ranker.promises.point_at(system, precision)
        return points

    def _wanted(self, systems: Sequence[str] | None) -> frozenset[str]:
        if systems is None:
            return frozenset(self.terminology)
        for system in [systems] if isinstance(systems, str) else systems:
            if system not in self.terminology:
                raise SystemNotLoadedError(
                    f"unknown code system {system!r}; loaded are {', '.join(self.terminology)}"
                )
        return frozenset([systems] if isinstance(systems, str) else systems)

    def _notices(self, note: Note) -> tuple[str, ...]:
        """Return what the caller should know about the release that was used."""
        day = note.encounter_date
        if day is None:
            return ()
        out = tuple(
            f"{name}: no loaded release is valid on {day.isoformat()}; used {s.release}"
            for name, s in self.terminology.items()
            if not s.valid_on(day)
        )
        if out and day not in self._warned:
            self._warned.add(day)
            warnings.warn("; ".join(out), CodeSuggestWarning, stacklevel=3)
        return out

    def _set(
        self,
        note: Note,
        suggestions: Sequence[Suggestion],
        suppressed: Sequence[SuppressedMention],
        document: DocumentGuess | None,
        found: ExtractedNote,
        notices: tuple[str, ...],
        points: Mapping[str, float],
    ) -> SuggestionSet:
        return SuggestionSet(
            tuple(suggestions),
            tuple(suppressed),
            dict(self._releases),
            self.model_version,
            dict(points),
            note.note_id,
            note.setting if document is None else document.setting,
            document is not None and note.setting is None,
            tuple(found.sections),
            notices,
            None if document is None else document.kind,
        )
