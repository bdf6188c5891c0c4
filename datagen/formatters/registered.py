"""Formats with a schema, which a schema registry may know: then each message begins with its number there."""

import importlib
import re
import struct
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

import pyarrow as pa
from pydantic import AfterValidator, Field, SecretStr, field_serializer

from datagen.plugin.formatter import ColumnWriter, Formatter
from datagen.plugin.model import Model
from datagen.plugin.secret_url import SecretUrl
from datagen.problems import RunFailed, readable, reason
from datagen.records.batch import Layout
from datagen.records.schema.text import misfits
from datagen.records.text import Pieces

_INSTALL = 'needs a library that is not installed: pip install "confluent-kafka[schemaregistry]>=2.13"'


@dataclass(frozen=True)
class Schema:
    """A schema as a registry takes it."""

    kind: str  # AVRO, PROTOBUF or JSON
    text: str


def _checked_url(url: SecretUrl) -> SecretUrl:
    """Check a URL without saying what it is."""
    if not re.match(r"https?://[^/]", url.value) or not url.value.isprintable():
        raise ValueError("must be a URL that begins with http:// or https:// and names a host")
    return url


class SchemaRegistry(Model):
    """A schema registry with the interface of Confluent's, such as Confluent's own, Karapace or Apicurio."""

    url: Annotated[SecretUrl, AfterValidator(_checked_url)] = Field(
        description="where it is, such as `http://localhost:8081`"
    )
    subject: str = Field(
        min_length=1, description="what the schema is registered under; for values of a topic mostly `TOPIC-value`"
    )
    register_schema: bool = Field(
        True, alias="register", description="register the schema; else it must be known under the subject"
    )
    username: str | None = Field(None, min_length=1, description="user, or key of an API key, with `password`")
    password: SecretStr | None = Field(None, description="password of the user, or secret of the API key")
    ca_file: str | None = Field(None, description="file of the certificates to trust, instead of the usual ones")

    timeout: int | float = Field(
        10, gt=0, le=3600, description="seconds to wait for an answer, which is asked for four times"
    )

    @field_serializer("url")
    def _shown(self, url: SecretUrl) -> str:
        return url.shown

    def problem(self) -> str | None:
        """Return what is wrong with it, as far as that is known without reaching it; else None."""
        if (self.username is None) != (self.password is None):
            return '"username" and "password" belong together'
        if self.username is not None and urlsplit(self.url.value).username is not None:
            return '"username" does not go together with a user in "url"'
        if self.ca_file is not None and not readable(self.ca_file):
            return f'"ca_file": {self.ca_file} can\'t be read'
        try:
            importlib.import_module("confluent_kafka.schema_registry")  # takes 0.5 s
        except ImportError:
            return _INSTALL
        return None

    def number_of(self, schema: Schema) -> int:
        """Return the number of a schema there. Raises RunFailed when it can't be had, with what the registry says."""
        from confluent_kafka.schema_registry import Schema as Registrable

        registrable = Registrable(schema.text, schema.kind)
        if self.register_schema:
            with self._asked(f"registering the schema of {self.subject}") as client:
                return int(client.register_schema(self.subject, registrable))
        with self._asked(f"looking for the schema of {self.subject}") as client:
            return int(client.lookup_schema(self.subject, registrable).schema_id)

    def reach(self) -> None:
        """Ask something that changes nothing. Raises RunFailed when there is no answer, or a refusal."""
        with self._asked("asking for the subjects") as client:
            client.get_subjects()

    @contextmanager
    def _asked(self, doing: str) -> Iterator[Any]:
        """Provide a client, and tell what was being done when that fails."""
        from confluent_kafka.schema_registry import SchemaRegistryClient, SchemaRegistryError

        try:
            yield SchemaRegistryClient.new_client(self._settings())
        except SchemaRegistryError as error:
            raise RunFailed(f"{doing} at {self.url}: {error.error_message}") from error
        except Exception as error:  # of the library's own library for HTTP
            raise RunFailed(f"{doing} at {self.url}: {reason(error)}") from error

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {"url": self.url.value, "timeout": self.timeout}
        if self.username is not None and self.password is not None:
            settings["basic.auth.user.info"] = f"{self.username}:{self.password.get_secret_value()}"
        return settings | ({} if self.ca_file is None else {"ssl.ca.location": self.ca_file})


class Registered(Formatter):
    """Keys of the formats that have a schema."""

    is_text: ClassVar[bool] = False
    language: ClassVar[str]  # of the schema
    registry: SchemaRegistry | None = Field(
        None,
        description="the schema registry that is to know the schema: `url`, `subject`, `register` (true), `username` "
        "and `password`, `ca_file`, `timeout` (10 seconds); asked when the first record is written, and not for files",
    )

    def misfits(self, layout: Layout) -> list[str]:
        problem = None if self.registry is None else self.registry.problem()
        return [*([] if problem is None else [f"registry: {problem}"]), *misfits(layout, self.language)]

    def check(self) -> None:
        if self.registry is not None:
            self.registry.reach()

    @abstractmethod
    def schema_of(self, layout: Layout) -> Schema:
        """Return the schema of records that look like this."""

    def head(self, layout: Layout, index: bytes = b"") -> Callable[[], bytes]:
        """Return what makes the octets before each message: 0, the number of its schema, and an ``index`` in it.

        Source: Confluent's documentation, "Wire format".
        """
        registry = self.registry
        if registry is None:
            return lambda: b""
        schema = self.schema_of(layout)
        return lambda: struct.pack(">bI", 0, registry.number_of(schema)) + index


class RegisteredWriter(ColumnWriter):
    """Writes binary records, each behind octets that are asked for when they are needed."""

    end: ClassVar[int] = 0

    def __init__(
        self, head: Callable[[], bytes], pieces: Callable[[Mapping[str, pa.Array]], Pieces], header: bytes = b""
    ) -> None:
        super().__init__(pieces, header)
        self._ask = head

    def pieces(self, columns: Mapping[str, pa.Array]) -> Pieces:
        return [self._head, *super().pieces(columns)]

    @cached_property
    def _head(self) -> bytes:
        """Return what stands before each record; two threads may both ask, and get the same answer."""
        return self._ask()
