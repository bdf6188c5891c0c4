"""The sink of tables of a lake that hold the last record of each key: a write is one commit of what its records change.

Of a key that several records of a write change, the last of them counts.
"""

from abc import abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from datagen.draw import Marks
from datagen.plugin.operation import Operations, deletes, refusal
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Kept
from datagen.records.batch import Batch, Layout
from datagen.targets.lake.columns import as_rows, texts_of
from datagen.targets.lake.sink import Plan, Table, TableSink, columns_of


class ChangedTable(Table):
    """A table whose rows can be replaced and removed by their keys."""

    @abstractmethod
    def change(self, rows: pa.RecordBatch, gone: Marks, key: Sequence[str], name: str, records: int) -> None:
        """Put rows in place of those with their keys, or remove these where ``gone`` says so, in one commit.

        No two of the rows have the same key. Else as ``add``.
        """


class ChangeSink(TableSink):
    """Rows that are known by a key; the text of an encoded record is its operation."""

    is_keyed = True
    _table: ChangedTable

    def __init__(
        self, table: ChangedTable, layout: Layout, scope: Scope, plan: Plan, key: Sequence[str], operation: str
    ) -> None:
        """Take the columns that are the key, and the expression that says what a record is to do."""
        super().__init__(table, layout, scope, plan)
        self._key = list(key)
        self._operations = Operations(operation, scope.zone)

    def encode(self, batch: Batch) -> Encoded:
        encoded = super().encode(batch)
        columns = columns_of(encoded)
        has_key = np.logical_or.reduce([columns[name].is_valid().to_numpy(zero_copy_only=False) for name in self._key])
        return Encoded(encoded.due, encoded.emitted, encoded.lines, (self._operations.of(batch, pa.array(has_key)),))

    def write(self, encoded: Encoded) -> None:
        refused = refusal(encoded.texts[0])
        if refused is None:
            super().write(encoded)
            return
        if refused.records:
            super().write(encoded.slice(0, refused.records))
        raise refused

    def _commit(self, encoded: Encoded, records: int) -> None:
        rows = columns_of(encoded)
        last = _last(self._keys(rows))
        gone = deletes(encoded.texts[0])[last]
        self._table.change(rows.take(pa.array(last)), gone, self._key, self._name, records)

    def kept(self) -> Iterator[Sequence[Kept]]:
        for _, table in self._table.read():
            for rows in as_rows(table, self._table.schema):
                yield list(zip(self._keys(rows), texts_of(rows), strict=True))

    def kept_of(self, encoded: Encoded) -> Sequence[Kept]:
        rows = columns_of(encoded)
        found = zip(self._keys(rows), texts_of(rows), deletes(encoded.texts[0]).tolist(), strict=True)
        return [(key, None if gone else row) for key, row, gone in found]

    def _keys(self, rows: pa.RecordBatch) -> list[bytes]:
        return texts_of(rows.select(self._key))


def _last(keys: Sequence[bytes]) -> np.ndarray:
    """Return the places of the last of each of some keys, in their order: (k,) int64."""
    return np.sort(np.fromiter({key: place for place, key in enumerate(keys)}.values(), np.int64))
