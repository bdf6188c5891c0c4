"""Clocks: on the system's, a record appears when it is due and not before, and lateness is said. No test sleeps."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest

import datagen
from datagen.clock import Clock, SimulatedClock, SystemClock
from datagen.moment import Moment, parse_moment
from datagen.plugin.target import Sink
from datagen.targets.stdout import Stdout
from tests.worlds import ROOT, START, batches_of, constant, counter, exponential, run_of, state, world, write_json

MILLISECOND = 10**6
SECOND = 10**9


class FakeTime:
    """Stands in for the module ``time`` and for the event that a clock waits on; waiting makes it later at once."""

    def __init__(self) -> None:
        self.now = 5 * SECOND  # of the monotonic clock, whose zero means nothing
        self.epoch = 1_700_000_000 * SECOND
        self.stopped = False
        self.stop_at: int | None = None
        self.waits: list[float] = []

    def time_ns(self) -> int:
        return self.epoch

    def monotonic_ns(self) -> int:
        return self.now

    def perf_counter(self) -> float:
        return self.now / 1e9

    def pass_by(self, seconds: float) -> None:
        self.now += round(seconds * 1e9)

    # As an event

    def wait(self, seconds: float) -> bool:
        assert seconds >= 0
        self.waits.append(seconds)
        self.now += max(round(seconds * 1e9), 1)
        if self.stop_at is not None and self.now >= self.stop_at:
            self.stopped = True
        return self.stopped

    def is_set(self) -> bool:
        return self.stopped

    def set(self) -> None:
        self.stopped = True


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    made = FakeTime()
    monkeypatch.setattr("datagen.clock.time", made)
    return made


@pytest.fixture
def clock(fake: FakeTime) -> SystemClock:
    """A system clock at the very moment of its start, which is a little after it was made."""
    made = SystemClock()
    made.stopped = fake
    fake.now += made.start.microseconds * 1000 - fake.epoch
    return made


def let_out(clock: Clock, fake: FakeTime, times: list[int], work: Callable[[], None] = lambda: None) -> list[int]:
    """Return for each time when it was let out, in ns since the start; ``work`` is done with each range."""
    zero = fake.now
    moments: list[int] = []
    for start, stop in clock.due(np.array(times, np.int64)):
        assert start == len(moments)
        moments += [fake.now - zero] * (stop - start)
        work()
    return moments


# The system clock


def test_the_system_clock_starts_now_without_an_offset(clock: SystemClock) -> None:
    assert 0 <= clock.start.microseconds - 1_700_000_000 * 10**6 <= 10**6
    assert clock.start.zone is None


@pytest.mark.parametrize(
    "times",
    [
        [0],
        [0, 1, 2],
        [0, SECOND, 2 * SECOND],
        [10 * MILLISECOND] * 5,
        list(range(0, SECOND, 3 * MILLISECOND)),
        [0, 3600 * SECOND],
        [SECOND - 1, SECOND, SECOND + 1],
    ],
)
def test_no_record_comes_before_it_is_due_and_none_is_left_out(
    clock: SystemClock, fake: FakeTime, times: list[int]
) -> None:
    moments = let_out(clock, fake, times)
    assert len(moments) == len(times)
    assert all(moment >= time for moment, time in zip(moments, times, strict=True))
    assert all(moment <= time + 5 * MILLISECOND for moment, time in zip(moments, times, strict=True))


def test_nothing_drifts_however_long_the_writing_takes(clock: SystemClock, fake: FakeTime) -> None:
    times = list(range(0, 20 * SECOND, 10 * MILLISECOND))
    moments = let_out(clock, fake, times, work=lambda: fake.pass_by(0.004))
    assert all(0 <= moment - time <= 10 * MILLISECOND for moment, time in zip(moments, times, strict=True))
    assert clock.latest <= 10 * MILLISECOND


def test_a_slow_target_gets_the_records_in_larger_pieces_and_the_lag_is_known(
    clock: SystemClock, fake: FakeTime
) -> None:
    times = list(range(0, 10 * SECOND, 10 * MILLISECOND))
    moments = let_out(clock, fake, times, work=lambda: fake.pass_by(3))
    assert len(moments) == len(times)
    assert 2.9 * SECOND < clock.latest < 3.1 * SECOND
    assert clock.late <= clock.latest


def test_lateness_goes_back_when_the_target_has_caught_up(clock: SystemClock, fake: FakeTime) -> None:
    fake.pass_by(7)
    let_out(clock, fake, [0, 5 * SECOND])
    assert clock.late == clock.latest == 7 * SECOND
    let_out(clock, fake, [20 * SECOND])
    assert clock.late < 5 * MILLISECOND
    assert clock.latest == 7 * SECOND


def test_a_wait_ends_soon_after_it_could(clock: SystemClock) -> None:
    clock.wait_for(3600 * SECOND)
    assert clock.horizon() > 3600 * SECOND
    assert clock.horizon() < 3602 * SECOND


def test_the_future_is_computed_only_a_little_ahead(clock: SystemClock, fake: FakeTime) -> None:
    before = clock.horizon()
    assert 0 < before <= 2 * SECOND
    fake.pass_by(10)
    assert clock.horizon() == before + 10 * SECOND


@pytest.mark.parametrize(
    "act", [lambda clock: clock.wait_for(10**6 * SECOND), lambda clock: list(clock.due(np.array([10**6 * SECOND])))]
)
def test_a_stop_ends_a_wait_within_a_second(clock: SystemClock, fake: FakeTime, act: Callable) -> None:
    fake.stop_at = fake.now + 10 * SECOND
    act(clock)
    assert fake.now <= fake.stop_at + SECOND
    assert max(fake.waits) <= 1


def test_what_is_not_due_yet_does_not_come_after_a_stop(clock: SystemClock, fake: FakeTime) -> None:
    fake.stop_at = fake.now + SECOND
    assert len(let_out(clock, fake, [0, SECOND // 2, 100 * SECOND])) == 2


def test_the_clock_does_not_follow_changes_of_the_systems_time(clock: SystemClock, fake: FakeTime) -> None:
    before = clock.start
    fake.epoch += 3600 * SECOND
    assert clock.horizon() <= 2 * SECOND
    assert clock.start == before


# A start of its own, a pace of its own


def shown_by(fake: FakeTime, begin_seconds_from_now: float, **options: object) -> SystemClock:
    """A clock of a run whose start is so many seconds from now."""
    made = SystemClock(Moment((fake.epoch + round(begin_seconds_from_now * SECOND)) // 1000), **options)
    made.stopped = fake
    return made


def test_what_lies_in_the_past_comes_at_once_and_the_rest_when_it_is_due(fake: FakeTime) -> None:
    clock = shown_by(fake, -100)
    moments = let_out(clock, fake, [0, 50 * SECOND, 99 * SECOND, 101 * SECOND, 103 * SECOND])
    assert moments[:3] == [0, 0, 0]
    assert [round(moment / SECOND) for moment in moments[3:]] == [1, 3]


def test_history_is_never_late_but_what_comes_after_it_is(fake: FakeTime) -> None:
    clock = shown_by(fake, -100, has_history=True)
    let_out(clock, fake, [0, 99 * SECOND], work=lambda: fake.pass_by(7))
    assert (clock.late, clock.latest, clock.lag(99 * SECOND)) == (0, 0, 0)
    clock.arrive()
    let_out(clock, fake, [106 * SECOND])
    assert clock.latest == 0
    fake.pass_by(5)
    let_out(clock, fake, [108 * SECOND])
    assert clock.latest == 4 * SECOND


def test_a_start_in_the_future_is_waited_for(fake: FakeTime) -> None:
    clock = shown_by(fake, 60)
    assert clock.horizon() < 0
    clock.wait_for(0)
    assert clock.horizon() >= 0
    assert let_out(clock, fake, [0])[0] <= SECOND


@pytest.mark.parametrize("speed", [0.25, 1, 60, 10**6])
def test_a_clock_runs_at_its_speed(fake: FakeTime, speed: float) -> None:
    clock = shown_by(fake, -(10**6), speed=speed, begins=0)
    clock.wait_for(0)
    times = [round(second * speed * SECOND) for second in range(1, 20)]
    moments = let_out(clock, fake, times)
    assert [round(moment / SECOND) for moment in moments] == list(range(1, 20))
    assert clock.latest <= 5 * MILLISECOND


def test_a_clock_with_a_speed_of_its_own_begins_where_it_is_told_and_its_lag_is_real_time(fake: FakeTime) -> None:
    clock = shown_by(fake, 0, speed=60, begins=3600 * SECOND)
    assert 3580 * SECOND < clock.horizon() < 3620 * SECOND
    fake.pass_by(10.15)
    assert 9.9 * SECOND < clock.lag(3600 * SECOND) < 10.1 * SECOND


# The simulated clock


def test_a_simulated_clock_never_waits_and_lets_all_out_at_once() -> None:
    clock = SimulatedClock(parse_moment(START))
    clock.wait_for(2**61)
    assert clock.horizon() > 2**62
    assert list(clock.due(np.array([0, 5, 10**15]))) == [(0, 3)]
    assert list(clock.due(np.zeros(0, np.int64))) == []
    assert (clock.late, clock.latest) == (0, 0)


# Runs


def test_a_live_run_lets_each_record_out_in_time(clock: SystemClock, fake: FakeTime) -> None:
    spec = world(counter("n"), states=[state("s", {"s": 0.8, "stop": 0.2}, delay=exponential(0.2))], gap=0.05)
    zero = fake.now
    found = []
    for batch in batches_of(spec, 2000, clock=clock):
        assert int(batch.due[-1]) <= fake.now - zero
        found += batch.due.tolist()
    assert len(found) == 2000
    assert found == sorted(found)


def test_a_stopped_run_ends(clock: SystemClock, fake: FakeTime) -> None:
    fake.stop_at = fake.now + 100 * SECOND
    due = [int(moment) for batch in batches_of(world(gap=1), clock=clock) for moment in batch.due]
    assert due == [number * SECOND for number in range(len(due))]
    assert 1 <= len(due) <= 101


def test_a_run_that_is_stopped_before_it_begins_gives_nothing() -> None:
    run = run_of(world(), 10**6)
    run.stop()
    assert sum(len(batch) for batch in run.batches()) == 0


def test_a_live_run_appears_in_time_on_the_wall_clock(tmp_path) -> None:
    """The only test of the real clock: it reads a live run's lines and can only see that none comes too early."""
    spec = write_json(tmp_path / "spec.json", world(gap=0.4))
    line = [sys.executable, ROOT / "generator.py", "-c", spec, "-n", "5"]
    began = time.time()
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as running:
        seen = [(running.stdout.readline(), time.time()) for _ in range(5)]
    due = [np.datetime64(json.loads(text)["time"], "ms").astype(np.int64) / 1000 for text, _ in seen]
    assert began - 0.001 < due[0]
    assert due[4] - due[0] == pytest.approx(1.6, abs=0.002)
    assert all(moment <= read for moment, (_, read) in zip(due, seen, strict=True))


def test_a_live_run_has_the_time_of_the_wall(tmp_path) -> None:
    before = np.datetime64(time.time_ns() // 10**6, "ms")
    record = next(datagen.records(datagen.load(world(gap=constant(0.01)))))
    assert before <= np.datetime64(record["time"], "ms") <= np.datetime64(time.time_ns() // 10**6, "ms")


def test_a_target_that_is_too_slow_is_warned_about(command, clock: SystemClock, fake, monkeypatch, tmp_path) -> None:
    """The target lets two seconds pass with every write."""
    monkeypatch.setattr("datagen.job.times.SystemClock", lambda *_, **__: clock)
    begin = Stdout.begin

    def begin_slowly(self: Stdout, *arguments: object) -> Sink:
        sink = begin(self, *arguments)
        write = sink.write
        sink.write = lambda encoded: (write(encoded), fake.pass_by(2))
        return sink

    monkeypatch.setattr(Stdout, "begin", begin_slowly)
    outcome = command("-c", write_json(tmp_path / "spec.json", world(gap=0.01)), "-r", "20S")
    assert outcome.code == 0
    assert " s late at standard output" in outcome.err
    assert " s late" in outcome.err.splitlines()[-1]
    assert len(outcome.lines) == 2000


AGES = 10**6
SPARSE = world(
    states=[state("a", "b", delay=constant(0.3)), state("b", "c", delay=constant(AGES)), state("c")],
    gap=AGES,
)


def test_who_takes_only_the_first_records_of_a_live_run_does_not_wait_for_the_next(tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", world(gap=10**6))
    program = f"import datagen; print(next(datagen.records(datagen.load({str(spec)!r}))))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=60)
    assert done.returncode == 0


@pytest.mark.parametrize("full", [False, True])
def test_a_live_run_that_cannot_write_does_not_wait_for_the_next_record(tmp_path, full: bool) -> None:
    spec = write_json(tmp_path / "spec.json", world(gap=10**6) if full else SPARSE)
    line = [sys.executable, ROOT / "generator.py", "-c", spec]
    output = os.open("/dev/full", os.O_WRONLY) if full else subprocess.PIPE
    with subprocess.Popen(line, stdout=output, stderr=subprocess.DEVNULL, bufsize=0) as running:
        if full:
            os.close(output)
        else:
            running.stdout.readline()
            running.stdout.close()
        try:
            assert running.wait(timeout=60) == (1 if full else 0)
        finally:
            running.kill()
