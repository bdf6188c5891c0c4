"""The engine equals the reference simulator, record for record, for specs that nobody thought of."""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice, zip_longest

import pytest
from hypothesis import HealthCheck, Phase, given, reject, seed, settings
from hypothesis import strategies as st

from datagen.clock import NEVER, SimulatedClock
from datagen.engine.run import Run
from datagen.engine.walked import Held
from datagen.engine.warm_up import warm_up_of
from datagen.language.document import Document
from datagen.language.load import load_spec
from datagen.language.population import Population
from datagen.moment import parse_moment
from datagen.plugin.formatter import ColumnWriter
from datagen.plugin.registry import Registry
from datagen.problems import InvalidInput
from datagen.records.text import json_pieces
from tests.engine import strategies
from tests.engine.reference_simulator import simulate
from tests.fresh import ALL, FRESH_SEED
from tests.stepping import SteppingClock
from tests.worlds import constant, exponential, state, world

REGISTRY = Registry.load()
# Without shrinking, since what that tries may run for ever.
ANY = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=(Phase.generate,))
# Kinds of made-up specs, and how many fresh ones of each are compared in a run of the tests: 1,000 and more in all.
KINDS = {
    "specs": 120,
    "crowds": 100,
    "remembering_specs": 40,
    "speaking_specs": 50,
    "objective_specs": 40,
    "timed_specs": 70,
    "conditional_specs": 90,
    "batched_specs": 40,
    "sharing_specs": 80,
    "bearing_specs": 80,
    "lingering_specs": 50,
    "changing_specs": 50,
    "gathering_specs": 50,
    "itemized_specs": 50,
    "populous_specs": 50,
    "recalling_specs": 80,
}
FIXED_SHARE = 5 if ALL else 10  # so many fresh ones for one that is the same in each run
# The ns that a clock lets the run go at a time (None: all), and how many threads compute it.
WAYS = ((10**6, 1), (None, 4), (10**9, 4), (3600 * 10**9, 2))
PAIRS = st.sampled_from([WAYS[:2], WAYS[2:]])  # a short and a long one; all four would take twice as long
ANY_WAY = st.sampled_from([(way,) for way in WAYS])  # two ways of one spec take half as long again


def begun(population: Population, run: dict, window: int | None, threads: int) -> Run:
    start = parse_moment(run.get("start") or "1970-01-01T00:00:00")
    clock = SteppingClock(start, window) if window else SimulatedClock(start)
    most = run.get("max_workers", 100)
    warm_up = warm_up_of(population)
    return Run(
        population, clock, seed=run["seed"], max_workers=most, records=run["records"], threads=threads, warm_up=warm_up
    )


def records_and_times(made: Run) -> Iterator[tuple[list, int]]:
    writer = ColumnWriter(json_pieces)
    for batch in made.batches():
        lines = bytes(writer.lines(batch).data).splitlines()
        read = (json.loads(line, object_pairs_hook=list, parse_float=Real) for line in lines)
        yield from zip(read, batch.due.tolist(), strict=True)


def held_until(time: int, spawns: dict[tuple | str, list[int]]) -> Held:
    """What the limit had held back by then: who was born later than due and, of those who still wait, the first."""
    late = [born[0] - due for due, *born in spawns.values() if born and born[0] < time and born[0] > due]
    first = min((due for due, *born in spawns.values() if not born or born[0] >= time), default=time)
    waiting = [time - first] if first < time else []
    return Held(len(late) + len(waiting), sum(late) + sum(waiting))


def pairs(value: object) -> object:
    """Show a value with its key order and its JSON types."""
    if isinstance(value, dict):
        return [(key, pairs(member)) for key, member in value.items()]
    if isinstance(value, list):
        return [pairs(member) for member in value]
    return value


class Real(float):
    """A number with a point or an exponent, which knows its text: a decimal must be the same to the last digit."""

    def __new__(cls, text: str) -> "Real":
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __eq__(self, other: object) -> bool:
        return self.text == f"{other:f}" if isinstance(other, Decimal) else float(self) == other

    __hash__ = float.__hash__


def typed(value: object) -> object:
    if isinstance(value, list | tuple):
        return [typed(member) for member in value]
    if isinstance(value, Decimal):
        return ("int", int(value)) if value.as_tuple().exponent == 0 else ("float", value)
    if isinstance(value, str):  # in texts, a number of a JSON value is written as Python does, 1e-09, others as 1e-9
        return "str", re.sub(r"(?<=\de-)0(?=\d)", "", value)
    return "float" if isinstance(value, float) else type(value).__name__, value


def first_difference(found: list, expected: list) -> object:
    pairs = zip_longest(found, expected)
    return next(((number, *pair) for number, pair in enumerate(pairs) if pair[0] != pair[1]), None)


class SaysNothing(Exception):
    """A made-up expression can be nothing but null, which is refused, or hours of steps pass without a record."""


class Refused(AssertionError):
    """A made-up spec is no spec: what makes it up does not know all types as the program does."""


@contextmanager
def at_most(seconds: float, error: Exception) -> Iterator[None]:
    """Let what takes more processor time end with an error."""

    def end(*_: object) -> None:
        raise error

    signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def assert_equal(spec: dict, run: dict, ways: tuple = WAYS, most: float = 90) -> None:
    """Compare; raises SaysNothing when the reference simulator takes more seconds of processor time."""
    if "populations" in spec:
        run = run | {"max_workers": {name: own["max_workers"] for name, own in spec["populations"].items()}}
    population = taken(spec)
    first = looked_at(begun(population, run, *ways[0]))
    spawns: dict[tuple | str, list[int]] = {}
    with at_most(most, SaysNothing()):
        expected = [typed(pairs(record)) for record in islice(simulate(spec, **run, spawns=spawns), run["records"])]
    with at_most(90, TimeoutError()):  # fails here, where it is known which spec it is
        assert_gives(first, run["records"], expected, spawns)
        for way in ways[1:]:
            assert_gives(begun(population, run, *way), run["records"], expected, spawns)


def taken(spec: dict) -> Population:
    """Return what a spec says; raises Refused where the program does not take it."""
    try:
        return load_spec(Document(spec, "spec"), REGISTRY, None).spec
    except InvalidInput as error:
        raise Refused(str(error)) from error


def looked_at(made: Run) -> Run:
    """Return a run that the program goes on with once it has looked for misfits; raises Refused where it would not."""
    misfits = [message for _, message in made.misfits()]
    if any(message.startswith("is always null") for message in misfits):
        raise SaysNothing
    if misfits:
        raise Refused(misfits)
    return made


def assert_gives(made: Run, records: int, expected: list, spawns: dict[tuple | str, list[int]]) -> None:
    found = list(records_and_times(made))
    assert first_difference([typed(record) for record, _ in found], expected) is None
    end = NEVER if len(found) < records else found[-1][1]  # a run that nobody goes on with is over for all
    assert made.held == held_until(end, spawns)


def compare(kind: str, chosen: settings, number: int, ways_of: st.SearchStrategy[tuple], most_refused: int = 0) -> None:
    """Compare runs of many made-up specs of a kind, the sample with a number; some of them may be refused."""
    refused: list[Refused] = []

    @seed(number)
    @chosen
    @given(spec=getattr(strategies, kind)(), run=strategies.runs(), ways=ways_of)
    def compared(spec: dict, run: dict, ways: tuple) -> None:
        try:
            assert_equal(spec, run, ways, most=5)
        except SaysNothing:
            reject()
        except Refused as error:
            refused.append(error)
            if len(refused) > most_refused:
                raise
            reject()

    compared()


@pytest.mark.parametrize("kind", KINDS)
def test_the_engine_gives_the_records_of_the_reference_simulator_for_all_windows_and_threads(kind: str) -> None:
    compare(kind, settings(ANY, max_examples=KINDS[kind] // FIXED_SHARE), 0, PAIRS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_engine_gives_the_records_of_the_reference_simulator_for_fresh_specs(kind: str) -> None:
    """Another sample each time; the report of a failure says how to repeat it."""
    compare(kind, settings(ANY, max_examples=KINDS[kind]), FRESH_SEED, ANY_WAY, most_refused=2)


def test_a_window_ends_before_a_source_ceases_to_keep_workers_alive() -> None:
    """Behind that it could not be told whether somebody was held back before."""
    spec = world(
        states=[
            state("a", {"b": 0.25, "a": 0.15, "stop": 0.55, "c": 0.05}, delay=constant(60)),
            state("c", delay=constant(0.5)),
            state("b", {"c": 0.2, "stop": 0.05, "a": 0.1, "b": 0.65}, delay=exponential(20)),
        ],
        incidents={"outage": [{"from": "+10S", "until": "+40S"}]},
        arrivals=[
            {
                "type": "stages",
                "name": "b",
                "stages": [{"for": 20, "rate": 1}, {"for": 20, "alive": 2}],
                "until": "+1M",
            },
            {"type": "cron", "name": "c/d", "expression": "*/2 * * * *", "max_workers": 2},
            {"type": "every", "name": "Z", "every": "10S", "size": 3, "state": "b", "when_full": "drop", "most": 5}
            | {"max_workers": 2, "profile": {"type": "during", "incident": "outage", "factor": 0}},
        ],
    )
    del spec["interarrival"]
    run = {"start": "2001-12-20T13:13:12.132", "max_workers": 2, "records": 5, "seed": 178415}
    assert_equal(spec, run, ((None, 1), (10**9, 1), (3600 * 10**9, 1)))


def test_a_window_ends_where_the_last_number_to_keep_alive_gives_way_at_once() -> None:
    """A ramp ends at an instant with a number of its own, and then nobody is kept."""
    stages = [{"for": 20, "rate": 1}, {"for": 20, "alive": 0, "to": 5}]
    source = {"type": "stages", "name": "b", "stages": stages, "until": "+1M"}
    spec = world(states=[state("a", "a", delay=exponential(30))], arrivals=[source], warm_up=25)
    del spec["interarrival"]
    run = {"start": "2001-12-20T13:13:12.132", "max_workers": 3, "records": 1, "seed": 1}
    assert_equal(spec, run, ((None, 1), (10**9, 1), (3600 * 10**9, 1)))


def test_more_workers_than_a_window_has_steps_are_born_late_and_leave_the_line_without_one() -> None:
    desk = state("a", "stop", delay=constant(0.1), acquire="desk", timeout={"after": constant(0.15), "next": "stop"})
    spec = world(states=[desk], gap=0.01, resources={"desk": {"capacity": 1}})
    run = {"start": "2001-12-20T13:13:12.132", "max_workers": 3, "records": 5000, "seed": 1}
    assert_equal(spec, run, ((None, 1),))
