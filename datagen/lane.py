"""Lanes: the way from batches to one target, each with its own stages, format and pace.

What needs the processor (choice of emitters, stages, encoding) is done ahead of time by whoever calls ``take``; a
thread of the lane waits until records are due, delivers them and tries again. In between stands a short queue, so that
a target that accepts nothing holds up the run and does not fill the memory.
"""

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from datagen.batch import Batch, Layout, Part
from datagen.clock import Clock, stopwatch
from datagen.plugin import Formatter
from datagen.stage import Scope, State
from datagen.target import RECORD_ID, Encoded, Position, Target, Undelivered

_WAITING = 2  # batches; with the one being written and the one being made, a lane holds four
_GLANCE = 0.1  # seconds after which somebody who waits looks whether the run has ended
_FIRST_PAUSE = 0.1  # seconds
_LONGEST_PAUSE = 5.0  # seconds


class Lane:
    """The way to one target."""

    def __init__(self, target: Target, formatter: Formatter, layout: Layout, scope: Scope, clock: Clock) -> None:
        self.target = target
        self.problems: list[str] = []  # why the target can't take the records
        self.stage_problems: list[tuple[int, str]] = []  # why a stage can't, and which one
        self.misfits: list[str] = []  # why its format can't
        self.made = 0  # records that came out of the stages
        # Records that the target has acknowledged, also before this process, and what it needs to continue after them;
        # one value, so that whoever reads it has both of the same moment.
        self.standing: tuple[int, Position] = (0, None)
        self.passed = 0  # records of the run that have come to their end here, whatever the stages made of them
        self.reached = 0  # ns since the start: the time of the last record delivered
        self.error: BaseException | None = None
        self.acknowledged: Callable[[], None] | None = None  # called when records were
        self._opened = False
        self._gathered: list[Encoded] = []  # due, and not sent yet
        self._send_at = 0.0
        self._passed = 0  # what ``passed`` is once they are sent
        self._takes_all = not target.through and target.emitters is None
        self._clock = clock
        self._queue: queue.Queue[tuple[Encoded | None, int] | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._work, name=str(target), daemon=True)
        layout = self._chosen(layout)
        counts: dict[str, int] = {}
        for number, stage in enumerate(target.through):
            counts[stage.kind] = counts.get(stage.kind, 0) + 1
            found = stage.prepare(layout, scope.at(f"through/{stage.kind}/{counts[stage.kind]}"))
            self.stage_problems += [(number, text) for text in found]
            layout = stage.layout(layout)
        self._stages = target.through
        self._known = 0
        self._taken = 0  # records that the target has taken, acknowledged or not
        if target.record_id:
            layout = Layout({name: columns | {RECORD_ID: pa.string()} for name, columns in layout.emitters.items()})
        self.layout = layout
        formatter = target.format or formatter
        if target.takes_format:
            self.misfits += formatter.prepare(layout)
        self.problems += target.prepare(layout, formatter, scope)

    @property
    def delivered(self) -> int:
        """Give how many records the target has acknowledged."""
        return self.standing[0]

    @property
    def has_stages(self) -> bool:
        return bool(self._stages)

    def _chosen(self, layout: Layout) -> Layout:
        """Give the layout of the emitters that the target wants."""
        wanted = self.target.emitters
        if wanted is None:
            return layout
        return Layout({name: columns for name, columns in layout.emitters.items() if name in wanted})

    # What the computing thread does

    def encode(self, batch: Batch, until: int) -> Encoded | None:
        """Lead records through the stages and encode what comes out, if anything does."""
        if self.target.emitters is not None:
            batch = batch.of(frozenset(self.target.emitters))
        for stage in self._stages:
            batch = stage.through(batch, until)
        if not len(batch):
            return None
        return self.target.encode(_with_ids(batch) if self.target.record_id else batch)

    def take(self, batch: Batch, until: int, emitted: int, waiting: Callable[[], None]) -> None:
        """Take a batch, once there is room for it; ``emitted`` counts the records of the run with those of the batch.

        ``waiting`` is called from time to time until then.
        """
        encoded = self.encode(batch, until)
        if encoded is not None:
            known = min(max(self._known - self.made, 0), len(encoded))
            self.made += len(encoded)
            encoded = encoded.slice(known, len(encoded)) if known < len(encoded) else None
        if encoded is not None or len(batch):
            self._put((encoded, emitted), waiting)

    def state(self) -> State:
        """Give how far this lane is and what its stages remember, for ``restore``."""
        return {"made": self.made, "stages": [stage.state() for stage in self._stages]}

    def restore(self, state: State) -> None:
        """Go on from what ``state`` gave."""
        self.made = state["made"]
        for stage, kept in zip(self._stages, state["stages"], strict=True):
            stage.restore(kept)

    def start(self) -> None:
        """Begin to deliver, after the records that were delivered before."""
        self._known = self._taken = self.delivered
        self._thread.start()

    def end(self, waiting: Callable[[], None]) -> None:
        """Say that no more comes."""
        self._put(None, waiting)

    def join(self, waiting: Callable[[], None]) -> None:
        """Wait until all is delivered."""
        while self._thread.is_alive():
            self._thread.join(_GLANCE)
            waiting()

    def _put(self, item: tuple[Encoded | None, int] | None, waiting: Callable[[], None]) -> None:
        while self.error is None:
            try:
                return self._queue.put(item, timeout=_GLANCE)
            except queue.Full:
                waiting()

    # What the lane's own thread does

    def _work(self) -> None:
        try:
            try:
                self._insist(lambda: None)
                while (item := self._next()) is not None:
                    self._let_out(*item)
                self._send()
                self._insist(self._finish)
            finally:
                self.target.close()
        except BaseException as error:  # whatever it is, the run has to know
            self.error = error
            self._clock.stop()

    def _let_out(self, encoded: Encoded | None, emitted: int) -> None:
        if encoded is not None:
            begin = emitted - len(encoded)
            for start, stop in self._clock.due(encoded.due, None if self.acknowledged else encoded.emitted):
                self._gather(encoded.slice(start, stop), begin + stop if self._takes_all else self._passed)
        if not self._clock.stopped.is_set():
            self._passed = emitted
            if not self._gathered:
                self.passed = emitted

    def _next(self) -> tuple[Encoded | None, int] | None:
        """Wait for the next batch; send what was gathered when it takes too long."""
        while self._gathered:
            try:
                return self._queue.get(timeout=max(self._send_at - stopwatch(), 0))
            except queue.Empty:
                self._send()
        return self._queue.get()

    def _gather(self, encoded: Encoded, passed: int) -> None:
        """Gather records until there are as many as the target wants at once."""
        wanted = self.target.gathers()
        if not self._gathered:
            self._send_at = stopwatch() + wanted.seconds
        self._gathered.append(encoded)
        self._passed = passed
        records = sum(map(len, self._gathered))
        size = sum(len(encoded.lines.data) for encoded in self._gathered)
        if records >= wanted.records or size >= wanted.bytes or stopwatch() >= self._send_at:
            self._send()

    def _send(self) -> None:
        """Deliver what was gathered."""
        if self._gathered:
            gathered, self._gathered = Encoded.joined(self._gathered), []
            self._insist(partial(self._deliver, _Rest(gathered)))
            self.passed = self._passed

    def _deliver(self, rest: "_Rest") -> None:
        """Deliver what is left of some records."""
        try:
            self.target.write(rest.encoded)
        except Undelivered as error:
            self._take_note(rest, error.records)
            raise
        self._take_note(rest, len(rest.encoded))

    def _finish(self) -> None:
        self.target.finish()
        self._acknowledge()

    def _take_note(self, rest: "_Rest", records: int) -> None:
        """Count records that the target has taken."""
        if records:
            self._taken += records
            self.reached = max(self.reached, int(rest.encoded.emitted[:records].max()))
            rest.encoded = rest.encoded.slice(records, len(rest.encoded))
        self._acknowledge()

    def _acknowledge(self) -> None:
        """Say how many records the target has acknowledged, if there are more."""
        delivered = self._taken - self.target.pending
        if delivered > self.delivered:
            self.standing = (delivered, self.target.position())
            if self.acknowledged:
                self.acknowledged()

    def _insist(self, act: Callable[[], None]) -> None:
        """Do something with the open target, again and again if ``on_error`` says so, until it succeeds."""
        pause, began, delivered = _FIRST_PAUSE, stopwatch(), self.delivered
        while True:
            try:
                if not self._opened:
                    self._opened = True  # as soon as it is tried: then there may be something to close
                    self.target.open(self.standing[1])
                return act()
            except (OSError, Undelivered) as error:
                if self.delivered > delivered:
                    pause, began, delivered = _FIRST_PAUSE, stopwatch(), self.delivered
                if not self._worth_trying(error, stopwatch() - began):
                    raise
            with suppress(OSError, Undelivered):
                self.target.close()
            self._opened = False
            self._clock.stopped.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _worth_trying(self, error: Exception, seconds: float) -> bool:
        if isinstance(error, BrokenPipeError) or (isinstance(error, Undelivered) and error.lasting):
            return False
        if self._clock.stopped.is_set():
            return False
        return self.target.on_error == "retry" and seconds <= self.target.give_up_after


@dataclass
class _Rest:
    """What is left to deliver of some records."""

    encoded: Encoded


def _with_ids(batch: Batch) -> Batch:
    """Add the dimension ``record_id``; what a stage made itself is numbered under the stage's name."""
    parts = []
    for part in batch.parts:
        worker = batch.worker[part.rows]
        owner = pa.array(worker).cast(pa.string()) if worker[0] >= 0 else part.emitter
        step = pa.array(batch.step[part.rows]).cast(pa.string())
        ids = pc.binary_join_element_wise(owner, step, "-")
        parts.append(Part(part.emitter, part.rows, part.columns | {RECORD_ID: ids}))
    return replace(batch, parts=tuple(parts))
