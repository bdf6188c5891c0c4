"""Pools are filled as far as a run picks from them, and never where that is of no use."""

import json
from threading import Event
from time import process_time

import pyarrow as pa
import pytest

import datagen
from datagen.delivery import resume
from datagen.engine import pool
from datagen.engine.pool import GrowingPool, Pools
from datagen.job import Options, Request, prepare
from datagen.problems import Cancelled
from tests.worlds import START, constant, counter, exponential, integer, records_of, uniform, world, write_json


def pooled(size: int, distribution: dict, picker: dict, name: str = "p") -> dict:
    return integer(name, distribution, cardinality=size, cardinality_distribution=picker)


def pools_of(spec: dict, stopped: Event | None = None) -> Pools:
    return Pools(datagen.load(spec).spec, 1, stopped or Event())


@pytest.fixture
def tries(monkeypatch) -> list[str]:
    """The name paths of pools of which more values were tried."""
    made: list[str] = []
    original = GrowingPool._try

    def counted(self: GrowingPool) -> None:
        made.append(self._place.name_path)
        original(self)

    monkeypatch.setattr(GrowingPool, "_try", counted)
    return made


def test_a_pool_has_only_the_values_that_are_picked() -> None:
    made = pools_of(world(pooled(10_000_000, uniform(0, 10**12), exponential(10))))["emitter/e/p"]
    assert len(made.first(50)) < 5_000


def test_the_values_of_a_pool_do_not_depend_on_how_far_it_is_filled() -> None:
    spec = world(pooled(20_000, uniform(0, 10**6), uniform(0, 19_999)))
    little, much = (pools_of(spec)["emitter/e/p"] for _ in range(2))
    whole = much.first(20_000).to_pylist()
    assert len(set(whole)) == 20_000
    for count in (1, 2, 1_000, 1_025, 5_000, 20_000):
        assert little.first(count).to_pylist()[:count] == whole[:count]


def test_a_large_pool_that_is_surely_filled_does_not_hold_up_the_start(tries) -> None:
    spec = world(pooled(10_000_000, uniform(1, 20_000_000), exponential(3)))
    assert len(records_of(spec, 10)) == 10
    assert len(tries) == 1


@pytest.mark.parametrize(
    ("field", "known"),
    [
        (pooled(9, uniform(1, 9), constant(0)), True),
        (pooled(10, uniform(1, 9), constant(0)), True),
        (pooled(9, exponential(10), constant(0)), False),
        ({"type": "ipaddress", "distribution": uniform(0, 255), "cardinality": 256}, True),
        ({"type": "timestamp", "distribution": uniform("2024-01-01", "2024-01-02"), "cardinality": 1000}, True),
        ({"type": "string", "length_distribution": uniform(2, 9), "chars": "abc", "cardinality": 9}, True),
        ({"type": "string", "length_distribution": uniform(2, 9), "chars": "aab", "cardinality": 4}, False),
        (
            {
                "type": "timestamp",
                "distribution": uniform("9999-12-31T23:59:59.99+12:00", "9999-12-31T23:59:59-12:00"),
                "cardinality": 5,
            },
            False,
        ),
        ({"type": "string", "length_distribution": exponential(9), "cardinality": 5}, False),
        ({"type": "object", "dimensions": [integer("n", uniform(1, 9))], "cardinality": 9}, True),
        ({"type": "object", "dimensions": [integer("n", uniform(1, 9), percent_nulls=1)], "cardinality": 9}, False),
    ],
)
def test_a_pool_is_filled_before_the_run_only_where_that_is_not_known_otherwise(tries, field, known: bool) -> None:
    pools = pools_of(world({"name": "p", "cardinality_distribution": constant(0), **field}))
    pools.problems()
    assert bool(tries) is not known


WHOLE = [
    {"type": "int", "distribution": uniform(-500, 499)},
    {"type": "ipaddress", "distribution": uniform(2**32 - 500, 2**32 + 499)},
    {"type": "timestamp", "distribution": uniform("2024-01-01T00:00:00+02:00", "2024-01-01T00:00:00.999+02:00")},
    {"type": "string", "length_distribution": constant(3), "chars": "0123456789"},
    {"type": "string", "length_distribution": constant(3.9), "chars": "0123456789"},
]


@pytest.mark.parametrize("field", WHOLE)
def test_a_pool_that_uses_up_its_range_has_all_of_its_values_in_a_shuffled_order(tries, field: dict) -> None:
    pool = field | {"name": "p", "cardinality": 1000, "cardinality_distribution": uniform(0, 999)}
    made = [Pools(datagen.load(world(pool)).spec, seed, Event())["emitter/e/p"] for seed in (1, 2)]
    first, other = (pool.first(1000).to_pylist() for pool in made)
    assert len(set(first)) == 1000
    assert set(first) == set(other)
    assert first != other
    assert first != sorted(first)
    fresh = {record["p"] for record in records_of(world(field | {"name": "p"}), 20_000)}
    assert {record["p"] for record in records_of(world(pool), 20_000)} == fresh
    assert tries == []


def test_a_pool_up_to_three_quarters_of_its_range_is_tried_as_ever(tries) -> None:
    for size, shuffled in [(750, False), (751, True)]:
        tries.clear()
        pools_of(world(pooled(size, uniform(1, 1000), constant(0))))["emitter/e/p"].first(size)
        assert (tries == []) is shuffled


def test_the_order_of_a_shuffled_pool_does_not_depend_on_how_far_it_is_filled() -> None:
    spec = world(pooled(10_000, uniform(1, 10_000), constant(0)))
    whole = pools_of(spec)["emitter/e/p"].first(10_000).to_pylist()
    little = pools_of(spec)["emitter/e/p"]
    for count in (1, 2, 1025, 7000, 10_000):
        assert little.first(count).to_pylist()[:count] == whole[:count]


def test_a_million_values_of_a_million_take_no_longer_than_others() -> None:
    """They took 10 s, drawn until the last missing one came; now 0.3 s."""
    made = pools_of(world(pooled(10**6, uniform(1, 10**6), constant(0))))["emitter/e/p"]
    begun = process_time()  # of processors: others may use this machine meanwhile
    assert len(made.first(10**6)) == 10**6
    assert process_time() - begun < 3


def test_a_pool_larger_than_its_range_is_refused_without_a_try(tries) -> None:
    problems = pools_of(world(pooled(10_000_000, uniform(1, 9_000_000), constant(0)))).problems()
    path = ("emitters", 0, "dimensions", 0, "cardinality")
    assert problems == [(path, "could make only 9000000 different values for a cardinality of 10000000")]
    assert tries == []


@pytest.mark.parametrize("wrong", ["spec", "target", "format", "stage", "state"])
def test_no_pool_is_filled_when_something_else_is_wrong(generate, tries, tmp_path, wrong: str) -> None:
    spec = world(pooled(5, exponential(1), constant(0)), counter("n"))
    options: list[object] = []
    if wrong == "spec":
        spec["emitters"][0]["dimensions"].append({"name": "x", "type": "nosuch"})
    elif wrong == "target":
        options = ["-t", write_json(tmp_path / "t.json", {"type": "file", "path": "no/such/folder/x"})]
    elif wrong == "format":
        (tmp_path / "pattern.txt").write_text("{{nosuch}}")
        options = ["-f", tmp_path / "pattern.txt"]
    elif wrong == "stage":
        stage = {"type": "filter", "where": "nosuch = 1"}
        options = ["-t", write_json(tmp_path / "t.json", {"type": "stdout", "through": [stage]})]
    else:
        options = ["--state", tmp_path / "state", "-m", 7]
        assert generate(spec, "-n", 1, "--state", tmp_path / "state").code == 0
        tries.clear()
    outcome = generate(spec, "-n", 1, *options)
    assert outcome.code == 2
    assert tries == []


def test_all_pools_that_can_not_be_filled_are_named_at_once(generate) -> None:
    outcome = generate(
        world(pooled(5, uniform(0, 1), constant(0)), pooled(9, uniform(0, 2), constant(0), name="q")), "-n", 1
    )
    assert outcome.code == 2
    assert "could make only 2 different values for a cardinality of 5" in outcome.err
    assert "could make only 3 different values for a cardinality of 9" in outcome.err


@pytest.mark.parametrize("seed", range(12))
def test_values_that_are_rare_are_waited_for(seed: int) -> None:
    """The first and the last of these come half as often as the others: with less patience they would not be found."""
    whole = {"name": "p", "type": "float", "precision": 0, "distribution": uniform(0, 3000), "cardinality": 3001}
    spec = world(whole | {"cardinality_distribution": uniform(0, 3000)})
    assert Pools(datagen.load(spec).spec, seed, Event()).problems() == []


def test_no_snapshot_is_taken_of_a_window_that_was_cut_off(tmp_path, monkeypatch) -> None:
    """The walk is ahead of the records then."""
    spec = world(pooled(200_000, uniform(0, 10**12), uniform(0, 199_999)))
    offered: list[bool] = []
    original = GrowingPool._made

    def made(self: GrowingPool, count: int) -> object:
        if count > 8 * pool._FIRST_TRIES:
            job.run.stop()
            offered.append(False)
        return original(self, count)

    monkeypatch.setattr(GrowingPool, "_made", made)
    monkeypatch.setattr(resume.Journal, "offer", lambda self, snapshot: offered.append(True))
    options = Options.of({"start": START, "records": 60_000, "seed": 1})
    target = {"type": "file", "path": str(tmp_path / "out.json")}
    job = prepare(Request(spec, target, options=options, state=str(tmp_path / "state")))
    job.start().wait()
    assert offered[-1] is False


def test_a_run_that_was_stopped_while_a_pool_grew_goes_on_where_it_was(tmp_path, monkeypatch) -> None:
    """What was computed of the window then is not all of it, so no snapshot may be taken there."""
    monkeypatch.setattr(resume, "_SNAPSHOT_EVERY", 0)
    monkeypatch.setattr(resume, "_SHARE", 0)
    spec = world(pooled(200_000, uniform(0, 10**12), uniform(0, 199_999)), counter("n"))
    target = {"type": "file", "path": str(tmp_path / "out.json")}
    options = {"start": START, "records": 60_000, "seed": 1, "state": tmp_path / "state"}
    original, handles, stops = GrowingPool._made, [], iter([3, 4, 5, 6, None])
    stop_at = [3]

    def made(self: GrowingPool, count: int) -> object:
        if count >> 10 == 1 << stop_at[0]:
            handles[-1].stop()
        return original(self, count)

    monkeypatch.setattr(GrowingPool, "_made", made)
    for stop in stops:
        stop_at[0] = 99 if stop is None else stop
        job = prepare(Request(spec, target, options=Options.of(options), state=str(tmp_path / "state")))
        handles.append(job.run)
        job.start().wait()
    found = [json.loads(line) for line in (tmp_path / "out.json").read_text().splitlines()]
    assert found == records_of(spec, 60_000)


def test_a_pool_inside_of_another_that_can_not_be_filled_is_named_with_its_place(generate) -> None:
    inner = {"type": "int", "name": "n", "distribution": exponential(1), "cardinality": 50}
    inner |= {"cardinality_distribution": uniform(0, 49)}
    for seed in range(4):
        outer = {"type": "object", "name": "o", "dimensions": [inner], "cardinality": 3}
        outcome = generate(world(outer), "-n", 1, "--seed", seed)
        assert outcome.code == 2
        assert "emitters[0].dimensions[0].dimensions[0].cardinality: could make only" in outcome.err


def test_the_pools_of_a_live_run_are_filled_before_it_begins(tries, monkeypatch) -> None:
    spec = world(pooled(50_000, uniform(0, 10**9), uniform(0, 49_999)), gap=0.01)
    records = datagen.records(datagen.load(spec), duration="0.2S")
    filled = len(tries)
    assert filled > 3
    assert len(list(records)) > 5
    assert len(tries) == filled


def test_filling_a_pool_can_be_cancelled() -> None:
    stopped = Event()
    stopped.set()
    pools = pools_of(world(pooled(10**6, exponential(1e9), uniform(0, 10**6 - 1))), stopped)
    with pytest.raises(Cancelled):
        pools.problems()
    with pytest.raises(Cancelled):
        pools["emitter/e/p"].first(10**6)


def test_a_run_that_is_stopped_while_a_pool_is_filled_ends_without_an_error(monkeypatch, tmp_path) -> None:
    target = {"type": "file", "path": str(tmp_path / "out.json")}
    spec = world(pooled(5_000_000, uniform(0, 10**12), uniform(0, 4_999_999)))
    filling, go_on = Event(), Event()
    original = GrowingPool._made

    def made(self: GrowingPool, count: int) -> object:
        if count > pool._FIRST_TRIES:
            filling.set()
            go_on.wait(10)
        return original(self, count)

    monkeypatch.setattr(GrowingPool, "_made", made)
    handle = datagen.start(spec, target, start=START, records=10**6, seed=1)
    assert filling.wait(10)
    handle.stop()
    go_on.set()
    report = handle.wait()
    assert report.records < 10**6
    assert len((tmp_path / "out.json").read_text().splitlines()) == report.records


def test_a_value_found_gives_a_pool_new_patience(monkeypatch) -> None:
    tries = iter([0, 0, 1, 0, 2])  # 1, 1, 2, 3 and 3 times
    monkeypatch.setattr(GrowingPool, "_made", lambda _, count: pa.array([next(tries)] * count))
    monkeypatch.setattr(pool, "_FIRST_TRIES", 1)
    monkeypatch.setattr(pool, "_PATIENCE", 1)
    made = pools_of(world(pooled(3, exponential(9), constant(0))))["emitter/e/p"]
    assert made.first(3).to_pylist() == [0, 1, 2]


def test_a_variable_of_a_source_without_a_name_may_have_a_pool() -> None:
    spec = world({"name": "n", "type": "variable", "variable": "n"})
    del spec["interarrival"]
    spec["arrivals"] = {"type": "even", "rate": 1, "variables": [pooled(3, uniform(0, 10**9), uniform(0, 2), "n")]}
    assert len({record["n"] for record in records_of(spec, 100)}) == 3
