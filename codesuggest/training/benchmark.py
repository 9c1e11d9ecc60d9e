"""How fast a model is: load, extraction and suggestion, beside a blank spaCy pipeline.

Times of one machine say little about another; the ratio to ``spacy.blank("en")`` on the same
texts in the same run carries over. Every text is timed once a stage, after a warm-up on other
texts, and every stage has a suggester of its own, so that no cache has seen a text before.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from codesuggest.errors import InputError
from codesuggest.training.note_files import find_notes, read_note

if TYPE_CHECKING:
    from codesuggest.suggester import CodeSuggester

__all__ = [
    "EXAMPLE_NOTES",
    "WARM_UP_NOTES",
    "BenchmarkReport",
    "Timing",
    "load_timed",
    "one_core",
    "read_texts",
    "resident_mb",
    "run",
    "split_warm_up",
    "time_stages",
]

#: Invented notes that ship with the package.
EXAMPLE_NOTES = Path(__file__).parent / "data" / "example_notes.jsonl"
#: Others of them, of every setting, to warm up on where there is little to time.
WARM_UP_NOTES = Path(__file__).parent / "data" / "warm_up_notes.jsonl"
_WORDS = 400
#: Texts that warm up: this share of them, and at least so many where there are enough.
_WARM_UP_SHARE, _WARM_UP_LEAST = 0.1, 20


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds that one stage took for each text."""

    name: str
    each: tuple[float, ...]

    @property
    def seconds(self) -> float:
        """Seconds over all texts."""
        return sum(self.each)

    @property
    def p95(self) -> float:
        """Seconds that 95 % of the texts stay within (nearest rank)."""
        return sorted(self.each)[max(-(-95 * len(self.each) // 100) - 1, 0)]


@dataclass(frozen=True, slots=True)
class BenchmarkReport:
    """Figures of one run.

    Parameters
    ----------
    n_texts, n_words, n_chars : int
        Size of what was timed; words are separated by white space.
    n_warm_up : int
        Other texts that were read before, untimed.
    import_seconds, load_seconds : float
        Importing the libraries; loading the model after that.
    resident_mb : float or None
        Memory of the process with one suggester, after the warm-up; None where the system does
        not tell.
    timings : tuple of Timing
        The last one is the blank spaCy pipeline, to which the others are compared.
    """

    n_texts: int
    n_words: int
    n_chars: int
    n_warm_up: int
    import_seconds: float
    load_seconds: float
    resident_mb: float | None
    timings: tuple[Timing, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures with those derived from them, as plain data."""
        blank = self.timings[-1].seconds
        return {
            "n_texts": self.n_texts,
            "n_words": self.n_words,
            "n_chars": self.n_chars,
            "n_warm_up": self.n_warm_up,
            "import_seconds": self.import_seconds,
            "load_seconds": self.load_seconds,
            "resident_mb": self.resident_mb,
            "timings": [
                {
                    "name": t.name,
                    "seconds": t.seconds,
                    "ms_per_400_words": 1000 * _WORDS * t.seconds / self.n_words,
                    "chars_per_second": self.n_chars / t.seconds,
                    "p95_ms": 1000 * t.p95,
                    "ratio": t.seconds / blank,
                }
                for t in self.timings
            ],
        }


def read_texts(path: Path | None = None, limit: int | None = None) -> list[str]:
    """Read notes to measure on.

    Parameters
    ----------
    path : Path, optional
        A folder (its ``*.txt``, recursively), a ``.jsonl`` file (field ``text`` of each line)
        or a text file; `EXAMPLE_NOTES` when None.
    limit : int, optional
        At most this many, from the first.

    Raises
    ------
    InputError
        There is nothing at `path`, no text in it, or a line that is not such JSON.
    EncodingError
        A file is not UTF-8.
    """
    if limit is not None and limit < 1:
        raise InputError(f"limit must be at least 1, got {limit}")
    source = EXAMPLE_NOTES if path is None else path
    if source.suffix == ".jsonl" and source.is_file():
        lines = enumerate(read_note(str(source)).split("\n"), 1)
        numbered = [(number, line) for number, line in lines if line.strip()]
        texts = [_text(source, number, line) for number, line in numbered[:limit]]
    else:
        texts = [read_note(file) for file in find_notes(str(source))[:limit]]
    if not any(text.split() for text in texts):
        raise InputError(f"{source}: no text to measure on")
    return texts


def _text(path: Path, number: int, line: str) -> str:
    try:
        row = json.loads(line)
    except ValueError:
        raise InputError(f"{path}, line {number}: not JSON") from None
    text = row.get("text") if isinstance(row, dict) else None
    if not isinstance(text, str):
        raise InputError(f"{path}, line {number}: expected an object with a string 'text'")
    return text


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process on one core, where the system allows; threads started inside too."""
    if sys.platform != "linux":
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def resident_mb() -> float | None:
    """Return the resident memory of this process in MB (1e6 bytes), None where unknown."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def split_warm_up(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return texts to warm up on and texts to time, none in both.

    A tenth of the texts warms up, spread evenly, and at least 20 when that leaves as many;
    `WARM_UP_NOTES` when there are fewer. A text that occurs twice is timed once.
    """
    # the second time, a text would be timed warm
    different = list(dict.fromkeys(texts))
    if len(different) < 2 * _WARM_UP_LEAST:
        return [t for t in read_texts(WARM_UP_NOTES) if t not in different], different
    wanted = max(round(_WARM_UP_SHARE * len(different)), _WARM_UP_LEAST)
    chosen = {number * len(different) // wanted for number in range(wanted)}
    warm = [text for number, text in enumerate(different) if number in chosen]
    return warm, [text for number, text in enumerate(different) if number not in chosen]


def time_stages(
    stages: Mapping[str, Callable[[str], object]], warm_up: Sequence[str], texts: Sequence[str]
) -> tuple[Timing, ...]:
    """Time each stage on each text exactly once.

    The stages take turns text by text, always in the same order, so that whatever else the
    machine does meets all of them alike.
    """
    for text in warm_up:
        for stage in stages.values():
            stage(text)
    seconds: dict[str, list[float]] = {name: [] for name in stages}
    for text in texts:
        for name, stage in stages.items():
            start = perf_counter()
            stage(text)
            seconds[name].append(perf_counter() - start)
    return tuple(Timing(name, tuple(each)) for name, each in seconds.items())


def load_timed(
    path: Path | None = None, *, trusted: bool = False
) -> tuple[CodeSuggester, float, float]:
    """Load a model as `codesuggest.load` does.

    Returns
    -------
    CodeSuggester, float, float
        The model, the seconds that importing took (0 when done before) and those of loading.
    """
    start = perf_counter()
    from codesuggest.suggester import load

    imported = perf_counter()
    suggester = load(path, trusted=trusted)
    return suggester, imported - start, perf_counter() - imported


def run(
    texts: Sequence[str], model: Path | None = None, *, trusted: bool = False
) -> BenchmarkReport:
    """Load a model for each stage and time the stages over `texts`, all on one core."""
    with one_core():
        warm_up, timed = split_warm_up(texts)
        suggester, importing, loading = load_timed(model, trusted=trusted)
        for text in warm_up:
            suggester.suggest(text)
        memory = resident_mb()
        extractor, _, _ = load_timed(model, trusted=trusted)
        # the class of an English pipeline, called bare, is what spacy.blank("en") makes
        blank = type(suggester.nlp)()
        timings = time_stages(
            {
                "suggestion, whole": suggester.suggest,
                "extraction alone": extractor.extract,
                "spacy.blank('en')": blank,
            },
            warm_up,
            timed,
        )
    return BenchmarkReport(
        len(timed),
        sum(len(text.split()) for text in timed),
        sum(map(len, timed)),
        len(warm_up),
        importing,
        loading,
        memory,
        timings,
    )
