"""``python -m bench``, from the project's root: measure all, print one table, write it to bench/RESULTS.md."""

import argparse
import os
import platform
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from bench import command, core, delivery, formats, live, machine, rhythm, state, values
from bench.setting import Setting
from bench.table import HEAD, Line, Missing

PARTS: dict[str, Callable[[Setting], Iterator[Line | Missing]]] = {
    "start-up": command.start_up,
    "yardsticks": command.yardsticks,
    "sensors": command.sensors,
    "threads": command.threads,
    "memory": command.memory,
    "rhythm": rhythm.rhythm,
    "stages": core.stages,
    "values": values.values,
    "formats": formats.formats,
    "walk": core.walk,
    "states": state.states,
    "populations": core.populations,
    "instructions": core.instructions,
    "machine": machine.limits,
    "live": live.live,
    "files": delivery.files,
    "parquet": delivery.parquet,
    "kafka": delivery.kafka,
    "postgres": delivery.postgres,
    "http": delivery.http,
    "stalled": delivery.stalled,
}

_REASON = 150  # characters, the last ones of what went wrong

_NOTES = """\
- Medians of 3, each in a fresh process; what is compared runs in turn, and a ratio is the median of those of the pairs.
- *CPU / wall*: seconds that the processor worked for it, and seconds that passed, of the run of median time. On one
  core, less CPU time than wall time means that others used the core, or that it waited for a disk.
- *Whole command*: `python generator.py -s …` from start to end, imports included. *DuckDB*: its `COPY` statement
  alone, the same columns, random rows without visits or order, one thread. *A thread per worker*:
  `bench/thread_per_worker.py`, without its start. *Flat*: `bench/flat.json`, ten dimensions drawn anew for each record.
- *Threads*: on two cores. Walk, drafts and writing go in order, each beside the others. The serial share is that of
  the longest of these, by CPU time; from it Amdahl's law estimates how much faster more cores are, when the rest has
  to wait for that share; nothing was run on them.
- *Stage*, *walk*: CPU time of one thread, in process. *Steady*: walk, columns and JSON to /dev/null in process. Both
  after two mean lives, with the workers alive as counted between windows.
- *A step more*: CPU time of a step of the walk with 100 alive, less that of the same population without.
- *A value*: CPU time of the columns of a record with four such fields, less that without, a quarter of it; to make text
  of it is not in it. *Jinja2 alone*: `bench/jinja_loop.py`, the loop without what makes the values.
- *Messages*: CPU time of one thread, in process, of records that are there: as columns for ours, as dictionaries for
  fastavro, whose `schemaless_writer` is called for each. Avro's are the same octets; *no value may be null* is a schema
  without the unions that ours has, of which fastavro chooses by looking at each value.
- *Instructions*: counted by callgrind, for one more piece of the work; start and preparation are not in it.
- *Bytes to a pipe*: the same bytes, which are in memory already, in blocks of 64 KiB.
- *Deliveries*, from "file, plain" on: whole commands on all cores, every record acknowledged; the server, where there
  is one, on the same cores. Kafka: Tansu, in memory, one partition, records of about 250 bytes. PostgreSQL and `psql`
  load the same rows, as whole commands, in turn. HTTP: a collector in another process that counts.
- *Lateness*: when the reader of a pipe has a record, minus the record's time, which is cut to milliseconds (up to 1 ms
  too much)."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the generator, beside DuckDB.")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"only some of it; not written down: {', '.join(PARTS)}"
    )
    parser.add_argument(
        "--quick", action="store_true", help="to try it: a twentieth of the size, too little for the bars"
    )
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    lines = [f"# Results\n\n`python -m bench` on {_machine()}.\n\n{HEAD}"]
    print(lines[0], flush=True)
    for part in given.parts or PARTS:
        with tempfile.TemporaryDirectory() as directory:
            for line in _measured(part, Setting(Path(directory), 20 if given.quick else 1)):
                print(line, flush=True)
                lines.append(str(line))
    if not given.quick and not given.parts:
        missed = Path("bench/missed.md").read_text()
        Path("bench/RESULTS.md").write_text("\n".join([*lines, "", _NOTES, missed]))


def _measured(part: str, setting: Setting) -> Iterator[Line | Missing]:
    """Yield the lines of a part; what fails for want of a server is said in its place, and the rest goes on."""
    try:
        yield from PARTS[part](setting)
    except (RuntimeError, OSError, subprocess.SubprocessError, pytest.skip.Exception) as error:
        yield Missing(part, " ".join(str(error).split())[-_REASON:])


def _machine() -> str:
    info = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*:\s*(.+)", info.read_text()) if info.exists() else None
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pyarrow", "duckdb"))
    processor = f"{model[1] if model else platform.machine()}, {len(os.sched_getaffinity(0))} cores"
    return f"{datetime.now(UTC):%Y-%m-%d}, {processor}, Python {platform.python_version()}, {packages}"


if __name__ == "__main__":
    main()
