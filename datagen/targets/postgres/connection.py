"""Connections to a PostgreSQL server: how one is made, when it is given up, and what the server's errors mean.

It imports psycopg, so it is itself imported only where a connection is wanted.
"""

import logging
import re
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

from psycopg import Connection, Copy, Error, OperationalError
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import ConnectionTimeout

from datagen.clock import stopwatch
from datagen.plugin.target import Undelivered

LONGEST_SILENCE = 120  # seconds; a write of many rows into a slow disk may well be silent for some
_LOOKS = 20  # within it; a process that was suspended takes one of them and does not blame the server
_SLICE = 1 << 20  # bytes of a COPY
_DEFAULTS = {
    "connect_timeout": "10",
    "tcp_user_timeout": "30000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "fallback_application_name": "datagen",
}
_SESSION = "SET TimeZone = 'UTC'; SET extra_float_digits = 1; SET lock_timeout = '30s'"

# Classes of SQLSTATE (PostgreSQL's documentation, appendix A) after which it may go better: connection, rollback by the
# server, lack of resources, operator's intervention, failure outside of PostgreSQL; and single codes: no lock in time,
# in use, a server that only reads, as after a failover.
_PASSING = ("08", "40", "53", "57", "58", "55P03", "55006", "25006")
# A refused login comes without a code, so that only its text tells.
_REFUSED = re.compile(
    r"authentication failed|no password supplied|does not exist|pg_hba\.conf|permission denied|not permitted"
    r"|does not support SSL|certificate|invalid port"
)
_NO_NULL_CHARACTER = "PostgreSQL can't hold the character U+0000"


class Session:
    """A connection, and a watchdog that cuts it when the server is waited for and does nothing for a long time."""

    def __init__(self, connection: Connection[Any]) -> None:
        self.connection = connection
        # A descriptor of our own: the connection may close its one at any moment, and then it may be another's.
        self._socket = socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        self._room = selectors.DefaultSelector()
        self._room.register(self._socket, selectors.EVENT_WRITE)
        self._moves = 0  # counts whatever shows that the server is alive
        self._is_waiting = self._was_cut = False
        self._ended = threading.Event()
        self._watchdog = threading.Thread(target=self._watch, name="postgres watchdog", daemon=True)
        self._watchdog.start()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Have the watchdog look on while the server is waited for. Raises OperationalError when it has cut in."""
        self.note()
        self._is_waiting = True
        try:
            yield
        except Error as error:
            if self._was_cut:
                raise OperationalError(f"the server has not answered for {LONGEST_SILENCE} s") from error
            raise
        finally:
            self._is_waiting = False

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Have the watchdog look away, inside of ``waiting``, while nothing is wanted of the server."""
        self._is_waiting = False
        try:
            yield
        finally:
            self.note()
            self._is_waiting = True

    def note(self) -> None:
        """Let the watchdog know that the server has said or taken something."""
        self._moves += 1

    def send(self, copy: Copy, data: memoryview) -> None:
        """Write to a COPY in slices, so that a slow server shows that it takes them. Raises psycopg's Error."""
        for start in range(0, len(data), _SLICE):
            copy.write(data[start : start + _SLICE])
            self._flush()

    def _flush(self) -> None:
        """Wait until libpq's buffer is empty, which takes any number of slices and is not emptied by psycopg 3.2."""
        while self.connection.pgconn.flush():
            self._room.select()
            self.note()
        self.note()

    def _watch(self) -> None:
        silent = seen = 0
        while silent < _LOOKS:
            if self._ended.wait(LONGEST_SILENCE / _LOOKS):
                return
            silent = silent + 1 if self._is_waiting and self._moves == seen else 0
            seen = self._moves
        self._was_cut = True
        with suppress(OSError):  # it may just have broken on its own
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Send the watchdog away; the connection stays open."""
        self._ended.set()
        self._watchdog.join()
        self._room.close()
        self._socket.close()


@contextmanager
def session(dsn: str) -> Iterator[Session]:
    """Connect, with waits that end where the dsn says nothing about them; disconnect in the end.

    Raises psycopg's Error.
    """
    messages = logging.getLogger("psycopg")
    if not messages.handlers:
        messages.addHandler(logging.NullHandler())  # else its remarks on a broken connection go to standard error
    known: dict[str, Any] = _DEFAULTS | conninfo_to_dict(dsn) | {"client_encoding": "UTF8"}
    began = stopwatch()
    try:
        connection = Connection.connect(make_conninfo(**known), autocommit=True, prepare_threshold=None)
    except ConnectionTimeout as error:
        at = ":".join(str(known[key]) for key in ("host", "port") if key in known)
        raise OperationalError(f"no answer from {at or 'the server'} for {stopwatch() - began:.0f} s") from error
    with closing(connection), closing(Session(connection)) as made:
        with made.waiting():
            connection.execute(_SESSION)
        yield made


@contextmanager
def explained() -> Iterator[None]:
    """Raise psycopg's errors as Undelivered."""
    try:
        yield
    except Error as error:
        raise undelivered(error) from error


def undelivered(error: Error) -> Undelivered:
    """Say what an error means for what was to be written, none of which is there."""
    said = " ".join(line for line in str(error).splitlines() if not line.startswith("\t"))  # those give advice
    text, detail = error.diag.message_primary or said, error.diag.message_detail or ""
    column = re.search(r", line \d+, (column .*)", error.diag.context or "")
    parts = [text, detail, column[1] if column else ""]
    if "0x00" in text or "\\u0000" in detail:
        parts.append(_NO_NULL_CHARACTER)
    if error.sqlstate is None:
        lasting = not isinstance(error, OperationalError) or bool(_REFUSED.search(str(error)))
    else:
        lasting = not error.sqlstate.startswith(_PASSING)
    return Undelivered("; ".join(filter(None, parts)), lasting=lasting)
