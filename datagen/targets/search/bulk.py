"""The bulk protocol of search engines: its sink, the same for OpenSearch and Elasticsearch.

Bodies are slices of one buffer that is made in columns, with an action line before each document. Of every answer each
item is looked at.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow.compute as pc

from datagen.plugin.formatter import LineWriter
from datagen.plugin.operation import DELETE, refusal
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Kept, Position, Sink, Undelivered
from datagen.records.batch import Batch
from datagen.records.lines import Lines, pieces
from datagen.records.text import join
from datagen.targets.request import BulkSize, array_of, cuts, is_passing, refused
from datagen.targets.search.action import Actions
from datagen.targets.search.client import SearchClient, answer_text

_WANTED = "errors,items.*.status,items.*.error"  # what is read of an answer: 1.3 µs a record, all of it 5 µs


class BulkSink(Sink):
    """Makes a document of each record."""

    _client: SearchClient

    def __init__(
        self, writer: LineWriter, scope: Scope, connect: Callable[[], SearchClient], actions: Actions, size: BulkSize
    ) -> None:
        super().__init__(writer, scope)
        self.gather = size.gather()
        self._connect = connect
        self._actions = actions
        self._size = size
        self.is_keyed = actions.is_keyed

    def encode(self, batch: Batch) -> Encoded:
        documents = array_of(self.writer.lines(batch))
        keys = self._actions.keys(batch)
        operations = self._actions.operations(batch, keys)
        if operations is not None:
            documents = pc.if_else(pc.equal(operations, DELETE), "", documents)
        body = join([*self._actions.pieces(batch, keys, operations), documents], len(batch))
        texts = () if operations is None else (operations,)
        return Encoded(batch.due, batch.emitted, Lines.of(body), texts)

    def open(self, position: Position) -> None:
        self._client = self.opened.enter_context(self._connect())

    def write(self, encoded: Encoded) -> None:
        refused = refusal(encoded.texts[0]) if encoded.texts else None
        if refused is not None:
            encoded = encoded.slice(0, refused.records)
        for start, stop in cuts(encoded.lines.ends, self._size):
            try:
                self._send(encoded.lines.slice(start, stop))
            except Undelivered as error:
                error.records += start
                raise
        if refused is not None:
            raise refused

    def stored(self) -> Iterator[tuple[str, Sequence[bytes]]]:
        with self._connect() as client:
            for documents in client.documents(self._actions.indices):
                ours = filter(self._actions.is_ours, documents)
                yield "", [_canonical(document["_source"]) for document in ours]

    def comparable(self, encoded: Encoded) -> Sequence[bytes]:
        return [_canonical(json.loads(bytes(piece).partition(b"\n")[2])) for piece in pieces(encoded.lines)]

    def kept(self) -> Iterator[Sequence[Kept]]:
        with self._connect() as client:
            for documents in client.documents(self._actions.indices):
                yield [
                    (self._actions.place(document["_index"], document["_id"]), _canonical(document["_source"]))
                    for document in documents
                ]

    def kept_of(self, encoded: Encoded) -> Sequence[Kept]:
        return [self._kept(*bytes(piece).partition(b"\n")) for piece in pieces(encoded.lines)]

    def _kept(self, line: bytes, _: bytes, document: bytes) -> Kept:
        said = self._actions.read(line)
        place = self._actions.place(said.target, said.identity or "")
        return place, _canonical(json.loads(document)) if said.verb != DELETE else None

    def _send(self, part: Lines) -> None:
        """Send a request and make sure that each of its records is there. Raises Undelivered."""
        answer = self._client.bulk(bytes(part.data), _WANTED)
        items = answer.get("items", ())
        if len(items) != len(part):
            raise Undelivered(f"the answer to {len(part)} records speaks of {len(items)}", lasting=True)
        if answer.get("errors", True):
            self._check([next(iter(item.items())) for item in items], part)

    def _check(self, answers: Sequence[tuple[str, Mapping[str, Any]]], part: Lines) -> None:
        """Name the worst of the records that were refused, if any was. Raises Undelivered."""
        items = [item for _, item in answers]
        done = [self._actions.is_done(verb, item["status"]) for verb, item in answers]
        failed = [number for number, is_done in enumerate(done) if not is_done]
        if not failed:
            return
        worst = next((number for number in failed if not is_passing(items[number]["status"])), failed[0])
        error = refused(items[worst]["status"], answer_text(items[worst]), failed[0])
        identity = self._actions.read(bytes(part.slice(worst, worst + 1).data).partition(b"\n")[0]).identity
        name = "" if identity is None else f" with `_id` {identity}"
        text = f"{len(failed)} of {len(part)} records in a request were not taken; one{name} was {error}"
        raise Undelivered(text, error.records, lasting=error.lasting)


def _canonical(document: Any) -> bytes:
    """Write a document in a way that does not depend on the order of its keys."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
