"""Child processes, each on its own cores, with the time and memory that they took.

This process stays small: on Linux the peak memory of a child begins with that of its parent, so numpy, pyarrow and
DuckDB are imported by children alone.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

CORES = sorted(os.sched_getaffinity(0))
ONE, TWO = CORES[-1:], CORES[-2:]


class Ran(NamedTuple):
    seconds: float  # on the wall
    cpu_seconds: float
    peak_bytes: int


def run(command: Sequence[str], cores: Sequence[int], output: str = "", read: Callable[[int], object] = id) -> Ran:
    """Run a Python program on some cores; its standard output goes to a file or, without one, is read from a pipe.

    Raises RuntimeError with what it said when it fails.
    """
    with open(output or os.devnull, "wb") as file, tempfile.TemporaryFile() as errors:
        began, out = time.perf_counter(), file if output else subprocess.PIPE
        call, pin = [sys.executable, *command], lambda: os.sched_setaffinity(0, cores)
        with subprocess.Popen(call, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, preexec_fn=pin) as child:
            if child.stdout:
                read(child.stdout.fileno())
            _, status, usage = os.wait4(child.pid, 0)
            seconds = time.perf_counter() - began
            child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            errors.seek(0)
            raise RuntimeError(f"{' '.join(command)}: exit code {child.returncode}\n{errors.read().decode()}")
    return Ran(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def generate(spec: str, records: int, cores: Sequence[int] = CORES, output: str = os.devnull) -> Ran:
    """Run the command on a simulated clock."""
    options = ["-c", spec, "-n", str(records), "-s", "2024-01-01T00:00:00", "--seed", "1"]
    return run(["generator.py", *options], cores, output)


def answer(module: str, function: str, *parameters: str | int) -> tuple[dict[str, float], Ran]:
    """Call a function of this package in a process on one core; return its answer."""
    call = f"import json; from bench.{module} import {function}; print(json.dumps({function}{parameters!r}))"
    with tempfile.NamedTemporaryFile() as file:
        ran = run(["-c", call], ONE, file.name)
        return json.load(file), ran
