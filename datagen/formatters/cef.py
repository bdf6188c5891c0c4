"""The formatters ``cef`` and ``leef``: events as security systems take them."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from datagen.formatters.pairs import clashes, flattened, key, put_pairs
from datagen.formatters.reshape import with_epochs
from datagen.formatters.slot import Slot, SlottedFormatter
from datagen.plugin.formatter import LineWriter, PartWriter
from datagen.records.batch import TIME, Layout, Part
from datagen.records.escape import Escape, put_escaped
from datagen.records.pattern import TextPattern
from datagen.records.schema.name import doubles
from datagen.records.text import Pieces
from datagen.records.types import plain

_NO_KEY = r"[^A-Za-z0-9_]"
# Micro Focus, ArcSight Common Event Format, "Character Encoding"; a header stays on its line.
_HEADER = Escape({0x5C: b"\\\\", 0x7C: b"\\|", 0x0A: b" ", 0x0D: b" "})
_EXTENSION = Escape({0x5C: b"\\\\", 0x3D: b"\\=", 0x0A: b"\\n", 0x0D: b"\\r"})
_VALUES = "a text with `{{dimension}}`"


class SecurityEvent(SlottedFormatter):
    """Keys of the formats for security systems."""

    time_key: ClassVar[str]  # what the record's time is called

    vendor: str = Field("datagen", description=f"who made the device that the events come from; {_VALUES}")
    product: str = Field("datagen", description=f"what device it is; {_VALUES}")
    device_version: str = Field("1.0", description=f"its version; {_VALUES}")
    attributes: dict[str, str] | None = Field(
        None,
        min_length=1,
        description=f"the pairs behind the header: names of the format, such as `src`, and {_VALUES}; without it, all "
        "dimensions under their own names, and the time of the record under the name that the format has for it",
    )

    def misfits(self, layout: Layout) -> list[str]:
        layout = self.filled(layout)
        if not layout.emitters:
            return []
        own = [
            f"attributes.{name}: {text}"
            for name, pattern in self._attributes(layout).items()
            for text in pattern.problems
        ]
        same = (
            doubles(self.attributes, _key)
            if self.attributes
            else clashes(layout, _NO_KEY, partial(_timed, time=self.time_key))
        )
        return [*super().misfits(layout), *own, *dict.fromkeys(same)]

    def _attributes(self, layout: Layout) -> dict[str, TextPattern]:
        return {name: TextPattern(text, layout) for name, text in (self.attributes or {}).items()}

    def pairs(self, layout: Layout) -> Callable[[Part], dict[str, pa.Array]]:
        """Return what makes the columns of the pairs."""
        if self.attributes is None:
            return lambda part: {_key(name): array for name, array in flattened(_timed(part.shown, self.time_key))}
        slots = {_key(name): Slot(pattern) for name, pattern in self._attributes(layout).items()}
        return lambda part: {name: _column(slot, part) for name, slot in slots.items()}


class Cef(SecurityEvent):
    """Common Event Format, `CEF:0|vendor|product|version|signature|name|severity|src=10.0.0.1 …`, as ArcSight, Microsoft
    Sentinel and others take it.

    The pairs behind the header are all dimensions, keys inside objects as `a_b`, and the record's time as `rt` in
    milliseconds; or what `attributes` says. What is missing or null is left out.

    Example: {"type": "cef", "signature": "{{status}}", "name": "{{method}}", "severity": "3"}
    Example: {"type": "cef", "product": "WAF", "signature": "100", "name": "request", "severity": "{{status}}", "attributes": {"src": "{{host}}", "request": "{{path}}"}}
    """  # noqa: E501

    kind: ClassVar[str] = "cef"
    time_key: ClassVar[str] = "rt"
    signature: str = Field("{{signature}}", description=f"which kind of event it is, as a number or a word; {_VALUES}")
    name: str = Field("{{name}}", description=f"what happened, for people; {_VALUES}")
    severity: str = Field("{{severity}}", description=f"0 to 10, or Low, Medium, High, Very-High; {_VALUES}")

    def slots(self) -> Iterator[str]:
        yield from ("vendor", "product", "device_version", "signature", "name", "severity")

    def begin(self, layout: Layout) -> LineWriter:
        slots = [Slot(self.pattern(name, layout), _HEADER) for name in self.slots()]
        pairs = self.pairs(layout)

        def pieces(part: Part) -> Pieces:
            head = [piece for slot in slots for piece in (slot.piece(part), "|")]
            return [
                "CEF:0|",
                *head,
                partial(put_pairs, pairs(part), " ", partial(put_escaped, escape=_EXTENSION)),
                "\n",
            ]

        return PartWriter(pieces)


class Leef(SecurityEvent):
    """Log Event Extended Format, `LEEF:2.0|vendor|product|version|event|…`, as IBM QRadar takes it.

    The pairs behind the header are all dimensions, keys inside objects as `a_b`, and the record's time as `devTime` in
    milliseconds; or what `attributes` says. The format has no escapes: line ends, and what separates pairs, become
    spaces, and `|` in a header `/`. What is missing or null is left out.

    Example: {"type": "leef", "event": "{{method}}"}
    Example: {"type": "leef", "version": "1.0", "event": "request", "attributes": {"src": "{{host}}", "url": "{{path}}"}}
    """  # noqa: E501

    kind: ClassVar[str] = "leef"
    time_key: ClassVar[str] = "devTime"
    version: Literal["1.0", "2.0"] = Field("2.0", description="of the format; 1.0 always has tabs between pairs")
    event: str = Field("{{event}}", description=f"which kind of event it is; {_VALUES}")
    separator: str = Field(
        "\t", pattern=r"^[\t!#$%&*,;?@^|~]$", description="one character between pairs, in 2.0; a tab without it"
    )

    def misfits(self, layout: Layout) -> list[str]:
        is_ignored = self.version == "1.0" and self.separator != "\t"
        return [*super().misfits(layout), *(['"separator" is for version 2.0'] if is_ignored else [])]

    def slots(self) -> Iterator[str]:
        yield from ("vendor", "product", "device_version", "event")

    def begin(self, layout: Layout) -> LineWriter:
        separator = self.separator
        said = "x09|" if separator == "\t" else f"{separator}|"
        first = f"LEEF:{self.version}|"
        last = said if self.version == "2.0" else ""
        header = Escape({0x7C: b"/", 0x0A: b" ", 0x0D: b" "})
        value = Escape({ord(separator): b" ", 0x0A: b" ", 0x0D: b" "})
        slots = [Slot(self.pattern(name, layout), header) for name in self.slots()]
        pairs = self.pairs(layout)

        def pieces(part: Part) -> Pieces:
            head = [piece for slot in slots for piece in (slot.piece(part), "|")]
            put = partial(put_escaped, escape=value)
            return [first, *head, last, partial(put_pairs, pairs(part), separator, put), "\n"]

        return PartWriter(pieces)


def _key(name: str) -> str:
    return key(name, _NO_KEY)


def _timed(columns: Mapping[str, pa.Array], time: str) -> Iterator[tuple[str, pa.Array]]:
    """Yield all dimensions, the record's time as milliseconds under another name."""
    for name, array in columns.items():
        is_time = name == TIME and pa.types.is_timestamp(array.type)
        yield (time, with_epochs({name: array})[name]) if is_time else (name, array)


def _column(slot: Slot, part: Part) -> pa.Array:
    """Return the texts of a slot, null where there is nothing."""
    piece = slot.piece(part)
    texts = pa.repeat(pa.scalar(piece), len(part.rows)) if isinstance(piece, str) else plain(piece)
    return pc.if_else(pc.equal(texts, ""), None, texts)
