"""TLS: whom to trust and how to prove who we are, for every target that speaks it over a socket of its own."""

import re
import socket
from typing import TYPE_CHECKING

from pydantic import Field

from datagen.plugin.model import Model
from datagen.problems import readable, reason

if TYPE_CHECKING:
    import ssl

_SOURCE = re.compile(r"\s*\(?_ssl\.c:\d+\)?:?\s*")  # the line of ssl's own code, in some of its messages


class Tls(Model):
    """TLS: whom to trust, and how to prove who we are."""

    ca: str | None = Field(
        None,
        min_length=1,
        description="PEM file of the certificate authorities to trust; without it, those that the system trusts",
    )
    cert: str | None = Field(None, min_length=1, description="PEM file of our own certificate, if the server wants one")
    key: str | None = Field(
        None, min_length=1, description="PEM file of its key, not encrypted; without it, the key is in `cert`"
    )
    insecure: bool = Field(False, description="accept any certificate that the server shows")
    server_name: str | None = Field(
        None, pattern=r"^[^.]", description="name that the server's certificate must hold; without it, that of the host"
    )

    def problem(self) -> str | None:
        """Return why it can't be used, if so."""
        for name, path in (("ca", self.ca), ("cert", self.cert), ("key", self.key)):
            if path is not None and not readable(path):
                return f"tls.{name}: {path} can't be read"
        if self.key is not None and self.cert is None:
            return "tls.key needs tls.cert"
        try:
            self.context()
        except OSError as error:
            return f"tls: needs PEM files, and a key that fits and is not encrypted: {explained(error)}"
        return None

    def wrapped(self, plain: socket.socket, host: str) -> "ssl.SSLSocket":
        """Return a connection to a host that speaks TLS over a plain one. Raises OSError."""
        import ssl

        context = self.context()
        # Else OpenSSL answers the end of a connection that was not announced with an alert, and who counts the bytes
        # that are not acknowledged counts those of the alert too.
        context.options |= getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
        return context.wrap_socket(plain, server_hostname=self.server_name or host)

    def context(self) -> "ssl.SSLContext":
        """Return what `ssl` needs. Raises OSError."""
        import ssl  # takes 10 ms

        context = ssl.create_default_context(cafile=self.ca)
        if self.cert is not None:
            context.load_cert_chain(self.cert, self.key, password="")  # without one it would ask on the terminal
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def explained(error: Exception) -> str:
    """Return in words what an exception means, also of TLS."""
    if getattr(error, "verify_message", None):  # ssl.SSLCertVerificationError
        return f"the server's certificate is not trusted: {error.verify_message}"  # type: ignore[attr-defined]
    if isinstance(getattr(error, "reason", None), str) and hasattr(error, "library"):  # ssl.SSLError
        return f"TLS: {error.reason.lower().replace('_', ' ')}"  # type: ignore[attr-defined]
    return _SOURCE.sub("", reason(error))
