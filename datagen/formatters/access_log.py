"""The formatters ``apache_common``, ``apache_combined`` and ``nginx``: access logs of web servers."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import ClassVar

from pydantic import Field

from datagen.formatters.slot import Slot, SlottedFormatter
from datagen.plugin.formatter import LineWriter, PartWriter
from datagen.records.batch import Layout, Part
from datagen.records.escape import Escape
from datagen.records.text import Piece

_SHORT = {0x08: b"\\b", 0x09: b"\\t", 0x0A: b"\\n", 0x0B: b"\\v", 0x0D: b"\\r", 0x22: b'\\"', 0x5C: b"\\\\"}
_OTHERS = [*range(0x20), 0x7F, *range(0x80, 0x100)]
# As Apache's mod_log_config escapes what a client sent ("Format Notes" of its documentation).
_APACHE = Escape({octet: b"\\x%02x" % octet for octet in _OTHERS} | _SHORT)
# As nginx's ngx_http_log_module does by default ("log_format", escape=default).
_NGINX = Escape({octet: b"\\x%02X" % octet for octet in (*_OTHERS, 0x22, 0x5C)})
_AROUND = {"time": (" [", "]")} | dict.fromkeys(("request", "referrer", "agent"), (' "', '"'))


class AccessLog(SlottedFormatter):
    """Keys of all access logs. Each is a text with `{{dimension}}` where the value of one belongs."""

    may_lack: ClassVar[tuple[str, ...]] = ("user", "bytes", "referrer", "agent")
    places: ClassVar[tuple[str, ...]] = ("host", "ident", "user", "time", "request", "status", "bytes")
    nothing: ClassVar[str] = "-"  # what stands for no bytes

    host: str = Field("{{host}}", description="address or name of the client")
    user: str = Field("{{user}}", description="user who is logged in; `-` where the spec has no dimension of that name")
    time: str = Field("{{time|%d/%b/%Y:%H:%M:%S %z}}", description="when the request came")
    request: str = Field("{{method}} {{path}} HTTP/1.1", description="first line of the request")
    status: str = Field("{{status}}", description="status of the answer")
    bytes: str = Field("{{bytes}}", description="size of the answer; none where the spec has no dimension of that name")

    @property
    @abstractmethod
    def escape(self) -> Escape:
        """Return what stands for characters that the server does not write as they are."""

    def slots(self) -> Iterator[str]:
        yield from (name for name in self.places if name in type(self).model_fields)

    def begin(self, layout: Layout) -> LineWriter:
        slots = {name: Slot(self.pattern(name, layout), self.escape, "-") for name in self.slots()}
        slots["bytes"] = replace(slots["bytes"], empty=self.nothing, nothing=("", "0"))
        return PartWriter(partial(_pieces, self.places, slots))


def _pieces(places: tuple[str, ...], slots: Mapping[str, Slot], part: Part) -> list[Piece]:
    found: list[Piece] = []
    for name in places:
        before, after = _AROUND.get(name, (" ", ""))
        found += [before, slots[name].piece(part) if name in slots else "-", after]
    return [*found[1:], "\n"]


class ApacheCommon(AccessLog):
    """The Common Log Format of Apache's web server, `%h %l %u %t "%r" %>s %b`.

    What is null or missing is `-`, and so are 0 bytes. Quotes, backslashes, control characters and all beyond ASCII are
    escaped as Apache does it. Give a start with an offset (`-s 2024-01-01T00:00:00+01:00`): it stands in the time.

    Example: {"type": "apache_common"}
    Example: {"type": "apache_common", "user": "-", "request": "GET {{path}} HTTP/2.0"}
    """

    kind: ClassVar[str] = "apache_common"

    @property
    def escape(self) -> Escape:
        return _APACHE


class Combined(AccessLog):
    """Keys of access logs that know where a client came from."""

    places: ClassVar[tuple[str, ...]] = (*AccessLog.places, "referrer", "agent")
    referrer: str = Field("{{referrer}}", description="page that the client came from; `-` where there is none such")
    agent: str = Field("{{agent}}", description="the client's program; `-` where there is none such")


class ApacheCombined(Combined):
    """The Combined Log Format of Apache's web server: `apache_common` with referrer and user agent in quotes.

    Example: {"type": "apache_combined"}
    """

    kind: ClassVar[str] = "apache_combined"

    @property
    def escape(self) -> Escape:
        return _APACHE


class Nginx(Combined):
    r"""The format `combined` of nginx, its default: that of Apache, but for `0` where nothing was sent, and `\x22` and
    the like for what needs an escape.

    Example: {"type": "nginx"}
    """

    kind: ClassVar[str] = "nginx"
    nothing: ClassVar[str] = "0"

    @property
    def escape(self) -> Escape:
        return _NGINX
