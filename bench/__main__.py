"""``python -m bench``, from the project's root: measure all, print one table, write it to bench/RESULTS.md."""

import argparse
import json
import os
import platform
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from bench.delivery import Delivery
from bench.live import lateness
from bench.population import CLICK_STREAM, crowd, life
from bench.process import ONE, TWO, answer, generate

_ROUNDS = 3
_THREAD_PER_WORKER = 19_000  # records/s of the original program
_UNLIMITED = 10**9
_SURPLUS = 1.06  # the longest lives have not all begun when the ramp is over

_HEAD = "| what | measured | to reach | reached |\n|---|---:|---:|---|"
_NOTES = """\
- Medians of 3, each in a fresh process on one core unless it says otherwise; ours and DuckDB's runs alternate.
- *Whole command*: `python generator.py -s …` from start to end, imports included. DuckDB: its `COPY` statement alone,
  the same ten columns, random rows without visits or order, one thread.
- *Stage*: one thread, in process, written to a file. *Steady*: walk, columns and JSON to /dev/null in process, after
  two mean lives, with the workers alive as counted between windows.
- *Deliveries*, from "file, plain" on: whole commands on all cores, every record acknowledged; the server, where there
  is one, on the same cores. Kafka: Tansu, in memory, one partition, records of about 250 bytes. PostgreSQL and `psql`
  load the same rows, as whole commands, in turn. HTTP: a collector in another process that counts.
- *Lateness*: when the reader of a pipe has a record, minus the record's time, which is cut to milliseconds (up to 1 ms
  too much)."""


@dataclass(frozen=True)
class Bench:
    """All measurements, at full size or at a fraction of it; each gives rows of the table."""

    directory: str
    scale: int

    def start_up(self) -> Iterator[str]:
        seconds = median([generate(CLICK_STREAM, 10).seconds for _ in range(8)][1:])
        yield _row("`-n 10`, whole command, median of 7", f"{seconds:.2f} s", "< 0.5 s", seconds < 0.5)

    def stages(self) -> Iterator[str]:
        runs = [answer("engine", "stages", 3_000_000 // self.scale, self._output("a file"))[0] for _ in range(_ROUNDS)]
        for stage in runs[0]:
            yield _row(f"stage: {stage}", f"{median(run[stage] for run in runs):.0f} ns a record")

    def commands(self) -> Iterator[str]:
        count = 5_000_000 // self.scale
        for place in ("a file", "/dev/null"):
            ours, theirs, both = [], [], []
            for _ in range(_ROUNDS):
                ours.append(generate(CLICK_STREAM, count, ONE, self._output(place)))
                theirs.append(answer("yardstick", "copy", count, self._output(place))[0]["rate"])
                both.append(generate(CLICK_STREAM, count, TWO, self._output(place)))
            rate, fast = (count / median(ran.seconds for ran in runs) for runs in (ours, both))
            ratio = rate / median(theirs)
            yield _rate_row(f"whole command to {place}, {count:,} records, one core", rate, 80 * _THREAD_PER_WORKER)
            yield _rate_row(f"DuckDB to {place}, one core", median(theirs))
            yield _row(f"ours / DuckDB, to {place}, one core", f"{ratio:.2f}", ">= 1.30", ratio >= 1.3)
            yield _rate_row(f"whole command to {place}, {len(TWO)} cores", fast)
            yield _row("its peak memory", f"{max(ran.peak_bytes for ran in both) / 1e6:.0f} MB")

    def populations(self) -> Iterator[str]:
        many = 1_000_000 // self.scale
        written = json.loads(Path(CLICK_STREAM).read_text())
        cases: dict[str, tuple[dict[str, Any], int]] = {
            "100 workers": (written, 100),
            "1 worker": (written, 1),
            "10,000 alive": (crowd(10_000 * _SURPLUS), _UNLIMITED),
            f"{many:,} alive": (crowd(many * _SURPLUS), _UNLIMITED),
            "100 alive, no limit": (crowd(100 * _SURPLUS), _UNLIMITED),
            "100 alive, the limit binds all the time": (crowd(1000), 100),
        }
        base, one, some, most, free, bound = cases
        found = [{name: self._steady(*case) for name, case in cases.items()} for _ in range(_ROUNDS)]
        rate, alive, peak = ({name: median(run[name][place] for run in found) for name in cases} for place in range(3))
        least = {one: 200_000, some: rate[base] / 2, most: rate[base] / 2, bound: rate[free] / 2}
        for name in cases:
            counted = f" ({alive[name]:,.0f} counted)" if "alive" in name else ""
            yield _rate_row(f"steady, {name}{counted}", rate[name], least.get(name))
        each = (peak[most] - peak[base]) / alive[most]
        yield _row(f"memory a worker alive, {many:,} of them", f"{each:.0f} bytes", "<= 200 bytes", each <= 200)

    def memory(self) -> Iterator[str]:
        few, many = 1_000_000 // self.scale, 10_000_000 // self.scale
        low, high = (generate(CLICK_STREAM, count).peak_bytes / 1e6 for count in (few, many))
        yield _row(f"peak memory, {few:,} records", f"{low:.0f} MB")
        yield _row(f"peak memory, {many:,} records", f"{high:.0f} MB", f"<= {low + 30:.0f} MB", high <= low + 30)

    def live(self) -> Iterator[str]:
        seconds, pace = (20 if self.scale == 1 else 5), 100
        records, lived = life(crowd(1, pace))
        late, ran = lateness(self._spec(crowd(50_000 / records * lived, pace)), seconds)
        middle, high, worst = (late[place] / 1e6 for place in (len(late) // 2, len(late) * 99 // 100, -1))
        cores = ran.cpu_seconds / ran.seconds
        yield _rate_row(f"live for {seconds} s", len(late) / seconds, 49_500)
        yield _row("live, lateness, 99th percentile", f"{high:.1f} ms", "< 20 ms", high < 20)
        yield _row("live, lateness, median and worst", f"{middle:.1f} and {worst:.1f} ms")
        yield _row("live, cores used", f"{cores:.2f}", "< 1", cores < 1)

    def delivery(self) -> Iterator[str]:
        deliveries = Delivery(Path(self.directory), self.scale)
        measures = (
            deliveries.files,
            deliveries.parquet,
            deliveries.kafka,
            deliveries.postgres,
            deliveries.http,
            deliveries.memory,
        )
        for measure in measures:
            for found in measure():
                bar = f">= {found.least:,.10g}" if found.least else f"<= {found.most:,.10g}" if found.most else ""
                reached = None
                if found.least or found.most:
                    reached = (found.least or 0) <= found.figure <= (found.most or found.figure)
                digits = 2 if not found.unit else 0
                yield _row(found.what, f"{found.figure:,.{digits}f} {found.unit}".strip(), bar, reached)

    def _steady(self, spec: dict[str, Any], limit: int) -> tuple[float, float, float]:
        found, ran = answer("engine", "rate", self._spec(spec), limit, 3_000_000 // self.scale)
        return found["rate"], found["alive"], ran.peak_bytes

    def _spec(self, spec: dict[str, Any]) -> str:
        path = Path(self.directory, "spec.json")
        path.write_text(json.dumps(spec))
        return str(path)

    def _output(self, place: str) -> str:
        """Return where to write; a former file is deleted first, so that nobody is charged for that."""
        path = Path(self.directory, "output.json")
        path.unlink(missing_ok=True)
        return str(path) if place == "a file" else os.devnull


def _row(what: str, figure: str, bar: str = "", reached: bool | None = None) -> str:
    return f"| {what} | {figure} | {bar} | { {None: '', True: 'yes', False: '**no**'}[reached] } |"


def _rate_row(what: str, rate: float, least: float | None = None) -> str:
    bar, reached = ("", None) if least is None else (f">= {least:,.0f}", rate >= least)
    return _row(what, f"{rate:,.0f} records/s", bar, reached)


def _machine() -> str:
    info = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*:\s*(.+)", info.read_text()) if info.exists() else None
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pyarrow", "duckdb"))
    processor = f"{model[1] if model else platform.machine()}, {len(os.sched_getaffinity(0))} cores"
    return f"{datetime.now(UTC):%Y-%m-%d}, {processor}, Python {platform.python_version()}, {packages}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the generator, beside DuckDB.")
    parser.add_argument("--quick", action="store_true", help="a twentieth of the size, to try it; not written down")
    quick = parser.parse_args().quick
    lines = [f"# Results\n\n`python -m bench` on {_machine()}.\n\n{_HEAD}"]
    print(lines[0], flush=True)
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(directory, 20 if quick else 1)
        engine = (bench.start_up, bench.stages, bench.commands, bench.populations, bench.memory, bench.live)
        for measure in (*engine, bench.delivery):
            for row in measure():
                print(row, flush=True)
                lines.append(row)
    if not quick:
        missed = Path("bench/missed.md").read_text()
        Path("bench/RESULTS.md").write_text("\n".join([*lines, "", _NOTES, missed]))


if __name__ == "__main__":
    main()
