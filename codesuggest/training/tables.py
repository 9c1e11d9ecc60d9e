"""Tables as rows: CSV, JSONL, Parquet and DataFrames, each row with its number."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, cast

from codesuggest.errors import EncodingError, MissingExtraError, TrainingDataError
from codesuggest.training.code_reading import ReadingReport

__all__ = ["Row", "TableSource", "name_of", "rows_of"]

#: Number of the row in its file, and its cells by column.
Row = tuple[int, Mapping[str, Any]]
#: A file or anything with ``to_dict("records")``.
TableSource = Any

_LONGEST_CELL = 50_000_000


def name_of(source: TableSource) -> str:
    """Return what reports call a source."""
    return Path(source).name if isinstance(source, str | Path) else "table"


def rows_of(source: TableSource, report: ReadingReport) -> Iterator[Row]:
    """Yield the rows of a table; broken ones go to the report.

    Raises
    ------
    TrainingDataError
        A file of another kind, or one that cannot be read.
    MissingExtraError
        Parquet without pyarrow.
    """
    if not isinstance(source, str | Path):
        if not hasattr(source, "to_dict"):
            raise TrainingDataError(f"expected a path or a DataFrame, got {type(source).__name__}")
        yield from enumerate(source.to_dict("records"), 1)
        return
    path = Path(source)
    kind = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    reader = {".csv": _csv, ".tsv": _tsv, ".jsonl": _jsonl, ".parquet": _parquet}.get(kind.lower())
    if reader is None:
        raise TrainingDataError(f"{path.name}: expected .csv, .tsv, .jsonl (or .gz) or .parquet")
    if not path.is_file():
        raise TrainingDataError(f"{path}: no such file")
    try:
        yield from reader(path, report)
    except UnicodeDecodeError as error:
        raise EncodingError(f"{path.name}: not UTF-8 at byte {error.start} of a block") from None
    except (OSError, EOFError) as error:
        raise TrainingDataError(f"{path.name}: cannot be read ({type(error).__name__})") from None


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return cast(IO[str], gzip.open(path, "rt", encoding="utf-8-sig", newline=""))
    return path.open(encoding="utf-8-sig", newline="")


def _csv(path: Path, report: ReadingReport, delimiter: str = ",") -> Iterator[Row]:
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        with _open(path) as handle:
            reader = csv.reader(handle, delimiter=delimiter)
            heading = [cell.strip().lower() for cell in next(reader, [])]
            if not heading:
                raise TrainingDataError(f"{path.name}: empty, expected a heading")
            for number, cells in enumerate(reader, 2):
                if not any(cells):
                    continue
                if len(cells) != len(heading):
                    reason = f"{len(cells)} cells where the heading has {len(heading)}"
                    report.leave_out(path.name, number, reason)
                    continue
                yield number, dict(zip(heading, cells, strict=True))
    except csv.Error:
        raise TrainingDataError(f"{path.name}: not a CSV file that can be read") from None
    finally:
        csv.field_size_limit(before)


def _tsv(path: Path, report: ReadingReport) -> Iterator[Row]:
    return _csv(path, report, "\t")


def _jsonl(path: Path, report: ReadingReport) -> Iterator[Row]:
    with _open(path) as handle:
        yield from _objects(path.name, handle, report)


def _objects(name: str, lines: Iterable[str], report: ReadingReport) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if isinstance(row, dict):
            yield number, row
        else:
            report.leave_out(name, number, "not a JSON object")


def _parquet(path: Path, report: ReadingReport) -> Iterator[Row]:
    try:
        from pyarrow import ArrowInvalid, parquet
    except ImportError:
        raise MissingExtraError("pyarrow", "parquet") from None
    try:
        file = parquet.ParquetFile(path)
        number = 0
        for batch in file.iter_batches(1000):
            for row in batch.to_pylist():
                number += 1
                yield number, {str(k).lower(): v for k, v in row.items()}
    except ArrowInvalid:
        raise TrainingDataError(f"{path.name}: not a Parquet file that can be read") from None
