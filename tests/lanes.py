"""Targets that live in this process, and a way to run a spec into them."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from pydantic import PrivateAttr

import datagen
from datagen.clock import Clock
from datagen.delivery.lane import Lane
from datagen.delivery.resume import Journal
from datagen.engine.run import Options, Report, Run
from datagen.formatters.json import Json
from datagen.moment import parse_duration, parse_moment
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Position, Target
from datagen.records.lines import pieces
from tests.worlds import START


class Killed(BaseException):
    """Stands for the end of the process."""


class Recorder(Target):
    """Keeps what it is given; ``before`` is called before each write and may raise."""

    kind: ClassVar[str] = "recorder"
    _before: list[Callable[["Recorder", Encoded], None]] = PrivateAttr(default_factory=list)
    _calls: list[str] = PrivateAttr(default_factory=list)
    _positions: list[Position] = PrivateAttr(default_factory=list)
    _lines: list[bytes] = PrivateAttr(default_factory=list)
    _sizes: list[int] = PrivateAttr(default_factory=list)

    @property
    def lines(self) -> list[bytes]:
        return self._lines

    @property
    def calls(self) -> list[str]:
        return self._calls

    @property
    def sizes(self) -> list[int]:
        """How many records each write brought."""
        return self._sizes

    @property
    def positions(self) -> list[Position]:
        """What it was opened with."""
        return self._positions

    def before(self, act: Callable[["Recorder", Encoded], None]) -> "Recorder":
        self._before.append(act)
        return self

    def open(self, position: Position) -> None:
        self._calls.append("open")
        self._positions.append(position)

    def write(self, encoded: Encoded) -> None:
        for act in self._before:
            act(self, encoded)
        self.keep(encoded)

    def keep(self, encoded: Encoded) -> None:
        self._sizes.append(len(encoded))
        self._lines += map(bytes, pieces(encoded.lines))

    def position(self) -> Position:
        return {"lines": len(self._lines)}

    def finish(self) -> None:
        self._calls.append("finish")

    def close(self) -> None:
        self._calls.append("close")


def deliver(
    spec: dict,
    targets: Sequence[Target],
    records: int | None = None,
    *,
    duration: str | None = None,
    seed: int = 1,
    clock: Clock | None = None,
    journal: Journal | None = None,
    watch: Callable[[Report], None] = lambda report: None,
    say: Callable[[str], Any] = lambda text: None,
) -> tuple[Report, list[Lane]]:
    """Run a spec into targets on a simulated clock."""
    span = None if duration is None else parse_duration(duration)
    run = Run(datagen.load(spec), Options(parse_moment(START), 100, records, span, seed), clock)
    scope = Scope(run.clock.start, seed, "run", say)
    lanes = [Lane(target, Json(), run.layout, scope, run.clock) for target in targets]
    assert not [problem for lane in lanes for problem in lane.problems + lane.misfits]
    if journal is not None:
        run_as_told = {"spec": "x", "seed": seed, "start": START, "clock": "simulated", "max_workers": 100}
        journal.begin({**run_as_told, "end": None, "targets": []}, lanes)
    return run.deliver(lanes, watch, journal), lanes
