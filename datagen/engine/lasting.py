"""How long workers stay where that follows from the instant at which it begins: what the core knows, and what it asks.

The core calculates the numbers of a delay, draws with those of four kinds, and follows the table of a profile. Other
kinds are drawn here, one at a time, which takes 30 µs, and so is what lies far behind the table.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from datagen import draw
from datagen.clock import NEVER
from datagen.draw import Floats, Integers
from datagen.engine.clocks import paces
from datagen.engine.conditions import Conditions
from datagen.engine.departures import Departures
from datagen.engine.fault import called
from datagen.engine.plan import Plan
from datagen.engine.slot import Slots
from datagen.language.delay import Next
from datagen.language.state import Gift, State
from datagen.native.lasting import Lasting as Core
from datagen.native.machine import Machine
from datagen.plugin.computed import Computed
from datagen.problems import RunFailed, path_part, path_text, show

_PLAIN, _FOREIGN = -1, -2  # in place of a formula, as the core has it
_FORMULAS = {
    "constant": (draw.CONSTANT, ("value",)),
    "uniform": (draw.UNIFORM, ("min", "max")),
    "exponential": (draw.EXPONENTIAL, ("mean",)),
    "normal": (draw.NORMAL, ("mean", "stddev")),
}


@dataclass(frozen=True)
class Tables:
    """What the core reads of states whose delays follow from the instant."""

    family: npt.NDArray[np.int32]  # (states,) of a delay without expressions, as ``Linear`` has it
    offset: Floats  # (states,) seconds
    scale: Floats
    formula: npt.NDArray[np.int32]  # (states,) of one with expressions
    pace: npt.NDArray[np.int32]  # (states,) which of the paces it runs at; -1: that of time
    begin: npt.NDArray[np.int32]  # (states + 1,) where the numbers of each begin
    numbers: npt.NDArray[np.int32]  # (numbers, 2) begin and end of the instructions for each
    values: Floats  # room for those of one state
    gift: int  # which of what is kept of a worker says what it is to be given; -1: none
    gift_key: int  # and which the key of what is drawn of that


class Lasting:
    """The delays of a plan that follow from the instant."""

    def __init__(self, plan: Plan, conditions: Conditions, machine: Machine, seed: int) -> None:
        self._plan, states = plan, plan.population.states
        self._taken, self._gift = conditions.known.room.taken, conditions.known.room.gift
        self._gifts = {
            (state.name, entry.name): number
            for number, (state, entry) in enumerate(plan.spawns)
            if isinstance(entry, Gift)
        }
        self._purpose = draw.purpose_key(seed, plan.purpose("delay"))
        times = plan.times(seed)
        self._rhythms = {
            number: times.rhythm(state.delay_profile, plan.purpose(f"state/{path_part(state.name)}/delay_profile"))
            for number, state in enumerate(states)
            if state.delay_profile is not None
        }
        self._departures = {
            number: Departures(plan, state, state.delay.source, times, seed)
            for number, state in enumerate(states)
            if isinstance(state.delay, Next)
        }
        pace = np.full(len(states), -1, np.int32)
        pace[[*self._rhythms]] = np.arange(len(self._rhythms))
        counts = [len(state.delay_numbers) for state in states]
        self._values = np.zeros(max(counts))
        self._tables = Tables(
            family=plan.tables.drawn,
            offset=plan.tables.offset,
            scale=plan.tables.scale,
            formula=np.array([_formula(state) for state in states], np.int32),
            pace=pace,
            begin=np.cumsum([0, *counts]).astype(np.int32),
            numbers=conditions.programs.numbers,
            values=self._values,
            gift=self._gift[0],
            gift_key=self._gift[1],
        )
        self.core = Core(self._tables, int(self._purpose), machine, paces([*self._rhythms.values()]))

    def until(self, slots: Slots, slot: int) -> int:
        """Return until when a worker stays, in ns of the simulation, about whom the core asks; -1: it stops at once."""
        worker = slots.workers[slot]
        number, now = int(worker["state"]), int(worker["time"])
        if number in self._departures:
            return self._departure(slots.known[slot], number, now)
        state = self._plan.population.states[number]
        delay = self.core.delay
        if delay < 0:
            delay = self._drawn(state, worker)
        rhythm = self._rhythms.get(number)
        return min(now + delay, NEVER) if rhythm is None else rhythm.reached(now, delay)

    def _departure(self, known: Integers, state: int, now: int) -> int:
        """Return the next time that a worker waits for, of whom some things are known (kept,), and note it as taken."""
        place = self._taken[state]
        found = self._departures[state].after(int(known[place]), now)
        if found is None:
            return -1
        known[place] = found.taken
        name = self._plan.population.states[state].name
        if (gift := self._gifts.get((name, found.source))) is not None:
            known[self._gift[0]] = gift + 1
            known[self._gift[1]] = np.uint64(found.key).astype(np.int64)
        return found.time

    def _drawn(self, state: State, worker: Any) -> int:
        """Return a delay that is drawn here, in ns. Raises RunFailed when its numbers won't do."""
        assert isinstance(state.delay, Computed), "a delay that the core asks for"
        paths = state.delay_numbers
        numbers = dict(zip(paths, self._values[: len(paths)].tolist(), strict=True))
        problem = next((f"{path_text(path)}: is null" for path, number in numbers.items() if number != number), "")
        try:
            found = problem or state.delay.of(numbers)
        except ValidationError as error:
            found = state.delay.told(error)
        if isinstance(found, str):
            raise RunFailed(
                f"walking on: the delay of state {show(state.name)}: {found}, for {called(self._plan, worker)}"
            )
        row = draw.numbered(worker["key"], np.array([worker["step"]]))
        [delay] = found.waits(row, self._purpose).tolist()
        if delay < 0:
            raise RunFailed("walking on: a delay or gap is not a number")
        return int(delay)


def _formula(state: State) -> int:
    if isinstance(state.delay, Next):
        return _FOREIGN
    if not isinstance(state.delay, Computed):
        return _PLAIN
    family, keys = _FORMULAS.get(state.delay.kind.kind, (_FOREIGN, ()))
    return family if [(key,) for key in keys] == list(state.delay_numbers) else _FOREIGN
