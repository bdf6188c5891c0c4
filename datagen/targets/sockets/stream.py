"""What sends lines over a TCP connection: the sink of the target ``tcp``, and that of ``syslog`` over TCP and TLS."""

from contextlib import closing

import numpy as np

from datagen.clock import stopwatch
from datagen.plugin.formatter import LineWriter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Position, Sink
from datagen.records.lines import Lines
from datagen.targets.sockets.connection import Connection, Peer, undelivered
from datagen.targets.tls import explained

_WARN_EVERY = 5.0  # seconds


class Stream(Sink):
    """Sends lines over a TCP connection, and makes another one when the peer closes it between two writes.

    TCP does not know what the peer's program has read. So that much is promised and no more: what was acknowledged is
    in the memory of the peer's system, where only the end of its program or its machine can lose it.
    """

    _connection: Connection

    def __init__(self, peer: Peer, writer: LineWriter, scope: Scope) -> None:
        super().__init__(writer, scope)
        self._peer = peer
        self._warned = -_WARN_EVERY
        self._records = 0  # that were sent

    def open(self, position: Position) -> None:
        self._connect()
        is_new = position is None or (self.writer.footer and not self._records)  # the run before has closed its own
        if is_new and not self.writer.has_blocks:
            self._deliver(self._header)

    def write(self, encoded: Encoded) -> None:
        self._deliver(self.writer.block(encoded.lines, self._records))
        self._records += len(encoded)

    def finish(self) -> None:
        self._deliver(_whole(self.writer.footer))
        try:
            self._connection.look()
            self._connection.leave()
        except OSError as error:
            self._warn_of(error)
            if undelivered(error).lasting:
                raise undelivered(error) from error

    def _connect(self) -> None:
        self._connection = self.opened.enter_context(closing(Connection(self._peer)))
        if self.writer.has_blocks:  # which nobody could read without what they begin with
            self._send(self._header)

    @property
    def _header(self) -> Lines:
        return _whole(self.writer.header)

    def _deliver(self, lines: Lines) -> None:
        """Send lines; return when the peer's system has acknowledged all of them. Raises OSError or Undelivered."""
        if not lines.size:
            return
        try:
            self._send(lines)
        except BrokenPipeError:  # before any of these lines was there, so none of them is lost or doubled
            self.close()
            self._connect()
            self._send(lines)

    def _send(self, lines: Lines) -> None:
        """Send lines over this connection.

        Raises BrokenPipeError when the peer has closed it and surely has none of them, otherwise Undelivered.
        """
        try:
            self._connection.send(lines.data)
        except OSError as error:
            self._warn_of(error)
            has_ended = isinstance(error, BrokenPipeError)
            records = int(np.searchsorted(lines.ends, self._connection.acknowledged(), "right"))
            if has_ended and records == len(lines):
                return  # it closed after the last of them
            self._connection.give_up()
            if has_ended and self._connection.is_untouched():
                raise
            raise undelivered(error, records) from error

    def _warn_of(self, error: OSError) -> None:
        """Tell the user, now and then, that a connection has ended before the run has, and what that may mean."""
        may_lose = self._connection.may_lose()
        if stopwatch() - self._warned < _WARN_EVERY or not (may_lose or isinstance(error, BrokenPipeError)):
            return
        self._warned = stopwatch()
        if may_lose:  # a program may close its end, and throw away only then what it has not read
            then = "records that its system had acknowledged, but its program had not read yet, may be lost"
        else:
            then = "another one is made when it is needed"
        self.scope.say(f"warning: {self._peer} {_ended(error)}; {then}")


def _ended(error: OSError) -> str:
    """Say how a connection has ended."""
    if isinstance(error, BrokenPipeError):
        return "has closed the connection"
    return "reset the connection" if isinstance(error, ConnectionResetError) else f"is gone ({explained(error)})"


def _whole(text: bytes) -> Lines:
    return Lines(memoryview(text), np.array([len(text)]))
