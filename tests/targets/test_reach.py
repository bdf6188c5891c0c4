"""What a target says of a server that is not there."""

import json

import pytest

from tests.servers.installed import free_port
from tests.servers.traffic import RICH

AT = "127.0.0.1:{port}"
TARGETS = {
    "amqp": {"type": "amqp", "queue": "q", "url": f"amqp://{AT}/"},
    "elasticsearch": {"type": "elasticsearch", "hosts": [f"http://{AT}"], "index": "i"},
    "http": {"type": "http", "url": f"http://{AT}/"},
    "kafka": {"type": "kafka", "endpoint": AT, "topic": "t"},
    "mqtt": {"type": "mqtt", "host": "127.0.0.1", "port": "{port}", "topic": "t"},
    "nats": {"type": "nats", "servers": f"nats://{AT}", "subject": "t"},
    "opensearch": {"type": "opensearch", "hosts": [f"http://{AT}"], "index": "i"},
    "postgres": {"type": "postgres", "dsn": f"postgresql://{AT}/x", "table": "t"},
    "redis": {"type": "redis", "url": f"redis://{AT}/0", "stream": "t"},
    "s3": {"type": "file", "path": f"s3://bucket/x.json?endpoint_override={AT}&scheme=http"},
    "syslog": {"type": "syslog", "host": "127.0.0.1", "port": "{port}", "transport": "tcp"},
    "tcp": {"type": "tcp", "host": "127.0.0.1", "port": "{port}"},
}


def at(kind: str, port: int) -> dict:
    """Return a target of a kind at a port of this machine."""
    target = json.loads(json.dumps(TARGETS[kind]).replace("{port}", str(port)))
    return target | ({"port": port} if "port" in target else {})


@pytest.mark.parametrize("kind", TARGETS)
def test_who_is_not_there_is_named_with_its_port(generate, monkeypatch, kind) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    port = free_port()
    outcome = generate(RICH | {"target": at(kind, port)}, "-n", 5)
    assert outcome.code == 1
    message = outcome.err[outcome.err.index("writing to") :]
    assert "127.0.0.1" in message
    assert str(port) in message
