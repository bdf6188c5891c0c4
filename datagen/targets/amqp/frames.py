"""The frames that publish records, laid out as AMQP 0-9-1 has it (section 4.2); knows no connection and no library."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

FRAME_BYTES = 8  # of a frame around what it holds: 7 before, 1 behind
LONGEST_NAME = 255  # bytes

_METHOD, _HEADER, _BODY = 1, 2, 3  # types of frames
_END = b"\xce"
_BASIC, _PUBLISH = 60, 40  # the class of methods that handle messages, and its method that publishes one
_HAS_DELIVERY_MODE = 1 << 12  # of the flags that say which properties a message has
_PERSISTENT = 2


@dataclass(frozen=True)
class Envelope:
    """What is the same for all messages of a target."""

    exchange: str
    mandatory: bool
    persistent: bool

    def messages(self, channel: int, room: int, keys: Sequence[str], records: Sequence[memoryview]) -> list[bytes]:
        """Write each record, with its routing key, as the frames that publish it; about 1 µs a record.

        A frame has room for so many bytes of a record. An empty record has no frame for its body.
        """
        publish = {key: _frame(_METHOD, channel, self._publish(key)) for key in set(keys)}
        properties = struct.pack(">HB", _HAS_DELIVERY_MODE, _PERSISTENT) if self.persistent else struct.pack(">H", 0)
        before, behind = struct.pack(">BHLHH", _HEADER, channel, 12 + len(properties), _BASIC, 0), properties + _END
        made = []
        for key, record in zip(keys, records, strict=True):
            size = struct.pack(">Q", len(record))
            made.append(b"%b%b%b%b%b" % (publish[key], before, size, behind, _body(channel, record, room)))
        return made

    def _publish(self, key: str) -> bytes:
        """Write the method and its arguments: 2 bytes that are reserved, two names, and a byte of flags."""
        return struct.pack(">HHH", _BASIC, _PUBLISH, 0) + _name(self.exchange) + _name(key) + bytes([self.mandatory])


def _name(text: str) -> bytes:
    data = text.encode()
    return bytes([len(data)]) + data


def _body(channel: int, record: memoryview, room: int) -> bytes:
    return b"".join(_frame(_BODY, channel, record[begin : begin + room]) for begin in range(0, len(record), room))


def _frame(kind: int, channel: int, content: bytes | memoryview) -> bytes:
    return b"".join((struct.pack(">BHL", kind, channel, len(content)), content, _END))
