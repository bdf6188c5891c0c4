"""The targets ``kafka`` and ``confluent``, against a broker that the tests start."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import ormsgpack
import pytest
from confluent_kafka import (
    OFFSET_BEGINNING,
    TIMESTAMP_CREATE_TIME,
    TIMESTAMP_LOG_APPEND_TIME,
    Consumer,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, ConfigResource

from datagen.plugin.registry import Registry
from datagen.plugin.target import Target, Undelivered
from datagen.problems import counted
from datagen.targets.kafka.proof import Proof
from datagen.targets.kafka.sink import _with_id
from tests.servers.installed import Proxy, free_port, program, wait_until
from tests.servers.kafka_broker import Broker, TlsProxy
from tests.worlds import ROOT, START, counter, enum, records_of, state, world, write_json

CLICKS = ROOT / "conf/gen/clickstream.json"
START_MS = 1_704_067_200_000


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with Broker() as broker:
        yield broker


@pytest.fixture
def topic() -> str:
    return f"test-{uuid4()}"


@pytest.fixture
def deliver(generate: Callable, broker: Broker, topic: str) -> Callable:
    """Run the command on a spec, with a target for the broker and the topic that has some more keys."""

    def run(spec: object, count: int, **keys: object) -> object:
        target = {"type": "kafka", "endpoint": broker.endpoint, "topic": topic} | keys
        return generate({**spec, "target": target}, "-n", count)

    return run


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable]:
    """Start the command as a process of its own."""
    started = []

    def run(*arguments: object) -> subprocess.Popen:
        line = [sys.executable, ROOT / "generator.py", *map(str, arguments), "-s", START, "--seed", "1"]
        started.append(subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def messages(broker: Broker, topic: str) -> list:
    """Everything in a topic, partition by partition."""
    settings = {"group.id": "tests", "enable.auto.commit": False, "enable.partition.eof": True, "fetch.wait.max.ms": 10}
    consumer = Consumer({"bootstrap.servers": broker.endpoint} | settings)
    found = []
    for partition in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
        while (message := consumer.poll(10)).error() is None:
            found.append(message)
        assert message.error().name() == "_PARTITION_EOF"
    consumer.close()
    return found


def keys_of(broker: Broker, topic: str) -> list[str | None]:
    return [message.key().decode() if message.key() is not None else None for message in messages(broker, topic)]


def test_a_binary_record_is_the_value_of_a_message_and_can_be_audited(
    deliver: Callable, broker: Broker, topic: str, tmp_path: Path
) -> None:
    spec = world(counter("n"), enum("s", "a\nb", "ä"))
    assert deliver(spec, 100, format="msgpack").code == 0
    found = [ormsgpack.unpackb(message.value()) for message in messages(broker, topic)]
    assert found == records_of(spec, 100)
    target = {"type": "kafka", "endpoint": broker.endpoint, "topic": topic, "format": "msgpack"}
    write_json(tmp_path / "spec.json", {**spec, "target": target})
    assert "100 expected, 100 found" in audit("-c", tmp_path / "spec.json", "-n", 100)


def audit(*arguments: object) -> str:
    """Audit a run with seed 1; return what it says."""
    line = [sys.executable, "-m", "datagen", "audit", *map(str, arguments), "-s", START, "--seed", "1"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def murmur2(data: bytes) -> int:
    """Kafka's hash of a key (org.apache.kafka.common.utils.Utils.murmur2)."""
    mask, m, hashed = 0xFFFFFFFF, 0x5BD1E995, 0x9747B28C ^ len(data)
    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at : at + 4], "little") * m & mask
        hashed = (hashed * m & mask) ^ ((k ^ (k >> 24)) * m & mask)
    if data[whole:]:
        hashed = (hashed ^ int.from_bytes(data[whole:], "little")) * m & mask
    hashed = (hashed ^ (hashed >> 13)) * m & mask
    return hashed ^ (hashed >> 15)


def test_every_record_arrives_in_order(command, broker, topic, tmp_path) -> None:
    target = write_json(tmp_path / "t.json", {"type": "kafka", "endpoint": broker.endpoint, "topic": topic})
    expected = command("-c", CLICKS, "-s", START, "-n", 150_000, "--seed", 1).data.split(b"\n")[:-1]
    outcome = command("-c", CLICKS, "-s", START, "-n", 150_000, "--seed", 1, "-t", target)
    assert (outcome.code, outcome.out) == (0, "")
    assert [message.value() for message in messages(broker, topic)] == expected


def test_an_audit_reads_every_partition_back(command, broker, topic, tmp_path) -> None:
    keys = {"topic": topic, "topic_key": ["user_id"], "create_topic": {"partitions": 3}, "compression_type": "lz4"}
    target = write_json(tmp_path / "t.json", {"type": "kafka", "endpoint": broker.endpoint, **keys})
    assert command("-c", CLICKS, "-s", START, "-n", 30_000, "--seed", 1, "-t", target).code == 0
    found = audit("-c", CLICKS, "-n", 30_000, "-t", target)
    counts = "30000 expected, 30000 found, 0 missing, 0 duplicated, 0 out of order, 0 altered"
    assert found.startswith(f"kafka topic {topic}: {counts}")


def copied(broker: Broker, topic: str, change: Callable[[dict], dict]) -> str:
    """Copy a topic, in which the first message is changed; return the name of the copy."""
    name, producer = f"{topic}-copy", Producer({"bootstrap.servers": broker.endpoint})
    for number, message in enumerate(messages(broker, topic)):
        keys = {"value": message.value(), "key": message.key(), "headers": message.headers()}
        keys |= {"timestamp": message.timestamp()[1], "partition": 0}
        producer.produce(name, **(keys if number else change(keys)))
    producer.flush()
    return name


@pytest.mark.parametrize(
    ("change", "altered"),
    [
        (lambda keys: keys, 0),
        (lambda keys: keys | {"headers": [*keys["headers"], ("copied", b"yes")]}, 0),
        (lambda keys: keys | {"timestamp": keys["timestamp"] + 1}, 1),
        (lambda keys: keys | {"key": b"other"}, 1),
        (lambda keys: keys | {"key": None}, 1),
        (lambda keys: keys | {"headers": [("source", b"test"), ("record_id", b"9-9")]}, 1),
        (lambda keys: keys | {"headers": []}, 1),
        (lambda keys: keys | {"value": keys["value"] + b" "}, 1),
    ],
    ids=["nothing", "one more header", "time", "key", "no key", "record_id", "no headers", "value"],
)
def test_an_audit_finds_out_what_of_a_message_was_altered(deliver, broker, topic, tool, tmp_path, change, altered):
    keys = {"topic_key": ["n"], "headers": {"source": "test"}, "record_id": True}
    assert deliver(world(counter("n")), 3, **keys).code == 0
    target = {"type": "kafka", "endpoint": broker.endpoint, "topic": copied(broker, topic, change), **keys}
    path = write_json(tmp_path / "copy.json", target)
    outcome = tool("audit", "-c", tmp_path / "spec.json", "-t", path, "-s", START, "-n", 3, "--seed", 1)
    assert f"3 expected, 3 found, {altered} missing" in outcome.out
    assert f"{altered} altered" in outcome.out
    assert outcome.code == altered


def test_an_audit_does_not_compare_times_that_are_not_those_of_the_records(deliver, broker, topic, tool, tmp_path):
    assert deliver(world(counter("n")), 3, timestamp="now").code == 0
    target = {"type": "kafka", "endpoint": broker.endpoint, "topic": topic, "timestamp": "now"}
    path = write_json(tmp_path / "t.json", target)
    outcome = tool("audit", "-c", tmp_path / "spec.json", "-t", path, "-s", START, "-n", 3, "--seed", 1)
    assert "3 expected, 3 found, 0 missing" in outcome.out


class Found:
    """A message as librdkafka gives it; the tests' broker gives none the time of its own clock."""

    def __init__(self, kind: int, moment: int) -> None:
        self.timestamp = lambda: (kind, moment)
        self.value, self.key = lambda: b"{}", lambda: None


@pytest.mark.parametrize(("kind", "alike"), [(TIMESTAMP_CREATE_TIME, False), (TIMESTAMP_LOG_APPEND_TIME, True)])
def test_the_time_of_a_message_is_not_compared_where_a_topic_has_its_own(kind, alike) -> None:
    proof = Proof([], has_times=True)
    found = list(proof.found([Found(kind, START_MS + 1)]))
    assert (list(proof.sent(b"{}", [("t", 0, 2, None, START_MS, None)])) == found) is alike


def test_a_key_chooses_the_partition_that_java_would(deliver, broker, topic) -> None:
    names = ["a", "bc", "def", "user-1", "ü", "дом", "☃", "longer than the others"]
    spec = world(enum("user", *names, cardinality_distribution={"type": "uniform", "min": 0, "max": 7}))
    assert deliver(spec, 500, topic_key=["user"], create_topic={"partitions": 5}).code == 0
    found = messages(broker, topic)
    assert len(found) == 500
    assert {message.key().decode() for message in found} == set(names)
    assert all(message.partition() == (murmur2(message.key()) & 0x7FFFFFFF) % 5 for message in found)
    assert all(json.loads(message.value())["user"] == message.key().decode() for message in found)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (["n"], "0"),
        (["word"], "wörd"),
        (["gone"], None),
        (["null"], None),
        (["inside.a"], "x"),
        (["inside.b"], "[1,2]"),
        (["inside"], '{"a":"x","b":[1,2]}'),
        (["word", "null", "n"], "wörd|\\N|0"),
        (["gone", "null"], None),
        (["empty"], ""),
        (["empty", "bars"], "|a\\|b\\\\"),
    ],
)
def test_a_key_is_the_text_of_dimensions(deliver, broker, topic, key, expected) -> None:
    spec = world(
        counter("n"),
        enum("word", "wörd"),
        enum("gone", 1, percent_missing=100),
        enum("null", 1, percent_nulls=100),
        enum("inside", {"a": "x", "b": [1, 2]}),
        enum("empty", ""),
        enum("bars", "a|b\\"),
    )
    assert deliver(spec, 1, topic_key=key).code == 0
    assert keys_of(broker, topic) == [expected]


def test_an_empty_record_is_an_empty_value_and_not_a_tombstone(deliver, broker, topic, tmp_path) -> None:
    """A message with a key and no value at all would delete that key from a compacted topic."""
    pattern = tmp_path / "empty.pattern"
    pattern.write_text("{{gone}}")
    spec = world(counter("n"), enum("gone", 1, percent_missing=100))
    assert deliver(spec, 2, topic_key=["n"], format=str(pattern), headers={"empty": ""}).code == 0
    found = messages(broker, topic)
    assert [(message.value(), message.key(), message.headers()) for message in found] == [
        (b"", b"0", [("empty", b"")]),
        (b"", b"1", [("empty", b"")]),
    ]


def test_an_emitter_without_the_dimension_has_no_key(deliver, broker, topic) -> None:
    spec = world(states=[state("s", to="t", emitter="e"), state("t", emitter="f")])
    spec["emitters"] = [{"name": "e", "dimensions": [counter("n")]}, {"name": "f", "dimensions": [counter("m")]}]
    assert deliver(spec, 4, topic_key=["n"]).code == 0
    assert [key is None for key in keys_of(broker, topic)] == [
        "m" in json.loads(message.value()) for message in messages(broker, topic)
    ]


def test_a_message_has_the_time_of_its_record(deliver, broker, topic) -> None:
    assert deliver(world(gap=0.25), 4).code == 0
    assert [message.timestamp()[1] for message in messages(broker, topic)] == [
        START_MS + 250 * number for number in range(4)
    ]


def test_a_message_has_the_time_when_it_is_sent(deliver, broker, topic) -> None:
    assert deliver(world(), 2, timestamp="now").code == 0
    assert all(message.timestamp()[1] > START_MS + 10**10 for message in messages(broker, topic))


@pytest.mark.parametrize("start", ["1969-12-31T23:59:59.999", "1970-01-01T00:00:00.000", "1970-01-01T01:00:00+01:00"])
def test_a_run_that_begins_with_a_time_that_means_now_is_refused(command, broker, topic, tmp_path, start) -> None:
    target = {"type": "kafka", "endpoint": broker.endpoint, "topic": topic}
    refused = write_json(tmp_path / "a.json", world() | {"target": target})
    outcome = command("-c", refused, "-s", start, "-n", 2)
    assert outcome.code == 2
    assert "a message needs a time after 1970-01-01T00:00:00.000, which Kafka's client takes for now" in outcome.err
    taken = write_json(tmp_path / "b.json", world() | {"target": target | {"timestamp": "now"}})
    assert command("-c", taken, "-s", start, "-n", 2).code == 0
    assert all(message.timestamp()[1] > START_MS for message in messages(broker, topic))


def test_the_first_time_that_a_message_can_have_is_one_millisecond(command, broker, topic, tmp_path) -> None:
    target = {"type": "kafka", "endpoint": broker.endpoint, "topic": topic}
    spec = write_json(tmp_path / "spec.json", world() | {"target": target})
    assert command("-c", spec, "-s", "1970-01-01T00:00:00.001", "-n", 2).code == 0
    assert [message.timestamp()[1] for message in messages(broker, topic)] == [1, 1001]


def test_the_headers_of_all_messages_are_one_object() -> None:
    """New ones for each message cost 1 µs more, most of it for the garbage collector."""
    seen = [(id(headers), dict(headers)) for headers in _with_id({"a": "b"}, ["1-1", "1-2"])]
    assert [headers for _, headers in seen] == [{"a": "b", "record_id": "1-1"}, {"a": "b", "record_id": "1-2"}]
    assert seen[0][0] == seen[1][0]


def test_every_message_has_the_headers_and_its_record_id(deliver, broker, topic) -> None:
    assert deliver(world(counter("n")), 3, headers={"source": "ä"}, record_id=True).code == 0
    found = messages(broker, topic)
    assert [dict(message.headers())["source"] for message in found] == ["ä".encode()] * 3
    ids = [dict(message.headers())["record_id"].decode() for message in found]
    assert ids == [json.loads(message.value())["record_id"] for message in found]
    assert len(set(ids)) == 3


def test_a_topic_is_made_as_it_is_wanted(deliver, broker, topic) -> None:
    plan = {"partitions": 4, "replication_factor": 1, "config": {"retention.ms": 3_600_000, "preallocate": True}}
    assert deliver(world(), 1, create_topic=plan).code == 0
    admin = AdminClient({"bootstrap.servers": broker.endpoint})
    assert len(admin.list_topics(topic, timeout=10).topics[topic].partitions) == 4
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    config = admin.describe_configs([resource])[resource].result()
    assert (config["retention.ms"].value, config["preallocate"].value) == ("3600000", "true")


def test_a_topic_that_is_there_is_used_as_it_is(deliver, broker, topic) -> None:
    assert deliver(world(), 2, create_topic=True).code == 0
    assert deliver(world(), 3, create_topic={"partitions": 9}).code == 0
    assert deliver(world(), 4, create_topic=False).code == 0
    assert [message.partition() for message in messages(broker, topic)] == [0] * 9


def test_a_topic_that_may_not_be_made_has_to_be_there(deliver, topic) -> None:
    outcome = deliver(world(), 1, create_topic=False, on_error="retry")
    assert outcome.code == 1
    assert outcome.err == f"writing to kafka topic {topic}: the topic does not exist (0 records delivered)\n"


@pytest.mark.parametrize("name", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_a_compressed_message_reads_back(deliver, broker, topic, name) -> None:
    assert deliver(world(counter("n")), 500, compression_type=name).code == 0
    assert [json.loads(message.value())["n"] for message in messages(broker, topic)] == list(range(500))


def test_a_run_of_nothing_makes_the_topic(deliver, broker, topic) -> None:
    assert deliver(world(), 0).code == 0
    assert messages(broker, topic) == []


def test_settings_of_librdkafka_win(deliver, broker, topic) -> None:
    settings = {"enable.idempotence": False, "acks": 1, "partitioner": "fnv1a", "bootstrap.servers": broker.endpoint}
    keys = {"endpoint": f"127.0.0.1:{free_port()}", "create_topic": {"partitions": 7}, "topic_key": ["n"]}
    assert deliver(world(counter("n")), 100, producer=settings, **keys).code == 0
    found = messages(broker, topic)
    assert len(found) == 100
    assert any(message.partition() != (murmur2(message.key()) & 0x7FFFFFFF) % 7 for message in found)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"producer": {"no.such": 1}}, 'No such configuration property: "no.such"'),
        ({"producer": {"acks": 1}}, "`acks` must be set to `all` when `enable.idempotence` is true"),
        ({"producer": {"linger.ms": "secret"}}, 'Invalid value for configuration property "queue.buffering.max.ms"'),
        ({"producer": {"error_cb": "x"}}, 'producer: "error_cb" can\'t be set here'),
        ({"producer": {"acks": []}}, "target.producer.acks"),
        ({"topic": "white space"}, "must be 1 to 249 letters, digits, dots, underscores and hyphens"),
        ({"endpoint": "a:b"}, 'must be host or host:port, found "a:b"'),
        ({"endpoint": []}, "must not be empty"),
        ({"topic_key": ["m"]}, 'topic_key: no emitter has "m"'),
        ({"compression_type": "lz5"}, "target.compression_type: must be 'none', 'gzip'"),
        ({"security_protocol": "tls"}, "target.security_protocol: must be"),
        ({"sasl_username": "me"}, '"sasl_username" has no effect with "security_protocol": "plaintext"'),
        ({"security_protocol": "SASL_SSL"}, "sasl.username and sasl.password must be set"),
        ({"security_protocol": "ssl", "ssl_ca_location": "/no/such"}, "ssl_ca_location: /no/such can't be read"),
        (
            {"create_topic": {"partition": 3}},
            'create_topic.partition: unknown key "partition"; did you mean "partitions"?',
        ),
        ({"create_topic": {"partitions": 0}}, "create_topic.partitions"),
        ({"timeout": 0}, "target.timeout"),
    ],
)
def test_what_is_wrong_is_said_before_the_run(deliver, keys, message) -> None:
    outcome = deliver(world(counter("n")), 1, **keys)
    assert outcome.code == 2
    assert message in outcome.err
    assert "Traceback" not in outcome.err
    assert "secret" not in outcome.err


def test_a_run_without_a_broker_ends_with_its_reason(deliver) -> None:
    port = free_port()
    outcome = deliver(world(), 1, endpoint=f"127.0.0.1:{port}", timeout=1)
    assert outcome.code == 1
    assert f"127.0.0.1:{port} failed: Connection refused (0 records delivered)" in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_a_run_waits_for_its_broker(start, topic, tmp_path) -> None:
    late = Broker()
    keys = {"topic": topic, "on_error": "retry", "timeout": 1}
    run = start(
        "-c",
        CLICKS,
        "-n",
        1000,
        "-t",
        write_json(tmp_path / "t.json", {"type": "kafka", "endpoint": late.endpoint, **keys}),
    )
    with pytest.raises(subprocess.TimeoutExpired):
        run.wait(3)
    with late:
        assert run.wait(30) == 0, run.stderr.read()
        assert len(messages(late, topic)) == 1000


@pytest.mark.parametrize(("timeout", "cut"), [(30, 5), (1, 3)], ids=["by the library", "by the run"])
def test_no_record_is_missing_after_a_cut_of_some_seconds(start, topic, tmp_path, timeout, cut) -> None:
    port = free_port()
    with Proxy(port) as proxy, Broker(port, advertised=proxy.port):
        keys = {"endpoint": f"127.0.0.1:{proxy.port}", "topic": topic, "on_error": "retry", "timeout": timeout}
        target = write_json(tmp_path / "t.json", {"type": "kafka", **keys})
        arguments = ["-c", CLICKS, "-n", 120_000, "-t", target]
        run = start(*arguments)
        wait_until(lambda: proxy.passed > 8_000_000)
        proxy.cut()
        threading.Timer(cut, proxy.mend).start()
        assert run.wait(60) == 0, run.stderr.read()
        found = audit(*arguments)
        assert " 0 missing" in found
        assert timeout < 30 or " 0 duplicated, 0 out of order" in found


def test_a_broker_that_answers_nothing_ends_the_run(generate, topic) -> None:
    with Broker() as broker:
        target = {"type": "kafka", "endpoint": broker.endpoint, "topic": topic, "timeout": 1}
        assert generate({**world(), "target": target}, "-n", 1).code == 0
        threading.Timer(0.8, broker.pause).start()
        outcome = generate({**world(), "target": target}, "-n", 3_000_000)
        broker.go_on()
    assert outcome.code == 1
    assert f"writing to kafka topic {topic}: " in outcome.err


def test_a_record_that_is_too_large_is_named_and_those_before_it_are_there(deliver, broker, topic) -> None:
    words = enum("w", "x" * 2_000_000, *"abcdefghi", cardinality_distribution={"type": "uniform", "min": 0, "max": 9})
    outcome = deliver(world(words), 50, on_error="retry")
    assert outcome.code == 1
    found = messages(broker, topic)
    assert f"Broker: Message size too large ({counted(len(found), 'record')} delivered)" in outcome.err
    assert found
    assert all(len(message.value()) < 100 for message in found)


def certificate(path: Path, name: str) -> tuple[Path, Path]:
    """A certificate for this machine, signed by itself, and its key."""
    files = path / f"{name}.pem", path / f"{name}.key"
    openssl = program("openssl", "openssl")
    line = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([openssl, *line.split(), "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


def test_a_broker_is_spoken_to_with_tls(generate, topic, tmp_path) -> None:
    port = free_port()
    good, key = certificate(tmp_path, "good")
    with TlsProxy(port, good, key) as proxy, Broker(port, advertised=proxy.port) as broker:
        tls = {"ssl_ca_location": str(good), "ssl_certificate_location": str(good), "ssl_key_location": str(key)}
        keys = {"endpoint": f"127.0.0.1:{proxy.port}", "topic": topic, "security_protocol": "SSL", "timeout": 3}
        assert generate({**world(counter("n")), "target": {"type": "kafka", **keys, **tls}}, "-n", 1000).code == 0
        assert proxy.port != broker.port
        other, _ = certificate(tmp_path, "other")
        tls["ssl_ca_location"] = str(other)
        outcome = generate({**world(), "target": {"type": "kafka", **keys, **tls}}, "-n", 1)
    assert outcome.code == 1
    assert "certificate verify failed" in outcome.err


def test_a_login_that_is_refused_is_not_tried_again(generate, topic) -> None:
    with Broker(options=("--authentication",)) as broker:
        keys = {"sasl_mechanism": "SCRAM-SHA-512", "sasl_username": "me", "sasl_password": "open sesame"}
        target = {"type": "kafka", "endpoint": broker.endpoint, "topic": topic, "security_protocol": "sasl_plaintext"}
        outcome = generate({**world(), "target": target | keys | {"on_error": "retry"}}, "-n", 1)
    assert outcome.code == 1
    assert "authentication failed" in outcome.err
    assert "sesame" not in outcome.err


def target_of(**keys: object) -> Target:
    return Registry.load().make("target", {"type": "kafka", "topic": "clicks"} | keys)


def test_a_check_makes_no_topic(broker, topic) -> None:
    target_of(endpoint=broker.endpoint, topic=topic).check()
    assert topic not in AdminClient({"bootstrap.servers": broker.endpoint}).list_topics(timeout=10).topics


def test_a_check_says_why_no_broker_is_reached() -> None:
    target = target_of(endpoint=f"127.0.0.1:{free_port()}", timeout=1)
    with pytest.raises(Undelivered, match="failed: Connection refused") as caught:
        target.check()
    assert not caught.value.lasting


def test_a_check_logs_in() -> None:
    with Broker(options=("--authentication",)) as broker:
        login = {"sasl_mechanism": "SCRAM-SHA-512", "sasl_username": "me", "sasl_password": "open sesame"}
        target = target_of(endpoint=broker.endpoint, security_protocol="sasl_plaintext", **login)
        with pytest.raises(Undelivered, match="authentication failed") as caught:
            target.check()
    assert caught.value.lasting


def test_a_check_gives_up_a_broker_that_answers_nothing() -> None:
    with Broker() as broker:
        broker.pause()
        with pytest.raises(Undelivered, match=r"(?i)timed out"):
            target_of(endpoint=broker.endpoint, timeout=1).check()
        broker.go_on()


def test_confluent_logs_in_with_an_api_key_over_tls() -> None:
    keys = {"servers": "a.confluent.cloud:9092", "topic": "clicks", "username": "KEY", "password": "open sesame"}
    target = Registry.load().make("target", {"type": "confluent", "producer": {"sasl.password": "other"}} | keys)
    assert target.problem() is None
    assert target.connection() == {
        "bootstrap.servers": "a.confluent.cloud:9092",
        "security.protocol": "sasl_ssl",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "KEY",
        "sasl.password": "open sesame",
    }
    assert "sesame" not in repr(target)
    assert "other" not in repr(target)
    assert set(target.secrets()) == {"open sesame", "other"}


def test_confluent_fails_as_kafka_does(generate) -> None:
    port = free_port()
    target = {"type": "confluent", "servers": f"127.0.0.1:{port}", "topic": "t", "username": "k", "password": "sesame"}
    outcome = generate({**world(), "target": {**target, "timeout": 1}}, "-n", 1)
    assert outcome.code == 1
    assert outcome.err.startswith("writing to confluent topic t: ")
    assert "Connection refused" in outcome.err
    assert "sesame" not in outcome.err
