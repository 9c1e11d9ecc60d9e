"""Damaged and hostile files: a typed error or a correct result, and nothing written on failure.

Every input is made from a seed, so that a failure can be had again. A result is correct when
the change does not matter and the rows are those of the sound file, or when every row is still
well-formed (a flipped letter inside a title cannot be known).
"""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from publications import PUBLICATIONS, Made, archive
from test_store import snapshot

from codesuggest.errors import TerminologyError
from codesuggest.terminology.code_forms import is_code, is_modifier
from codesuggest.terminology.readers import IndexTerm, Publication, Row, TableTerm, read_files
from codesuggest.terminology.store import TerminologyStore

SEEDS = 8
Mutation = Callable[[bytes, random.Random], bytes]


def truncated(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def cut_out(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randint(1, 200) :]


def flipped_bytes(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 12)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def noise_inside(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + rng.randbytes(rng.randint(1, 300)) + data[place:]


def doubled_piece(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    piece = data[start : start + rng.randint(1, 400)]
    return data[:start] + piece + data[start:]


def wrong_encoding(data: bytes, rng: random.Random) -> bytes:
    text = data.decode("cp1252", errors="replace")
    return text.encode(rng.choice(["utf-16", "utf-16-le", "utf-32", "cp037", "utf-7"]), "replace")


def half_of_each_encoding(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    marks = ["é".encode(), "é".encode("cp1252")]
    for mark in marks:
        place = rng.randrange(len(lines))
        lines[place] = lines[place].rstrip(b"\r\n") + mark + b"\n"
    return b"".join(lines)


def swapped_columns(data: bytes, rng: random.Random) -> bytes:
    out = []
    for line in data.split(b"\n"):
        for delimiter in (b"\t", b"|", b",", b" "):
            fields = line.split(delimiter)
            if len(fields) > 2:
                i, j = rng.randrange(len(fields)), rng.randrange(len(fields))
                fields[i], fields[j] = fields[j], fields[i]
                line = delimiter.join(fields)
                break
        out.append(line)
    return b"\n".join(out)


def shuffled_lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    rng.shuffle(lines)
    return b"\n".join(lines)


def entities(data: bytes, rng: random.Random) -> bytes:
    depth = rng.randint(2, 30)
    laughs = "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, depth))
    external = "<!ENTITY x SYSTEM 'file:///etc/passwd'>"
    doctype = f"<!DOCTYPE r [<!ENTITY a0 'ha'>{laughs}{external}]>".encode()
    place = data.find(b"<ICD10CM") if b"<ICD10CM" in data else 0
    body = data[place:].replace(b"<title>", f"<title>&a{depth - 1};&x;".encode(), 1)
    return data[:place] + doctype + body


def quotation_marks(data: bytes, rng: random.Random) -> bytes:
    return data.replace(b",", b',"', rng.randint(1, 4)).replace(b"\t", b'\t"', 1)


def zip_bomb(data: bytes, rng: random.Random) -> bytes:
    kind = rng.randrange(4)
    if kind == 0:
        return archive({"a.csv": data + b" " * rng.randint(2**21, 2**22)})
    if kind == 1:
        return gzip.compress(data + (b" " * 2000 + b"\n") * rng.randint(1000, 2000))
    packed = bytearray(archive({"a.csv": data}))
    size = packed.rindex(b"PK\x01\x02") + (24 if kind == 2 else 20)
    struct.pack_into("<I", packed, size, rng.choice([0, 1, 2**31, 2**32 - 2]))
    return bytes(packed)


def damaged_zip(data: bytes, rng: random.Random) -> bytes:
    return flipped_bytes(archive({"a.dat": data, "b.pdf": b"%PDF"}), rng)


def cut_zip(data: bytes, rng: random.Random) -> bytes:
    return truncated(archive({"a.dat": data}), rng)


def hostile_part_of_a_workbook(data: bytes, rng: random.Random) -> bytes:
    """Change one part of a workbook and pack it soundly again."""
    if not data.startswith(b"PK"):
        return truncated(archive({"xl/workbook.xml": data}), rng)
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        parts: dict[str, str | bytes] = {name: book.read(name) for name in book.namelist()}
    name = rng.choice(sorted(parts))
    change = rng.choice([truncated, flipped_bytes, cut_out, entities, doubled_piece])
    parts[name] = change(bytes(parts[name]), rng)  # type: ignore[arg-type]
    if rng.random() < 0.2:
        del parts[name]
    return archive(parts)


def unchanged(data: bytes, rng: random.Random) -> bytes:
    """What may not matter: packing, a mark at the front, the end of the last line."""
    if not data.startswith(b"PK"):
        data = rng.choice([data, b"\xef\xbb\xbf" + data]) if _is_utf8(data) else data
    choices: list[bytes] = [data, archive({"x/y": data}), gzip.compress(data)]
    return choices[rng.randrange(2 if data.startswith(b"PK") else 3)]


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


DESTRUCTIVE: tuple[Mutation, ...] = (
    truncated,
    cut_out,
    flipped_bytes,
    noise_inside,
    doubled_piece,
    wrong_encoding,
    half_of_each_encoding,
    swapped_columns,
    shuffled_lines,
    entities,
    quotation_marks,
    zip_bomb,
    damaged_zip,
    cut_zip,
    hostile_part_of_a_workbook,
)
HARMLESS: tuple[Mutation, ...] = (unchanged,)
CASES = [(f, m) for f in PUBLICATIONS for m in (*DESTRUCTIVE, *HARMLESS)]


def test_there_are_enough_cases() -> None:
    assert len(CASES) * SEEDS >= 2_000


@pytest.mark.parametrize(
    ("format_", "mutation"),
    [pytest.param(f, m, id=f"{f}-{m.__name__}") for f, m in CASES],
)
def test_typed_error_or_correct_result(format_: str, mutation: Mutation, tmp_path: Path) -> None:
    made = PUBLICATIONS[format_]
    sound = _read(made.data, tmp_path)
    assert sound
    store = TerminologyStore(tmp_path / "own")
    store.add([PUBLICATIONS["plain_table"].write(tmp_path)], release="1999")
    before = snapshot(store.directory)
    for seed in range(SEEDS):
        # not hash(): it differs from run to run
        rng = random.Random(zlib.crc32(f"{format_} {mutation.__name__} {seed}".encode()))
        data = mutation(made.data, rng)
        try:
            found = _read(data, tmp_path)
        except TerminologyError as error:
            _check_message(error)
            with pytest.raises(TerminologyError):
                store.add([tmp_path / "file"], release="2000")
            assert snapshot(store.directory) == before, seed
            assert mutation not in HARMLESS, seed
            continue
        if mutation in HARMLESS:
            assert [p.rows for p in found] == [p.rows for p in sound], seed
        _check_rows(found, seed)
        _check_stored(found, tmp_path, seed)
        if mutation is truncated:
            _check_prefix(found, sound, made, seed)


def _read(data: bytes, folder: Path) -> list[Publication]:
    path = folder / "file"
    path.write_bytes(data)
    return read_files([path])


def _check_message(error: TerminologyError) -> None:
    message = str(error)
    assert message.startswith("file"), message
    assert len(message) < 1_000


def _check_rows(found: list[Publication], seed: int) -> None:
    assert found, seed
    for publication in found:
        assert publication.rows, seed
        for row in publication.rows:
            _check_row(publication.system, row, seed)


def _check_row(system: str, row: Row, seed: int) -> None:
    if isinstance(row, IndexTerm | TableTerm):
        assert row.path[0], seed
        return
    assert is_code(system, row.code) or (system == "HCPCS" and is_modifier(row.code)), seed
    text = getattr(row, "title", getattr(row, "text", "conversion"))
    assert text, seed
    assert text == " ".join(text.split()), seed
    assert "\x00" not in text, seed


def _check_stored(found: list[Publication], folder: Path, seed: int) -> None:
    """What was read can be kept, and loads."""
    store = TerminologyStore(folder / f"kept {seed}")
    for release in store.add([folder / "file"], release="2000"):
        assert store.verify() == (), seed
        if "codes.npz" in release.files:
            table = store.load(release.system)
            assert len(table.codes) == len(set(table.codes)) == len(table.titles), seed
    assert {r.system for r in store.list()} == {p.system for p in found}, seed


def _check_prefix(
    found: list[Publication], sound: list[Publication], made: Made, seed: int
) -> None:
    """A file cut off between or within lines gives its first rows, the last perhaps shorter."""
    whole = {p.system: p.rows for p in sound}
    for publication in found:
        if made.format in ("cpt_medium", "cpt_long", "code_file"):
            assert publication.system in whole, seed
        if publication.system not in whole or publication.format != made.format:
            continue
        rows = publication.rows
        assert rows[:-1] == whole[publication.system][: len(rows) - 1], seed
