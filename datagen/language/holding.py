"""The checks of what workers wait for: that it is there, that it can be had, and who holds, and has, what when.

They see the states that are valid by themselves.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

from datagen.graph import reached
from datagen.language.delay import Next
from datagen.language.state import STOP, State
from datagen.problems import Path_, is_comment, show

Found = Iterator[tuple[Path_, str]]
Near = Callable[[str, Collection[str]], str]
Placed = Sequence[tuple[Path_, State]]
Held = frozenset[str]


class Holding:
    """What states do with resources."""

    def __init__(self, resources: Any, states: Placed, begins: Collection[str]) -> None:
        """Take the JSON of resources, states with their paths, and the names of those that workers begin in."""
        declared = resources if isinstance(resources, dict) else {}
        self._capacities: dict[str, Any] = {
            name: one.get("capacity", 1) if isinstance(one, dict) and "capacity_profile" not in one else None
            for name, one in declared.items()
            if not is_comment(name)
        }
        self._states = states
        self._by_name = {state.name: state for _, state in reversed(states)}
        self._begins = [name for name in begins if name in self._by_name]

    def problems(self, near: Near) -> Found:
        """Yield what can't be; ``near`` ends a message with the nearest known names."""
        surely = self._holds(frozenset.intersection)
        for path, state in self._states:
            had: set[str] = set(surely.get(state.name, ())) - {one.resource for one in state.release}
            for inner, name in _named(state):
                if name not in self._capacities:
                    known = near(name, self._capacities) if self._capacities else '; the spec has no "resources"'
                    yield (*path, *inner), f"unknown resource {show(name)}{known}"
            for inner, request in _requests(state):
                capacity = self._capacities.get(request.resource)
                if isinstance(capacity, int) and request.units > capacity:
                    yield (*path, *inner), f"asks for {request.units}, and there are no more than {capacity} for ever"
                elif request.resource in had:
                    text = f"a worker has {show(request.resource)} already when it comes to this; release it before"
                    yield (*path, *inner), text
                had.add(request.resource)

    def warnings(self) -> Found:
        """Yield what is valid and hardly meant."""
        yield from self._joins_in_vain()
        asked = {request.resource for _, state in self._states for request in state.requests}
        for name in self._capacities:
            if name not in asked:
                yield ("resources", name), f"nobody asks for {show(name)}"
        maybe = self._holds(frozenset.union)
        parents = self._parents()
        for path, state in self._states:
            if state.join and state.name not in parents:
                yield (*path, "join"), "no worker that comes to this state has spawned others before"
            held = maybe.get(state.name)
            for number, one in enumerate(state.release):
                if held is not None and one.resource in self._capacities and one.resource not in held:
                    yield (*path, "release", number), f"no worker holds {show(one.resource)} when it comes to this"

    def _endless(self) -> dict[str, str]:
        """Return the states that spawn children who never stop, each with the state that such begin in."""
        graph = {name: _leads_to(state) for name, state in self._by_name.items()} | {STOP: []}
        for name, state in self._by_name.items():
            may_stop = state.is_conditional or isinstance(state.delay, Next)  # no transition is left, or no time
            graph[name] += [STOP] if may_stop else []
        found = {}
        for name, state in self._by_name.items():
            for entry in state.spawn:
                if entry.state in graph and STOP not in reached(graph, entry.state):
                    found[name] = entry.state
        return found

    def _joins_in_vain(self) -> Found:
        """Yield what waits for children who never stop."""
        endless = self._endless()
        graph = {name: _leads_to(state) for name, state in self._by_name.items()}
        behind = {parent: set(reached(graph, *(way for way in graph[parent] if way in graph))) for parent in endless}
        for path, state in self._states:
            begins = (begin for parent, begin in endless.items() if state.name in behind[parent])
            if state.join and state.timeout is None and (begin := next(begins, None)) is not None:
                text = f"waits for children who never stop: there is no way out behind {show(begin)}"
                yield (*path, "join"), f"{text}; give them one, or this a timeout"

    def _parents(self) -> set[str]:
        """Return the states that a worker may come to who has spawned others."""
        graph = {name: _leads_to(state) for name, state in self._by_name.items()}
        behind = [name for state in graph if self._by_name[state].spawn for name in graph[state]]
        return set(reached(graph, *(name for name in behind if name in graph)))

    def _holds(self, join: Callable[[Held, Held], Held]) -> Mapping[str, Held]:
        """Return what workers hold who come to each state, on every way or on some: a fixed point."""
        holds: dict[str, Held] = dict.fromkeys(self._begins, frozenset())
        todo = deque(holds)
        while todo:
            state = self._by_name[todo.popleft()]
            kept = holds[state.name] - {one.resource for one in state.release}
            left = kept | {one.resource for one in state.acquire}
            ways = [(way.next, left) for way in state.ways]
            ways += [(state.timeout.next, kept)] if state.timeout is not None else []
            for name, held in ways:
                arriving = reduce(join, [held, *([holds[name]] if name in holds else [])])
                if name in self._by_name and arriving != holds.get(name):
                    holds[name] = arriving
                    todo.append(name)
        return holds


def _leads_to(state: State) -> list[str]:
    """Return the states that a worker may go to from a state."""
    gives_up = [state.timeout.next] if state.timeout is not None else []
    return [way.next for way in state.ways] + gives_up


def _requests(state: State) -> Iterator[tuple[Path_, Any]]:
    for key, asked in (("acquire", state.acquire), ("use", state.use)):
        yield from (((key, number), one) for number, one in enumerate(asked))


def _named(state: State) -> Iterator[tuple[Path_, str]]:
    """Yield the resources that a state names."""
    yield from ((("release", number), one.resource) for number, one in enumerate(state.release))
    yield from ((path, request.resource) for path, request in _requests(state))
