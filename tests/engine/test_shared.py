"""Values that all workers share: what `set` changes and when, what may read them, what is refused, and what is told."""

import json
from collections import Counter

import pytest

import datagen
from tests.worlds import START, constant, exponential, integer, records_of, uniform, world, write_json

ACCOUNTS = {"columns": ["id", "first"], "rows": [["a", 100], ["b", 50], ["c", 0]], "shared": {"balance": "first * 100"}}
ACCOUNT = {"name": "account", "type": "row", "table": "accounts"}


def computed(name: str, value: str, **keys: object) -> dict:
    return {"name": name, "type": "expression", "value": value, **keys}


def to(state: str, when: str | None = None) -> dict:
    return {"next": state} if when is None else {"next": state, "when": when}


def setting(changes: dict, *ways: dict, name: str = "a", **keys: object) -> dict:
    return {"name": name, "emitter": "e", "delay": constant(1), "set": changes, **keys} | (
        {"transitions": [*ways]} if ways else {}
    )


def column(spec: dict, count: int = 6, **options: object) -> list:
    """The values of the dimension x."""
    return [record["x"] for record in records_of(spec, count, **options)]


def test_the_record_shows_what_holds_after_the_change_and_variables_see_what_held_before() -> None:
    state = setting({"total": "total + 2"}, variables=[computed("was", "total")])
    fields = computed("x", "total * 10 + was")
    assert column(world(fields, states=[state], shared={"total": 1}), 3) == [31, 53, 75]


def test_changes_come_in_their_order_and_each_sees_those_before() -> None:
    state = setting({"p": "p + 1", "q": "p * 10", "p2": "q + p"})
    fields = computed("x", "p2")
    assert column(world(fields, states=[state], shared={"p": 0, "q": 0, "p2": 0}), 3) == [11, 22, 33]


def test_a_change_of_several_rows_is_one_even_where_they_are_the_same() -> None:
    """A transfer to the own account: nothing is lost, nothing gained."""
    state = setting(
        {"from.balance": "from.balance - 7", "to.balance": "to.balance + 7"},
        variables=[ACCOUNT | {"name": "from"}, ACCOUNT | {"name": "to"}],
    )
    fields = [
        computed(name, value)
        for name, value in (("f", "from.id"), ("t", "to.id"), ("fb", "from.balance"), ("tb", "to.balance"))
    ]
    balances = {"a": 10_000, "b": 5_000, "c": 0}
    same = 0
    for record in records_of(world(*fields, states=[state], tables={"accounts": ACCOUNTS}), 200):
        balances[record["f"]] -= 7
        balances[record["t"]] += 7
        same += record["f"] == record["t"]
        assert (record["fb"], record["tb"]) == (balances[record["f"]], balances[record["t"]])
    assert same > 20


def test_conditions_weights_counts_and_priorities_read_shared_values() -> None:
    breaker = setting(
        {"failures": "failures + 1"},
        to("a", "failures < 3"),
        to("stop"),
        ordered=True,
        spawn=[{"state": "kid", "count": "failures"}],
    )
    kid = {"name": "kid", "emitter": "k"}
    spec = world(computed("x", "failures"), states=[breaker, kid], shared={"failures": 0}, gap=constant(100))
    spec["emitters"].append({"name": "k", "dimensions": [computed("k", "failures")]})
    records = records_of(spec, 9)
    assert [record.get("x", record.get("k")) for record in records] == [1, 1, 2, 2, 2, 3, 3, 3, 3]


def test_a_balance_never_falls_below_zero_where_the_same_step_looks_and_takes() -> None:
    look = {
        "name": "look",
        "variables": [ACCOUNT, integer("amount", uniform(1, 3000))],
        "delay": exponential(1),
        "transitions": [to("take", "account.balance >= amount"), to("stop", "account.balance < amount")],
    }
    take = {
        "name": "take",
        "emitter": "e",
        "set": {"account.balance": "account.balance - amount"},
        "delay": constant(1),
    }
    take["next"] = "look"
    fields = [computed("x", "account.balance"), computed("id", "account.id"), computed("n", "amount")]
    spec = world(*fields, states=[look, take], tables={"accounts": ACCOUNTS}, gap=exponential(0.1))
    records = records_of(spec, duration="20M")
    taken = Counter()
    for record in records:
        taken[record["id"]] += record["n"]
        assert record["x"] == {"a": 10_000, "b": 5_000}[record["id"]] - taken[record["id"]] >= 0
    assert taken["a"] > 9_900


@pytest.mark.parametrize(
    ("start", "change", "values"),
    [
        (7, "total + 1 / 0 * 0 + none", [7, 7]),  # null
        (9223372036854775807, "total + 1", [9223372036854775807] * 2),  # what 64 bits don't hold
        (1e300, "total * total", [1e300, 1e300]),
        (0.5, "7", [7.0, 7.0]),
        (0.0, "-1.0 * total", [0.0, 0.0]),
        (True, "not total", [False, True]),
        (False, "total or worker = 1", [False, True]),
    ],
)
def test_what_is_null_changes_nothing_and_a_value_keeps_its_type(start: object, change: str, values: list) -> None:
    change = change.replace("1 / 0 * 0 + none", "none")
    state = setting({"total": change}, variables=[integer("none", uniform(1, 2), percent_nulls=100)])
    found = column(world(computed("x", "total"), states=[state], shared={"total": start}), 2)
    assert json.dumps(found) == json.dumps(values)


def test_a_worker_without_a_row_changes_none_and_reads_null() -> None:
    state = setting({"account.balance": "5"}, variables=[ACCOUNT | {"percent_nulls": 50}])
    fields = [computed("x", "account.balance"), computed("id", "account.id")]
    records = records_of(world(*fields, states=[state], tables={"accounts": ACCOUNTS}), 40)
    assert {(record["id"], record["x"]) for record in records} == {("a", 5), ("b", 5), ("c", 5), (None, None)}


def test_worker_k_has_the_row_k_from_its_birth_on() -> None:
    spec = world(
        computed("id", "account.id"),
        computed("x", "account.visits"),
        states=[setting({"account.visits": "account.visits + 1"}, to("a", "steps < 3"))],
        tables={"accounts": ACCOUNTS | {"shared": {"visits": 0}}},
    )
    del spec["interarrival"]
    spec["arrivals"] = {"type": "even", "rate": 0.1, "variables": [ACCOUNT | {"pick": "worker"}]}
    records = records_of(spec, 15)
    assert "".join(record["id"] for record in records) == "aaabbbcccaaabbb"
    assert [record["x"] for record in records] == [1, 2, 3, 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]


def test_a_table_may_have_very_many_rows_that_share() -> None:
    table = {"size": 200_000, "columns": [{"name": "id", "type": "counter"}], "shared": {"balance": "id"}}
    state = setting({"account.balance": "account.balance + 1000000"}, variables=[ACCOUNT])
    fields = [computed("x", "account.balance - account.id")]
    found = column(world(*fields, states=[state], tables={"accounts": table}), 500)
    assert Counter(found).keys() <= {1_000_000, 2_000_000}


def test_a_field_of_the_same_name_hides_a_shared_value() -> None:
    fields = [computed("y", "total"), {"name": "total", "type": "constant", "value": "own"}, computed("x", "total")]
    spec = world(*fields, states=[setting({"total": "total + 1"})], shared={"total": 0})
    assert [(record["y"], record["x"]) for record in records_of(spec, 2)] == [(1, "own"), (2, "own")]


def test_texts_patterns_and_drawn_numbers_read_shared_values() -> None:
    state = setting({"account.balance": "account.balance + 1"}, variables=[ACCOUNT | {"distribution": constant(0)}])
    fields = [
        {"name": "text", "type": "text", "value": "{{account.id}}={{account.balance}}"},
        integer("x", constant("account.balance")),
    ]
    records = records_of(world(*fields, states=[state], tables={"accounts": ACCOUNTS}), 2)
    assert [(record["text"], record["x"]) for record in records] == [("a=10001", 10001), ("a=10002", 10002)]


WRONG = [
    ({"shared": {"total": "1"}}, {}, 'shared.total: must be a number, true or false, found "1"; count money in cents'),
    ({"shared": {"total": None}}, {}, "shared.total: must be a number, true or false, found null"),
    ({"shared": {"total": 2**63}}, {}, "shared.total: must be a whole number of at most 64 bits"),
    ({"shared": {"total": 1e301}}, {}, "shared.total: must lie between -1e300 and 1e300"),
    ({"shared": {"n": 1}}, {}, 'shared.n: there is a variable "n", too'),
    ({"shared": {"alive": 1}}, {}, 'shared.alive: "alive" is what expressions read of a worker'),
    ({"shared": {"a.b": 1}}, {}, "shared.a.b: must not have a dot in its name"),
    ({}, {"totl": "1"}, 'set.totl: unknown shared value "totl"; did you mean "total"?'),
    ({"shared": {}}, {"totl": "1"}, 'set.totl: unknown shared value "totl"; the spec has no "shared"'),
    ({}, {"n": "1"}, 'set.n: "n" is a variable; it is set in `variables`'),
    ({}, {"account.balanc": "1"}, 'table "accounts" shares no "balanc"; did you mean "balance"?'),
    ({}, {"other.balance": "1"}, 'set.other.balance: unknown shared value "other.balance"'),
    ({}, {"n.balance": "1"}, '"n" does not hold, wherever it is set, a row of one and the same table with `shared`'),
    ({}, {"total": "totl + 1"}, 'set.total: "totl" is neither a variable nor what is known of a worker'),
    ({}, {"total": "time"}, "set.total: is a time, and what it sets is a whole number from the start"),
    ({}, {"total": "total / 2"}, "is a number with a point, and what it sets is a whole number from the start"),
    ({}, {"total": "total > 2"}, "is true or false, and what it sets is a whole number from the start"),
    ({}, {"total": "null"}, "is always null, and what it sets is a whole number from the start"),
    ({}, {"total": "'x'"}, "set.total: a text can't be calculated for a state"),
    ({}, {"total": "total + 'x'"}, "set.total: "),
    ({}, {"total": "text"}, 'set.total: variable "text" can\'t be read by a state: what sets it is of the type "text"'),
    ({}, {"total": "1 +"}, "set.total: "),
]


@pytest.mark.parametrize(("keys", "changes", "message"), WRONG)
def test_what_can_not_be_shared_or_set_is_refused(keys: dict, changes: dict, message: str) -> None:
    variables = [
        ACCOUNT,
        integer("n", uniform(0, 9)),
        {"name": "text", "type": "text", "value": "x"},
    ]
    state = setting({"account.balance": "1"} | changes, variables=variables)
    spec = world(states=[state], tables={"accounts": ACCOUNTS}) | {"shared": {"total": 0}} | keys
    with pytest.raises(datagen.InvalidInput) as caught:
        records_of(spec, 1)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("shared", "message"),
    [
        ({"first": 0}, 'tables.accounts.shared.first: there is a column "first" already'),
        ({"x.y": 0}, "tables.accounts.shared.x.y: must not have a dot"),
        ({"x": "id"}, "tables.accounts.shared.x: is neither a number nor true or false"),
        ({"x": "second"}, 'tables.accounts.shared.x: there is no column "second"'),
        ({"x": "first / 0"}, "tables.accounts.shared.x: is null in row 1"),
        ({"x": "decimal(first, 2)"}, "is neither a number nor true or false; count in its smallest unit"),
        ({"x": None}, "tables.accounts.shared.x: must be a number, true or false"),
    ],
)
def test_what_rows_can_not_share_is_refused(shared: dict, message: str) -> None:
    spec = world(
        computed("x", "account.id"),
        states=[setting({}, variables=[ACCOUNT])],
        tables={"accounts": ACCOUNTS | {"shared": shared}},
    )
    with pytest.raises(datagen.InvalidInput) as caught:
        records_of(spec, 1)
    assert message in str(caught.value)


def test_a_value_of_a_row_is_read_below_what_sets_the_row() -> None:
    state = setting({}, variables=[computed("was", "account.balance"), ACCOUNT])
    with pytest.raises(datagen.InvalidInput, match=r'variables\[0\].value: reads "account.balance", and the variable'):
        records_of(world(computed("x", "was"), states=[state], tables={"accounts": ACCOUNTS}), 1)


def test_a_child_reads_the_row_of_its_parent_and_no_other() -> None:
    own = [computed("was", "account.balance")]
    state = setting({}, variables=[ACCOUNT], spawn=[{"state": "kid", "variables": own}])
    kid = {"name": "kid", "emitter": "e"}
    spec = world(computed("x", "was"), states=[state, kid], tables={"accounts": ACCOUNTS})
    assert Counter(column(spec, 40)).keys() == {None, 10_000, 5_000, 0}
    for own in ([computed("was", "account.balance"), ACCOUNT], [ACCOUNT, computed("was", "account.balance")]):
        state["spawn"] = [{"state": "kid", "variables": own}]
        with pytest.raises(datagen.InvalidInput, match='the variable "account" is set for the same child'):
            column(spec)


def test_children_have_no_number_and_get_no_row_by_it() -> None:
    change = {"account.balance": "account.balance + 1"}
    kid = {"name": "kid", "emitter": "k", "variables": [ACCOUNT | {"pick": "worker"}], "set": change}
    spec = world(computed("x", "1"), states=[setting({}, spawn=[{"state": "kid"}]), kid], tables={"accounts": ACCOUNTS})
    spec["emitters"].append({"name": "k", "dimensions": [computed("x", "coalesce(account.balance, -1)")]})
    assert column(spec, 4) == [1, -1, 1, -1]


def test_a_change_reads_what_is_known_of_the_instant() -> None:
    """Also where nothing of it is noted for a record."""
    state = setting({"total": "total + steps"}, to("a", "total < 10"), to("stop", "total >= 10"))
    assert len(records_of(world(states=[state], shared={"total": 0}, gap=constant(100)), duration="90S")) == 4


def test_what_is_shared_is_unknown_at_birth() -> None:
    spec = world(states=[setting({"total": "total + 1"})], shared={"total": 0}, tables={"accounts": ACCOUNTS})
    del spec["interarrival"]
    for value in ("total", "account.balance"):
        variables = [ACCOUNT, computed("v", value)]
        spec["arrivals"] = {"type": "even", "rate": 1, "variables": variables}
        with pytest.raises(datagen.InvalidInput, match=f'"{value}" can only be read by states, and by fields of their'):
            records_of(spec, 1)


def test_a_value_that_no_state_sets_is_warned_about(command, tmp_path) -> None:
    path = write_json(tmp_path / "spec.json", world(computed("x", "total"), shared={"total": 3}))
    outcome = command("-c", path, "-s", START, "-n", "1")
    assert '"x":3' in outcome.out
    assert 'no state sets "total", so it stays as it is' in outcome.err


def test_records_that_are_measured_ahead_can_not_read_what_others_change() -> None:
    spec = world(computed("x", "total"), states=[setting({"total": "total + 1"})], shared={"total": 0})
    del spec["interarrival"]
    spec["arrivals"] = {"type": "every", "every": 1, "bytes": 1000}
    with pytest.raises(datagen.InvalidInput, match='"x" reads "total", which others may have changed by then'):
        records_of(spec, 1)


def test_explain_tells_what_it_counts_in_a_pilot() -> None:
    state = setting({"left": "left - 1"}, to("a", "left > 0"), to("stop", "left <= 0"))
    found = datagen.explain(world(states=[state], shared={"left": 1000}))
    assert found["transitions"] == "pilot"
    assert found["left_out"] == ["shared values, beyond how they change in a pilot"]
