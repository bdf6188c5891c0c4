"""Places that keep where a run stands: a directory, or keys of a Redis server for runs on machines without a disk.

They keep named bytes and know nothing of what these mean.
"""

import fcntl
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from datagen.plugin.secret_url import SecretUrl
from datagen.problems import InvalidInput, Problem, hidden, reason

_REDIS = re.compile(r"rediss?://", re.IGNORECASE)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


class Store(ABC):
    """A place for a few named values, each replaced as a whole."""

    @abstractmethod
    def load(self, name: str) -> bytes | None:
        """Return what was saved last, None when nothing was. Raises OSError."""

    @abstractmethod
    def save(self, name: str, data: bytes) -> None:
        """Replace what was saved before, or leave it as it is when that fails. Raises OSError."""

    @abstractmethod
    def close(self) -> None:
        """Let others use it."""


class Directory(Store):
    """Files of a directory, which one run at a time may use."""

    def __init__(self, path: str, *, there: bool = False) -> None:
        """Take the directory; make it, unless it has to be ``there``.

        Raises InvalidInput when that can't be.
        """
        self._path = Path(path)
        try:
            if not there:
                self._path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self._path / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        except (OSError, ValueError) as error:
            raise InvalidInput([Problem(f"can't be used: {reason(error)}", f"state {path}")]) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise InvalidInput([Problem("is in use by another run", f"state {path}")]) from error

    def load(self, name: str) -> bytes | None:
        try:
            return (self._path / name).read_bytes()
        except FileNotFoundError:
            return None

    def save(self, name: str, data: bytes) -> None:
        """Replace a file as a whole. A killed process loses nothing that it saved; a machine without power may."""
        new = self._path / f"{name}.new"
        new.write_bytes(data)
        new.replace(self._path / name)

    def close(self) -> None:
        os.close(self._lock)


class Redis(Store):
    """Keys of a Redis server, which one run at a time may use.

    Who uses them is told from the name of the connection, which is gone as soon as the process is.
    """

    def __init__(self, url: str) -> None:
        """Connect; the part after ``#`` names the keys.

        Raises InvalidInput when that can't be.
        """
        self._source = f"state {shown(url)}"
        try:
            import redis
        except ImportError as error:
            raise self._problem('needs the package "redis": pip install redis') from error
        address, _, name = url.partition("#")
        self._name = name or "datagen"
        try:
            self._redis = redis.Redis.from_url(
                address, client_name=f"datagen-{self._name}", single_connection_client=True
            )
            mine = self._redis.client_id()
            clients = self._redis.client_list()
        except ValueError as error:  # whose text may hold parts of the password
            text = "can't be used: write it like redis://user:password@host:6379/0, special characters as %40"
            raise self._problem(text) from error
        except (redis.RedisError, OSError) as error:
            raise self._problem(hidden(f"can't be used: {error}", SecretUrl(address).secrets)) from error
        database = next(client["db"] for client in clients if int(client["id"]) == mine)
        others = [client for client in clients if (client["name"], client["db"]) == (f"datagen-{self._name}", database)]
        if any(int(client["id"]) != mine for client in others):
            self._redis.close()
            raise self._problem("is in use by another run")

    def _problem(self, text: str) -> InvalidInput:
        return InvalidInput([Problem(text, self._source)])

    def load(self, name: str) -> bytes | None:
        with self._failing_as_oserror():
            found: bytes | None = self._redis.get(f"{self._name}:{name}")  # type: ignore[assignment]
            return found

    def save(self, name: str, data: bytes) -> None:
        with self._failing_as_oserror():
            self._redis.set(f"{self._name}:{name}", data)

    def close(self) -> None:
        self._redis.close()

    @contextmanager
    def _failing_as_oserror(self) -> Iterator[None]:
        from redis import RedisError

        try:
            yield
        except RedisError as error:
            raise OSError(str(error)) from error


def open_store(place: str, *, there: bool = False) -> Store:
    """Open a directory or, under a ``redis://`` URL, keys of a server; a directory may have to be ``there``.

    Raises InvalidInput when that can't be.
    """
    if not place or (_URL.match(place) and not _REDIS.match(place)):
        raise InvalidInput([Problem("must be a directory or a redis:// URL", "state")])
    return Redis(place) if _REDIS.match(place) else Directory(place, there=there)


def shown(place: str) -> str:
    """Return a place without what may be secret of a URL; its fragment, the name of the keys, is not."""
    if not _REDIS.match(place):
        return place
    url, _, name = place.partition("#")
    return f"{SecretUrl(url).shown}#{name}" if name else SecretUrl(url).shown
