"""Families: codes that differ only in side, episode, displacement, trimester or fetus.

``S52.521A`` to ``S52.529S`` are one concept, a torus fracture of the lower end of the radius,
written 48 times. Matching works on families; attributes of the mention pick the member.
`split_title` takes the axes out of a title, `build_families` groups what is left.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from codesuggest.terminology.words import AXIS_WORDS, WordForms, stem

__all__ = ["AXES", "Family", "build_families", "split_title"]

_PAIRED = (
    "acetabulum|ankle|arm|breast|calcaneus|carotid|clavicle|cornea|ear|elbow|extremities|extremity|"
    "eye|eyelid|fallopian|femur|fibula|finger|foot|forearm|hand|hip|humerus|ilium|ischium|kidney|knee|leg|"
    "limb|limbs|lung|orbit|ovary|patella|pubis|radius|scapula|shoulder|side|talus|testis|thigh|"
    "thumb|tibia|toe|tube|ulna|wrist"
)
_ORGANS = frozenset(stem(organ) for organ in _PAIRED.split("|"))
_QUALIFIERS = "(?:external|great|index|internal|lesser|little|lower|middle|ring|upper)"

_HEALING = {
    "nonunion": "with nonunion",
    "malunion": "with malunion",
    "delayed": "with delayed healing",
    "routine": "",
}
_WOUND = {"open_iii": "for open fracture type III", "open": "for open fracture", "closed": ""}

#: Axis, value and the words of an ICD-10-CM title that state it; first match wins.
_TITLE_PATTERNS: tuple[tuple[str, str, str], ...] = (
    ("episode", "sequela", r",? sequela$"),
    *(
        (
            "episode",
            "subsequent" + ("" if h == "routine" else f"_{h}") + ("" if w == "closed" else f"_{w}"),
            rf",? subsequent encounter {wound}.*{healing}$",
        )
        for h, healing in _HEALING.items()
        for w, wound in _WOUND.items()
    ),
    ("episode", "initial_open_iii", r",? initial encounter for open fracture type III.*$"),
    ("episode", "initial_open", r",? initial encounter for open fracture.*$"),
    ("episode", "initial", r",? initial encounter.*$"),
    ("fetus", "unspecified", r",? not applicable or unspecified$"),
    ("fetus", "1", r",? fetus 1$"),
    ("fetus", "2", r",? fetus 2$"),
    ("fetus", "3", r",? fetus 3$"),
    ("fetus", "4", r",? fetus 4$"),
    ("fetus", "5", r",? fetus 5$"),
    ("fetus", "other", r",? other fetus$"),
    ("stage", "unspecified", r",? stage unspecified$"),
    ("stage", "mild", r",? mild stage$"),
    ("stage", "moderate", r",? moderate stage$"),
    ("stage", "severe", r",? severe stage$"),
    ("stage", "indeterminate", r",? indeterminate stage$"),
    ("trimester", "unspecified", r",? unspecified trimester"),
    ("trimester", "first", r",? first trimester"),
    ("trimester", "second", r",? second trimester"),
    ("trimester", "third", r",? third trimester"),
    ("displacement", "nondisplaced", r"\bnondisplaced\b"),
    ("displacement", "displaced", r"\bdisplaced\b"),
    ("laterality", "bilateral", r"\bbilateral(?:ly)?\b"),
    ("laterality", "right", r"\bright\b(?! heart| ventric| atri| bundle)"),
    ("laterality", "left", r"\bleft\b(?! heart| ventric| atri| bundle|-sided)"),
    ("laterality", "unspecified", rf"\bunspecified (?=(?:{_QUALIFIERS} )*(?:{_PAIRED})\b)"),
)
PATTERNS = tuple((a, v, re.compile(p, re.IGNORECASE)) for a, v, p in _TITLE_PATTERNS)

#: Axis to the value a coder takes when the note is silent (Official Guidelines I.C.19.c for
#: fractures: not stated open or closed is closed, not stated displaced or not is displaced).
AXES: dict[str, str] = {
    "laterality": "unspecified",
    "episode": "initial",
    "displacement": "displaced",
    "trimester": "unspecified",
    "fetus": "unspecified",
    "stage": "unspecified",
}


#: Characters of a code, its dot too, that can name what the words do not: ``H15.00``.
_LONGEST_STEM = 6


#: Row, code, parent and axes of a code.
_Member = tuple[int, str, str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Family:
    """Members that share every word but the axes.

    `members` maps the axes, as a sorted tuple of (axis, value), to the code's row.
    """

    members: dict[tuple[tuple[str, str], ...], int]


def split_title(title: str) -> tuple[str, dict[str, str]]:
    """Take the axes out of a title.

    Examples
    --------
    >>> split_title("Pain in left knee")
    ('Pain in knee', {'laterality': 'left'})
    """
    axes: dict[str, str] = {}
    rest = title
    for axis, value, pattern in PATTERNS:
        if axis not in axes:
            cut, n = pattern.subn("", rest)
            if n:
                axes[axis], rest = value, cut
    return " ".join(rest.split()).strip(" ,"), axes


def build_families(rows: Iterable[tuple[int, str, str, str]], forms: WordForms) -> list[Family]:
    """Group codes into families.

    Parameters
    ----------
    rows : iterable of (row, code, parent, title)
        Billable codes.
    forms : WordForms

    Returns
    -------
    list of Family
        Every row stands in exactly one family. Two codes with the same words and the same axes
        (they differ in what words do not say) part again by their parent, then by code.
    """
    groups: dict[tuple[str, ...], list[_Member]] = defaultdict(list)
    for row, code, parent, title in rows:
        rest, axes = split_title(title)
        rest = " ".join(w for w in rest.split() if w.lower().strip(",") not in AXIS_WORDS)
        key = (code[:3], *sorted(set(forms.bag(rest))))
        groups[key].append((row, code, parent, axes))
    _join_bilateral(groups)
    families = []
    for group in groups.values():
        for part in _part(group):
            families.append(Family({tuple(sorted(axes.items())): row for row, _, _, axes in part}))
    return families


def _join_bilateral(groups: dict[tuple[str, ...], list[_Member]]) -> None:
    """Join "cataract, bilateral" with "cataract, right eye": only one side names the organ."""
    for key, group in list(groups.items()):
        if any(axes.get("laterality") != "bilateral" for *_, axes in group):
            continue
        category, *stems = key
        for organ in _ORGANS.difference(stems):
            one_sided = groups.get((category, *sorted([*stems, organ])))
            if one_sided is None:
                continue
            if {"right", "left"} <= {axes.get("laterality") for *_, axes in one_sided}:
                one_sided[:] = sorted([*one_sided, *group], key=lambda member: member[0])
                del groups[key]
                break


def _distinct(group: list[_Member]) -> bool:
    return len({tuple(sorted(axes.items())) for *_, axes in group}) == len(group)


def _part(group: list[_Member], length: int = 5) -> list[list[_Member]]:
    """Part a group by ever longer beginnings of its codes until its axes tell it apart."""
    if _distinct(group):
        return [group]
    if length > _LONGEST_STEM:
        return [[member] for member in group]
    by_stem: dict[str, list[_Member]] = defaultdict(list)
    for member in group:
        by_stem[member[1][:length]].append(member)
    return [part for members in by_stem.values() for part in _part(members, length + 1)]
