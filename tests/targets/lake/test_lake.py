"""Tables of a lake, of Delta Lake and of Iceberg alike: what is in them, and that a record is there once."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from datagen.formatters.json import Json
from datagen.plugin.registry import Registry
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Sink, Undelivered
from datagen.records.conversion import record_batch
from tests.servers.installed import wait_until
from tests.worlds import ROOT, START, counter, enum, exponential, integer, run_of, state, uniform, world, write_json

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

RUN = ("-s", START, "--seed", "1")
MANY = world(counter("n"), enum("c", "DE", "FR", "é /%", None), integer("k", uniform(0, 9)), gap=exponential(60))
ITEM = {"name": "i", "type": "object", "dimensions": [counter("a"), enum("b", "x", None, percent_missing=20)]}
RICH = world(
    counter("n"),
    enum("text", "ü", None, "", percent_missing=20),
    enum("flag", True, False),
    {"name": "real", "type": "float", "distribution": uniform(0, 1)},
    {"name": "born", "type": "timestamp", "distribution": uniform("1950-01-01T00:00:00Z", "2005-12-31T00:00:00Z")},
    {"name": "deep", "type": "object", "dimensions": [counter("a"), enum("b", "x", None)]},
    {"name": "many", "type": "list", "length_distribution": uniform(0, 3), "selection_distribution": uniform(0, 0)}
    | {"elements": [ITEM]},
    enum("mixed", 1, "one", [1]),
    enum("nothing", None),
)
KINDS = pytest.mark.parametrize("kind", ["delta", "iceberg"])


def described(kind: str, folder: Path, **keys: object) -> dict:
    """A target of a kind whose table is in a folder."""
    if kind == "delta":
        return {"type": kind, "path": str(folder / "t"), **keys}
    return {"type": kind, "table": "web.t", "catalog": settings(folder), **keys}


def settings(folder: Path) -> dict:
    return {"uri": f"sqlite:///{folder}/catalog.db", "warehouse": str(folder / "warehouse")}


def catalog_of(folder: Path) -> "Catalog":
    from pyiceberg.catalog import load_catalog  # takes a second

    return load_catalog("default", **settings(folder))


def content(kind: str, folder: Path) -> pa.Table:
    """What the library of a kind finds in the table."""
    if kind == "delta":
        return DeltaTable(folder / "t").to_pyarrow_table()
    catalog = catalog_of(folder)
    try:
        return catalog.load_table("web.t").scan().to_arrow()
    finally:
        catalog.close()


def commits(kind: str, folder: Path) -> int:
    """How often rows were added."""
    if kind == "delta":
        return sum(entry["operation"] == "WRITE" for entry in DeltaTable(folder / "t").history())
    catalog = catalog_of(folder)
    try:
        return len(catalog.load_table("web.t").snapshots())
    finally:
        catalog.close()


def make(kind: str, folder: Path, spec: dict = MANY, said: Callable[[str], object] = print, **keys: object) -> Sink:
    """What a target becomes for the records of a spec."""
    target = Registry.load().make("target", described(kind, folder, **keys))
    run = run_of(spec, 1)
    scope = Scope(run.clock.start, 1, "run", said)
    assert target.misfits(run.layout, Json(), scope) == []
    return target.begin(run.layout, Json(), scope)


def encoded_of(sink: Sink, spec: dict = MANY, count: int = 600) -> Encoded:
    return Encoded.joined([sink.encode(batch) for batch in run_of(spec, count).batches()])


@pytest.fixture
def to_table(generate, tmp_path):
    """Run a spec into a table of a kind."""

    def run(kind: str, spec: dict, *arguments: object, **keys: object):
        return generate(spec | {"target": described(kind, tmp_path, **keys)}, *arguments)

    return run


# Columns


@KINDS
def test_columns_have_the_types_of_their_values(to_table, tmp_path, kind: str) -> None:
    assert to_table(kind, RICH, *RUN, "-n", 500).code == 0
    table = content(kind, tmp_path)
    kinds = {field.name: str(field.type) for field in table.schema}
    assert kinds["time"] == "timestamp[us]"
    assert kinds["born"] == "timestamp[us, tz=UTC]"
    assert [kinds[name] for name in ("n", "text", "flag", "real", "mixed", "nothing")] == [
        "int64",
        "string",
        "bool",
        "double",
        "string",
        "string",
    ]
    assert (kinds["deep"][:7], kinds["many"][:5]) == ("struct<", "list<")


@KINDS
def test_rows_hold_what_the_records_do(to_table, tmp_path, kind: str) -> None:
    assert to_table(kind, RICH, *RUN, "-n", 500).code == 0
    run = run_of(RICH, 500)
    records = [row for batch in run.batches() for row in record_batch(batch, run.layout).to_pylist()]
    rows = content(kind, tmp_path).sort_by("n").select(list(records[0])).to_pylist()
    assert rows == records


@KINDS
def test_emitters_share_the_columns(to_table, tmp_path, kind: str) -> None:
    spec = world(enum("a", 1), states=[state("s", "t"), state("t", emitter="f")])
    spec["emitters"].append({"name": "f", "dimensions": [enum("a", "one"), enum("b", 2)]})
    assert to_table(kind, spec, "-n", 4, record_id=True).code == 0
    rows = content(kind, tmp_path).sort_by("record_id").to_pylist()
    assert sorted((row["a"], row["b"]) for row in rows) == [('"one"', 2)] * 2 + [("1", None)] * 2
    assert len({row["record_id"] for row in rows}) == 4


@KINDS
def test_a_start_with_an_offset_is_kept_as_an_instant(to_table, tmp_path, kind: str) -> None:
    assert to_table(kind, MANY, "-s", "2024-01-01T00:00:00+02:00", "--seed", 1, "-n", 3).code == 0
    column = content(kind, tmp_path).sort_by("n")["time"]
    assert str(column.type) == "timestamp[us, tz=UTC]"
    assert str(column[0].as_py())[:13] == "2023-12-31 22"


@KINDS
@pytest.mark.parametrize("partition_by", [["c"], ["c", "k"], [{"time": "hour"}], ["k", {"time": "day"}]], ids=str)
def test_rows_are_kept_apart_and_read_together(to_table, tmp_path, kind: str, partition_by: list) -> None:
    assert to_table(kind, MANY, *RUN, "-n", 400, partition_by=partition_by).code == 0
    table = content(kind, tmp_path).sort_by("n")
    assert table["n"].to_pylist() == list(range(400))
    assert set(table["c"].to_pylist()) == {"DE", "FR", "é /%", None}
    assert len(list(tmp_path.rglob("*.parquet"))) > 1


@KINDS
def test_duckdb_reads_it(to_table, tmp_path, kind: str) -> None:
    assert to_table(kind, MANY, *RUN, "-n", 400, partition_by=["c"]).code == 0
    found = DeltaTable(tmp_path / "t").to_pyarrow_dataset() if kind == "delta" else content(kind, tmp_path)
    with duckdb.connect() as database:
        database.register("found", found)
        row = database.execute("SELECT count(*), sum(n) FROM found WHERE k >= 0").fetchone()
    assert row == (400, sum(range(400)))


# Once


@KINDS
def test_the_same_command_again_adds_nothing_and_a_longer_run_the_rest(to_table, tmp_path, kind: str) -> None:
    first, again, longer, other = (
        to_table(kind, MANY, "-s", START, "--seed", seed, "-n", count)
        for seed, count in ((1, 300), (1, 300), (1, 500), (2, 100))
    )
    assert [outcome.code for outcome in (first, again, longer, other)] == [0] * 4
    assert "already" not in first.err + other.err
    for outcome in (again, longer):
        assert "holds the first 300 records of this run already; they are not added again" in outcome.err
    assert sorted(content(kind, tmp_path)["n"].to_pylist()) == sorted([*range(500), *range(100)])


@KINDS
def test_a_run_whose_stages_hold_records_is_another_one_each_time(to_table, tmp_path, kind: str) -> None:
    late = [{"type": "late", "share": 0.5, "delay": {"type": "constant", "value": 1e6}}]
    for _ in range(2):
        assert to_table(kind, MANY, *RUN, "-n", 50, through=late).code == 0
    assert sorted(content(kind, tmp_path)["n"].to_pylist()) == sorted([*range(50)] * 2)


@KINDS
def test_other_records_of_the_same_run_are_another_position(to_table, tmp_path, kind: str) -> None:
    for where in ("n < 30", "n >= 30"):
        assert to_table(kind, MANY, *RUN, "-n", 50, through=[{"type": "filter", "where": where}]).code == 0
    assert sorted(content(kind, tmp_path)["n"].to_pylist()) == [*range(50)]


@KINDS
def test_overwrite_replaces_what_was_there(to_table, tmp_path, kind: str) -> None:
    for seed in (1, 2, 2):
        assert to_table(kind, MANY, "-s", START, "--seed", seed, "-n", 40, mode="overwrite").code == 0
        assert sorted(content(kind, tmp_path)["n"].to_pylist()) == [*range(40)]


@KINDS
@pytest.mark.parametrize("mode", ["append", "overwrite"])
@pytest.mark.parametrize("at", [0, 90, 250, 599])
def test_what_is_committed_and_not_acknowledged_is_not_added_again(tmp_path, kind: str, mode: str, at: int) -> None:
    first = make(kind, tmp_path, mode=mode)
    encoded = encoded_of(first)
    first.open(None)
    first.write(encoded.slice(0, at))
    kept = json.loads(json.dumps(first.position()))
    first.write(encoded.slice(at, 600))  # the process is killed before anybody hears of it
    first.close()
    second = make(kind, tmp_path, mode=mode)
    second.open(kept)
    for start in range(at, 600, 50):
        second.write(encoded.slice(start, min(start + 50, 600)))
    assert second.position()["records"] == 600
    second.close()
    assert sorted(content(kind, tmp_path)["n"].to_pylist()) == [*range(600)]


@KINDS
def test_a_commit_whose_answer_is_lost_is_not_made_again(tmp_path, kind: str, monkeypatch) -> None:
    sink = make(kind, tmp_path)
    encoded = encoded_of(sink, count=100)
    sink.open(None)
    add = sink._table.add

    def lost(*arguments: object) -> None:
        add(*arguments)
        raise OSError("connection reset")

    monkeypatch.setattr(sink._table, "add", lost)
    with pytest.raises(OSError, match="reset"):
        sink.write(encoded)
    sink.close()
    monkeypatch.undo()
    sink.open(sink.position())
    sink.write(encoded)
    sink.close()
    assert sorted(content(kind, tmp_path)["n"].to_pylist()) == [*range(100)]


@KINDS
def test_a_table_that_was_set_back_is_not_continued(tmp_path, kind: str) -> None:
    sink = make(kind, tmp_path)
    sink.open(None)
    sink.write(encoded_of(sink))
    kept = sink.position()
    sink.close()
    other = make(kind, tmp_path / "other")
    with pytest.raises(Undelivered, match="600 records of this run were in it, and 0 are") as error:
        other.open(kept)
    other.close()
    assert error.value.lasting


def killed_and_continued(line: list, folder: Path, times: int, is_reached: Callable[[], object]) -> None:
    """Run a command, kill it several times at odd moments, and run it to its end."""
    chance = random.Random(1)
    for _ in range(times):
        running = subprocess.Popen(line, cwd=folder, stderr=subprocess.PIPE)
        wait_until(is_reached, 60)
        time.sleep(chance.random() * 0.4)
        running.send_signal(signal.SIGKILL)
        running.communicate()
    subprocess.run(line, cwd=folder, check=True, capture_output=True, timeout=120)


@KINDS
@pytest.mark.parametrize("with_state", [True, False])
def test_a_killed_command_goes_on_and_every_record_is_there_once(tmp_path, kind: str, with_state: bool) -> None:
    """Commits of 65 536 records, the largest batch."""
    target = described(kind, tmp_path, partition_by=[{"time": "year"}], commit={"records": 1})
    write_json(tmp_path / "spec.json", MANY | {"target": target})
    count = 500_000
    options = ["-c", "spec.json", *RUN, "-n", str(count)]
    kept = ["--state", "state"] if with_state else []
    there = lambda: any((tmp_path).rglob("*.parquet"))  # noqa: E731
    killed_and_continued([sys.executable, ROOT / "generator.py", *options, *kept], tmp_path, 3, there)
    found = content(kind, tmp_path)["n"].to_numpy()
    assert len(found) == count
    assert len(set(found.tolist())) == count
    audit = subprocess.run(
        [sys.executable, "-m", "datagen", "audit", *options],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert f"{count} expected, {count} found, 0 missing, 0 duplicated, 0 out of order, 0 altered" in audit.stdout


# When a commit is made


@KINDS
def test_a_commit_holds_so_many_records(to_table, tmp_path, kind: str) -> None:
    assert to_table(kind, world(counter("n")), "-n", 300_000, commit={"records": 100_000}).code == 0
    assert 2 <= commits(kind, tmp_path) <= 3
    assert len(content(kind, tmp_path)) == 300_000


@KINDS
def test_a_live_run_commits_now_and_then(process, tmp_path, kind: str) -> None:
    target = described(kind, tmp_path, commit={"seconds": 1})
    write_json(tmp_path / "spec.json", world(counter("n"), gap=0.01) | {"target": target})
    assert process("-c", "spec.json", "-r", "3S").code == 0
    assert sorted(content(kind, tmp_path)["n"].to_pylist()) == [*range(300)]
    assert commits(kind, tmp_path) <= 4  # one alone, where it takes so long to reach the table
    assert make(kind, tmp_path / "other", commit={"seconds": 1}).gather.seconds == 1


@KINDS
def test_no_record_makes_a_table_without_rows(to_table, tmp_path, kind: str) -> None:
    assert to_table(kind, MANY, *RUN, "-n", 0).code == 0
    assert (content(kind, tmp_path).column_names, len(content(kind, tmp_path))) == (["time", "n", "c", "k"], 0)


# A table that is there


@KINDS
def test_columns_that_a_table_lacks_are_added(to_table, tmp_path, kind: str) -> None:
    inner = {"name": "o", "type": "object", "dimensions": [counter("a")]}
    wider = {"name": "o", "type": "object", "dimensions": [counter("a"), enum("b", "x")]}
    assert to_table(kind, world(counter("n"), inner, enum("gone", 1)), "-n", 2).code == 0
    assert to_table(kind, world(enum("new", "y"), counter("n"), wider), "-n", 1).code == 0
    rows = content(kind, tmp_path).select(["n", "o", "gone", "new"]).to_pylist()
    assert sorted(rows, key=repr) == sorted(
        [
            {"n": 0, "o": {"a": 0, "b": None}, "gone": 1, "new": None},
            {"n": 1, "o": {"a": 1, "b": None}, "gone": 1, "new": None},
            {"n": 0, "o": {"a": 0, "b": "x"}, "gone": None, "new": "y"},
        ],
        key=repr,
    )


@KINDS
@pytest.mark.parametrize(
    ("other", "keys", "message"),
    [
        (world(enum("n", "x")), {}, 'column "n" holds int64 there, and string in the records'),
        (
            world({"name": "o", "type": "object", "dimensions": [enum("a", 0.5)]}),
            {},
            'column "o.a" holds int64 there, and double in the records',
        ),
        (world(counter("n")), {"partition_by": ["n"]}, "partition_by: the table is partitioned by nothing"),
    ],
)
def test_records_that_do_not_fit_are_refused(to_table, tmp_path, kind: str, other: dict, keys: dict, message) -> None:
    inner = {"name": "o", "type": "object", "dimensions": [counter("a")]}
    assert to_table(kind, world(counter("n"), inner), *RUN, "-n", 2).code == 0
    outcome = to_table(kind, other, *RUN, "-n", 2, **keys)
    assert outcome.code == 1
    assert message in outcome.err
    assert "0 records delivered" in outcome.err
    assert len(content(kind, tmp_path)) == 2


@KINDS
@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"partition_by": ["cc"]}, 'no emitter has "cc"; did you mean "c"'),
        ({"partition_by": ["o"]}, '"o" is an object or a list'),
        ({"partition_by": [{"time": "week"}]}, 'must be the name of a dimension, or {"time": "day"}'),
        ({"partition_by": [{"c": "day"}]}, 'partition_by: "c" is not a time'),
        ({"partition_by": ["c", "c"]}, '"c"'),
        ({"format": "csv"}, "has no format"),
        ({"mode": "upsert"}, "append"),
        ({"commit": {"records": 0}}, "records"),
    ],
)
def test_a_wrong_target_is_refused(to_table, kind: str, keys: dict, message: str) -> None:
    inner = {"name": "o", "type": "object", "dimensions": [counter("a")]}
    outcome = to_table(kind, world(enum("c", 1), inner), "-n", 1, **keys)
    assert outcome.code == 2
    assert message in outcome.err


@KINDS
@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (world({"name": "o", "type": "object", "dimensions": []}), "can't hold an object without keys: o"),
        (world(counter("n"), counter("N")), '"n" and "N" would both be called "n"'),
    ],
)
def test_records_that_no_table_takes_are_refused(to_table, kind: str, spec: dict, message: str) -> None:
    outcome = to_table(kind, spec, "-n", 1)
    assert outcome.code == 2
    assert message in outcome.err


@KINDS
def test_a_library_that_is_not_installed_is_named(to_table, monkeypatch, kind: str) -> None:
    monkeypatch.setattr("datagen.plugin.target.find_spec", lambda name: None)
    outcome = to_table(kind, MANY, "-n", 1)
    assert outcome.code == 2
    library = "deltalake" if kind == "delta" else "pyiceberg["
    assert f'needs a library that is not installed: pip install "{library}' in outcome.err


# Reading back


@KINDS
@pytest.mark.parametrize("partition_by", [[], ["c"]], ids=str)
def test_what_is_stored_is_what_was_sent(tmp_path, kind: str, partition_by: list) -> None:
    spec = world(
        counter("n"),
        enum("c", "a", None, "", "__HIVE_DEFAULT_PARTITION__"),
        enum("m", 1, "x", {"y": [None]}, percent_missing=30),
    )
    sink = make(kind, tmp_path, spec, partition_by=partition_by)
    encoded = encoded_of(sink, spec)
    sink.open(None)
    sink.write(encoded.slice(0, 250))
    sink.write(encoded.slice(250, 600))
    sink.close()
    assert sorted(row for _, rows in sink.stored() for row in rows) == sorted(sink.comparable(encoded))


@KINDS
def test_a_table_that_is_not_there_can_not_be_read_back(tmp_path, command, kind: str) -> None:
    write_json(tmp_path / "spec.json", MANY | {"target": described(kind, tmp_path)})
    outcome = command("audit", "-c", tmp_path / "spec.json", *RUN, "-n", 5)
    assert outcome.code == 1
    assert "there is no table" in outcome.out + outcome.err
