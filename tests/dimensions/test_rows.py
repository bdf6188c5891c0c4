"""The dimension ``rows``: several different rows of a table."""

from collections import Counter
from itertools import permutations

import pytest
from scipy import stats

from datagen.problems import InvalidInput
from tests.worlds import constant, records_of, run_of, state, uniform, world

WEIGHTS = {"a": 5, "b": 3, "c": 0, "d": 1}


def several(length: dict, **keys: object) -> dict:
    return {"name": "v", "type": "rows", "table": "t", "length_distribution": length, **keys}


def shop(field: dict, rows: int = 4, **keys: object) -> dict:
    table = [{"k": key, "w": weight, "n": n % 2} for n, (key, weight) in enumerate(WEIGHTS.items())][:rows]
    return world(field, {"name": "keys", "type": "expression", "value": "v.k"}, tables={"t": {"rows": table, **keys}})


def test_each_row_of_a_list_is_another_one_and_each_order_as_likely() -> None:
    found = Counter("".join(record["keys"]) for record in records_of(shop(several(constant(2))), 6000))
    assert set(found) == {a + b for a, b in permutations("abcd", 2)}
    assert stats.chisquare(list(found.values())).pvalue > 0.001


def test_rows_are_drawn_by_weight_among_those_that_are_left() -> None:
    found = Counter("".join(record["keys"]) for record in records_of(shop(several(constant(2)), weight="w"), 9000))
    expected = {a + b: 9000 * WEIGHTS[a] / 9 * WEIGHTS[b] / (9 - WEIGHTS[a]) for a, b in permutations("abd", 2)}
    assert set(found) == set(expected)
    assert stats.chisquare([found[key] for key in expected], list(expected.values())).pvalue > 0.001


def test_where_there_are_fewer_it_is_all_of_them() -> None:
    for record in records_of(shop(several(constant(9)), weight="w"), 50):
        assert sorted(record["keys"]) == ["a", "b", "d"]
    for record in records_of(shop(several(uniform(0, 9), match={"n": "1"})), 50):
        assert set(record["keys"]) <= {"b", "d"}
    assert records_of(shop(several(constant(9), match={"n": "7"})), 3)[0]["keys"] == []


def test_a_small_weight_beside_large_ones_is_drawn_at_last() -> None:
    rows = [{"k": key, "w": weight} for key, weight in {"a": 1, "b": 1, "c": 1e-17}.items()]
    spec = shop(several(constant(3)), weight="w") | {"tables": {"t": {"rows": rows, "weight": "w"}}}
    for record in records_of(spec, 50):
        assert sorted(record["keys"]) == ["a", "b", "c"]


def test_a_row_in_a_list_is_the_whole_row() -> None:
    assert records_of(shop(several(constant(1)), rows=1), 1)[0]["v"] == [{"k": "a", "w": 5, "n": 0}]


def test_long_lists_of_a_long_table_have_no_row_twice() -> None:
    spec = world(
        several(constant(300)),
        {"name": "k", "type": "expression", "value": "v.k"},
        tables={"t": {"size": 400, "columns": [{"name": "k", "type": "counter"}]}},
    )
    for record in records_of(spec, 20):
        assert len(set(record["k"])) == 300


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        (several(constant(1001)), r"length_distribution: a list of different rows can have 1000 of them"),
        (several(constant(1)) | {"table": "u"}, r'table: unknown table "u"|there is no table "u"'),
        (several(constant(1), match={"z": "1"}), r'there is no column "z"|has no column "z"'),
    ],
)
def test_what_can_not_be_is_told(field: dict, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        run_of(shop(field), 1)


TEN = {"t": {"columns": ["k"], "rows": [[number] for number in range(10)]}}


def lists(field: dict, count: int, **keys: object) -> list[list[int]]:
    records = records_of(world(field, tables=TEN, **keys), count)
    return [[row["k"] for row in record["v"]] for record in records]


def test_a_cycle_goes_on_behind_the_last_list_and_others_begin_at_their_row() -> None:
    made = lists(several(uniform(0, 12), pick="cycle"), 200)
    assert [one for of in made for one in of] == [number % 10 for number in range(sum(map(len, made)))]
    assert max(map(len, made)) == 10
    assert lists(several(constant(3), pick="worker"), 10)[8:] == [[8, 9, 0], [9, 0, 1]]
    assert lists(
        several(constant(2), pick="step"), 3, states=[state("a", "a", "e", delay=constant(1))], max_workers=1
    ) == [
        [0, 1],
        [1, 2],
        [2, 3],
    ]


def test_a_distribution_is_the_index_of_one_of_those_that_are_left() -> None:
    assert lists(several(constant(3), distribution=constant(0)), 2) == [[0, 1, 2], [0, 1, 2]]
    assert lists(several(constant(3), distribution=constant(8)), 1) == [[8, 9, 7]]
    for made in lists(several(constant(4), distribution=uniform(0, 20)), 300):
        assert len(set(made)) == 4


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"pick": "shuffle"}, "pick: must be 'draw', 'worker'"),
        ({"pick": "cycle", "match": {"k": "1"}}, 'match: can\'t be with "pick": "cycle", which goes through all rows'),
        ({"pick": "step", "distribution": constant(1)}, "distribution: can only be where a row is drawn"),
    ],
)
def test_what_does_not_go_together_is_refused(keys: dict, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        run_of(world(several(constant(1), **keys), tables=TEN))
