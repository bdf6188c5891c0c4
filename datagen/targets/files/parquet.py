"""The target ``parquet``: which columns there are, which folder each row goes to, and how rows are read back.

When files are put into their place is the business of a shipment.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from datagen.plugin.formatter import Formatter, LineWriter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Gather, Sink, Target
from datagen.problems import Path_, show
from datagen.records.batch import Batch, Layout
from datagen.records.conversion import exported_types, record_batch
from datagen.records.lines import Lines
from datagen.records.pattern import patterned, placeholders
from datagen.records.strftime import formatted_time
from datagen.records.text import json_text, plain_text
from datagen.records.types import has_no_keys
from datagen.targets.files.naming import NUMBER, PART, Names, PathPattern, fixed_folder
from datagen.targets.files.place import Address, Place, local_problem, reach
from datagen.targets.files.rotation import Rotation
from datagen.targets.files.shipment import Series, Shipment
from datagen.targets.files.unfinished import UnfinishedFile
from datagen.targets.partition import PERIODS, Partition, named, unknown

_NULL = "__HIVE_DEFAULT_PARTITION__"  # what Hive, Spark and Arrow call the folder of rows without a value
_RECORDS = 1_000_000
_GATHERED = 4096  # records: tiny tables cost more than they hold


class Parquet(Target):
    """Parquet files with typed columns: objects as structs, lists as lists, times as timestamps, exact
    decimals as such.

    `path` is a folder for `part-00001.parquet` and so on, or, when it ends in `.parquet`, numbers that file:
    `clicks.parquet` becomes `clicks-00001.parquet`. It may also be a URI of an object store (`s3://bucket/folder`,
    `gs://`, `abfs://`). As in the path of a `file`, strftime codes stand for the time of a record and `{{dimension}}`
    for a value. With `partition_by` the files are in folders such as `country=DE`, which readers know as partitions,
    and these columns are not in the files; `{"time": "day"}` makes folders such as `day=2024-01-01`, and leaves `time`.

    A Parquet file is complete only with its end, so records are held in memory, encoded, until theirs is, and count as
    delivered once it is in its place. Without `records` in `rotate` files hold up to 1,000,000.

    Example: {"type": "parquet", "path": "clicks"}

    Example: {"type": "parquet", "path": "clicks.parquet", "compression": "zstd", "rotate": {"records": 5000000}}

    Example: {"type": "parquet", "path": "visits/%Y-%m", "partition_by": [{"time": "day"}]}
    """

    kind: ClassVar[str] = "parquet"
    with_codes: ClassVar[tuple[str, ...]] = ("path",)
    takes_format: ClassVar[bool] = False
    form: ClassVar[tuple[str, ...]] = ("partition_by", "rotate")
    path: str = Field(min_length=1, description="a folder, a file that ends in .parquet, or the URI of either")
    partition_by: list[Partition] = Field(
        [],
        description="dimensions whose values choose the folder: text, numbers, times; or the year, month, day or hour "
        'of a time, such as `{"time": "day"}`',
    )
    row_group_size: int = Field(131_072, ge=1, le=10_000_000, description="rows in a row group, at most")
    compression: Literal["snappy", "zstd", "gzip", "none"] = Field("snappy", description="how columns are compressed")
    rotate: Rotation | None = Field(
        None, description="when the next file begins; `bytes` are looked at after each row group"
    )
    append: bool = Field(False, description="keep the files that are there and number the new ones after them")

    @property
    def _address(self) -> Address:
        return Address.of(self.path)

    @property
    def _names_a_file(self) -> bool:
        return self._address.path.endswith(".parquet")

    @property
    def folder(self) -> str:
        """Return the folder of all files, with a slash at its end; "" for the current one."""
        path = re.sub("/+", "/", self._address.path)
        return path[: path.rfind("/") + 1] if self._names_a_file else path.rstrip("/") + "/"

    @property
    def file(self) -> str:
        """Return the name of a file, without a number."""
        return self._address.path.rpartition("/")[2] if self._names_a_file else "part.parquet"

    def __str__(self) -> str:
        return f"parquet {self._address}"

    def secrets(self) -> list[str]:
        return [*super().secrets(), *self._address.secrets()]

    def problem(self) -> str | None:
        return self._address.problem(NUMBER + PART)

    def unwritable(self) -> str | None:
        return local_problem(fixed_folder(self.folder), made=True) if self._address.is_local else None

    def occupies(self) -> list[str]:
        return [self._address.identity]

    def check(self) -> None:
        reach(self._address, fixed_folder(self.folder), self.problem() or self.unwritable())

    @property
    def partitions(self) -> list[tuple[str, str | None]]:
        """Return what chooses the folders: names of dimensions, and of the period where they are times cut short."""
        return named(self.partition_by)

    def patterns(self, layout: Layout) -> tuple[PathPattern, PathPattern]:
        """Return how folder and file of a record are called; the partitions stand between them."""
        return PathPattern(self.folder, layout), PathPattern(self.file, layout)

    def splits_by(self) -> Iterator[tuple[Path_, str]]:
        whole = ((number, name) for number, (name, period) in enumerate(self.partitions) if period is None)
        yield from ((("partition_by", number), name) for number, name in whole)
        yield from ((("path",), name) for name in placeholders(self._address.path))

    def misfits(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        types = exported_types(layout)
        found = [text for pattern in self.patterns(layout) for text in pattern.problems]
        found += unknown(self.partition_by, types)
        folders = Counter(period or name for name, period in self.partitions)
        found += [f"partition_by: two folders would be called {show(name)}" for name in folders if folders[name] > 1]
        found += [
            f"a parquet column can't hold an object without keys: {name}" for name in types if has_no_keys(types[name])
        ]
        if not found and types.keys() <= {name for name, period in self.partitions if period is None}:
            found.append("partition_by leaves no column for the files")
        return found

    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> Sink:
        return _Tables(self, self._series(layout), layout, scope)

    def _series(self, layout: Layout) -> Series:
        rotation = self.rotate or Rotation(records=_RECORDS)
        rotation = rotation.model_copy(update={"records": rotation.records or _RECORDS, "bytes": None})
        folder, file = self.patterns(layout)
        expression = folder.expression + "[^/]+/" * len(self.partition_by) + file.expression
        names = Names(expression, folder.folder, ".parquet", numbered=True)
        return Series(self._address, names, rotation, self.append)


class _NoText(LineWriter):
    """Writes columns as no text at all, without the time that putting nothing in order would take."""

    def lines(self, batch: Batch) -> Lines:
        return Lines(memoryview(b""), np.zeros(len(batch), np.int64))


class _Tables(Shipment):
    """The rows of a target, encoded in memory until their files end; as text, a record is nothing."""

    gather = Gather(_GATHERED, 1, 1.0)

    def __init__(self, target: Parquet, series: Series, layout: Layout, scope: Scope) -> None:
        super().__init__(series, _NoText(_nothing), scope)
        self._target = target
        self._layout = layout
        self._patterns = target.patterns(layout)
        self._is_one = not target.partitions and all(pattern.is_constant for pattern in self._patterns)
        columns = [
            (name, type_) for name, type_ in exported_types(layout).items() if (name, None) not in target.partitions
        ]
        self._schema = pa.schema(columns)
        self._unfinished: dict[str, UnfinishedFile] = {}  # by path

    # Columns

    def encode(self, batch: Batch) -> Encoded:
        table = record_batch(batch, self._layout)
        columns = [table.column(name) for name in self._schema.names]
        paths = [] if self._is_one else [self._paths(batch, table)]
        return replace(super().encode(batch), texts=(*columns, *paths))

    def _paths(self, batch: Batch, table: pa.RecordBatch) -> pa.Array:
        """Write the path of each row's file, ``folder/country=DE/part.parquet``."""
        folder, file = (patterned(batch, pattern, self.scope.start) for pattern in self._patterns)
        pieces: list[Any] = [folder]
        for name, period in self._target.partitions:
            column = table.column(name)
            text = plain_text(column) if period is None else formatted_time(column, PERIODS[period])
            values = text.dictionary_encode()
            names = pa.array([quote(value, safe="") for value in values.dictionary.to_pylist()], pa.string())
            names = pc.if_else(pc.equal(names, ""), _NULL, names).take(values.indices)
            pieces += [f"{quote(period or name, safe='')}=", names, "/"]
        return pc.binary_join_element_wise(*pieces, file, "")

    def _table(self, encoded: Encoded) -> pa.Table:
        return pa.Table.from_arrays(list(encoded.texts[: len(self._schema)]), schema=self._schema)

    def _shares(self, encoded: Encoded) -> Iterator[tuple[str, pa.Table]]:
        """Yield the path and the rows of each file."""
        table = self._table(encoded)
        if self._is_one:
            yield "".join(pattern.constant for pattern in self._patterns), table
            return
        paths = encoded.texts[-1].dictionary_encode()
        numbers = paths.indices.to_numpy()
        table = table.take(pa.array(np.argsort(numbers, kind="stable")))
        start = 0
        for path, count in zip(paths.dictionary.to_pylist(), np.bincount(numbers).tolist(), strict=True):
            yield path, table.slice(start, count)
            start += count

    # Files

    def _hold(self, encoded: Encoded) -> None:
        for path, table in self._shares(encoded):
            if path not in self._unfinished:
                self._unfinished[path] = UnfinishedFile(
                    self._schema, self._target.compression, self._target.row_group_size
                )
            self._unfinished[path].add(table)

    def _is_full(self) -> bool:
        limit = self._target.rotate.bytes if self._target.rotate is not None else None
        return limit is not None and max((file.size for file in self._unfinished.values()), default=0) >= limit

    def _end(self) -> dict[str, Any]:
        ended = {path: file.end() for path, file in self._unfinished.items()}
        self._unfinished = {}
        return ended

    # Reading back

    def stored(self) -> Iterator[tuple[str, Sequence[bytes]]]:
        import pyarrow.parquet as pq

        place = Place(self._series.address)
        for path, _, name in place.find(self._series.names):
            # No threads: one that is alive while Python ends can end the process with SIGABRT.
            file = pq.ParquetFile(pa.BufferReader(place.read(name)), pre_buffer=False)
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, use_threads=False).combine_chunks()
                yield path, _texts(table, "" if self._is_one else path)

    def comparable(self, encoded: Encoded) -> Sequence[bytes]:
        return _texts(self._table(encoded), "" if self._is_one else encoded.texts[-1])


def _nothing(columns: Mapping[str, pa.Array]) -> pa.Array:
    return pa.repeat("", len(next(iter(columns.values()))))


def _texts(table: pa.Table, path: str | pa.Array) -> list[bytes]:
    """Write rows as JSON, behind the paths of their files."""
    columns = [column.combine_chunks() for column in table.columns]
    rows = json_text(pa.StructArray.from_arrays(columns, names=table.schema.names))
    return pc.binary_join_element_wise(path, rows, "").cast(pa.binary()).to_pylist()
