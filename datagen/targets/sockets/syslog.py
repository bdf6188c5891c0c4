"""The target ``syslog``, and how records become its messages."""

import re
import sys
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, Field

from datagen.moment import Moment
from datagen.plugin.formatter import Formatter, LineWriter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Target
from datagen.problems import did_you_mean, show
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
# RFC 5424, section 6.2.1, table 1, by the names of syslog(3) and, where that has none, of the table's words.
_FACILITY_NAMES = (
    "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock "
    "local0 local1 local2 local3 local4 local5 local6 local7"
)
_FACILITIES = {name: number for number, name in enumerate(_FACILITY_NAMES.split())}
# RFC 5424, section 6.2.1, table 2.
_SEVERITIES = {"emerg": 0, "alert": 1, "crit": 2, "err": 3, "warning": 4, "notice": 5, "info": 6, "debug": 7}
_SAME = {"emergency": 0, "panic": 0, "critical": 2, "fatal": 2, "error": 3, "warn": 4, "informational": 6, "trace": 7}
_LEVELS = _SEVERITIES | _SAME | {str(number): number for number in range(8)}
_NO_LEVEL = _LEVELS["info"]
_WORDS = {"hostname": 255, "app_name": 48, "procid": 128, "msgid": 32}  # their longest, RFC 5424, section 6
_NAME = re.compile(r"[!#-<>-\\^-~]{1,32}")  # SD-NAME: printable ASCII but = ] and "; RFC 5424, section 6


def _known_facility(name: int | str) -> int | str:
    if isinstance(name, str) and name.lower() not in _FACILITIES:
        raise ValueError(f"unknown facility {show(name)}{did_you_mean(name, _FACILITIES)}")
    return name


def _sound_names(data: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    for name in [*data, *(name for element in data.values() for name in element)]:
        if not _NAME.fullmatch(name):
            raise ValueError(
                f'{show(name)} must be 1 to 32 printable ASCII characters, none of them a space, "=", "]", \'"\''
            )
    return data


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
    facility: Annotated[Annotated[int, Field(ge=0, le=23)] | str, AfterValidator(_known_facility)] = Field(
        "user", description="number or name: `kern`, `user`, `mail`, `daemon`, … `local0` to `local7`"
    )
    severity: Annotated[int, Field(ge=0, le=7)] | str = Field(
        "info",
        description="number or name (`emerg`, `alert`, `crit`, `err`, `warning`, `notice`, `info`, `debug`), or a text "
        "with placeholders that becomes one; anything else counts as `info`",
    )
    hostname: str = Field("-", description="the machine, up to 255 characters")
    app_name: str = Field("datagen", description="the program, up to 48 characters")
    procid: str = Field("-", description="the process, up to 128 characters")
    msgid: str = Field("-", description="the kind of message, up to 32 characters")
    structured_data: Annotated[dict[str, dict[str, str]], AfterValidator(_sound_names)] = Field(
        {},
        description="elements, named like `shop@32473`, and their parameters, whose values are texts with placeholders",
    )
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
        patterns = self.patterns(layout)
        found = [f"{key}: {text}" for key, pattern in patterns.items() for text in pattern.problems]
        data = (pattern for _, pattern in _elements(self.structured_data, layout) if pattern)
        found += [f"structured_data: {text}" for pattern in data for text in pattern.problems]
        level = str(self.severity).lower()
        if not found and patterns["severity"].is_constant and level not in _LEVELS:
            found.append(f"severity: unknown severity {show(self.severity)}{did_you_mean(level, _SEVERITIES)}")
        return found

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
        return {key: TextPattern(str(getattr(self, key)), layout) for key in ("severity", *_WORDS)}

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
        super().__init__(lines.text)
        self._writer = lines
        self._target = target
        self._start = start
        self._patterns = target.patterns(layout)
        self._data = _elements(target.structured_data, layout)

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
        for key, longest in _WORDS.items():
            pieces += [" ", self._words(batch, key, longest)]
        pieces.append(" ")
        for text, pattern in self._data:
            pieces += [text, _escaped(patterned(batch, pattern, self._start)) if pattern else ""]
        return [*pieces, " "]

    def _priority(self, batch: Batch) -> pa.Array | str:
        facility = self._target.facility
        number = facility if isinstance(facility, int) else _FACILITIES[facility.lower()]
        if self._patterns["severity"].is_constant:
            return str(8 * number + _LEVELS[str(self._target.severity).lower()])
        encoded = patterned(batch, self._patterns["severity"], self._start).dictionary_encode()
        levels = [_LEVELS.get(text.strip().lower(), _NO_LEVEL) for text in encoded.dictionary.to_pylist()]
        return pa.array([str(8 * number + level) for level in levels], pa.string()).take(encoded.indices)

    def _time(self, batch: Batch) -> pa.Array:
        start = self._start
        milliseconds = (start.microseconds + batch.emitted // 1000) // 1000
        return plain_text(pa.array(milliseconds).cast(pa.timestamp("ms", start.zone or "UTC")))

    def _words(self, batch: Batch, key: str, longest: int) -> pa.Array | str:
        pattern = self._patterns[key]
        if pattern.is_constant:
            return str(_word(pa.array([getattr(self._target, key)]), longest)[0])
        encoded = patterned(batch, pattern, self._start).dictionary_encode()
        return _word(encoded.dictionary, longest).take(encoded.indices)


def _elements(data: Mapping[str, Mapping[str, str]], layout: Layout) -> list[tuple[str, TextPattern | None]]:
    """Return STRUCTURED-DATA as texts, each before the value of a pattern; the last one before none."""
    pieces: list[tuple[str, TextPattern | None]] = []
    text = "" if data else "-"
    for name, element in data.items():
        text += f"[{name}"
        for parameter, value in element.items():
            pieces.append((f'{text} {parameter}="', TextPattern(value, layout)))
            text = '"'
        text += "]"
    return [*pieces, (text, None)]


def _word(text: pa.Array, longest: int) -> pa.Array:
    """Return texts that may stand in a header: PRINTUSASCII without spaces, not empty."""
    text = pc.utf8_slice_codeunits(pc.replace_substring_regex(text, "[^!-~]", "_"), 0, longest)
    return pc.if_else(pc.equal(pc.binary_length(text), 0), "-", text)


def _escaped(text: pa.Array) -> pa.Array:
    """Return texts with a backslash before what may not stand in the value of a parameter (RFC 5424, section 6.3.3)."""
    encoded = text.dictionary_encode()
    values = encoded.dictionary
    for character in ("\\", '"', "]"):
        values = pc.replace_substring(values, character, f"\\{character}")
    return values.take(encoded.indices)
