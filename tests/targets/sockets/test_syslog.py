"""The target ``syslog``, read back with a strict parser of RFC 5424 that shares nothing with what is tested."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pytest

from datagen.plugin.target import Undelivered
from datagen.targets.sockets.syslog import Syslog
from tests.servers.installed import free_port
from tests.servers.listeners import Certificate, DatagramListener, Listener
from tests.worlds import constant, counter, enum, state, uniform, world

# RFC 5424, section 6
HEADER = re.compile(
    rb"<(?P<pri>0|[1-9][0-9]{0,2})>(?P<version>[1-9][0-9]{0,2})"
    rb" (?P<time>-|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2}))"
    rb" (?P<hostname>[!-~]{1,255}) (?P<app_name>[!-~]{1,48}) (?P<procid>[!-~]{1,128}) (?P<msgid>[!-~]{1,32})"
    rb" (?P<data>-|(?:\[[!#-<>-\\^-~]{1,32}(?: [!#-<>-\\^-~]{1,32}=\"(?:[^\"\\\]]|\\[\"\\\]])*\")*\])+)"
    rb"(?: (?P<message>.*))?",
    re.DOTALL,
)
ELEMENT = re.compile(rb'\[([^ \]]+)((?: [^=]+="(?:[^"\\\]]|\\.)*")*)\]', re.DOTALL)
PARAMETER = re.compile(rb' ([^=]+)="((?:[^"\\\]]|\\.)*)"', re.DOTALL)
STREAM = world(
    counter("n"), enum("word", 'a "b" \\ ]', "ünï 日本 🙂", None), states=[state("s", "s", delay=constant(1))]
)


@dataclass(frozen=True)
class Message:
    facility: int
    severity: int
    time: str
    hostname: str
    app_name: str
    procid: str
    msgid: str
    data: dict[str, dict[str, str]]
    text: str

    @property
    def record(self) -> dict:
        return json.loads(self.text)


def parsed(data: bytes) -> Message:
    found = HEADER.fullmatch(data)
    assert found, data
    assert found["version"] == b"1"
    assert int(found["pri"]) <= 191
    datetime.fromisoformat(found["time"].decode())
    elements = {
        name.decode(): {
            key.decode(): re.sub(rb"\\(.)", rb"\1", value, flags=re.DOTALL).decode()
            for key, value in PARAMETER.findall(rest)
        }
        for name, rest in ELEMENT.findall(found["data"])
    }
    words = (found[name].decode() for name in ("time", "hostname", "app_name", "procid", "msgid"))
    return Message(*divmod(int(found["pri"]), 8), *words, elements, found["message"].decode())


def frames(data: bytes) -> list[bytes]:
    """Cut a stream into messages (RFC 6587, section 3.4.1); what a broken connection left of one is left out."""
    found, place = [], 0
    while size := re.compile(rb"([1-9][0-9]*) ").match(data, place):
        place = size.end() + int(size[1])
        if place <= len(data):
            found.append(data[size.end() : place])
    assert place >= len(data) or data[place:].isdigit(), data[place:]
    return found


def messages(listener: Listener) -> list[Message]:
    return [parsed(frame) for data in listener.connections for frame in frames(bytes(data))]


@pytest.fixture
def sent(generate: Callable) -> Callable:
    """Run a spec into syslog over TCP; return the messages."""

    def run(spec: dict, count: int = 3, *arguments: object, **target: object) -> list[Message]:
        with Listener() as listener:
            target = {"type": "syslog", "host": "127.0.0.1", "port": listener.port, **target}
            outcome = generate(spec | {"target": target}, "-n", count, *arguments)
        assert outcome.code == 0, outcome.err
        return messages(listener)

    return run


# What a message holds


def test_a_message_of_defaults_is_known_to_the_last_byte(generate) -> None:
    with Listener() as listener:
        spec = world(counter("n")) | {"target": {"type": "syslog", "host": "127.0.0.1", "port": listener.port}}
        assert generate(spec, "-n", 2).code == 0
    assert bytes(listener.connections[0]) == (
        b'87 <14>1 2024-01-01T00:00:00.000Z - datagen - - - {"time":"2024-01-01T00:00:00.000","n":0}'
        b'87 <14>1 2024-01-01T00:00:01.000Z - datagen - - - {"time":"2024-01-01T00:00:01.000","n":1}'
    )


def test_the_messages_are_the_lines_of_standard_output(generate, sent) -> None:
    found = [message.text for message in sent(STREAM, 100_000)]
    assert found == generate(STREAM, "-n", 100_000).lines


@pytest.mark.parametrize(("zone", "shown"), [("", "Z"), ("Z", "Z"), ("+05:30", "+05:30"), ("-08:00", "-08:00")])
def test_the_time_is_that_of_the_record_with_the_offset_of_the_run(sent, zone, shown) -> None:
    found = sent(world(counter("n"), gap=0.25), 3, "-s", f"2024-02-29T23:59:59.500{zone}")
    times = ["2024-02-29T23:59:59.500", "2024-02-29T23:59:59.750", "2024-03-01T00:00:00.000"]
    assert [message.time for message in found] == [time + shown for time in times]


@pytest.mark.parametrize(
    ("facility", "severity", "expected"),
    [
        ("kern", "emerg", (0, 0)),
        (0, 0, (0, 0)),
        ("local7", "debug", (23, 7)),
        (23, 7, (23, 7)),
        ("DAEMON", "Error", (3, 3)),
        ("user", "WARN", (1, 4)),
        ("authpriv", "5", (10, 5)),
    ],
)
def test_facility_and_severity_are_names_or_numbers(sent, facility, severity, expected) -> None:
    for message in sent(STREAM, facility=facility, severity=severity):
        assert (message.facility, message.severity) == expected


def test_the_severity_can_be_that_of_the_record(sent) -> None:
    levels = {"ERROR": 3, "warning": 4, "debug": 7, "0": 0, "7": 7, "strange": 6, "8": 6, "": 6}
    spec = world(enum("level", *levels, 3, None, percent_missing=10))
    known = levels | {3: 3, None: 6}
    found = sent(spec, 300, facility="local0", severity="{{level}}")
    assert all(message.severity == known[message.record.get("level")] for message in found)
    assert {message.facility for message in found} == {16}
    assert len({message.record.get("level") for message in found}) == len(known)


@pytest.mark.parametrize("key", ["hostname", "app_name", "procid", "msgid"])
def test_a_field_is_a_text_with_places(sent, key) -> None:
    for message in sent(STREAM, 20, **{key: "x-{{n}}.y"}):
        assert getattr(message, key) == f"x-{message.record['n']}.y"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a b\tc", "a_b_c"),
        ("düsseldorf 日本", "d_sseldorf___"),
        ("", "-"),
        (None, "-"),
        ("x" * 300, "x" * 32),
        ("日" * 300, "_" * 32),
        (12, "12"),
        (True, "true"),
        ([1, "a"], '[1,"a"]'),
        ("\r\n\0", "___"),
        ("!~", "!~"),
    ],
)
def test_what_may_not_stand_in_a_field_is_replaced_or_cut(sent, value, shown) -> None:
    spec = world(counter("n"), enum("x", value))
    assert [message.msgid for message in sent(spec, 2, msgid="{{x}}")] == [shown] * 2
    if isinstance(value, str):
        assert [message.msgid for message in sent(spec, 2, msgid=value)] == [shown] * 2


@pytest.mark.parametrize(("key", "longest"), [("hostname", 255), ("app_name", 48), ("procid", 128), ("msgid", 32)])
def test_a_field_is_as_long_as_the_standard_allows(sent, key, longest) -> None:
    spec = world({"name": "x", "type": "string", "length_distribution": uniform(0, 400)})
    for message in sent(spec, 200, **{key: "{{x}}"}):
        assert getattr(message, key) == (message.record["x"][:longest].replace(" ", "_") or "-")


def test_a_field_that_an_emitter_does_not_have_is_empty(sent) -> None:
    states = [state("s", "t", "e", delay=constant(1)), state("t", "s", "f", delay=constant(1))]
    emitters = [{"name": "e", "dimensions": [enum("a", "A")]}, {"name": "f", "dimensions": [enum("b", "B")]}]
    found = sent({**world(states=states), "emitters": emitters}, 10, msgid="{{a}}", procid="{{b}}")
    assert [(message.msgid, message.procid) for message in found[:1]] == [("A", "-")]
    for message in found:
        assert message.msgid == message.record.get("a", "-")
        assert message.procid == message.record.get("b", "-")


def test_structured_data_gives_back_any_text(sent) -> None:
    texts = ['say "hi"', "back\\slash", "a]b[c", 'all "\\] of them\\', "日本 🙂", "two\nlines", "", "plain", "\\n"]
    spec = world(counter("n"), enum("x", *texts, percent_missing=10, percent_nulls=10))
    elements = {
        "a@32473": {"x": "{{x}}", "both": '{{n}}"{{x}}', "same": 'is "it"'},
        "none@32473": {},
        "b@1": {"y": "]"},
    }
    found = sent(spec, 300, structured_data=elements)
    for message in found:
        x = message.record.get("x") or ""
        first = {"x": x, "both": f'{message.record["n"]}"{x}', "same": 'is "it"'}
        assert message.data == {"a@32473": first, "none@32473": {}, "b@1": {"y": "]"}}
    assert {message.record.get("x") for message in found} == {*texts, None}


def test_a_message_keeps_line_feeds_and_other_characters(sent, tmp_path) -> None:
    pattern = tmp_path / "pattern.txt"
    pattern.write_text("first {{n}}\n\n second {{x}} \n")
    spec = world(counter("n"), enum("x", "日本\n🙂", "\ttab", " ", "", percent_missing=20))
    texts = [message.text for message in sent(spec, 100, format=str(pattern))]
    for number, text in enumerate(texts):
        assert text.startswith(f"first {number}\n\n second ")
        assert text.endswith(" ")
    assert {text.partition("second ")[2] for text in texts} == {"日本\n🙂 ", "\ttab ", "  ", " "}


def test_record_ids_and_nested_values_may_stand_in_fields(sent) -> None:
    inner = {"name": "o", "type": "object", "dimensions": [enum("a", "in side")]}
    found = sent(world(inner), 3, record_id=True, msgid="{{record_id}}", procid="{{o.a}}")
    assert [(message.msgid, message.procid) for message in found] == [(f"{n}-0", "in_side") for n in range(3)]


# Ways to travel


def test_over_udp_each_message_is_a_datagram(generate) -> None:
    with DatagramListener() as listener:
        keys = {"host": "127.0.0.1", "port": listener.port, "transport": "udp", "app_name": "{{n}}"}
        assert generate(STREAM | {"target": {"type": "syslog", **keys}}, "-n", 100).code == 0
    found = [parsed(datagram) for datagram in listener.datagrams]
    assert [int(message.app_name) for message in found] == list(range(100))
    assert [message.text for message in found] == generate(STREAM, "-n", 100).lines


def test_over_tls_the_receiver_is_known(generate, tmp_path) -> None:
    own, other = Certificate(tmp_path, "own"), Certificate(tmp_path, "other")
    with Listener(context=own.context()) as listener:
        keys = {"host": "127.0.0.1", "port": listener.port, "transport": "tls"}
        good, bad = {"ca": str(own.cert)}, {"ca": str(other.cert)}
        assert generate(STREAM | {"target": {"type": "syslog", **keys, "tls": good}}, "-n", 10).code == 0
        outcome = generate(STREAM | {"target": {"type": "syslog", **keys, "tls": bad}}, "-n", 10)
    assert outcome.code == 1
    assert "certificate is not trusted" in outcome.err
    assert [message.record["n"] for message in messages(listener)] == list(range(10))


def test_after_cuts_no_message_is_missing_or_doubled(generate) -> None:
    with Listener(cuts=[200_000, 7_000_000]) as listener:
        keys = {"host": "127.0.0.1", "port": listener.port, "on_error": "retry"}
        assert generate(STREAM | {"target": {"type": "syslog", **keys}}, "-n", 150_000).code == 0
    assert len(listener.connections) == 3
    assert [message.record["n"] for message in messages(listener)] == list(range(150_000))


@pytest.mark.parametrize(("transport", "port"), [("tcp", 601), ("tls", 6514), ("udp", 514)])
def test_the_port_follows_from_the_transport(generate, transport, port) -> None:
    keys = {"host": "nosuch.invalid", "transport": transport}
    outcome = generate(STREAM | {"target": {"type": "syslog", **keys}}, "-n", 1)
    assert outcome.code == 1
    assert f"writing to syslog nosuch.invalid:{port}: " in outcome.err


def test_nobody_listens(generate) -> None:
    port = free_port()
    outcome = generate(STREAM | {"target": {"type": "syslog", "host": "127.0.0.1", "port": port}}, "-n", 3)
    assert outcome.code == 1
    assert f"writing to syslog 127.0.0.1:{port}: Connection refused (0 records delivered)" in outcome.err


def test_a_check_reaches_the_receiver_by_its_transport(tmp_path) -> None:
    own = Certificate(tmp_path, "own")
    with Listener() as plain, Listener(context=own.context()) as guarded:
        Syslog(host="127.0.0.1", port=plain.port).check()
        Syslog(host="127.0.0.1", port=guarded.port, transport="tls", tls={"ca": str(own.cert)}).check()
        with pytest.raises(Undelivered, match="certificate is not trusted"):
            Syslog(host="127.0.0.1", port=guarded.port, transport="tls").check()
    Syslog(host="127.0.0.1", port=free_port(), transport="udp").check()
    for transport in ("tcp", "tls"):
        with pytest.raises(Undelivered, match="Connection refused"):
            Syslog(host="127.0.0.1", port=free_port(), transport=transport).check()


# What is wrong before the run


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"facility": "local8"}, 'unknown facility "local8"; did you mean "local7"?'),
        ({"facility": 24}, "must be less than or equal to 23"),
        ({"severity": "warming"}, 'unknown severity "warming"; did you mean "warning"?'),
        ({"severity": 8}, "must be less than or equal to 7"),
        ({"severity": "{{levl}}"}, 'no emitter has "levl"'),
        ({"hostname": "{{x}}"}, 'hostname: {{x}}: no emitter has "x"'),
        ({"structured_data": {"a@1": {"p": "{{x}}"}}}, 'structured_data: {{x}}: no emitter has "x"'),
        ({"structured_data": {"a b": {}}}, '"a b" must be 1 to 32 printable ASCII characters'),
        ({"structured_data": {"a@1": {"p=": "x"}}}, '"p=" must be 1 to 32 printable ASCII characters'),
        ({"structured_data": {"a@1": {"p": 1}}}, "must be a valid string"),
        ({"transport": "sctp"}, "must be 'tcp', 'tls' or 'udp'"),
        ({"tls": {}}, '"tls" needs "transport": "tls", not "tcp"'),
        ({"transport": "tls", "tls": {"ca": "nosuch.pem"}}, "tls.ca: nosuch.pem can't be read"),
        ({"port": 70000}, "must be less than or equal to 65535"),
        ({"host": None}, "must be a valid string"),
    ],
    ids=lambda value: json.dumps(value),
)
def test_wrong_keys_are_found_before_anything_is_sent(generate, keys, message) -> None:
    outcome = generate(STREAM | {"target": {"type": "syslog", "host": "127.0.0.1", **keys}}, "-n", 3)
    assert outcome.code == 2
    assert message in outcome.err


# The parser itself


@pytest.mark.parametrize(
    "text",
    [
        b"<192>1 2024-01-01T00:00:00Z - - - - - x",
        b"<014>1 2024-01-01T00:00:00Z - - - - - x",
        b"<14>2 2024-01-01T00:00:00Z - - - - - x",
        b"<14>1 2024-01-01 00:00:00Z - - - - - x",
        b"<14>1 2024-01-01T00:00:00 - - - - - x",
        b"<14>1 2024-01-01T00:00:00Z -  - - - - x",
        b"<14>1 2024-01-01T00:00:00Z - - - d\xc3\xbc - x",
        b"<14>1 2024-01-01T00:00:00Z - - - " + b"m" * 33 + b" - x",
        b'<14>1 2024-01-01T00:00:00Z - - - - [a x="]"] x',
        b'<14>1 2024-01-01T00:00:00Z - - - - [a x="\\"] x',
        b"<14>1 2024-01-01T00:00:00Z - - - - [a]x",
    ],
)
def test_the_parser_of_this_test_is_strict(text) -> None:
    with pytest.raises(AssertionError):
        parsed(text)
