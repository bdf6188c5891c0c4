"""The times of a run: what its options say in relation to now, to the start, or on a wall clock, made certain once.

What depended on now is kept with the state of a run, so that the same command continues the same run.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from datagen.clock import SimulatedClock, SystemClock, present, soon, time_left
from datagen.job.options import Options, check_reach
from datagen.moment import Moment, parse_moment
from datagen.problems import InvalidInput, Problem
from datagen.when import When, moment_in
from datagen.zone import Zone

Kept = Mapping[str, Any]  # what a state says of its run


@dataclass(frozen=True)
class Times:
    """Options with certain times, and what is to be remembered and said of them."""

    options: Options
    start: Moment | None  # None: soon
    asked: dict[str, str]  # what was said in relation to now, and what it meant
    warnings: tuple[Problem, ...] = ()

    def clock(self, begins: int = 0) -> SimulatedClock | SystemClock:
        """Make the clock of a run; one with a pace of its own ``begins`` at a time of the run, in ns."""
        options = self.options
        if self.start is not None and options.is_simulated:
            return SimulatedClock(self.start)
        start = self.start or _in(options.timezone, soon())
        return SystemClock(
            start,
            speed=options.speed or 1.0,
            begins=None if options.speed is None else begins,
            has_history=options.then_live,
        )


def settle(options: Options, timezone: str | None, kept: Kept | None = None) -> Times:
    """Make the times of options certain, in a time zone, or as they are kept of the run that is continued.

    Raises InvalidInput when there is no such time, or when the run would end before it starts.
    """
    zone = options.timezone or (None if timezone is None else Zone.named(timezone))
    now = present().microseconds
    warnings = [
        Problem(oddity)
        for when in (options.start, options.until)
        if when is not None and zone is not None and (oddity := when.oddity(zone))
    ]
    try:
        start = _start(options, zone, now, kept or {})
        until = _until(options, zone or (Zone() if start is None else Zone.of(start)), now, kept or {})
    except ValueError as error:
        raise InvalidInput([Problem(str(error))]) from error
    named = None if start is None or options.start is None else replace(options.start, moment=start)
    settled = replace(options, start=named, until=until, timezone=zone)
    if start is None and kept is not None:
        start = parse_moment(kept["start"])
    problems = list(_problems(settled, start or Moment(now)))
    if problems:
        raise InvalidInput(problems)
    return Times(settled, start, dict(_asked(options, settled)), tuple(warnings))


def _start(options: Options, zone: Zone | None, now: int, kept: Kept) -> Moment | None:
    start = options.start
    if start is None:
        return None
    if start.is_relative and kept.get("asked", {}).get("start") == start.text:
        return parse_moment(kept["start"])
    if start.moment is not None and (start.moment.zone is not None or zone is None):
        return start.moment
    at = start.at(now, zone or Zone())
    check_reach(at, start.text)
    return _in(zone, Moment(at))


def _until(options: Options, zone: Zone, now: int, kept: Kept) -> When | None:
    until = options.until
    if until is None or until.counts_from_start:
        return until
    asked = kept.get("asked", {})
    if until.is_relative and asked.get("until") == until.text:
        return replace(until, moment=parse_moment(asked["end"]))
    at = until.at(now, zone)
    check_reach(at, until.text)
    return replace(until, moment=moment_in(zone, at))


def _problems(options: Options, start: Moment) -> Iterator[Problem]:
    until = options.until
    if until is None:
        return
    end = until.at(start.microseconds, options.timezone or Zone.of(start))
    if end < start.microseconds:
        yield Problem(f"the end, {Moment(end, 'UTC').text}, is before the start, {start.text}")
    elif (end - start.microseconds) * 1000 > time_left(start):
        yield Problem("the end would be past the year 9999, or 146 years after the start")


def _asked(options: Options, settled: Options) -> Iterator[tuple[str, str]]:
    start, until = options.start, options.until
    if start is not None and start.is_relative:
        yield "start", start.text
    if until is not None and until.is_relative and settled.until and settled.until.moment:
        yield from (("until", until.text), ("end", settled.until.moment.text))


def _in(zone: Zone | None, moment: Moment) -> Moment:
    """Return a moment with the offset of a zone; as it is without one."""
    return moment if zone is None else moment_in(zone, moment.microseconds)
