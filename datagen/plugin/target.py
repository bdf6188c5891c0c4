"""What a target is: where encoded records go, and the sink that it becomes in a run, which says what has arrived.

``Sink.write`` returns when the system has acknowledged all records, so nobody else needs to count what is under way.
When it fails it says how many of the first records surely arrived; the others are sent again or reported.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field, PlainValidator, SecretStr, ValidationError, ValidationInfo, WithJsonSchema

from datagen.draw import Integers
from datagen.plugin.formatter import AnyFormatter, Formatter, LineWriter
from datagen.plugin.model import Maker, Plugin, invalid, make_of_group, parts_of
from datagen.plugin.secret_url import SecretUrl
from datagen.plugin.stage import AnyStage, Scope
from datagen.problems import Path_
from datagen.records.batch import Batch, Layout
from datagen.records.lines import Lines, pieces
from datagen.records.merge import joined

RECORD_ID = "record_id"
_CODE = re.compile(r"%[YmdHMj](?![0-9A-Fa-f])")  # what is no escape of a URL

Position = dict[str, Any] | None
Kept = tuple[bytes, bytes | None]  # a key, and its record; None where it has none any more


class Undelivered(Exception):
    """Delivery failed; of the records to be written the first ``records`` surely arrived.

    With a ``lasting`` reason, such as a refused record, the next try would fail too, so there is none.
    """

    def __init__(self, reason: str, records: int = 0, *, lasting: bool = False) -> None:
        super().__init__(reason)
        self.records = records
        self.lasting = lasting


class ReaderGone(Exception):
    """Nobody reads what is written any more, as with ``| head``; this is no failure."""


class Unreadable(Exception):
    """What a target holds can't be read back; the message says why."""


class NotGivenBack(Unreadable):
    """A target can't be read back, whatever is tried: its kind gives nothing back."""


@dataclass(frozen=True)
class Encoded:
    """Records that are ready to be sent, in order; n of them."""

    due: Integers  # (n,) ns since the start
    emitted: Integers  # (n,) ns since the start
    lines: Lines  # (n,) the text of each
    texts: tuple[pa.Array, ...] = ()  # each (n,): what else a target needs of each record, such as a key or a topic
    batch: Batch | None = None  # the records themselves, for a target that wants columns

    def __len__(self) -> int:
        return len(self.due)

    def slice(self, start: int, stop: int) -> "Encoded":
        """Return some of the records, without a copy."""
        if start == 0 and stop == len(self):
            return self
        return Encoded(
            self.due[start:stop],
            self.emitted[start:stop],
            self.lines.slice(start, stop),
            tuple(text.slice(start, stop - start) for text in self.texts),
            None if self.batch is None else self.batch.slice(start, stop),
        )

    @classmethod
    def joined(cls, several: "Sequence[Encoded]") -> "Encoded":
        """Return the records of several, one after the other."""
        if len(several) == 1:
            return several[0]
        batches = [encoded.batch for encoded in several if encoded.batch is not None]
        return cls(
            np.concatenate([encoded.due for encoded in several]),
            np.concatenate([encoded.emitted for encoded in several]),
            several[0].lines.joined([encoded.lines for encoded in several[1:]]),
            tuple(pa.concat_arrays(texts) for texts in zip(*(encoded.texts for encoded in several), strict=True)),
            joined(batches) if batches else None,
        )


@dataclass(frozen=True)
class Gather:
    """How many records or bytes a sink wants at once, and for how long to wait for them; whichever comes first."""

    records: int = 1
    bytes: int = 1
    seconds: float = 0.0  # of the system's clock


class Sink(ABC):
    """A target at work in one run.

    What ``open`` puts on the stack ``opened`` is let go of by ``close``, and so when ``open`` fails halfway.
    """

    is_keyed: bool = False  # whether it keeps the last record of each key, and is audited by it: ``kept``
    gather: Gather = Gather()  # what ``write`` wants at once; until then records wait in the lane, not acknowledged

    def __init__(self, writer: LineWriter, scope: Scope) -> None:
        self.writer = writer
        self.scope = scope
        self.opened = ExitStack()

    def encode(self, batch: Batch) -> Encoded:
        """Return records ready to be sent; called ahead of time, on another thread than the methods below."""
        return Encoded(batch.due, batch.emitted, self.writer.lines(batch))

    @abstractmethod
    def open(self, position: Position) -> None:
        """Open it anew, or to continue at a position; after a failure it is closed and may be opened again.

        Raises OSError or Undelivered.
        """

    @abstractmethod
    def write(self, encoded: Encoded) -> None:
        """Deliver records; return when all are acknowledged. Raises OSError (none of them arrived) or Undelivered."""

    @property
    def pending(self) -> int:
        """Return how many of the records written, the last ones, are not acknowledged yet.

        A sink that makes whole files keeps such records itself, also when it is closed and opened again.
        """
        return 0

    def position(self) -> Position:
        """Return what ``open`` needs to continue after the records acknowledged so far, as JSON can hold it."""
        return {}

    def finish(self) -> None:  # noqa: B027  (most sinks have nothing left to do)
        """Do what is left to do after the last record. Raises OSError or Undelivered."""

    def close(self) -> None:
        """Let go of it; only called after ``open``, which may have failed. Raises OSError or Undelivered."""
        self.opened.close()

    def stored(self) -> Iterator[tuple[str, Sequence[bytes]]]:
        """Yield what the target holds: names of parts, such as files, and the records of each in their order.

        The records are written as ``comparable`` does. Those of a part named "" have no order. Called without ``open``,
        and before ``comparable``. Raises Unreadable, OSError or Undelivered.
        """
        raise NotGivenBack("this kind of target does not give back what it was given")

    def comparable(self, encoded: Encoded) -> Sequence[bytes]:
        """Return the records as ``stored`` reads them back."""
        return [bytes(line) for line in pieces(encoded.lines)]

    def kept(self) -> Iterator[Sequence[Kept]]:
        """Yield what the target holds, of a key later ones after earlier ones; only of one that is keyed.

        Called and raises as ``stored``.
        """
        raise NotGivenBack("this kind of target keeps nothing by keys")

    def kept_of(self, encoded: Encoded) -> Sequence[Kept]:
        """Return of each record its key, and what this has then, as ``kept`` reads it back."""
        raise NotGivenBack("this kind of target keeps nothing by keys")


class Target(Plugin):
    """Where records go. What it can't deliver follows ``on_error``: the run ends, or it is tried again."""

    group: ClassVar[str] = "target"
    takes_format: ClassVar[bool] = True
    with_codes: ClassVar[tuple[str, ...]] = ()  # keys in which strftime codes stand for a record's time
    form: ClassVar[tuple[str, ...]] = ()  # keys that decide how stored records look: a run that goes on keeps them
    library: ClassVar[tuple[str, str] | None] = None  # module to import, and what pip installs for it

    format: AnyFormatter | None = Field(
        None, description="how records are written: the name of a format, a pattern file, or an object; wins over `-f`"
    )
    emitters: list[str] | None = Field(
        None, min_length=1, description="names of the emitters whose records go here; all without it"
    )
    populations: list[str] | None = Field(
        None, min_length=1, description="names of the populations whose records go here; all without it"
    )
    record_id: bool = Field(
        False,
        description='add the dimension `record_id`, "<worker>-<step>", of several populations '
        '"<population>-<worker>-<step>": the same for the same record of every run',
    )
    through: list[AnyStage] = Field([], description="stages that the records pass on their way here, in this order")
    on_error: Literal["stop", "retry"] = Field(
        "stop", description="when the target fails: end the run, or try again after growing pauses"
    )
    give_up_after: int | float = Field(300, ge=0, description="seconds to keep retrying before the run fails")

    def __str__(self) -> str:
        return self.kind

    def problem(self) -> str | None:
        """Return what is wrong with it, as far as that is known without reaching it; else None."""
        return None

    def unwritable(self) -> str | None:
        """Return why nothing can be written to it, as far as that is known without reaching it; else None.

        Nobody asks who only reads it back.
        """
        return None

    def occupies(self) -> list[str]:
        """Return what it needs for itself, such as the path of a file: no other target of the run may occupy the same.

        Nor may the run read a file at such a path.
        """
        return []

    def check(self) -> None:
        """Reach it, as ``Sink.open`` would, but change nothing there. Raises OSError or Undelivered."""

    def oddities(self) -> Iterator[tuple[Path_, str]]:
        for key in type(self).model_fields.keys() - set(self.with_codes):
            value = getattr(self, key)
            code = _CODE.search(value) if isinstance(value, str) else None
            if code:
                yield (key,), f'"{code[0]}" is no code of a time here: it stays as it is'

    def splits_by(self) -> Iterator[tuple[Path_, str]]:
        """Yield the dimensions of which every value gets a file of its own, each with its path from here."""
        return iter(())

    def misfits(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        """Return why the target can't take records that look like this, one sentence for each reason."""
        return []

    @abstractmethod
    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> Sink:
        """Return the sink of a run, not opened yet; only called when there are no misfits."""

    def secrets(self) -> list[str]:
        """Return the texts that nobody may read."""
        found: list[str] = []
        for part in parts_of(self):
            found += [part.get_secret_value()] if isinstance(part, SecretStr) else []
            found += part.secrets if isinstance(part, SecretUrl) else []
        return found


def revealed(secret: SecretStr | None) -> str | None:
    """Return the text of a secret; an empty one is a text too, and none is none."""
    return None if secret is None else secret.get_secret_value()


def missing_library(target: Target) -> str | None:
    """Return what has to be installed for a target; None when nothing has to."""
    if target.library is None:
        return None
    module, requirement = target.library
    try:
        found = find_spec(module) is not None
    except ModuleNotFoundError:  # of a package that the module would be in
        found = False
    return None if found else f'needs a library that is not installed: pip install "{requirement}"'


def _targets(value: Any, info: "ValidationInfo[Maker]") -> list[Target]:
    if not isinstance(value, list):
        return [make_of_group("target", value, info)]
    made, lines = [], []
    for index, member in enumerate(value):
        try:
            made.append(make_of_group("target", member, info))
        except ValidationError as error:
            lines += [((index, *line["loc"]), line["msg"].removeprefix("Value error, ")) for line in error.errors()]
    if lines or not value:
        raise invalid("target", lines or [((), "must not be empty")])
    return made


AnyTarget = Annotated[Target, PlainValidator(partial(make_of_group, "target")), WithJsonSchema({"group": "target"})]
Targets = Annotated[
    list[Target],
    PlainValidator(_targets),
    WithJsonSchema({"anyOf": [{"group": "target"}, {"type": "array", "items": {"group": "target"}, "minItems": 1}]}),
]
