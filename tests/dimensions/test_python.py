"""The dimension ``python``: functions of the user's own, by row and in columns."""

import itertools
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from scipy import stats

import datagen
from datagen.problems import InvalidInput, RunFailed
from tests.worlds import START, enum, integer, uniform, world

SOURCE = """
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

def total(price, quantity):
    return price * quantity

def seen(time, word, gone=1, missing="default", *, o=None, worker, shop, factor=2):
    return [time.isoformat(), word, gone, missing, o, worker, shop, factor]

def die(rand, sides=6):
    return rand.number.integer(1, sides)

def totals(price, quantity):
    return pc.multiply(price, quantity)

def noise(rows, price):
    return price.to_numpy() + rows.unit()

def given(what):
    return what

def nothing():
    return None

def counted(memory=[0]):
    memory[0] += 1
    return memory[0]

def fails(price):
    if price == 3:
        raise LookupError("no such price")
    return price

def short(price):
    return price[1:]

def number(price):
    return 5

def texts(price):
    return pa.array(["x"] * len(price))

def changes(o):
    return {**o, "a": 2}

def appends(what):
    what.append(1)

def copies(what):
    import copy
    found = copy.deepcopy(what)
    found[0]["a"] += 1
    return found

def late(later):
    return later

def hungry(price, **others):
    return 1

"""
PRICE, QUANTITY = integer("price", uniform(1, 9)), integer("quantity", uniform(1, 9))
OBJECT = {"name": "o", "type": "object", "dimensions": [enum("a", 1)]}


@pytest.fixture
def plugin(tmp_path: Path) -> str:
    (tmp_path / "shop.py").write_text(SOURCE)
    return str(tmp_path / "shop.py")


def own(function: str, **keys: object) -> dict:
    return {"name": "v", "type": "python", "function": f"shop:{function}", **keys}


def records(plugin: str, *fields: dict, count: int = 100, **options: object) -> list[dict]:
    loaded = datagen.load(world(*fields), plugins=[plugin])
    return list(datagen.records(loaded, start=START, records=count, seed=1, **options))


def failure_of(plugin: str, *fields: dict) -> str:
    with pytest.raises(RunFailed) as caught:
        records(plugin, *fields)
    return str(caught.value)


@pytest.mark.parametrize("keys", [{}, {"makes": "integer"}, {"makes": "number"}])
@pytest.mark.parametrize(("function", "columns"), [("total", False), ("totals", True)])
def test_a_function_is_given_what_its_parameters_are_called(plugin, function, columns, keys) -> None:
    for record in records(plugin, PRICE, QUANTITY, own(function, columns=columns, **keys)):
        assert record["v"] == record["price"] * record["quantity"]
        assert isinstance(record["v"], float if keys == {"makes": "number"} else int)


def test_a_function_sees_fields_variables_times_and_constants(plugin) -> None:
    fields = (enum("word", "w"), enum("gone", 5, percent_missing=100), OBJECT, own("seen", constants={"shop": [1]}))
    [record] = records(plugin, *fields, count=1)
    assert record["v"] == ["2024-01-01T00:00:00+00:00", "w", None, "default", {"a": 1}, 0, [1], 2]


def test_a_value_keeps_its_json_type(plugin) -> None:
    for value in (1, 1.5, "x", True, None, [1, {"a": None}], {"é": "\n"}):
        assert records(plugin, own("given", constants={"what": value}), count=1)[0]["v"] == value
    assert records(plugin, own("nothing", makes="text"), count=1)[0]["v"] is None


@pytest.mark.parametrize(
    ("makes", "type_"),
    [("text", pa.string()), ("integer", pa.int64()), ("number", pa.float64()), ("boolean", pa.bool_()),
     ("json", pa.string()), ("time", pa.timestamp("ms", "UTC"))],
)  # fmt: skip
def test_a_target_with_columns_has_the_type_that_is_said(plugin, makes, type_) -> None:
    spec = datagen.load(world(own("nothing", makes=makes)), plugins=[plugin])
    [batch] = datagen.batches(spec, start=START, records=2, seed=1)
    assert batch.schema.field("v").type == type_


def test_a_time_is_a_time(plugin) -> None:
    fields = (own("given", makes="time", constants={}), {"name": "w", "type": "text", "value": "{{v|%Y}}"})
    fields = ({"name": "what", "type": "now"}, *fields)
    [record] = records(plugin, *fields, count=1)
    assert datetime.fromisoformat(record["v"]) == datetime(2024, 1, 1, tzinfo=UTC)
    assert record["w"] == "2024"


def test_dice_are_fair_and_the_same_whatever_else_there_is(plugin) -> None:
    found = [record["v"] for record in records(plugin, own("die"), count=1200)]
    assert stats.chisquare([found.count(side) for side in range(1, 7)]).pvalue > 0.001
    more = records(plugin, PRICE, own("die", name="other"), own("die"), count=1200, threads=3)
    assert [record["v"] for record in more] == found
    assert [record["other"] for record in more] != found


def test_a_function_of_columns_draws_by_rows(plugin) -> None:
    found = [record["v"] - record["price"] for record in records(plugin, PRICE, own("noise", columns=True), count=1000)]
    assert stats.kstest(found, stats.uniform().cdf).pvalue > 0.001


def test_values_are_made_in_order_of_time(plugin) -> None:
    found = [record["v"] for record in records(plugin, own("counted"), count=1000, threads=3)]
    assert [later - sooner for sooner, later in itertools.pairwise(found)] == [1] * 999


def test_a_failing_function_is_told_with_its_line_and_the_record(plugin) -> None:
    message = failure_of(plugin, PRICE, own("fails"))
    line = SOURCE[: SOURCE.index("raise")].count("\n") + 1
    assert message.startswith(f"making emitter/e/v: {plugin}:{line}: LookupError: no such price; the record of 2024-")
    assert message.endswith("held price=3")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"function": "shop:total", "makes": "text"}, "shop:total: gave "),
        ({"function": "shop:given", "makes": "integer", "constants": {"what": True}}, "gave true, which is not a"),
        ({"function": "shop:given", "makes": "integer", "constants": {"what": 2**63}}, "which is not a whole number"),
        ({"function": "shop:given", "makes": "boolean", "constants": {"what": 1}}, "gave 1, which is not true or"),
        ({"function": "shop:given", "makes": "number", "constants": {"what": "1"}}, 'gave "1", which is not a finite'),
        ({"function": "shop:given", "makes": "time", "constants": {"what": "2024"}}, "which is not a time with its"),
        ({"function": "shop:short", "columns": True}, "gave 15 values for 16 records; the record of 2024-"),
        ({"function": "shop:number", "columns": True}, "gave 5 in place of an array"),
        ({"function": "shop:texts", "columns": True, "makes": "integer"}, "gave an array of string, which does"),
        ({"function": "shop:totals", "columns": True, "makes": "time"}, "a time has a zone here"),
    ],
)  # fmt: skip
def test_what_a_function_gives_must_be_what_it_says(plugin, keys, message) -> None:
    assert message in failure_of(plugin, PRICE, QUANTITY, {"name": "v", "type": "python", **keys})


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"function": "total"}, 'function: must be such as "module:name", found "total"'),
        ({"function": "shp:total"}, 'function: there is no module "shp"; did you mean "shop"?; load its file with'),
        ({"function": "shop:totl"}, 'function: shop.py has no function "totl"; did you mean "total"?'),
        ({"function": "shop:hungry"}, "function: shop:hungry has the parameter **others; a function is given what"),
        ({"function": "shop:total"}, 'function: "quantity" is not a dimension above, a variable or time'),
        ({"function": "shop:late"}, 'function: "later" does not stand above, and only what does can'),
        ({"function": "shop:given", "constants": {"waht": 1}}, 'constants.waht: shop:given has no such parameter'),
        ({"function": "shop:nothing", "makes": "txt"}, "makes: must be 'text', 'integer'"),
    ],
)  # fmt: skip
def test_a_bad_function_is_a_problem_with_its_place(plugin, keys, problem) -> None:
    with pytest.raises(InvalidInput) as caught:
        records(plugin, PRICE, {"name": "v", "type": "python", **keys}, enum("later", 1))
    [found] = [f"{found.path}: {found.message}" for found in caught.value.problems]
    assert found.startswith(f"emitters[0].dimensions[1].{problem}")


def test_without_a_file_the_message_says_how_to_load_one() -> None:
    with pytest.raises(InvalidInput, match=r'there is no module "shop"; load its file with --plugins shop\.py'):
        datagen.load(world(own("total")))


def test_what_a_function_was_given_is_not_changed_for_others(plugin) -> None:
    [record] = records(plugin, OBJECT, own("changes"), count=1)
    assert (record["o"], record["v"]) == ({"a": 1}, {"a": 2})


def test_a_constant_is_the_same_for_all_records(plugin) -> None:
    message = failure_of(plugin, own("appends", constants={"what": []}))
    assert "TypeError: it is read by others too, and can't be changed: change a copy, list(it)" in message
    found = records(plugin, own("copies", constants={"what": [{"a": 1}]}), count=2)
    assert [record["v"] for record in found] == [[{"a": 2}]] * 2


def test_functions_are_said_to_be_by_row(plugin) -> None:
    [field] = datagen.load(world(own("nothing")), plugins=[plugin]).spec.emitters[0].dimensions
    assert list(field.by_row()) == ['function "shop:nothing"']
