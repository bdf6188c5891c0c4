"""The target ``parquet``: typed columns, whole files, and what is acknowledged when."""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from datagen.delivery.resume import open_journal
from datagen.formatters.json import Json
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Sink, Undelivered
from datagen.targets.files.parquet import Parquet
from tests.lanes import deliver
from tests.servers.installed import wait_until
from tests.servers.s3_server import make_bucket, serve
from tests.worlds import ROOT, START, counter, enum, exponential, integer, run_of, state, uniform, world, write_json

RUN = ("-s", START, "--seed", "1")
MANY = world(counter("n"), enum("c", "DE", "FR", "é /%", None), integer("k", uniform(0, 9)), gap=exponential(60))


def begun(target: Parquet, spec: dict = MANY) -> Sink:
    """What a target becomes for the records of a spec."""
    run = run_of(spec, 1)
    scope = Scope(run.clock.start, 1, "run", print)
    assert not target.misfits(run.layout, Json(), scope)
    return target.begin(run.layout, Json(), scope)


def encoded_of(sink: Sink, spec: dict = MANY, count: int = 600) -> Encoded:
    return Encoded.joined([sink.encode(batch) for batch in run_of(spec, count).batches()])


def make(folder: Path, spec: dict = MANY, **keys: object) -> Sink:
    return begun(Parquet.model_validate({"path": str(folder), **keys}), spec)


def tables(folder: Path) -> dict[str, list[dict]]:
    return {
        str(path.relative_to(folder)): pq.ParquetFile(path).read().to_pylist() for path in sorted(folder.rglob("*.*"))
    }


@pytest.fixture
def to_parquet(generate, tmp_path):
    """Run a spec whose target is the folder ``out``."""

    def run(spec: dict, *arguments: object, **target: object):
        target = {"type": "parquet", "path": str(tmp_path / "out"), **target}
        return generate(spec | {"target": target}, *arguments)

    return run


def test_columns_have_the_types_of_their_values(to_parquet, tmp_path) -> None:
    item = {"name": "i", "type": "enum", "values": [1, 2]}
    spec = world(
        counter("n"),
        enum("text", "ü", None, percent_missing=20),
        enum("flag", True, False),
        {"name": "real", "type": "float", "distribution": uniform(0, 1)},
        {"name": "born", "type": "timestamp", "distribution": uniform("1950-01-01T00:00:00Z", "2005-12-31T00:00:00Z")},
        {"name": "deep", "type": "object", "dimensions": [counter("a"), enum("b", "x")]},
        {"name": "many", "type": "list", "length_distribution": uniform(0, 3), "selection_distribution": uniform(0, 0)}
        | {"elements": [item]},
        enum("mixed", 1, "one", [1]),
    )
    outcome = to_parquet(spec, "-n", 500)
    assert outcome.code == 0, outcome.err
    (name,) = tables(tmp_path / "out")
    assert name == "part-00001.parquet"
    table = pq.read_table(tmp_path / "out" / name)
    kinds = {field.name: str(field.type) for field in table.schema}
    assert kinds["time"].startswith("timestamp")
    assert (kinds["text"], kinds["flag"], kinds["real"], kinds["mixed"]) == ("string", "bool", "double", "string")
    assert kinds["born"] == "timestamp[ms, tz=UTC]"
    assert kinds["n"].startswith("int")
    assert (kinds["deep"][:7], kinds["many"][:5]) == ("struct<", "list<")
    assert table["n"].to_pylist() == list(range(500))
    assert set(table["text"].to_pylist()) == {"ü", None}


def test_emitters_share_the_columns(to_parquet, tmp_path) -> None:
    spec = world(enum("a", 1), states=[state("s", "t"), state("t", emitter="f")])
    spec["emitters"].append({"name": "f", "dimensions": [enum("a", "one"), enum("b", 2)]})
    assert to_parquet(spec, "-n", 4, record_id=True).code == 0
    rows = pq.read_table(tmp_path / "out" / "part-00001.parquet").to_pylist()
    assert [(row["a"], row["b"]) for row in rows] == [("1", None), ('"one"', 2)] * 2
    assert len({row["record_id"] for row in rows}) == 4


def test_files_hold_so_many_rows_in_groups(to_parquet, tmp_path) -> None:
    outcome = to_parquet(world(counter("n")), "-n", 100_000, rotate={"records": 30_000}, row_group_size=20_000)
    assert outcome.code == 0
    files = [pq.ParquetFile(path) for path in sorted((tmp_path / "out").iterdir())]
    groups = [[file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] for file in files]
    assert groups == [[20_000, 10_000]] * 3 + [[10_000]]
    assert [n for file in files for n in file.read()["n"].to_pylist()] == list(range(100_000))


def test_files_hold_so_many_bytes_or_a_stretch_of_time(to_parquet, tmp_path) -> None:
    to_parquet(world(counter("n")), "-n", 60_000, rotate={"bytes": 100_000}, row_group_size=5_000)
    sizes = [path.stat().st_size for path in sorted((tmp_path / "out").iterdir())]
    assert len(sizes) > 1
    assert all(100_000 <= size < 1_500_000 for size in sizes[:-1])
    to_parquet(world(counter("n")), "-n", 10, rotate={"seconds": 4})
    assert [[row["n"] for row in rows] for rows in tables(tmp_path / "out").values()] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9],
    ]


def test_partitions_are_those_that_readers_know(to_parquet, tmp_path) -> None:
    assert to_parquet(MANY, "-n", 2000, partition_by=["c", "k"]).code == 0
    names = set(tables(tmp_path / "out"))
    assert "c=%C3%A9%20%2F%25/k=3/part-00001.parquet" in names
    assert "c=__HIVE_DEFAULT_PARTITION__/k=0/part-00001.parquet" in names
    table = ds.dataset(tmp_path / "out", partitioning="hive").to_table().sort_by("n")
    assert table["n"].to_pylist() == list(range(2000))
    assert set(table["c"].to_pylist()) == {"DE", "FR", "é /%", None}
    assert set(table["k"].to_pylist()) == set(range(10))


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ({"path": "out/%Y/%m/%d.parquet"}, ["2024/01/01-00001.parquet", "2024/01/02-00001.parquet"]),
        ({"path": "out/%d/{{c}}.parquet"}, [f"{day}/{c}-00001.parquet" for day in ("01", "02") for c in ("DE", "FR")]),
        (
            {"path": "out", "partition_by": ["c", {"time": "day"}]},
            [f"c={c}/day=2024-01-0{day}/part-00001.parquet" for c in ("DE", "FR") for day in (1, 2)],
        ),
        (
            {"path": "out/%m", "partition_by": [{"time": "year"}]},
            ["01/year=2024/part-00001.parquet"],
        ),
    ],
)
def test_files_are_where_the_time_of_a_record_says(process, tmp_path, keys: dict, names: list[str]) -> None:
    spec = world(counter("n"), enum("c", "DE", "FR"), gap=exponential(900))
    write_json(tmp_path / "spec.json", spec | {"target": {"type": "parquet", **keys}})
    assert process("-c", "spec.json", *RUN, "-n", 90, "--state", "s").code == 0
    assert process("-c", "spec.json", *RUN, "-n", 120, "--state", "s").code == 0
    found = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*-00001.parquet"))
    assert found == sorted(names)
    line = [sys.executable, "-m", "datagen", "audit", "-c", "spec.json", *RUN, "-n", "120"]
    where = {"cwd": tmp_path, "env": os.environ | {"PYTHONPATH": str(ROOT)}}
    done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=60, **where)
    assert "120 expected, 120 found, 0 missing, 0 duplicated, 0 out of order, 0 altered" in done.stdout


def test_rows_are_in_the_folder_of_their_hour_and_keep_their_time(to_parquet, tmp_path) -> None:
    assert to_parquet(MANY, *RUN, "-n", 300, partition_by=[{"time": "hour"}]).code == 0
    found = tables(tmp_path / "out")
    assert len(found) > 3
    for name, rows in found.items():
        assert {f"hour={row['time']:%Y-%m-%dT%H}" for row in rows} == {name.partition("/")[0]}


@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip", "none"])
def test_columns_are_compressed(to_parquet, tmp_path, compression: str) -> None:
    assert to_parquet(MANY, "-n", 100, path=f"{tmp_path}/one.parquet", compression=compression).code == 0
    column = pq.ParquetFile(tmp_path / "one-00001.parquet").metadata.row_group(0).column(0)
    assert column.compression == {"none": "UNCOMPRESSED"}.get(compression, compression.upper())


def test_files_of_an_earlier_run_make_place_or_stay(to_parquet, tmp_path) -> None:
    for keys, expected in [({}, 3), ({"append": True}, 6), ({}, 3)]:
        assert to_parquet(MANY, "-n", 25, rotate={"records": 10}, **keys).code == 0
        (tmp_path / "out" / "mine.parquet.txt").touch()
        assert len(list((tmp_path / "out").iterdir())) == expected + 1


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"partition_by": ["cc"]}, 'no emitter has "cc"; did you mean "c"'),
        ({"partition_by": ["o"]}, '"o" is an object or a list'),
        ({"partition_by": ["time", "c", "o2", "o"]}, '"o" is an object or a list'),
        ({"partition_by": [{"time": "week"}]}, 'partition_by[0]: must be the name of a dimension, or {"time": "day"}'),
        (
            {"partition_by": [{"time": "day", "c": "day"}]},
            'partition_by[0]: must be the name of a dimension, or {"time"',
        ),
        ({"partition_by": [{"c": "day"}]}, 'partition_by: "c" is not a time'),
        ({"partition_by": ["c", "o2", "c"]}, 'partition_by: two folders would be called "c"'),
        ({"partition_by": ["day", {"time": "day"}]}, 'partition_by: two folders would be called "day"'),
        ({"partition_by": [{"time": "day"}, {"born": "day"}]}, 'partition_by: two folders would be called "day"'),
        ({"path": "out/{{cc}}.parquet"}, '{{cc}}: no emitter has "cc"; did you mean "c"'),
        ({"format": "csv"}, "parquet has no format"),
        ({"path": "/nosuch\0"}, "null character"),
        ({"path": "/dev/null"}, "is not a directory"),
        ({"compression": "brotli"}, "snappy"),
        ({"row_group_size": 0}, "row_group_size"),
    ],
)
def test_a_wrong_target_is_refused(to_parquet, keys: dict, message: str) -> None:
    inner = {"name": "o", "type": "object", "dimensions": [counter("a")]}
    born = {"type": "timestamp", "name": "born", "distribution": uniform("1950-01-01", "2005-12-31")}
    outcome = to_parquet(world(enum("c", 1), enum("o2", 1), enum("day", 1), born, inner), "-n", 1, **keys)
    assert outcome.code == 2
    assert message in outcome.err


@pytest.mark.parametrize("path", ["%Y-%m", "{{c}}", "%Y/clicks", "%d.parquet", "out"])
def test_only_the_current_folder_must_be_writable_for_a_relative_path(monkeypatch, path: str) -> None:
    monkeypatch.setattr(os, "access", lambda folder, mode: str(folder) == ".")
    assert Parquet(path=path).unwritable() is None
    assert Parquet(path=f"/{path}").unwritable() == "/ may not be written"


def test_an_object_without_keys_is_refused(to_parquet) -> None:
    outcome = to_parquet(world({"name": "o", "type": "object", "dimensions": []}), "-n", 1)
    assert outcome.code == 2
    assert "can't hold an object without keys: o" in outcome.err


def test_no_record_makes_no_file(to_parquet, tmp_path) -> None:
    assert to_parquet(MANY, "-n", 0).code == 0
    assert not (tmp_path / "out").exists()


# What is acknowledged


def test_records_are_acknowledged_with_their_file(tmp_path) -> None:
    sink = make(tmp_path, rotate={"records": 200})
    encoded = encoded_of(sink)
    seen = []
    sink.open(None)
    for start in range(0, 500, 50):
        sink.write(encoded.slice(start, start + 50))
        seen.append((sink.pending, sink.position()["files"], len(tables(tmp_path))))
    sink.finish()
    assert seen[:4] == [(50, 0, 0), (100, 0, 0), (150, 0, 0), (0, 1, 1)]
    assert (sink.pending, sink.position()["files"]) == (0, 3)


def test_the_run_counts_what_is_acknowledged(tmp_path) -> None:
    target = Parquet.model_validate({"path": str(tmp_path / "out"), "rotate": {"records": 30_000}})
    journal = open_journal(str(tmp_path / "state"))
    _, (lane,) = deliver(MANY, [target], 100_000, journal=journal)
    journal.close()
    standing = lane.sender.standing
    assert (lane.delivered, standing.position["files"]) == (100_000, 4)
    _, text = (tmp_path / "state" / "acknowledged").read_bytes().split(b"\n")
    (kept,) = json.loads(text)
    assert (kept["records"], kept["position"]) == (100_000, standing.position)


@pytest.mark.parametrize("keys", [{}, {"partition_by": ["c"]}, {"path": "x.parquet"}])
@pytest.mark.parametrize("at", [0, 90, 100, 250, 599])
def test_what_is_continued_after_a_kill_is_the_same(tmp_path, monkeypatch, keys: dict, at: int) -> None:
    results = []
    for kind in ("whole", "killed"):
        (tmp_path / kind).mkdir()
        monkeypatch.chdir(tmp_path / kind)
        first = make("out", rotate={"records": 100}, **keys)
        encoded, begin, position = encoded_of(first), 0, None
        if kind == "killed":
            first.open(None)
            first.write(encoded.slice(0, at))
            begin, position = at - first.pending, json.loads(json.dumps(first.position()))
            first.write(encoded.slice(at, 600))
        second = make("out", rotate={"records": 100}, **keys)
        second.open(position)
        second.write(encoded.slice(begin, 600))
        second.finish()
        results.append(tables(tmp_path / kind))
    assert results[0] == results[1]
    assert sum(map(len, results[0].values())) == 600


def test_a_broken_off_file_is_gone_when_the_run_goes_on_with_less(tmp_path) -> None:
    sink = make(tmp_path, partition_by=["c"], rotate={"records": 100})
    encoded = encoded_of(sink)
    sink.open(None)
    sink.write(encoded.slice(0, 300))
    again = make(tmp_path, partition_by=["c"], rotate={"records": 100})
    again.open({"files": 1, "marks": ""})
    again.write(encoded.slice(100, 101))
    again.finish()
    found = tables(tmp_path)
    assert sum(map(len, found.values())) == 101
    assert {name[-13:-8] for name in found} == {"00001", "00002"}


def test_what_a_full_disk_did_not_take_is_kept_and_tried_again(tmp_path) -> None:
    sink = make(tmp_path / "out", rotate={"records": 100})
    encoded = encoded_of(sink)
    sink.open(None)
    sink.write(encoded.slice(0, 250))
    (tmp_path / "out" / ".part-00003.parquet.part").mkdir()  # in its way
    with pytest.raises(Undelivered) as error:
        sink.write(encoded.slice(250, 350))
    assert (error.value.records, sink.pending, sink.position()["files"]) == (50, 100, 2)
    sink.close()
    (tmp_path / "out" / ".part-00003.parquet.part").rmdir()
    sink.open(sink.position())
    sink.write(encoded.slice(300, 300))
    assert (sink.pending, sink.position()["files"]) == (0, 3)
    sink.write(encoded.slice(300, 600))
    sink.finish()
    assert [row["n"] for rows in tables(tmp_path / "out").values() for row in rows] == list(range(600))


def small_disk() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))


CHANGES = {
    "removed": lambda path: path.unlink(),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "another of its size": lambda path: path.write_bytes(b"x" * path.stat().st_size),
    "larger": lambda path: path.write_bytes(b"x" * (path.stat().st_size + 10)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("keys", [{}, {"partition_by": ["c"]}], ids=str)
def test_files_that_are_not_what_the_run_left_are_not_continued(tmp_path, keys: dict, change) -> None:
    sink = make(tmp_path / "out", rotate={"records": 200}, **keys)
    sink.open(None)
    sink.write(encoded_of(sink))
    whole = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.parquet")}
    for path, data in whole.items():
        change(path)
        with pytest.raises(Undelivered, match="was changed, replaced or removed") as error:
            make(tmp_path / "out", rotate={"records": 200}, **keys).open(sink.position())
        assert path.name[4:] in str(error.value)
        path.write_bytes(data)
    make(tmp_path / "out", rotate={"records": 200}, **keys).open(sink.position())
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.parquet")} == whole


@pytest.mark.parametrize(("length", "files"), [(2000, 0), (100, 2)])
def test_a_full_disk_ends_the_run_and_leaves_whole_files(process, tmp_path, length: int, files: int) -> None:
    spec = world(counter("n"), {"name": "x", "type": "string", "length_distribution": uniform(length, length)})
    spec["target"] = {"type": "parquet", "path": "out", "rotate": {"records": 2000}}
    write_json(tmp_path / "spec.json", spec)
    outcome = process("-c", "spec.json", *RUN, "-n", 4000, preexec_fn=small_disk)
    assert outcome.code == (0 if files else 1)
    assert ("File too large (0 records delivered)" in outcome.err) == (not files)
    assert [len(rows) for rows in tables(tmp_path / "out").values()] == [2000] * files


def test_a_killed_command_continues(tmp_path) -> None:
    target = {"type": "parquet", "path": "out", "partition_by": ["c"], "rotate": {"records": 20_000}}
    write_json(tmp_path / "spec.json", MANY | {"target": target})
    line = [sys.executable, ROOT / "generator.py", "-c", "../spec.json", *RUN, "-n", "200000"]
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    subprocess.run(line, cwd=tmp_path / "whole", check=True, capture_output=True, timeout=60)
    for files in (1, 13):
        running = subprocess.Popen([*line, "--state", "../state"], cwd=tmp_path / "killed", stderr=subprocess.PIPE)
        wait_until(lambda files=files: len(list((tmp_path / "killed").rglob("*.parquet"))) >= files)
        running.send_signal(signal.SIGKILL)
        running.communicate()
    subprocess.run([*line, "--state", "../state"], cwd=tmp_path / "killed", check=True, capture_output=True, timeout=60)
    whole = sorted(path.relative_to(tmp_path / "whole") for path in (tmp_path / "whole").rglob("*.*"))
    assert whole == sorted(path.relative_to(tmp_path / "killed") for path in (tmp_path / "killed").rglob("*.*"))
    for path in whole:
        assert pq.read_table(tmp_path / "killed" / path).equals(pq.read_table(tmp_path / "whole" / path))


# Reading back


@pytest.mark.parametrize("keys", [{}, {"partition_by": ["c"]}, {"path": "x.parquet", "compression": "zstd"}])
def test_what_is_stored_is_what_was_sent(tmp_path, monkeypatch, keys: dict) -> None:
    monkeypatch.chdir(tmp_path)
    spec = world(counter("n"), enum("c", "a", None, ""), enum("m", 1, "x", {"y": [None]}, percent_missing=30))
    sink = make("out", spec, rotate={"records": 90}, row_group_size=40, **keys)
    encoded = encoded_of(sink, spec)
    sink.open(None)
    sink.write(encoded)
    sink.finish()
    stored = [row for _, rows in sink.stored() for row in rows]
    sent = list(sink.comparable(encoded))
    assert len(sent) == 600
    assert stored == sent if "partition_by" not in keys else sorted(stored) == sorted(sent)


def test_an_object_store_holds_the_same(generate, tmp_path) -> None:
    with serve() as address:
        make_bucket(address, "lake")
        path = f"s3://testing:topsecret@lake/clicks?endpoint_override={address}&scheme=http&region=us-east-1"
        target = Parquet.model_validate({"path": path, "partition_by": ["c"], "rotate": {"records": 90}})
        sink = begun(target)
        encoded = encoded_of(sink)
        sink.open(None)
        sink.write(encoded)
        sink.finish()
        assert sorted(row for _, rows in sink.stored() for row in rows) == sorted(sink.comparable(encoded))
        assert "topsecret" not in str(target)
        assert sink.position()["files"] == 7


def test_a_live_run_of_few_records_is_whole(process, tmp_path) -> None:
    target = {"type": "parquet", "path": "out", "rotate": {"seconds": 1}}
    write_json(tmp_path / "spec.json", world(counter("n"), gap=0.01) | {"target": target})
    outcome = process("-c", "spec.json", "-r", "2S")
    assert outcome.code == 0
    rows = list(tables(tmp_path / "out").values())
    assert [row["n"] for part in rows for row in part] == list(range(200))
    assert [len(part) for part in rows] == [100, 100]
