"""Variables: set on entering a state, kept by the worker, seen by nobody else."""

from collections import defaultdict

import pytest

import datagen
from datagen.engine.plan import Plan
from datagen.moment import parse_moment
from tests.worlds import (
    START,
    batches_of,
    constant,
    counter,
    enum,
    exponential,
    integer,
    read,
    records_of,
    seconds,
    state,
    uniform,
    world,
)

WIDE = uniform(0, 10**15)
GENERATORS = {
    "enum": {"type": "enum", "values": list(range(1000))},
    "int": {"type": "int", "distribution": WIDE},
    "float": {"type": "float", "distribution": uniform(0, 1)},
    "rounded": {"type": "float", "distribution": uniform(0, 1000), "precision": 3},
    "string": {"type": "string", "length_distribution": constant(12)},
    "timestamp": {"type": "timestamp", "distribution": uniform("2000-01-01", "2020-01-01")},
    "ipaddress": {"type": "ipaddress", "distribution": uniform(0, 2**32 - 1)},
    "counter": {"type": "counter", "start": 5},
    "object": {"type": "object", "dimensions": [integer("i", WIDE), enum("e", None, "x")]},
    "list": {"type": "list", "elements": [integer("i", WIDE)], "length_distribution": uniform(1, 3)},
    "pool": {"type": "int", "distribution": WIDE, "cardinality": 500, "cardinality_distribution": uniform(0, 499)},
}


@pytest.mark.parametrize("kind", GENERATORS)
def test_a_worker_keeps_its_variable_and_others_do_not_see_it(kind: str) -> None:
    states = [
        state("born", "live", variables=[{"name": "v", **GENERATORS[kind]}]),
        state("live", {"live": 0.9, "stop": 0.1}, delay=exponential(1)),
    ]
    seen = defaultdict(set)
    spec = world(read("v"), states=states, gap=0.1)
    workers = [worker for batch in batches_of(spec, 3000) for worker in batch.worker.tolist()]
    for worker, record in zip(workers, records_of(spec, 3000), strict=True):
        seen[worker].add(repr(record["v"]))
    assert {len(values) for values in seen.values()} == {1}
    assert len({value for values in seen.values() for value in values}) > len(seen) * 0.7


@pytest.mark.parametrize("kind", ["int", "float", "rounded", "string"])
def test_a_variable_that_is_made_of_one_that_was_never_set_is_null(kind: str) -> None:
    copies = [{"name": "w", "type": "expression", "value": "v"}, {"name": "x", "type": "variable", "variable": "v"}]
    states = [
        state("s", {"s": 0.9, "u": 0.05, "stop": 0.05}, variables=copies, delay=exponential(1)),
        state("u", "s", variables=[{"name": "v", **GENERATORS[kind]}]),
    ]
    found = records_of(world(*map(read, "vwx"), states=states, gap=exponential(1)), 2000, max_workers=5)
    assert {record["w"] is None for record in found} == {True, False}
    assert all(record["w"] == record["x"] for record in found)
    assert all(record["w"] is None for record in found if record["v"] is None)
    assert all(record["w"] in (None, record["v"]) or record["v"] is not None for record in found)
    assert 0 not in [record["w"] for record in found]


def test_a_variable_changes_when_the_worker_sets_it_again_and_not_before() -> None:
    states = [
        state("a", "b", variables=[counter("v")], delay=constant(1)),
        state("b", "c", delay=constant(1)),
        state("c", "stop", variables=[counter("v", start=100)], delay=constant(1)),
    ]
    records = records_of(world(read("v"), states=states, gap=10), 6)
    assert [record["v"] for record in records] == [0, 0, 100, 1, 1, 101]


def test_variables_are_set_in_their_listed_order() -> None:
    later = [read("a", name="b"), {"name": "c", "type": "object", "dimensions": [read("b"), read("a")]}]
    spec = world(read("a"), read("b"), read("c"), states=[state("s", variables=[counter("a"), *later])])
    for number, record in enumerate(records_of(spec, 50)):
        assert (record["a"], record["b"], record["c"]) == (number, number, {"b": number, "a": number})


def test_a_variable_that_reads_one_set_after_it_gets_the_former_value() -> None:
    variables = [read("now", name="before"), counter("now")]
    spec = world(
        read("now"), read("before"), states=[state("s", "s", variables=variables, delay=constant(1))], gap=10**6
    )
    assert [(record["now"], record["before"]) for record in records_of(spec, 4)] == [(0, None), (1, 0), (2, 1), (3, 2)]


def test_variables_may_read_each_other_in_a_circle() -> None:
    states = [
        state("a", "b", variables=[counter("x"), read("y", name="z")], delay=constant(1)),
        state("b", "a", variables=[read("x", name="y")], delay=constant(1)),
    ]
    spec = world(read("x"), read("y"), read("z"), states=states, gap=10**6)
    found = [(record["x"], record["y"], record["z"]) for record in records_of(spec, 5)]
    assert found == [(0, None, None), (0, 0, None), (1, 0, 0), (1, 1, 0), (2, 1, 1)]


def test_a_variable_that_is_not_set_yet_reads_as_null() -> None:
    states = [state("a", "b", delay=constant(1)), state("b", variables=[enum("v", "x")])]
    records = records_of(world(read("v"), states=states, gap=100), 4)
    assert [record["v"] for record in records] == [None, "x", None, "x"]


def test_a_variable_that_is_not_set_on_every_path_is_warned_about(generate) -> None:
    states = [state("a", {"b": 0.5, "c": 0.5}, emitter=None), state("b", "c", emitter=None, variables=[enum("v", 1)])]
    outcome = generate(world(read("v"), states=[*states, state("c")]), "-n", 200)
    assert outcome.code == 0
    assert {record["v"] for record in outcome.records} == {None, 1}
    warning = next(line for line in outcome.err.splitlines() if line.startswith("warning: "))
    assert '"v"' in warning
    assert "emitters[0].dimensions[0]" in warning


def test_a_variable_that_is_set_on_every_path_is_not_warned_about() -> None:
    states = [
        state("a", {"b": 0.5, "c": 0.5}, emitter=None),
        state("b", "d", emitter=None, variables=[enum("v", 1)]),
        state("c", "d", emitter=None, variables=[enum("v", 2)]),
        state("d", {"a": 0.5, "stop": 0.5}, delay=constant(1)),
    ]
    assert datagen.load(world(read("v"), states=states)).warnings == ()


@pytest.mark.parametrize("where", ["object", "list", "both"])
def test_a_variable_can_be_read_inside_objects_and_lists(where: str) -> None:
    inner = read("v")
    if where in ("object", "both"):
        inner = {"name": "o", "type": "object", "dimensions": [inner]}
    if where in ("list", "both"):
        inner = {"name": "l", "type": "list", "elements": [inner], "length_distribution": constant(2)}
    expected = {"object": {"v": 3}, "list": [3, 3], "both": [{"v": 3}, {"v": 3}]}[where]
    spec = world(inner, states=[state("s", variables=[enum("v", 3)])])
    assert records_of(spec, 1)[0][inner["name"]] == expected


def test_a_missing_variable_leaves_the_key_out_and_a_null_one_is_null() -> None:
    variables = [counter("v", percent_missing=30, percent_nulls=50)]
    records = records_of(world(read("v"), states=[state("s", variables=variables)]), 4000)
    missing = [record for record in records if "v" not in record]
    null = [record for record in records if record.get("v", 0) is None]
    assert len(missing) == pytest.approx(1200, abs=116)  # 4 standard deviations
    assert len(null) == pytest.approx(1400, abs=121)


def test_one_variable_may_have_values_of_many_types() -> None:
    kinds = list(GENERATORS)
    states = [
        state(kind, {other: 1}, variables=[{"name": "v", **GENERATORS[kind]}], delay=constant(1))
        for kind, other in zip(kinds, [*kinds[1:], kinds[0]], strict=True)
    ]
    records = records_of(world(read("v"), states=states, gap=10**6), len(kinds))
    expected = [int, int, float, float, str, str, str, int, dict, list, int]
    assert [type(record["v"]) for record in records] == expected


def test_a_reader_may_itself_be_missing_or_null() -> None:
    spec = world(read("v", percent_missing=50, percent_nulls=50), states=[state("s", variables=[enum("v", 1)])])
    found = {record.get("v", "missing") for record in records_of(spec, 200)}
    assert found == {"missing", None, 1}


def test_a_variable_lives_as_long_as_its_worker() -> None:
    """Also when many others have come and gone since it was set."""
    states = [
        state("door", {"old": 0.0005, "brief": 0.9995}, emitter=None, variables=[counter("v")]),
        state("brief", "stop", emitter=None, delay=constant(0.01)),
        state("old", "old", delay=constant(100)),
    ]
    spec = world(read("v"), states=states, gap=0.001)
    rows = [row for batch in batches_of(spec, duration="300S") for row in batch.worker.tolist()]
    records = records_of(spec, duration="300S")
    assert len(records) > 100
    assert [record["v"] for record in records] == rows


def test_reading_a_variable_twice_gives_the_same_value() -> None:
    spec = world(read("v"), read("v", name="w"), states=[state("s", variables=[integer("v", WIDE)])])
    assert all(record["v"] == record["w"] for record in records_of(spec, 100))


def test_a_variable_and_a_dimension_may_share_a_name() -> None:
    spec = world(counter("v"), states=[state("s", variables=[enum("v", "x")])], gap=2)
    assert [(seconds(record), record["v"]) for record in records_of(spec, 2, start=START)] == [(0, 0), (2, 1)]


def test_a_reader_with_gaps_of_its_own_leaves_out_what_is_missing() -> None:
    states = [state("s", variables=[enum("v", 1, percent_missing=50)])]
    found = {
        record.get("v", "missing") for record in records_of(world(read("v", percent_nulls=50), states=states), 200)
    }
    assert found == {"missing", None, 1}


def test_a_list_with_gaps_reads_the_variable_of_its_own_record() -> None:
    pair = {"name": "l", "type": "list", "elements": [read("v")], "length_distribution": constant(2)}
    states = [state("s", variables=[counter("v")])]
    records = records_of(world(read("v"), pair | {"percent_missing": 50}, states=states), 100)
    assert {len(record) for record in records} == {2, 3}
    assert all(record.get("l", [record["v"]] * 2) == [record["v"]] * 2 for record in records)


def test_a_field_that_only_names_a_variable_is_null_where_that_is_missing_in_batches_of_any_size() -> None:
    gone = {"name": "v", "type": "expression", "value": "1 + 1", "percent_missing": 100}
    states = [state("a", {"b": 1}, delay=exponential(1), variables=[gone]), state("b")]
    spec = world({"name": "m", "type": "expression", "value": "v"}, states=states)
    for count in (4, 200):
        assert {record["m"] for record in records_of(spec, count)} == {None}


def calculated(value: str, name: str, type_: str) -> dict:
    return {"name": name, "type": type_, "value": value}


# What a sum over a life may be made of, and whether the walk can calculate it.
SUMS = {
    "a drawn number": ([integer("n", uniform(0, 9)), calculated("coalesce(sum, 0) + n", "sum", "expression")], True),
    "rounded": ([calculated("round(coalesce(sum, 0) + visits / 3, 2)", "sum", "expression")], True),
    "another, in turn": (
        [calculated("coalesce(b, 0) + 1", "sum", "expression"), calculated("sum * 2", "b", "expression")],
        True,
    ),
    "what there is not": (
        [calculated("n > 4 ? null : coalesce(sum, 0) + 1", "sum", "expression"), integer("n", uniform(0, 9))],
        True,
    ),
    "a text": (
        [
            calculated("{{sum|default:0}}x", "t", "text"),
            calculated("coalesce(sum, 0) + length(t)", "sum", "expression"),
        ],
        False,
    ),
    "a profile": ([calculated("coalesce(sum, 0) + profile('p')", "sum", "expression")], False),
    "what counts": ([counter("n"), calculated("coalesce(sum, 0) + n", "sum", "expression")], True),
    "what counts anew": (
        [counter("n", reset="visits > 3"), calculated("coalesce(sum, 0) + n", "sum", "expression")],
        True,
    ),
}


@pytest.mark.parametrize("case", SUMS)
def test_the_walk_calculates_what_variables_make_of_their_former_values(monkeypatch, case: str) -> None:
    """In batches; where it can't know all that they read, they are made one step after the other, and are the same."""
    variables, is_known = SUMS[case]
    spec = world(
        read("sum"),
        states=[state("s", {"s": 0.9, "stop": 0.1}, delay=exponential(1), variables=variables)],
        gap=0.5,
        profiles={"p": {"type": "sine", "period": "1D", "amplitude": 0.5}},
    )
    plan = Plan(datagen.load(spec).spec, parse_moment(START))
    assert (plan.order is not None) == is_known
    found = records_of(spec, 300)
    monkeypatch.setattr("datagen.engine.circle.calculated", lambda plan: {})
    assert records_of(spec, 300) == found
