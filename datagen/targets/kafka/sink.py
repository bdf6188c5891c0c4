"""The sink of the targets that write to topics of Kafka: messages of records, sent, and read back for an audit."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from datagen.plugin.formatter import LineWriter
from datagen.plugin.key import Names, key_texts
from datagen.plugin.operation import Operations, deletes, refusal
from datagen.plugin.stage import Scope
from datagen.plugin.target import RECORD_ID, Encoded, Kept, Position, Undelivered
from datagen.records.batch import Batch
from datagen.targets.address import Address, AddressedSink
from datagen.targets.kafka.client import NOW, Client, Sent, client, read
from datagen.targets.kafka.cluster import Cluster
from datagen.targets.kafka.proof import Proof

if TYPE_CHECKING:
    from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Plan:
    """What becomes of records, and where they go."""

    topic: str  # with its places, if it has any
    new: "Callable[[str], NewTopic] | None"  # makes the plan of a topic that does not exist; None: it must exist
    cluster: Callable[[], Cluster]
    key: Names | dict[str, Names]
    operation: str | None
    headers: Mapping[str, str]
    with_ids: bool
    with_times: bool


class TopicSink(AddressedSink):
    """Sends each record as a message of a topic.

    Among the texts of its encoded records the topics come first, where they differ; then, as far as there are any, the
    keys, the ids and the operations.
    """

    _client: Client

    def __init__(self, plan: Plan, address: Address, writer: LineWriter, scope: Scope) -> None:
        super().__init__(address, writer, scope)
        self._plan = plan
        self._operations = None if plan.operation is None else Operations(plan.operation, scope.zone)
        self.is_keyed = self._operations is not None
        self._known: set[str] = set()  # topics that are there
        names = [*plan.headers, *([RECORD_ID] if plan.with_ids else ())]
        self._proof = Proof(names, has_times=plan.with_times)

    def encode(self, batch: Batch) -> Encoded:
        encoded = super().encode(batch)
        texts = []
        if self._plan.key:
            texts.append(batch.in_order([key_texts(self._plan.key, part) for part in batch.parts]))
        if self._plan.with_ids:
            texts.append(batch.in_order([part.columns[RECORD_ID] for part in batch.parts]))
        if self._operations is not None:
            texts.append(self._operations.of(batch, texts[0].is_valid()))
        return replace(encoded, texts=(*encoded.texts, *texts))

    def open(self, position: Position) -> None:
        self._known = set()
        self._client = self.opened.enter_context(client(self._plan.cluster()))
        if self._address.is_constant:
            self._provide([self._plan.topic])

    def write(self, encoded: Encoded) -> None:
        error = self._refusal(encoded)
        if error is not None:
            encoded = encoded.slice(0, error.records)
        if not self._address.is_constant:
            self._provide(pc.unique(encoded.texts[0]).to_pylist())
        data = encoded.lines.data.tobytes()
        self._client.send(data, self._messages(encoded), len(encoded))
        if not self._client.settle():
            raise self._client.failure(data, self._messages(encoded))
        if error is not None:
            raise error

    def stored(self) -> Iterator[tuple[str, Sequence[bytes]]]:
        for topic, number, messages in self._read():
            where = "" if self._address.is_constant else f"{topic} "
            yield f"{where}partition {number}", list(self._proof.found(messages))

    def comparable(self, encoded: Encoded) -> Sequence[bytes]:
        return list(self._proof.sent(encoded.lines.data.tobytes(), self._messages(encoded)))

    def kept(self) -> Iterator[Sequence[Kept]]:
        for topic, _, messages in self._read():
            proofs = self._proof.found(messages)
            yield [
                (_place(topic, message.key()), None if message.value() is None else proof)
                for message, proof in zip(messages, proofs, strict=True)
            ]

    def kept_of(self, encoded: Encoded) -> Sequence[Kept]:
        return [
            (_place(topic, None if key is None else key.encode()), None if end is None else proof)
            for (topic, _, end, key, *_), proof in zip(self._messages(encoded), self.comparable(encoded), strict=True)
        ]

    def _read(self) -> Iterator[tuple[str, int, list[Any]]]:
        pattern = re.compile(".*".join(map(re.escape, self._address.filled("\0").split("\0"))))
        return read(self._plan.topic if self._address.is_constant else pattern, self._plan.cluster())

    def _provide(self, topics: Iterable[str]) -> None:
        """See that topics exist. Raises Undelivered."""
        for topic in topics:
            if topic not in self._known:
                self._plan.cluster().provide(topic, None if self._plan.new is None else self._plan.new(topic))
                self._known.add(topic)

    def _refusal(self, encoded: Encoded) -> Undelivered | None:
        """Return the error that a record can't be sent, if so: the first of them."""
        found = []
        if (taken := self._address.taken(encoded)) < len(encoded):
            found.append(self._address.refused(encoded, taken))
        if self._operations is not None and (error := refusal(encoded.texts[-1])):
            found.append(error)
        return min(found, key=lambda error: error.records, default=None)

    def _messages(self, encoded: Encoded) -> Iterator[Sent]:
        """Return the message of each record, its value as a place in the lines."""
        texts = [text.to_pylist() for text in encoded.texts]
        topics: Any = repeat(self._plan.topic) if self._address.is_constant else texts.pop(0)
        keys: Any = texts.pop(0) if self._plan.key else repeat(None)
        own = self._plan.headers
        headers: Any = repeat(own or None)
        if self._plan.with_ids:
            headers = _with_id(own, texts.pop(0))
        moments: Any = repeat(NOW)
        if self._plan.with_times:
            moments = ((self.scope.start.microseconds + encoded.emitted // 1000) // 1000).tolist()
        begins = [0, *encoded.lines.ends.tolist()]
        return zip(topics, begins, self._ends(encoded), keys, moments, headers, strict=False)

    def _ends(self, encoded: Encoded) -> list[int | None]:
        """Return where the value of each message ends, None where it has none."""
        ends: list[int | None] = (encoded.lines.ends - encoded.lines.end).tolist()
        if self._operations is not None:
            for number in deletes(encoded.texts[-1]).nonzero()[0]:
                ends[number] = None
        return ends


def _place(topic: str, key: bytes | None) -> bytes:
    return topic.encode() if key is None else topic.encode() + b"\0" + key


def _with_id(own: Mapping[str, str], ids: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield the headers of each message: always the same dict, for librdkafka copies them.

    Objects of its own for each message would cost 1 µs, most of it for the garbage collector.
    """
    headers = dict(own)
    for text in ids:
        headers[RECORD_ID] = text
        yield headers
