"""Transitions by condition as the core has them: what it keeps of workers for them, and the programs that it follows.

Stands between the plan and the walk. What a condition reads is made twice: here, as numbers and places in lists, for
the walk, and with the columns, as values, for records; both follow from the same keys.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datagen.draw import Floats, Integers
from datagen.engine.known import Field, Known
from datagen.engine.plan import Plan
from datagen.engine.program import ARROW, Code, Compiler, Constants, Source, Unprogrammable, assembled
from datagen.plugin.world import World
from datagen.problems import Path_, Unfillable
from datagen.records.batch import Layout
from datagen.records.expression import Expression

PLAIN, WEIGHED, ORDERED = range(3)  # how a transition is chosen, as the core has it


@dataclass(frozen=True)
class Programs:
    """What the core reads of transitions by condition."""

    code: npt.NDArray[np.int32]  # (instructions,)
    argument: npt.NDArray[np.int32]  # (instructions,)
    whole: Integers  # (constants,) real ones by their bits
    valid: npt.NDArray[np.uint8]  # (constants,)
    entry: npt.NDArray[np.int32]  # (states + sources + 1,) where the instructions for what each sets begin
    draws: npt.NDArray[np.uint8]  # (states + sources,) whether these take what is drawn ahead of time
    kind: npt.NDArray[np.uint8]  # (states,) PLAIN, WEIGHED or ORDERED
    ways: npt.NDArray[np.int32]  # (states + 1,) where the transitions of each begin
    target: npt.NDArray[np.int32]  # (ways,)
    when: npt.NDArray[np.int32]  # (ways, 2) begin and end of the instructions for the condition
    weigh: npt.NDArray[np.int32]  # (ways, 2) and of those for the weight
    weight: Floats  # (ways,) where there are none
    first: npt.NDArray[np.uint8]  # (kept,) whether what is kept of a worker has a value at first, 0
    number: int  # which of these is the worker's number in its source; -1: none
    begin: int  # which is the time of its birth
    sums: Floats  # room for the weights of the transitions of any state

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
        self.known = Known(plan, world, self._constants)
        self.programs = self._made()

    @property
    def fields(self) -> list[Field]:
        """Return what is drawn ahead of time for them."""
        return self.known.fields

    def _made(self) -> Programs:
        """Return the programs; where something is wrong with a condition there is none for it."""
        plan, states = self._plan, self._plan.population.states
        ways = [way for state in states for way in state.ways]
        codes: dict[tuple[int, str], Code] = {}
        for path, place, key, expression in self._expressions():
            try:
                codes[place, key] = self._code(path, key, expression)
            except Unprogrammable as error:
                self.problems.append((path, str(error)))
            except Unfillable as error:
                self.problems.append((error.path, error.reason))
        owners = len(states) + len(plan.population.sources)
        settings = [() if self.problems else self.known.setting(owner) for owner in range(owners)]
        places = [(place, key) for place in range(len(ways)) for key in ("when", "probability")]
        code, argument, begins = assembled([*settings, *(codes.get(place, ()) for place in places)])
        spans = np.stack([begins[owners:-1], begins[owners + 1 :]], axis=1).reshape(len(ways), 2, 2)
        return Programs(
            code=code,
            argument=argument,
            whole=self._constants.whole,
            valid=self._constants.valid,
            entry=begins[: owners + 1],
            draws=np.array([any(name.startswith("drawn") for name, _ in setting) for setting in settings], np.uint8),
            kind=np.array([_kind(state) for state in states], np.uint8),
            ways=plan.tables.ways,
            target=plan.tables.target,
            when=np.ascontiguousarray(spans[:, 0]),
            weigh=np.ascontiguousarray(spans[:, 1]),
            weight=np.array([float(way.share) for way in ways]),
            first=np.array(self.known.first, np.uint8),
            number=self.known.number,
            begin=self.known.begin,
            sums=np.zeros(int(np.diff(plan.tables.ways).max())),
        )

    def _expressions(self) -> Iterator[tuple[Path_, int, str, Expression]]:
        """Yield the expressions of transitions, each with its path, the number of the transition, and its key."""
        place = 0
        for number, state in enumerate(self._plan.population.states):
            for index, way in enumerate(state.ways):
                for key, expression in way.expressions():
                    yield ("states", number, "transitions", index, key), place, key, expression
                place += 1

    def _code(self, path: Path_, key: str, expression: Expression) -> Code:
        """Return the instructions for an expression of a transition; raises Unprogrammable when there are none."""
        sources = self.known.sources(expression.names, int(path[1]))
        layout = Layout({"": {name: _arrow_type(source) for name, source in sources.items()}})
        for text in expression.check(layout):
            raise Unprogrammable(text)
        compiler = Compiler(sources, self._constants, self.world.zone)
        if key == "when":
            if not expression.is_condition(layout):
                raise Unprogrammable("is neither true nor false")
            return compiler.condition(expression.tree).code
        if not expression.is_number(layout):
            raise Unprogrammable("is no number")
        return compiler.weight(expression.tree).code


def _arrow_type(source: Source) -> pa.DataType:
    return ARROW[source.type] if source.values is None else source.values.type


def _kind(state: Any) -> int:
    if state.ordered:
        return ORDERED
    return WEIGHED if state.is_conditional else PLAIN
