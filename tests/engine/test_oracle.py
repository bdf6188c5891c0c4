"""The engine equals the reference simulator, record for record, for specs that nobody thought of."""

import json
from collections.abc import Iterator
from itertools import islice, zip_longest

from hypothesis import HealthCheck, Phase, given, seed, settings

from datagen.clock import SimulatedClock
from datagen.engine.run import Run
from datagen.formatters.json import Json
from datagen.language.document import Document
from datagen.language.load import load_spec
from datagen.moment import parse_moment
from datagen.plugin.registry import Registry
from tests.conftest import FRESH_SEED
from tests.engine.reference_simulator import simulate
from tests.engine.strategies import crowds, runs, specs
from tests.stepping import SteppingClock

REGISTRY = Registry.load()
FIXED = settings(
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
FRESH = settings(deadline=None, database=None, print_blob=True, suppress_health_check=list(HealthCheck))
WINDOWS = {"a millisecond": 10**6, "a second": 10**9, "an hour": 3600 * 10**9, "all at once": None}


def engine(spec: dict, run: dict, window: int | None) -> Iterator[list]:
    start = parse_moment(run.get("start") or "1970-01-01T00:00:00")
    clock = SteppingClock(start, window) if window else SimulatedClock(start)
    population = load_spec(Document(spec, "spec"), REGISTRY, None).spec
    made = Run(population, clock, seed=run["seed"], max_workers=run.get("max_workers", 100), records=run["records"])
    writer = Json().begin(made.layout)
    for batch in made.batches():
        for line in bytes(writer.lines(batch).data).splitlines():
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


def assert_equal(spec: dict, run: dict) -> None:
    expected = [typed(pairs(record)) for record in islice(simulate(spec, **run), run["records"])]
    for window in WINDOWS.values():
        found = [typed(record) for record in engine(spec, run, window)]
        assert first_difference(found, expected) is None


@settings(FIXED, max_examples=400)
@given(spec=specs(), run=runs())
def test_the_engine_gives_the_records_of_the_reference_simulator_for_every_window(spec: dict, run: dict) -> None:
    assert_equal(spec, run)


@settings(FIXED, max_examples=100)
@given(spec=crowds(), run=runs())
def test_a_full_limit_holds_newcomers_back_as_in_the_reference_simulator(spec: dict, run: dict) -> None:
    assert_equal(spec, run)


@seed(FRESH_SEED)
@settings(FRESH, max_examples=200)
@given(spec=specs() | crowds(), run=runs())
def test_the_engine_gives_the_records_of_the_reference_simulator_for_fresh_specs(spec: dict, run: dict) -> None:
    """Another sample each time; the head of the test report says how to repeat it."""
    assert_equal(spec, run)
