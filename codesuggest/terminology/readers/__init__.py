"""Readers of what publishers ship, told apart by content.

`read_files` takes files as they are downloaded, zipped or plain, and yields `Publication` values
with typed rows. What cannot be read raises a `TerminologyError` that names file, line and what
was expected.
"""

from codesuggest.terminology.readers.recognise import FORMATS, read_files
from codesuggest.terminology.readers.rows import (
    AthenaConcept,
    CodeRow,
    Conversion,
    Descriptor,
    HcpcsRow,
    IndexTerm,
    MrconsoAtom,
    OrderRow,
    Publication,
    Row,
    TableTerm,
)

__all__ = [
    "FORMATS",
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
    "read_files",
]
