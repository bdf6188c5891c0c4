"""The target ``elasticsearch``, and its client."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from pydantic import Field, SecretStr

from datagen.plugin.target import Undelivered
from datagen.problems import reason
from datagen.targets.request import refused
from datagen.targets.search.client import Document, SearchClient, answer_text
from datagen.targets.search.engine import SearchEngine


class ElasticsearchClient(SearchClient):
    """Makes requests of Elasticsearch."""

    @contextmanager
    def asking(self) -> Iterator[None]:
        from elasticsearch import ApiError, SerializationError, TransportError, UnsupportedProductError

        try:
            yield
        except UnsupportedProductError as error:
            raise Undelivered(reason(error), lasting=True) from error
        except ApiError as error:
            raise refused(error.meta.status, answer_text(error.body or error.message)) from error
        except SerializationError as error:
            raise Undelivered(f"an answer that can't be read: {reason(error)[:200]}", lasting=True) from error
        except TransportError as error:
            raise Undelivered(str(error.message), lasting="CERTIFICATE_VERIFY" in str(error.message)) from error

    def greet(self) -> None:
        with self.asking():
            self.library.options(ignore_status=403).info()

    def bulk(self, body: bytes, wanted: str) -> Mapping[str, Any]:
        with self.asking():
            return self.library.bulk(operations=body, filter_path=wanted)

    def scan(self, index: str) -> Iterator[Document]:
        from elasticsearch.helpers import scan

        return iter(scan(self.library, index=index))


class Elasticsearch(SearchEngine):
    """An index, alias or data stream of Elasticsearch, version 8 or later.

    Example: {"type": "elasticsearch", "hosts": ["http://localhost:9200"], "index": "clicks", "action": "create"}
    """

    kind: ClassVar[str] = "elasticsearch"
    library: ClassVar[tuple[str, str] | None] = ("elasticsearch", "elasticsearch>=9.0")
    api_key: SecretStr | None = Field(None, description="API key in its encoded form, instead of a user")

    def problem(self) -> str | None:
        if self.api_key is not None and self.username is not None:
            return 'give "username" or "api_key", not both'
        return super().problem()

    def client(self) -> ElasticsearchClient:
        import elasticsearch

        logging.getLogger("elastic_transport").setLevel(logging.CRITICAL)  # a failure is reported once, by the run
        retries = len(self.hosts) - 1  # each node once; from there on the lane tries again
        library = elasticsearch.Elasticsearch(
            self.hosts,
            request_timeout=self.timeout,
            max_retries=retries,
            retry_on_status=(502, 503, 504),
            **self._tls(),
            **self._credentials(),
        )
        return ElasticsearchClient(library)

    def _tls(self) -> dict[str, Any]:
        if not any(host.startswith("https:") for host in self.hosts):
            return {}
        trusted = {} if self.ca_file is None else {"ca_certs": self.ca_file}
        return {"verify_certs": self.verify, "ssl_show_warn": False, **trusted}

    def _credentials(self) -> dict[str, Any]:
        if self.api_key is not None:
            return {"api_key": self.api_key.get_secret_value()}
        if self.username is not None and self.password is not None:
            return {"basic_auth": (self.username, self.password.get_secret_value())}
        return {}
