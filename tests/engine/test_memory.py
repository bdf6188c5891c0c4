"""What bounds the memory of a run, whatever its length: each bound is there, and changes no record."""

import gc
import weakref
from collections.abc import Iterator
from copy import copy
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import datagen
from datagen.clock import NEVER
from datagen.draw import Integers
from datagen.engine import columns, variables, walk
from datagen.engine.columns import Columns, Draft
from datagen.engine.plan import Plan
from datagen.engine.run import Run
from datagen.engine.slot import Shape, Slots
from datagen.engine.step import Steps
from datagen.moment import parse_moment
from datagen.plugin import halves
from datagen.plugin.world import World
from tests.worlds import (
    READY,
    START,
    batches_of,
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
)


def setting(variable: dict[str, Any]) -> dict[str, Any]:
    """Have workers that set a variable again and again, so that nearly all values ever set are stale."""
    return world(
        read("v"),
        read("w"),
        read("unset"),
        states=[
            state("s", "t", variables=[variable, enum("w", *range(100))]),
            state("t", {"s": 0.7, "u": 0.1, "stop": 0.2}, delay=exponential(1)),
            state("u", "s", variables=[integer("unset", uniform(0, 10**9))]),
        ],
        gap=exponential(0.1),
    )


SETTING = setting(integer("v", uniform(0, 10**9)))
TEXTS = setting({"name": "v", "type": "string", "length_distribution": constant(6)})


def stored(run: Run, variable: str) -> list[pa.Array]:
    return run.snapshot()["columns"]["stores"][variable]["chunks"]


def chunks(run: Run, variable: str = "v") -> list[int]:
    """How many values each chunk of a variable's store has."""
    return [len(chunk) for chunk in stored(run, variable)]


def seen(run: Run, records: int) -> Iterator[list[int]]:
    for window in run.windows():
        for _ in window.batches:
            pass
        assert sum(chunks(run, "w")) == sum(chunks(run))  # those that are set together forget together
        yield chunks(run)
        if run.emitted > records:
            return


@pytest.mark.parametrize("spec", [SETTING, TEXTS], ids=["numbers", "texts"])
def test_stale_values_of_variables_are_forgotten(monkeypatch, spec: dict[str, Any]) -> None:
    monkeypatch.setattr(walk, "_STALE", 500)
    monkeypatch.setattr(walk, "_MOST_ROWS", 200)
    run = run_of(spec, max_workers=100)
    most = max(sum(sizes) for sizes in seen(run, 20_000))
    assert 500 < most < 2_500  # 500 stale ones, 150 of the living, and those of a window before they are looked at


@pytest.mark.parametrize(("size", "most"), [(255, 1), (256, 2), (65_535, 2), (65_536, 4)])
def test_a_value_of_a_list_takes_as_few_bytes_as_the_list_allows(size: int, most: int) -> None:
    """Which has one value more: null."""
    store = variables.CodeStore(pa.int64())
    for values in (range(10), range(size - 10)):
        made = pa.DictionaryArray.from_arrays(pa.array([0, len(values) - 1, None], pa.int32()), pa.array(values))
        store.append([(np.arange(3, dtype=np.int32) + store.size, made)])
    assert store.pick(np.arange(7, dtype=np.int32)).to_pylist() == [None, 0, 9, None, 0, size - 11, None]
    [codes] = store.snapshot()["chunks"]
    assert codes.nbytes == 7 * most


def test_numbers_are_kept_with_those_that_are_null_in_their_places() -> None:
    store = variables.NumberStore(pa.int16())
    assert store.pick(np.zeros(2, np.int32)).to_pylist() == [None, None]
    store.append([(np.array([2, 1], np.int32), pa.array([7, -8], pa.int16()))])
    earlier = copy(store)
    places, several = np.array([3, 5], np.int32), pa.array([None, 6], pa.int16())
    store.append([(np.array([4], np.int32), pa.array([9], pa.int16())), (places, several)])
    made = store.pick(np.array([5, 3, 0, 1, 4, 2], np.int32))
    assert (made.type, made.to_pylist()) == (pa.int16(), [6, None, None, -8, 9, 7])
    inside = pa.DictionaryArray.from_arrays(pa.array([1, 0], pa.int32()), pa.array([None, 3], pa.int16()))
    other = variables.NumberStore(pa.int16())
    other.append([(np.array([1, 2], np.int32), inside)])  # whose nulls are in its dictionary
    assert other.pick(np.arange(3, dtype=np.int32)).to_pylist() == [None, 3, None]
    store.keep(pa.array([True, False, True, True, False, True]))
    assert store.pick(np.arange(4, dtype=np.int32)).to_pylist() == [None, 7, None, 6]
    assert earlier.take(np.arange(3, dtype=np.int32)).to_pylist() == [None, -8, 7]
    again = variables.NumberStore(pa.int16())
    again.restore(store.snapshot())
    assert (again.size, again.pick(np.arange(4, dtype=np.int32)).to_pylist()) == (4, [None, 7, None, 6])


def test_a_slot_takes_few_bytes() -> None:
    """The room for events, 12 bytes more, is hardly written to; the values of a worker lie elsewhere."""
    slots = Slots.of(1, Shape(groups=0, delays=0, fields=0, steps=0, kept=0, resources=0, shares=False))
    assert slots.workers.nbytes + slots.behind.nbytes == 44
    assert slots.nbytes == 44 + slots.when.nbytes + slots.who.nbytes + slots.waits_from.nbytes


@pytest.mark.parametrize("spec", [SETTING, TEXTS], ids=["numbers", "texts"])
def test_forgetting_stale_values_changes_no_record(monkeypatch, spec: dict[str, Any]) -> None:
    whole, few = records_of(spec, 5_000), records_of(spec, 5_000, max_workers=2)
    assert {record["unset"] is None for record in whole} == {True, False}
    monkeypatch.setattr(walk, "_STALE", 20)
    monkeypatch.setattr(walk, "_MOST_ROWS", 20)
    for most in (2, 100):
        assert records_of(spec, 5_000, max_workers=most) == (whole if most == 100 else few)


@pytest.mark.parametrize("spec", [SETTING, TEXTS], ids=["numbers", "texts"])
def test_a_draft_that_is_made_late_reads_the_variables_as_they_were(monkeypatch, spec: dict[str, Any]) -> None:
    """Also when the values that it reads have been forgotten since."""
    monkeypatch.setattr(walk, "_STALE", 20)
    monkeypatch.setattr(walk, "_MOST_ROWS", 20)
    plan = Plan(datagen.load(spec).spec, parse_moment(START))

    def drafts() -> Iterator[tuple[Columns, Draft]]:
        walked, made = walk.Walk(plan, seed=1, max_workers=20), Columns(plan, World(seed=1))
        for _ in range(50):
            yield from ((made, draft) for draft in made.drafts(walked.advance(NEVER)))

    at_once = [made.made(draft).parts[0].columns for made, draft in drafts()]
    assert [made.made(draft).parts[0].columns for made, draft in list(drafts())] == at_once


def test_who_was_never_set_anything_reads_null_whatever_was_forgotten(monkeypatch) -> None:
    """Whenever values are forgotten here, everybody alive has one."""
    monkeypatch.setattr(walk, "_STALE", 20)
    monkeypatch.setattr(walk, "_MOST_ROWS", 20)
    newcomer = state("newcomer", "settled", emitter="first")
    settled = state(
        "settled", {"settled": 0.8, "stop": 0.2}, delay=exponential(1), variables=[integer("v", uniform(0, 9))]
    )
    spec = world(read("v"), states=[newcomer, settled], gap=0.1)
    spec["emitters"].append({"name": "first", "dimensions": [read("v", name="at_first")]})
    found = [record["at_first"] for record in records_of(spec, 3_000, max_workers=2) if "at_first" in record]
    assert len(found) > 100
    assert set(found) == {None}


def test_values_read_from_a_large_store_are_the_same(monkeypatch) -> None:
    items = {"name": "list", "type": "list", "length_distribution": uniform(0, 3), "elements": [enum("x", "a", None)]}
    whole = {"name": "object", "type": "object", "dimensions": [integer("n", uniform(0, 9), percent_missing=30)]}
    variables_ = [
        items,
        whole,
        enum("code", "a", "b", percent_nulls=20),
        integer("v", uniform(0, 9), percent_missing=9),
    ]
    states = [
        state("s", {"t": 1}, variables=variables_),
        state("t", {"t": 0.7, "s": 0.2, "stop": 0.1}, delay=exponential(1)),
    ]
    spec = world(*(read(name) for name in ("list", "object", "code", "v")), states=states, gap=0.1)
    shared = records_of(spec, 3_000)
    monkeypatch.setattr(variables, "_SPARSE", 0)
    assert records_of(spec, 3_000) == shared


def test_values_of_variables_are_kept_in_few_chunks(monkeypatch) -> None:
    monkeypatch.setattr(walk, "_MOST_ROWS", 50)
    counts = [len(sizes) for sizes in seen(run_of(TEXTS, max_workers=100), 10_000)]
    assert max(counts) == variables.MOST_CHUNKS
    assert len(counts) > 2 * variables.MOST_CHUNKS  # else they would not have been put together


@pytest.mark.parametrize(
    "field",
    [
        {"name": "x", "type": "string", "length_distribution": uniform(0, 9)},
        {"name": "x", "type": "list", "length_distribution": uniform(0, 9), "elements": [integer("n", uniform(0, 9))]},
    ],
    ids=["string", "list"],
)
def test_many_items_are_made_a_part_at_a_time(monkeypatch, field: dict) -> None:
    whole = records_of(world(field), 3_000)
    sizes: list[tuple[int, int]] = []

    def counted(lengths: Integers) -> bool:
        if not halves.too_many(lengths):
            sizes.append((len(lengths), int(lengths.sum())))
        return halves.too_many(lengths)

    monkeypatch.setattr(f"datagen.dimensions.{field['type']}.too_many", counted)
    monkeypatch.setattr(halves, "_MOST_ITEMS", 100)
    assert records_of(world(field), 3_000) == whole
    assert all(made <= 100 or rows == 1 for rows, made in sizes)
    assert len(sizes) > 100


def test_a_value_that_is_alone_too_long_is_made_all_the_same(monkeypatch) -> None:
    monkeypatch.setattr(halves, "_MOST_ITEMS", 3)
    field = {"name": "x", "type": "string", "length_distribution": constant(7)}
    assert {len(record["x"]) for record in records_of(world(field), 5)} == {7}


def test_a_window_has_no_more_than_some_steps_and_where_it_ends_changes_none(monkeypatch) -> None:
    whole = steps_of(SETTING, 5_000)
    monkeypatch.setattr(walk, "_MOST_ROWS", 7)
    assert steps_of(SETTING, 5_000) == whole


def test_room_for_workers_grows_and_changes_no_step(monkeypatch) -> None:
    whole = steps_of(SETTING, 5_000, max_workers=1_000)
    monkeypatch.setattr(walk, "_FIRST_SLOTS", 1)
    assert steps_of(SETTING, 5_000, max_workers=1_000) == whole


def test_there_is_room_for_all_workers_of_a_snapshot(monkeypatch) -> None:
    plan = Plan(datagen.load(SETTING).spec, parse_moment(START))
    first = walk.Walk(plan, seed=1, max_workers=1_000)
    for _ in range(3):
        first.advance(NEVER)
    monkeypatch.setattr(walk, "_FIRST_SLOTS", 1)
    second = walk.Walk(plan, seed=1, max_workers=1_000)
    second.restore(first.snapshot())
    assert (second.advance(NEVER).keys == first.advance(NEVER).keys[:1024]).all()


# Crowds that are born at one instant and are gone before the next.
BURSTS = world(states=[state("s", {"s": 0.5, "stop": 0.5}, delay=exponential(0.5))], gap=uniform(-1000, 20))


@pytest.mark.parametrize(("spec", "count"), [(SETTING, 20_000), (BURSTS, 3_000)], ids=["steady", "bursts"])
def test_a_calendar_for_a_crowd_changes_no_step(monkeypatch, spec: dict, count: int) -> None:
    whole = steps_of(spec, count, max_workers=1_000)
    monkeypatch.setattr(walk, "_CROWD", 4)
    monkeypatch.setattr(walk, "_FIRST_ROWS", 20)
    monkeypatch.setattr(walk, "_MOST_ROWS", 400)
    for days, events in ((4, 1), (4, 100), (64, 1)):
        monkeypatch.setattr(walk, "_DAYS", days)
        monkeypatch.setattr(walk, "_EVENTS_A_DAY", events)
        assert steps_of(spec, count, max_workers=1_000) == whole


def walk_on(endless: walk.Walk) -> None:
    while True:
        endless.advance(NEVER)


def test_very_many_steps_at_one_time_end_the_run() -> None:
    spec = world(states=[state("s", "s", delay=exponential(1e-11))])  # all but never 1 ns
    endless = walk.Walk(Plan(datagen.load(spec).spec, parse_moment(START)), seed=1, max_workers=1)
    with pytest.raises(datagen.RunFailed, match="8388625 steps at one and the same time; the clock does not move on"):
        walk_on(endless)


def test_all_variables_of_a_group_forget_the_same_values(monkeypatch) -> None:
    variables = [integer("v", uniform(0, 10**9)), counter("w"), enum("x", *"abc")]
    states = [state("s", {"s": 0.9, "stop": 0.1}, delay=exponential(1), variables=variables)]
    spec = world(read("v"), read("w"), read("x"), states=states, gap=exponential(0.1))
    whole = records_of(spec, 5_000)
    monkeypatch.setattr(walk, "_STALE", 50)
    monkeypatch.setattr(walk, "_MOST_ROWS", 200)
    assert records_of(spec, 5_000) == whole


def test_a_batch_has_no_more_than_some_bytes(monkeypatch) -> None:
    spec = world({"name": "x", "type": "string", "length_distribution": constant(100)}, gap=0.001)
    whole = records_of(spec, 3_000)
    monkeypatch.setattr(columns, "_BATCH_BYTES", 10_000)
    assert max(batch.nbytes for batch in batches_of(spec, 3_000)) < 15_000
    assert records_of(spec, 3_000) == whole
    monkeypatch.setattr(columns, "_BATCH_BYTES", 1)  # less than one record has
    assert records_of(spec, 300) == whole[:300]


def test_a_window_is_let_go_of_once_its_records_are_taken() -> None:
    made = run_of(READY["clickstream"], 1_000_000)
    gc.collect()  # what tests before have left
    gc.disable()  # what refers to itself in a circle stays until this is on
    try:
        for _ in made.batches():
            alive = sum(isinstance(one, Steps) for one in gc.get_objects())
    finally:
        gc.enable()
    assert alive < 20  # a window with its cuts; all of them would be hundreds


@pytest.mark.parametrize("threads", [1, 3])
def test_a_run_that_is_over_is_let_go_of_at_once(threads: int) -> None:
    made = run_of(READY["clickstream"], 20_000, threads=threads)
    gc.collect()
    gc.disable()
    try:
        assert sum(len(batch) for window in made.windows() for batch in window.batches) == 20_000
        made.crew.close()
        is_there = weakref.ref(made)
        del made
        assert is_there() is None
    finally:
        gc.enable()
