"""The engine, measured in process: nanoseconds a record of each stage, and the rate once a population is steady."""

import json
import os
import time
from collections import Counter
from pathlib import Path

import datagen
from bench.population import CLICK_STREAM, life
from datagen.clock import SimulatedClock
from datagen.engine.run import Run
from datagen.formatters.json import Json
from datagen.moment import parse_moment
from datagen.plugin.formatter import LineWriter

_RAMP = 2  # mean lives that pass before a population counts as steady


def _prepare(spec: str, limit: int) -> tuple[Run, LineWriter]:
    clock = SimulatedClock(parse_moment("2024-01-01T00:00:00"))
    run = Run(datagen.load(spec).spec, clock, seed=1, max_workers=limit)
    run.pools.problems()  # fills the pools, as a command does
    return run, Json().begin(run.layout)


def stages(records: int, output: str) -> dict[str, float]:
    """Take the stages one after the other, on one thread, and time each."""
    run, writer = _prepare(CLICK_STREAM, 100)
    spent: Counter[str] = Counter()
    made, now = 0, time.perf_counter_ns()

    def done(stage: str) -> None:
        nonlocal now
        before, now = now, time.perf_counter_ns()
        spent[stage] += now - before

    with open(output, "wb", buffering=0) as file:
        while made < records:
            steps = run._walk.advance(run.clock.horizon())
            done("walk")
            batches = run._columns.batches(steps)
            while (batch := next(batches, None)) is not None:
                done("columns")
                lines = writer.lines(batch)
                done("format")
                file.write(lines.data)
                done("write")
                made += len(batch)
            done("columns")
    return {stage: nanoseconds / made for stage, nanoseconds in spent.items()}


def rate(spec: str, limit: int, records: int) -> dict[str, float]:
    """Return records/s from walk to /dev/null, after a ramp without formatting, and how many workers were alive."""
    run, writer = _prepare(spec, limit)
    batches = run.batches()
    ramp_ns = _RAMP * life(json.loads(Path(spec).read_text()))[1] * 1e9
    while next(batches).due[-1] < ramp_ns:
        pass
    made, alive = 0, []
    with open(os.devnull, "wb", buffering=0) as nowhere:
        began = time.perf_counter()
        while made < records:
            batch = next(batches)
            nowhere.write(writer.lines(batch).data)
            made += len(batch)
            alive.append(run._walk.alive)
        seconds = time.perf_counter() - began
    return {"rate": made / seconds, "alive": sum(alive) / len(alive)}
