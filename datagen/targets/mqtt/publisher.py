"""The clients of paho that a link publishes with, and how they speak TLS; imported where one is made.

The one place that uses private parts of paho, a method and an attribute; ``tests/targets/test_private_api.py`` notices
when they change.
"""

import socket
import ssl
from typing import Any

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from datagen.targets.tls import Tls

_REFUSED = 128  # reason codes from here on are failures


class Publisher(Client):
    """A client that speaks MQTT 5, and whose ``on_publish`` hears of refusals with QoS 2 as well.

    paho takes any PUBREC for a yes, and tells no callback what it says (eclipse-paho/paho.mqtt.python, issue 895).
    """

    def __init__(self, client_id: str | None) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, client_id or "", protocol=MQTTv5)
        self.max_inflight_messages = 0  # no limit: the link keeps one

    def _handle_pubrec(self) -> MQTTErrorCode:
        packet = self._in_packet["packet"]  # identifier, reason code unless it is 0 (section 3.5.2)
        if len(packet) > 2 and packet[2] >= _REFUSED:
            code = ReasonCode(PacketTypes.PUBREC, identifier=packet[2])
            told: Any = self.on_publish
            told(self, None, int.from_bytes(packet[:2], "big"), code, None)
        return super()._handle_pubrec()


def tls_context(tls: Tls, host: str) -> ssl.SSLContext:
    """Return a context for connections to a host that speaks TLS as declared.

    Whoever connects with it can't choose the name that the server's certificate must hold, as paho would, and finds the
    handshake done. If that fails, no socket is left open.
    """

    class Declared(ssl.SSLContext):
        def wrap_socket(self, sock: socket.socket, *_: Any, **__: Any) -> ssl.SSLSocket:
            return tls.wrapped(sock, host)

    return Declared(ssl.PROTOCOL_TLS_CLIENT)
