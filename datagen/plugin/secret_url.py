"""URLs with parts that nobody may read: a user, a password, a query."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

# A user ends at the last @, since a slash may stand in a password by mistake; but not behind what can be a host.
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://"
    r"(?:(?!(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::\d+)?(?:[/?#,]|$))(?P<user>.*)@)?(?P<authority>[^/?#]*)(?P<path>/[^?#]*)?"
    r"(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.DOTALL,
)


class SecretUrl:
    """A URL that shows, in messages and reports, only its parts that are not secret; ``value`` is all of it.

    As the type of a model's key it accepts any text: the model has to check that it is a URL.
    """

    def __init__(self, value: str) -> None:
        self.value = value
        self._parts = _URL.fullmatch(value)

    @property
    def shown(self) -> str:
        """Return the URL without user, password, query and fragment; "…" when it is no URL."""
        parts = self._parts
        return "…" if parts is None else f"{parts['scheme']}://{parts['authority']}{parts['path'] or ''}"

    @property
    def secrets(self) -> list[str]:
        """Return the parts that ``shown`` leaves out, as written and decoded; the whole text when it is no URL."""
        return list(dict.fromkeys(text for part in self._hidden() if part for text in (part, unquote(part))))

    def _hidden(self) -> Iterator[str]:
        if self._parts is None:
            yield self.value
            return
        user, query, fragment = (self._parts[name] or "" for name in ("user", "query", "fragment"))
        yield from (user, user.partition(":")[2])  # a user without a password may be a token
        yield from (query, *(value for _, value in parse_qsl(query)), fragment)

    def __str__(self) -> str:
        return self.shown

    def __repr__(self) -> str:
        return f"SecretUrl({self.shown!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretUrl) and other.value == self.value

    def __hash__(self) -> int:
        return hash(self.value)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a schema that makes a SecretUrl of a text and writes it without its secrets."""
        return core_schema.no_info_before_validator_function(
            lambda given: given.value if isinstance(given, cls) else given,
            core_schema.no_info_after_validator_function(cls, core_schema.str_schema()),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )
