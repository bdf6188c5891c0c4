"""The client of a search engine: the requests that a sink needs, the same for each engine."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any, Self

_READ_AT_ONCE = 1000  # documents

Document = dict[str, Any]


class SearchClient(ABC):
    """Makes requests through the library of an engine's makers. Each of them raises Undelivered when it fails."""

    def __init__(self, library: Any) -> None:
        """Take the client of the library, which need not have reached the engine yet."""
        self.library = library

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.library.close()

    @abstractmethod
    def asking(self) -> AbstractContextManager[None]:
        """Return a context in which what the library raises becomes Undelivered."""

    @abstractmethod
    def greet(self) -> None:
        """Ask the engine who it is. A user who is known but may not ask this (403) is no failure."""

    @abstractmethod
    def bulk(self, body: bytes, wanted: str) -> Mapping[str, Any]:
        """Send a bulk body; return of the answer what the filter ``wanted`` names."""

    @abstractmethod
    def scan(self, index: str) -> Iterator[Document]:
        """Yield all documents of an index, as the engine describes them; only called while ``asking``."""

    def documents(self, index: str) -> Iterator[list[Document]]:
        """Yield all documents of an index, many at a time."""
        with self.asking():
            self.library.indices.refresh(index=index)
            documents = self.scan(index)
            while found := list(islice(documents, _READ_AT_ONCE)):
                yield found


def answer_text(answer: Any) -> str:
    """Return what an engine gave as the reason of a failure."""
    error = answer.get("error", answer) if isinstance(answer, Mapping) else answer
    if not isinstance(error, Mapping):
        return str(error)
    cause = error.get("caused_by")
    text = f"{error.get('type')}: {error.get('reason')}"
    return f"{text} ({cause.get('reason')})" if isinstance(cause, Mapping) else text
