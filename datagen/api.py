"""The Python interface: what ``import datagen`` gives."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Unpack

import pyarrow as pa

import datagen.native  # noqa: F401  # raises CoreUnusable before anything else is done
from datagen.delivery.deliver import Report
from datagen.engine.run import Run
from datagen.job import Handle, Options, Request, compute, prepare
from datagen.job import start as start_job
from datagen.job.given import Computed, Delivered, Explained, listed
from datagen.job.request import spec_of
from datagen.language.load import LoadedSpec
from datagen.plugin.dimension import Dimension, Rows
from datagen.plugin.distribution import Distribution
from datagen.plugin.formatter import ColumnWriter, Formatter, LineWriter
from datagen.plugin.pooled import PooledDimension
from datagen.plugin.profile import Profile, WallProfile
from datagen.plugin.registry import Registry
from datagen.plugin.stage import EachBatch, RunningStage, Scope, Stage
from datagen.plugin.target import Encoded, Gather, Sink, Target, Undelivered
from datagen.problems import InvalidInput, Problem, RunFailed
from datagen.records.batch import Batch, Layout
from datagen.records.conversion import record_batch
from datagen.records.text import json_pieces, plain_text

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
    only: Sequence[str] = (),
) -> LoadedSpec:
    """Read and check a spec, from a file or as a dict; ``plugins`` are files of your own kinds.

    Of several populations ``only`` those of some names are there, if any are named.

    ``${NAME}`` in it is a parameter of the spec, whose default ``parameters`` may replace, or is read from
    ``environment`` alone; without one it is a mistake. Raises InvalidInput with all that is wrong.
    """
    request = Request(source, environment=environment, parameters=parameters or {}, only=only)
    return spec_of(request, Registry.load(plugins))


@listed
def run(spec: SpecLike, target: TargetLike | None = None, **options: Unpack[Delivered]) -> Report:
    """Generate records into a target and return a report once all are delivered.

    Without ``target`` it is the spec's, or standard output. ``${NAME}`` in a spec is one of its parameters, or read
    from ``environment`` alone. Raises InvalidInput with everything that is wrong, and then nothing was touched;
    RunFailed when records can't be made or delivered. Ctrl-C ends the run at a record boundary, with everything
    delivered that was emitted, and then raises KeyboardInterrupt.
    """
    say = options.get("say") or _nothing
    with closing(prepare(_request(spec, target, options), say)) as job:
        for warning in job.inputs.warnings:
            say(f"warning: {warning}")
        for scale in job.scales:
            say(str(scale))
        return job.complete(options.get("progress") or _nothing)


@listed
def start(spec: SpecLike, target: TargetLike | None = None, **options: Unpack[Delivered]) -> Handle:
    """Start to generate records into a target, and return a handle once the run has begun.

    ``handle.stop()`` ends the run at a record boundary, from any thread; ``handle.wait()`` waits for its end and
    returns the report. A program that ends without waiting ends the run wherever it is. Errors are those of ``run``;
    RunFailed is raised by ``wait``.
    """
    watch, say = options.get("progress") or _nothing, options.get("say") or _nothing
    return start_job(_request(spec, target, options), watch=watch, say=say)


@listed
def batches(spec: SpecLike, **options: Unpack[Computed]) -> Iterator[pa.RecordBatch]:
    """Generate records as Arrow record batches, all with the same columns: those of all emitters, null where absent.

    Without ``start`` the batches come on the system clock, when they are due. Raises InvalidInput when something is
    wrong with the spec or an option; RunFailed, while they are taken, when records can't be made.
    """
    made = _computed(spec, options)
    return (record_batch(batch, made.layout) for batch in made.batches())


@listed
def records(spec: SpecLike, **options: Unpack[Computed]) -> Iterator[dict[str, Any]]:
    """Generate records as dicts, as the command prints them in JSON; one that is a whole text has the key ``text``.

    Errors are those of ``batches``.
    """
    made = _computed(spec, options)
    writer = ColumnWriter(json_pieces)
    lines = (line for batch in made.batches() for line in writer.lines(batch).data.tobytes().splitlines())
    return map(json.loads, lines)


@listed
def explain(spec: SpecLike, target: TargetLike | None = None, **options: Unpack[Explained]) -> dict[str, Any]:
    """Return what a run would make, without running it, as ``datagen explain --json`` prints it.

    Raises InvalidInput with everything that is wrong.
    """
    from datagen.job.explain import explain as explained  # with scipy, which takes a while to import

    return explained(_request(spec, target, options))[1]


def _computed(spec: SpecLike, options: Mapping[str, Any]) -> Run:
    return compute(spec_of(Request(spec), Registry.load()), Options.of(options))


def _request(spec: SpecLike, target: TargetLike | None, options: Mapping[str, Any]) -> Request:
    kept = options.get("state")
    return Request(
        spec,
        target,
        format=options.get("format"),
        options=Options.of(options),
        environment=options.get("environment"),
        parameters=options.get("parameters") or {},
        only=options.get("only") or (),
        plugins=options.get("plugins") or (),
        state=None if kept is None else str(kept),
    )


def _nothing(_: object) -> None:
    """Watch and say nothing."""
