"""The target ``delta``."""

import re
from typing import ClassVar

from pydantic import Field

from datagen.plugin.formatter import Formatter
from datagen.plugin.stage import Scope
from datagen.problems import show
from datagen.records.batch import Layout
from datagen.targets.files.place import Address, local_problem, reach
from datagen.targets.lake.sink import Table
from datagen.targets.lake.storage import storage_of
from datagen.targets.lake.target import LakeTarget

_SECRET = re.compile(r"key|secret|token|password|sas|signature", re.IGNORECASE)


class Delta(LakeTarget):
    """A table of Delta Lake, with one row for each record, written exactly once.

    Every dimension is a column: objects are structs, lists are arrays, times count microseconds. The table is made if
    it does not exist, and columns that it lacks are added; a column that holds something else there is refused before
    anything is written.

    Rows are added in commits that also hold, as a transaction of Delta Lake, how many records of the run are in the
    table. So a run that goes on, after a kill too, adds nothing twice, and neither does the same command given again:
    it goes on where the table says. With `{"time": "day"}` in `partition_by`, the table gets a column `day` such as
    `2024-01-01`. In a column of the partitions an empty text is null, and so is `__HIVE_DEFAULT_PARTITION__`.

    Example: {"type": "delta", "path": "lake/clicks"}

    Example: {"type": "delta", "path": "lake/clicks", "partition_by": [{"time": "day"}], "commit": {"seconds": 300}}

    Example: {"type": "delta", "path": "lake/clicks", "mode": "overwrite"}
    """

    kind: ClassVar[str] = "delta"
    library: ClassVar[tuple[str, str] | None] = ("deltalake", "deltalake>=1.6")
    path: str = Field(min_length=1, description="the folder of the table, or its URI in an object store")
    storage: dict[str, str] = Field(
        {}, repr=False, description="settings of the object store, as the library deltalake knows them"
    )

    @property
    def _address(self) -> Address:
        return Address.of(self.path)

    def __str__(self) -> str:
        return f"delta table {self._address}"

    def secrets(self) -> list[str]:
        hidden = [value for key, value in self.storage.items() if value and _SECRET.search(key)]
        return [*super().secrets(), *self._address.secrets(), *hidden]

    def problem(self) -> str | None:
        return self._address.problem(len("/_delta_log"))

    def unwritable(self) -> str | None:
        return local_problem(self._address.path, made=True) if self._address.is_local else None

    def occupies(self) -> list[str]:
        return [self._address.identity]

    def check(self) -> None:
        reach(self._address, f"{self._address.path.rstrip('/')}/", self.problem() or self.unwritable())

    def misfits(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        names = [name.lower() for name in layout.shown().names()]
        parts = [period or name for name, period in self.partitions]
        own = {period for _, period in self.partitions if period in names}
        own |= {part for number, part in enumerate(parts) if part in parts[:number]}
        found = [f"partition_by: two columns would be called {show(name)}" for name in sorted(own)]
        return super().misfits(layout, formatter, scope) + found

    def begin_table(self, layout: Layout) -> Table:
        from datagen.targets.lake.delta_table import DeltaLakeTable

        uri, options = storage_of(self._address)
        return DeltaLakeTable(uri, options | self.storage, layout, self.partitions)
