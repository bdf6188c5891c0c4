"""A connection to NATS servers with JetStream: publishes records and collects the acknowledgements of streams.

The library is made of coroutines, and it has to answer the server's pings also while there is nothing to write; so it
lives on an event loop in a thread of its own.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from datagen.plugin.target import Undelivered
from datagen.problems import reason, show
from datagen.targets.receipts import Receipts

T = TypeVar("T")

_CONNECT_SECONDS = 5  # for each of the servers, which are tried twice
_OPEN_SECONDS = 60
_REPLY_SECONDS = 30
_CLOSE_SECONDS = 2
_PING_SECONDS = 20
WINDOW = 1000  # records under way at most
_NO_RESPONDERS = "503"  # status of a reply that says that nobody listens
# Codes that would be the same at the next try: bad request, unauthorised, forbidden, not found, as in HTTP.
_LASTING = frozenset((400, 401, 403, 404))


class Link:
    """A connection."""

    _loop: asyncio.AbstractEventLoop

    def __init__(self, options: Mapping[str, Any], peer: str) -> None:
        """Take the options of ``nats.connect``, servers and ways to authenticate, and what the user calls them."""
        from nats.aio.client import Client

        self._client = Client()
        self._options = options
        self._peer = peer
        self._ready = Receipts(1)  # for that it is connected
        self._receipts = Receipts(0)
        self._subjects: Sequence[str] = ()
        self._inbox = ""
        self._error: Exception | None = None  # what the library says about a failure it then calls something else
        self._thread = threading.Thread(target=self._run, name="nats", daemon=True)
        self._news = asyncio.Event()  # set when there are receipts
        self._closing = asyncio.Event()

    @property
    def is_lost(self) -> bool:
        """Return whether the connection has broken."""
        return not self._client.is_connected

    @property
    def most_bytes(self) -> int:
        """Return how many bytes a message may have, with its headers."""
        return self._client.max_payload

    def open(self) -> None:
        """Connect. Raises Undelivered."""
        self._loop = asyncio.new_event_loop()
        self._thread.start()
        self._ready.wait(_OPEN_SECONDS, f"{self._peer} to the connection")

    def call(self, act: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
        """Return what something that is done with the JetStream context returns. Raises Undelivered."""
        from nats.errors import Error

        try:
            done = asyncio.run_coroutine_threadsafe(act(self._client.jetstream()), self._loop)
            return done.result(_REPLY_SECONDS)
        except (Error, OSError, TimeoutError) as error:
            text, lasting = self._explained(self._error or error)
            raise Undelivered(text, lasting=lasting) from error

    def deliver(
        self, subjects: Sequence[str], records: Sequence[bytes], message_ids: Sequence[str], receipts: Receipts
    ) -> None:
        """Publish records and wait until streams have stored all of them. Raises Undelivered."""
        publishing = self._publish(subjects, records, message_ids, receipts)
        published = asyncio.run_coroutine_threadsafe(publishing, self._loop)
        try:
            receipts.wait(_REPLY_SECONDS, self._peer)
        finally:
            published.cancel()

    def close(self) -> None:
        """Say goodbye, if that is possible, and end the thread; only called after ``open``, which may have failed."""
        with suppress(RuntimeError):  # the loop has ended by itself
            self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    # What happens on the link's own thread

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._live())

    async def _live(self) -> None:
        from nats.errors import Error

        try:
            await self._connect()
            self._ready.acknowledge(0)
            await self._closing.wait()
        except Exception as error:  # whatever it is, the run has to know
            text, lasting = self._explained(self._error or error)
            self._ready.fail(f"{self._peer}: {text}", lasting=lasting)
        finally:
            with suppress(Error, OSError, TimeoutError, AssertionError):  # the last one if there is nothing to close
                await asyncio.wait_for(self._client.close(), _CLOSE_SECONDS)

    async def _connect(self) -> None:
        await self._client.connect(
            **self._options,
            allow_reconnect=False,
            connect_timeout=_CONNECT_SECONDS,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            ping_interval=_PING_SECONDS,
            pending_size=0,  # no limit, since it would wait for room without end; the window keeps one
            error_cb=self._on_error,
            closed_cb=self._on_closed,
        )
        self._inbox = self._client.new_inbox()
        await self._client.subscribe(f"{self._inbox}.*", cb=self._on_reply)

    async def _publish(
        self, subjects: Sequence[str], records: Sequence[bytes], message_ids: Sequence[str], receipts: Receipts
    ) -> None:
        """Publish; 80 thousand records/s, with the library's own ``publish_async`` it is 40 thousand."""
        from nats.errors import Error

        self._subjects, self._receipts = subjects, receipts
        try:
            while not receipts.is_over:
                self._news.clear()
                for number in receipts.due(WINDOW // 2):  # about 10 µs a record
                    headers = {"Nats-Msg-Id": message_ids[number]}
                    await self._client.publish(subjects[number], records[number], f"{self._inbox}.{number}", headers)
                await self._news.wait()
        except (Error, OSError) as error:
            text, lasting = self._explained(error)
            receipts.fail(text, lasting=lasting)

    async def _on_reply(self, message: Any) -> None:
        number = int(message.subject.rpartition(".")[2])
        if b'"seq"' in message.data and b'"error"' not in message.data:
            self._receipts.acknowledge(number)
        else:
            text, lasting = self._refusal(number, message)
            if lasting:
                self._receipts.fail(text, lasting=True)
            else:
                self._receipts.refuse(number, text)
        self._news.set()

    def _refusal(self, number: int, message: Any) -> tuple[str, bool]:
        if (message.headers or {}).get("Status") == _NO_RESPONDERS:
            return f"no stream takes the subject {show(self._subjects[number])}", False
        with suppress(ValueError, KeyError, TypeError):
            error = json.loads(message.data)["error"]
            return str(error["description"]), error["code"] in _LASTING
        return f"something that is not a stream answers to the subject {show(self._subjects[number])}", True

    async def _on_error(self, error: Exception) -> None:
        self._error = error
        text, lasting = self._explained(error)
        self._receipts.fail(text, lasting=lasting)

    async def _on_closed(self) -> None:
        self._receipts.fail("the connection was lost")

    def _explained(self, error: Exception) -> tuple[str, bool]:
        """Return in words what an exception means, and whether the same would happen again."""
        from nats.errors import NoRespondersError
        from nats.js.errors import ServiceUnavailableError

        code, text = getattr(error, "code", None), getattr(error, "description", None)
        if isinstance(error, TimeoutError):
            text = "the server does not answer"
        elif text is None and isinstance(error, NoRespondersError | ServiceUnavailableError):
            text = "the server has no JetStream, or it is not ready"
        text = text or reason(error).removeprefix("nats: ").strip("'")
        refused = any(word in text.lower() for word in ("authorization", "authentication", "permissions violation"))
        return text, refused or code in _LASTING
