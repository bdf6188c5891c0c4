"""Files of records, read block by block as tables: text lines, csv, tsv, lines of JSON, a list of JSON, Parquet.

A file of any size takes the memory of a block, but for a list of JSON, which is read as a whole. Cells of text files
are texts here; what they hold is told by ``datagen.records.cells``.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import pyarrow as pa

from datagen.problems import RunFailed, reason, show

BLOCK = 2**20  # bytes that are read at once
LINE = "line"  # the column of a file of lines
_LONGEST = 2**26  # bytes of one record
_ROWS = 8192  # of a block, where records are not counted in bytes
FORMATS = ("csv", "tsv", "jsonl", "json", "parquet", "lines")
_BY_ENDING = {"ndjson": "jsonl", "pq": "parquet"} | {name: name for name in FORMATS}
_PACKED = {".gz": "gzip", ".zst": "zstd"}

Reading = Callable[[], pa.Table]  # what reads a block; those that are not wanted are passed by at little cost


@dataclass(frozen=True)
class Form:
    """How the records of a file are written."""

    format: str
    header: bool = True  # of csv and tsv: whether the first line names the columns
    delimiter: str = ","
    quote: str = '"'
    separator: str = "\n"  # of lines
    record: str | None = None  # of lines: a regular expression that begins a record at each match

    @property
    def is_of_cells(self) -> bool:
        """Return whether values are written as cells of text, which don't say their types."""
        return self.format in ("csv", "tsv", "lines")

    @property
    def unit(self) -> str:
        """Return what a record is called in messages."""
        is_a_line = self.format != "lines" or (self.record is None and self.separator == "\n")
        return "line" if is_a_line and self.format in ("lines", "jsonl", "csv", "tsv") else "record"

    @property
    def first(self) -> int:
        """Return the number of the first record in messages."""
        return 2 if self.format in ("csv", "tsv") and self.header else 1


def format_of(path: str) -> str:
    """Return the format that a file has by the ending of its name: that of lines if it says none."""
    name = path.lower()
    for ending in _PACKED:
        name = name.removesuffix(ending)
    return _BY_ENDING.get(name.rpartition(".")[2], "lines")


class Blocks:
    """The records of a file, block by block; the blocks of a file are the same each time."""

    def __init__(self, path: str, form: Form) -> None:
        self._path, self._form = path, form
        self._next = 0
        self._readings: Iterator[Reading] | None = None

    def read(self, number: int) -> pa.Table | None:
        """Return a block by its number; None behind the last. Going on is cheap, going back reads all again.

        Raises RunFailed when the file can't be read, or does not hold what it should.
        """
        try:
            if self._readings is None or number < self._next:
                self._readings, self._next = _READERS[self._form.format](self._path, self._form), 0
            reading = next(islice(self._readings, number - self._next, None), None)
            self._next = number + 1
            return None if reading is None else reading()
        except (OSError, pa.ArrowException, ValueError, EOFError) as error:
            raise RunFailed(f"reading {self._path}: {reason(error)}") from error


def _stream(path: str) -> Any:
    """Return a file to read from, unpacked.

    It is a file of Python's, whose end waits for whoever still reads. Arrow's own does not, and its reader of csv reads
    ahead: after a reader was left, it took bytes of the file that was opened next, under the same number, in 3 of
    15,000 openings by 8 processes on 2 processors; of Python's in none of 18,000.
    """
    return pa.input_stream(open(path, "rb"), compression=_PACKED.get(os.path.splitext(path)[1].lower()))


def _lines(path: str, form: Form) -> Iterator[Reading]:
    for text, cut in _texts(path, form):
        yield partial(_records, text, cut)


def _records(text: str, cut: Callable[[str], list[str]]) -> pa.Table:
    return pa.table({LINE: pa.array(cut(text), pa.string())})


def _texts(path: str, form: Form) -> Iterator[tuple[str, Callable[[str], list[str]]]]:
    """Yield pieces of a text that end where records do, each with what cuts it into these."""
    begin = None if form.record is None else re.compile(form.record, re.MULTILINE)
    rest = b""
    with _stream(path) as stream:
        while chunk := stream.read(BLOCK):
            rest += chunk
            if len(rest) > _LONGEST:
                raise ValueError(f"a record is longer than {_LONGEST:,} bytes")
            end = _end(rest, form, begin)
            if end > 0:
                yield _text(rest[:end]), _cutter(form, begin)
                rest = rest[end:]
    if rest:
        yield _text(rest), _cutter(form, begin)


def _end(data: bytes, form: Form, begin: re.Pattern[str] | None) -> int:
    """Return where the last record ends that is there as a whole."""
    if begin is None:
        separator = form.separator.encode()
        return data.rfind(separator) + len(separator) if separator in data else 0
    line_end = data.rfind(b"\n") + 1  # what begins in a line that is not there yet is not looked for
    last = 0
    for match in begin.finditer(data[:line_end].decode(errors="surrogateescape")):
        last = match.start()
    return len(data[:line_end].decode(errors="surrogateescape")[:last].encode(errors="surrogateescape"))


def _cutter(form: Form, begin: re.Pattern[str] | None) -> Callable[[str], list[str]]:
    if begin is not None:
        return lambda text: _cut(text, begin)
    if form.separator == "\n":
        return lambda text: text.removesuffix("\n").replace("\r\n", "\n").removesuffix("\r").split("\n")
    return lambda text: text.removesuffix("\n").removesuffix(form.separator).split(form.separator)


def _cut(text: str, begin: re.Pattern[str]) -> list[str]:
    starts = sorted({0, *(match.start() for match in begin.finditer(text))})
    return [text[low:high].rstrip("\r\n") for low, high in zip(starts, [*starts[1:], len(text)], strict=True)]


def _text(data: bytes) -> str:
    """Return a text; bytes that are no UTF-8 become replacement characters."""
    return data.decode(errors="replace").removeprefix("\ufeff")


def _csv(path: str, form: Form) -> Iterator[Reading]:
    from pyarrow import csv  # takes 5 ms

    read = csv.ReadOptions(use_threads=False, block_size=BLOCK, autogenerate_column_names=not form.header)
    parse = csv.ParseOptions(delimiter=form.delimiter, quote_char=form.quote or False, newlines_in_values=True)
    with _stream(path) as stream, csv.open_csv(stream, read, parse) as reader:
        names = reader.schema.names
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"there are several columns {show(sorted(twice)[0])}")
    columns = names if form.header else [f"_{number}" for number in range(len(names))]
    as_texts = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    with _stream(path) as stream, csv.open_csv(stream, read, parse, as_texts) as reader:
        for batch in reader:
            yield partial(pa.table, batch.columns, columns)


def _jsonl(path: str, form: Form) -> Iterator[Reading]:
    yield from _objects(text for text, _ in _texts(path, Form("lines")))


def _json(path: str, form: Form) -> Iterator[Reading]:
    with _stream(path) as stream:
        records = json.loads(_text(stream.read()))
    if not isinstance(records, list):
        raise ValueError(f"must be a list, found {show(records)}")
    begins = range(0, len(records), _ROWS)
    yield from _objects("\n".join(map(json.dumps, records[begin : begin + _ROWS])) for begin in begins)


def as_written(path: str, form: Form, names: Iterable[str]) -> dict[str, list[Any]]:
    """Return the values of some columns of a file of JSON, each as it stands there."""
    if form.format == "json":
        with _stream(path) as stream:
            records = json.loads(_text(stream.read()))
    else:
        texts = (text for text, _ in _texts(path, Form("lines")))
        records = [json.loads(line) for text in texts for line in text.split("\n") if line.strip()]
    return {name: [record.get(name) for record in records] for name in names}


def _objects(texts: Iterable[str]) -> Iterator[Reading]:
    """Read lines of JSON; what the first of them hold says the types of all, later keys are left out."""
    from pyarrow import json as reader

    parse = None
    for text in texts:
        data = text.encode()
        read = reader.ReadOptions(use_threads=False, block_size=len(data) + 1)
        if parse is None:
            found = reader.read_json(pa.BufferReader(data), read).schema
            schema = pa.schema([(field.name, _without_times(field.type)) for field in found])
            parse = reader.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
        yield partial(_table, data, read, parse)


def _table(data: bytes, read: Any, parse: Any) -> pa.Table:
    from pyarrow import json as reader

    return reader.read_json(pa.BufferReader(data), read, parse)


def _without_times(type_: pa.DataType) -> pa.DataType:
    """Return a type of JSON: what the reader took for a time is a text."""
    if pa.types.is_timestamp(type_):
        return pa.string()
    if pa.types.is_list(type_):
        return pa.list_(_without_times(type_.value_type))
    if pa.types.is_struct(type_):
        return pa.struct([(field.name, _without_times(field.type)) for field in type_])
    return type_


def _parquet(path: str, form: Form) -> Iterator[Reading]:
    from pyarrow import parquet  # takes 30 ms

    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(_ROWS, use_threads=False):
            yield partial(pa.Table.from_batches, [batch])


_READERS: dict[str, Callable[[str, Form], Any]] = {
    "csv": _csv,
    "tsv": _csv,
    "jsonl": _jsonl,
    "json": _json,
    "parquet": _parquet,
    "lines": _lines,
}
