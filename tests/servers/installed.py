"""Real servers for tests: whether one is there, a broker to start, and a proxy that cuts connections."""

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from shutil import which
from typing import NoReturn

import pytest


def is_up(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((host, port)) == 0


def require(name: str, port: int, how: str) -> None:
    """Skip the test, or fail it where servers are required, unless a server listens on this machine."""
    if not is_up(port):
        unavailable(f"needs {name} on 127.0.0.1:{port}; start it with: {how}")


def unavailable(message: str) -> NoReturn:
    """Skip the test, or fail it where servers are required."""
    if os.environ.get("DATAGEN_REQUIRE_SERVERS"):
        pytest.fail(message)
    pytest.skip(message)


def program(name: str, package: str) -> str:
    """Return where a program is; without it skip the test, or fail it where servers are required."""
    return which(name) or unavailable(f"needs the program {name}; install the package {package}")


def postgres() -> str:
    require("PostgreSQL", 5432, "pg_ctlcluster 15 main start")
    return "postgresql://postgres@127.0.0.1:5432/test"


def redis() -> str:
    require("Redis", 6379, "redis-server --port 6379")
    return "redis://127.0.0.1:6379/0"


def rabbitmq() -> str:
    require("RabbitMQ", 5672, "rabbitmq-server -detached")
    return "amqp://guest:guest@127.0.0.1:5672/"


def mosquitto() -> int:
    require("Mosquitto", 1883, "mosquitto -d")
    return 1883


def nats() -> str:
    require("NATS with JetStream", 4222, "nats-server -js")
    return "nats://127.0.0.1:4222"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def wait_until(true: Callable[[], object], seconds: float = 60) -> None:
    """Wait for another process; fails when it takes too long."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


class Proxy:
    """Passes bytes on to a server, as long as it is not cut; ``delay`` makes it a target that accepts nothing."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self._open = threading.Event()
        self._open.set()
        self._flows = threading.Event()
        self._flows.set()
        self.passed = 0  # bytes on their way to the server
        self.refused = self.connected = 0  # connections
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Cut all connections and refuse new ones."""
        self._open.clear()
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                _reset(end)

    def mend(self) -> None:
        """Accept connections again."""
        self._open.set()

    def stall(self) -> None:
        """Take no more bytes on the way to the server."""
        self._flows.clear()

    def flow(self) -> None:
        """Let bytes pass again."""
        self._flows.set()

    def close(self) -> None:
        self._server.close()
        self.cut()

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            if not self._open.is_set():
                self.refused += 1
                _reset(client)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                _reset(client)
                continue
            self.connected += 1
            with self._lock:
                self._pairs.append((client, server))
            threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        try:
            while data := source.recv(65536):
                if counted:
                    self._flows.wait()
                    self.passed += len(data)
                sink.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, sink):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


def _reset(end: socket.socket) -> None:
    """Close a connection in a way that the other side takes for a failure."""
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        end.shutdown(socket.SHUT_RDWR)
    end.close()
