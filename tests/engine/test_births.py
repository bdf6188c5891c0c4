"""What expressions read of births: the number of a worker, and its batch."""

import numpy as np
import pytest

import datagen
from datagen.clock import SimulatedClock
from datagen.engine.birth import Batches
from datagen.engine.plan import Plan
from datagen.engine.run import Run
from datagen.moment import parse_moment
from tests.worlds import START, constant, enum, integer, records_of, state, uniform, world


def calculated(name: str, value: str, **keys: object) -> dict:
    return {"name": name, "type": "expression", "value": value, **keys}


def arriving(*sources: dict, states: list[dict] | None = None, dimensions: list[dict], **keys: object) -> dict:
    """A spec with sources of arrivals."""
    spec = world(*dimensions, states=states, **keys)
    del spec["interarrival"]
    return spec | {"arrivals": list(sources)}


WORKER = calculated("k", "worker")
BEAT = {"type": "every", "name": "beat", "every": 10, "size": 3}
STEADY = {"type": "even", "name": "steady", "rate": 0.2}


def test_a_worker_has_its_number_in_its_source_at_every_step() -> None:
    states = [state("s", {"s": 0.7, "stop": 0.3}, delay=constant(1), variables=[calculated("n", "coalesce(n, 0) + 1")])]
    spec = world(WORKER, calculated("n", "n"), states=states, gap=0.5)
    seen = [record["k"] for record in records_of(spec, 500) if record["n"] == 1]
    assert seen == list(range(len(seen)))
    assert {record["k"] for record in records_of(spec, 500)} == set(seen)


def test_numbers_of_workers_count_those_who_were_dropped() -> None:
    source = BEAT | {"when_full": "drop", "max_workers": 2}
    spec = arriving(source, states=[state("s", delay=constant(5))], dimensions=[WORKER])
    assert [record["k"] for record in records_of(spec, 6)] == [0, 1, 3, 4, 6, 7]


def test_workers_of_a_beat_read_its_number_their_place_and_its_size_and_others_null() -> None:
    parts = [calculated(key, f"batch.{key}") for key in ("number", "index", "size")]
    spec = arriving(BEAT | {"vary": {"low": 0, "high": 2}, "first": 2}, STEADY, dimensions=parts)
    made = [tuple(record[key] for key in ("number", "index", "size")) for record in records_of(spec, 200)]
    beats = [each for each in made if each[0] is not None]
    assert beats
    assert beats != made
    assert {each for each in made if each[0] is None} == {(None, None, None)}
    for number in {each[0] for each in beats[:-10]}:
        own = [(index, size) for beat, index, size in beats if beat == number]
        assert own == [(index, len(own)) for index in range(len(own))]


def test_beats_without_workers_count() -> None:
    spec = arriving(
        BEAT | {"size": uniform(0, 1)}, dimensions=[calculated("b", "batch.number"), calculated("t", "time")]
    )
    records = records_of(spec, 50, start=START + "Z")
    numbers = [record["b"] for record in records]
    first = parse_moment(START + "Z").microseconds
    assert numbers == [(parse_moment(record["t"]).microseconds - first) // 10_000_000 for record in records]
    assert len(set(numbers)) < numbers[-1]


def test_variables_of_a_source_read_births_profiles_and_earlier_variables_of_it() -> None:
    given = [
        calculated("a", "worker * 10"),
        calculated("b", "a + batch.index"),
        calculated("p", "b * profile('half')"),
    ]
    dimensions = [calculated("v", "p"), calculated("after", "a")]
    spec = arriving(BEAT | {"variables": given}, dimensions=dimensions, profiles={"half": 0.5})
    expected = [(worker * 10 + worker % 3) / 2 for worker in range(9)]
    assert [record["v"] for record in records_of(spec, 9)] == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [("worker", "worker", "mine"), ("batch", "batch.number", None), ("batch", "batch", "mine")],
)
def test_a_variable_or_a_dimension_of_the_same_name_wins(name: str, value: str, expected: object) -> None:
    mine = enum(name, "mine")
    by_dimension = arriving(BEAT, dimensions=[mine, calculated("v", value)])
    by_variable = arriving(BEAT | {"variables": [mine]}, dimensions=[calculated("v", value)])
    if expected is None:  # a text has nothing inside
        with pytest.raises(datagen.InvalidInput, match='"batch" has no "number" inside'):
            records_of(by_variable, 3)
        return
    assert {record["v"] for spec in (by_dimension, by_variable) for record in records_of(spec, 6)} == {expected}


def test_nothing_of_births_is_kept_where_no_expression_reads_it() -> None:
    spec = arriving(BEAT, dimensions=[integer("i", uniform(0, 9)), calculated("v", "i + 1")])
    plan = Plan(datagen.load(spec).spec, parse_moment(START))
    assert (plan.facts, plan.groups) == ({}, [])


def test_a_state_counts_on_from_what_a_source_gave() -> None:
    states = [state("s", delay=constant(1), variables=[calculated("n", "coalesce(n, first) + 1")])]
    states[0]["transitions"] = [{"next": "s", "probability": 0.8}, {"next": "stop", "probability": 0.2}]
    source = STEADY | {"variables": [calculated("first", "100 * worker")]}
    spec = arriving(source, states=states, dimensions=[WORKER, calculated("n", "n")])
    latest: dict[int, int] = {}
    for record in records_of(spec, 300):
        latest[record["k"]] = latest.get(record["k"], 100 * record["k"]) + 1
        assert record["n"] == latest[record["k"]]


_PARTS = [calculated(key, f"batch.{key}") for key in ("number", "index", "size")]


@pytest.mark.parametrize("parts", [_PARTS, []])
@pytest.mark.parametrize("when", ["batch.index * 2 > batch.size", "worker % 2 = 0"])
def test_a_run_that_is_continued_knows_the_batches_of_those_to_come(parts: list[dict], when: str) -> None:
    source = BEAT | {"size": 700, "vary": {"low": 0, "high": 2}, "max_workers": 50}
    states = [state("s", delay=constant(0.3)) | {"transitions": [{"next": "t", "when": when}]}, state("t")]
    fields = [WORKER, calculated("state", "state"), *parts]
    spec = datagen.load(arriving(source, states=states, dimensions=fields)).spec

    def run() -> Run:
        return Run(spec, SimulatedClock(parse_moment(START)), seed=1, max_workers=100, records=60000)

    def texts(made: Run, snapshots: list | None = None) -> list[bytes]:
        found = []
        for window in made.windows():
            found += [bytes(batch.json.data) for batch in window.batches]
            if snapshots is not None and not made.is_complete:
                snapshots.append((b"".join(found), made.snapshot()))
        return found

    snapshots: list = []
    whole = b"".join(texts(run(), snapshots))
    assert len(snapshots) > 2
    for before, snapshot in snapshots:
        continued = run()
        continued.restore(snapshot)
        assert before + b"".join(texts(continued)) == whole


def choosing(when: str) -> list[dict]:
    """States of which a worker enters the second one where a condition holds; the others stop."""
    ways = [{"next": "yes", "when": when}]
    return [state("s", delay=constant(1)) | {"transitions": ways}, state("yes", delay=constant(1))]


def chosen(when: str, *sources: dict, count: int = 60, **keys: object) -> list[tuple]:
    """The workers who enter the second one: of which batch they are, as their fields have it."""
    fields = [calculated("state", "state"), *(calculated(key, f"batch.{key}") for key in ("number", "index", "size"))]
    spec = arriving(*sources, states=choosing(when), dimensions=fields, **keys)
    made = records_of(spec, count)
    assert {record["state"] for record in made} == {"s", "yes"}
    return [(one["number"], one["index"], one["size"]) for one in made if one["state"] == "yes"]


def test_states_read_the_batch_of_a_worker_as_its_fields_do() -> None:
    varied = BEAT | {"vary": {"low": 0, "high": 2}, "first": 2}
    last = chosen("batch.index = batch.size - 1", varied, STEADY)
    assert len(last) == len(set(last)) > 5
    assert all(index == size - 1 for _, index, size in last)
    assert {number % 3 for number, _, _ in chosen("batch.number % 3 = 1", varied, STEADY)} == {1}
    assert set(chosen("batch.size is null", varied, STEADY)) == {(None, None, None)}


def test_who_is_dropped_or_comes_late_has_a_place_in_the_batch_all_the_same() -> None:
    dropping = BEAT | {"when_full": "drop", "max_workers": 2}
    assert chosen("batch.index = 1", dropping)[:2] == [(0, 1, 3), (1, 1, 3)]
    with pytest.raises(AssertionError):  # the third one is dropped each time
        chosen("batch.index = 2", dropping)
    assert chosen("batch.index = 2", BEAT | {"max_workers": 2})[:2] == [(0, 2, 3), (1, 2, 3)]


def test_all_that_states_calculate_may_read_the_batch() -> None:
    asked = {"resource": "desk", "priority": "0 - batch.index"}
    child = {"state": "kid", "count": "batch.index", "variables": [calculated("of", "batch.number")]}
    states = [
        state("s", delay=constant(1), use=[asked], set={"last": "batch.index"}, spawn=[child]),
        state("kid", {"more": 0.5, "stop": 0.5}) | {"transitions": [{"next": "more", "when": "batch.index is null"}]},
        state("more"),
    ]
    fields = [calculated(name, name) for name in ("state", "of", "last")] + [calculated("k", "batch.index")]
    spec = arriving(BEAT, states=states, dimensions=fields, resources={"desk": {"capacity": 1}}, shared={"last": 7})
    made = records_of(spec, 18)
    assert [(one["k"], one["last"]) for one in made if one["state"] == "s"][:3] == [(0, 0), (2, 2), (1, 1)]
    assert [one["of"] for one in made if one["state"] == "kid"][:6] == [0, 0, 0, 1, 1, 1]
    assert {one["k"] for one in made if one["state"] in ("kid", "more")} == {None}


def test_states_read_the_row_that_a_worker_has_by_its_batch() -> None:
    device = {"name": "device", "type": "row", "table": "devices", "pick": "batch"}
    tables = {"devices": {"columns": ["kind"], "rows": [["door"], ["lamp"]]}}
    source = BEAT | {"size": {"table": "devices"}, "variables": [device]}
    found = chosen("device.kind = 'lamp'", source, tables=tables)
    assert found == [(number, 1, 2) for number in range(len(found))]


@pytest.mark.parametrize(
    ("when", "sources", "message"),
    [
        ("batch.number > 1", [STEADY], '"batch.number" can only be read where a source is of the type "every"'),
        ("batch is null", [BEAT], 'of "batch" a state can only read batch.number, batch.index, batch.size, not "ba'),
        ("batch.nmuber > 1", [BEAT], 'of "batch" a state can only read batch.number, batch.index, batch.size, not "ba'),
    ],
)
def test_what_states_can_not_read_of_batches_is_refused(when: str, sources: list[dict], message: str) -> None:
    with pytest.raises(datagen.InvalidInput) as refused:
        records_of(arriving(*sources, states=choosing(when), dimensions=[WORKER]), 1)
    assert f"states[0].transitions[0].when: {message}" in str(refused.value)


def test_batches_are_forgotten_when_all_their_workers_are_born() -> None:
    batches = Batches(lambda instants: instants // 10)
    for beat in range(1000):
        batches.add(np.full(2, 10 * beat))
        assert batches.of(np.array([2 * beat, 2 * beat + 1])).tolist() == [[beat, 0, 2], [beat, 1, 2]]
        batches.forget(2 * beat + 1)
    assert len(batches.snapshot()[0]) == 1
    batches.forget(2000)
    assert len(batches.snapshot()[0]) == 0
