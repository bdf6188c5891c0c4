"""What the core does, to be counted by ``valgrind --tool=callgrind``: counts repeat where times do not.

Everything is prepared once; then a process is forked for each kind of work and each of two sizes, for which callgrind
writes a file of its own. The difference between the two sizes is what the work takes, with nothing else in it.
"""

import json
import os
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from bench.engine import begin, begin_walk, made_of
from bench.population import CLICK_STREAM, FLAT, UNLIMITED, steady
from datagen.distributions.exponential import Exponential
from datagen.distributions.normal import Normal
from datagen.distributions.uniform import Uniform
from datagen.draw import Keys, numbered, purpose_key
from datagen.engine.run import Run
from datagen.engine.step import Steps
from datagen.engine.walk import Walk
from datagen.native import draws
from datagen.plugin.distribution import Linear
from datagen.plugin.formatter import LineWriter
from datagen.records.batch import Batch

_SIZE = 40_000  # pieces of work
_STEPS = 160_000
_WARM = 100_000  # records that pass first, so that windows and batches are of their full size

Work = Callable[[int], int]  # makes at least so many, and returns how many it made


def count(directory: str) -> dict[str, list[tuple[int, int]]]:
    """Do each work three times, few pieces, few again and many; return the processes, with how many pieces each made.

    The second tells how much this process itself takes to make another one.
    """
    works = {**_drawing(), **_walking(directory), **_recording()}
    _switch_on()
    return {
        what: [_forked(work, size) for size in (size // 4, size // 4, size)] for what, (size, work) in works.items()
    }


def _switch_on() -> None:
    """Let callgrind begin to count: without that, all up to here takes a third of the time."""
    switch = subprocess.Popen(["vgdb", f"--pid={os.getpid()}", "instrumentation", "on"], stdout=subprocess.DEVNULL)
    while switch.poll() is None:  # a process that waits does not hear of it
        pass
    if switch.returncode:
        raise RuntimeError("callgrind was not switched on")


def _forked(work: Work, size: int) -> tuple[int, int]:
    """Work in another process; return which, and how many pieces it made."""
    made, told = os.pipe()
    child = os.fork()
    if not child:
        os.write(told, str(work(size)).encode())
        os._exit(0)
    os.close(told)
    os.waitpid(child, 0)
    with open(made) as answer:
        return child, int(answer.read())


def _drawing() -> dict[str, tuple[int, Work]]:
    keys = numbered(purpose_key(1, "bench"), np.arange(_SIZE))
    distributions = (Uniform(min=0, max=1), Exponential(mean=1), Normal(mean=0, stddev=1))
    return {f"a value, {one.kind}": (_SIZE, partial(_draw, one.linear(), keys)) for one in distributions}


def _draw(linear: Linear | None, keys: Keys, size: int) -> int:
    assert linear
    draws.real(*linear, keys[:size], np.uint64(0), np.empty(size))
    return size


def _walking(directory: str) -> dict[str, tuple[int, Work]]:
    works: dict[str, tuple[int, Work]] = {}
    for alive in (100, 10_000):
        spec = Path(directory, "steady.json")
        spec.write_text(json.dumps(steady(alive)))
        works[f"a step, {alive:,} alive"] = _STEPS, partial(_advance, *begin_walk(str(spec), UNLIMITED))
    return works


def _advance(walk: Walk, horizon: int, size: int) -> int:
    made = 0
    while made < size:
        made += len(walk.advance(horizon))
    return made


def _recording() -> dict[str, tuple[int, Work]]:
    works: dict[str, tuple[int, Work]] = {}
    for name, spec in (("click stream", CLICK_STREAM), ("flat", FLAT)):
        run, writer = begin(spec, 100)
        horizon = run.clock.horizon()
        made = 0
        while made < _WARM:
            batches = list(made_of(run, run._walk.advance(horizon)))
            made += sum(map(len, batches))
        batch = max(batches, key=len)
        steps = run._walk.advance(horizon)
        works[f"the columns of a record, {name}"] = _SIZE, partial(_columns, run, steps)
        works[f"a record as JSON, {name}"] = _SIZE, partial(_lines, writer, batch)
    return works


def _columns(run: Run, steps: Steps, size: int) -> int:
    return sum(map(len, made_of(run, steps.at(slice(0, size)))))


def _lines(writer: LineWriter, batch: Batch, size: int) -> int:
    records = batch.slice(0, size)
    writer.lines(records)
    return len(records)
