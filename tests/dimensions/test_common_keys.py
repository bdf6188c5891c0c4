"""The keys that every field generator has: ``when`` and ``keyed_by``."""

import json

import pytest

import datagen
from datagen.problems import InvalidInput
from tests.worlds import constant, counter, enum, integer, records_of, state, uniform, world

USER = integer("user", uniform(1, 20))
NAME = {"name": "name", "type": "string", "length_distribution": constant(6)}
REFUND = integer("refund", uniform(1, 9))


def problems_of(spec: dict) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        next(datagen.records(datagen.load(spec), start="2024-01-01T00:00:00Z", records=1, seed=1))
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


def test_a_key_is_left_out_where_its_condition_is_not_true() -> None:
    for record in records_of(world(USER, REFUND | {"when": "user > 10"}), 200):
        assert ("refund" in record) == (record["user"] > 10)


def test_a_condition_that_is_null_is_not_true() -> None:
    spec = world(USER | {"percent_nulls": 50}, REFUND | {"when": "user + 1 = user + 1"})
    records = records_of(spec, 100)
    assert {record["user"] is None for record in records} == {True, False}
    assert all(("refund" in record) == (record["user"] is not None) for record in records)


def test_a_condition_changes_no_value() -> None:
    always = records_of(world(USER, REFUND), 200)
    sometimes = records_of(world(USER, REFUND | {"when": "user > 10"}), 200)
    assert all(record == (always[n] if record["user"] > 10 else {key: always[n][key] for key in ("time", "user")})
               for n, record in enumerate(sometimes))  # fmt: skip


def test_a_counter_counts_the_records_that_have_it() -> None:
    records = records_of(world(USER, counter("n", when="user > 10")), 200)
    counted = [record["n"] for record in records if "n" in record]
    assert 0 < len(counted) < 200
    assert counted == list(range(len(counted)))


def test_what_is_there_under_a_condition_may_still_be_missing_or_null() -> None:
    spec = world(USER, REFUND | {"when": "user > 10", "percent_missing": 30, "percent_nulls": 30})
    records = [record for record in records_of(spec, 2000) if record["user"] > 10]
    missing = sum("refund" not in record for record in records) / len(records)
    nulls = sum(record.get("refund", 0) is None for record in records) / len(records)
    assert missing == pytest.approx(0.3, abs=0.07)  # 1000 records: three standard errors are 0.043
    assert nulls == pytest.approx(0.21, abs=0.07)


def test_an_item_of_a_list_may_have_a_condition() -> None:
    items = {
        "name": "items",
        "type": "list",
        "length_distribution": constant(3),
        "elements": [REFUND | {"when": "user > 10"}],
    }
    for record in records_of(world(USER, items), 50):
        assert len(record["items"]) == (3 if record["user"] > 10 else 0)


def test_the_same_key_has_the_same_value_everywhere() -> None:
    states = [state("s", to="t", emitter="e"), state("t", emitter="f", delay=constant(1))]
    spec = world(USER, NAME | {"keyed_by": "user"}, states=states)
    spec["emitters"].append({"name": "f", "dimensions": [USER, NAME | {"keyed_by": "user"}]})
    names = {(record["user"], record["name"]) for record in records_of(spec, 400)}
    assert len(names) == 20


def test_fields_of_other_names_have_other_values_for_a_key() -> None:
    spec = world(USER, NAME | {"keyed_by": "user"}, NAME | {"name": "nick", "keyed_by": "user"})
    assert all(record["name"] != record["nick"] for record in records_of(spec, 100))


def test_a_key_that_is_a_text_differs_from_the_number_that_it_looks_like() -> None:
    spec = world(NAME | {"keyed_by": "1"}, {"name": "o", "type": "object", "dimensions": [NAME | {"keyed_by": "'1'"}]})
    record = records_of(spec, 1)[0]
    assert record["name"] != record["o"]["name"]


def test_what_is_inside_of_a_keyed_object_is_keyed_with_it() -> None:
    person = {"name": "person", "type": "object", "keyed_by": "user", "dimensions": [NAME, enum("kind", "a", "b")]}
    found = {(record["user"], json.dumps(record["person"])) for record in records_of(world(USER, person), 400)}
    assert len(found) == 20


def test_a_keyed_value_may_come_from_a_pool() -> None:
    pooled = NAME | {"keyed_by": "user", "cardinality": 5, "cardinality_distribution": uniform(0, 4)}
    records = records_of(world(USER, pooled), 400)
    assert len({(record["user"], record["name"]) for record in records}) == 20
    assert len({record["name"] for record in records}) <= 5


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"when": "user +"}, "emitters[0].dimensions[1].when: "),
        ({"when": "usr > 1"}, 'emitters[0].dimensions[1].when: "usr" is not a dimension above, a variable or time'),
        ({"when": "user + 1"}, "emitters[0].dimensions[1].when: is neither true nor false"),
        ({"when": 5}, "emitters[0].dimensions[1].when: must be an expression, which is a text, found 5"),
        ({"keyed_by": "user + true"}, "emitters[0].dimensions[1].keyed_by: "),
    ],
)
def test_a_bad_expression_is_told_with_its_place(keys, message) -> None:
    problems = problems_of(world(USER, REFUND | keys))
    assert len(problems) == 1
    assert problems[0].startswith(message)


def test_keyed_fields_of_one_name_have_one_pool() -> None:
    pooled = NAME | {"keyed_by": "user", "cardinality": 5, "cardinality_distribution": uniform(0, 4)}
    inner = {"name": "o", "type": "object", "dimensions": [pooled | {"length_distribution": constant(9)}]}
    [problem] = problems_of(world(USER, pooled, inner))
    assert problem.startswith("emitters[0].dimensions[2].dimensions[0].name: a field of this name is keyed, too")
    same = {"name": "o", "type": "object", "dimensions": [pooled | {"percent_nulls": 5}]}
    assert datagen.load(world(USER, pooled, same))


def test_a_key_of_what_is_not_drawn_is_told() -> None:
    copy = {"name": "copy", "type": "expression", "value": "user", "keyed_by": "user"}
    [warning] = datagen.load(world(USER, copy)).warnings
    assert warning.path == "emitters[0].dimensions[1].keyed_by"


@pytest.mark.parametrize(
    "field",
    [
        counter("n"),
        {"name": "o", "type": "object", "dimensions": [counter("n")]},
        {"name": "c", "type": "row", "table": "t", "pick": "cycle"},
        integer("i", uniform(1, 9), unique=True),
    ],
    ids=str,
)
def test_what_is_counted_can_not_be_keyed(field: dict) -> None:
    spec = world(USER, field | {"keyed_by": "user"}, tables={"t": {"rows": [{"a": 1}]}})
    assert problems_of(spec)[0].startswith("emitters[0].dimensions[1].")


def test_names_inside_of_one_field_must_differ() -> None:
    case = {"name": "v", "type": "case", "cases": [{"when": "user > 9", "make": counter("n")}], "default": counter("n")}
    assert problems_of(world(USER, case)) == [
        'emitters[0].dimensions[1].default.name: the name "n" is taken already; names must be unique'
    ]


def test_what_a_choice_takes_of_a_list_is_what_it_would_be_alone() -> None:
    """Values of lists, with and without nulls, of others, and nothing, for many records and for a few."""
    parts = {
        "a": enum("a", "x", "y", None),
        "b": enum("b", 1, 2, 3, percent_nulls=40),
        "c": {"name": "c", "type": "constant", "value": {"k": [1]}},
        "d": enum("d", "x", percent_missing=30),
        "e": integer("e", uniform(1, 9)),
    }
    for kinds in ("ac", "ab", "bc", "ad", "ae", "abcde"):
        chosen = integer("n", uniform(0, len(kinds)))
        cases = [{"when": f"n = {place}", "make": parts[kind]} for place, kind in enumerate(kinds)]
        picked = world(chosen, {"name": "v", "type": "case", "cases": cases})
        inside = world(chosen, {"name": "v", "type": "object", "dimensions": [parts[kind] for kind in kinds]})
        for size in (3, 400):
            for one, whole in zip(records_of(picked, size), records_of(inside, size), strict=True):
                kind = kinds[one["n"] : one["n"] + 1]
                assert one.get("v", "missing") == (whole["v"].get(kind, "missing") if kind else None)
