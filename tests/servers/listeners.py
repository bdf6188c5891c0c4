"""Receivers on the loopback for targets that speak over sockets: TCP with and without TLS, UDP."""

import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.servers.installed import program

_AT_ONCE = 65536
_AHEAD = 262144  # bytes that the system takes while this program is slow to read, so that a cut comes in time


class Listener:
    """Accepts connections and keeps what each brings.

    Each of ``cuts`` ends one connection after so many bytes: from then on the system refuses what comes, and all that
    it had acknowledged before is read. With ``resets`` what is unread then is thrown away, as when a program is killed;
    with ``leaves`` nobody listens any more after the last of them.
    """

    def __init__(
        self,
        port: int = 0,
        context: ssl.SSLContext | None = None,
        cuts: Sequence[int] = (),
        *,
        resets: bool = False,
        leaves: bool = False,
        echoes: bool = False,
    ) -> None:
        self.connections: list[bytearray] = []
        self.flows = threading.Event()
        self.flows.set()
        self._cuts = list(cuts)
        self._context = context
        self._resets = resets
        self._leaves = leaves
        self._echoes = echoes
        self._server = socket.create_server(("127.0.0.1", port))
        self._server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _AHEAD)  # of its connections, too
        self.port: int = self._server.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def received(self) -> bytes:
        """All that arrived, without what a broken connection left of a line."""
        *broken, last = self.connections or [bytearray()]
        return b"".join([*(part[: part.rfind(b"\n") + 1] for part in broken), last])

    def close(self) -> None:
        """Accept no more; returns once all connections have ended."""
        self.flows.set()
        self._leave()
        for thread in self._threads:
            thread.join(20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _leave(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self.connections.append(bytearray())
            cut = self._cuts.pop(0) if self._cuts else None
            self._threads.append(threading.Thread(target=self._serve, args=(client, self.connections[-1], cut)))
            self._threads[-1].start()

    def _serve(self, client: socket.socket, received: bytearray, cut: int | None) -> None:
        with suppress(OSError):
            if self._context is not None:
                client = self._context.wrap_socket(client, server_side=True)
            self._read(client, received, cut)
        client.close()

    def _read(self, client: socket.socket, received: bytearray, cut: int | None) -> None:
        while self.flows.wait() and (data := client.recv(_AT_ONCE)):
            received += data
            if self._echoes:
                client.sendall(data)
            if cut is not None and len(received) >= cut:
                if self._leaves and not self._cuts:
                    self._leave()
                if self._resets:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
                    return
                socket.socket.shutdown(client, socket.SHUT_RDWR)  # not that of an SSLSocket, which would end TLS
                cut = None


class HastyServer(socketserver.ThreadingTCPServer):
    """Reads so many bytes of a connection and leaves it, as Python's socketserver does: FIN first, then close.

    What its system has and it has not read is thrown away.
    """

    block_on_close = False  # shutdown does not wait for a connection that nobody ends

    def __init__(self, size: int, context: ssl.SSLContext | None = None) -> None:
        self.read = b""
        self.leaves = threading.Event()  # whatever it has read, it stays until then
        self._size = size
        self._context = context
        super().__init__(("127.0.0.1", 0), socketserver.StreamRequestHandler)
        self.port: int = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def get_request(self) -> tuple[socket.socket, object]:
        client, address = super().get_request()
        return (self._context.wrap_socket(client, server_side=True) if self._context else client), address

    def finish_request(self, request: socket.socket, _: object) -> None:
        with request.makefile("rb") as file:
            self.read += file.read(self._size)
        self.leaves.wait()

    def __exit__(self, *_: object) -> None:
        self.leaves.set()
        self.shutdown()
        self.server_close()


class DatagramListener:
    """Keeps the datagrams that arrive."""

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        self.datagrams: list[bytes] = []
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self._socket.bind((host, port))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def close(self) -> None:
        """Read what has arrived so far, and end."""
        with socket.socket(self._socket.family, socket.SOCK_DGRAM) as own:
            own.sendto(b"", self._socket.getsockname())
        self._thread.join(20)
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> None:
        while data := self._socket.recv(_AT_ONCE):
            self.datagrams.append(data)


def serve_tcp(port: int) -> Listener:
    """Listen as the pages of the targets ``tcp`` and ``syslog`` tell a reader to do; to be closed."""
    return Listener(port)


def serve_udp(port: int) -> DatagramListener:
    """Listen as the page of the target ``udp`` tells a reader to do; to be closed."""
    return DatagramListener(port)


class Certificate:
    """A certificate for this machine that vouches for itself, and its key."""

    def __init__(self, folder: Path, name: str) -> None:
        self.cert, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        line = f"req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN={name} -keyout {self.key} -out {self.cert}"
        names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
        subprocess.run(
            [program("openssl", "openssl"), *line.split(), "-addext", names], check=True, capture_output=True
        )

    def context(self, client: "Certificate | None" = None) -> ssl.SSLContext:
        """Return what a server needs to show it; with ``client`` it lets nobody in but that one."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        if client is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(client.cert)
        return context
