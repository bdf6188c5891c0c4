"""Change streams into a table of Delta Lake: the last record of each key, and no change twice."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from deltalake import DeltaTable

from tests.changes import SHOP, last_state
from tests.servers.installed import wait_until
from tests.worlds import ROOT, START, counter, enum, records_of, world, write_json

ORDERS = {"emitters": ["orders"], "key": ["order_id"], "operation": "op"}


@pytest.fixture
def to(tmp_path: Path) -> Callable[..., dict]:
    """A target for the orders of the shop."""
    return lambda **keys: {"type": "delta", "path": str(tmp_path / "t"), **ORDERS, **keys}


def rows(folder: Path) -> list[dict]:
    return DeltaTable(folder / "t").to_pyarrow_table().to_pylist()


def state_of(folder: Path) -> dict:
    return {row["order_id"]: (row["op"], row["status"], row["customer_id"]) for row in rows(folder)}


def version(folder: Path) -> int:
    """Return how many commits the table has behind its first one; 0 without a table."""
    log = folder / "t" / "_delta_log"
    return max((int(file.stem) for file in log.glob("*.json")), default=0)


def expected(records: int) -> dict:
    left = last_state(records_of(SHOP, records))
    return {
        key: (record["op"], record["status"], record["customer_id"])
        for (emitter, key), record in left.items()
        if emitter == "orders"
    }


def test_the_last_state_is_what_the_records_say(generate, tool, to, tmp_path: Path) -> None:
    spec = SHOP | {"target": to(commit={"records": 400})}
    assert generate(spec, "-n", 5000).code == 0
    assert state_of(tmp_path) == expected(5000)
    assert sum(entry["operation"] == "MERGE" for entry in DeltaTable(tmp_path / "t").history()) > 1
    line = ["audit", "-c", write_json(tmp_path / "s.json", spec), "-n", 5000, "-s", START, "--seed", 1]
    done = tool(*line)
    left = len(expected(5000))
    assert f"{left} keys expected, {left} found, 0 missing, 0 with another record" in done.out
    table = DeltaTable(tmp_path / "t")
    lost, other = sorted(state_of(tmp_path))[:2]
    table.delete(f"order_id = '{lost}'")
    table.update({"status": "'lost'"}, predicate=f"order_id = '{other}'")
    table.update({"order_id": "'stranger'"}, predicate=f"order_id = '{sorted(state_of(tmp_path))[-1]}'")
    done = tool(*line)
    assert done.code == 1
    assert "2 missing, 1 with another record, 0 not deleted, 1 not of this run" in done.out


def test_a_run_that_is_killed_and_continued_leaves_the_same(to, tmp_path: Path) -> None:
    """The state of the run may be behind the table; what is in a commit is not changed again."""
    spec = write_json(tmp_path / "s.json", SHOP | {"target": to(commit={"records": 1})})
    line = [sys.executable, ROOT / "generator.py", "-c", spec, "-s", START, "--seed", "1", "-n", "300000"]
    line += ["--state", tmp_path / "state"]
    for commits in range(2, 5):
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: process.poll() is not None or version(tmp_path) >= commits, 60)  # noqa: B023
        process.kill()
        assert process.wait() == -signal.SIGKILL
    done = subprocess.run(line, capture_output=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert state_of(tmp_path) == expected(300_000)


def test_the_same_command_again_changes_nothing_and_a_longer_run_the_rest(generate, to, tmp_path: Path) -> None:
    spec = SHOP | {"target": to()}
    for records in (1000, 1000, 3000):
        assert generate(spec, "-n", records).code == 0
        assert state_of(tmp_path) == expected(records)


def test_a_key_of_several_columns_replaces_without_an_operation(generate, to, tmp_path: Path) -> None:
    """Names and values may be anything; null is a part of a key like others."""
    spec = world(counter("n"), enum("a'b", "x", "x|y", None), enum('c."d', 1, 2))
    target = to(emitters=None, key=["a'b", 'c."d'], operation=None, commit={"records": 40})
    assert generate(spec | {"target": target}, "-n", 300).code == 0
    last = {(record["a'b"], record['c."d']): record["n"] for record in records_of(spec, 300)}
    assert len(last) == 6
    assert {(row["a'b"], row['c."d']): row["n"] for row in rows(tmp_path)} == last
    assert len(rows(tmp_path)) == 6


def test_columns_that_a_table_lacks_are_added(generate, to, tmp_path: Path) -> None:
    small, grown = world(counter("n")), world(counter("n", start=5), enum("gone", "x"), enum("gone0", True))
    for spec in (small, grown):
        assert generate(spec | {"target": to(emitters=None, key=["n"], operation=None)}, "-n", 10).code == 0
    found = {row["n"]: (row["gone"], row["gone0"]) for row in rows(tmp_path)}
    assert found == {n: ("x", True) if n >= 5 else (None, None) for n in range(15)}


@pytest.mark.parametrize(
    ("key", "operation", "message"),
    [
        (["n"], "n = 3 ? s : 'insert'", 'operation: "no" is not insert, update, upsert or delete, for the record {'),
        (["t"], "'insert'", 'a record without a key can have no operation: {"time":'),
        (["t"], None, 'a record without a key can have no operation: {"time":'),
    ],
)
def test_what_has_no_operation_ends_the_run_at_its_record(generate, to, tmp_path, key, operation, message) -> None:
    spec = world(counter("n"), enum("s", "no"), {**counter("t"), "when": "n != 3"})
    done = generate(spec | {"target": to(emitters=None, key=key, operation=operation)}, "-n", 9)
    assert done.code == 1, done.err
    assert message in done.err
    assert "(3 records delivered)" in done.err
    assert sorted(row["n"] for row in rows(tmp_path)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"key": None}, '"operation" requires a "key"'),
        ({"key": []}, "key: must not be empty"),
        ({"key": ["order_id", "order_id"]}, '"key" names a dimension twice'),
        ({"key": ["order"]}, 'key: no emitter has "order"; did you mean "order_id"?'),
        ({"operation": "'index'"}, 'operation: "index" is no operation, which is insert, update, upsert or delete'),
    ],
)
def test_wrong_keys_are_problems(generate, to, keys: dict, message: str) -> None:
    done = generate(SHOP | {"target": to(**keys)}, "-n", 3)
    assert done.code == 2
    assert message in done.err


def test_an_object_is_no_key(generate, to) -> None:
    spec = world({"name": "o", "type": "object", "dimensions": [counter("a")]}, counter("a`b"))
    done = generate(spec | {"target": to(emitters=None, key=["o"], operation=None)}, "-n", 3)
    assert done.code == 2
    assert 'key: "o" is an object or a list, and none of a key can be one' in done.err
    assert 'with a key, no column may have ` in its name, as "a`b" has' in done.err
