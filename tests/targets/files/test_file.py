"""The target ``file``: many files, rotation, compression, object stores; what is continued is the same to the byte."""

import gzip
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
import zstandard

from datagen.formatters.csv import Csv
from datagen.formatters.json import Json
from datagen.plugin.formatter import Formatter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Sink, Undelivered, Unreadable
from datagen.problems import counted
from datagen.records.batch import Layout
from datagen.targets.files.file import File
from datagen.targets.files.naming import Names, PathPattern, fixed_folder, safe_name
from datagen.targets.files.place import Address
from datagen.targets.files.rotation import Rotation
from tests.servers.installed import Proxy, free_port, wait_until
from tests.servers.s3_server import client, make_bucket, serve
from tests.worlds import (
    MIXED,
    ROOT,
    START,
    counter,
    enum,
    exponential,
    integer,
    run_of,
    state,
    uniform,
    world,
    write_json,
)

RUN = ("-s", START, "--seed", "1")
PLACES = ["a/b", "..", "", ".", "\\", "x\n", "ü" * 200, None, "fine", "%d"]
FAT = world({"name": "x", "type": "string", "length_distribution": uniform(50, 200)})
MANY = world(
    counter("n"),
    enum("c", "DE", "FR", "é"),
    integer("k", uniform(0, 199)),
    gap=exponential(60),
)


def decompressed(data: bytes) -> bytes:
    """By the standard tools, not by those that wrote it."""
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    if data[:4] == b"\x28\xb5\x2f\xfd":
        return zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()
    return data


def files_in(folder: Path) -> dict[str, bytes]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): decompressed(path.read_bytes()) for path in found}


def begun(target: File, spec: dict = MANY, formatter: Formatter | None = None) -> Sink:
    """What a target becomes for the records of a spec."""
    run, formatter = run_of(spec, 1), formatter or Json()
    scope = Scope(run.clock.start, 1, "run", print)
    assert not target.misfits(run.layout, formatter, scope)
    return target.begin(run.layout, formatter, scope)


def encoded_of(sink: Sink, spec: dict = MANY, count: int = 2000) -> Encoded:
    return Encoded.joined([sink.encode(batch) for batch in run_of(spec, count).batches()])


def write_all(sink: Sink, encoded: Encoded, cuts: list[int], position=None, begin: int = 0) -> None:
    sink.open(position)
    for start, stop in zip([begin, *cuts], [*cuts, len(encoded)], strict=True):
        sink.write(encoded.slice(start, stop))
    sink.finish()
    sink.close()


def kill_at(make, encoded: Encoded, folder: Path, at: int, torn: int) -> tuple[int, object]:
    """Write up to a record, then more that is never acknowledged and ends in the middle; return where it stood."""
    sink = make()
    sink.open(None)
    for start in range(0, at, 97):
        sink.write(encoded.slice(start, min(start + 97, at)))
    standing = at - sink.pending, json.loads(json.dumps(sink.position()))
    before = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    sink.write(encoded.slice(at, min(at + torn, len(encoded))))
    sink.close()
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if before.get(path) != path.stat().st_size:
            with path.open("ab") as file:
                file.write(b'{"torn": ')
    return standing


WAYS = {
    "plain": {"path": "e.json"},
    "gzip": {"path": "e.json.gz", "compression": "gzip"},
    "zstd": {"path": "e.json.zst", "compression": "zstd"},
    "by value": {"path": "e/{{c}}/x.json"},
    "by value, more than may be open": {"path": "e/{{k}}.json"},
    "by time": {"path": "e/%Y-%m-%d/%H.json"},
    "by value, gzip": {"path": "e/{{c}}.json.gz", "compression": "gzip"},
    "records": {"path": "e.json", "rotate": {"records": 100}},
    "bytes": {"path": "e.json", "rotate": {"bytes": 5000}},
    "seconds": {"path": "e.json", "rotate": {"seconds": 1800}},
    "all of it": {"path": "e/{{c}}.json", "rotate": {"records": 90, "bytes": 6000, "seconds": 3600.5}, "atomic": True},
    "atomic": {"path": "e.json", "atomic": True},
    "added": {"path": "e/{{c}}.json", "append": True},
    "added, numbered": {"path": "e/{{c}}.json", "append": True, "rotate": {"records": 70}},
    "added to one, numbered": {"path": "e.json", "append": True, "rotate": {"records": 70}},
}


@pytest.mark.parametrize("formatter", [Json, Csv])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_continued_after_a_kill_is_the_same_to_the_byte(tmp_path, monkeypatch, way: str, formatter) -> None:
    def make() -> Sink:
        return begun(File.model_validate(WAYS[way]), formatter=formatter())

    encoded = encoded_of(make(), count=600)
    for number, (at, torn) in enumerate([(0, 0), (1, 1), (90, 10), (97, 300), (250, 1), (500, 100), (600, 0)]):
        results = []
        for kind in ("whole", "killed"):
            folder = tmp_path / f"{number} {kind}"
            (folder / "e").mkdir(parents=True)
            for old in ("e/DE.json", "e/FR-00003.json", "e-00002.json"):
                (folder / old).write_text('{"old": 1}\n')
            monkeypatch.chdir(folder)
            if kind == "whole":
                write_all(make(), encoded, [])
            else:
                begin, position = kill_at(make, encoded, folder, at, torn)
                write_all(make(), encoded, [580] if begin < 580 else [], position, begin)
            results.append(files_in(folder))
        assert results[0] == results[1]
    lines = sum(data.count(b"\n") for name, data in results[0].items() if b"old" not in data)
    assert lines > 300


# Which file


def test_each_emitter_has_a_file_of_its_own(generate, tmp_path) -> None:
    target = {"type": "file", "path": f"{tmp_path}/out/{{{{emitter}}}}.json"}
    assert generate(MIXED | {"target": target}, "-n", 500).code == 0
    printed = generate(MIXED, "-n", 500).out.splitlines()
    found = {name: data.decode().splitlines() for name, data in files_in(tmp_path / "out").items()}
    assert found.keys() == {"first.json", "second.json"}
    assert found["first.json"] == [line for line in printed if '"n":' in line]
    assert sorted([*found["first.json"], *found["second.json"]]) == sorted(printed)


def test_each_record_goes_to_the_file_of_its_time_and_values(generate, tmp_path) -> None:
    target = {"type": "file", "path": f"{tmp_path}/out/%Y-%m-%d/%H {{{{c}}}} 100%%.json"}
    outcome = generate(MANY | {"target": target}, "-n", 5000)
    assert outcome.code == 0
    found = files_in(tmp_path / "out")
    assert len(found) > 24
    numbers = []
    for name, data in found.items():
        records = [json.loads(line) for line in data.splitlines()]
        for record in records:
            hour = datetime.fromisoformat(record["time"]).strftime("%Y-%m-%d/%H")
            assert name == f"{hour} {record['c']} 100%.json"
        own = [record["n"] for record in records]
        assert own == sorted(own)
        numbers += own
    assert sorted(numbers) == list(range(5000))


def test_values_never_lead_out_of_their_folder(generate, tmp_path) -> None:
    spec = world(enum("c", *PLACES, percent_missing=10)) | {
        "target": {"type": "file", "path": f"{tmp_path}/a/b/{{{{c}}}}/{{{{c}}}}"}
    }
    assert generate(spec, "-n", 2000).code == 0
    names = {name.split("/")[0] for name in files_in(tmp_path / "a" / "b")}
    assert names == {"a_b", "__", "none", "_", "x_", "ü" * 50, "fine", "%d"}
    assert [path.name for path in tmp_path.iterdir() if path.name != "spec.json"] == ["a"]
    assert sum(data.count(b"\n") for data in files_in(tmp_path / "a").values()) == 2000


@pytest.mark.parametrize(
    ("value", "name"),
    [("", "none"), ("...", "___"), ("a/../b", "a_.._b"), ("\0\t\x7f", "___"), (".x", ".x"), ("é" * 99, "é" * 50)],
)
def test_a_value_becomes_part_of_a_name(value: str, name: str) -> None:
    assert safe_name(value) == name


@pytest.mark.parametrize(
    ("path", "name"),
    [("100%.json", "100%.json"), ("a%%d.json", "a%d.json"), ("%", "%"), ("%é", "%é"), ("{x}.json", "{x}.json")],
)
def test_a_percent_sign_that_begins_no_code_stands_for_itself(generate, tmp_path, path: str, name: str) -> None:
    assert generate(world() | {"target": {"type": "file", "path": f"{tmp_path}/{path}"}}, "-n", 3).code == 0
    assert (tmp_path / name).read_text().count("\n") == 3


def test_a_folder_with_a_percent_sign_is_found(generate, tmp_path) -> None:
    (tmp_path / "50%").mkdir()
    for path in ("50%%/x.json", "50%/y.json"):
        assert generate(world() | {"target": {"type": "file", "path": f"{tmp_path}/{path}"}}, "-n", 3).code == 0
    assert {path.name for path in (tmp_path / "50%").iterdir()} == {"x.json", "y.json"}


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("%Y-%m", ""),
        ("%Y/x.json", ""),
        ("{{x}}/x.json", ""),
        ("x.json", ""),
        ("a//b/c%Y/x.json", "a/b/"),
        ("/a/b{{x}}", "/a/"),
        ("/%Y/x.json", "/"),
        ("50%/%%d/%d.json", "50%/%d/"),
        ("a%%%d/x.json", ""),
    ],
)
def test_the_folder_of_all_files_ends_where_a_path_varies(path: str, folder: str) -> None:
    assert fixed_folder(path) == folder


def test_the_files_of_several_emitters_are_told_apart(generate, tmp_path) -> None:
    spec = world(enum("a", 1), states=[state("s", "t"), state("t", emitter="f")])
    spec["emitters"].append({"name": "f", "dimensions": [enum("b", {"deep": "B"}), enum("ü", True)]})
    spec["target"] = {"type": "file", "path": f"{tmp_path}/out/a={{{{a}}}} b={{{{b.deep}}}} ü={{{{ü}}}}"}
    assert generate(spec, "-n", 100).code == 0
    found = files_in(tmp_path / "out")
    assert set(found) == {"a=1 b=none ü=none", "a=none b=B ü=true"}
    assert all(data.count(b"\n") == 50 for data in found.values())


def test_the_time_of_another_dimension_chooses_the_file(generate, tmp_path) -> None:
    dimension = {"name": "t", "type": "timestamp", "distribution": uniform("2020-01-01", "2021-12-31")}
    spec = world(dimension) | {"target": {"type": "file", "path": f"{tmp_path}/out/{{{{t|%Y/%m}}}}.json"}}
    outcome = generate(spec, "-n", 500)
    assert outcome.code == 0, outcome.err
    for name, data in files_in(tmp_path / "out").items():
        assert all(json.loads(line)["t"].startswith(name[:7].replace("/", "-")) for line in data.splitlines())


def test_no_record_makes_no_file_of_a_pattern_and_an_empty_one_of_a_path(generate, tmp_path) -> None:
    for path in ("one.json", "many/{{time}}.json"):
        assert generate(world() | {"target": {"type": "file", "path": f"{tmp_path}/{path}"}}, "-n", 0).code == 0
    assert files_in(tmp_path) == {"one.json": b"", "spec.json": (tmp_path / "spec.json").read_bytes()}


# Rotation


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_files_hold_so_many_records_each_with_its_header(generate, tmp_path, compression: str) -> None:
    target = {"type": "file", "path": f"{tmp_path}/e.x.csv", "rotate": {"records": 30_000}, "compression": compression}
    assert generate(world(counter("n")) | {"target": target}, "-n", 100_000, "-f", "csv").code == 0
    found = {name: data.decode().splitlines() for name, data in files_in(tmp_path).items() if name != "spec.json"}
    assert list(found) == [f"e.x-0000{number}.csv" for number in (1, 2, 3, 4)]
    assert {lines[0] for lines in found.values()} == {"time,n"}
    assert [len(lines) - 1 for lines in found.values()] == [30_000, 30_000, 30_000, 10_000]
    assert [line.split(",")[1] for lines in found.values() for line in lines[1:]] == list(map(str, range(100_000)))


def test_files_hold_so_many_bytes(generate, tmp_path) -> None:
    target = {"type": "file", "path": f"{tmp_path}/e", "rotate": {"bytes": 1000}}
    spec = world({"name": "x", "type": "string", "length_distribution": uniform(1, 1500)}) | {"target": target}
    assert generate(spec, "-n", 500).code == 0
    found = [data for name, data in files_in(tmp_path).items() if name != "spec.json"]
    assert all(len(data) <= 1000 or data.count(b"\n") == 1 for data in found)
    ahead = [len(one) + data.index(b"\n") + 1 for one, data in pairwise(found)]
    assert all(size > 1000 for size in ahead)
    assert any(data.count(b"\n") > 1 for data in found)


def test_files_hold_a_stretch_of_time(generate, tmp_path) -> None:
    target = {"type": "file", "path": f"{tmp_path}/e.json", "rotate": {"seconds": 2.5}}
    assert generate(world(counter("n")) | {"target": target}, "-n", 20).code == 0
    found = [
        [json.loads(line)["n"] for line in data.splitlines()]
        for name, data in files_in(tmp_path).items()
        if name != "spec.json"
    ]
    assert found == [[0, 1, 2], [3, 4], [5, 6, 7], [8, 9], [10, 11, 12], [13, 14], [15, 16, 17], [18, 19]]


def test_numbered_files_of_an_earlier_run_make_place_and_others_stay(generate, tmp_path) -> None:
    for name in ("e-00001.json", "e-00007.json", "e-1.json", "e.json", "f-00007.json", "e-00007.json.txt"):
        (tmp_path / name).write_text("old\n")
    target = {"type": "file", "path": f"{tmp_path}/e.json", "rotate": {"records": 10}}
    assert generate(world() | {"target": target}, "-n", 15).code == 0
    assert {name: data.count(b"\n") for name, data in files_in(tmp_path).items() if name != "spec.json"} == {
        **{"e-00001.json": 10, "e-00002.json": 5, "e-1.json": 1, "e.json": 1, "f-00007.json": 1},
        "e-00007.json.txt": 1,
    }


def test_appending_goes_on_after_the_highest_number(generate, tmp_path) -> None:
    target = {"type": "file", "path": f"{tmp_path}/e.json", "rotate": {"records": 10}, "append": True}
    for _ in range(2):
        assert generate(world() | {"target": target}, "-n", 15).code == 0
    assert [data.count(b"\n") for data in files_in(tmp_path).values()][:4] == [10, 5, 10, 5]


@pytest.mark.parametrize(
    ("text", "number", "name"),
    [
        ("e.json", 1, "e-00001.json"),
        ("v1.2/e.json.gz", 123456, "v1.2/e-123456.json.gz"),
        ("e", 2, "e-00002"),
        ("2024.05", 2, "2024.05-00002"),
    ],
)
def test_the_number_stands_before_the_endings(text: str, number: int, name: str) -> None:
    names = Names.of(PathPattern(text, Layout({})), text, True)
    assert names.name(text, number) == name
    assert names.find([name, "other", text]) == [(text, number, name)]


@pytest.mark.parametrize(
    ("rotate", "message"),
    [
        ({}, 'needs "records", "bytes" or "seconds"'),
        ({"records": 0}, "greater than or equal to 1"),
        ({"bytes": 1.5}, "valid integer"),
        ({"seconds": 0}, "greater than 0"),
        ({"record": 5}, 'did you mean "records"'),
    ],
)
def test_a_wrong_rotation_is_refused(generate, tmp_path, rotate: dict, message: str) -> None:
    outcome = generate(world() | {"target": {"type": "file", "path": f"{tmp_path}/x", "rotate": rotate}}, "-n", 1)
    assert outcome.code == 2
    assert message in outcome.err


def test_room_counts_from_what_a_file_holds() -> None:
    import numpy as np

    from datagen.targets.files.rotation import Filled

    due, ends = np.arange(10) * 10**9, np.arange(1, 11) * 10
    assert Rotation(records=4).room(Filled(1, 10), due, ends, 2) == 3
    assert Rotation(bytes=35).room(Filled(1, 10), due, ends, 2) == 2
    assert Rotation(bytes=5).room(Filled(), due, ends, 2) == 1
    assert Rotation(bytes=5).room(Filled(1, 10), due, ends, 2) == 0
    assert Rotation(seconds=4).room(Filled(1, 10, 0), due, ends, 2) == 2
    assert Rotation(seconds=4).room(Filled(1, 10, 0), due, ends, 4) == 0


# Compression, atomic


@pytest.mark.parametrize(("compression", "most"), [("gzip", 0.5), ("zstd", 0.5)])
def test_compressed_files_are_those_of_the_standard_tools(generate, tmp_path, compression: str, most: float) -> None:
    spec = MANY | {"target": {"type": "file", "path": f"{tmp_path}/out", "compression": compression}}
    plain = generate(MANY, "-n", 100_000)
    assert generate(spec, "-n", 100_000).code == 0
    data = (tmp_path / "out").read_bytes()
    assert decompressed(data) == plain.data
    assert len(data) < most * len(plain.data)


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
@pytest.mark.parametrize("count", [0, 2])
def test_a_compressed_file_is_added_to(generate, tmp_path, compression: str, count: int) -> None:
    target = {"type": "file", "path": f"{tmp_path}/out", "compression": compression, "append": True}
    for _ in range(2):
        assert generate(world() | {"target": target}, "-n", count, "-f", "csv").code == 0
    assert decompressed((tmp_path / "out").read_bytes()).count(b"\n") == 1 + 2 * count


def test_a_live_run_compresses_many_records_together(process, tmp_path) -> None:
    spec = world(enum("a", "x" * 100), gap=0.002) | {
        "target": {"type": "file", "path": "out.gz", "compression": "gzip"}
    }
    write_json(tmp_path / "spec.json", spec)
    assert process("-c", "spec.json", "-r", "2S").code == 0
    data = (tmp_path / "out.gz").read_bytes()
    assert decompressed(data).count(b"\n") == 1000
    assert len(data) < 0.2 * len(decompressed(data))


def test_readers_never_see_half_of_an_atomic_file(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("e.json").write_text("before\n")
    sink = begun(File.model_validate({"path": "e.json", "atomic": True}))
    encoded = encoded_of(sink, count=100)
    sink.open(None)
    sink.write(encoded)
    assert files_in(tmp_path) == {"e.json": b"before\n", ".e.json.part": bytes(encoded.lines.data)}
    sink.finish()
    sink.close()
    assert files_in(tmp_path) == {"e.json": bytes(encoded.lines.data)}


def test_a_finished_atomic_file_is_gone_on_with(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)

    def make() -> Sink:
        return begun(File.model_validate({"path": "e.json", "atomic": True}))

    first, encoded = make(), encoded_of(make(), count=100)
    write_all(first, encoded.slice(0, 40), [])
    write_all(make(), encoded, [], first.position(), 40)
    assert files_in(tmp_path) == {"e.json": bytes(encoded.lines.data)}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"append": True}, 'does not go together with "append"'),
        ({"path": "s3://b/k"}, "does not go together with an object store"),
        ({"path": "/dev/null"}, "no regular file"),
    ],
)
def test_what_can_not_be_atomic_is_refused(generate, tmp_path, keys: dict, message: str) -> None:
    target = {"type": "file", "path": f"{tmp_path}/e", "atomic": True} | keys
    outcome = generate(world() | {"target": target}, "-n", 1)
    assert outcome.code == 2
    assert message in outcome.err


# What goes wrong


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("{dir}/{{{{nosuch}}}}.json", 'no emitter has "nosuch"'),
        ("{dir}/{{{{n|%Y}}}}.json", '"n" is not a time'),
        ("{dir}/spec.json/%Y.json", "spec.json is not a directory"),
        ("{dir}/none/e.json", "none does not exist"),
        ("ftp://host/e.json", 'there is no place "ftp://"'),
        ("s3://bucket", "needs the name of a bucket and a path"),
        ("file:///nosuchfolder/x", "does not exist"),
    ],
)
def test_a_wrong_path_is_refused(generate, tmp_path, path: str, message: str) -> None:
    spec = world(counter("n")) | {"target": {"type": "file", "path": path.format(dir=tmp_path)}}
    outcome = generate(spec, "-n", 1)
    assert (outcome.code, outcome.data) == (2, b"")
    assert message in outcome.err


CHANGES = {
    "removed": lambda path: path.unlink(),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "another of its size": lambda path: path.write_bytes(b"x" * path.stat().st_size),
    "larger": lambda path: path.write_bytes(b"x" * (path.stat().st_size + 10)),
    "a named pipe": lambda path: (path.unlink(), os.mkfifo(path)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("way", [way for way in WAYS if way != "by value, more than may be open"])
def test_a_file_that_is_not_what_the_run_left_is_not_continued(tmp_path, monkeypatch, way: str, change) -> None:
    """Whether it is under way or finished; and of all files none is touched."""
    monkeypatch.chdir(tmp_path)
    sink = begun(File.model_validate(WAYS[way]))
    encoded = encoded_of(sink, count=400)
    sink.open(None)
    for start in range(0, 400, 50):
        sink.write(encoded.slice(start, start + 50))
    sink.close()
    whole = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    assert len(whole) == 1 or way not in ("plain", "gzip", "zstd", "atomic")
    for path, data in whole.items():
        change(path)
        with pytest.raises(Undelivered, match="was changed, replaced or removed") as error:
            begun(File.model_validate(WAYS[way])).open(sink.position())
        assert str(path.relative_to(tmp_path)) in str(error.value)
        assert error.value.lasting
        path.unlink(missing_ok=True)
        path.write_bytes(data)
    again = begun(File.model_validate(WAYS[way]))
    again.open(sink.position())
    again.close()
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()} == whole


@pytest.mark.parametrize("way", WAYS)
def test_files_that_were_copied_to_another_disk_are_continued(tmp_path, monkeypatch, way: str) -> None:
    found = []
    for name in ("whole", "copied"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        sink = begun(File.model_validate(WAYS[way]))
        encoded = encoded_of(sink, count=400)
        sink.open(None)
        sink.write(encoded.slice(0, 250))
        if name == "copied":
            sink.close()
            shutil.copytree(tmp_path / name, tmp_path / "there")
            monkeypatch.chdir(tmp_path / "there")
            position, sink = json.loads(json.dumps(sink.position())), begun(File.model_validate(WAYS[way]))
            sink.open(position)
        sink.write(encoded.slice(250, 400))
        sink.finish()
        sink.close()
        found.append(files_in(Path()))
    assert found[0] == found[1]


def limited(size: int):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
@pytest.mark.parametrize("path", ["out", "out/{{s}}"])
def test_a_full_disk_leaves_whole_records_in_every_file(process, tmp_path, path: str, compression: str) -> None:
    spec = world(enum("s", 1, 2, 3), {"name": "x", "type": "string", "length_distribution": uniform(50, 200)})
    spec["target"] = {"type": "file", "path": path, "compression": compression, "append": False}
    write_json(tmp_path / "spec.json", spec)
    outcome = process("-c", "spec.json", *RUN, "-n", 400_000, preexec_fn=limited(6_000_000))
    assert outcome.code == 1
    assert "File too large" in outcome.err
    found = [data for name, data in files_in(tmp_path).items() if name != "spec.json"]
    assert all(data.endswith(b"\n") for data in found if data)
    assert f"({counted(sum(data.count(10) for data in found), 'record')} delivered)" in outcome.err


def test_a_write_that_fails_half_way_is_taken_back_in_all_files(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    keys = {"path": "{{c}}.json", "rotate": {"records": 50}, "atomic": True}
    sink = begun(File.model_validate(keys))
    encoded = encoded_of(sink, count=1000)
    sink.open(None)
    sink.write(encoded.slice(0, 200))
    before = files_in(tmp_path)
    (tmp_path / ".FR-00006.json.part").mkdir()  # in its way
    with pytest.raises(Undelivered, match="directory") as error:
        sink.write(encoded.slice(200, 1000))
    (tmp_path / ".FR-00006.json.part").rmdir()
    assert error.value.records == 0
    assert files_in(tmp_path) == before
    sink.close()
    write_all(sink, encoded, [], sink.position(), 200)
    numbers = [json.loads(line)["n"] for data in files_in(tmp_path).values() for line in data.splitlines()]
    assert sorted(numbers) == list(range(1000))


@pytest.mark.parametrize("way", ["by value", "all of it", "gzip"])
def test_a_killed_command_continues(tmp_path, way: str) -> None:
    spec = MANY | {"target": WAYS[way] | {"type": "file"}}
    write_json(tmp_path / "spec.json", spec)
    line = [sys.executable, ROOT / "generator.py", "-c", "../spec.json", *RUN, "-n", "150000"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        (folder / "e").mkdir(parents=True)
    subprocess.run(line, cwd=whole, check=True, capture_output=True, timeout=60)
    for size in (1, 3_000_000):
        running = subprocess.Popen([*line, "--state", "../state"], cwd=killed, stderr=subprocess.PIPE)
        wait_until(
            lambda size=size, running=running: (
                sum(path.stat().st_size for path in killed.rglob("*.*") if path.exists()) > size
                or running.poll() is not None
            )
        )
        running.send_signal(signal.SIGKILL)
        running.communicate()
    done = subprocess.run([*line, "--state", "../state"], cwd=killed, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert files_in(killed) == files_in(whole)


# Reading back


@pytest.mark.parametrize("way", [way for way in WAYS if "added" not in way])
def test_what_is_stored_is_what_was_sent(tmp_path, monkeypatch, way: str) -> None:
    monkeypatch.chdir(tmp_path)
    sink = begun(File.model_validate(WAYS[way]), formatter=Csv())
    encoded = encoded_of(sink, count=1000)
    write_all(sink, encoded, [300, 301])
    stored = list(sink.stored())
    sent = list(sink.comparable(encoded))
    place = {line: number for number, line in enumerate(sent)}
    found = [line for _, lines in stored for line in lines]
    assert sorted(found) == sorted(sent)
    for name in {name for name, _ in stored}:
        order = [place[line] for other, lines in stored if other == name for line in lines]
        assert order == sorted(order)


def test_what_is_no_file_can_not_be_read_back() -> None:
    with pytest.raises(Unreadable):
        list(begun(File.model_validate({"path": "/dev/null"})).stored())


# Object stores


@pytest.fixture(scope="module")
def store() -> str:
    with serve() as address:
        make_bucket(address, "events")
        yield address


def uri(address: str, path: str, user: str = "testing:topsecret@") -> str:
    return f"s3://{user}events/{path}?endpoint_override={address}&scheme=http&region=us-east-1"


def objects(address: str, folder: str) -> dict[str, bytes]:
    listed = client(address).list_objects_v2(Bucket="events", Prefix=f"{folder}/").get("Contents", [])
    bodies = {
        item["Key"]: client(address).get_object(Bucket="events", Key=item["Key"])["Body"].read() for item in listed
    }
    return {key.removeprefix(f"{folder}/"): decompressed(body) for key, body in bodies.items() if body}


@pytest.mark.parametrize("body", [None, b"of another size"])
def test_objects_of_another_size_are_not_continued(store, body: bytes | None) -> None:
    target = File.model_validate({"path": uri(store, f"left{body}/x.json"), "rotate": {"records": 100}})
    sink = begun(target)
    write_all(sink, encoded_of(sink, count=400), [])
    begun(target).open(sink.position())
    there = {"Bucket": "events", "Key": f"left{body}/x-00002.json"}
    client(store).put_object(**there, Body=body) if body else client(store).delete_object(**there)
    with pytest.raises(Undelivered, match=r"x-00002\.json was changed, replaced or removed"):
        begun(target).open(sink.position())


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_objects_hold_so_many_records_of_all_paths_together(generate, store, compression: str) -> None:
    path = uri(store, f"{compression}/{{{{c}}}}/x.json")
    target = {"type": "file", "path": path, "rotate": {"records": 30_000}, "compression": compression}
    outcome = generate(MANY | {"target": target}, "-n", 100_000)
    assert outcome.code == 0, outcome.err
    found = objects(store, compression)
    assert set(found) == {f"{country}/x-0000{number}.json" for country in ("DE", "FR", "é") for number in (1, 2, 3, 4)}
    shipments = [sum(data.count(b"\n") for name, data in found.items() if f"-0000{n}" in name) for n in (1, 2, 3, 4)]
    assert shipments == [30_000, 30_000, 30_000, 10_000]
    numbers = [json.loads(line)["n"] for data in found.values() for line in data.splitlines()]
    assert sorted(numbers) == list(range(100_000))


def test_objects_are_continued_after_a_kill(store) -> None:
    def make(folder: str) -> Sink:
        return begun(File.model_validate({"path": uri(store, f"{folder}/{{{{c}}}}.json"), "rotate": {"records": 90}}))

    write_all(make("whole"), encoded_of(make("whole"), count=600), [])
    first = make("killed")
    encoded = encoded_of(first, count=600)
    first.open(None)
    first.write(encoded.slice(0, 500))
    assert first.pending == 50
    position = first.position()
    first.write(encoded.slice(500, 560))  # one more shipment, and the process is gone before it could say so
    write_all(make("killed"), encoded, [], position, 450)
    assert objects(store, "killed") == objects(store, "whole")


def test_objects_are_read_back(store) -> None:
    sink = begun(File.model_validate({"path": uri(store, "back/%d/e.csv"), "rotate": {"records": 90}}), formatter=Csv())
    encoded = encoded_of(sink, count=600)
    write_all(sink, encoded, [])
    assert [line for _, lines in sink.stored() for line in lines] == sink.comparable(encoded)


def test_objects_of_an_earlier_run_make_place_or_stay(store) -> None:
    def make(**keys: object) -> Sink:
        return begun(File.model_validate({"path": uri(store, "again/e.json"), "rotate": {"records": 90}} | keys))

    encoded = encoded_of(make(), count=200)
    for keys, expected in [({}, 3), ({"append": True}, 6), ({}, 3)]:
        write_all(make(**keys), encoded, [])
        assert len(objects(store, "again")) == expected


def test_a_store_that_is_cut_off_gets_all_once_it_is_back(store) -> None:
    with Proxy(int(store.rpartition(":")[2])) as proxy:
        path = uri(f"127.0.0.1:{proxy.port}", "cut/e.json")
        sink = begun(File.model_validate({"path": path, "rotate": {"records": 100}, "on_error": "retry"}))
        encoded = encoded_of(sink, count=600)
        sink.open(None)
        sink.write(encoded.slice(0, 250))
        proxy.cut()
        with pytest.raises(Undelivered) as error:
            sink.write(encoded.slice(250, 600))
        assert not error.value.lasting
        assert (error.value.records, sink.pending) == (50, 100)
        sink.close()
        proxy.mend()
        write_all(sink, encoded, [], sink.position(), 300)
    assert b"".join(objects(store, "cut").values()) == bytes(encoded.lines.data)


def test_a_store_that_is_not_there_ends_the_run(generate) -> None:
    path = uri(f"127.0.0.1:{free_port()}", "x.json")
    outcome = generate(world() | {"target": {"type": "file", "path": path}}, "-n", 10)
    assert outcome.code == 1
    assert outcome.err.startswith("writing to file s3://events/x.json: ")
    assert "(0 records delivered)" in outcome.err
    assert "topsecret" not in outcome.err


def test_a_bucket_that_is_not_there_is_not_tried_again(generate, store) -> None:
    path = uri(store, "x.json").replace("@events", "@nosuch")
    outcome = generate(world() | {"target": {"type": "file", "path": path, "on_error": "retry"}}, "-n", 10)
    assert outcome.code == 1
    assert re.search(r"NO_SUCH_BUCKET.*\(0 records delivered\)", outcome.err)


def test_a_store_can_be_checked_without_a_change(store) -> None:
    for path in ("checked/%Y/{{c}}.json", "x.json"):
        File.model_validate({"path": uri(store, path)}).check()
    assert objects(store, "checked") == {}
    with pytest.raises(Undelivered, match="NO_SUCH_BUCKET") as error:
        File.model_validate({"path": uri(store, "x.json").replace("@events", "@nosuch")}).check()
    assert error.value.lasting
    with pytest.raises(OSError, match="onnect"):
        File.model_validate({"path": uri(f"127.0.0.1:{free_port()}", "x.json")}).check()


def test_a_local_path_is_checked_like_a_spec(tmp_path) -> None:
    File.model_validate({"path": f"{tmp_path}/x.json"}).check()
    assert not files_in(tmp_path)
    with pytest.raises(Undelivered, match="none does not exist"):
        File.model_validate({"path": f"{tmp_path}/none/x.json"}).check()


def test_two_ways_to_write_a_path_occupy_the_same(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("link").symlink_to(tmp_path)
    ways = ("x.json", "./x.json", f"{tmp_path}/x.json", f"file://{tmp_path}/x.json", "link/x.json")
    found = [File.model_validate({"path": path}).occupies() for path in ways]
    assert found == [[f"{tmp_path}/x.json"]] * len(ways)
    first, second = (File.model_validate({"path": f"s3://b/{key}"}).occupies() for key in "kl")
    assert set(first).isdisjoint(second)


@pytest.mark.parametrize(
    ("text", "shown", "secrets"),
    [
        ("s3://AK:very%2Fsecret@b/k?region=x&sse_key=hush", "s3://b/k", {"very%2Fsecret", "very/secret", "hush"}),
        ("abfs://c:hush@acc.dfs.core.windows.net/k", "abfs://c@acc.dfs.core.windows.net/k", {"hush"}),
        ("gs://b/k?x=y", "gs://b/k", set()),
        ("a:b@c/d?key=x", "a:b@c/d?key=x", set()),
    ],
)
def test_what_is_secret_in_a_uri_is_not_shown(text: str, shown: str, secrets: set[str]) -> None:
    assert str(Address.of(text)) == shown
    assert set(Address.of(text).secrets()) == secrets
