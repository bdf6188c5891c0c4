"""Explanations of whom workers bring about: against theory, and against the reference simulator."""

import json

import pytest

import datagen
from tests.engine.reference_simulator import simulate
from tests.worlds import START, constant, exponential, state, world, write_json

KID = {"name": "kid", "emitter": "e", "delay": exponential(2)}


def poisson(rate: float) -> dict:
    return {"type": "poisson", "rate": rate}


def family(*states: dict, **keys: object) -> dict:
    spec = world(states=[*states], **keys)
    return {key: value for key, value in spec.items() if key != "interarrival"} | {"arrivals": poisson(0.5)}


def parent(*entries: dict, **keys: object) -> dict:
    return {"name": "parent", "emitter": "e", "delay": constant(1), "spawn": [*entries], **keys}


def tree_of(spec: dict) -> dict:
    [life] = datagen.explain(spec)["lives"]
    return life


def test_a_life_tells_its_states_and_whom_it_brings_about() -> None:
    spec = family(
        parent({"name": "two", "state": "kid", "count": 2.9, "delay": constant(3)}, next="end"), state("end"), KID
    )
    kid = {"state": "kid", "visits": 1, "seconds": 2, "records": 1, "children": []}
    born = {"entry": "two", "count": 2, "how": "closed form", "after_seconds": 3}
    born |= {"state": "kid", "seconds": 2, "records": 1, "family": {"workers": 1, "records": 1}}
    assert tree_of(spec) == {
        "source": None,
        "type": "poisson",
        "state": "parent",
        "seconds": 1,
        "records": 2,
        "family": {"workers": 3, "records": 4},
        "again": False,
        "states": [
            {"state": "parent", "visits": 1, "seconds": 1, "records": 1}
            | {"children": [born | {"again": False, "states": [kid]}]},
            {"state": "end", "visits": 1, "seconds": 0, "records": 1, "children": []},
        ],
    }


def test_what_children_make_counts_with_the_records() -> None:
    found = datagen.explain(family(parent({"state": "kid", "count": 3}), KID))
    assert found["records_per_second"]["mean"] == pytest.approx(0.5 * 4)
    assert found["states"]["kid"]["per_second"] == pytest.approx(0.5 * 3)
    assert found["life"]["records"] == 1
    assert found["left_out"] == []


def bears(share: float) -> dict:
    """A state of children who bear one of their like with a probability."""
    ways = {"bears": share} if share == 1 else {"bears": share, "stop": 1 - share}
    return state("kid", ways, delay=exponential(1))


def test_families_of_families_have_the_mean_of_a_branching_process() -> None:
    """Each kid has 0.75 on average, so that 4 come of one: H. Watson, F. Galton, 1875."""
    spec = family(parent({"state": "kid", "count": 2}), bears(0.75), {"name": "bears", "spawn": [{"state": "kid"}]})
    life = tree_of(spec)
    assert life["family"] == {"workers": pytest.approx(1 + 2 * 4), "records": pytest.approx(1 + 2 * 4)}
    [kid] = life["states"][0]["children"]
    [again] = kid["states"][1]["children"]
    assert (kid["again"], again["again"], again["states"]) == (False, True, None)
    assert datagen.explain(spec)["records_per_second"]["mean"] == pytest.approx(0.5 * 9)


def test_of_families_without_end_that_is_told(command, tmp_path) -> None:
    spec = family(parent({"state": "kid"}), bears(1), {"name": "bears", "spawn": [{"state": "kid"}]})
    found = datagen.explain(spec)
    assert found["lives"][0]["family"] == {"workers": None, "records": None}
    assert found["left_out"] == [
        "workers whom others spawn, and their records: they may never stop, or be more and more"
    ]
    said = command("explain", write_json(tmp_path / "spec.json", spec)).out
    assert "without end" in said
    assert "(as above)" in said


def test_children_who_never_stop_are_a_family_without_end() -> None:
    life = tree_of(family(parent({"state": "kid"}), state("kid", "kid", delay=exponential(1))))
    assert life["family"]["workers"] is None
    assert life["states"][0]["children"][0]["states"][0]["visits"] is None


SIZE = {"name": "size", "type": "enum", "values": [0, 1, 2, 5], "weights": [1, 4, 3, 2]}


def test_children_whom_an_expression_counts_are_as_many_as_the_reference_simulator_has(command, tmp_path) -> None:
    """Of 2,000 parents or so each: 1.9 to 2.1 are within four standard errors of both."""
    role = {"name": "state", "type": "expression", "value": "kind"}
    spec = family(
        parent(
            {"state": "kid", "count": "size"}, variables=[SIZE, {"name": "kind", "type": "constant", "value": "parent"}]
        ),
        KID | {"variables": [{"name": "kind", "type": "constant", "value": "kid"}]},
    )
    spec["emitters"] = [{"name": "e", "dimensions": [role]}]
    found = tree_of(spec)
    [kids] = found["states"][0]["children"]
    made = [record["state"] for record in simulate(spec, seed=1, start=START, max_workers=10**6, duration_seconds=4000)]
    assert kids["how"] == "pilot"
    assert kids["count"] == pytest.approx(2.0, rel=0.03)
    assert made.count("kid") / made.count("parent") == pytest.approx(kids["count"], rel=0.08)
    assert found["family"]["records"] == pytest.approx(1 + kids["count"])
    said = command("explain", write_json(tmp_path / "spec.json", spec)).out
    assert "children   how many there are of kid was measured by a pilot" in said


def test_how_long_parents_wait_for_their_children_is_measured() -> None:
    """The last of two who stay 2 s on average stops after 3 s."""
    spec = family(parent({"state": "kid", "count": 2}, delay=constant(0), next="home"), state("home", join=True), KID)
    found = datagen.explain(spec)
    assert found["states"]["home"]["waits"] == pytest.approx(3, rel=0.03)
    assert found["life"]["seconds"] == pytest.approx(3, rel=0.03)


def test_children_who_begin_with_a_wait_are_seen_to_wait() -> None:
    """Pairs come at random to one desk, for 1 s each: 0.25 s until the first is served, 0.5 s more for one of two."""
    kid = {"name": "kid", "emitter": "e", "use": "desk", "delay": constant(1)}
    spec = family(parent({"state": "kid", "count": 2}), kid, resources={"desk": {"capacity": 1}})
    spec["arrivals"] = poisson(0.1)
    found = datagen.explain(spec)
    assert found["states"]["kid"]["waits"] == pytest.approx(0.75, rel=0.05)
    assert found["resources"]["desk"]["wait_seconds"] == pytest.approx(0.75, rel=0.1)


def test_a_limit_is_measured_by_those_who_take_a_place() -> None:
    """Twice as many come as the desk can serve; their children count with what is made, and not with who is born."""
    served = parent({"state": "kid", "count": 3}, use="desk", delay=exponential(1))
    spec = family(served, KID, resources={"desk": {"capacity": 1}}) | {"arrivals": poisson(2)}
    found = datagen.explain(spec, max_workers=5)
    assert found["workers"]["born_per_second"] == pytest.approx(1, rel=0.03)
    assert found["records_per_second"]["mean"] == pytest.approx(4, rel=0.03)


def test_children_of_another_population_are_told_with_its_name() -> None:
    inner = {"states": [{"name": "s", "emitter": "e", "spawn": [{"population": "b", "state": "s", "count": 2}]}]}
    spec = {
        "emitters": [{"name": "e", "dimensions": []}],
        "populations": {"a": inner | {"arrivals": poisson(1)}, "b": {"states": [{"name": "s", "emitter": "e"}]}},
    }
    found = datagen.explain(spec)
    [kids] = found["lives"][0]["states"][0]["children"]
    assert (kids["state"], kids["count"]) == ("b/s", 2)
    assert found["records_per_second"]["mean"] == pytest.approx(3)


def test_there_are_no_more_lines_than_states_although_all_bring_about_all() -> None:
    names = [f"s{number}" for number in range(12)]
    entries = [{"state": name, "name": name, "count": 0.0} for name in names]
    states = [{"name": name, "emitter": "e", "delay": constant(1), "spawn": entries} for name in names]
    assert json.dumps(tree_of(family(*states))).count('"visits"') == 12


def test_the_tree_is_shown_to_people(command, tmp_path) -> None:
    entry = {"name": "heirs", "state": "kid", "count": 2, "delay": constant(3)}
    said = command("explain", write_json(tmp_path / "spec.json", family(parent(entry), KID))).out
    assert said.index("lives, on average") < said.index("\nemitter")
    lines = said[said.index("lives, on average") :].splitlines()
    assert [line.split() for line in lines[:5]] == [
        ["lives,", "on", "average", "times", "stay", "records", "with", "all", "below"],
        ["poisson", "1", "1", "s", "1", "3", "workers,", "3", "records"],
        ["parent", "1", "1", "s", "1"],
        ["→", "heirs:", "kid,", "3", "s", "later", "2", "2", "s", "1"],
        ["kid", "1", "2", "s", "1"],
    ]
    alone = command("explain", write_json(tmp_path / "alone.json", family(KID))).out
    assert "lives" not in alone
