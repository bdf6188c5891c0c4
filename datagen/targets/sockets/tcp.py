"""The target ``tcp``."""

from typing import ClassVar

from pydantic import Field

from datagen.plugin.formatter import Formatter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Target
from datagen.records.batch import Layout
from datagen.targets.sockets.connection import Peer
from datagen.targets.sockets.stream import Stream
from datagen.targets.tls import Tls


class Tcp(Target):
    """Lines over a TCP connection, with or without TLS, to whatever listens: Logstash, Vector, Fluent Bit, netcat.

    Such a receiver does not say what it has read. A record counts as delivered once the receiver's *operating system*
    has acknowledged it (on Linux; on other systems, once our own system has taken it). When a connection breaks, the
    records that were not acknowledged are sent again, whole, on the next one. What the receiver's system had
    acknowledged and its program had not read yet when it died or left is lost; a warning says when that may have
    happened. When the receiver closes the connection between two records, a new one is opened.

    Example: {"type": "tcp", "host": "localhost", "port": 9000}
    Example: {"type": "tcp", "host": "localhost", "port": 9000, "tls": {"insecure": true}, "on_error": "retry"}
    """

    kind: ClassVar[str] = "tcp"
    host: str = Field(min_length=1, description="name or address of the receiver")
    port: int = Field(ge=1, le=65535, description="where it listens")
    tls: Tls | None = Field(
        None,
        description="use TLS: `{}`, or an object with `ca`, `cert`, `key` (PEM files), `insecure`, `server_name`",
    )
    timeout: int | float = Field(
        30,
        gt=0,
        le=3600,
        description="seconds for which the receiver may take nothing before the connection counts as broken",
    )

    def __str__(self) -> str:
        return f"tcp {self.host}:{self.port}"

    def problem(self) -> str | None:
        return None if self.tls is None else self.tls.problem()

    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> Stream:
        return Stream(self._peer, formatter.stream(layout), scope)

    def check(self) -> None:
        self._peer.reach()

    @property
    def _peer(self) -> Peer:
        return Peer(self.host, self.port, self.tls, self.timeout)
