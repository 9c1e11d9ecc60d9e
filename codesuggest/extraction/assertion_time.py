"""Time: years and times of life as historical cues, and histories that are still active."""

from __future__ import annotations

from collections.abc import Sequence

from codesuggest.extraction.assertion_words import AssertionWords

__all__ = ["TimeRules", "names_past", "year_rows"]

_IN_NUMBER = frozenset({"/", "-", "#"})
_DIAGNOSED = frozenset({"diagnosed", "dx", "dxd", "diagnosis"})
_CONTRAST = frozenset({"who", "but", "denies", "reports", "presents", "here", "now"})


def year_rows() -> list[str]:
    """Return the phrases that name a year in the past: "2015", "in 2015"."""
    return [f"{lead}{year}" for year in range(1940, 2050) for lead in ("", "in ")]


def names_past(words: Sequence[str], first: int) -> bool:
    """Tell whether the year at `first` is no part of a full date or a number."""
    before = words[first - 1] if first else ""
    return before not in _IN_NUMBER and not before.isdigit()


class TimeRules:
    """Decide whether a date makes a mention historical, and a treatment an old history active."""

    def __init__(self, lists: AssertionWords) -> None:
        self._past = lists["past"]
        self._onset = lists["onset"]
        self._dated = lists["dated"]
        self._active = lists["active"]
        self._inactive = lists["inactive"]
        self._not_drug = lists["not_drug"]

    def is_past(
        self,
        words: Sequence[str],
        date: tuple[int, int],
        span: tuple[int, int],
        limits: tuple[int, int],
        *,
        in_history: bool,
        is_procedure: bool,
        is_year: bool,
    ) -> bool:
        """Tell whether the date places the mention in the past.

        Parameters
        ----------
        words : sequence of str
        date, span : (first, last)
        limits : (first, last)
            The clause of the date.
        in_history : bool
            The mention stands in a section of past history.
        is_procedure : bool
        is_year : bool
            The date is a calendar year.
        """
        low, high = limits
        if not (low <= span[0] and span[1] <= high):
            return False
        start = date[0] - 1
        if start >= low and (words[start] in self._dated or words[date[0]] in self._dated):
            return False
        after = date[0] > span[1]
        between = words[span[1] + 1 : date[0]] if after else words[date[1] + 1 : span[0]]
        if any(word in _CONTRAST for word in between) or len(between) > 12:
            return False
        if any(word in self._dated for word in between) and not is_procedure:
            return False
        if after and self._new_phrase(between):
            return False
        if not is_procedure and any(w in _DIAGNOSED for w in words[max(low, span[0] - 5) : high]):
            # the year of a diagnosis says nothing about its end
            return False
        if in_history or is_procedure:
            return True
        if after and len(between) <= 2 and is_year:
            return True
        clause = words[low : high + 1]
        near = words[max(low, min(date[0], span[0]) - 4) : max(date[1], span[1]) + 2]
        if any(word in self._onset for word in near):
            return False
        return any(word in self._past for word in clause)

    @staticmethod
    def _new_phrase(between: Sequence[str]) -> bool:
        """Tell whether another noun phrase starts in between ("COPD and a stroke in 2016")."""
        for place, word in enumerate(between[:-1]):
            if word == "and" and between[place + 1] in ("a", "an", "the", "remote", "prior", "s/p"):
                return True
            if word in ("s/p", "with") or (word == "status" and between[place + 1] == "post"):
                return True
        return False

    def is_active(self, words: Sequence[str], start: int, stop: int) -> bool:
        """Tell whether a history is followed by the treatment or course of an active disease."""
        rest = words[start:stop]
        if any(
            word in self._inactive or (len(word) == 4 and word.isdigit() and word[:2] in "1920")
            for word in rest
        ):
            return False
        for place, word in enumerate(rest):
            if word in self._active:
                return True
            following = rest[place + 1] if place + 1 < len(rest) else ""
            if word == "on" and following.isalpha() and following not in self._not_drug:
                return True
            if word == "here" and following == "with":
                return True
        return False
