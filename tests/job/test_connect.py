"""``--check --connect``: whether targets can be reached, without changing anything there."""

import json
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from datagen.plugin.registry import BUILT_IN
from tests.servers import installed
from tests.servers.local import FAR
from tests.worlds import START, counter, world, write_json

SPEC = world(counter("n"))
# A target of each kind whose host can be chosen, with a port that nobody listens on.
NOBODY = {
    "amqp": {"url": "amqp://guest:hunter22@127.0.0.1:{port}/", "queue": "q"},
    "confluent": {"servers": "127.0.0.1:{port}", "topic": "t", "username": "me", "password": "hunter22", "timeout": 1},
    "delta": {"path": "s3://bucket/x?endpoint_override=127.0.0.1:{port}&scheme=http&access_key=a&secret_key=hunter22"},
    "elasticsearch": {"hosts": ["http://127.0.0.1:{port}"], "index": "i"},
    "file": {"path": "s3://bucket/x?endpoint_override=127.0.0.1:{port}&scheme=http&access_key=a&secret_key=hunter22"},
    "http": {"url": "http://me:hunter22@127.0.0.1:{port}/x"},
    "iceberg": {"table": "a.b", "catalog": {"type": "rest", "uri": "http://me:hunter22@127.0.0.1:{port}/"}},
    "kafka": {"endpoint": "127.0.0.1:{port}", "topic": "t", "timeout": 1},
    "mqtt": {"host": "127.0.0.1", "port": "{port}", "topic": "t"},
    "nats": {"servers": "nats://me:hunter22@127.0.0.1:{port}", "subject": "s"},
    "opensearch": {"hosts": ["http://127.0.0.1:{port}"], "index": "i"},
    "parquet": {
        "path": "s3://bucket/x?endpoint_override=127.0.0.1:{port}&scheme=http&access_key=a&secret_key=hunter22"
    },
    "postgres": {"dsn": "postgresql://me:hunter22@127.0.0.1:{port}/test", "table": "t"},
    "redis": {"url": "redis://:hunter22@127.0.0.1:{port}/0", "list": "l"},
    "syslog": {"host": "127.0.0.1", "port": "{port}"},
    "tcp": {"host": "127.0.0.1", "port": "{port}"},
    "udp": {"host": "no.such.host.invalid", "port": "{port}"},
}
ALWAYS_THERE = {"stdout"}
LOCAL = [
    path
    for path in sorted(Path(__file__).parents[2].glob("conf/tar/*.json"))
    if json.loads(path.read_text())["type"] not in FAR
]


def with_port(value: object, port: int) -> object:
    """Fill a port in, as a number where it stands alone."""
    if isinstance(value, dict):
        return {key: with_port(member, port) for key, member in value.items()}
    if isinstance(value, list):
        return [with_port(member, port) for member in value]
    return port if value == "{port}" else value.replace("{port}", str(port)) if isinstance(value, str) else value


def test_every_kind_of_target_has_a_case() -> None:
    assert set(NOBODY) | ALWAYS_THERE == set(BUILT_IN["target"])


@pytest.mark.parametrize("kind", NOBODY)
def test_a_target_that_cannot_be_reached_is_a_problem(command, tmp_path, kind: str) -> None:
    target = with_port({"type": kind, **NOBODY[kind]}, installed.free_port())
    files = write_json(tmp_path / "spec.json", SPEC), write_json(tmp_path / "target.json", target)
    outcome = command("-c", files[0], "-t", files[1], "-s", START, "--check", "--connect")
    assert outcome.code == 2
    assert f"target {kind}" in outcome.err
    assert "can't be reached: " in outcome.err
    assert "hunter22" not in outcome.err
    assert "Traceback" not in outcome.err


def test_without_connect_nobody_is_asked(command, tmp_path) -> None:
    target = with_port({"type": "redis", **NOBODY["redis"]}, installed.free_port())
    files = write_json(tmp_path / "spec.json", SPEC), write_json(tmp_path / "target.json", target)
    assert command("-c", files[0], "-t", files[1], "--check").code == 0


@pytest.mark.parametrize("path", LOCAL, ids=lambda path: path.stem)
def test_a_target_that_is_there_is_reached(
    command, local: AbstractContextManager, path: Path, monkeypatch, tmp_path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPLUNK_TOKEN", "secret")
    local.need(json.loads(path.read_text())["type"])
    spec = write_json(tmp_path / "spec.json", json.loads((path.parents[1] / "gen/clickstream.json").read_text()))
    outcome = command("-c", spec, "-t", path, "-s", START, "--check", "--connect")
    assert outcome.code == 0, outcome.err
    assert [file.name for file in tmp_path.iterdir()] == ["spec.json"]
