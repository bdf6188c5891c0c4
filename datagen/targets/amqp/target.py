"""The target ``amqp``."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any, ClassVar, Literal

from pydantic import Field

from datagen.plugin.formatter import Formatter, LineWriter
from datagen.plugin.secret_url import SecretUrl
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Position, Target
from datagen.problems import reason
from datagen.records.batch import Layout
from datagen.records.lines import pieces
from datagen.targets.address import Address
from datagen.targets.amqp.frames import LONGEST_NAME, Envelope
from datagen.targets.amqp.link import CONNECT_SECONDS, WINDOW, Link, Step
from datagen.targets.answered import AnsweredSink
from datagen.targets.receipts import Receipts


class Amqp(Target):
    """An AMQP 0-9-1 broker such as RabbitMQ.

    Each record is a message: its line, without the line end. It goes to `exchange` with `routing_key`, which may hold
    dimensions; without an exchange, it goes to the queue of that name. A record counts as delivered when the broker has
    confirmed it; for a persistent message in a durable queue that means that it is on disk. With `declare`, the
    exchange and the queue are made, durable, where they are missing, and the queue is bound to the exchange.

    Example: {"type": "amqp", "queue": "clicks", "declare": true}
    Example: {"type": "amqp", "url": "amqp://guest:${PASSWORD}@127.0.0.1:5672/", "exchange": "shop", "routing_key": "a"}
    """

    kind: ClassVar[str] = "amqp"
    library: ClassVar[tuple[str, str] | None] = ("pika", "pika>=1.3.2,<1.5")  # the bound: see the link
    url: SecretUrl = Field(
        default_factory=lambda: SecretUrl("amqp://guest:guest@127.0.0.1:5672/"),
        description="`amqp://user:password@host:port/virtual_host`, `amqps://` with TLS; the local guest without it",
    )
    exchange: str = Field("", max_length=255, description="exchange to publish to; the default one without it")
    routing_key: str | None = Field(
        None,
        description="routing key, also with `{{dimension}}` or `{{emitter}}`; without it the name of the queue, or "
        "nothing",
    )
    queue: str | None = Field(None, min_length=1, max_length=255, description="queue to publish to or to declare")
    declare: bool = Field(False, description="make the exchange and the queue if they are missing, and bind the queue")
    exchange_type: Literal["topic", "direct", "fanout"] = Field("topic", description="of an exchange to declare")
    persistent: bool = Field(True, description="let the broker keep messages on disk")
    mandatory: bool = Field(True, description="a record that no queue takes is an error; else it is dropped silently")

    def __str__(self) -> str:
        return f"amqp exchange {self.exchange}" if self.exchange else f"amqp queue {self._key}"

    @property
    def _key(self) -> str:
        if self.routing_key is not None:
            return self.routing_key
        return "" if self.exchange else self.queue or ""

    def problem(self) -> str | None:
        if not self.exchange and not self._key:
            return 'needs an "exchange", a "queue" or a "routing_key"'
        if self.declare and not self.exchange and self.queue is None:
            return '"declare" needs an "exchange" or a "queue"'
        if self.queue is not None and not self.declare and (self.exchange or self.routing_key is not None):
            return '"queue" has no effect here without "declare"'
        if "exchange_type" in self.model_fields_set and not (self.declare and self.exchange):
            return '"exchange_type" has no effect without "declare" and an "exchange"'
        for key, name in (("exchange", self.exchange), ("queue", self.queue or "")):
            if len(name.encode()) > LONGEST_NAME:
                return f'"{key}" must not have more than {LONGEST_NAME} bytes'
        return self._problem_of_url()

    def _problem_of_url(self) -> str | None:
        if not self.url.value.startswith(("amqp://", "amqps://")):
            return "the url must begin with amqp:// or amqps://"
        try:
            self._parameters()
        except (ValueError, TypeError, SyntaxError, OSError) as error:  # the last two: of ``ssl_options`` in it
            return f"the url is wrong: {reason(error)}"
        return None

    def misfits(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        address = self._address(layout, scope)
        misfits = list(address.problems)
        if self.declare and self.queue and self.exchange_type == "direct" and not address.is_constant:
            misfits.append('a queue can\'t be bound to all these routing keys; use the exchange_type "topic"')
        return misfits

    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> "AmqpSink":
        return AmqpSink(self, self._address(layout, scope), formatter.begin(layout), scope)

    def check(self) -> None:
        with closing(self.link(lambda channel: iter(()))) as link:
            link.open()

    def link(self, declarations: Callable[[Any], Iterator[Step]]) -> Link:
        """Return a link that makes such declarations."""
        return Link(self._parameters(), declarations)

    def _parameters(self) -> Any:
        from pika import URLParameters

        parameters = URLParameters(self.url.value)
        parameters.socket_timeout = parameters.stack_timeout = CONNECT_SECONDS
        return parameters

    def _address(self, layout: Layout, scope: Scope) -> Address:
        return Address("a routing key", self._key, layout, scope.start, longest=LONGEST_NAME)


class AmqpSink(AnsweredSink):
    """Publishes records over a link, which it replaces when it was lost."""

    _link: Link

    def __init__(self, target: Amqp, address: Address, writer: LineWriter, scope: Scope) -> None:
        super().__init__(WINDOW, address, writer, scope, str(target))
        self._target = target
        self._envelope = Envelope(target.exchange, target.mandatory, target.persistent)

    def open(self, position: Position) -> None:
        self._link = self.opened.enter_context(closing(self._target.link(self._declarations)))
        self._link.open()

    def write(self, encoded: Encoded) -> None:
        if self._link.is_lost:  # while there was nothing to write
            self.close()
            self.open(None)
        taken = self._address.taken(encoded)
        messages = self._messages(encoded.slice(0, taken))

        def send(numbers: Sequence[int], receipts: Receipts) -> None:
            self._link.deliver([messages[number] for number in numbers], receipts)

        self.send_missing(taken, send)
        if taken < len(encoded):
            raise self._address.refused(encoded, taken)

    def _messages(self, encoded: Encoded) -> list[bytes]:
        keys, records = self._address.names(encoded), pieces(encoded.lines)
        return self._envelope.messages(self._link.channel_number, self._link.body_bytes, keys, records)

    def _declarations(self, channel: Any) -> Iterator[Step]:
        """Yield what has to be done before anything is published, step by step."""
        target = self._target
        exchange, kind, queue = target.exchange, target.exchange_type, target.queue
        if not target.declare:
            return
        if exchange:
            yield lambda then: channel.exchange_declare(exchange, kind, durable=True, callback=then)
        if queue:
            yield lambda then: channel.queue_declare(queue, durable=True, callback=then)
        if exchange and queue:
            key = "#" if kind == "topic" else self._address.filled("")
            yield lambda then: channel.queue_bind(queue, exchange, key, callback=then)
