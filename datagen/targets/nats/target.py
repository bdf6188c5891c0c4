"""The target ``nats``."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, PrivateAttr, SecretStr

from datagen.draw import purpose_key
from datagen.plugin.formatter import Formatter
from datagen.plugin.model import Model
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Position, Target, Undelivered
from datagen.problems import reason
from datagen.records.batch import Batch, Layout
from datagen.records.lines import pieces
from datagen.targets.address import Address
from datagen.targets.nats.link import Link
from datagen.targets.tls import Tls

_CHUNK = 1000  # records read back at a time
_READ_SECONDS = 10
_HEADERS = len("NATS/1.0\r\nNats-Msg-Id: \r\n\r\n")  # bytes of a message's headers without the id


class JetStream(Model):
    """The stream that keeps the records."""

    name: str = Field(min_length=1, pattern=r"^[^\s.*>/\\]+$", description="its name")
    create: bool = Field(False, description="make it if it is missing, with the keys that follow")
    subjects: list[str] | None = Field(None, min_length=1, description="subjects it takes; those of the records")
    max_bytes: int | None = Field(None, ge=1, description="drop the oldest records beyond so many bytes")
    max_age: int | float | None = Field(None, ge=0.1, description="drop records after so many seconds")
    duplicate_window: int | float | None = Field(
        None, ge=0.1, description="seconds within which a record that comes twice is stored once; 120 without it"
    )

    def problem(self) -> str | None:
        """Say why it can't be made."""
        keys = sorted(self.model_fields_set - {"name", "create"})
        return f'stream.{keys[0]} has no effect without "create"' if keys and not self.create else None


class Nats(Target):
    """A NATS server with JetStream.

    Each record is a message: its line, without the line end. The subject may hold dimensions, so that each line of a
    plant, say, has a subject of its own. A record counts as delivered when a stream has stored it, so there has to be
    one that takes the subject; with `stream`, an object with `name`, `create`, `subjects`, `max_bytes`, `max_age` and
    `duplicate_window`, it is made. Each message has a `Nats-Msg-Id` that names the run and the record, so a record that
    is sent again, because the connection broke or the run is continued, is stored once if that happens within the
    stream's window for duplicates.

    Example: {"type": "nats", "subject": "shop.clicks", "stream": {"name": "SHOP", "create": true}}
    Example: {"type": "nats", "servers": "tls://nats.example.com:4222", "subject": "shop.clicks", "token": "${TOKEN}"}
    """

    kind: ClassVar[str] = "nats"
    library: ClassVar[tuple[str, str] | None] = ("nats", "nats-py[nkeys]>=2.10")
    servers: SecretStr | list[SecretStr] = Field(
        default_factory=lambda: SecretStr("nats://127.0.0.1:4222"),
        description="`nats://host:port` or `tls://…`, one or a list; nats://127.0.0.1:4222 without it",
    )
    subject: str = Field(description="subject to publish to, also with `{{dimension}}`")
    stream: JetStream | None = Field(
        None, description="the stream that keeps the records; without it, the one that takes the subject"
    )
    user: str | None = Field(None, description="user name")
    password: SecretStr | None = Field(None, description="its password")
    token: SecretStr | None = Field(None, description="token to authenticate with")
    creds: str | None = Field(None, min_length=1, description="credentials file (JWT and key) to authenticate with")
    tls: Tls | None = Field(None, description="whom to trust and our own certificate, where servers speak TLS")
    _address: Address = PrivateAttr()
    _run: str = PrivateAttr("")  # names the run and what it sends here
    _records: int = PrivateAttr(0)  # acknowledged so far: the number of the next record
    _link: Link | None = PrivateAttr(None)

    def __str__(self) -> str:
        return f"nats subject {self.subject}"

    def problem(self) -> str | None:
        if self.servers == []:
            return '"servers" must not be empty'
        if (self.user is None) != (self.password is None):
            return '"user" and "password" go together'
        if [self.user, self.token, self.creds].count(None) < 2:
            return 'only one of "user", "token" and "creds" can be used'
        creds = None if self.creds is None else _problem_of_creds(self.creds)
        if creds is not None:
            return creds
        stream = None if self.stream is None else self.stream.problem()
        return stream or (None if self.tls is None else self.tls.problem())

    def prepare(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        # A space ends a subject, * and > are wildcards, and no token may be empty.
        forbidden = r"[\s\x00*>]|^\.|\.\.|\.$|^$"
        self._address = Address("a subject", self.subject, layout, scope.start, forbidden=forbidden, longest=3000)
        self._run = self._name_of_run(formatter, scope)
        problems = [*super().prepare(layout, formatter, scope), *self._address.problems]
        if self.stream is not None and self.stream.create and not self.stream.subjects and self._filter == ">":
            problems.append("the stream needs subjects: what the subject begins with differs from record to record")
        return problems

    def encode(self, batch: Batch) -> Encoded:
        return replace(super().encode(batch), texts=self._address.texts(batch))

    def open(self, position: Position) -> None:
        self._records = (position or {}).get("records", 0)
        self._link = Link(self._options())
        self._link.open()
        self._link.call(self._stream_name)

    def write(self, encoded: Encoded) -> None:
        if self._link is None or self._link.is_lost:  # while there was nothing to write
            self.close()
            self.open(self.position())
        assert self._link is not None
        message_ids = [f"{self._run}-{self._records + number}" for number in range(len(encoded))]
        named, small = self._address.taken(encoded), self._small(encoded, self._link.most_bytes)
        good = encoded.slice(0, min(named, small))
        records = [bytes(piece) for piece in pieces(good.lines)]
        try:
            self._link.deliver(self._address.names(good), records, message_ids)
        except Undelivered as error:
            self._records += error.records
            raise
        self._records += len(good)
        if named < len(encoded) and named <= small:
            raise self._address.refused(encoded, named)
        if small < len(encoded):
            text = f"a record has more than the {self._link.most_bytes} bytes that the server takes"
            raise Undelivered(text, small, lasting=True)

    def position(self) -> Position:
        return {"records": self._records}

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def stored(self) -> Iterator[tuple[str, Sequence[bytes]]]:
        link = Link(self._options())
        try:
            link.open()
            name = link.call(self._stream_name)
            reading = link.call(partial(self._reading, name))
            while records := link.call(lambda _: _read(reading)):
                yield name, records
        finally:
            link.close()

    def _options(self) -> dict[str, Any]:
        servers = self.servers if isinstance(self.servers, list) else [self.servers]
        return {
            "servers": [server.get_secret_value() for server in servers],
            "user": self.user,
            "password": self.password and self.password.get_secret_value(),
            "token": self.token and self.token.get_secret_value(),
            "user_credentials": self.creds,
            "tls": self.tls and self.tls.context(),
            "tls_hostname": self.tls and self.tls.server_name,
        }

    def _name_of_run(self, formatter: Formatter, scope: Scope) -> str:
        """Name the run and all that decides which records come here in which form, so that ids name one record only.

        The number of a record among them does the rest; its worker and step would not: stages make and double records.
        """
        keys = {"subject", "emitters", "record_id", "through", "format"}
        chosen = self.model_dump_json(include=keys, serialize_as_any=True)
        kinds = [stage.kind for stage in self.through] + [(self.format or formatter).kind]
        written = formatter.model_dump_json(serialize_as_any=True)
        return f"{int(purpose_key(scope.seed, f'{scope.run} {chosen} {kinds} {written}')):016x}"

    @property
    def _filter(self) -> str:
        """Give a subject, perhaps with a wildcard at its end, that those of all records match."""
        before, place, _ = self._address.filled("\0").partition("\0")
        return before[: before.rfind(".") + 1] + ">" if place else before

    async def _stream_name(self, context: Any) -> str:
        """Find the stream; make it if that is wanted."""
        from nats.js.errors import NotFoundError

        try:
            if self.stream is None:
                return await context.find_stream_name_by_subject(self._filter)
            await context.stream_info(self.stream.name)
        except NotFoundError as error:
            if self.stream is None:
                raise Undelivered("no stream takes this subject", lasting=True) from error
            if not self.stream.create:
                raise Undelivered(f"there is no stream {self.stream.name}", lasting=True) from error
            await context.add_stream(
                name=self.stream.name,
                subjects=self.stream.subjects or [self._filter],
                max_bytes=self.stream.max_bytes,
                max_age=self.stream.max_age,
                duplicate_window=self.stream.duplicate_window or 0,
            )
        return self.stream.name

    async def _reading(self, name: str, context: Any) -> Any:
        from nats.js.api import AckPolicy, ConsumerConfig

        config = ConsumerConfig(ack_policy=AckPolicy.NONE, inactive_threshold=_READ_SECONDS)
        return await context.pull_subscribe(self._filter, stream=name, config=config)

    def _small(self, encoded: Encoded, most_bytes: int) -> int:
        """Count the first records that are not too large for the server."""
        room = most_bytes - _HEADERS - len(f"{self._run}-{self._records + len(encoded)}")
        large = np.flatnonzero(np.diff(encoded.lines.ends, prepend=0) - 1 > room)
        return int(large[0]) if len(large) else len(encoded)


def _problem_of_creds(path: str) -> str | None:
    """Say why a credentials file can't be used; the library would wait for ever for what is not there."""
    if find_spec("nkeys") is None:
        return 'creds: needs a library that is not installed: pip install "nats-py[nkeys]"'
    try:
        with open(path, "rb") as file:
            text = file.read()
    except (OSError, ValueError) as error:
        return f"creds: {path}: {reason(error)}"
    whole = b"BEGIN NATS USER JWT" in text and b"BEGIN USER NKEY SEED" in text
    return None if whole else f"creds: {path} is not a credentials file with a user's JWT and key"


async def _read(reading: Any) -> list[bytes]:
    """Read the next records; none when there are no more."""
    left = (await reading.consumer_info()).num_pending
    return [message.data for message in await reading.fetch(min(left, _CHUNK), _READ_SECONDS)] if left else []
