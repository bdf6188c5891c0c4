"""What the walk knows of workers for conditions: variables as numbers or places in lists, visits, age, and so on."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datagen.engine.arithmetic import in_milliseconds
from datagen.engine.clocks import Clocks, place_of
from datagen.engine.code import (
    ARROW,
    LIST,
    NONE,
    REAL,
    REMEMBERED,
    TRUTH,
    WHOLE,
    Code,
    Constants,
    Part,
    Source,
    Unprogrammable,
    type_of,
)
from datagen.engine.counted import counted
from datagen.engine.drawing import Drawing
from datagen.engine.extract import Extracted, Variable, of_items
from datagen.engine.knowable import (
    WHY_NO_GIFT,
    is_counter,
    is_expression,
    is_listed,
    taken_by,
    why_no_number,
    why_not,
    why_not_inside,
)
from datagen.engine.lists import Turn, are_lists, has_lists, items_of, listed_in
from datagen.engine.named import told_in
from datagen.engine.program import MOST_LISTED, MOST_ROWS, Compiler
from datagen.engine.recall import Recall
from datagen.engine.room import OF_BATCH, Room
from datagen.engine.scheme import Scheme
from datagen.engine.setter import Setter
from datagen.language.state import Gift
from datagen.native.machine import FACTS
from datagen.plugin.arrival import BATCH, WORKER
from datagen.plugin.life import AGE, ITEM, MAYBE, VISITS, WAITED, shared, visited
from datagen.plugin.world import World
from datagen.problems import did_you_mean, show
from datagen.records.batch import TIME
from datagen.records.conversion import as_type
from datagen.records.expression import Expression
from datagen.records.expression.name import called, root
from datagen.records.types import JSON_TEXT, common_type


@dataclass
class Known:
    """What the walk keeps of workers, as far as conditions ask for it."""

    plan: Scheme
    world: World
    constants: Constants
    clocks: Clocks
    drawing: Drawing
    recall: Recall | None = None  # what states read of memories; None: no state may
    room: Room = field(init=False)
    _variables: dict[str, Variable] = field(default_factory=dict)
    _rows: dict[str, int] = field(default_factory=dict)  # where the numbers of rows are, by who holds them

    def __post_init__(self) -> None:
        self.room = Room(self.plan)
        for name, table in self.plan.held.tables.items():
            rows = self.world.tables[table].rows
            self._keep_list(name, pa.concat_arrays([pa.nulls(1, rows.type), rows]))
        self._kept_names = self.plan.variable_names.union(self.plan.held.tables)

    @property
    def held(self) -> dict[str, int]:
        """Return where it is kept which row a worker has, by the resources that are rows."""
        return {name: self._variables[name].column for name in self.plan.held.tables}

    def sources(self, names: Iterable[str], state: int) -> dict[str, Source]:
        """Return where the names in an expression of a state come from; raises Unprogrammable when one is not known."""
        shared = self.plan.shared.types
        roots = {name: "" if name in shared else root(self._kept_names, name) for name in names}
        self._keep_variables(sorted({variable for variable in roots.values() if variable}))
        return {
            variable or name: self._variables[variable].source if variable else self.fact(name, state)
            for name, variable in sorted(roots.items())
        }

    def setting(self, owner: int) -> Code:
        """Return the instructions for what a state, source or spawn sets, in order."""
        code: Code = ()
        for setter in self._set_by(owner):
            variable = self._variables[setter.dimension.name]
            if variable.column >= 0:
                code = (*code, *self._setting(setter, variable))
            for kept in variable.kept:
                code = (*code, *kept.codes[owner], kept.keep)
        return code

    def _setting(self, setter: Setter, variable: Variable) -> Code:
        """Return the instructions for what is set of a variable."""
        if (value := variable.drawn.get(setter.owner)) is None:
            compiler, tree = self._compiler(setter, setter.names), setter.expression.tree
            if variable.source.type == REMEMBERED:
                return compiler.remembered.kept(tree, variable.source.code)
            value = in_milliseconds(compiler.value(tree), self.constants).code
        real = " real" if variable.source.type == REAL else ""
        return self.drawing.kept(value, (f"keep{real}", variable.column))

    def gives(self) -> npt.NDArray[np.uint8]:
        """Return what of all that is kept children are given, (spawns, kept)."""
        table = np.zeros((len(self.plan.spawns), len(self.room.first)), np.uint8)
        for number, (_, entry) in enumerate(self.plan.spawns):
            names = [one.name for one in entry.variables if one.name in self._variables]
            table[number, [column for name in names for column in self._variables[name].columns]] = 1
        return table

    def _set_by(self, owner: int) -> Iterator[Setter]:
        """Yield what sets, of an owner, variables that are kept, in its order."""
        for dimension in self.plan.variables_of(owner):
            if dimension.name in self._variables:
                yield from (setter for setter in self.plan.declared[dimension.name] if setter.owner == owner)

    def _compiler(self, setter: Setter, names: Iterable[str]) -> Compiler:
        """Return what makes instructions for what a setter calculates of names; of a child, of those of its parent."""
        source, spawn = self.plan.begins
        state = setter.owner if setter.owner < source else -1
        if setter.owner >= spawn:
            state = self.plan.state_number(self.plan.spawns[setter.owner - spawn][0].name)
        return self.compiler(self.sources(names, state))

    def compiler(self, sources: Mapping[str, Source]) -> Compiler:
        """Return what makes instructions for an expression, given where its names come from."""
        return Compiler(sources, self.constants, self.world.zone, self.clocks)

    # What is no variable.

    def fact(self, name: str, state: int) -> Source:
        """Return where what is known of a worker in a state comes from; raises Unprogrammable when it is not known."""
        if name in self.plan.shared.types and state >= 0:
            return self.shared(name)
        if name in self.plan.held.tables:
            return self._variables[name].source
        visits = visited(self.plan.own_names)
        if name == VISITS and state >= 0:
            return Source(WHOLE, (("known", self.room.place(called(VISITS, self.plan.own_names[state]))),))
        if name in visits or name == WORKER:
            return Source(WHOLE, (("known", self.room.place(name)),))
        if name in OF_BATCH or (name in MAYBE and state >= 0):
            return Source(WHOLE, (("known", self.room.place(name, has_value=False)),))
        if name == AGE and state >= 0:
            self.room.place(AGE)
        if name in (AGE, WAITED) and state >= 0:
            return Source(REAL, (("seconds", FACTS[name]),))
        if state >= 0 and (value := told_in(self.plan.population, name, state)) is not None:
            place = self.constants.add(np.ones(1, np.int64), np.ones(1, bool))
            return Source(WHOLE, (("whole", place),), pa.array([None, value]))
        if name in FACTS and state >= 0:
            return Source(WHOLE, (("fact", FACTS[name]),))
        if self.recall is not None and state >= 0 and (memory := self.recall.source(name, state)) is not None:
            return memory
        if name == TIME:
            return self.clocks.time(self.constants)
        for profile in self.plan.population.profiles:
            if name == called("profile", profile):
                return Source(REAL, (("factor", self.clocks.profile(profile)),))
        for incident in self.plan.incidents_read:
            if name == called("incident", incident):
                return Source(TRUTH, (("fact", place_of(self.plan, "incident", incident)),))
        resources = [*self.plan.population.resources]
        if (of := shared(resources).get(name)) is not None and state >= 0:
            place = len(FACTS) + (of[0] == "waiting") * len(resources) + resources.index(of[1])
            return Source(WHOLE, (("fact", place),))
        raise Unprogrammable(self._unknown(name, [*visits, *shared(resources), WORKER, VISITS, *FACTS]))

    def shared(self, name: str) -> Source:
        """Return where a value comes from that all share."""
        found = type_of(self.plan.shared.types[name])
        assert found is not None, "a number or a boolean"
        real = " real" if found == REAL else ""
        holder = self.plan.shared.holder(name)
        if not holder:
            return Source(found, ((f"cell{real}", self._cells[name]),))
        return Source(found, (*self.row(holder), (f"cell at{real}", self._cells[name])))

    def variable(self, name: str) -> Source:
        """Return where a variable comes from; raises Unprogrammable when it can't be known."""
        self._keep_variables([name])
        return self._variables[name].source

    def row(self, variable: str) -> Code:
        """Return the instructions for the number of the row that a variable holds; null where it holds none."""
        self._keep_variables([variable])
        known = self._variables[variable]
        if variable not in self._rows:
            numbers = [np.zeros(1, np.int64)]
            if variable in self.plan.held.tables and known.source.values is not None:
                numbers += [np.arange(len(known.source.values) - 1)]
            else:
                numbers += [np.arange(self._size(setter)) for setter in self.plan.declared[variable]]
            valid = np.arange(sum(map(len, numbers))) > 0
            self._rows[variable] = self.constants.add(np.concatenate(numbers), valid)
        return (*known.source.code, ("listed", self._rows[variable]))

    @cached_property
    def _cells(self) -> dict[str, int]:
        return self.plan.shared.begins(self.world.tables)[0]

    def _unknown(self, name: str, known: Sequence[str]) -> str:
        if root([BATCH], name):
            return f"of {show(BATCH)} a state can only read {', '.join(OF_BATCH)}, not {show(name)}"
        if name.partition("(")[0] in ("profile", "incident", "previous") or root([TIME], name):
            return f"{show(name)} can't be read by a state"
        near = did_you_mean(name, [*known, *self.plan.variable_names])
        return f"{show(name)} is neither a variable nor what a state knows of a worker{near}"

    def _keep_variables(self, names: Sequence[str]) -> None:
        """Keep some variables, and those that they are made of; raises Unprogrammable when one can't be known."""
        wanted = [name for name in self._made_of(names) if name not in self._variables]
        types = {name: self._drawn_type(name) for name in wanted}
        for name in [*reversed(wanted), *reversed(wanted)]:  # an item behind the list that it is in
            if name not in self._variables:
                self._keep_lists(name, types[name])
        scalars = [name for name in wanted if name not in self._variables]
        for name in scalars:
            self._keep_number(name, types[name])
        for _ in range(len(scalars) + 1):
            found = {name: common_type([types[name], *self._calculated_types(name)]) for name in scalars}
            if all(found[name] == ARROW.get(self._variables[name].source.type) for name in scalars):
                break
            for name in scalars:
                self._keep_number(name, found[name])
        for name in scalars:
            self._draw_number(name)

    def _keep_lists(self, name: str, type_: pa.DataType) -> None:
        """Keep a variable that has lists, or an item of one, or values of one list."""
        if (values := self._list(name, type_)) is not None:
            self._keep_list(name, values)
        elif has_lists(self.plan.declared[name], type_):
            self._keep_length(name)
        else:
            self._keep_item(name)

    def _made_of(self, names: Sequence[str]) -> list[str]:
        """Return some variables, and those that expressions make them of."""
        found = dict.fromkeys(names)
        todo = list(names)
        while todo:
            for setter in self.plan.declared.get(todo.pop(), ()):
                if why := self._why_not(setter):
                    raise Unprogrammable(f"variable {show(setter.dimension.name)} can't be read by a state: {why}")
                asked = setter.names.union(*(test.names for test in setter.tests.values()))
                read = {root(self._kept_names, name) for name in asked} - {"", *found}
                found |= dict.fromkeys(sorted(read))
                todo += sorted(read)
        return list(found)

    def _why_not(self, setter: Setter) -> str | None:
        """Return why the walk can't know what is set; None when it can."""
        if why := why_not(setter.dimension):
            return why
        if root(self._kept_names, by := taken_by(setter.dimension)):
            return f"it is a row by {by}, which is a variable, too; give that another name"
        is_gift = (child := setter.owner - self.plan.begins[1]) >= 0 and isinstance(self.plan.spawns[child][1], Gift)
        return WHY_NO_GIFT if is_gift and not self.drawing.is_at_once(setter) else None

    def _drawn_type(self, name: str) -> pa.DataType:
        """Return the type of what is drawn for a variable; null when nothing is."""
        types = [setter.made(np.zeros(0, np.uint64), self.plan.path, self.world).type for setter in self._drawn(name)]
        return common_type(types)

    def _drawn(self, name: str) -> list[Setter]:
        return [setter for setter in self.plan.declared[name] if not is_expression(setter.dimension)]

    def _list(self, name: str, type_: pa.DataType) -> pa.Array | None:
        """Return all values of a variable, with null at the first place; None when they are of no list, or too many."""
        setters = self.plan.declared[name]
        if not all(map(self._is_listed, setters)):
            return None
        most = MOST_ROWS if all(getattr(setter.dimension, "kind", "") == "row" for setter in setters) else MOST_LISTED
        if sum(map(self._size, setters)) >= most:
            return None
        found = [self._values(setter) for setter in setters]
        type_ = common_type([type_, *(values.type for values in found)])
        return pa.concat_arrays([pa.nulls(1, type_), *(as_type(values, type_) for values in found)])

    def _is_listed(self, setter: Setter) -> bool:
        known = self._variables.get(listed_in(setter))
        return is_listed(setter.dimension) or (known is not None and are_lists(known.source))

    def _size(self, setter: Setter) -> int:
        return setter.cardinality or len(self._values(setter))

    def _values(self, setter: Setter) -> pa.Array:
        """Return the list of values that a setter takes one of."""
        if variable := listed_in(setter):
            return items_of(self._variables[variable].source)
        return setter.choices(self.plan.path, self.world)

    def _keep_length(self, name: str) -> None:
        """Keep how long the lists of a variable are."""
        if len(self._drawn(name)) < len(self.plan.declared[name]):
            raise Unprogrammable(f"variable {show(name)} can't be read by a state: some of its lists are calculated")
        setters, column = self._drawn(name), self.room.another()
        why = next(filter(None, (why_not_inside(setter.dimension) for setter in setters)), "")
        extracts = None if why else self.drawing.extracts(setters, self.room.another)
        source = Extracted(LIST, (("known", column),), extracts=extracts, why=why)
        lengths = {setter.owner: self.drawing.length(setter) for setter in setters}
        self._variables[name] = Variable(source, column, lengths)

    def _keep_item(self, name: str) -> None:
        """Keep what is asked about the item of lists that a state goes through, where that is no number itself."""
        setters = self.plan.declared[name]
        lists = {setter.owner: self._variables.get(listed_in(setter)) for setter in setters}
        known = {
            owner: one.source.extracts for owner, one in lists.items() if one and isinstance(one.source, Extracted)
        }
        found = {owner: extracts for owner, extracts in known.items() if extracts is not None}
        if not found or len(found) < len(setters):
            return
        place = Part(WHOLE, (("known", self.room.place(ITEM, has_value=False)),))
        extracts = of_items(found, place, self.constants, self.room.another)
        if type_of(extracts.type) is None:
            self._variables[name] = Variable(Extracted(NONE, (), extracts=extracts), -1, {})

    def _keep_list(self, name: str, values: pa.Array) -> None:
        source = Source(WHOLE, (("known", self.room.another(has_value=True)),), values)
        variable = self._variables[name] = Variable(source, source.code[0][1], {})
        begin = 1
        for setter in self.plan.declared.get(name, ()):
            size = len(self._values(setter))
            if by := taken_by(setter.dimension) or (listed_in(setter) and ITEM):
                turn = Turn(self._number(by), begin, self.constants)
                of = self._variables.get(listed_in(setter))
                variable.drawn[setter.owner] = turn.row(size) if of is None else turn.item(of.source)
            else:
                variable.drawn[setter.owner] = self.drawing.place(setter, begin)
            begin += size

    def _number(self, by: str) -> Code:
        """Return the instructions for the number by which a row or an item is taken; who is of no batch has 0 there."""
        number = ("known", self.room.place(by, has_value=by == WORKER))
        return (number, ("whole", self.constants.number(0)), ("coalesce", 0)) if by in OF_BATCH else (number,)

    def _keep_number(self, name: str, type_: pa.DataType) -> None:
        """Keep a variable of a type, in the place that it may have already; of one only the instant tells, in two."""
        found = REMEMBERED if type_ == JSON_TEXT and not self._drawn(name) else type_of(type_)
        if found is None:
            why = why_no_number(type_, {read for setter in self.plan.declared[name] for read in setter.names})
            raise Unprogrammable(f"variable {show(name)} can't be read by a state: {why}")
        known = self._variables.get(name)
        column = self.room.another() if known is None else known.column
        code: Code = (("known real" if found == REAL else "known", column),)
        if known is None or known.source.type != found:
            code += (("known", self.room.another()),) if found == REMEMBERED else ()
            self._variables[name] = Variable(Source(found, code), column, {})

    def _draw_number(self, name: str) -> None:
        variable = self._variables[name]
        for setter in self._drawn(name):
            if is_counter(setter.dimension):
                variable.drawn[setter.owner] = self._counted(setter, variable.column)
                continue
            values = self._values(setter) if is_listed(setter.dimension) else None
            variable.drawn[setter.owner] = self.drawing.number(setter, ARROW[variable.source.type], values)

    def _counted(self, setter: Setter, column: int) -> Code:
        """Return the instructions for the next number of a counter; raises Unprogrammable when there are none."""
        is_own = getattr(setter.dimension, "per", "run") == "worker"
        own = self.room.another(has_value=True) if is_own else -1
        tests = {key: self._test(setter, key, test) for key, test in setter.tests.items()}
        return counted(setter, self.drawing, tests, column, own)

    def _test(self, setter: Setter, key: str, test: Expression) -> Code:
        try:
            compiler = self._compiler(setter, test.names)
            if not test.is_condition(compiler.layout):
                raise Unprogrammable("is neither true nor false")
            return compiler.condition(test.tree).code
        except Unprogrammable as error:
            name = show(setter.dimension.name)
            raise Unprogrammable(f"variable {name} can't be read by a state: of its {show(key)}, {error}") from error

    def _calculated_types(self, name: str) -> Iterator[pa.DataType]:
        """Yield the types of what expressions set a variable to, as far as those of what they read are known."""
        calculated = [setter for setter in self.plan.declared[name] if is_expression(setter.dimension)]
        made = [(self._compiler(setter, setter.names), setter.expression.tree) for setter in calculated]
        if any(compiler.remembered.is_open(tree) for compiler, tree in made):
            yield JSON_TEXT
        else:
            yield from (ARROW[compiler.value(tree).type] for compiler, tree in made)
