"""From resources that are rows, and from what states ask of them, to instructions and tables of the core."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datagen.draw import Integers, text_number
from datagen.engine.code import MOMENT, REAL, TRUTH, WHOLE, Code, Source, Unprogrammable, type_of
from datagen.engine.fleet import ROW, Fleet
from datagen.engine.index import PLACE, Index, Part, laid, laid_parts
from datagen.engine.index import REAL as BY_REAL
from datagen.engine.index import WHOLE as BY_WHOLE
from datagen.engine.known import Known
from datagen.engine.program import MOST_ROWS
from datagen.language.resource import Request, Resource
from datagen.language.state import State
from datagen.native.machine import FACTS
from datagen.plugin.memory import parts_of
from datagen.problems import Path_, did_you_mean, show
from datagen.records.batch import TIME
from datagen.records.expression.name import called, root
from datagen.records.reference import Reference, different_in, places_among

_SHARED = {"cell", "cell real", "cell at", "cell at real"}  # instructions
_COMPARABLE = ({WHOLE}, {REAL}, {WHOLE, REAL}, {TRUTH}, {MOMENT})


@dataclass(frozen=True)
class _Look:
    """The instructions for whether a row is available."""

    code: Code

    @property
    def facts(self) -> set[int]:
        """Return which facts they read."""
        return {fact for name, fact in self.code if name == "fact"}

    @property
    def is_late(self) -> bool:
        """Return whether they read the very instant."""
        return FACTS["now"] in self.facts or any(name == "factor" for name, _ in self.code)

    @property
    def is_fickle(self) -> bool:
        """Return whether what they leave may be another at any time."""
        return self.is_late or any(name in _SHARED for name, _ in self.code)

    @property
    def is_timely(self) -> bool:
        """Return whether it follows from the time at all."""
        return self.is_late or any(fact >= len(FACTS) for fact in self.facts)


@dataclass
class Roster:
    """Makes the resources of a plan that are rows: the instructions first, and then the tables."""

    known: Known
    problems: list[tuple[Path_, str]]
    _parts: list[list[Part]] = field(default_factory=list)  # of each request
    _looks: list[_Look] = field(default_factory=list)  # of each resource
    _recalling: set[int] = field(default_factory=set)  # states that match by what templates remember

    def codes(self) -> list[Code]:
        """Return the instructions whose begins and ends ``made`` takes; tells what is wrong with expressions."""
        found: list[Code] = []
        for path, state, request in self._requests():
            parts = [*self._match(path, state, request)] if request is not None else []
            self._parts.append([part for _, part in parts])
            if any(self._reads_memory(code) for code, _ in parts):
                self._recalling.add(state)
            found += [code for code, _ in parts]
        self._looks = [_Look(self._available(name)) for name in self._resources]
        return [*found, *(look.code for look in self._looks)]

    def made(self, spans: npt.NDArray[np.int32], facts: Integers) -> Fleet:
        """Return the tables, given where each of the instructions begins and ends, (n, 2), and the room for facts."""
        resources = self._resources
        free, waiting = facts[len(FACTS) : len(FACTS) + 2 * len(resources)].reshape(2, len(resources))
        rows = np.concatenate([np.zeros(0, ROW), *map(self._rows, resources)])
        rows["since"] = np.arange(len(rows))
        parts = [part for parts in self._parts for part in parts]
        indexes, counts, wanted = self._indexes()
        return Fleet(
            rows=np.cumsum([0, *map(self._size, resources)]).astype(np.int32),
            kept=np.array([self.known.held.get(name, -1) for name in resources], np.int32),
            programs=spans[len(parts) :].astype(np.int32),
            always=np.array([look.is_fickle for look in self._looks], np.uint8),
            indexes=np.cumsum([0, *counts]).astype(np.int32),
            wanted=wanted,
            parts=np.cumsum([0, *map(len, self._parts)]).astype(np.int32),
            row=rows,
            free=free,
            waiting=waiting,
            recalls=np.array([self._reads_memory(look.code) for look in self._looks], np.uint8),
            reads=[look.facts for look in self._looks],
            is_timely=[look.is_timely for look in self._looks],
            **laid(indexes),
            **laid_parts(parts, spans[: len(parts)]),
        )

    def recalls(self, number: int, state: State) -> bool:
        """Return whether what templates remember is read by what a state asks for, or gives back on entry."""
        named = (one.resource for one in (*state.requests, *state.release))
        return number in self._recalling or any(map(self.follows_memory, named))

    def follows_memory(self, resource: str) -> bool:
        """Return whether it is by what templates remember that rows of a resource are available."""
        return resource in self._following

    @cached_property
    def _following(self) -> set[str]:
        pairs = zip(self._resources, self._looks, strict=True)
        return {name for name, look in pairs if self._reads_memory(look.code)}

    def _reads_memory(self, code: Code) -> bool:
        return self.known.recall is not None and self.known.recall.is_in(code)

    @cached_property
    def _resources(self) -> Mapping[str, Resource]:
        return self.known.plan.population.resources

    @cached_property
    def _held(self) -> Mapping[str, str]:
        return self.known.plan.held.tables

    def _table(self, resource: str) -> Reference:
        return self.known.world.tables[self._held[resource]]

    def _size(self, resource: str) -> int:
        return self._table(resource).size if resource in self._held else 0

    def _rows(self, resource: str) -> npt.NDArray[Any]:
        """Return the rows of a resource, all of whose places are free."""
        made = np.zeros(self._size(resource), ROW)
        if len(made):
            made["places"] = self._places(resource)
            made["is_open"] = self._resources[resource].available is None
        return made

    def _places(self, resource: str) -> Integers | int:
        """Return how many places rows have; tells what is wrong with that."""
        given, table = self._resources[resource].most, self._table(resource)
        if not isinstance(given, str):
            return given
        path: Path_ = ("resources", resource, "capacity")
        if given not in table.columns:
            near = did_you_mean(given, table.columns)
            return self._tell(path, f"table {show(self._held[resource])} has no column {show(given)}{near}")
        column = table.columns[given]
        if not pa.types.is_integer(column.type) or (pc.min(column).as_py() or 0) < 0:
            return self._tell(path, f"column {show(given)} does not hold whole numbers from 0 on")
        found: Integers = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        return found

    def _tell(self, path: Path_, text: str) -> int:
        """Tell what is wrong, once; return the number of places to go on with."""
        if (path, text) not in self.problems:
            self.problems.append((path, text))
        return 1

    def _requests(self) -> Iterator[tuple[Path_, int, Request | None]]:
        """Yield all that states ask for, with their paths and the numbers of the states; None for what is no row."""
        for number, state in enumerate(self.known.plan.population.states):
            others = len(state.asked) - len(state.requests)
            yield from (((), number, None) for _ in range(others))
            for key, requests in (("acquire", state.acquire), ("use", state.use)):
                for place, request in enumerate(requests):
                    is_row = request.resource in self._held
                    yield ("states", number, key, place), number, request if is_row else None

    def _match(self, path: Path_, state: int, request: Request) -> Iterator[tuple[Code, Part]]:
        """Yield what a row is to have that is asked for, with the instructions for it."""
        most = int(np.max(self._places(request.resource)))
        if request.units > most:
            self._tell(path, f"asks for {request.units} places of a row, and none has more than {most}")
        for column in sorted(request.match):
            try:
                yield self._part(request, column, state)
            except Unprogrammable as error:
                self._tell((*path, "match", column), str(error))

    def _part(self, request: Request, name: str, state: int) -> tuple[Code, Part]:
        """Return what a row is to have in a column, and the instructions; raises Unprogrammable without any."""
        table, expression = self._table(request.resource), request.match[name]
        what = f"table {show(self._held[request.resource])}"
        if name not in table.columns:
            raise Unprogrammable(f"{what} has no column {show(name)}{did_you_mean(name, table.columns)}")
        different = different_in(table.columns[name])
        compiler = self.known.compiler(self.known.sources(expression.names, state))
        for text in expression.check(compiler.layout):
            raise Unprogrammable(text)
        if (found := compiler.spread(expression.tree)) is not None:
            at, values = found
            places = places_among(values, different)
            if (places < 0).all():
                raise Unprogrammable(f"no row of {what} has that in column {show(name)}")
            return (*at, ("listed", self.known.constants.add(places, places >= 0))), Part(name, PLACE, different)
        if pa.types.is_string(different.type) and (code := compiler.text(expression.tree)) is not None:
            numbers = pa.array([text_number(text) for text in different.to_pylist()], pa.int64())
            return code, Part(name, BY_WHOLE, different.take(pc.array_sort_indices(numbers)))
        part = compiler.value(expression.tree, TRUTH if pa.types.is_boolean(different.type) else REAL)
        types = {part.type, _type_of(different.type)}
        if types not in _COMPARABLE:
            raise Unprogrammable(f"can't be equal to what {what} has in column {show(name)}")
        is_real = REAL in types
        code = part.then("to real") if is_real and part.type == WHOLE else part.code
        ordered = different.take(pc.array_sort_indices(different))
        return code, Part(name, BY_REAL if is_real else BY_WHOLE, ordered)

    def _available(self, name: str) -> Code:
        """Return the instructions for whether a row of a resource is available; none where it always is."""
        expression = self._resources[name].available
        if expression is None or name not in self._held:
            return ()
        try:
            if self._size(name) >= MOST_ROWS:
                raise Unprogrammable(f"table {show(self._held[name])} has more than {MOST_ROWS - 1:,} rows")
            columns = self._table(name).columns
            sources = {root(columns, one) or one: self._source(name, one) for one in sorted(expression.names)}
            compiler = self.known.compiler(sources)
            for text in expression.check(compiler.layout):
                raise Unprogrammable(text)
            if not expression.is_condition(compiler.layout):
                raise Unprogrammable("is neither true nor false")
            return compiler.condition(expression.tree).code
        except Unprogrammable as error:
            self._tell(("resources", name, "available"), str(error))
            return ()

    def _source(self, resource: str, name: str) -> Source:
        """Return where a name comes from that is read of a row; raises Unprogrammable when it can't be."""
        table, population = self._table(resource), self.known.plan.population
        of_row: Code = (("fact", FACTS["of the row"]),)
        if column := root(table.columns, name):
            values = table.columns[column]
            return Source(WHOLE, of_row, pa.concat_arrays([pa.nulls(1, values.type), values]))
        if name in table.shared:
            source, one = self.known.shared(f"{resource}.{name}"), self.known.constants.number(1)
            return Source(source.type, (*of_row, ("whole", one), ("-", 0), source.code[-1]))
        if name in population.shared:
            return self.known.shared(name)
        courses = [called("profile", one) for one in population.profiles]
        courses += [called("incident", one) for one in population.incidents]
        if name in (TIME, *courses):
            return self.known.fact(name, -1)
        if (memory := self._memory(name)) is not None:
            return memory
        near = did_you_mean(name, [*table.columns, *table.shared, *population.shared, TIME, *courses])
        what = f"neither a column of table {show(self._held[resource])} nor what follows the time or all share"
        raise Unprogrammable(f"{show(name)} is {what}{near}")

    def _memory(self, name: str) -> Source | None:
        """Return where a name comes from that means a memory; None where it means none."""
        recall = self.known.recall
        if recall is None or parts_of(name) is None:
            return None
        if why := recall.meant.problem(name):
            raise Unprogrammable(why)
        return recall.source(name, None)

    def _indexes(self) -> tuple[list[tuple[int, Index]], list[int], npt.NDArray[np.int32]]:
        """Return all indexes, how many of them each resource has, and in which one each request looks."""
        requests = [*self._requests()]
        wanted = np.full(len(requests), -1, np.int32)
        found: list[tuple[int, Index]] = []
        counts, first = [], 0
        for name in self._resources:
            places: dict[Any, int] = {}
            for number, (path, _, request) in enumerate(requests):
                if request is None or request.resource != name or len(self._parts[number]) < len(request.match):
                    continue
                shape = tuple((part.column, part.kind) for part in self._parts[number]), request.units
                if shape not in places:
                    try:
                        found.append((first, Index.of(self._table(name), self._parts[number], request.units)))
                    except Unprogrammable as error:
                        self._tell((*path, "match"), str(error))
                        continue
                    places[shape] = len(found) - 1
                wanted[number] = places[shape]
            counts.append(len(places))
            first += self._size(name)
        return found, counts, wanted


def _type_of(type_: pa.DataType) -> str:
    """Return the type of the values of a column, as conditions have it; "" for others."""
    return type_of(pa.timestamp("us") if pa.types.is_timestamp(type_) else type_) or ""
