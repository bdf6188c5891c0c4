"""Believable event streams from a JSON spec: the same to the last byte for the same spec, seed and start.

import datagen

spec = datagen.load("conf/gen/example.json")
for record in datagen.records(spec, start="2024-01-01T00:00:00", records=1000, seed=1):
    print(record["client"])
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from datagen.engine.run import LoadedSpec, Options, Run, load_document, new_seed
from datagen.formatters.json import Json
from datagen.language.document import Document, from_python, parse_json
from datagen.language.environment import with_environment
from datagen.moment import parse_duration, parse_moment
from datagen.plugin.dimension import Dimension, PooledDimension
from datagen.plugin.distribution import Distribution
from datagen.plugin.formatter import Formatter
from datagen.plugin.registry import Registry
from datagen.plugin.stage import Scope, Stage
from datagen.plugin.target import Encoded, Target, Undelivered
from datagen.problems import InvalidInput, Problem, RunFailed, hidden, read_text
from datagen.records.conversion import record_batch

__all__ = [
    "Dimension",
    "Distribution",
    "Encoded",
    "Formatter",
    "InvalidInput",
    "LoadedSpec",
    "PooledDimension",
    "RunFailed",
    "Scope",
    "Stage",
    "Target",
    "Undelivered",
    "batches",
    "load",
    "records",
]


def load(source: str | Path | dict[str, Any], plugins: Sequence[str | Path] = ()) -> LoadedSpec:
    """Read and check a spec, from a file or as a dict; ``plugins`` are files of your own kinds.

    Raises InvalidInput with all that is wrong.
    """
    registry = Registry.load(plugins)
    document = from_python(source) if isinstance(source, dict) else parse_json(read_text(str(source)), str(source))
    return with_environment(document, os.environ, partial(_load, registry))


def _load(registry: Registry, document: Document) -> LoadedSpec:
    try:
        return load_document(document, registry)
    except InvalidInput as error:
        problems = [replace(problem, message=hidden(problem.message, document.secrets)) for problem in error.problems]
        raise InvalidInput(problems) from None


def batches(
    spec: LoadedSpec,
    *,
    start: str | None = None,
    records: int | None = None,
    duration: str | None = None,
    max_workers: int = 100,
    seed: int | None = None,
) -> Iterator[pa.RecordBatch]:
    """Generate records as Arrow record batches, all with the same columns: those of all emitters, null where absent.

    The options are those of the command. Without ``start`` the batches come on the system clock, when they are due.
    Raises InvalidInput when an option is wrong or a pool can't be filled.
    """
    run = _run(spec, start, records, duration, max_workers, seed)
    return (record_batch(batch, run.layout) for batch in run.batches())


def records(
    spec: LoadedSpec,
    *,
    start: str | None = None,
    records: int | None = None,
    duration: str | None = None,
    max_workers: int = 100,
    seed: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Generate records as dicts, just as the command prints them in JSON.

    Options and errors are those of ``batches``.
    """
    run = _run(spec, start, records, duration, max_workers, seed)
    formatter = Json()
    lines = (line for batch in run.batches() for line in bytes(formatter.lines(batch).data).splitlines())
    return map(json.loads, lines)


def _run(
    spec: LoadedSpec,
    start: str | None,
    records: int | None,
    duration: str | None,
    max_workers: int,
    seed: int | None,
) -> Run:
    whole = {"records": records, "max_workers": max_workers, "seed": seed}
    problems = [
        f"{name} must be a whole number, found {value!r}"
        for name, value in whole.items()
        if not isinstance(value, int) and (value is not None or name == "max_workers")
    ]
    problems += [
        f"{name} must be a string, found {value!r}"
        for name, value in {"start": start, "duration": duration}.items()
        if not isinstance(value, str | None)
    ]
    if not isinstance(spec, LoadedSpec):
        problems.append("spec must be what datagen.load gives")
    if problems:
        raise InvalidInput(map(Problem, problems))
    if records is not None and duration is not None:
        problems.append("records and duration exclude each other")
    if records is not None and records < 0:
        problems.append(f"records must not be below 0, found {records}")
    if max_workers < 1:
        problems.append(f"max_workers must be 1 or more, found {max_workers}")
    try:
        moment = None if start is None else parse_moment(start)
        length = None if duration is None else parse_duration(duration)
    except ValueError as error:
        problems.append(str(error))
    if problems:
        raise InvalidInput([Problem(problem) for problem in problems])
    return Run(spec, Options(moment, max_workers, records, length, new_seed() if seed is None else seed))
