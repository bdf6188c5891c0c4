"""How fast records reach real systems on this machine, each acknowledged; PostgreSQL beside its own ``psql \\copy``."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.population import CLICK_STREAM
from bench.process import CORES, Ran, run
from tests.servers import installed
from tests.servers.kafka_broker import Broker

_ROUNDS = 3
_BATCH_BYTES = 16  # MB, the most in a batch; four of them may wait for a target
_PROGRAM = 250  # MB that the command takes by itself
_BOUND = _PROGRAM + 4 * 2 * _BATCH_BYTES  # columns and text of each batch
_DSN = "postgresql://postgres@127.0.0.1:5432/test"
_TABLE = "datagen_bench"


@dataclass(frozen=True)
class Measured:
    """A line of the table: what, how much, in which unit, and the least or most that is to be reached."""

    what: str
    figure: float
    unit: str = "records/s"
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Delivery:
    """Deliveries of the click stream, at full size or at a fraction of it."""

    directory: Path
    scale: int

    def files(self) -> Iterator[Measured]:
        count = 4_000_000 // self.scale
        rates: dict[str, list[float]] = {"plain": [], "zstd": [], "gzip": []}
        for _ in range(_ROUNDS):
            for name, found in rates.items():
                path = self._fresh(f"out.{name}")
                target = {"type": "file", "path": path, "compression": "none" if name == "plain" else name}
                found.append(count / self._send(target, count).seconds)
        plain, zstd, gzip = (median(found) for found in rates.values())
        yield Measured("file, plain", plain)
        yield Measured("file, zstd", zstd)
        yield Measured("file, zstd / plain", zstd / plain, "", least=0.7)
        yield Measured("file, gzip", gzip)

    def parquet(self) -> Iterator[Measured]:
        count = 4_000_000 // self.scale
        rate = self._rate({"type": "parquet", "path": self._fresh("out.parquet")}, count)
        yield Measured("parquet, one file", rate, "rows/s", least=1_000_000)

    def kafka(self) -> Iterator[Measured]:
        count = 4_000_000 // self.scale
        spec = self._wide()
        rates: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(_ROUNDS):
            for record_id, found in rates.items():
                with Broker() as broker:
                    target = {"type": "kafka", "endpoint": broker.endpoint, "topic": "bench", "record_id": record_id}
                    found.append(count / self._send(target, count, spec).seconds)
        plain, numbered = map(median, rates.values())
        yield Measured("kafka, 250-byte JSON, one partition", plain, least=400_000)
        yield Measured("kafka, the same with record_id / without", numbered / plain, "", least=0.9)

    def postgres(self) -> Iterator[Measured]:
        count = 2_000_000 // self.scale
        target = {"type": "postgres", "dsn": _DSN, "table": _TABLE}
        table, rows = f"DROP TABLE IF EXISTS {_TABLE}", self._fresh("rows.csv")
        self._send({"type": "file", "path": rows, "format": "csv"}, count)
        ours, theirs = [], []
        for _ in range(_ROUNDS):
            _psql(table)
            ours.append(count / self._send(target, count).seconds)
            _psql(f"TRUNCATE {_TABLE}")
            began = time.perf_counter()
            _psql(f"\\copy {_TABLE} from '{rows}' csv header")
            theirs.append(count / (time.perf_counter() - began))
        _psql(table)
        yield Measured("postgres, COPY", median(ours), "rows/s", least=100_000)
        yield Measured("psql \\copy of the same rows", median(theirs), "rows/s")
        yield Measured("postgres / psql", median(ours) / median(theirs), "", least=0.5)

    def http(self) -> Iterator[Measured]:
        port = installed.free_port()
        collector = subprocess.Popen([sys.executable, "-m", "tests.servers.collector", str(port)])
        try:
            installed.wait_until(lambda: installed.is_up(port))
            rate = self._rate({"type": "http", "url": f"http://127.0.0.1:{port}/"}, 1_000_000 // self.scale)
        finally:
            collector.kill()
            collector.wait()
        yield Measured("http, in batches", rate, least=100_000)

    def memory(self) -> Iterator[Measured]:
        """Let the server take nothing for a minute."""
        with installed.Proxy(5432) as proxy:
            proxy.stall()
            dsn = _DSN.replace("5432", str(proxy.port))
            target = {"type": "postgres", "dsn": dsn, "table": _TABLE, "on_error": "retry"}
            line = self._command(target, 1_000_000)
            process = subprocess.Popen([sys.executable, *line], stderr=subprocess.DEVNULL)
            try:
                process.wait(60 // self.scale)
            except subprocess.TimeoutExpired:
                status = Path(f"/proc/{process.pid}/status").read_text()
            process.kill()
            process.wait()
        peak = int(status.split("VmHWM:")[1].split()[0]) / 1000
        _psql(f"DROP TABLE IF EXISTS {_TABLE}")
        yield Measured("memory after 60 s of a target that accepts nothing", peak, "MB", most=_BOUND)

    def _rate(self, target: dict[str, Any], count: int, spec: str = CLICK_STREAM) -> float:
        return median(count / self._send(target, count, spec).seconds for _ in range(_ROUNDS))

    def _send(self, target: dict[str, Any], count: int, spec: str = CLICK_STREAM) -> Ran:
        return run(self._command(target, count, spec), CORES)

    def _command(self, target: dict[str, Any], count: int, spec: str = CLICK_STREAM) -> list[str]:
        path = self.directory / "target.json"
        path.write_text(json.dumps(target))
        options = ["-n", str(count), "-s", "2024-01-01T00:00:00", "--seed", "1", "-t", str(path)]
        return ["generator.py", "-c", spec, *options]

    def _fresh(self, name: str) -> str:
        """Return a path where no file is, so that nobody is charged for deleting it."""
        path = self.directory / name
        path.unlink(missing_ok=True)
        return str(path)

    def _wide(self) -> str:
        """Return the click stream with records of about 250 bytes."""
        spec = json.loads(Path(CLICK_STREAM).read_text())
        agents = [f"Mozilla/5.0 (X11; Linux x86_64; rv:{version}.0) Gecko/20100101" for version in range(100, 120)]
        uniform = {"type": "uniform", "min": 0, "max": len(agents) - 1}
        agent = {"name": "agent", "type": "enum", "values": agents, "cardinality_distribution": uniform}
        for emitter in spec["emitters"]:
            emitter["dimensions"].append(agent)
        path = self.directory / "wide.json"
        path.write_text(json.dumps(spec))
        return str(path)


def _psql(command: str) -> None:
    subprocess.run(["psql", "-q", _DSN, "-c", command], check=True, capture_output=True)
