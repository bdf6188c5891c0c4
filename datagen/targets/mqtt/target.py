"""The target ``mqtt``."""

from collections.abc import Sequence
from contextlib import closing
from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from datagen.plugin.formatter import Formatter, LineWriter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Position, Target, revealed
from datagen.records.batch import Layout
from datagen.records.lines import pieces
from datagen.targets.address import Address
from datagen.targets.answered import AnsweredSink
from datagen.targets.mqtt.link import WINDOW, Link
from datagen.targets.receipts import Receipts
from datagen.targets.tls import Tls

_PORT, _TLS_PORT = 1883, 8883


class Mqtt(Target):
    """An MQTT 5 broker.

    Each record is a message: its line, without the line end. The topic may hold dimensions, so that each line of a
    plant, say, has a topic of its own. With `qos` 1 or 2 a record counts as delivered when the broker has said so; with
    0 nobody says anything, and what is on its way when a connection breaks is lost.

    Example: {"type": "mqtt", "host": "127.0.0.1", "topic": "shop/clicks"}
    Example: {"type": "mqtt", "topic": "plant", "username": "datagen", "password": "${MQTT_PASSWORD}", "tls": {}}
    """

    kind: ClassVar[str] = "mqtt"
    library: ClassVar[tuple[str, str] | None] = ("paho", "paho-mqtt>=2.2,<2.3")  # the bound: see the publisher
    host: str = Field("127.0.0.1", min_length=1, description="name or address of the broker")
    port: int | None = Field(None, ge=1, le=65535, description="1883, with `tls` 8883, without it")
    topic: str = Field(description="topic to publish to, also with `{{dimension}}` or `{{emitter}}`")
    qos: Literal[0, 1, 2] = Field(1, description="quality of service; 1 and 2 are acknowledged, 0 is not")
    retain: bool = Field(False, description="let the broker keep the last message of each topic for new subscribers")
    client_id: str | None = Field(None, min_length=1, description="client identifier; without it the broker makes one")
    username: str | None = Field(None, description="user name")
    password: SecretStr | None = Field(None, description="its password")
    tls: Tls | None = Field(None, description="speak TLS; `{}` for a broker whose certificate the system trusts")
    keepalive: int = Field(
        60, ge=2, le=65535, description="seconds without a message after which the broker is asked whether it is there"
    )

    def __str__(self) -> str:
        return f"mqtt topic {self.topic}"

    def problem(self) -> str | None:
        if self.password is not None and self.username is None:
            return '"password" needs a "username"'
        return None if self.tls is None else self.tls.problem()

    def misfits(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        return self._address(layout, scope).problems

    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> "MqttSink":
        return MqttSink(self, self._address(layout, scope), formatter.begin(layout), scope)

    def check(self) -> None:
        # Under a name of its own, since a broker closes the connection of a client when another of the same name comes.
        with closing(self.link(self.client_id and f"{self.client_id}-check")) as link:
            link.open()

    def link(self, client_id: str | None) -> Link:
        """Return a link for a client of that name, or of none."""
        from datagen.targets.mqtt.publisher import Publisher, tls_context

        client = Publisher(client_id)
        if self.username is not None:
            client.username_pw_set(self.username, revealed(self.password))
        if self.tls is not None:
            client.tls_set_context(tls_context(self.tls, self.host))
        return Link(client, self.host, self.port or (_TLS_PORT if self.tls else _PORT), self.keepalive)

    def _address(self, layout: Layout, scope: Scope) -> Address:
        # Section 4.7.1: no wildcards in what is published; 4.7.3: not empty, no null character, 65,535 bytes.
        return Address("a topic", self.topic, layout, scope.start, forbidden=r"[+#\x00]|^$", longest=65535)


class MqttSink(AnsweredSink):
    """Publishes records over a link, which it replaces when it was lost."""

    _link: Link

    def __init__(self, target: Mqtt, address: Address, writer: LineWriter, scope: Scope) -> None:
        super().__init__(WINDOW, address, writer, scope, str(target))
        self._target = target

    def open(self, position: Position) -> None:
        self._link = self.opened.enter_context(closing(self._target.link(self._target.client_id)))
        self._link.open()
        self.window.limit(self._link.most)

    def write(self, encoded: Encoded) -> None:
        if self._link.is_lost():  # while there was nothing to write
            self.close()
            self.open(None)
        taken = self._address.taken(encoded)
        good = encoded.slice(0, taken)
        topics, records = self._address.names(good), pieces(good.lines)

        def send(numbers: Sequence[int], receipts: Receipts) -> None:
            chosen = [topics[number] for number in numbers], [bytes(records[number]) for number in numbers]
            self._link.deliver(*chosen, self._target.qos, self._target.retain, receipts)

        self.send_missing(taken, send)
        if taken < len(encoded):
            raise self._address.refused(encoded, taken)
