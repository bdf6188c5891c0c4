"""Resources that are the rows of a table: who gets which, since when it is free, what is read of it, and refused."""

import pytest

import datagen
from tests.worlds import constant, records_of, world

DRIVERS = [["Ann", "n", 1], ["Bob", "s", 2], ["Cy", "n", 3]]


def read(name: str) -> dict:
    return {"name": name, "type": "expression", "value": name}


def fleet(*states: dict, gap: float = 1, of: list = DRIVERS, table: dict | None = None, **keys: object) -> dict:
    """A world whose workers get one of some drivers."""
    names = ("born", "waited", "driver.name", "free('driver')", "waiting('driver')")
    tables = {"drivers": {"columns": ["name", "zone", "seats"], "rows": of} | (table or {})}
    made = world(*map(read, names), states=list(states), gap=constant(gap), tables=tables)
    return made | {"resources": {"driver": {"rows": "drivers", **keys}}}


def ride(name: str = "a", seconds: float = 10, match: dict | None = None, **keys: object) -> dict:
    asked = {"resource": "driver", "match": match} if match else "driver"
    return {"name": name, "emitter": "e", "use": asked, "delay": constant(seconds), **keys}


def found(spec: dict, count: int, *names: str) -> list[tuple]:
    return [tuple(record[name] for name in names) for record in records_of(spec, count)]


def drivers(spec: dict, count: int) -> list[str]:
    return [name for (name,) in found(spec, count, "driver.name")]


def test_of_rows_the_one_that_has_been_free_longest_is_had_and_at_first_the_first_one() -> None:
    assert drivers(fleet(ride(seconds=1.5)), 6) == ["Ann", "Bob", "Cy", "Ann", "Bob", "Cy"]
    assert drivers(fleet(ride(seconds=0.5)), 4) == ["Ann", "Bob", "Cy", "Ann"]


def test_a_row_that_comes_free_goes_to_the_first_in_line_whom_it_fits() -> None:
    spec = fleet(ride(match={"zone": "born = 1 or born = 3 ? 's' : 'n'"}), of=DRIVERS[:2])
    spec = fleet(ride(match={"seats": "born % 2 + 1"}), of=DRIVERS[:2])
    assert found(spec, 5, "born", "driver.name", "waited") == [
        (0, "Ann", 0.0),
        (1, "Bob", 0.0),
        (2, "Ann", 8.0),
        (3, "Bob", 8.0),
        (4, "Ann", 16.0),
    ]


def test_who_waits_for_a_row_does_not_hold_up_those_behind_who_want_another_one() -> None:
    spec = fleet(ride(match={"seats": "born < 2 ? 1 : 2"}), of=DRIVERS[:2])
    assert found(spec, 4, "born", "driver.name") == [(0, "Ann"), (2, "Bob"), (1, "Ann"), (3, "Bob")]


def test_the_smallest_priority_is_first_among_those_whom_a_row_fits() -> None:
    spec = fleet(ride(), of=DRIVERS[:1])
    spec["states"][0]["use"] = {"resource": "driver", "priority": "0 - born"}
    assert [born for (born,) in found(spec, 3, "born")] == [0, 9, 19]


def test_a_row_has_as_many_places_as_it_says_and_the_one_that_was_touched_least_lately_comes_next() -> None:
    assert drivers(fleet(ride(seconds=100), capacity="seats"), 6) == ["Ann", "Bob", "Cy", "Bob", "Cy", "Cy"]
    assert [free for (free,) in found(fleet(ride(seconds=100), capacity=2), 3, "free('driver')")] == [5, 4, 3]


def test_units_are_places_of_one_row() -> None:
    spec = fleet(ride(seconds=100), capacity="seats")
    spec["states"][0]["use"] = {"resource": "driver", "units": 2}
    assert found(spec, 2, "driver.name", "free('driver')") == [("Bob", 4), ("Cy", 2)]


def test_a_row_is_had_only_while_it_is_available() -> None:
    spec = fleet(ride(seconds=5), gap=30, available="minute(time) % 2 = 0 or name = 'Cy'")
    assert drivers(spec, 6) == ["Ann", "Bob", "Cy", "Cy", "Cy", "Ann"]
    assert [free for (free,) in found(spec, 4, "free('driver')")] == [2, 2, 0, 0]


def test_those_who_wait_move_at_the_minute_at_which_a_row_comes_to_be_available() -> None:
    spec = fleet(ride(seconds=5), gap=30, of=DRIVERS[:1], available="minute(time) % 5 = 4")
    assert found(spec, 2, "time", "waited") == [("2024-01-01T00:04:00.000", 240.0), ("2024-01-01T00:04:05.000", 215.0)]


def test_a_row_that_is_not_available_any_more_stays_with_who_has_it() -> None:
    spec = fleet(ride(seconds=90), of=DRIVERS[:1], available="minute(time) = 0", gap=200)
    spec["states"].append({"name": "b", "emitter": "e"})
    spec["states"][0] |= {"next": "b", "acquire": "driver"}
    del spec["states"][0]["use"]
    assert found(spec, 2, "time", "driver.name") == [
        ("2024-01-01T00:00:00.000", "Ann"),
        ("2024-01-01T00:01:30.000", "Ann"),
    ]


def test_availability_by_shared_values_is_read_when_somebody_asks() -> None:
    spec = fleet(ride(seconds=0.5), table={"shared": {"trips": 0}}, available="trips < 2")
    spec["states"][0]["set"] = {"driver.trips": "driver.trips + 1"}
    spec["states"][0]["timeout"] = {"after": constant(3), "next": "stop"}
    spec["emitters"][0]["dimensions"].append(read("driver.trips"))
    spec["arrivals"] = {"type": "every", "every": "1S", "times": 8}
    del spec["interarrival"]
    assert found(spec, 9, "driver.name", "driver.trips") == [(name, k) for k in (1, 2) for name, *_ in DRIVERS]


def test_what_is_not_held_reads_as_null() -> None:
    states = [{"name": "a", "emitter": "e", "next": "b"}, ride("b", next="c"), {"name": "c", "emitter": "e"}]
    assert drivers(fleet(*states, gap=100), 3) == [None, "Ann", None]


def test_conditions_variables_and_children_read_the_row() -> None:
    state = ride(variables=[read("driver.seats")], spawn=[{"state": "child", "variables": [read("driver.name")]}])
    state["variables"][0]["name"] = "seats"
    state["spawn"][0]["variables"][0]["name"] = "by"
    ways = [{"next": "stop", "when": "seats = 1"}, {"next": "told"}]
    states = [state | {"ordered": True, "transitions": ways}, {"name": "child", "emitter": "e"}, {"name": "told"}]
    spec = fleet(*states, gap=100)
    spec["emitters"][0]["dimensions"] += [{"name": "by", "type": "variable", "variable": "by"}]
    spec["emitters"][0]["dimensions"] += [{"name": "z", "type": "variable", "variable": "driver", "path": "zone"}]
    assert found(spec, 4, "by", "z") == [(None, "n"), ("Ann", None), (None, "s"), ("Bob", None)]


def test_a_deadlock_says_who_waits_for_rows() -> None:
    spec = fleet(ride(seconds=1), of=DRIVERS[:1], available="name = 'Bob'")
    spec["arrivals"] = {"type": "at_start", "total": 2}
    del spec["interarrival"]
    with pytest.raises(datagen.RunFailed, match='nothing can happen any more; waiting are 2 workers for "driver"'):
        records_of(spec, 1)


def test_who_waits_for_what_the_clock_never_brings_is_told_too() -> None:
    spec = fleet(ride(seconds=1), of=DRIVERS[:1], available="name = 'Bob' and hour(time) = 3")
    spec["arrivals"] = {"type": "at_start", "total": 2}
    del spec["interarrival"]
    with pytest.raises(datagen.RunFailed, match='nothing can happen any more; waiting are 2 workers for "driver"'):
        records_of(spec, 1)


def test_who_asks_for_a_second_row_ends_the_run() -> None:
    ways = [{"next": "b", "probability": 0.5}, {"next": "a", "probability": 0.5}]
    states = [{"name": "a", "emitter": "e", "delay": constant(1), "transitions": ways}]
    states.append({"name": "b", "emitter": "e", "acquire": "driver", "delay": constant(1), "transitions": ways})
    with pytest.raises(datagen.RunFailed, match='asks for "driver", which it has already'):
        records_of(fleet(*states), 50)


@pytest.mark.parametrize(
    ("keys", "resource", "message"),
    [
        ({}, {"rows": "driver"}, 'resources.driver.rows: unknown table "driver"; did you mean "drivers"?'),
        ({}, {"capacity": "seat"}, 'table "drivers" has no column "seat"; did you mean "seats"?'),
        ({}, {"capacity": "name"}, 'column "name" does not hold whole numbers from 0 on'),
        ({}, {"capacity_profile": 0.5}, 'is for units that are alike; rows have "available"'),
        ({}, {"available": "nam = 'Ann'"}, '"nam" is neither a column of table "drivers"'),
        ({}, {"available": "seats + 1"}, "resources.driver.available: is neither true nor false"),
        ({}, {"available": "visits > 1"}, '"visits" is neither a column of table "drivers"'),
        ({"match": {"zones": "'n'"}}, {}, 'table "drivers" has no column "zones"; did you mean "zone"?'),
        ({"match": {"zone": "'x'"}}, {}, 'no row of table "drivers" has that in column "zone"'),
        ({"match": {"zone": "born"}}, {}, 'can\'t be equal to what table "drivers" has in column "zone"'),
        ({"match": {"zone": "nothing"}}, {}, '"nothing" is neither a variable nor what is known of a worker'),
        ({"units": 4}, {"capacity": "seats"}, "asks for 4 places of a row, and none has more than 3"),
        ({"units": 2}, {}, "asks for 2, and there are no more than 1 for ever"),
    ],
)
def test_what_makes_no_sense_of_rows_is_refused(keys: dict, resource: dict, message: str) -> None:
    spec = fleet(ride(), **resource)
    spec["states"][0]["use"] = {"resource": "driver", **keys}
    with pytest.raises(datagen.InvalidInput) as refused:
        records_of(spec, 1)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        ({}, '"capacity" is required, or "rows"'),
        ({"capacity": "seats"}, 'can only be a column where there are "rows"'),
        ({"capacity": 1, "available": "true"}, 'is for "rows", and there are none'),
        ({"capacity": 2.5}, "must be a valid integer, or for `rows` the name of a column, found 2.5"),
        ({"capacity": 1}, 'is for resources that have "rows", and "driver" has none'),
    ],
)
def test_what_is_for_rows_alone_is_refused_elsewhere(resource: dict, message: str) -> None:
    spec = fleet(ride(match={"zone": "'n'"})) | {"resources": {"driver": resource}}
    with pytest.raises(datagen.InvalidInput) as refused:
        records_of(spec, 1)
    assert message in str(refused.value)


def test_a_resource_of_rows_is_called_as_nothing_else_and_is_not_read_at_birth() -> None:
    spec = fleet(ride(variables=[read("driver")]))
    with pytest.raises(datagen.InvalidInput, match='there is a variable "driver", too'):
        records_of(spec, 1)
    spec = fleet(ride())
    spec["arrivals"] = {"type": "even", "rate": 1, "variables": [{"name": "x"} | read("driver.name") | {"name": "x"}]}
    del spec["interarrival"]
    with pytest.raises(datagen.InvalidInput, match=r'"driver\.name" can only be read by states'):
        records_of(spec, 1)


def test_who_comes_years_later_waits_for_the_next_shift_all_the_same() -> None:
    spec = fleet(ride(seconds=1), of=DRIVERS[:1], available="hour(time) = 3")
    spec["arrivals"] = {"type": "timestamps", "values": ["2024-01-01T12:00:00", "2027-01-01T12:00:00"]}
    del spec["interarrival"]
    assert found(spec, 2, "time") == [("2024-01-02T03:00:00.000",), ("2027-01-02T03:00:00.000",)]


def test_what_the_last_one_who_moves_has_changed_is_read_at_the_next_whole_minute() -> None:
    """And once more is enough: behind it nothing can happen any more."""
    opens = {"name": "opens", "emitter": "e", "set": {"are_here": "true"}}
    spec = fleet(ride("asks"), {"name": "idle", "delay": constant(1), "next": "opens"}, opens, available="are_here")
    spec |= {"shared": {"are_here": False}}
    spec["arrivals"] = [{"type": "at_start", "name": name, "state": name, "total": 1} for name in ("asks", "idle")]
    del spec["interarrival"]
    assert found(spec, 2, "time", "waited") == [("2024-01-01T00:00:01.000", 0), ("2024-01-01T00:01:00.000", 60)]
    opens["set"] = {"are_here": "false"}
    with pytest.raises(datagen.RunFailed, match='nothing can happen any more; waiting are 1 worker for "driver"'):
        records_of(spec, 2)
