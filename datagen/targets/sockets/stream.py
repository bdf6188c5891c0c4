"""TCP connections of targets, with or without TLS, that know what their peer has acknowledged.

Stands between such a target and the system. Of records it knows only where each ends.
"""

import select
import socket
import sys
from array import array
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from datagen.clock import stopwatch
from datagen.plugin.target import Undelivered
from datagen.records.lines import Lines
from datagen.targets.tls import Tls, explained

if TYPE_CHECKING:
    pass

_CONNECT = 10  # seconds: the longest that making a connection may take
_LEAVE = 1.0  # seconds that a peer has to close its end too, once all was sent
_GLANCE = 200  # ms after which somebody who waits for room looks how long it has been
_LONGEST_PAUSE = 10  # ms between two looks at what is acknowledged; nothing tells when that changes
_TLS_CHUNK = 131072  # bytes; what was written of a chunk counts once all of it was
_TLS_RECORD = 16384  # bytes of plain text at most (RFC 8446, section 5.1); can't be read unless all of it arrives
_AT_ONCE = 65536  # bytes to read
_ROUNDS = 64  # of reading, so that a peer that never stops talking does not keep us from sending


class _Ended(ConnectionError):
    """The peer has closed its end."""


class Stream:
    """A TCP connection, with or without TLS, that knows what its peer's system has acknowledged.

    TCP does not know what the peer's program has read. So that much is promised and no more: what was acknowledged is
    in the memory of the peer's system, where only the end of its program or its machine can lose it.
    """

    def __init__(self, host: str, port: int, tls: Tls | None, timeout: float, say: Callable[[str], None]) -> None:
        self._place = host, port
        self._tls = tls
        self._timeout = timeout  # seconds without any progress
        self._say = say
        self._socket: socket.socket | None = None
        self._again: tuple[type[OSError], ...] = (BlockingIOError,)
        self._sent = 0  # bytes of the lines that are being delivered
        self._warned = False

    def open(self) -> None:
        """Connect. Raises Undelivered."""
        try:
            self._socket = socket.create_connection(self._place, min(_CONNECT, self._timeout))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                import ssl

                self._socket = self._tls.wrapped(self._socket, self._place[0])
                self._again = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
            self._socket.setblocking(False)
        except (OSError, ValueError) as error:  # ValueError: of a host's name that can't be one
            raise undelivered(error) from error
        self._poll = select.poll()
        self._poll.register(self._socket)

    def deliver(self, lines: Lines) -> None:
        """Send lines; return when the peer's system has acknowledged all of them. Raises Undelivered."""
        self._sent = 0
        try:
            if self._has_ended():  # nothing of these lines is on its way yet, so nothing of them is lost or doubled
                self.close()
                self.open()
            self._send(lines.data)
        except OSError as error:
            self._warn_of(error)
            records = int(np.searchsorted(lines.ends, self._acknowledged(), "right"))
            self._give_up()
            raise undelivered(error, records) from error

    def finish(self) -> None:
        """Say that nothing follows, and give the peer a moment to read all and to close its end.

        Raises Undelivered when it says only now that it does not trust us (TLS 1.3).
        """
        try:
            if self._has_ended():
                return
            if self._tls is not None:
                with suppress(*self._again):
                    self._open.unwrap()  # type: ignore[attr-defined]  # of an SSLSocket; tells the peer
            socket.socket.shutdown(self._open, socket.SHUT_WR)  # not that of an SSLSocket, which would end TLS
            end = stopwatch() + _LEAVE
            while stopwatch() < end:
                self._look(select.POLLIN, _GLANCE)
        except _Ended:
            return  # it has read all
        except OSError as error:
            self._warn_of(error)
            if undelivered(error).lasting:
                raise undelivered(error) from error

    def close(self) -> None:
        """Let go of the connection; may be called at any time."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @property
    def _open(self) -> socket.socket:
        assert self._socket is not None
        return self._socket

    def _send(self, data: memoryview) -> None:
        before, moved, pause = (-1, 0), stopwatch(), 1
        while (now := (self._sent, self._outstanding() or 0)) != (len(data), 0):
            if now != before:
                before, moved, pause = now, stopwatch(), 1
            elif stopwatch() - moved > self._timeout:
                raise TimeoutError(f"the peer took nothing for {self._timeout} s")
            if self._sent < len(data):
                self._look(select.POLLIN | select.POLLOUT, _GLANCE)
                self._push(data[self._sent :])
            else:
                self._look(select.POLLIN, pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _push(self, data: memoryview) -> None:
        """Hand over to the system as much as it takes."""
        with suppress(*self._again):
            self._sent += self._open.send(data if self._tls is None else data[:_TLS_CHUNK])

    def _has_ended(self) -> bool:
        """Tell whether the peer has closed its end; what is sent then may look delivered and be lost."""
        try:
            self._look(select.POLLIN, 0)
        except _Ended as error:
            self._warn_of(error)
            return True
        return False

    def _look(self, events: int, milliseconds: int) -> None:
        """Wait for something to happen; read what the peer says, which nobody wants. Raises OSError if it has gone."""
        self._poll.modify(self._open, events)
        if not any(happened & ~select.POLLOUT for _, happened in self._poll.poll(milliseconds)):
            return
        with suppress(*self._again):
            for _ in range(_ROUNDS):
                if not self._open.recv(_AT_ONCE):
                    raise _Ended("the peer has closed the connection")

    def _outstanding(self) -> int | None:
        """Give how many bytes the peer's system has not acknowledged, None where our own does not tell; 0.6 µs."""
        if sys.platform != "linux":
            return None
        import fcntl
        import termios

        count = array("i", [0])
        fcntl.ioctl(self._open, termios.TIOCOUTQ, count)  # SIOCOUTQ, tcp(7); also after the connection has broken
        return count[0]

    def _acknowledged(self) -> int:
        """Give how many bytes of those sent are surely with the peer's system."""
        outstanding = self._outstanding() if self._socket is not None else None
        if outstanding is None:
            return 0
        if outstanding and self._tls is not None:  # what is encrypted is longer, so this many bytes at most are open
            outstanding += _TLS_RECORD
        return max(self._sent - outstanding, 0)

    def _give_up(self) -> None:
        """See to it that closing drops what was not acknowledged: it is sent again, on another connection."""
        if self._socket is not None:
            with suppress(OSError):
                linger = array("i", [1, 0]).tobytes()  # struct linger: on, 0 seconds
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def _warn_of(self, error: OSError) -> None:
        place = f"{self._place[0]}:{self._place[1]}"
        if isinstance(error, ConnectionResetError):  # a system does so when a program ends that has not read all
            self._say(
                f"warning: {place} reset the connection; records that its system had acknowledged, but its program had "
                "not read yet, may be lost"
            )
        elif isinstance(error, _Ended) and not self._warned:  # as some do that do not like what they read
            self._say(f"warning: {place} has closed the connection; another one is made when it is needed")
            self._warned = True


def undelivered(error: Exception, records: int = 0) -> Undelivered:
    """Turn what a socket raised into what a target raises.

    A name that can't be one and a certificate that is refused, ours or the peer's, last.
    """
    import ssl

    passing = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
    lasting = isinstance(error, ValueError | ssl.SSLError) and not isinstance(error, passing)
    return Undelivered(explained(error), records, lasting=lasting)
