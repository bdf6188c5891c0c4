"""A live run seen from the other end of a pipe: how late each record arrives."""

import os
import time
from datetime import datetime
from functools import lru_cache

from bench.process import CORES, Ran, run

_TIME = slice(9, 32)  # of a line {"time":"2024-01-01T00:00:00.000",…


@lru_cache(4096)
def _ns(text: bytes) -> int:
    return round(datetime.fromisoformat(f"{text.decode()}+00:00").timestamp() * 1000) * 1_000_000


def lateness(spec: str, seconds: int) -> tuple[list[int], Ran]:
    """Run on the system clock; return for each record, ascending, when it was read minus its time, in ns.

    Times are cut to milliseconds, so this says up to 1 ms, on average 0.5 ms, too much.
    """
    late: list[int] = []

    def read(pipe: int) -> None:
        rest = b""
        while data := os.read(pipe, 1 << 20):
            now = time.time_ns()
            *lines, rest = (rest + data).split(b"\n")
            late.extend([now - _ns(line[_TIME]) for line in lines])

    ran = run(["generator.py", "-c", spec, "-m", "1000000", "-r", f"{seconds}S", "--seed", "1"], CORES, read=read)
    return sorted(late), ran
