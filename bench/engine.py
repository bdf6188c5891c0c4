"""The engine, measured in process: nanoseconds a record of each stage, and the rate once a population is steady."""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import datagen
from bench.population import life
from datagen.clock import SimulatedClock
from datagen.engine.plan import Plan
from datagen.engine.run import Run
from datagen.engine.step import Steps
from datagen.engine.walk import Walk
from datagen.formatters.json import Json
from datagen.moment import parse_moment
from datagen.plugin.formatter import LineWriter
from datagen.records.batch import Batch
from datagen.targets.descriptor import write_lines

_RAMP = 2  # mean lives that pass before a population counts as steady
_START = parse_moment("2024-01-01T00:00:00")


def begin(spec: str, limit: int) -> tuple[Run, LineWriter]:
    """Return a run and what writes its records as JSON."""
    run = Run(datagen.load(spec).spec, SimulatedClock(_START), seed=1, max_workers=limit)
    run.pools.problems()  # fills the pools, as a command does
    return run, Json().begin(run.layout)


def begin_walk(spec: str, limit: int) -> tuple[Walk, int]:
    """Return a walk in which a population has become steady, and how far it may go."""
    walk = Walk(Plan(datagen.load(spec).spec, _START), 1, limit)
    horizon = SimulatedClock(_START).horizon()
    while walk.next_time < _ramp_ns(spec):
        walk.advance(horizon)
    return walk, horizon


def made_of(run: Run, steps: Steps) -> Iterator[Batch]:
    """Yield the records of a window, made on this thread."""
    for draft in run._columns.drafts(steps):
        batch = run._columns.made(draft)
        run._columns.learn(batch)
        yield batch


def stages(spec: str, records: int, output: str) -> dict[str, float]:
    """Take the stages one after the other, on one thread; return the nanoseconds a record of each."""
    run, writer = begin(spec, 100)
    spent: Counter[str] = Counter()
    made, now = 0, time.process_time_ns()

    def done(stage: str) -> None:
        nonlocal now
        before, now = now, time.process_time_ns()
        spent[stage] += now - before

    with open(output, "wb", buffering=0) as file:
        while made < records:
            steps = run._walk.advance(run.clock.horizon())
            done("walk")
            drafts = run._columns.drafts(steps)
            while (draft := next(drafts, None)) is not None:
                done("drafts")
                batch = run._columns.made(draft)
                run._columns.learn(batch)
                done("columns")
                lines = writer.lines(batch)
                done("format")
                write_lines(file.fileno(), lines)
                done("write")
                made += len(batch)
            done("drafts")
    return {stage: nanoseconds / made for stage, nanoseconds in spent.items()}


def columns(spec: str, records: int) -> float:
    """Return the CPU time that the values of so many records take, in ns a record."""
    run, _ = begin(spec, 100)
    spent = made = 0
    while made < records:
        steps = run._walk.advance(run.clock.horizon())
        began = time.process_time_ns()
        made += sum(map(len, made_of(run, steps)))
        spent += time.process_time_ns() - began
    return spent / made


def walk(spec: str, limit: int, steps: int) -> dict[str, float]:
    """Return how long so many steps of the walk take, how many those are, and how many workers are alive."""
    walk, horizon = begin_walk(spec, limit)
    made, alive = 0, []
    began, cpu = time.perf_counter(), time.process_time()
    while made < steps:
        made += len(walk.advance(horizon))
        alive.append(walk.alive)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "steps": made, "alive": sum(alive) / len(alive)}


def births(spec: str, count: int) -> dict[str, float]:
    """Return how long a walk takes in which so many workers are born, each of whom stops at once."""
    walk = Walk(Plan(datagen.load(spec).spec, _START), 1, 1000)
    horizon, made, cpu = SimulatedClock(_START).horizon(), 0, time.process_time()
    while made < count:
        made += len(walk.advance(horizon))
    return {"cpu_seconds": time.process_time() - cpu}


def rate(spec: str, limit: int, records: int) -> dict[str, float]:
    """Return how long so many records take from the walk to /dev/null, how many those are, and how many workers live.

    They come after a ramp without formatting.
    """
    run, writer = begin(spec, limit)
    batches = run.batches()
    while next(batches).due[-1] < _ramp_ns(spec):
        pass
    made, alive = 0, []
    with open(os.devnull, "wb", buffering=0) as nowhere:
        began, cpu = time.perf_counter(), time.process_time()
        while made < records:
            batch = next(batches)
            nowhere.write(writer.lines(batch).data)
            made += len(batch)
            alive.append(run._walk.alive)
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "records": made, "alive": sum(alive) / len(alive)}


def _ramp_ns(spec: str) -> float:
    return _RAMP * life(json.loads(Path(spec).read_text()))[1] * 1e9
