"""The target ``parquet``: which columns there are, which folder each row goes to, and how rows are read back.

When files are put into their place is the business of a shipment.
"""

import re
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
from datagen.problems import did_you_mean, show
from datagen.records.batch import Batch, Layout
from datagen.records.conversion import exported, record_batch
from datagen.records.lines import Lines
from datagen.records.text import json_text, plain_text
from datagen.records.types import common_type
from datagen.targets.files.naming import Names
from datagen.targets.files.place import Address, Place, local_problem, reach
from datagen.targets.files.rotation import Rotation
from datagen.targets.files.shipment import Series, Shipment
from datagen.targets.files.unfinished import UnfinishedFile

_NULL = "__HIVE_DEFAULT_PARTITION__"  # what Hive, Spark and Arrow call the folder of rows without a value
_RECORDS = 1_000_000
_GATHERED = 4096  # records: tiny tables cost more than they hold


class Parquet(Target):
    """Parquet files with typed columns: objects as structs, lists as lists, times as timestamps.

    `path` is a folder for `part-00001.parquet` and so on, or, when it ends in `.parquet`, numbers that file:
    `clicks.parquet` becomes `clicks-00001.parquet`. It may also be a URI of an object store (`s3://bucket/folder`,
    `gs://`, `abfs://`). With `partition_by` the files are in folders such as `country=DE`, which readers know as
    partitions, and these columns are not in the files.

    A Parquet file is complete only with its end, so records are held in memory, encoded, until theirs is, and count as
    delivered once it is in its place. Without `records` in `rotate` files hold up to 1,000,000.

    Example: {"type": "parquet", "path": "clicks"}

    Example: {"type": "parquet", "path": "clicks.parquet", "compression": "zstd", "rotate": {"records": 5000000}}
    """

    kind: ClassVar[str] = "parquet"
    takes_format: ClassVar[bool] = False
    form: ClassVar[tuple[str, ...]] = ("partition_by", "rotate")
    path: str = Field(min_length=1, description="a folder, a file that ends in .parquet, or the URI of either")
    partition_by: list[str] = Field([], description="dimensions whose values choose the folder: text, numbers, times")
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
        return self._address.problem()

    def unwritable(self) -> str | None:
        return local_problem(self.folder, made=True) if self._address.is_local else None

    def occupies(self) -> list[str]:
        return [self._address.identity]

    def check(self) -> None:
        reach(self._address, self.folder, self.problem() or self.unwritable())

    def misfits(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        types = _types(layout)
        found = [
            f"partition_by: no emitter has {show(name)}{did_you_mean(name, list(types))}"
            if name not in types
            else f"partition_by: {show(name)} is an object or a list"
            for name in self.partition_by
            if name not in types or pa.types.is_nested(types[name])
        ]
        found += [
            f"a parquet column can't hold an object without keys: {name}" for name in types if _is_bare(types[name])
        ]
        if not found and types.keys() <= set(self.partition_by):
            found.append("partition_by leaves no column for the files")
        return found

    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> Sink:
        return _Tables(self, self._series(), layout, scope)

    def _series(self) -> Series:
        rotation = self.rotate or Rotation(records=_RECORDS)
        rotation = rotation.model_copy(update={"records": rotation.records or _RECORDS, "bytes": None})
        expression = re.escape(self.folder) + "[^/]+/" * len(self.partition_by) + re.escape(self.file)
        names = Names(expression, self.folder, ".parquet", numbered=True)
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
        columns = [(name, type_) for name, type_ in _types(layout).items() if name not in target.partition_by]
        self._schema = pa.schema(columns)
        self._unfinished: dict[str, UnfinishedFile] = {}  # by path

    # Columns

    def encode(self, batch: Batch) -> Encoded:
        table = record_batch(batch, self._layout)
        columns = [table.column(name) for name in self._schema.names]
        return replace(super().encode(batch), texts=(*columns, *self._folders(table)))

    def _folders(self, table: pa.RecordBatch) -> list[pa.Array]:
        """Write the folder of each row, ``country=DE/``, if there are any."""
        pieces: list[Any] = []
        for name in self._target.partition_by:
            values = plain_text(table.column(name)).dictionary_encode()
            names = pa.array([quote(value, safe="") for value in values.dictionary.to_pylist()], pa.string())
            names = pc.if_else(pc.equal(names, ""), _NULL, names).take(values.indices)
            pieces += [f"{quote(name, safe='')}=", names, "/"]
        return [pc.binary_join_element_wise(*pieces, "")] if pieces else []

    def _table(self, encoded: Encoded) -> pa.Table:
        return pa.Table.from_arrays(list(encoded.texts[: len(self._schema)]), schema=self._schema)

    def _shares(self, encoded: Encoded) -> Iterator[tuple[str, pa.Table]]:
        """Yield the path and the rows of each file."""
        folder, file, table = self._target.folder, self._target.file, self._table(encoded)
        if not self._target.partition_by:
            yield folder + file, table
            return
        inner = encoded.texts[-1].dictionary_encode()
        numbers = inner.indices.to_numpy()
        table = table.take(pa.array(np.argsort(numbers, kind="stable")))
        start = 0
        for name, count in zip(inner.dictionary.to_pylist(), np.bincount(numbers).tolist(), strict=True):
            yield f"{folder}{name}{file}", table.slice(start, count)
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
            folder = path[len(self._target.folder) : path.rfind("/") + 1] if self._target.partition_by else ""
            # No threads: one that is alive while Python ends can end the process with SIGABRT.
            file = pq.ParquetFile(pa.BufferReader(place.read(name)), pre_buffer=False)
            for group in range(file.num_row_groups):
                yield path, _texts(file.read_row_group(group, use_threads=False).combine_chunks(), folder)

    def comparable(self, encoded: Encoded) -> Sequence[bytes]:
        return _texts(self._table(encoded), encoded.texts[-1] if self._target.partition_by else "")


def _types(layout: Layout) -> dict[str, pa.DataType]:
    """Return the type of each column, as other programs know it."""
    return {name: exported(pa.nulls(0, common_type(layout.types(name)))).type for name in layout.names()}


def _nothing(columns: Mapping[str, pa.Array]) -> pa.Array:
    return pa.repeat("", len(next(iter(columns.values()))))


def _is_bare(type_: pa.DataType) -> bool:
    """Return whether there is a struct without fields in a type."""
    if pa.types.is_struct(type_):
        return type_.num_fields == 0 or any(_is_bare(field.type) for field in type_)
    return pa.types.is_list(type_) and _is_bare(type_.value_type)


def _texts(table: pa.Table, folder: str | pa.Array) -> list[bytes]:
    """Write rows as JSON, behind the names of their folders."""
    columns = [column.combine_chunks() for column in table.columns]
    rows = json_text(pa.StructArray.from_arrays(columns, names=table.schema.names))
    return pc.binary_join_element_wise(folder, rows, "").cast(pa.binary()).to_pylist()
