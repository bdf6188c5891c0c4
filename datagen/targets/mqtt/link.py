"""A connection to an MQTT 5 broker: publishes messages and collects the broker's acknowledgements.

Publishing and taking acknowledgements happen on the thread that writes, 25 thousand records/s; with paho's own thread
it is 14 thousand. While there is nothing to write, another thread keeps the connection alive.
"""

import select
import threading
from collections.abc import Sequence
from typing import Any

from datagen.clock import stopwatch
from datagen.plugin.target import Undelivered
from datagen.targets.receipts import Receipts
from datagen.targets.tls import explained

_CONNECT_SECONDS = 10
_REPLY_SECONDS = 30
_GLANCE = 0.2  # seconds
_LOOK_EVERY = 1.0  # seconds between two looks, while there is nothing to write, whether a ping is due
WINDOW = 1000  # records under way at most; a broker may want fewer (MQTT 5.0, section 3.2.2.3.3)
# Reason codes that would be the same at the next try: malformed packet, protocol error, unsupported version, client
# identifier, user name or password, not authorized, banned, authentication method, topic name, packet too large,
# payload format, retain not supported, QoS not supported (MQTT 5.0, section 2.4).
_LASTING = frozenset((129, 130, 132, 133, 134, 135, 138, 140, 144, 149, 153, 154, 155))


class Link:
    """A connection."""

    def __init__(self, client: Any, host: str, port: int, keepalive: int) -> None:
        """Take a client of paho and what it is to connect to; ``keepalive`` in seconds."""
        self._client = client
        self._endpoint = (host, port, keepalive)
        self._peer = f"{host}:{port}"
        self._receipts = Receipts(0)
        self._under_way: dict[int, int] = {}  # number of the record by its packet identifier
        self.most = WINDOW  # records that the broker wants under way at most
        self._greeting: Any = None  # the broker's reason code
        self._lock = threading.Lock()  # held by whoever uses the client
        self._closing = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="mqtt keeper", daemon=True)
        client.connect_timeout = _CONNECT_SECONDS
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect

    def open(self) -> None:
        """Connect, and wait until the broker has accepted the connection. Raises Undelivered."""
        try:
            self._client.connect(*self._endpoint)
        except (OSError, ValueError) as error:  # ValueError: of a name that can't be a host's
            raise Undelivered(f"{self._peer}: {explained(error)}", lasting=isinstance(error, ValueError)) from error
        self._await_greeting()
        self._keeper.start()

    def is_lost(self) -> bool:
        """Return whether the connection has broken."""
        with self._lock:
            return not self._turn(0)

    def deliver(
        self, topics: Sequence[str], records: Sequence[bytes], qos: int, retain: bool, receipts: Receipts
    ) -> None:
        """Publish records and wait until all are acknowledged. Raises Undelivered."""
        self._receipts = receipts
        self._under_way.clear()
        with self._lock:
            while not receipts.is_over:
                for number in receipts.due():  # about 20 µs a record
                    self._publish(number, topics[number], records[number], qos, retain)
                if not self._turn(_GLANCE if self._under_way else 0):
                    receipts.fail("the connection was lost")
                if receipts.silence > _REPLY_SECONDS:
                    receipts.fail(f"no answer for {_REPLY_SECONDS} s from the broker at {self._peer}")
        receipts.settle()

    def close(self) -> None:
        """Say goodbye, if that is possible, and close the connection."""
        self._closing.set()
        if self._keeper.is_alive():
            self._keeper.join()
        self._client.disconnect()
        if self._client.socket() is not None:
            self._client.socket().close()

    def _await_greeting(self) -> None:
        began = stopwatch()
        while self._greeting is None:
            if not self._turn(_GLANCE) and self._greeting is None:
                raise Undelivered(f"the broker at {self._peer} closed the connection")
            if stopwatch() - began > _CONNECT_SECONDS:
                raise Undelivered(
                    f"the broker at {self._peer} said nothing for {_CONNECT_SECONDS} s after it accepted the connection"
                )
        if self._greeting.is_failure:
            lasting = self._greeting.value in _LASTING
            raise Undelivered(f"the broker refused the connection: {self._greeting}", lasting=lasting)

    def _publish(self, number: int, topic: str, record: bytes, qos: int, retain: bool) -> None:
        info = self._client.publish(topic, record, qos, retain)
        if qos == 0 and info.is_published():
            self._receipts.acknowledge(number)
        else:
            self._under_way[info.mid] = number

    def _turn(self, seconds: float) -> bool:
        """Wait for something to read, read and write what there is, and return whether the connection holds."""
        client, connection = self._client, self._client.socket()
        if connection is None:
            return False
        unread = getattr(connection, "pending", int)()  # by TLS, where select does not see it
        wanted = [connection] if client.want_write() else []
        readable, writable, _ = select.select([connection], wanted, [], 0 if unread else seconds)
        failed = (readable or unread) and client.loop_read()
        failed = failed or (writable and client.loop_write())
        return not (failed or client.loop_misc() or client.socket() is None)

    def _keep(self) -> None:
        while not self._closing.wait(_LOOK_EVERY):
            with self._lock:
                if not self._turn(0):
                    return  # the next write will see it

    def _on_connect(self, client: Any, _: Any, flags: Any, code: Any, properties: Any) -> None:
        self._greeting = code
        self.most = min(WINDOW, getattr(properties, "ReceiveMaximum", WINDOW))

    def _on_publish(self, client: Any, _: Any, identifier: int, code: Any, properties: Any) -> None:
        number = self._under_way.pop(identifier, None)
        if number is None:
            return
        if not code.is_failure:
            self._receipts.acknowledge(number)
        elif code.value in _LASTING:
            self._receipts.fail(f"the broker refused a record: {code}", lasting=True)
        else:
            self._receipts.refuse(number, f"the broker refused a record: {code}")

    def _on_disconnect(self, client: Any, _: Any, flags: Any, code: Any, properties: Any) -> None:
        if flags.is_disconnect_packet_from_server:
            self._receipts.fail(f"the broker closed the connection: {code}", lasting=code.value in _LASTING)
