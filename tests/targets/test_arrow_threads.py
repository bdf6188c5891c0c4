"""Reading with Arrow begins no thread: one that is alive while Python ends can end the process with SIGABRT."""

import subprocess
import sys

import pytest

from tests.worlds import ROOT, START, counter, enum, world, write_json

COUNTED = """
import os, sys
from datagen.command.main import main
threads = lambda: len(os.listdir("/proc/self/task"))
import numpy, pyarrow
before = threads()
{act}
print("begun:", threads() - before)
"""
AUDIT = "main(sys.argv[1:])"
ROWS = """
import pyarrow as pa
from datagen.targets.postgres.copy import Column, read_rows
assert len(read_rows(b"1,a\\n2,b\\n", [Column("n", pa.int64()), Column("a", pa.string())])) == 2
"""
SNAPSHOT = """
from datagen.delivery.snapshot import pack, unpack
unpack(pack([pyarrow.array(["a"] * 1000)]))
"""


def begun(act: str, *arguments: object) -> int:
    """How many threads an act begins that are still there after it."""
    line = [sys.executable, "-c", COUNTED.format(act=act), *map(str, arguments)]
    outcome = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True)
    return int(outcome.stdout.split("begun:")[1])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how many threads there are")
@pytest.mark.parametrize(
    "target",
    [
        {"type": "parquet", "path": "p"},
        {"type": "parquet", "path": "p", "partition_by": ["x"]},
        {"type": "file", "path": "f-%Y.json.zst", "compression": "zstd"},
    ],
    ids=str,
)
def test_an_audit_begins_no_thread(command, tmp_path, target: dict) -> None:
    spec = write_json(tmp_path / "spec.json", world(counter("n"), enum("x", "a", "b"), enum("y", [1, "c"], {"k": 1.5})))
    to = write_json(tmp_path / "t.json", target | {"path": str(tmp_path / target["path"])})
    options = ("-c", spec, "-t", to, "-s", START, "-n", 5000, "--seed", 1)
    assert command(*options).code == 0
    assert begun(AUDIT, "audit", *options) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how many threads there are")
@pytest.mark.parametrize(("act", "most"), [(ROWS, 1), (SNAPSHOT, 0)], ids=["rows of PostgreSQL", "snapshot"])
def test_reading_begins_no_thread_that_computes(act: str, most: int) -> None:
    """Arrow's reader of CSV reads ahead on one of its own, whatever it is told; so that one is allowed."""
    assert begun(act) <= most
