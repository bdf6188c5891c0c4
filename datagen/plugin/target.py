"""What a target is: where encoded records go, and how it says which of them have arrived.

``write`` returns when the system has acknowledged all that it was given, so nobody else needs to count what is under
way. A target that fails says how many of the first records are surely there; the rest is sent again or reported.
"""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field, PlainValidator, PrivateAttr, SecretStr, ValidationError, ValidationInfo, WithJsonSchema

from datagen.draw import Integers
from datagen.plugin.formatter import AnyFormatter, Formatter
from datagen.plugin.model import Maker, Plugin, invalid, make_of_group
from datagen.plugin.stage import AnyStage, Scope
from datagen.records.batch import Batch, Layout
from datagen.records.lines import Lines, pieces
from datagen.records.merge import joined

RECORD_ID = "record_id"

Position = dict[str, Any] | None


class Undelivered(Exception):
    """Delivery stopped; ``records``, the first of those to be written, are surely there.

    A reason that is ``lasting``, such as a refused record, would be the same at the next try, so there is none.
    """

    def __init__(self, reason: str, records: int = 0, *, lasting: bool = False) -> None:
        super().__init__(reason)
        self.records = records
        self.lasting = lasting


class ReaderGone(Exception):
    """Nobody reads any more what was written so far, as with ``| head``; that is no failure of ours."""


class Unreadable(Exception):
    """A target does not give back what it was given; the message says why."""


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
        """Give some of the records, without a copy."""
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
        """Put records behind one another."""
        if len(several) == 1:
            return several[0]
        sizes = np.cumsum([0, *(len(encoded.lines.data) for encoded in several)])
        ends = [encoded.lines.ends + size for encoded, size in zip(several, sizes, strict=False)]
        batches = [encoded.batch for encoded in several if encoded.batch is not None]
        return cls(
            np.concatenate([encoded.due for encoded in several]),
            np.concatenate([encoded.emitted for encoded in several]),
            Lines(memoryview(b"".join(encoded.lines.data for encoded in several)), np.concatenate(ends)),
            tuple(pa.concat_arrays(texts) for texts in zip(*(encoded.texts for encoded in several), strict=True)),
            joined(batches) if batches else None,
        )


@dataclass(frozen=True)
class Gather:
    """How many records a target wants at once, and how long it may be waited for them; whatever comes first."""

    records: int = 1
    bytes: int = 1
    seconds: float = 0.0  # of the system's clock


class Target(Plugin):
    """Where records go. What it can't deliver follows ``on_error``: the run ends, or it is tried again."""

    group: ClassVar[str] = "target"
    takes_format: ClassVar[bool] = True
    form: ClassVar[tuple[str, ...]] = ()  # keys that decide how what a target has got looks, so that none may change
    library: ClassVar[tuple[str, str] | None] = None  # module to import, and what pip installs for it

    format: AnyFormatter | None = Field(
        None, description='how records become text: "json", "csv", "tsv", a pattern file, or an object; wins over `-f`'
    )
    emitters: list[str] | None = Field(
        None, min_length=1, description="names of the emitters whose records go here; all without it"
    )
    record_id: bool = Field(
        False, description='add the dimension `record_id`, "<worker>-<step>": the same for the same record of every run'
    )
    through: list[AnyStage] = Field([], description="stages that the records pass on their way here, in this order")
    on_error: Literal["stop", "retry"] = Field(
        "stop", description="when the target fails: end the run, or try again after growing pauses"
    )
    give_up_after: int | float = Field(
        300, ge=0, description="seconds of trying in vain after which the run ends all the same"
    )
    _formatter: Formatter = PrivateAttr()
    _scope: Scope = PrivateAttr()

    def __str__(self) -> str:
        return self.kind

    def problem(self) -> str | None:
        """Say why this target can't be opened, without touching it."""
        return None

    def prepare(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        """Get ready for records that look like this, with a formatter that is; say what does not fit them."""
        self._formatter = formatter
        self._scope = scope
        return []

    def encode(self, batch: Batch) -> Encoded:
        """Make ready what is sent of each record; called ahead of time, on another thread than all that follows."""
        return Encoded(batch.due, batch.emitted, self._formatter.lines(batch))

    @abstractmethod
    def open(self, position: Position) -> None:
        """Open it, anew or, to continue, where ``position`` left it; also after a failure, when it was closed before.

        Raises OSError or Undelivered.
        """

    @abstractmethod
    def write(self, encoded: Encoded) -> None:
        """Deliver records; return when all are acknowledged. Raises OSError (none of them is there) or Undelivered."""

    def gathers(self) -> Gather:
        """Say what ``write`` wants at once; until then records wait in the lane, not acknowledged, and in memory."""
        return Gather()

    @property
    def pending(self) -> int:
        """Give how many of the records written are not acknowledged yet, the last ones.

        A target that makes whole files keeps them itself, also when it is closed and opened again after a failure.
        """
        return 0

    def position(self) -> Position:
        """Give what ``open`` needs to continue after the records acknowledged so far; something that JSON can hold."""
        return {}

    def finish(self) -> None:
        """Do what is left to do once all records were written. Raises OSError or Undelivered."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it, whatever happened before. Raises OSError or Undelivered."""

    def stored(self) -> Iterator[tuple[str, Sequence[bytes]]]:
        """Read back what the target holds: the name of something that has an order, and records in that order.

        Each record as ``comparable`` has it. Something without a name has no order. Raises Unreadable.
        """
        raise Unreadable("this kind of target does not give back what it was given")

    def comparable(self, encoded: Encoded) -> Sequence[bytes]:
        """Give the records as ``stored`` reads them back."""
        return [bytes(line) for line in pieces(encoded.lines)]

    def secrets(self) -> list[str]:
        """Give the texts that nobody may read."""
        return list(_secrets(self))


def missing_library(target: Target) -> str | None:
    """Say what has to be installed for a target, if anything."""
    if target.library is None:
        return None
    module, requirement = target.library
    try:
        found = find_spec(module) is not None
    except ModuleNotFoundError:  # of a package that the module would be in
        found = False
    return None if found else f'needs a library that is not installed: pip install "{requirement}"'


def _secrets(part: Any) -> Iterable[str]:
    if isinstance(part, SecretStr):
        yield part.get_secret_value()
    elif isinstance(part, dict):
        for value in part.values():
            yield from _secrets(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from _secrets(value)
    elif isinstance(part, Plugin):
        yield from _secrets({key: getattr(part, key) for key in type(part).model_fields})


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
