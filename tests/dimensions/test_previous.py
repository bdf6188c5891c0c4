"""The field generator ``previous``, and the function of the same name: what the worker's last record had."""

import itertools
import re
from collections import defaultdict

import pytest

import datagen
from datagen.problems import InvalidInput
from tests.worlds import constant, counter, enum, exponential, integer, records_of, state, uniform, world

WORKER = {"name": "worker", "type": "expression", "value": "worker"}
STAYS = [state("a", {"a": 0.9, "stop": 0.1}, delay=exponential(2))]


def previous(of: str, name: str = "was", **keys: object) -> dict:
    return {"name": name, "type": "previous", "of": of, **keys}


def expression(name: str, value: str) -> dict:
    return {"name": name, "type": "expression", "value": value}


def lives(*dimensions: dict, states: list[dict] = STAYS, count: int = 3000) -> list[list[dict]]:
    """The records of each worker, in order."""
    found = defaultdict(list)
    for record in records_of(world(WORKER, *dimensions, states=states, gap=exponential(0.5)), count):
        found[record["worker"]].append(record)
    return list(found.values())


def pairs(*dimensions: dict, **keys: object) -> list[tuple[dict, dict]]:
    """The records that follow one another in the life of a worker."""
    return [pair for life in lives(*dimensions, **keys) for pair in itertools.pairwise(life)]


def test_it_is_what_the_last_record_of_the_same_worker_had() -> None:
    found = lives(previous("i"), integer("i", uniform(0, 10**9)))
    assert {life[0]["was"] for life in found} == {None}
    assert all(later["was"] == earlier["i"] for life in found for earlier, later in itertools.pairwise(life))
    assert max(map(len, found)) > 20


def test_what_was_missing_or_null_is_so_again() -> None:
    gaps = enum("e", "x", None, [1], percent_missing=30)
    for earlier, later in pairs(gaps, previous("e")):
        assert later.get("was", "missing") == earlier.get("e", "missing")


def test_the_first_record_has_the_default_and_a_null_is_no_first_one() -> None:
    found = lives(enum("e", None, 1), previous("e", default={"k": ["none"]}))
    assert all(life[0]["was"] == {"k": ["none"]} for life in found)
    assert all(later["was"] in (None, 1) for life in found for later in life[1:])


def test_it_may_be_a_whole_object_or_a_key_inside_one() -> None:
    order = {"name": "order", "type": "object", "dimensions": [counter("id"), enum("to", "Rome", "Oslo")]}
    for earlier, later in pairs(order, previous("order"), previous("order.to", name="from")):
        assert later["was"] == earlier["order"]
        assert later["from"] == earlier["order"]["to"]


def test_an_expression_makes_differences_and_sums_of_it() -> None:
    fields = [integer("i", uniform(0, 99)), expression("change", "i - previous(i)")]
    for earlier, later in pairs(*fields, expression("sum", "coalesce(previous(sum), 0) + i")):
        assert later["change"] == later["i"] - earlier["i"]
        assert later["sum"] == earlier["sum"] + later["i"]


def test_the_time_since_the_last_record_is_exact() -> None:
    states = [state("a", {"a": 0.9, "stop": 0.1}, delay=constant(0.123456))]
    for _, later in pairs(expression("gap", "time - previous(time)"), states=states):
        assert later["gap"] == pytest.approx(0.123456, abs=1.1e-6)  # times have whole microseconds


def test_it_looks_at_records_of_the_same_emitter_only() -> None:
    states = [state("a", "b", delay=constant(1)), state("b", "c", "other"), state("c", {"a": 0.9, "stop": 0.1})]
    spec = world(counter("n", per="worker"), previous("n"), states=states)
    spec["emitters"].append({"name": "other", "dimensions": [counter("n", per="worker"), previous("n")]})
    for record in records_of(spec, 500, max_workers=1):
        assert record["was"] == (record["n"] - 1 if record["n"] else None)


def test_an_object_may_hold_its_own_former_value() -> None:
    chain = {"name": "chain", "type": "object", "dimensions": [counter("n", per="worker"), previous("chain")]}
    for earlier, later in pairs(chain, count=300):
        assert later["chain"] == {"n": earlier["chain"]["n"] + 1, "was": earlier["chain"]}


def test_a_counter_in_a_circle_counts_in_order() -> None:
    fields = [expression("is_round", "coalesce(previous(n), 0) % 7 = 6"), counter("n", reset="is_round")]
    expected = -1
    for record in records_of(world(*fields, states=STAYS, gap=exponential(0.5)), 2000):
        expected = 0 if record["is_round"] else expected + 1
        assert record["n"] == expected


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (previous("vaule"), r'dimensions\[1\].of: "vaule" is not a dimension of this record; did you mean "value"'),
        (previous("value.x"), r'dimensions\[1\].of: "value" has no "x" inside'),
        (expression("e", "previous(tmie)"), r'"tmie" is not a dimension of this record; did you mean "time"'),
        (expression("e", "previous(value.x)"), '"value" has no "x" inside'),
        (expression("e", "previous(3)"), "takes a dimension of the record, or a key inside of one"),
        (expression("e", "previous(previous(value))"), "takes a dimension of the record, or a key inside of one"),
        (expression("e", "previous(value) * upper(previous(e))"), r"\* can't take a number and a text"),
        (
            {"name": "o", "type": "object", "cardinality": 2, "dimensions": [previous("value")]},
            r"previous\(value\)\" can't be read here: a pool is made before the run",
        ),
    ],
)
def test_what_it_can_t_look_back_at_is_told_with_its_place(generate, field: dict, message: str) -> None:
    outcome = generate(world(integer("value", uniform(0, 9)), field), "--check")
    assert outcome.code == 2
    assert re.search(message, outcome.err)


def test_a_variable_has_no_record_before_it() -> None:
    spec = world(counter("n"), states=[state("s", variables=[previous("n", name="v")])])
    with pytest.raises(InvalidInput, match=r"variables\[0\].of: previous\(n\) can only be read by fields of a record"):
        datagen.load(spec)


def test_a_filter_has_no_record_before_it(generate) -> None:
    spec = world(counter("n"), target={"type": "stdout", "through": [{"type": "filter", "where": "previous(n) = 1"}]})
    outcome = generate(spec, "--check")
    assert outcome.code == 2
    assert "previous(n) can only be read by fields of a record" in outcome.err
