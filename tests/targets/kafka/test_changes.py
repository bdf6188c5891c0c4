"""Change streams, and topics by pattern, through the target ``kafka``, against a broker that the tests start."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from tests.changes import KEYS, SHOP, emitter_of, last_state
from tests.servers.installed import free_port, wait_until
from tests.servers.kafka_broker import Broker
from tests.targets.kafka.test_kafka import messages
from tests.worlds import ROOT, START, counter, enum, records_of, world, write_json


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with Broker() as broker:
        yield broker


@pytest.fixture
def name() -> str:
    return f"test-{uuid4()}"


@pytest.fixture
def to(broker: Broker, name: str, tmp_path: Path) -> Callable[..., Path]:
    """A file of a target with two compacted topics of several partitions, for customers and orders."""

    def make(**keys: object) -> Path:
        own = {"topic": f"{name}-{{{{emitter}}}}", "topic_key": KEYS, "operation": "op"}
        plan = {"partitions": 3, "config": {"cleanup.policy": "compact"}}
        target = {"type": "kafka", "endpoint": broker.endpoint, **own, "create_topic": plan, **keys}
        return write_json(tmp_path / "to.json", target)

    return make


def compacted(broker: Broker, topic: str) -> dict[str, dict]:
    """What compaction would leave of a topic: the last value of each key, and none of keys whose last one is null."""
    left: dict[str, dict | None] = {}
    for message in messages(broker, topic):
        left[message.key().decode()] = None if message.value() is None else json.loads(message.value())
    return {key: value for key, value in left.items() if value is not None}


def state_of(broker: Broker, name: str) -> dict:
    return {
        (emitter, value[KEYS[emitter][0]]): value
        for emitter in KEYS
        for value in compacted(broker, f"{name}-{emitter}").values()
    }


def audit(spec: Path, to: Path, count: int) -> subprocess.CompletedProcess:
    line = [sys.executable, "-m", "datagen", "audit", "-c", spec, "-t", to, "-n", count, "-s", START, "--seed", 1]
    return subprocess.run(list(map(str, line)), cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_the_last_message_of_each_key_is_what_the_records_say(generate, broker, name, to, tmp_path) -> None:
    done = generate(SHOP, "-n", 20_000, "-t", to())
    assert done.code == 0, done.err
    expected = last_state(records_of(SHOP, 20_000))
    assert state_of(broker, name) == expected
    spec = write_json(tmp_path / "shop.json", SHOP)
    done = audit(spec, to(), 20_000)
    assert done.returncode == 0, done.stderr
    assert f"{len(expected)} keys expected, {len(expected)} found, 0 missing, 0 with another" in done.stdout
    producer = Producer({"bootstrap.servers": broker.endpoint})
    orders = [str(key) for emitter, key in expected if emitter == "orders"]
    partition = partition_of(broker, f"{name}-orders", orders[0])
    producer.produce(f"{name}-orders", None, orders[0], partition)
    producer.produce(f"{name}-customers", b"{}", "stranger")
    producer.flush()
    done = audit(spec, to(), 20_000)
    assert done.returncode == 1
    assert "1 missing, 0 with another record, 0 not deleted, 1 not of this run" in done.stdout


def partition_of(broker: Broker, topic: str, key: str) -> int:
    return next(found.partition() for found in messages(broker, topic) if found.key() == key.encode())


def test_a_delete_is_the_key_without_a_value_in_the_order_of_the_records(generate, broker, name, to) -> None:
    assert generate(SHOP, "-n", 500, "-t", to(create_topic={"partitions": 1})).code == 0
    for emitter, (key,) in KEYS.items():
        records = [record for record in records_of(SHOP, 500) if emitter_of(record) == emitter]
        wanted = [(str(r[key]).encode(), None if r["op"] == "delete" else r) for r in records]
        found = [(m.key(), m.value() and json.loads(m.value())) for m in messages(broker, f"{name}-{emitter}")]
        assert found == wanted


def test_a_run_that_is_killed_and_continued_leaves_the_same(broker, name, to, tmp_path) -> None:
    line = [sys.executable, ROOT / "generator.py", "-c", write_json(tmp_path / "shop.json", SHOP), "-s", START]
    line += ["-n", 20_000, "--seed", 1, "--speed", 5_000, "-t", to(), "--state", tmp_path / "state"]
    for goal in (1, 3000, 7000, 12_000):
        with subprocess.Popen(list(map(str, line)), stderr=subprocess.DEVNULL) as process:
            wait_until(lambda goal=goal: delivered(tmp_path / "state") >= goal, 60)
            process.kill()
        assert delivered(tmp_path / "state") < 20_000
    done = subprocess.run(list(map(str, line)), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert state_of(broker, name) == last_state(records_of(SHOP, 20_000))


def delivered(state: Path) -> int:
    """How many records are known to be acknowledged."""
    try:
        text = (state / "acknowledged").read_bytes().partition(b"\n")[2]
    except FileNotFoundError:
        return 0
    return json.loads(text)[0]["records"]


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ("n = 3 ? s : 'insert'", 'operation: "no" is not insert, update, upsert or delete, for the record {"time":'),
        ("n = 3 ? t : 'insert'", "operation: null is not insert, update, upsert or delete, for the record"),
    ],
)
def test_an_operation_that_is_none_ends_the_run_at_its_record(generate, broker, name, to, operation, message) -> None:
    spec = world(counter("n"), enum("s", "no"), enum("t", None))
    done = generate(spec, "-n", 9, "-t", to(topic=name, topic_key=["n"], operation=operation))
    assert done.code == 1
    assert message in done.err
    assert "(3 records delivered)" in done.err
    assert len(compacted(broker, name)) == 3


def test_a_change_of_no_key_ends_the_run_at_its_record(generate, broker, name, to) -> None:
    spec = world(counter("n"), enum("k", None, "a", "b", weights=[1, 9, 9]))
    done = generate(spec, "-n", 500, "-t", to(topic=name, topic_key=["k"], operation="'insert'"))
    assert done.code == 1
    assert 'a record without a key can have no operation: {"time":' in done.err
    first = next(n for n, record in enumerate(records_of(spec, 500)) if record["k"] is None)
    assert f"({first} records delivered)" in done.err


@pytest.mark.parametrize("operation", ["'delete'", "'upsert'"])
def test_of_records_that_are_alike_but_for_their_keys_the_refused_one_is_found(
    generate, broker, name, to, operation
) -> None:
    spec = world({**counter("n"), "hidden": True}, enum("s", "same"))
    long = {"name": "k", "type": "expression", "value": f"n = 5 ? '{'x' * 2000}' : 'k' + n", "hidden": True}
    spec["emitters"][0] |= {"time": None, "dimensions": [*spec["emitters"][0]["dimensions"], long]}
    keys = {"topic": name, "topic_key": ["k"], "operation": operation, "producer": {"message.max.bytes": 1000}}
    done = generate(spec, "-n", 9, "-t", to(**keys))
    assert (done.code, "(5 records delivered)" in done.err) == (1, True), done.err
    assert sorted(message.key() for message in messages(broker, name)) == [b"k%d" % n for n in range(5)]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"topic_key": []}, '"operation" requires a "topic_key"'),
        ({"topic_key": {"customers": ["customer_id"]}}, 'topic_key: says nothing of the emitter "orders"'),
        ({"topic_key": KEYS | {"orders": ["id"]}}, 'topic_key: the emitter "orders" has no "id"'),
        (
            {"operation": "'tombstone'"},
            'operation: "tombstone" is no operation, which is insert, update, upsert',
        ),
        (
            {"topic": "{{emitter}}-{city}", "topic_key": ["op"]},
            'topic: "city" is no part of the key, so a later change of the same key could go to another topic',
        ),
        ({"topic": "a b-{{emitter}}"}, "topic: must be 1 to 249 letters, digits, dots, underscores and hyphens"),
        ({"topic": "{{emittr}}"}, '{{emittr}}: no emitter has "emittr"; did you mean "emitter"?'),
    ],
)
def test_wrong_keys_are_problems(generate, to, keys: dict, message: str) -> None:
    done = generate(SHOP, "-n", 3, "-t", to(**keys))
    assert done.code == 2
    assert message in done.err


def test_an_envelope_has_what_was_there_before_and_what_is_there_after(generate, broker, to, name) -> None:
    page = (ROOT / "docs/change-streams.md").read_text(encoding="utf-8")
    spec = json.loads(page.partition("<!-- file: envelope.json -->\n```json\n")[2].partition("```")[0])
    path = to(topic=name, topic_key=["key"], operation="op = 'tombstone' ? 'delete' : 'upsert'")
    assert generate(spec, "-n", 2000, "-t", path).code == 0
    rows: dict[bytes, dict | None] = {}
    for message in messages(broker, name):
        if message.value() is None:
            assert rows.pop(message.key()) is None  # a delete came before it
            continue
        change = json.loads(message.value())
        assert change["before"] == rows.get(message.key())
        assert (change["before"] is None, change["after"] is None) == (change["op"] == "c", change["op"] == "d")
        assert json.loads(message.key()) == {"order_id": (change["after"] or change["before"])["order_id"]}
        rows[message.key()] = change["after"]
    assert len(rows) > 3


# Topics by pattern


def test_a_field_names_the_topic(generate, broker, name, to, tmp_path) -> None:
    spec = world(counter("n"), enum("s", "a", "b"))
    keys = {"topic": f"{name}-{{{{s}}}}", "topic_key": [], "operation": None, "create_topic": True}
    path = to(**keys)
    done = generate(spec, "-n", 200, "-t", path)
    assert done.code == 0, done.err
    for s in ("a", "b"):
        found = [json.loads(message.value()) for message in messages(broker, f"{name}-{s}")]
        assert found == [record for record in records_of(spec, 200) if record["s"] == s]
    done = audit(write_json(tmp_path / "w.json", spec), path, 200)
    assert "200 expected, 200 found, 0 missing, 0 duplicated, 0 out of order, 0 altered" in done.stdout
    assert generate(spec, "-n", 1, "-t", path, "--check", "--connect").code == 0


def test_a_part_of_the_key_names_the_topic_of_changes(generate, broker, name, to) -> None:
    spec = world(counter("n"), enum("s", {"a": "x"}))
    done = generate(spec, "-n", 20, "-t", to(topic=f"{name}-{{{{s.a}}}}", topic_key=["n", "s"], operation="'insert'"))
    assert done.code == 0, done.err
    assert len(compacted(broker, f"{name}-x")) == 20


def test_a_text_that_can_be_no_topic_ends_the_run_at_its_record(generate, broker, name, to) -> None:
    spec = world(enum("s", "a", "b c"))
    done = generate(spec, "-n", 200, "-t", to(topic=f"{name}-{{{{s}}}}", topic_key=[], operation=None))
    assert done.code == 1
    assert f'"{name}-b c" can\'t be a topic' in done.err
    assert len(messages(broker, f"{name}-a")) == next(n for n, r in enumerate(records_of(spec, 200)) if r["s"] == "b c")


def test_a_broker_that_is_down_is_told_for_a_pattern_too(generate, to) -> None:
    done = generate(SHOP, "-n", 3, "-t", to(endpoint=f"127.0.0.1:{free_port()}"), "--check", "--connect")
    assert (done.code, "can't be reached" in done.err) == (2, True)
