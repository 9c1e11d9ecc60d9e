"""Headers inside a line ("... for two days. PMH: gout. PLAN: rest"), told from prose.

A header in capitals is one wherever it stands; one in other letters needs the end of a sentence
before it, or more than one word, unless it is shorthand of no other sense.
"""

from __future__ import annotations

import re

from codesuggest.extraction.header_lookup import (
    BINDING,
    HOMES,
    PROBLEMS,
    HeaderLookup,
    Mark,
    Reading,
)
from codesuggest.extraction.headers import Header

__all__ = ["RunInHeaders"]

# inside a line: words in capitals that might be a header without any sign behind it
_CAPITALS = re.compile(r"[A-Z]{3,}+(?:[ /&-]+[A-Z]{2,}+)*+(?= [\"(]?[A-Z0-9]?[a-z0-9])")
_ENDS = frozenset(".;!?)]•*|\"'")


class RunInHeaders:
    """Find the headers inside a line.

    Parameters
    ----------
    lookup : HeaderLookup
    """

    def __init__(self, lookup: HeaderLookup) -> None:
        self._lookup = lookup
        self._groups = lookup.table.groups

    def read(self, text: str, start: int, opened: Mark | None, eol: int, seen: Reading) -> None:
        """Open the sections whose headers stand inside the line from `start` to `eol`.

        Parameters
        ----------
        text : str
        start, eol : int
            The line's first word and its end.
        opened : Mark or None
            The header at the line's start.
        seen : Reading
        """
        begin = opened.start + len(opened.title) if opened is not None else start
        colon = text.find(":", begin, eol)
        if opened is not None and 0 <= colon <= begin + 4:
            begin = colon + 1
            colon = text.find(":", begin, eol)
        if colon < 0 and eol - begin < 40:
            return
        capitals = seen.capitals(begin, eol)
        if colon < 0 and capitals < 0:
            return
        line_upper = text[start:eol].isupper()
        bare: list[tuple[int, str, str]] = []
        if capitals >= 0 and not line_upper:
            for match in _CAPITALS.finditer(text, capitals, eol):
                found = self._bare_inside(text, match.start(), match.group(), start)
                if found is not None:
                    bare.append((match.start(), found.kind, match.group()))
        low = begin
        while colon >= 0:
            while bare and bare[0][0] < colon:
                place = bare.pop(0)
                if place[0] >= low and place[0] + len(place[2]) < colon:
                    seen.open(*place)
            last = text[max(low, colon - 24) : colon].rstrip(" *_").rsplit(None, 1)
            if last and self._lookup.ends(last[-1]):
                self._before_colon(text, start, low, colon, line_upper, seen)
            low = colon + 1
            colon = text.find(":", low, eol)
        for place in bare:
            if place[0] >= low:
                seen.open(*place)

    def _bare_inside(self, text: str, place: int, title: str, start: int) -> Header | None:
        words = title.split()
        if not self._lookup.begins(words[0]):
            return None
        found = self._lookup.find(title)
        if found is None or found.weak or place == start:
            return None
        before = text[max(start, place - 3) : place].rstrip()
        if len(words) > 1:
            return found if before[-1:].islower() or before[-1:] in _ENDS else None
        group = self._groups[found.kind]
        ended = before[-1:] == "." and group in ("assessment", "plan", "medication", "allergy")
        return found if ended else None

    def _before_colon(
        self, text: str, start: int, low: int, colon: int, line_upper: bool, seen: Reading
    ) -> None:
        """Open the section of the longest header that ends at a colon inside a line."""
        end = colon
        while end > low and text[end - 1] in " *_":
            end -= 1
        starts: list[int] = []
        cut = end
        while cut > low and len(starts) < 8:
            cut = text.rfind(" ", low, cut) + 1 or low
            place = cut
            while place < end and not text[place].isalnum():
                place += 1
            if not starts or place < starts[-1]:
                starts.append(place)
            while cut > low and text[cut - 1] == " ":
                cut -= 1
            if cut == low or text[cut - 1] in _ENDS or text[cut - 1] == ",":
                break
        for place in reversed(starts):
            if place == start or place >= end or text.startswith(("the ", "The "), place):
                continue
            title = text[place:end]
            found = self._lookup.find(title)
            if found is not None and not found.general:
                if self._stands_inside(text, place, title, low, found, line_upper, seen):
                    seen.open(place, found.kind, title)
                return

    def _stands_inside(
        self,
        text: str,
        place: int,
        title: str,
        low: int,
        found: Header,
        line_upper: bool,
        seen: Reading,
    ) -> bool:
        before = text[max(low, place - 24) : place].rstrip(" *_([")
        last = before[-1:]
        word = before.rsplit(None, 1)[-1] if before else ""
        group = self._groups[found.kind]
        ended = last in _ENDS or not before
        item = ended and last in (".", ")") and word[:-1].strip("(").isdigit()
        upper = title.isupper()
        if item and not (group in ("assessment", "plan") or (upper and not found.weak)):
            return False
        if upper and not line_upper:
            if word.isupper() and len(word) > 1 and word.isalpha() and not ended:
                return False
            if found.weak:
                if len(title) == 1:
                    return ended
                if seen.group in PROBLEMS or (seen.group in HOMES and len(title) < 4):
                    return False
                return ended or (len(title) > 3 and seen.group not in HOMES | {"history"})
            return word.lower() not in BINDING
        if found.weak:
            home = seen.group in HOMES or seen.group in ("history", "reason")
            return ended and not home and title[:1].isupper() and group != "admin"
        if ended:
            return True
        if found.shorthand:
            return True
        if word.lower() in BINDING or not title[:1].isupper():
            return False
        free = last.isdigit() or last == "," or word[:1].islower() or upper
        free = free or (seen.group == "assessment" and group == "plan")
        return free and (" " in title or group in ("assessment", "plan"))
