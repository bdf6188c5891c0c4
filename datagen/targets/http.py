"""The target ``http``, which also speaks to Splunk's HTTP Event Collector."""

import gzip
import json
import re
import ssl
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, SecretStr

from datagen.plugin.formatter import Formatter
from datagen.plugin.model import Model
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Gather, Position, Target, Undelivered
from datagen.problems import reason, show
from datagen.records.batch import Batch, Layout
from datagen.records.lines import Lines
from datagen.records.pieces import join
from datagen.records.text import json_text
from datagen.targets.request import BulkSize, array_of, cuts, refused, unsuitable_ca_file

if TYPE_CHECKING:
    import httpx

_CONNECT_SECONDS = 10
_GZIP_LEVEL = 1  # 5 times as fast as the usual 6, for a body that is a fifth longer
_CONTENT_TYPES = {"json": "application/x-ndjson", "csv": "text/csv", "tsv": "text/tab-separated-values"}
_SHOWN = 200  # characters of an answer
_PLAIN = "text/plain; charset=utf-8"
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.1
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")


class HttpBatch(BulkSize):
    """What other receivers than search engines mostly like better."""

    records: int = Field(10_000, ge=1, description="at most so many records in one request")
    bytes: int = Field(1_000_000, ge=1, description="at most so many bytes, though one record at least")


_ONE = HttpBatch(records=1)


class SplunkHec(Model):
    """What the envelope of Splunk's HTTP Event Collector says of every record."""

    host: str | None = Field(None, min_length=1, description="host that the record is said to come from")
    source: str | None = Field(None, min_length=1, description="source that it is said to come from")
    sourcetype: str | None = Field(None, min_length=1, description="source type, such as _json")
    index: str | None = Field(None, min_length=1, description="index that it goes to")


def _checked_url(url: SecretStr) -> SecretStr:
    """Check a URL without saying what it is."""
    try:
        parts = urlsplit(url.get_secret_value())
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known or not url.get_secret_value().isprintable():
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
    """Requests to a URL, each with many records: lines, a JSON array, or Splunk's HTTP Event Collector.

    A record is delivered when the request that carries it is answered with success. Statuses 408, 425, 429 and from 500
    on, and failing connections, are tried again where `on_error` says so; any other status ends the run.

    Example: {"type": "http", "url": "http://localhost:8080/events", "batch": {"records": 500, "seconds": 1}}
    Example: {"type": "http", "url": "http://localhost:8080/events", "body": "array", "gzip": true, "token": "secret"}
    Example: {"type": "http", "url": "http://localhost:8088/services/collector/event", "token": "11111111-2222-3333-4444-555555555555", "splunk_hec": {"sourcetype": "_json", "index": "main"}}
    """  # noqa: E501 (an example is one line)

    kind: ClassVar[str] = "http"
    library: ClassVar[tuple[str, str] | None] = ("httpx", "httpx>=0.28")
    url: Annotated[SecretStr, AfterValidator(_checked_url)] = Field(
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
        "lines", description="a record a line, one JSON array, or one request for each record"
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
    _client: "httpx.Client | None" = PrivateAttr(None)
    _threads: ThreadPoolExecutor | None = PrivateAttr(None)

    def __str__(self) -> str:
        parts = urlsplit(self.url.get_secret_value())
        return f"http {parts._replace(netloc=parts.netloc.rpartition('@')[2], query='', fragment='').geturl()}"

    def secrets(self) -> list[str]:
        url = self.url.get_secret_value()
        parts = urlsplit(url)
        hidden = [parts.netloc.rpartition("@")[0], parts.password or "", parts.query, parts.fragment]
        return [secret for secret in super().secrets() if secret != url] + [secret for secret in hidden if secret]

    def problem(self) -> str | None:
        if (self.username is None) != (self.password is None):
            return '"username" and "password" belong together'
        named = ["user in the URL"] if "@" in urlsplit(self.url.get_secret_value()).netloc else []
        named += [f'"{key}"' for key in ("username", "token") if getattr(self, key) is not None]
        named += ["authorization header"] if "authorization" in map(str.lower, self.headers) else []
        if len(named) > 1:
            return f"{' and '.join(named)} exclude each other"
        if self.splunk_hec is not None and self.token is None:
            return '"token" is required with "splunk_hec"'
        if self.splunk_hec is not None and self.body != "lines":
            return '"splunk_hec" has a body of its own: leave "body" out'
        return unsuitable_ca_file(self.verify, self.ca_file)

    def prepare(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        problems = super().prepare(layout, formatter, scope)
        if self.body == "array" and formatter.kind != "json":
            problems.append(f'"body": "array" needs the format "json", found "{formatter.kind}"')
        return problems

    def encode(self, batch: Batch) -> Encoded:
        encoded = super().encode(batch)
        if self.splunk_hec is None:
            return encoded
        return Encoded(batch.due, batch.emitted, self._wrapped(encoded, self.splunk_hec))

    def gathers(self) -> Gather:
        return self.batch.gather()

    def open(self, position: Position) -> None:
        import httpx

        self._client = httpx.Client(
            auth=self._user(),
            headers=self._headers(),
            timeout=httpx.Timeout(self.timeout, connect=min(self.timeout, _CONNECT_SECONDS)),
            limits=httpx.Limits(max_connections=self.concurrency),
            verify=self._trust(),
        )
        self._threads = ThreadPoolExecutor(self.concurrency)

    def write(self, encoded: Encoded) -> None:
        assert self._threads is not None
        under_way: deque[tuple[int, Future[None]]] = deque()
        done = 0
        try:
            for stop, body in self._bodies(encoded.lines):
                if len(under_way) == self.concurrency:
                    done = _finished(*under_way.popleft(), done)
                under_way.append((stop, self._threads.submit(self._send, body)))
            while under_way:
                done = _finished(*under_way.popleft(), done)
        finally:  # what was begun must not arrive after what is sent again
            wait([future for _, future in under_way])

    def close(self) -> None:
        if self._threads is not None:
            self._threads.shutdown()
            self._threads = None
        if self._client is not None:
            self._client.close()
            self._client = None

    def _wrapped(self, encoded: Encoded, hec: SplunkHec) -> Lines:
        """Put each record into Splunk's envelope; one that is not JSON becomes a text in it."""
        text = pc.binary_slice(array_of(encoded.lines).cast(pa.binary()), 0, -1).cast(pa.string())
        event = text if self._formatter.kind == "json" else json_text(text)
        milliseconds = (self._scope.start.microseconds + encoded.emitted // 1000) // 1000
        time = json_text(pa.array(milliseconds / 1000))
        constants = "".join(f",{json.dumps(key)}:{json.dumps(value)}" for key, value in hec if value is not None)
        return Lines.of(join(['{"time":', time, f'{constants},"event":', event, "}\n"], len(encoded)))

    def _user(self) -> tuple[str, str] | None:
        if self.username is None or self.password is None:
            return None
        return self.username, self.password.get_secret_value()

    def _headers(self) -> dict[str, str]:
        kind = self._formatter.kind
        is_json = self.splunk_hec is not None or (kind == "json" and self.body != "lines")
        headers = {"content-type": "application/json" if is_json else _CONTENT_TYPES.get(kind, _PLAIN)}
        if self.gzip:
            headers["content-encoding"] = "gzip"
        if self.token is not None:
            scheme = "Bearer" if self.splunk_hec is None else "Splunk"
            headers["authorization"] = f"{scheme} {self.token.get_secret_value()}"
        return headers | {name.lower(): value.get_secret_value() for name, value in self.headers.items()}

    def _trust(self) -> ssl.SSLContext | bool:
        if self.ca_file is None:
            return self.verify
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise Undelivered(f"{self.ca_file} holds no certificates: {reason(error)}", lasting=True) from error

    def _bodies(self, lines: Lines) -> Iterator[tuple[int, bytes]]:
        """Give the bodies of requests, each with the number of records up to its end."""
        places = np.concatenate([[0], lines.ends])
        header = self._formatter.header().encode()
        for start, stop in cuts(lines.ends, _ONE if self.body == "each" else self.batch):
            data = lines.data[places[start] : places[stop]]
            if self.splunk_hec is not None:
                yield stop, bytes(data)
            elif self.body == "lines":
                yield stop, header + data
            elif self.body == "array":  # inside JSON a line feed is never written as it is
                yield stop, b"[" + bytes(data[:-1]).replace(b"\n", b",") + b"]"
            else:
                yield stop, bytes(data[:-1])

    def _send(self, body: bytes) -> None:
        """Make one request. Raises Undelivered unless it succeeds."""
        import httpx

        assert self._client is not None
        if self.gzip:
            body = gzip.compress(body, _GZIP_LEVEL)
        try:
            answer = self._client.request(self.method, self.url.get_secret_value(), content=body)
        except httpx.HTTPError as error:
            lasting = not isinstance(error, httpx.TransportError) or "CERTIFICATE_VERIFY" in str(error)
            raise Undelivered(reason(error), lasting=lasting) from error
        if answer.status_code not in (range(200, 300) if self.success is None else self.success):
            raise refused(answer.status_code, answer.text or answer.reason_phrase)
        if self.splunk_hec is not None and not _is_accepted(answer.text):
            text = show(answer.text, _SHOWN)
            raise Undelivered(f"the answer is not that of Splunk's collector: {text}", lasting=True)


def _finished(stop: int, request: "Future[None]", done: int) -> int:
    """Wait for a request; give how many records are delivered with it, after so many before it."""
    try:
        request.result()
    except Undelivered as error:
        error.records = done
        raise
    return stop


def _is_accepted(answer: str) -> bool:
    """Tell whether Splunk's collector says that it took the events: code 0."""
    try:
        found = json.loads(answer)
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("code") == 0
