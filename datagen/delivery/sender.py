"""The second half of a lane: a thread that lets records out when they are due, delivers them and tries again."""

import queue
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from datagen.clock import Clock, stopwatch
from datagen.draw import Integers
from datagen.plugin.model import place_in_source
from datagen.plugin.target import Encoded, Position, Sink, Target, Undelivered
from datagen.problems import RunFailed, hidden, reason

_GLANCE = 0.1  # seconds after which somebody who waits looks whether the run has ended
_FIRST_PAUSE = 0.1  # seconds
_LONGEST_PAUSE = 5.0  # seconds
_SAY_EVERY = 5.0  # seconds
_GRACE = 0.7  # seconds for a target that is being reached when the run is stopped; a slow login takes less


@dataclass(frozen=True)
class Standing:
    """How far a target is; one value, so that whoever reads it has all of the same moment."""

    records: int = 0  # acknowledged, also before this process
    position: Position = None  # what it needs to continue after them
    passed: int = 0  # records of the run that have come to their end here, whatever the stages made of them
    reached: int = 0  # ns since the start: when the last of them came to be


@dataclass(frozen=True)
class _Item:
    """What stands in the queue: records, or the news of which records of the run have been looked at."""

    encoded: Callable[[], Encoded] | None  # waits for what others may still encode
    emitted: int = 0  # so many, those with the times (n,) included, in ns since the start
    times: Integers = field(default_factory=lambda: np.zeros(0, np.int64))


@dataclass
class _Rest:
    """What is left to deliver of some records."""

    encoded: Encoded


class Sender:
    """Delivers encoded records to a sink.

    A short queue stands between it and whoever encodes, so that a target that accepts nothing holds up the run and does
    not fill the memory.
    """

    def __init__(
        self, target: Target, sink: Sink, clock: Clock, say: Callable[[str], None], *, passes_all: bool, waiting: int
    ) -> None:
        """Take a target and its sink; with ``passes_all`` every record of the run comes here and no other.

        Up to so many batches are ``waiting``; with the one being written and the one being made it holds two more.
        """
        self.standing = Standing()
        self.error: BaseException | None = None
        self.acknowledged: Callable[[], None] | None = None  # called when records were
        self._target = target
        self._sink = sink
        self._clock = clock
        self._say = say
        self._said = -_SAY_EVERY
        self._passes_all = passes_all
        self._opened = False
        self._reaching = False  # while the sink is being opened
        self._leaving = threading.Lock()  # whether it was opened in time is decided once
        self._stop_seen: float | None = None
        self._gathered: list[Encoded] = []  # due, and not sent yet
        self._records = self._bytes = 0  # of these
        self._notes: deque[_Item] = deque()  # of records whose time may not have come
        self._send_at = 0.0
        self._passed = self._reached = 0  # what the standing has once all that was let out is acknowledged
        self._taken = 0  # records that the target has taken, acknowledged or not
        self._sending: int | None = None  # when the first record that is being sent was due, ns since the start
        self._queue: queue.Queue[_Item | None] = queue.Queue(waiting)
        self._thread = threading.Thread(target=self._work, name=str(target), daemon=True)

    @property
    def lag(self) -> int:
        """Return how long ago the records were due that are being sent, in ns, beyond what the target waits for."""
        due = self._sending
        return 0 if due is None else max(self._clock.lag(due) - int(self._sink.gather.seconds * 1e9), 0)

    # What other threads call; ``waiting`` is called from time to time until there is room or all is done

    def start(self) -> None:
        """Begin to deliver, after the records that were delivered before."""
        self._taken = self.standing.records
        self._passed, self._reached = self.standing.passed, self.standing.reached
        self._thread.start()

    def send(self, encoded: Callable[[], Encoded], waiting: Callable[[], None]) -> None:
        """Take what waits for records, which others may still encode."""
        self._put(_Item(encoded), waiting)

    def note(self, emitted: int, times: Integers, waiting: Callable[[], None]) -> None:
        """Take note that records of the run have been looked at, whatever comes of them.

        ``emitted`` counts all so far, the last ones were at ``times`` (n,).
        """
        if not self._passes_all:
            self._put(_Item(None, emitted, times), waiting)

    def end(self, waiting: Callable[[], None]) -> None:
        """Say that no more comes."""
        self._put(None, waiting)

    def join(self, waiting: Callable[[], None]) -> None:
        """Wait until all is delivered."""
        while self._thread.is_alive() and not self._is_out_of_reach():
            self._thread.join(_GLANCE)
            waiting()

    def _put(self, item: _Item | None, waiting: Callable[[], None]) -> None:
        while self.error is None:
            try:
                return self._queue.put(item, timeout=_GLANCE)
            except queue.Full:
                self._is_out_of_reach()
                waiting()

    def _is_out_of_reach(self) -> bool:
        """Return whether the run is stopped and the target can't be reached soon; then its thread is left to itself.

        What was sent is waited for, as it may arrive; before a target is open nothing was.
        """
        if not self._clock.stopped.is_set():
            return False
        self._stop_seen = stopwatch() if self._stop_seen is None else self._stop_seen
        with self._leaving:
            late = self._reaching and stopwatch() - self._stop_seen > _GRACE
            if late and self.error is None:
                self.error = Undelivered("it did not answer before the run was stopped")
        return late

    # What the thread does

    def _work(self) -> None:
        try:
            self._insist(self._begin)
            error = self._let_out_all()
            if error is not None:
                self._clock.stop()
            self._send()
            self._pass()
            self._insist(self._finish)
            if error is not None:
                raise error
        except BaseException as error:  # whatever it is, the run has to know
            self.error = error
            self._clock.stop()
        try:
            self._sink.close()
        except BaseException as error:
            self.error = self.error or error

    def _begin(self) -> None:
        """Remember where an empty target stands, so that whatever comes before the first acknowledgement is cut off."""
        if self.standing.position is None:
            self.standing = replace(self.standing, position=self._sink.position())
            if self.acknowledged:
                self.acknowledged()

    def _next(self) -> _Item | None:
        """Wait for the next batch; send what was gathered when it takes too long."""
        while self._gathered:
            try:
                return self._queue.get(timeout=max(self._send_at - stopwatch(), 0))
            except queue.Empty:
                self._send()
        return self._queue.get()

    def _let_out_all(self) -> Exception | None:
        """Let out what comes, up to the end, or up to what could not be made; return why it could not."""
        while (item := self._next()) is not None:
            if item.encoded is None:
                self._notes.append(item)
                self._pass()
                continue
            try:
                encoded = _made(item.encoded)
            except Exception as error:
                return error
            self._let_out(encoded)
        return None

    def _let_out(self, encoded: Encoded) -> None:
        """Let records out when they are due."""
        held_too = self.acknowledged is None  # else whoever continues the run lets out what is held back
        for start, stop in self._clock.due(encoded.due, encoded.emitted if held_too else None):
            self._gather(encoded.slice(start, stop))

    def _pass(self) -> None:
        """Count the records of the run whose time has come."""
        while self._notes:
            first = self._notes[0]
            past = self._clock.past(first.times)
            self._passed = first.emitted - len(first.times) + past
            if past < len(first.times):
                break
            self._notes.popleft()
        if not self._gathered and not self._passes_all:
            self.standing = replace(self.standing, passed=self._passed)

    def _gather(self, encoded: Encoded) -> None:
        """Gather records until there are as many as the target wants at once."""
        wanted = self._sink.gather
        if not self._gathered:
            self._send_at = stopwatch() + wanted.seconds
        self._gathered.append(encoded)
        self._records += len(encoded)
        self._bytes += encoded.lines.size
        if self._records >= wanted.records or self._bytes >= wanted.bytes or stopwatch() >= self._send_at:
            self._send()

    def _send(self) -> None:
        """Deliver what was gathered."""
        if self._gathered:
            rest, self._gathered = _Rest(Encoded.joined(self._gathered)), []
            self._records = self._bytes = 0
            self._sending = int(rest.encoded.due[0])
            self._insist(lambda: self._deliver(rest))
            self._sending = None

    def _deliver(self, rest: _Rest) -> None:
        """Deliver what is left of some records."""
        try:
            self._sink.write(rest.encoded)
        except Undelivered as error:
            self._take_note(rest, error.records)
            raise
        self._take_note(rest, len(rest.encoded))

    def _finish(self) -> None:
        self._sink.finish()
        self._acknowledge()

    def _take_note(self, rest: _Rest, records: int) -> None:
        """Count records that the target has taken."""
        if records:
            self._taken += records
            self._reached = max(self._reached, int(rest.encoded.emitted[:records].max()))
            rest.encoded = rest.encoded.slice(records, len(rest.encoded))
        self._acknowledge()

    def _acknowledge(self) -> None:
        """Say how many records the target has acknowledged, if there are more."""
        self._pass()
        delivered = self._taken - self._sink.pending
        if delivered > self.standing.records:
            passed = delivered if self._passes_all else self._passed
            self.standing = Standing(delivered, self._sink.position(), passed, self._reached)
            if self.acknowledged:
                self.acknowledged()

    def _insist(self, act: Callable[[], None]) -> None:
        """Do something with the open sink, again and again if ``on_error`` says so, until it succeeds."""
        pause, began, delivered = _FIRST_PAUSE, stopwatch(), self.standing.records
        while True:
            try:
                if not self._opened:
                    self._opened = True  # as soon as it is tried: then there may be something to close
                    self._reach()
                return act()
            except (OSError, Undelivered) as error:
                if self.standing.records > delivered:
                    pause, began, delivered = _FIRST_PAUSE, stopwatch(), self.standing.records
                if not self._worth_trying(error, stopwatch() - began):
                    if pause > _FIRST_PAUSE:
                        text = f"{reason(error)}; given up after {stopwatch() - began:.0f} s"
                        raise Undelivered(text, lasting=True) from error
                    raise
                self._speak(error)
            with suppress(OSError, Undelivered):
                self._sink.close()
            self._opened = False
            self._clock.stopped.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _reach(self) -> None:
        """Open the sink. Raises Undelivered too when nobody waits for it any more."""
        self._reaching = True
        try:
            self._sink.open(self.standing.position)
        finally:
            with self._leaving:
                self._reaching = False
        if self.error is not None:
            raise self.error

    def _worth_trying(self, error: Exception, seconds: float) -> bool:
        if self._clock.stopped.is_set() or (isinstance(error, Undelivered) and error.lasting):
            return False
        return self._target.on_error == "retry" and seconds <= self._target.give_up_after

    def _speak(self, error: Exception) -> None:
        """Tell the user, now and then, that the target fails."""
        if stopwatch() - self._said >= _SAY_EVERY:
            self._said = stopwatch()
            self._say(hidden(f"warning: {self._target}: {reason(error)}; trying again", self._target.secrets()))


def _made(encoded: Callable[[], Encoded]) -> Encoded:
    """Return records that were encoded; what is raised in doing so is no failure of the target."""
    try:
        return encoded()
    except MemoryError:
        raise
    except Exception as error:
        raise unmade(error) from error


def unmade(error: Exception) -> RunFailed:
    """Say why records could not be made, and where in a stage's or formatter's source, if it is the user's own."""
    if isinstance(error, RunFailed):
        return error
    kind = "" if isinstance(error, pa.ArrowException) else f"{type(error).__name__}: "
    return RunFailed(f"making records: {kind}{error}{place_in_source(error)}")
