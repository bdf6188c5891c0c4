"""A declared target serves any number of runs at once: what one is given changes nothing in the other."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import zip_longest
from pathlib import Path
from uuid import uuid4

import paho.mqtt.client as paho
import pika
import psycopg
import pytest
import redis as redis_library

import datagen
from datagen.delivery.encoder import Encoder, Route
from datagen.formatters.json import Json
from datagen.language.schema import examples
from datagen.plugin.registry import BUILT_IN, Registry
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Sink
from datagen.records.batch import Batch, Layout
from datagen.records.lines import pieces
from tests.servers import installed
from tests.servers.collector import serve as serve_http
from tests.servers.installed import free_port
from tests.servers.kafka_broker import Broker
from tests.servers.listeners import Listener
from tests.servers.search_server import SearchServer
from tests.targets.sockets.test_syslog import frames
from tests.worlds import ROOT, START, run_of

REGISTRY = Registry.load()
CASES = [
    pytest.param(kind, example, id=f"{kind}-{number}")
    for kind in BUILT_IN["target"]
    for number, example in enumerate(examples(REGISTRY.of("target")[kind]))
]
BOTH = 4_000  # records of two runs
CLICKS = json.loads((ROOT / "conf/gen/clickstream.json").read_text())


def test_every_kind_of_target_has_a_case() -> None:
    assert {case.values[0] for case in CASES} == set(BUILT_IN["target"])


@pytest.fixture(scope="module")
def clicks() -> tuple[Layout, list[Batch], Scope]:
    run = run_of(CLICKS, 3_000)
    return run.layout, list(run.batches()), Scope(run.clock.start, 1, "run", lambda text: None)


def encoded(lane: tuple[Encoder, Sink], batch: Batch) -> list[object]:
    return [shown(made) for made in lane[0].encode(batch, int(batch.due[-1]))]


def shown(made: Encoded) -> object:
    texts = [text.to_pylist() for text in made.texts]
    return list(map(bytes, pieces(made.lines))), texts, made.due.tolist(), made.emitted.tolist()


@pytest.mark.parametrize(("kind", "example"), CASES)
def test_two_runs_at_once_are_given_what_each_would_be_alone(kind: str, example: dict, clicks) -> None:
    layout, batches, scope = clicks
    route = Route(REGISTRY.make("target", example), Json(), layout, scope)
    alone, one, other = (route.begin() for _ in range(3))
    expected = [encoded(alone, batch) for batch in batches]
    pairs = [(encoded(one, batch), encoded(other, batch)) for batch in batches]
    assert [first for first, _ in pairs] == expected
    assert [second for _, second in pairs] == expected


@pytest.mark.parametrize("kind", ["file", "parquet"])
def test_two_runs_of_one_loaded_spec_side_by_side_write_what_each_would_alone(kind: str, tmp_path: Path) -> None:
    """With a stage that remembers, whole runs on threads of their own."""
    stages = [{"type": "throttle", "key": "user_id", "timeframe": 60, "max_count": 2}]
    spec = datagen.load(CLICKS)

    def target(name: str) -> dict:
        return {"type": kind, "path": str(tmp_path / name / "clicks"), "through": stages} | (
            {"rotate": {"records": 500}} if kind == "file" else {}
        )

    for name in ("alone", "one", "other"):
        (tmp_path / name).mkdir()
    datagen.run(spec, target("alone"), start=START, records=20_000, seed=1)
    handles = [datagen.start(spec, target(name), start=START, records=20_000, seed=1) for name in ("one", "other")]
    assert [handle.wait().records for handle in handles] == [20_000] * 2
    found = [sorted((tmp_path / name).rglob("*")) for name in ("alone", "one", "other")]
    files = [[path for path in paths if path.is_file()] for paths in found]
    assert len(files[0]) > (1 if kind == "file" else 0)
    for alone, one, other in zip_longest(*files):
        assert alone.read_bytes() == one.read_bytes() == other.read_bytes()


# Two runs of one declared target at once, into a system: it has what both would bring alone


@contextmanager
def postgres() -> Iterator[tuple[dict, Callable[[], list]]]:
    table = f"test_{uuid4().hex}"
    yield {"type": "postgres", "dsn": installed.postgres(), "table": table}, lambda: []
    with psycopg.connect(installed.postgres(), autocommit=True) as connection:
        connection.execute(f"DROP TABLE {table}")


@contextmanager
def redis() -> Iterator[tuple[dict, Callable[[], list]]]:
    name = f"test:{uuid4().hex}"
    yield {"type": "redis", "url": installed.redis(), "list": name}, lambda: []
    with redis_library.Redis.from_url(installed.redis()) as client:
        client.delete(name)


@contextmanager
def nats() -> Iterator[tuple[dict, Callable[[], list]]]:
    name = f"test_{uuid4().hex}"
    yield {"type": "nats", "servers": installed.nats(), "subject": name, "stream": {"name": name, "create": True}}, list


@contextmanager
def kafka() -> Iterator[tuple[dict, Callable[[], list]]]:
    with Broker() as broker:
        yield {"type": "kafka", "endpoint": broker.endpoint, "topic": f"test-{uuid4()}"}, list


@contextmanager
def tcp() -> Iterator[tuple[dict, Callable[[], list]]]:
    listener = Listener()

    def received() -> list:
        listener.close()
        return [bytes(line) for part in listener.connections for line in bytes(part).split(b"\n")[:-1]]

    yield {"type": "tcp", "host": "127.0.0.1", "port": listener.port}, received


@contextmanager
def http() -> Iterator[tuple[dict, Callable[[], list]]]:
    with serve_http(free_port()) as collector:
        yield (
            {"type": "http", "url": f"http://127.0.0.1:{collector.port}/x", "batch": {"records": 100}},
            lambda: [line for request in collector.requests for line in request.body.split(b"\n")[:-1]],
        )


@contextmanager
def syslog() -> Iterator[tuple[dict, Callable[[], list]]]:
    listener = Listener()

    def received() -> list:
        listener.close()
        sent = [b"%d %s" % (len(frame), frame) for part in listener.connections for frame in frames(bytes(part))]
        return [frame[:-1] for frame in sent]  # what is compared is a line without its end

    yield {"type": "syslog", "host": "127.0.0.1", "port": listener.port}, received


@contextmanager
def amqp() -> Iterator[tuple[dict, Callable[[], list]]]:
    name = f"test-{uuid4().hex}"
    with closing(pika.BlockingConnection(pika.URLParameters(installed.rabbitmq()))) as connection:
        channel = connection.channel()

        def received() -> list:
            got = [channel.basic_get(name, auto_ack=True) for _ in range(BOTH)]
            return [body for _, _, body in got]

        yield {"type": "amqp", "queue": name, "declare": True}, received
        channel.queue_delete(name)


@contextmanager
def mqtt() -> Iterator[tuple[dict, Callable[[], list]]]:
    topic, port, got, ready = f"test-{uuid4().hex}", installed.mosquitto(), [], threading.Event()
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.on_message = lambda *event: got.append(event[-1].payload)
    client.on_subscribe = lambda *_: ready.set()
    client.connect("127.0.0.1", port)
    client.subscribe(topic)
    client.loop_start()
    assert ready.wait(10)

    def received() -> list:
        installed.wait_until(lambda: len(got) >= BOTH)
        return got

    yield {"type": "mqtt", "port": port, "topic": topic}, received
    client.disconnect()
    client.loop_stop()


@contextmanager
def opensearch(kind: str = "opensearch") -> Iterator[tuple[dict, Callable[[], list]]]:
    """Its own reading of what is stored looks at one run alone."""
    with SearchServer() as server:
        yield (
            {"type": kind, "hosts": [server.url], "index": "clicks", "batch": {"records": 100}},
            lambda: [
                json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
                for document in server.sources("clicks")
            ],
        )


@contextmanager
def elasticsearch() -> Iterator[tuple[dict, Callable[[], list]]]:
    with opensearch("elasticsearch") as system:
        yield system


SYSTEMS = [postgres, redis, nats, amqp, mqtt, kafka, tcp, syslog, http, opensearch, elasticsearch]


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.__name__)
def test_two_runs_of_one_target_at_once_bring_what_each_would_alone(system) -> None:
    spec = datagen.load(CLICKS)
    options = {"start": START, "records": BOTH // 2}
    with system() as (described, received):
        target = REGISTRY.make("target", described)
        handles = [datagen.start(spec, target, seed=seed, **options) for seed in (1, 2)]
        assert [handle.wait().records for handle in handles] == [BOTH // 2] * 2
        found, expected = list(received()), []
        for seed in (1, 2):
            run = run_of(CLICKS, BOTH // 2, seed=seed)
            encoder, sink = Route(target, Json(), run.layout, Scope(run.clock.start, seed, "run", print)).begin()
            made = [made for batch in run.batches() for made in encoder.encode(batch, int(batch.due[-1]))]
            expected += [record for encoded in made for record in sink.comparable(encoded)]
        found = found or [record for _, records in sink.stored() for record in records]
    assert sorted(found) == sorted(expected)
