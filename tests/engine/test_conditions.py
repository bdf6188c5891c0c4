"""Transitions by condition: what they may read, what is refused, and what is told."""

import operator as op
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

import datagen
from tests.worlds import START, constant, counter, enum, exponential, integer, records_of, uniform, world, write_json

INEXACT = "a state can't calculate with exact decimals, only compare those of a list"


def leaving(*ways: dict, name: str = "a", **keys: object) -> dict:
    return {"name": name, "emitter": "e", "delay": constant(1), "transitions": list(ways), **keys}


def to(state: str, when: str | None = None, probability: object = None) -> dict:
    given = {"next": state, "when": when, "probability": probability}
    return {key: value for key, value in given.items() if value is not None}


def path_of(worker: int, *states: dict, count: int = 200) -> str:
    """The states that a worker enters, by the first letters of their names."""
    spec = world(
        {"name": "s", "type": "variable", "variable": "s"},
        {"name": "w", "type": "expression", "value": "worker"},
        states=[one | {"variables": [enum("s", one["name"]), *one.get("variables", [])]} for one in states],
        gap=constant(100),
    )
    return "".join(record["s"][0] for record in records_of(spec, count) if record["w"] == worker)


def test_a_state_with_next_alone_leads_there_and_one_without_transitions_stops() -> None:
    states = [{"name": "a", "emitter": "e", "next": "b"}, {"name": "b", "emitter": "e"}]
    assert path_of(0, *states, count=4) == "ab"


def test_the_first_transition_whose_condition_holds_is_taken_in_order() -> None:
    first = leaving(to("a", "visits < 3"), to("b", "worker % 2 = 0"), to("c"), ordered=True)
    states = [first, leaving(to("stop", probability=1), name="b"), leaving(to("stop", probability=1), name="c")]
    assert [path_of(worker, *states, count=12) for worker in range(3)] == ["aaab", "aaac", "aaab"]


def test_a_worker_stops_where_no_transition_is_left() -> None:
    assert path_of(0, leaving(to("a", "visits < 4")), count=8) == "aaaa"


def test_conditions_read_what_is_known_at_the_end_of_the_delay() -> None:
    """The age is that of then, and so is the number of states entered, of which this one is the last."""
    first = leaving(to("a", "age < 2.5 and steps < 5"), to("b", "age = 3 and steps = 3 and visits('a') = 3"))
    assert path_of(0, first, leaving(to("stop", probability=1), name="b"), count=8) == "aaab"


_HOLDS = {"=": op.eq, "!=": op.ne, "<": op.lt, "<=": op.le, ">": op.gt, ">=": op.ge}
_EXTREME = [f"{side} {number}" for number in (-(2**63), 2**63 - 1) for side in ("n <", "n <=", "n =", "n >", "n >=")]


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("operator", _HOLDS)
def test_a_whole_number_that_is_drawn_is_compared_with_another_one(operator: str, is_first: bool) -> None:
    went = decided(f"n {operator} 0" if is_first else f"0 {operator} n")
    assert {n for n, _ in went} == {None, -1, 0, 1}
    for n, holds in went:
        assert holds == (n is not None and _HOLDS[operator](*((n, 0) if is_first else (0, n))))


@pytest.mark.parametrize("when", ["b", "not b", "n is null", "n < 2 * n", *_EXTREME])
def test_what_is_no_range_of_numbers_is_asked_for_all_the_same(when: str) -> None:
    assert decided(when) == decided(f"{when} and steps > 0")


def decided(when: str) -> list[tuple[int | None, bool]]:
    """What numbers workers have, and whether a condition holds for them."""
    variables = [integer("n", uniform(-1, 1), percent_nulls=20), {"name": "b", "type": "bool", "percent_nulls": 20}]
    ways = [to("yes", when), to("no")]
    states = [leaving(*ways, name="first", ordered=True, variables=variables, emitter=None)]
    states += [
        {"name": name, "emitter": "e", "variables": [{"name": "went", "type": "constant", "value": name}]}
        for name in ("yes", "no")
    ]
    spec = world(*({"name": name, "type": "variable", "variable": name} for name in ("n", "went")), states=states)
    return [(record["n"], record["went"] == "yes") for record in records_of(spec, 200)]


def test_weights_are_shares_of_their_sum() -> None:
    states = [
        leaving(to("b", probability="2 + 1"), to("c", probability=1), to("d", "false", 10)),
        *(leaving(to("stop", probability=1), name=name) for name in "bcd"),
    ]
    spec = world(
        {"name": "s", "type": "variable", "variable": "s"},
        states=[one | {"variables": [enum("s", one["name"])]} for one in states],
        gap=constant(0.01),
    )
    counts = Counter(record["s"] for record in records_of(spec, 20_000, max_workers=1000))
    assert counts["d"] == 0
    assert counts["b"] / (counts["b"] + counts["c"]) == pytest.approx(0.75, abs=0.02)


def test_texts_of_a_list_are_compared_and_any_function_of_them_is_known() -> None:
    first = leaving(
        to("b", "upper(tier) = 'GOLD' and length(city.name) < 9"),
        to("c"),
        ordered=True,
        variables=[enum("tier", "gold"), {"name": "city", "type": "row", "table": "t"}],
    )
    spec = world(
        {"name": "s", "type": "variable", "variable": "s"},
        {"name": "city", "type": "variable", "variable": "city"},
        states=[
            first | {"variables": [enum("s", "a"), *first["variables"]]},
            leaving(to("stop", probability=1), name="b", variables=[enum("s", "b")]),
            leaving(to("stop", probability=1), name="c", variables=[enum("s", "c")]),
        ],
        tables={"t": {"columns": ["name"], "rows": [["Rome"], ["Manchester"]]}},
        gap=constant(5),
    )
    found = {(record["city"]["name"], record["s"]) for record in records_of(spec, 100)}
    assert found == {("Rome", "a"), ("Manchester", "a"), ("Rome", "b"), ("Manchester", "c")}


def test_a_record_shows_the_variables_that_conditions_read() -> None:
    """The walk makes them for itself: numbers of every kind, drawn for many steps, in many slots."""
    first = leaving(
        to("a", "n + f > 4"),
        variables=[
            integer("n", uniform(0, 5), percent_nulls=20),
            {"name": "f", "type": "float", "distribution": exponential(2), "precision": 2},
        ],
    )
    spec = world(
        *({"name": name, "type": "variable", "variable": name} for name in ("n", "f")),
        {"name": "w", "type": "expression", "value": "worker"},
        states=[first],
        gap=exponential(0.1),
    )
    records = records_of(spec, 20_000)
    last = {record["w"]: number for number, record in enumerate(records)}
    for number, record in enumerate(records[:-1000]):
        goes_on = record["n"] is not None and record["n"] + record["f"] > 4
        assert goes_on == (last[record["w"]] > number)


@pytest.mark.parametrize(
    ("ways", "keys", "message"),
    [
        (
            [to("a", "visit < 3")],
            {},
            'transitions[0].when: "visit" is neither a variable nor what is known of a',
        ),
        ([to("a", "visits('b') < 3")], {}, 'transitions[0].when: unknown state "b"'),
        ([to("a", "time > 3")], {}, "transitions[0].when: a time and a number can't be compared with >"),
        ([to("a", "hour(time + 1) > 3")], {}, "hour(…) of a time can only be calculated for a state of `time` itself"),
        ([to("a", "format(time, '%S') > '3'")], {}, "format(…) of a time can only be calculated for a state of"),
        ([to("a", "time in ['2024-01-01']")], {}, "a state can't look for a time among others; compare it with each"),
        ([to("a", "profile('x') > 3")], {}, "transitions[0].when: unknown profile"),
        ([to("a", "previous(x) > 3")], {}, "can't be read by a state"),
        ([to("a", "visits <")], {}, "transitions[0].when: a dimension"),
        ([to("a", "visits")], {}, "transitions[0].when: is neither true nor false"),
        ([to("a", probability="visits = 1")], {}, "transitions[0].probability: is no number"),
        ([to("a", "visits = 'x'")], {}, "a number and a text can't be compared"),
        ([to("a", "length('a' + visits) = 2")], {}, "length(…) can only be calculated for a state"),
        ([to("a", "count > 3")], {}, 'variable "free" can\'t be read by a state'),
        ([to("a", "late > 3")], {}, 'variable "late" can\'t be read by a state: of its "when", hour(…) of a time'),
        ([to("a", "keyed > 3")], {}, 'it is set with "keyed_by"'),
        ([to("a", "mine.p > 1")], {}, "it is a row by worker, which is a variable, too; give that another name"),
        ([to("a", "free = 'x'")], {}, 'what sets it is of the type "string"'),
        ([to("a", "later = 1")], {}, 'it is set with "when"'),
        ([to("a", "text = 'x'")], {}, 'what sets it is of the type "text"'),
        ([to("a", "unique = 1")], {}, 'what sets it, of the type "int", counts'),
        ([to("a", "k is missing")], {}, "write `is null`"),
        ([to("a", "price > visits")], {}, f"transitions[0].when: {INEXACT}"),
        ([to("a", probability="price * k")], {}, f"transitions[0].probability: {INEXACT}"),
        ([to("a", "made > 3")], {}, f"transitions[0].when: {INEXACT}"),
        ([to("a", "true", -1)], {}, "transitions[0].probability: must be greater than or equal to 0, found -1"),
        ([to("a"), to("stop", probability=1)], {}, 'transitions[0].probability: "probability" is required'),
        ([to("a"), to("stop")], {"ordered": True}, 'transitions[0].when: is required where transitions are "ordered"'),
        ([to("a", "true", 1)], {"ordered": True}, "transitions[0].probability: can't be where transitions are"),
        ([to("a", "true")], {"next": "a"}, "states[0].next: can't stand beside"),
    ],
)
def test_what_a_transition_can_not_be_is_refused(ways: list, keys: dict, message: str) -> None:
    variables = [
        counter("count", reset="free = 'abc'"),
        {"name": "worker", "type": "int", "distribution": uniform(0, 9)},
        {"name": "mine", "type": "row", "table": "prices", "pick": "worker"},
        counter("late", when="hour(time + 1) > 3"),
        integer("keyed", uniform(0, 9), keyed_by="visits"),
        {"name": "free", "type": "string", "length_distribution": constant(3)},
        integer("later", uniform(0, 9), when="true"),
        {"name": "text", "type": "text", "value": "{{free}}"},
        integer("k", uniform(0, 9), percent_missing=50),
        integer("unique", uniform(0, 10**9), unique=True),
        {"name": "price", "type": "column", "table": "prices", "column": "p"},
        {"name": "made", "type": "expression", "value": "price * k"},
    ]
    price = {"name": "p", "type": "decimal", "distribution": uniform(0, 5), "scale": 2}
    tables = {"prices": {"columns": [price], "size": 3}}
    with pytest.raises(datagen.InvalidInput) as refused:
        records_of(world(states=[leaving(*ways, variables=variables, **keys)], tables=tables), 1)
    assert message in str(refused.value)


def test_exact_decimals_of_a_list_are_compared() -> None:
    price = {"name": "p", "type": "decimal", "distribution": constant(0.3), "scale": 1}
    states = [
        leaving(to("b", "p - 0.1 = 0.2"), variables=[{"name": "p", "type": "column", "table": "t", "column": "p"}]),
        leaving(to("stop", "true"), name="b"),
    ]
    spec = world(states=states, tables={"t": {"columns": [price], "size": 1}}, gap=constant(10))
    assert len(records_of(spec, duration="9S")) == 2


def test_a_circle_without_time_is_refused_whatever_conditions_say() -> None:
    spec = world(states=[{"name": "a", "emitter": "e", "transitions": [to("a", "visits < 3")]}])
    with pytest.raises(datagen.InvalidInput, match="the clock can never move on"):
        records_of(spec, 1)


@pytest.mark.parametrize("weight", ["visits - 3", "0 * visits", "visits > 2 ? -1 : 1", "1e308 + visits"])
def test_weights_that_can_not_be_drawn_by_end_the_run_with_the_state_and_the_time(weight: str) -> None:
    spec = world(states=[leaving(to("a", probability=weight), to("stop", probability=weight))], gap=constant(9))
    message = 'of state "a" are all 0, or one is negative, or they are too large, for worker 0 at 2024'
    with pytest.raises(datagen.RunFailed, match=message):
        records_of(spec, 1000)


def test_a_run_that_ends_before_a_fault_is_none_the_worse() -> None:
    spec = world(states=[leaving(to("a", probability="visits > 2 ? -1 : 1"))], gap=constant(100))
    assert len(records_of(spec, 3)) == 3


def test_who_stops_with_no_transition_left_is_told_once_at_the_end(command, tmp_path) -> None:
    spec = world(states=[leaving(to("a", "visits < 3"))], gap=constant(1))
    outcome = command("-c", write_json(tmp_path / "spec.json", spec), "-s", START, "-r", "10S")
    assert outcome.code == 0
    assert '7 workers stopped in state "a": no transition was left' in outcome.err


def test_a_counter_is_read_as_it_counts_for_all() -> None:
    """Every other visit to the first state is the last one, whoever comes; the counter of the spec moves for both."""
    first = leaving(to("a", "n % 4 = 1"), to("b"), variables=[counter("n", start=1, increment=2)], ordered=True)
    fields = [{"name": name, "type": "expression", "value": name} for name in ("n", "state", "born")]
    spec = world(*fields, states=[first, leaving(to("stop", probability=1), name="b")], gap=constant(10))
    found = [(record["born"], record["n"], record["state"]) for record in records_of(spec, 7)]
    assert found == [(0, 1, "a"), (0, 3, "a"), (0, 3, "b"), (1, 5, "a"), (1, 7, "a"), (1, 7, "b"), (2, 9, "a")]


def counted(*counters: dict, records: int = 60, **keys: object) -> list[tuple]:
    """Who makes records in which state, with a counter; a worker leaves the first state when the counter says so."""
    first = leaving(to("b", "n is null or n >= 13"), to("a"), variables=list(counters), ordered=True, **keys)
    fields = [{"name": name, "type": "expression", "value": name} for name in ("n", "state", "worker")]
    states = [first, leaving(to("stop", probability=1), name="b")]
    spec = world(*fields, states=states, gap=constant(2.5))
    return [(one["worker"], one["state"], one["n"]) for one in records_of(spec, records)]


def test_a_counter_of_each_worker_is_read_as_it_counts() -> None:
    made = counted(counter("n", start=10, increment=2, per="worker"))
    for worker in range(10):
        life = [(state, n) for one, state, n in made if one == worker]
        assert life == [("a", 10), ("a", 12), ("a", 14), ("b", 14)]


def test_a_counter_that_begins_anew_is_read_as_it_does() -> None:
    """It counts for all to 13, of which the last one leaves; with each worker who is a third one it begins anew."""
    made = counted(counter("n", start=10, reset="n = 13 or (worker % 3 = 2 and visits = 1)"))
    anew = [n for _, state, n in made if state == "a"]
    left = [n for _, state, n in made if state == "b"]
    assert {10, 11, 12, 13} <= {*anew}
    assert min(left) == 13
    assert all(n == 10 or n == before + 1 for before, n in pairwise(anew))


def test_where_a_counter_makes_nothing_it_is_null_and_stands_still() -> None:
    made = [n for _, state, n in counted(counter("n", when="worker % 2 = 0 and visits < 3")) if state == "a"]
    there = [n for n in made if n is not None]
    assert there == [*range(len(there))]
    assert len(there) < len(made)
    drawn = counted(counter("n", percent_nulls=30, percent_missing=10, start=-1000), records=400)
    made = [n for _, state, n in drawn if state == "a" and n is not None]
    assert made == [*range(-1000, len(made) - 1000)]


def test_children_may_be_given_counters_and_each_counts_for_itself() -> None:
    given = [counter("n"), counter("own", per="worker", start=5)]
    kid = leaving(to("kid", "n % 2 = 0 and own < 7"), name="kid", variables=[counter("own", per="worker", start=6)])
    first = leaving(to("a", "true"), spawn=[{"state": "kid", "variables": given}])
    fields = [{"name": name, "type": "expression", "value": name} for name in ("n", "own", "state")]
    made = [(one["n"], one["own"]) for one in records_of(world(*fields, states=[first, kid], gap=constant(100)), 60)]
    kids = [one for one in made if one[0] is not None]
    assert Counter(n for n, _ in kids[:20]) == Counter(n for n, _ in dict.fromkeys(kids[:20]))
    assert all((own == 6) or (n % 2 == 0 and own == 7) for n, own in kids)
    assert {own for _, own in kids} == {6, 7}


def test_what_is_expected_follows_the_shares_of_a_pilot() -> None:
    spec = world(
        states=[leaving(to("a", "visits < 4 and ok"), variables=[{"name": "ok", "type": "bool"}])], gap=constant(1)
    )
    found = datagen.explain(spec)
    assert found["transitions"] == "pilot"
    assert found["life"]["seconds"] == pytest.approx(1 + 1 / 2 + 1 / 4 + 1 / 8, rel=0.01)
    assert np.isclose(found["states"]["a"]["visits"], found["life"]["records"])


@pytest.mark.parametrize("max_workers", [20, 1000])
def test_pilots_count_what_was_until_weights_fail(max_workers: int) -> None:
    weight = "visits > 3 ? -1 : 1"
    spec = world(states=[leaving(to("a", probability=weight), to("stop", probability=weight))], gap=constant(0.1))
    found = datagen.explain(spec, max_workers=max_workers, records=3)
    assert found["transitions"] == "pilot"
    assert found["bytes_per_second"]["per_record"] == pytest.approx(35)
