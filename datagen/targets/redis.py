"""The target ``redis``: the keys of a spec, the commands that carry records, and reading back what they left."""

import builtins
import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from pydantic import Field

from datagen.clock import stopwatch
from datagen.plugin.formatter import Formatter, LineWriter
from datagen.plugin.secret_url import SecretUrl
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Position, Target, Undelivered
from datagen.problems import reason
from datagen.records.batch import Layout
from datagen.records.lines import pieces
from datagen.targets.address import Address, AddressedSink
from datagen.targets.window import Window

_PLACES = "also with `{{dimension}}` or `{{emitter}}`"
_PIPELINE = 1000  # records of one transaction, at most
_BEGIN, _END = b"*1\r\n$5\r\nMULTI\r\n", b"*1\r\n$4\r\nEXEC\r\n"
_CHUNK = 10_000  # records read back at a time
_CONNECT_SECONDS = 10
_REPLY_SECONDS = 30
_IDLE_SECONDS = 30  # after which the next write asks first whether the server is still there
_PASSING = ("MISCONF", "NOREPLICAS", "BUSY")  # errors, unknown to the library, that go away by themselves


class Redis(Target):
    """A Redis server: a stream, a list or a channel.

    Each record is its line, without the line end: an entry of the stream with one field, the last value of the list, or
    a message to the channel. The name may hold dimensions, so that each country, say, has a stream of its own. Redis
    acknowledges each record when it has it in memory. For a channel this only says that the server took the message,
    not that anybody was listening.

    Example: {"type": "redis", "stream": "clicks", "maxlen": 1000000}
    Example: {"type": "redis", "url": "redis://:${REDIS_PASSWORD}@127.0.0.1:6379/0", "list": "clicks"}
    """

    kind: ClassVar[str] = "redis"
    library: ClassVar[tuple[str, str] | None] = ("redis", "redis>=6.0")
    url: SecretUrl = Field(
        SecretUrl("redis://127.0.0.1:6379/0"),
        description="`redis://user:password@host:port/database`, or `rediss://` for TLS",
    )
    stream: str | None = Field(None, min_length=1, description=f"name of a stream, {_PLACES}")
    list: str | None = Field(None, min_length=1, description=f"name of a list, {_PLACES}")
    channel: str | None = Field(None, min_length=1, description=f"name of a channel, {_PLACES}")
    field: str = Field("record", min_length=1, description="for a stream: the field that holds the record")
    maxlen: int | None = Field(
        None, ge=1, description="for a stream: drop the oldest entries beyond about this many; all are kept without it"
    )

    def __str__(self) -> str:
        return f"redis {self.sort} {self._name}"

    @property
    def sort(self) -> str:
        """Return what records go to, by the word that Redis has for it."""
        return "stream" if self.stream is not None else "list" if self.list is not None else "channel"

    @property
    def _name(self) -> str:
        return self.stream or self.list or self.channel or ""

    def problem(self) -> str | None:
        from redis import ConnectionPool

        if [self.stream, self.list, self.channel].count(None) != 2:
            return 'needs exactly one of "stream", "list" and "channel"'
        for key in {"field", "maxlen"} & self.model_fields_set:
            if self.stream is None:
                return f'"{key}" is for a stream only'
        try:
            ConnectionPool.from_url(self.url.value)
        except ValueError as error:
            return f"the url is wrong: {reason(error)}"
        return None

    def check(self) -> None:
        self.connected().close()

    def misfits(self, layout: Layout, formatter: Formatter, scope: Scope) -> builtins.list[str]:
        return self._address(layout, scope).problems

    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> "RedisSink":
        return RedisSink(self, self._address(layout, scope), formatter.begin(layout), scope)

    def _address(self, layout: Layout, scope: Scope) -> Address:
        return Address("a name", self._name, layout, scope.start)

    def connected(self) -> Any:
        """Return a client whose server has answered. Raises Undelivered."""
        from redis import Redis as Client
        from redis import RedisError, TimeoutError
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        asked: dict[str, Any] = {"protocol": 2, "socket_connect_timeout": _CONNECT_SECONDS, "socket_keepalive": True}
        began = stopwatch()
        first = Client.from_url(self.url.value, retry=Retry(NoBackoff(), 0), socket_timeout=_CONNECT_SECONDS, **asked)
        try:
            first.ping()
        except TimeoutError as error:
            text = f"no answer from {self.url.shown} for {stopwatch() - began:.0f} s"
            raise Undelivered(text) from error
        except RedisError as error:
            raise _undelivered(error) from error
        finally:
            first.close()
        return Client.from_url(
            self.url.value,
            retry=Retry(NoBackoff(), 1),  # of connecting and of asking an idle connection; never of what was written
            socket_timeout=_REPLY_SECONDS,
            health_check_interval=_IDLE_SECONDS,
            **asked,
        )

    def words(self, name: str) -> builtins.list[str]:
        """Return the command that puts a record under a name, all but its last word: the record."""
        if self.stream is not None:
            bound = [] if self.maxlen is None else ["MAXLEN", "~", str(self.maxlen)]
            return ["XADD", name, *bound, "*", self.field]
        return ["RPUSH" if self.list is not None else "PUBLISH", name]


class RedisSink(AddressedSink):
    """Sends a command for each record, many of them in a transaction.

    When the server refuses a record, because it is out of memory, say, it takes none of its transaction: so no record
    of it stands before an earlier one, and none is sent twice.
    """

    _client: Any

    def __init__(self, target: Redis, address: Address, writer: LineWriter, scope: Scope) -> None:
        super().__init__(address, writer, scope)
        self._target = target
        self._window = Window(_PIPELINE)  # for a server whose memory takes only a few at a time

    def open(self, position: Position) -> None:
        self._client = self.opened.enter_context(self._target.connected())

    def write(self, encoded: Encoded) -> None:
        from redis import RedisError

        requests = self._requests(encoded)
        done = 0
        try:
            # The pool looks whether the server has closed the connection since the last write, and opens another one.
            connection = self._client.connection_pool.get_connection()
            try:
                while done < len(requests):
                    chosen = requests[done : done + self._window.size]
                    connection.send_packed_command([b"".join((_BEGIN, *chosen, _END))])
                    for _ in range(1 + len(chosen)):
                        connection.read_response(disable_decoding=True)  # that it waits for EXEC
                    for reply in connection.read_response(disable_decoding=True):
                        if isinstance(reply, RedisError):
                            raise reply
                        done += 1
                    self._window.take(len(chosen))
            except RedisError:
                connection.disconnect()  # there may be replies to come
                raise
            finally:
                self._client.connection_pool.release(connection)
        except RedisError as error:
            self._window.refuse()
            raise _undelivered(error, done) from error

    def stored(self) -> Iterator[tuple[str, Sequence[bytes]]]:
        from redis import RedisError

        if self._target.channel is not None:
            yield from super().stored()
        with self._target.connected() as client:
            glob = "*".join(re.sub(r"([*?\[\]\\])", r"\\\1", part) for part in self._address.filled("\0").split("\0"))
            read = self._entries if self._target.stream is not None else _values
            try:
                found = set(client.scan_iter(match=glob, _type=self._target.sort))  # SCAN may name one twice
                for name in sorted(found):
                    yield from ((name.decode(errors="replace"), records) for records in read(client, name))
            except RedisError as error:
                raise _undelivered(error) from error

    def _requests(self, encoded: Encoded) -> list[bytes]:
        """Write the command of each record as it is sent; three times as fast as the library's pipeline does."""
        names = self._address.names(encoded)
        heads = {name: _head(self._target.words(name)) for name in set(names)}
        return [
            b"".join((heads[name], b"$%d\r\n" % len(record), record, b"\r\n"))
            for name, record in zip(names, pieces(encoded.lines), strict=True)
        ]

    def _entries(self, client: Any, name: bytes) -> Iterator[list[bytes]]:
        field = self._target.field.encode()
        last = "-"
        while entries := client.xrange(name, last, count=_CHUNK):
            yield [fields[field] for _, fields in entries if field in fields]
            last = "(" + entries[-1][0].decode()


def _values(client: Any, name: bytes) -> Iterator[list[bytes]]:
    begin = 0
    while values := client.lrange(name, begin, begin + _CHUNK - 1):
        yield values
        begin += len(values)


def _head(words: Sequence[str]) -> bytes:
    """Write a command up to its last word (Redis serialization protocol, arrays of bulk strings)."""
    encoded = [word.encode() for word in words]
    return b"*%d\r\n" % (len(words) + 1) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded)


def _undelivered(error: Exception, records: int = 0) -> Undelivered:
    from redis import exceptions

    passing = (
        exceptions.ConnectionError,
        exceptions.TimeoutError,
        exceptions.OutOfMemoryError,
        exceptions.ReadOnlyError,
        exceptions.TryAgainError,
        exceptions.ClusterDownError,
    )
    refused = (exceptions.AuthenticationError, exceptions.AuthorizationError)
    lasting = isinstance(error, refused) or not (isinstance(error, passing) or str(error).startswith(_PASSING))
    return Undelivered(reason(error), records, lasting=lasting)
