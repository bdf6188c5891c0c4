"""The target ``opensearch``, and its client."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from datagen.plugin.target import Undelivered
from datagen.problems import reason
from datagen.targets.request import refused
from datagen.targets.search.client import Document, SearchClient, answer_text
from datagen.targets.search.engine import SearchEngine


class OpenSearchClient(SearchClient):
    """Makes requests of OpenSearch."""

    @contextmanager
    def asking(self) -> Iterator[None]:
        from opensearchpy import exceptions

        try:
            yield
        except exceptions.ConnectionError as error:  # of which a timeout is one
            cause = error.info if isinstance(error.info, BaseException) else error
            raise Undelivered(reason(cause), lasting="CERTIFICATE_VERIFY" in str(cause)) from error
        except exceptions.TransportError as error:
            raise refused(int(error.status_code), answer_text(error.info or error.error)) from error
        except exceptions.OpenSearchException as error:
            raise Undelivered(f"an answer that can't be read: {reason(error)[:200]}", lasting=True) from error

    def greet(self) -> None:
        with self.asking():
            self.library.info(params={"ignore": 403})

    def bulk(self, body: bytes, wanted: str) -> Mapping[str, Any]:
        with self.asking():
            return self.library.bulk(body=body, params={"filter_path": wanted})

    def scan(self, index: str) -> Iterator[Document]:
        from opensearchpy.helpers import scan

        return scan(self.library, index=index)


class OpenSearch(SearchEngine):
    """An index, alias or data stream of OpenSearch.

    Example: {"type": "opensearch", "hosts": ["http://localhost:9200"], "index": "clicks-%Y.%m.%d"}
    """

    kind: ClassVar[str] = "opensearch"
    library: ClassVar[tuple[str, str] | None] = ("opensearchpy", "opensearch-py>=3.0")

    def client(self) -> OpenSearchClient:
        import opensearchpy

        logging.getLogger("opensearch").setLevel(logging.CRITICAL)  # a failure is reported once, by the run
        user = None if self.username is None or self.password is None else (self.username, self.password)
        library = opensearchpy.OpenSearch(
            self.hosts,
            http_auth=user and (user[0], user[1].get_secret_value()),
            verify_certs=self.verify,
            ca_certs=self.ca_file,
            ssl_show_warn=False,
            timeout=self.timeout,
            max_retries=len(self.hosts) - 1,  # each node once; from there on the lane tries again
        )
        return OpenSearchClient(library)
