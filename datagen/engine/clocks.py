"""What the states of a plan read of the time: the time itself, profiles, and what a wall clock shows.

An hour, a weekday, or whether it is one, changes at whole minutes at most. What reads nothing else is a level: looked
at once for each minute ahead, however many workers ask for it. Profiles are read at the instant.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from datagen.clock import NEVER
from datagen.draw import Integers
from datagen.engine.code import MOMENT, Constants, Source
from datagen.engine.rhythm import Rhythm
from datagen.engine.scheme import Scheme
from datagen.engine.times import Times
from datagen.native.machine import FACTS
from datagen.native.sources import Pace
from datagen.plugin.profile import Product
from datagen.records.batch import TIME
from datagen.records.expression import Given
from datagen.records.expression.facets import BOOLEAN, NUMBER, condition, spread
from datagen.records.expression.logic import Compare, Every, In, Not, Null
from datagen.records.expression.node import Node, evaluated
from datagen.records.expression.value import Call, Literal, Name
from datagen.zone import MINUTE, Zone

_SHOWN = ("date", "day", "hour", "minute", "month", "weekday", "year")  # functions of times that change with a minute
_CODES = re.compile(r"%[-_^#EO:\d]*(.)")
_SLOW_CODES = frozenset("aAbBCdDeFgGhHIjmMnpRtuUVwWxyYzZ%")  # of strftime


@dataclass(frozen=True)
class Shown:
    """Something that follows from what wall clocks show."""

    node: Node
    is_truth: bool
    zone: str
    start: str | None  # zone of the start of the run, in which ``time`` is

    def values(self, at: Integers) -> Integers:
        """Return what it is at times (n,) in µs since 1970; truth is 0 or 1."""
        times = pa.array(at).cast(pa.timestamp("us", self.start))
        facets = evaluated(self.node, Given({TIME: times}, len(at), self.zone))
        found = condition(facets) if self.is_truth else facets[NUMBER]
        made = spread(found, len(at)).cast(pa.int64()).fill_null(0)
        return np.asarray(made.to_numpy(zero_copy_only=False))

    def times(self, begin: int, end: int) -> Integers:
        """Return the times from one until another at which it may change: whole minutes of the wall clocks."""
        found = [np.zeros(0, np.int64)]
        for zone in sorted({self.zone, *self.node.zones}) if self.start is not None else ["UTC"]:
            for since, until, ahead in Zone(zone).stretches(begin, end):
                first = -(-(since + ahead) // MINUTE) * MINUTE - ahead
                found += [np.array([since]), np.arange(first, until, MINUTE)]
        return np.unique(np.concatenate(found))


class Clocks:
    """What is read of the time."""

    def __init__(self, plan: Scheme, zone: str) -> None:
        """Take a plan, and whose wall clock functions of times read."""
        self._plan, self._zone = plan, zone
        self._shown: dict[str, Shown] = {}
        self._profiles: dict[str, int] = {}

    @property
    def shown(self) -> list[Shown]:
        """Return what wall clocks show, by the numbers of ``of``."""
        return [*self._shown.values()]

    @property
    def start(self) -> str | None:
        """Return the zone of the start of the run."""
        return self._plan.start.zone

    @property
    def zero(self) -> int:
        """Return when the simulation begins, in µs since 1970."""
        return self._plan.start.microseconds - self._plan.warm_up // 1000

    def profile(self, name: str) -> int:
        """Return the number of a profile, which is read from now on."""
        return self._profiles.setdefault(name, len(self._profiles))

    def time(self, constants: Constants) -> Source:
        """Return where the time comes from, in µs since 1970."""
        now, thousand = ("fact", FACTS["now"]), constants.number(1000)
        code = (now, ("divided", thousand), ("whole", constants.number(self.zero)), ("+", 0))
        return Source(MOMENT, code, shows=place_of(self._plan, "shown", "0"))

    def of(self, node: Node) -> tuple[int, str] | None:
        """Return the number, and the value type, of what wall clocks show; None where a node is something else."""
        is_truth = _is_truth(node)
        is_number = isinstance(node, Call) and node.function.name in _SHOWN and node.function.returns == NUMBER
        if node.names != {TIME} or not (is_truth or is_number) or not _is_slow(node):
            return None
        text = re.sub(r"\bat=\d+", "", repr(node))  # wherever it stands
        self._shown.setdefault(text, Shown(node, is_truth, self._zone, self._plan.start.zone))
        return [*self._shown].index(text), BOOLEAN if is_truth else NUMBER

    def rhythms(self, times: Times, begin: int) -> list[Rhythm]:
        """Return the profiles in a run from a time on (ns of the simulation), by their numbers."""
        return [times.rhythm(Product((name,)), "profile", begin) for name in self._profiles]


def paces(rhythms: list[Rhythm]) -> Pace | None:
    """Return rhythms by their numbers, as the core has them; None without any."""
    pace = None
    for rhythm in reversed(rhythms):
        pace = Pace(rhythm.core, pace)
    return pace


def place_of(plan: Scheme, kind: str, name: str) -> int:
    """Return which of the facts of an instant says whether an incident is on, or what wall clocks show, by number."""
    resources, incidents = plan.population.resources, plan.incidents_read
    begin = len(FACTS) + 2 * len(resources)
    return begin + (incidents.index(name) if kind == "incident" else len(incidents) + int(name))


class Reach:
    """How far the table of a rhythm reaches: as a level, it changes where that is to be longer."""

    def __init__(self, rhythm: Rhythm, begin: int) -> None:
        """Take a rhythm whose table begins at a time."""
        self._rhythm, self.now = rhythm, begin

    @property
    def next_change(self) -> int:
        """Return where the table ends, in ns of the simulation."""
        return NEVER if self._rhythm.whole else self._rhythm.core.span()[1]

    def change(self, now: int) -> None:
        """Lay on, if it is time."""
        while self.next_change <= now:
            self.now = self.next_change
            self._rhythm.extend(now)

    def go_to(self, now: int) -> None:
        """Begin the table at a time."""
        self.now = now
        self._rhythm.go_to(now)


def _is_truth(node: Node) -> bool:
    return isinstance(node, Compare | In | Null | Not | Every) or (
        isinstance(node, Call) and node.function.returns == BOOLEAN
    )


def _is_slow(node: Node) -> bool:
    """Return whether a node reads the time only by what changes with a minute."""
    if isinstance(node, Call) and isinstance(node.arguments[0], Name):
        codes = [one.value for one in _texts(node)]
        return node.function.name in _SHOWN or (node.function.name == "format" and _are_slow(codes[0]))
    return not isinstance(node, Name) and all(map(_is_slow, node.parts()))


def _texts(node: Call) -> Iterator[Literal]:
    return (one for one in node.arguments if isinstance(one, Literal))


def _are_slow(codes: object) -> bool:
    return isinstance(codes, str) and set(_CODES.findall(codes)) <= _SLOW_CODES
