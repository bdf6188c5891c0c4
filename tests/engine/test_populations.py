"""Several populations in one run: whose draws, numbers and places are whose, and in which order things happen."""

import json
from collections import Counter
from pathlib import Path

import pytest

import datagen
from datagen.clock import NEVER
from datagen.engine.plan import Plan
from datagen.engine.walk import Walk
from datagen.moment import parse_moment
from tests.native.test_walk import assert_same
from tests.worlds import START, constant, exponential, integer, seconds, state, uniform

FIELDS = [
    {"name": name, "type": "expression", "value": name} for name in ("population", "state", "born", "alive", "worker")
]
EMITTER = {"name": "e", "dimensions": [*FIELDS, integer("drawn", uniform(0, 10**9))]}
WALK = [state("in", "out", delay=exponential(3)), state("out", {"in": 0.5, "stop": 0.5}, delay=exponential(1))]
SHOP = {"states": WALK, "interarrival": exponential(1)}
BANK = {"states": WALK, "arrivals": {"type": "poisson", "rate": 2}, "max_workers": 3}


def of(populations: dict, **keys: object) -> dict:
    return {"populations": populations, "emitters": [EMITTER], **keys}


def records(spec: dict, count: int = 200, only: tuple = (), **options: object) -> list[dict]:
    ends = {} if "duration" in options else {"records": count}
    return list(datagen.records(datagen.load(spec, only=only), start=START, seed=1, **ends, **options))


def without(record: dict, *names: str) -> dict:
    return {key: value for key, value in record.items() if key not in names}


def test_another_population_leaves_the_records_of_the_others_as_they_were() -> None:
    alone = records(of({"shop": SHOP}), 100)
    among = records(of({"a": BANK, "shop": SHOP, "z": BANK}), 1000)
    assert [record for record in among if record["population"] == "shop"][:100] == alone


def test_draws_are_keyed_by_the_name_of_the_population() -> None:
    one, other = (records(of({name: SHOP}), 50) for name in ("shop", "bank"))
    assert {record["drawn"] for record in one}.isdisjoint(record["drawn"] for record in other)


def test_only_one_population_is_run() -> None:
    spec = of({"shop": SHOP, "bank": BANK})
    assert records(spec, 50, only=("bank",)) == records(of({"bank": BANK}), 50)


def test_each_population_has_numbers_and_a_limit_of_its_own() -> None:
    found = records(of({"shop": SHOP, "bank": BANK}), 2000)
    for name in ("shop", "bank"):
        born = [record["born"] for record in found if record["population"] == name and record["state"] == "in"]
        assert sorted(set(born)) == list(range(max(born) + 1))
    assert max(record["alive"] for record in found if record["population"] == "bank") == 3
    assert max(record["alive"] for record in found if record["population"] == "shop") > 3


def test_limits_are_given_by_name() -> None:
    found = records(of({"shop": SHOP, "bank": BANK}), 2000, max_workers={"shop": 1, "bank": 2})
    assert max(record["alive"] for record in found if record["population"] == "bank") == 2
    assert {record["alive"] for record in found if record["population"] == "shop"} == {1}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (3, '-m: of several populations, each has its limit: give NAME=N, of "shop", "bank"'),
        ({"shp": 3}, '-m: unknown population "shp"; did you mean "shop"?'),
    ],
)
def test_a_limit_of_no_population_is_refused(given: object, message: str) -> None:
    with pytest.raises(datagen.InvalidInput) as refused:
        datagen.run(of({"shop": SHOP, "bank": BANK}), {"type": "stdout"}, start=START, records=1, max_workers=given)
    assert [str(problem) for problem in refused.value.problems] == [message]


def test_at_one_instant_events_go_by_population_and_births_come_behind_all_who_are_there() -> None:
    """Everybody takes a second, and one is born each second: of b first, as the spec lists them, and yet behind a."""
    states = [state("in", "out", delay=constant(1)), state("out")]
    every = {"type": "every", "every": "1S"}
    found = records(of({"b": {"states": states, "arrivals": every}, "a b": {"states": states, "arrivals": every}}), 6)
    assert [(record["population"], record["state"]) for record in found] == [
        ("a b", "in"),
        ("b", "in"),
        ("a b", "out"),
        ("b", "out"),
        ("a b", "in"),
        ("b", "in"),
    ]


def test_children_are_born_into_the_population_that_is_named() -> None:
    """Behind all who are there, and before those of sources; their numbers are those of their population."""
    spawn = [{"population": "kids", "state": "in"}, {"state": "alone", "name": "own"}]
    parents = {"states": [state("in", spawn=spawn, delay=constant(5)), state("alone")], "interarrival": constant(2)}
    kids = {"states": [state("in")], "interarrival": constant(2)}
    found = records(of({"parents": parents, "kids": kids}), 8)
    assert [(record["population"], record["state"], record["born"]) for record in found] == [
        ("kids", "in", 0),
        ("parents", "in", 0),
        ("kids", "in", 1),
        ("parents", "alone", 1),
        ("kids", "in", 2),
        ("parents", "in", 2),
        ("kids", "in", 3),
        ("parents", "alone", 3),
    ]


def test_a_population_may_consist_of_children_alone() -> None:
    parents = {"states": [state("in", spawn=[{"population": "kids", "state": "in"}])], "interarrival": constant(2)}
    found = records(of({"parents": parents, "kids": {"states": [state("in")]}}), 4)
    assert [record["population"] for record in found] == ["parents", "kids"] * 2


def test_visits_are_counted_by_the_name_of_the_state_in_its_own_population() -> None:
    visits = {"name": "e", "dimensions": [FIELDS[0], {"name": "n", "type": "expression", "value": "visits('in')"}]}
    own = {"states": [state("in", {"in": 0.7, "stop": 0.3}, delay=constant(1))], "interarrival": constant(1)}
    found = records({"populations": {"a": own, "b": own}, "emitters": [visits]}, 300)
    assert {name: min(r["n"] for r in found if r["population"] == name) for name in "ab"} == {"a": 1, "b": 1}
    assert max(record["n"] for record in found) > 3


def test_conditions_read_where_a_worker_is() -> None:
    ways = [{"next": "in", "when": "population = 'a' and state = 'in' and visits < 3"}, {"next": "stop"}]
    own = {"states": [{"name": "in", "emitter": "e", "delay": constant(1), "transitions": ways, "ordered": True}]}
    own |= {"arrivals": {"type": "at_start", "total": 2}}
    assert Counter(record["population"] for record in records(of({"a": own, "b": own}), 99)) == {"a": 6, "b": 2}


def test_what_is_common_is_shared() -> None:
    own = {"states": [state("in", use="desk", delay=constant(1))], "arrivals": {"type": "at_start", "total": 2}}
    found = records(of({"a": own, "b": own}, resources={"desk": {"capacity": 1}}), 9)
    assert [(seconds(record), record["population"]) for record in found] == [(0, "a"), (1, "a"), (2, "b"), (3, "b")]


def test_a_walk_of_several_populations_goes_on_from_a_snapshot(monkeypatch) -> None:
    monkeypatch.setattr("datagen.engine.walk._MOST_ROWS", 100)
    monkeypatch.setattr("datagen.engine.walk._FIRST_ROWS", 100)
    spawn = [{"population": "bank", "state": "out"}]
    shop = SHOP | {"states": [WALK[0] | {"spawn": spawn}, WALK[1]]}
    plan = Plan(datagen.load(of({"shop": shop, "bank": BANK})).spec, parse_moment(START))
    whole, restored = (Walk(plan, 1, {"shop": 4, "bank": 2}) for _ in range(2))
    for _ in range(5):
        whole.advance(NEVER)
    restored.restore(whole.snapshot())
    assert_same([restored.advance(NEVER) for _ in range(5)], [whole.advance(NEVER) for _ in range(5)])


def test_records_of_one_number_in_two_populations_are_told_apart(tmp_path: Path) -> None:
    """Also by the audit, and by targets that want only some populations; the rows of tables are of none."""
    targets = [
        {"type": "file", "path": str(tmp_path / "all"), "record_id": True},
        {"type": "file", "path": str(tmp_path / "bank"), "record_id": True, "populations": ["bank"]},
        {"type": "file", "path": str(tmp_path / "both"), "populations": ["bank", "shop"]},
    ]
    table = {"columns": ["x"], "rows": [[1], [2]], "emit": {"emitter": "row"}}
    spec = of({"shop": SHOP, "bank": BANK}, target=targets, tables={"t": table})
    datagen.run(spec, start=START, seed=1, records=300)
    read = {path.name: [json.loads(line) for line in path.read_text().splitlines()] for path in tmp_path.iterdir()}
    ids = [record["record_id"] for record in read["all"]]
    assert len(set(ids)) == len(ids) == 300
    assert {"shop-0-0", "bank-0-0", "row-0"} <= set(ids)
    assert read["bank"] == [record for record in read["all"] if record.get("population") == "bank"]
    assert read["both"] == [without(record, "record_id") for record in read["all"] if "population" in record]


def test_the_limit_that_is_too_low_is_named(tool, tmp_path: Path) -> None:
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(of({"shop": SHOP, "bank": {"states": WALK, "interarrival": constant(60)}})))
    outcome = tool("run", path, "-s", START, "-n", "500", "--seed", "1", "-m", "shop=2")
    assert outcome.code == 0
    assert "limits of workers held " in outcome.err
    assert '; higher ones of "shop" make more records (-m NAME=N, or max_workers of the population)' in outcome.err


def test_explain_tells_of_each_population() -> None:
    found = datagen.explain(of({"shop": SHOP, "bank": BANK}), seed=1)
    shop, bank = (found["populations"][name]["workers"]["born_per_second"] for name in ("shop", "bank"))
    assert (shop, found["records_per_second"]["mean"]) == pytest.approx((1, 4 * (shop + bank)))
    assert {name: one["limit"]["workers"] for name, one in found["populations"].items()} == {"shop": 100, "bank": 3}
    assert {name: one["limit"]["binds"] for name, one in found["populations"].items()} == {"shop": False, "bank": True}
    assert found["populations"]["shop"]["life"]["seconds"] == pytest.approx(8)
    assert found["limit"]["workers"] == 103


def test_who_has_waited_longer_goes_behind_another_population() -> None:
    """Both are born when a place falls free at 10 s; b came due before, and its name is behind."""
    stay = [state("in", delay=constant(10))]
    held = {
        name: {"states": stay, "max_workers": 1, "arrivals": {"type": "timestamps", "values": ["+0S", second]}}
        for name, second in (("a", "+2S"), ("b", "+1S"))
    }
    found = records(of(held), 9)
    assert [(seconds(record), record["population"]) for record in found] == [(0, "a"), (0, "b"), (10, "a"), (10, "b")]


def test_who_is_turned_away_is_alive_in_its_population() -> None:
    stay = [state("in", delay=constant(100)), state("away", delay=constant(100))]
    source = {"type": "every", "every": "1S", "times": 3, "when_full": {"state": "away"}}
    full = {"states": stay, "max_workers": 1, "arrivals": source}
    found = records(of({"a": full, "b": {"states": stay, "interarrival": constant(1)}}), 6)
    assert [record["alive"] for record in found if record["population"] == "a"] == [1, 2, 3]
    assert [record["state"] for record in found if record["population"] == "a"] == ["in", "away", "away"]


def test_children_of_one_instant_are_born_by_population() -> None:
    spawn = [{"population": name, "state": "in", "count": 2} for name in ("z", "b")]
    parents = {"states": [state("in", spawn=spawn)], "interarrival": constant(60)}
    kids = {"states": [state("in")]}
    found = records(of({"parents": parents, "z": kids, "b": kids}), 5)
    assert [(record["population"], record["born"]) for record in found] == [
        ("parents", 0),
        ("b", 0),
        ("b", 1),
        ("z", 0),
        ("z", 1),
    ]


def test_a_limit_follows_the_time_in_its_population_alone() -> None:
    own = {"states": [state("in", delay=constant(30))], "interarrival": constant(5), "max_workers": 2}
    profile = {"type": "minute_of_hour", "factors": {"0": 0.5, "1": 2}}
    found = records(of({"a": own, "b": own | {"limit_profile": profile}}), 999, duration="2M")
    most: Counter = Counter()
    for record in found:
        key = record["population"], int(seconds(record) // 60)
        most[key] = max(most[key], record["alive"])
    assert most == {("a", 0): 2, ("a", 1): 2, ("b", 0): 1, ("b", 1): 4}


def test_a_volume_that_the_limit_of_a_population_makes_impossible_is_refused() -> None:
    with pytest.raises(datagen.InvalidInput, match='with the limit of 3 workers of "bank" it can\'t be'):
        records(of({"shop": SHOP, "bank": BANK}), 10, rate="50/s")
    assert len(records(of({"shop": SHOP, "bank": BANK}), 10, rate="50/s", max_workers={"bank": 500})) == 10


def test_waits_for_what_is_common_are_measured_of_all_together() -> None:
    """A desk that two populations use for 30 s a minute and 20 s a minute is in use for 50."""
    desk = {"resources": {"desk": {"capacity": 1}}}
    every = {name: {"type": "every", "every": "1M", "first": first} for name, first in (("a", 0), ("b", 30))}
    own = {
        name: {"states": [state("in", use="desk", delay=constant(stay))], "arrivals": every[name]}
        for name, stay in (("a", 30), ("b", 20))
    }
    found = datagen.explain(of(own, **desk), seed=1)
    assert found["resources"]["desk"]["utilisation"] == pytest.approx(50 / 60, rel=0.02)
    assert set(found["states"]) == {"a/in", "b/in"}
