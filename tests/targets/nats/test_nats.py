"""The target ``nats`` against real servers: the system's, and one that knows users."""

import asyncio
import json
import subprocess
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import nats
import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from datagen.plugin.target import Undelivered
from datagen.targets.nats import link as nats_link
from datagen.targets.nats.target import Nats
from tests.servers import installed
from tests.servers.installed import wait_until
from tests.servers.traffic import COUNTRIES, RICH, TWO, cut_after, down_at_first, encoded, insist, late, prepared
from tests.worlds import START, counter, enum, world, write_json


class Server:
    """A stream's name and subjects that nothing has on the server, and what arrives there."""

    def __init__(self) -> None:
        self.name = f"test_{uuid4().hex}"
        self.subject = f"{self.name}.clicks"

    def do(self, act: Callable[[JetStreamContext], Coroutine[Any, Any, Any]]) -> Any:
        async def work() -> Any:
            client = await nats.connect(installed.nats())
            try:
                return await act(client.jetstream())
            finally:
                await client.close()

        return asyncio.run(work())

    def create(self, **keys: object) -> None:
        self.do(lambda context: context.add_stream(name=self.name, subjects=[f"{self.name}.>"], **keys))

    def state(self) -> Any:
        return self.do(lambda context: context.stream_info(self.name)).state

    def messages(self) -> list[tuple[str, str]]:
        async def read(context: JetStreamContext) -> list[tuple[str, str]]:
            count = (await context.stream_info(self.name)).state.messages
            subscription = await context.subscribe(f"{self.name}.>", stream=self.name, ordered_consumer=True)
            found = [await subscription.next_msg(5) for _ in range(count)]
            return [(message.subject, message.data.decode()) for message in found]

        return self.do(read)

    def records(self) -> list[str]:
        return [data for _, data in self.messages()]

    def delete(self) -> None:
        async def work(context: JetStreamContext) -> None:
            with suppress(NotFoundError):
                await context.delete_stream(self.name)

        self.do(work)


@pytest.fixture
def server() -> Iterator[Server]:
    installed.nats()
    server = Server()
    yield server
    server.delete()


@pytest.fixture
def to_nats(generate, server):
    def run(spec: dict, records: int, *arguments: object, **target: object):
        keys = {"type": "nats", "subject": server.subject, "stream": {"name": server.name, "create": True}} | target
        return generate(spec | {"target": keys}, "-n", records, *arguments)

    return run


IN_A_WRITE = (
    2_000_000  # bytes; after the first 1 MB a write of 3 MB begins. A link that is lost between two writes is replaced
)


def through(proxy: installed.Proxy) -> str:
    return f"nats://127.0.0.1:{proxy.port}"


@pytest.mark.parametrize("spec", [RICH, TWO], ids=["rich", "two"])
def test_every_record_arrives_in_order(to_nats, generate, server, spec) -> None:
    outcome = to_nats(spec, 2500)
    assert outcome.code == 0, outcome.err
    assert server.records() == generate(spec, "-n", 2500).lines


def test_many_records_arrive(to_nats, server) -> None:
    assert to_nats(world(counter("n")), 100_000).code == 0
    assert server.state().messages == 100_000


def test_a_subject_may_hold_dimensions(to_nats, generate, server) -> None:
    assert to_nats(COUNTRIES, 500, subject=f"{server.name}.in_{{{{country}}}}.clicks").code == 0
    messages = server.messages()
    assert [line for _, line in messages] == generate(COUNTRIES, "-n", 500).lines
    assert {subject.split(".")[1] for subject, _ in messages} == {"in_DE", "in_FR", "in_NL"}
    assert all(json.loads(line)["country"] in subject for subject, line in messages)


def test_a_stream_is_made_as_described(to_nats, server) -> None:
    keys = {"max_bytes": 1_000_000, "max_age": 60, "duplicate_window": 10, "subjects": [f"{server.name}.*"]}
    assert to_nats(RICH, 5, stream={"name": server.name, "create": True, **keys}).code == 0
    config = server.do(lambda context: context.stream_info(server.name)).config
    assert {key: getattr(config, key) for key in keys} == keys


def test_a_stream_that_is_there_is_used_as_it_is(to_nats, server) -> None:
    server.create(max_msgs=3)
    assert to_nats(RICH, 5, stream={"name": server.name, "create": True}).code == 0
    assert to_nats(RICH, 6, stream=None).code == 0
    assert server.state().messages == 3


def test_the_same_run_is_stored_once(to_nats, generate, server) -> None:
    for records in (300, 500):
        assert to_nats(RICH, records).code == 0
    assert server.records() == generate(RICH, "-n", 500).lines


def test_another_run_format_or_choice_of_records_is_stored_too(to_nats, server) -> None:
    to_nats(TWO, 100)
    to_nats(TWO, 100, "--seed", 2)
    to_nats(TWO, 100, "-f", "tsv")
    to_nats(TWO, 100, format="csv")
    to_nats(TWO, 100, record_id=True)
    outcome = to_nats(TWO, 100, emitters=["first"])
    assert server.state().messages == 500 + outcome_count(outcome)


def test_doubles_that_are_meant_are_stored(to_nats, server, tmp_path) -> None:
    """A stage may let a record through twice; it is the second time that must not be taken for a retry."""
    plugin = tmp_path / "twice.py"
    plugin.write_text(
        "import numpy as np\nfrom datagen import EachBatch, Stage\n\nclass Twice(Stage):\n    kind = 'twice'\n\n"
        "    def begin(self, layout, scope):\n"
        "        return EachBatch(lambda batch: batch.take(np.repeat(np.arange(len(batch)), 2)))\n"
    )
    assert to_nats(world(counter("n")), 50, "--plugins", plugin, through=[{"type": "twice"}]).code == 0
    assert [json.loads(line)["n"] for line in server.records()] == [n for n in range(50) for _ in range(2)]


def outcome_count(outcome: Any) -> int:
    return int(outcome.err.rstrip().rpartition("\n")[2].split()[0])


def test_no_records_are_no_messages(to_nats, server) -> None:
    assert to_nats(RICH, 0).code == 0
    assert server.state().messages == 0


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"subject": "a b"}, '"a b" can\'t be a subject'),
        ({"subject": "a.*"}, "can't be a subject"),
        ({"subject": "a..b"}, "can't be a subject"),
        ({"subject": ""}, "can't be a subject"),
        ({"subject": "{{zz}}"}, '{{zz}}: no emitter has "zz"'),
        ({"subject": "{{n}}.x"}, "the stream needs subjects: what the subject begins with differs"),
        ({"stream": {"name": "A", "max_bytes": 5}}, 'stream.max_bytes has no effect without "create"'),
        ({"stream": {"name": "a.b"}}, "stream.name: "),
        ({"user": "a"}, '"user" and "password" go together'),
        ({"user": "a", "password": "b", "token": "c"}, 'only one of "user", "token" and "creds" can be used'),
        ({"creds": "/nowhere"}, "creds: "),
        ({"servers": []}, '"servers" must not be empty'),
    ],
)
def test_a_mistake_is_found_before_the_run(to_nats, keys, message) -> None:
    outcome = to_nats(RICH, 5, **keys)
    assert outcome.code == 2
    assert message in outcome.err


@pytest.mark.parametrize("value", ["a b", "*", "a.>", "", ".", "a\r\nPUB x 0"])
def test_a_value_that_can_be_no_subject_ends_the_run(to_nats, server, value) -> None:
    outcome = to_nats(world(enum("x", "fine", value)), 100, subject=f"{server.name}.{{{{x}}}}", on_error="retry")
    assert outcome.code == 1
    assert f"{json.dumps(f'{server.name}.{value}')} can't be a subject (" in outcome.err
    assert server.state().messages == int(outcome.err.rpartition("(")[2].split()[0])


def test_a_record_that_is_too_large_ends_the_run(to_nats, server) -> None:
    outcome = to_nats(world(enum("x", "fine", "y" * 1_100_000)), 100, on_error="retry")
    assert outcome.code == 1
    assert "a record has more than the 1048576 bytes that the server takes (" in outcome.err
    assert server.state().messages == int(outcome.err.rpartition("(")[2].split()[0])


@pytest.mark.parametrize(
    ("stream", "message"), [(None, "no stream takes this subject"), ({"name": "NOWHERE"}, "there is no stream NOWHERE")]
)
def test_a_stream_that_is_not_there_ends_the_run(to_nats, stream, message) -> None:
    outcome = to_nats(RICH, 5, stream=stream, on_error="retry")
    assert outcome.code == 1
    assert f"{message} (0 records delivered)" in outcome.err


def test_a_stream_that_takes_other_subjects_is_an_error(to_nats, server) -> None:
    outcome = to_nats(RICH, 5, stream={"name": server.name, "create": True, "subjects": [f"{server.name}.other"]})
    assert outcome.code == 1
    assert f'no stream takes the subject "{server.subject}" (0 records delivered)' in outcome.err


def test_a_record_that_a_stream_refuses_ends_the_run(to_nats, server) -> None:
    server.create(max_msg_size=100)
    outcome = to_nats(world(enum("x", "y" * 200)), 5, on_error="retry")
    assert outcome.code == 1
    assert "message size exceeds maximum allowed (0 records delivered)" in outcome.err


def test_a_server_that_is_not_there_ends_the_run(to_nats) -> None:
    outcome = to_nats(RICH, 5, servers=f"nats://127.0.0.1:{installed.free_port()}")
    assert outcome.code == 1
    assert "Connect call failed" in outcome.err


def test_the_second_server_of_a_list_is_tried(to_nats, server) -> None:
    assert to_nats(RICH, 5, servers=[f"nats://127.0.0.1:{installed.free_port()}", installed.nats()]).code == 0
    assert server.state().messages == 5


def test_a_server_that_comes_up_gets_the_records(to_nats, server) -> None:
    with installed.Proxy(4222) as proxy, down_at_first(proxy):
        assert to_nats(RICH, 50, servers=through(proxy), on_error="retry").code == 0
    assert server.state().messages == 50


def test_nothing_is_missing_or_doubled_after_a_cut(to_nats, generate, server) -> None:
    with installed.Proxy(4222) as proxy, cut_after(proxy, IN_A_WRITE):
        outcome = to_nats(RICH, 20_000, servers=through(proxy), on_error="retry")
    assert outcome.code == 0, outcome.err
    assert server.records() == generate(RICH, "-n", 20_000).lines


def test_a_cut_without_retry_ends_the_run(to_nats, server) -> None:
    with installed.Proxy(4222) as proxy, cut_after(proxy, IN_A_WRITE):
        outcome = to_nats(RICH, 20_000, servers=through(proxy))
    assert outcome.code == 1
    assert int(outcome.err.rpartition("(")[2].split()[0]) <= server.state().messages < 20_000


@pytest.fixture(scope="module")
def guarded(tmp_path_factory) -> Iterator[int]:
    """A server that knows two users, one of whom may not publish to ``closed``."""
    server = installed.program("nats-server", "nats-server")
    folder: Path = tmp_path_factory.mktemp("guarded")
    port = installed.free_port()
    (folder / "server.conf").write_text(
        f"listen: 127.0.0.1:{port}\njetstream {{store_dir: {folder}}}\nauthorization {{users: [\n"
        '  {user: me, password: topsecret, permissions: {publish: {deny: ["closed.>"]}}}\n]}\n'
    )
    program = subprocess.Popen([server, "-c", folder / "server.conf"], stderr=subprocess.DEVNULL)
    wait_until(lambda: installed.is_up(port))
    yield port
    program.terminate()
    program.wait()


def test_a_user_with_a_password_may_publish(to_nats, guarded) -> None:
    keys = {"servers": f"nats://127.0.0.1:{guarded}", "user": "me", "password": "topsecret"}
    assert to_nats(RICH, 50, **keys).code == 0


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"user": "me", "password": "wrongsecret"},
        {"user": "me", "password": ""},
        {"token": "wrongsecret"},
        {"token": ""},
    ],
)
def test_a_wrong_password_ends_the_run_and_is_not_shown(to_nats, guarded, keys) -> None:
    outcome = to_nats(RICH, 50, servers=f"nats://127.0.0.1:{guarded}", on_error="retry", **keys)
    assert outcome.code == 1
    assert "Authorization Violation (0 records delivered)" in outcome.err
    assert "wrongsecret" not in outcome.err


def test_a_subject_that_is_forbidden_ends_the_run(to_nats, guarded) -> None:
    keys = {"servers": f"nats://me:topsecret@127.0.0.1:{guarded}", "subject": "closed.x"}
    outcome = to_nats(RICH, 50, stream={"name": "CLOSED", "create": True}, on_error="retry", **keys)
    assert outcome.code == 1
    assert 'permissions violation for publish to "closed.x"' in outcome.err.lower()
    assert "topsecret" not in outcome.err


def test_a_connection_lost_while_idle_is_opened_again(server) -> None:
    server.create()
    with installed.Proxy(4222) as proxy:
        sink = prepared(Nats(subject=server.subject, servers=through(proxy)))
        sink.open(None)
        sink.write(encoded(["1"]))
        link = sink._link
        proxy.cut()
        proxy.mend()
        wait_until(lambda: link.is_lost)
        sink.write(encoded(["2"]))
        sink.close()
    assert server.records() == ["1", "2"]
    assert sink.position() == {"records": 2}


def test_an_idle_connection_is_kept_alive(server, monkeypatch) -> None:
    monkeypatch.setattr(nats_link, "_PING_SECONDS", 0.1)
    server.create()
    with installed.Proxy(4222) as proxy:
        sink = prepared(Nats(subject=server.subject, servers=through(proxy)))
        sink.open(None)
        passed = proxy.passed
        wait_until(lambda: proxy.passed >= passed + 5 * len("PING\r\n"))
        assert not sink._link.is_lost
        sink.close()


def test_a_server_that_answers_nothing_is_given_up(server, monkeypatch) -> None:
    monkeypatch.setattr(nats_link, "_REPLY_SECONDS", 0.3)
    server.create()
    with installed.Proxy(4222) as proxy:
        sink = prepared(Nats(subject=server.subject, servers=through(proxy)))
        sink.open(None)
        proxy.stall()
        with pytest.raises(Undelivered, match=r"no answer for 0\.3 s"):
            sink.write(encoded(["1"]))
        sink.close()
        sink.close()
        proxy.flow()


def test_an_audit_finds_every_record(to_nats, tool, server, tmp_path) -> None:
    stream = {"name": server.name, "create": True}
    assert to_nats(COUNTRIES, 5500, subject=f"{server.name}.{{{{country}}}}").code == 0
    keys = {"type": "nats", "subject": f"{server.name}.{{{{country}}}}", "stream": stream}
    target = write_json(tmp_path / "to.json", keys)
    options = ["-c", tmp_path / "spec.json", "-t", target, "-s", START, "--seed", 1, "-n", 5500]
    assert "5500 expected, 5500 found, 0 missing" in tool("audit", *options).out


def test_an_audit_makes_no_stream_that_is_missing(tool, server, tmp_path) -> None:
    spec = write_json(tmp_path / "spec.json", world(counter("n")))
    keys = {"type": "nats", "subject": server.subject, "stream": {"name": server.name, "create": True}}
    target = write_json(tmp_path / "to.json", keys)
    outcome = tool("audit", "-c", spec, "-t", target, "-s", START, "--seed", 1, "-n", 5)
    assert outcome.code < 2
    assert f"reading nats subject {server.subject} back: there is no stream {server.name}" in outcome.out + outcome.err
    with pytest.raises(NotFoundError):
        server.state()


def test_a_check_connects_and_makes_nothing(server) -> None:
    Nats(subject=server.subject, stream={"name": server.name, "create": True}).check()
    with pytest.raises(NotFoundError):
        server.state()


def test_a_check_needs_the_password_and_a_server(guarded) -> None:
    Nats(subject="x", servers=f"nats://me:topsecret@127.0.0.1:{guarded}").check()
    with pytest.raises(Undelivered, match="Authorization Violation") as refused:
        Nats(subject="x", servers=f"nats://127.0.0.1:{guarded}", user="me", password="wrongsecret").check()
    assert refused.value.lasting
    with pytest.raises(Undelivered, match="Connect call failed"):
        Nats(subject="x", servers=f"nats://127.0.0.1:{installed.free_port()}").check()


def test_a_full_stream_that_is_drained_has_the_records_in_order_but_for_one_window(server) -> None:
    server.create(max_msgs=50, discard="new", retention="workqueue")
    sink, got = prepared(Nats(subject=server.subject)), []
    sink.open(None)
    writing = threading.Thread(target=insist, args=(sink, encoded([str(number) for number in range(8000)])))

    async def drain(context: JetStreamContext) -> None:
        reading = await context.pull_subscribe(f"{server.name}.>", durable="d")
        writing.start()
        while len(got) < 8000:
            for message in await reading.fetch(20, 5):
                got.append(int(message.data))
                await message.ack()

    server.do(drain)
    writing.join()
    sink.close()
    assert sorted(got) == list(range(8000))
    assert late(got) <= nats_link.WINDOW


def test_an_error_on_the_thread_of_the_connection_is_told_to_who_waits(server, monkeypatch) -> None:
    """The library lets some pass that are none of its own."""

    async def fails(*_: object, **__: object) -> None:
        raise AttributeError("nothing to drain")

    sink = prepared(Nats(subject=server.subject, servers=installed.nats()))
    with monkeypatch.context() as patch:
        patch.setattr(Client, "connect", fails)
        with pytest.raises(Undelivered, match="nothing to drain"):
            sink.open(None)
    server.create()
    sink.open(None)
    sink.write(encoded(["1"]))
    sink.close()
    assert server.records() == ["1"]
