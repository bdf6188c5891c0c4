"""TCP connections, with or without TLS, that know what the system at the other end has acknowledged.

Stands between the sink that sends lines and the system; knows nothing of records.
"""

import select
import socket
import sys
from array import array
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass

from datagen.clock import stopwatch
from datagen.plugin.target import Undelivered
from datagen.targets.tls import Tls, explained

_CONNECT = 10  # seconds: the longest that making a connection may take
_LEAVE = 1.0  # seconds that a peer has to close its end too, once all was sent
_GLANCE = 200  # ms after which somebody who waits for room looks how long it has been
_LONGEST_PAUSE = 10  # ms between two looks at what is acknowledged; nothing tells when that changes
_TLS_CHUNK = 131072  # bytes; what was written of a chunk counts once all of it was
_TLS_RECORD = 16384  # bytes of plain text at most (RFC 8446, section 5.1); can't be read unless all of it arrives
_AT_ONCE = 65536  # bytes to read
_ROUNDS = 64  # of reading, so that a peer that never stops talking does not keep us from sending


@dataclass(frozen=True)
class Peer:
    """Whom to connect to, and how."""

    host: str
    port: int
    tls: Tls | None
    timeout: float  # seconds without any progress after which a connection has failed

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def connect(self) -> socket.socket:
        """Return a new connection, after the handshake of TLS. Raises Undelivered."""
        try:
            with ExitStack() as made:
                plain = made.enter_context(
                    socket.create_connection((self.host, self.port), min(_CONNECT, self.timeout))
                )
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connected = plain if self.tls is None else self.tls.wrapped(plain, self.host)
                made.pop_all()
                return connected
        except (OSError, ValueError) as error:  # ValueError: of a host's name that can't be one
            raise undelivered(error) from error

    def reach(self) -> None:
        """Connect and leave again. Raises Undelivered."""
        with closing(Connection(self)) as connection:
            try:
                if self.tls is not None:
                    connection.leave()
            except OSError as error:
                if undelivered(error).lasting:  # else it is about how the peer left
                    raise undelivered(error) from error


class Connection:
    """A connection to a peer."""

    def __init__(self, peer: Peer) -> None:
        """Connect. Raises Undelivered."""
        self._again: tuple[type[OSError], ...] = (BlockingIOError,)
        self._is_tls = peer.tls is not None
        self._timeout = peer.timeout
        self._size = 0  # bytes of what was sent last, once something of it may be on its way
        self._sent = 0  # bytes of it that our own system has taken
        self._has_delivered = False  # whether the peer's system has all of something that was sent before
        self._socket = peer.connect()
        self._awaits_word = False  # whether the peer has yet to say that it trusts us
        if self._is_tls:
            import ssl

            self._again = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
            # The handshake is over before the server has looked at our certificate, or missed it; then comes a ticket
            # (RFC 8446, section 4.6.1) or an alert.
            self._awaits_word = self._socket.version() == "TLSv1.3"  # type: ignore[attr-defined]  # an SSLSocket
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._socket)

    def send(self, data: memoryview) -> None:
        """Send bytes; return when the peer's system has acknowledged all of them.

        Raises BrokenPipeError if the peer has closed its end, another OSError if the connection is broken.
        """
        self._has_delivered = self._has_delivered or self._size > 0
        self._size = self._sent = 0
        self.look()  # at first: what is sent to a peer that has closed its end may look delivered and be lost
        self._size = len(data)
        before, moved, pause = (-1, 0), stopwatch(), 1
        while (now := (self._sent, self._outstanding() or 0)) != (len(data), 0):
            if now != before:
                before, moved, pause = now, stopwatch(), 1
            elif stopwatch() - moved > self._timeout:
                raise TimeoutError(f"the peer took nothing for {self._timeout} s")
            if self._sent < len(data):
                self.look(select.POLLIN | select.POLLOUT, _GLANCE)
                self._push(data[self._sent :])
            else:
                self.look(select.POLLIN, pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def look(self, events: int = select.POLLIN, milliseconds: int = 0) -> None:
        """Wait for something to happen; read what the peer says, which nobody wants.

        Raises BrokenPipeError if the peer has closed its end, another OSError if the connection is broken.
        """
        self._poll.modify(self._socket, events)
        if not any(happened & ~select.POLLOUT for _, happened in self._poll.poll(milliseconds)):
            return
        self._awaits_word = False
        with suppress(*self._again):
            for _ in range(_ROUNDS):
                if not self._socket.recv(_AT_ONCE):
                    raise BrokenPipeError("the peer has closed the connection")

    def acknowledged(self) -> int:
        """Return how many bytes of those sent last are surely with the peer's system."""
        outstanding = self._outstanding()
        if outstanding is None:
            return 0
        if outstanding and self._is_tls:  # what is encrypted is longer, so this many bytes at most are open
            outstanding += _TLS_RECORD
        return max(self._sent - outstanding, 0)

    def is_untouched(self) -> bool:
        """Return whether the peer surely has nothing that it can read of what was sent last."""
        if self._is_tls and self._size > _TLS_RECORD:  # the first of several records of TLS may be there
            return False
        return self._sent <= (self._outstanding() or 0)

    def may_lose(self) -> bool:
        """Return whether the peer's system has anything that its program may not have read."""
        return self._has_delivered or (self._size > 0 and not self.is_untouched())

    def leave(self) -> None:
        """Say that nothing follows, and give the peer a moment to read all and to close its end.

        Raises OSError when the connection breaks, and when the peer says only now that it does not trust us (TLS 1.3).
        """
        with suppress(BrokenPipeError):  # it has read all
            if self._awaits_word:  # else unwrap may read an alert and not tell: 136 of 300 refusals went unnoticed
                self.look(select.POLLIN, int(_LEAVE * 1000))
            if self._is_tls:
                with suppress(*self._again):
                    self._socket.unwrap()  # type: ignore[attr-defined]  # of an SSLSocket; tells the peer
            socket.socket.shutdown(self._socket, socket.SHUT_WR)  # not that of an SSLSocket, which would end TLS
            end = stopwatch() + _LEAVE
            while stopwatch() < end:
                self.look(select.POLLIN, _GLANCE)

    def give_up(self) -> None:
        """See to it that closing drops what was not acknowledged: it is sent again, on another connection."""
        if self._size:
            with suppress(OSError):
                linger = array("i", [1, 0]).tobytes()  # struct linger: on, 0 seconds
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def close(self) -> None:
        """Let go of the connection."""
        self._socket.close()

    def _push(self, data: memoryview) -> None:
        """Hand over to the system as much as it takes."""
        with suppress(*self._again):
            self._sent += self._socket.send(data[:_TLS_CHUNK] if self._is_tls else data)

    def _outstanding(self) -> int | None:
        """Return how many bytes the peer's system has not acknowledged, None where our own does not tell; 0.6 µs."""
        if sys.platform != "linux":
            return None
        import fcntl
        import termios

        count = array("i", [0])
        fcntl.ioctl(self._socket, termios.TIOCOUTQ, count)  # SIOCOUTQ, tcp(7); also after the connection has broken
        return count[0]


def undelivered(error: Exception, records: int = 0) -> Undelivered:
    """Return what a target raises for what a socket raised.

    A name that can't be one and a certificate that is refused, ours or the peer's, last.
    """
    import ssl

    passing = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
    lasting = isinstance(error, ValueError | ssl.SSLError) and not isinstance(error, passing)
    return Undelivered(explained(error), records, lasting=lasting)
