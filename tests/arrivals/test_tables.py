"""Sources that take the rows of tables: as many workers as there are, and times that stand in them."""

import pytest

import datagen
from tests.arrivals.born import spec_of
from tests.engine.test_oracle import assert_equal

START = "2024-01-01T00:00:00Z"
ROWS = [["2024-01-01T00:00:07Z", "a"], ["2024-01-01T00:00:02Z", "b"], ["2023-12-31T00:00:00Z", "c"]]
LOG = {"columns": ["at", "what"], "rows": ROWS}
MADE = {
    "size": 5,
    "columns": [
        {
            "name": "at",
            "type": "timestamp",
            "distribution": {"type": "uniform", "min": START, "max": "2024-01-01T00:01:00Z"},
        },
        {"name": "what", "type": "counter"},
    ],
}
EVERY = {"type": "every", "every": "1M", "size": {"table": "t"}}
TIMES = {"type": "timestamps", "table": "t", "column": "at"}
REPLAY = {"type": "replay", "table": "t", "time": {"column": "at"}}
READS = [{"name": name, "type": "variable", "variable": name} for name in ("what", "shift")]


def records(source: dict, table: dict, *fields: dict, **options: object) -> list[dict]:
    spec = spec_of(source, tables={"t": table}, emitters=[{"name": "e", "dimensions": list(fields)}])
    return list(datagen.records(spec, **{"start": START, "seed": 1} | options))


def seconds(made: list[dict]) -> list[float]:
    return [int(record["time"][14:16]) * 60 + float(record["time"][17:23]) for record in made]


def test_a_beat_has_a_worker_for_each_row_of_a_table() -> None:
    device = {"name": "device", "type": "row", "table": "t", "pick": "batch"}
    field = {"name": "what", "type": "variable", "variable": "device", "path": "what"}
    made = records(EVERY | {"variables": [device]}, LOG, field, records=5)
    assert [(second, record["what"]) for second, record in zip(seconds(made), made, strict=True)] == [
        (0, "a"), (0, "b"), (0, "c"), (60, "a"), (60, "b"),
    ]  # fmt: skip


def test_rows_that_a_table_leaves_out_have_no_worker() -> None:
    assert seconds(records(EVERY, LOG | {"where": "what != 'b'"}, records=3)) == [0, 0, 60]


def test_a_profile_and_a_volume_change_the_size_from_a_table() -> None:
    assert len(records(EVERY | {"profile": 2}, LOG, duration=60)) == 6
    assert len(records(EVERY, LOG, duration=60, rate="1/s")) == 60


def test_times_in_a_column_are_sorted_and_those_before_the_start_left_out() -> None:
    assert seconds(records(TIMES, LOG)) == [2, 7]


@pytest.mark.parametrize("source", [TIMES, REPLAY | {"clock": "recorded"}])
def test_times_may_be_made(source: dict) -> None:
    made = records(source, MADE)
    assert len(made) == 5
    assert made != records(source, MADE, seed=2)


def test_rows_are_played_with_their_columns() -> None:
    made = records(REPLAY | {"speed": 2}, LOG | {"where": "what != 'c'"}, *READS)
    assert [(record["what"], record["shift"]) for record in made] == [("a", -7), ("b", -2)]
    assert seconds(made) == [0, 0]  # the second is earlier than the first, and follows at once


@pytest.mark.parametrize(("source", "count"), [(EVERY, 30), (TIMES, 2), (REPLAY, 3)])
def test_what_is_explained_is_what_comes(source: dict, count: int) -> None:
    spec = spec_of(source, tables={"t": LOG})
    assert datagen.explain(spec, start=START, duration="10M")["run"]["records"] == pytest.approx(count)


@pytest.mark.parametrize("source", [EVERY, TIMES, REPLAY | {"times": 2, "pause": 3}, REPLAY | {"most": 2}])
@pytest.mark.parametrize("table", [LOG, MADE])
def test_the_engine_equals_the_oracle(source: dict, table: dict) -> None:
    assert_equal(spec_of(source, tables={"t": table}), {"seed": 3, "records": 20, "start": START})
