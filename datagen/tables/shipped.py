"""What tables have in common that come with the program."""

from collections.abc import Iterator
from functools import cached_property
from importlib import resources

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from datagen.plugin.world import World
from datagen.problems import Path_
from datagen.tables.ready import ReadyTable


class Shipped(ReadyTable):
    """Rows that come with the program; the first come first when only some are wanted."""

    size: int | None = Field(None, ge=1, description="how many rows, the first ones; all when it is not there")

    def oddities(self) -> Iterator[tuple[Path_, str]]:
        yield from super().oddities()
        if self.size is not None and self.size > self._rows.num_rows:
            yield ("size",), f"there are only {self._rows.num_rows} rows"

    def names(self) -> list[str]:
        return list(self._rows.column_names)

    def columns(self, name: str, world: World) -> dict[str, pa.Array]:
        rows = self._rows.slice(0, self.size).combine_chunks()
        return {key: column.chunk(0) for key, column in zip(rows.column_names, rows.columns, strict=True)}

    def files(self) -> list[str]:
        return [self._path]

    @property
    def _path(self) -> str:
        return str(resources.files("datagen.tables") / "data" / f"{self.kind}.parquet")

    @cached_property
    def _rows(self) -> pa.Table:
        return pq.read_table(self._path)
