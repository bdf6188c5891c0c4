"""The formatter ``arrow``."""

from typing import ClassVar

import numpy as np
import pyarrow as pa

from datagen.plugin.formatter import Formatter, LineWriter
from datagen.records.batch import Batch, Layout
from datagen.records.conversion import exported_types, record_batch
from datagen.records.lines import Lines, Rows

_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"  # of a stream; Arrow's columnar format, "IPC Streaming Format"


class Arrow(Formatter):
    """A stream of Apache Arrow's IPC format: the columns as they are, for programs that work on columns.

    There is a column for each dimension of any emitter, with nulls where a record has none; values of several types are
    strings of JSON. `datagen types SPEC --as arrow` prints the schema. In a file, or through a pipe, the schema comes
    first, then batches of records; there is no mark of the end, which readers don't need. Where each record is a
    message, each is a whole stream, most of it schema, and slow: *by row*, about 150 µs; take `avro` there.

    Example: {"type": "arrow"}
    """

    kind: ClassVar[str] = "arrow"
    has_columns: ClassVar[bool] = True
    media_type: ClassVar[str] = "application/vnd.apache.arrow.stream"
    is_text: ClassVar[bool] = False

    def begin(self, layout: Layout) -> LineWriter:
        return _Messages(layout)

    def stream(self, layout: Layout) -> LineWriter:
        return _Stream(layout)


class _Stream(LineWriter):
    """Writes batches of columns behind their schema."""

    end: ClassVar[int] = 0
    has_blocks: ClassVar[bool] = True

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.schema = pa.schema(list(exported_types(layout).items()))
        super().__init__(header=self.schema.serialize().to_pybytes())

    def lines(self, batch: Batch) -> Lines:
        columns = record_batch(batch, self._layout)
        return Rows.of_columns(columns.select(self.schema.names) if columns.num_columns else columns)

    def block(self, lines: Lines, before: int = 0) -> Lines:
        if not isinstance(lines, Rows) or not len(lines):
            return lines
        block = lines.columns.serialize()
        return Lines(memoryview(block).cast("B"), np.full(len(lines), len(block)), 0)


class _Messages(_Stream):
    """Writes each record as a stream of its own."""

    has_blocks: ClassVar[bool] = False

    def lines(self, batch: Batch) -> Lines:
        columns = record_batch(batch, self._layout)
        # A slice would be written with bits of its neighbours behind it. About 150 µs a record.
        rows = (columns.take(pa.array([row])).serialize().to_pybytes() for row in range(len(batch)))
        messages = [b"".join([self.header, row, _END]) for row in rows]
        return Lines(memoryview(b"".join(messages)), np.cumsum(list(map(len, messages)), dtype=np.int64), 0)

    def block(self, lines: Lines, before: int = 0) -> Lines:
        return lines
