"""The formatter ``jinja``."""

from collections.abc import Iterator
from functools import cached_property, partial
from itertools import pairwise
from typing import Annotated, ClassVar, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, PlainValidator, WithJsonSchema, field_serializer, model_validator

from datagen.plugin.dimension import Rows
from datagen.plugin.formatter import Formatter, LineWriter
from datagen.plugin.model import invalid
from datagen.plugin.world import World
from datagen.problems import Path_, RunFailed, did_you_mean, show
from datagen.records.batch import TIME, Layout, Part
from datagen.records.lines import Lines
from datagen.records.text import Pieces
from datagen.records.types import plain
from datagen.records.values import python_values
from datagen.script.closure import Closure
from datagen.script.failure import place_in_template
from datagen.script.program import Program
from datagen.script.source import Source

_TEXT = WithJsonSchema({"type": "string"})
_RECORD, _EMITTER = "record", "emitter"  # what a template sees besides columns
_MOST_SHOWN = 400  # letters of what a record held


class Jinja(Formatter):
    """What a template of Jinja2 makes of each record, with a header before them all and a footer behind.

    It sees the fields of the record, also those that are `hidden`, `record`, an object of those that are printed, and
    `emitter`. It runs in the same sandbox as the [field generator `template`](../templates.md), and is computed in
    columns where it only puts values into a text, else by row. It draws nothing and reads no tables: what does is a
    field.

    Header and footer stand once in a file or request; with `records`, there is a footer and another header after so
    many records. Messages have neither. Each ends with a line end.

    Example: {"type": "jinja", "body": "{{ time.strftime('%H:%M:%S') }} {% for name, value in record.items() %}[{{ name }}] {{ value }} {% endfor %}"}
    Example: {"type": "jinja", "header": "<events>", "body": "  <event at=\\"{{ time.isoformat() }}\\"/>", "footer": "</events>", "records": 1000}
    """  # noqa: E501

    kind: ClassVar[str] = "jinja"
    body: Annotated[Source, PlainValidator(Source.of_text), _TEXT] | None = Field(
        None, description="the template of one record"
    )
    path: Annotated[Source, PlainValidator(Source.of_file), _TEXT] | None = Field(
        None, description="the file of that template, relative to the spec; this or `body` is required"
    )
    header: str = Field("", description="a template, which sees no record, of what comes before the records")
    footer: str = Field("", description="a template, which sees no record, of what comes behind the records")
    records: int | None = Field(None, ge=1, description="records after which there is a footer and another header")

    @field_serializer("body", "path")
    def _text(self, source: Source | None) -> str | None:
        """Return what the records depend on."""
        return None if source is None else source.text

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        if (self.body is None) == (self.path is None):
            raise invalid(self.kind, [((), 'there must be either "body" or "path"')])
        lines: list[tuple[Path_, str]] = []
        for key, source in self._sources.items():
            try:
                closure = Closure.of(source)
            except ValueError as error:
                lines.append(((key,), str(error)))
                continue
            if closure.draws or closure.tables or closure.chooses_tables:
                lines.append(((key,), "a format draws nothing and reads no tables; let a field do that"))
        if lines:
            raise invalid(self.kind, lines)
        return self

    @property
    def _sources(self) -> dict[str, Source]:
        """Return the templates, by their keys."""
        body = {"body": self.body, "path": self.path, "header": Source(self.header), "footer": Source(self.footer)}
        return {key: source for key, source in body.items() if source is not None}

    @cached_property
    def closure(self) -> Closure:
        """Return the template of a record with all that it includes."""
        return Closure.of(self.body or self.path or Source(""))

    def files(self) -> list[str]:
        return [file.path for file in self.closure.files.values() if file.path]

    def misfits(self, layout: Layout) -> list[str]:
        known = [*layout.names(), _RECORD, _EMITTER]
        unknown = sorted(name for name in self.closure.doubtful(()) if name not in known)
        return [f"no emitter has {show(name)}{did_you_mean(name, known)}" for name in unknown]

    def begin(self, layout: Layout) -> LineWriter:
        return _Writer(self, layout)

    def around(self, key: str) -> bytes:
        """Return the text of the header or footer, with a line end behind it if there is any text."""
        closure = Closure.of(self._sources[key])
        failed = partial(_failed, key, {}, closure)
        text = str(Program(closure, {}, "UTC", strict=False).texts({}, _rows(1, "UTC"), failed, {})[0])
        return f"{text}\n".encode() if text else b""


class _Writer(LineWriter):
    """Writes the text of each record; blocks of so many of them have a header and a footer."""

    prints_texts: ClassVar[bool] = False

    def __init__(self, format_: Jinja, layout: Layout) -> None:
        super().__init__(header=format_.around("header"), footer=format_.around("footer"))
        self._closure, self._records = format_.closure, format_.records
        times = (types[TIME] for types in layout.emitters.values() if TIME in types)
        self._zone = next((time.tz for time in times if pa.types.is_timestamp(time) and time.tz), "UTC")
        self._program = Program(self._closure, {}, self._zone, strict=False)

    def pieces_of(self, part: Part) -> Pieces:
        known = dict(self._known(part))
        failed = partial(_failed, "body", known, self._closure)
        return [self._program.texts(known, _rows(len(part.rows), self._zone), failed, {}), "\n"]

    def _known(self, part: Part) -> Iterator[tuple[str, pa.Array]]:
        """Yield what the template reads of the records."""
        for name in self._closure.names:
            if name in part.columns:
                yield name, part.columns[name]
            elif name == _RECORD:
                yield name, _objects({key: plain(array) for key, array in part.shown.items()}, len(part.rows))
            elif name == _EMITTER:
                yield name, pa.repeat(part.emitter, len(part.rows))

    def block(self, lines: Lines, before: int = 0) -> Lines:
        if self._records is None or not len(lines):
            return lines
        numbers = before + np.arange(len(lines))
        is_first = (numbers % self._records == 0) & (numbers > 0)
        cuts = [0, *np.concatenate([[0], lines.ends])[:-1][is_first].tolist(), lines.size]
        between = self.footer + self.header
        texts = [lines.data[low:high] for low, high in pairwise(cuts)]
        return Lines(memoryview(between.join(texts)), lines.ends + len(between) * np.cumsum(is_first))

    def unblocked(self, data: bytes) -> bytes:
        lines = super().unblocked(data)
        between = self.footer + self.header
        if self._records is None or not between:
            return lines
        blocks, begin = [], 0
        ends = np.flatnonzero(np.frombuffer(lines, np.uint8) == ord("\n")) + 1
        # A record has a line or more: what is alike among as many lines as a block has records is none but theirs.
        while (last := np.searchsorted(ends, begin, side="right") + self._records - 1) < len(ends):
            found = lines.find(b"\n" + between, int(ends[last]) - 1) + 1
            if not found:
                break
            blocks.append(lines[begin:found])
            begin = found + len(between)
        return b"".join([*blocks, lines[begin:]])


def _objects(fields: dict[str, pa.Array], size: int) -> pa.Array:
    """Return objects (size,) with some fields, or with none."""
    if not fields:
        return pa.StructArray.from_buffers(pa.struct([]), size, [None])
    types = [pa.field(key, array.type) for key, array in fields.items()]
    return pa.StructArray.from_arrays([*fields.values()], fields=types)


def _rows(size: int, zone: str) -> Rows:
    return Rows(np.zeros(size, np.uint64), "", World(0, zone=zone))


def _failed(key: str, known: dict[str, pa.Array], closure: Closure, row: int, error: Exception) -> None:
    """Raise RunFailed with what failed for a row, and what the record held."""
    held = ((name, python_values(column.slice(row, 1), "UTC")[0]) for name, column in known.items())
    values = ", ".join(f"{name}={show(value)}" for name, value in held)[:_MOST_SHOWN]
    own = type(error).__module__.startswith(("jinja2.", "datagen."))
    text = f"{'' if own else f'{type(error).__name__}: '}{error}; the record held {values or 'nothing that is read'}"
    raise RunFailed(f"the {key} of the format jinja: {place_in_template(error, closure)}: {text}") from error
