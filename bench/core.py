"""The engine by its parts: stages, the walk alone, steady populations, and instructions counted."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from bench.population import CLICK_STREAM, UNLIMITED, bound, steady
from bench.process import Ran, answer
from bench.setting import Setting, middle
from bench.table import Line, Missing

_MANY = 1_000_000
_MOST_NS = {100: 80, 10_000: 130, _MANY: 260}  # a step of the walk, by workers alive


def stages(setting: Setting) -> Iterator[Line]:
    """Measure walk, drafts, columns, format and write, one after the other on one thread."""
    for name, nanoseconds in stage_times(setting).items():
        yield Line(f"stage: {name}", nanoseconds, "ns a record")


def stage_times(setting: Setting) -> dict[str, float]:
    """Return the CPU time of each stage, in ns a record of the click stream written to a file."""
    records = setting.size(3_000_000)
    runs = setting.repeat(lambda: answer("engine", "stages", CLICK_STREAM, records, setting.output("a file"))[0])
    return {stage: median(run[stage] for run in runs) for stage in runs[0]}


def walk(setting: Setting) -> Iterator[Line]:
    """Measure the walk alone, of steady populations, with a limit that binds all the time and without one."""
    for full, most in _MOST_NS.items():
        alive = setting.size(full) if full == _MANY else full
        for limit, spec in (("no limit", steady(alive)), ("the limit binds", bound(alive))):
            path = setting.save("spec.json", spec)
            places = UNLIMITED if limit == "no limit" else alive
            found = setting.repeat(lambda: answer("engine", "walk", path, places, setting.size(3_000_000))[0])  # noqa: B023
            nanoseconds = median(run["cpu_seconds"] / run["steps"] * 1e9 for run in found)
            counted = f"{median(run['alive'] for run in found):,.0f}"
            what = f"walk, {alive:,} alive ({counted} counted), {limit}"
            yield Line(what, nanoseconds, "ns a step", most=most, ran=_typical(found))


def populations(setting: Setting) -> Iterator[Line]:
    """Measure walk, columns and JSON together, and the memory of a worker."""
    many = setting.size(_MANY)
    cases: dict[str, tuple[dict[str, Any], int]] = {
        "100 workers": (json.loads(Path(CLICK_STREAM).read_text()), 100),
        "1 worker": (json.loads(Path(CLICK_STREAM).read_text()), 1),
        "10,000 alive": (steady(10_000), UNLIMITED),
        f"{many:,} alive": (steady(many), UNLIMITED),
    }
    base, one, some, most = cases
    runs = setting.repeat(lambda: {name: _steady(setting, *case) for name, case in cases.items()})
    rate = {name: median(run[name][0]["records"] / run[name][0]["seconds"] for run in runs) for name in cases}
    alive = {name: median(run[name][0]["alive"] for run in runs) for name in cases}
    peak = {name: median(run[name][1] for run in runs) for name in cases}
    least = {one: 2_000_000, some: rate[base] / 2, most: rate[base] / 2}
    for name in cases:
        counted = f" ({alive[name]:,.0f} counted)" if "alive" in name else ""
        ran = _typical([run[name][0] for run in runs])
        yield Line(f"steady, {name}{counted}", rate[name], least=least.get(name), ran=ran)
    each = (peak[most] - peak[base]) / alive[most]
    yield Line(f"memory a worker alive, {many:,} of them", each, "bytes", most=100)


def instructions(setting: Setting) -> Iterator[Line | Missing]:
    """Count the instructions of the core's work by callgrind, where it is installed."""
    if not shutil.which("valgrind"):
        yield Missing("instructions", "valgrind is not installed")
        return
    files = f"--callgrind-out-file={setting.directory}/callgrind.%p"
    under = ("env", "PYTHONHASHSEED=0", "valgrind", "--tool=callgrind", "--instr-atstart=no", files)
    counted, _ = answer("instructions", "count", str(setting.directory), under=under)
    for what, processes in counted.items():
        low, again, high = (_instructions(setting.directory / f"callgrind.{process}") for process, _ in processes)
        (_, few), _, (_, many) = processes
        yield Line(f"instructions: {what}", (high - again - (again - low)) / (many - few), "")


def _steady(setting: Setting, spec: dict[str, Any], limit: int) -> tuple[dict[str, float], int]:
    found, ran = answer("engine", "rate", setting.save("spec.json", spec), limit, setting.size(3_000_000))
    return found, ran.peak_bytes


def _typical(found: list[dict[str, float]]) -> Ran:
    return middle([Ran(run["seconds"], run["cpu_seconds"]) for run in found])


def _instructions(path: Path) -> int:
    """Return the total of a file of callgrind's."""
    total = re.search(r"^totals: (\d+)", path.read_text(), re.MULTILINE)
    if total is None:
        raise RuntimeError(f"callgrind wrote no total to {path}")
    return int(total[1])
