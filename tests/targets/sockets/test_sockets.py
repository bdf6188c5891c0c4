"""Targets ``tcp`` and ``udp`` against real sockets: what arrives, and what happens when connections fail."""

import json
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datagen.moment import parse_moment
from datagen.plugin.registry import Registry
from datagen.plugin.stage import Scope
from datagen.plugin.target import Undelivered
from datagen.problems import counted
from datagen.targets.sockets.connection import Connection, Peer
from datagen.targets.sockets.stream import Stream
from datagen.targets.sockets.tcp import Tcp
from datagen.targets.sockets.udp import Udp
from tests.servers.installed import free_port, wait_until
from tests.servers.listeners import Certificate, DatagramListener, HastyServer, Listener
from tests.servers.traffic import encoded, prepared
from tests.worlds import ROOT, START, batches_of, constant, counter, enum, run_of, state, uniform, world, write_json

WORDS = enum("word", "plain", "ünï-ö 日本 🙂", 'say "hi"\\', "two\nlines", percent_missing=20, percent_nulls=20)
NESTED = {"name": "o", "type": "object", "dimensions": [enum("a", 1, None, [True, {"b": "ü"}])]}
LOOP = [state("s", "s", delay=constant(1))]
STREAM = world(counter("n"), WORDS, NESTED, states=LOOP)


def numbers(received: bytes) -> list[int]:
    return [json.loads(line)["n"] for line in received.split(b"\n")[:-1]]


@pytest.fixture
def send(generate: Callable) -> Callable:
    """Run a spec into a target."""

    def run(spec: dict, target: dict, *arguments: object):
        return generate(spec | {"target": {"host": "127.0.0.1", **target}}, *arguments)

    return run


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls"), "own")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls"), "other")


def later(make: Callable[[int], object], port: int) -> tuple[threading.Timer, list]:
    """Start a receiver when somebody has already tried to reach it."""
    made: list = []
    timer = threading.Timer(0.3, lambda: made.append(make(port)))
    timer.start()
    return timer, made


# TCP: what arrives


@pytest.mark.parametrize("spec", [STREAM, json.loads((ROOT / "conf" / "gen" / "access_log.json").read_text())])
def test_the_lines_are_those_of_standard_output(generate, send, listener, spec) -> None:
    outcome = send(spec, {"type": "tcp", "port": listener.port}, "-n", 5000)
    listener.close()
    assert (outcome.code, outcome.err.count("\n")) == (0, 1), outcome.err
    assert listener.received == generate(spec, "-n", 5000).data


def test_records_of_several_emitters_arrive_in_order_with_their_ids(send, listener) -> None:
    states = [state("s", "t", "e", delay=constant(1)), state("t", "stop", "f")]
    spec = world(counter("n"), states=states) | {
        "emitters": [{"name": "e", "dimensions": [counter("n")]}, {"name": "f", "dimensions": [WORDS]}]
    }
    assert send(spec, {"type": "tcp", "port": listener.port, "record_id": True}, "-n", 9).code == 0
    listener.close()
    ids = [json.loads(line)["record_id"] for line in listener.received.splitlines()]
    assert sorted(ids) == [f"{worker}-{step}" for worker in range(5) for step in range(2)][:9]
    assert ids[0] == "0-0"


def test_a_large_run_arrives_whole(generate, send, listener) -> None:
    assert send(STREAM, {"type": "tcp", "port": listener.port}, "-n", 150_000).code == 0
    listener.close()
    assert listener.received == generate(STREAM, "-n", 150_000).data
    assert len(listener.connections) == 1


def test_no_records_are_no_bytes(send, listener) -> None:
    assert send(STREAM, {"type": "tcp", "port": listener.port}, "-n", 0).code == 0
    listener.close()
    assert listener.connections == [b""]


def test_a_csv_header_comes_first_and_only_once(send) -> None:
    spec = world(counter("n"), states=LOOP)
    with Listener(cuts=[1_000_000]) as listener:
        target = {"type": "tcp", "port": listener.port, "on_error": "retry", "format": "csv"}
        assert send(spec, target, "-n", 100_000).code == 0
    lines = listener.received.splitlines()
    assert (lines[0], lines.count(lines[0])) == (b"time,n", 1)
    assert [int(line.rpartition(b",")[2]) for line in lines[1:]] == list(range(100_000))
    assert len(listener.connections) == 2


def test_a_run_that_goes_on_begins_with_a_header_where_the_one_before_has_left_a_footer(
    send, listener, tmp_path: Path
) -> None:
    page = {"type": "jinja", "header": "<", "body": "{{ n }}", "footer": ">"}
    target = {"type": "tcp", "port": listener.port, "format": page}
    for count in (1, 3):
        assert send(STREAM, target, "-n", count, "--state", tmp_path / "state").code == 0
    listener.close()
    assert listener.connections == [b"<\n0\n>\n", b"<\n1\n2\n>\n"]


@pytest.mark.parametrize("kind", ["avro", "arrow"])
def test_each_connection_begins_with_the_schema_where_blocks_need_one(kind: str) -> None:
    formatter = Registry().make("formatter", {"type": kind})
    writer = formatter.stream(run_of(STREAM, 10).layout)
    with Listener(cuts=[1]) as listener:
        stream = Stream(Peer("127.0.0.1", listener.port, None, 30), writer, Scope(parse_moment(START), 1, "run", print))
        stream.open(None)
        wait_until(lambda: has_closed(stream))
        batch = next(iter(batches_of(STREAM, 10)))
        stream.write(stream.encode(batch))
        stream.close()
        stream.open({})
        stream.close()
        wait_until(lambda: len(listener.connections) == 3)
        wait_until(lambda: all(connection.startswith(writer.header) for connection in listener.connections))


def test_what_the_receiver_says_is_read_and_forgotten(send) -> None:
    with Listener(echoes=True) as listener:
        assert send(STREAM, {"type": "tcp", "port": listener.port, "timeout": 5}, "-n", 100_000).code == 0
    assert numbers(listener.received) == list(range(100_000))


# TCP: failures


def test_after_a_cut_exactly_what_was_not_acknowledged_is_sent_again(send) -> None:
    with Listener(cuts=[100_000, 5_000_000, 1_000_000]) as listener:
        outcome = send(STREAM, {"type": "tcp", "port": listener.port, "on_error": "retry"}, "-n", 150_000)
    assert outcome.code == 0
    assert len(listener.connections) == 4
    assert numbers(listener.received) == list(range(150_000))


def test_after_a_cut_of_tls_nothing_is_missing(send, own) -> None:
    with Listener(context=own.context(), cuts=[100_000, 5_000_000]) as listener:
        tls = {"ca": str(own.cert)}
        target = {"type": "tcp", "port": listener.port, "on_error": "retry", "tls": tls}
        assert send(STREAM, target, "-n", 150_000).code == 0
    found = numbers(listener.received)
    assert len(listener.connections) == 3
    assert list(dict.fromkeys(found)) == list(range(150_000))
    assert len(found) < 150_000 + 2 * 10_000


@pytest.mark.parametrize("tells", [True, False])
def test_nothing_of_a_broken_write_counts_where_the_system_does_not_tell(listener, monkeypatch, tells) -> None:
    if not tells:
        monkeypatch.setattr(Connection, "_outstanding", lambda self: None)
    listener.flows.clear()
    stream = prepared(Tcp(host="127.0.0.1", port=listener.port, timeout=0.2))
    stream.open(None)
    lines = encoded(["x" * 999] * 40_000)  # more than the systems of both sides hold
    with pytest.raises(Undelivered, match="took nothing") as raised:
        stream.write(lines)
    stream.close()
    listener.close()
    assert listener.received.count(b"\n") > 0
    assert raised.value.records == (listener.received.count(b"\n") if tells else 0)


@pytest.mark.parametrize("cut", [1, 1_000_000, 7_000_000])
@pytest.mark.parametrize("more", [{}, {"on_error": "retry", "give_up_after": 0.2}])
def test_when_a_receiver_leaves_the_run_says_how_much_it_has(send, cut, more) -> None:
    with Listener(cuts=[cut], leaves=True) as listener:
        outcome = send(STREAM, {"type": "tcp", "port": listener.port, **more}, "-n", 150_000)
    whole = listener.received.count(b"\n")
    assert outcome.code == 1
    assert f"writing to tcp 127.0.0.1:{listener.port}: " in outcome.err
    assert f"({counted(whole, 'record')} delivered)" in outcome.err
    assert cut // 200 < whole < 150_000


def test_a_receiver_that_closes_between_records_of_a_live_run_misses_none(process, tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", world(counter("n"), gap=0.02))
    with Listener(cuts=[1] * 20) as listener:
        target = write_json(tmp_path / "to.json", {"type": "tcp", "host": "127.0.0.1", "port": listener.port})
        outcome = process("-c", spec, "-t", target, "-n", 40)
    assert outcome.code == 0, outcome.err
    assert sorted(numbers(listener.received)) == list(range(40))
    assert len(listener.connections) > 5
    assert outcome.err.count(f"warning: 127.0.0.1:{listener.port} has closed the connection") == 1


def has_closed(stream: Stream) -> bool:
    """Whether a receiver has closed its end, also when there is still something to read."""
    poll = select.poll()
    poll.register(stream._connection._socket, select.POLLRDHUP)
    return bool(poll.poll(0))


@pytest.mark.parametrize("with_tls", [False, True])
@pytest.mark.parametrize("seen", [True, False])
def test_a_receiver_that_closes_just_before_a_record_is_sent_misses_none(monkeypatch, own, with_tls, seen) -> None:
    """The end of a connection may also be seen only once the next record is on its way."""
    look = Connection.look
    if not seen:
        monkeypatch.setattr(Connection, "look", lambda self, *how: look(self, *how) if how else None)
    with Listener(context=own.context() if with_tls else None, cuts=[1, 1]) as listener:
        stream = prepared(Tcp(host="127.0.0.1", port=listener.port, tls={"insecure": True} if with_tls else None))
        stream.open(None)
        for word in ("one", "two"):
            stream.write(encoded([word]))
            wait_until(lambda: has_closed(stream))
        stream.write(encoded(["three"]))
        wait_until(lambda: listener.received.endswith(b"three\n"))
        stream.close()
    assert listener.connections == [b"one\n", b"two\n", b"three\n"]


def test_records_that_a_receiver_took_before_it_closed_are_not_sent_again(monkeypatch) -> None:
    """The end of a connection may be seen before it is known that all was acknowledged."""
    outstanding, asked = Connection._outstanding, []

    def late(self: Connection) -> int | None:
        if not self._sent or asked:
            return outstanding(self)
        asked.append(wait_until(lambda: has_closed(stream)))
        return self._sent

    with Listener(cuts=[1]) as listener:
        stream = prepared(Tcp(host="127.0.0.1", port=listener.port))
        stream.open(None)
        monkeypatch.setattr(Connection, "_outstanding", late)
        stream.write(encoded(["one", "two"]))
        stream.write(encoded(["three"]))
        wait_until(lambda: listener.received.endswith(b"three\n"))
        stream.close()
    assert asked
    assert listener.connections == [b"one\ntwo\n", b"three\n"]


def test_a_receiver_that_throws_away_what_it_had_is_warned_of(send) -> None:
    with Listener(cuts=[1_000_000], resets=True) as listener:
        outcome = send(STREAM, {"type": "tcp", "port": listener.port, "on_error": "retry"}, "-n", 150_000)
    assert outcome.code == 0
    assert f"warning: 127.0.0.1:{listener.port} reset the connection" in outcome.err
    assert numbers(listener.received)[-1] == 149_999


LOST = "records that its system had acknowledged, but its program had not read yet, may be lost"


@pytest.mark.parametrize("kind", ["tcp", "tls", "syslog"])
def test_a_receiver_that_closes_and_then_drops_what_it_had_not_read_is_warned_of(send, own, kind) -> None:
    tls = {"tls": {"insecure": True}} if kind == "tls" else {}
    with HastyServer(240_000, own.context() if tls else None) as server:  # of a quarter it takes 180 connections
        server.leaves.set()
        target = {"type": kind.replace("tls", "tcp"), "port": server.port, "on_error": "retry", **tls}
        outcome = send(STREAM, target, "-n", 150_000)  # more than the two systems hold
        assert outcome.code == 0, outcome.err
        assert f"warning: 127.0.0.1:{server.port} " in outcome.err
        assert LOST in outcome.err
        assert len(server.read) < 10_000_000  # of more than 12 MB


@pytest.mark.parametrize("with_tls", [False, True])
def test_a_receiver_that_closes_before_the_end_of_the_run_is_warned_of(own, with_tls) -> None:
    said: list[str] = []
    with HastyServer(4, own.context() if with_tls else None) as server:
        target = Tcp(host="127.0.0.1", port=server.port, tls={"insecure": True} if with_tls else None)
        stream = prepared(target, say=said.append)
        stream.open(None)
        stream.write(encoded(["one", "two", "three"]))
        server.leaves.set()
        wait_until(lambda: has_closed(stream))
        stream.finish()
        stream.close()
        assert server.read == b"one\n"
    assert [LOST in text for text in said] == [True]


def test_a_receiver_that_closes_a_connection_without_records_is_no_loss() -> None:
    said: list[str] = []
    with HastyServer(0) as server:
        stream = prepared(Tcp(host="127.0.0.1", port=server.port), say=said.append)
        stream.open(None)
        server.leaves.set()
        wait_until(lambda: has_closed(stream))
        server.leaves.clear()
        stream.write(encoded(["one"]))
        stream.finish()
        stream.close()
    assert [text.split("; ")[1] for text in said] == ["another one is made when it is needed"]


def test_a_receiver_that_reads_all_is_not_warned_of(send, listener, own) -> None:
    with Listener(context=own.context()) as secure:
        for target in ({"port": listener.port}, {"port": secure.port, "tls": {"insecure": True}}):
            outcome = send(STREAM, {"type": "tcp", **target}, "-n", 20_000, "-m", 100)
            assert "warning" not in outcome.err


@pytest.mark.parametrize("more", [{}, {"on_error": "retry", "give_up_after": 0.3}])
def test_nobody_listens(send, more) -> None:
    port = free_port()
    outcome = send(STREAM, {"type": "tcp", "port": port, **more}, "-n", 3)
    assert outcome.code == 1
    assert f"writing to tcp 127.0.0.1:{port}: Connection refused" in outcome.err
    assert "(0 records delivered)" in outcome.err


def test_a_receiver_that_comes_late_gets_all(send) -> None:
    port = free_port()
    timer, made = later(Listener, port)
    assert send(STREAM, {"type": "tcp", "port": port, "on_error": "retry"}, "-n", 1000).code == 0
    timer.join()
    made[0].close()
    assert numbers(made[0].received) == list(range(1000))


@pytest.mark.parametrize("host", ["nosuch.invalid", "a" * 70 + ".example", "a\0b", "."])
def test_a_host_that_nobody_knows(send, host) -> None:
    outcome = send(STREAM, {"type": "tcp", "host": host, "port": 9000}, "-n", 3)
    assert outcome.code == 1
    assert outcome.err.startswith("writing to tcp")
    assert "Traceback" not in outcome.err


def test_a_stalled_receiver_fails_after_the_timeout(send) -> None:
    with Listener() as listener:
        listener.flows.clear()
        outcome = send(STREAM, {"type": "tcp", "port": listener.port, "timeout": 0.3}, "-n", 150_000)
        listener.flows.set()
    assert outcome.code == 1
    assert "the peer took nothing for 0.3 s" in outcome.err
    assert f"({counted(listener.received.count(10), 'record')} delivered)" in outcome.err


def test_a_stalled_receiver_fills_no_memory_and_does_not_hold_up_the_end(tmp_path, listener) -> None:
    listener.flows.clear()
    keys = {"host": "127.0.0.1", "port": listener.port, "timeout": 1, "on_error": "retry"}
    target = write_json(tmp_path / "to.json", {"type": "tcp", **keys})
    spec = ROOT / "conf" / "gen" / "clickstream.json"
    line = [sys.executable, ROOT / "generator.py", "-c", spec, "-t", target, "-s", START, "-r", "365D"]
    with subprocess.Popen(line, stderr=subprocess.PIPE) as run:
        wait_until(lambda: len(listener.connections) >= 3)  # it has tried again, and again
        status = Path(f"/proc/{run.pid}/status").read_text()
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=60)
    peak = int(status.partition("VmHWM:")[2].split()[0])
    assert peak < 290_000, "kB"  # some batches of at most 16 MB, windows, and the program, of which most is Arrow
    assert b"Traceback" not in err


# TLS


@pytest.mark.parametrize("keys", ["ca", "insecure", "server_name"])
def test_tls_carries_the_records(send, own, keys) -> None:
    tls = {"ca": {"ca": str(own.cert)}, "insecure": {"insecure": True}}.get(
        keys, {"ca": str(own.cert), "server_name": "localhost"}
    )
    with Listener(context=own.context()) as listener:
        assert send(STREAM, {"type": "tcp", "port": listener.port, "tls": tls}, "-n", 100_000).code == 0
    assert numbers(listener.received) == list(range(100_000))


@pytest.mark.parametrize(
    ("tls", "message"),
    [
        ("other", "the server's certificate is not trusted: self-signed certificate"),
        ("none", "the server's certificate is not trusted: self-signed certificate"),
        ("name", "the server's certificate is not trusted: Hostname mismatch"),
    ],
)
def test_a_certificate_that_is_not_trusted_ends_the_run_at_once(send, own, other, tls, message) -> None:
    keys = {"other": {"ca": str(other.cert)}, "none": {}}.get(tls, {"ca": str(own.cert), "server_name": "example.org"})
    with Listener(context=own.context()) as listener:
        outcome = send(STREAM, {"type": "tcp", "port": listener.port, "tls": keys, "on_error": "retry"}, "-n", 3)
    assert outcome.code == 1
    assert message in outcome.err
    assert listener.connections == [b""]


def test_a_receiver_that_knows_no_tls_ends_the_run_at_once(send) -> None:
    def answer(server: socket.socket) -> None:
        client, _ = server.accept()
        client.recv(1000)
        client.sendall(b"what?\n" * 10)
        client.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        port = server.getsockname()[1]
        outcome = send(STREAM, {"type": "tcp", "port": port, "tls": {}, "on_error": "retry"}, "-n", 3)
        thread.join()
    assert outcome.code == 1
    assert "TLS: wrong version number" in outcome.err


@pytest.mark.parametrize("count", [1, 3, 100_000])
def test_lines_without_tls_do_not_vanish_quietly_at_a_receiver_that_wants_it(send, own, count) -> None:
    with Listener(context=own.context()) as listener:
        outcome = send(STREAM, {"type": "tcp", "port": listener.port}, "-n", count)
    assert outcome.code == 1 or f"warning: 127.0.0.1:{listener.port} reset the connection" in outcome.err


def test_a_certificate_of_our_own_is_shown(send, own, other) -> None:
    with Listener(context=own.context(client=other)) as listener:
        tls = {"ca": str(own.cert), "cert": str(other.cert), "key": str(other.key)}
        assert send(STREAM, {"type": "tcp", "port": listener.port, "tls": tls}, "-n", 1000).code == 0
    assert numbers(listener.received) == list(range(1000))


@pytest.mark.parametrize("count", [0, 1, 100_000])
def test_without_a_certificate_that_is_wanted_the_run_fails(send, own, other, count) -> None:
    with Listener(context=own.context(client=other)) as listener:
        outcome = send(STREAM, {"type": "tcp", "port": listener.port, "tls": {"ca": str(own.cert)}}, "-n", count)
    assert outcome.code == 1
    assert "TLS: tlsv13 alert certificate required" in outcome.err
    assert listener.received == b""


# TCP: what is wrong before the run


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"port": 0}, "must be greater than or equal to 1"),
        ({"port": 65536}, "must be less than or equal to 65535"),
        ({"port": "9000"}, "must be a valid integer"),
        ({"host": ""}, "must not be empty"),
        ({"timeout": 0}, "must be greater than 0"),
        ({"tls": True}, "must be an object"),
        ({"tls": {"caa": "x"}}, 'unknown key "caa"; did you mean "ca"?'),
        ({"tls": {"ca": "nosuch.pem"}}, "tls.ca: nosuch.pem can't be read"),
        ({"tls": {"cert": "spec.json"}}, "tls"),
        ({"tls": {"key": "spec.json"}}, "tls.key needs tls.cert"),
        ({"tls": {"ca": "spec.json"}}, "is not encrypted: TLS: no certificate or crl found"),
    ],
    ids=lambda value: json.dumps(value),
)
def test_wrong_keys_are_found_before_anything_is_sent(send, tmp_path, monkeypatch, keys, message) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = send(STREAM, {"type": "tcp", "port": 9000, **keys}, "-n", 3)
    assert outcome.code == 2
    assert message in outcome.err


def test_an_encrypted_key_is_refused_and_not_asked_for(send, own, tmp_path) -> None:
    key = tmp_path / "locked.key"
    subprocess.run(["openssl", "rsa", "-aes128", "-passout", "pass:x", "-in", own.key, "-out", key], check=True)
    outcome = send(STREAM, {"type": "tcp", "port": 9000, "tls": {"cert": str(own.cert), "key": str(key)}}, "-n", 3)
    assert outcome.code == 2
    assert "tls: needs PEM files, and a key that fits and is not encrypted" in outcome.err


# Checks: can it be reached?


def test_a_check_sends_nothing(listener) -> None:
    Tcp(host="127.0.0.1", port=listener.port).check()
    wait_until(lambda: listener.connections)
    listener.close()
    assert listener.connections == [b""]


def test_a_check_finds_nobody() -> None:
    with pytest.raises(Undelivered, match="Connection refused"):
        Tcp(host="127.0.0.1", port=free_port()).check()
    for target in (Tcp, Udp):
        with pytest.raises(Undelivered):
            target(host="nosuch.invalid", port=9000).check()


def test_a_check_of_udp_asks_nobody() -> None:
    Udp(host="127.0.0.1", port=free_port()).check()


def test_a_check_finds_a_certificate_that_is_not_trusted_on_either_side(own, other) -> None:
    known = {"cert": str(other.cert), "key": str(other.key)}
    with Listener(context=own.context(client=other)) as listener:
        where = {"host": "127.0.0.1", "port": listener.port}
        Tcp(**where, tls={"ca": str(own.cert), **known}).check()
        with pytest.raises(Undelivered, match="certificate is not trusted") as theirs:
            Tcp(**where, tls={"ca": str(other.cert), **known}).check()
        with pytest.raises(Undelivered, match="certificate required") as ours:
            Tcp(**where, tls={"ca": str(own.cert)}).check()
    assert theirs.value.lasting
    assert ours.value.lasting


# UDP


def test_each_record_is_a_datagram(generate, send) -> None:
    with DatagramListener() as listener:
        assert send(STREAM, {"type": "udp", "port": listener.port}, "-n", 100).code == 0
    assert listener.datagrams == generate(STREAM, "-n", 100).data.split(b"\n")[:-1]


def test_datagrams_of_a_live_run_arrive_in_order(process, tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", world(counter("n"), gap=0.001))
    with DatagramListener() as listener:
        target = write_json(tmp_path / "to.json", {"type": "udp", "host": "localhost", "port": listener.port})
        assert process("-c", spec, "-t", target, "-n", 500).code == 0
    assert [json.loads(datagram)["n"] for datagram in listener.datagrams] == list(range(500))


def test_datagrams_travel_over_ipv6(send) -> None:
    try:
        listener = DatagramListener(host="::1")
    except OSError:
        pytest.skip("needs IPv6 on the loopback")
    with listener:
        assert send(STREAM, {"type": "udp", "host": "::1", "port": listener.port}, "-n", 10).code == 0
    assert len(listener.datagrams) == 10


@pytest.mark.parametrize("count", [1, 2, 1000])
@pytest.mark.parametrize("more", [{}, {"on_error": "retry", "give_up_after": 0.3}])
def test_a_refused_datagram_is_an_error(send, count, more) -> None:
    port = free_port()
    outcome = send(STREAM, {"type": "udp", "port": port, **more}, "-n", count)
    assert outcome.code == 1
    assert f"writing to udp 127.0.0.1:{port}: Connection refused" in outcome.err
    assert "(0 records delivered)" in outcome.err


def test_datagrams_that_come_back_at_the_end_fail_the_run() -> None:
    datagrams = prepared(Udp(host="127.0.0.1", port=free_port()))
    datagrams.open(None)
    datagrams._send(memoryview(b"to nobody"))
    with pytest.raises(Undelivered, match="Connection refused") as raised:
        datagrams.finish()
    assert raised.value.lasting
    datagrams.close()


def test_datagrams_wait_for_a_receiver_that_comes_late(send) -> None:
    port = free_port()
    timer, made = later(DatagramListener, port)
    assert send(STREAM, {"type": "udp", "port": port, "on_error": "retry"}, "-n", 100).code == 0
    timer.join()
    made[0].close()
    assert [json.loads(datagram)["n"] for datagram in made[0].datagrams] == list(range(100))


def test_a_record_too_large_for_a_datagram_ends_the_run_at_once(send) -> None:
    spec = world(counter("n"), {"name": "s", "type": "string", "length_distribution": uniform(10, 70_000)})
    with DatagramListener() as listener:
        outcome = send(spec, {"type": "udp", "port": listener.port, "on_error": "retry"}, "-n", 1000)
    assert outcome.code == 1
    assert "bytes does not fit into a datagram" in outcome.err
    assert f"({counted(len(listener.datagrams), 'record')} delivered)" in outcome.err
    assert int(outcome.err.partition("a record of ")[2].split()[0]) > 65_507


def test_no_records_are_no_datagrams(send) -> None:
    with DatagramListener() as listener:
        assert send(STREAM, {"type": "udp", "port": listener.port}, "-n", 0).code == 0
    assert listener.datagrams == []
