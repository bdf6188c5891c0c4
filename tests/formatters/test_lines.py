"""Formats of text lines, read back: by Python's XML parser, liblognorm, lnav, and by their grammars."""

import json
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from tests.servers.installed import program
from tests.worlds import READY, constant, enum, records_of, state, world, write_json

AWKWARD = [
    "plain",
    "",
    " a  b ",
    "a|b",
    "a=b",
    "\\",
    "a\\",
    'q"q',
    "x\ny",
    "a\r\nb",
    "a\tb",
    "ä😀",
    "null",
    "\\n",
    "]",
    "<&>",
    "'",
    "\x7f\x1f",
]
OBJECT = {
    "name": "o",
    "type": "object",
    "dimensions": [
        enum("k", 'v "1"', None, percent_missing=20),
        {"name": "in", "type": "object", "dimensions": [enum("n", 1)]},
    ],
}
LIST = {"name": "l", "type": "list", "elements": [enum("i", "a b", None)], "length_distribution": constant(2)}
SPEC = world(
    enum("v", *AWKWARD),
    enum("n", 1.5, None, percent_missing=20),
    enum("b", True),
    enum("mixed", 1, "x y", None),
    OBJECT,
    LIST,
)


@pytest.fixture
def lines(generate, tmp_path) -> Callable[..., list[str]]:
    """The lines of a spec's records in a format."""

    def run(spec: dict, count: int, kind: str, **keys: object) -> list[str]:
        write_json(tmp_path / "t.json", {"type": "stdout", "format": {"type": kind, **keys}})
        outcome = generate(spec, "-n", count, "-t", tmp_path / "t.json")
        assert outcome.code == 0, outcome.err
        found = outcome.data.decode().split("\n")
        assert found.pop() == ""
        assert len(found) == count, "a line for each record"
        return found

    return run


def text_of(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def flat(record: dict, point: str = ".") -> dict[str, str]:
    """The texts of a record, keys inside objects as ``a.b``, without what is null."""
    made = {}
    for name, value in record.items():
        if isinstance(value, dict):
            made |= {f"{name}{point}{key}": text for key, text in flat(value, point).items()}
        elif value is not None:
            made[name] = text_of(value)
    return made


# logfmt

PAIR = re.compile(r'([^\s="]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))(?: |$)')


def test_logfmt_has_a_pair_for_each_value_that_is_there(lines) -> None:
    for line, record in zip(lines(SPEC, 150, "logfmt"), records_of(SPEC, 150), strict=True):
        pairs = list(PAIR.finditer(line))
        assert "".join(pair[0] for pair in pairs) == line
        assert {pair[1]: pair[3] if pair[2] is None else json.loads(f'"{pair[2]}"') for pair in pairs} == flat(record)


def test_a_key_of_logfmt_holds_no_space_quote_or_equals_sign(lines) -> None:
    assert lines(world(enum('a b="c', 1), enum("ä", 2)), 1, "logfmt")[0].endswith("a_b__c=1 ä=2")


def test_the_keys_of_an_object_that_a_variable_holds_are_pairs_too(lines) -> None:
    variable = {**OBJECT, "name": "home", "percent_missing": 30, "percent_nulls": 30}
    spec = world({"name": "home", "type": "variable", "variable": "home"}, states=[state("s", variables=[variable])])
    for line, record in zip(lines(spec, 50, "logfmt"), records_of(spec, 50), strict=True):
        assert [pair[1] for pair in PAIR.finditer(line)] == list(flat(record))


def test_the_first_pair_may_be_missing(lines) -> None:
    spec = world(enum("time", None), enum("a", 1, percent_missing=50), enum("b", 2, percent_missing=50))
    assert set(lines(spec, 100, "logfmt")) == {"", "a=1", "b=2", "a=1 b=2"}


# CEF and LEEF


def unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "r": "\r"}.get(match[1], match[1]), text, flags=re.DOTALL)


def test_cef_reads_back_as_its_standard_says(lines) -> None:
    written = lines(SPEC, 150, "cef", signature="100", name="{{v}}", severity="{{n}}")
    for line, record in zip(written, records_of(SPEC, 150), strict=True):
        *header, extension = parts(line)
        assert header[:5] == ["CEF:0", "datagen", "datagen", "1.0", "100"]
        assert header[5] == re.sub("[\r\n]", " ", record["v"])
        assert header[6] == text_of(record.get("n")) or record.get("n") is None
        keys = list(re.finditer(r"(?:^| )(\w+)=", extension))
        ends = [*(key.start() for key in keys[1:]), len(extension)]
        found = {key[1]: unescaped(extension[key.end() : end]) for key, end in zip(keys, ends, strict=True)}
        expected = flat(record, "_")
        moment = datetime.fromisoformat(expected.pop("time")).replace(tzinfo=UTC)
        assert found == {"rt": str(round(moment.timestamp() * 1000))} | expected


def parts(line: str) -> list[str]:
    """The seven texts of a header, and what follows."""
    found = re.match(r"((?:[^|\\]|\\.)*)\|" * 7 + "(.*)", line, re.DOTALL)
    return [*(re.sub(r"\\(.)", r"\1", text) for text in found.groups()[:7]), found[8]]


def test_liblognorm_reads_cef(lines, tmp_path) -> None:
    lognormalizer = program("lognormalizer", "liblognorm-utils")
    written = lines(SPEC, 100, "cef", product="WAF", signature="{{b}}", name="{{v}}", severity="3")
    (tmp_path / "rules").write_text("version=2\nrule=:%event:cef%\n")
    done = subprocess.run(
        [lognormalizer, "-r", tmp_path / "rules", "-e", "json"],
        input="\n".join(written),
        capture_output=True,
        text=True,
        check=True,
    )
    for line, record in zip(done.stdout.splitlines(), records_of(SPEC, 100), strict=True):
        event = json.loads(line)["event"]
        assert (event["DeviceProduct"], event["SignatureID"], event["Severity"]) == ("WAF", "true", "3")
        assert event["Name"] == re.sub("[\r\n]", " ", record["v"])
        assert event["Extensions"]["v"].strip() == record["v"].strip()
        assert event["Extensions"]["o_in_n"] == "1"


def test_attributes_choose_the_pairs_of_an_event(lines) -> None:
    keys = {"event": "{{b}}", "attributes": {"src": "10.0.0.1", "msg": "{{v}}/{{n}}", "gone": "{{n}}", "b": "{{b}}"}}
    for line, record in zip(lines(SPEC, 100, "leef", **keys), records_of(SPEC, 100), strict=True):
        number = text_of(record["n"]) if record.get("n") is not None else ""
        text = re.sub("[\t\r\n]", " ", record["v"])
        pairs = ["src=10.0.0.1", f"msg={text}/{number}", *([f"gone={number}"] if number else []), "b=true"]
        assert line == "LEEF:2.0|datagen|datagen|1.0|true|x09|" + "\t".join(pairs)


@pytest.mark.parametrize(
    ("keys", "head", "separator"), [({"version": "1.0"}, "LEEF:1.0", "\t"), ({"separator": "^"}, "LEEF:2.0", "^")]
)
def test_leef_has_pairs_between_separators(lines, keys: dict, head: str, separator: str) -> None:
    written = lines(SPEC, 100, "leef", event="a|b", **keys)
    for line, record in zip(written, records_of(SPEC, 100), strict=True):
        first, *header, rest = line.split("|", 6 if head == "LEEF:2.0" else 5)
        assert (first, header) == (head, ["datagen", "datagen", "1.0", "a/b", *("^" if head == "LEEF:2.0" else "")])
        found = dict(pair.split("=", 1) for pair in rest.split(separator))
        assert found.pop("devTime").isdecimal()
        special = f"[\r\n{re.escape(separator)}]"
        expected = {key: re.sub(special, " ", text) for key, text in flat(record, "_").items()}
        assert found == {key: text for key, text in expected.items() if key != "time"}


# Access logs

ACCESS = re.compile(
    r'(\S+) (\S+) (\S+) \[([^]]+)\] "((?:[^"\\]|\\.)*)" (\S+) (\S+)(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)")?'
)


def test_apache_combined_is_what_the_pattern_in_formats_writes_but_for_0_bytes(lines, generate) -> None:
    spec = READY["access_log"]
    pattern = generate(spec, "-n", 500, "-f", "formats/apache_combined.txt").data.decode()
    assert lines(spec, 500, "apache_combined") == re.sub(' 0 "', ' - "', pattern).splitlines()


@pytest.mark.parametrize("kind", ["apache_common", "apache_combined", "nginx"])
def test_an_access_log_keeps_its_grammar_whatever_clients_send(lines, kind: str) -> None:
    spec = world(
        enum("host", "10.0.0.1"),
        enum("method", "GET"),
        enum("path", *AWKWARD),
        enum("status", 200),
        enum("agent", *AWKWARD),
    )
    for line, record in zip(lines(spec, 150, kind), records_of(spec, 150), strict=True):
        assert line.isascii()
        found = ACCESS.fullmatch(line)
        assert found.groups()[:4] == ("10.0.0.1", "-", "-", found[4])
        assert datetime.strptime(found[4], "%d/%b/%Y:%H:%M:%S %z") == datetime.fromisoformat(record["time"] + "Z")
        assert re.sub(r"\\x(..)|\\(.)", plain, found[5]).encode("latin-1").decode() == f"GET {record['path']} HTTP/1.1"
        assert (found[6], found[7]) == ("200", "0" if kind == "nginx" else "-")
        if kind != "apache_common":
            agent = re.sub(r"\\x(..)|\\(.)", plain, found[9]).encode("latin-1").decode()
            assert agent == (record["agent"] or "-")


@pytest.mark.parametrize(("kind", "expected"), [("apache_common", "-"), ("nginx", "0")])
def test_no_bytes_are_said_as_the_server_does(lines, kind: str, expected: str) -> None:
    spec = world(enum("bytes", 0, None, 20))
    found = {line.split('"')[2].split()[1] for line in lines(spec, 20, kind, host="h", request="r", status="200")}
    assert found == {expected, "20"}


def plain(match: re.Match) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    return {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "v": "\v"}.get(match[2], match[2])


def test_lnav_takes_an_access_log_for_one(lines, tmp_path) -> None:
    lnav = program("lnav", "lnav")
    (tmp_path / "access.log").write_text("\n".join(lines(READY["access_log"], 50, "nginx")) + "\n")
    query = ";SELECT c_ip, cs_method, cs_uri_stem, sc_status, sc_bytes, cs_user_agent FROM access_log"
    command = [lnav, "-n", "-c", query, "-c", ":write-json-to -", tmp_path / "access.log"]
    done = subprocess.run(command, capture_output=True, check=True, env={"HOME": str(tmp_path)})
    keys = ("host", "method", "path", "status", "bytes", "agent")
    expected = [[record[key] for key in keys] for record in records_of(READY["access_log"], 50)]
    assert [list(row.values()) for row in json.loads(done.stdout)] == expected


# Syslog


def test_syslog_has_header_data_and_message(lines) -> None:
    keys = {
        "severity": "{{b}}",
        "facility": "local0",
        "hostname": "web 1",
        "msgid": "{{n}}",
        "structured_data": {"d@1": {"v": "{{v}}"}},
    }
    pattern = re.compile(r'<134>1 (\S+) web_1 datagen - (\S+) \[d@1 v="((?:[^"\\\]]|\\.)*)"\] (.*)', re.DOTALL)
    spec = world(enum("v", *AWKWARD), enum("n", 1.5, None), enum("b", True))
    for line, record in zip(lines(spec, 150, "syslog", **keys), records_of(spec, 150), strict=True):
        time, msgid, value, message = pattern.fullmatch(line).groups()
        assert time == record["time"] + "Z"
        assert msgid == text_of(record["n"] or "-")
        expected = record["v"].replace("\n", r"\n").replace("\r", r"\r")
        assert re.sub(r'\\([]"\\])', r"\1", value) == expected
        assert json.loads(message) == record


@pytest.mark.parametrize(("rfc", "head"), [(5424, "<14>1 - localhost"), (3164, "<14>Jan  1 00:00:00 localhost")])
def test_a_time_that_is_null_is_said_to_be_unknown(lines, rfc: int, head: str) -> None:
    when = {"name": "when", "type": "timestamp", "distribution": constant("2020-02-29T01:02:03Z"), "percent_nulls": 50}
    for spec in (world(when), world(when | {"percent_nulls": 100}), world(when | {"percent_missing": 50})):
        written = lines(spec, 20, "syslog", rfc=rfc, time="when")
        expected = [record.get("when") is None for record in records_of(spec, 20)]
        assert [line.startswith(head) for line in written] == expected


def test_the_older_syslog_has_tag_and_message(lines) -> None:
    keys = {"rfc": 3164, "hostname": "{{b}}", "app_name": "shop", "procid": "{{n}}", "message": "{{v}}"}
    for line, record in zip(lines(SPEC, 100, "syslog", **keys), records_of(SPEC, 100), strict=True):
        moment = datetime.fromisoformat(record["time"]).strftime("%b %e %H:%M:%S")
        number = text_of(record["n"]) if record.get("n") is not None else "-"
        text = record["v"].replace("\n", "\\n").replace("\r", "\\r")
        assert line == f"<14>{moment} true shop[{number}]: {text}"


def test_a_tag_of_the_older_syslog_ends_where_it_says(lines) -> None:
    keys = {"rfc": 3164, "app_name": "{{v}}", "procid": "[7]", "message": "m"}
    assert lines(world(enum("v", "a[b]: c")), 1, "syslog", **keys)[0].endswith(" localhost a_b___c[_7_]: m")
    assert " a[b]:_c [7] " in lines(world(enum("v", "a[b]: c")), 1, "syslog", app_name="{{v}}", procid="[7]")[0]


def test_the_time_of_syslog_is_one_for_every_emitter(generate, tmp_path) -> None:
    spec = world(enum("at", "x"), states=[state("s", "t"), state("t", emitter="f")])
    spec["emitters"].append(
        {
            "name": "f",
            "dimensions": [{"name": "at", "type": "timestamp", "distribution": constant("2020-01-01T00:00:00Z")}],
        }
    )
    write_json(tmp_path / "t.json", {"type": "stdout", "format": {"type": "syslog", "time": "at"}})
    outcome = generate(spec, "-n", 1, "-t", tmp_path / "t.json")
    assert (outcome.code, 'time: "at" is not a time' in outcome.err) == (2, True)


def test_lnav_takes_syslog_for_syslog(lines, tmp_path) -> None:
    lnav = program("lnav", "lnav")
    spec = world(enum("user", "ann", "bob"))
    written = lines(spec, 20, "syslog", hostname="web1", app_name="shop", procid="7", message="hello {{user}}")
    (tmp_path / "messages.log").write_text("\n".join(written) + "\n")
    query = ";SELECT log_hostname, log_procname, log_pid, log_body FROM syslog_log"
    command = [lnav, "-n", "-c", query, "-c", ":write-json-to -", tmp_path / "messages.log"]
    done = subprocess.run(command, capture_output=True, check=True, env={"HOME": str(tmp_path)})
    expected = [["web1", "shop", "7", f"hello {record['user']}"] for record in records_of(spec, 20)]
    assert [[str(cell) for cell in row.values()] for row in json.loads(done.stdout)] == expected


# XML


def tree(value: object) -> object:
    """What an element holds: a text, elements by name, or the items of a list."""
    if isinstance(value, dict):
        return {key: tree(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [tree(inner) for inner in value if inner is not None]
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "\ufffd", text_of(value))


def read(element: ElementTree.Element) -> object:
    children = list(element)
    if children and all(child.tag == "item" for child in children):
        return [read(child) for child in children]
    return {child.tag: read(child) for child in children} if children else element.text or ""


def test_each_line_is_a_document_of_xml(lines) -> None:
    spec = world(
        enum("v", *AWKWARD, "\x00", "\ufffe", "]]>"),
        enum("n", 1.5, None, percent_missing=20),
        enum("mixed", 1, "x y"),
        OBJECT,
    )
    for line, record in zip(lines(spec, 150, "xml", element="event"), records_of(spec, 150), strict=True):
        element = ElementTree.fromstring(line)
        assert element.tag == "event"
        assert read(element) == tree(record)


def test_a_list_is_an_element_for_each_item(lines) -> None:
    inner = {"name": "i", "type": "list", "elements": [enum("x", 1)], "length_distribution": constant(2)}
    spec = world(
        LIST, {**LIST, "name": "ll", "elements": [inner]}, {**LIST, "name": "empty", "length_distribution": constant(0)}
    )
    for line, record in zip(lines(spec, 50, "xml"), records_of(spec, 50), strict=True):
        element = ElementTree.fromstring(line)
        assert [item.text for item in element.find("l")] == [item for item in record["l"] if item is not None]
        assert [[item.text for item in items] for items in element.find("ll")] == [["1", "1"], ["1", "1"]]
        assert list(element.find("empty")) == []


@pytest.mark.parametrize(
    ("name", "tag"), [("a b", "a_b"), ("1a", "_1a"), ("é", "é"), ("a²", "a_"), ("-x", "_-x"), ("a:b", "a_b"), ("", "_")]
)
def test_a_dimension_has_an_element_of_a_name_that_xml_allows(lines, name: str, tag: str) -> None:
    spec = world({"name": "o", "type": "object", "dimensions": [enum(name or "?", 1)]})
    assert ElementTree.fromstring(lines(spec, 1, "xml")[0]).find("o")[0].tag == tag


# What a spec lacks, or has too much of


@pytest.mark.parametrize(
    ("format_", "dimensions", "name"),
    [
        ({"type": "logfmt"}, [OBJECT, enum("o.k", 1)], "o.k"),
        ({"type": "cef", "signature": "1", "name": "n", "severity": "3"}, [enum("rt", 1)], "rt"),
        ({"type": "leef", "event": "x"}, [enum("devTime", 1)], "devTime"),
    ],
)
def test_no_value_takes_the_place_of_another(generate, tmp_path, format_: dict, dimensions: list, name: str) -> None:
    write_json(tmp_path / "t.json", {"type": "stdout", "format": format_})
    outcome = generate(world(*dimensions), "-n", 1, "-t", tmp_path / "t.json")
    assert outcome.code == 2
    assert f'two values would both be called "{name}"' in outcome.err


@pytest.mark.parametrize(
    ("format_", "message"),
    [
        ("cef", 'signature: {{signature}}: no emitter has "signature"'),
        ("cef", 'the key "severity" of the format says what it is'),
        ("leef", 'event: {{event}}: no emitter has "event"'),
        ("apache_common", 'host: {{host}}: no emitter has "host"'),
        ({"type": "nginx", "agent": "{{agnt}}"}, 'agent: {{agnt}}: no emitter has "agnt"'),
        ({"type": "syslog", "severity": "bad"}, 'severity: unknown severity "bad"'),
        ({"type": "syslog", "time": "v"}, 'time: "v" is not a time'),
        ({"type": "syslog", "time": "tim"}, 'time: no emitter has "tim"; did you mean "time"?'),
        ({"type": "syslog", "rfc": 3164, "msgid": "x"}, "RFC 3164 has neither structured_data nor msgid"),
        ({"type": "xml", "element": "a b"}, "element"),
        ("logfmt", '"a b" and "a=b" would both be called "a_b"'),
        ({"type": "leef", "event": "1"}, '"a b" and "a=b" would both be called "a_b"'),
        ({"type": "leef", "event": "x", "separator": "a"}, "separator"),
        ({"type": "leef", "event": "x", "separator": ":"}, "separator"),
        ({"type": "leef", "event": "x", "separator": "^", "version": "1.0"}, '"separator" is for version 2.0'),
        ("xml", '"a b" and "a=b" would both be called "a_b"'),
        ({"type": "xml", "element": "a²"}, "element"),
        ({"type": "leef", "event": "x", "attributes": {"a b": "1", "a-b": "2"}}, '"a b" and "a-b" would both'),
        (
            {"type": "cef", "signature": "1", "name": "2", "severity": "3", "attributes": {"src": "{{no}}"}},
            "attributes.src: {{no}}",
        ),
    ],
)
def test_what_a_spec_lacks_is_said_with_the_key_that_names_it(
    generate, tmp_path, format_: object, message: str
) -> None:
    write_json(tmp_path / "t.json", {"type": "stdout", "format": format_})
    outcome = generate(world(enum("v", "x"), enum("a b", 1), enum("a=b", 2)), "-n", 1, "-t", tmp_path / "t.json")
    assert outcome.code == 2
    assert message in outcome.err
