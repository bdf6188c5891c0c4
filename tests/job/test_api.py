"""The Python API: load, batches, records."""

import copy
import inspect
import json
from dataclasses import fields
from itertools import islice

import numpy as np
import pyarrow as pa
import pytest

import datagen
from datagen.job import Options
from tests.worlds import (
    ROOT,
    START,
    constant,
    counter,
    enum,
    exponential,
    integer,
    read,
    state,
    uniform,
    world,
    write_json,
)

EVERYTHING = [
    enum("text", "a", None),
    enum("mixed", 1, "x", [2]),
    integer("int", uniform(0, 9)),
    {"name": "float", "type": "float", "distribution": uniform(0, 1)},
    {"name": "string", "type": "string", "length_distribution": uniform(0, 3)},
    {"name": "when", "type": "timestamp", "distribution": uniform("2020-01-01", "2021-01-01")},
    {"name": "ip", "type": "ipaddress", "distribution": uniform(0, 255)},
    counter("missing", percent_missing=50),
    {"name": "object", "type": "object", "dimensions": [integer("x", constant(1), percent_missing=50)]},
    {"name": "list", "type": "list", "elements": [enum("e", True)], "length_distribution": uniform(0, 2)},
    read("v"),
]
SPEC = world(*EVERYTHING, states=[state("s", {"s": 0.5, "stop": 0.5}, delay=exponential(1), variables=[counter("v")])])


def test_a_spec_is_loaded_from_a_file_a_path_or_a_dict(tmp_path) -> None:
    path = write_json(tmp_path / "spec.json", SPEC)
    specs = [datagen.load(source) for source in (path, str(path), SPEC)]
    runs = [list(datagen.records(spec, start=START, records=20, seed=1)) for spec in specs]
    assert runs[0] == runs[1] == runs[2]


def test_a_dict_is_left_as_it_was() -> None:
    before = copy.deepcopy(SPEC)
    list(datagen.records(datagen.load(SPEC), start=START, records=5))
    assert before == SPEC


def test_records_are_those_of_the_command(generate) -> None:
    found = list(datagen.records(datagen.load(SPEC), start=START, records=500, seed=1))
    expected = generate(SPEC, "-n", 500).records
    assert found == expected
    assert [list(record) for record in found] == [list(record) for record in expected]


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ({"records": 50}, ("-n", 50)),
        ({"duration": "2M"}, ("-r", "2M")),
        ({"records": 50, "max_workers": 2}, ("-n", 50, "-m", 2)),
        ({"records": 5, "seed": 7}, ("-n", 5, "--seed", 7)),
        ({"records": 5, "start": "1999-01-01T00:00:00Z"}, ("-n", 5, "-s", "1999-01-01T00:00:00Z")),
        ({"records": 0}, ("-n", 0)),
    ],
)
def test_the_options_are_those_of_the_command(generate, options: dict, arguments: tuple) -> None:
    options = {"start": START, "seed": 1} | options
    expected = generate(SPEC, *arguments).records
    assert list(datagen.records(datagen.load(SPEC), **options)) == expected
    batches = list(datagen.batches(datagen.load(SPEC), **options))
    assert sum(batch.num_rows for batch in batches) == len(expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"records": 1, "duration": "1S"}, "records and duration exclude each other"),
        ({"records": -1}, "records: must be a whole number, 0 or more, found -1"),
        ({"max_workers": 0}, "max_workers: must be a whole number, 1 or more, found 0"),
        ({"threads": 0}, "threads: must be a whole number, 1 or more, found 0"),
        ({"threads": 257}, "threads: must not be above 256, found 257"),
        ({"start": "tomorrow"}, "start: must be a time such as"),
        ({"duration": "long"}, "duration: must be a duration"),
    ],
)
@pytest.mark.parametrize("make", [datagen.records, datagen.batches])
def test_a_wrong_option_is_refused(make, options: dict, message: str) -> None:
    with pytest.raises(datagen.InvalidInput, match=message):
        next(make(datagen.load(SPEC), **{"start": START} | options))


def test_all_wrong_options_are_reported_at_once() -> None:
    with pytest.raises(datagen.InvalidInput) as caught:
        next(datagen.records(datagen.load(SPEC), records=-1, max_workers=0, start="x", duration="y"))
    assert len(caught.value.problems) >= 4


def test_an_invalid_spec_is_refused_with_all_problems() -> None:
    with pytest.raises(datagen.InvalidInput) as caught:
        datagen.load(SPEC | {"interarrival": 5, "extra": 1})
    assert [problem.path for problem in caught.value.problems] == ["interarrival", "extra"]
    assert isinstance(caught.value, ValueError)
    assert "spec: interarrival: must be an object" in str(caught.value)


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(datagen.InvalidInput, match=r"no/such/file\.json: can't be read"):
        datagen.load("no/such/file.json")


def test_a_loaded_spec_has_its_warnings() -> None:
    loaded = datagen.load(world(states=[state("s"), state("lost")]))
    assert [problem.path for problem in loaded.warnings] == ["states[1]"]


def test_a_loaded_spec_can_be_run_again_and_side_by_side() -> None:
    loaded = datagen.load(SPEC)
    one, other = (datagen.records(loaded, start=START, records=300, seed=1) for _ in range(2))
    assert list(zip(one, one, strict=True)) == list(zip(other, other, strict=True))


def test_a_run_may_be_left_at_any_time() -> None:
    for _ in range(3):
        assert len(list(islice(datagen.records(datagen.load(SPEC), start=START), 10))) == 10


def test_without_a_seed_every_run_is_another() -> None:
    first, other = (list(datagen.records(datagen.load(SPEC), start=START, records=50)) for _ in range(2))
    assert first != other


def test_a_pool_that_cannot_be_filled_is_refused_when_it_is_run_or_before() -> None:
    pool = integer("p", uniform(0, 1), cardinality=5, cardinality_distribution=constant(0))
    with pytest.raises(datagen.InvalidInput, match="only 2 different values"):
        next(datagen.records(datagen.load(world(pool)), start=START, seed=1))


# Arrow


def test_the_schema_is_the_same_for_all_batches() -> None:
    batches = list(datagen.batches(datagen.load(SPEC), start=START, records=50_000, seed=1))
    assert len(batches) > 1
    assert all(isinstance(batch, pa.RecordBatch) for batch in batches)
    assert all(batch.schema == batches[0].schema for batch in batches)
    table = pa.Table.from_batches(batches)
    table.validate(full=True)
    assert table.num_rows == 50_000


def test_columns_have_their_arrow_types() -> None:
    schema = next(datagen.batches(datagen.load(SPEC), start=START, records=5, seed=1)).schema
    assert schema.names == ["time", *(dimension["name"] for dimension in EVERYTHING)]
    expected = {
        "time": pa.timestamp("ms"),
        "text": pa.string(),
        "mixed": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "string": pa.string(),
        "when": pa.timestamp("ms"),
        "ip": pa.string(),
        "missing": pa.int64(),
        "v": pa.int64(),
    }
    assert {name: schema.field(name).type for name in expected} == expected
    assert pa.types.is_struct(schema.field("object").type)
    assert pa.types.is_list(schema.field("list").type)


@pytest.mark.parametrize(("start", "zone"), [(START, None), (START + "Z", "UTC"), (START + "+05:30", "+05:30")])
def test_time_has_the_zone_of_the_start(start: str, zone: str | None) -> None:
    table = pa.Table.from_batches(datagen.batches(datagen.load(world(gap=1.5)), start=start, records=2, seed=1))
    assert table.schema.field("time").type == pa.timestamp("ms", zone)
    first, second = table["time"].cast(pa.int64()).to_pylist()
    assert second - first == 1500
    assert first == (np.datetime64(START, "ms").astype(int) - (330 * 60_000 if zone == "+05:30" else 0))


def test_batches_hold_what_records_hold() -> None:
    loaded = datagen.load(SPEC)
    rows = [row for batch in datagen.batches(loaded, start=START, records=1000, seed=1) for row in batch.to_pylist()]
    for row, record in zip(rows, datagen.records(loaded, start=START, records=1000, seed=1), strict=True):
        assert row["time"].isoformat(timespec="milliseconds") == record["time"]
        assert row["when"].isoformat(timespec="milliseconds") == record["when"]
        assert json.loads(row["mixed"]) == record["mixed"]
        assert row["object"]["x"] == record["object"].get("x")
        for name in ("text", "int", "float", "string", "ip", "missing", "list", "v"):
            assert row[name] == record.get(name)


def test_a_column_that_an_emitter_has_not_is_null() -> None:
    spec = world(enum("a", 1), enum("both", 1), states=[state("s", "t"), state("t", emitter="f")])
    spec["emitters"].append({"name": "f", "dimensions": [enum("b", "x"), enum("both", 2)]})
    batch = next(datagen.batches(datagen.load(spec), start=START, records=2, seed=1))
    assert batch.schema.names == ["time", "a", "both", "b"]
    expected = [{"a": 1, "both": 1, "b": None}, {"a": None, "both": 2, "b": "x"}]
    assert batch.drop_columns(["time"]).to_pylist() == expected


@pytest.mark.parametrize("path", sorted(ROOT.glob("conf/gen/*.json")), ids=lambda path: path.stem)
def test_every_ready_spec_gives_a_table(path) -> None:
    table = pa.Table.from_batches(datagen.batches(datagen.load(path), start=START, records=5000, seed=1))
    table.validate(full=True)
    assert table.num_rows == (400 if path.stem == "replay" else 5000)


def test_no_record_gives_no_row() -> None:
    assert sum(batch.num_rows for batch in datagen.batches(datagen.load(SPEC), start=START, records=0)) == 0


def test_a_list_of_no_targets_is_refused() -> None:
    with pytest.raises(datagen.InvalidInput, match="target: must not be empty"):
        datagen.start(world(), [], start="2024-01-01", records=1)


@pytest.mark.parametrize("state", ["a\0b", "\ud800", "x" * 300])
def test_a_state_that_can_have_no_such_name_is_refused(state: str) -> None:
    with pytest.raises(datagen.InvalidInput, match="can't be used"):
        datagen.start(world(), {"type": "file", "path": "/dev/null"}, start="2024-01-01", records=1, state=state)


FUNCTIONS = (datagen.run, datagen.start, datagen.batches, datagen.records, datagen.explain)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_help_lists_every_option_of_a_run_with_its_meaning(function) -> None:
    wanted = {field.name for field in fields(Options)} - {"scale", "scales"} | {"rate"}
    listed = set(inspect.signature(function).parameters)
    assert wanted <= listed
    text = inspect.getdoc(function)
    assert all(f"    {name}: " in text for name in listed - {"spec", "target"})


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_an_option_that_there_is_not_is_refused_as_by_any_function(function) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'seeds'"):
        function(world(), seeds=1)
