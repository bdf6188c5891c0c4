"""The target ``udp``."""

from typing import ClassVar

from pydantic import Field, PrivateAttr

from datagen.plugin.formatter import Formatter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Position, Target
from datagen.records.batch import Layout
from datagen.targets.sockets.datagram import Datagrams


class Udp(Target):
    """Each record as a UDP datagram, without its line end and without a header.

    UDP promises nothing: a datagram that the network or a full receiver drops is lost, and nobody is told. A record
    counts as delivered once our own system has taken it. A refusal that comes back (nobody listens on the port) is an
    error, though, and so is a record that does not fit into a datagram (65,507 bytes over IPv4).

    Example: {"type": "udp", "host": "localhost", "port": 9001}
    """

    kind: ClassVar[str] = "udp"
    host: str = Field(min_length=1, description="name or address of the receiver; an IPv4 address of it is preferred")
    port: int = Field(ge=1, le=65535, description="where it listens")
    _datagrams: Datagrams = PrivateAttr()

    def __str__(self) -> str:
        return f"udp {self.host}:{self.port}"

    def prepare(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        self._datagrams = Datagrams(self.host, self.port)
        return super().prepare(layout, formatter, scope)

    def open(self, position: Position) -> None:
        self._datagrams.open()

    def write(self, encoded: Encoded) -> None:
        self._datagrams.deliver(encoded.lines)

    def finish(self) -> None:
        self._datagrams.finish()

    def close(self) -> None:
        self._datagrams.close()
