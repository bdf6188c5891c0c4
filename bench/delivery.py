"""How fast records reach real systems on this machine, each acknowledged; PostgreSQL beside its own ``psql \\copy``."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from bench.population import CLICK_STREAM
from bench.process import CORES, Ran, run
from bench.setting import Setting, ratio
from bench.table import Line, rate
from tests.servers import installed
from tests.servers.kafka_broker import Broker

_BATCH_BYTES = 16  # MB, the most in a batch; four of them may wait for a target
_PROGRAM = 250  # MB that the command takes by itself
_BOUND = _PROGRAM + 4 * 2 * _BATCH_BYTES  # columns and text of each batch
_DSN = "postgresql://postgres@127.0.0.1:5432/test"
_TABLE = "datagen_bench"


def files(setting: Setting) -> Iterator[Line]:
    """Measure a file, and what compressing it costs."""
    count = setting.size(4_000_000)

    def each() -> list[Ran]:
        return [
            _send(setting, {"type": "file", "path": setting.fresh(f"out.{kind}"), "compression": kind}, count)
            for kind in ("none", "zstd", "gzip")
        ]

    plain, zstd, gzip = zip(*setting.repeat(each), strict=True)
    yield rate("file, plain", count, plain)
    yield rate("file, zstd", count, zstd)
    compressed = ratio([ran.seconds for ran in plain], [ran.seconds for ran in zstd])
    yield Line("file, zstd / plain", compressed, "", least=0.7)
    yield rate("file, gzip", count, gzip)


def parquet(setting: Setting) -> Iterator[Line]:
    """Measure one Parquet file."""
    count = setting.size(4_000_000)
    runs = setting.repeat(lambda: _send(setting, {"type": "parquet", "path": setting.fresh("out.parquet")}, count))
    yield rate("parquet, one file", count, runs, "rows/s", 2_500_000)


def kafka(setting: Setting) -> Iterator[Line]:
    """Measure records of 250 bytes, without and with the header that tells each apart."""
    count, spec = setting.size(4_000_000), _wide(setting)

    def send(record_id: bool) -> Ran:
        with Broker() as broker:
            target = {"type": "kafka", "endpoint": broker.endpoint, "topic": "bench", "record_id": record_id}
            return _send(setting, target, count, spec)

    plain, numbered = zip(*setting.repeat(lambda: (send(False), send(True))), strict=True)
    yield rate("kafka, 250-byte JSON, one partition", count, plain, least=500_000)
    yield rate("kafka, the same with record_id", count, numbered)
    share = ratio([ran.seconds for ran in plain], [ran.seconds for ran in numbered])
    yield Line("kafka, with record_id / without", share, "", least=0.9)


def postgres(setting: Setting) -> Iterator[Line]:
    """Measure COPY into a new table, beside psql's."""
    count = setting.size(2_000_000)
    target = {"type": "postgres", "dsn": _DSN, "table": _TABLE}
    table, rows = f"DROP TABLE IF EXISTS {_TABLE}", setting.fresh("rows.csv")
    _send(setting, {"type": "file", "path": rows, "format": "csv"}, count)

    def pair() -> tuple[Ran, float]:
        _psql(table)
        ours = _send(setting, target, count)
        _psql(f"TRUNCATE {_TABLE}")
        began = time.perf_counter()
        _psql(f"\\copy {_TABLE} from '{rows}' csv header")
        return ours, time.perf_counter() - began

    ours, theirs = zip(*setting.repeat(pair), strict=True)
    _psql(table)
    yield rate("postgres, COPY", count, ours, "rows/s", 100_000)
    yield Line("psql \\copy of the same rows", count / median(theirs), "rows/s")
    yield Line("postgres / psql", ratio(theirs, [ran.seconds for ran in ours]), "", least=0.5)


def http(setting: Setting) -> Iterator[Line]:
    """Measure batches to a collector in another process."""
    count = setting.size(1_000_000)
    port = installed.free_port()
    collector = subprocess.Popen([sys.executable, "-m", "tests.servers.collector", str(port)])
    try:
        installed.wait_until(lambda: installed.is_up(port))
        runs = setting.repeat(lambda: _send(setting, {"type": "http", "url": f"http://127.0.0.1:{port}/"}, count))
    finally:
        collector.kill()
        collector.wait()
    yield rate("http, in batches", count, runs, least=100_000)


def stalled(setting: Setting) -> Iterator[Line]:
    """Measure the memory after a minute in which the server takes nothing."""
    seconds = 60 // setting.scale
    with installed.Proxy(5432) as proxy:
        proxy.stall()
        dsn = _DSN.replace("5432", str(proxy.port))
        target = {"type": "postgres", "dsn": dsn, "table": _TABLE, "on_error": "retry"}
        line = _command(setting, target, 1_000_000)
        process = subprocess.Popen([sys.executable, *line], stderr=subprocess.DEVNULL)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = Path(f"/proc/{process.pid}/status").read_text()
        process.kill()
        process.wait()
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1000
    _psql(f"DROP TABLE IF EXISTS {_TABLE}")
    yield Line(f"memory after {seconds} s of a target that accepts nothing", peak, "MB", most=_BOUND)


def _send(setting: Setting, target: dict[str, Any], count: int, spec: str = CLICK_STREAM) -> Ran:
    return run(_command(setting, target, count, spec), CORES)


def _command(setting: Setting, target: dict[str, Any], count: int, spec: str = CLICK_STREAM) -> list[str]:
    options = ["-n", str(count), "-s", "2024-01-01T00:00:00", "--seed", "1"]
    return ["generator.py", "-c", spec, *options, "-t", setting.save("target.json", target)]


def _wide(setting: Setting) -> str:
    """Return the click stream with records of about 250 bytes."""
    spec = json.loads(Path(CLICK_STREAM).read_text())
    agents = [f"Mozilla/5.0 (X11; Linux x86_64; rv:{version}.0) Gecko/20100101" for version in range(100, 120)]
    uniform = {"type": "uniform", "min": 0, "max": len(agents) - 1}
    agent = {"name": "agent", "type": "enum", "values": agents, "cardinality_distribution": uniform}
    for emitter in spec["emitters"]:
        emitter["dimensions"].append(agent)
    return setting.save("wide.json", spec)


def _psql(command: str) -> None:
    subprocess.run(["psql", "-q", _DSN, "-c", command], check=True, capture_output=True)
