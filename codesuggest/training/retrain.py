"""Train a model on coded notes: ``train(notes, codes, out=..., base=...)``."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

import codesuggest
from codesuggest.errors import InputError, TrainingDataError
from codesuggest.extraction.pipeline import blank_pipeline
from codesuggest.extraction.proposer import SpanProposer
from codesuggest.model_directory import (
    default_model,
    save_model,
    verify_manifest,
    write_manifest,
)
from codesuggest.ranking.ranker import Ranker
from codesuggest.schema import SYSTEMS
from codesuggest.suggester import load
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.releases import load_release
from codesuggest.training.alias_tables import drawn_terms, known_words
from codesuggest.training.checkpoints import Checkpoints, index_fingerprint
from codesuggest.training.code_reading import ReadingReport
from codesuggest.training.coded_files import NotesSource, read_coded
from codesuggest.training.corpora import CodedNote
from codesuggest.training.examples import Examples, NoteFit, mention_examples, term_examples, tie
from codesuggest.training.fit import fit_mention_models
from codesuggest.training.kept_notes import KEPT_FILE, KeptNotes
from codesuggest.training.learned_wording import extend_indexes, from_notes, from_spans
from codesuggest.training.measure import Scores, best_point, score_predictions
from codesuggest.training.model_card import write_site_card
from codesuggest.training.site_fit import SiteFit, fit_site
from codesuggest.training.site_scores import kept_scores

if TYPE_CHECKING:
    from codesuggest.suggester import CodeSuggester
    from codesuggest.training.code_reading import Conversions

__all__ = ["Progress", "TrainingResult", "train"]

log = logging.getLogger(__name__)

#: Told the name of the step, its share done in [0, 1], and the seconds since the start.
Progress = Callable[[str, float, float], None]
#: Fewest notes with codes from which anything is learned.
LEAST_NOTES = 10
_FOLDS = 5
_TERM_WEIGHT = 0.3
#: One in so many terms of the lexicon teaches the mention model what words mean in general.
_EVERY_TERM = 4


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a training left.

    Attributes
    ----------
    path : Path
        The model directory.
    reading : ReadingReport
        What was read, mapped and left out.
    figures : dict of str to Scores
        Out of fold by note: each system on the notes given, and the base model's own notes
        before and after.
    n_notes, n_wordings : int
        Notes learned from; wordings learned that no alias knew.
    seconds : float
    """

    path: Path
    reading: ReadingReport
    figures: dict[str, Scores]
    n_notes: int
    n_wordings: int
    seconds: float

    def load(self) -> CodeSuggester:
        """Load the model."""
        return load(self.path)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "path": str(self.path),
            "n_notes": self.n_notes,
            "n_wordings": self.n_wordings,
            "seconds": round(self.seconds, 1),
            "figures": {name: s.to_dict() for name, s in self.figures.items()},
            "reading": self.reading.to_dict(),
        }


def train(
    notes: NotesSource,
    codes: NotesSource | None = None,
    *,
    out: str | Path,
    base: str | Path | None = None,
    trusted: bool = False,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    conversions: Conversions | None = None,
    version: str | None = None,
    progress: Progress | None = None,
) -> TrainingResult:
    """Train a model on coded notes and write it to a directory.

    Parameters
    ----------
    notes : path, DataFrame or sequence of CodedNote
        A table with ``note_id`` and ``text`` (CSV, JSONL, Parquet), gold JSONL, or a folder in
        the layout of MIMIC-IV or CodiEsp; see `codesuggest.training.coded_files.read_coded`.
    codes : path or DataFrame, optional
        A table with ``note_id`` and ``code``, where `notes` has no codes of its own.
    out : str or Path
        The new model directory; it must not exist or be empty.
    base : str or Path, optional
        Model to start from: it is not forgotten. Without one the model knows the terminology
        and what these notes teach, nothing else.
    trusted : bool
        As for `codesuggest.load`, for `base`.
    seed : int
        Of folds, samples and trees; the same data and seed give the same model.
    checkpoint : str or Path, optional
        Folder that keeps the extraction, so that an interrupted training resumes. It holds
        stems of the notes; it is emptied at the end.
    conversions : Conversions, optional
        Maps ICD-10-CM codes of older years forward.
    version : str, optional
        Of the new model.
    progress : function of (step, share, seconds), optional

    Returns
    -------
    TrainingResult

    Raises
    ------
    InputError
        `out` holds something, or an argument cannot be used.
    TrainingDataError
        Notes or codes that cannot be read, or too few of them.
    ModelError
        `base` cannot be used.

    Examples
    --------
    >>> from codesuggest.training import train
    >>> result = train("notes.csv", "codes.csv", out="my-clinic")  # doctest: +SKIP
    >>> result.load().suggest("...")  # doctest: +SKIP
    """
    target = Path(out)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"{target}: already there; name a new folder for the model")
    systems = {name: load_release(name) for name in SYSTEMS}
    coded, reading = read_coded(notes, codes, systems, conversions)
    usable = [n for n in coded if n.must]
    if len(usable) < LEAST_NOTES:
        raise TrainingDataError(
            f"{len(usable)} of the notes have codes that can be used, expected at least "
            f"{LEAST_NOTES}; {reading.summary()}"
        )
    return fit_model(
        coded,
        reading,
        target,
        systems,
        base=None if base is None else Path(base),
        trusted=trusted,
        seed=seed,
        checkpoints=Checkpoints(None if checkpoint is None else Path(checkpoint)),
        version=version or f"{codesuggest.__version__}+site",
        progress=progress,
    )


@dataclass(slots=True)
class _Start:
    """What a training starts from."""

    indexes: dict[str, AliasIndex]
    words: frozenset[str]
    proposer: SpanProposer | None
    ranker: Ranker | None
    kept: KeptNotes | None
    version: str


def _start(base: Path | None, systems: dict[str, CodeSystem], trusted: bool) -> _Start:
    """Load the base model; without one, the alias indexes of the default model alone."""
    folder = base or default_model()
    manifest = verify_manifest(folder, trusted=trusted)
    suggester = load(folder, trusted=trusted)
    mentions = suggester.nlp.get_pipe("codesuggest_mentions")
    if base is None:
        for index in mentions.indexes.values():
            # which words are everyday words was learned from notes
            index.silence([])
        return _Start(mentions.indexes, frozenset(), None, None, None, "")
    kept = folder / KEPT_FILE
    return _Start(
        mentions.indexes,
        mentions.known_words,
        mentions.proposer,
        suggester.ranker,
        KeptNotes.load(kept) if kept.exists() else None,
        str(manifest["version"]),
    )


def fit_model(
    notes: Sequence[CodedNote],
    reading: ReadingReport,
    target: Path,
    systems: dict[str, CodeSystem],
    *,
    base: Path | None = None,
    trusted: bool = False,
    seed: int = 0,
    checkpoints: Checkpoints | None = None,
    version: str = "0",
    progress: Progress | None = None,
) -> TrainingResult:
    """Train on notes that were read already; `train` describes the arguments."""
    began = perf_counter()
    tell = progress or (lambda step, share, seconds: None)
    checkpoints = checkpoints or Checkpoints()

    def step(name: str) -> Callable[[float], None]:
        log.info("%s", name)
        return lambda share: tell(name, share, perf_counter() - began)

    start = _start(base, systems, trusted)
    words = start.words | known_words(n.text for n in notes)
    indexes = extend_indexes(start.indexes, spans := from_spans(notes, start.indexes, systems))
    ranker = start.ranker or Ranker()
    ranker.bind(indexes, systems)
    fits = _extract(notes, indexes, words, start.proposer, checkpoints, step("reading notes"))
    learned = from_notes(fits, ranker, _stems(indexes, words), indexes)
    if learned:
        indexes = extend_indexes(indexes, learned)
        ranker.bind(indexes, systems)
        again = step("reading notes again")
        fits = _extract(notes, indexes, words, start.proposer, checkpoints, again)
    folds = np.random.default_rng(seed).permutation(np.arange(len(fits)) % _FOLDS)
    if start.ranker is None:
        rankers = _mention_rankers(ranker, indexes, systems, fits, folds, seed, step("mentions"))
    else:
        # a site model or decisions of the base stay out of what the new one learns from
        rankers = [ranker]
    site_fit = fit_site(rankers, folds, fits, start.kept, seed, step("codes"))
    before = ranker.calibrators, dict(ranker.operating_points)
    ranker.site, ranker.decided = site_fit.site, None
    figures = _set_points(ranker, site_fit, fits)
    if start.kept is not None:
        figures.update(kept_scores(start.kept, site_fit, *before, ranker.operating_points))
    target.mkdir(parents=True, exist_ok=True)
    save_model(target, ranker, indexes, words, start.proposer)
    if start.kept is not None:
        start.kept.save(target / KEPT_FILE)
    (target / "figures.json").write_text(
        json.dumps({k: v.to_dict() for k, v in figures.items()}, indent=1), encoding="utf-8"
    )
    reading.write_left_out(target / "left_out.csv")
    releases = {name: s.release for name, s in systems.items()}
    write_manifest(target, version, releases, base=start.version, seed=seed)
    write_site_card(target, version, releases, start.version, notes, reading, figures)
    checkpoints.clear()
    return TrainingResult(
        target, reading, figures, len(fits), len(spans) + len(learned), perf_counter() - began
    )


def _extract(
    notes: Sequence[CodedNote],
    indexes: dict[str, AliasIndex],
    words: frozenset[str],
    proposer: SpanProposer | None,
    checkpoints: Checkpoints,
    progress: Callable[[float], None],
) -> list[NoteFit]:
    nlp = blank_pipeline(with_linker=False)
    nlp.get_pipe("codesuggest_mentions").set_indexes(indexes, words, proposer)
    fingerprint = index_fingerprint(indexes, words, proposer)
    found = checkpoints.extract(nlp, notes, fingerprint, progress)
    return [tie(note, extracted) for note, extracted in zip(notes, found, strict=True)]


def _stems(
    indexes: dict[str, AliasIndex], words: frozenset[str]
) -> Callable[[str], tuple[str, ...]]:
    nlp = blank_pipeline(with_linker=False)
    mentions = nlp.get_pipe("codesuggest_mentions")
    mentions.set_indexes(indexes, words)
    stems: Callable[[str], tuple[str, ...]] = mentions.finder.stems
    return stems


def _mention_rankers(
    final: Ranker,
    indexes: dict[str, AliasIndex],
    systems: dict[str, CodeSystem],
    fits: Sequence[NoteFit],
    folds: np.ndarray[Any, Any],
    seed: int,
    progress: Callable[[float], None],
) -> list[Ranker]:
    """Return a ranker a fold whose mention models never saw its notes; fit those of `final`."""
    if final.finder is None:
        raise RuntimeError("unreachable: the ranker is bound")
    taught = [mention_examples(final, [fit]) for fit in fits]
    terms = term_examples(final.finder, drawn_terms(systems)[::_EVERY_TERM], _TERM_WEIGHT)
    rankers = []
    for fold in range(_FOLDS):
        ranker = Ranker().bind(indexes, systems)
        ranker.mention_models = fit_mention_models(
            Examples.join([terms, *(t for t, f in zip(taught, folds, strict=True) if f != fold)]),
            seed,
        )
        rankers.append(ranker)
        progress((fold + 1) / (_FOLDS + 1))
    final.mention_models = fit_mention_models(Examples.join([terms, *taught]), seed)
    progress(1.0)
    return rankers


def _set_points(ranker: Ranker, result: SiteFit, fits: Sequence[NoteFit]) -> dict[str, Scores]:
    """Choose the operating points of the systems that the site model took over."""
    notes = [f.note for f in fits]
    site = result.site
    confidences = np.array(
        [
            site.calibrators[s](x) if s in site.calibrators else 1 / (1 + np.exp(-x))
            for (_, s, _), x in zip(result.keys, result.scores, strict=True)
        ]
    )
    figures = {}
    for position in site.systems:
        system = SYSTEMS[position]
        point, scores = best_point(result.keys, confidences, notes, system)
        ranker.operating_points[system] = point
        figures[f"{system} on these notes"] = scores
        for corpus in sorted({n.corpus for n in notes if n.corpus}):
            chosen = {i for i, n in enumerate(notes) if n.corpus == corpus}
            if len(chosen) < len(notes):
                figures[f"{system} on {corpus}"] = score_predictions(
                    result.keys, confidences, notes, system, point, chosen
                )
    return figures
