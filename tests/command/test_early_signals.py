"""Signals at the moments that are easily forgotten: while the program is still imported, and while Python ends."""

import signal
import subprocess
import sys

import pytest

from tests.worlds import ROOT, START, counter, world, write_json

ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1]
WHILE_IMPORTED = """
import os, sys
class Finder:
    def find_spec(name, path, target=None):
        if name == "pyarrow":
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Finder)
"""
WHILE_PYTHON_ENDS = """
import atexit, os
atexit.register(lambda: os.kill(os.getpid(), {number}))
"""
RUN = """
import sys
from datagen.command.entry import main
sys.exit(main())
"""


def run(program: str, number: int, *arguments: object) -> subprocess.CompletedProcess:
    line = [sys.executable, "-c", program.format(number=int(number)) + RUN, *map(str, arguments)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, timeout=60)


@pytest.mark.parametrize("program", [WHILE_IMPORTED, WHILE_PYTHON_ENDS])
@pytest.mark.parametrize("number", ENDING)
def test_a_signal_is_no_failure_however_early_or_late_it_comes(tmp_path, program: str, number: int) -> None:
    spec = write_json(tmp_path / "spec.json", world(counter("n")))
    done = run(program, number, spec, "-s", START, "-n", 3, "-q")
    assert (done.returncode, done.stderr) == (0, b"")
    begun = program is WHILE_PYTHON_ENDS or number == signal.SIGUSR1
    assert done.stdout.count(b"\n") == (3 if begun else 0)


def test_an_audit_that_is_stopped_has_proved_nothing(tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", world(counter("n")))
    assert run(WHILE_IMPORTED, signal.SIGTERM, "audit", spec).returncode == 1
