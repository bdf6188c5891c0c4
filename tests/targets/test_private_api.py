"""What targets use of their libraries that is not public: whether it is still there, as each target expects it.

A library may change such parts at any time, so its version has an upper bound. Whoever raises that bound runs this.
"""

import ast
import inspect
from collections.abc import Iterator
from importlib.metadata import version

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from pika import BasicProperties, SelectConnection, frame, spec

from datagen.plugin.target import Target
from datagen.targets.amqp.frames import Envelope
from datagen.targets.amqp.target import Amqp
from datagen.targets.mqtt.publisher import Publisher
from datagen.targets.mqtt.target import Mqtt
from tests.worlds import ROOT

# Library, class, private method and its parameters.
METHODS = [
    ("pika", SelectConnection, "_output_marshaled_frames", ["self", "marshaled_frames"]),
    ("pika", SelectConnection, "_adapter_disconnect_stream", ["self"]),
    ("paho-mqtt", Client, "_handle_pubrec", ["self"]),
]
KNOWN = {"_output_marshaled_frames", "_adapter_disconnect_stream", "_handle_pubrec", "_in_packet"}


@pytest.mark.parametrize(("library", "owner", "name", "parameters"), METHODS, ids=[method[2] for method in METHODS])
def test_a_private_method_is_as_a_target_expects_it(library, owner, name, parameters) -> None:
    where = f"{library} {version(library)}: {owner.__name__}.{name}"
    method = inspect.getattr_static(owner, name, None)
    assert inspect.isfunction(method), f"{where} is gone"
    assert not inspect.iscoroutinefunction(method), f"{where} has become a coroutine"
    found = list(inspect.signature(method).parameters)
    assert found == parameters, f"{where} takes {found} now, not {parameters}"


def test_the_packet_that_paho_has_read_is_where_a_publisher_expects_it() -> None:
    where = f"paho-mqtt {version('paho-mqtt')}: Client._in_packet"
    client = Client(CallbackAPIVersion.VERSION2)
    assert hasattr(client, "_in_packet"), f"{where} is gone"
    content = client._in_packet.get("packet")
    assert isinstance(content, bytes | bytearray), f'{where}["packet"] is {content!r} now, not bytes'


def test_paho_calls_the_method_that_a_publisher_replaces() -> None:
    """It may keep a method and call another one: then nobody would hear of a refusal with QoS 2."""
    callers = [name for name, method in vars(Client).items() if calls(method, "_handle_pubrec")]
    assert callers, f"paho-mqtt {version('paho-mqtt')}: nobody calls Client._handle_pubrec"
    assert Publisher._handle_pubrec is not Client._handle_pubrec


def calls(method: object, name: str) -> bool:
    return inspect.isfunction(method) and name in method.__code__.co_names and method.__name__ != name


@pytest.mark.parametrize("target", [Amqp, Mqtt])
def test_a_library_with_private_parts_has_an_upper_bound(target: type[Target]) -> None:
    assert target.library is not None
    assert ",<" in target.library[1]


@pytest.mark.parametrize("folder", ["amqp", "mqtt"])
def test_no_other_private_part_is_used(folder) -> None:
    for path in sorted((ROOT / "datagen/targets" / folder).glob("*.py")):
        tree = ast.parse(path.read_text())
        assert set(used(tree)) - set(own(tree)) <= KNOWN, path


def used(tree: ast.AST) -> Iterator[str]:
    """The names of private attributes that are read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.endswith("__"):
            yield node.attr


def own(tree: ast.AST) -> Iterator[str]:
    """The names of private attributes that a module gives its own classes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign):
            yield ast.unparse(node.target).removeprefix("self.")
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self":
            yield node.attr


@pytest.mark.parametrize("record", [b"", b"x", b"123456789", b"1234567890", b"12345678901", b"x" * 1000])
@pytest.mark.parametrize("persistent", [True, False])
@pytest.mark.parametrize("mandatory", [True, False])
def test_a_message_is_what_pika_would_send(record, persistent, mandatory) -> None:
    key, room = "é.clicks", 10
    properties = BasicProperties(delivery_mode=2 if persistent else None)
    parts = [record[begin : begin + room] for begin in range(0, len(record), room)]
    frames = [
        frame.Method(7, spec.Basic.Publish(0, "shöp", key, mandatory)),
        frame.Header(7, len(record), properties),
        *(frame.Body(7, part) for part in parts),
    ]
    expected = b"".join(part.marshal() for part in frames)
    assert Envelope("shöp", mandatory, persistent).messages(7, room, [key], [memoryview(record)]) == [expected]
