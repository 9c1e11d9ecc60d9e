from __future__ import annotations

import pytest

from codesuggest.training.benchmark import (
    EXAMPLE_NOTES,
    WARM_UP_NOTES,
    Timing,
    read_texts,
    split_warm_up,
    time_stages,
)


@pytest.mark.parametrize(
    ("n", "n_warm", "n_timed"),
    [(40, 20, 20), (100, 20, 80), (500, 50, 450)],
    ids=["just enough", "at least twenty", "a tenth"],
)
def test_a_part_of_the_texts_warms_up(n: int, n_warm: int, n_timed: int) -> None:
    texts = [f"text {i}" for i in range(n)]
    warm, timed = split_warm_up(texts)
    assert (len(warm), len(timed)) == (n_warm, n_timed)
    assert sorted([*warm, *timed]) == sorted(texts)


@pytest.mark.parametrize("n", [1, 39])
def test_few_texts_are_warmed_up_for_by_others(n: int) -> None:
    texts = [f"text {i}" for i in range(n)]
    assert split_warm_up(texts) == (read_texts(WARM_UP_NOTES), texts)


def test_no_text_is_timed_twice_or_after_its_warm_up() -> None:
    assert split_warm_up(["a", "b", "a"])[1] == ["a", "b"]
    warm, timed = split_warm_up([f"text {i % 60}" for i in range(300)])
    assert len(set(warm)) + len(timed) == 60
    assert set(warm).isdisjoint(timed)


def test_the_example_notes_are_not_warmed_up_on() -> None:
    examples = read_texts(EXAMPLE_NOTES)
    warm, timed = split_warm_up(examples)
    assert timed == examples
    assert len(warm) >= 8
    assert set(warm).isdisjoint(examples)


def test_stages_take_turns_and_see_each_text_once() -> None:
    seen: list[tuple[str, str]] = []
    stages = {name: lambda text, name=name: seen.append((name, text)) for name in ("x", "y")}
    timings = time_stages(stages, ["w"], ["a", "b"])
    assert seen == [
        ("x", "w"), ("y", "w"), ("x", "a"), ("y", "a"), ("x", "b"), ("y", "b"),
    ]  # fmt: skip
    assert [(t.name, len(t.each)) for t in timings] == [("x", 2), ("y", 2)]
    assert all(t.seconds >= 0 for t in timings)


@pytest.mark.parametrize(
    ("each", "p95"),
    [((3.0,), 3.0), (tuple(range(1, 101)), 95), ((1.0, 2.0, 9.0), 9.0)],
    ids=["one", "a hundred", "three"],
)
def test_p95(each: tuple[float, ...], p95: float) -> None:
    assert Timing("x", each).p95 == p95
    assert Timing("x", each).seconds == sum(each)
