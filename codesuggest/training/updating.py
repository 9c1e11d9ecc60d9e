"""Learn from a coder's decisions in seconds: ``update(model, decisions)``."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from codesuggest.errors import InputError, TrainingDataError
from codesuggest.extraction.pipeline import ExtractedNote
from codesuggest.model_directory import default_model, save_model, verify_manifest, write_manifest
from codesuggest.ranking.decided import DecidedWordings
from codesuggest.ranking.site_features import label_of, wording_of
from codesuggest.schema import SYSTEMS
from codesuggest.suggester import CodeSuggester, load
from codesuggest.training.code_reading import CodeReader, ReadingReport
from codesuggest.training.learned_wording import LearnedWording, extend_indexes
from codesuggest.training.tables import TableSource, name_of, rows_of

__all__ = ["VERDICTS", "Decision", "UpdateResult", "read_decisions", "update"]

VERDICTS = ("confirmed", "corrected", "rejected")
#: Files of a model that an update leaves as they are.
_CARRIED = ("kept_notes.npz", "figures.json", "left_out.csv", "MODEL_CARD.md")
_LONGEST_WORDING = 5


@dataclass(frozen=True, slots=True)
class Decision:
    """What a coder made of one suggestion.

    Parameters
    ----------
    text : str
        Of the note.
    start_char, end_char : int
        Where the evidence stands.
    code : str
        The code suggested, or added by the coder (then ``"confirmed"``).
    verdict : str
        One of `VERDICTS`.
    system : str, optional
        Of the code; told from its form when None.
    corrected_to : str, optional
        The right code, for ``"corrected"``.
    """

    text: str
    start_char: int
    end_char: int
    code: str
    verdict: str
    system: str | None = None
    corrected_to: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateResult:
    """What an update did; `reading` lists the decisions that could not be used."""

    path: Path
    n_decisions: int
    n_wordings: int
    verdicts: dict[str, int]
    reading: ReadingReport
    seconds: float

    def load(self) -> CodeSuggester:
        """Load the model."""
        return load(self.path)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "path": str(self.path),
            "n_decisions": self.n_decisions,
            "n_wordings": self.n_wordings,
            "verdicts": dict(self.verdicts),
            "seconds": round(self.seconds, 1),
            "reading": self.reading.to_dict(),
        }


def read_decisions(source: TableSource, report: ReadingReport) -> list[tuple[int, Decision]]:
    """Read decisions from a table; rows that cannot be used go to the report.

    Columns: ``text``, ``start_char``, ``end_char``, ``code``, ``decision`` (one of
    `VERDICTS`), optionally ``system`` and ``corrected_code``.
    """
    out = []
    file = name_of(source)
    for number, row in rows_of(source, report):
        decision = _decision(row)
        if isinstance(decision, str):
            report.leave_out(file, number, decision)
        else:
            out.append((number, decision))
    return out


def _decision(row: Mapping[str, Any]) -> Decision | str:
    text = row.get("text")
    if not isinstance(text, str) or not text.strip():
        return "no text"
    try:
        start, end = int(row["start_char"]), int(row["end_char"])
    except (KeyError, TypeError, ValueError):
        return "start_char and end_char are not numbers"
    verdict = str(row.get("decision") or row.get("verdict") or "").lower()
    system, right = row.get("system"), row.get("corrected_code")
    return Decision(
        text,
        start,
        end,
        str(row.get("code") or ""),
        verdict,
        str(system) if system else None,
        str(right) if right else None,
    )


def update(
    model: str | Path,
    decisions: TableSource | Sequence[Decision],
    *,
    out: str | Path | None = None,
    trusted: bool = False,
) -> UpdateResult:
    """Move a model's confidence by what coders decided.

    No model is fitted: the wordings of the decisions are counted for and against their codes,
    and wordings that the model does not know become aliases. Training again with the notes
    learns more from the same decisions.

    Parameters
    ----------
    model : str or Path
        Model directory.
    decisions : path, DataFrame or sequence of Decision
        See `read_decisions` for the columns.
    out : str or Path, optional
        A new directory; without it the model is replaced.
    trusted : bool
        As for `codesuggest.load`.

    Returns
    -------
    UpdateResult

    Raises
    ------
    InputError
        `out` is there already, or the packaged default model would be replaced.
    TrainingDataError
        No decision can be used.
    ModelError
        The model cannot be used.
    """
    began = perf_counter()
    source = Path(model)
    target = source if out is None else Path(out)
    if out is None and source.resolve() == default_model().resolve():
        raise InputError("the default model stays as it is; name a folder for the new one")
    if out is not None and target.exists():
        raise InputError(f"{target}: already there; name a new folder for the model")
    manifest = verify_manifest(source, trusted=trusted)
    suggester = load(source, trusted=trusted)
    report = ReadingReport()
    if isinstance(decisions, Sequence) and not isinstance(decisions, str):
        name, numbered = "decisions", list(enumerate(decisions, 1))
    else:
        name, numbered = name_of(decisions), read_decisions(decisions, report)
    usable = _usable(numbered, name, CodeReader(suggester.terminology, report), report)
    if not usable:
        raise TrainingDataError(f"{name}: no decision can be used; {report.summary()}")
    decided = suggester.ranker.decided or DecidedWordings()
    learned = _count(suggester, usable, decided)
    suggester.ranker.decided = decided
    mentions = suggester.nlp.get_pipe("codesuggest_mentions")
    indexes = extend_indexes(mentions.indexes, learned)
    fresh = target.with_name(f".{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    save_model(fresh, suggester.ranker, indexes, mentions.known_words, mentions.proposer)
    for file in _CARRIED:
        if (source / file).exists():
            shutil.copyfile(source / file, fresh / file)
    version = _next_version(str(manifest["version"]))
    write_manifest(fresh, version, manifest["releases"], base=manifest["version"])
    if out is None:
        old = target.with_name(f".{target.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        target.rename(old)
        fresh.rename(target)
        shutil.rmtree(old)
    else:
        fresh.rename(target)
    verdicts = Counter(d.verdict for d, _, _ in usable)
    return UpdateResult(
        target, len(usable), len(learned), dict(verdicts), report, perf_counter() - began
    )


Key = tuple[int, int]


def _usable(
    numbered: Iterable[tuple[int, Decision]], file: str, reader: CodeReader, report: ReadingReport
) -> list[tuple[Decision, Key, Key | None]]:
    """Return decisions with the keys of their code and of the right one."""
    out = []
    for number, decision in numbered:
        if decision.verdict not in VERDICTS:
            report.leave_out(file, number, f"a decision other than {', '.join(VERDICTS)}")
            continue
        if not 0 <= decision.start_char < decision.end_char <= len(decision.text):
            report.leave_out(file, number, "a span outside the text")
            continue
        code = reader(decision.code, decision.system, file, number)
        right = None
        if decision.verdict == "corrected":
            if not decision.corrected_to:
                report.leave_out(file, number, "corrected, but no corrected_code")
                continue
            right = reader(decision.corrected_to, None, file, number)
            if right is None:
                continue
        if code is None:
            continue
        out.append((decision, _key(reader, code), None if right is None else _key(reader, right)))
    report.n_codes = len(out)
    return out


def _key(reader: CodeReader, found: tuple[str, str]) -> Key:
    return SYSTEMS.index(found[0]), reader.systems[found[0]].row_of[found[1]]


def _count(
    suggester: CodeSuggester,
    usable: Sequence[tuple[Decision, Key, Key | None]],
    decided: DecidedWordings,
) -> list[LearnedWording]:
    """Count every decision for its wording; return wordings that no alias knows."""
    found: dict[str, ExtractedNote] = {}
    learned = []
    indexes = suggester.nlp.get_pipe("codesuggest_mentions").indexes
    for decision, key, right in usable:
        text = decision.text
        if text not in found:
            found[text] = suggester.extract(text)
        verdicts = [(key, decision.verdict == "confirmed")]
        if right is not None:
            verdicts.append((right, True))
        for wanted, good in verdicts:
            label = label_of(wanted[0])
            wording = _wording(found[text], decision, label)
            if wording is None:
                forms = indexes[label].forms
                bag = tuple(sorted(forms.bag(text[decision.start_char : decision.end_char])))
                if not 1 <= len(bag) <= _LONGEST_WORDING:
                    continue
                wording = wording_of(label, bag)
                if good:
                    learned.append(LearnedWording(bag, *wanted))
            decided.add(wording, wanted, good)
    return learned


def _wording(found: ExtractedNote, decision: Decision, label: str) -> int | None:
    """Return the wording of the mention that covers most of a decision's span."""
    best, most = None, 0
    for extract in found.extracts:
        # a line that is a mention as a whole holds more than the wording
        if extract.label != label or extract.bag < 0:
            continue
        shared = min(extract.end_char, decision.end_char) - max(
            extract.start_char, decision.start_char
        )
        if shared > most:
            best, most = extract, shared
    if best is None:
        return None
    # a mention of a small part of the span, or one far longer, says something else
    longer = max(decision.end_char - decision.start_char, best.end_char - best.start_char)
    if 2 * most < longer:
        return None
    return wording_of(label, best.core)


def _next_version(version: str) -> str:
    """Return ``1.0+site`` as ``1.0+site.u1``, that one as ``1.0+site.u2``."""
    stem, mark, number = version.rpartition(".u")
    if mark and number.isdigit():
        return f"{stem}.u{int(number) + 1}"
    return f"{version}{'' if '+' in version else '+site'}.u1"
