"""The target ``opensearch``."""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from datagen.plugin.target import Undelivered
from datagen.problems import reason
from datagen.targets.request import refused
from datagen.targets.search.bulk import SearchEngine, T, answer_text


class OpenSearch(SearchEngine):
    """An index, alias or data stream of OpenSearch.

    Example: {"type": "opensearch", "hosts": ["http://localhost:9200"], "index": "clicks-%Y.%m.%d"}
    """

    kind: ClassVar[str] = "opensearch"
    library: ClassVar[tuple[str, str] | None] = ("opensearchpy", "opensearch-py>=3.0")

    def connected(self) -> Any:
        import opensearchpy

        logging.getLogger("opensearch").setLevel(logging.CRITICAL)  # a failure is reported once, by the run
        user = None if self.username is None or self.password is None else (self.username, self.password)
        return opensearchpy.OpenSearch(
            self.hosts,
            http_auth=user and (user[0], user[1].get_secret_value()),
            verify_certs=self.verify,
            ca_certs=self.ca_file,
            ssl_show_warn=False,
            timeout=self.timeout,
            max_retries=len(self.hosts) - 1,  # each node once; from there on the lane tries again
        )

    def ask(self, request: Callable[[], T]) -> T:
        from opensearchpy import exceptions

        try:
            return request()
        except exceptions.ConnectionError as error:  # of which a timeout is one
            cause = error.info if isinstance(error.info, BaseException) else error
            raise Undelivered(reason(cause), lasting="CERTIFICATE_VERIFY" in str(cause)) from error
        except exceptions.TransportError as error:
            raise refused(int(error.status_code), answer_text(error.info or error.error)) from error
        except exceptions.OpenSearchException as error:
            raise Undelivered(f"an answer that can't be read: {reason(error)[:200]}", lasting=True) from error

    def bulk(self, client: Any, body: bytes, answered: str) -> Mapping[str, Any]:
        return client.bulk(body=body, params={"filter_path": answered})

    def documents(self, client: Any, index: str) -> Iterator[dict[str, Any]]:
        from opensearchpy.helpers import scan

        return scan(client, index=index)
