"""A web server for tests on a free port, on threads of its own; what it answers is said by those built on it."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class WebServer(ThreadingHTTPServer):
    """Serves from its making until it is closed, or for as long as it is entered."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self.port = self.server_address[1]

    def begin_serving(self) -> None:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def handle_error(self, *_: object) -> None:
        """Say nothing of a connection that broke."""


class WebHandler(BaseHTTPRequestHandler):
    """Reads requests whole."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer goes out as one

    def read_request(self) -> tuple[dict[str, str], bytes] | None:
        """Return the headers, by name in lower case, and the body; None when the connection broke."""
        size = int(self.headers.get("content-length", 0))
        body = self.rfile.read(size)
        if len(body) < size:
            self.close_connection = True
            return None
        return {name.lower(): value for name, value in self.headers.items()}, body

    def respond(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
