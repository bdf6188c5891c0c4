"""The target ``iceberg``."""

import os
import re
from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from datagen.plugin.formatter import Formatter
from datagen.plugin.secret_url import SecretUrl
from datagen.plugin.stage import Scope
from datagen.problems import Path_, show
from datagen.records.batch import Layout
from datagen.targets.files.place import local_problem
from datagen.targets.lake.sink import Table
from datagen.targets.lake.storage import database_of
from datagen.targets.lake.target import LakeTarget

_SECRET = re.compile(r"key|secret|token|password|credential|sas|auth", re.IGNORECASE)


class Iceberg(LakeTarget):
    """A table of Apache Iceberg, with one row for each record, written exactly once.

    Every dimension is a column: objects are structs, lists are lists, times count microseconds. Namespace and table are
    made if they don't exist, and columns that the table lacks are added; a column that holds something else there is
    refused before anything is written. With `{"time": "day"}` in `partition_by`, rows are kept apart by the day of a
    time, without a column for it.

    Each commit is a snapshot whose summary also says how many records of the run are in the table. So a run that goes
    on, after a kill too, adds nothing twice, and neither does the same command given again: it goes on where the table
    says.

    Example: {"type": "iceberg", "table": "web.clicks", "catalog": {"uri": "sqlite:///lake.db", "warehouse": "lake"}}
    """

    kind: ClassVar[str] = "iceberg"
    library: ClassVar[tuple[str, str] | None] = ("pyiceberg", "pyiceberg[sql-sqlite,pyarrow,pyiceberg-core]>=0.12")
    table: str = Field(min_length=1, description="namespace and name, `web.clicks`")
    catalog: dict[str, str] = Field(
        repr=False,
        description="the catalog, in the settings of the library pyiceberg: its `uri`, `warehouse`, `token`…; its "
        "`name` is `default`, and settings that are not given are those of that name in `.pyiceberg.yaml`",
    )

    def __str__(self) -> str:
        return f"iceberg table {self.table}"

    def secrets(self) -> list[str]:
        urls = [SecretUrl(value) for key, value in self.catalog.items() if "://" in value and not _SECRET.search(key)]
        hidden = [value for key, value in self.catalog.items() if value and _SECRET.search(key)]
        return [*super().secrets(), *hidden, *(text for url in urls for text in url.secrets)]

    def oddities(self) -> Iterator[tuple[Path_, str]]:
        yield from super().oddities()
        if "uri" not in self.catalog and "name" not in self.catalog:
            yield ("catalog",), 'has neither "uri" nor "name": it is the one called "default" in .pyiceberg.yaml'

    def problem(self) -> str | None:
        names = self.table.split(".")
        if len(names) < 2 or not all(names):
            return f"table: must be namespace.name, found {show(self.table)}"
        return None

    def unwritable(self) -> str | None:
        places = [os.path.dirname(self._database) or "."] if self._database else []
        places += [self.properties["warehouse"].removeprefix("file://")] if self._warehouse_is_local else []
        problems = [local_problem(place, made=True) for place in places]
        return next((problem for problem in problems if problem), None)

    def occupies(self) -> list[str]:
        return [f"iceberg {self.catalog.get('name')} {self.catalog.get('uri')} {self.table}"]

    def check(self) -> None:
        from datagen.targets.lake.iceberg_table import explained, opened

        with explained():
            if not self._database or os.path.exists(self._database):
                with opened(self.properties | {"init_catalog_tables": "false"}) as catalog:
                    catalog.table_exists(self.table)

    def misfits(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        parts = [name for name, _ in self.partitions]
        twice = [name for number, name in enumerate(parts) if name in parts[:number]]
        found = [f"partition_by: {show(name)} stands there twice" for name in twice]
        return super().misfits(layout, formatter, scope) + found

    def begin_table(self, layout: Layout) -> Table:
        from datagen.targets.lake.iceberg_table import IcebergTable

        return IcebergTable(self.properties, self.table, layout, self.partitions)

    @property
    def properties(self) -> dict[str, str]:
        """Return the settings of the catalog; a warehouse on this machine as a URI."""
        made = dict(self.catalog)
        if self._warehouse_is_local and "://" not in made["warehouse"]:
            made["warehouse"] = f"file://{os.path.abspath(made['warehouse'])}"
        return made

    @property
    def _warehouse_is_local(self) -> bool:
        """Return whether tables are in a folder of this machine; what a service calls a warehouse is a name."""
        place = self.catalog.get("warehouse", "")
        is_sql = self.catalog.get("type") == "sql" or re.match(r"sqlite|postgresql", self.catalog.get("uri", ""))
        return place.startswith("file://") or bool(place and is_sql and "://" not in place)

    @property
    def _database(self) -> str | None:
        return database_of(self.catalog.get("uri", ""))
