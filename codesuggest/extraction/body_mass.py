"""The body mass index of an adult, which ICD-10-CM codes by its value (category Z68)."""

from __future__ import annotations

from bisect import bisect_right

__all__ = ["adult_body_mass"]

#: From here on the classes are wider than one, and where each begins.
_WIDE = (40, 45, 50, 60, 70)


def adult_body_mass(value: float) -> str:
    """Return the title of the code of a body mass index, without what stands in brackets.

    Parameters
    ----------
    value : float
        In kg/m2.

    Examples
    --------
    >>> adult_body_mass(33.6), adult_body_mass(46)
    ('Body mass index 33.0-33.9, adult', 'Body mass index 45.0-49.9, adult')
    """
    if value < 20:
        return "Body mass index 19.9 or less, adult"
    if value >= _WIDE[-1]:
        return "Body mass index 70 or greater, adult"
    low = int(value)
    high = low
    place = bisect_right(_WIDE, value)
    if place:
        low, high = _WIDE[place - 1], _WIDE[place] - 1
    return f"Body mass index {low}.0-{high}.9, adult"
