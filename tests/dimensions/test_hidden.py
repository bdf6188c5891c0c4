"""What is made and not printed: hidden fields, and a time with another name or none."""

import csv
import json
from pathlib import Path

import pyarrow.parquet
import pytest

import datagen
from datagen.delivery.snapshot import pack, unpack
from datagen.problems import InvalidInput
from datagen.records.merge import joined
from tests.worlds import batches_of, counter, enum, integer, records_of, uniform, world

SECRET = integer("secret", uniform(1, 9), hidden=True)
TEXT = {"name": "text", "type": "text", "value": "<{{secret}}>"}
SPEC = world(SECRET, TEXT, counter("n"))
OPTIONS = {"start": "2024-01-01T00:00:00", "records": 20, "seed": 1}


def written(folder: Path, spec: dict = SPEC, **target: object) -> str:
    """What a run writes into a file."""
    described = {"type": "file", "path": str(folder / "out"), **target}
    datagen.run(spec, target=described, **OPTIONS)
    return (folder / "out").read_text()


def test_a_hidden_field_is_read_and_not_printed() -> None:
    records = records_of(SPEC, 50)
    assert all(list(record) == ["time", "text", "n"] for record in records)
    assert len({record["text"] for record in records}) == 9


def test_hiding_a_field_changes_no_other() -> None:
    shown = records_of(world(SECRET | {"hidden": False}, TEXT, counter("n")), 50)
    assert [
        record | {"secret": one["secret"]} for record, one in zip(records_of(SPEC, 50), shown, strict=True)
    ] == shown


def test_a_table_has_no_cell_of_it(tmp_path) -> None:
    rows = list(csv.reader(written(tmp_path, format="csv").splitlines()))
    assert rows[0] == ["time", "text", "n"]
    assert all(len(row) == 3 for row in rows)


def test_the_text_of_a_format_can_have_it(tmp_path) -> None:
    (tmp_path / "line").write_text("{{secret}} {{text}}")
    datagen.run(SPEC, target={"type": "file", "path": str(tmp_path / "out")}, format=str(tmp_path / "line"), **OPTIONS)
    assert all(f"<{line.split()[0]}>" == line.split()[1] for line in (tmp_path / "out").read_text().splitlines())


def test_a_path_and_a_filter_can_have_it(tmp_path) -> None:
    through = [{"type": "filter", "where": "secret > 5"}]
    datagen.run(SPEC, target={"type": "file", "path": str(tmp_path / "{{secret}}.json"), "through": through}, **OPTIONS)
    found = {path.stem: [json.loads(line) for line in path.read_text().splitlines()] for path in tmp_path.iterdir()}
    assert set(found) <= set("6789")
    assert all(record["text"] == f"<{name}>" and len(record) == 3 for name, own in found.items() for record in own)


def test_parquet_has_no_column_of_it(tmp_path) -> None:
    datagen.run(SPEC, target={"type": "parquet", "path": str(tmp_path / "out.parquet")}, **OPTIONS)
    [file] = tmp_path.iterdir()
    assert pyarrow.parquet.read_table(file).column_names == ["time", "text", "n"]


def test_batches_and_types_have_no_column_of_it() -> None:
    batch = next(datagen.batches(SPEC, **OPTIONS))
    assert batch.schema.names == ["time", "text", "n"]


def test_it_stays_hidden_through_stages_and_a_snapshot() -> None:
    batches = list(batches_of(SPEC, 200))
    kept = [unpack(pack({"batch": batch}))["batch"] for batch in batches]
    for batch in [joined(batches), *kept, batches[0].take(batches[0].worker[:3]), batches[0].slice(1, 3)]:
        assert b"secret" not in bytes(batch.json.data)


def test_a_stage_that_adds_a_label_keeps_it_hidden(tmp_path) -> None:
    through = [{"type": "duplicate", "share": 0.5, "label": True}]
    records = [json.loads(line) for line in written(tmp_path, through=through).splitlines()]
    assert all(list(record) == ["time", "text", "n", "duplicate"] for record in records)


def renamed(time: str | None) -> dict:
    spec = world(counter("n"), {"name": "hour", "type": "expression", "value": "hour(time)"})
    spec["emitters"][0]["time"] = time
    return spec


def test_the_time_may_have_another_name(tmp_path) -> None:
    assert list(records_of(renamed("@timestamp"), 1)[0]) == ["@timestamp", "n", "hour"]
    assert written(tmp_path, renamed("ts"), format="csv").startswith("ts,n,hour\n2024-01-01T00:00:00.000,0,0\n")


def test_the_time_may_be_left_out_and_is_still_known(tmp_path) -> None:
    assert records_of(renamed(None), 2) == [{"n": 0, "hour": 0}, {"n": 1, "hour": 0}]
    (tmp_path / "line").write_text("{{time|%H:%M:%S}} {{n}}")
    target = {"type": "file", "path": str(tmp_path / "out")}
    datagen.run(renamed(None), target=target, format=str(tmp_path / "line"), **OPTIONS)
    assert (tmp_path / "out").read_text().startswith("00:00:00 0\n00:00:01 1\n")


def test_a_name_of_the_time_that_a_field_has_is_told() -> None:
    with pytest.raises(InvalidInput) as caught:
        datagen.load(renamed("n"))
    assert [f"{problem.path}: {problem.message}" for problem in caught.value.problems] == [
        'emitters[0].time: there is a dimension "n" already'
    ]


def test_a_field_inside_another_can_not_be_hidden() -> None:
    inner = {"name": "o", "type": "object", "dimensions": [enum("a", 1, hidden=True)]}
    [warning] = datagen.load(world(inner)).warnings
    assert warning.path == "emitters[0].dimensions[0].dimensions[0].hidden"
    assert warning.message == "only a field of a record can be hidden; what is inside of one can't"
