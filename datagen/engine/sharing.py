"""Who has what of the resources of a run, and who waits for it: the core's counts, to be kept and to be told."""

from typing import Any

import numpy as np
import numpy.typing as npt

from datagen.draw import Integers, Marks
from datagen.engine.brood import spawns_of
from datagen.engine.clocks import place_of
from datagen.engine.conditions import Programs
from datagen.engine.plan import Plan
from datagen.engine.requests import GATHERING, READY, requests_of
from datagen.engine.slot import KIN, POST, RANK, Slots
from datagen.native.agenda import Agenda
from datagen.native.children import Children
from datagen.native.decision import Decision
from datagen.native.resources import Resources
from datagen.problems import counted, show


class Sharing:
    """The resources of a run."""

    def __init__(self, plan: Plan, programs: Programs, decision: Decision, seed: int, days: int) -> None:
        """Take a plan, with its conditions as programs and as what decides by them, and room for so many days."""
        self._plan = plan
        self._facts = programs.facts
        self._requests = requests_of(plan, programs)
        self._fleet = self._requests.fleet
        self._capacities = self._requests.free + self._fleet.places
        self.children = Children(spawns_of(plan, programs, seed), decision, plan.population.most_children)
        self.core = Resources(self._requests, Agenda(np.empty(days, np.int32)), decision, self.children)

    def __bool__(self) -> bool:
        """Return whether workers wait for resources, or bring about others."""
        return bool(self.core.used)

    @property
    def counts(self) -> tuple[Integers, Integers, Integers]:
        """Return how many units of each resource are free, and in use, and how many workers wait; (resources,)."""
        used = self._capacities - np.where(self._fleet.kept < 0, self._requests.free, self._fleet.places)
        return self._requests.free.copy(), used, self._requests.waiting.copy()

    @property
    def capacities(self) -> Integers:
        """Return how many units there are of each resource, without a profile; (resources,)."""
        return self._capacities

    def change(self, kind: str, name: str, before: int, value: int, now: int) -> None:
        """Let a capacity, whether an incident is on, or what a clock shows be another from a time on."""
        if kind == "resource":
            self.core.change([*self._plan.population.resources].index(name), value - before, now)
        else:
            place = place_of(self._plan, kind, name)
            self._facts[place] = value
            self._fleet.see(place)

    @staticmethod
    def somebody_waits(slots: Slots, used: int) -> bool:
        """Return whether somebody in the slots that are used waits for a resource, or for children."""
        return bool(((slots.asked[:used] >= 0) & (slots.workers["state"][:used] >= 0)).any())

    def waits_since(self, slots: Slots, used: int) -> int:
        """Return since when the last one waits of those in the slots that are used, in ns; 0 where nobody does."""
        if not self:
            return 0
        return int(slots.wait[:used][(slots.asked[:used] >= 0) & (slots.workers["state"][:used] >= 0)].max(initial=0))

    def is_ready(self, slots: Slots, used: int) -> npt.NDArray[np.uint8]:
        """Return which workers in the slots that are used go on before all others, (used,)."""
        return (slots.line["heap"][:used] == READY).astype(np.uint8) if self else np.zeros(used, np.uint8)

    @property
    def exploded(self) -> str:
        """Return what there is too much of, in words."""
        state, entry = self._plan.spawns[self.children.entry]
        return (
            f"there are {self.children.most:,} children at once, which is the most that may be, and state "
            f"{show(state.name)} spawns more ({show(entry.called)}); raise `most_children` if that is meant"
        )

    @staticmethod
    def waits(slots: Slots, used: int) -> Marks:
        """Return which workers in the slots that are used wait in a line, or for others, (used,)."""
        heaps = slots.line["heap"][:used]
        in_line = (heaps >= 0) | ((heaps <= GATHERING) & (heaps != READY))
        return in_line | (slots.post["line"][:used] != -1) if len(slots.post) else in_line

    def who_waits(self, slots: Slots, used: int) -> list[str]:
        """Return how many workers wait for each resource, and for others in each state, in words."""
        if not self:
            return []
        counts = zip(self._plan.population.resources, self._requests.waiting.tolist(), strict=True)
        lines = [f"{counted(count, 'worker')} for {show(name)}" for name, count in counts if count]
        gather = self.waits(slots, used) & (slots.line["heap"][:used] <= GATHERING)
        states = np.bincount(slots.workers["state"][:used][gather], minlength=len(self._plan.population.states))
        named = zip(self._plan.population.states, states.tolist(), strict=True)
        return lines + [f"{counted(count, 'worker')} for others in {show(one.name)}" for one, count in named if count]

    def asked_twice(self) -> tuple[int, str]:
        """Return the slot of a worker who asks for what it has, and the name of that; slot -1: nobody does."""
        names = [*self._plan.population.resources]
        return self.core.culprit, names[self.core.twice] if self.core.culprit >= 0 else ""

    def snapshot(self, slots: Slots, alive: Integers) -> dict[str, Any]:
        """Return who has what and who waits for what, of the workers in some slots, for ``restore``."""
        if not self:
            return {}
        place = np.full(len(slots), -1)
        place[alive] = np.arange(len(alive))
        counts, (parent, *brood) = self.children.snapshot()
        kin = {name: slots.kin[name][alive] for name in KIN.names or ()}
        parents = kin["parent"]
        kin["parent"] = np.where(parents < 0, -1, place[parents])
        return {
            "facts": self._facts.copy(),
            "tickets": self.core.tickets,
            "groups": self._requests.groups.copy(),
            "held": [units[alive] for units in slots.held.T],
            "wait": slots.wait[alive],
            "asked": slots.asked[alive],
            "ranks": [{key: rank[key][alive] for key in RANK.names or ()} for rank in (slots.line, slots.timer)],
            "kin": kin,
            "rows": self._fleet.snapshot() | {"changes": self.core.fleet.changes},
            "posts": {key: slots.post[key][alive] for key in POST.names or ()} if len(slots.post) else {},
            "wants": slots.wants[alive] if len(slots.wants) else slots.wants,
            "children": [list(counts), [-1 if parent < 0 else int(place[parent]), *brood]],
        }

    def restore(self, slots: Slots, alive: int, snapshot: dict[str, Any]) -> None:
        """Let workers, in the first slots, have and wait for what they did when a snapshot was taken."""
        if not self:
            return
        self._facts[:] = snapshot["facts"]
        for resource, units in enumerate(snapshot["held"]):
            slots.held[:alive, resource] = units
        slots.wait[:alive], slots.asked[:alive] = snapshot["wait"], snapshot["asked"]
        for rank, kept in zip((slots.line, slots.timer), snapshot["ranks"], strict=True):
            for key, column in kept.items():
                rank[key][:alive] = column
        for name, column in snapshot["kin"].items():
            slots.kin[name][:alive] = column
        self._requests.groups[:] = snapshot["groups"]
        for name, column in snapshot["posts"].items():
            slots.post[name][:alive], slots.wants[:alive] = column, snapshot["wants"]
        order = self._fleet.restore(snapshot["rows"])
        self.core.fleet.restore(alive, snapshot["rows"]["changes"], order)
        self.core.restore(alive, snapshot["tickets"])
        in_order = np.argsort(slots.line["second"][:alive], kind="stable")
        heaps = slots.line["heap"][in_order]
        for slot in (*in_order[(heaps <= GATHERING) & (heaps != READY)], *in_order[heaps == READY][::-1]):
            self.core.come_back(int(slot))
        counts, brood = snapshot["children"]
        self.children.restore(tuple(counts), tuple(brood))
