"""What expressions of states can read, type by type: what a condition has seen is what the record shows."""

import json
import re
from itertools import accumulate, groupby, pairwise

import pytest

from datagen.plugin.pooled import PooledDimension
from datagen.plugin.registry import Registry
from datagen.problems import InvalidInput
from tests.worlds import computed, constant, enum, exponential, integer, read, records_of, state, uniform, world

FEW = {"length_distribution": uniform(0, 3)}
NUMBER, WORD = integer("n", uniform(0, 9)), enum("w", "a", "b", "c", None)
NUMBERS = {"type": "list", "elements": [NUMBER]} | FEW
WORDS = {"type": "list", "elements": [WORD | {"percent_missing": 20}]} | FEW
DECIMAL = {"name": "d", "type": "decimal", "distribution": uniform(0, 9), "scale": 2}
TELLING = {"name": "t", "type": "template", "text": "{{ told.n }}", "memory": {"told": "template"}}
OBJECTS = {"type": "list", "elements": [{"name": "o", "type": "object", "dimensions": [WORD, NUMBER]}]} | FEW
ROWS = {"type": "rows", "table": "t"} | FEW
TABLE = {"columns": ["k", "word"], "rows": [[1, "x"], [2, "y"], [3, None]], "shared": {"cents": "k * 10"}}


def asking(variable: dict, when: str, is_child: bool = False) -> dict:
    """A world whose workers, or their children, go where a condition on a variable sends them, and tell of both."""
    made = {"name": "v"} | variable
    ways = [{"next": "yes", "when": when}, {"next": "no"}]
    states = [
        {"name": "before", "spawn": [{"state": "asking", "variables": [made]}]}
        if is_child
        else state("before", "asking", emitter=None, delay=exponential(1), variables=[made]),
        {"name": "asking", "ordered": True, "transitions": ways},
        state("yes"),
        state("no"),
    ]
    shown = [read("v"), computed("where", "state"), computed("holds", f"({when}) = true")]
    return world(*shown, states=states, tables={"t": TABLE}, gap=constant(7.5))


def answers(variable: dict, when: str, is_child: bool = False) -> set[bool]:
    """Run such a world, and return what conditions have found, each of which the record shows, too."""
    found = records_of(asking(variable, when, is_child), 200)
    assert [one for one in found if (one["where"] == "yes") != one["holds"]] == []
    return {one["holds"] for one in found}


CASES = [
    ({"type": "int", "distribution": uniform(0, 9)}, "v > 4"),
    ({"type": "float", "distribution": uniform(0, 9)}, "v > 4"),
    ({"type": "float", "distribution": {"type": "lognormal", "median": 1, "sigma": 1}}, "v > 1"),
    ({"type": "bool"}, "v"),
    (enum("v", "a", "b", None), "v = 'a'"),
    ({"type": "constant", "value": "a", "percent_nulls": 50}, "starts_with(v, 'a')"),
    ({"type": "now"}, "second(v) < 30"),
    ({"type": "row", "table": "t"}, "v.word = 'x'"),
    ({"type": "row", "table": "t"}, "v.k + v.cents > 12"),
    ({"type": "row", "table": "t", "pick": "worker"}, "v.k = 3"),
    ({"type": "column", "table": "t", "column": "word"}, "v is null"),
    ({"type": "counter"}, "v % 2 = 0"),
    ({"type": "expression", "value": "worker % 3 + 1"}, "v = 2"),
    (NUMBERS, "length(v) > 1"),
    (ROWS, "length(v) > 1"),
    ({"type": "partition", "total": "2", "least": 1, "parts": uniform(1, 3)}, "length(v) > 1"),
    (NUMBERS, "v[0] > 4"),
    (NUMBERS, "v[-1] - coalesce(v[1], 2) > 1"),
    (NUMBERS, "v[worker % 3] > 4"),
    (NUMBERS, "v[-1 - worker % 2] > 4"),
    (NUMBERS, "sum(v) > 9 and length(v) < 3"),
    (NUMBERS, "avg(v) < 5 or v[0] is null"),
    (NUMBERS | {"percent_nulls": 30}, "v is null"),
    (NUMBERS | {"percent_missing": 30}, "coalesce(v[0], 9) = 9"),
    (NUMBERS | {"elements": [NUMBER], "length_distribution": exponential(3)}, "v[4] > 4"),
    (WORDS, "contains(v, 'a')"),
    (WORDS, "v[0] in ['a', 'b']"),
    (WORDS, "v[worker % 2] != 'a'"),
    (WORDS, "index(join(v, ''), 'ab') >= 0"),
    ({"type": "list", "elements": [WORD, NUMBER]}, "v[1] > 4"),
    (NUMBERS | {"elements": [WORD, NUMBER]}, "v[0] = 'a' or v[0] > 4"),
    (NUMBERS | {"elements": [DECIMAL]}, "sum(v) > 4.5"),
    (OBJECTS, "v[0].n > 4 and v[1].w = 'b'"),
    (OBJECTS, "sum(v.n) > 9"),
    (ROWS, "v[0].word = 'x'"),
    (ROWS, "contains(v.word, 'y')"),
    (ROWS, "v[worker % 3].k > 1"),
    (ROWS | {"distribution": uniform(0, 2)}, "v[1].k > v[0].k"),
    ({"type": "partition", "total": "10", "parts": uniform(1, 4)}, "v[0] > 5"),
    (enum("v", [1, 2], [], None, [3]), "v[worker % 2] > 1"),
    (enum("v", [1, 2], [], None, [3]), "v[-1 - worker % 2] > 1"),
    ({"type": "constant", "value": [1, "a", {"b": 2}]}, "v[worker % 3].b = 2"),
]


def name_of(value: object) -> str:
    return value if isinstance(value, str) else value["type"]


@pytest.mark.parametrize(("variable", "when"), CASES, ids=name_of)
def test_a_condition_reads_what_the_record_shows(variable: dict, when: str) -> None:
    assert answers(variable, when) == {True, False}


@pytest.mark.parametrize(
    ("variable", "when"), [case for case in CASES if "worker" not in json.dumps(case)], ids=name_of
)
def test_children_know_what_is_drawn_for_them(variable: dict, when: str) -> None:
    """All but what follows from the number of a worker in its source, which they have not."""
    assert answers(variable, when, is_child=True) == {True, False}


POOLED = {kind: of for kind, of in Registry.load().of("dimension").items() if issubclass(of, PooledDimension)}
ASKED = {  # of what is no text, and has no text
    "list": "v[0] = 'hot'",
    "map": "v.tier is null",
    "object": "v.n > 4",
    "geo": "v.lat > 52.5",
    "partition": "v[0] > 40",
}


@pytest.mark.parametrize("kind", POOLED)
def test_what_has_a_cardinality_is_read(kind: str) -> None:
    example = re.search(r"Example: (\{.*\})", POOLED[kind].__doc__ or "")
    assert example is not None
    made = json.loads(example[1]) | {"name": "v", "cardinality": 9, "cardinality_distribution": uniform(0, 8)}
    own = {"one_of": {"of": [WORD, NUMBER]}, "uuid": {"version": 4}, "object": {"dimensions": [WORD, NUMBER]}}
    made |= own.get(kind, {})
    assert answers(made, ASKED.get(kind, "hash(text(v)) % 2 = 0")) == {True, False}


@pytest.mark.parametrize("variable", [NUMBERS, NUMBERS | {"cardinality": 5}])
@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("v is null", True),
        ("v is not null", False),
        ("length(v) is null", True),
        ("coalesce(v[0], 99) = 99", True),
        ("coalesce(v[0], 99) * worker = 99 * worker", True),
        ("(v[0] > 4 ? 1 : 2) + worker = 2 + worker", True),
        ("coalesce(v[worker % 2], 99) = 99", True),
        ("not contains(v, 3)", True),
        ("(v[0] is null) = (worker >= 0)", True),
    ],
)
def test_a_list_is_null_before_it_is_drawn(variable: dict, when: str, holds: bool) -> None:
    spec = asking(variable, when)
    spec["states"].append(state("never", variables=spec["states"][0].pop("variables")))
    found = records_of(spec, 20)
    assert {(one["where"], one["holds"]) for one in found} == {("yes", True) if holds else ("no", False)}


def test_all_that_a_state_calculates_reads_lists() -> None:
    children = {"name": "child", "emitter": "e"}
    first = {"name": "before", "delay": constant(1), "variables": [{"name": "v"} | NUMBERS], "next": "at"}
    at = {
        "name": "at",
        "emitter": "e",
        "variables": [computed("total", "coalesce(total, 0) + sum(v)")],
        "set": {"all": "all + coalesce(v[0], 0)"},
        "use": {"resource": "desk", "priority": "sum(v)"},
        "spawn": [{"state": "child", "count": "coalesce(v[-1], 0)"}],
        "delay": {"type": "constant", "value": "0.5 + length(v) + sum(v)"},
        "transitions": [
            {"next": "before", "probability": "length(v)"},
            {"next": "stop", "probability": "1 + coalesce(v[visits % 3], 0)"},
        ],
    }
    fields = [read("v"), read("total"), computed("all", "all"), computed("where", "state"), computed("w", "worker")]
    keys = {"shared": {"all": 0}, "resources": {"desk": {"capacity": 1}}}
    found = records_of(world(*fields, states=[first, at, children], gap=constant(100), **keys), 400)
    told = [one for one in found if one["where"] == "at"]
    counts = [sum(1 for _ in rows) for where, rows in groupby(found, lambda one: one["where"]) if where == "child"]
    assert [one["all"] for one in told] == [*accumulate((one["v"] or [0])[0] for one in told)]
    assert counts[:-1] == [(one["v"] or [0])[-1] for one in told if (one["v"] or [0])[-1]][: len(counts) - 1]
    for _, life in groupby(sorted(told, key=lambda one: one["w"]), lambda one: one["w"]):
        lived = [*life]
        assert [one["total"] for one in lived] == [*accumulate(sum(one["v"]) for one in lived)]


def going(*variables: dict, **keys: object) -> dict:
    """A world whose workers go through a list of rows."""
    behind = [{"next": "stop", "when": keys.pop("when", "true")}, {"next": "odd"}]
    states = [
        state("before", "at", emitter=None, delay=exponential(1), variables=[{"name": "v"} | ROWS, *variables]),
        {"name": "at", "emitter": "e", "each": {"variable": "v", "as": "one"}, "ordered": True, "transitions": behind}
        | keys,
        state("odd"),
    ]
    fields = [read("one"), computed("i", "each.index"), computed("where", "state"), computed("w", "worker")]
    return world(*fields, states=states, tables={"t": TABLE}, gap=constant(3600))


def test_a_delay_follows_from_the_item_of_a_list_that_is_drawn() -> None:
    spec = going(delay={"type": "constant", "value": "one.k * 60"})
    found = records_of(spec, 100)
    pairs = [(a, b) for a, b in pairwise(found) if a["w"] == b["w"]]
    minutes = [int(b["time"][14:16]) - int(a["time"][14:16]) for a, b in pairs]
    assert len(pairs) > 20
    assert minutes == [a["one"]["k"] for a, _ in pairs]


def test_what_is_left_of_an_item_is_known_when_the_list_is_drawn_anew() -> None:
    """The item stays as it was, though its place and its list are others."""
    anew = [{"name": "v"} | ROWS]
    spec = going()
    spec["states"][1:2] = [
        spec["states"][1] | {"transitions": [{"next": "anew"}]},
        state("anew", emitter=None, delay=constant(1), variables=anew)
        | {"ordered": True, "transitions": [{"next": "x", "when": "one.word = 'x'"}, {"next": "other"}]},
        state("x"),
        state("other"),
    ]
    found = [one for one in records_of(spec, 300) if one["where"] in ("x", "other")]
    assert {(one["one"] or {}).get("word") == "x" for one in found if one["where"] == "x"} == {True}
    assert {(one["one"] or {}).get("word") == "x" for one in found if one["where"] == "other"} == {False}


def test_children_know_of_lists_and_items_that_they_are_given() -> None:
    given = [{"name": name, "type": "variable", "variable": name} for name in ("v", "one")]
    ways = [{"next": "first", "when": "v[0].k = one.k"}, {"next": "later"}]
    spec = going(spawn=[{"state": "child", "variables": given}], emitter=None)
    del spec["states"][1]["emitter"]
    spec["states"] += [{"name": "child", "ordered": True, "transitions": ways}, state("first"), state("later")]
    spec["emitters"][0]["dimensions"].append(read("v"))
    found = [one for one in records_of(spec, 200) if one["where"] in ("first", "later")]
    assert {one["where"] for one in found} == {"first", "later"}
    assert all((one["v"][0] == one["one"]) == (one["where"] == "first") for one in found)


@pytest.mark.parametrize(
    ("variable", "when", "text"),
    [
        (NUMBERS | {"length_distribution": exponential(3)}, "v[worker % 3] > 4", 'by a "most" in the "length_distr'),
        (WORDS, "v[0] = other", "how the rest compares with constants, but not a text"),
        (WORDS, "v", "is neither true nor false"),
        (NUMBERS, "v[worker] > worker and (worker > 1 ? v : v) is null", "but not a list"),
        (NUMBERS, "v is missing", "what is missing from what is null"),
        (NUMBERS | {"elements": [{"name": "c", "type": "counter"}]}, "v[0] > 4", "may depend on what was made before"),
        (NUMBERS | {"elements": [TELLING]}, "v[0] = 'a'", "may depend on what was made before"),
        (NUMBERS | {"elements": [computed("c", "other")]}, "sum(v) > 4", "a list that does is made later"),
        (NUMBERS | {"elements": [DECIMAL]}, "sum(v) > worker", "has exact decimals"),
        (ROWS | {"pick": "cycle"}, "v[0].k = 1", "may depend on what was made before"),
        (ROWS | {"pick": "step"}, "v[0].k = 1", "a list that does is made later"),
        ({"type": "row", "table": "t", "pick": "step"}, "v.k = 1", "follows from the worker's steps"),
        ({"type": "partition", "total": "other", "parts": constant(2)}, "v[0] > 1", "reads other values"),
    ],
)
def test_what_can_t_be_known_is_told(variable: dict, when: str, text: str) -> None:
    spec = asking(variable, when)
    spec["states"][0]["variables"].insert(0, enum("other", "a", "b"))
    with pytest.raises(InvalidInput) as caught:
        records_of(spec, 1)
    found = [one.message for one in caught.value.problems if one.path.startswith("states[1]")]
    assert any(text in message for message in found), found
