"""Clients of Kafka: what is sent to a topic and acknowledged, and what is read back from it.

Stands between the targets that write to Kafka and librdkafka. Knows nothing of records, only of messages.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from datagen.clock import stopwatch
from datagen.plugin.target import Undelivered, Unreadable
from datagen.targets.kafka.cluster import ANSWER, EVERY_CLIENT, Cluster, Settings, explained

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message

NOW = 0  # the time that librdkafka takes for that at which a message is sent; so none can have it as its own
# Topic, begin and end of the value, key, time (ms since 1970, or NOW), headers; a tombstone ends nowhere.
Sent = tuple[str, int, int | None, str | None, int, dict[str, str | bytes | None] | None]
_Identity = tuple[str | None, bytes | None, bytes | None]  # of a message: topic, key, value

_GLANCE = 0.5  # seconds after which somebody who waits looks whether there is progress
_LOT = 4096  # messages
_READ_AT_ONCE = 10_000  # messages
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


def problem_with(settings: Settings) -> str | None:
    """Say why no producer can be made with these settings, without touching a broker."""
    from confluent_kafka import KafkaException, Producer

    offline = {name: value for name, value in settings.items() if name not in ("bootstrap.servers", "debug")}
    try:
        Producer({**_PRODUCER, **EVERY_CLIENT, **offline}).close()
    except KafkaException as error:
        return explained(error.args[0])
    except (TypeError, ValueError) as error:
        return str(error)
    return None


@contextmanager
def client(cluster: Cluster) -> Iterator["Client"]:
    """Connect, and disconnect in the end. Raises Undelivered."""
    with cluster.explaining():
        made = Client(cluster)
    with closing(made):
        yield made


class Client:
    """Sends messages to topics."""

    def __init__(self, cluster: Cluster) -> None:
        """Make a producer. Raises KafkaException."""
        from confluent_kafka import Producer

        self._cluster = cluster
        self._producer = Producer({**_PRODUCER, **cluster.settings, "on_delivery": self._report})
        self._refusals: dict[_Identity, KafkaError] = {}  # of what was sent last: why it is not there

    def send(self, data: bytes, messages: Iterator[Sent], count: int) -> None:
        """Hand over messages whose values stand in the data, up to the first that librdkafka refuses.

        About 0.7 µs a message; with a list of all values it would be 0.12 µs more. Looking for reports now and then
        lets other threads have the interpreter's lock: 13 % more records/s in the whole command.
        """
        from confluent_kafka import KafkaException

        self._refusals.clear()
        produce = self._producer.produce
        try:
            for _ in range(0, count, _LOT):
                for topic, begin, end, key, moment, headers in islice(messages, _LOT):
                    produce(topic, None if end is None else data[begin:end], key, -1, None, None, moment, headers)
                self._producer.poll(0)
        except KafkaException as error:
            self._refusals[_identity(data, topic, begin, end, key)] = error.args[0]

    def settle(self) -> bool:
        """Wait until all is acknowledged; tell whether it is, else some was refused, or given up after a while."""
        left, since = len(self._producer), stopwatch()
        while now := self._producer.flush(_GLANCE):
            if now < left:
                left, since = now, stopwatch()
            elif stopwatch() - since > self._cluster.timeout:
                self._producer.purge()
        return not self._refusals

    def failure(self, data: bytes, messages: Iterable[Sent]) -> Undelivered:
        """Say which of the messages that were sent are surely there, those before the first that was refused, and why.

        Of messages that are alike, the first is taken for the one that was refused.
        """
        for number, (topic, begin, end, key, *_) in enumerate(messages):
            if (identity := _identity(data, topic, begin, end, key)) in self._refusals:
                return self._cluster.failure(self._refusals[identity], number)
        return Undelivered("refused what was not sent")

    def close(self) -> None:
        """Give up what is not acknowledged, and disconnect."""
        self._producer.purge()
        self._producer.close()

    def _report(self, error: "KafkaError | None", message: "Message") -> None:
        """Hear that a message was refused, or given up."""
        if error is not None:
            self._refusals[message.topic(), message.key(), message.value()] = error


def _identity(data: bytes, topic: str, begin: int, end: int | None, key: str | None) -> _Identity:
    """Return what a message is known by when it is refused."""
    return topic, None if key is None else key.encode(), None if end is None else data[begin:end]


def read(topics: str | re.Pattern[str], cluster: Cluster) -> Iterator[tuple[str, int, list["Message"]]]:
    """Read all messages of a topic, or of those whose names match, partition by partition, in chunks.

    Raises Unreadable.
    """
    from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

    consumer = Consumer({**_CONSUMER, **cluster.settings})
    try:
        for topic, number in _partitions(topics, consumer):
            consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING)])
            for messages in _messages(consumer, cluster):
                yield topic, number, messages
    except KafkaException as error:
        raise Unreadable(str(cluster.failure(error.args[0]))) from error
    finally:
        consumer.close()


def _partitions(topics: str | re.Pattern[str], consumer: "Consumer") -> Iterator[tuple[str, int]]:
    """Yield topics with the numbers of their partitions. Raises Unreadable or KafkaException."""
    if isinstance(topics, str):
        found = [consumer.list_topics(topics, timeout=ANSWER).topics[topics]]
    else:
        found = [one for name, one in consumer.list_topics(timeout=ANSWER).topics.items() if topics.fullmatch(name)]
    for one in found:
        if one.error is not None:
            raise Unreadable(explained(one.error))
        yield from ((one.topic, number) for number in sorted(one.partitions))


def _messages(consumer: "Consumer", cluster: Cluster) -> Iterator[list["Message"]]:
    """Read the partition that a consumer is assigned to, up to its end; about 2 µs a message."""
    found: list[Message] = []
    while (message := consumer.poll(ANSWER)) is not None and message.error() is None:
        found.append(message)
        if len(found) == _READ_AT_ONCE:
            yield found
            found = []
    yield found
    error = None if message is None else message.error()
    if error is None:
        raise Unreadable("no answer")
    if error.name() != "_PARTITION_EOF":
        raise Unreadable(str(cluster.failure(error)))
