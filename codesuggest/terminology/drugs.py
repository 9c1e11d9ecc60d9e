"""Drugs: what they are usually taken for, and the status code of their long-term use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from codesuggest.terminology.words import DATA, read_csv, tokenize

__all__ = ["COLUMNS", "LEXICON", "Drug", "DrugTable"]

LEXICON = DATA / "lexicon" / "drugs.csv"

COLUMNS = (
    "drug", "brands", "class", "usual_conditions", "long_term_code", "administered_code", "note",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drug:
    """One drug; `conditions` are ICD-10-CM codes it is mostly taken for, best first."""

    name: str
    conditions: tuple[str, ...]
    long_term_code: str
    administered_code: str


class DrugTable:
    """Drugs by the first word of their generic and brand names."""

    def __init__(self, names: dict[str, Drug]) -> None:
        self.names = names

    @classmethod
    def packaged(cls, path: Path = LEXICON) -> DrugTable:
        """Read ``data/lexicon/drugs.csv``."""
        names: dict[str, Drug] = {}
        for row in read_csv(path, COLUMNS):
            drug = Drug(
                row["drug"],
                tuple(filter(None, row["usual_conditions"].split("|"))),
                row["long_term_code"],
                row["administered_code"],
            )
            for name in (row["drug"], *row["brands"].split("|")):
                tokens = tokenize(name)
                if len(tokens) == 1 and len(tokens[0]) > 3:
                    names.setdefault(tokens[0], drug)
        return cls(names)

    def find(self, text: str) -> list[Drug]:
        """Return the drugs that the text names, each once, in order."""
        found = {
            drug.name: drug
            for word in text.lower().replace(",", " ").replace(".", " ").split()
            if (drug := self.names.get(word)) is not None
        }
        return list(found.values())

    def categories_of(self, words: Iterable[str]) -> frozenset[str]:
        """Return the ICD-10-CM categories that the drugs among `words` are usually taken for."""
        drugs = filter(None, map(self.names.get, words))
        return frozenset(c[:3] for drug in drugs for c in drug.conditions)
