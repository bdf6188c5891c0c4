"""Faults: whatever happens on the way, no record is missing; each is counted with ``python -m datagen audit``."""

import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from datagen.problems import counted
from datagen.records.batch import MOST_ROWS
from tests.servers import installed
from tests.servers.installed import Proxy, wait_until
from tests.servers.kafka_broker import Broker
from tests.servers.own_postgres import OwnPostgres
from tests.servers.search_server import SearchServer
from tests.worlds import ROOT, START, write_json

CLICKS = ROOT / "conf" / "gen" / "clickstream.json"
KILLS = 20  # of a file, whose lines are exactly once; with servers half as many: one and the same state decides


class Command:
    """A run of the command as a process, with the options that its audit needs too."""

    def __init__(self, folder: Path, target: object, records: int) -> None:
        self._folder = folder
        path = write_json(folder / "target.json", target)
        self._options = ["-c", CLICKS, "-t", path, "-s", START, "--seed", 1, "-n", records]

    def start(self, *more: object, **options: object) -> subprocess.Popen[bytes]:
        line = [sys.executable, ROOT / "generator.py", *self._options, *more]
        return subprocess.Popen(list(map(str, line)), cwd=self._folder, stderr=subprocess.PIPE, **options)

    def run(self, *more: object, **options: object) -> tuple[int, str]:
        return finished(self.start(*more, **options))

    def audit(self) -> dict[str, int]:
        line = [sys.executable, "-m", "datagen", "audit", *self._options]
        where = {"cwd": self._folder, "env": os.environ | {"PYTHONPATH": str(ROOT)}}
        done = subprocess.run(list(map(str, line)), capture_output=True, text=True, timeout=300, **where)
        assert done.stderr == ""
        counts = {name: int(count) for count, name in re.findall(r"(\d+) (\w+)", done.stdout.rsplit(": ", 1)[1])}
        assert (counts["missing"] > 0) == (done.returncode == 1)
        return counts


def finished(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    _, err = process.communicate(timeout=300)
    return process.returncode, err.decode()


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., Command]:
    def made(target: dict, records: int) -> Command:
        return Command(tmp_path, target, records)

    return made


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with Broker() as made:
        yield made


@pytest.fixture
def table() -> Iterator[str]:
    """A name of a table that is not there; dropped afterwards."""
    dsn = installed.postgres()
    name = f"faults_{random.randrange(10**12)}"
    yield name
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"DROP TABLE IF EXISTS {name}")


@pytest.fixture
def proxied_table(table: str) -> Iterator[tuple[Proxy, dict]]:
    """A way to PostgreSQL that can be cut, and a target that takes it."""
    with Proxy(5432) as proxy:
        dsn = f"postgresql://postgres@127.0.0.1:{proxy.port}/test"
        yield proxy, {"type": "postgres", "dsn": dsn, "table": table, "on_error": "retry"}


@pytest.fixture
def own_database() -> Iterator[OwnPostgres]:
    made = OwnPostgres()
    yield made
    made.remove()


# Killed at any moment


def killed_again_and_again(run: Command, state: Path, moments: Iterator[float]) -> int:
    """Kill the command at moments after its start, continue it, and so on; return how often it was killed at work."""
    killed = 0
    for moment in moments:
        process = run.start("--state", state)
        try:
            process.wait(timeout=moment)
        except subprocess.TimeoutExpired:
            process.kill()
            killed += 1
        process.communicate()
    code, err = run.run("--state", state)
    assert code == 0, err
    return killed


def moments(seed: int, kills: int) -> Iterator[float]:
    """Moments at which to kill; the command takes about half a second to start."""
    drawn = random.Random(seed)
    return (drawn.uniform(0.5, 1.1) for _ in range(kills))


def test_no_record_of_a_file_is_missing_or_doubled_after_twenty_kills(command, tmp_path) -> None:
    run = command({"type": "file", "path": "out.json"}, 3_000_000)
    assert killed_again_and_again(run, tmp_path / "state", moments(1, KILLS)) >= KILLS // 2
    counts = run.audit()
    assert counts == {"expected": 3_000_000, "found": 3_000_000} | dict.fromkeys(
        ("missing", "duplicated", "out", "altered"), 0
    )


def test_no_row_is_missing_or_doubled_after_ten_kills_with_a_key(command, tmp_path, table) -> None:
    target = {"type": "postgres", "dsn": installed.postgres(), "table": table, "mode": "upsert", "record_id": True}
    run = command(target, 400_000)
    assert killed_again_and_again(run, tmp_path / "state", moments(2, KILLS // 2)) >= KILLS // 8
    counts = run.audit()
    assert (counts["missing"], counts["with"], counts["found"]) == (0, 0, 400_000)  # keys, "with another record"


def test_no_message_is_missing_after_ten_kills(command, tmp_path, broker) -> None:
    run = command({"type": "kafka", "endpoint": broker.endpoint, "topic": "kills", "record_id": True}, 800_000)
    assert killed_again_and_again(run, tmp_path / "state", moments(3, KILLS // 2)) >= KILLS // 8
    counts = run.audit()
    assert (counts["missing"], counts["altered"], counts["out"]) == (0, 0, 0)
    assert counts["duplicated"] <= KILLS // 2 * MOST_ROWS  # the batch that was under way at each kill


# Down at the start, restarted, cut


def test_a_database_that_is_down_at_the_start_loses_nothing(command, proxied_table) -> None:
    proxy, target = proxied_table
    proxy.cut()
    run = command(target, 50_000)
    process = run.start()
    wait_until(lambda: proxy.refused >= 3)
    proxy.mend()
    code, err = finished(process)
    assert code == 0, err
    assert run.audit()["missing"] == 0


def test_a_database_that_is_restarted_in_the_middle_loses_nothing(command, proxied_table) -> None:
    proxy, target = proxied_table
    run = command(target, 500_000)
    process = run.start()
    for megabytes in (10, 30):
        wait_until(lambda megabytes=megabytes: proxy.passed > megabytes * 10**6)
        proxy.cut()
        proxy.mend()
    code, err = finished(process)
    assert code == 0, err
    assert run.audit()["missing"] == 0


def test_a_database_server_that_crashes_in_the_middle_loses_nothing(command, own_database) -> None:
    """The server itself is ended at once, twice, and started again."""
    run = command({"type": "postgres", "dsn": own_database.dsn, "table": "clicks", "on_error": "retry"}, 600_000)
    process = run.start()
    for rows in (1, 200_000):
        wait_until(lambda rows=rows: own_database.rows("clicks") >= rows)
        own_database.crash()
        own_database.start()
    code, err = finished(process)
    assert code == 0, err
    assert "trying again" in err
    assert run.audit()["missing"] == 0


@pytest.mark.parametrize("kind", ["postgres", "kafka"])
def test_a_connection_that_is_cut_for_five_seconds_loses_nothing(command, request, kind: str) -> None:
    if kind == "postgres":
        proxy, target = request.getfixturevalue("proxied_table")
    else:
        proxy = request.getfixturevalue("proxied_broker")
        target = {"type": "kafka", "endpoint": f"127.0.0.1:{proxy.port}", "topic": "cut", "on_error": "retry"}
    run = command(target, 500_000)
    process = run.start()
    wait_until(lambda: proxy.passed > 10 * 10**6)
    proxy.cut()
    time.sleep(5)  # the fault itself
    proxy.mend()
    code, err = finished(process)
    assert code == 0, err
    assert run.audit()["missing"] == 0


@pytest.fixture
def proxied_broker() -> Iterator[Proxy]:
    """A broker whose clients reach it through a proxy only."""
    port = installed.free_port()
    with Proxy(port) as proxy, Broker(port, advertised=proxy.port):
        yield proxy


def test_a_broker_that_is_down_at_the_start_loses_nothing(command) -> None:
    port = installed.free_port()
    run = command({"type": "kafka", "endpoint": f"127.0.0.1:{port}", "topic": "late", "on_error": "retry"}, 50_000)
    process = run.start()
    wait_until(lambda: process.poll() is None)
    with Broker(port):
        code, err = finished(process)
        assert code == 0, err
        assert run.audit()["missing"] == 0


def test_a_batch_that_is_half_refused_loses_nothing(command) -> None:
    """Of every bulk the server refuses each second item the first time that it sees it."""
    seen: set[str] = set()

    def refuse(index: str, identity: str, source: bytes) -> tuple[int, str, str] | None:
        first, _ = identity not in seen, seen.add(identity)
        return (429, "es_rejected_execution_exception", "rejected") if first and len(seen) % 2 else None

    with SearchServer() as server:
        server.refuse = refuse
        run = command({"type": "opensearch", "hosts": [server.url], "index": "i", "on_error": "retry"}, 5_000)
        code, err = run.run()
        assert code == 0, err
        counts = run.audit()
    assert (counts["found"], counts["missing"], counts["duplicated"]) == (5_000, 0, 0)


# No room


def test_a_full_disk_loses_nothing_once_there_is_room_again(command, tmp_path) -> None:
    run = command({"type": "file", "path": "out.json"}, 300_000)

    def little_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000_000, resource.RLIM_INFINITY))

    code, err = run.run("--state", tmp_path / "state", preexec_fn=little_room)
    assert code == 1
    lines = (tmp_path / "out.json").read_bytes().count(b"\n")
    assert f"File too large ({counted(lines, 'record')} delivered)" in err
    assert run.audit()["missing"] == 300_000 - lines
    assert run.run("--state", tmp_path / "state")[0] == 0
    counts = run.audit()
    assert (counts["found"], counts["missing"], counts["duplicated"]) == (300_000, 0, 0)


# Stopping


def test_a_stop_that_takes_long_says_so_and_a_second_one_ends_at_once(tmp_path) -> None:
    installed.redis()
    with Proxy(6379) as proxy:
        target = {"type": "redis", "url": f"redis://127.0.0.1:{proxy.port}/0", "channel": f"stop-{tmp_path.name}"}
        process = Command(tmp_path, target, 10**8).start(stdout=subprocess.DEVNULL)
        wait_until(lambda: proxy.passed > 1_000_000)
        proxy.stall()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.readline().startswith(b"stopping: waiting for the last records; press Ctrl-C again")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == -signal.SIGINT
        process.stderr.close()


# Memory


def test_a_target_that_accepts_nothing_does_not_fill_the_memory(command, proxied_table) -> None:
    """The bound: 4 batches of at most 16 MB, each made and encoded, beside what the program itself takes.

    Without one all records would be made in a few seconds, 400 MB of lines beside what they are made of.
    """
    proxy, target = proxied_table
    proxy.stall()
    run = command(target, 2_000_000)
    process = run.start()
    most, before = 1, 0
    while most > before:
        time.sleep(4)  # the fault itself: until it takes no more
        before, most = most, memory(process.pid)
    proxy.flow()
    code, err = finished(process)
    assert code == 0, err
    assert most < 600
    assert run.audit()["missing"] == 0


def memory(pid: int) -> int:
    """The most memory that a process has taken, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) // 1000 if found else 0
