"""The oracle's resources: who has what, and who waits for it, in plain Python."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.engine.reference_levels import Level

Spec = dict  # a JSON object of the spec, as json.loads gives it
Worker = tuple[int, str, int]  # as in the simulator
GO_ON, MOVE, GIVE_UP = range(3)  # kinds of events, in order where a worker has several at one instant


def listed(given: object) -> list[Spec]:
    """Return what stands under ``acquire``, ``use`` or ``release`` as a list of objects."""
    return [
        one if isinstance(one, dict) else {"resource": one} for one in (given if isinstance(given, list) else [given])
    ]


def requests(state: Spec) -> list[Spec]:
    """Return what a worker waits for in a state, in order."""
    return [one for key in ("acquire", "use") for one in listed(state.get(key, []))]


@dataclass
class Wait:
    """What a worker still waits for, who has entered a state and has not made its record."""

    step: int
    since: int
    left: list[Spec]
    had: list[str] = field(default_factory=list)  # by this state


class Resources:
    """The resources of a population."""

    def __init__(self, spec: Spec) -> None:
        declared = spec.get("resources", {})
        self.free = {name: resource["capacity"] for name, resource in declared.items()}
        self.levels: dict[str, Level] = {}
        self.lines: dict[str, list[tuple[float, int, Worker, int]]] = {name: [] for name in declared}
        self.held: dict[Worker, dict[str, int]] = {}  # units, by worker and resource
        self.waits: dict[Worker, Wait] = {}
        self.tickets = itertools.count()
        self.children: dict[Worker, int] = {}  # of a worker, born or not
        self.groups: dict[tuple, list[Worker]] = {}  # who waits for others, by state and key, as they came
        self.gathered: dict[str, int] = {}  # how many groups have gone on, by state
        self.marks: dict[Worker, dict[str, int]] = {}  # number of the last group of a worker, and its place there

    def follow(self, name: str, level: Level) -> None:
        """Let a capacity follow the time."""
        self.levels[name], self.free[name] = level, level.value

    def change(self, now: int) -> list[Worker]:
        """Let capacities be what they are at a time; return who gets what there is more."""
        served = []
        for name, level in self.levels.items():
            self.free[name] += level.change(now)
            served += self.serve(name)
        return served

    def facts(self) -> dict[str, Callable[[str], int]]:
        return {"free()": self.free.__getitem__, "waiting()": lambda name: len(self.lines[name])}

    def enter(self, worker: Worker, state: Spec, step: int, now: int) -> list[Worker]:
        """Let a worker enter a state; return who gets what it releases."""
        wanted = [{"resource": None}] if state.get("join") else []
        wanted += [{"gather": state["name"], "resource": ""} | state["gather"]] if "gather" in state else []
        self.waits[worker] = Wait(step, now, wanted + requests(state))
        self.marks.setdefault(worker, {})
        return self.give(worker, [one["resource"] for one in listed(state.get("release", []))])

    def gather(self, worker: Worker, wanted: Spec, key: object) -> list[Worker]:
        """Let a worker wait for others of its key; return those who go on together, nobody where there are too few."""
        group = self.groups.setdefault((wanted["gather"], type(key), key), [])
        group.append(worker)
        if len(group) < wanted["size"]:
            return []
        number = self.gathered.get(wanted["gather"], 0)
        self.gathered[wanted["gather"]] = number + 1
        for place, one in enumerate(group):
            self.marks[one] |= {"number": number, "index": place}
            self.waits[one].left.pop(0)
        together = list(group)
        group.clear()
        return together

    def go_on(self, worker: Worker, priority: Callable[[Spec], float], key: Callable, let_go: Callable) -> bool:
        """Ask for one thing after the other; return whether the worker has all of them."""
        wait = self.waits[worker]
        while wait.left:
            wanted = wait.left[0]
            name = wanted["resource"]
            if name is None:
                if self.children.get(worker, 0) > 0:
                    return False
                wait.left.pop(0)
                continue
            if "gather" in wanted:
                let_go(self.gather(worker, wanted, key(wanted)))
                return False
            assert name not in self.held.get(worker, {}), "acquired twice"
            self.lines[name].append((priority(wanted), next(self.tickets), worker, wanted.get("units", 1)))
            if worker not in self.serve(name):
                return False
        return True

    def serve(self, name: str) -> list[Worker]:
        """Give what is free to those who are first in line, as long as it is enough; return them."""
        served = []
        while self.lines[name]:
            first = min(self.lines[name])
            _, _, worker, units = first
            if units > self.free[name]:
                break
            self.lines[name].remove(first)
            self.free[name] -= units
            self.held.setdefault(worker, {})[name] = units
            wait = self.waits[worker]
            wait.had.append(wait.left.pop(0)["resource"])
            served.append(worker)
        return served

    def give(self, worker: Worker, names: Iterable[str]) -> list[Worker]:
        """Take back what a worker has of some resources; return who gets it."""
        served = []
        for name in names:
            self.free[name] += self.held.get(worker, {}).pop(name, 0)
            served += self.serve(name)
        return served

    def leave(self, worker: Worker, state: Spec) -> list[Worker]:
        """Take back what a state has used."""
        return self.give(worker, [one["resource"] for one in listed(state.get("use", []))])

    def stop(self, worker: Worker) -> list[Worker]:
        return self.give(worker, list(self.held.get(worker, {})))

    def lose(self, parent: Worker | None) -> list[Worker]:
        """Let a child of a worker be over; return the worker if it goes on since it was the last."""
        if parent not in self.children:
            return []
        self.children[parent] -= 1
        wait = self.waits.get(parent)
        if self.children[parent] == 0 and wait is not None and wait.left and wait.left[0]["resource"] is None:
            wait.left.pop(0)
            return [parent]
        return []

    def give_up(self, worker: Worker) -> list[Worker]:
        """Let a worker wait no longer, and take back what it has got since it entered its state."""
        for line in self.lines.values():
            line[:] = [entry for entry in line if entry[2] != worker]
        for group in self.groups.values():
            group[:] = [one for one in group if one != worker]
        wait = self.waits.pop(worker)
        served = [one for name in self.lines for one in self.serve(name)]  # who stood behind, and wants less
        return served + self.give(worker, wait.had)
