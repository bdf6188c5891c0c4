"""Rows that are asked for, and are available, by what templates remember."""

import pytest

from datagen.problems import InvalidInput
from tests.engine.test_oracle import assert_equal
from tests.worlds import computed, constant, records_of, seconds, state

TELLING = "{% do door.set('open', not door.open) %}{{ door.open }}"
WAYS = {
    "use": {"use": "desk", "delay": constant(10), "next": "away"},
    "release": {"acquire": "desk", "delay": constant(10), "next": "leaving"},
    "stop": {"acquire": "desk", "delay": constant(10), "next": "stop"},
    "timeout": {"acquire": ["desk", "other"], "timeout": {"after": constant(10), "next": "away"}, "next": "stop"},
}


def telling(text: str, *dimensions: dict, scope: str = "run") -> list[dict]:
    line = {"name": "line", "type": "template", "memory": {"door": scope}, "text": text}
    return [{"name": "tell", "dimensions": [line]}, {"name": "got", "dimensions": [*dimensions]}]


def begin(*states: str) -> list[dict]:
    return [{"type": "at_start", "name": name, "state": name, "total": 1} for name in states]


def door(way: dict) -> dict:
    """One holds the desk from 1 to 11 seconds, another one waits for it; the door is closed from 5 to 35."""
    return {
        "states": [
            {"name": "opens", "emitter": "tell", "delay": constant(1), "next": "holding"},
            {"name": "holding"} | way,
            {"name": "leaving", "release": "desk", "delay": constant(100)},
            {"name": "away", "delay": constant(100), "next": "stop"},
            {"name": "comes", "delay": constant(2), "next": "wanting"},
            {"name": "wanting", "use": "desk", "emitter": "got"},
            {"name": "idle", "delay": constant(5), "next": "closes"},
            {"name": "closes", "emitter": "tell", "delay": constant(30), "next": "opens again"},
            {"name": "opens again", "emitter": "tell"},
            {"name": "hogs", "acquire": "other", "delay": constant(100)},
        ],
        "emitters": telling(TELLING, computed("who", "state")),
        "tables": {"desks": {"columns": ["k"], "rows": [[1]]}},
        "resources": {"desk": {"rows": "desks", "available": "memory.door.open"}, "other": {"capacity": 1}},
        "arrivals": begin("opens", "comes", "idle", "hogs"),
    }


@pytest.mark.parametrize("way", WAYS)
def test_whether_a_row_is_available_is_read_when_it_comes_free_and_at_the_whole_minute(way: str) -> None:
    spec = door(WAYS[way])
    found = [(seconds(one), one.get("line", one.get("who"))) for one in records_of(spec, 9, duration="3M")]
    assert found == [(0, "True"), (5, "False"), (35, "True"), (60, "wanting")]
    run = {"start": "2024-01-01T00:00:00", "max_workers": 100, "records": 4, "seed": 1}
    assert_equal(spec, run, ((None, 1), (10**9, 1)))


def test_who_asks_reads_what_was_remembered_just_before() -> None:
    counting = "{% do door.set('n', (door.n or 0) + 1) %}{{ door.n }}"
    spec = {
        "states": [state("a", "b", "tell"), {"name": "b", "use": "desk", "emitter": "got", "delay": constant(10)}],
        "emitters": telling(counting, computed("k", "desk.k"), scope="template"),
        "tables": {"desks": {"columns": ["k"], "rows": [[3], [2]]}},
        "resources": {"desk": {"rows": "desks", "available": "memory.door.n = k"}},
        "interarrival": constant(1),
    }
    found = [(seconds(one), one["k"]) for one in records_of(spec, 12, duration="10S") if "k" in one]
    assert found == [(1, 2), (2, 3)]


MATCHING = [
    ("name", "memory.door.city", [(0, 1), (1, 2), (2, 3)]),
    ("name", "coalesce(memory.door.none, memory.door.city)", [(0, 1), (1, 2), (2, 3)]),
    ("number", "memory.door.n", [(0, 1), (1, 2), (2, 3)]),
    ("share", "memory.door.n / 2", [(0, 1), (1, 2), (2, 3)]),
    ("odd", "memory.door.odd", [(0, 1), (1, 2), (2, 3)]),
    ("name", "memory.door.n", []),
    ("number", "memory.door.city", []),
]


@pytest.mark.parametrize(("column", "text", "expected"), MATCHING)
def test_a_row_is_asked_for_by_what_is_remembered(column: str, text: str, expected: list) -> None:
    told = (
        "{% set n = (door.n or 0) + 1 %}{% do door.set('n', n) %}{% do door.set('odd', n % 2 == 1) %}"
        "{% do door.set('city', 'é' if n == 1 else 'x' if n == 2 else '1') %}."
    )
    desk = {"use": {"resource": "desk", "match": {column: text}}, "timeout": {"after": constant(90), "next": "stop"}}
    spec = {
        "states": [state("a", "b", "tell"), {"name": "b", "emitter": "got", "delay": constant(90)} | desk],
        "emitters": telling(told, computed("k", "desk.k")),
        "tables": {
            "desks": {
                "columns": ["k", "name", "number", "share", "odd"],
                "rows": [[1, "é", 1, 0.5, True], [2, "x", 2, 1.0, False], [3, "1", 3, 1.5, True]],
            }
        },
        "resources": {"desk": {"rows": "desks"}},
        "arrivals": {"type": "every", "every": 1, "times": 3},
    }
    found = [(seconds(one), one["k"]) for one in records_of(spec, 12, duration="80S") if "k" in one]
    assert found == expected
    run = {"start": "2024-01-01T00:00:00", "max_workers": 100, "records": 3 + len(expected), "seed": 1}
    assert_equal(spec, run, ((None, 1), (10**9, 1)))


def problems(available: str, scope: str = "template", **match: str) -> list[str]:
    spec = door({"use": {"resource": "desk", "match": match}, "delay": constant(1)})
    own = {"name": "line", "type": "template", "memory": {"door": scope}, "text": "."}
    spec["emitters"][1]["dimensions"].append(own)
    spec["emitters"][0]["dimensions"][0]["memory"]["door"] = scope
    spec["resources"]["desk"]["available"] = available
    spec["tables"]["desks"] = {"columns": ["k", "mixed"], "rows": [[1, 1], [2, "x"]]}
    with pytest.raises(InvalidInput) as caught:
        records_of(spec, 1)
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("available", "keys", "message"),
    [
        ("memory.dor.open", {}, 'resources.desk.available: unknown memory "dor"; did you mean "door"?'),
        ("memory.door.open", {}, 'several templates have a memory "door" of their own, and a resource has no emitter'),
        ("memory.door.open > k or memory.door", {"scope": "run"}, '"memory.door" is a whole memory'),
        ("k = 1", {"scope": "run", "mixed": "memory.door.n"}, "match.mixed: can't be equal to what table "),
    ],
)
def test_what_resources_can_not_read_is_told_with_its_place(available: str, keys: dict, message: str) -> None:
    [found] = problems(available, **keys)
    assert message in found
