"""The target ``amqp``."""

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar, Literal

from pydantic import Field, PrivateAttr, SecretStr

from datagen.plugin.formatter import Formatter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Position, Target
from datagen.problems import reason
from datagen.records.batch import Batch, Layout
from datagen.records.lines import pieces
from datagen.targets.address import Address
from datagen.targets.amqp.link import CONNECT_SECONDS, Link, Step

_PERSISTENT = 2
_BODY_FRAME = 3  # AMQP 0-9-1, section 4.2.3
_FRAME_END = b"\xce"


class Amqp(Target):
    """An AMQP 0-9-1 broker such as RabbitMQ.

    Each record is a message: its line, without the line end. It goes to `exchange` with `routing_key`, which may hold
    dimensions; without an exchange, to the queue that is named like that. A record counts as delivered when the broker
    has confirmed it; for a persistent message in a durable queue that means that it is on disk. With `declare` the
    exchange and the queue are made, durable, where they are missing, and bound to one another.

    Example: {"type": "amqp", "queue": "clicks", "declare": true}
    Example: {"type": "amqp", "url": "amqp://guest:${PASSWORD}@127.0.0.1:5672/", "exchange": "shop", "routing_key": "a"}
    """

    kind: ClassVar[str] = "amqp"
    library: ClassVar[tuple[str, str] | None] = ("pika", "pika>=1.3.2")
    url: SecretStr = Field(
        default_factory=lambda: SecretStr("amqp://guest:guest@127.0.0.1:5672/"),
        description="`amqp://user:password@host:port/virtual_host`, `amqps://` with TLS; the local guest without it",
    )
    exchange: str = Field("", max_length=255, description="exchange to publish to; the default one without it")
    routing_key: str | None = Field(
        None, description="routing key, also with `{{dimension}}`; without it the name of the queue, or nothing"
    )
    queue: str | None = Field(None, min_length=1, max_length=255, description="queue to publish to or to declare")
    declare: bool = Field(False, description="make the exchange and the queue if they are missing, and bind the queue")
    exchange_type: Literal["topic", "direct", "fanout"] = Field("topic", description="of an exchange to declare")
    persistent: bool = Field(True, description="let the broker keep messages on disk")
    mandatory: bool = Field(True, description="a record that no queue takes is an error; else it is dropped silently")
    _address: Address = PrivateAttr()
    _link: Link | None = PrivateAttr(None)

    def __str__(self) -> str:
        return f"amqp exchange {self.exchange}" if self.exchange else f"amqp queue {self._key}"

    @property
    def _key(self) -> str:
        if self.routing_key is not None:
            return self.routing_key
        return "" if self.exchange else self.queue or ""

    def problem(self) -> str | None:
        from pika import URLParameters

        if not self.exchange and not self._key:
            return 'needs an "exchange", a "queue" or a "routing_key"'
        if self.declare and not self.exchange and self.queue is None:
            return '"declare" needs an "exchange" or a "queue"'
        if self.queue is not None and not self.declare and (self.exchange or self.routing_key is not None):
            return '"queue" has no effect here without "declare"'
        if "exchange_type" in self.model_fields_set and not (self.declare and self.exchange):
            return '"exchange_type" has no effect without "declare" and an "exchange"'
        try:
            if not self.url.get_secret_value().startswith(("amqp://", "amqps://")):
                return "the url must begin with amqp:// or amqps://"
            URLParameters(self.url.get_secret_value())
        except (ValueError, TypeError) as error:
            return f"the url is wrong: {reason(error)}"
        return None

    def prepare(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        self._address = Address("a routing key", self._key, layout, scope.start, longest=255)
        problems = [*super().prepare(layout, formatter, scope), *self._address.problems]
        if self.declare and self.queue and self.exchange_type == "direct" and not self._address.is_constant:
            problems.append('a queue can\'t be bound to all these routing keys; use the exchange_type "topic"')
        return problems

    def encode(self, batch: Batch) -> Encoded:
        return replace(super().encode(batch), texts=self._address.texts(batch))

    def open(self, position: Position) -> None:
        from pika import URLParameters

        parameters = URLParameters(self.url.get_secret_value())
        parameters.socket_timeout = parameters.stack_timeout = CONNECT_SECONDS
        self._link = Link(parameters, self._declarations)
        self._link.open()

    def write(self, encoded: Encoded) -> None:
        if self._link is None or self._link.is_lost:  # while there was nothing to write
            self.close()
            self.open(None)
        assert self._link is not None
        taken = self._address.taken(encoded)
        self._link.deliver(self._messages(encoded.slice(0, taken)))
        if taken < len(encoded):
            raise self._address.refused(encoded, taken)

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _declarations(self, channel: Any) -> Iterator[Step]:
        """Give what has to be done before anything is published, step by step."""
        if not self.declare:
            return
        if self.exchange:
            yield lambda then: channel.exchange_declare(self.exchange, self.exchange_type, durable=True, callback=then)
        if self.queue:
            yield lambda then: channel.queue_declare(self.queue, durable=True, callback=then)
        if self.exchange and self.queue:
            key = "#" if self.exchange_type == "topic" else self._address.filled("")
            yield lambda then: channel.queue_bind(self.queue, self.exchange, key, callback=then)

    def _messages(self, encoded: Encoded) -> list[bytes]:
        """Write each record as the frames that publish it; about 1 µs a record, with pika's own way it is 30 µs."""
        from pika import BasicProperties, frame, spec

        assert self._link is not None
        channel, room = self._link.channel_number, self._link.body_bytes
        names = self._address.names(encoded)
        publish = {
            name: frame.Method(channel, spec.Basic.Publish(0, self.exchange, name, self.mandatory)).marshal()
            for name in set(names)
        }
        properties = BasicProperties(delivery_mode=_PERSISTENT) if self.persistent else BasicProperties()
        header = frame.Header(channel, 0, properties).marshal()
        before, after = header[:11], header[19:]  # around the size of the body: type 1, channel 2, size 4, class 2 + 2
        made = []
        for name, record in zip(names, pieces(encoded.lines), strict=True):
            size = struct.pack(">Q", len(record))
            made.append(b"%b%b%b%b%b" % (publish[name], before, size, after, _body(channel, record, room)))
        return made


def _body(channel: int, record: memoryview, room: int) -> bytes:
    """Write the body of a message, in frames that hold at most so many bytes."""
    parts = (record[begin : begin + room] for begin in range(0, len(record), room))
    return b"".join(struct.pack(">BHL", _BODY_FRAME, channel, len(part)) + part + _FRAME_END for part in parts)
