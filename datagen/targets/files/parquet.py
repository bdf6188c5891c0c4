"""The target ``parquet``."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, PrivateAttr

from datagen.plugin.formatter import Formatter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Gather, Position, Target
from datagen.problems import did_you_mean, show
from datagen.records.batch import Batch, Layout
from datagen.records.conversion import exported, record_batch
from datagen.records.lines import Lines
from datagen.records.text import json_text, plain_text
from datagen.records.types import common_type
from datagen.targets.files.naming import Names
from datagen.targets.files.place import Address, Place, Shipment, local_problem
from datagen.targets.files.rotation import Rotation

_NULL = "__HIVE_DEFAULT_PARTITION__"  # what Hive, Spark and Arrow call the folder of rows without a value
_RECORDS = 1_000_000
_GATHERED = 4096  # records: tiny tables cost more than they hold
_MOST_TABLES = 64


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
    _layout: Layout = PrivateAttr()
    _schema: pa.Schema = PrivateAttr()
    _names: Names = PrivateAttr()
    _shipment: Shipment = PrivateAttr()
    _writing: "dict[str, _Rows]" = PrivateAttr(default_factory=dict)  # files by path

    def __str__(self) -> str:
        return f"parquet {Address.of(self.path)}"

    def secrets(self) -> list[str]:
        return [*super().secrets(), *Address.of(self.path).secrets()]

    def problem(self) -> str | None:
        address = Address.of(self.path)
        problem = address.problem()
        return local_problem(self._folder, made=True) if problem is None and address.is_local else problem

    @property
    def _folder(self) -> str:
        """Give the folder of all files, with a slash at its end; "" for the current one."""
        path = re.sub("/+", "/", Address.of(self.path).path)
        return path[: path.rfind("/") + 1] if path.endswith(".parquet") else path.rstrip("/") + "/"

    @property
    def _file(self) -> str:
        return self.path[self.path.rfind("/") + 1 :].partition("?")[0] if self._names_a_file else "part.parquet"

    @property
    def _names_a_file(self) -> bool:
        return Address.of(self.path).path.endswith(".parquet")

    def prepare(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        super().prepare(layout, formatter, scope)
        rotation = self.rotate or Rotation(records=_RECORDS)
        rotation = rotation.model_copy(update={"records": rotation.records or _RECORDS, "bytes": None})
        self._layout = layout
        kinds = {name: exported(pa.nulls(0, common_type(layout.types(name)))).type for name in layout.names()}
        self._schema = pa.schema([(name, kind) for name, kind in kinds.items() if name not in self.partition_by])
        inner = "[^/]+/" * len(self.partition_by)
        stem = self._file.removesuffix(".parquet")
        expression = re.escape(self._folder) + inner + re.escape(stem + ".parquet")
        self._names = Names(expression, self._folder, ".parquet", numbered=True)
        self._shipment = Shipment(Address.of(self.path), self._names, rotation, append=self.append)
        return self._misfits(kinds)

    def _misfits(self, kinds: dict[str, pa.DataType]) -> list[str]:
        found = [
            f"partition_by: no emitter has {show(name)}{did_you_mean(name, list(kinds))}"
            if name not in kinds
            else f"partition_by: {show(name)} is an object or a list"
            for name in self.partition_by
            if name not in kinds or pa.types.is_nested(kinds[name])
        ]
        found += [
            f"a parquet column can't hold an object without keys: {name}" for name in kinds if _is_bare(kinds[name])
        ]
        return found if found or len(self._schema) else ["partition_by leaves no column for the files"]

    # Columns

    def encode(self, batch: Batch) -> Encoded:
        table = record_batch(batch, self._layout)
        columns = [table.column(name) for name in self._schema.names]
        folders = self._folders(table)
        nothing = Lines(memoryview(b""), np.zeros(len(batch), np.int64))
        return Encoded(batch.due, batch.emitted, nothing, (*columns, *folders))

    def _folders(self, table: pa.RecordBatch) -> list[pa.Array]:
        """Write the folder of each row, ``country=DE/``, if there are any."""
        pieces: list[Any] = []
        for name in self.partition_by:
            values = plain_text(table.column(name)).dictionary_encode()
            names = pa.array([quote(value, safe="") for value in values.dictionary.to_pylist()], pa.string())
            names = pc.if_else(pc.equal(names, ""), _NULL, names).take(values.indices)
            pieces += [f"{quote(name, safe='')}=", names, "/"]
        return [pc.binary_join_element_wise(*pieces, "")] if pieces else []

    def _shares(self, encoded: Encoded) -> Iterator[tuple[str, pa.Table]]:
        """Give the path and the rows of each file."""
        table = pa.Table.from_arrays(list(encoded.texts[: len(self._schema)]), schema=self._schema)
        if not self.partition_by:
            yield self._folder + self._file, table
            return
        folders = encoded.texts[-1].dictionary_encode()
        numbers = folders.indices.to_numpy()
        table = table.take(pa.array(np.argsort(numbers, kind="stable")))
        start = 0
        for folder, count in zip(folders.dictionary.to_pylist(), np.bincount(numbers).tolist(), strict=True):
            yield f"{self._folder}{folder}{self._file}", table.slice(start, count)
            start += count

    def gathers(self) -> Gather:
        return Gather(_GATHERED, 1, 1.0)

    # Files

    def open(self, position: Position) -> None:
        self._shipment.open(position)

    def write(self, encoded: Encoded) -> None:
        self._shipment.take(encoded, self._hold, self._made, self._is_full)

    def _is_full(self) -> bool:
        limit = self.rotate.bytes if self.rotate is not None else None
        return limit is not None and max((rows.size for rows in self._writing.values()), default=0) >= limit

    def _hold(self, encoded: Encoded) -> None:
        for path, table in self._shares(encoded):
            if path not in self._writing:
                self._writing[path] = _Rows(self._schema, self.compression, self.row_group_size)
            self._writing[path].add(table)

    @property
    def pending(self) -> int:
        return self._shipment.pending

    def position(self) -> Position:
        return self._shipment.position()

    def finish(self) -> None:
        self._shipment.send(self._made)

    def _made(self) -> dict[str, Any]:
        """End the files that are under way."""
        made = {path: rows.end() for path, rows in self._writing.items()}
        self._writing.clear()
        return made

    def close(self) -> None:
        pass

    # Reading back

    def stored(self) -> Iterator[tuple[str, Sequence[bytes]]]:
        import pyarrow.parquet as pq

        place = Place(Address.of(self.path))
        for path, _, name in place.find(self._names):
            folder = path[len(self._folder) : path.rfind("/") + 1] if self.partition_by else ""
            file = pq.ParquetFile(pa.BufferReader(place.read(name)))
            for group in range(file.num_row_groups):
                yield path, _texts(file.read_row_group(group).combine_chunks(), folder)

    def comparable(self, encoded: Encoded) -> Sequence[bytes]:
        table = pa.Table.from_arrays(list(encoded.texts[: len(self._schema)]), schema=self._schema)
        return _texts(table, encoded.texts[-1] if self.partition_by else "")


class _Rows:
    """A Parquet file under way, in memory."""

    def __init__(self, schema: pa.Schema, compression: str, group: int) -> None:
        import pyarrow.parquet as pq

        self._sink = pa.BufferOutputStream()
        self._writer = pq.ParquetWriter(self._sink, schema, compression=compression)
        self._group = group
        self._waiting: list[pa.Table] = []  # rows of the next row group
        self._count = 0

    @property
    def size(self) -> int:
        """Give how many bytes there are, without the row group that is not full."""
        return self._sink.tell()

    def add(self, table: pa.Table) -> None:
        self._waiting.append(table)
        self._count += len(table)
        while self._count >= self._group:
            whole = pa.concat_tables(self._waiting)
            self._writer.write_table(whole.slice(0, self._group), self._group)
            self._waiting = [whole.slice(self._group)]
            self._count -= self._group
        if len(self._waiting) > _MOST_TABLES:
            self._waiting = [pa.concat_tables(self._waiting).combine_chunks()]

    def end(self) -> pa.Buffer:
        """Write what is left; give the file."""
        if self._count:
            self._writer.write_table(pa.concat_tables(self._waiting), self._group)
        self._writer.close()
        return self._sink.getvalue()


def _is_bare(kind: pa.DataType) -> bool:
    """Tell whether there is a struct without fields in a type."""
    if pa.types.is_struct(kind):
        return kind.num_fields == 0 or any(_is_bare(field.type) for field in kind)
    return pa.types.is_list(kind) and _is_bare(kind.value_type)


def _texts(table: pa.Table, folder: str | pa.Array) -> list[bytes]:
    """Write rows as JSON, behind the names of their folders."""
    columns = [column.combine_chunks() for column in table.columns]
    rows = json_text(pa.StructArray.from_arrays(columns, names=table.schema.names))
    return pc.binary_join_element_wise(folder, rows, "").cast(pa.binary()).to_pylist()
