"""Whether a code can be reported and, if not, why and what was probably meant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from codesuggest.terminology.code_forms import is_code
from codesuggest.terminology.conversions import Replacement

if TYPE_CHECKING:
    from codesuggest.terminology.code_system import CodeSystem

__all__ = ["STATUSES", "CheckResult", "check_code"]

#: Status to what it means.
STATUSES: dict[str, str] = {
    "valid": "reportable as it stands",
    "header": "more characters are needed",
    "seventh_missing": "a 7th character is needed",
    "placeholder_missing": "the placeholder X is missing",
    "replaced": "other codes took over from it",
    "deleted": "an earlier release had it, this one has not",
    "not_yet_valid": "it came later",
    "outside_release": "the release does not apply on the day asked",
    "unknown": "no release that is known has it",
    "malformed": "not the form of a code",
}

#: Codes that were meant are at most listed so many.
_MOST = 60
#: ICD-10-CM is reported in the United States from this day on.
_FIRST_DAY = date(2015, 10, 1)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What `CodeSystem.check` found.

    `status` is one of `STATUSES`; `suggestions` are reportable codes that were probably meant,
    at most 60.
    """

    code: str
    status: str
    message: str
    suggestions: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """The code is reportable as it stands."""
        return self.status == "valid"


def check_code(system: CodeSystem, code: str, on: date | None) -> CheckResult:
    """Check `code` against a release, on a day of encounter if one is given."""
    given = system.normalise(code)
    if not is_code(system.system, given):
        return CheckResult(given, "malformed", f"not the form of a {system.system} code")
    if given in system and system.is_billable(given):
        outside = _outside(system, given, on) if on is not None else None
        return outside or CheckResult(given, "valid", system.get(given).title)
    change = system.history.replaced(given) if system.history else None
    if change is not None and on is not None and _came(system, given) <= on < change.day:
        last = (change.day - timedelta(days=1)).isoformat()
        return CheckResult(
            given, "valid", f"valid until {last}, then {_listed(change.codes)} took over"
        )
    if given in system:
        return _check_header(system, given, change)
    # what moved before this release was only part of a code that the one before still had
    if change is not None and system.had(given) and change.day < (system.valid_from or date.min):
        change = None
    if change is not None:
        return CheckResult(
            given,
            "replaced",
            f"{given} was replaced on {change.day.isoformat()} by {_listed(change.codes)}",
            _heirs(system, change),
        )
    came = system.history.introduced(given) if system.history else None
    if came is not None and system.valid_to is not None and came > system.valid_to:
        return CheckResult(
            given,
            "not_yet_valid",
            f"{given} came on {came.isoformat()}, {system.release} ends before",
            _reportable(system, system.history.predecessors(given) if system.history else ()),
        )
    if system.had(given):
        return CheckResult(given, "deleted", f"{system.release} no longer has {given}")
    return _missing_placeholder(system, given) or _unknown(system, given)


def _outside(system: CodeSystem, given: str, on: date) -> CheckResult | None:
    """Return why a code of the release is not valid on a day, None if it is."""
    came = _came(system, given)
    if on < came:
        before = system.history.predecessors(given) if system.history else ()
        instead = f"; before it {_listed(before)}" if before else ""
        return CheckResult(
            given,
            "not_yet_valid",
            f"{given} is valid from {came.isoformat()} on, not on {on.isoformat()}{instead}",
            before[:_MOST],
        )
    # codes of earlier years are known by the conversion table, those of later years are not
    known_since = _FIRST_DAY if system.history else system.valid_from
    if (known_since and on < known_since) or (system.valid_to and on > system.valid_to):
        days = " to ".join(d.isoformat() if d else "" for d in (system.valid_from, system.valid_to))
        return CheckResult(
            given,
            "outside_release",
            f"{system.system} {system.release} applies {days}, not on {on.isoformat()}",
        )
    return None


def _came(system: CodeSystem, given: str) -> date:
    return (system.history.introduced(given) if system.history else None) or date.min


def _check_header(system: CodeSystem, given: str, change: Replacement | None) -> CheckResult:
    below = [c.code for c in system.descendants(given) if c.billable]
    since = f" since {change.day.isoformat()}" if change else ""
    if below and all(len(c) == 8 for c in below) and _is_stem(given, below):
        characters = _listed([c[-1] for c in below], "or")
        filled = "" if len(given) == 7 else f" after the placeholder: {below[0]}"
        message = f"{given} needs a 7th character{since}, {characters}{filled}"
        return CheckResult(given, "seventh_missing", message, tuple(below[:_MOST]))
    message = f"{given} is a header of {len(below)} codes{since}"
    return CheckResult(given, "header", message, tuple(below[:_MOST]))


def _missing_placeholder(system: CodeSystem, given: str) -> CheckResult | None:
    """Find the code that `given` becomes with the placeholder X: W19.A is W19.XXXA."""
    bare = given.replace(".", "")
    if system.system != "ICD-10-CM" or not 4 <= len(bare) <= 6:
        return None
    for length in (7, 6):
        for place in range(len(bare) - 1, 2, -1):
            filled = bare[:place] + "X" * (length - len(bare)) + bare[place:]
            meant = system.normalise(filled)
            if len(bare) < length and meant in system:
                return CheckResult(
                    given,
                    "placeholder_missing",
                    f"{given} lacks the placeholder X: {meant}",
                    _reportable(system, (meant,)),
                )
    return None


def _unknown(system: CodeSystem, given: str) -> CheckResult:
    near = given
    while len(near) > 3 and near not in system:
        near = near[:-1].rstrip(".")
    meant = _reportable(system, (near,)) if near in system else ()
    message = f"{system.release} has no code {given}"
    if meant and len(given) == 8 and given[:7] == near and _is_stem(near, meant):
        message += f"; its 7th character can be {_listed([c[-1] for c in meant], 'or')}"
    return CheckResult(given, "unknown", message, meant)


def _heirs(system: CodeSystem, change: Replacement) -> tuple[str, ...]:
    """Return the reportable codes that took over, through several years if need be."""
    found: dict[str, None] = {}
    waiting, seen = list(change.codes), set(change.codes)
    while waiting:
        code = waiting.pop(0)
        later = system.history.replaced(code) if system.history and code not in system else None
        if later is not None:
            waiting += [c for c in later.codes if c not in seen]
            seen.update(later.codes)
        else:
            found.update(dict.fromkeys(_reportable(system, (code,))))
    return tuple(found)[:_MOST]


def _reportable(system: CodeSystem, codes: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of `codes` that are reportable, and what is reportable below the others."""
    found: dict[str, None] = {}
    for code in codes:
        if code in system:
            below = (system.get(code), *system.descendants(code))
            found.update((c.code, None) for c in below if c.billable)
    return tuple(found)[:_MOST]


def _is_stem(given: str, below: tuple[str, ...] | list[str]) -> bool:
    return all(c[:7].rstrip("X").rstrip(".") == given.rstrip("X").rstrip(".") for c in below)


def _listed(words: tuple[str, ...] | list[str], last: str = "and") -> str:
    shown = list(words[:8])
    if len(words) > len(shown):
        return f"{', '.join(shown)} {last} {len(words) - len(shown)} more"
    return f" {last} ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
