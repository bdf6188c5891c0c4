"""The target ``nats``."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, SecretStr

from datagen.draw import purpose_key
from datagen.plugin.formatter import Formatter, LineWriter
from datagen.plugin.secret_url import SecretUrl
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Position, Target, Undelivered, revealed
from datagen.problems import reason
from datagen.records.batch import Layout
from datagen.records.lines import pieces
from datagen.targets.address import Address
from datagen.targets.answered import AnsweredSink
from datagen.targets.nats.link import WINDOW, Link
from datagen.targets.nats.stream import JetStream, begin_reading, next_records, ready_stream
from datagen.targets.receipts import Receipts
from datagen.targets.tls import Tls

_HEADERS = len("NATS/1.0\r\nNats-Msg-Id: \r\n\r\n")  # bytes of a message's headers without the id


class Nats(Target):
    """A NATS server with JetStream.

    Each record is a message: its line, without the line end. The subject may hold dimensions, so that each line of a
    plant, say, has a subject of its own. A record counts as delivered when a stream has stored it, so there must be a
    stream that takes the subject. `stream` names it: an object with `name`, `create`, `subjects`, `max_bytes`,
    `max_age` and `duplicate_window`; with `create`, the stream is made if it is missing. Each message has a
    `Nats-Msg-Id` that names the run and the record. So a record that is sent again, because the connection broke or the
    run is continued, is stored only once, if that happens within the stream's duplicate window.

    Example: {"type": "nats", "subject": "shop.clicks", "stream": {"name": "SHOP", "create": true}}
    Example: {"type": "nats", "servers": "tls://nats.example.com:4222", "subject": "shop.clicks", "token": "${TOKEN}"}
    """

    kind: ClassVar[str] = "nats"
    library: ClassVar[tuple[str, str] | None] = ("nats", "nats-py[nkeys]>=2.10")
    servers: SecretUrl | list[SecretUrl] = Field(
        default_factory=lambda: SecretUrl("nats://127.0.0.1:4222"),
        description="`nats://host:port` or `tls://host:port`, one or a list; nats://127.0.0.1:4222 without it",
    )
    subject: str = Field(description="subject to publish to, also with `{{dimension}}` or `{{emitter}}`")
    stream: JetStream | None = Field(
        None, description="the stream that keeps the records; without it, the one that takes the subject"
    )
    user: str | None = Field(None, description="user name")
    password: SecretStr | None = Field(None, description="its password")
    token: SecretStr | None = Field(None, description="token to authenticate with")
    creds: str | None = Field(None, min_length=1, description="credentials file (JWT and key) to authenticate with")
    tls: Tls | None = Field(None, description="whom to trust, and our own certificate, where servers speak TLS")

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

    def misfits(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        address = self._address(layout, scope)
        misfits = list(address.problems)
        if self.stream is not None and self.stream.create and not self.stream.subjects and _filter(address) == ">":
            misfits.append("the stream needs subjects: what the subject begins with differs from record to record")
        return misfits

    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> "NatsSink":
        run = self._name_of_run(formatter, scope)
        return NatsSink(self, self._address(layout, scope), run, formatter.begin(layout), scope)

    def check(self) -> None:
        with closing(self.link()) as link:
            link.open()

    def link(self) -> Link:
        """Return a link to the servers. Raises OSError when a file of ``tls`` can't be read."""
        servers = self.servers if isinstance(self.servers, list) else [self.servers]
        return Link(
            {
                "servers": [server.value for server in servers],
                "user": self.user,
                "password": revealed(self.password),
                "token": revealed(self.token),
                "user_credentials": self.creds,
                "tls": self.tls and self.tls.context(),
                "tls_hostname": self.tls and self.tls.server_name,
            },
            " or ".join(server.shown for server in servers),
        )

    def _address(self, layout: Layout, scope: Scope) -> Address:
        # A space ends a subject, * and > are wildcards, and no token may be empty.
        forbidden = r"[\s\x00*>]|^\.|\.\.|\.$|^$"
        return Address("a subject", self.subject, layout, scope.start, forbidden=forbidden, longest=3000)

    def _name_of_run(self, formatter: Formatter, scope: Scope) -> str:
        """Return a name for the run and all that decides which records come here in which form, so that ids are unique.

        The number of a record among them does the rest; its worker and step would not: stages make and double records.
        """
        keys = {"subject", "emitters", "record_id", "through", "format"}
        chosen = self.model_dump_json(include=keys, serialize_as_any=True)
        kinds = [stage.kind for stage in self.through] + [formatter.kind]
        written = formatter.model_dump_json(serialize_as_any=True)
        return f"{int(purpose_key(scope.seed, f'{scope.run} {chosen} {kinds} {written}')):016x}"


class NatsSink(AnsweredSink):
    """Publishes records over a link, which it replaces when it was lost; a record that is sent again has the same id.

    An id is made of the name of the run and the number of the record.
    """

    _link: Link

    def __init__(self, target: Nats, address: Address, run: str, writer: LineWriter, scope: Scope) -> None:
        super().__init__(WINDOW, address, writer, scope, str(target))
        self._target = target
        self._run = run
        self._records = 0  # acknowledged so far: the number of the next record

    def open(self, position: Position) -> None:
        self._records = (position or {}).get("records", 0)
        self._link = self.opened.enter_context(closing(self._target.link()))
        self._link.open()
        self._link.call(self._ready_stream)

    def write(self, encoded: Encoded) -> None:
        if self._link.is_lost:  # while there was nothing to write
            self.close()
            self.open(self.position())
        named, small = self._address.taken(encoded), self._small(encoded)
        good = encoded.slice(0, min(named, small))
        subjects, records = self._address.names(good), pieces(good.lines)

        def send(numbers: Sequence[int], receipts: Receipts) -> None:
            chosen = [bytes(records[number]) for number in numbers]
            ids = [f"{self._run}-{self._records + number}" for number in numbers]
            self._link.deliver([subjects[number] for number in numbers], chosen, ids, receipts)

        try:
            self.send_missing(len(good), send)
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

    def stored(self) -> Iterator[tuple[str, Sequence[bytes]]]:
        with closing(self._target.link()) as link:
            link.open()
            name = link.call(partial(ready_stream, self._stream_to_read(), _filter(self._address)))
            reading = link.call(partial(begin_reading, name, _filter(self._address)))
            while records := link.call(lambda _: next_records(reading)):
                yield name, records

    async def _ready_stream(self, context: Any) -> str:
        return await ready_stream(self._target.stream, _filter(self._address), context)

    def _stream_to_read(self) -> JetStream | None:
        """Return the stream that is wanted, not to be made by who only reads."""
        wanted = self._target.stream
        return None if wanted is None else wanted.model_copy(update={"create": False})

    def _small(self, encoded: Encoded) -> int:
        """Return how many of the first records are not too large for the server."""
        room = self._link.most_bytes - _HEADERS - len(f"{self._run}-{self._records + len(encoded)}")
        large = np.flatnonzero(np.diff(encoded.lines.ends, prepend=0) - encoded.lines.end > room)
        return int(large[0]) if len(large) else len(encoded)


def _filter(address: Address) -> str:
    """Return a subject, perhaps with a wildcard at its end, that those of all records match."""
    before, place, _ = address.filled("\0").partition("\0")
    return before[: before.rfind(".") + 1] + ">" if place else before


def _problem_of_creds(path: str) -> str | None:
    """Return why a credentials file can't be used, if so; the library would wait for ever for what is not there."""
    if find_spec("nkeys") is None:
        return 'creds: needs a library that is not installed: pip install "nats-py[nkeys]"'
    try:
        with open(path, "rb") as file:
            text = file.read()
    except (OSError, ValueError) as error:
        return f"creds: {path}: {reason(error)}"
    whole = b"BEGIN NATS USER JWT" in text and b"BEGIN USER NKEY SEED" in text
    return None if whole else f"creds: {path} is not a credentials file with a user's JWT and key"
