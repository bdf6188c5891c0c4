"""What sends lines as UDP datagrams: the sink of the target ``udp``, and that of ``syslog`` over UDP."""

import errno
import os
import socket
import threading
from contextlib import ExitStack

from datagen.plugin.formatter import LineWriter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Position, Sink, Undelivered
from datagen.problems import reason
from datagen.records.lines import pieces
from datagen.targets.sockets.connection import undelivered


class Datagrams(Sink):
    """Sends each line, without its line end, as a datagram; no promise but that a refusal is not ignored."""

    _socket: socket.socket

    def __init__(self, host: str, port: int, writer: LineWriter, scope: Scope) -> None:
        super().__init__(writer, scope)
        self._place = host, port

    def open(self, position: Position) -> None:
        self._socket = self.opened.enter_context(connected(*self._place))

    def write(self, encoded: Encoded) -> None:
        self._raise_refusal()
        for number, record in enumerate(pieces(encoded.lines)):  # about 3 µs a record, nearly all of it in the system
            try:
                self._send(record)
            except OSError as error:
                if error.errno == errno.EMSGSIZE:
                    text = f"a record of {len(record)} bytes does not fit into a datagram"
                    raise Undelivered(text, number, lasting=True) from error
                raise Undelivered(reason(error)) from error  # it is about an earlier one, nobody knows which
        self._raise_refusal()

    def finish(self) -> None:
        try:
            self._raise_refusal()
        except Undelivered as error:
            raise Undelivered(str(error), lasting=True) from error  # too late to send it again

    def _send(self, record: memoryview) -> None:
        while True:
            try:
                self._socket.send(record)
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:  # the system's memory is full; Linux waits by itself
                    raise
            threading.Event().wait(0.001)

    def _raise_refusal(self) -> None:
        """Raise what came back for earlier datagrams."""
        number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            raise Undelivered(os.strerror(number))


def connected(host: str, port: int) -> socket.socket:
    """Return a UDP socket for a host that was looked up; nobody is asked whether anyone listens. Raises Undelivered."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        # IPv4 first: nobody answers, so there is no trying one after the other, and most listen there.
        family, kind, protocol, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
        with ExitStack() as made:
            opened = made.enter_context(socket.socket(family, kind, protocol))
            opened.connect(address)
            made.pop_all()
            return opened
    except (OSError, ValueError) as error:
        raise undelivered(error) from error
