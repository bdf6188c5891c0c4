"""A population whose waits and births can be seen: each begins with a step of its own, which a pilot counts.

So do visits that have a step for each item of a list.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from datagen.language.population import Population
from datagen.language.state import STOP, State
from datagen.plugin.arrival import TurnedAway
from datagen.plugin.model import changed


@dataclass(frozen=True)
class Watched:
    """A population in which workers pass a door to each state where they may wait, and another if they give up.

    So they do to each state that goes through items.

    Doors take no time and stand behind all states, whose numbers stay. Conditions that read `steps` see more of them.
    """

    population: Population
    doors: Mapping[int, int]  # the number of the door to a state, by that of the state
    exits: Mapping[int, int]  # and of that through which it is given up


def watched(population: Population) -> Watched:
    """Return a population with doors; the same one where there is no such state."""
    states = population.states
    waits = [number for number, state in enumerate(states) if state.waits or state.each]
    if not waits:
        return Watched(population, {}, {})
    known = {state.name for state in states}

    def called(number: int, does: str) -> str:
        own = population.own_name(states[number].name)
        return _free(f"{states[number].name.removesuffix(own)}{does} {own}", known)

    names = {states[number].name: called(number, "waits for") for number in waits}
    leaving = [number for number in waits if states[number].timeout is not None]
    exits = {states[number].name: called(number, "gives up") for number in leaving}

    def door(name: str) -> str:
        return names.get(name, name)

    made = [_behind_doors(state, names, exits.get(state.name)) for state in states]
    made += [State(name=names[states[number].name], next=states[number].name) for number in waits]
    for number in leaving:
        timeout = states[number].timeout
        assert timeout is not None, "of one who may give up"
        made.append(State(name=exits[states[number].name], next=door(timeout.next)))
    sources = []
    for source in population.sources:
        turned = source.when_full
        elsewhere = changed(turned, state=door(turned.state)) if isinstance(turned, TurnedAway) else turned
        sources.append(changed(source, state=door(source.state or states[0].name), when_full=elsewhere))
    return Watched(
        changed(population, states=made, arrivals=tuple(sources), interarrival=None),
        {number: len(states) + place for place, number in enumerate(waits)},
        {number: len(states) + len(waits) + place for place, number in enumerate(leaving)},
    )


def _behind_doors(state: State, doors: Mapping[str, str], exit_: str | None) -> State:
    """Return a state that is left through doors."""
    ways = [changed(way, next=doors.get(way.next, way.next)) for way in state.ways]
    timeout = state.timeout and changed(state.timeout, next=exit_ or STOP)
    spawn = [changed(one, name=one.called, state=doors.get(one.state, one.state)) for one in state.spawn]
    return changed(state, transitions=ways, next=None, timeout=timeout, spawn=spawn)


def with_cradles(population: Population) -> tuple[Population, dict[tuple[int, int], int]]:
    """Return a population whose children begin in cradles, which take no time, and the numbers of these.

    They are given by the number of the state and the place of the entry that bears into them, and stand behind all
    states, whose numbers stay.
    """
    states, cradles = list(population.states), dict[tuple[int, int], int]()
    known = {state.name for state in states}
    for number, state in enumerate(population.states):
        entries = []
        for place, entry in enumerate(state.spawn):
            own = population.own_name(entry.state)
            name = _free(f"{entry.state.removesuffix(own)}comes to {own}", known)
            known.add(name)
            cradles[number, place] = len(states)
            states.append(State(name=name, next=entry.state))
            entries.append(changed(entry, name=entry.called, state=name))
        states[number] = changed(state, spawn=entries)
    return changed(population, states=states), cradles


def _free(name: str, known: set[str]) -> str:
    """Return a name that no state has."""
    return _free(f"{name}'", known) if name in known else name
