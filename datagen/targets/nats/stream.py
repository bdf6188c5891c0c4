"""Streams of JetStream: how a spec names or describes one, and how it is found, made and read.

Knows the context of the library, in which its coroutines run, but no connection.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from datagen.plugin.model import Model
from datagen.plugin.target import Undelivered

if TYPE_CHECKING:
    from nats.js import JetStreamContext

_CHUNK = 1000  # records read back at a time
_READ_SECONDS = 10


class JetStream(Model):
    """The stream that keeps the records."""

    name: str = Field(min_length=1, pattern=r"^[^\s.*>/\\]+$", description="its name")
    create: bool = Field(False, description="make it if it is missing, with the keys that follow")
    subjects: list[str] | None = Field(
        None, min_length=1, description="subjects that it takes; without it, those of the records"
    )
    max_bytes: int | None = Field(None, ge=1, description="drop the oldest records beyond so many bytes")
    max_age: int | float | None = Field(None, ge=0.1, description="drop records after so many seconds")
    duplicate_window: int | float | None = Field(
        None, ge=0.1, description="seconds within which a record that comes twice is stored once; 120 without it"
    )

    def problem(self) -> str | None:
        """Return why it can't be made, if so."""
        keys = sorted(self.model_fields_set - {"name", "create"})
        return f'stream.{keys[0]} has no effect without "create"' if keys and not self.create else None


async def ready_stream(wanted: JetStream | None, subject: str, context: "JetStreamContext") -> str:
    """Return the name of the stream that is wanted, or of the one that takes a subject; make it if that is declared.

    Raises Undelivered when there is none.
    """
    from nats.js.errors import NotFoundError

    try:
        if wanted is None:
            return await context.find_stream_name_by_subject(subject)
        await context.stream_info(wanted.name)
    except NotFoundError as error:
        if wanted is None:
            raise Undelivered("no stream takes this subject", lasting=True) from error
        if not wanted.create:
            raise Undelivered(f"there is no stream {wanted.name}", lasting=True) from error
        await context.add_stream(
            name=wanted.name,
            subjects=wanted.subjects or [subject],
            max_bytes=wanted.max_bytes,
            max_age=wanted.max_age,
            duplicate_window=wanted.duplicate_window or 0,
        )
    return wanted.name


async def begin_reading(name: str, subject: str, context: "JetStreamContext") -> "JetStreamContext.PullSubscription":
    """Return what reads the messages of a stream whose subjects match."""
    from nats.js.api import AckPolicy, ConsumerConfig

    config = ConsumerConfig(ack_policy=AckPolicy.NONE, inactive_threshold=_READ_SECONDS)
    return await context.pull_subscribe(subject, stream=name, config=config)


async def next_records(reading: "JetStreamContext.PullSubscription") -> Sequence[bytes]:
    """Return the next records; none when there are no more."""
    left = (await reading.consumer_info()).num_pending
    return [message.data for message in await reading.fetch(min(left, _CHUNK), _READ_SECONDS)] if left else []
