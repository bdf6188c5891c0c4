"""The target ``syslog``."""

import re
import sys
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, Field, PrivateAttr

from datagen.plugin.formatter import Formatter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Position, Target
from datagen.problems import did_you_mean, show
from datagen.records.batch import Batch, Layout
from datagen.records.lines import Lines
from datagen.records.pattern import TextPattern, patterned
from datagen.records.pieces import Pieces, join
from datagen.records.text import plain_text
from datagen.targets.sockets.datagram import Datagrams
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
    """Messages as RFC 5424 has them: over TCP or TLS with their length before each (octet counting), or over UDP.

    The text of a record is the message; the fields of the header are texts with `{{dimension}}` places. What may not
    stand in a field becomes `_`, what is too long is cut, and an empty one is `-`. A message begins with no byte order
    mark: RFC 5424 asks for one before UTF-8, but most receivers take it for a part of the message.

    What counts as delivered: see the targets `tcp`, which is the same over TCP and TLS, and `udp`.

    Example: {"type": "syslog", "host": "localhost", "app_name": "shop", "facility": "local0", "severity": "notice"}
    Example: {"type": "syslog", "host": "localhost", "structured_data": {"shop@32473": {"user": "{{user_id}}"}}}
    """

    kind: ClassVar[str] = "syslog"
    host: str = Field(min_length=1, description="name or address of the receiver")
    port: int | None = Field(
        None, ge=1, le=65535, description="where it listens; else 601 over tcp, 6514 over tls, 514 over udp"
    )
    transport: Literal["tcp", "tls", "udp"] = Field("tcp", description="how messages travel")
    tls: Tls | None = Field(
        None, description="for `tls`: an object of `ca`, `cert`, `key` (PEM files), `insecure`, `server_name`"
    )
    facility: Annotated[Annotated[int, Field(ge=0, le=23)] | str, AfterValidator(_known_facility)] = Field(
        "user", description="number or name: `kern`, `user`, `mail`, `daemon`, … `local0` to `local7`"
    )
    severity: Annotated[int, Field(ge=0, le=7)] | str = Field(
        "info",
        description="number or name (`emerg`, `alert`, `crit`, `err`, `warning`, `notice`, `info`, `debug`), or a text "
        "with places that give one; what is neither counts as `info`",
    )
    hostname: str = Field("-", description="the machine, up to 255 characters")
    app_name: str = Field("datagen", description="the program, up to 48 characters")
    procid: str = Field("-", description="the process, up to 128 characters")
    msgid: str = Field("-", description="the kind of message, up to 32 characters")
    structured_data: Annotated[dict[str, dict[str, str]], AfterValidator(_sound_names)] = Field(
        {}, description="elements, named like `shop@32473`, with their parameters, whose values are texts with places"
    )
    timeout: int | float = Field(
        30,
        gt=0,
        le=3600,
        description="seconds in which the receiver takes nothing, after which the connection has failed",
    )
    _patterns: dict[str, TextPattern] = PrivateAttr()
    _data: list[tuple[str, TextPattern | None]] = PrivateAttr()
    _channel: Stream | Datagrams = PrivateAttr()

    def __str__(self) -> str:
        return f"syslog {self.host}:{self._port}"

    @property
    def _port(self) -> int:
        return self.port or _PORTS[self.transport]

    def problem(self) -> str | None:
        if self.tls is None:
            return None
        return (
            self.tls.problem() if self.transport == "tls" else f'"tls" needs "transport": "tls", not "{self.transport}"'
        )

    def prepare(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        if self.transport == "udp":
            self._channel = Datagrams(self.host, self._port)
        else:
            tls = self.tls or Tls() if self.transport == "tls" else None
            self._channel = Stream(self.host, self._port, tls, self.timeout, scope.say)
        self._patterns = {key: TextPattern(str(getattr(self, key)), layout) for key in ("severity", *_WORDS)}
        self._data = list(_elements(self.structured_data, layout))
        found = [f"{key}: {text}" for key, pattern in self._patterns.items() for text in pattern.problems]
        found += [f"structured_data: {text}" for _, pattern in self._data if pattern for text in pattern.problems]
        level = str(self.severity).lower()
        if not found and self._patterns["severity"].is_constant and level not in _LEVELS:
            found.append(f"severity: unknown severity {show(self.severity)}{did_you_mean(level, _SEVERITIES)}")
        return [*super().prepare(layout, formatter, scope), *found]

    def encode(self, batch: Batch) -> Encoded:
        head = self._head(batch)
        line = batch.in_order([self._formatter.text(part.columns) for part in batch.parts])
        if self.transport == "udp":
            return Encoded(batch.due, batch.emitted, Lines.of(join([*head, line], len(batch))))
        first = join(head, len(batch))
        message = pc.binary_replace_slice(line, -1, sys.maxsize, "")  # without its line end
        size = plain_text(pc.add(pc.binary_length(first), pc.binary_length(message)))  # RFC 6587, section 3.4.1
        return Encoded(batch.due, batch.emitted, Lines.of(join([size, " ", first, message], len(batch))))

    def open(self, position: Position) -> None:
        self._channel.open()

    def write(self, encoded: Encoded) -> None:
        self._channel.deliver(encoded.lines)

    def finish(self) -> None:
        self._channel.finish()

    def close(self) -> None:
        self._channel.close()

    def _head(self, batch: Batch) -> Pieces:
        """Write what stands before the message: HEADER SP STRUCTURED-DATA SP, RFC 5424, section 6."""
        pieces: Pieces = ["<", self._priority(batch), ">1 ", self._time(batch)]
        for key, longest in _WORDS.items():
            pieces += [" ", self._words(batch, key, longest)]
        pieces.append(" ")
        for text, pattern in self._data:
            pieces += [text, _escaped(patterned(batch, pattern, self._scope.start)) if pattern else ""]
        return [*pieces, " "]

    def _priority(self, batch: Batch) -> pa.Array | str:
        facility = self.facility if isinstance(self.facility, int) else _FACILITIES[self.facility.lower()]
        if self._patterns["severity"].is_constant:
            return str(8 * facility + _LEVELS[str(self.severity).lower()])
        encoded = patterned(batch, self._patterns["severity"], self._scope.start).dictionary_encode()
        levels = [_LEVELS.get(text.strip().lower(), _NO_LEVEL) for text in encoded.dictionary.to_pylist()]
        return pa.array([str(8 * facility + level) for level in levels], pa.string()).take(encoded.indices)

    def _time(self, batch: Batch) -> pa.Array:
        start = self._scope.start
        milliseconds = (start.microseconds + batch.emitted // 1000) // 1000
        return plain_text(pa.array(milliseconds).cast(pa.timestamp("ms", start.zone or "UTC")))

    def _words(self, batch: Batch, key: str, longest: int) -> pa.Array | str:
        pattern = self._patterns[key]
        if pattern.is_constant:
            return str(_word(pa.array([getattr(self, key)]), longest)[0])
        encoded = patterned(batch, pattern, self._scope.start).dictionary_encode()
        return _word(encoded.dictionary, longest).take(encoded.indices)


def _elements(data: Mapping[str, Mapping[str, str]], layout: Layout) -> list[tuple[str, TextPattern | None]]:
    """Write STRUCTURED-DATA as texts, each before the value of a pattern; the last before none."""
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
    """Make texts that may stand in a header: PRINTUSASCII without spaces, not empty."""
    text = pc.utf8_slice_codeunits(pc.replace_substring_regex(text, "[^!-~]", "_"), 0, longest)
    return pc.if_else(pc.equal(pc.binary_length(text), 0), "-", text)


def _escaped(text: pa.Array) -> pa.Array:
    """Escape what may not stand in the value of a parameter (RFC 5424, section 6.3.3)."""
    encoded = text.dictionary_encode()
    values = encoded.dictionary
    for character in ("\\", '"', "]"):
        values = pc.replace_substring(values, character, f"\\{character}")
    return values.take(encoded.indices)
