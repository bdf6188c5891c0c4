"""The target ``redis`` against a real server."""

import subprocess
import threading
from collections.abc import Iterator
from uuid import uuid4

import pytest
import redis as library

from datagen.plugin.secret_url import SecretUrl
from datagen.plugin.target import Undelivered, Unreadable
from datagen.problems import counted
from datagen.targets.redis import Redis
from tests.servers import installed
from tests.servers.traffic import (
    COUNTRIES,
    RICH,
    TWO,
    by_country,
    cut_after,
    down_at_first,
    encoded,
    insist,
    once,
    prepared,
)
from tests.worlds import START, counter, enum, world, write_json


@pytest.fixture
def client() -> Iterator[library.Redis]:
    with library.Redis.from_url(installed.redis()) as client:
        yield client


@pytest.fixture
def name(client: library.Redis) -> Iterator[str]:
    """A name that no key has, nor begins with."""
    name = f"test:{uuid4().hex}"
    yield name
    for key in client.scan_iter(f"{name}*"):
        client.delete(key)


@pytest.fixture
def to_redis(generate):
    def run(spec: dict, records: int, *arguments: object, **target: object):
        return generate(spec | {"target": {"type": "redis", **target}}, "-n", records, *arguments)

    return run


def entries(client: library.Redis, name: str, field: str = "record") -> list[str]:
    return [fields[field.encode()].decode() for _, fields in client.xrange(name)]


def values(client: library.Redis, name: str) -> list[str]:
    return [value.decode() for value in client.lrange(name, 0, -1)]


@pytest.mark.parametrize(("kind", "read"), [("stream", entries), ("list", values)])
@pytest.mark.parametrize("spec", [RICH, TWO], ids=["rich", "two"])
def test_every_record_arrives_in_order(to_redis, generate, client, name, kind, read, spec) -> None:
    outcome = to_redis(spec, 3000, **{kind: name})
    assert outcome.code == 0, outcome.err
    assert read(client, name) == generate(spec, "-n", 3000).lines


def test_many_records_arrive(to_redis, client, name) -> None:
    assert to_redis(world(counter("n")), 100_000, stream=name).code == 0
    assert client.xlen(name) == 100_000


def test_a_channel_gets_every_record(to_redis, generate, client, name) -> None:
    heard = []
    with client.pubsub() as subscription:
        subscription.subscribe(name)
        assert subscription.get_message(timeout=5)["type"] == "subscribe"
        assert to_redis(RICH, 200, channel=name).code == 0
        while len(heard) < 200:
            heard.append(subscription.get_message(timeout=5)["data"].decode())
    assert heard == generate(RICH, "-n", 200).lines


@pytest.mark.parametrize(("kind", "read"), [("stream", entries), ("list", values)])
def test_a_name_may_hold_dimensions(to_redis, generate, client, name, kind, read) -> None:
    assert to_redis(COUNTRIES, 2500, **{kind: f"{name}:{{{{country}}}}"}).code == 0
    expected = by_country(generate(COUNTRIES, "-n", 2500).lines)
    assert {country: read(client, f"{name}:{country}") for country in expected} == expected
    assert len(list(client.scan_iter(f"{name}*"))) == len(expected) == 3


def test_a_name_may_be_any_text(to_redis, client, name) -> None:
    spec = world(enum("value", "", "é 😀", "a\0b", "{x}"))
    assert to_redis(spec, 100, list=f"{name}{{{{value}}}}").code == 0
    assert {key.decode() for key in client.scan_iter(f"{name}*")} == {
        f"{name}{value}" for value in ("", "é 😀", "a\0b", "{x}")
    }


def test_a_stream_keeps_about_as_many_as_it_may(to_redis, client, name) -> None:
    assert to_redis(world(counter("n")), 5000, stream=name, maxlen=1000, field="event").code == 0
    assert 1000 <= client.xlen(name) < 1200  # it drops whole nodes of about a hundred entries
    assert entries(client, name, "event")[-1].endswith('"n":4999}')


def test_no_records_make_no_key(to_redis, client, name) -> None:
    assert to_redis(RICH, 0, stream=name).code == 0
    assert not client.exists(name)


def test_a_record_carries_its_id(to_redis, client, name) -> None:
    assert to_redis(TWO, 20, list=name, record_id=True, emitters=["first"], format="csv").code == 0
    assert [value.rpartition(",")[2] for value in values(client, name)][:3] == ["0-0", "0-2", "1-0"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({}, 'needs exactly one of "stream", "list" and "channel"'),
        ({"stream": "a", "list": "b"}, 'needs exactly one of "stream", "list" and "channel"'),
        ({"list": "a", "maxlen": 5}, '"maxlen" is for a stream only'),
        ({"channel": "a", "field": "x"}, '"field" is for a stream only'),
        ({"stream": ""}, "stream: must not be empty"),
        ({"stream": "a", "maxlen": 0}, "maxlen: "),
        ({"stream": "a{{zz}}"}, '{{zz}}: no emitter has "zz"'),
        ({"stream": "a", "url": "http://x"}, "the url is wrong: Redis URL must specify one of"),
    ],
)
def test_a_mistake_is_found_before_the_run(to_redis, keys, message) -> None:
    outcome = to_redis(RICH, 5, **keys)
    assert outcome.code == 2
    assert message in outcome.err


@pytest.mark.parametrize("on_error", ["stop", "retry"])
def test_a_wrong_password_ends_the_run_and_is_not_shown(to_redis, name, on_error) -> None:
    outcome = to_redis(RICH, 5, stream=name, url="redis://:topsecret@127.0.0.1:6379/0", on_error=on_error)
    assert outcome.code == 1
    assert f"writing to redis stream {name}: AUTH" in outcome.err
    assert "topsecret" not in outcome.err


def test_a_server_that_is_not_there_ends_the_run(to_redis) -> None:
    outcome = to_redis(RICH, 5, stream="x", url=f"redis://127.0.0.1:{installed.free_port()}/0")
    assert outcome.code == 1
    assert "writing to redis stream x: Error 111 connecting" in outcome.err


def test_a_server_that_comes_up_gets_the_records(to_redis, client, name) -> None:
    with installed.Proxy(6379) as proxy, down_at_first(proxy):
        assert to_redis(RICH, 50, stream=name, url=f"redis://127.0.0.1:{proxy.port}/0", on_error="retry").code == 0
    assert client.xlen(name) == 50


def test_nothing_is_missing_after_a_cut(to_redis, generate, client, name) -> None:
    with installed.Proxy(6379) as proxy, cut_after(proxy, 3_000_000):
        outcome = to_redis(RICH, 60_000, list=name, url=f"redis://127.0.0.1:{proxy.port}/0", on_error="retry")
    assert outcome.code == 0, outcome.err
    assert once(values(client, name)) == once(generate(RICH, "-n", 60_000).lines)


def test_what_was_delivered_before_a_refusal_is_counted(to_redis, generate, client, name) -> None:
    client.set(f"{name}:NL", "in the way")
    outcome = to_redis(COUNTRIES, 100, list=f"{name}:{{{{country}}}}", on_error="retry")
    before = ['"NL"' in line for line in generate(COUNTRIES, "-n", 100).lines].index(True)
    assert outcome.code == 1
    wrong = "WRONGTYPE Operation against a key holding the wrong kind of value"
    assert f"{wrong} ({counted(before, 'record')} delivered)" in outcome.err


def test_a_connection_closed_while_idle_is_opened_again(client, name) -> None:
    sink = prepared(Redis(list=name))
    sink.open(None)
    sink.write(encoded(["1"]))
    number = sink._client.client_id()
    client.client_kill_filter(_id=number)
    sink.write(encoded(["2"]))
    sink.close()
    assert values(client, name) == ["1", "2"]


def test_a_connection_lost_while_writing_counts_what_was_acknowledged(client, name) -> None:
    with installed.Proxy(6379) as proxy:
        sink = prepared(Redis(list=name, url=SecretUrl(f"redis://127.0.0.1:{proxy.port}/0")))
        sink.open(None)
        stop = threading.Thread(target=lambda: (installed.wait_until(lambda: proxy.passed > 2_000_000), proxy.cut()))
        stop.start()
        with pytest.raises(Undelivered) as caught:
            sink.write(encoded([f"{number:0>100}" for number in range(65_000)]))
        stop.join()
        sink.close()
    assert not caught.value.lasting
    assert 0 < caught.value.records <= client.llen(name)
    assert [int(value) for value in values(client, name)] == list(range(client.llen(name)))


@pytest.mark.parametrize("kind", ["stream", "list"])
def test_an_audit_finds_every_record(to_redis, tool, tmp_path, name, kind) -> None:
    keys = {kind: f"{name}*:{{{{country}}}}"}
    assert to_redis(COUNTRIES, 25_000, **keys).code == 0
    target = write_json(tmp_path / "to.json", {"type": "redis", **keys})
    options = ["-c", tmp_path / "spec.json", "-t", target, "-s", START, "--seed", 1, "-n", 25_000]
    assert "25000 expected, 25000 found, 0 missing" in tool("audit", *options).out


def test_a_channel_is_not_readable_back() -> None:
    with pytest.raises(Unreadable, match="this kind of target does not give back"):
        next(prepared(Redis(channel="c")).stored())


def test_a_server_that_answers_is_reached_and_not_changed(client, name) -> None:
    Redis(stream=name).check()
    assert not client.exists(name)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("redis://:topsecret@127.0.0.1:6379/0", "AUTH"),
        ("redis://127.0.0.1:6379/99999", "DB index is out of range"),
    ],
)
def test_a_server_that_refuses_us_fails_a_check(url, message) -> None:
    with pytest.raises(Undelivered, match=message):
        Redis(stream="x", url=SecretUrl(url)).check()


def test_a_server_that_is_not_there_fails_a_check() -> None:
    with pytest.raises(Undelivered, match="Error 111 connecting"):
        Redis(stream="x", url=SecretUrl(f"redis://127.0.0.1:{installed.free_port()}/0")).check()


def test_a_password_is_secret_and_the_rest_of_a_url_is_not() -> None:
    target = Redis.model_validate({"stream": "x", "url": "redis://ann:topsecret@host:1/2"})
    assert "topsecret" in target.secrets()
    assert not [secret for secret in target.secrets() if "host" in secret]
    assert "topsecret" not in repr(target)


def test_a_server_that_is_out_of_memory_takes_a_transaction_whole_or_not_at_all(tmp_path) -> None:
    port, got = installed.free_port(), []
    program = installed.program("redis-server", "redis-server")
    line = [program, "--port", str(port), "--maxmemory", "4mb", "--save", "", "--dir", tmp_path]
    server = subprocess.Popen(line, stdout=subprocess.DEVNULL)
    installed.wait_until(lambda: installed.is_up(port))
    with library.Redis(port=port) as own:
        sink = prepared(Redis(list="l", url=SecretUrl(f"redis://127.0.0.1:{port}/0")))
        sink.open(None)
        writing = threading.Thread(target=insist, args=(sink, encoded([f"{n:0>2000}" for n in range(20_000)])))
        writing.start()
        while writing.is_alive() or own.llen("l"):
            got += [int(value) for value in own.lpop("l", 20) or ()]
        sink.close()
    server.terminate()
    server.wait()
    assert got == list(range(20_000))
