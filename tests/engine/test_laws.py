"""Laws: what holds for every spec. A run is a pure function of spec, seed and start."""

import itertools
import json
import re
from collections.abc import Callable, Iterable
from itertools import islice

import pytest

import datagen
from datagen.clock import SystemClock
from datagen.moment import parse_moment
from datagen.plugin.formatter import ColumnWriter
from datagen.records.text import json_pieces
from tests.engine.test_snapshot import CONDITIONAL, SOURCES, TEXTS
from tests.fresh import some, varied
from tests.stepping import SteppingClock
from tests.test_clock import FakeTime
from tests.worlds import (
    READY,
    START,
    constant,
    counter,
    enum,
    exponential,
    integer,
    read,
    records_of,
    run_of,
    state,
    steps_of,
    uniform,
    world,
    write_json,
)

POOL = {"cardinality": 20, "cardinality_distribution": exponential(5)}
DIMENSIONS = [
    enum("e", 1, "x", None, [1]),
    integer("i", uniform(0, 10**9), percent_missing=10),
    integer("p", uniform(0, 10**9), **POOL),
    counter("c", percent_nulls=20),
    {"name": "s", "type": "string", "length_distribution": uniform(0, 6)},
    {"name": "ip", "type": "ipaddress", "distribution": uniform(0, 2**32)},
    {"name": "o", "type": "object", "dimensions": [integer("x", uniform(0, 9)), counter("n"), read("v")]},
    {"name": "l", "type": "list", "elements": [enum("a", 1), counter("b")], "length_distribution": uniform(0, 3)},
    read("v"),
    read("w"),
]
STATES = [
    state("in", {"on": 0.5, "off": 0.5}, delay=exponential(2), variables=[integer("v", uniform(0, 10**6)), read("w")]),
    state("on", {"on": 0.5, "off": 0.3, "stop": 0.2}, delay=uniform(0, 2), variables=[read("v", name="w")]),
    state("off", {"on": 0.7, "stop": 0.3}, emitter=None, delay=constant(1)),
]
MIXED = world(
    *DIMENSIONS, states=[{**STATES[0], "variables": STATES[0]["variables"][:1]}, *STATES[1:]], gap=exponential(0.3)
)
DRAWN = [
    {"type": "zipf", "s": 1, "n": 9},
    {"type": "geometric", "p": 0.3},
    {"type": "gamma", "shape": 2, "scale": 3},
    {"type": "pareto", "min": 1, "alpha": 2},
    {"type": "scaled", "of": {"type": "beta", "a": 2, "b": 3}, "times": 9},
]
VALUES = world(
    {"name": "person", "type": "row", "table": "people"},
    {"name": "country", "type": "column", "table": "countries", "column": "code", "keyed_by": "worker"},
    {"name": "agent", "type": "user_agent"},
    {"name": "agents", "type": "rows", "table": "agents", "length_distribution": uniform(0, 3)},
    {"name": "browser", "type": "column", "table": "agents", "column": "browser"},
    {"name": "at", "type": "now", "format": "%d/%b/%Y", "offset": {"type": "lognormal", "median": 9, "sigma": 1}},
    {"name": "id", "type": "uuid"},
    {"name": "digits", "type": "hex", "length": 9},
    {"name": "address", "type": "ip_in", "networks": ["10.0.0.0/8"]},
    {"name": "port", "type": "port"},
    {"name": "price", "type": "decimal", "distribution": exponential(20)},
    {"name": "gross", "type": "expression", "value": "round(price * 1.19, 2)"},
    {"name": "on", "type": "bool"},
    {"name": "line", "type": "text", "value": "{{person.name}}: {{digits}}"},
    {"name": "plate", "type": "regex", "pattern": "[A-Z]{2} [1-9][0-9]{1,3}", "unique": True},
    {"name": "card", "type": "credit_card"},
    {"name": "place", "type": "geo", "within": {"circle": {"lat": 52, "lon": 13, "km": 5}}},
    {"name": "near", "type": "geo", "around": {"table": "cities", "km": 9}, "format": "geohash"},
    {"name": "truck", "type": "geo", "along": {"table": "airports", "progress": "second(time) / 60"}},
    {"name": "city", "type": "column", "table": "cities", "column": "name"},
    {"name": "firm", "type": "column", "table": "companies", "column": "domain", "pick": "shuffle"},
    {"name": "sold", "type": "column", "table": "products", "column": "price", "match": {"category": "'Shoes'"}},
    {"name": "level", "type": "signal", "start": 3, "step": exponential(1), "max": 9},
    {"name": "earlier", "type": "lookup", "emitter": "e", "dimension": "digits", "match": {"on": "on"}},
    {
        "name": "number",
        "type": "case",
        "cases": [{"when": "on", "make": {"name": "yes", "type": "float", "distribution": DRAWN[0]}}],
        "default": {"name": "no", "type": "float", "distribution": {"type": "mixture", "of": DRAWN}},
    },
    {"name": "pace", "type": "expression", "value": "profile('shift') * profile('ramp') * profile('luck')"},
    tables={name: {"type": name} for name in ("people", "countries", "cities", "airports", "companies", "products")}
    | {"agents": {"type": "user_agents"}},
    profiles={
        "day": {"type": "peaks", "days": {"monday": [{"hour": 9, "sigma": 2, "weight": 3}]}},
        "shift": {"type": "between", "from": "00:01", "until": "00:03", "factor": 2},
        "ramp": {"type": "points", "values": [["+0S", 0.5], ["+10M", 2]]},
        "luck": {"type": "jitter", "low": 0.5, "high": 2, "each": "10M"},
    },
)
# Records that one generator makes, none or several at a step, and what two templates remember together.
MADE = {"type": "list", "elements": [{"name": "o", "type": "object", "dimensions": [counter("m"), enum("x", 1, "y")]}]}
TELLING = "{% do shared.set('n', (shared.n or 0) + 1) %}{{ shared.n }} {{ module.rand.string.hex(4) }}"
OBJECTS = world(states=[state("s", {"s": 0.5, "t": 0.4, "stop": 0.1}, delay=exponential(1)), state("t", "s", "f")])
OBJECTS["emitters"] = [
    {"name": "e", "record": MADE | {"length_distribution": uniform(0, 3)}},
    {
        "name": "f",
        "dimensions": [{"name": name, "type": "template", "dialect": "eventum", "text": TELLING} for name in "vw"],
    },
]
OWN = {
    "objects": OBJECTS,
    "mixed": MIXED,
    "values": VALUES,
    "sources": SOURCES,
    "texts": TEXTS,
    "conditional": CONDITIONAL,
}
SPECS = OWN | READY
# For the laws that are dear to try: every kind of source, field and profile, a timezone, incidents, a file of records.
SEVERAL = ["objects", "mixed", "values", "sources", "texts", "conditional", "shop", "social_posts", "replay", "account"]
LONG = 10_000  # records: more than a batch of the rows of tables


# How many minutes it takes until something happens from midnight on, where little does at night.
QUIET = dict.fromkeys(("attack", "call_centre", "factory", "logins", "parcels", "ride_hailing"), 600) | {
    "fraud": 30,
    "kubernetes": 5,
    "orders": 60,
    "account": 3600,
    "restaurant": 3600,
    "warehouse": 60,
}


def kinds(specs: Iterable[dict]) -> set[str]:
    return set(re.findall(r'"type": "(\w+)"', json.dumps(list(specs))))


def test_the_specs_for_dear_laws_have_all_that_the_ready_ones_have() -> None:
    written = {"stdout"}  # where a spec's records go is no matter of these laws
    assert kinds(SPECS[name] for name in SEVERAL) >= kinds(READY.values()) - written


@pytest.fixture
def run(command, tmp_path) -> Callable[..., bytes]:
    """Return the bytes that the command writes for a spec."""

    def bytes_of(spec: dict, *arguments: object, seed: int = 1) -> bytes:
        path = write_json(tmp_path / "spec.json", spec | {"target": {"type": "stdout"}})
        outcome = command("-c", path, "-s", START, "--seed", seed, *arguments)
        assert outcome.code == 0
        return outcome.data

    return bytes_of


@pytest.mark.parametrize(
    ("name", "options"),
    [*((name, ()) for name in (*OWN, *some(READY))), *varied(SEVERAL, [("-m", 3), ("-f", "csv")])],
)
def test_the_same_seed_gives_the_same_bytes(run, name: str, options: tuple) -> None:
    first, again, other = (run(SPECS[name], "-n", 2000, *options, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert (first == other) == (name == "replay")  # which draws nothing


@pytest.mark.parametrize(("name", "most"), varied(SEVERAL, [2, 100]))
def test_a_shorter_run_is_the_beginning_of_a_longer_one(run, name: str, most: int) -> None:
    long = run(SPECS[name], "-n", LONG, "-m", most).splitlines()
    for count in (0, 1, 10, 1000, LONG - 1):
        assert run(SPECS[name], "-n", count, "-m", most).splitlines() == long[:count]


@pytest.mark.parametrize("name", [*OWN, *some(READY)])
def test_a_shorter_duration_is_the_beginning_of_a_longer_one(run, name: str) -> None:
    minute = QUIET.get(name, 1)
    long, short = (run(SPECS[name], "-r", f"{length * minute}M") for length in (2, 1))
    assert long.startswith(short)
    assert len(short) < len(long)


@pytest.mark.parametrize(("name", "most"), varied(SEVERAL, [1, 100]))
def test_times_never_go_back(name: str, most: int) -> None:
    times = [record["time"] for record in records_of(SPECS[name], LONG, max_workers=most) if "time" in record]
    assert all(earlier <= later for earlier, later in itertools.pairwise(times))


def without(record: dict, *names: str) -> dict:
    return {key: value for key, value in record.items() if key not in names}


@pytest.mark.parametrize("left_out", [dimension["name"] for dimension in DIMENSIONS])
def test_a_dimension_more_or_less_leaves_the_others_as_they_were(left_out: str) -> None:
    fewer = json.loads(json.dumps(MIXED))
    fewer["emitters"][0]["dimensions"] = [d for d in DIMENSIONS if d["name"] != left_out]
    pairs = zip(records_of(MIXED, 500), records_of(fewer, 500), strict=True)
    assert all(without(record, left_out) == other for record, other in pairs)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_dimensions_does_not_matter(seed: int) -> None:
    other = json.loads(json.dumps(MIXED))
    dimensions = other["emitters"][0]["dimensions"]
    other["emitters"][0]["dimensions"] = dimensions[seed + 2 :] + dimensions[: seed + 2][::-1]
    assert records_of(MIXED, 500) == records_of(other, 500)
    assert list(records_of(MIXED, 1)[0]) != list(records_of(other, 1)[0])


def test_the_order_of_emitters_and_of_states_after_the_first_does_not_matter() -> None:
    spec = SPECS["clickstream"]
    other = spec | {"emitters": spec["emitters"][::-1], "states": [spec["states"][0], *spec["states"][:0:-1]]}
    assert records_of(spec, 1000) == records_of(other, 1000)


def test_comments_and_the_order_of_keys_do_not_matter() -> None:
    other = json.loads(json.dumps({"_note": 1} | MIXED, sort_keys=True))
    assert records_of(MIXED, 300) == records_of(other, 300)


def test_a_variable_more_leaves_the_walk_and_the_others_as_they_were() -> None:
    other = json.loads(json.dumps(MIXED))
    other["states"][0]["variables"].insert(0, integer("new", uniform(0, 9)))
    other["states"][2]["variables"] = [counter("new")]
    assert records_of(MIXED, 500) == records_of(other, 500)


@pytest.mark.parametrize("start", ["1970-01-01T00:00:00", "2024-02-28T23:59:59.5+05:30"])
def test_the_start_moves_the_times_and_nothing_else(start: str) -> None:
    here, there = records_of(MIXED, 500), records_of(MIXED, 500, start=start)
    assert [without(record, "time") for record in here] == [without(record, "time") for record in there]
    assert here[-1]["time"] != there[-1]["time"]


def test_the_limit_changes_nothing_before_it_is_reached() -> None:
    assert records_of(MIXED, 2000, max_workers=1000) == records_of(MIXED, 2000, max_workers=2000)


@pytest.mark.parametrize(("name", "most"), varied(SEVERAL, [3, 100]))
def test_the_windows_in_which_a_run_is_computed_change_no_step(name: str, most: int) -> None:
    expected = steps_of(SPECS[name], 1000, max_workers=most)
    for windows in (1, 7, 100):
        clock = SteppingClock(parse_moment(START), expected[-1][0] // windows)
        assert steps_of(SPECS[name], 1000, max_workers=most, clock=clock) == expected


def live(spec: dict, monkeypatch: pytest.MonkeyPatch, **options: object) -> bytes:
    """Run on the system clock, with a time that passes as fast as it is waited for."""
    fake = FakeTime()
    monkeypatch.setattr("datagen.clock.time", fake)
    clock = SystemClock()
    clock.stopped = fake
    clock.start = parse_moment(start_of(spec))
    run = run_of(spec, clock=clock, **({"max_workers": spec.get("max_workers", 100)} | options))
    writer = ColumnWriter(json_pieces)
    return b"".join(bytes(writer.lines(batch).data) for batch in run.batches())


def start_of(spec: dict) -> str:
    return START + ("+01:00" if "timezone" in spec else "")  # else it would be wall time there


@pytest.mark.parametrize(
    ("name", "options"),
    varied(SEVERAL, [{"records": 150}, {"duration": "5S"}, {"records": 60, "max_workers": 2}]),
)
def test_a_live_run_equals_the_simulated_run_of_the_same_start(monkeypatch, name: str, options: dict) -> None:
    found = live(SPECS[name], monkeypatch, **options)
    expected = datagen.records(datagen.load(SPECS[name]), start=start_of(SPECS[name]), seed=1, **options)
    assert list(map(json.loads, found.splitlines())) == list(expected)
    assert found or "duration" in options


def test_the_same_bytes_come_from_another_process(process, run, tmp_path) -> None:
    expected = run(MIXED, "-n", 500)
    assert process("-c", tmp_path / "spec.json", "-s", START, "--seed", 1, "-n", 500).data == expected
    environment = {"PYTHONHASHSEED": "77", "TZ": "Asia/Kolkata", "LC_ALL": "C", "PATH": ""}
    again = process("-c", tmp_path / "spec.json", "-s", START, "--seed", 1, "-n", 500, env=environment)
    assert again.data == expected


def test_no_record_is_computed_before_the_clock_lets_it() -> None:
    clock = SteppingClock(parse_moment(START), 10**9)
    run = run_of(world(gap=0.01), clock=clock)
    for window in islice(run.windows(), 50):
        assert all(batch.due[-1] < clock.horizon() for batch in window.batches)
