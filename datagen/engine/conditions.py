"""Transitions by condition as the core has them: what it keeps of workers for them, and the programs that it follows.

Stands between the plan and the walk. What a condition reads is made twice: here, as numbers and places in lists, for
the walk, and with the columns, as values, for records; both follow from the same keys.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datagen.draw import Floats, Integers, Keys
from datagen.engine.clocks import Clocks, place_of
from datagen.engine.code import Code, Constants, Unprogrammable, assembled
from datagen.engine.drawing import Drawing, Recipes
from datagen.engine.extract import Extract
from datagen.engine.fleet import Fleet
from datagen.engine.known import Known
from datagen.engine.lists import size_of
from datagen.engine.plan import Plan
from datagen.engine.program import Compiler
from datagen.engine.recall import Recall
from datagen.engine.roster import Roster
from datagen.engine.rounds import depths
from datagen.engine.setter import Field
from datagen.language.each import Each
from datagen.language.state import Gift, Spawn, State
from datagen.plugin.shared import are_before, noted, variable_of
from datagen.plugin.world import World
from datagen.problems import Path_, Unfillable, show
from datagen.records.expression import Expression

_BEFORE, _BEHIND, _LEAVING, _TELLS = 1, 2, 4, 8  # flags of states, as the walk has them
PLAIN, WEIGHED, ORDERED, LATE = range(4)  # how a transition is chosen, or plainly but late, as the core has it


@dataclass(frozen=True)
class Programs:
    """What the core reads of transitions by condition."""

    code: npt.NDArray[np.int32]  # (instructions,)
    argument: npt.NDArray[np.int32]  # (instructions,)
    whole: Integers  # (constants,) real ones by their bits
    valid: npt.NDArray[np.uint8]  # (constants,)
    entry: npt.NDArray[np.int32]  # (owners + 1,) where the instructions for what each sets begin
    draws: npt.NDArray[np.uint8]  # (owners,) whether these take what is drawn ahead of time
    looks: bool  # whether anything that is set or noted at a step follows from the instant,
    asks: bool  # and whether where workers go does
    gives: npt.NDArray[np.uint8]  # (spawns, kept) whether children are given a value
    counts: npt.NDArray[np.int32]  # (states,) which of what is kept counts the visits to each; -1: nothing
    kind: npt.NDArray[np.uint8]  # (states,) PLAIN, WEIGHED, ORDERED or LATE
    ways: npt.NDArray[np.int32]  # (states + 1,) where the transitions of each begin
    bound: Keys  # (ways,) cumulative probabilities, in 2**-53
    target: npt.NDArray[np.int32]  # (ways,)
    when: npt.NDArray[np.int32]  # (ways, 2) begin and end of the instructions for the condition
    weigh: npt.NDArray[np.int32]  # (ways, 2) and of those for the weight
    weight: Floats  # (ways,) where there are none
    first: npt.NDArray[np.uint8]  # (kept,) whether what is kept of a worker has a value at first, 0
    number: int  # which of these is the worker's number in its source; -1: none
    begin: int  # which is the time of its birth
    batch: npt.NDArray[np.int32]  # (read, 2) which are of the batch that it is of, and what: as ``Births`` has it
    sums: Floats  # room for the weights of the transitions of any state
    facts: Integers  # room for what is known of an instant
    notes: npt.NDArray[np.int32]  # (notes, states, 2) begin and end of the instructions for a step into each
    early: int  # so many notes, the first ones, are of before a state changes what all share
    changes: npt.NDArray[np.int32]  # (states + 1,) where the instructions for what each changes begin
    cells: Integers  # (cells,) what all share, real ones by their bits, and what templates remember
    recalls: npt.NDArray[np.uint8]  # (states,) when each reads that, and whether its record changes it: flags
    is_real: npt.NDArray[np.uint8]  # (notes,) whether that is a real number
    priorities: npt.NDArray[np.int32]  # (requests, 2) begin and end of the instructions for the priority, or the key
    gathered: npt.NDArray[np.int32]  # (2,) which of what is kept are the number of the group and the place; -1: none
    counts_of_children: npt.NDArray[np.int32]  # (spawns, 2) and of those for how many children there are
    numbers: npt.NDArray[np.int32]  # (numbers, 2) and of those for the numbers of delays
    items: npt.NDArray[np.int32]  # (states, 2) and of those for how many items each goes through
    item: npt.NDArray[np.int32]  # (2,) which of what is kept are the place of an item, and how many are left; -1: none
    fleet: Fleet  # resources that are rows
    recipes: Recipes  # what the core draws

    @property
    def real(self) -> Floats:
        """Return the constants as real numbers."""
        return self.whole.view(np.float64)


class Conditions:
    """The conditions of a plan."""

    def __init__(self, plan: Plan, world: World) -> None:
        """Take the world of a run, whose pools and tables the values of variables come from."""
        self._plan = plan
        self.world = world
        self.problems: list[tuple[Path_, str]] = []  # what is wrong with conditions, each with its path in the JSON
        self._constants = Constants()
        self.clocks = Clocks(plan, world.zone)
        cells = plan.shared.begins(world.tables)[1].tolist()
        self._drawing = Drawing(plan.path, world, self._constants, cells)
        self.recall = Recall(plan, cells)  # what states read of memories
        self.known = Known(plan, world, self._constants, self.clocks, self._drawing, self.recall)
        self.programs = self._made()

    @property
    def fields(self) -> list[Field | Extract]:
        """Return what is drawn ahead of time for them."""
        return self._drawing.fields

    def _made(self) -> Programs:
        """Return the programs; where something is wrong with a condition there is none for it."""
        plan, states = self._plan, self._plan.population.states
        codes, notes, changes = self._codes() | self._keys() | self._items(), self._notes(), self._changes()
        roster = Roster(self.known, self.problems)
        looks = roster.codes()
        self.known.room.keep_times()
        owners = range(plan.begins[1] + len(plan.spawns))
        settings = [() if self.problems else self.known.setting(owner) for owner in owners]
        sees_lives = any(sees for _, sees in depths(plan).values())
        sizes = self._sizes
        wanted = [codes.get((key, place), ()) for key, size in sizes.items() for place in range(size)]
        code, argument, begins = assembled([*settings, *changes, *wanted, *notes, *looks])
        spans = np.stack([begins[:-1], begins[1:]], axis=1)
        cuts = np.cumsum([len(settings) + len(states), *sizes.values()])
        when, weigh, priorities, counts, numbers, items = (spans[low:high].copy() for low, high in pairwise(cuts))
        facts = np.zeros(place_of(plan, "shown", str(len(self.clocks.shown))), np.int64)
        fleet = roster.made(spans[len(spans) - len(looks) :], facts)
        return Programs(
            **self._kept(),
            fleet=fleet,
            code=code,
            argument=argument,
            whole=self._constants.whole,
            valid=self._constants.valid,
            entry=begins[: len(settings) + 1],
            draws=np.array([any(name.startswith("drawn") for name, _ in setting) for setting in settings], np.uint8),
            looks=bool(plan.spawns or sizes["number"]) or any(map(_looks, (*settings, *changes, *notes))),
            asks=any(_looks(code) for (key, _), code in codes.items() if key in ("when", "probability")),
            kind=np.array([_kind(state, sees_lives) for state in states], np.uint8),
            ways=plan.tables.ways,
            bound=plan.tables.bound,
            target=plan.tables.target,
            when=when,
            weigh=weigh,
            weight=np.array([float(way.share) for state in states for way in state.ways]),
            sums=np.zeros(int(np.diff(plan.tables.ways).max())),
            facts=facts,
            notes=spans[cuts[-1] : len(spans) - len(looks)].reshape(len(plan.notes), len(states), 2).copy(),
            early=are_before(plan.notes),
            changes=begins[len(settings) : len(settings) + len(states) + 1].copy(),
            cells=np.array(self._drawing.cells, np.int64),
            recalls=self._recalls(codes, changes, roster),
            is_real=np.array([type_ == pa.float64() for type_ in plan.notes.values()], np.uint8),
            priorities=priorities,
            counts_of_children=counts,
            numbers=numbers,
            items=items,
            recipes=self._drawing.recipes,
        )

    def _recalls(
        self, codes: Mapping[tuple[str, int], Code], changes: Sequence[Code], roster: Roster
    ) -> npt.NDArray[np.uint8]:
        """Return when each state reads what templates remember, and whether its record may change that, (states,)."""
        states = self._plan.population.states
        found = np.where(self.recall.told, _TELLS, 0).astype(np.uint8)
        found[[self.recall.is_in(code) for code in changes]] |= _BEFORE
        for key, (when, counts) in {
            "when": (_LEAVING, [len(state.ways) for state in states]),
            "probability": (_LEAVING, [len(state.ways) for state in states]),
            "priority": (_BEFORE, [len(state.asked) for state in states]),
            "count": (_BEHIND, [len(state.entries) for state in states]),
            "number": (_BEHIND, [len(state.delay_numbers) for state in states]),
        }.items():
            for place, number in enumerate(np.repeat(np.arange(len(states)), counts).tolist()):
                if self.recall.is_in(codes.get((key, place), ())):
                    found[number] |= when
        for number, kind in self.recall.setting:
            found[number] |= _LEAVING if issubclass(kind, Gift) else _BEHIND if issubclass(kind, Spawn) else _BEFORE
        for number, state in enumerate(states):
            if roster.recalls(number, state):
                found[number] |= _BEFORE
            if any(roster.follows_memory(one.resource) for one in state.use):
                found[number] |= _LEAVING
        return found

    def _kept(self) -> dict[str, Any]:
        """Return what the core reads of what is kept of workers; by then all of it is known."""
        known, states = self.known, range(len(self._plan.population.states))
        return {
            "gives": known.gives(),
            "counts": np.array([known.room.counter(number) for number in states], np.int32),
            "first": np.array(known.room.first, np.uint8),
            "number": known.room.number,
            "begin": known.room.begin,
            "batch": np.array(known.room.batch, np.int32).reshape(-1, 2),
            "gathered": np.array(known.room.gathered, np.int32),
            "item": np.array(known.room.item, np.int32),
        }

    @property
    def _sizes(self) -> dict[str, int]:
        """Return for how many places there may be an expression, by its key."""
        states = self._plan.population.states
        return {
            "when": len(self._plan.tables.target),
            "probability": len(self._plan.tables.target),
            "priority": sum(len(state.asked) for state in states),
            "count": len(self._plan.spawns),
            "number": sum(len(state.delay_numbers) for state in states),
            "items": len(states),
        }

    def _codes(self) -> dict[tuple[str, int], Code]:
        """Return the instructions for expressions, by their keys and places; where one is wrong there are none."""
        codes: dict[tuple[str, int], Code] = {}
        wanted = (*self._leaving(), *self._priorities(), *self._counts(), *self._numbers())
        for path, key, place, expression in wanted:
            try:
                codes[key, place] = self._code(path, key, expression)
            except Unprogrammable as error:
                self.problems.append((path, str(error)))
            except Unfillable as error:
                self.problems.append((error.path, error.reason))
        return codes

    def _notes(self) -> list[Code]:
        """Return the instructions for what is noted of a step, by note and state; none where one is not known."""
        states = range(len(self._plan.population.states))
        try:
            return [self._note(name, number) for name in self._plan.notes for number in states]
        except Unprogrammable as error:
            self.problems.append((("shared",), str(error)))
            return [()] * (len(self._plan.notes) * len(states))

    def _note(self, name: str, state: int) -> Code:
        name, is_asked = noted(name)
        variable = variable_of(name)
        code = (self.known.variable(variable) if variable else self.known.fact(name, state)).code
        return (*code, ("is null", 0), ("not", 0)) if is_asked else code

    def _changes(self) -> list[Code]:
        """Return the instructions for what each state changes; where something is wrong with it there are none."""
        codes: list[Code] = []
        for number, state in enumerate(self._plan.population.states):
            code: Code = ()
            for inner, expression in state.changes():
                path = ("states", number, *inner)
                try:
                    code = (*code, *self._change(number, inner[1], expression))
                except Unprogrammable as error:
                    self.problems.append((path, str(error)))
                except Unfillable as error:
                    self.problems.append((error.path, error.reason))
            codes.append(code)
        return codes

    def _change(self, state: int, name: str, expression: Expression) -> Code:
        """Return the instructions to set a shared value; raises Unprogrammable when there are none."""
        shared = self._plan.shared
        if name not in shared.types:
            raise Unprogrammable(shared.unknown(name))
        compiler = self._compiler(state, expression)
        holder = shared.holder(name)
        return compiler.change(self.known.shared(name), self.known.row(holder) if holder else (), expression.tree)

    def _leaving(self) -> Iterator[tuple[Path_, str, int, Expression]]:
        """Yield the expressions of transitions, each with its path, its key, and the number of the transition."""
        place = 0
        for number, state in enumerate(self._plan.population.states):
            for index, way in enumerate(state.ways):
                for key, expression in way.expressions():
                    yield ("states", number, "transitions", index, key), key, place, expression
                place += 1

    def _priorities(self) -> Iterator[tuple[Path_, str, int, Expression]]:
        """Yield the expressions of requests, each with its path, its key, and the number of the request."""
        place = 0
        for number, state in enumerate(self._plan.population.states):
            for inner, expression in state.priorities():
                before = state.join + (state.gather is not None) + (len(state.acquire) if inner[0] == "use" else 0)
                yield ("states", number, *inner), "priority", place + before + inner[1], expression
            place += len(state.asked)

    def _keys(self) -> dict[tuple[str, int], Code]:
        """Return the instructions for what those have in common who gather, by the numbers of their requests."""
        codes: dict[tuple[str, int], Code] = {}
        place = 0
        for number, state in enumerate(self._plan.population.states):
            if state.gather is not None and state.gather.by is not None:
                try:
                    by = state.gather.by
                    codes["priority", place + state.join] = self._compiler(number, by).key(by.tree)
                except Unprogrammable as error:
                    self.problems.append((("states", number, "gather", "by"), str(error)))
            place += len(state.asked)
        return codes

    def _items(self) -> dict[tuple[str, int], Code]:
        """Return the instructions for how many items states go through, by their numbers."""
        codes: dict[tuple[str, int], Code] = {}
        for number, state in enumerate(self._plan.population.states):
            if state.each is not None:
                try:
                    codes["items", number] = self._size(number, state.each)
                except Unprogrammable as error:
                    self.problems.append((("states", number, "each", "variable"), str(error)))
        return codes

    def _size(self, state: int, each: Each) -> Code:
        """Return the instructions for how many items there are; raises Unprogrammable when that can't be known."""
        self.known.room.keep_items()
        if each.table is not None:
            return (("whole", self._constants.number(self.world.tables[each.table].size)),)
        [source] = self.known.sources([str(each.variable)], state).values()
        size = size_of(source, self._constants)
        if size is None:
            raise Unprogrammable(f"variable {show(each.variable)} does not always hold a list")
        return size

    def _counts(self) -> Iterator[tuple[Path_, str, int, Expression]]:
        """Yield how many children there are by expression, each with its path, its key, and the number of the spawn."""
        place = 0
        for number, state in enumerate(self._plan.population.states):
            for index, entry in enumerate(state.entries):
                if isinstance(entry.count, Expression):
                    yield ("states", number, "spawn", index, "count"), "count", place, entry.count
                place += 1

    def _numbers(self) -> Iterator[tuple[Path_, str, int, Expression]]:
        """Yield the numbers of delays where some are expressions, each with its path, its key, and its place."""
        place = 0
        for number, state in enumerate(self._plan.population.states):
            for at, expression in state.delay_numbers.items():
                yield ("states", number, "delay", *at), "number", place, expression
                place += 1

    def _code(self, path: Path_, key: str, expression: Expression) -> Code:
        """Return the instructions for an expression of a state; raises Unprogrammable when there are none."""
        compiler = self._compiler(int(path[1]), expression)
        layout = compiler.layout
        if key == "when":
            if not expression.is_condition(layout):
                raise Unprogrammable("is neither true nor false")
            return compiler.condition(expression.tree).code
        if not expression.is_number(layout):
            raise Unprogrammable("is no number")
        return compiler.weight(expression.tree).code

    def _compiler(self, state: int, expression: Expression) -> Compiler:
        """Return what makes instructions of an expression of a state; raises Unprogrammable when it doesn't fit."""
        compiler = self.known.compiler(self.known.sources(expression.names, state))
        for text in expression.check(compiler.layout):
            raise Unprogrammable(text)
        return compiler


def _looks(code: Code) -> bool:
    """Return whether instructions read what is known of the instant."""
    return any(name in ("fact", "seconds", "factor") for name, _ in code)


def _kind(state: State, sees_lives: bool) -> int:
    """Return how a state is left; who stops there is noted where somebody looks at lives, and so decides it late."""
    if state.ordered:
        return ORDERED
    is_late = state.use or sees_lives or state.follows_the_instant or state.each is not None
    return WEIGHED if state.is_conditional else LATE if is_late else PLAIN
