"""Arrays whose equal elements stand together: making them, where groups begin, places in them."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["flat_rows", "group_sizes", "group_starts", "place_in", "sorted_rows"]

Array = np.ndarray[Any, Any]


def group_starts(group: Array) -> Array:
    """Return the positions at which groups begin."""
    new = np.empty(len(group), bool)
    new[:1] = True
    np.not_equal(group[1:], group[:-1], out=new[1:])
    return new.nonzero()[0]


def group_sizes(starts: Array, total: int) -> Array:
    """Return how many elements each group has, given where they begin and how many there are."""
    sizes = np.empty(len(starts), np.int64)
    if len(starts):
        np.subtract(starts[1:], starts[:-1], out=sizes[:-1])
        sizes[-1] = total - starts[-1]
    return sizes


def place_in(group: Array) -> Array:
    """Return the place of each element in its group, from 0."""
    starts = group_starts(group)
    place: Array = np.arange(len(group)) - starts.repeat(group_sizes(starts, len(group)))
    return place


def flat_rows(indptr: Array, values: Array, rows: Array) -> tuple[Array, Array]:
    """Return the values of some rows, one after the other, and where each row begins.

    Parameters
    ----------
    indptr : array of int, shape (n_rows + 1,)
        Where the rows begin in `values`, as in a CSR matrix.
    """
    first = indptr[rows]
    lengths = indptr[rows + 1] - first
    ends = lengths.cumsum()
    starts = ends - lengths
    at = np.arange(ends[-1] if len(ends) else 0) + (first - starts).repeat(lengths)
    return values[at], starts


def sorted_rows(*columns: Array) -> tuple[Array, ...]:
    """Return columns with their rows sorted, by the first column before the second and so on.

    Rows packed into one number each are sorted several times quicker than positions.

    Parameters
    ----------
    *columns : arrays of int, shape (n,)
        Not negative.
    """
    if not len(columns[0]):
        return columns
    bits = [int(column.max()).bit_length() for column in columns]
    if sum(bits) > 63:
        order = np.lexsort(columns[::-1])
        return tuple(column[order] for column in columns)
    packed = columns[0].astype(np.int64)
    for column, width in zip(columns[1:], bits[1:], strict=True):
        packed <<= width
        packed |= column
    packed.sort()
    out = []
    for width in bits[:0:-1]:
        out.append(packed & ((1 << width) - 1))
        packed >>= width
    return packed, *reversed(out)
