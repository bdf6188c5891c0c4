"""What an audit compares of a message: its value, its key, its time, and the headers that its target gives it.

Other headers, such as those of a program that copies topics, and the number of the partition count for nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from datagen.targets.kafka.client import NOW, Sent

if TYPE_CHECKING:
    from confluent_kafka import Message


class Proof:
    """Writes messages so that those that are alike in all that counts look alike, whether sent or found."""

    def __init__(self, headers: Sequence[str], *, has_times: bool) -> None:
        """Take the names of the headers, and whether the times of messages are those of their records."""
        self._headers = headers
        self._has_times = has_times
        self._form = b"%d %a" + b"%a" * len(headers) + b"%b"  # a third of the time that one %a for all would take

    def found(self, messages: Iterable["Message"]) -> Iterator[bytes]:
        """Yield messages that were read; about 1 µs each, with headers 2.5 µs.

        From the first whose time is that of its broker on, as a topic may want it, no times are compared.
        """
        from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME

        for message in messages:
            kind, moment = message.timestamp()
            self._has_times = self._has_times and kind != TIMESTAMP_LOG_APPEND_TIME
            headers: dict[str, object] = dict(message.headers() or ()) if self._headers else {}
            given = map(headers.get, self._headers)
            yield self._written(message.value(), message.key(), moment, given)

    def sent(self, data: bytes, messages: Iterable[Sent]) -> Iterator[bytes]:
        """Yield messages whose values stand in the data; about 1 µs each."""
        for _, begin, end, key, moment, headers in messages:
            given = [str(headers[name]).encode() for name in self._headers] if headers else ()
            value = None if end is None else data[begin:end]
            yield self._written(value, None if key is None else key.encode(), moment, given)

    def _written(self, value: bytes | None, key: bytes | None, moment: int, headers: Iterable[object]) -> bytes:
        return self._form % (moment if self._has_times else NOW, key, *headers, value or b"")
