"""The target ``mqtt``."""

from dataclasses import replace
from typing import Any, ClassVar, Literal

from pydantic import Field, PrivateAttr, SecretStr

from datagen.plugin.formatter import Formatter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Position, Target, Undelivered
from datagen.problems import reason
from datagen.records.batch import Batch, Layout
from datagen.records.lines import pieces
from datagen.targets.address import Address
from datagen.targets.mqtt.link import CONNECT_SECONDS, Link, client_class
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
    library: ClassVar[tuple[str, str] | None] = ("paho", "paho-mqtt>=2.1")
    host: str = Field("127.0.0.1", min_length=1, description="name or address of the broker")
    port: int | None = Field(None, ge=1, le=65535, description="1883, with `tls` 8883, without it")
    topic: str = Field(description="topic to publish to, also with `{{dimension}}`")
    qos: Literal[0, 1, 2] = Field(1, description="quality of service; 1 and 2 are acknowledged, 0 is not")
    retain: bool = Field(False, description="let the broker keep the last message of each topic for new subscribers")
    client_id: str | None = Field(None, min_length=1, description="client identifier; without it the broker makes one")
    username: str | None = Field(None, description="user name")
    password: SecretStr | None = Field(None, description="its password")
    tls: Tls | None = Field(None, description="speak TLS; `{}` for a broker whose certificate the system trusts")
    keepalive: int = Field(
        60, ge=2, le=65535, description="seconds without a message after which the broker is asked whether it is there"
    )
    _address: Address = PrivateAttr()
    _link: Link | None = PrivateAttr(None)

    def __str__(self) -> str:
        return f"mqtt topic {self.topic}"

    def problem(self) -> str | None:
        if self.password is not None and self.username is None:
            return '"password" needs a "username"'
        return None if self.tls is None else self.tls.problem()

    def prepare(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        # Section 4.7.1: no wildcards in what is published; 4.7.3: not empty, no null character, 65,535 bytes.
        self._address = Address("a topic", self.topic, layout, scope.start, forbidden=r"[+#\x00]|^$", longest=65535)
        return [*super().prepare(layout, formatter, scope), *self._address.problems]

    def encode(self, batch: Batch) -> Encoded:
        return replace(super().encode(batch), texts=self._address.texts(batch))

    def open(self, position: Position) -> None:
        client = self._client()
        try:
            client.connect(self.host, self.port or (_TLS_PORT if self.tls else _PORT), self.keepalive)
        except (OSError, ValueError) as error:  # ValueError: of a name that can't be a host's
            raise Undelivered(reason(error), lasting=isinstance(error, ValueError)) from error
        self._link = Link(client)
        self._link.await_greeting()

    def write(self, encoded: Encoded) -> None:
        if self._link is None or self._link.is_lost():  # while there was nothing to write
            self.close()
            self.open(None)
        assert self._link is not None
        taken = self._address.taken(encoded)
        good = encoded.slice(0, taken)
        records = [bytes(piece) for piece in pieces(good.lines)]
        self._link.deliver(self._address.names(good), records, self.qos, self.retain)
        if taken < len(encoded):
            raise self._address.refused(encoded, taken)

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _client(self) -> Any:
        from paho.mqtt.client import MQTTv5
        from paho.mqtt.enums import CallbackAPIVersion

        server_name = (self.tls and self.tls.server_name) or self.host
        client = client_class(server_name)(CallbackAPIVersion.VERSION2, self.client_id or "", protocol=MQTTv5)
        client.connect_timeout = CONNECT_SECONDS
        client.max_inflight_messages = 0  # no limit: the link keeps one
        if self.username is not None:
            client.username_pw_set(self.username, self.password.get_secret_value() if self.password else None)
        if self.tls is not None:
            client.tls_set_context(self.tls.context())
        return client
