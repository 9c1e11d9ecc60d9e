"""Which member of a family a mention means: side, episode, displacement, views, contrast, ..."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from codesuggest.extraction.gestation import trimester_of
from codesuggest.terminology.code_system import CodeSystem, axes_of
from codesuggest.terminology.families import AXES

__all__ = ["attribute_values", "axis_agreement", "select_members", "wanted_axes"]

_RANGE = re.compile(r"^(\d+(?:\.\d+)?)?\.\.(\d+(?:\.\d+)?)?$")
#: Regions of the spine as the catalogue names them, by the letter of a level.
_OF_LEVEL = {
    "c": frozenset({"cervical", "cervicothoracic", "craniocervical"}),
    "t": frozenset({"thoracic", "cervicothoracic", "thoracolumbar"}),
    "l": frozenset({"lumbar", "thoracolumbar", "lumbosacral"}),
    "s": frozenset({"sacral", "lumbosacral"}),
}
_SPINE = frozenset().union(*_OF_LEVEL.values())
_OTHER_SIDE = {"right": "left", "left": "right"}


def wanted_axes(attributes: Mapping[str, str]) -> dict[str, str]:
    """Translate a mention's attributes into the axes of ICD-10-CM families."""
    wanted: dict[str, str] = {}
    side = attributes.get("laterality")
    if side:
        wanted["laterality"] = side
    if attributes.get("displacement"):
        wanted["displacement"] = attributes["displacement"]
    episode = attributes.get("episode", "initial")
    if attributes.get("wound") == "open":
        episode += "_open"
    wanted["episode"] = episode
    trimester = attributes.get("trimester")
    weeks = attributes.get("gestation", attributes.get("weeks", ""))
    if trimester is None and weeks.isdigit():
        trimester = trimester_of(int(weeks))
    if trimester:
        wanted["trimester"] = trimester
    severity = attributes.get("severity")
    if severity:
        wanted["stage"] = severity
    return wanted


def select_members(
    system: CodeSystem, row: int, wanted: Mapping[str, str]
) -> tuple[list[int], float]:
    """Return the rows of `row`'s family that fit best, and how well.

    Usually one row; two when both sides are meant and the family has no bilateral member
    (Official Guidelines I.B.13: then a code for each side).

    Returns
    -------
    rows : list of int
    fit : float
        Wanted axes that the family has, less those it contradicts.
    """
    members = system.members.get(int(system.families[row]), [row])
    texts = tuple([system.axis_texts[member] for member in members])
    places, fit = _fitting(texts, members.index(row), tuple(wanted.items()))
    return [members[place] for place in places], fit


@lru_cache(maxsize=50_000)
def _fitting(
    texts: tuple[str, ...], own: int, asked: tuple[tuple[str, str], ...]
) -> tuple[list[int], float]:
    """Return the places of the members that fit best; many families have the same axes.

    Parameters
    ----------
    texts : tuple of str
        The axes of each member.
    own : int
        Place of the member that the alias names.
    asked : tuple of (axis, value)
    """
    wanted = dict(asked)
    default = axes_of(texts[own])
    if len(texts) == 1:
        side, given = default.get("laterality"), wanted.get("laterality")
        against = side and given and side not in (given, "unspecified")
        return [own], -1.0 if against else 0.0
    best, best_places, fit = -1e9, [own], 0.0
    has_bilateral = False
    sides: dict[str, tuple[float, int]] = {}
    for place, text in enumerate(texts):
        axes = axes_of(text)
        score = matched = 0.0
        for axis in {*axes, *default}:
            value = axes.get(axis, AXES.get(axis, ""))
            want = wanted.get(axis)
            if want is None and axis not in default:
                # "displaced" is of another code than the alias's, and nothing asks for it
                score -= 1
            elif want is None or (axis == "episode" and want == "initial"):
                # nothing said: the alias's own member, else the coder's default
                score += (value == default.get(axis)) + 0.5 * (value == AXES.get(axis))
            elif value == want:
                score += 3
                matched += axis != "episode"
            elif axis == "laterality" and value in ("unspecified", ""):
                score += 1
            elif axis == "episode":
                score += 1.5 * (value == want.removesuffix("_open")) + value.startswith(want[:6])
            elif value == AXES.get(axis):
                score += 0.5
        if place == own:
            score += 0.1
        side = axes.get("laterality", "")
        has_bilateral |= side == "bilateral"
        if side in _OTHER_SIDE and score > sides.get(side, (-1e9, 0))[0]:
            sides[side] = (score, place)
        if score > best:
            best, best_places, fit = score, [place], matched
    if wanted.get("laterality") == "bilateral" and not has_bilateral and len(sides) == 2:
        return [sides["right"][1], sides["left"][1]], 1.0
    return best_places, fit


def axis_agreement(axes: Mapping[str, str], attributes: Mapping[str, str]) -> tuple[int, int]:
    """Count the axes of a catalogue code that the mention's attributes meet and contradict."""
    met = against = 0
    for axis, value in axes.items():
        if axis == "levels" or axis == "age":
            continue
        if axis in ("region", "body_site") and "levels" in attributes:
            # "L4-L5" says lumbar
            named = _SPINE.intersection(value.split("_"))
            if named:
                agrees = not named.isdisjoint(_OF_LEVEL[attributes["levels"][0]])
                met, against = met + agrees, against + (not agrees)
            continue
        given = attributes.get(axis)
        if given is None and axis in ("approach", "technique"):
            # an "open" operation
            given = attributes.get("wound")
        if given is None:
            continue
        found = _RANGE.match(value)
        if found:
            try:
                number = float(given)
            except ValueError:
                continue
            low, high = found.groups()
            inside = (low is None or number >= float(low)) and (
                high is None or number <= float(high)
            )
            met += inside
            against += not inside
        elif value == given or (axis != "contrast" and given in value.split("_")):
            met += 1
        elif axis in ("contrast", "laterality", "approach", "role"):
            against += 1
    return met, against


def attribute_values(names: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return name to value; the first of a name wins."""
    values: dict[str, str] = {}
    for name, value in names:
        values.setdefault(name, value)
    return values
