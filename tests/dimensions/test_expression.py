"""The dimension ``expression``: what it reads, of which type it is, and what is told before a run."""

import json

import pytest

import datagen
from datagen.problems import InvalidInput
from tests.worlds import batches_of, constant, counter, enum, integer, read, records_of, run_of, state, uniform, world

PRICE = {"name": "price", "type": "float", "distribution": uniform(1, 99), "precision": 2}
QUANTITY = integer("quantity", uniform(1, 9))


def made(value: str, name: str = "e", **keys: object) -> dict:
    return {"name": name, "type": "expression", "value": value, **keys}


def problems_of(spec: dict) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        next(datagen.records(datagen.load(spec), start="2024-01-01T00:00:00Z", records=1, seed=1))
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


def test_it_reads_the_dimensions_above_it() -> None:
    spec = world(PRICE, QUANTITY, made("price * quantity", "total", precision=2), made("total > 100 ? 'big' : 'small'"))
    for record in records_of(spec, 200):
        assert record["total"] == pytest.approx(record["price"] * record["quantity"], abs=0.006)
        assert record["e"] == ("big" if record["total"] > 100 else "small")


def test_it_reads_a_key_inside_an_object_and_the_items_of_a_list() -> None:
    place = {"name": "place", "type": "object", "dimensions": [enum("city", "Rome", "Oslo")]}
    basket = {"name": "basket", "type": "list", "elements": [PRICE], "length_distribution": uniform(0, 3)}
    spec = world(place, basket, made("upper(place.city)", "city"), made("coalesce(basket[0], 0.0)"))
    for record in records_of(spec, 50):
        assert record["city"] == record["place"]["city"].upper()
        assert record["e"] == (record["basket"] or [0.0])[0]


def test_it_reads_the_time_of_the_record_to_the_microsecond() -> None:
    spec = world(
        made("time - time('2024-01-01T00:00:00')", "age"),
        made("time + 0.5", "later"),
        made("time", "copy"),
        gap=0.000_25,
    )
    records = records_of(spec, 5)
    assert [record["age"] for record in records] == [0.0, 0.00025, 0.0005, 0.00075, 0.001]
    assert records[3]["later"] == "2024-01-01T00:00:00.500"
    assert all(record["copy"] == record["time"] for record in records)


@pytest.mark.parametrize(
    ("start", "hour"), [("2024-01-01T23:30:00", 23), ("2024-01-01T23:30:00Z", 23), ("2024-01-01T23:30:00+02:00", 23)]
)
def test_an_hour_is_that_of_the_offset_of_the_start(start, hour) -> None:
    assert records_of(world(made("hour(time)")), 1, start=start)[0]["e"] == hour


def test_a_filter_reads_the_same_clock() -> None:
    spec = world(counter("n"), gap=1800) | {
        "target": {"type": "stdout", "through": [{"type": "filter", "where": "hour(time) = 1"}]}
    }
    assert datagen.load(spec).warnings == ()


def test_of_one_name_a_dimension_comes_before_a_variable_and_that_before_the_time() -> None:
    variables = [enum("a", "variable"), enum("time", "variable")]
    spec = world(made("a", "b"), enum("a", "dimension"), made("a", "c"), made("time", "d"), states=[
        state("s", variables=variables)
    ])  # fmt: skip
    assert records_of(spec, 1)[0] | {"time": None} == {
        "time": None, "b": "variable", "a": "dimension", "c": "dimension", "d": "variable"
    }  # fmt: skip


def test_a_variable_may_be_an_expression_of_others_and_of_its_own_value_before() -> None:
    variables = [integer("x", uniform(1, 5)), made("x * 2", "double"), made("coalesce(visits, 0) + 1", "visits")]
    spec = world(
        read("x"),
        read("double"),
        read("visits"),
        states=[state("s", "s", variables=variables, delay=constant(1))],
        gap=1000,
    )
    records = records_of(spec, 20)
    assert all(record["double"] == 2 * record["x"] for record in records)
    assert [record["visits"] for record in records] == list(range(1, 21))


def test_it_has_the_common_keys_and_reads_what_is_missing_as_null() -> None:
    spec = world(
        counter("n", percent_missing=50),
        made("n is null", "gone", percent_nulls=20),
        made("coalesce(n, -1)", percent_missing=30),
    )
    for record in records_of(spec, 300):
        assert record["gone"] in (None, "n" not in record)
        assert record.get("e", record.get("n", -1)) == record.get("n", -1)
    assert {"e" in record for record in records_of(spec, 300)} == {True, False}


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        ("quantity + 1", "int64"),
        ("quantity / 2", "double"),
        ("price", "double"),
        ("'a' + price", "string"),
        ("price > 5", "bool"),
        ("time", "timestamp[ms, tz=UTC]"),
        ("time + 5", "timestamp[ms, tz=UTC]"),
        ("price > 5 ? 1 : 'a'", "binary"),
        ("null", "null"),
        ("split('a b', ' ')", "list<item: string>"),
    ],
)
def test_its_type_is_known_before_the_run(value, type_) -> None:
    run = run_of(world(PRICE, QUANTITY, made(value)))
    found = str(run.layout.emitters["e"]["e"]).replace("timestamp[ms]", "timestamp[ms, tz=UTC]")
    assert found == type_
    assert all(batch.parts[0].columns["e"].type == run.layout.emitters["e"]["e"] for batch in run_of(
        world(PRICE, QUANTITY, made(value)), 10).batches())  # fmt: skip


def test_inside_an_object_or_a_list_it_reads_the_record() -> None:
    inside = {"name": "o", "type": "object", "dimensions": [counter("k"), made("n * 10")]}
    items = {"name": "l", "type": "list", "elements": [made("n + 1")], "length_distribution": constant(2)}
    for record in records_of(world(counter("n"), inside, items), 20):
        assert record["o"]["e"] == 10 * record["n"]
        assert record["l"] == [record["n"] + 1] * 2


def test_what_is_made_in_order_is_made_after_what_it_reads() -> None:
    """An object with a counter is made while the walk goes on; other threads make what it reads else."""
    inside = {"name": "o", "type": "object", "dimensions": [counter("k"), made("total + 1")]}
    spec = world(QUANTITY, made("quantity * 2", "total"), inside, made("o.e + o.k", "all"))
    for number, record in enumerate(records_of(spec, 50, threads=2)):
        assert record["o"] == {"k": number, "e": 2 * record["quantity"] + 1}
        assert record["all"] == record["o"]["e"] + number


def test_a_new_expression_leaves_all_other_values_as_they_were() -> None:
    plain, more = world(PRICE, QUANTITY), world(PRICE, made("price + 1"), QUANTITY)
    assert records_of(plain, 50) == [{k: v for k, v in r.items() if k != "e"} for r in records_of(more, 50)]


@pytest.mark.parametrize(
    ("dimensions", "problems"),
    [
        (
            [made("pric * 2"), PRICE],
            [
                '"pric" is not a dimension above, a variable or time; known: age, alive, born, '
                "each.index, gather.index, gather.number, state, steps, time, visits, visits('s'), waited, worker"
            ],
        ),
        ([made("price * 2"), PRICE], ['"price" does not stand above, and only what does can be read; move it up']),
        ([made("e + 1")], ['"e" does not stand above']),
        ([PRICE, made("price.cents")], ['"price" has no "cents" inside (character 1 of the expression)']),
        ([PRICE, made("1 + upper(price)")], ["upper takes a text, found a number (character 5 of the expression)"]),
        ([PRICE, made("time * 2")], ["* can't take a time and a number"]),
        ([made("'a'", precision=2)], ["only a number can have a precision, found a text"]),
        ([made("1 +")], ["a dimension, a constant, a function or ( is expected, found the end (character 4 of"]),
        ([PRICE, made("a"), made("b", "f")], ['"a" is not', '"b" is not']),
        (
            [PRICE, {"name": "o", "type": "object", "dimensions": [counter("k"), made("k + 1")]}],
            ['"k" is not a dimension above'],
        ),
        (
            [{"name": "o", "type": "object", "cardinality": 3, "dimensions": [made("time")]}],
            ['"time" can\'t be read here: a pool is made before the run'],
        ),
    ],
)
def test_what_can_not_be_is_told_with_its_place_before_the_run(dimensions, problems) -> None:
    found = problems_of(world(*dimensions))
    assert len(found) == len(problems)
    assert all(part in problem for part, problem in zip(problems, found, strict=True)), found


def test_a_mistake_in_one_part_hides_none_in_an_expression_of_another() -> None:
    spec = world(made("pric"), {"name": "x", "type": "nosuch"}, states=[state("s", variables=[made("y", "v")])])
    found = "\n".join(problems_of(spec))
    assert '"pric" is not' in found
    assert "nosuch" in found
    assert '"y" is not a variable or time' in found


def test_a_variable_that_some_path_does_not_set_is_warned_about() -> None:
    states = [state("a", {"b": 0.5, "c": 0.5}, None), state("b", "c", None, variables=[counter("v")]), state("c")]
    warnings = datagen.load(world(made("v.x is null"), states=states)).warnings
    assert [warning.message for warning in warnings] == [
        'variable "v" is not set on every path to state "c"; it reads as null there'
    ]


def test_it_is_the_same_however_the_run_is_cut() -> None:
    spec = world(PRICE, made("price > 50 ? 'a' : hour(time) + price"), gap=0.5)
    whole = [json.dumps(record) for record in records_of(spec, 300)]
    assert whole == [json.dumps(record) for record in records_of(spec, 300, threads=2)]
    assert sum(len(batch) for batch in batches_of(spec, 300)) == 300


def test_a_time_that_a_variable_holds_is_read_as_it_is() -> None:
    states = [state("s", variables=[made("time + 0", "seen")])]
    [record] = records_of(world(made("seen"), states=states), 1)
    assert record["e"] == record["time"]
