"""Pools are filled as far as a run picks from them, and never where that is of no use."""

from threading import Event

import pytest

import datagen
from datagen.engine import pool
from datagen.engine.pool import GrowingPool, Pools
from datagen.problems import Cancelled
from tests.worlds import START, constant, exponential, integer, records_of, uniform, world


def pooled(size: int, distribution: dict, picker: dict, **keys: object) -> dict:
    return integer("p", distribution, cardinality=size, cardinality_distribution=picker, **keys)


def pools_of(spec: dict, stopped: Event | None = None) -> Pools:
    return Pools(datagen.load(spec).spec.places(), 1, stopped or Event())


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
    spec = world(pooled(10_000_000, uniform(1, 10_000_000), exponential(3)))
    assert len(records_of(spec, 10)) == 10
    assert len(tries) == 1


@pytest.mark.parametrize(
    ("field", "known"),
    [
        (pooled(9, uniform(1, 9), constant(0)), True),
        (pooled(10, uniform(1, 9), constant(0)), False),
        (pooled(9, exponential(10), constant(0)), False),
        ({"type": "ipaddress", "distribution": uniform(0, 255), "cardinality": 256}, True),
        ({"type": "timestamp", "distribution": uniform("2024-01-01", "2024-01-02"), "cardinality": 1000}, True),
        ({"type": "string", "length_distribution": uniform(2, 9), "chars": "abc", "cardinality": 9}, True),
        ({"type": "string", "length_distribution": uniform(2, 9), "chars": "aab", "cardinality": 5}, False),
        ({"type": "string", "length_distribution": exponential(9), "cardinality": 5}, False),
        ({"type": "object", "dimensions": [integer("n", uniform(1, 9))], "cardinality": 9}, True),
        ({"type": "object", "dimensions": [integer("n", uniform(1, 9), percent_nulls=1)], "cardinality": 9}, False),
    ],
)
def test_a_pool_is_filled_before_the_run_only_where_that_is_not_known_otherwise(tries, field, known: bool) -> None:
    pools = pools_of(world({"name": "p", "cardinality_distribution": constant(0), **field}))
    pools.problems()
    assert bool(tries) is not known


def test_no_pool_is_filled_when_something_else_is_wrong(generate, tries) -> None:
    spec = world(pooled(5, uniform(0, 1), constant(0)), {"name": "x", "type": "nosuch"})
    outcome = generate(spec, "-n", 1)
    assert outcome.code == 2
    assert "nosuch" in outcome.err
    assert tries == []


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
