"""Mistakes that were made once, each with the smallest run that showed it."""

import json

import numpy as np
import pyarrow as pa
import pytest

import datagen
from datagen.records.conversion import exported
from datagen.records.text import json_text
from datagen.records.types import plain
from tests.engine.test_oracle import assert_equal
from tests.worlds import constant, state, steps_of, world

START = "2024-01-01T00:00:00"


def spec(variables: list[list[dict]], gap: float = 1) -> datagen.LoadedSpec:
    """A worker that goes round its states for ever, a second in each, and emits what was set."""
    names = "abc"[: len(variables)]
    states = [
        {
            "name": name,
            "emitter": "e",
            "variables": variables[number],
            "delay": {"type": "constant", "value": 1},
            "transitions": [{"next": names[(number + 1) % len(names)], "probability": 1}],
        }
        for number, name in enumerate(names)
    ]
    read = {"type": "variable", "name": "v", "variable": "v"} if variables[0] else {"type": "counter", "name": "v"}
    return datagen.load(
        {
            "states": states,
            "emitters": [{"name": "e", "dimensions": [read]}],
            "interarrival": {"type": "constant", "value": gap},
        }
    )


def test_a_run_whose_limit_stays_full_goes_on() -> None:
    records = datagen.batches(spec([[]]), start=START, records=1_200_000, max_workers=1, seed=1)
    assert sum(batch.num_rows for batch in records) == 1_200_000


def test_a_second_worker_may_be_more_than_all_time_away() -> None:
    records = list(datagen.records(spec([[]], gap=1e10), start=START, records=10, max_workers=5, seed=1))
    assert [record["v"] for record in records] == list(range(10))


def test_lists_of_values_without_characters_are_told_apart() -> None:
    first = {"type": "enum", "name": "v", "values": [""]}
    second = {"type": "enum", "name": "v", "values": [None, ""]}
    records = datagen.records(spec([[first], [second]]), start=START, records=40, max_workers=1, seed=1)
    values = [record["v"] for record in records]
    assert set(values[::2]) == {""}
    assert set(values[1::2]) == {None, ""}


@pytest.mark.parametrize("convert", [plain, exported])
def test_a_slice_of_lists_with_nulls_is_converted(convert) -> None:
    assert convert(pa.array([[1], None, [2, 3]]).slice(1)).to_pylist() == [None, [2, 3]]


def test_a_slice_of_lists_is_written() -> None:
    assert json_text(pa.array([[1], None, [2, 3]]).slice(1)).to_pylist() == ["null", "[2,3]"]


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint32, np.int64, np.uint64])
def test_integers_of_any_width_are_written(kind: type) -> None:
    values = np.tile(np.array([np.iinfo(kind).min, np.iinfo(kind).max], kind), 2000)
    assert [json.loads(text) for text in json_text(pa.array(values)).to_pylist()[:2]] == values[:2].tolist()


def test_a_next_birth_and_a_next_step_may_be_more_than_all_time_away() -> None:
    far = world(states=[state("s", "s", delay=constant(1e10))], gap=1e10)
    assert steps_of(far, duration="1S") == [(0, 0, 0)]


def test_a_batch_in_which_nobody_looks_up_leaves_what_may_be_taken() -> None:
    """Each step is a batch of its own, since a variable reads its own former value."""
    counted = {"type": "expression", "name": "n", "value": "coalesce(n, 0) + 1"}
    taken = {"type": "lookup", "name": "seen", "emitter": "e", "dimension": "k", "among": "alive", "once": True}
    index = {"distribution": {"type": "uniform", "min": 0, "max": 5}, "percent_missing": 60}
    states = [state("s", "s", delay=constant(1), variables=[counted, taken | index])]
    looking = world(
        {"type": "counter", "name": "k"}, {"type": "variable", "name": "v", "variable": "seen"}, states=states
    )
    assert_equal(looking, {"seed": 1, "records": 60, "start": START, "max_workers": 1})


WAYS_OUT = [{"next": "b", "probability": 0.7}, {"next": "stop", "probability": 0.3}]
BEFORE = {
    "clocks": {"transitions": [{"next": "b"}, {"next": "stop", "when": "minute(time) = 59"}]},
    "profiles": {"transitions": [{"next": "b"}, {"next": "stop", "when": "profile('wave') < 1"}]},
    "limits": {"transitions": WAYS_OUT, "limit_profile": "wave"},
    "capacities": {"transitions": WAYS_OUT, "use": "desk", "capacity_profile": "wave"},
    "rows": {"transitions": WAYS_OUT, "use": "van"},
}


@pytest.mark.parametrize("name", BEFORE)
def test_what_follows_the_time_does_so_before_the_start_too(name: str) -> None:
    """A source may begin before the simulation does; in the last minute of an hour, here."""
    keys = dict(BEFORE[name])
    desk = {"capacity": 2} | {key: keys.pop(key) for key in ("capacity_profile",) if key in keys}
    limit = {key: keys.pop(key) for key in ("limit_profile",) if key in keys}
    spec = world(
        states=[state("b", delay={"type": "exponential", "mean": 2, "least": 1}, **keys)],
        arrivals=[{"type": "stages", "stages": [{"for": 20, "alive": 2}, {"for": 20, "rate": 1}], "from": "-8S"}],
        resources={"desk": desk, "van": {"rows": "vans", "available": "minute(time) < 59 or k = 2"}},
        tables={"vans": {"columns": ["k"], "rows": [[1], [2]]}},
        profiles={"wave": {"type": "minute_of_hour", "factors": {"59": 0.1, "0": 3}}},
        **limit,
    )
    del spec["interarrival"]
    run = {"start": "2020-01-01T00:00:00Z", "seed": 3, "records": 60, "max_workers": 5}
    assert_equal(spec, run, ((None, 1), (10**9, 1)))
