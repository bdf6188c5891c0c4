"""The sink of ``http``: puts records into the bodies of requests, and keeps several requests under way."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from datagen.plugin.formatter import LineWriter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Position, Sink, Undelivered
from datagen.records.lines import Lines
from datagen.targets.http.exchange import Exchange
from datagen.targets.request import BulkSize, cuts

if TYPE_CHECKING:
    import httpx

_ONE = BulkSize(records=1)


@dataclass(frozen=True)
class Packing:
    """How records stand in the bodies of requests."""

    body: Literal["lines", "array", "each"]
    batch: BulkSize
    writer: LineWriter

    def bodies(self, lines: Lines) -> Iterator[tuple[int, bytes]]:
        """Yield the bodies of requests, each with the number of records up to its end."""
        places = np.concatenate([[0], lines.ends])
        for start, stop in cuts(lines.ends, _ONE if self.body == "each" else self.batch):
            if self.body == "lines":
                yield (
                    stop,
                    b"".join(
                        [self.writer.header, self.writer.block(lines.slice(start, stop)).data, self.writer.footer]
                    ),
                )
            else:
                yield stop, self._body(lines.data[places[start] : places[stop] - lines.end])

    def _body(self, data: memoryview) -> bytes:
        if self.body == "array":  # inside JSON a line feed is never written as it is
            return b"[" + bytes(data).replace(b"\n", b",") + b"]"
        return bytes(data)


class HttpSink(Sink):
    """Sends records in requests, and waits until each is answered."""

    _client: "httpx.Client"
    _threads: ThreadPoolExecutor

    def __init__(
        self, writer: LineWriter, scope: Scope, packing: Packing, exchange: Exchange, concurrency: int
    ) -> None:
        super().__init__(writer, scope)
        self.gather = packing.batch.gather()
        self._packing = packing
        self._exchange = exchange
        self._concurrency = concurrency

    def open(self, position: Position) -> None:
        self._client = self.opened.enter_context(self._exchange.connect())
        self._threads = self.opened.enter_context(ThreadPoolExecutor(self._concurrency))

    def write(self, encoded: Encoded) -> None:
        under_way: deque[tuple[int, Future[None]]] = deque()
        done = 0
        try:
            for stop, body in self._packing.bodies(encoded.lines):
                if len(under_way) == self._concurrency:
                    done = _finished(*under_way.popleft(), done)
                under_way.append((stop, self._threads.submit(self._exchange.send, self._client, body)))
            while under_way:
                done = _finished(*under_way.popleft(), done)
        finally:  # what was begun must not arrive after what is sent again
            wait([future for _, future in under_way])


def _finished(stop: int, request: Future[None], done: int) -> int:
    """Wait for a request; return how many records are delivered with it, after ``done`` before it."""
    try:
        request.result()
    except Undelivered as error:
        error.records = done
        raise
    return stop
