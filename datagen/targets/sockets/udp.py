"""The target ``udp``."""

from typing import ClassVar

from pydantic import Field

from datagen.plugin.formatter import Formatter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Target
from datagen.records.batch import Layout
from datagen.targets.sockets.datagram import Datagrams, connected


class Udp(Target):
    """UDP datagrams, one for each record: its line, without the line end. A header is not sent.

    UDP promises nothing: a datagram that the network or a full receiver drops is lost, and nobody is told. A record
    counts as delivered once our own system has taken it. It is an error, though, when a refusal comes back because
    nobody listens on the port, and when a record does not fit into a datagram (65,507 bytes over IPv4).

    Example: {"type": "udp", "host": "localhost", "port": 9001}
    """

    kind: ClassVar[str] = "udp"
    host: str = Field(min_length=1, description="name or address of the receiver; a name's IPv4 address is preferred")
    port: int = Field(ge=1, le=65535, description="where it listens")

    def __str__(self) -> str:
        return f"udp {self.host}:{self.port}"

    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> Datagrams:
        return Datagrams(self.host, self.port, formatter.begin(layout), scope)

    def check(self) -> None:
        connected(self.host, self.port).close()
