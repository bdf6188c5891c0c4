"""States that go through lists: what comes once for each item, what once for all, and what is refused."""

import re
from collections import Counter

import pytest

import datagen
from datagen.problems import InvalidInput
from tests.worlds import (
    computed,
    constant,
    counter,
    enum,
    exponential,
    integer,
    read,
    records_of,
    state,
    uniform,
    world,
)

DISHES = {"columns": ["dish", "minutes"], "rows": [["soup", 2], ["fish", 5], ["cake", 1]]}
LINES = {"name": "lines", "type": "rows", "table": "dishes", "length_distribution": uniform(0, 3)}


def ordering(*variables: dict, to: str = "serving") -> dict:
    return state("ordering", to, emitter=None, variables=list(variables) or [LINES])


def serving(to: str = "stop", through: dict | None = None, **keys: object) -> dict:
    return state("serving", to, each=through or {"variable": "lines", "as": "line"}, **keys)


def dishes(*states: dict, fields: tuple = (), **keys: object) -> dict:
    own = [computed("w", "worker"), computed("i", "each.index"), read("line", path="dish"), *fields]
    return world(*own, states=list(states), tables={"dishes": DISHES}, **keys)


def test_each_item_is_a_step_of_its_own_with_a_record_and_a_delay() -> None:
    spec = dishes(
        ordering(), serving("paying", delay=constant(0.25)), state("paying"), fields=(computed("s", "steps"),)
    )
    lives: dict[int, list[dict]] = {}
    for record in records_of(spec, 600):
        lives.setdefault(record["w"], []).append(record)
    lengths = Counter(len(life) - 1 for life in [*lives.values()][:-2])
    assert sorted(lengths) == [0, 1, 2, 3]
    for life in [*lives.values()][:-2]:
        items = life[:-1]
        assert [record["i"] for record in items] == list(range(len(items)))
        assert len({record["line"] for record in items}) == len(items)  # different rows
        # An empty list is a step, too, of which there is no record.
        assert [record["s"] for record in life] == [*range(2, len(items) + 2), 2 + max(len(items), 1)]
        seconds = [float(record["time"][17:]) for record in life]
        assert [(late - seconds[0]) % 60 for late in seconds] == pytest.approx([0.25 * n for n in range(len(life))])


def test_rows_of_a_table_are_the_items_in_their_order() -> None:
    through = {"table": "dishes", "as": "line"}
    found = records_of(dishes(serving(through=through)), 6)
    assert [(one["w"], one["i"], one["line"]) for one in found] == [
        (worker, place, dish) for worker in (0, 1) for place, dish in enumerate(["soup", "fish", "cake"])
    ]


def test_what_is_waited_for_is_waited_for_once_and_given_back_behind_the_last_item() -> None:
    spec = dishes(
        serving(through={"table": "dishes", "as": "line"}, use="cook", delay=constant(1)),
        fields=(computed("waited", "waited"), computed("visits", "visits"), computed("free", "free('cook')")),
        resources={"cook": {"capacity": 1}},
        gap=constant(2),
    )
    found = records_of(spec, 9)
    assert [one["w"] for one in found] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert [one["waited"] for one in found] == [0, 0, 0, 1, 1, 1, 2, 2, 2]  # of the visit, at each of its items
    assert {(one["visits"], one["free"]) for one in found} == {(1, 0)}


def test_an_empty_list_means_no_record_no_variable_and_no_stay_but_the_transition() -> None:
    empty = {"name": "lines", "type": "constant", "value": []}
    spec = dishes(
        ordering(empty),
        serving("paying", delay=constant(50), variables=[enum("seen", "yes")], set={"many": "many + 1"}),
        state("paying"),
        fields=(read("seen"), computed("many", "many"), computed("visits", "visits('serving')")),
        shared={"many": 0},
    )
    [first, *_] = records_of(spec, 1)
    assert first == {
        "time": "2024-01-01T00:00:00.000", "w": 0, "i": None, "line": None, "seen": None, "many": 0, "visits": 1,
    }  # fmt: skip


def test_null_is_an_empty_list() -> None:
    for lines in (LINES | {"percent_nulls": 100}, {"name": "lines", "type": "enum", "values": [None, []]}):
        spec = dishes(ordering(lines), serving("paying"), state("paying"))
        assert [one["i"] for one in records_of(spec, 3)] == [None] * 3


def test_a_list_that_is_drawn_anew_has_its_own_length_each_time() -> None:
    spec = dishes(
        ordering(LINES, counter("order")),
        serving("ordering", delay=exponential(1)),
        fields=(read("order"), computed("n", "length(lines)")),
        gap=constant(1e6),
    )
    spec["states"][0]["delay"] = constant(0.5)
    found = records_of(spec, 400)
    counts = Counter(one["order"] for one in found[:-5])
    assert len({one["n"] for one in found}) == 3
    wrong = [one for one in found[:-8] if counts[one["order"]] != one["n"]]
    assert not wrong


def test_variables_and_shared_values_change_with_each_item() -> None:
    spec = dishes(
        serving(
            through={"table": "dishes", "as": "line"},
            variables=[computed("sum", "coalesce(sum, 0) + line.minutes")],
            set={"all": "all + line.minutes"},
        ),
        fields=(read("sum"), computed("all", "all")),
        shared={"all": 0},
    )
    found = records_of(spec, 6)
    assert [one["sum"] for one in found] == [2, 7, 8] * 2
    assert [one["all"] for one in found] == [2, 7, 8, 10, 15, 16]


def test_what_all_share_of_a_row_is_changed_for_each_row_of_the_table() -> None:
    spec = dishes(
        serving(through={"table": "dishes", "as": "line"}, set={"line.left": "line.left - each.index"}),
        fields=(computed("left", "line.left"),),
    )
    spec["tables"] = {"dishes": DISHES | {"shared": {"left": "minutes * 10"}}}
    assert [one["left"] for one in records_of(spec, 6)] == [20, 49, 8, 20, 48, 6]


def test_a_delay_follows_from_the_item() -> None:
    through = {"table": "dishes", "as": "line"}
    delay = {"type": "constant", "value": "line.minutes * 60"}
    found = records_of(dishes(serving(through=through, delay=delay), gap=constant(3600)), 4)
    assert [one["time"][11:19] for one in found] == ["00:00:00", "00:02:00", "00:07:00", "01:00:00"]


def test_each_item_spawns_and_a_join_behind_waits_for_the_children_of_all() -> None:
    child = {"name": "child", "delay": {"type": "constant", "value": 1}, "emitter": "e"}
    spawn = [
        {
            "state": "child",
            "count": "each.index",
            "variables": [{"name": "line", "type": "variable", "variable": "line"}],
        }
    ]
    spec = dishes(
        serving("paying", through={"table": "dishes", "as": "line"}, delay=constant(5), spawn=spawn, emitter=None),
        state("paying", join=True),
        child,
        fields=(computed("where", "state"),),
        gap=constant(3600),
    )
    found = records_of(spec, 4)
    assert [(one["where"], one["line"], one["time"][17:19]) for one in found] == [
        ("child", "fish", "05"), ("child", "cake", "10"), ("child", "cake", "10"), ("paying", "cake", "15"),
    ]  # fmt: skip


def test_a_list_of_lists_is_gone_through_one_list_after_the_other() -> None:
    outer = {"name": "parcels", "type": "constant", "value": [["a", "b"], [], ["c"]]}
    spec = world(
        read("list"),
        states=[
            state("packing", "opening", emitter=None, variables=[outer]),
            state("opening", each={"variable": "parcels", "as": "list"}),
        ],
    )
    assert [one["list"] for one in records_of(spec, 3)] == [["a", "b"], [], ["c"]]


def test_an_item_is_what_it_was_in_the_list_also_among_others() -> None:
    mixed = {"name": "items", "type": "constant", "value": [1, "x", {"a": 1}, [2], None, 2.5, True]}
    spec = world(
        read("item"),
        states=[state("a", "b", emitter=None, variables=[mixed]), state("b", each={"variable": "items", "as": "item"})],
    )
    assert [one["item"] for one in records_of(spec, 7)] == mixed["value"]


def test_conditions_read_how_long_a_list_is_and_the_place_of_the_item() -> None:
    ways = [
        {"next": "stop", "when": "each.index is null"},
        {"next": "paying", "when": "length(lines) = each.index + 1"},
    ]
    spec = dishes(ordering(), serving() | {"transitions": ways}, state("paying"), fields=(computed("where", "state"),))
    found = records_of(spec, 300)
    paid = [one["w"] for one in found if one["where"] == "paying"]
    served = {one["w"] for one in found if one["where"] == "serving"}
    assert paid == sorted(served)[: len(paid)]
    assert len(paid) > 80


def test_a_place_that_a_later_list_does_not_have_is_null_for_conditions_too() -> None:
    """The place of the last item stays; another list may be shorter."""
    lists = {"name": "lists", "type": "enum", "values": [[1.5, 2.5, 3.5], [4.5], [], None]}
    ways = [{"next": "nothing", "when": "found is null"}, {"next": "something", "when": "found > 0"}]
    states = [
        state("a", "b", emitter=None, variables=[lists]),
        state("b", "c", emitter=None, each={"variable": "lists", "as": "item"}),
        state("c", "d", emitter=None, variables=[lists]),
        state("d", emitter=None, variables=[computed("found", "lists[each.index]")]) | {"transitions": ways},
        state("nothing"),
        state("something"),
    ]
    found = records_of(world(read("found"), computed("where", "state"), states=states), 400)
    assert {(one["found"], one["where"]) for one in found} == {
        (None, "nothing"), *((value, "something") for value in (1.5, 3.5, 4.5)),
    }  # fmt: skip


def test_the_next_item_comes_behind_others_of_the_same_instant() -> None:
    """As every step does: at one instant the worker who came first is first."""
    spec = dishes(serving(through={"table": "dishes", "as": "line"}))
    spec["arrivals"] = {"type": "every", "every": "1M", "size": 2}
    del spec["interarrival"]
    found = records_of(spec, 6)
    assert [(one["w"], one["i"]) for one in found] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]


def problems_of(spec: dict) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        records_of(spec, 1)
    return [(problem.path, problem.message) for problem in caught.value.problems]


def going(through: object, *variables: dict, to: str = "stop", **keys: object) -> dict:
    items = {"name": "items", "type": "list", "elements": [integer("n", uniform(0, 9))]}
    drawn = items | {"length_distribution": uniform(0, 3)}
    first = state("a", "b", variables=list(variables) or [drawn])
    return world(enum("x", 1), states=[first, state("b", to, each=through, **keys)])


@pytest.mark.parametrize(
    ("spec", "path", "text"),
    [
        (going({"as": "item"}), "states[1].each", 'either "variable" or "table" is required'),
        (going({"as": "item", "variable": "items", "table": "t"}), "states[1].each", "and not both"),
        (going({"variable": "items"}), "states[1].each.as", '"as" is required'),
        (going("items"), "states[1].each", "must be an object"),
        (going({"as": "item", "variable": "itms"}), "states[1].each.variable", 'did you mean "items"?'),
        (going({"as": "item", "variable": "a`b"}), "states[1].each", "must not have"),
        (going({"as": "item", "table": "goods"}), "states[1].each.table", 'unknown table "goods"'),
        (
            going({"as": "item", "variable": "items"}, variables=[enum("item", 1)]),
            "states[1].variables[0].name", "taken already",
        ),
        (
            going({"as": "item", "variable": "items"}, variables=[{"name": "items", "type": "constant", "value": []}]),
            "states[1].each.variable", "set it in a state before",
        ),
        (going({"as": "items", "variable": "items"}), "states[1].each.variable", "set it in a state before"),
        (
            going({"as": "item", "variable": "items"}, integer("items", uniform(0, 3))),
            "states[1].each.variable", "does not always hold a list",
        ),
        (
            going({"as": "item", "variable": "items"}, computed("items", "split('a,b', ',')")),
            "states[1].each.variable", "a list can't be calculated for a state",
        ),
        (
            going({"as": "item", "variable": "items"}, to="a", delay=constant(1)),
            "states[0]", 'without ever waiting, as long as "items" is empty (a → b → a)',
        ),
    ],
)  # fmt: skip
def test_what_can_t_be_gone_through_is_told(spec: dict, path: str, text: str) -> None:
    assert any(found == path and text in message for found, message in problems_of(spec)), problems_of(spec)


def test_a_list_may_hold_what_is_counted_or_made_of_other_variables() -> None:
    """The walk has to know how long it is, and draws nothing but that."""
    parts = [counter("id"), computed("of", "k"), enum("x", 1, 2)]
    items = {"name": "items", "type": "list", "elements": [{"name": "o", "type": "object", "dimensions": parts}]}
    first = state("a", "b", emitter=None, variables=[enum("k", 7), items | {"length_distribution": uniform(0, 3)}])
    spec = world(read("item"), states=[first, state("b", each={"variable": "items", "as": "item"})])
    found = [one["item"] for one in records_of(spec, 50)]
    assert [one["id"] for one in found] == list(range(50))
    assert {one["of"] for one in found} == {7}


def test_a_source_that_fills_bytes_has_no_lists_to_go_through() -> None:
    spec = going({"as": "item", "variable": "items"})
    spec["states"][0] |= {"each": {"table": "t", "as": "row"}}
    spec["tables"] = {"t": {"rows": [{"k": 1}]}}
    del spec["interarrival"]
    spec["arrivals"] = {"type": "every", "every": 1, "bytes": 500}
    assert any("makes one for each of its items" in message for _, message in problems_of(spec))


def test_a_circle_is_allowed_whose_list_always_has_an_item() -> None:
    spec = going({"as": "item", "variable": "items"}, to="a", delay=constant(1))
    spec["states"][0]["variables"][0]["length_distribution"] = uniform(1, 3)
    assert len(records_of(spec, 20)) == 20


def test_explain_counts_items() -> None:
    spec = dishes(ordering(), serving("paying", delay=constant(2)), state("paying"))
    found = datagen.explain(datagen.load(spec))
    states = found["states"]
    assert states["serving"]["visits"] == pytest.approx(1.5, rel=0.05)
    assert states["paying"]["visits"] == pytest.approx(1)
    assert found["life"]["seconds"] == pytest.approx(3, rel=0.05)
    assert found["items_measured"] == ["serving"]
    assert re.search(r"^2\.[45]", str(found["life"]["records"]))
