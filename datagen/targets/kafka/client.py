"""Clients of Kafka: what is sent to a topic and acknowledged, and what is read back from it.

Stands between the targets that write to Kafka and librdkafka. Knows nothing of records, only of messages.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from datagen.clock import stopwatch
from datagen.plugin.target import Undelivered, Unreadable

if TYPE_CHECKING:
    from concurrent.futures import Future

    from confluent_kafka import Consumer, KafkaError, Message
    from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

Setting = str | int | float | bool
Settings = Mapping[str, Setting]
# Begin and end of the value, key, time (ms since 1970; 0 for now), headers.
Sent = tuple[int, int, str | None, int, list[tuple[str, str]] | None]

_ANSWER = 10.0  # seconds within which brokers must answer when a connection is opened
_GLANCE = 0.5  # seconds after which somebody who waits looks whether there is progress
_LOT = 4096  # messages
_READ_AT_ONCE = 10_000  # messages
# librdkafka speaks to a callback and not on standard error; a broker that is back is found within a second.
_EVERY_CLIENT: Settings = {"log_level": 0, "reconnect.backoff.max.ms": 1000}
_PRODUCER: Settings = {
    "enable.idempotence": True,
    "partitioner": "murmur2_random",  # as Java clients do it
    "delivery.report.only.error": True,
    "queue.buffering.max.messages": 0,  # no limit but that of a batch
    "linger.ms": 50,  # full requests: 10 % less processor time than with 5; a flush does not wait for it
    # No message times out on its own, as a later one might still arrive: ``settle`` gives up all.
    "message.timeout.ms": 0,
}
_CONSUMER: Settings = {
    "group.id": "datagen",
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "fetch.wait.max.ms": 10,  # at the end of one partition, so that the next one is not kept waiting
}
# Errors (KafkaError.name()) that the same try would meet again.
_LASTING = {
    "CLUSTER_AUTHORIZATION_FAILED",
    "INVALID_CONFIG",
    "INVALID_PARTITIONS",
    "INVALID_RECORD",
    "INVALID_TIMESTAMP",
    "MSG_SIZE_TOO_LARGE",
    "POLICY_VIOLATION",
    "RECORD_LIST_TOO_LARGE",
    "SASL_AUTHENTICATION_FAILED",
    "TOPIC_AUTHORIZATION_FAILED",
    "TOPIC_EXCEPTION",
    "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
    "UNSUPPORTED_COMPRESSION_TYPE",
    "UNSUPPORTED_SASL_MECHANISM",
    "_AUTHENTICATION",
    "_UNSUPPORTED_FEATURE",
}


def problem_with(settings: Settings) -> str | None:
    """Say why no producer can be made with these settings, without touching a broker."""
    from confluent_kafka import KafkaException, Producer

    offline = {name: value for name, value in settings.items() if name not in ("bootstrap.servers", "debug")}
    try:
        Producer({**_PRODUCER, **_EVERY_CLIENT, **offline}).close()
    except KafkaException as error:
        return _text(error.args[0])
    except (TypeError, ValueError) as error:
        return str(error)
    return None


class Client:
    """The way to one topic and back."""

    def __init__(self, topic: str, settings: Settings, timeout: float) -> None:
        """Take settings, which win over all others, and how many seconds may pass without an acknowledgement."""
        self._topic = topic
        self._settings: dict[str, Any] = {**_EVERY_CLIENT, "error_cb": self._note, **settings}
        self._timeout = timeout
        self._producer: Any = None
        self._refusals: dict[bytes, KafkaError] = {}  # of what was sent last: by value, why it is not there
        self._complaint: KafkaError | None = None  # what was last wrong with the connection

    def open(self, new: "NewTopic | None") -> None:
        """Connect, and make the topic if it is absent. Raises Undelivered."""
        from confluent_kafka import KafkaException, Producer

        try:
            self._producer = Producer({**_PRODUCER, **self._settings, "on_delivery": self._report})
            self._provide_topic(new)
        except KafkaException as error:
            raise self._failure(error.args[0]) from error

    def send(self, data: bytes, messages: Iterator[Sent], count: int) -> None:
        """Hand over messages whose values stand in the data, up to the first that librdkafka refuses.

        About 0.7 µs a message; with a list of all values it would be 0.12 µs more. Looking for reports now and then
        lets other threads have the interpreter's lock: 13 % more records/s in the whole command.
        """
        from confluent_kafka import KafkaException

        self._refusals.clear()
        produce, topic = self._producer.produce, self._topic
        try:
            for _ in range(0, count, _LOT):
                for begin, end, key, moment, headers in islice(messages, _LOT):
                    produce(topic, data[begin:end], key, -1, None, None, moment, headers)
                self._producer.poll(0)
        except KafkaException as error:
            self._refusals[data[begin:end]] = error.args[0]

    def settle(self) -> bool:
        """Wait until all is acknowledged; tell whether it is, else some was refused, or given up after a while."""
        left, since = len(self._producer), stopwatch()
        while now := self._producer.flush(_GLANCE):
            if now < left:
                left, since = now, stopwatch()
            elif stopwatch() - since > self._timeout:
                self._producer.purge()
        return not self._refusals

    def failure(self, values: Iterable[bytes]) -> Undelivered:
        """Say which of the values that were sent are surely there, those before the first that was refused, and why."""
        for number, value in enumerate(values):
            if value in self._refusals:
                return self._failure(self._refusals[value], number)
        return Undelivered("refused what was not sent")

    def close(self) -> None:
        """Give up what is not acknowledged, and disconnect."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()
            producer.close()

    def read(self) -> Iterator[tuple[int, list[bytes]]]:
        """Read the values of all messages, partition by partition, in chunks. Raises Unreadable."""
        from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

        consumer = Consumer({**_CONSUMER, **self._settings})
        try:
            known = consumer.list_topics(self._topic, timeout=_ANSWER).topics[self._topic]
            if known.error is not None:
                raise Unreadable(_text(known.error))
            for number in sorted(known.partitions):
                consumer.assign([TopicPartition(self._topic, number, OFFSET_BEGINNING)])
                for values in self._values(consumer):
                    yield number, values
        except KafkaException as error:
            raise Unreadable(str(self._failure(error.args[0]))) from error
        finally:
            consumer.close()

    def _values(self, consumer: "Consumer") -> Iterator[list[bytes]]:
        """Read the partition that a consumer is assigned to, up to its end; about 2 µs a message."""
        values: list[bytes] = []
        while (message := consumer.poll(_ANSWER)) is not None and message.error() is None:
            values.append(message.value() or b"")
            if len(values) == _READ_AT_ONCE:
                yield values
                values = []
        yield values
        error = None if message is None else message.error()
        if error is None:
            raise Unreadable("no answer")
        if error.name() != "_PARTITION_EOF":
            raise Unreadable(str(self._failure(error)))

    def _provide_topic(self, new: "NewTopic | None") -> None:
        """See that the topic is there. Raises Undelivered, KafkaException."""
        from confluent_kafka import KafkaException, TopicCollection
        from confluent_kafka.admin import AdminClient

        admin = AdminClient(self._settings)
        wait = min(_ANSWER, self._timeout)
        known = admin.describe_topics(TopicCollection([self._topic]), request_timeout=wait)[self._topic]
        try:
            return self._wait_for(known, admin)
        except KafkaException as error:
            if error.args[0].name() != "UNKNOWN_TOPIC_OR_PART":
                raise
        if new is None:
            raise Undelivered("the topic does not exist", lasting=True)
        try:
            self._wait_for(admin.create_topics([new], request_timeout=wait)[self._topic], admin)
        except KafkaException as error:
            if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                raise

    def _wait_for(self, answer: "Future[Any]", admin: "AdminClient") -> None:
        """Wait for an answer. Raises Undelivered when the login is refused, KafkaException."""
        while not answer.done():
            admin.poll(0.05)
            if self._complaint is not None and _is_lasting(self._complaint):
                raise self._failure(self._complaint)
        answer.result()

    def _report(self, error: "KafkaError | None", message: "Message") -> None:
        """Hear that a message was refused, or given up."""
        if error is not None:
            self._refusals[message.value() or b""] = error

    def _note(self, error: "KafkaError") -> None:
        """Hear that something is wrong with the connection."""
        if error.name() != "_ALL_BROKERS_DOWN":
            self._complaint = error

    def _failure(self, error: "KafkaError", records: int = 0) -> Undelivered:
        """Say why records are not delivered: what is wrong with the connection where that is all there is to know."""
        name = error.name()
        if self._complaint is not None and name in ("_TIMED_OUT", "_TRANSPORT", "_PURGE_QUEUE", "_PURGE_INFLIGHT"):
            error = self._complaint
        elif name.startswith("_PURGE"):
            return Undelivered(f"no acknowledgement for {self._timeout} s", records)
        return Undelivered(_text(error), records, lasting=_is_lasting(error))


def _is_lasting(error: "KafkaError") -> bool:
    """Tell whether a try would meet the same error again; a login that only broke off has the code of a refused one."""
    return error.name() in _LASTING and "transport failure" not in error.str()


def _text(error: "KafkaError") -> str:
    """Say what an error of librdkafka says, without values of settings and what only its authors need."""
    text = re.sub(r" \(after \d+ms in state .*\)", "", error.str())
    text = re.sub(r'Invalid value ".*" for', "Invalid value for", text)
    return text.strip().removeprefix("Failed to create producer: ").removeprefix("Unable to produce message: ")
