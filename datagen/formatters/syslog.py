"""The formatter ``syslog``."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from datagen.formatters.slot import SlottedFormatter
from datagen.plugin.formatter import LineWriter, PartWriter
from datagen.plugin.syslog import (
    DATA_TEXT,
    FACILITY_TEXT,
    SEVERITY_TEXT,
    WORDS,
    Facility,
    Severity,
    StructuredData,
    elements,
    escaped_parameter,
    priorities,
    unknown_severity,
    word,
)
from datagen.problems import did_you_mean, show
from datagen.records.batch import TIME, Layout, Part
from datagen.records.escape import Escape
from datagen.records.inside import find
from datagen.records.pattern import TextPattern
from datagen.records.strftime import put_formatted
from datagen.records.table import Table
from datagen.records.text import Piece, Pieces, join, put_object, put_plain
from datagen.records.types import plain, plain_type

# What ends the name of a program, and its number, in RFC 3164, section 4.1.3.
_TAG = {"app_name": r"[\[\]:]", "procid": r"[\[\]:]"}
_ONE_LINE = Escape({0x0A: b"\\n", 0x0D: b"\\r"})


class _Messages(PartWriter):
    prints_texts: ClassVar[bool] = False


class Syslog(SlottedFormatter):
    """Lines of syslog, as RFC 5424 or the older RFC 3164 have them: for files and connections whose reader parses them.

    The message is the record as JSON or its whole text, or what `message` says; line ends in it become `\\n` and `\\r`. A character that a
    field of the header may not hold becomes `_`, a text that is too long is cut, and an empty one becomes `-`. Times
    without an offset count as UTC; RFC 3164 has neither years nor offsets.

    To send messages to a receiver, with their framing, take the target `syslog`.

    Example: {"type": "syslog", "app_name": "shop"}
    Example: {"type": "syslog", "rfc": 3164, "hostname": "{{host}}", "app_name": "httpd", "message": "{{method}} {{path}}"}
    """  # noqa: E501

    kind: ClassVar[str] = "syslog"
    writes_texts: ClassVar[bool] = False
    rfc: Literal[5424, 3164] = Field(5424, description="5424, or 3164 for the older form of BSD")
    facility: Facility = Field("user", description=FACILITY_TEXT)
    severity: Severity = Field("info", description=SEVERITY_TEXT)
    time: str = Field(TIME, description="name of the dimension that holds the time")
    hostname: str = Field("localhost", description="the machine, up to 255 characters; a text with `{{dimension}}`")
    app_name: str = Field("datagen", description="the program, up to 48 characters; a text with `{{dimension}}`")
    procid: str = Field("-", description="the process, up to 128 characters; a text with `{{dimension}}`")
    msgid: str = Field(
        "-", description="the kind of message, up to 32 characters, for 5424; a text with `{{dimension}}`"
    )
    structured_data: StructuredData = Field({}, description=f"for 5424: {DATA_TEXT}")
    message: str | None = Field(
        None, description="the message, a text with `{{dimension}}`; without it the record as JSON, or its whole text"
    )

    def slots(self) -> Iterator[str]:
        yield from WORDS
        yield from () if isinstance(self.severity, int) else ("severity",)
        yield from () if self.message is None else ("message",)

    def misfits(self, layout: Layout) -> list[str]:
        found = super().misfits(layout)
        data = (pattern for _, pattern in elements(self.structured_data, layout) if pattern)
        found += [f"structured_data: {text}" for pattern in data for text in pattern.problems]
        if self.rfc == 3164 and (self.structured_data or self.msgid != "-"):
            found.append("RFC 3164 has neither structured_data nor msgid")
        pattern = TextPattern(str(self.severity), layout)
        unknown = unknown_severity(self.severity) if pattern.is_constant else None
        found += [f"severity: {unknown}"] if unknown and not pattern.problems else []
        empty = (
            {name: pa.nulls(0, plain_type(type_)) for name, type_ in types.items()}
            for types in layout.emitters.values()
        )
        times = [time for columns in empty if (time := find(columns, self.time)) is not None]
        if not times:
            found.append(f"time: no emitter has {show(self.time)}{did_you_mean(self.time, layout.names())}")
        elif not all(pa.types.is_timestamp(time.type) for time in times):
            found.append(f"time: {show(self.time)} is not a time")
        return found

    def begin(self, layout: Layout) -> LineWriter:
        keys = [*WORDS, "severity", *([] if self.message is None else ["message"])]
        patterns = {key: TextPattern(str(getattr(self, key)), layout) for key in keys}
        return _Messages(partial(self._pieces, patterns, elements(self.structured_data, layout)))

    def _pieces(
        self, patterns: Mapping[str, TextPattern], data: Sequence[tuple[str, TextPattern | None]], part: Part
    ) -> Pieces:
        def text(pattern: TextPattern) -> pa.Array:
            return join(pattern.pieces(part.columns), len(part.rows))

        tag = _TAG if self.rfc == 3164 else {}
        words = {key: _word(patterns[key], part, longest, tag.get(key)) for key, longest in WORDS.items()}
        head: list[Piece] = ["<", self._priority(patterns["severity"], part)]
        if self.rfc == 3164:
            process = [] if self.procid == "-" else ["[", words["procid"], "]"]
            head += [">", self._time(part), " ", words["hostname"], " ", words["app_name"], *process, ": "]
        else:
            head += [">1 ", self._time(part), *(piece for word_ in words.values() for piece in (" ", word_)), " "]
            for before, pattern in data:
                head += [before, *([_ONE_LINE(escaped_parameter(text(pattern)))] if pattern else [" "])]
        if self.message is None and part.text is not None:
            return [*head, _ONE_LINE(part.text), "\n"]
        if self.message is None:
            return [*head, partial(put_object, part.shown.items()), "\n"]
        return [*head, _ONE_LINE(text(patterns["message"])), "\n"]

    def _priority(self, pattern: TextPattern, part: Part) -> Piece:
        if pattern.is_constant:
            return str(priorities(self.facility, pa.array([str(self.severity)]))[0])
        return priorities(self.facility, join(pattern.pieces(part.columns), len(part.rows)))

    def _time(self, part: Part) -> Piece:
        found = find(part.columns, self.time)
        nothing = "-" if self.rfc == 5424 else "Jan  1 00:00:00"
        if found is None or not pa.types.is_timestamp(plain_type(found.type)):
            return nothing
        times = plain(found)
        times = times if times.type.tz else times.cast(pa.timestamp("ms", "UTC"))
        return partial(_put_time, times, "%b %e %H:%M:%S" if self.rfc == 3164 else "", nothing)


def _put_time(times: pa.Array, pattern: str, nothing: str, table: Table) -> None:
    """Write times, by a pattern if there is one, and a text for null."""
    if times.null_count:
        table.begin_valid(times, nothing)
        _put_time(times.fill_null(0), pattern, nothing, table)
        table.end()
    elif pattern:
        put_formatted(times, pattern, table)
    else:
        put_plain(times, table)


def _word(pattern: TextPattern, part: Part, longest: int, forbidden: str | None) -> Piece:
    """Return a field of the header, each different text of which is made fit once."""

    def fit(texts: pa.Array) -> pa.Array:
        return word(pc.replace_substring_regex(texts, forbidden, "_") if forbidden else texts, longest)

    if pattern.is_constant:
        return str(fit(pa.array([pattern.filled("")]))[0])
    texts = join(pattern.pieces(part.columns), len(part.rows)).dictionary_encode()
    return pa.DictionaryArray.from_arrays(texts.indices, fit(texts.dictionary))
