"""A month of history, then live: into a broker and a database at once, killed in each half and continued."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from datagen.records.batch import MOST_ROWS
from tests.servers import installed
from tests.servers.installed import wait_until
from tests.servers.kafka_broker import Broker
from tests.worlds import ROOT, constant, counter, state, world, write_json

MONTH = 30 * 86400
# Somebody signs up every 13 seconds; the first one begins to be active ten seconds before a month is over, ten times a
# second, the second one 13 seconds later, and so on.
MEMBERS = world(
    counter("n"),
    states=[
        state("signs up", "is active", delay=constant(MONTH - 10)),
        state("is active", "is active", delay=constant(0.1)),
    ],
    gap=13,
)
ON_TIME = 0.25  # seconds


class Observer:
    """Notes of each message of a topic its number, its time and when it came, in seconds since 1970."""

    def __init__(self, broker: Broker, topic: str) -> None:
        self.seen: list[tuple[int, float, float]] = []
        settings = {"group.id": "tests", "enable.auto.commit": False, "fetch.wait.max.ms": 10}
        self._consumer = Consumer({"bootstrap.servers": broker.endpoint} | settings)
        self._topic = topic
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Observer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.is_set() and self._topic not in self._consumer.list_topics(timeout=10).topics:
            time.sleep(0.02)
        self._consumer.assign([TopicPartition(self._topic, 0, OFFSET_BEGINNING)])
        while not self._ended.is_set():
            for message in self._consumer.consume(10_000, 0.02):
                if message.error() is None:
                    record = json.loads(message.value())
                    self.seen.append((record["n"], datetime.fromisoformat(record["time"]).timestamp(), time.time()))
        self._consumer.close()


def seam(seen: list[tuple[int, float, float]]) -> tuple[float, float]:
    """How long it took from the last record that is a second late to the first that is on time, and the most that any
    was late after it; in seconds.
    """
    late = [came - due for _, due, came in seen]
    first = next(number for number, seconds in enumerate(late) if seconds < ON_TIME)
    last = max((number for number in range(first) if late[number] >= 1), default=0)
    return seen[first][2] - seen[last][2], max(late[first:])


@pytest.fixture
def table() -> Iterator[str]:
    dsn = installed.postgres()
    name = f"members_{random.randrange(10**12)}"
    yield name
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"DROP TABLE IF EXISTS {name}")


@pytest.fixture
def broker() -> Iterator[Broker]:
    with Broker() as made:
        yield made


def test_a_month_of_history_goes_on_live_and_is_killed_in_each_half(broker: Broker, table: str, tmp_path: Path) -> None:
    targets = [
        {"type": "kafka", "endpoint": broker.endpoint, "topic": "members", "record_id": True},
        {"type": "postgres", "dsn": installed.postgres(), "table": table, "mode": "upsert", "record_id": True},
    ]
    files = ["-c", write_json(tmp_path / "s.json", MEMBERS), "-t", write_json(tmp_path / "t.json", targets)]
    options = [*files, "-m", 10**6, "-s", "-30D", "--timezone", "UTC", "--until", "+30D30S"]
    live = [*options, "--then-live", "--state", tmp_path / "state"]

    def begun() -> subprocess.Popen[bytes]:
        line = [sys.executable, ROOT / "generator.py", *live]
        return subprocess.Popen(list(map(str, line)), stderr=subprocess.PIPE)

    def kill(process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGKILL)
        process.communicate()

    began = time.time()
    with Observer(broker, "members") as observer:
        process = begun()
        wait_until((tmp_path / "state" / "acknowledged").exists)
        wait_until(lambda: len(observer.seen) > 1000)
        kill(process)
        in_history = len(observer.seen)
        process = begun()
        wait_until(lambda: observer.seen[-1][2] - observer.seen[-1][1] < ON_TIME, seconds=40)
        time.sleep(max(began + 15 - time.time(), 3))  # half of the time that is live
        kill(process)
        live_at = len(observer.seen)
        process = begun()
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        number = int(re.search(rb"(\d+) records \((\d+) of them history\)", err)[1])
        wait_until(lambda: {n for n, _, _ in observer.seen} == set(range(number)))
    measured = seam(observer.seen[in_history:live_at]), seam(observer.seen[live_at:])
    for pause, late in measured:
        assert pause < 1
        assert late < 1
    topic, rows = audited(options, tmp_path)
    assert (topic["expected"], topic["missing"], topic["altered"], topic["out"]) == (number, 0, 0, 0)
    assert topic["duplicated"] <= 2 * MOST_ROWS  # what was under way to the broker at each kill
    assert (rows["keys"], rows["found"], rows["missing"], rows["with"]) == (number, number, 0, 0)


def audited(options: list[object], folder: Path) -> list[dict[str, int]]:
    line = [sys.executable, "-m", "datagen", "audit", *options, "--state", folder / "state"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(list(map(str, line)), capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    texts = [text.rsplit(": ", 1)[1] for text in done.stdout.splitlines()]
    return [{name: int(count) for count, name in re.findall(r"(\d+) (\w+)", text)} for text in texts]
