"""A Parquet file under way, in memory."""

import pyarrow as pa

_MOST_TABLES = 64


class UnfinishedFile:
    """A Parquet file whose row groups are written to memory as soon as they are full."""

    def __init__(self, schema: pa.Schema, compression: str, group_size: int) -> None:
        import pyarrow.parquet as pq

        self._file = pa.BufferOutputStream()
        self._writer = pq.ParquetWriter(self._file, schema, compression=compression)
        self._group_size = group_size
        self._waiting: list[pa.Table] = []  # rows of the next row group
        self._count = 0

    @property
    def size(self) -> int:
        """Return how many bytes there are, without the row group that is not full."""
        return self._file.tell()

    def add(self, table: pa.Table) -> None:
        """Add rows."""
        self._waiting.append(table)
        self._count += len(table)
        while self._count >= self._group_size:
            whole = pa.concat_tables(self._waiting)
            self._writer.write_table(whole.slice(0, self._group_size), self._group_size)
            self._waiting = [whole.slice(self._group_size)]
            self._count -= self._group_size
        if len(self._waiting) > _MOST_TABLES:
            self._waiting = [pa.concat_tables(self._waiting).combine_chunks()]

    def end(self) -> pa.Buffer:
        """Write what is left; return the file."""
        if self._count:
            self._writer.write_table(pa.concat_tables(self._waiting), self._group_size)
        self._writer.close()
        return self._file.getvalue()
