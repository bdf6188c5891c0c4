"""From expressions to instructions for the stack machine of the core.

What reads nothing but variables that have a list of values is calculated at once, for each of them or each combination,
and looked up by place: so texts are compared, and any function can be called. The rest is arithmetic and logic.
"""

from collections.abc import Mapping, Sequence
from functools import partial, reduce
from math import prod
from typing import Any

import numpy as np
import pyarrow as pa

from datagen.engine.arithmetic import alike, as_real, calculated, compared, extreme
from datagen.engine.clocks import Clocks
from datagen.engine.code import (
    ARROW,
    MOMENT,
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
    checked,
)
from datagen.engine.extract import Extracted
from datagen.engine.remembered import ANY, Remembered
from datagen.engine.turned import FUNCTIONS, turned
from datagen.engine.within import Within, tells_missing
from datagen.problems import show
from datagen.records.batch import TIME, Layout
from datagen.records.decimal import is_decimal
from datagen.records.expression.facets import (
    BOOLEAN,
    NUMBER,
    Facets,
    as_column,
    as_numpy,
    condition,
    constant,
    reading_times,
    spread,
    words_of,
)
from datagen.records.expression.facets import TIME as TIMES
from datagen.records.expression.logic import Compare, Every, In, Missing, Not, Null, Some
from datagen.records.expression.name import root
from datagen.records.expression.node import Given, Node, evaluated
from datagen.records.expression.value import Arithmetic, Call, Choice, Coalesce, Item, Literal, Name, Rounded
from datagen.records.text import json_text
from datagen.records.types import plain
from datagen.zone import MINUTE, SECOND, Zone

MOST_LISTED = 65536  # values, or combinations of them
MOST_ROWS = 2**20  # of a table
_EXTREMES = {"min": "<", "max": ">"}  # by which comparison one of two numbers is the right one
_MOST_EXTREME = 4  # numbers: with each, there are three times as many instructions


class Compiler:
    """Makes instructions of expressions."""

    def __init__(self, sources: Mapping[str, Source], constants: Constants, zone: str, clocks: Clocks) -> None:
        """Take where names come from, whose wall clock functions of times read, and what is read of clocks."""
        self._sources = sources
        self._constants = constants
        self._zone = zone
        self._clocks = clocks
        self.remembered = Remembered(sources, constants, self._part, self._truth, self._ahead)
        self._within = Within(sources, constants, zone, self._part, self._truth)

    @property
    def layout(self) -> Layout:
        """Return the types of what can be read."""
        return Layout({"": {name: _arrow_type(source) for name, source in self._sources.items()}})

    def condition(self, node: Node) -> Part:
        """Return the instructions for an expression that is true or not."""
        return checked(self._truth(node))

    def weight(self, node: Node) -> Part:
        """Return the instructions for an expression that is a number, as a real one."""
        return checked(as_real(self.value(node)))

    def value(self, node: Node, wanted: str = REAL) -> Part:
        """Return the instructions for an expression of any type; of one type where it may be of several."""
        return checked(self._part(node, wanted))

    def key(self, node: Node) -> Code:
        """Return the instructions for an expression of any type as a whole number that tells its values apart."""
        names = {root(self._sources, name) for name in node.names}
        lists = {name: values for name in names - {""} if (values := self._sources[name].values) is not None}
        if names and len(lists) == len(names) and prod(map(len, lists.values())) <= MOST_LISTED:
            return checked(self._numbered(node, sorted(lists))).code
        if self.remembered.is_open(node):
            return self.remembered.key(node)
        part = self.value(node)
        return part.then("bits") if part.type == REAL else part.code

    def text(self, node: Node) -> Code | None:
        """Return the instructions for the number of a text that may also be of another type; None: it never may."""
        return self.remembered.text(node) if self.remembered.is_open(node) else None

    def spread(self, node: Node) -> tuple[Code, pa.Array] | None:
        """Return the instructions for a place among values calculated ahead, and these; None: they are too many.

        So it is where an expression reads more than variables that have a list of values.
        """
        found = self._ahead(node)
        if found is None:
            return None
        at, facets, size = found
        return at, plain(as_column(facets, size))

    def _ahead(self, node: Node) -> tuple[Code, Facets, int] | None:
        """Return the instructions for a place among values, these, and how many they are; None as in ``spread``."""
        names = sorted({root(self._sources, name) for name in node.names})
        if any(not name or self._sources[name].values is None for name in names):
            return None
        size = prod(map(len, self._lists(names)))
        if size > (MOST_ROWS if len(self._lists(names)) == 1 else MOST_LISTED):
            return None
        columns, size = self._combined(names)
        found = evaluated(node, Given(columns, size, self._zone))
        return self._at(names) if names else (("whole", self._constants.number(0)),), found, size

    def _numbered(self, node: Node, names: Sequence[str]) -> Part:
        """Return a part that looks up a number for each different value, null as null."""
        columns, size = self._combined(names)
        values = as_column(evaluated(node, Given(columns, size, self._zone)), size)
        codes = json_text(values).dictionary_encode().indices
        valid = values.is_valid().to_numpy(zero_copy_only=False)
        begin = self._constants.add(codes.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64), valid)
        return Part(WHOLE, (*self._at(names), ("listed", begin)))

    def change(self, target: Source, row: Code, node: Node) -> Code:
        """Return the instructions to set what all share, in the row at a place on the stack if there is one."""
        part = self.value(node, target.type)
        words = {WHOLE: "a whole number", REAL: "a number with a point", TRUTH: "true or false"}
        words |= {MOMENT: "a time", NONE: "always null"}
        if part.type != target.type and (part.type, target.type) != (WHOLE, REAL):
            raise Unprogrammable(f"is {words[part.type]}, and what it sets is {words[target.type]} from the start")
        real = " real" if target.type == REAL else ""
        value = as_real(part) if real else part
        last = (f"share at{real}" if row else f"share{real}", target.code[-1][1])
        return checked(Part(target.type, (*row, *value.code, last))).code

    def _truth(self, node: Node) -> Part:
        """Return a part that is asked whether it is true."""
        found = self._listed(node, is_truth=True) or self._within.of(node, is_truth=True)
        return self._part(node, TRUTH) if found is None else found

    def _part(self, node: Node, wanted: str = REAL) -> Part:
        found = self._shown(node) or self._listed(node) or self._within.of(node)
        if found is not None:
            return found
        match node:
            case Name():
                return self._name(node, wanted)
            case Arithmetic():
                rest = [(operator, self._part(inner)) for operator, inner in node.rest]
                return reduce(lambda left, more: self._calculated(more[0], left, more[1]), rest, self._part(node.first))
            case Compare() if any(map(self.remembered.is_in, node.parts())):
                return self.remembered.compare(node.operator, node.left, node.right)
            case Compare():
                return compared(node.operator, *self._sides(node))
            case In():
                return self._contained(node)
            case Null():
                return Part(TRUTH, self._part(node.node, ANY).then("is null"))
            case Not():
                return Part(TRUTH, self._truth(node.node).then("not"))
            case Every():  # or Some, which is one
                name = "or" if isinstance(node, Some) else "and"
                parts = [self._truth(inner) for inner in node.nodes]
                return reduce(lambda left, right: Part(TRUTH, (*left.code, *right.then(name))), parts)
            case Choice():
                return self._chosen(node, wanted)
            case Coalesce():
                parts = alike(self.remembered.together(node.nodes, wanted))
                return reduce(lambda left, right: Part(left.type, (*left.code, *right.then("coalesce"))), parts)
            case Rounded():
                part = self._part(node.node)
                return turned("round", part, node.digits, self._constants) if part.type == REAL else part
            case Call() if node.function.name in _EXTREMES and 1 < len(node.arguments) <= _MOST_EXTREME:
                parts = alike([self._part(inner) for inner in node.arguments])
                return reduce(partial(extreme, _EXTREMES[node.function.name]), parts)
            case Call() if node.function.name in FUNCTIONS:
                number, *others = node.arguments
                digits = next((one.value for one in others if isinstance(one, Literal)), None)
                assert digits is None or isinstance(digits, int), "checked when it was read"
                return turned(node.function.name, self._part(number), digits, self._constants)
            case Call() if node.function.returns == NUMBER and node.function.name == "second":
                return self._second(node)
        raise Unprogrammable(self._why_not(node))

    def _why_not(self, node: Node) -> str:
        """Return why there are no instructions for an expression."""
        match node:
            case Missing():
                return "a state can't tell what is missing from what is null; write `is null`"
            case Item():
                return (
                    "of a list, a state can read a number, or whether it is true, that follows from the list alone and "
                    "the place of one item; all of it where there is a list of lists, as with a `cardinality`"
                )
            case Call() if MOMENT in [self._sources[name].type for name in node.names if name in self._sources]:
                return (
                    f"{node.function.name}(…) of a time can only be calculated for a state of `time` itself, and where "
                    "it changes with a minute at most; differences of times are seconds"
                )
            case Call():
                return (
                    f"{node.function.name}(…) can only be calculated for a state of variables that have a list of "
                    "values, such as an enum"
                )
        return "only numbers, true and false can be calculated for a state"

    def _name(self, node: Name, wanted: str) -> Part:
        source = self._sources.get(node.name)
        if source is None:
            raise Unprogrammable(f"{show(node.name)} can't be read by a state")
        return self.remembered.read(source, wanted) if source.type == REMEMBERED else Part(source.type, source.code)

    def _shown(self, node: Node) -> Part | None:
        """Return what follows from what wall clocks show; None where a node is something else."""
        source = self._sources.get(TIME)
        found = self._clocks.of(node) if source is not None and source.shows is not None else None
        if found is None or source is None or source.shows is None:
            return None
        number, type_ = found
        return Part(TRUTH if type_ == BOOLEAN else WHOLE, (("fact", source.shows + number),))

    def _second(self, node: Call) -> Part:
        """Return the second of the minute, of a zone that is some minutes ahead of another."""
        part = self._part(node.arguments[0])
        if any(Zone(zone).offset(self._clocks.zero) % MINUTE for zone in (self._zone, *node.zones)):
            raise Unprogrammable("second(…) can't be calculated for a state in this zone at that time")
        return Part(
            WHOLE,
            (*part.code, ("divided", self._constants.number(SECOND)), ("whole", self._constants.number(60)), ("%", 0)),
        )

    def _sides(self, node: Compare) -> list[Part]:
        """Return both sides of a comparison; a text beside a time is one."""
        sides = [node.left, node.right]
        texts = [isinstance(side, Literal) and isinstance(side.value, str) for side in sides]
        if not any(texts):
            return [self._part(side) for side in sides]
        other = self._part(sides[texts.index(False)]) if not all(texts) else None
        if other is None or other.type != MOMENT:
            return [self._part(side) for side in sides]
        moment = self._moment(evaluated(sides[texts.index(True)], Given({}, 1)))
        return [moment, other] if texts[0] else [other, moment]

    def _moment(self, facets: Facets) -> Part:
        """Return a constant time."""
        made = reading_times(facets, {TIMES: pa.array([], pa.timestamp("us", self._clocks.start))}).get(TIMES)
        if made is None:
            raise Unprogrammable("a text that is no time can't be compared with one")
        at = made if isinstance(made, pa.Scalar) else made[0]
        return Part(MOMENT, (("whole", self._constants.number(at.cast(pa.int64()).as_py())),))

    def _calculated(self, operator: str, left: Part, right: Part) -> Part:
        if MOMENT not in (left.type, right.type) or NONE in (left.type, right.type):
            return calculated(operator, left, right)
        if left.type == right.type:
            micro = self._constants.number(1e6)
            return Part(REAL, (*left.code, *right.then("-", "to real"), ("real", micro), ("/ real", 0)))
        time, seconds = (left, right) if left.type == MOMENT else (right, left)
        if operator == "-":
            minus = self._constants.number(-1.0)
            seconds = Part(REAL, (*as_real(seconds).code, ("real", minus), ("* real", 0)))
        return Part(MOMENT, (*time.code, *as_real(seconds).then("moved")))

    def _contained(self, node: In) -> Part:
        part = self._part(node.node, ANY)
        if part.type == MOMENT:
            raise Unprogrammable("a state can't look for a time among others; compare it with each")
        found = Part(TRUTH, (("whole", self._constants.add(np.zeros(1, np.int64), np.ones(1, bool))),))
        for value in node.values:
            other = self._constant(constant(value))
            if self.remembered.is_in(node.node):
                equal = self.remembered.compare("=", node.node, Literal(node.at, value))
                found = Part(TRUTH, (*found.code, *equal.then("or")))
            elif other is not None and (part.type == TRUTH) == (other.type == TRUTH):
                found = Part(TRUTH, (*found.code, *compared("=", part, other).then("or")))
        if node.negated:
            return Part(TRUTH, (*part.then("is null", "not"), *found.then("not", "and")))
        return found

    def _chosen(self, node: Choice, wanted: str) -> Part:
        nodes = [*(value for _, value in node.cases), node.otherwise]
        *values, otherwise = alike(self.remembered.together(nodes, wanted))
        result = otherwise
        for (test, _), value in zip(reversed(node.cases), reversed(values), strict=True):
            result = Part(result.type, (*self._truth(test).code, *value.code, *result.then("choose")))
        return result

    def _listed(self, node: Node, is_truth: bool = False) -> Part | None:
        """Return a part that looks up a value calculated ahead; None where it reads more than lists of values."""
        if tells_missing(node):
            return None
        names = sorted({root(self._sources, name) for name in node.names})
        if "" in names:
            raise Unprogrammable(f"{show(min(node.names))} can't be read by a state")
        if any(self._sources[name].values is None for name in names):
            return None
        lists = self._lists(names)
        size = prod(map(len, lists))
        if size > (MOST_ROWS if len(lists) == 1 else MOST_LISTED):
            return None
        columns, size = self._combined(names)
        facets = evaluated(node, Given(columns, size, self._zone))
        if is_truth:
            facets = {BOOLEAN: condition(facets)}
        found = self._constant({type_: spread(values, size) for type_, values in facets.items()}, bool(names))
        if found is None:
            types = words_of(facets)
            raise Unprogrammable(f"{types} can't be calculated for a state but of variables with a list of values")
        return Part(found.type, (*self._at(names), *found.code))

    def _combined(self, names: Sequence[str]) -> tuple[dict[str, pa.Array], int]:
        """Return all combinations of the values of some lists, by name, and how many these are."""
        lists = self._lists(names)
        size = prod(map(len, lists))
        places = np.indices((*map(len, lists), 1)).reshape(len(lists) + 1, size)[:-1]
        codes = [*dict.fromkeys(self._sources[name].code for name in names)]
        at = [places[codes.index(self._sources[name].code)] for name in names]
        return {name: self._list(name).take(pa.array(one)) for name, one in zip(names, at, strict=True)}, size

    def _lists(self, names: Sequence[str]) -> list[pa.Array]:
        """Return the lists of values of names, one of those whose place is the same: columns of one row."""
        return [*{self._sources[name].code: self._list(name) for name in names}.values()]

    def _list(self, name: str) -> pa.Array:
        values = self._sources[name].values
        assert values is not None, "a name with a list"
        return values

    def _at(self, names: Sequence[str]) -> Code:
        """Return the instructions for the place of a worker's values among those combinations."""
        code: Code = ()
        seen = set()
        for name in names:
            if self._sources[name].code in seen:
                continue
            seen.add(self._sources[name].code)
            if code:
                length = self._constants.add(np.array([len(self._list(name))]), np.ones(1, bool))
                code = (*code, ("whole", length), ("*", 0), *self._sources[name].code, ("+", 0))
            else:
                code = self._sources[name].code
        return code

    def _constant(self, facets: Mapping[str, Any], is_listed: bool = False) -> Part | None:
        """Return a part that is a constant, or the one of several at the place on the stack; None: it can't be."""
        there = {type_: values for type_, values in facets.items() if _has_some(values)}
        if not there:
            size = max((len(values) for values in facets.values() if isinstance(values, pa.Array)), default=1)
            begin = self._constants.add(np.zeros(size, np.int64), np.zeros(size, bool))
            return Part(NONE, (("listed" if is_listed else "whole", begin),))
        if there.keys() == {TIMES} and not is_listed:
            return self._moment(there)
        if len(there) > 1 or not {BOOLEAN, NUMBER} & there.keys():
            return None
        [(type_, values)] = there.items()
        if is_decimal(values.type):
            raise Unprogrammable("a state can't calculate with exact decimals, only compare those of a list")
        numbers, valid = as_numpy(values.cast(pa.int8()) if type_ == BOOLEAN else values)
        is_real = type_ == NUMBER and numbers.dtype.kind == "f"
        begin = self._constants.add(numbers.astype(np.float64 if is_real else np.int64), valid)
        name = ("listed" if is_listed else "") + (" real" if is_real else "" if is_listed else "whole")
        return Part(TRUTH if type_ == BOOLEAN else REAL if is_real else WHOLE, ((name.strip(), begin),))


def _arrow_type(source: Source) -> pa.DataType:
    """Return the type of what can be read."""
    if isinstance(source, Extracted) and source.extracts is not None:
        return source.extracts.type
    return ARROW[source.type] if source.values is None else source.values.type


def _has_some(values: Any) -> bool:
    return values.is_valid if isinstance(values, pa.Scalar) else values.null_count < len(values)
