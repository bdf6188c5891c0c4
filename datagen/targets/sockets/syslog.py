"""The target ``syslog``, and how records become its messages."""

import sys
from typing import ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from datagen.moment import Moment
from datagen.plugin.formatter import Formatter, LineWriter
from datagen.plugin.stage import Scope
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
from datagen.plugin.target import Target
from datagen.records.batch import Batch, Layout
from datagen.records.lines import Lines
from datagen.records.pattern import TextPattern, patterned
from datagen.records.text import Piece, join, plain_text
from datagen.targets.request import array_of
from datagen.targets.sockets.connection import Peer
from datagen.targets.sockets.datagram import Datagrams, connected
from datagen.targets.sockets.stream import Stream
from datagen.targets.tls import Tls

_PORTS = {"udp": 514, "tcp": 601, "tls": 6514}  # RFC 5426, RFC 6587, RFC 5425


class Syslog(Target):
    """Syslog messages as RFC 5424 defines them: over UDP, or over TCP or TLS with the length before each message.

    The line of a record, without its line end, is the message; the fields of the header are texts with `{{dimension}}`
    placeholders. A character that a field may not hold becomes `_`, a text that is too long is cut, and an empty one
    becomes `-`. A message does not begin with a byte order mark: RFC 5424 asks for one before UTF-8, but most receivers
    would take it for a part of the message.

    For what counts as delivered, see the target `tcp`, which is the same over TCP and TLS, and the target `udp`.

    Example: {"type": "syslog", "host": "localhost", "app_name": "shop", "facility": "local0", "severity": "notice"}
    Example: {"type": "syslog", "host": "localhost", "structured_data": {"shop@32473": {"user": "{{user_id}}"}}}
    """

    kind: ClassVar[str] = "syslog"
    host: str = Field(min_length=1, description="name or address of the receiver")
    port: int | None = Field(
        None, ge=1, le=65535, description="where it listens; without it, 601 over tcp, 6514 over tls, 514 over udp"
    )
    transport: Literal["tcp", "tls", "udp"] = Field("tcp", description="how messages travel")
    tls: Tls | None = Field(
        None, description="for `tls`: an object with `ca`, `cert`, `key` (PEM files), `insecure`, `server_name`"
    )
    facility: Facility = Field("user", description=FACILITY_TEXT)
    severity: Severity = Field("info", description=SEVERITY_TEXT)
    hostname: str = Field("-", description="the machine, up to 255 characters")
    app_name: str = Field("datagen", description="the program, up to 48 characters")
    procid: str = Field("-", description="the process, up to 128 characters")
    msgid: str = Field("-", description="the kind of message, up to 32 characters")
    structured_data: StructuredData = Field({}, description=DATA_TEXT)
    timeout: int | float = Field(
        30,
        gt=0,
        le=3600,
        description="seconds for which the receiver may take nothing before the connection counts as broken",
    )

    def __str__(self) -> str:
        return f"syslog {self.host}:{self._port}"

    def problem(self) -> str | None:
        if self.tls is None:
            return None
        return (
            self.tls.problem() if self.transport == "tls" else f'"tls" needs "transport": "tls", not "{self.transport}"'
        )

    def misfits(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        if not formatter.is_text:
            return [f"a message of syslog needs a format of text, found {formatter}"]
        patterns = self.patterns(layout)
        found = [f"{key}: {text}" for key, pattern in patterns.items() for text in pattern.problems]
        data = (pattern for _, pattern in elements(self.structured_data, layout) if pattern)
        found += [f"structured_data: {text}" for pattern in data for text in pattern.problems]
        unknown = unknown_severity(self.severity) if patterns["severity"].is_constant else None
        return [*found, f"severity: {unknown}"] if unknown and not found else found

    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> Stream | Datagrams:
        messages = Messages(self, layout, formatter.begin(layout), scope.start)
        if self.transport == "udp":
            return Datagrams(self.host, self._port, messages, scope)
        return Stream(self._peer, messages, scope)

    def check(self) -> None:
        if self.transport == "udp":
            connected(self.host, self._port).close()
        else:
            self._peer.reach()

    def patterns(self, layout: Layout) -> dict[str, TextPattern]:
        """Return the keys of a header that may hold placeholders, and their texts."""
        return {key: TextPattern(str(getattr(self, key)), layout) for key in ("severity", *WORDS)}

    @property
    def _port(self) -> int:
        return self.port or _PORTS[self.transport]

    @property
    def _peer(self) -> Peer:
        tls = self.tls or Tls() if self.transport == "tls" else None
        return Peer(self.host, self._port, tls, self.timeout)


class Messages(LineWriter):
    """Writes records as messages, each with its length before it unless it travels as a datagram; without a header."""

    def __init__(self, target: Syslog, layout: Layout, lines: LineWriter, start: Moment) -> None:
        super().__init__()
        self._writer = lines
        self._target = target
        self._start = start
        self._patterns = target.patterns(layout)
        self._data = elements(target.structured_data, layout)

    def lines(self, batch: Batch) -> Lines:
        head = self._head(batch)
        line = array_of(self._writer.lines(batch))
        if self._target.transport == "udp":
            return Lines.of(join([*head, line], len(batch)))
        first = join(head, len(batch))
        message = pc.binary_replace_slice(line, -1, sys.maxsize, "")  # without its line end
        size = plain_text(pc.add(pc.binary_length(first), pc.binary_length(message)))  # RFC 6587, section 3.4.1
        return Lines.of(join([size, " ", first, message], len(batch)))

    def _head(self, batch: Batch) -> list[Piece]:
        """Return what stands before the message: HEADER SP STRUCTURED-DATA SP, RFC 5424, section 6."""
        pieces: list[Piece] = ["<", self._priority(batch), ">1 ", self._time(batch)]
        for key, longest in WORDS.items():
            pieces += [" ", self._words(batch, key, longest)]
        pieces.append(" ")
        for text, pattern in self._data:
            pieces += [text, escaped_parameter(patterned(batch, pattern, self._start)) if pattern else ""]
        return [*pieces, " "]

    def _priority(self, batch: Batch) -> pa.Array | str:
        pattern, facility = self._patterns["severity"], self._target.facility
        if pattern.is_constant:
            return str(priorities(facility, pa.array([str(self._target.severity)]))[0])
        return priorities(facility, patterned(batch, pattern, self._start))

    def _time(self, batch: Batch) -> pa.Array:
        start = self._start
        milliseconds = (start.microseconds + batch.emitted // 1000) // 1000
        return plain_text(pa.array(milliseconds).cast(pa.timestamp("ms", start.zone or "UTC")))

    def _words(self, batch: Batch, key: str, longest: int) -> pa.Array | str:
        pattern = self._patterns[key]
        if pattern.is_constant:
            return str(word(pa.array([getattr(self._target, key)]), longest)[0])
        encoded = patterned(batch, pattern, self._start).dictionary_encode()
        return word(encoded.dictionary, longest).take(encoded.indices)
