"""The typed rows that the readers yield, one class a kind of publication."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from codesuggest.terminology.tabular import TabularEntry

__all__ = [
    "AthenaConcept",
    "CodeRow",
    "Conversion",
    "Descriptor",
    "HcpcsRow",
    "IndexTerm",
    "MrconsoAtom",
    "OrderRow",
    "Publication",
    "Row",
    "TableTerm",
]


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One line of an ICD-10-CM order file; `order` is 0 in a file of codes only."""

    order: int
    code: str
    billable: bool
    short_title: str
    title: str


@dataclass(frozen=True, slots=True)
class IndexTerm:
    """One term of the Alphabetic Index or the Index to External Causes.

    Parameters
    ----------
    path : tuple of str
        The main term and the subterms down to this one, without nonessential modifiers.
    nonessential : str
        Nonessential modifiers of this term, in their parentheses; ``""`` for none.
    code, manifestation : str
        Codes as printed (``"S90.51-"`` asks for more characters); ``""`` for none.
    see, see_also : str
        Cross references.
    category : str
        Category or subcategory to consult (``seecat``, ``subcat``).
    """

    path: tuple[str, ...]
    nonessential: str = ""
    code: str = ""
    manifestation: str = ""
    see: str = ""
    see_also: str = ""
    category: str = ""

    @property
    def level(self) -> int:
        """0 for a main term, 1 for its subterms, and so on."""
        return len(self.path) - 1


@dataclass(frozen=True, slots=True)
class TableTerm:
    """One line of the Table of Neoplasms or the Table of Drugs and Chemicals.

    `cells` stand in the order of the publication's columns, ``""`` where the table prints a
    dash or nothing; ``"C79.8-"`` asks for more characters.
    """

    path: tuple[str, ...]
    cells: tuple[str, ...]
    nonessential: str = ""
    see: str = ""
    see_also: str = ""


@dataclass(frozen=True, slots=True)
class HcpcsRow:
    """One procedure or modifier record of the CMS Alpha-Numeric HCPCS file.

    `record` is ``"3"`` for a code and ``"7"`` for a modifier; `action` is the CMS action code
    (``"A"`` added, ``"D"`` discontinued, ``"N"`` none and so on). Groups of columns are tuples
    without their blanks.
    """

    code: str
    record: str
    title: str
    short_title: str = ""
    prices: tuple[str, ...] = ()
    multiple_price: str = ""
    coverage_manual: tuple[str, ...] = ()
    carriers_manual: tuple[str, ...] = ()
    statute: str = ""
    lab_certifications: tuple[str, ...] = ()
    cross_references: tuple[str, ...] = ()
    coverage: str = ""
    asc_group: str = ""
    asc_date: date | None = None
    opps_group: str = ""
    opps_indicator: str = ""
    opps_date: date | None = None
    processing_note: str = ""
    betos: str = ""
    types_of_service: tuple[str, ...] = ()
    anesthesia_units: str = ""
    added: date | None = None
    effective: date | None = None
    terminated: date | None = None
    action: str = ""

    @property
    def modifier(self) -> bool:
        """The row names a modifier, not a code."""
        return self.record == "7"


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One descriptor of a CPT code, from a file of the AMA; `concept_id` where it gives one."""

    code: str
    text: str
    concept_id: str = ""


@dataclass(frozen=True, slots=True)
class MrconsoAtom:
    """One English, unsuppressed atom of UMLS MRCONSO.RRF."""

    cui: str
    vocabulary: str
    term_type: str
    code: str
    text: str
    preferred: bool


@dataclass(frozen=True, slots=True)
class AthenaConcept:
    """One concept of OHDSI Athena, with its synonyms."""

    concept_id: int
    code: str
    title: str
    concept_class: str
    valid_from: date
    valid_to: date
    invalid_reason: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversion:
    """One line of the ICD-10-CM conversion table.

    `previous` holds codes, ``"H35.20-H35.23"`` for a range and ``"I63.-"`` for a subcategory;
    it is empty where the table says that there was none.
    """

    code: str
    effective: date
    previous: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One row of a plain table of codes."""

    code: str
    title: str
    synonyms: tuple[str, ...] = ()


Row = (
    TabularEntry
    | OrderRow
    | IndexTerm
    | TableTerm
    | HcpcsRow
    | Descriptor
    | MrconsoAtom
    | AthenaConcept
    | Conversion
    | CodeRow
)


@dataclass(frozen=True, slots=True)
class Publication:
    """What one file says about one code system.

    Parameters
    ----------
    system : {"ICD-10-CM", "CPT", "HCPCS"}
    format : str
        One of `codesuggest.terminology.readers.FORMATS`.
    file : str
        File name as given, with the member of an archive after ``!``.
    release : str or None
        As the content says it (``"FY2026"``), else as the file's name does, else None.
    rows : tuple of rows
        All of one class, in the publisher's order.
    columns : tuple of str
        Headings of the cells of a `TableTerm`; empty otherwise.
    """

    system: str
    format: str
    file: str
    release: str | None
    rows: tuple[Row, ...]
    columns: tuple[str, ...] = ()
