"""The states of a population as tables by index, as the compiled walk reads them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datagen import draw
from datagen.draw import CONSTANT, Floats, Keys
from datagen.language.state import State
from datagen.plugin.distribution import Distribution, Linear

FOREIGN = -1  # the family of a distribution that only Python can draw
LATER = -2  # and of a delay that follows from the instant at which it begins
_FOREIGN = Linear(FOREIGN, 0.0, 0.0)


@dataclass(frozen=True)
class Tables:
    """What the walk reads of a population, an entry for each state."""

    family: npt.NDArray[np.int32]  # (states,) of the delay, as ``Linear`` has it, or FOREIGN, or LATER
    drawn: npt.NDArray[np.int32]  # (states,) the same, of what is drawn even where it is LATER
    offset: Floats  # (states,) seconds
    scale: Floats  # (states,) seconds
    foreign: npt.NDArray[np.int32]  # (states,) which of the delays that only Python can draw it has; -1: none
    patience: npt.NDArray[np.int32]  # (states,) the same of the time that one waits there at most
    patience_offset: Floats
    patience_scale: Floats
    patience_foreign: npt.NDArray[np.int32]
    unborn: npt.NDArray[np.int32]  # (spawns,) the same of the time before the birth of a child
    unborn_offset: Floats
    unborn_scale: Floats
    unborn_foreign: npt.NDArray[np.int32]
    ways: npt.NDArray[np.int32]  # (states + 1,) where the transitions of each begin
    bound: Keys  # (ways,) cumulative probabilities, in 2**-53
    target: npt.NDArray[np.int32]  # (ways,) next states; ``states`` for the stop
    sets: npt.NDArray[np.uint8]  # (owners, groups) whether each sets a group of variables
    inherits: npt.NDArray[np.uint8]  # (spawns, groups) whether their children have a group as it is of the parent
    former: npt.NDArray[np.uint8]  # (groups,) whether a group is read as it was before a step


def tables_of(
    states: Sequence[State],
    sets: npt.NDArray[np.uint8],
    inherits: npt.NDArray[np.uint8],
    former: npt.NDArray[np.uint8],
) -> Tables:
    """Return the tables of states, with what is set, inherited and read of groups of variables."""
    waits = [linear(wait) for _, wait in _waits(states)]
    family = np.array([one.family for one in waits], np.int32)
    foreign = np.where(family == FOREIGN, np.cumsum(family == FOREIGN) - 1, -1).astype(np.int32)
    offset, scale = np.array([one.offset for one in waits]), np.array([one.scale for one in waits])
    delays, limits = slice(len(states)), slice(len(states), 2 * len(states))
    births = slice(2 * len(states), None)
    bounds = [draw.bounds([way.share or 1.0 for way in state.ways]) for state in states]
    numbers = numbers_of(states)
    return Tables(
        family=np.where([state.follows_the_instant for state in states], LATER, family[delays]).astype(np.int32),
        drawn=family[delays],
        offset=offset[delays],
        scale=scale[delays],
        foreign=foreign[delays],
        patience=family[limits],
        patience_offset=offset[limits],
        patience_scale=scale[limits],
        patience_foreign=foreign[limits],
        unborn=family[births],
        unborn_offset=offset[births],
        unborn_scale=scale[births],
        unborn_foreign=foreign[births],
        ways=np.cumsum([0, *map(len, bounds)]).astype(np.int32),
        bound=np.concatenate(bounds),
        target=np.array([numbers.get(way.next, len(states)) for state in states for way in state.ways], np.int32),
        sets=sets,
        inherits=inherits,
        former=former,
    )


def numbers_of(states: Sequence[State]) -> dict[str, int]:
    """Return the number of each state, by its name."""
    return {state.name: number for number, state in enumerate(states)}


def foreign_waits(states: Sequence[State]) -> list[tuple[str, Distribution]]:
    """Return the waits that only Python can draw, each with its purpose: delays, limits of waiting, before births."""
    return [(purpose, wait) for purpose, wait in _waits(states) if wait is not None and linear(wait) == _FOREIGN]


def _waits(states: Sequence[State]) -> list[tuple[str, Distribution | None]]:
    """Return all waits, each with its purpose."""
    return [
        *(("delay", state.drawn_delay) for state in states),
        *(("timeout", None if state.timeout is None else state.timeout.after) for state in states),
        *(("spawn", entry.delay) for state in states for entry in state.entries),
    ]


def linear(wait: Distribution | None) -> Linear:
    """Return what the core draws for a wait; where only Python can draw it, the family is FOREIGN."""
    return Linear(CONSTANT, 0.0, 0.0) if wait is None else wait.in_core() or _FOREIGN
