"""A table of Iceberg, as the library pyiceberg reaches it; so this module is imported only where a run begins."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import pyarrow as pa
from pyiceberg import exceptions as iceberg
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.table import Table as Known
from pyiceberg.transforms import IdentityTransform, parse_transform

from datagen.plugin.target import Undelivered, Unreadable
from datagen.records.batch import Layout
from datagen.targets.lake.columns import contradictions, lacks, schema_of
from datagen.targets.lake.sink import Table
from datagen.targets.lake.storage import database_of

_LASTING = (
    ValueError,
    iceberg.BadRequestError,
    iceberg.ForbiddenError,
    iceberg.UnauthorizedError,
    iceberg.NoSuchNamespaceError,
    iceberg.NotInstalledError,
    iceberg.OAuthError,
    iceberg.ValidationError,
)
_LIBRARIES = ("pyiceberg", "sqlalchemy")


class IcebergTable(Table):
    """A table of Iceberg."""

    _table: Known

    def __init__(
        self, properties: Mapping[str, str], name: str, layout: Layout, partitions: Sequence[tuple[str, str | None]]
    ) -> None:
        """Take the settings of its catalog, and by what its rows are kept apart."""
        self._properties = properties
        self._name = name
        self._partitions = [(f"{part}_{period}" if period else part, part, period) for part, period in partitions]
        self.schema = schema_of(layout)
        self._opened = ExitStack()

    def open(self, name: str, *, anew: bool) -> int:
        with explained():
            catalog = self._opened.enter_context(opened(self._properties))
            if not catalog.table_exists(self._name):
                catalog.create_namespace_if_not_exists(catalog.namespace_from(self._name))
                self._table = self._made(catalog)
            self._table = catalog.load_table(self._name)
            self._check()
            if lacks(self._columns, self.schema):
                with self._table.update_schema() as update:
                    update.union_by_name(self.schema)
            if anew:
                self._empty(name)
            return self._records(name)

    def add(self, rows: pa.RecordBatch, name: str, records: int) -> None:
        with explained():
            self._table.append(self._fitted(pa.Table.from_batches([rows])), snapshot_properties={name: str(records)})

    def read(self) -> Iterator[tuple[str, pa.RecordBatch]]:
        with explained(), opened(self._properties) as catalog:
            if not catalog.table_exists(self._name):
                raise Unreadable("there is no table")
            for batch in catalog.load_table(self._name).scan().to_arrow_batch_reader():
                yield "", batch

    def close(self) -> None:
        self._opened.close()

    def _empty(self, name: str) -> None:
        """Remove all rows; the snapshot says that none of the run is there. Without rows the library warns."""
        act = self._table.overwrite if any(self._table.scan().plan_files()) else self._table.append
        act(self._fitted(self.schema.empty_table()), snapshot_properties={name: "0"})

    @property
    def _columns(self) -> pa.Schema:
        return self._table.schema().as_arrow()

    def _made(self, catalog: Catalog) -> Known:
        transaction = catalog.create_table_transaction(self._name, schema=self.schema)
        if self._partitions:
            with transaction.update_spec() as update:
                for name, source, period in self._partitions:
                    update.add_field(source, parse_transform(period) if period else IdentityTransform(), name)
        return transaction.commit_transaction()

    def _check(self) -> None:
        """Raise Undelivered when the records don't fit into the table."""
        found = list(contradictions(self._columns, self.schema))
        there = [_words(self._table, self._table.spec(), number) for number in range(len(self._table.spec().fields))]
        ours = [f"{period or 'identity'} of {source}" for _, source, period in self._partitions]
        if ours and there != ours:
            found.append(f"partition_by: the table is partitioned by {', '.join(there) or 'nothing'}")
        if found:
            raise Undelivered(f"the records don't fit into the table: {'; '.join(found)}", lasting=True)

    def _records(self, name: str) -> int:
        """Return what the last snapshot of a run says, among those that led to the present one."""
        known = {snapshot.snapshot_id: snapshot for snapshot in self._table.snapshots()}
        snapshot = self._table.current_snapshot()
        while snapshot is not None:
            said = snapshot.summary.additional_properties.get(name) if snapshot.summary else None
            if said is not None:
                return int(said)
            snapshot = known.get(snapshot.parent_snapshot_id or -1)
        return 0

    def _fitted(self, rows: pa.Table) -> pa.Table:
        """Return rows with the columns of the table: null where the records have none."""
        columns = [
            rows.column(field.name) if field.name in rows.schema.names else pa.nulls(len(rows), field.type)
            for field in self._columns
        ]
        given = {field.name: field.type for field in self.schema}
        fields = [field.with_type(given.get(field.name, field.type)).remove_metadata() for field in self._columns]
        return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _words(table: Known, spec: PartitionSpec, number: int) -> str:
    field = spec.fields[number]
    return f"{field.transform} of {table.schema().find_column_name(field.source_id)}"


@contextmanager
def opened(properties: Mapping[str, str]) -> Iterator[Catalog]:
    """Open a catalog; the folder of one that is a file is made."""
    if database := database_of(properties.get("uri", "")):
        os.makedirs(os.path.dirname(database) or ".", exist_ok=True)
    settings = {key: value for key, value in properties.items() if key != "name"}
    catalog = load_catalog(properties.get("name", "default"), **settings)
    try:
        yield catalog
    finally:
        catalog.close()


@contextmanager
def explained() -> Iterator[None]:
    """Say in our words what the library raises, of classes that have only Exception in common."""
    try:
        yield
    except (OSError, Undelivered, Unreadable):
        raise
    except Exception as error:
        if not isinstance(error, ValueError) and type(error).__module__.partition(".")[0] not in _LIBRARIES:
            raise
        text = " ".join(str(error).partition("(Background on this error")[0].split()) or type(error).__name__
        raise Undelivered(text, lasting=isinstance(error, _LASTING)) from error
