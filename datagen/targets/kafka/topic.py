"""What every target has that writes to a topic of Kafka: its keys, and the sink that makes messages of records.

A target of its own says how its brokers are reached.
"""

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from datagen.plugin.formatter import Formatter, LineWriter
from datagen.plugin.model import Model
from datagen.plugin.stage import Scope
from datagen.plugin.target import RECORD_ID, Encoded, Position, Sink, Target
from datagen.problems import did_you_mean, show
from datagen.records.batch import Batch, Layout, Part
from datagen.records.inside import find
from datagen.records.lines import pieces
from datagen.records.pattern import is_known
from datagen.records.text import plain_text
from datagen.targets.kafka.client import NOW, Client, Sent, client, problem_with, read
from datagen.targets.kafka.cluster import Cluster, Setting
from datagen.targets.kafka.proof import Proof

if TYPE_CHECKING:
    from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

_BROKER = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:,/\[\]]+)(:\d{1,5})?")
_SEPARATOR = "|"  # between the parts of a key
# Settings that this program needs to make itself.
_TAKEN = (
    *("on_delivery", "error_cb", "stats_cb", "throttle_cb", "oauth_cb", "logger", "transactional.id"),
    *("queue.buffering.max.messages", "queue.buffering.max.kbytes"),
)
_SECRET = re.compile(r"password|secret|pem|token|jaas|oauthbearer\.config", re.IGNORECASE)


class TopicPlan(Model):
    """How a topic is created."""

    partitions: int = Field(1, ge=1, description="number of its partitions")
    replication_factor: int = Field(-1, ge=-1, description="copies of each partition; -1: the brokers' default")
    config: dict[str, Setting] = Field({}, description="settings of the topic")

    def new(self, name: str) -> "NewTopic":
        """Return it as librdkafka wants it."""
        from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

        config = {
            key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in self.config.items()
        }
        return NewTopic(name, self.partitions, self.replication_factor, config=config)


def _plan(value: Any) -> Any:
    return {} if value is True else None if value is False else value


def _topic_name(value: str) -> str:
    """Check a name as brokers do (Kafka's org.apache.kafka.common.internals.Topic)."""
    if not re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", value) or value in (".", ".."):
        raise ValueError(f"must be 1 to 249 letters, digits, dots, underscores and hyphens, found {show(value)}")
    return value


def _brokers(value: Any) -> Any:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _check_brokers(brokers: list[str]) -> list[str]:
    wrong = [broker for broker in brokers if not _BROKER.fullmatch(broker)]
    if wrong:
        raise ValueError(f"must be host or host:port, found {show(wrong[0])}")
    return brokers


Brokers = Annotated[
    list[str],
    BeforeValidator(_brokers),
    AfterValidator(_check_brokers),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]


class KafkaTarget(Target):
    """Keys of every target that writes to a topic of Kafka."""

    library: ClassVar[tuple[str, str] | None] = ("confluent_kafka", "confluent-kafka>=2.13")

    topic: Annotated[str, AfterValidator(_topic_name)] = Field(description="name of the topic")
    topic_key: list[str] = Field(
        [],
        description=f"dimensions (`a.b` for a key inside one) whose texts, joined with `{_SEPARATOR}`, form the key of "
        "a message, which decides its partition; if all are missing, null or empty, the message has no key",
    )
    compression_type: Literal["none", "gzip", "snappy", "lz4", "zstd"] = Field(
        "none", description="how messages are compressed, in transit and in the topic"
    )
    create_topic: Annotated[
        TopicPlan | None,
        BeforeValidator(_plan),
        WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "boolean"}]}),
    ] = Field(
        TopicPlan(),
        description="how the topic is created if it does not exist: `partitions` (1), `replication_factor` (-1: the "
        "brokers' default) and `config`, an object of the topic's settings; false: the topic must exist",
    )
    timestamp: Literal["record", "now"] = Field(
        "record",
        description="time of a message: the time of its record on the run's clock, or the time at which it is sent",
    )
    headers: dict[str, str] = Field({}, description="headers that every message gets")
    timeout: int | float = Field(
        30, ge=1, le=3600, description="seconds without an acknowledgement after which the target counts as failing"
    )
    producer: dict[str, Setting] = Field(
        {},
        repr=False,
        description="any settings of librdkafka's producer, such as `linger.ms`; they override all others",
    )

    def __str__(self) -> str:
        return f"{self.kind} topic {self.topic}"

    @abstractmethod
    def connection(self) -> dict[str, Setting]:
        """Return the settings of librdkafka that say how the brokers are reached."""

    def problem(self) -> str | None:
        taken = [name for name in self.producer if name in _TAKEN]
        if taken:
            return f"producer: {show(taken[0])} can't be set here"
        return problem_with(self._settings)

    def secrets(self) -> list[str]:
        hidden = [str(value) for name, value in self.producer.items() if _SECRET.search(name)]
        return [*super().secrets(), *hidden]

    def check(self) -> None:
        self.cluster().check(self.topic)

    def misfits(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        problems = []
        if self.timestamp == "record" and scope.start.milliseconds <= NOW:
            problems.append(
                "a message needs a time after 1970-01-01T00:00:00.000, which Kafka's client takes for now; "
                'start later than that, or give it "timestamp": "now"'
            )
        unknown = [name for name in self.topic_key if not is_known(layout, name)]
        return problems + [
            f"topic_key: no emitter has {show(name)}{did_you_mean(name, layout.names())}" for name in unknown
        ]

    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> "TopicSink":
        return TopicSink(self, formatter.begin(layout), scope)

    def cluster(self) -> Cluster:
        """Return the cluster, to which nobody is connected yet."""
        return Cluster(self._settings, self.timeout)

    @property
    def _settings(self) -> dict[str, Setting]:
        return {"compression.type": self.compression_type} | self.connection() | self.producer


class TopicSink(Sink):
    """Sends each record as a message of a topic."""

    _client: Client

    def __init__(self, target: KafkaTarget, writer: LineWriter, scope: Scope) -> None:
        super().__init__(writer, scope)
        self._target = target
        names = [*target.headers, *([RECORD_ID] if target.record_id else ())]
        self._proof = Proof(names, has_times=target.timestamp == "record")

    def encode(self, batch: Batch) -> Encoded:
        texts = []
        if self._target.topic_key:
            texts.append(batch.in_order([self._keys(part) for part in batch.parts]))
        if self._target.record_id:
            texts.append(batch.in_order([part.columns[RECORD_ID] for part in batch.parts]))
        return replace(super().encode(batch), texts=tuple(texts))

    def open(self, position: Position) -> None:
        topic, plan = self._target.topic, self._target.create_topic
        new = None if plan is None else plan.new(topic)
        self._client = self.opened.enter_context(client(topic, new, self._target.cluster()))

    def write(self, encoded: Encoded) -> None:
        self._client.send(encoded.lines.data.tobytes(), self._messages(encoded), len(encoded))
        if not self._client.settle():
            raise self._client.failure(map(bytes, pieces(encoded.lines)))

    def stored(self) -> Iterator[tuple[str, Sequence[bytes]]]:
        for number, messages in read(self._target.topic, self._target.cluster()):
            yield f"partition {number}", list(self._proof.found(messages))

    def comparable(self, encoded: Encoded) -> Sequence[bytes]:
        return list(self._proof.sent(encoded.lines.data.tobytes(), self._messages(encoded)))

    def _keys(self, part: Part) -> pa.Array:
        """Return the key of each record of an emitter, null for none."""
        found = [find(part.columns, name) for name in self._target.topic_key]
        nothing = pa.repeat(pa.scalar(""), len(part.rows))
        texts = [nothing if array is None else plain_text(array) for array in found]
        keys = pc.binary_join_element_wise(*texts, _SEPARATOR)
        return pc.if_else(pc.equal(keys, _SEPARATOR * (len(texts) - 1)), None, keys)

    def _messages(self, encoded: Encoded) -> Iterator[Sent]:
        """Return the message of each record, its value as a place in the lines."""
        texts = [text.to_pylist() for text in encoded.texts]
        keys: Any = texts.pop(0) if self._target.topic_key else repeat(None)
        own = self._target.headers
        headers: Any = repeat(own or None)
        if self._target.record_id:
            headers = _with_id(own, texts.pop(0))
        moments: Any = repeat(NOW)
        if self._target.timestamp == "record":
            moments = ((self.scope.start.microseconds + encoded.emitted // 1000) // 1000).tolist()
        ends = encoded.lines.ends
        return zip([0, *ends.tolist()], (ends - encoded.lines.end).tolist(), keys, moments, headers, strict=False)


def _with_id(own: Mapping[str, str], ids: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield the headers of each message: always the same dict, for librdkafka copies them.

    Objects of its own for each message would cost 1 µs, most of it for the garbage collector.
    """
    headers = dict(own)
    for text in ids:
        headers[RECORD_ID] = text
        yield headers
