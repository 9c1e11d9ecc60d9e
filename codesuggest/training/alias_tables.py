"""The alias indexes of a model, and the everyday words that they leave alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from codesuggest.ranking.candidates import CandidateFinder
from codesuggest.terminology.abbreviations import AmbiguousAbbreviations
from codesuggest.terminology.alias_index import AliasIndex
from codesuggest.terminology.aliases import (
    Alias,
    catalogue_aliases,
    index_aliases,
    lexicon_aliases,
    read_index_paths,
    title_aliases,
)
from codesuggest.terminology.code_system import CodeSystem
from codesuggest.terminology.words import DATA, WordForms, read_csv
from codesuggest.training.examples import NoteFit

__all__ = ["build_indexes", "drawn_terms", "known_words", "silence"]

#: Terms of each code system that teach the mention model, drawn with a fixed seed.
_TERMS = (6000, 6000, 1000)
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")


def known_words(texts: Iterable[str]) -> frozenset[str]:
    """Return the ordinary words of the training texts: those in three texts or more.

    Spelling correction leaves them alone.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(_WORD.findall(text.lower())))
    return frozenset(w for w, n in counts.items() if n >= 3 and len(w) >= 4)


def build_indexes(
    systems: Mapping[str, CodeSystem],
    forms: WordForms,
    index_path: Path | None = None,
    learned: Iterable[Alias] = (),
) -> dict[str, AliasIndex]:
    """Build the alias indexes of both labels.

    Parameters
    ----------
    systems : mapping of name to CodeSystem
    forms : WordForms
    index_path : Path, optional
        The Alphabetic Index as paths.
    learned : iterable of Alias
        Further terms, for example disease names of open ontologies.
    """
    icd = systems["ICD-10-CM"]
    diagnosis: list[Alias] = [*title_aliases(icd)]
    if index_path is not None:
        diagnosis.extend(index_aliases(read_index_paths(index_path), icd))
    procedure: list[Alias] = [
        alias for name in ("CPT", "HCPCS") for alias in catalogue_aliases(systems[name])
    ]
    for alias in (*lexicon_aliases(systems), *learned):
        (diagnosis if alias.system == "ICD-10-CM" else procedure).append(alias)
    return {
        "DIAGNOSIS": AliasIndex.build(_as_read(diagnosis, usual=True), forms),
        "PROCEDURE": AliasIndex.build(_as_read(procedure, usual=False), forms),
    }


def _as_read(aliases: Iterable[Alias], *, usual: bool) -> Iterator[Alias]:
    """Yield aliases, and those with ambiguous abbreviations also as notes are read.

    `usual` takes diseases for the usual sense: of a diagnosis "MR" is a leaking valve.
    """
    senses = AmbiguousAbbreviations.packaged()
    for alias in aliases:
        yield alias
        spelled_out = senses.spelled_out(alias.term, usual=usual)
        if spelled_out != alias.term:
            yield replace(alias, term=spelled_out)


def drawn_terms(systems: Mapping[str, CodeSystem]) -> list[tuple[str, int, int]]:
    """Draw terms of the lexicon and of the catalogues, always the same ones."""
    rng = np.random.default_rng(0)
    out: list[tuple[str, int, int]] = []
    for position, pool in (
        (0, [a for a in lexicon_aliases(systems) if a.system == "ICD-10-CM"]),
        (1, [a for a in catalogue_aliases(systems["CPT"]) if a.source == "synonym"]),
        (2, [a for a in catalogue_aliases(systems["HCPCS"]) if a.source == "synonym"]),
    ):
        drawn = rng.choice(len(pool), min(_TERMS[position], len(pool)), replace=False)
        out.extend((pool[i].term, position, pool[i].row) for i in sorted(drawn.tolist()))
    return out


def silent_bags(
    fits: Iterable[NoteFit], label: str, index: AliasIndex, finder: CandidateFinder
) -> list[int]:
    """Return the bags of one or two words that notes mention and coders never report for it.

    A bag is silent when at least eight notes mention it and a note that does so is hardly
    likelier than any other to carry a code of a category that the bag could mean.
    """
    seen: Counter[int] = Counter()
    coded: Counter[int] = Counter()
    base: Counter[str] = Counter()
    n_notes = 0

    def categories_of(bag: int) -> set[str]:
        return {
            finder.systems[int(index.entry_system[e])].codes[int(index.entry_row[e])][:3]
            for e in index.entries(bag)
        }

    for fit in fits:
        if label == "PROCEDURE" and not fit.coded_procedures:
            continue
        n_notes += 1
        categories = {g.code[:3] for g in (*fit.note.must, *fit.note.acceptable)}
        base.update(categories)
        for bag in {e.bag for e in fit.input.found.extracts if e.label == label and e.bag >= 0}:
            if index.bag_size[bag] <= 2:
                seen[bag] += 1
                coded[bag] += not categories.isdisjoint(categories_of(bag))
    silent = []
    for bag, n in seen.items():
        usual = sum(base[c] for c in categories_of(bag)) / max(n_notes, 1)
        if n >= 8 and coded[bag] < max(0.03, 1.5 * min(usual, 0.3)) * n:
            silent.append(bag)
    return sorted(silent)


def _anatomy(index: AliasIndex) -> list[int]:
    """Return the bags that name something else than their codes (``lexicon/silent.csv``)."""
    terms = (row["term"] for row in read_csv(DATA / "lexicon" / "silent.csv", ("term", "why")))
    found = (index.find_bag(index.forms.bag(term)) for term in terms)
    return [bag for bag in found if bag >= 0]


def silence(
    indexes: Mapping[str, AliasIndex], systems: Mapping[str, CodeSystem], fits: Sequence[NoteFit]
) -> int:
    """Silence the everyday words of both indexes; return how many."""
    finder = CandidateFinder(indexes, systems)
    total = 0
    for label, index in indexes.items():
        everyday = {
            # what a past operation left behind is told by its name alone
            bag
            for bag in silent_bags(fits, label, index, finder)
            if label != "PROCEDURE" or not finder.leaves_status(label, bag)
        }
        bags = sorted({*everyday, *_anatomy(index)})
        index.silence(bags)
        total += len(bags)
    return total
