"""What of a population fits the start of a run, or hardly does: times of different forms, incidents, silent sources."""

from collections.abc import Iterator

from datagen.engine.times import Times
from datagen.language.delay import Next
from datagen.language.population import Population
from datagen.moment import Moment
from datagen.plugin.arrival import Paced
from datagen.plugin.incident import Recurring
from datagen.plugin.instant import At
from datagen.problems import Path_

Found = Iterator[tuple[Path_, str]]


def misfits(population: Population, times: Times) -> Found:
    """Yield the stretches of time that end before they begin, each with its path; of one form they were refused.

    So are paces of delays that come to a stand for ever.
    """
    for number, state in enumerate(population.states):
        if state.delay_profile is not None and times.course(state.delay_profile, "delay_profile").ends_in_zero:
            yield ("states", number, "delay_profile"), "ends in 0: who is in this state then would stay in it for ever"
    waited_for = [
        (("states", number, "delay", "source"), one.arrival)
        for number, state in enumerate(population.states)
        for one in (state.delay.source if isinstance(state.delay, Next) else ())
    ]
    for path, source in (*population.placed_sources(), *waited_for):
        if isinstance(source.from_, At) and isinstance(source.until, At):
            yield from _reversed((*path, "until"), source.from_, source.until, times)
    for name, incident in population.incidents.items():
        parts = () if isinstance(incident, Recurring) else incident
        for number, part in enumerate(parts):
            place = (number,) if len(parts) > 1 else ()
            yield from _reversed(("incidents", name, *place, "until"), part.from_, part.until, times)


def oddities(population: Population, times: Times) -> Found:
    """Yield what is valid and hardly meant, each with its path."""
    for name, stretches in times.incidents.items():
        ends = stretches.settled
        if ends is not None and ends <= times.zero:
            at = Moment(ends, times.start.zone).text
            yield ("incidents", name), f"is over before the run begins: it ends at {at}"
    for path, source in population.placed_sources():
        if not isinstance(source, Paced) or source.profile is None:
            continue
        begin = source.from_.microseconds(times.start, times.zone) if isinstance(source.from_, At) else times.zero
        if times.course(source.profile, "profile").stops <= begin:
            who = "nobody comes behind the first worker" if source.counts_from_birth else "nobody comes"
            yield (*path, "profile"), f"never rises above 0 from the begin of this source on, so {who}"


def _reversed(path: Path_, begin: At, end: At, times: Times) -> Found:
    first, last = (at.microseconds(times.start, times.zone) for at in (begin, end))
    if first >= last and begin.form != end.form:
        zone = times.start.zone
        yield path, f'must be after "from", which is {Moment(first, zone).text}; this is {Moment(last, zone).text}'
