"""One request over HTTP and its answer: sent, and judged whether the records in it are delivered."""

import gzip
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datagen.plugin.target import Undelivered
from datagen.problems import reason, show
from datagen.targets.http.splunk import is_accepted
from datagen.targets.request import refused

if TYPE_CHECKING:
    import httpx

_GZIP_LEVEL = 1  # 5 times as fast as the usual 6, for a body that is a fifth longer
_SHOWN = 200  # characters of an answer


@dataclass(frozen=True)
class Exchange:
    """What is the same for all requests of a run, and which answers mean success."""

    connect: Callable[[], "httpx.Client"]
    method: str
    url: str
    gzip: bool
    success: Container[int]
    is_splunk: bool

    def send(self, client: "httpx.Client", body: bytes) -> None:
        """Make one request. Raises Undelivered unless it succeeds."""
        answer = answered(client, self.method, self.url, gzip.compress(body, _GZIP_LEVEL) if self.gzip else body)
        if answer.status_code not in self.success:
            raise refused(answer.status_code, answer.text or answer.reason_phrase)
        if self.is_splunk and not is_accepted(answer.text):
            text = show(answer.text, _SHOWN)
            raise Undelivered(f"the answer is not that of Splunk's collector: {text}", lasting=True)


def answered(client: "httpx.Client", method: str, url: str, body: bytes | None = None) -> "httpx.Response":
    """Make a request and return the answer, whatever its status. Raises Undelivered when there is none."""
    import httpx

    try:
        return client.request(method, url, content=body)
    except httpx.ConnectTimeout as error:
        raise Undelivered(f"no connection within {client.timeout.connect:g} s") from error
    except httpx.TimeoutException as error:
        raise Undelivered(f"no answer for {client.timeout.read:g} s") from error
    except httpx.HTTPError as error:
        lasting = not isinstance(error, httpx.TransportError) or "CERTIFICATE_VERIFY" in str(error)
        raise Undelivered(reason(error), lasting=lasting) from error
