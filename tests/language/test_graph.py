"""Circles of a graph, and checks of specs with very many parts."""

import json
import re
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.graph import circles, reached
from tests.worlds import constant, counter, enum, exponential, read, state, world

NODES = list("abcdefg")


def graphs() -> st.SearchStrategy[dict[str, list[str]]]:
    ways = st.lists(st.sampled_from([*NODES, "stop"]), max_size=4)
    return st.lists(st.sampled_from(NODES), unique=True).flatmap(
        lambda nodes: st.fixed_dictionaries(dict.fromkeys(nodes, ways))
    )


def reached_after(graph: dict[str, list[str]], node: str) -> set[str]:
    """Return where one can get to from a node in at least one step."""
    found: set[str] = set()
    while (more := found | {n for other in [node, *found] for n in graph[other] if n in graph}) != found:
        found = more
    return found


@given(graphs())
def test_each_group_of_nodes_that_lead_to_one_another_has_one_circle(graph: dict[str, list[str]]) -> None:
    after = {node: reached_after(graph, node) for node in graph}
    groups = {frozenset(o for o in graph if o in after[node] and node in after[o]) for node in graph}
    found = list(circles(graph))
    assert len(found) == len(groups - {frozenset()})
    for circle in found:
        assert circle[0] == circle[-1]
        assert all(there in graph[here] for here, there in pairwise(circle))
        group = next(group for group in groups if circle[0] in group)
        assert circle[0] == next(node for node in graph if node in group)
    for node in graph:
        assert set(reached(graph, node)) == {node, *after[node]}


def test_states_in_a_circle_are_one_problem_that_names_it(generate) -> None:
    spec = world(states=[state("a", "b"), state("b", {"c": 0.5, "b": 0.5}), state("c", "a"), state("d", "e")])
    spec["states"] += [state("e", "d"), state("f", "f")]
    outcome = generate(spec, "--check")
    assert outcome.code == 2
    assert re.findall(r"without ever waiting(.*?):", outcome.err) == [" (a → b → c → a)", " (d → e → d)", ""]
    assert "3 problems found" in outcome.err


def test_a_long_circle_is_named_in_short(generate) -> None:
    spec = world(states=[state(f"s{i}", f"s{(i + 1) % 1000}") for i in range(1000)])
    outcome = generate(spec, "--check")
    assert outcome.code == 2
    assert "(s0 → s1 → s2 → s3 → s4 → … → s0)" in outcome.err


def large(kind: str, size: int) -> dict:
    """Make a spec with very many parts of a kind."""
    following = [{f"s{(i + 1) % size}": 0.5, f"s{(i + 2) % size}": 0.5} for i in range(size)]
    match kind:
        case "circles":
            return world(states=[state(f"s{i}", following[i]) for i in range(size)])
        case "states":
            counters = [[counter(f"v{i}")] for i in range(size)]
            delays = [constant(i + 1) for i in range(size)]
            states = [state(f"s{i}", following[i], variables=counters[i], delay=delays[i]) for i in range(size)]
            return world(*(read(f"v{i}") for i in range(size)), states=states)
        case "unknown":
            return world(states=[state(f"s{i}", f"t{i}", delay=exponential(1)) for i in range(size)])
        case "emitters":
            states = [state(f"s{i}", following[i], emitter=f"e{i}", delay=exponential(1)) for i in range(size)]
            emitters = [{"name": f"e{i}", "dimensions": [enum("a", 1)]} for i in range(size)]
            return world(states=states) | {"emitters": emitters}
        case _:
            variables = [counter("v0"), *(read(f"v{i}", name=f"v{i + 1}") for i in range(size))]
            return world(*(read(f"v{i}") for i in range(size)), states=[state("s", variables=variables)])


@pytest.mark.parametrize(
    ("kind", "code"), [("circles", 2), ("states", 0), ("unknown", 2), ("emitters", 0), ("variables", 0)]
)
def test_a_check_of_very_many_parts_does_not_take_long(generate, kind: str, code: int) -> None:
    """Four times as many take four times as long, and not sixteen times, as when the time grew with the square."""
    took = []
    for size in (1_250, 5_000):
        spec = json.dumps(large(kind, size))
        begun = process_time()  # of processors: others may use this machine meanwhile
        assert generate(spec, "--check").code == code
        took.append(process_time() - begun)
    assert took[1] < 8 * max(took[0], 0.3)


def test_a_long_list_of_problems_is_cut_and_counted(generate) -> None:
    outcome = generate(large("unknown", 150), "--check")
    lines = outcome.err.splitlines()
    assert outcome.code == 2
    assert len(lines) == 102
    assert lines[-2:] == ["… and 50 more", "150 problems found; nothing was generated"]


def test_known_names_are_listed_up_to_a_number(generate) -> None:
    states = [state(f"s{i}", "stop") for i in range(300)] + [state("last", "zzz")]
    outcome = generate(world(states=states), "--check")
    assert outcome.code == 2
    assert ", … (302 in all)" in outcome.err
