"""Variables that are set by what templates remember, those who wait for each other by it, and what reads variables."""

from collections.abc import Callable
from pathlib import Path

import pytest

import datagen
from datagen.problems import InvalidInput
from tests.engine.test_oracle import assert_equal
from tests.worlds import computed, constant, read, records_of, seconds, state, world, write_json

TOLD = (
    "{% do told.set('n', (told.n or 0) + 1) %}{% do told.update({'word': ['x', 'é', 'y'][told.n % 3], "
    "'odd': told.n % 2 == 1, 'o': {'k': [1, 2.5]}, 'at': time}) %}{{ told.n }}"
)
RUN = {"start": "2024-01-01T00:00:00", "max_workers": 1, "records": 5, "seed": 1}


def template(scope: str = "run", text: str = TOLD) -> dict:
    return {"name": "line", "type": "template", "memory": {"told": scope}, "text": text}


def setting(*variables: dict, when: str = "true", **keys: object) -> dict:
    """One worker after the other goes round, and shows the variables that it has set."""
    ways = [{"next": "a", "when": when}, {"next": "stop"}]
    first = {"name": "a", "emitter": "e", "variables": [*variables], "ordered": True, "transitions": ways}
    shown = [read(one["name"]) for one in variables]
    return world(template(), *shown, states=[first | {"delay": constant(1)} | keys])


def shown(spec: dict, count: int = 4, name: str = "v") -> list[object]:
    return [record[name] for record in records_of(spec, count, max_workers=1)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("memory.told.n", [None, 1.0, 2.0, 3.0]),
        ("memory.told.word", [None, "é", "y", "x"]),
        ("memory.told.odd", [None, True, False, True]),
        ("memory.told.o", [None, *[{"k": [1, 2.5]}] * 3]),
        ("memory.told.o.k", [None, *[[1, 2.5]] * 3]),
        ("memory.told.never", [None] * 4),
        ("memory.told.n * 2 + 1", [None, 3.0, 5.0, 7.0]),
        ("coalesce(memory.told.word, 0.5)", [0.5, "é", "y", "x"]),
        ("(memory.told.odd ? memory.told.word : memory.told.n)", [None, "é", 2.0, "x"]),
        ("coalesce(v, 0.0) + coalesce(memory.told.n, 0.0)", [0.0, 1.0, 3.0, 6.0]),
        ("coalesce(memory.told.odd ? memory.told.word : null, v)", [None, "é", "é", "x"]),
    ],
)
def test_a_variable_is_what_the_records_before_have_left(text: str, expected: list[object]) -> None:
    spec = setting(computed("v", text))
    assert shown(spec) == expected
    assert_equal(spec, RUN, ((None, 1), (10**9, 2)))


@pytest.mark.parametrize(
    ("text", "when", "stays"),
    [
        ("memory.told.word", "not (v = 'y')", 2),
        ("memory.told.word", "v is null or v in ['é', 1]", 2),
        ("memory.told.n", "coalesce(v, 0) < 3", 3),
        ("coalesce(memory.told.n, 0.0)", "v / 2 <= 1", 3),
        ("(memory.told.odd ? 'odd' : memory.told.n)", "v is null or v = 'odd' or v = 2", 4),
        ("memory.told.word = 'x'", "not v", 3),
        ("memory.told.odd", "v is null or v", 2),
        ("coalesce(v, 0.0) + coalesce(memory.told.n, 1.0)", "v < 5", 3),
        ("coalesce(memory.told.o, 1.0)", "v = 1 or v is not null", 4),
    ],
)
def test_a_condition_reads_such_a_variable(text: str, when: str, stays: int) -> None:
    """So many times the worker stays; then the next one comes, for whom nothing is new."""
    spec = setting(computed("v", text), when=when)
    assert_equal(spec, RUN, ((None, 1), (10**9, 2)))
    lives = [record["worker"] for record in records_of(spec | {"emitters": worked(spec)}, 5, max_workers=1)]
    assert lives.count(0) == min(stays + 1, 5)


def worked(spec: dict) -> list[dict]:
    [emitter] = spec["emitters"]
    return [emitter | {"dimensions": [*emitter["dimensions"], computed("worker", "worker")]}]


def test_other_generators_read_it_too() -> None:
    variables = [
        {"name": "v", "type": "row", "table": "t", "match": {"k": "memory.told.word"}},
        {"name": "c", "type": "counter", "reset": "memory.told.n % 3 = 0"},
        {"name": "k", "type": "hex", "length": 8, "keyed_by": "memory.told.odd"},
        {"name": "g", "type": "float", "distribution": {"type": "normal", "mean": "memory.told.n", "stddev": 0}},
    ]
    spec = setting(*variables) | {"tables": {"t": {"columns": ["k", "j"], "rows": [["x", 1], ["y", 2]]}}}
    assert [one and one["j"] for one in shown(spec, 6)] == [None, None, 2, 1, None, 2]
    assert shown(spec, 6, "c") == [0, 1, 2, 0, 1, 2]
    assert [len({*shown(spec, 9, "k")[place::2]}) for place in (1, 2)] == [1, 1]
    assert shown(spec, 3, "g") == [None, 1.0, 2.0]


def test_children_are_given_what_the_record_of_their_parent_has_left() -> None:
    entry = {"state": "kid", "count": 2, "variables": [computed("v", "memory.told.n * 10 + spawn.index")]}
    parent = {"name": "a", "emitter": "e", "spawn": [entry], "delay": constant(1), "next": "a"}
    spec = world(template("template"), states=[parent, state("kid", emitter="f")], gap=10**6)
    spec["emitters"].append({"name": "f", "dimensions": [read("v")]})
    assert [one["v"] for one in records_of(spec, 9) if "v" in one] == [10.0, 11.0, 20.0, 21.0, 30.0, 31.0]
    assert_equal(spec, RUN | {"records": 9}, ((None, 1), (10**9, 2)))


def test_at_a_time_that_is_waited_for_variables_are_what_was_left_until_then() -> None:
    beat = {"type": "every", "every": 10, "variables": [computed("v", "memory.told.n")]}
    first = {"name": "a", "emitter": "e", "delay": {"type": "next", "source": beat}, "next": "b"}
    spec = world(template(), states=[first, state("b", emitter="f")], gap=3)
    spec["emitters"].append({"name": "f", "dimensions": [read("v")]})
    found = [(seconds(one), one["v"]) for one in records_of(spec, 20) if "v" in one]
    assert found[:4] == [(0, 1.0), (10, 4.0), (10, 4.0), (10, 4.0)]
    assert_equal(spec, RUN | {"records": 20, "max_workers": 9}, ((None, 1), (10**9, 2)))


KEYS = {
    "memory.told.team": [[0, 2], [1, 4], [3, 5], [6, 7]],
    "coalesce(memory.told.none, memory.told.team)": [[0, 2], [1, 4], [3, 5], [6, 7]],
    "memory.told.none": [[0, 1], [2, 3], [4, 5], [6, 7]],
    "team": [[0, 2], [1, 4], [3, 5], [6, 7]],
}


@pytest.mark.parametrize("by", KEYS)
def test_those_go_together_for_whom_the_same_was_left(by: str) -> None:
    """True is no 1, and no text; a list is as another one with the same in it."""
    told = (
        "{% do told.set('n', (told.n or 0) + 1) %}"
        "{% do told.set('team', [1, true, 1.0, [1], true, [1], '1', '1'][(told.n - 1) % 8]) %}."
    )
    states = [
        state("a", "set", emitter="tell"),
        {"name": "set", "variables": [computed("team", "memory.told.team")], "next": "b"},
        {"name": "b", "gather": {"size": 2, "by": by}, "emitter": "f"},
    ]
    spec = world(states=states, gap=1)
    spec["emitters"] = [{"name": "tell", "dimensions": [template(text=told)]}]
    spec["emitters"].append({"name": "f", "dimensions": [computed("who", "worker")]})
    found = [one["who"] for one in records_of(spec, 16) if "who" in one]
    assert [found[at : at + 2] for at in range(0, 8, 2)] == KEYS[by]
    assert_equal(spec, RUN | {"records": 16, "max_workers": 9}, ((None, 1), (10**9, 2)))


def test_a_run_goes_on_with_variables_of_what_was_remembered(command: Callable, tmp_path: Path) -> None:
    spec = setting(computed("v", "memory.told.word"), computed("w", "v"), when="v is null or v != 'x'")
    spec["states"][0]["variables"].reverse()  # so that one is what the other was on the entry before
    path = write_json(tmp_path / "spec.json", spec)
    target = write_json(tmp_path / "target.json", {"type": "file", "path": str(tmp_path / "out"), "append": True})
    options = ("-c", path, "-s", "2024-01-01T00:00:00", "--seed", 1)
    for duration in ("7S", "20S", "40S"):
        assert command(*options, "--state", tmp_path / "state", "-t", target, "-r", duration).code == 0
    assert (tmp_path / "out").read_bytes() == command(*options, "-r", "40S").data


def test_before_the_start_variables_have_nothing_of_it() -> None:
    spec = setting(computed("v", "coalesce(memory.told.n, -1)")) | {"warm_up": 9, "interarrival": constant(10**6)}
    assert shown(spec) == [-1, 1.0, 2.0, 3.0]


def test_what_is_left_out_in_a_pilot_is_told() -> None:
    spec = setting(computed("v", "memory.told.n"))
    told = "what templates remember: states read it as null in a pilot, which makes no texts"
    assert told in datagen.explain(spec)["left_out"]


def problems(spec: dict) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        records_of(spec, 1)
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


HEARD = computed("v", "memory.told.n")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"variables": [computed("v", "memory.tld.n")]}, 'value: unknown memory "tld"; did you mean "told"?'),
        ({"spawn": [{"state": "a", "variables": [computed("v", "memory.told")]}]}, '"memory.told" is a whole memory'),
        (
            {"variables": [{"name": "v", "type": "object", "cardinality": 2, "dimensions": [HEARD]}]},
            '"memory.told.n" can\'t be read here: a pool is made before the run',
        ),
    ],
)
def test_what_can_not_be_is_told_with_its_place(change: dict, message: str) -> None:
    spec = setting(computed("v", "1"))
    spec["states"][0] |= change
    found = problems(spec)
    assert message in found[0]


def test_who_is_born_of_a_source_reads_no_memory() -> None:
    spec = setting(computed("v", "1"))
    spec["arrivals"] = {"type": "at_start", "total": 1, "variables": [computed("w", "memory.told.n")]}
    del spec["interarrival"]
    [found] = problems(spec)
    assert '"memory.told.n" can only be read by states, and by `available` of resources' in found


def test_what_is_drawn_here_and_remembered_there_is_calculated_of_another_variable() -> None:
    spec = setting(HEARD)
    states = spec["states"]
    states.append({"name": "b", "variables": [{"name": "v", "type": "constant", "value": "none"}], "next": "a"})
    states[0]["transitions"] = [{"next": "b", "when": "v = 'none'"}, {"next": "a"}]
    [found] = problems(spec)
    assert "it is drawn in one place, and what a template remembers in another; draw" in found
    states[1]["variables"] = [{"name": "w", "type": "constant", "value": "none"}, computed("v", "w")]
    assert shown(spec) == [None, 1.0, 2.0, 3.0]
