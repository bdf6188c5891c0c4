"""What every target has that writes to topics of Kafka: its keys, and what is wrong with them.

A target of its own says how its brokers are reached.
"""

import re
from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from datagen.plugin.formatter import Formatter
from datagen.plugin.key import SEPARATOR, Key, unknown_names
from datagen.plugin.model import Model
from datagen.plugin.operation import OperationText, strays
from datagen.plugin.operation import misfits as operation_misfits
from datagen.plugin.stage import Scope
from datagen.plugin.target import Sink, Target
from datagen.problems import show
from datagen.records.batch import Layout
from datagen.targets.address import Address
from datagen.targets.kafka.client import NOW, problem_with
from datagen.targets.kafka.cluster import Cluster, Setting
from datagen.targets.kafka.sink import Plan, TopicSink

if TYPE_CHECKING:
    from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

_BROKER = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:,/\[\]]+)(:\d{1,5})?")
_PLACE = re.compile(r"\{\{.*?\}\}|\{.*?\}")
# What brokers take for no name of a topic (Kafka's org.apache.kafka.common.internals.Topic).
_NO_TOPIC, _LONGEST = r"[^a-zA-Z0-9._-]|^\.{0,2}$", 249
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
    """Check a name, as far as it is the same for all records."""
    sample = _PLACE.sub("x", value)
    if re.search(_NO_TOPIC, sample) or len(sample) > _LONGEST:
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

    form: ClassVar[tuple[str, ...]] = ("topic_key", "operation")

    topic: Annotated[str, AfterValidator(_topic_name)] = Field(
        description="name of the topic, also with `{{dimension}}` or `{{emitter}}`"
    )
    topic_key: Key = Field(
        [],
        description=f"dimensions (`a.b` for a key inside one) whose texts, joined with `{SEPARATOR}`, form the key of "
        "a message, which decides its partition; if all are null or missing, the message has no key; an object has "
        "such a list for each emitter",
    )
    operation: OperationText | None = Field(
        None,
        description="expression that says of each record what becomes of its key: `'delete'` sends the key without a "
        "value, `'insert'`, `'update'` and `'upsert'` send the record",
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
        if self.operation is not None and not self.topic_key:
            return '"operation" requires a "topic_key"'
        return problem_with(self._settings)

    def secrets(self) -> list[str]:
        hidden = [str(value) for name, value in self.producer.items() if _SECRET.search(name)]
        return [*super().secrets(), *hidden]

    def check(self) -> None:
        self.cluster().check(None if _PLACE.search(self.topic) else self.topic)

    def misfits(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        problems = []
        if self.timestamp == "record" and scope.start.milliseconds <= NOW:
            problems.append(
                "a message needs a time after 1970-01-01T00:00:00.000, which Kafka's client takes for now; "
                'start later than that, or give it "timestamp": "now"'
            )
        address = self._address(layout, scope)
        problems += address.problems
        problems += unknown_names("topic_key", self.topic_key, layout)
        if self.operation is not None:
            problems += operation_misfits(self.operation, layout)
            problems += strays("topic", address.places, self.topic_key, layout)
        return problems

    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> Sink:
        plan = Plan(
            self.topic,
            None if self.create_topic is None else self.create_topic.new,
            self.cluster,
            self.topic_key,
            self.operation,
            self.headers,
            with_ids=self.record_id,
            with_times=self.timestamp == "record",
        )
        return TopicSink(plan, self._address(layout, scope), formatter.begin(layout), scope)

    def _address(self, layout: Layout, scope: Scope) -> Address:
        return Address("a topic", self.topic, layout, scope.start, forbidden=_NO_TOPIC, longest=_LONGEST)

    def cluster(self) -> Cluster:
        """Return the cluster, to which nobody is connected yet."""
        return Cluster(self._settings, self.timeout)

    @property
    def _settings(self) -> dict[str, Setting]:
        return {"compression.type": self.compression_type} | self.connection() | self.producer
