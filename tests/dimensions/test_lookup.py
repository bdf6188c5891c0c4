"""The field generator ``lookup``: values of records that were emitted before."""

import re
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from tests.worlds import constant, counter, enum, exponential, integer, records_of, state, uniform, world

IN_TURN = [state("a", {"a": 0.5, "b": 0.5}, "order", delay=exponential(1)), state("b", {"a": 1}, "payment")]
FALLING = {"type": "triangular", "min": 0, "mode": 0, "max": 1}


def lookup(dimension: object, name: str = "found", emitter: str = "order", **keys: object) -> dict:
    return {"name": name, "type": "lookup", "emitter": emitter, "dimension": dimension, **keys}


def shop(*payment: dict, states: list[dict] = IN_TURN, **keys: object) -> dict:
    """Orders of some users, and payments that refer to them."""
    spec = world(states=states, gap=exponential(0.1), **keys)
    order = [counter("id"), integer("user", uniform(1, 20)), enum("total", 1, 2.5, percent_missing=20)]
    emitters = [{"name": "payment", "dimensions": list(payment)}, {"name": "order", "dimensions": order}]
    return spec | {"emitters": emitters}


def told_apart(records: list[dict]) -> list[tuple[bool, dict]]:
    return [("id" in record, record) for record in records]


@pytest.mark.parametrize("among", ["all", {"recent": 3}, {"recent": 100_000}])
def test_what_is_looked_up_was_emitted_before_and_not_too_long_ago(among: object) -> None:
    orders: list[int] = []
    depth = len(orders) + 10**6 if among == "all" else among["recent"]
    for is_order, record in told_apart(records_of(shop(lookup("id", among=among)), 40_000)):
        if is_order:
            orders.append(record["id"])
        elif orders:
            assert max(0, len(orders) - depth) <= record["found"] < len(orders)
        else:
            assert record["found"] is None
    assert len(orders) > 20_000


def test_stages_change_nothing_of_what_can_be_looked_up(generate, tmp_path) -> None:
    dropped = {"type": "filter", "where": "id is null"}
    target = {"type": "stdout", "through": [dropped]}
    lines = generate(shop(lookup("id")) | {"target": target}, "-n", 2000).records
    plain = generate(shop(lookup("id")), "-n", 2000).records
    assert lines == [record for record in plain if "id" not in record]


def test_each_of_the_last_is_equally_likely_and_an_index_counts_from_the_newest() -> None:
    orders, even, near, share = 0, [], [], []
    fields = [
        lookup("id", "even", among={"recent": 50}),
        lookup("id", "near", distribution=exponential(5)),
        lookup(
            "id",
            "share",
            among={"recent": 1000},
            distribution={"type": "triangular", "min": 0, "mode": 0, "max": 1},
            relative=True,
        ),
    ]
    for is_order, record in told_apart(records_of(shop(*fields), 30_000)):
        orders += is_order
        if not is_order and orders > 1000:
            even.append(orders - 1 - record["even"])
            near.append(orders - 1 - record["near"])
            share.append(orders - 1 - record["share"])
    assert stats.chisquare(np.bincount(even, minlength=50)).pvalue > 0.01
    assert max(even) == 49
    expected = -np.diff(np.exp(-np.arange(16) / 5)) * len(near)
    found = np.bincount(near, minlength=15)[:15]
    assert stats.chisquare([*found, len(near) - found.sum()], [*expected, len(near) - expected.sum()]).pvalue > 0.01
    assert stats.kstest((np.array(share) + 0.5) / 1000, stats.triang(0).cdf).pvalue > 0.01


def test_several_dimensions_and_fields_of_one_label_are_of_one_record() -> None:
    fields = [lookup(["time", "id", "user", "total"], "all"), lookup("id", "one", **{"as": "x"})]
    orders = {}
    for is_order, record in told_apart(records_of(shop(*fields, lookup("user", "two", **{"as": "x"})), 5000)):
        if is_order:
            orders[record["id"]] = record
        elif orders:
            assert record["all"] == orders[record["all"]["id"]]
            assert record["two"] == orders[record["one"]]["user"]
        else:
            assert (record["all"], record["one"]) == (None, None)


def test_once_takes_each_record_once_and_in_the_end_all_of_them() -> None:
    paid = state("b", {"a": 0.9, "b": 0.1}, "payment", delay=constant(1))
    states = [state("a", "b", "order", delay=exponential(1)), paid]
    oldest = {"once": True, "distribution": constant(10**6), "among": "all"}
    fields = [lookup("id", "any", once=True), lookup("id", "oldest", **oldest)]
    records = records_of(shop(*fields, states=states), 40_000)
    taken, in_turn, orders = Counter(), [], 0
    for is_order, record in told_apart(records):
        orders += is_order
        if not is_order:
            taken[record["any"]] += 1
            in_turn.append(record["oldest"])
            assert record["any"] is None or record["any"] < orders
    del taken[None]
    assert set(taken.values()) == {1}
    assert [one for one in in_turn if one is not None] == [*range(sum(one is not None for one in in_turn))]
    assert len(taken) > orders - 1000  # more is taken than made


def test_among_the_alive_nobody_is_found_who_has_stopped() -> None:
    states = [
        state("in", {"in": 0.5, "out": 0.5}, "order", delay=exponential(5)),
        state("out", "stop", "payment", delay=constant(0)),
    ]
    spec = shop(lookup(["id", "who"], among="alive"), {"name": "who", "type": "expression", "value": "worker"})
    spec |= {"states": states}
    spec["emitters"][1]["dimensions"].append({"name": "who", "type": "expression", "value": "worker"})
    stopped, found = set(), 0
    for is_order, record in told_apart(records_of(spec, 20_000)):
        if not is_order:
            assert record["found"] is None or record["found"]["who"] not in stopped
            found += record["found"] is not None and record["found"]["who"] != record["who"]
            stopped.add(record["who"])
    assert found > 5000


def test_match_finds_only_what_is_equal() -> None:
    fields = [integer("user", uniform(1, 30)), lookup(["id", "user"], match={"user": "user"})]
    fields += [lookup(["id", "user"], "mine", match={"user": "user"}, distribution=constant(0), once=True)]
    found, orders, taken = 0, {}, set()
    for is_order, record in told_apart(records_of(shop(*fields), 20_000)):
        if is_order:
            orders.setdefault(record["user"], []).append(record["id"])
            continue
        own = orders.get(record["user"], [])
        left = [id_ for id_ in own if id_ not in taken]
        assert (record["found"] is None) == (not own)
        assert record["mine"] == ({"id": left[-1], "user": record["user"]} if left else None)
        assert record["found"] is None or record["found"]["id"] in own
        taken |= {left[-1]} if left else set()
        found += bool(own)
    assert found > 3000


def test_a_known_customer_or_a_new_one() -> None:
    fresh, known = counter("fresh", start=1), lookup("user", "known", "e")
    user = {"name": "user", "type": "one_of", "of": [known, fresh], "weights": [7, 3]}
    spec = world(
        user | {"name": "drawn"}, {"name": "user", "type": "expression", "value": "coalesce(drawn, 0)"}, gap=0.1
    )
    seen = set()
    for record in records_of(spec, 5000):
        assert record["drawn"] in seen or record["drawn"] in (None, len(seen - {0}) + 1)
        seen.add(record["user"])
    assert 1400 < len(seen) < 1600


def test_a_worker_keeps_what_it_has_looked_up() -> None:
    variables = [lookup(["id", "user"], "order", once=True)]
    states = [
        state("a", {"a": 0.6, "b": 0.4}, "order", delay=exponential(1)),
        state("b", "c", "payment", delay=exponential(1), variables=variables),
        state("c", {"a": 1}, "payment", delay=exponential(1)),
    ]
    shown = {"name": "of", "type": "expression", "value": "order.id"}
    found = Counter(record["of"] for record in records_of(shop(shown, states=states), 20_000) if "id" not in record)
    del found[None]
    assert set(found.values()) <= {1, 2}
    assert Counter(found.values())[2] > 1000


def test_a_source_may_look_up_what_its_workers_are_about() -> None:
    spec = shop({"name": "of", "type": "variable", "variable": "order"})
    spec["states"] = [state("a", {"a": 0.9, "stop": 0.1}, "order", delay=exponential(1)), state("p", emitter="payment")]
    del spec["interarrival"]
    spec["arrivals"] = [
        {"type": "poisson", "name": "shop", "rate": 1},
        {"type": "poisson", "name": "bank", "rate": 3, "state": "p", "variables": [lookup("id", "order", once=True)]},
    ]
    orders, paid = 0, []
    for is_order, record in told_apart(records_of(spec, 5000)):
        orders += is_order
        if not is_order and record["of"] is not None:
            assert record["of"] < orders
            paid.append(record["of"])
    assert len(set(paid)) == len(paid) > 1000


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (
            lookup("id", emitter="ordre"),
            r'emitters\[0\].dimensions\[0\].emitter: unknown emitter "ordre"; did you mean "order"',
        ),
        (lookup("ide"), r'.dimension: emitter "order" has no dimension "ide"; did you mean "id"'),
        (lookup(["id", "usr"]), r'.dimension\[1\]: emitter "order" has no dimension "usr"; did you mean "user"'),
        (lookup("id", match={"usr": "1"}), r'.match.usr: emitter "order" has no dimension "usr"'),
        (lookup("id", match={"user": "usr"}), r'.match.user: "usr" is not a dimension above, a variable or time'),
        (
            lookup("id", among="recent"),
            r'.among: must be "all", "alive" or such as {"recent": 100000}, of 1 to 10000000',
        ),
        (lookup("id", among={"recent": 0}), r'.among: must be "all", "alive" or such as'),
        (lookup("id", relative=True), '.relative: needs a "distribution", of the share'),
        (
            lookup("id", once=True, **{"as": "x"}),
            '.as: can\'t be with "once", as each field would take a record of its own',
        ),
        (lookup(["id", "id"]), ".dimension: names must be unique"),
        (lookup([]), ".dimension: must not be empty"),
        (
            {"name": "o", "type": "object", "cardinality": 2, "dimensions": [lookup("id")]},
            r"dimensions\[0\]: can't be in a pool, which is made before there are workers",
        ),
    ],
)
def test_what_can_t_be_looked_up_is_told_with_its_place(generate, field: dict, message: str) -> None:
    outcome = generate(shop(field), "--check")
    assert outcome.code == 2
    assert re.search(message, outcome.err)


def test_emitters_that_look_each_other_up_in_a_circle_are_told(generate) -> None:
    spec = shop(lookup("paid", "x"))
    spec["emitters"][1]["dimensions"].append(lookup("x", "paid", "payment"))
    outcome = generate(spec, "--check")
    assert outcome.code == 2
    assert 'made of records that are made of it ("x" of payment → "paid" of order → "x" of payment)' in outcome.err


def test_a_variable_that_looks_up_what_it_is_in_is_told(generate) -> None:
    states = [state("a", {"a": 1}, "order", delay=exponential(1), variables=[lookup("mine", "v")])]
    spec = shop(states=states)
    spec["emitters"][1]["dimensions"].append({"name": "mine", "type": "variable", "variable": "v"})
    outcome = generate(spec, "--check")
    assert outcome.code == 2
    assert '"mine" of order → variable "v" → "mine" of order' in outcome.err


def test_labels_of_one_row_must_look_it_up_alike(generate) -> None:
    fields = [lookup("id", "a", **{"as": "x"}), lookup("id", "b", **{"as": "x"}, among="all")]
    outcome = generate(shop(*fields), "--check")
    assert outcome.code == 2
    assert 'another field shares the row "x", and picks it in another way' in outcome.err
