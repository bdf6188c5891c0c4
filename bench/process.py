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
from pathlib import Path
from typing import Any, NamedTuple

CORES = sorted(os.sched_getaffinity(0))
ONE, TWO = CORES[-1:], CORES[-2:]

# As for whoever starts the program twice: where Python may keep no compiled modules, each start costs 0.2 s more.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
_STAT = Path("/proc/stat")  # what the cores of the machine have done, on Linux
_IDLE = slice(4, 6)  # of the words of a core's line: nothing to do, and waiting for a disk


class Ran(NamedTuple):
    seconds: float  # on the wall
    cpu_seconds: float
    peak_bytes: int = 0
    idle_seconds: float = 0  # in which its cores had nothing to do; added up over them


def run(
    command: Sequence[str],
    cores: Sequence[int],
    output: str = "",
    read: Callable[[int], object] = id,
    under: Sequence[str] = (),
) -> Ran:
    """Run a Python program on some cores; its standard output goes to a file or, without one, is read from a pipe.

    It may run under another program. Raises RuntimeError with what it said when it fails.
    """
    with open(output or os.devnull, "wb") as file, tempfile.TemporaryFile() as errors:
        began, idle, out = time.perf_counter(), _idle(cores), file if output else subprocess.PIPE
        call, pin = [*under, sys.executable, *command], lambda: os.sched_setaffinity(0, cores)
        with subprocess.Popen(
            call, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, env=_ENVIRONMENT, preexec_fn=pin
        ) as child:
            if child.stdout:
                read(child.stdout.fileno())
            _, status, usage = os.wait4(child.pid, 0)
            seconds = time.perf_counter() - began
            child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            errors.seek(0)
            raise RuntimeError(f"{' '.join(command)}: exit code {child.returncode}\n{errors.read().decode()}")
    return Ran(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, _idle(cores) - idle)


def generate(
    spec: str,
    records: int,
    cores: Sequence[int] = CORES,
    output: str = os.devnull,
    threads: int | None = None,
    read: Callable[[int], object] = id,
) -> Ran:
    """Run the command on a simulated clock."""
    options = ["-c", spec, "-n", str(records), "-s", "2024-01-01T00:00:00", "--seed", "1"]
    if threads is not None:
        options += ["--threads", str(threads)]
    return run(["generator.py", *options], cores, output, read)


def answer(module: str, function: str, *parameters: str | int, under: Sequence[str] = ()) -> tuple[Any, Ran]:
    """Call a function of this package in a process on one core; return its answer."""
    program = f"import json; from bench.{module} import {function}; print(json.dumps({function}{parameters!r}))"
    with tempfile.NamedTemporaryFile() as file:
        ran = run(["-c", program], ONE, file.name, under=under)
        return json.load(file), ran


def _idle(cores: Sequence[int]) -> float:
    """Return how many seconds the cores have been idle, added up; 0 where the machine does not say so."""
    lines = [line.split() for line in _STAT.read_text().splitlines()] if _STAT.exists() else []
    ticks = {words[0]: sum(map(int, words[_IDLE])) for words in lines if words[0].startswith("cpu")}
    return sum(ticks.get(f"cpu{core}", 0) for core in cores) / os.sysconf("SC_CLK_TCK")
