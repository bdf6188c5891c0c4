"""The first half of a lane: from batches to encoded records, ahead of the time at which they are due."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datagen.draw import Integers, Marks
from datagen.plugin.formatter import Formatter
from datagen.plugin.stage import RunningStage, Scope, Snapshot, Stage
from datagen.plugin.target import RECORD_ID, Encoded, Sink, Target
from datagen.records.batch import MOST_ROWS, Batch, Layout
from datagen.records.worker import populations_of, worker_texts


@dataclass(frozen=True)
class Misfit:
    """Something of a target that does not fit the records which come to it."""

    text: str
    stage: int | None = None  # which of its stages it is, if it is one
    is_of_format: bool = False


class Route:
    """What lies between the emitters and a target, as it is declared: which records come, through which stages."""

    def __init__(self, target: Target, formatter: Formatter, layout: Layout, scope: Scope) -> None:
        """Take the formatter for a target that brings none of its own, and what the records of the run look like."""
        self.target = target
        self.formatter = target.format or formatter
        self.scope = scope
        self._stages: list[tuple[Stage, Layout, Scope]] = []  # each with what it is given
        layout = layout if target.emitters is None else layout.of(target.emitters)
        counts: dict[str, int] = {}
        for stage in target.through:
            counts[stage.kind] = counts.get(stage.kind, 0) + 1
            own = scope.at(f"through/{stage.kind}/{counts[stage.kind]}")
            self._stages.append((stage, layout, own))
            layout = stage.layout(layout, own)
        self._has_the_name = target.record_id and RECORD_ID in layout.names()
        if target.record_id:
            emitters = {name: columns | {RECORD_ID: pa.string()} for name, columns in layout.emitters.items()}
            layout = replace(layout, emitters=emitters)
        self.layout = layout  # of what the target gets

    def misfits(self) -> Iterator[Misfit]:
        """Yield all that does not fit."""
        for number, (stage, layout, scope) in enumerate(self._stages):
            yield from (Misfit(text, stage=number) for text in stage.misfits(layout, scope))
        if self._has_the_name:
            yield Misfit(f'"record_id": there is a dimension {RECORD_ID} already')
        if self.target.takes_format:
            yield from (Misfit(text, is_of_format=True) for text in self.formatter.misfits(self.layout))
        yield from map(Misfit, self.target.misfits(self.layout, self.formatter, self.scope))

    def begin(self) -> "tuple[Encoder, Sink]":
        """Return what leads records along the route, and what they come to; only called when there are no misfits."""
        sink = self.target.begin(self.layout, self.formatter, self.scope)
        stages = [stage.begin(layout, scope) for stage, layout, scope in self._stages]
        return Encoder(self.target, stages, sink, self.formatter, self.scope.populations), sink


class Encoder:
    """Chooses the records that a target wants, leads them through its stages, and encodes what comes out."""

    def __init__(
        self,
        target: Target,
        stages: list[RunningStage],
        sink: Sink,
        formatter: Formatter,
        populations: tuple[str, ...] = (),
    ) -> None:
        self._emitters = None if target.emitters is None else frozenset(target.emitters)
        self._names = populations
        wanted = target.populations
        self._populations = None if wanted is None else np.isin(populations, wanted)  # which of all
        self._with_ids = target.record_id
        self._stages = stages
        self._sink = sink
        # Whether several threads may encode at once; nobody says so of a plug-in.
        self.is_ours = all(type(part).__module__.startswith("datagen.") for part in (sink, formatter))
        self.made = 0  # records that came out of the stages

    @property
    def has_stages(self) -> bool:
        return bool(self._stages)

    @property
    def passes_all(self) -> bool:
        """Return whether every record of the run comes out, and no other."""
        return not self._stages and self._emitters is None and self._populations is None

    def encode(self, batch: Batch, until: int) -> Iterator[Encoded]:
        """Yield what comes out of the stages, encoded; both as below."""
        return map(self.encoded, self.through(batch, until))

    def encoded(self, batch: Batch) -> Encoded:
        """Return records that came out of the stages as the target takes them."""
        return self._sink.encode(batch)

    def through(self, batch: Batch, until: int) -> Iterator[Batch]:
        """Yield what comes out of the stages, in batches of at most a bound; ``until`` is that of a stage."""
        if self._emitters is not None:
            batch = batch.of(self._emitters)
        if self._populations is not None:
            batch = batch.take(np.flatnonzero(_chosen(batch.worker, self._populations)))
        for stage in self._stages:
            batch = stage.through(batch, until)
        for start in range(0, len(batch), MOST_ROWS):
            part = batch if len(batch) <= MOST_ROWS else batch.slice(start, min(start + MOST_ROWS, len(batch)))
            self.made += len(part)
            yield _with_ids(part, self._names) if self._with_ids else part

    def snapshot(self) -> Snapshot:
        """Return how many records came out, and what the stages remember."""
        return {"made": self.made, "stages": [stage.snapshot() for stage in self._stages]}

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot."""
        self.made = snapshot["made"]
        for stage, kept in zip(self._stages, snapshot["stages"], strict=True):
            stage.restore(kept)


def _chosen(worker: Integers, populations: Marks) -> Marks:
    """Return which records are of workers (n,) of some populations; the rows of tables are of nobody."""
    numbers = populations_of(worker)
    return populations[numbers] & (numbers >= 0)


def _with_ids(batch: Batch, populations: tuple[str, ...]) -> Batch:
    """Add the dimension ``record_id``; what a stage made itself is numbered under the stage's name."""
    parts = []
    for part in batch.parts:
        worker = batch.worker[part.rows]
        owner = worker_texts(worker, populations) if worker[0] >= 0 else part.emitter
        ids = pc.binary_join_element_wise(owner, batch.numbers(part), "-")
        parts.append(replace(part, columns=part.columns | {RECORD_ID: ids}))
    return replace(batch, parts=tuple(parts))
