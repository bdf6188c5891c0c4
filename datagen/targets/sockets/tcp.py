"""The target ``tcp``."""

from typing import ClassVar

import numpy as np
from pydantic import Field, PrivateAttr

from datagen.plugin.formatter import Formatter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Position, Target
from datagen.records.batch import Layout
from datagen.records.lines import Lines
from datagen.targets.sockets.stream import Stream
from datagen.targets.tls import Tls


class Tcp(Target):
    """Lines over a TCP connection, with or without TLS, to whatever listens: Logstash, Vector, Fluent Bit, netcat.

    Such a receiver does not say what it has read. A record counts as delivered once the receiver's *system* has
    acknowledged it (on Linux; elsewhere once it was handed to our own system). When a connection breaks, the records
    that were not acknowledged are sent again, whole, on the next one. What the receiver's system had taken and its
    program had not read when the program died is lost; there is a warning when that may be so. A connection that the
    receiver has closed between two records is made anew without losing any.

    Example: {"type": "tcp", "host": "localhost", "port": 9000}
    Example: {"type": "tcp", "host": "localhost", "port": 9000, "tls": {"insecure": true}, "on_error": "retry"}
    """

    kind: ClassVar[str] = "tcp"
    host: str = Field(min_length=1, description="name or address of the receiver")
    port: int = Field(ge=1, le=65535, description="where it listens")
    tls: Tls | None = Field(
        None,
        description="speak TLS: `{}` or an object of `ca`, `cert`, `key` (PEM files), `insecure`, `server_name`",
    )
    timeout: int | float = Field(
        30,
        gt=0,
        le=3600,
        description="seconds in which the receiver takes nothing, after which the connection has failed",
    )
    _stream: Stream = PrivateAttr()

    def __str__(self) -> str:
        return f"tcp {self.host}:{self.port}"

    def problem(self) -> str | None:
        return None if self.tls is None else self.tls.problem()

    def prepare(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        self._stream = Stream(self.host, self.port, self.tls, self.timeout, scope.say)
        return super().prepare(layout, formatter, scope)

    def open(self, position: Position) -> None:
        self._stream.open()
        header = self._formatter.header().encode()
        if position is None and header:
            self._stream.deliver(Lines(memoryview(header), np.array([len(header)])))

    def write(self, encoded: Encoded) -> None:
        self._stream.deliver(encoded.lines)

    def finish(self) -> None:
        self._stream.finish()

    def close(self) -> None:
        self._stream.close()
