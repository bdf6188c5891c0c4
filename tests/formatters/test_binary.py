"""Binary formats, byte for byte what ormsgpack, fastavro and the classes of protoc write of the same records."""

import io
import json
import re
import socket
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module

import fastavro
import numpy as np
import ormsgpack
import pyarrow as pa
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.internal.decoder import _DecodeVarint
from google.protobuf.message_factory import GetMessageClass
from grpc_tools import protoc

from datagen.plugin.registry import Registry
from datagen.records.batch import Layout
from datagen.records.conversion import exported_types
from datagen.records.lines import pieces
from datagen.records.schema.avro import avro_schema
from datagen.records.schema.protobuf import protobuf_schema
from datagen.records.text import written
from tests.formatters.test_json import DEEP
from tests.worlds import (
    MIXED,
    READY,
    batches_of,
    constant,
    enum,
    integer,
    records_of,
    run_of,
    state,
    uniform,
    world,
    write_json,
)

LONG = {"type": "discrete", "values": [0, 1, 15, 16, 31, 32, 127, 128, 255, 256]}
COUNT = 100
SHORT = {"type": "discrete", "values": [0, 1, 15, 16, 130]}
EDGES = [0, -1, 31, -32, -33, 127, 128, -128, -129, 255, 256, 32767, -32768, -32769, 65535, 65536]
EDGES += [2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**32 - 1, 2**32, 2**63 - 1, -(2**63)]


def a_list(name: str, element: dict, lengths: dict = SHORT, **keys: object) -> dict:
    return {"name": name, "type": "list", "elements": [element], "length_distribution": lengths, **keys}


WIDE = world(
    integer("i", uniform(-(10**15), 10**15), percent_nulls=10),
    enum("edge", *EDGES),
    {"name": "x", "type": "float", "distribution": uniform(-1e9, 1e9)},
    enum("b", True, False, None, percent_missing=20),
    enum("always_null", None),
    {"name": "text", "type": "string", "length_distribution": LONG},
    a_list("floats", {"name": "f", "type": "float", "distribution": uniform(0, 1)}),
    a_list("ints", integer("i", uniform(-300, 300), percent_nulls=20)),
    a_list("texts", enum("t", "", "ä"), percent_nulls=20),
    a_list("flags", enum("t", True, False)),
    a_list("nested", a_list("inner", integer("i", uniform(0, 9)), constant(2)), constant(2)),
    a_list(
        "objects", {"name": "o", "type": "object", "dimensions": [enum("k", 1, None, percent_missing=30)]}, constant(3)
    ),
    *(enum(f"more_{number}", number, percent_missing=10) for number in range(12)),
)
UNALIKE = world(  # two emitters, whose dimensions of the same name have other types
    enum("v", "text", None),
    {"name": "o", "type": "object", "dimensions": [enum("k", 1)]},
    enum("alike", "x", percent_missing=50),
    states=[state("s", "t"), state("t", emitter="f")],
)
UNALIKE["emitters"].append({"name": "f", "dimensions": [enum("o", 0.5), enum("v", 1, 2), enum("alike", None, "y")]})
SPECS = {
    "unalike": UNALIKE,
    "deep": DEEP,
    "mixed": MIXED,
    "wide": WIDE,
    "sensors": READY["sensors"],
    "clicks": READY["clickstream"],
}
each_spec = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())


def messages(spec: dict, kind: str, count: int = COUNT, **keys: object) -> list[bytes]:
    """The records of a spec, each as a message of its own."""
    writer = Registry().make("formatter", {"type": kind, **keys}).begin(run_of(spec, count).layout)
    return [bytes(piece) for batch in batches_of(spec, count) for piece in pieces(writer.lines(batch))]


@pytest.fixture
def stream(generate, tmp_path):
    def run(spec: dict, kind: str, **keys: object) -> bytes:
        write_json(tmp_path / "t.json", {"type": "stdout", "format": {"type": kind, **keys}})
        outcome = generate(spec, "-n", COUNT, "-t", tmp_path / "t.json")
        assert outcome.code == 0, outcome.err
        return outcome.data

    return run


# MessagePack


@each_spec
def test_msgpack_is_what_ormsgpack_writes(stream, spec: dict) -> None:
    expected = [ormsgpack.packb(record) for record in records_of(spec, COUNT)]
    assert messages(spec, "msgpack") == expected
    assert stream(spec, "msgpack") == b"".join(expected)


def test_long_texts_and_lists_have_long_lengths() -> None:
    text = {"name": "t", "type": "string", "length_distribution": {"type": "discrete", "values": [65_535, 65_536]}}
    spec = world(text, a_list("l", enum("i", 1), {"type": "discrete", "values": [65_535, 65_536]}))
    assert messages(spec, "msgpack", 4) == [ormsgpack.packb(record) for record in records_of(spec, 4)]


def test_times_of_msgpack_may_be_numbers() -> None:
    record = ormsgpack.unpackb(messages(DEEP, "msgpack", 1, times="epoch_ms")[0])
    assert (record["time"], record["when"]) == (1704067200000, 1582938123004)


# Avro


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text if text.endswith("Z") else f"{text}Z").astimezone(UTC)


def fitted(value: object, type_: object) -> object:
    """A value of JSON as a library for Avro wants it for a type of a schema."""
    if isinstance(type_, list):
        return None if value is None else fitted(value, type_[1])
    if isinstance(type_, dict) and type_["type"] == "record":
        by_name = {re.sub(r"\W", "_", name, flags=re.ASCII): inner for name, inner in value.items()}
        return {field["name"]: fitted(by_name.get(field["name"]), field["type"]) for field in type_["fields"]}
    if isinstance(type_, dict) and type_["type"] == "array":
        return [fitted(item, type_["items"]) for item in value]
    if isinstance(type_, dict):
        return moment(value)
    if type_ == "string" and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value


def avro_records(spec: dict, schema: dict) -> list[object]:
    """The records as fastavro has them; in a column of several types a text is JSON too, in quotes."""
    several = ("mixed", "x", "v")
    records = [fitted(record, schema) for record in records_of(spec, COUNT)]
    for field in schema["fields"]:
        if field["name"] in several and field["type"][1] == "string":
            for record, raw in zip(records, records_of(spec, COUNT), strict=True):
                if isinstance(raw.get(field["name"]), str):
                    record[field["name"]] = json.dumps(raw[field["name"]], ensure_ascii=False)
    return records


def avro_of(spec: dict) -> dict:
    return avro_schema(exported_types(run_of(spec, 1).layout), "Record")


@each_spec
def test_avro_is_what_fastavro_writes(spec: dict) -> None:
    schema = avro_of(spec)
    parsed = fastavro.parse_schema(schema)
    expected = []
    for record in avro_records(spec, schema):
        fastavro.schemaless_writer(out := io.BytesIO(), parsed, record)
        expected.append(out.getvalue())
    assert messages(spec, "avro") == expected


@pytest.mark.parametrize("codec", ["null", "deflate", "zstandard"])
def test_a_file_of_avro_reads_back_as_the_records(stream, codec: str) -> None:
    data = stream(WIDE, "avro", codec=codec, name="Request", namespace="shop")
    reader = fastavro.reader(io.BytesIO(data))
    assert reader.writer_schema["name"] == "shop.Request"
    assert list(reader) == avro_records(WIDE, avro_of(WIDE))


def test_a_file_of_avro_can_be_added_to(generate, tmp_path) -> None:
    target = {"type": "file", "path": str(tmp_path / "a.avro"), "append": True, "format": "avro"}
    write_json(tmp_path / "t.json", target)
    for _ in range(2):
        assert generate(MIXED, "-n", 100, "-t", tmp_path / "t.json").code == 0
    found = list(fastavro.reader(io.BytesIO((tmp_path / "a.avro").read_bytes())))
    assert found[:100] == found[100:] == avro_records(MIXED, avro_of(MIXED))[:100]


@pytest.mark.parametrize("kind", ["avro", "arrow"])
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_file_with_another_schema_is_not_added_to(generate, tmp_path, kind: str, compression: str) -> None:
    target = {"type": "file", "path": str(tmp_path / "a"), "append": True, "compression": compression, "format": kind}
    write_json(tmp_path / "t.json", target)
    assert [generate(world(enum("a", 1)), "-n", 1, "-t", tmp_path / "t.json").code for _ in range(2)] == [0, 0]
    before = (tmp_path / "a").read_bytes()
    outcome = generate(world(enum("b", 1)), "-n", 1, "-t", tmp_path / "t.json")
    assert (outcome.code, "a can't be added to: it has another format, schema or codec" in outcome.err) == (1, True)
    assert (tmp_path / "a").read_bytes() == before


# Protocol Buffers


def message_class(text: str, folder) -> type:
    """The class that protoc makes of a schema."""
    (folder / "record.proto").write_text(text)
    include = import_module("grpc_tools").__path__[0] + "/_proto"
    made = folder / "record.pb"
    arguments = [
        "protoc",
        f"-I{folder}",
        f"-I{include}",
        "--include_imports",
        f"--descriptor_set_out={made}",
        "record.proto",
    ]
    assert protoc.main(arguments) == 0
    pool = DescriptorPool()
    files = import_module("google.protobuf.descriptor_pb2").FileDescriptorSet.FromString(made.read_bytes()).file
    for file in files:
        pool.Add(file) if hasattr(pool, "Add") else pool.AddSerializedFile(file.SerializeToString())
    name = next(file for file in files if file.name == "record.proto").message_type[0].name
    return GetMessageClass(pool.FindFileByName("record.proto").message_types_by_name[name])


def fill(message: object, record: dict) -> None:
    """Set the fields of a message to the values of a record."""
    for name, value in record.items():
        field = message.DESCRIPTOR.fields_by_name[re.sub(r"\W", "_", name, flags=re.ASCII)]
        if value is None:
            continue
        at = getattr(message, field.name)
        if field.is_repeated:
            for item in value:
                if item is None:
                    continue
                if field.message_type is None:
                    at.append(scalar(item, field))
                else:
                    fill_one(at.add(), item)
        elif field.message_type is not None:
            at.SetInParent()
            fill_one(at, value)
        else:
            setattr(message, field.name, scalar(value, field))


def fill_one(message: object, value: object) -> None:
    if message.DESCRIPTOR.full_name == "google.protobuf.Timestamp":
        message.FromDatetime(moment(value))
    else:
        fill(message, value if isinstance(value, dict) else {"items": value})


def scalar(value: object, field: object) -> object:
    is_json = field.type == field.TYPE_STRING and (not isinstance(value, str) or field.name in ("mixed", "x", "v"))
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if is_json else value


@each_spec
def test_protobuf_is_what_the_class_of_protoc_writes(stream, spec: dict, tmp_path) -> None:
    made = message_class(protobuf_schema(exported_types(run_of(spec, 1).layout), "Record"), tmp_path)
    expected = []
    for record in records_of(spec, COUNT):
        fill(message := made(), record)
        expected.append(message.SerializeToString())
    assert messages(spec, "protobuf") == expected
    data, at, found = stream(spec, "protobuf"), 0, []
    while at < len(data):
        size, at = _DecodeVarint(data, at)
        found.append(data[at : at + size])
        at += size
    assert found == expected


def test_times_before_1970_are_seconds_down_and_nanoseconds_up(tmp_path) -> None:
    spec = world(
        {"name": "t", "type": "timestamp", "distribution": constant("1969-12-31T23:59:59.250Z")},
        enum("z", "1970-01-01T00:00:00Z"),
    )
    made = message_class(protobuf_schema(exported_types(run_of(spec, 1).layout), "Record"), tmp_path)
    moment_ = made.FromString(messages(spec, "protobuf", 1)[0]).t
    assert (moment_.seconds, moment_.nanos) == (-1, 250_000_000)


def test_blocks_hold_the_same_records_for_every_number_of_threads(generate) -> None:
    found = [generate(MIXED, "-n", 20_000, "-f", "avro", "--threads", threads).data for threads in (1, 2)]
    one, two = (list(fastavro.reader(io.BytesIO(data))) for data in found)
    assert len(one) == 20_000
    assert one == two


# Arrays as plug-ins may give them


@pytest.mark.parametrize("kind", ["msgpack", "avro", "protobuf", "json_schema"])
@pytest.mark.parametrize("item", [[1, None, 3, 4], ["a", None, "c", "d"], [{"k": 1}, None, {"k": None}, {"k": 2}]])
def test_what_is_below_a_null_is_not_written(kind: str, item: list) -> None:
    array = pa.ListArray.from_arrays(pa.array([0, 2, 4, 4]), pa.array(item), mask=pa.array([False, True, False]))
    writer = Registry().make("formatter", {"type": kind}).begin(Layout({"e": {"l": array.type}}))
    whole, sound = (
        bytes(written([(np.arange(len(lists)), writer.pieces({"l": lists}))], len(lists)).lines(writer.end).data)
        for lists in (array, pa.array(array.to_pylist(), array.type))
    )
    assert whole == sound


# Names and misfits


def test_every_name_makes_a_schema_that_its_makers_take(tmp_path) -> None:
    names = ("2fa", "b_2fa", "google", "é", "a b", "Record")
    spec = world(*({"name": name, "type": "object", "dimensions": [enum("k", 1)]} for name in names))
    types = exported_types(run_of(spec, 1).layout)
    fastavro.parse_schema(avro_schema(types, "Record"))
    text = protobuf_schema(types, "Record", "a.google")
    assert (
        message_class(text, tmp_path).DESCRIPTOR.fields_by_name["time"].message_type.file.package == "google.protobuf"
    )


def test_names_that_are_the_same_in_json_are_no_fields_of_protobuf(generate, tmp_path) -> None:
    spec = world(enum("user_name", 1), enum("userName", 2))
    outcome = generate(spec, "-n", 1, "-f", "protobuf")
    assert (outcome.code, '"user_name" and "userName" would both be called "userName"' in outcome.err) == (2, True)
    assert generate(spec, "-n", 1, "-f", "avro").code == 0


@pytest.mark.parametrize("kind", ["avro", "protobuf"])
def test_names_that_would_become_the_same_are_refused(generate, kind: str) -> None:
    outcome = generate(world(enum("a.b", 1), enum("a_b", 2)), "-n", 1, "-f", kind)
    assert outcome.code == 2
    assert '"a.b" and "a_b" would both be called ' in outcome.err


@pytest.mark.parametrize("kind", ["avro", "protobuf", "msgpack"])
@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"type": "syslog", "host": "localhost"}, "a message of syslog needs a format of text"),
        (
            {"type": "http", "url": "http://localhost/", "token": "x", "splunk_hec": True},
            '"splunk_hec" needs a format of text',
        ),
        ({"type": "http", "url": "http://localhost/", "body": "array"}, 'needs the format "json"'),
    ],
)
def test_what_is_put_around_text_takes_no_binary_format(
    generate, tmp_path, kind: str, target: dict, message: str
) -> None:
    write_json(tmp_path / "t.json", target | {"format": kind})
    outcome = generate(world(), "-n", 1, "-t", tmp_path / "t.json")
    assert outcome.code == 2
    assert message in outcome.err


@pytest.mark.parametrize("kind", ["avro", "protobuf", "msgpack", "arrow"])
def test_a_datagram_is_one_record(generate, tmp_path, kind: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        port = receiver.getsockname()[1]
        write_json(tmp_path / "t.json", {"type": "udp", "host": "127.0.0.1", "port": port, "format": kind})
        assert generate(MIXED, "-n", 20, "-t", tmp_path / "t.json").code == 0
        assert [receiver.recv(65536) for _ in range(20)] == messages(MIXED, kind, 20)


def test_the_body_of_each_request_is_a_file_of_avro(generate, tmp_path) -> None:
    bodies = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append((self.headers["content-type"], self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        target = {"type": "http", "url": f"http://127.0.0.1:{server.server_port}/", "batch": {"records": 30}}
        write_json(tmp_path / "t.json", target | {"format": "avro"})
        outcome = generate(MIXED, "-n", COUNT, "-t", tmp_path / "t.json")
        server.shutdown()
    assert outcome.code == 0, outcome.err
    found = [list(fastavro.reader(io.BytesIO(body))) for _, body in bodies]
    assert all(0 < len(records) <= 30 for records in found)
    assert [record for records in found for record in records] == avro_records(MIXED, avro_of(MIXED))
    assert {kind for kind, _ in bodies} == {"application/vnd.apache.avro"}
