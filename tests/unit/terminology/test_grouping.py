"""Rows of whole numbers are sorted by column, packed into one number or not."""

from __future__ import annotations

import numpy as np
import pytest

from codesuggest.terminology.grouping import sorted_rows


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        pytest.param([[], []], [[], []], id="nothing"),
        pytest.param([[2, 0, 1]], [[0, 1, 2]], id="one column"),
        pytest.param([[1, 0, 1], [0, 7, 5]], [[0, 1, 1], [7, 0, 5]], id="the second decides"),
        pytest.param([[0, 0, 0], [3, 1, 2]], [[0, 0, 0], [1, 2, 3]], id="a column of zeros"),
        pytest.param(
            [[1 << 40, 3, 3], [5, 1 << 40, 4]],
            [[3, 3, 1 << 40], [4, 1 << 40, 5]],
            id="too wide for one number",
        ),
    ],
)
def test_sorted_rows(columns: list[list[int]], expected: list[list[int]]) -> None:
    found = sorted_rows(*(np.array(column, np.int64) for column in columns))
    assert [column.tolist() for column in found] == expected
