"""Targets that live in this process, and a way to run a spec into them."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from datagen.clock import Clock
from datagen.delivery.deliver import Delivery, Report
from datagen.delivery.encoder import Route
from datagen.delivery.lane import Lane
from datagen.delivery.resume import Journal
from datagen.formatters.json import Json
from datagen.plugin.formatter import Formatter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Position, Sink, Target
from datagen.records.batch import Layout
from datagen.records.lines import pieces
from tests.worlds import START, run_of


class Killed(BaseException):
    """Stands for the end of the process."""


class Recording(Sink):
    """Keeps what it is given; ``before`` is called before each write and may raise."""

    def __init__(self, recorder: "Recorder", *arguments: Any) -> None:
        super().__init__(*arguments)
        self.recorder = recorder

    def open(self, position: Position) -> None:
        self.recorder.calls.append("open")
        self.recorder.positions.append(position)

    def write(self, encoded: Encoded) -> None:
        for act in self.recorder.acts:
            act(self.recorder, encoded)
        self.recorder.keep(encoded)

    def position(self) -> Position:
        return {"lines": len(self.recorder.lines)}

    def finish(self) -> None:
        self.recorder.calls.append("finish")

    def close(self) -> None:
        self.recorder.calls.append("close")


class Recorder(Target):
    """A target whose sinks write down in it what they are given, for the test to look at."""

    kind: ClassVar[str] = "recorder"
    sink: Any = Recording
    acts: list[Any] = []  # noqa: RUF012 (a field of a model)
    calls: list[str] = []  # noqa: RUF012
    positions: list[Any] = []  # noqa: RUF012 (what it was opened with)
    lines: list[bytes] = []  # noqa: RUF012
    sizes: list[int] = []  # noqa: RUF012 (how many records each write brought)

    def before(self, act: Callable[["Recorder", Encoded], None]) -> "Recorder":
        self.acts.append(act)
        return self

    def keep(self, encoded: Encoded) -> None:
        self.sizes.append(len(encoded))
        self.lines.extend(map(bytes, pieces(encoded.lines)))

    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> Recording:
        return self.sink(self, formatter.begin(layout), scope)


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
    run = run_of(spec, records, duration=duration, seed=seed, clock=clock, threads=2 if clock is None else 1)
    scope = Scope(run.clock.start, seed, "run", say)
    routes = [Route(target, Json(), run.layout, scope) for target in targets]
    assert not [misfit for route in routes for misfit in route.misfits()]
    lanes = [Lane(route, run.clock, run.crew) for route in routes]
    if journal is not None:
        run_as_told = {"spec": "x", "sources": "y", "seed": seed, "start": START, "clock": "simulated"}
        journal.begin({**run_as_told, "max_workers": 100, "end": None, "targets": []}, lanes, {})
    return Delivery(run, lanes, watch, journal).deliver(), lanes
