"""UDP sockets of targets.

Stands between such a target and the system. Of records it knows only where each ends.
"""

import errno
import os
import socket
import threading

from datagen.plugin.target import Undelivered
from datagen.problems import reason
from datagen.records.lines import Lines, pieces
from datagen.targets.sockets.stream import undelivered


class Datagrams:
    """A UDP socket: one record a datagram, and no promise but that a refusal which comes back is not ignored."""

    def __init__(self, host: str, port: int) -> None:
        self._place = host, port
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Look the host up; nobody is asked whether anyone listens. Raises Undelivered."""
        try:
            found = socket.getaddrinfo(*self._place, type=socket.SOCK_DGRAM)
            # IPv4 first: nobody answers, so there is no trying one after the other, and most listen there.
            family, kind, protocol, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
            self._socket = socket.socket(family, kind, protocol)
            self._socket.connect(address)
        except (OSError, ValueError) as error:
            raise undelivered(error) from error

    def deliver(self, lines: Lines) -> None:
        """Send each line, without its line end, as a datagram. Raises Undelivered."""
        self._check()
        for number, record in enumerate(pieces(lines)):  # about 3 µs a record, nearly all of it in the system
            try:
                self._send(record)
            except OSError as error:
                if error.errno == errno.EMSGSIZE:
                    text = f"a record of {len(record)} bytes does not fit into a datagram"
                    raise Undelivered(text, number, lasting=True) from error
                raise Undelivered(reason(error)) from error  # it is about an earlier one, nobody knows which
        self._check()

    def finish(self) -> None:
        """See whether any came back. Raises Undelivered."""
        try:
            self._check()
        except Undelivered as error:
            raise Undelivered(str(error), lasting=True) from error  # too late to send it again

    def close(self) -> None:
        """Let go of the socket; may be called at any time."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, record: memoryview) -> None:
        assert self._socket is not None
        while True:
            try:
                self._socket.send(record)
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:  # the system's memory is full; Linux waits by itself
                    raise
            threading.Event().wait(0.001)

    def _check(self) -> None:
        """Raise what came back for earlier datagrams."""
        assert self._socket is not None
        number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            raise Undelivered(os.strerror(number))
