"""Where a run stands, kept outside of the process, so that the same command continues after a kill.

Two things are kept: a snapshot of the walk, taken now and then, and after every write how many records each target has
acknowledged. Records between the two are made again, for a run is a pure function, and those acknowledged are skipped.
So a snapshot counts only once every target has acknowledged all that was made before it.
"""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from typing import Any

from datagen.clock import stopwatch
from datagen.delivery.lane import Lane
from datagen.delivery.sender import Standing
from datagen.delivery.snapshot import pack, unpack
from datagen.delivery.state_store import Store, open_store, shown
from datagen.moment import parse_moment
from datagen.problems import InvalidInput, Problem, RunFailed

_RUN = {"version", "spec", "sources", "seed", "start", "clock", "max_workers", "end", "targets"}
_VERSION = 2
_WORDS = {
    "version": "version of this program",
    "sources": "plug-ins, or files that the spec names",
    "max_workers": "limit of workers",
    "end": "number of records or duration, at which stages released what they held",
    "targets": "targets or formats",
}
_STANDING = {field.name for field in fields(Standing)}
_SNAPSHOT_EVERY = 1.0  # seconds
_SHARE = 20  # a snapshot is not taken before this many times the seconds that the last one took


def open_journal(place: str, *, there: bool = False) -> "Journal":
    """Open what was kept of a run, in a directory or under a ``redis://`` URL; it may have to be ``there``.

    Raises InvalidInput when that can't be.
    """
    journal = Journal(open_store(place, there=there), f"state {shown(place)}")
    if there and journal.run is None:
        journal.close()
        raise journal.problem("holds no saved run")
    return journal


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
                f"belongs to a different run (different: {', '.join(_WORDS.get(key, key) for key in changed)}); "
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
            lane.sender.standing = Standing(**target)
        for lane in lanes:
            lane.sender.acknowledged = self._save

    def counts(self, targets: int) -> list[int]:
        """Return how many records each target had acknowledged."""
        return [target["records"] for target in self._targets] or [0] * targets

    def offer(self, snapshot: Callable[[], dict[str, Any]]) -> None:
        """Take a snapshot, if it is time, and keep it once all targets have acknowledged what was made before it."""
        with self._lock:
            waits = self._offered is not None
        if waits or stopwatch() < self._next:
            return
        began = stopwatch()
        offered = pack(snapshot()), [lane.encoder.made for lane in self._lanes]
        with self._lock:
            self._offered = offered
        seconds = stopwatch() - began
        self._next = began + max(_SNAPSHOT_EVERY, _SHARE * seconds)

    def close(self) -> None:
        """Let another run use the state."""
        self._store.close()

    def _save(self) -> None:
        with self._lock:
            standings = [lane.sender.standing for lane in self._lanes]
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
