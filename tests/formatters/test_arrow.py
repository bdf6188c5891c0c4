"""The format ``arrow``, as Arrow's own reader has it: of a stream, of files by value and number, of messages."""

import io

import duckdb
import pyarrow as pa
import pytest

from datagen.records.conversion import record_batch
from tests.formatters.test_binary import SPECS, messages
from tests.worlds import MIXED, batches_of, counter, enum, records_of, run_of, world, write_json


def table_of(spec: dict, count: int) -> pa.Table:
    layout = run_of(spec, count).layout
    return pa.Table.from_batches([record_batch(batch, layout) for batch in batches_of(spec, count)])


def read(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(io.BytesIO(data)).read_all()


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())
def test_a_stream_holds_the_columns_of_the_records(generate, spec: dict) -> None:
    found = read(generate(spec, "-n", 50, "-f", "arrow").data)
    assert found.to_pylist() == table_of(spec, 50).to_pylist()
    assert found.schema == table_of(spec, 50).schema


def test_a_run_of_no_records_is_its_schema(generate) -> None:
    assert read(generate(MIXED, "-n", 0, "-f", "arrow").data).schema == table_of(MIXED, 1).schema


def test_files_by_value_and_number_hold_each_row_once(generate, tmp_path) -> None:
    spec = world(counter("n"), enum("k", "a", "b"))
    target = {"type": "file", "path": str(tmp_path / "{{k}}.arrow"), "format": "arrow", "rotate": {"records": 30}}
    write_json(tmp_path / "t.json", target)
    assert generate(spec, "-n", 200, "-t", tmp_path / "t.json").code == 0
    found = {path.name: read(path.read_bytes()) for path in sorted(tmp_path.glob("*.arrow"))}
    assert all(0 < table.num_rows <= 30 for table in found.values())
    assert all(set(table["k"].to_pylist()) == {name[0]} for name, table in found.items())
    numbers = sorted(number for table in found.values() for number in table["n"].to_pylist())
    assert numbers == list(range(200))


def test_a_file_can_be_added_to(generate, tmp_path) -> None:
    write_json(tmp_path / "t.json", {"type": "file", "path": str(tmp_path / "a"), "format": "arrow", "append": True})
    for _ in range(2):
        assert generate(MIXED, "-n", 50, "-t", tmp_path / "t.json").code == 0
    assert read((tmp_path / "a").read_bytes()).to_pylist() == 2 * table_of(MIXED, 50).to_pylist()


def test_each_message_is_a_stream_of_one_record() -> None:
    found = [read(message) for message in messages(MIXED, "arrow", 20)]
    assert [row for table in found for row in table.to_pylist()] == table_of(MIXED, 20).to_pylist()


def test_duckdb_reads_it(generate) -> None:
    spec = world(counter("n"), enum("k", "a", "b"))
    rows = read(generate(spec, "-n", 100, "-f", "arrow").data)
    with duckdb.connect() as base:
        found = base.execute("SELECT k, sum(n)::BIGINT FROM rows GROUP BY k ORDER BY k").fetchall()
    records = records_of(spec, 100)
    assert rows.num_rows == 100
    assert found == [(key, sum(record["n"] for record in records if record["k"] == key)) for key in "ab"]
