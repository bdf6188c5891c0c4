"""Expressions that read their own value in the last record: the same as in pieces, and as a plain loop has it."""

from itertools import product

import pytest

from datagen.engine import ordered
from tests.worlds import computed, constant, enum, exponential, integer, records_of, state, uniform, world

OTHERS = [
    integer("n", uniform(-9, 9), percent_nulls=20),
    {"name": "x", "type": "float", "distribution": uniform(-1, 1), "percent_missing": 10},
    enum("word", "a", "b", None),
    {"name": "on", "type": "bool"},
    {"name": "price", "type": "decimal", "distribution": uniform(0, 9), "scale": 2},
]
NUMBERS = [
    "coalesce(previous(v), 0) + 1",
    "coalesce(previous(v), 0.0) + x",
    "coalesce(previous(v) + n, 0)",
    "word = 'a' ? 0 : coalesce(previous(v), 100) + length(word)",
    "coalesce(previous(v) * 3, 7)",  # which becomes too large for a whole number
    "coalesce(previous(v) / n, 5.0)",
    "coalesce(previous(v) % 7, 5) + 3",
    "round(coalesce(previous(v), 0.0) * 0.9 + x, 2)",
    "max(coalesce(previous(v), 0), n)",
    "min(coalesce(previous(v) + x, 0.5), 0.75)",
    "abs(coalesce(previous(v), 1.5) - 2 * x)",
    "coalesce(previous(v), 0) + (previous(v) is null ? 10 : hour(time) + minute(time))",
    "on and word != 'b' ? coalesce(previous(v), 0) + steps : 0",
    "(previous(v) > 5 or n > 5) ? 0 : coalesce(previous(v), 0) + 1",
    "coalesce(previous(v), 0.0) + coalesce(previous(n), 0) + visits",
    "floor(coalesce(previous(v), 0.0) + x * 10) + 0.5",
    "sqrt(coalesce(previous(v), 2.0) + abs(x))",
]
TRUTHS = ["not coalesce(previous(v), false)", "on ? true : coalesce(previous(v) = false, false)", "previous(v) is null"]
OF_OTHER_TYPES = [
    "coalesce(previous(v), word)",
    "coalesce(previous(v), time)",
    "coalesce(previous(v), 0.00) + price",
    "previous(v) is null ? 1 : 'one'",
    "coalesce(previous(v), n) + x",
]


def values(value: str, **keys: object) -> list:
    states = [state("s", {"s": 0.95, "stop": 0.05}, delay=exponential(1), variables=[integer("own", uniform(0, 9))])]
    spec = world(*OTHERS, {"name": "v", "type": "expression", "value": value} | keys, states=states, gap=constant(2))
    return [record.get("v", "missing") for record in records_of(spec, 800, max_workers=5)]


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        *product([*NUMBERS, *TRUTHS, *OF_OTHER_TYPES], [{}, {"percent_nulls": 10}, {"when": "word = 'a'"}]),
        *product(NUMBERS, [{"precision": 1}]),
    ],
    ids=str,
)
def test_values_are_those_that_are_made_in_pieces(monkeypatch, value: str, keys: dict) -> None:
    found = values(value, **keys)
    monkeypatch.setattr(ordered, "recurring", lambda dimension: None)
    expected = values(value, **keys)
    assert list(map(repr, found)) == list(map(repr, expected))


@pytest.mark.parametrize("value", [*NUMBERS, *TRUTHS])
def test_numbers_are_not_made_in_pieces(monkeypatch, value: str) -> None:
    monkeypatch.setattr(ordered.Ordered, "_made_in_pieces", lambda *_: pytest.fail("in pieces"))
    assert len(set(map(repr, values(value)))) > 1


def test_a_sum_is_that_of_a_plain_loop() -> None:
    spec = world(
        integer("n", uniform(-9, 9)),
        computed("worker", "worker"),
        computed("sum", "coalesce(previous(sum), 0) + n"),
        states=[state("s", {"s": 0.9, "stop": 0.1}, delay=exponential(1))],
    )
    sums: dict[int, int] = {}
    for record in records_of(spec, 20_000, max_workers=7):
        sums[record["worker"]] = sums.get(record["worker"], 0) + record["n"]
        assert record["sum"] == sums[record["worker"]]


def test_a_text_that_is_made_in_pieces_sees_other_fields_of_the_record_before() -> None:
    spec = world(
        enum("letter", "a", "b", "c"),
        computed("worker", "worker"),
        computed("seen", "previous(seen) = previous(letter) ? 'same' : letter"),
        states=[state("s", {"s": 0.9, "stop": 0.1}, delay=exponential(1))],
        gap=constant(2),
    )
    last: dict[int, dict] = {}
    for record in records_of(spec, 3000, max_workers=5):
        before = last.get(record["worker"])
        is_same = before is not None and before["seen"] == before["letter"]
        assert record["seen"] == ("same" if is_same else record["letter"])
        last[record["worker"]] = record
