"""The target ``elasticsearch``."""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field, SecretStr

from datagen.plugin.target import Undelivered
from datagen.problems import reason
from datagen.targets.request import refused
from datagen.targets.search.bulk import SearchEngine, T, answer_text


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

    def connected(self) -> Any:
        import elasticsearch

        logging.getLogger("elastic_transport").setLevel(logging.CRITICAL)  # a failure is reported once, by the run
        options: dict[str, Any] = {}
        if any(host.startswith("https:") for host in self.hosts):
            options = {"verify_certs": self.verify, "ssl_show_warn": False}
            if self.ca_file is not None:
                options["ca_certs"] = self.ca_file
        if self.username is not None and self.password is not None:
            options["basic_auth"] = (self.username, self.password.get_secret_value())
        if self.api_key is not None:
            options["api_key"] = self.api_key.get_secret_value()
        retries = len(self.hosts) - 1  # each node once; from there on the lane tries again
        return elasticsearch.Elasticsearch(
            self.hosts, request_timeout=self.timeout, max_retries=retries, retry_on_status=(502, 503, 504), **options
        )

    def ask(self, request: Callable[[], T]) -> T:
        from elasticsearch import ApiError, SerializationError, TransportError, UnsupportedProductError

        try:
            return request()
        except UnsupportedProductError as error:
            raise Undelivered(reason(error), lasting=True) from error
        except ApiError as error:
            raise refused(error.meta.status, answer_text(error.body or error.message)) from error
        except SerializationError as error:
            raise Undelivered(f"an answer that can't be read: {reason(error)[:200]}", lasting=True) from error
        except TransportError as error:
            raise Undelivered(str(error.message), lasting="CERTIFICATE_VERIFY" in str(error.message)) from error

    def bulk(self, client: Any, body: bytes, answered: str) -> Mapping[str, Any]:
        return client.bulk(operations=body, filter_path=answered)

    def documents(self, client: Any, index: str) -> Iterator[dict[str, Any]]:
        from elasticsearch.helpers import scan

        return iter(scan(client, index=index))
