"""The target ``mqtt`` against real brokers: the system's, and some with settings of their own."""

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from datagen.plugin.target import Undelivered
from datagen.targets.mqtt import link as mqtt_link
from datagen.targets.mqtt.target import Mqtt
from tests.servers import installed
from tests.servers.installed import wait_until
from tests.servers.traffic import COUNTRIES, RICH, TWO, by_country, cut_after, down_at_first, encoded, once, prepared
from tests.worlds import counter, enum, world

UNBOUNDED = "allow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 1000\n"


class Subscriber:
    """Hears all that is published on a port."""

    def __init__(self, port: int) -> None:
        self.messages: list[tuple[str, str]] = []
        self.qualities: set[int] = set()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.on_message = self._keep
        ready = threading.Event()
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe("#", qos=2)
        assert ready.wait(10)

    def _keep(self, client: object, _: object, message: paho.MQTTMessage) -> None:
        self.messages.append((message.topic, message.payload.decode()))
        self.qualities.add(message.qos)

    def payloads(self, count: int) -> list[str]:
        wait_until(lambda: len(self.messages) >= count)
        return [payload for _, payload in self.messages]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture(scope="module")
def start(tmp_path_factory) -> Iterator[Callable[[str], int]]:
    """Start a broker with settings; return its port."""
    mosquitto, brokers = installed.program("mosquitto", "mosquitto"), []

    def run(settings: str) -> int:
        port = installed.free_port()
        path = tmp_path_factory.mktemp("broker") / "mosquitto.conf"
        path.write_text(f"user root\nlistener {port} 127.0.0.1\n{settings}")
        brokers.append(subprocess.Popen([mosquitto, "-c", path], stderr=subprocess.DEVNULL))
        wait_until(lambda: installed.is_up(port))
        return port

    yield run
    for broker in brokers:
        broker.terminate()
        broker.wait()


@pytest.fixture(scope="module")
def port(start) -> int:
    return start(UNBOUNDED)


@pytest.fixture
def subscriber(port: int) -> Iterator[Subscriber]:
    subscriber = Subscriber(port)
    yield subscriber
    subscriber.close()


@pytest.fixture
def to_mqtt(generate, port):
    def run(spec: dict, records: int, *arguments: object, **target: object):
        keys = {"type": "mqtt", "topic": "t", "port": port} | target
        return generate(spec | {"target": keys}, "-n", records, *arguments)

    return run


@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("spec", [RICH, TWO], ids=["rich", "two"])
def test_every_record_arrives_in_order(to_mqtt, generate, subscriber, qos, spec) -> None:
    outcome = to_mqtt(spec, 1000, qos=qos)
    assert outcome.code == 0, outcome.err
    assert subscriber.payloads(1000) == generate(spec, "-n", 1000).lines
    assert subscriber.qualities == {qos}


def test_many_records_arrive(to_mqtt, subscriber) -> None:
    assert to_mqtt(world(counter("n")), 70_000, format={"type": "pattern", "text": "{{n}}"}).code == 0
    assert subscriber.payloads(70_000) == [str(number) for number in range(70_000)]


def test_a_topic_may_hold_dimensions(to_mqtt, generate, subscriber) -> None:
    assert to_mqtt(COUNTRIES, 500, topic="shop/{{country}}/clicks").code == 0
    lines = subscriber.payloads(500)
    assert by_country(lines) == by_country(generate(COUNTRIES, "-n", 500).lines)
    assert all(topic == f"shop/{json.loads(line)['country']}/clicks" for topic, line in subscriber.messages)


def test_the_last_message_is_retained(to_mqtt, start) -> None:
    port = start(UNBOUNDED)
    assert to_mqtt(world(counter("n")), 5, port=port, retain=True).code == 0
    late = Subscriber(port)
    assert json.loads(late.payloads(1)[0])["n"] == 4
    late.close()


def test_no_records_are_no_messages(to_mqtt, subscriber) -> None:
    assert to_mqtt(RICH, 0).code == 0
    assert to_mqtt(world(counter("n")), 1, topic="after").code == 0
    subscriber.payloads(1)
    assert [topic for topic, _ in subscriber.messages] == ["after"]


def test_a_record_carries_its_id(to_mqtt, subscriber) -> None:
    assert to_mqtt(TWO, 20, record_id=True, emitters=["first"]).code == 0
    assert [json.loads(line)["record_id"] for line in subscriber.payloads(2)][:2] == ["0-0", "0-2"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"topic": "a/+"}, '"a/+" can\'t be a topic'),
        ({"topic": "#"}, '"#" can\'t be a topic'),
        ({"topic": ""}, '"" can\'t be a topic'),
        ({"topic": "x" * 65536}, "can't be a topic"),
        ({"topic": "{{zz}}"}, '{{zz}}: no emitter has "zz"'),
        ({"qos": 3}, "qos: must be 0, 1 or 2"),
        ({"password": "x"}, '"password" needs a "username"'),
        ({"tls": {"ca": "/nowhere"}}, "/nowhere"),
        ({"port": 0}, "port: "),
    ],
)
def test_a_mistake_is_found_before_the_run(to_mqtt, keys, message) -> None:
    outcome = to_mqtt(RICH, 5, **keys)
    assert outcome.code == 2
    assert message in outcome.err


@pytest.mark.parametrize("value", ["+", "a#b", "\0", ""])
def test_a_value_that_can_be_no_topic_ends_the_run(to_mqtt, subscriber, value) -> None:
    spec = world(enum("x", "fine", value))
    outcome = to_mqtt(spec, 100, topic="{{x}}", on_error="retry")
    assert outcome.code == 1
    assert f"{json.dumps(value)} can't be a topic" in outcome.err
    count = int(outcome.err.rpartition("(")[2].split()[0])
    assert len(subscriber.payloads(count)) == count


def test_a_server_that_is_not_there_ends_the_run(to_mqtt) -> None:
    outcome = to_mqtt(RICH, 5, port=installed.free_port())
    assert outcome.code == 1
    assert ": Connection refused (0 records delivered)" in outcome.err


def test_a_server_that_comes_up_gets_the_records(to_mqtt, port, subscriber) -> None:
    with installed.Proxy(port) as proxy, down_at_first(proxy):
        assert to_mqtt(RICH, 50, port=proxy.port, on_error="retry").code == 0
    assert len(subscriber.payloads(50)) == 50


@pytest.mark.parametrize("qos", [1, 2])
def test_nothing_is_missing_after_a_cut(to_mqtt, generate, port, subscriber, qos) -> None:
    with installed.Proxy(port) as proxy, cut_after(proxy, 200_000):
        outcome = to_mqtt(RICH, 5000, port=proxy.port, qos=qos, on_error="retry")
    assert outcome.code == 0, outcome.err
    expected = generate(RICH, "-n", 5000).lines
    wait_until(lambda: len(set(subscriber.payloads(5000))) == len(set(expected)))
    assert once(subscriber.payloads(5000)) == once(expected)


def test_a_cut_without_retry_ends_the_run(to_mqtt, port, subscriber) -> None:
    with installed.Proxy(port) as proxy, cut_after(proxy, 200_000):
        outcome = to_mqtt(RICH, 5000, port=proxy.port)
    assert outcome.code == 1
    assert "writing to mqtt topic t: the connection was lost (" in outcome.err
    count = int(outcome.err.rpartition("(")[2].split()[0])
    assert 0 < count <= len(subscriber.payloads(count)) < 5000


@pytest.fixture(scope="module")
def guarded(start, tmp_path_factory) -> int:
    """A broker that knows one user, who may publish to ``allowed`` only, and small messages only."""
    folder = tmp_path_factory.mktemp("guarded")
    passwords = installed.program("mosquitto_passwd", "mosquitto")
    subprocess.run([passwords, "-c", "-b", folder / "users", "me", "topsecret"], check=True)
    (folder / "rights").write_text("user me\ntopic write allowed\n")
    return start(f"password_file {folder / 'users'}\nacl_file {folder / 'rights'}\nmax_packet_size 1000\n")


def test_a_user_with_a_password_may_publish(to_mqtt, guarded) -> None:
    assert to_mqtt(RICH, 50, port=guarded, topic="allowed", username="me", password="topsecret").code == 0


@pytest.mark.parametrize(("keys", "password"), [({}, None), ({"password": ""}, ""), ({"password": "x"}, "x")])
def test_an_empty_password_is_a_password(monkeypatch, keys, password) -> None:
    given = []
    monkeypatch.setattr(paho.Client, "username_pw_set", lambda client, *names: given.append(names))
    Mqtt(topic="t", username="me", **keys).link(None)
    assert given == [("me", password)]


@pytest.mark.parametrize("keys", [{}, {"username": "me", "password": "wrongsecret"}])
def test_a_wrong_password_ends_the_run_and_is_not_shown(to_mqtt, guarded, keys) -> None:
    outcome = to_mqtt(RICH, 50, port=guarded, topic="allowed", on_error="retry", **keys)
    assert outcome.code == 1
    assert "the broker refused the connection: Not authorized (0 records delivered)" in outcome.err
    assert "wrongsecret" not in outcome.err


@pytest.mark.parametrize("qos", [1, 2])
def test_a_topic_that_is_forbidden_ends_the_run(to_mqtt, guarded, qos) -> None:
    user = {"username": "me", "password": "topsecret"}
    outcome = to_mqtt(RICH, 50, port=guarded, topic="other", qos=qos, on_error="retry", **user)
    assert outcome.code == 1
    assert "the broker refused a record: Not authorized (0 records delivered)" in outcome.err


def test_a_record_that_is_too_large_ends_the_run(to_mqtt, guarded) -> None:
    user = {"username": "me", "password": "topsecret"}
    # One record: whoever sends more to a connection that the broker has closed may lose the reason that it gave.
    outcome = to_mqtt(world(enum("x", "y" * 2000)), 1, port=guarded, topic="allowed", on_error="retry", **user)
    assert outcome.code == 1
    assert "Packet too large (0 records delivered)" in outcome.err


def test_a_broker_with_tls_is_trusted_when_it_shows_who_it_is(to_mqtt, start, tmp_path: Path) -> None:
    names = "subjectAltName=IP:127.0.0.1,DNS:broker"
    subject = ["-subj", "/CN=localhost", "-addext", names, "-days", "2"]
    files = ["-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"]
    openssl = installed.program("openssl", "openssl")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject, *files], check=True, capture_output=True
    )
    port = start(f"certfile {tmp_path / 'cert.pem'}\nkeyfile {tmp_path / 'key.pem'}\n{UNBOUNDED}")
    assert to_mqtt(RICH, 50, port=port, tls={"ca": str(tmp_path / "cert.pem")}).code == 0
    assert to_mqtt(RICH, 50, port=port, tls={"ca": str(tmp_path / "cert.pem"), "server_name": "broker"}).code == 0
    assert to_mqtt(RICH, 50, port=port, tls={"insecure": True}).code == 0
    for keys, message in (({}, "self-signed certificate"), ({"server_name": "other"}, "not valid for 'other'")):
        tls = keys and {"ca": str(tmp_path / "cert.pem"), **keys}
        outcome = to_mqtt(RICH, 50, port=port, tls=tls, on_error="retry")
        assert outcome.code == 1
        assert "the server's certificate is not trusted: " in outcome.err
        assert message in outcome.err


def test_the_systems_broker_takes_records(to_mqtt) -> None:
    outcome = to_mqtt(RICH, 1000, port=installed.mosquitto(), client_id="datagen-test", keepalive=5)
    assert outcome.code == 0, outcome.err


def test_a_connection_lost_while_idle_is_opened_again(port, subscriber) -> None:
    with installed.Proxy(port) as proxy:
        sink = prepared(Mqtt(topic="t", port=proxy.port))
        sink.open(None)
        sink.write(encoded(["1"]))
        proxy.cut()
        proxy.mend()
        sink.write(encoded(["2"]))
        sink.close()
    assert subscriber.payloads(2) == ["1", "2"]


def test_an_idle_connection_is_kept_alive(port, monkeypatch) -> None:
    """The broker would close it after one and a half times ``keepalive``; pings pass instead."""
    monkeypatch.setattr(mqtt_link, "_LOOK_EVERY", 0.1)
    with installed.Proxy(port) as proxy:
        sink = prepared(Mqtt(topic="t", port=proxy.port, keepalive=2))
        sink.open(None)
        greeting = proxy.passed
        wait_until(lambda: proxy.passed >= greeting + 4)  # two pings of two bytes
        assert not sink._link.is_lost()
        sink.close()


def test_a_broker_that_answers_nothing_is_given_up(port, monkeypatch) -> None:
    monkeypatch.setattr(mqtt_link, "_REPLY_SECONDS", 0.5)
    with installed.Proxy(port) as proxy:
        sink = prepared(Mqtt(topic="t", port=proxy.port))
        sink.open(None)
        proxy.stall()
        with pytest.raises(Undelivered, match=r"no answer for 0\.5 s"):
            sink.write(encoded(["1"]))
        sink.close()
        proxy.flow()


def test_a_client_that_is_given_up_closes_its_connection(port) -> None:
    sink = prepared(Mqtt(topic="t", port=port))
    sink.open(None)
    connection = sink._link._client.socket()
    sink.close()
    sink.close()
    assert connection.fileno() == -1


def test_a_check_connects_and_publishes_nothing(port, subscriber) -> None:
    Mqtt(topic="t", port=port, retain=True).check()
    sink = prepared(Mqtt(topic="after", port=port))
    sink.open(None)
    sink.write(encoded(["1"]))
    sink.close()
    assert subscriber.payloads(1) == ["1"]


def test_a_check_leaves_alone_who_is_connected(port) -> None:
    """A broker closes the connection of a client when another of the same name comes."""
    target = Mqtt(topic="t", port=port, client_id="me")
    sink = prepared(target)
    sink.open(None)
    target.check()
    assert not sink._link.is_lost()
    sink.close()


def test_a_check_needs_the_password_and_a_broker(guarded) -> None:
    Mqtt(topic="t", port=guarded, username="me", password="topsecret").check()
    with pytest.raises(Undelivered, match="the broker refused the connection: Not authorized") as refused:
        Mqtt(topic="t", port=guarded, username="me", password="wrongsecret").check()
    assert refused.value.lasting
    with pytest.raises(Undelivered, match="Connection refused"):
        Mqtt(topic="t", port=installed.free_port()).check()
