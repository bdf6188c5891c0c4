"""Lanes: the way from batches to one target, each with its own stages, format and pace.

What needs the processor (choice of emitters, stages, encoding) is done ahead of time by whoever calls ``take``; a
thread of the lane waits until records are due, delivers them and tries again. In between stands a short queue, so that
a target that accepts nothing holds up the run and does not fill the memory.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from datagen.clock import Clock, stopwatch
from datagen.plugin.formatter import Formatter
from datagen.plugin.stage import Scope, State
from datagen.plugin.target import RECORD_ID, Encoded, Position, Target, Undelivered
from datagen.problems import hidden, reason
from datagen.records.batch import MOST_ROWS, Batch, Layout, Part

_WAITING = 2  # batches; with the one being written and the one being made, a lane holds four
_GLANCE = 0.1  # seconds after which somebody who waits looks whether the run has ended
_FIRST_PAUSE = 0.1  # seconds
_LONGEST_PAUSE = 5.0  # seconds
_SAY_EVERY = 5.0  # seconds


@dataclass(frozen=True)
class Standing:
    """How far a target is; one value, so that whoever reads it has all of the same moment."""

    records: int = 0  # acknowledged, also before this process
    position: Position = None  # what it needs to continue after them
    passed: int = 0  # records of the run that have come to their end here, whatever the stages made of them
    reached: int = 0  # ns since the start: when the last of them came to be


class Lane:
    """The way to one target."""

    def __init__(self, target: Target, formatter: Formatter, layout: Layout, scope: Scope, clock: Clock) -> None:
        self.target = target
        self.problems: list[str] = []  # why the target can't take the records
        self.stage_problems: list[tuple[int, str]] = []  # why a stage can't, and which one
        self.misfits: list[str] = []  # why its format can't
        self.standing = Standing()
        self.error: BaseException | None = None
        self.acknowledged: Callable[[], None] | None = None  # called when records were
        self._takes_all = not target.through and target.emitters is None
        self._clock = clock
        self._say = scope.say
        self._said = -_SAY_EVERY
        # Of the computing thread: records that came out of the stages, and those of them that are there already.
        self._made = 0
        self._known = 0
        # Of the lane's thread.
        self._opened = False
        self._gathered: list[Encoded] = []  # due, and not sent yet
        self._send_at = 0.0
        self._passed = self._reached = 0  # what the standing has once all that was let out is acknowledged
        self._taken = 0  # records that the target has taken, acknowledged or not
        self._sending: int | None = None  # when the first record that is being sent was due, ns since the start
        self._queue: queue.Queue[_Item | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._work, name=str(target), daemon=True)
        layout = self._through_stages(_chosen(layout, target.emitters), scope)
        if target.record_id:
            if RECORD_ID in layout.names():
                self.problems.append(f'"record_id": there is a dimension {RECORD_ID} already')
            layout = Layout({name: columns | {RECORD_ID: pa.string()} for name, columns in layout.emitters.items()})
        formatter = target.format or formatter
        if target.takes_format:
            self.misfits += formatter.prepare(layout)
        self.problems += target.prepare(layout, formatter, scope)

    @property
    def delivered(self) -> int:
        """Give how many records the target has acknowledged."""
        return self.standing.records

    @property
    def made(self) -> int:
        """Give how many records came out of the stages."""
        return self._made

    @property
    def lag(self) -> int:
        """Give how long ago the records were due that are being sent, in ns, beyond what the target waits for."""
        due = self._sending
        return 0 if due is None else max(self._clock.lag(due) - int(self.target.gathers().seconds * 1e9), 0)

    @property
    def has_stages(self) -> bool:
        return bool(self.target.through)

    def _through_stages(self, layout: Layout, scope: Scope) -> Layout:
        """Prepare the stages; give what records look like after them."""
        counts: dict[str, int] = {}
        for number, stage in enumerate(self.target.through):
            counts[stage.kind] = counts.get(stage.kind, 0) + 1
            found = stage.prepare(layout, scope.at(f"through/{stage.kind}/{counts[stage.kind]}"))
            self.stage_problems += [(number, text) for text in found]
            layout = stage.layout(layout)
        return layout

    # What the computing thread does

    def encode(self, batch: Batch, until: int) -> Iterator[Encoded]:
        """Lead records through the stages and encode what comes out, in batches of at most a bound."""
        if self.target.emitters is not None:
            batch = batch.of(frozenset(self.target.emitters))
        for stage in self.target.through:
            batch = stage.through(batch, until)
        for start in range(0, len(batch), MOST_ROWS):
            part = batch if len(batch) <= MOST_ROWS else batch.slice(start, min(start + MOST_ROWS, len(batch)))
            yield self.target.encode(_with_ids(part) if self.target.record_id else part)

    def take(self, batch: Batch, until: int, emitted: int, waiting: Callable[[], None]) -> None:
        """Take a batch, once there is room for it; ``emitted`` counts the records of the run with those of the batch.

        ``waiting`` is called from time to time until then.
        """
        for encoded in self.encode(batch, until):
            known = min(max(self._known - self._made, 0), len(encoded))
            self._made += len(encoded)
            if known < len(encoded):
                self._put(_Item(encoded.slice(known, len(encoded))), waiting)
        if len(batch) and not self._takes_all:
            self._put(_Item(None, emitted), waiting)

    def state(self) -> State:
        """Give how far this lane is and what its stages remember, for ``restore``."""
        return {"made": self._made, "stages": [stage.state() for stage in self.target.through]}

    def restore(self, state: State) -> None:
        """Go on from what ``state`` gave."""
        self._made = state["made"]
        for stage, kept in zip(self.target.through, state["stages"], strict=True):
            stage.restore(kept)

    def start(self) -> None:
        """Begin to deliver, after the records that were delivered before."""
        self._known = self._taken = self.standing.records
        self._passed, self._reached = self.standing.passed, self.standing.reached
        self._thread.start()

    def end(self, waiting: Callable[[], None]) -> None:
        """Say that no more comes."""
        self._put(None, waiting)

    def join(self, waiting: Callable[[], None]) -> None:
        """Wait until all is delivered."""
        while self._thread.is_alive():
            self._thread.join(_GLANCE)
            waiting()

    def _put(self, item: "_Item | None", waiting: Callable[[], None]) -> None:
        while self.error is None:
            try:
                return self._queue.put(item, timeout=_GLANCE)
            except queue.Full:
                waiting()

    # What the lane's own thread does

    def _work(self) -> None:
        try:
            self._insist(self._begin)
            while (item := self._next()) is not None:
                self._let_out(item)
            self._send()
            self._insist(self._finish)
        except BaseException as error:  # whatever it is, the run has to know
            self.error = error
            self._clock.stop()
        try:
            self.target.close()
        except (OSError, Undelivered) as error:
            self.error = self.error or error

    def _begin(self) -> None:
        """Remember where an empty target stands, so that whatever comes before the first acknowledgement is cut off."""
        if self.standing.position is None:
            self.standing = replace(self.standing, position=self.target.position())
            if self.acknowledged:
                self.acknowledged()

    def _next(self) -> "_Item | None":
        """Wait for the next batch; send what was gathered when it takes too long."""
        while self._gathered:
            try:
                return self._queue.get(timeout=max(self._send_at - stopwatch(), 0))
            except queue.Empty:
                self._send()
        return self._queue.get()

    def _let_out(self, item: "_Item") -> None:
        """Let records out when they are due."""
        if item.encoded is not None:
            held_too = self.acknowledged is None  # else whoever continues the run lets out what is held back
            for start, stop in self._clock.due(item.encoded.due, item.encoded.emitted if held_too else None):
                self._gather(item.encoded.slice(start, stop))
        elif not self._takes_all and not self._clock.stopped.is_set():
            self._passed = item.emitted
            if not self._gathered:
                self.standing = replace(self.standing, passed=item.emitted)

    def _gather(self, encoded: Encoded) -> None:
        """Gather records until there are as many as the target wants at once."""
        wanted = self.target.gathers()
        if not self._gathered:
            self._send_at = stopwatch() + wanted.seconds
        self._gathered.append(encoded)
        records = sum(map(len, self._gathered))
        size = sum(len(encoded.lines.data) for encoded in self._gathered)
        if records >= wanted.records or size >= wanted.bytes or stopwatch() >= self._send_at:
            self._send()

    def _send(self) -> None:
        """Deliver what was gathered."""
        if self._gathered:
            rest, self._gathered = _Rest(Encoded.joined(self._gathered)), []
            self._sending = int(rest.encoded.due[0])
            self._insist(lambda: self._deliver(rest))
            self._sending = None

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
            self._reached = max(self._reached, int(rest.encoded.emitted[:records].max()))
            rest.encoded = rest.encoded.slice(records, len(rest.encoded))
        self._acknowledge()

    def _acknowledge(self) -> None:
        """Say how many records the target has acknowledged, if there are more."""
        delivered = self._taken - self.target.pending
        if delivered > self.delivered:
            passed = delivered if self._takes_all else self._passed
            self.standing = Standing(delivered, self.target.position(), passed, self._reached)
            if self.acknowledged:
                self.acknowledged()

    def _insist(self, act: Callable[[], None]) -> None:
        """Do something with the open target, again and again if ``on_error`` says so, until it succeeds."""
        pause, began, delivered = _FIRST_PAUSE, stopwatch(), self.delivered
        while True:
            try:
                if not self._opened:
                    self._opened = True  # as soon as it is tried: then there may be something to close
                    self.target.open(self.standing.position)
                return act()
            except (OSError, Undelivered) as error:
                if self.delivered > delivered:
                    pause, began, delivered = _FIRST_PAUSE, stopwatch(), self.delivered
                if not self._worth_trying(error, stopwatch() - began):
                    if pause > _FIRST_PAUSE:
                        text = f"{reason(error)}; given up after {stopwatch() - began:.0f} s"
                        raise Undelivered(text, lasting=True) from error
                    raise
                self._speak(error)
            with suppress(OSError, Undelivered):
                self.target.close()
            self._opened = False
            self._clock.stopped.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _worth_trying(self, error: Exception, seconds: float) -> bool:
        if self._clock.stopped.is_set() or (isinstance(error, Undelivered) and error.lasting):
            return False
        return self.target.on_error == "retry" and seconds <= self.target.give_up_after

    def _speak(self, error: Exception) -> None:
        """Tell the user, now and then, that the target fails."""
        if stopwatch() - self._said >= _SAY_EVERY:
            self._said = stopwatch()
            self._say(hidden(f"warning: {self.target}: {reason(error)}; trying again", self.target.secrets()))


@dataclass(frozen=True)
class _Item:
    """What stands in the queue: records, or the news of how many records of the run have been looked at."""

    encoded: Encoded | None
    emitted: int = 0


@dataclass
class _Rest:
    """What is left to deliver of some records."""

    encoded: Encoded


def _chosen(layout: Layout, emitters: list[str] | None) -> Layout:
    """Give the layout of the emitters that are wanted."""
    if emitters is None:
        return layout
    return Layout({name: columns for name, columns in layout.emitters.items() if name in emitters})


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
