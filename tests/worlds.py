"""Small worlds: specs no longer than the test that needs them, and ways to run them."""

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

import datagen
from datagen.clock import Clock, SimulatedClock
from datagen.engine.run import Run
from datagen.moment import parse_duration, parse_moment
from datagen.records.batch import Batch
from tests.engine.strategies import constant, exponential, normal, uniform

__all__ = ["constant", "exponential", "normal", "uniform"]

ROOT = Path(__file__).parent.parent
READY = {  # files that they name count from their own folder
    path.stem: json.loads(path.read_text().replace('"data/', f'"{path.parent}/data/'))
    for path in sorted((ROOT / "conf/gen").glob("*.json"))
}
START = "2024-01-01T00:00:00"
MISSING = object()


def state(name: str, to: str | dict[str, float] = "stop", emitter: str | None = "e", **keys: object) -> dict:
    """A state; ``to`` is the next one, or the next ones with their probabilities."""
    ways = to if isinstance(to, dict) else {to: 1}
    made = {"name": name, "transitions": [{"next": next_, "probability": p} for next_, p in ways.items()], **keys}
    return made | ({"emitter": emitter} if emitter else {})


def world(*dimensions: dict, states: list[dict] | None = None, gap: object = 1, **keys: object) -> dict:
    """A spec with one emitter ``e``; unless told otherwise every worker emits one record and stops, one a second."""
    return {
        "states": states or [state("s")],
        "emitters": [{"name": "e", "dimensions": list(dimensions)}],
        "interarrival": gap if isinstance(gap, dict) else constant(gap),
        **keys,
    }


def enum(name: str, *values: object, **keys: object) -> dict:
    return {"name": name, "type": "enum", "values": list(values), **keys}


def integer(name: str, distribution: dict, **keys: object) -> dict:
    return {"name": name, "type": "int", "distribution": distribution, **keys}


def counter(name: str, **keys: object) -> dict:
    return {"name": name, "type": "counter", **keys}


def computed(name: str, value: str, **keys: object) -> dict:
    return {"name": name, "type": "expression", "value": value, **keys}


def read(variable: str, **keys: object) -> dict:
    """A dimension of the same name as the variable that it reads."""
    return {"name": variable, "type": "variable", "variable": variable, **keys}


# Two emitters, with all that JSON may hold: missing, null, a nested object, quotes and letters beyond ASCII.
MIXED = {
    "states": [state("a", "b", "first"), state("b", {"a": 0.9, "stop": 0.1}, "second", delay=constant(1))],
    "emitters": [
        {"name": "first", "dimensions": [counter("n"), enum("x", 'é\n"', None, 0.5, percent_missing=30)]},
        {
            "name": "second",
            "dimensions": [{"name": "o", "type": "object", "dimensions": [enum("☃", "a", "b"), counter("k")]}],
        },
    ],
    "interarrival": constant(1),
}


def records_of(spec: dict, count: int | None = None, **options: object) -> list[dict]:
    """Run a spec on a simulated clock; ``count`` is -n, and bounds nothing but this list where -r is given."""
    options = {"start": START, "seed": 1} | options
    if not {"duration", "records", "until", "bytes"} & options.keys():
        options["records"] = count
    return list(islice(datagen.records(datagen.load(spec), **options), count))


def values_of(dimension: dict, count: int = 1000, **options: object) -> list:
    """The values of a dimension over some records, MISSING where its key is left out."""
    return [record.get(dimension["name"], MISSING) for record in records_of(world(dimension), count, **options)]


def seconds(record: dict, start: str = START) -> float:
    """When a record was made, in seconds since the start."""
    return (datetime.fromisoformat(record["time"]) - datetime.fromisoformat(start)).total_seconds()


def times_of(spec: dict, count: int | None = None, **options: object) -> list[float]:
    return [seconds(record) for record in records_of(spec, count, **options)]


def batches_of(
    spec: dict,
    records: int | None = None,
    *,
    duration: str | None = None,
    seed: int = 1,
    max_workers: int = 100,
    clock: Clock | None = None,
) -> Iterator[Batch]:
    """Run a spec and give its batches, which know time, worker and step of each record to the nanosecond."""
    return run_of(spec, records, duration=duration, seed=seed, max_workers=max_workers, clock=clock).batches()


def run_of(
    spec: dict,
    records: int | None = None,
    *,
    duration: str | None = None,
    seed: int = 1,
    max_workers: int = 100,
    clock: Clock | None = None,
    size: int | None = None,
    threads: int = 1,
) -> Run:
    """A run of a spec that nobody has begun."""
    span = None if duration is None else parse_duration(duration)
    clock = clock or SimulatedClock(parse_moment(START))
    population = datagen.load(spec).spec
    ends = {"records": records, "duration": span, "size": size}
    made = Run(population, clock, seed=seed, max_workers=max_workers, threads=threads, **ends)
    assert not made.pools.problems()
    return made


def steps_of(spec: dict, records: int | None = None, **options: object) -> list[tuple[int, int, int]]:
    """The (time in ns, worker, step) of each record."""
    batches = batches_of(spec, records, **options)
    return [row for batch in batches for row in zip(*map(list, (batch.due, batch.worker, batch.step)), strict=True)]


def write_json(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path
