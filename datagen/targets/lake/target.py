"""Keys of every target that is a table of a lake, and what messages and commits call a run."""

import json
from abc import abstractmethod
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from datagen.draw import fingerprint, new_seed
from datagen.plugin.formatter import Formatter
from datagen.plugin.model import Model
from datagen.plugin.stage import Scope
from datagen.plugin.target import Gather, Sink, Target
from datagen.problems import Path_
from datagen.records.batch import Layout
from datagen.records.conversion import exported_types
from datagen.records.schema.name import clashes
from datagen.records.types import has_no_keys
from datagen.targets.lake.sink import Plan, Table, TableSink
from datagen.targets.partition import Partition, named, unknown

_BYTES = 256 << 20  # of columns in memory, at which a commit is made whatever it says


class Commit(Model):
    """When a commit is made: as soon as one of these is reached."""

    records: Annotated[int, Field(ge=1, description="so many records wait, at least")] = 500_000
    seconds: Annotated[int | float, Field(ge=0, le=1e6, description="the first of them has waited so long")] = 60


class LakeTarget(Target):
    """Keys of every target that is a table of a lake."""

    takes_format: ClassVar[bool] = False
    form: ClassVar[tuple[str, ...]] = ("partition_by", "mode")

    mode: Literal["append", "overwrite"] = Field(
        "append", description="add to the table, or replace what it holds when the run begins"
    )
    partition_by: list[Partition] = Field(
        [],
        description='dimensions by whose values rows are kept apart, or `{"time": "day"}` (`hour`, `month`, `year`); '
        "of a table that is there, without it, those of the table",
    )
    commit: Commit = Field(
        Commit(),
        description="when rows are committed: once `records` (500000) or 256 MB of columns wait, or the first of them "
        "has waited for `seconds` (60) of the system's clock",
    )

    @property
    def partitions(self) -> list[tuple[str, str | None]]:
        """Return by what rows are kept apart: names of dimensions, and of the period where they are times cut short."""
        return named(self.partition_by)

    def splits_by(self) -> Iterator[tuple[Path_, str]]:
        whole = ((number, name) for number, (name, period) in enumerate(self.partitions) if period is None)
        yield from ((("partition_by", number), name) for number, name in whole)

    def misfits(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        types = exported_types(layout)
        found = [] if types else ["the records have no dimension that could be a column"]
        found += [f"a column can't hold an object without keys: {name}" for name in types if has_no_keys(types[name])]
        found += clashes(types, str.lower)
        return found + unknown(self.partition_by, types)

    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> Sink:
        return TableSink(self.begin_table(layout), layout, scope, self.plan(scope))

    def plan(self, scope: Scope) -> Plan:
        """Return what a sink is to know of the run and of what the target says."""
        gather = Gather(self.commit.records, _BYTES, self.commit.seconds)
        return Plan(self._name_of(scope), str(self), gather, anew=self.mode == "overwrite")

    @abstractmethod
    def begin_table(self, layout: Layout) -> Table:
        """Return the table for records that look like this, not opened yet."""

    def _name_of(self, scope: Scope) -> str:
        """Return what commits call a run: the same for the same records.

        Where stages give at the end of a run what they hold, another end makes other records, so each run has its own.
        """
        kinds = [stage.kind for stage in self.through]
        own = new_seed() if any(stage.holds for stage in self.through) else None
        return f"datagen-{fingerprint(json.dumps([scope.run, kinds, self.described(), own], sort_keys=True))}"

    def described(self) -> dict[str, Any]:
        """Return its keys without which a table would hold something else of the same run."""
        return self.model_dump(mode="json", include={"emitters", "through", "record_id"}, serialize_as_any=True)
