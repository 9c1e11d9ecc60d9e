"""OHDSI Athena vocabularies: CONCEPT.csv, joined with CONCEPT_SYNONYM.csv where that is given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from codesuggest.terminology.code_forms import VOCABULARIES, is_code, spell
from codesuggest.terminology.readers.rows import AthenaConcept, Publication
from codesuggest.terminology.readers.sources import Source
from codesuggest.terminology.readers.text_lines import numbered_lines, tidy

__all__ = ["CONCEPT_COLUMNS", "SYNONYM_COLUMNS", "join_synonyms", "read_concepts"]

CONCEPT_COLUMNS = (
    "concept_id",
    "concept_name",
    "vocabulary_id",
    "concept_class_id",
    "concept_code",
    "valid_start_date",
    "valid_end_date",
    "invalid_reason",
)
SYNONYM_COLUMNS = ("concept_id", "concept_synonym_name", "language_concept_id")

_OURS = frozenset({"CPT4", "HCPCS", "ICD10CM"})
_ENGLISH = "4180186"


def read_concepts(source: Source) -> list[Publication]:
    """Read the concepts of our vocabularies, one publication a code system.

    Raises
    ------
    TerminologyError
        A missing column, a line with too few or too many fields, a malformed date, or no
        concept of ours.
    """
    rows: dict[str, list[AthenaConcept]] = {}
    for number, fields in _records(source, CONCEPT_COLUMNS):
        key, name, vocabulary, kind, code, start, end, reason = fields
        if vocabulary not in _OURS:
            continue
        system = VOCABULARIES[vocabulary]
        code = spell(system, code)
        if not is_code(system, code):
            continue  # modifiers, chapters and the CPT hierarchy
        if not key.isdecimal() or len(key) > 12:
            raise source.error(f"expected a concept_id, got {key[:20]!r}", number)
        if not tidy(name):
            raise source.error(f"expected a concept_name of {code}; for CPT run cpt4.jar", number)
        rows.setdefault(system, []).append(
            AthenaConcept(
                int(key),
                code,
                tidy(name),
                kind,
                _day(source, number, start),
                _day(source, number, end),
                reason,
            )
        )
    if not rows:
        raise source.error("expected concepts of CPT4, HCPCS or ICD10CM, found none")
    return [
        Publication(system, "athena", source.name, None, tuple(concepts))
        for system, concepts in rows.items()
    ]


def join_synonyms(source: Source, publications: list[Publication]) -> list[Publication]:
    """Return the publications of `read_concepts` with the English synonyms of a file.

    Raises
    ------
    TerminologyError
        As `read_concepts`.
    """
    wanted: dict[str, list[str]] = {
        str(row.concept_id): []
        for publication in publications
        for row in publication.rows
        if isinstance(row, AthenaConcept)
    }
    for number, (key, name, language) in _records(source, SYNONYM_COLUMNS):
        if not key.isdecimal():
            raise source.error(f"expected a concept_id, got {key[:20]!r}", number)
        if language == _ENGLISH and key in wanted and tidy(name):
            wanted[key].append(tidy(name))
    return [
        replace(
            publication,
            rows=tuple(
                replace(row, synonyms=_others(row.title, wanted[str(row.concept_id)]))
                if isinstance(row, AthenaConcept)
                else row
                for row in publication.rows
            ),
        )
        for publication in publications
    ]


def _others(title: str, names: list[str]) -> tuple[str, ...]:
    return tuple(name for name in dict.fromkeys(names) if name != title)


def _records(source: Source, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Yield the fields of `columns`, in their order; the file has no quotation marks."""
    positions: list[int] = []
    width = 0
    for number, line in numbered_lines(source):
        if not line:
            continue
        fields = line.split("\t")
        if not positions:
            names = [field.strip().lower() for field in fields]
            missing = [column for column in columns if column not in names]
            if missing:
                raise source.error(f"expected the column {missing[0]}", number)
            positions, width = [names.index(column) for column in columns], len(names)
        elif len(fields) != width:
            raise source.error(f"expected {width} tab-separated fields, got {len(fields)}", number)
        else:
            yield number, [fields[position] for position in positions]


def _day(source: Source, number: int, text: str) -> date:
    try:
        if len(text) == 8 and text.isascii():
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
        return date.fromisoformat(text)
    except ValueError:
        raise source.error(f"expected a date YYYYMMDD, got {text[:20]!r}", number) from None
