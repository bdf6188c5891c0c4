"""The oracle's resources: who has what, and who waits for it, in plain Python."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.engine.reference_levels import Level

Spec = dict  # a JSON object of the spec, as json.loads gives it
Worker = tuple[int, str, int]  # as in the simulator
MINUTE = 60 * 10**9
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


class Fleet:
    """The rows of a table that workers get one of."""

    def __init__(self, rows: list[Spec], capacity: object, available: Callable[[int], bool], hold: Callable) -> None:
        """Take rows, how many places each has, what reads whether one is available, and what tells a worker its row."""
        self.rows, self.available, self.hold = rows, available, hold
        self.capacities = [row[capacity] or 0 if isinstance(capacity, str) else capacity for row in rows]
        self.places = [*self.capacities]  # that are free, of each
        self.is_open = [False] * len(rows)
        self.ticks = itertools.count()
        self.since = [next(self.ticks) for _ in rows]
        self.taken: dict[Worker, int] = {}
        self.next = 0  # when it is read again

    def free_places(self) -> int:
        return sum(places for places, is_open in zip(self.places, self.is_open, strict=True) if is_open)

    def fits(self, place: int, units: int, match: dict) -> bool:
        row = self.rows[place]
        return self.places[place] >= units and all(alike(row[column], value) for column, value in match.items())

    def has(self, place: int, units: int, match: dict) -> bool:
        return self.is_open[place] and self.fits(place, units, match)

    def look(self, place: int) -> bool:
        """Read whether a row is available; return whether it has become so."""
        before, self.is_open[place] = self.is_open[place], self.available(place)
        if self.is_open[place] and not before:
            self.since[place] = next(self.ticks)
        return self.is_open[place] and not before

    def take(self, place: int, units: int, worker: Worker) -> None:
        self.places[place] -= units
        self.since[place] = next(self.ticks)
        self.taken[worker] = place
        self.hold(worker, self.rows[place])

    def give(self, worker: Worker, units: int) -> int:
        """Take places back; return of which row."""
        place = self.taken.pop(worker)
        self.places[place] += units
        self.since[place] = next(self.ticks)
        self.hold(worker, None)
        return place


def alike(value: object, wanted: object) -> bool:
    """Return whether a row has what is wanted; true is no number."""
    if value is None or wanted is None or isinstance(value, bool) != isinstance(wanted, bool):
        return False
    return value == wanted


class Resources:
    """The resources of a population."""

    def __init__(self, spec: Spec) -> None:
        declared = spec.get("resources", {})
        self.free = {name: resource["capacity"] for name, resource in declared.items() if "rows" not in resource}
        self.fleets: dict[str, Fleet] = {}
        self.levels: dict[str, Level] = {}
        self.lines: dict[str, list[tuple[float, int, Worker, int, dict]]] = {name: [] for name in declared}
        self.held: dict[Worker, dict[str, int]] = {}  # units, by worker and resource
        self.waits: dict[Worker, Wait] = {}
        self.tickets = itertools.count()
        self.children: dict[Worker, int] = {}  # of a worker, born or not
        self.groups: dict[tuple, list[Worker]] = {}  # who waits for others, by state and key, as they came
        self.gathered: dict[str, int] = {}  # how many groups have gone on, by state
        self.marks: dict[Worker, dict[str, int]] = {}  # number of the last group of a worker, and its place there

    def begin(self, name: str, fleet: Fleet, zero: int, first: int) -> None:
        """Let rows be there; take when the time is 0, and when something happens first, in µs since 1970."""
        self.fleets[name] = fleet
        for place in range(len(fleet.rows)):
            fleet.look(place)
        fleet.next = ((-first % (MINUTE // 1000) or MINUTE // 1000) + first - zero) * 1000

    def follow(self, name: str, level: Level) -> None:
        """Let a capacity follow the time."""
        self.levels[name], self.free[name] = level, level.value

    def change(self, now: int) -> list[Worker]:
        """Let capacities be what they are at a time; return who gets what there is more."""
        served = []
        for name, level in self.levels.items():
            self.free[name] += level.change(now)
            served += self.serve(name)
        for name, fleet in self.fleets.items():
            if fleet.next <= now:
                fleet.next += MINUTE
                served += [one for place in range(len(fleet.rows)) for one in self.look(name, place)]
        return served

    def facts(self) -> dict[str, Callable[[str], int]]:
        def free(name: str) -> int:
            return self.fleets[name].free_places() if name in self.fleets else self.free[name]

        return {"free()": free, "waiting()": lambda name: len(self.lines[name])}

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

    def go_on(
        self,
        worker: Worker,
        priority: Callable[[Spec], float],
        key: Callable,
        match: Callable,
        let_go: Callable,
        let_on: Callable,
    ) -> bool:
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
            entry = priority(wanted), next(self.tickets), worker, wanted.get("units", 1), match(wanted)
            self.lines[name].append(entry)
            served = self.ask(name, entry) if name in self.fleets else self.serve(name)
            if name in self.fleets:
                let_on([one for one in served if one != worker])
            if worker not in served:
                return False
        return True

    def ask(self, name: str, entry: tuple) -> list[Worker]:
        """Let a worker at the end of a line have the row that is free, and has been so longest, of those that match.

        Rows that match are read before, one after the other; return who gets one.
        """
        fleet, served = self.fleets[name], []
        for place in range(len(fleet.rows)):
            if fleet.places[place] > 0 and fleet.fits(place, 1, entry[4]):
                served += self.look(name, place)
        if entry in self.lines[name]:
            fitting = [place for place in range(len(fleet.rows)) if fleet.has(place, entry[3], entry[4])]
            if fitting:
                served.append(self.hand_out(name, min(fitting, key=fleet.since.__getitem__), entry))
        return served

    def look(self, name: str, place: int) -> list[Worker]:
        """Read whether a row is available; return who gets it, if it has become so."""
        return self.offer(name, place) if self.fleets[name].look(place) else []

    def offer(self, name: str, place: int) -> list[Worker]:
        """Give places of a row to those who are first among those whom it fits; return them."""
        fleet, served = self.fleets[name], []
        while fitting := [entry for entry in self.lines[name] if fleet.has(place, entry[3], entry[4])]:
            served.append(self.hand_out(name, place, min(fitting, key=lambda entry: entry[:2])))
        return served

    def hand_out(self, name: str, place: int, entry: tuple) -> Worker:
        """Give places of a row to a worker in line."""
        self.lines[name].remove(entry)
        _, _, worker, units, _ = entry
        self.fleets[name].take(place, units, worker)
        self.held.setdefault(worker, {})[name] = units
        wait = self.waits[worker]
        wait.had.append(wait.left.pop(0)["resource"])
        return worker

    def serve(self, name: str) -> list[Worker]:
        """Give what is free to those who are first in line, as long as it is enough; return them."""
        served = []
        while name not in self.fleets and self.lines[name]:  # of rows, nobody holds up those behind
            first = min(self.lines[name], key=lambda entry: entry[:2])
            _, _, worker, units, _ = first
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
            units = self.held.get(worker, {}).pop(name, 0)
            if name in self.fleets:
                if units:
                    place = self.fleets[name].give(worker, units)
                    self.fleets[name].look(place)
                    served += self.offer(name, place)
                continue
            self.free[name] += units
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
