"""Signals that come while the program is still imported."""

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
RUN = """
import sys
from datagen.command.entry import main
main()
"""


def run(program: str, number: int, *arguments: object) -> subprocess.CompletedProcess:
    line = [sys.executable, "-c", program.format(number=int(number)) + RUN, *map(str, arguments)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, timeout=60)


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_is_no_failure_while_the_program_is_imported(tmp_path, number: int) -> None:
    spec = write_json(tmp_path / "spec.json", world(counter("n")))
    done = run(WHILE_IMPORTED, number, spec, "-s", START, "-n", 3, "-q")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == (3 if number == signal.SIGUSR1 else 0)


def test_an_audit_that_is_stopped_has_proved_nothing(tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", world(counter("n")))
    assert run(WHILE_IMPORTED, signal.SIGTERM, "audit", spec).returncode == 1
