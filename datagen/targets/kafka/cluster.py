"""A Kafka cluster: what librdkafka is told about it and says of it, and its topics.

Knows nothing of messages.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from datagen.plugin.target import Undelivered

if TYPE_CHECKING:
    from concurrent.futures import Future

    from confluent_kafka import KafkaError
    from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

Setting = str | int | float | bool
Settings = Mapping[str, Setting]

ANSWER = 10.0  # seconds within which brokers must answer when a connection is opened
# librdkafka speaks to a callback and not on standard error; a broker that is back is found within a second.
EVERY_CLIENT: Settings = {"log_level": 0, "reconnect.backoff.max.ms": 1000}
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


class Cluster:
    """The brokers as all clients with the same settings see them, and what was last wrong with them."""

    def __init__(self, settings: Settings, timeout: float) -> None:
        """Take settings, which win over all others, and how many seconds may pass without an acknowledgement."""
        self.settings: dict[str, Any] = {**EVERY_CLIENT, "error_cb": self._note, **settings}
        self.timeout = timeout
        self._wait = min(ANSWER, timeout)
        self._complaint: KafkaError | None = None

    def check(self, topic: str | None) -> None:
        """Log in, and ask for a topic, which need not exist; for all of them without one. Raises Undelivered."""
        from confluent_kafka.admin import AdminClient

        with self.explaining():
            admin = AdminClient(self.settings)
            if topic is None:
                self._wait_for(admin.describe_cluster(request_timeout=self._wait), admin)
            else:
                self._has(topic, admin)

    def provide(self, topic: str, new: "NewTopic | None") -> None:
        """See that a topic exists, and create it if it does not. Raises Undelivered."""
        from confluent_kafka.admin import AdminClient

        with self.explaining():
            admin = AdminClient(self.settings)
            if self._has(topic, admin):
                return
            if new is None:
                raise Undelivered("the topic does not exist", lasting=True)
            made = admin.create_topics([new], request_timeout=self._wait)[topic]
            self._wait_for(made, admin, but="TOPIC_ALREADY_EXISTS")

    def _has(self, topic: str, admin: "AdminClient") -> bool:
        from confluent_kafka import TopicCollection

        known = admin.describe_topics(TopicCollection([topic]), request_timeout=self._wait)[topic]
        return self._wait_for(known, admin, but="UNKNOWN_TOPIC_OR_PART")

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Raise what librdkafka raises as Undelivered."""
        from confluent_kafka import KafkaException

        try:
            yield
        except KafkaException as error:
            raise self.failure(error.args[0]) from error

    def failure(self, error: "KafkaError", records: int = 0) -> Undelivered:
        """Say why records are not delivered: what is wrong with the connection where that is all there is to know."""
        name = error.name()
        if self._complaint is not None and name in ("_TIMED_OUT", "_TRANSPORT", "_PURGE_QUEUE", "_PURGE_INFLIGHT"):
            error = self._complaint
        elif name.startswith("_PURGE"):
            return Undelivered(f"no acknowledgement for {self.timeout} s", records)
        return Undelivered(explained(error), records, lasting=_is_lasting(error))

    def _wait_for(self, answer: "Future[Any]", admin: "AdminClient", but: str = "") -> bool:
        """Wait for an answer; tell whether it is a good one, and not the error ``but``.

        Raises Undelivered when the login is refused, KafkaException for all other errors.
        """
        from confluent_kafka import KafkaException

        while not answer.done():
            admin.poll(0.05)
            if self._complaint is not None and _is_lasting(self._complaint):
                raise self.failure(self._complaint)
        try:
            answer.result()
        except KafkaException as error:
            if error.args[0].name() != but:
                raise
            return False
        return True

    def _note(self, error: "KafkaError") -> None:
        """Hear that something is wrong with the connection."""
        if error.name() != "_ALL_BROKERS_DOWN":
            self._complaint = error


def explained(error: "KafkaError") -> str:
    """Say what an error of librdkafka says, without values of settings and what only its authors need."""
    text = re.sub(r" \(after \d+ms in state .*\)", "", error.str())
    text = re.sub(r'Invalid value ".*" for', "Invalid value for", text)
    return text.strip().removeprefix("Failed to create producer: ").removeprefix("Unable to produce message: ")


def _is_lasting(error: "KafkaError") -> bool:
    """Return whether a try would meet the same error again.

    A login that only broke off has the code of a refused one.
    """
    return error.name() in _LASTING and "transport failure" not in error.str()
