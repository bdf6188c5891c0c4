"""The engine equals the reference simulator, record for record, for specs that nobody thought of."""

import json
from collections.abc import Iterator
from itertools import islice, zip_longest

from hypothesis import HealthCheck, Phase, given, settings

from datagen.clock import SimulatedClock
from datagen.engine.run import Options, Run, load_document
from datagen.formatters.json import Json
from datagen.language.document import Document
from datagen.moment import parse_moment
from datagen.plugin.registry import Registry
from tests.engine.reference_simulator import simulate
from tests.engine.strategies import runs, specs
from tests.stepping import SteppingClock

REGISTRY = Registry.load()
WINDOWS = {"a millisecond": 10**6, "a second": 10**9, "an hour": 3600 * 10**9, "all at once": None}


def engine(spec: dict, run: dict, window: int | None) -> Iterator[list]:
    start = parse_moment(run.get("start") or "1970-01-01T00:00:00")
    options = Options(start, run.get("max_workers", 100), run["records"], None, run["seed"])
    clock = SteppingClock(start, window) if window else SimulatedClock(start)
    lines = Json()
    for batch in Run(load_document(Document(spec, "spec"), REGISTRY), options, clock).batches():
        for line in bytes(lines.lines(batch).data).splitlines():
            yield json.loads(line, object_pairs_hook=list)


def pairs(value: object) -> object:
    """Show a value with its key order and its JSON types."""
    if isinstance(value, dict):
        return [(key, pairs(member)) for key, member in value.items()]
    if isinstance(value, list):
        return [pairs(member) for member in value]
    return value


def typed(value: object) -> object:
    if isinstance(value, list | tuple):
        return [typed(member) for member in value]
    return type(value).__name__, value


def first_difference(found: list, expected: list) -> object:
    pairs = zip_longest(found, expected)
    return next(((number, *pair) for number, pair in enumerate(pairs) if pair[0] != pair[1]), None)


@settings(
    max_examples=500,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(spec=specs(), run=runs())
def test_the_engine_gives_the_records_of_the_reference_simulator_for_every_window(spec: dict, run: dict) -> None:
    expected = [typed(pairs(record)) for record in islice(simulate(spec, **run), run["records"])]
    for window in WINDOWS.values():
        found = [typed(record) for record in engine(spec, run, window)]
        assert first_difference(found, expected) is None
