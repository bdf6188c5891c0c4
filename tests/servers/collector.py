"""A server that collects what is sent to it over HTTP, also as Splunk's HTTP Event Collector; fast enough to measure.

As a command it serves for itself: ``python -m tests.servers.collector 8080``.
"""

import gzip
import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.servers.installed import program
from tests.servers.web import WebHandler, WebServer

HEC_PATH = "/services/collector"
HEC_TOKEN = "11111111-2222-3333-4444-555555555555"
# https://help.splunk.com, "Troubleshoot HTTP Event Collector": status, code and text of the answers
HEC_ANSWERS = {
    0: (200, "Success"),
    2: (401, "Token is required"),
    3: (401, "Invalid authorization"),
    4: (403, "Invalid token"),
    5: (400, "No data"),
    6: (400, "Invalid data format"),
    9: (503, "Server is busy"),
    12: (400, "Event field is required"),
}

Answer = tuple[int, bytes, dict[str, str]]


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    raw: bytes

    @property
    def body(self) -> bytes:
        return gzip.decompress(self.raw) if self.headers.get("content-encoding") == "gzip" else self.raw


class Collector(WebServer):
    """Keeps every request it took; ``answer`` may refuse one by giving what to answer instead."""

    def __init__(self, port: int = 0, certificate: str | None = None, keeps: bool = True) -> None:
        super().__init__(port, _Handler)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.scheme = "http" if certificate is None else "https"
        self.keeps = keeps
        self.requests: list[Request] = []
        self.answer: Callable[[Request], Answer | None] = lambda request: None
        self._lock = threading.Lock()
        self.begin_serving()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/events"

    @property
    def hec_url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{HEC_PATH}/event"

    @property
    def lines(self) -> list[bytes]:
        """The lines of all requests, in the order in which they were taken."""
        return [line for request in self.requests for line in request.body.split(b"\n")[:-1]]

    def take(self, request: Request) -> Answer:
        """Take a request, or refuse it."""
        answer = self.answer(request)
        if answer is None and self.keeps and request.path.startswith(HEC_PATH):
            answer = hec_refusal(request)
        if answer is not None and answer[0] >= 300:
            return answer
        if self.keeps:
            with self._lock:
                self.requests.append(request)
        return answer or (hec_answer(0) if request.path.startswith(HEC_PATH) else (200, b"", {}))


class _Handler(WebHandler):
    server: Collector

    def _take(self) -> None:
        request = self.read_request()
        if request is not None:
            self.respond(*self.server.take(Request(self.command, self.path, *request)))

    do_POST = do_PUT = do_PATCH = _take  # noqa: N815


def hec_answer(code: int, **more: object) -> Answer:
    status, text = HEC_ANSWERS[code]
    body = json.dumps({"text": text, "code": code, **more}).encode()
    return status, body, {"content-type": "application/json"}


def hec_refusal(request: Request) -> Answer | None:
    """Say as Splunk does what is wrong with a request."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return hec_answer(2)
    if scheme != "Splunk" or not token:
        return hec_answer(3)
    if token != HEC_TOKEN:
        return hec_answer(4)
    try:
        events = hec_events(request.body)
    except ValueError:
        return hec_answer(6)
    for number, event in enumerate(events):
        if "event" not in event:
            return hec_answer(12, **{"invalid-event-number": number})
    return None if events else hec_answer(5)


def hec_events(body: bytes) -> list[dict]:
    """The events of a request: JSON objects, one right after the other."""
    text, place, events = body.decode().strip(), 0, []
    decoder = json.JSONDecoder()
    while place < len(text):
        event, place = decoder.raw_decode(text, place)
        events.append(event)
        while place < len(text) and text[place].isspace():
            place += 1
    return events


def self_signed(folder: Path) -> str:
    """Make a certificate of 127.0.0.1 that nobody has signed; the path of a file with it and its key."""
    path = folder / "certificate.pem"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = [program("openssl", "openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *names]
    subprocess.run([*command, "-keyout", folder / "key.pem", "-out", path], check=True, capture_output=True)
    path.write_text(path.read_text() + (folder / "key.pem").read_text())
    return str(path)


def serve(port: int) -> Collector:
    """Serve until the collector is closed."""
    return Collector(port)


if __name__ == "__main__":
    with Collector(int(sys.argv[1]), keeps=False):
        threading.Event().wait()
