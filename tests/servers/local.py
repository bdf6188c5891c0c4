"""The servers that the pages of the targets tell a reader to have on this machine, on their standard ports."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

from tests.servers import collector, installed, kafka_broker, listeners, s3_server, search_server

# Those that a test can start itself, by kind of target: the ports they listen on.
OWN: dict[str, list[tuple[int, Callable[[int], AbstractContextManager[object]]]]] = {
    "kafka": [(9092, kafka_broker.serve)],
    "http": [(8080, collector.serve), (8088, collector.serve)],
    "opensearch": [(9200, search_server.serve)],
    "elasticsearch": [(9200, search_server.serve)],
    "tcp": [(9000, listeners.serve_tcp)],
    "udp": [(9001, listeners.serve_udp)],
    "syslog": [(1514, listeners.serve_tcp)],
    "s3": [(5555, lambda port: s3_server.serve(port, "events"))],
}
INSTALLED: dict[str, Callable[[], object]] = {
    "postgres": installed.postgres,
    "redis": installed.redis,
    "mqtt": installed.mosquitto,
    "amqp": installed.rabbitmq,
    "nats": installed.nats,
}
FAR = ("confluent",)  # what can't be had on this machine: such targets are only checked
HERE = ("stdout", "file", "parquet", "delta", "iceberg")  # what needs no server


class Local:
    """Starts each server when it is first needed."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._started: set[int] = set()

    def need(self, kind: str) -> None:
        """Have what a kind of target needs; skips or fails the test when that can't be."""
        if kind in INSTALLED:
            INSTALLED[kind]()
        for port, serve in OWN.get(kind, ()):
            if port not in self._started and not installed.is_up(port):
                self._stack.enter_context(serve(port))
                self._started.add(port)

    def close(self) -> None:
        self._stack.close()
