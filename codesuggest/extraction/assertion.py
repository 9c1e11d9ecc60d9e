"""Assertion: what the note claims about a mention, by cues, their direction and their scope.

The algorithm is ConText's (Harkema et al. 2009, J Biomed Inform 42:839-851) on our own table of
cues (``data/cues.csv``): a cue reaches forward or backward to the end of its sentence or clause,
a termination cue or a pseudo cue stops it, a cue inside the mention's own words says nothing.

Columns of the table
--------------------
status : a status, ``pseudo`` (the words say nothing) or ``end`` (a cue's reach ends here)
position : ``before`` or ``after`` the mention, or ``both``
scope :
    ``sentence``, ``clause``: how far the cue reaches. ``result``: a statement at the end of its
    clause, which is a result when said of a test. ``template``: the answer behind a label.
    ``adjacent``: right behind the mention. ``adjective``: right before it.
    ``procedure``: reaches tests and procedures only (as all planned cues do). ``relative``: a
    relative, unless she only reports. ``date``: a time in the past, see ``assertion_time``. For
    ends, ``verb``: stops neither a condition nor a family cue.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from codesuggest.extraction.assertion_cues import DATA, CueFinder, CueHit, CueRow
from codesuggest.extraction.assertion_layout import (
    Layout,
    list_blocks,
    section_status,
    true_section,
)
from codesuggest.extraction.assertion_time import TimeRules
from codesuggest.extraction.assertion_words import AssertionWords
from codesuggest.extraction.tokens import TokenLists
from codesuggest.schema import Assertion, Cue, Section

__all__ = ["DATA", "AssertionFinder", "CueRow"]

_PRESENT = Assertion()
#: Cues that stay cues inside the title of a known section ("Planned procedure: ...").
_TITLE_CUES = frozenset({"planned", "proposed", "upcoming", "planned procedure"})


class AssertionFinder:
    """Decide the assertion of spans of tokens."""

    def __init__(self) -> None:
        self._lists = AssertionWords()
        self._cues = CueFinder(self._lists)
        self._time = TimeRules(self._lists)

    def __call__(
        self,
        text: str,
        tokens: TokenLists,
        spans: Sequence[tuple[int, int]],
        sections: Sequence[Section],
        section_of: Sequence[int],
        groups: Mapping[str, str],
        tests: Sequence[bool] | None = None,
    ) -> list[Assertion]:
        """Return one assertion a span.

        Parameters
        ----------
        text : str
        tokens : TokenLists
        spans : sequence of (first, last)
            Token positions, both inclusive.
        sections, section_of : sequences
            The sections, and the section of each span.
        groups : mapping of str to str
            Section kind to group.
        tests : sequence of bool, optional
            Spans that name a test or procedure: "negative" is then a result, not a negation,
            and they can be planned. When not given, the words decide what can be planned.
        """
        heads = list_blocks(text, self._lists)
        hits = self._outside_titles(
            text, tokens, sections, groups, self._wanted(tokens, spans, heads)
        )
        by_sentence: dict[int, list[CueHit]] = {}
        for hit in hits:
            by_sentence.setdefault(tokens.sentences[hit.last], []).append(hit)
        blocks = self._blocks(tokens, hits, heads)
        layout = Layout(text, self._lists)
        words = tokens.words
        out = []
        names_procedure = self._lists.names_procedure
        section_at = {}
        for place in set(section_of):
            section = true_section(sections, place)
            section_at[place] = section, groups.get(section.kind, "")
        for number, ((first, last), place) in enumerate(zip(spans, section_of, strict=True)):
            section, group = section_at[place]
            near = by_sentence.get(tokens.sentences[first], ())
            if not (near or blocks or layout.speaks or group in _SPEAKING):
                out.append(_PRESENT)
                continue
            is_test = tests is not None and tests[number]
            own = words[first : last + 1]
            is_procedure = is_test or names_procedure(own)
            # "annual exam, normal": that is how it went, the exam is not denied
            is_test = is_test or (is_procedure if tests is None else not _EXAMINED.isdisjoint(own))
            in_history = group == "history_past"
            chosen = [
                hit
                for hit in near
                if self._reaches(hit, first, last, words, is_test, is_procedure, in_history)
            ]
            chosen.extend(
                hit
                for start, stop, hit in blocks
                if start <= first < stop and (is_procedure or hit.row.status != "planned")
            )
            cues = [hit.cue or hit.say(text, tokens) for hit in chosen]
            cues.extend(layout.cues(tokens.starts[first], tokens.ends[last]))
            if any(cue.status == "negated" for cue in cues) and not self._lists[
                "lifelong"
            ].isdisjoint(words[first : last + 1]):
                # who denies tobacco or allergies denies them of the past as well
                cues.append(Cue("historical", cues[0].text, cues[0].start_char, cues[0].end_char))
            if group in _SPEAKING:
                status = section_status(
                    section, groups, is_procedure, self._sentence(tokens, first), self._lists
                )
                if group in _LIFELONG and any(cue.status == "negated" for cue in cues):
                    # what is denied here is denied of the past as well
                    status = "historical"
                if status:
                    cues.append(Cue(status, section.title, -1, -1))
            out.append(Assertion.from_cues(tuple(cues)) if cues else _PRESENT)
        return out

    def _outside_titles(
        self,
        text: str,
        tokens: TokenLists,
        sections: Sequence[Section],
        groups: Mapping[str, str],
        wanted: Mapping[int, tuple[int, int]],
    ) -> list[CueHit]:
        """Return the cues of the wanted sentences that are not words of a section's title."""
        hits = self._cues(text, tokens, wanted)
        titles = [(s.start_char, s.start_char + len(s.title)) for s in sections if s.title]
        if not titles or not hits:
            return hits
        starts = [start for start, _ in titles]
        kept = []
        for hit in hits:
            start = tokens.starts[hit.first]
            place = bisect_left(starts, start + 1) - 1
            if (
                place >= 0
                and start < titles[place][1]
                and hit.row.scope != "date"
                and text[start : tokens.ends[hit.last]].lower() not in _TITLE_CUES
            ):
                continue
            kept.append(hit)
        return kept

    @staticmethod
    def _wanted(
        tokens: TokenLists,
        spans: Sequence[tuple[int, int]],
        heads: Sequence[tuple[int, int, int, int]],
    ) -> dict[int, tuple[int, int]]:
        """Return the sentences whose cues matter: those of spans and of headers of lists.

        With each the least and the greatest last token of its spans; a header's cues matter
        wherever they stand.
        """
        wanted: dict[int, tuple[int, int]] = {}
        sentences = tokens.sentences
        for first, last in spans:
            known = wanted.get(sentences[first])
            if known is None:
                wanted[sentences[first]] = (last, last)
            elif last > known[1]:
                wanted[sentences[first]] = (known[0], last)
            elif last < known[0]:
                wanted[sentences[first]] = (last, known[1])
        for start, end, _, _ in heads:
            low, high = bisect_left(tokens.starts, start), bisect_left(tokens.starts, end + 1)
            wanted.update(dict.fromkeys(sentences[low:high], (-1, len(tokens))))
        return wanted

    @staticmethod
    def _blocks(
        tokens: TokenLists, hits: Sequence[CueHit], heads: Sequence[tuple[int, int, int, int]]
    ) -> list[tuple[int, int, CueHit]]:
        """Return (first, stop) of tokens that take the status of a header, and the header's cue."""
        found = []
        for head_start, head_end, start, end in heads:
            low, high = bisect_left(tokens.starts, start), bisect_left(tokens.starts, end)
            for hit in hits:
                if (
                    head_start <= tokens.starts[hit.first] < head_end
                    and tokens.starts[hit.last] <= head_end
                    and hit.row.scope not in ("relative", "date", "template")
                ):
                    found.append((low, high, hit))
        return found

    @staticmethod
    def _sentence(tokens: TokenLists, place: int) -> list[str]:
        number = tokens.sentences[place]
        low = bisect_left(tokens.sentences, number)
        return tokens.words[low : bisect_left(tokens.sentences, number + 1)]

    def _reaches(
        self,
        hit: CueHit,
        first: int,
        last: int,
        words: Sequence[str],
        is_test: bool,
        is_procedure: bool,
        in_history: bool,
    ) -> bool:
        row = hit.row
        if row.scope == "date":
            year = words[hit.last]
            return self._time.is_past(
                words,
                (hit.first, hit.last),
                (first, last),
                (hit.left, hit.right),
                in_history=in_history,
                is_procedure=is_procedure,
                is_year=len(year) == 4 and year.isdigit(),
            )
        if not is_procedure and (row.status == "planned" or row.scope == "procedure"):
            return False
        if row.position == "before":
            if first <= hit.first and hit.last < last:
                return self._tells_from_inside(hit, first, last, words, is_procedure)
            if not (hit.first < first <= hit.right and hit.last < last):
                return False
            if row.scope == "adjective":
                return first - hit.last <= 3
            if row.scope == "procedure":
                return row.status == "negated" or first - hit.last <= 6
            if row.status == "historical" and words[hit.last] in _HISTORY_ENDS:
                return not self._time.is_active(words, last + 1, self._clause_end(words, last))
            return True
        gap = hit.first - last
        if row.scope == "template":
            # "Chest pain: denies", "Transfusion - No": the answer stands right behind its label
            return hit.template and 0 < gap <= 4
        if row.scope == "adjacent":
            return 0 < gap <= (1 if row.status == "historical" else 2)
        if row.scope == "result":
            if is_test or not hit.closes:
                return False
            if not is_procedure and self._lists.names_procedure(words[last + 1 : hit.first]):
                # "pain, so an x-ray was taken and was normal": it is the x-ray that was
                return False
        return hit.left <= last < hit.first

    @staticmethod
    def _tells_from_inside(
        hit: CueHit, first: int, last: int, words: Sequence[str], is_procedure: bool
    ) -> bool:
        """Tell whether a cue within a long mention is about the mention itself.

        "I will order an MRI" and "no fracture" hold their own cue; in a name as "fracture
        without displacement" the same words say nothing.
        """
        if hit.row.status == "planned":
            return is_procedure and last - first >= _LONG_MENTION
        return hit.row.status == "negated" and hit.first == first and words[first] in _OPENS

    @staticmethod
    def _clause_end(words: Sequence[str], place: int) -> int:
        stop = min(len(words), place + 25)
        for i in range(place + 1, stop):
            if words[i] in (";", ".", "•"):
                return i
        return stop


_EXAMINED = frozenset({"exam", "examination", "checkup", "visit", "screening", "physical"})
_SPEAKING = frozenset(
    {"family", "consent", "instructions", "plan", "history_past", "social", "allergy"}
)
_OPENS = frozenset({"no", "not", "without", "denies", "negative"})
#: Tokens from first to last of a mention that is rather a statement than a name.
_LONG_MENTION = 4
_LIFELONG = frozenset({"social", "allergy"})
_HISTORY_ENDS = frozenset({"of", "h/o", "hx", "pmh", "pmhx", "for", "includes", "included"})
