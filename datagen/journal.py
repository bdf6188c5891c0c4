"""Where a run stands, kept outside of the process, so that the same command continues after a kill.

Two things are kept: a snapshot of the walk, taken now and then, and after every write how many records each target has
acknowledged. Records between the two are made again, for a run is a pure function, and those acknowledged are skipped.
So a snapshot counts only once every target has acknowledged all that was made before it.
"""

import fcntl
import json
import os
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from datagen import draw
from datagen.archive import pack, unpack
from datagen.clock import stopwatch
from datagen.lane import Lane
from datagen.problems import InvalidInput, Problem, RunFailed

_REDIS = re.compile(r"rediss?://")
_VERSION = 1
_SNAPSHOT_EVERY = 1.0  # seconds
_SHARE = 20  # a snapshot is not taken before this many times the seconds that the last one took


class Store(ABC):
    """A place for a few named values, each replaced as a whole."""

    @abstractmethod
    def load(self, name: str) -> bytes | None:
        """Give what was saved last. Raises OSError."""

    @abstractmethod
    def save(self, name: str, data: bytes) -> None:
        """Replace what was saved before, or leave it as it is when that fails. Raises OSError."""

    @abstractmethod
    def close(self) -> None:
        """Let others use it."""


class Directory(Store):
    """Files of a directory, which one run at a time may use."""

    def __init__(self, path: str) -> None:
        """Make and take the directory.

        Raises InvalidInput when that can't be.
        """
        self._path = Path(path)
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self._path / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise InvalidInput([Problem(f"can't be used: {error.strerror}", f"state {path}")]) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InvalidInput([Problem("is in use by a run that goes on", f"state {path}")]) from error

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
        try:
            import redis
        except ImportError as error:
            raise InvalidInput(
                [Problem('needs the package "redis": pip install redis', f"state {_shown(url)}")]
            ) from error
        address, _, name = url.partition("#")
        self._name = name or "datagen"
        try:
            self._redis = redis.Redis.from_url(
                address, client_name=f"datagen-{self._name}", single_connection_client=True
            )
            mine = self._redis.client_id()
            others = [client for client in self._redis.client_list() if client["name"] == f"datagen-{self._name}"]
        except (redis.RedisError, ValueError, OSError) as error:
            raise InvalidInput([Problem(f"can't be used: {error}", f"state {_shown(url)}")]) from error
        if any(int(client["id"]) != mine for client in others):
            raise InvalidInput([Problem("is in use by a run that goes on", f"state {_shown(url)}")])

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


def open_journal(place: str) -> "Journal":
    """Open the state of a run, in a directory or under a ``redis://`` URL.

    Raises InvalidInput when that can't be.
    """
    store = Redis(place) if _REDIS.match(place) else Directory(place)
    return Journal(store, f"state {_shown(place)}")


def _shown(place: str) -> str:
    """Leave out the password of a URL."""
    return re.sub(r"(://)[^/@]*@", r"\1", place)


class Journal:
    """Where a run stands."""

    def __init__(self, store: Store, source: str) -> None:
        """Read what an earlier run left.

        Raises InvalidInput when that can't be read.
        """
        self._store = store
        self._source = source
        self._lock = threading.Lock()
        self._lanes: Sequence[Lane] = ()
        self._offered: tuple[bytes, list[int]] | None = None
        self._next = 0.0
        try:
            self.run: dict[str, Any] | None = self._json("run")
            self._targets: list[dict[str, Any]] = self._json("acknowledged") or []
            snapshot = store.load("snapshot")
            self.snapshot: dict[str, Any] | None = None if snapshot is None else unpack(snapshot)
        except (OSError, ValueError) as error:
            raise self.problem(f"can't be read: {error}") from error

    def problem(self, message: str) -> InvalidInput:
        """Make what says that the state does not fit."""
        return InvalidInput([Problem(message, self._source)])

    def begin(self, run: dict[str, Any], lanes: Sequence[Lane]) -> None:
        """Keep from now on where these lanes stand, who go on where they were.

        Raises InvalidInput when the state is that of another run.
        """
        run = {"version": _VERSION, **run}
        if self.run is None:
            self._store.save("run", json.dumps(run).encode())
        changed = [key for key in run if self.run is not None and self.run.get(key) != run[key]]
        if changed:
            raise self.problem(
                f"belongs to another run (another {' and '.join(changed)}); continue with the command that began it, "
                "or give another place for the state"
            )
        self._lanes = lanes
        for lane, target in zip(lanes, self._targets, strict=False):
            lane.standing = target["records"], target["position"]
        for lane in lanes:
            lane.acknowledged = self._acknowledged

    def acknowledged(self, targets: int) -> list[int]:
        """Give how many records each target had acknowledged."""
        return [target["records"] for target in self._targets] or [0] * targets

    def offer(self, snapshot: Callable[[], dict[str, Any]]) -> None:
        """Take a snapshot, if it is time, and keep it once all targets have acknowledged what was made before it."""
        with self._lock:
            waits = self._offered is not None
        if waits or stopwatch() < self._next:
            return
        began = stopwatch()
        offered = pack(snapshot()), [lane.made for lane in self._lanes]
        with self._lock:
            self._offered = offered
        seconds = stopwatch() - began
        self._next = began + max(_SNAPSHOT_EVERY, _SHARE * seconds)

    def close(self) -> None:
        """Let another run use the state."""
        self._store.close()

    def _acknowledged(self) -> None:
        with self._lock:
            standings = [lane.standing for lane in self._lanes]
            targets = [{"records": records, "position": position} for records, position in standings]
            try:
                self._store.save("acknowledged", json.dumps(targets).encode())
                if self._offered is not None:
                    snapshot, made = self._offered
                    if all(records >= count for (records, _), count in zip(standings, made, strict=True)):
                        self._store.save("snapshot", snapshot)
                        self._offered = None
            except OSError as error:
                raise RunFailed(f"keeping the {self._source}: {error.strerror or error}") from error

    def _json(self, name: str) -> Any:
        data = self._store.load(name)
        return None if data is None else json.loads(data)


def fingerprint(value: Any) -> str:
    """Give a short name of a JSON value, another one for another value."""
    return f"{int(draw.purpose_key(0, json.dumps(value, sort_keys=True))):016x}"
