"""Formats with a schema: what a schema registry is asked, and that its makers' deserializers read every message."""

import json
import socket
import struct
import sys
import threading
import time
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from jsonschema import Draft202012Validator

from datagen.records.conversion import exported_types
from datagen.records.schema.protobuf import protobuf_schema
from tests.formatters.test_binary import COUNT, SPECS, WIDE, avro_of, avro_records, message_class, messages
from tests.worlds import counter, enum, records_of, run_of, world, write_json

if TYPE_CHECKING:  # what is imported where it is used takes a second
    from confluent_kafka.schema_registry import SchemaRegistryClient
    from confluent_kafka.serialization import SerializationContext

WHERE = {"url": "http://registry", "subject": "clicks-value"}


@pytest.fixture
def client(monkeypatch) -> "SchemaRegistryClient":
    """A registry in memory, the same for all who ask for one."""
    from confluent_kafka.schema_registry import SchemaRegistryClient

    made = SchemaRegistryClient.new_client({"url": "mock://registry"})
    monkeypatch.setattr(SchemaRegistryClient, "new_client", lambda settings: made)
    return made


@pytest.fixture
def context() -> "SerializationContext":
    from confluent_kafka.serialization import MessageField, SerializationContext

    return SerializationContext("clicks", MessageField.VALUE)


def test_avro_is_read_by_the_registrys_deserializer(client, context) -> None:
    from confluent_kafka.schema_registry.avro import AvroDeserializer

    read = AvroDeserializer(client)
    found = [read(message, context) for message in messages(WIDE, "avro", registry=WHERE)]
    assert found == avro_records(WIDE, avro_of(WIDE))


def test_protobuf_is_read_by_the_registrys_deserializer(client, context, tmp_path, monkeypatch) -> None:
    from confluent_kafka.schema_registry import Schema
    from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer

    made = message_class(protobuf_schema(exported_types(run_of(WIDE, 1).layout), "Record"), tmp_path)
    file = FileDescriptorProto()
    made.DESCRIPTOR.file.CopyToProto(file)
    # A registry answers so where "serialized" is asked for; the one in memory answers with the text that it was given.
    serialized = Schema(b64encode(file.SerializeToString()).decode(), "PROTOBUF")
    monkeypatch.setattr(client, "get_schema", lambda *_, **__: serialized)
    read = ProtobufDeserializer(made, {"use.deprecated.format": False}, client)
    framed, bare = messages(WIDE, "protobuf", registry=WHERE), messages(WIDE, "protobuf")
    assert [read(message, context).SerializeToString() for message in framed] == bare


def test_json_is_read_and_validated_by_the_registrys_deserializer(client, context) -> None:
    from confluent_kafka.schema_registry.json_schema import JSONDeserializer

    framed = messages(WIDE, "json_schema", registry=WHERE)
    schema = client.get_schema(struct.unpack_from(">I", framed[0], 1)[0])
    read = JSONDeserializer(schema.schema_str, schema_registry_client=client)
    assert [read(message, context) for message in framed] == records_of(WIDE, COUNT)


@pytest.mark.parametrize("kind", ["avro", "protobuf", "json_schema"])
def test_a_message_begins_with_the_number_of_its_schema(client, kind: str) -> None:
    spec = world(counter("n"))
    framed, bare = messages(spec, kind, 20, registry=WHERE), messages(spec, kind, 20)
    number = client.get_latest_version("clicks-value").schema_id
    head = struct.pack(">bI", 0, number) + (b"\0" if kind == "protobuf" else b"")
    assert framed == [head + message for message in bare]


def test_a_schema_that_is_not_to_be_registered_must_be_known(client, generate, tmp_path) -> None:
    spec = world(counter("n"))
    registry = WHERE | {"register": False}
    target = {"type": "udp", "host": "127.0.0.1", "port": 9, "format": {"type": "avro", "registry": registry}}
    write_json(tmp_path / "t.json", target)
    outcome = generate(spec, "-n", 1, "-t", tmp_path / "t.json")
    assert outcome.code == 1
    assert "looking for the schema of clicks-value at http://registry: Schema Not Found" in outcome.err
    first = messages(spec, "avro", 1, registry=WHERE)
    assert messages(spec, "avro", 1, registry=registry) == first


class _Refusal(BaseHTTPRequestHandler):
    """Answers as Confluent's registry does when a schema does not fit those before it."""

    asked: list[tuple[str, str | None, dict]] = []  # noqa: RUF012  (of the one test that looks)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append((self.path, self.headers["authorization"], body))
        text = b'{"error_code": 409, "message": "Schema being registered is incompatible with an earlier schema"}'
        self.send_response(409)
        self.send_header("content-type", "application/vnd.schemaregistry.v1+json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


def test_a_refusal_of_the_registry_is_said_and_its_password_is_not(generate, tmp_path) -> None:
    with HTTPServer(("127.0.0.1", 0), _Refusal) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        registry = {
            "url": f"http://127.0.0.1:{server.server_port}",
            "subject": "clicks-value",
            "username": "key",
            "password": "hush",
        }
        target = {"type": "udp", "host": "127.0.0.1", "port": 9, "format": {"type": "protobuf", "registry": registry}}
        write_json(tmp_path / "t.json", target)
        outcome = generate(world(), "-n", 1, "-t", tmp_path / "t.json")
        server.shutdown()
    assert outcome.code == 1
    where = f"registering the schema of clicks-value at http://127.0.0.1:{server.server_port}"
    assert f"{where}: Schema being registered is incompatible with an earlier schema" in outcome.err
    assert "hush" not in outcome.err
    path, login, body = _Refusal.asked[0]
    assert path.startswith("/subjects/clicks-value/versions")
    assert login == "Basic a2V5Omh1c2g="
    assert body["schemaType"] == "PROTOBUF"


@pytest.fixture
def asked_once(monkeypatch) -> None:
    """Let the library not ask again."""
    from confluent_kafka.schema_registry import SchemaRegistryClient

    new = SchemaRegistryClient.new_client
    monkeypatch.setattr(SchemaRegistryClient, "new_client", lambda settings: new(settings | {"max.retries": 0}))


@pytest.mark.usefixtures("asked_once")
def test_a_registry_that_is_not_there_is_said(generate, tmp_path) -> None:
    registry = {"url": "http://127.0.0.1:1", "subject": "s"}
    target = {"type": "udp", "host": "127.0.0.1", "port": 9, "format": {"type": "avro", "registry": registry}}
    write_json(tmp_path / "t.json", target)
    outcome = generate(world(), "-n", 1, "-t", tmp_path / "t.json")
    assert outcome.code == 1
    assert "registering the schema of s at http://127.0.0.1:1: " in outcome.err


@pytest.mark.usefixtures("asked_once")
def test_a_registry_that_does_not_answer_is_not_waited_for(generate, tmp_path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        registry = {"url": f"http://127.0.0.1:{mute.getsockname()[1]}", "subject": "s", "timeout": 0.1}
        target = {"type": "udp", "host": "127.0.0.1", "port": 9, "format": {"type": "avro", "registry": registry}}
        write_json(tmp_path / "t.json", target)
        begin = time.monotonic()
        outcome = generate(world(), "-n", 1, "-t", tmp_path / "t.json")
    assert (outcome.code, "registering the schema of s at" in outcome.err) == (1, True)
    assert time.monotonic() - begin < 5


def test_a_check_that_connects_reaches_the_registry(client, generate, tmp_path, monkeypatch) -> None:
    format_ = {"type": "avro", "registry": WHERE}
    write_json(tmp_path / "t.json", {"type": "udp", "host": "127.0.0.1", "port": 9, "format": format_})
    assert generate(world(), "-n", 1, "--check", "--connect", "-t", tmp_path / "t.json").code == 0
    assert client.get_subjects() == []

    from confluent_kafka.schema_registry import SchemaRegistryError

    def refuse() -> None:
        raise SchemaRegistryError(401, 40101, "Unauthorized")

    monkeypatch.setattr(client, "get_subjects", refuse)
    outcome = generate(world(), "-n", 1, "--check", "--connect", "-t", tmp_path / "t.json")
    assert outcome.code == 2
    assert "can't be reached: asking for the subjects at http://registry: Unauthorized" in outcome.err


def test_nobody_asks_a_registry_to_check_or_explain_a_spec_or_to_write_a_file(generate, command, tmp_path) -> None:
    format_ = {"type": "avro", "registry": {"url": "http://127.0.0.1:1", "subject": "s"}}
    write_json(tmp_path / "udp.json", {"type": "udp", "host": "127.0.0.1", "port": 9, "format": format_})
    write_json(tmp_path / "file.json", {"type": "file", "path": str(tmp_path / "out.avro"), "format": format_})
    assert generate(world(), "-n", 1, "--check", "-t", tmp_path / "udp.json").code == 0
    assert command("explain", tmp_path / "spec.json", "--json", "-n", 1, "-t", tmp_path / "udp.json").code == 0
    assert generate(world(), "-n", 1, "-t", tmp_path / "file.json").code == 0


def test_a_run_with_a_registry_can_be_continued_and_its_state_holds_no_secret(client, generate, tmp_path) -> None:
    registry = {"url": "http://me:hush@localhost:1", "subject": "s"}
    target = {"type": "udp", "host": "127.0.0.1", "port": 9, "format": {"type": "avro", "registry": registry}}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        write_json(tmp_path / "t.json", target | {"port": receiver.getsockname()[1]})
        for count in (10, 20):
            outcome = generate(world(), "-n", count, "-t", tmp_path / "t.json", "--state", tmp_path / "state")
            assert outcome.code == 0, outcome.err
    kept = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    assert b"hush" not in kept


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"username": "me"}, 'registry: "username" and "password" belong together'),
        (
            {"url": "http://a:b@localhost", "username": "me", "password": "x"},
            'registry: "username" does not go together with a user in "url"',
        ),
        ({"ca_file": "gone.pem"}, 'registry: "ca_file": gone.pem can\'t be read'),
        ({}, 'registry: needs a library that is not installed: pip install "confluent-kafka[schemaregistry]'),
    ],
)
def test_what_a_registry_lacks_is_said_before_anything_is_written(
    generate, tmp_path, monkeypatch, keys: dict, message: str
) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka.schema_registry", None)
    format_ = {"type": "avro", "registry": {"url": "http://localhost:1", "subject": "s", **keys}}
    write_json(tmp_path / "t.json", {"type": "udp", "host": "127.0.0.1", "port": 9, "format": format_})
    outcome = generate(world(), "-n", 1, "-t", tmp_path / "t.json")
    assert outcome.code == 2
    assert message in outcome.err


@pytest.mark.parametrize("url", ["localhost:8081", "ftp://x", "mock://x", "http://", "http://a\nb"])
def test_what_is_no_url_of_a_registry_is_refused_unseen(generate, tmp_path, url: str) -> None:
    target = {"type": "stdout", "format": {"type": "avro", "registry": {"url": url, "subject": "s"}}}
    write_json(tmp_path / "t.json", target)
    outcome = generate(world(), "-n", 1, "-t", tmp_path / "t.json")
    assert outcome.code == 2
    assert "must be a URL that begins with http:// or https:// and names a host" in outcome.err


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())
def test_the_json_schema_takes_the_records_and_nothing_beside(command, tmp_path, spec: dict) -> None:
    write_json(tmp_path / "spec.json", spec)
    schema = json.loads(command("types", tmp_path / "spec.json", "--as", "json").out)
    validator = Draft202012Validator(schema)
    for record in records_of(spec, 50):
        validator.validate(record)
    assert not validator.is_valid(records_of(spec, 1)[0] | {"beside": 1})


# The command


def test_types_prints_what_the_formats_have(command, tmp_path) -> None:
    import duckdb

    write_json(tmp_path / "spec.json", WIDE)
    printed = {
        language: command("types", tmp_path / "spec.json", "--as", language).out
        for language in ("arrow", "avro", "protobuf", "sql")
    }
    types = exported_types(run_of(WIDE, 1).layout)
    assert json.loads(printed["avro"]) == avro_of(WIDE)
    assert printed["protobuf"] == protobuf_schema(types, "Record")
    assert printed["arrow"].splitlines()[:2] == ["time: timestamp[ms]", "i: int64"]
    with duckdb.connect() as base:
        base.execute(printed["sql"].replace("jsonb", "json"))
        assert [row[0] for row in base.execute("DESCRIBE record").fetchall()] == list(types)


def test_types_of_one_emitter_and_of_none(command, tmp_path) -> None:
    spec = world(enum("a", 1))
    spec["emitters"].append({"name": "f", "dimensions": [enum("a.b", 2), enum("a_b", 3)]})
    spec["states"].append({"name": "t", "emitter": "f", "transitions": [{"next": "stop", "probability": 1}]})
    spec["states"][0]["transitions"] = [{"next": "t", "probability": 1}]
    path = write_json(tmp_path / "spec.json", spec)
    assert '"a" bigint' in command("types", path, "--as", "sql", "--emitter", "e").out
    refused = command("types", path, "--as", "avro")
    assert (refused.code, '"a.b" and "a_b" would both be called "a_b"' in refused.err) == (2, True)
    assert command("types", path, "--emitter", "e").out.splitlines()[0] == "e"
    assert "f" not in command("types", path, "--emitter", "e").out.splitlines()
    for keys in (["--as", "sql"], []):
        unknown = command("types", path, *keys, "--emitter", "ee")
        assert (unknown.code, 'unknown emitter; did you mean "e"' in unknown.err) == (2, True)


def test_the_languages_of_the_command_are_those_that_there_are() -> None:
    from datagen.command.arguments import LANGUAGES
    from datagen.records.schema.text import SCHEMAS

    assert sorted(SCHEMAS) == list(LANGUAGES)
