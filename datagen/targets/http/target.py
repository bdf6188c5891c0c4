"""The target ``http``: its keys, and the client that they describe."""

import json
import re
import ssl
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from datagen.plugin.formatter import Formatter, LineWriter, no_json
from datagen.plugin.secret_url import SecretUrl
from datagen.plugin.stage import Scope
from datagen.plugin.target import Target, Undelivered
from datagen.problems import reason
from datagen.records.batch import Layout
from datagen.targets.http.exchange import Exchange, answered
from datagen.targets.http.sink import HttpSink, Packing
from datagen.targets.http.splunk import EventWriter, SplunkHec
from datagen.targets.request import BulkSize, refused, unsuitable_ca_file

if TYPE_CHECKING:
    import httpx

_CONNECT_SECONDS = 10
_SUCCESS = range(200, 300)
_UNAUTHORIZED = 401
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.1
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")


class HttpBatch(BulkSize):
    """Sizes that suit most receivers other than search engines."""

    records: int = Field(10_000, ge=1, description="at most this many records in one request")
    bytes: int = Field(1_000_000, ge=1, description="at most this many bytes, but always at least one record")


def _checked_url(url: SecretUrl) -> SecretUrl:
    """Check a URL without saying what it is."""
    try:
        parts = urlsplit(url.value)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known or not url.value.isprintable():
        raise ValueError("must be a URL that begins with http:// or https:// and names a host")
    return url


def _checked_headers(headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in ("content-length", "transfer-encoding"):
            raise ValueError(f"{json.dumps(name)} can't be a header here")
        if not _HEADER_VALUE.fullmatch(value.get_secret_value()):
            raise ValueError(f"the value of {name} has a character that a header can't hold")
    return headers


def _checked_token(token: SecretStr) -> SecretStr:
    if not _HEADER_VALUE.fullmatch(token.get_secret_value()):
        raise ValueError("has a character that a header can't hold")
    return token


def _envelope(value: Any) -> Any:
    return ({} if value else None) if isinstance(value, bool) else value


class Http(Target):
    """Requests to a URL, each with many records: lines, a JSON array, or events for Splunk's HTTP Event Collector.

    A record is delivered when the request that carries it is answered with success. Statuses 408, 425, 429 and from 500
    on, and failing connections, are tried again where `on_error` says so; any other status ends the run.

    Example: {"type": "http", "url": "http://localhost:8080/events", "batch": {"records": 500, "seconds": 1}}
    Example: {"type": "http", "url": "http://localhost:8080/events", "body": "array", "gzip": true, "token": "secret"}
    Example: {"type": "http", "url": "http://localhost:8088/services/collector/event", "token": "11111111-2222-3333-4444-555555555555", "splunk_hec": {"sourcetype": "_json", "index": "main"}}
    """  # noqa: E501 (an example is one line)

    kind: ClassVar[str] = "http"
    library: ClassVar[tuple[str, str] | None] = ("httpx", "httpx>=0.28")
    url: Annotated[SecretUrl, AfterValidator(_checked_url)] = Field(
        description="where requests go; may hold `user:password@`, which no message shows"
    )
    method: Literal["POST", "PUT", "PATCH"] = Field("POST", description="method of the requests")
    headers: Annotated[dict[str, SecretStr], AfterValidator(_checked_headers)] = Field(
        {}, description="headers of the requests; their values are never shown"
    )
    batch: HttpBatch = Field(
        HttpBatch(), description="`records` and `bytes` in a request, at most; `seconds` to gather live ones"
    )
    body: Literal["lines", "array", "each"] = Field(
        "lines", description="one line for each record, one JSON array, or one request for each record"
    )
    gzip: bool = Field(False, description="compress the bodies")
    username: str | None = Field(None, min_length=1, description="user for basic authorisation, with `password`")
    password: SecretStr | None = Field(None, description="password of the user")
    token: Annotated[SecretStr, AfterValidator(_checked_token)] | None = Field(
        None, min_length=1, description="token for bearer authorisation, or Splunk's token"
    )
    success: list[Annotated[int, Field(ge=200, le=599)]] | None = Field(
        None, min_length=1, description="statuses that mean success; 200 to 299 without it"
    )
    concurrency: int = Field(
        1, ge=1, le=64, description="requests under way at once; with more than one, records may arrive out of order"
    )
    timeout: int | float = Field(30, gt=0, le=3600, description="seconds of silence after which a request has failed")
    verify: bool = Field(True, description="check the server's certificate")
    ca_file: str | None = Field(None, description="file of the certificates to trust, instead of the usual ones")
    splunk_hec: Annotated[SplunkHec | None, BeforeValidator(_envelope, json_schema_input_type=bool | SplunkHec)] = (
        Field(
            None, description="wrap records as Splunk's HTTP Event Collector takes them: true, or what to say of them"
        )
    )

    def __str__(self) -> str:
        return f"http {self.url}"

    def problem(self) -> str | None:
        if (self.username is None) != (self.password is None):
            return '"username" and "password" belong together'
        named = ["user in the URL"] if "@" in urlsplit(self.url.value).netloc else []
        named += [f'"{key}"' for key in ("username", "token") if getattr(self, key) is not None]
        named += ["authorization header"] if "authorization" in map(str.lower, self.headers) else []
        if len(named) > 1:
            return f"{' and '.join(named)} exclude each other"
        if self.splunk_hec is not None and self.token is None:
            return '"token" is required with "splunk_hec"'
        if self.splunk_hec is not None and self.body != "lines":
            return '"splunk_hec" has a body of its own: leave "body" out'
        return unsuitable_ca_file(self.verify, self.ca_file)

    def check(self) -> None:
        # A request takes the way of the later ones, through the same proxies and TLS, and OPTIONS changes nothing
        # (RFC 9110, section 9.2.1). Many receivers know only their own method, so no status is wrong but the one that
        # refuses the login.
        with self._client({}) as client:
            answer = answered(client, "OPTIONS", self.url.value)
        if answer.status_code == _UNAUTHORIZED:
            raise refused(answer.status_code, answer.text or answer.reason_phrase)

    def misfits(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        if self.body == "array" and not formatter.writes_json(layout):
            return [f'"body": "array" needs the format "json", found {no_json(formatter, layout)}']
        if self.splunk_hec is not None and not formatter.is_text:
            return [f'"splunk_hec" needs a format of text, found {formatter}']
        patterns = {} if self.splunk_hec is None else self.splunk_hec.patterns(layout)
        return [f"splunk_hec.{key}: {text}" for key, pattern in patterns.items() for text in pattern.problems]

    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> HttpSink:
        writer = self._writer(layout, formatter, scope)
        exchange = Exchange(
            connect=partial(self._client, self._content_headers(formatter, layout)),
            method=self.method,
            url=self.url.value,
            gzip=self.gzip,
            success=_SUCCESS if self.success is None else self.success,
            is_splunk=self.splunk_hec is not None,
        )
        packing = Packing(self.body, self.batch, writer)
        return HttpSink(writer, scope, packing, exchange, self.concurrency)

    def _writer(self, layout: Layout, formatter: Formatter, scope: Scope) -> LineWriter:
        if self.splunk_hec is None:
            return formatter.stream(layout) if self.body == "lines" else formatter.begin(layout)
        return EventWriter(formatter, layout, self.splunk_hec, scope.start)

    def _content_headers(self, formatter: Formatter, layout: Layout) -> dict[str, str]:
        kind = formatter.stream_type if self.body == "lines" else formatter.media_type
        if formatter.is_json and not formatter.writes_json(layout):
            kind = Formatter.media_type
        headers = {"content-type": "application/json" if self.splunk_hec is not None else kind}
        return headers | {"content-encoding": "gzip"} if self.gzip else headers

    def _client(self, content_headers: dict[str, str]) -> "httpx.Client":
        """Return a client, which is not connected yet. Raises Undelivered when there are no certificates to trust."""
        import httpx

        headers = dict(content_headers)
        if self.token is not None:
            scheme = "Bearer" if self.splunk_hec is None else "Splunk"
            headers["authorization"] = f"{scheme} {self.token.get_secret_value()}"
        return httpx.Client(
            auth=self._user(),
            headers=headers | {name.lower(): value.get_secret_value() for name, value in self.headers.items()},
            timeout=httpx.Timeout(self.timeout, connect=min(self.timeout, _CONNECT_SECONDS)),
            limits=httpx.Limits(max_connections=self.concurrency),
            verify=self._trust(),
        )

    def _user(self) -> tuple[str, str] | None:
        if self.username is None or self.password is None:
            return None
        return self.username, self.password.get_secret_value()

    def _trust(self) -> ssl.SSLContext | bool:
        if self.ca_file is None:
            return self.verify
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise Undelivered(f"{self.ca_file} holds no certificates: {reason(error)}", lasting=True) from error
