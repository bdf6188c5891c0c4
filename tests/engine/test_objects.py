"""Records that are objects which one generator makes: none, one or several at each step."""

import json
from collections.abc import Iterator

import pyarrow.parquet as pq
import pytest

import datagen
from datagen.engine.columns import Columns
from datagen.engine.draft import Draft
from datagen.engine.step import Steps
from datagen.engine.walk import Walk
from datagen.records.conversion import exported_types
from tests.worlds import START, constant, counter, enum, integer, read, records_of, run_of, state, uniform, world

N = counter("n")
STAY = [state("s", {"s": 0.9, "stop": 0.1}, delay=constant(1))]


def made(record: dict, *dimensions: dict, **keys: object) -> dict:
    """A spec whose records are the objects of a generator."""
    spec = world(*dimensions, states=STAY, **keys.pop("spec", {}))
    spec["emitters"][0] |= {"record": record, **keys}
    if not dimensions:
        del spec["emitters"][0]["dimensions"]
    return spec


def obj(*fields: dict) -> dict:
    return {"type": "object", "dimensions": list(fields)}


def jsonnet(text: str) -> dict:
    return {"type": "jsonnet", "text": text}


def without_time(spec: dict, count: int = 30, **options: object) -> list[dict]:
    return [{key: value for key, value in one.items() if key != "time"} for one in records_of(spec, count, **options)]


def test_the_keys_of_the_object_are_the_fields_behind_the_time() -> None:
    spec = made(obj(enum("a", "x"), {"name": "twice", "type": "expression", "value": "n * 2"}), N)
    assert list(records_of(spec, 3)[2]) == ["time", "a", "twice"]
    assert without_time(spec, 3) == [{"a": "x", "twice": 2 * n} for n in range(3)]


def test_what_stands_beside_it_is_read_and_not_printed(generate) -> None:
    format_ = {"type": "pattern", "text": "{{n}} {{a}}"}
    spec = made(obj(enum("a", "x")), N) | {"target": {"type": "stdout", "format": format_}}
    assert generate(spec, "-n", 2).lines == ["0 x", "1 x"]
    assert generate(spec | {"target": {"type": "stdout", "format": "csv"}}, "-n", 1).lines[0] == "time,a"


@pytest.mark.parametrize("with_time", [True, False])
def test_a_list_gives_a_record_for_each_item_and_null_gives_none(with_time: bool) -> None:
    several = {"type": "list", "elements": [enum("x", {"a": 1}), enum("y", None), {"name": "z"} | obj(N)]}
    spec = made(several, **({} if with_time else {"time": None}))
    assert without_time(spec, 4) == [{"a": 1}, {"n": 0}, {"a": 1}, {"n": 1}]
    assert ("time" in records_of(spec, 1)[0]) == with_time
    assert records_of(made({"type": "constant", "value": []}), duration="9S") == []
    halves = records_of(made(obj(N) | {"percent_missing": 30, "percent_nulls": 30}), duration="1M")
    assert [one["n"] for one in halves] == list(range(len(halves)))


def test_a_key_may_be_called_as_what_it_is_made_of() -> None:
    """What fields beside it look back at is what they had, not what the record shows."""
    was = {"name": "was", "type": "previous", "of": "n", "default": 0}
    text = {"name": "n", "type": "text", "value": "{{was}} {{n}}"}
    spec = made(obj(text), N, was, {"name": "more", "type": "expression", "value": "n + 1"})
    spec |= {"states": [state("s", "s", delay=constant(1))], "interarrival": constant(10**9)}
    assert without_time(spec, 3) == [{"n": "0 0"}, {"n": "0 1"}, {"n": "1 2"}]


def test_the_label_of_a_field_beside_it_is_not_printed_either() -> None:
    outliers = {"share": 0.5, "factor": 9, "label": "is_odd"}
    level = {"name": "level", "type": "signal", "start": constant(1), "step": constant(0), "outliers": outliers}
    odd = {"name": "odd", "type": "expression", "value": "level > 5"}
    spec = made(obj(odd), level, incidents="on")
    assert list(records_of(spec, 1)[0]) == ["time", "odd", "on"]


def test_a_list_of_objects_of_columns_needs_no_json() -> None:
    several = {"type": "list", "elements": [{"name": "o"} | obj(N, enum("a", 1.5, None))]}
    spec = made(several | {"length_distribution": uniform(0, 3)}, columns=None)
    run = run_of(spec, 50)
    assert [str(type_) for type_ in exported_types(run.layout).values()] == ["timestamp[ms]", "int64", "double"]
    assert [one["n"] for one in records_of(spec, 50)] == list(range(50))


def test_a_row_of_a_table_is_a_record() -> None:
    rows = [{"city": "Rome", "people": 3}, {"city": "Oslo", "people": 1}]
    spec = made({"type": "row", "table": "cities", "pick": "cycle"}) | {"tables": {"cities": {"rows": rows}}}
    assert without_time(spec, 3) == [rows[0], rows[1], rows[0]]


def test_the_first_values_of_json_say_what_columns_there_are() -> None:
    text = "local n = std.extVar('n'); {n: n, half: n / 2, big: n % 7 == 0, list: [n], any: if n > 500 then 'a' else 1}"
    run = run_of(made(jsonnet(text), N), 3)
    types = {name: str(type_) for name, type_ in exported_types(run.layout).items()}
    assert types == {
        "time": "timestamp[ms]",
        "n": "int64",
        "any": "string",
        "big": "bool",
        "half": "double",
        "list": "string",
    } | {"time": "timestamp[ms]"}
    assert without_time(made(jsonnet(text), N), 1) == [{"any": 1, "big": True, "half": 0.0, "list": [0], "n": 0}]


def test_first_values_that_come_rarely_are_looked_for_in_large_batches(monkeypatch) -> None:
    """In batches of 16 steps, as the first of a run, it would take 60 times as long."""
    drafts, seen = Columns.drafts, []

    def counted(self: Columns, steps: Steps, most: int | None = None) -> Iterator[Draft]:
        for draft in drafts(self, steps, most):
            seen.append(len(draft))
            yield draft

    monkeypatch.setattr(Columns, "drafts", counted)
    states = [state("s", {"s": 0.999, "t": 0.001}, "f", delay=constant(1)), state("t", "s", delay=constant(1))]
    spec = made(jsonnet("{x: 1}"), spec={})
    spec |= {"states": states, "emitters": [*spec["emitters"], {"name": "f", "dimensions": [N]}], "max_workers": 50}
    assert without_time(spec, 1000)
    assert sum(seen) > 50_000
    assert len(seen) < 1000


def test_nobody_looks_for_values_of_an_emitter_that_no_state_has(monkeypatch) -> None:
    """It would be done a hundred thousand steps long."""
    spec = made(jsonnet("{x: 1}"), spec={})
    spec["emitters"].append({"name": "f", "record": jsonnet("{y: 1}")})
    advance, walked = Walk.advance, []

    def counted(self: Walk, limit: int) -> Steps:
        steps = advance(self, limit)
        walked.append(len(steps))
        return steps

    monkeypatch.setattr(Walk, "advance", counted)
    assert without_time(spec, 20) == [{"x": 1}] * 20
    assert sum(walked) < 20_000


def test_a_key_that_an_object_lacks_is_left_out() -> None:
    spec = made(enum("x", {"a": 1}, {"b": None}, {"c": "x", "a": 2}))
    assert {json.dumps(one) for one in without_time(spec, 60)} == {'{"a": 1}', '{"b": null}', '{"a": 2, "c": "x"}'}


def test_columns_say_what_the_values_are() -> None:
    text = "local n = std.extVar('n'); {at: '2024-01-01T00:00:0%d+01:00' % n, n: n, any: if n > 0 then n else 'x'}"
    columns = {"at": "time", "n": "number", "any": "json", "more": "text"}
    spec = made(jsonnet(text), N, columns=columns)
    types = [str(type_) for type_ in exported_types(run_of(spec, 1).layout).values()]
    assert types == ["timestamp[ms]", "timestamp[ms]", "double", "string", "string"]
    assert without_time(spec, 2) == [
        {"at": "2023-12-31T23:00:00.000", "n": 0.0, "any": "x"},
        {"at": "2023-12-31T23:00:01.000", "n": 1.0, "any": 1},
    ]
    assert without_time(made(obj(N), columns={"n": "json"}), 2) == [{"n": 0}, {"n": 1}]


def test_a_key_called_time_is_the_time_of_the_record(generate) -> None:
    at = {"name": "time", "type": "now", "offset": constant(3600)}
    spec = made(obj(N, at))
    assert records_of(spec, 1) == [{"time": f"{START[:11]}01:00:00.000", "n": 0}]
    text = "{time: '2020-01-01T00:00:00', n: 1}"
    spec = made(jsonnet(text), N, columns={"time": "time", "n": "integer"})
    assert records_of(spec, 1) == [{"time": "2020-01-01T00:00:00.000", "n": 1}]
    assert records_of(spec | {"emitters": [spec["emitters"][0] | {"time": "ts"}]}, 1)[0]["ts"] == f"{START}.000"


FAULTS = [
    ({}, "if n == 3 then 7 else {a: n}", "made 7, and a record is an object"),
    ({}, "if n == 3 then [{a: 1}, 'x'] else {a: n}", 'made "x", and a record is an object'),
    ({"columns": {"a": "integer"}}, "{a: n, [if n == 3 then 'aa']: 1}", 'made the key "aa", which is none of those'),
    ({"columns": {"a": "integer"}}, "{a: if n == 3 then 'x' else n}", 'made "x" under "a", which is not a whole'),
    ({"columns": {"a": "time"}}, "{a: if n == 3 then 'x' else null}", 'made "x" under "a", which is not a time'),
    ({"columns": {"a": "text"}}, "{a: if n == 3 then 3 else ''}", 'made 3 under "a", which is not a text'),
    ({}, "{a: 1, [if n == 1200 then 'b']: n}", 'name all in "columns"'),
]


@pytest.mark.parametrize(("keys", "text", "said"), FAULTS)
def test_what_is_no_such_object_ends_the_run(generate, keys: dict, text: str, said: str) -> None:
    outcome = generate(made(jsonnet(f"local n = std.extVar('n'); {text}"), N, **keys), "-n", 1300)
    assert outcome.code == 1
    assert "making e: the record of 2024-01-01T00:" in outcome.err
    assert said in outcome.err
    skipping = jsonnet(f"local n = std.extVar('n'); {text}") | {"on_error": "skip"}
    outcome = generate(made(skipping, N, **keys), "-n", 1300)
    assert len(outcome.lines) == 1300
    assert "1 record skipped" in outcome.err


REFUSED = [
    (made(obj(N), N, text=enum("t", "x")), 'emitters[0].record: there can be either a "text" or a "record"'),
    (world(N) | {"emitters": [{"name": "e", "dimensions": [], "columns": {}}]}, "columns: only means something beside"),
    (made(obj(N) | {"hidden": True}), "emitters[0].record.hidden: the record is what is printed"),
    (made(obj(N) | {"name": "n"}, N), 'emitters[0].record: there is a dimension "n" already'),
    (made(obj(N), columns={"n": "whole"}), "emitters[0].columns.n"),
    (made(obj(N), incidents="n"), 'makes the key "n", and the incidents that are on are called so'),
    (made(integer("x", constant(1))), "emitters[0].record: makes int64, and a record is an object"),
    (made(jsonnet("{a: std.extVar('b')}"), N), '"b"'),
    (made(read("v"), N), 'variable "v"'),
]


@pytest.mark.parametrize(("spec", "said"), REFUSED)
def test_what_does_not_fit_is_refused(generate, spec: dict, said: str) -> None:
    outcome = generate(spec, "--check")
    assert outcome.code == 2
    assert said in outcome.err


def test_its_records_can_not_be_looked_up(generate) -> None:
    spec = made(obj(N), N)
    look = {"name": "l", "type": "lookup", "emitter": "e", "dimension": "n"}
    spec["emitters"].append({"name": "f", "dimensions": [look]})
    outcome = generate(spec, "--check")
    assert outcome.code == 2
    assert 'emitters[1].dimensions[0].emitter: the records of "e" are whole objects' in outcome.err


def test_parquet_has_its_columns(generate, tmp_path) -> None:
    target = {"type": "parquet", "path": f"{tmp_path}/all"}
    text = "local n = std.extVar('n'); {n: n, [if n % 2 == 0 then 'even']: true}"
    assert generate(made(jsonnet(text), N, time=None, spec={"target": target}), "-n", 4).code == 0
    found = pq.read_table(f"{tmp_path}/all").to_pydict()
    assert found == {"n": [0, 1, 2, 3], "even": [True, None, True, None]}


def test_notes_of_its_fields_go_to_schemas() -> None:
    run = run_of(made(obj(N | {"description": "how many"})), 1)
    assert run.layout.said()["n"].description == "how many"


def test_what_the_options_of_a_run_are_changes_no_type() -> None:
    text = "local n = std.extVar('n'); {n: if n < 990 then n else 'x'}"
    for options in ({"records": 3}, {"duration": "5S"}, {"max_workers": 1, "records": 3}):
        found = datagen.load(made(jsonnet(text), N))
        batch = next(iter(datagen.batches(found, start=START, seed=1, **options)))
        assert str(batch.schema.field("n").type) == "string"
