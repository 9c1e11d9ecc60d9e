"""Suggestions by several processes: each loads the model once, notes go out in batches."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from codesuggest.schema import Note, SuggestionSet

__all__ = ["suggest_in_processes"]


class Suggests(Protocol):
    """What a worker process asks: a `CodeSuggester`."""

    @property
    def suggest(self) -> Callable[..., SuggestionSet]:
        """Suggests codes for one note."""
        ...


#: What a worker process holds: its suggester, and the options of each call.
_worker: tuple[Suggests, dict[str, Any]] | None = None


def suggest_in_processes(
    load: Callable[[], Suggests],
    notes: Iterable[Note | str],
    n_process: int,
    batch_size: int,
    options: dict[str, Any],
) -> Iterator[SuggestionSet]:
    """Yield the suggestions for notes in order, few batches ahead of what is asked for.

    Parameters
    ----------
    load : function
        Makes the suggester of a process; must be picklable.
    notes : iterable of Note or str
    n_process, batch_size : int
    options : dict
        As for `CodeSuggester.suggest`.
    """
    context = multiprocessing.get_context("spawn")
    with context.Pool(n_process, _start, (load, options)) as pool:
        waiting: deque[Any] = deque()
        for batch in _batches(notes, batch_size):
            waiting.append(pool.apply_async(_suggest_batch, (batch,)))
            if len(waiting) > 2 * n_process:
                yield from waiting.popleft().get()
        while waiting:
            yield from waiting.popleft().get()


def _start(load: Callable[[], Suggests], options: dict[str, Any]) -> None:
    global _worker
    _worker = (load(), options)


def _suggest_batch(batch: list[Note | str]) -> list[SuggestionSet]:
    if _worker is None:
        raise RuntimeError("the worker process was not started by suggest_in_processes")
    suggester, options = _worker
    return [suggester.suggest(note, **options) for note in batch]


def _batches(notes: Iterable[Note | str], size: int) -> Iterator[list[Note | str]]:
    batch: list[Note | str] = []
    for note in notes:
        batch.append(note)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
