"""The Python interface: what ``import datagen`` gives."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

import datagen.native  # noqa: F401  # raises CoreUnusable before anything else is done
from datagen.delivery.deliver import Report, Watch
from datagen.engine.run import Run
from datagen.job import Handle, Options, Request, compute, prepare
from datagen.job import start as start_job
from datagen.job.request import spec_of
from datagen.language.load import LoadedSpec
from datagen.plugin.dimension import Dimension, PooledDimension, Rows
from datagen.plugin.distribution import Distribution
from datagen.plugin.formatter import Formatter, LineWriter
from datagen.plugin.profile import Profile, WallProfile
from datagen.plugin.registry import Registry
from datagen.plugin.stage import EachBatch, RunningStage, Scope, Stage
from datagen.plugin.target import Encoded, Gather, Sink, Target, Undelivered
from datagen.problems import InvalidInput, Problem, RunFailed
from datagen.records.batch import Batch, Layout
from datagen.records.conversion import record_batch
from datagen.records.text import plain_text

__all__ = [
    "Batch",
    "Dimension",
    "Distribution",
    "EachBatch",
    "Encoded",
    "Formatter",
    "Gather",
    "Handle",
    "InvalidInput",
    "Layout",
    "LineWriter",
    "LoadedSpec",
    "PooledDimension",
    "Problem",
    "Profile",
    "Report",
    "Rows",
    "RunFailed",
    "RunningStage",
    "Scope",
    "Sink",
    "Stage",
    "Target",
    "Undelivered",
    "WallProfile",
    "batches",
    "explain",
    "load",
    "plain_text",
    "records",
    "run",
    "start",
]

SpecLike = LoadedSpec | str | Path | Mapping[str, Any]
TargetLike = Target | str | Path | Mapping[str, Any] | Sequence[Any]


def load(
    source: str | Path | Mapping[str, Any],
    plugins: Sequence[str | Path] = (),
    environment: Mapping[str, str] | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> LoadedSpec:
    """Read and check a spec, from a file or as a dict; ``plugins`` are files of your own kinds.

    ``${NAME}`` in it is a parameter of the spec, whose default ``parameters`` may replace, or is read from
    ``environment`` alone; without one it is a mistake. Raises InvalidInput with all that is wrong.
    """
    request = Request(source, environment=environment, parameters=parameters or {})
    return spec_of(request, Registry.load(plugins))


def run(
    spec: SpecLike,
    target: TargetLike | None = None,
    *,
    format: Formatter | str | Mapping[str, Any] | None = None,
    start: str | datetime | None = None,
    records: int | None = None,
    duration: str | timedelta | None = None,
    until: str | datetime | None = None,
    bytes: str | int | None = None,
    timezone: str | None = None,
    warm_up: str | timedelta | None = None,
    then_live: bool = False,
    speed: float | None = None,
    max_workers: int | None = None,
    rate: str | float | None = None,
    volume: str | None = None,
    seed: int | None = None,
    threads: int | None = None,
    state: str | Path | None = None,
    plugins: Sequence[str | Path] = (),
    environment: Mapping[str, str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    progress: Watch = lambda report: None,
    say: Callable[[str], None] = lambda text: None,
) -> Report:
    """Generate records into a target and return a report once all are delivered.

    The arguments are those of the command; without ``target`` it is the spec's, or standard output. ``progress`` is
    called from time to time, on another thread, with what was delivered so far; ``say`` with warnings. ``${NAME}`` is
    one of the ``parameters`` of the spec, or read from ``environment`` alone. Raises InvalidInput with everything that
    is wrong, and then nothing was touched; RunFailed when records can't be made or delivered. Ctrl-C ends the run at a
    record boundary, with everything delivered that was emitted, and then raises KeyboardInterrupt.
    """
    options = _options(
        start=start,
        records=records,
        duration=duration,
        until=until,
        bytes=bytes,
        timezone=timezone,
        warm_up=warm_up,
        then_live=then_live,
        speed=speed,
        max_workers=max_workers,
        rate=rate,
        volume=volume,
        seed=seed,
        threads=threads,
    )
    kept = None if state is None else str(state)
    request = Request(spec, target, format, options, environment, parameters or {}, plugins, kept)
    with closing(prepare(request, say)) as job:
        for warning in job.inputs.warnings:
            say(f"warning: {warning}")
        if job.scale is not None:
            say(str(job.scale))
        return job.complete(progress)


def start(
    spec: SpecLike,
    target: TargetLike | None = None,
    *,
    format: Formatter | str | Mapping[str, Any] | None = None,
    start: str | datetime | None = None,
    records: int | None = None,
    duration: str | timedelta | None = None,
    until: str | datetime | None = None,
    bytes: str | int | None = None,
    timezone: str | None = None,
    warm_up: str | timedelta | None = None,
    then_live: bool = False,
    speed: float | None = None,
    max_workers: int | None = None,
    rate: str | float | None = None,
    volume: str | None = None,
    seed: int | None = None,
    threads: int | None = None,
    state: str | Path | None = None,
    plugins: Sequence[str | Path] = (),
    environment: Mapping[str, str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    progress: Watch = lambda report: None,
    say: Callable[[str], None] = lambda text: None,
) -> Handle:
    """Start to generate records into a target, and return a handle once the run has begun.

    ``handle.stop()`` ends the run at a record boundary, from any thread; ``handle.wait()`` waits for its end and
    returns the report. A program that ends without waiting ends the run wherever it is. Arguments and errors are those
    of ``run``; RunFailed is raised by ``wait``.
    """
    options = _options(
        start=start,
        records=records,
        duration=duration,
        until=until,
        bytes=bytes,
        timezone=timezone,
        warm_up=warm_up,
        then_live=then_live,
        speed=speed,
        max_workers=max_workers,
        rate=rate,
        volume=volume,
        seed=seed,
        threads=threads,
    )
    kept = None if state is None else str(state)
    request = Request(spec, target, format, options, environment, parameters or {}, plugins, kept)
    return start_job(request, watch=progress, say=say)


def batches(
    spec: SpecLike,
    *,
    start: str | datetime | None = None,
    records: int | None = None,
    duration: str | timedelta | None = None,
    until: str | datetime | None = None,
    bytes: str | int | None = None,
    timezone: str | None = None,
    warm_up: str | timedelta | None = None,
    then_live: bool = False,
    speed: float | None = None,
    max_workers: int | None = None,
    rate: str | float | None = None,
    volume: str | None = None,
    seed: int | None = None,
    threads: int | None = None,
) -> Iterator[pa.RecordBatch]:
    """Generate records as Arrow record batches, all with the same columns: those of all emitters, null where absent.

    The options are those of the command. Without ``start`` the batches come on the system clock, when they are due.
    Raises InvalidInput when something is wrong with the spec or an option; RunFailed, while they are taken, when
    records can't be made.
    """
    made = _computed(
        spec,
        start=start,
        records=records,
        duration=duration,
        until=until,
        bytes=bytes,
        timezone=timezone,
        warm_up=warm_up,
        then_live=then_live,
        speed=speed,
        max_workers=max_workers,
        rate=rate,
        volume=volume,
        seed=seed,
        threads=threads,
    )
    return (record_batch(batch, made.layout) for batch in made.batches())


def records(
    spec: SpecLike,
    *,
    start: str | datetime | None = None,
    records: int | None = None,
    duration: str | timedelta | None = None,
    until: str | datetime | None = None,
    bytes: str | int | None = None,
    timezone: str | None = None,
    warm_up: str | timedelta | None = None,
    then_live: bool = False,
    speed: float | None = None,
    max_workers: int | None = None,
    rate: str | float | None = None,
    volume: str | None = None,
    seed: int | None = None,
    threads: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Generate records as dicts, just as the command prints them in JSON.

    Options and errors are those of ``batches``.
    """
    made = _computed(
        spec,
        start=start,
        records=records,
        duration=duration,
        until=until,
        bytes=bytes,
        timezone=timezone,
        warm_up=warm_up,
        then_live=then_live,
        speed=speed,
        max_workers=max_workers,
        rate=rate,
        volume=volume,
        seed=seed,
        threads=threads,
    )
    writer = Registry().formatter("json").begin(made.layout)
    lines = (line for batch in made.batches() for line in writer.lines(batch).data.tobytes().splitlines())
    return map(json.loads, lines)


def explain(
    spec: SpecLike,
    target: TargetLike | None = None,
    *,
    format: Formatter | str | Mapping[str, Any] | None = None,
    start: str | datetime | None = None,
    records: int | None = None,
    duration: str | timedelta | None = None,
    until: str | datetime | None = None,
    timezone: str | None = None,
    warm_up: str | timedelta | None = None,
    max_workers: int | None = None,
    rate: str | float | None = None,
    volume: str | None = None,
    seed: int | None = None,
    plugins: Sequence[str | Path] = (),
    environment: Mapping[str, str] | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what a run would make, without running it, as ``datagen explain --json`` prints it.

    The arguments are those of ``run``. Raises InvalidInput with everything that is wrong.
    """
    from datagen.job.explain import explain as explained  # with scipy, which takes a while to import

    options = _options(
        start=start,
        records=records,
        duration=duration,
        until=until,
        timezone=timezone,
        warm_up=warm_up,
        max_workers=max_workers,
        rate=rate,
        volume=volume,
        seed=seed,
    )
    return explained(Request(spec, target, format, options, environment, parameters or {}, plugins))[1]


def _computed(spec: SpecLike, **options: Any) -> Run:
    return compute(spec_of(Request(spec), Registry.load()), Options.of(options))


def _options(**given: Any) -> Options:
    return Options.of(given)
