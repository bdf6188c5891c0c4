"""A live run seen from the other end of a pipe: how late each record arrives."""

import os
import time
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from bench.population import crowd, life
from bench.process import CORES, Ran, run
from bench.setting import Setting
from bench.table import Line

_RATE = 100_000  # records/s
_PACE = 100  # how many times faster than the click stream visits go by, so that they are steady soon

_TIME = slice(9, 32)  # of a line {"time":"2024-01-01T00:00:00.000",…


def live(setting: Setting) -> Iterator[Line]:
    """Measure how late the records of a live run are, and how much of a core it takes."""
    seconds = 20 if setting.scale == 1 else 5
    records, lived = life(crowd(1, _PACE))
    late, ran = _lateness(setting.save("spec.json", crowd(_RATE / records * lived, _PACE)), seconds)
    half, most, worst = (late[place] / 1e6 for place in (len(late) // 2, len(late) * 99 // 100, -1))
    yield Line(f"live for {seconds} s", len(late) / seconds, least=0.99 * _RATE, ran=ran)
    yield Line("live, lateness, 99th percentile", most, "ms", most=10)
    yield Line("live, lateness, median", half, "ms")
    yield Line("live, lateness, worst", worst, "ms")
    yield Line("live, cores used", ran.cpu_seconds / ran.seconds, "", most=0.5)


def _lateness(spec: str, seconds: int) -> tuple[list[int], Ran]:
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


@lru_cache(4096)
def _ns(text: bytes) -> int:
    return round(datetime.fromisoformat(f"{text.decode()}+00:00").timestamp() * 1000) * 1_000_000
