"""How fast a model is: load, extraction and suggestion, beside a blank spaCy pipeline.

Times of one machine say little about another; the ratio to ``spacy.blank("en")`` on the same
texts in the same run carries over.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

from codesuggest.errors import InputError
from codesuggest.training.note_files import find_notes, read_note

if TYPE_CHECKING:
    from codesuggest.suggester import CodeSuggester

__all__ = [
    "EXAMPLE_NOTES",
    "BenchmarkReport",
    "Timing",
    "load_timed",
    "measure",
    "one_core",
    "read_texts",
    "resident_mb",
    "run",
    "time_passes",
]

#: Invented notes that ship with the package.
EXAMPLE_NOTES = Path(__file__).parent / "data" / "example_notes.jsonl"
PASSES = 3
_WORDS = 400


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds that one stage took over all texts: the median pass."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class BenchmarkReport:
    """Figures of one run.

    Parameters
    ----------
    n_texts, n_words, n_chars : int
        Size of what was read; words are separated by white space.
    import_seconds, load_seconds : float
        Importing the libraries; loading the model after that.
    resident_mb : float or None
        Memory of the process after the passes; None where the system does not tell.
    timings : tuple of Timing
        The last one is the blank spaCy pipeline, to which the others are compared.
    """

    n_texts: int
    n_words: int
    n_chars: int
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
            "import_seconds": self.import_seconds,
            "load_seconds": self.load_seconds,
            "resident_mb": self.resident_mb,
            "timings": [
                {
                    "name": t.name,
                    "seconds": t.seconds,
                    "ms_per_400_words": 1000 * _WORDS * t.seconds / self.n_words,
                    "chars_per_second": self.n_chars / t.seconds,
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


def time_passes(
    stage: Callable[[str], object], texts: Sequence[str], passes: int = PASSES
) -> float:
    """Return the median seconds of `passes` over `texts`, after one warm-up."""
    for text in texts:
        stage(text)
    seconds = []
    for _ in range(passes):
        start = perf_counter()
        for text in texts:
            stage(text)
        seconds.append(perf_counter() - start)
    return median(seconds)


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


def measure(
    suggester: CodeSuggester,
    texts: Sequence[str],
    *,
    import_seconds: float = 0.0,
    load_seconds: float = 0.0,
    passes: int = PASSES,
) -> BenchmarkReport:
    """Time the stages of `suggester` over `texts` in this process.

    Parameters
    ----------
    suggester : CodeSuggester
    texts : sequence of str
        At least one word in all.
    import_seconds, load_seconds : float
        As `load_timed` returned them.
    passes : int
        Passes after the warm-up, of which the median counts.
    """
    # the class of an English pipeline, called bare, is what spacy.blank("en") makes
    blank = type(suggester.nlp)()
    whole = time_passes(suggester.suggest, texts, passes)
    extraction = time_passes(suggester.extract, texts, passes)
    memory = resident_mb()
    yardstick = time_passes(blank, texts, passes)
    return BenchmarkReport(
        len(texts),
        sum(len(text.split()) for text in texts),
        sum(map(len, texts)),
        import_seconds,
        load_seconds,
        memory,
        (
            Timing("suggestion, whole", whole),
            Timing("extraction alone", extraction),
            Timing("spacy.blank('en')", yardstick),
        ),
    )


def run(
    texts: Sequence[str], model: Path | None = None, *, trusted: bool = False
) -> BenchmarkReport:
    """Load a model and measure it, all on one core."""
    with one_core():
        suggester, importing, loading = load_timed(model, trusted=trusted)
        return measure(suggester, texts, import_seconds=importing, load_seconds=loading)
