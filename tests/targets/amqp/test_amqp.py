"""The target ``amqp`` against a real RabbitMQ."""

import json
import socket
import threading
from collections.abc import Iterator
from uuid import uuid4

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from datagen.plugin.target import Undelivered
from datagen.targets.amqp import link as amqp_link
from datagen.targets.amqp import target as amqp_target
from datagen.targets.amqp.target import Amqp
from tests.servers import installed
from tests.servers.listeners import Listener
from tests.servers.traffic import (
    COUNTRIES,
    RICH,
    TWO,
    by_country,
    cut_after,
    down_at_first,
    encoded,
    insist,
    late,
    once,
    prepared,
)
from tests.worlds import counter, enum, world


class Broker:
    """Names that nothing has on the broker, and what arrives under them."""

    def __init__(self, channel: BlockingChannel) -> None:
        self.channel = channel
        self.name = f"test-{uuid4().hex}"
        self.queues: list[str] = [self.name]

    def queue(self, ending: str = "", **arguments: object) -> str:
        name = f"{self.name}{ending}"
        self.channel.queue_declare(name, durable=True, arguments=arguments)
        self.queues.append(name)
        return name

    def count(self, name: str) -> int:
        return self.channel.queue_declare(name, passive=True).method.message_count

    def records(self, name: str) -> list[str]:
        got = [self.channel.basic_get(name, auto_ack=True) for _ in range(self.count(name))]
        return [body.decode() for _, _, body in got]


@pytest.fixture
def broker() -> Iterator[Broker]:
    connection = pika.BlockingConnection(pika.URLParameters(installed.rabbitmq()))
    broker = Broker(connection.channel())
    yield broker
    channel = connection.channel()
    for name in broker.queues:
        channel.queue_delete(name)
    channel.exchange_delete(broker.name)
    connection.close()


@pytest.fixture
def to_amqp(generate):
    def run(spec: dict, records: int, *arguments: object, **target: object):
        return generate(spec | {"target": {"type": "amqp", **target}}, "-n", records, *arguments)

    return run


def through(proxy: installed.Proxy) -> str:
    return f"amqp://guest:guest@127.0.0.1:{proxy.port}/"


@pytest.mark.parametrize("spec", [RICH, TWO], ids=["rich", "two"])
def test_every_record_arrives_in_order(to_amqp, generate, broker, spec) -> None:
    outcome = to_amqp(spec, 2000, queue=broker.name, declare=True)
    assert outcome.code == 0, outcome.err
    assert broker.records(broker.name) == generate(spec, "-n", 2000).lines


def test_many_records_arrive(to_amqp, broker) -> None:
    assert to_amqp(world(counter("n")), 100_000, queue=broker.queue()).code == 0
    assert broker.count(broker.name) == 100_000


def test_a_large_record_arrives_whole(to_amqp, generate, broker) -> None:
    """A frame holds 128 KB."""
    spec = world(enum("x", *("é" * size for size in (65_000, 65_500, 200_000))))
    assert to_amqp(spec, 10, queue=broker.queue()).code == 0
    assert broker.records(broker.name) == generate(spec, "-n", 10).lines


@pytest.mark.parametrize(("persistent", "mode"), [(True, 2), (False, None)])
def test_a_message_is_kept_on_disk_if_wanted(to_amqp, broker, persistent, mode) -> None:
    assert to_amqp(RICH, 1, routing_key=broker.queue(), persistent=persistent).code == 0
    assert broker.channel.basic_get(broker.name, auto_ack=True)[1].delivery_mode == mode


@pytest.mark.parametrize("keys", [{}, {"exchange_type": "fanout"}])
def test_a_queue_declared_with_an_exchange_gets_all(to_amqp, generate, broker, keys) -> None:
    target = {"exchange": broker.name, "queue": broker.name, "declare": True, "routing_key": "shop.{{country}}"}
    for _ in range(2):  # what is there already is used
        assert to_amqp(COUNTRIES, 500, **target, **keys).code == 0
        assert broker.records(broker.name) == generate(COUNTRIES, "-n", 500).lines


def test_a_direct_exchange_binds_the_routing_key(to_amqp, broker) -> None:
    target = {"exchange": broker.name, "queue": broker.name, "declare": True, "exchange_type": "direct"}
    assert to_amqp(COUNTRIES, 50, routing_key="clicks", **target).code == 0
    assert broker.count(broker.name) == 50


def test_a_routing_key_may_hold_dimensions(to_amqp, generate, broker) -> None:
    names = {country: broker.queue(f".{country}") for country in ("DE", "FR", "NL")}
    assert to_amqp(COUNTRIES, 500, routing_key=f"{broker.name}.{{{{country}}}}").code == 0
    expected = by_country(generate(COUNTRIES, "-n", 500).lines)
    assert {country: broker.records(name) for country, name in names.items()} == expected


@pytest.mark.parametrize("mandatory", [True, False])
def test_a_record_that_no_queue_takes_is_an_error_if_wanted(to_amqp, generate, broker, mandatory) -> None:
    for country in ("DE", "FR"):
        broker.queue(f".{country}")
    key = f"{broker.name}.{{{{country}}}}"
    outcome = to_amqp(COUNTRIES, 500, routing_key=key, mandatory=mandatory, on_error="retry")
    assert outcome.code == (1 if mandatory else 0)
    if mandatory:
        assert f'no queue takes the routing key "{broker.name}.NL" (' in outcome.err
        count = int(outcome.err.rpartition("(")[2].split()[0])
        assert count <= ['"NL"' in line for line in generate(COUNTRIES, "-n", 500).lines].index(True)


def test_a_value_that_is_too_long_for_a_routing_key_ends_the_run(to_amqp, broker) -> None:
    spec = world(enum("x", "fine", "é" * 128))
    target = {"exchange": broker.name, "queue": broker.name, "declare": True, "routing_key": "{{x}}"}
    outcome = to_amqp(spec, 100, **target, on_error="retry")
    assert outcome.code == 1
    assert "can't be a routing key (" in outcome.err
    assert broker.count(broker.name) == int(outcome.err.rpartition("(")[2].split()[0])


def test_no_records_are_no_messages(to_amqp, broker) -> None:
    assert to_amqp(RICH, 0, queue=broker.name, declare=True).code == 0
    assert broker.count(broker.name) == 0


def test_a_record_carries_its_id(to_amqp, broker) -> None:
    assert to_amqp(TWO, 20, queue=broker.queue(), record_id=True, emitters=["first"]).code == 0
    assert [json.loads(line)["record_id"] for line in broker.records(broker.name)][:2] == ["0-0", "0-2"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({}, 'needs an "exchange", a "queue" or a "routing_key"'),
        ({"routing_key": "a", "declare": True}, '"declare" needs an "exchange" or a "queue"'),
        ({"exchange": "a", "queue": "b"}, '"queue" has no effect here without "declare"'),
        ({"queue": "b", "exchange_type": "topic"}, '"exchange_type" has no effect without'),
        ({"queue": "q", "url": "redis://x"}, "the url must begin with amqp:// or amqps://"),
        ({"queue": "q", "url": "amqp://x:port/"}, "the url is wrong: "),
        ({"queue": "q", "url": "amqps://x/?ssl_options={'ca_certs':'/nowhere'}"}, "the url is wrong: No such file"),
        ({"queue": "q", "url": "amqps://x/?ssl_options={"}, "the url is wrong: "),
        ({"queue": "é" * 128}, '"queue" must not have more than 255 bytes'),
        ({"routing_key": "{{zz}}"}, '{{zz}}: no emitter has "zz"'),
        ({"routing_key": "x" * 256}, "can't be a routing key"),
        (
            {"exchange": "e", "queue": "q", "declare": True, "exchange_type": "direct", "routing_key": "{{n}}"},
            'use the exchange_type "topic"',
        ),
    ],
)
def test_a_mistake_is_found_before_the_run(to_amqp, keys, message) -> None:
    outcome = to_amqp(RICH, 5, **keys)
    assert outcome.code == 2
    assert message in outcome.err


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("amqp://guest:wrongsecret@127.0.0.1:5672/", "ACCESS_REFUSED"),
        ("amqp://guest:guest@127.0.0.1:5672/nowhere", "vhost nowhere not found"),
    ],
)
def test_a_broker_that_refuses_ends_the_run(to_amqp, broker, url, message) -> None:
    outcome = to_amqp(RICH, 5, queue=broker.name, url=url, on_error="retry")
    assert outcome.code == 1
    assert message in outcome.err
    assert "wrongsecret" not in outcome.err


def test_an_exchange_that_is_not_there_ends_the_run(to_amqp, broker) -> None:
    outcome = to_amqp(RICH, 5, exchange=broker.name, on_error="retry")
    assert outcome.code == 1
    assert f"NOT_FOUND - no exchange '{broker.name}' in vhost '/' (404) (0 records delivered)" in outcome.err


def test_an_exchange_of_another_type_ends_the_run(to_amqp, broker) -> None:
    broker.channel.exchange_declare(broker.name, "fanout")
    outcome = to_amqp(RICH, 5, exchange=broker.name, declare=True, on_error="retry")
    assert outcome.code == 1
    assert "PRECONDITION_FAILED" in outcome.err


def test_a_queue_that_is_full_refuses(to_amqp, broker) -> None:
    queue = broker.queue(**{"x-max-length": 10, "x-overflow": "reject-publish"})
    outcome = to_amqp(RICH, 1000, queue=queue)
    assert outcome.code == 1
    assert "the broker refused a record (" in outcome.err
    assert broker.count(queue) >= int(outcome.err.rpartition("(")[2].split()[0]) > 0


def test_a_server_that_is_not_there_ends_the_run(to_amqp) -> None:
    outcome = to_amqp(RICH, 5, queue="x", url=f"amqp://127.0.0.1:{installed.free_port()}/")
    assert outcome.code == 1
    assert ": Connection refused (0 records delivered)" in outcome.err


def test_a_server_that_comes_up_gets_the_records(to_amqp, broker) -> None:
    with installed.Proxy(5672) as proxy, down_at_first(proxy):
        assert to_amqp(RICH, 50, queue=broker.name, declare=True, url=through(proxy), on_error="retry").code == 0
    assert broker.count(broker.name) == 50


def test_nothing_is_missing_after_a_cut(to_amqp, generate, broker) -> None:
    with installed.Proxy(5672) as proxy, cut_after(proxy, 2_000_000):
        outcome = to_amqp(RICH, 20_000, queue=broker.queue(), url=through(proxy), on_error="retry")
    assert outcome.code == 0, outcome.err
    records = broker.records(broker.name)
    assert once(records) == once(generate(RICH, "-n", 20_000).lines)


def test_a_cut_without_retry_ends_the_run(to_amqp, broker) -> None:
    with installed.Proxy(5672) as proxy, cut_after(proxy, 2_000_000):
        outcome = to_amqp(RICH, 20_000, queue=broker.queue(), url=through(proxy))
    assert outcome.code == 1
    assert int(outcome.err.rpartition("(")[2].split()[0]) <= broker.count(broker.name) < 20_000


def test_a_connection_lost_while_idle_is_opened_again(broker) -> None:
    with installed.Proxy(5672) as proxy:
        sink = prepared(Amqp(queue=broker.queue(), url=through(proxy)))
        sink.open(None)
        sink.write(encoded(["1"]))
        link = sink._link
        proxy.cut()
        proxy.mend()
        installed.wait_until(lambda: link.is_lost)
        sink.write(encoded(["2"]))
        sink.close()
    assert broker.records(broker.name) == ["1", "2"]


def test_an_idle_connection_is_kept_alive(broker) -> None:
    """The broker would close it after two intervals without a heartbeat."""
    with installed.Proxy(5672) as proxy:
        sink = prepared(Amqp(queue=broker.queue(), url=f"{through(proxy)}?heartbeat=1"))
        sink.open(None)
        sink.write(encoded(["1"]))
        passed, link = proxy.passed, sink._link
        installed.wait_until(lambda: proxy.passed >= passed + 6 * 8)  # six heartbeats, 8 bytes each
        assert not link.is_lost
        sink.close()


def test_a_broker_that_answers_nothing_is_given_up(broker, monkeypatch) -> None:
    monkeypatch.setattr(amqp_link, "_REPLY_SECONDS", 0.3)
    monkeypatch.setattr(amqp_link, "_CLOSE_SECONDS", 0.3)
    with installed.Proxy(5672) as proxy:
        sink = prepared(Amqp(queue=broker.queue(), url=through(proxy)))
        sink.open(None)
        proxy.stall()
        with pytest.raises(Undelivered, match=r"no answer for 0\.3 s"):
            sink.write(encoded(["1"]))
        sink.close()
        sink.close()
        proxy.flow()


def test_a_check_connects_and_declares_nothing(broker) -> None:
    Amqp(queue=broker.name, declare=True, url=installed.rabbitmq()).check()
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="no queue"):
        broker.count(broker.name)


@pytest.mark.parametrize(("login", "message"), [("guest:wrongsecret", "ACCESS_REFUSED"), ("guest:guest", "refused")])
def test_a_check_needs_the_password_and_a_broker(broker, login, message) -> None:
    port = installed.free_port() if message == "refused" else 5672
    with pytest.raises(Undelivered, match=message):
        Amqp(queue="q", url=f"amqp://{login}@127.0.0.1:{port}/").check()


def test_a_full_queue_that_is_drained_gets_each_record_once_and_in_order_but_for_one_window(
    broker, monkeypatch
) -> None:
    monkeypatch.setattr(amqp_target, "WINDOW", 200)
    queue, got = broker.queue(**{"x-max-length": 50, "x-overflow": "reject-publish"}), []
    sink = prepared(Amqp(queue=queue, url=installed.rabbitmq()))
    sink.open(None)
    writing = threading.Thread(target=insist, args=(sink, encoded([str(number) for number in range(1500)])))
    writing.start()
    while writing.is_alive() or broker.count(queue):
        got += [int(record) for record in broker.records(queue)]
    sink.close()
    assert sorted(got) == list(range(1500))
    assert late(got) <= 200


def test_a_broker_that_accepts_and_says_nothing_is_named_with_the_time(to_amqp, monkeypatch) -> None:
    monkeypatch.setattr(amqp_link, "CONNECT_SECONDS", 0.3)
    monkeypatch.setattr(amqp_target, "CONNECT_SECONDS", 0.3)
    with Listener() as server:
        outcome = to_amqp(RICH, 5, queue="x", url=f"amqp://127.0.0.1:{server.port}/")
    assert outcome.code == 1
    expected = f"the broker at 127.0.0.1:{server.port} said nothing for 0.3 s after it accepted the connection ("
    assert f"writing to amqp queue x: {expected}" in outcome.err


def test_an_error_on_the_thread_of_the_connection_is_told_to_who_waits(broker, monkeypatch) -> None:
    """As when a peer hangs up between the connection and pika's first look at it."""

    def fails(_: socket.socket) -> None:
        raise OSError(107, "Transport endpoint is not connected")

    sink = prepared(Amqp(queue=broker.queue(), url=installed.rabbitmq()))
    with monkeypatch.context() as patch:
        patch.setattr(socket.socket, "getpeername", fails, raising=False)
        with pytest.raises(Undelivered, match="Transport endpoint is not connected") as caught:
            sink.open(None)
    assert not caught.value.lasting
    sink.open(None)
    sink.write(encoded(["1"]))
    sink.close()
    assert broker.records(broker.name) == ["1"]
