"""The table: a line for each measurement, with its bar and whether that is reached."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.process import Ran
from bench.setting import middle

HEAD = "| what | measured | CPU / wall | to reach | reached |\n|---|---:|---:|---:|---|"


@dataclass(frozen=True)
class Line:
    """What was measured, how much, in which unit, and the least or most that is to be reached."""

    what: str
    figure: float
    unit: str = "records/s"
    least: float | None = None
    most: float | None = None
    ran: Ran | None = None  # what the figure was measured on

    def __str__(self) -> str:
        reached = (self.least is None or self.figure >= self.least) and (self.most is None or self.figure <= self.most)
        bar = " and ".join(
            f"{sign} {_figure(bound)} {self.unit}".strip()
            for sign, bound in ((">=", self.least), ("<=", self.most))
            if bound is not None
        )
        verdict = ("yes" if reached else "**no**") if bar else ""
        times = f"{self.ran.cpu_seconds:.2f} / {self.ran.seconds:.2f} s" if self.ran else ""
        return f"| {self.what} | {_figure(self.figure)} {self.unit}".rstrip() + f" | {times} | {bar} | {verdict} |"


@dataclass(frozen=True)
class Missing:
    """What could not be measured on this machine, and why."""

    what: str
    why: str

    def __str__(self) -> str:
        return f"| {self.what} | not measured: {self.why} |  |  |  |"


def rate(what: str, count: int, runs: Sequence[Ran], unit: str = "records/s", least: float | None = None) -> Line:
    """Return the line of a command that made so many records, several times."""
    ran = middle(runs)
    return Line(what, count / ran.seconds, unit, least=least, ran=ran)


def _figure(number: float) -> str:
    """Return a number with three digits, or all of those before the point."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
