"""The starter catalogues: axes part every family, and they hold what is coded."""

from __future__ import annotations

import itertools
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from codesuggest.terminology.readers import read_files
from codesuggest.terminology.releases import load_release, read_catalogue
from codesuggest.training.corpora import read_gold

SYSTEMS = ("CPT", "HCPCS")
RANGE = re.compile(r"(\d+(?:\.\d+)?)?\.\.(\d+(?:\.\d+)?)?")
NUMBER = re.compile(r"\d+(?:\.\d+)?")

Member = tuple[str, dict[str, str]]


def bounds(value: str) -> tuple[float, float] | None:
    """Return the numbers a value covers, None for a word."""
    if NUMBER.fullmatch(value):
        return float(value), float(value)
    match = RANGE.fullmatch(value)
    if match is None:
        return None
    return float(match[1] or -math.inf), float(match[2] or math.inf)


def meet(one: str, other: str) -> bool:
    a, b = bounds(one), bounds(other)
    if a is None or b is None:
        return one == other
    return a[0] <= b[1] and b[0] <= a[1]


def overlaps(members: list[Member]) -> Iterator[tuple[str, str]]:
    """Yield pairs of codes that one set of attributes can mean; a missing axis means any value."""
    for place, (code, axes) in enumerate(members):
        for other, others in members[:place]:
            if all(meet(axes[axis], others[axis]) for axis in axes.keys() & others.keys()):
                yield other, code


def gaps(members: list[Member]) -> Iterator[tuple[str, str, str]]:
    """Yield axis and neighbouring ranges with numbers between them that no member covers."""
    rows: dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[float, float, str]]]
    rows = defaultdict(list)
    for _, axes in members:
        for axis, value in axes.items():
            covered = bounds(value)
            if covered is not None:
                rest = tuple(sorted((a, v) for a, v in axes.items() if a != axis))
                rows[axis, rest].append((*covered, value))
    for (axis, _), covered_by in rows.items():
        covered_by.sort()
        decimals = any(re.search(r"\d\.\d", value) for *_, value in covered_by)
        step = 0.1 if decimals else 1.0
        for (_, end, value), (start, _, following) in itertools.pairwise(covered_by):
            if start - end > step + 1e-9:
                yield axis, value, following


def families(system: str) -> dict[str, list[Member]]:
    found: dict[str, list[Member]] = defaultdict(list)
    for row in read_catalogue(system):
        pairs = row["axes"].split(";") if row["axes"] else []
        axes = dict(pair.split("=", 1) for pair in pairs)
        found[row["family"]].append((row["code"], axes))
    return {name: members for name, members in found.items() if len(members) > 1}


@pytest.mark.parametrize("system", SYSTEMS)
def test_axes_part_every_family_without_overlaps(system: str) -> None:
    found = {name: pairs for name, m in families(system).items() if (pairs := list(overlaps(m)))}
    assert found == {}


@pytest.mark.parametrize("system", SYSTEMS)
def test_ranges_leave_no_gaps(system: str) -> None:
    found = {name: holes for name, m in families(system).items() if (holes := list(gaps(m)))}
    assert found == {}


@pytest.mark.parametrize("system", SYSTEMS)
def test_members_never_have_the_same_axes(system: str) -> None:
    same = [
        name
        for name, members in families(system).items()
        if len({tuple(sorted(axes.items())) for _, axes in members}) != len(members)
    ]
    assert same == []


@pytest.mark.parametrize(
    ("members", "pairs"),
    [
        pytest.param([{"views": "1"}, {"views": "2"}], 0, id="apart"),
        pytest.param([{"views": "1..2"}, {"views": "2.."}], 1, id="ranges overlap"),
        pytest.param([{"views": "1..2"}, {"views": "2"}], 1, id="number inside a range"),
        pytest.param([{"role": "addon"}, {"views": "2"}], 1, id="another axis"),
        pytest.param([{"size_cm": "..0.5"}, {"size_cm": "0.6.."}], 0, id="open ends"),
    ],
)
def test_overlaps_are_seen(members: list[dict[str, str]], pairs: int) -> None:
    assert len(list(overlaps([(str(i), axes) for i, axes in enumerate(members)]))) == pairs


@pytest.mark.parametrize(
    ("members", "holes"),
    [
        pytest.param([{"size_cm": "..0.5"}, {"size_cm": "0.6.."}], 0, id="decimals"),
        pytest.param([{"size_cm": "..0.5"}, {"size_cm": "0.7.."}], 1, id="decimals apart"),
        pytest.param([{"time_min": "10..19"}, {"time_min": "20..29"}], 0, id="whole numbers"),
        pytest.param([{"time_min": "10..19"}, {"time_min": "21..29"}], 1, id="minute missing"),
        pytest.param(
            [{"age": "..4", "patient": "new"}, {"age": "12..", "patient": "old"}], 0,
            id="other axes differ",
        ),
    ],
)  # fmt: skip
def test_gaps_are_seen(members: list[Mapping[str, str]], holes: int) -> None:
    assert len(list(gaps([("", dict(axes)) for axes in members]))) == holes


@pytest.mark.shared
@pytest.mark.parametrize("corpus", ["aci_bench", "mtsamples"])
def test_cpt_codes_of_the_gold_notes_are_covered(shared: Path, corpus: str) -> None:
    # a share only: which codes these notes have is not for the eyes of those who write the rows
    known = set(load_release("CPT").codes)
    given = [
        code
        for note in read_gold(shared / "corpora" / corpus / "gold.jsonl")
        for code in note.codes("CPT")
    ]
    n_given = len(given)
    share = round(sum(code in known for code in given) / n_given, 3) if n_given else 1.0
    del given, known
    assert share >= 0.9, f"{share} of {n_given}"


@pytest.mark.shared
def test_every_hcpcs_code_exists_in_the_file_of_2025(shared: Path) -> None:
    (file,) = read_files([shared / "terminology" / "hcpcs_2025_OCT_long.csv"])
    published = {row.code for row in file.rows}  # type: ignore[union-attr]
    ours = load_release("HCPCS").codes
    assert len(ours) >= 700
    assert [code for code in ours if code not in published] == []
