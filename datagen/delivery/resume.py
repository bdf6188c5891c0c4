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
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from datagen import draw
from datagen.clock import stopwatch
from datagen.delivery.lane import Lane, Standing
from datagen.delivery.snapshot import pack, unpack
from datagen.moment import parse_moment
from datagen.problems import InvalidInput, Problem, RunFailed, hidden

_REDIS = re.compile(r"rediss?://", re.IGNORECASE)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_RUN = {"version", "spec", "seed", "start", "clock", "max_workers", "end", "targets"}
_VERSION = 1
_WORDS = {
    "version": "version of this program",
    "max_workers": "-m",
    "end": "-n or -r, at which stages gave what they held",
    "targets": "targets or formats",
}
_STANDING = {field.name for field in fields(Standing)}
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

    def __init__(self, path: str, *, there: bool = False) -> None:
        """Take the directory; make it, unless it has to be ``there``.

        Raises InvalidInput when that can't be.
        """
        self._path = Path(path)
        try:
            if not there:
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
        secrets = _passwords(address)
        try:
            self._redis = redis.Redis.from_url(
                address, client_name=f"datagen-{self._name}", single_connection_client=True
            )
            mine = self._redis.client_id()
            clients = self._redis.client_list()
            database = next(client["db"] for client in clients if int(client["id"]) == mine)
            same = {"name": f"datagen-{self._name}", "db": database}
            others = [client for client in clients if {key: client[key] for key in same} == same]
        except ValueError as error:  # whose text may hold parts of the password
            text = "can't be used: write it like redis://user:password@host:6379/0, special characters as %40"
            raise InvalidInput([Problem(text, f"state {_shown(url)}")]) from error
        except (redis.RedisError, OSError) as error:
            text = hidden(f"can't be used: {error}", secrets)
            raise InvalidInput([Problem(text, f"state {_shown(url)}")]) from error
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


def open_journal(place: str, *, there: bool = False) -> "Journal":
    """Open the state of a run, in a directory or under a ``redis://`` URL; it may have to be ``there``.

    Raises InvalidInput when that can't be.
    """
    if not place or (_URL.match(place) and not _REDIS.match(place)):
        raise InvalidInput([Problem("must be a directory or a redis:// URL", "state")])
    store = Redis(place) if _REDIS.match(place) else Directory(place, there=there)
    journal = Journal(store, f"state {_shown(place)}")
    if there and journal.run is None:
        raise journal.problem("no run has kept where it stands here")
    return journal


def _shown(place: str) -> str:
    """Leave out of a URL what may be secret: user, password, query."""
    if not _REDIS.match(place):
        return place
    scheme, _, rest = place.partition("://")
    address, _, name = rest.partition("#")
    shown = address.rpartition("@")[2].partition("?")[0]
    return f"{scheme}://{shown}#{name}" if name else f"{scheme}://{shown}"


def _passwords(address: str) -> list[str]:
    """Give what may be secret in a URL, as it is written there and as it is meant."""
    user, _, _ = address.partition("://")[2].rpartition("@")
    written = [user.partition(":")[2], *parse_qs(address.partition("?")[2]).get("password", [])]
    return [text for part in written for text in (part, unquote(part)) if text]


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
            self._check_shape()
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            store.close()
            raise self.problem(f"can't be read: {error}") from error

    def _check_shape(self) -> None:
        """Raise one of several errors unless what was kept is what this program writes."""
        if self.run is None:
            if self._targets or self.snapshot is not None:
                raise ValueError("it does not say of which run it is")
            return
        if self.run["version"] != _VERSION:
            raise ValueError(f"it was written by another version of this program ({self.run['version']})")
        if not set(self.run) >= _RUN:
            raise ValueError("it does not say of which run it is")
        parse_moment(self.run["start"])
        made = [0] * len(self._targets) if self.snapshot is None else [lane["made"] for lane in self.snapshot["lanes"]]
        for target, count in zip(self._targets, made, strict=True):
            if set(target) != _STANDING or type(target["records"]) is not int or target["records"] < count:
                raise ValueError("it has lost how many records were acknowledged")
            if not isinstance(target["position"], dict):
                raise ValueError("it has lost where a target stood")

    def problem(self, message: str) -> InvalidInput:
        """Make what says that the state does not fit."""
        return InvalidInput([Problem(message, self._source)])

    def check(self, run: dict[str, Any]) -> None:
        """Compare a run with the one whose state this is, if there is one.

        Raises InvalidInput when it is another.
        """
        known = {"version": _VERSION, **run} if self.run is None else self.run
        changed = [key for key, value in {"version": _VERSION, **run}.items() if known.get(key) != value]
        if changed:
            raise self.problem(
                f"belongs to another run (other: {', '.join(_WORDS.get(key, key) for key in changed)}); "
                "continue with the command that began it, or give another place for the state"
            )

    def begin(self, run: dict[str, Any], lanes: Sequence[Lane]) -> None:
        """Keep from now on where these lanes stand, who go on where they were.

        Raises InvalidInput when the state is that of another run, or can't be kept.
        """
        self.check(run)
        if self.run is None:
            try:
                self._store.save("run", json.dumps({"version": _VERSION, **run}).encode())
            except OSError as error:
                raise self.problem(f"can't be kept: {error.strerror or error}") from error
        self._lanes = lanes
        for lane, target in zip(lanes, self._targets, strict=False):
            lane.standing = Standing(**target)
        for lane in lanes:
            lane.acknowledged = self._save

    def counts(self, targets: int) -> list[int]:
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

    def _save(self) -> None:
        with self._lock:
            standings = [lane.standing for lane in self._lanes]
            try:
                self._store.save("acknowledged", json.dumps(list(map(asdict, standings))).encode())
                if self._offered is not None:
                    snapshot, made = self._offered
                    if all(standing.records >= count for standing, count in zip(standings, made, strict=True)):
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
