"""A table of Delta Lake, as the library deltalake reaches it; so this module is imported only where a run begins."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count, filterfalse

import deltalake
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import DeltaError, DeltaProtocolError, SchemaMismatchError, TableNotFoundError

from datagen.draw import Marks
from datagen.plugin.target import Undelivered, Unreadable
from datagen.problems import show
from datagen.records.batch import Layout
from datagen.targets.lake.change_sink import ChangedTable
from datagen.targets.lake.columns import contradictions, schema_of

_LASTING = re.compile(r"AccessDenied|NoSuchBucket|InvalidAccessKeyId|SignatureDoesNotMatch|Unauthenticated|\b40[13]\b")
_REFUSED = (SchemaMismatchError, DeltaProtocolError)
_CONCURRENT = "Concurrent transaction"  # how the library says that somebody else has committed under the same name
_BY_ANOTHER = "another process is writing the same run to it"
_NULLS = ("", "__HIVE_DEFAULT_PARTITION__")  # texts that mean null in a column of the partitions
_CODE = re.compile(r"<Code>(\w+)</Code>")


class DeltaLakeTable(ChangedTable):
    """A table of Delta Lake."""

    _table: DeltaTable

    def __init__(
        self, uri: str, options: Mapping[str, str], layout: Layout, partitions: Sequence[tuple[str, str | None]]
    ) -> None:
        """Take where it is, the settings by which it is reached, and by what its rows are kept apart."""
        self._uri = uri
        self._options = dict(options)
        self._partitions = [period or name for name, period in partitions]
        self.periods = [(name, period) for name, period in partitions if period is not None]
        self.schema = schema_of(layout, self.periods)

    def open(self, name: str, *, anew: bool) -> int:
        with explained():
            found = None if anew else self._found()
            if found is None:
                self._table = self._made(name)
            else:
                self._table = found
                self._check()
            return self._table.transaction_version(name) or 0

    def add(self, rows: pa.RecordBatch, name: str, records: int) -> None:
        with explained():
            deltalake.write_deltalake(
                self._table, rows, mode="append", schema_mode="merge", commit_properties=_saying(name, records)
            )

    def change(self, rows: pa.RecordBatch, gone: Marks, key: Sequence[str], name: str, records: int) -> None:
        mark = next(filterfalse(rows.schema.names.__contains__, map("gone{}".format, count())))
        source = rows.append_column(mark, pa.array(gone))
        same = (f"(target.{_quoted(part)} IS NOT DISTINCT FROM source.{_quoted(part)})" for part in key)
        with explained():
            merging = self._table.merge(
                source,
                " AND ".join(same),
                source_alias="source",
                target_alias="target",
                merge_schema=True,
                commit_properties=_saying(name, records),
            )
            merging = merging.when_matched_delete(f"source.{mark}").when_matched_update_all(except_cols=[mark])
            merging.when_not_matched_insert_all(f"NOT source.{mark}", except_cols=[mark]).execute()

    def held(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return rows as they come back: in a column of the partitions some texts are null there.

        Delta Lake's protocol, "Partition Value Serialization", and how its library names the folder of null.
        """
        columns = dict(zip(rows.schema.names, rows.columns, strict=True))
        for name in self._partitions:
            if pa.types.is_string(columns[name].type):
                columns[name] = pc.if_else(pc.is_in(columns[name], pa.array(_NULLS)), None, columns[name])
        return pa.RecordBatch.from_arrays(list(columns.values()), schema=rows.schema)

    def read(self) -> Iterator[tuple[str, pa.Table]]:
        with explained():
            table = self._found()
            if table is None:
                raise Unreadable("there is no table")
            found = table.to_pyarrow_dataset()
            for file in found.get_fragments():
                yield file.path, file.to_table(schema=found.schema, use_threads=False)

    def _found(self) -> DeltaTable | None:
        try:  # the library's own question, whether there is one, keeps all threads waiting for its answer
            return DeltaTable(self._uri, storage_options=self._options)
        except TableNotFoundError:
            return None

    def _made(self, name: str) -> DeltaTable:
        return DeltaTable.create(
            self._uri,
            schema=self.schema,
            mode="overwrite",
            partition_by=self._partitions,
            storage_options=self._options,
            commit_properties=_saying(name, 0),
        )

    def _check(self) -> None:
        """Raise Undelivered when the records don't fit into the table."""
        found = list(contradictions(pa.schema(self._table.schema().to_arrow()), self.schema))
        there = self._table.metadata().partition_columns
        if self._partitions and there != self._partitions:
            parted = ", ".join(map(show, there)) or "nothing"
            found.append(f"partition_by: the table is partitioned by {parted}")
        if found:
            raise Undelivered(f"the records don't fit into the table: {'; '.join(found)}", lasting=True)


def _quoted(name: str) -> str:
    """Return the name of a column as the library's SQL reads it."""
    return "`" + name.replace("`", "``") + "`"


def _saying(name: str, records: int) -> CommitProperties:
    return CommitProperties(app_transactions=[Transaction(name, records)])


@contextmanager
def explained() -> Iterator[None]:
    """Say in our words what the library raises, of classes that have only Exception in common."""
    try:
        yield
    except (Undelivered, Unreadable):
        raise
    except Exception as error:
        if type(error) is not Exception and not isinstance(error, DeltaError | OSError | ValueError):
            raise
        text = _words(str(error))
        lasting = isinstance(error, _REFUSED) or text == _BY_ANOTHER or bool(_LASTING.search(text))
        raise Undelivered(text, lasting=lasting) from error


def _words(text: str) -> str:
    """Return a message of the library on one line: without colours, and of an answer in XML only its code."""
    if _CONCURRENT in text:
        return _BY_ANOTHER
    said, _, answer = text.partition("<?xml")
    code = _CODE.search(answer)
    parts = re.sub(r"\x1b\[[0-9;]*m", "", said).split("↳") + ([code[1]] if code else [])
    return ": ".join(" ".join(part.split()) for part in parts if part.strip(" :\n"))
