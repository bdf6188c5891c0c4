"""Resources: who gets them and in which order, what is refused, and what is told."""

import pytest

import datagen
from tests.worlds import constant, exponential, records_of, world


def read(name: str) -> dict:
    return {"name": name, "type": "expression", "value": name}


def desk(*states: dict, gap: float = 1, capacity: int = 1, **keys: object) -> dict:
    """A world whose workers share a desk."""
    fields = [read(name) for name in ("born", "waited", "free('desk')", "waiting('desk')")]
    return world(*fields, states=list(states), gap=constant(gap), resources={"desk": {"capacity": capacity}}, **keys)


def used(name: str = "a", seconds: float = 10, **keys: object) -> dict:
    return {"name": name, "emitter": "e", "use": "desk", "delay": constant(seconds), **keys}


def found(spec: dict, count: int, *names: str) -> list[tuple]:
    return [tuple(record[name] for name in names) for record in records_of(spec, count)]


def test_a_worker_makes_its_record_when_it_has_what_it_waits_for() -> None:
    assert found(desk(used()), 3, "time", "born", "waited") == [
        ("2024-01-01T00:00:00.000", 0, 0.0),
        ("2024-01-01T00:00:10.000", 1, 9.0),
        ("2024-01-01T00:00:20.000", 2, 18.0),
    ]


def test_who_has_the_smallest_priority_is_first_in_line_then_who_came_first() -> None:
    spec = desk(used(use={"resource": "desk", "priority": "born % 3"}))
    assert [born for (born,) in found(spec, 6, "born")] == [0, 3, 6, 9, 12, 15]


def test_what_is_acquired_is_held_until_it_is_released() -> None:
    first = {"name": "a", "emitter": "e", "acquire": "desk", "delay": constant(3), "next": "b"}
    states = [first, {"name": "b", "emitter": "e", "delay": constant(3), "next": "c"}]
    spec = desk(*states, {"name": "c", "emitter": "e", "release": "desk", "delay": constant(3)}, gap=100)
    assert [free for (free,) in found(spec, 3, "free('desk')")] == [0, 0, 1]
    assert [waited for (waited,) in found(desk(*states, {"name": "c", "delay": constant(3)}), 4, "waited")][::2] == [
        0,
        8,
    ]


def test_who_waits_too_long_goes_elsewhere_without_a_record() -> None:
    lost = {"name": "lost", "emitter": "e", "delay": constant(0.5)}
    spec = desk(used(timeout={"after": constant(4), "next": "lost"}), lost)
    assert found(spec, 4, "time", "born")[1] == ("2024-01-01T00:00:05.000", 1)


def test_who_gives_up_and_stops_is_not_found_among_the_living() -> None:
    states = [
        {"name": "a", "emitter": "e", "delay": constant(0.5), "next": "b"},
        used("b", 1000, timeout={"after": constant(3), "next": "stop"}),
    ]
    other = {"type": "lookup", "emitter": "e", "dimension": "born", "among": "alive", "distribution": constant(0)}
    spec = desk(*states, gap=10)
    spec["emitters"][0]["dimensions"].append({"name": "other"} | other)
    assert found(spec, 6, "born", "other")[2:] == [(1, 0), (2, 0), (3, 0), (4, 0)]


def test_conditions_read_variables_that_follow_from_the_wait() -> None:
    late = {"name": "late", "type": "expression", "value": "waited > 10 and visits('a') = 1 and alive > 1"}
    ways = [{"next": "sorry", "when": "late"}, {"next": "stop"}]
    states = [used(variables=[late], ordered=True, transitions=ways), {"name": "sorry", "emitter": "e"}]
    spec = desk(*states)
    spec["emitters"][0]["dimensions"].append({"name": "late", "type": "variable", "variable": "late"})
    assert found(spec, 6, "born", "late") == [(0, False), (1, False), (2, True), (2, True), (3, True), (3, True)]


def test_nobody_overtakes_who_waits_for_more_than_is_free() -> None:
    states = [
        {"name": "a", "ordered": True}
        | {"transitions": [{"next": "two", "when": "born = 1"}, {"next": "one", "when": "true"}]},
        used("one"),
        used("two", use={"resource": "desk", "units": 2}),
    ]
    assert [born for (born,) in found(desk(*states, capacity=2), 3, "born")] == [0, 1, 2]


def test_a_deadlock_ends_the_run_and_says_who_waits_for_what() -> None:
    states = [
        {"name": "a", "acquire": "desk", "delay": constant(1), "next": "b"},
        {"name": "b", "emitter": "e", "use": "hall", "delay": constant(5)},
        {"name": "c", "acquire": "hall", "delay": constant(1), "next": "d"},
        {"name": "d", "emitter": "e", "use": "desk", "delay": constant(5)},
    ]
    spec = desk(*states) | {
        "arrivals": [
            {"name": name, "type": "interarrival", "distribution": constant(9), "state": name, "most": 1}
            for name in ("a", "c")
        ],
        "resources": {"desk": {"capacity": 1}, "hall": {"capacity": 1}},
    }
    del spec["interarrival"]
    with pytest.raises(
        datagen.RunFailed, match='nothing can happen any more; waiting are 1 worker for "desk", 1 worker for'
    ):
        records_of(spec, 5)


def test_who_asks_for_what_it_has_ends_the_run() -> None:
    states = [
        {"name": "a", "emitter": "e", "next": "b"},
        {"name": "b", "emitter": "e", "acquire": "desk", "delay": exponential(1)}
        | {"transitions": [{"next": "b", "probability": 0.5}, {"next": "stop", "probability": 0.5}]},
    ]
    with pytest.raises(datagen.RunFailed, match='comes to state "b" and asks for "desk", which it has already'):
        records_of(desk(*states), 50)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"use": "desks"}, 'states[0].use[0]: unknown resource "desks"; did you mean "desk"?'),
        ({"use": {"resource": "desk", "units": 3}}, "asks for 3, and there are no more than 2 for ever"),
        ({"use": "desk", "acquire": "desk"}, 'a worker has "desk" already when it comes to this'),
        ({"use": {"resource": "desk", "priority": "nothing"}}, '"nothing" is neither a variable nor what is known'),
        (
            {"timeout": {"after": constant(1), "next": "a"}, "use": []},
            'is for "join", "gather", "acquire" and "use", and there',
        ),
        ({"use": "desk", "timeout": {"after": constant(1), "next": "x"}}, 'timeout.next: unknown state "x"'),
        (
            {"use": "desk", "timeout": {"after": constant(0), "next": "a"}},
            "come back to this state without ever waiting",
        ),
    ],
)
def test_what_a_state_can_not_ask_for_is_refused(keys: dict, message: str) -> None:
    with pytest.raises(datagen.InvalidInput) as refused:
        records_of(desk(used(**keys), capacity=2), 1)
    assert message in str(refused.value)


def test_what_nobody_asks_for_and_a_release_of_what_nobody_holds_are_warned_of() -> None:
    spec = desk({"name": "a", "emitter": "e", "release": "desk", "delay": constant(1)})
    warnings = [str(warning) for warning in datagen.load(spec).warnings]
    assert any('nobody asks for "desk"' in warning for warning in warnings)
    assert any('no worker holds "desk" when it comes to this' in warning for warning in warnings)
