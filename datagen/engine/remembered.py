"""Instructions for what templates remember: a value whose type nobody knows before it is read.

Where it stands says as what it is read. Beside a number, or alone, it is one, and null where it is none; so it is with
what is true or false, and with texts. Values of different types are different, and null is beside nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa

from datagen.draw import text_number
from datagen.engine.arithmetic import as_real, compared
from datagen.engine.code import (
    MOMENT,
    NONE,
    NULL,
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
from datagen.engine.recall import ABSENT, BOOLEAN, NUMBER, TEXT, seen
from datagen.records.expression import facets
from datagen.records.expression.facets import Facets, as_column, as_numpy, is_valid, spread
from datagen.records.expression.node import Node
from datagen.records.expression.value import Choice, Coalesce, Name
from datagen.records.values import python_values

ANY = "any"  # as what it is read where it only matters whether there is a value,
STRING = "string"  # and where it is compared with a text
_FALSE, _TRUE = (text_number(f"\0{text}") for text in ("false", "true"))  # in place of 0 and 1, which are numbers, too
_KINDS = {REAL: NUMBER, WHOLE: NUMBER, TRUTH: BOOLEAN, STRING: TEXT}

Ahead = tuple[Code, Facets, int]  # the place among values that are calculated ahead, these, and how many they are


@dataclass(frozen=True)
class Remembered:
    """Makes instructions of the parts of an expression that read memories."""

    sources: Mapping[str, Source]
    constants: Constants
    part: Callable[[Node, str], Part]  # the instructions for any node, and as what it is read if it may be anything
    truth: Callable[[Node], Part]
    ahead: Callable[[Node], Ahead | None]

    def is_open(self, node: Node) -> bool:
        """Return whether some of the values that a node may have are such."""
        match node:
            case Coalesce():
                return any(map(self.is_open, node.nodes))
            case Choice():
                return any(map(self.is_open, [*(value for _, value in node.cases), node.otherwise]))
        return self.is_in(node)

    def is_in(self, node: Node) -> bool:
        """Return whether the type of a node is known only when it is read."""
        match node:
            case Name():
                return node.name in self.sources and self.sources[node.name].type == REMEMBERED
            case Coalesce():
                return all(map(self.is_in, node.nodes))
            case Choice():
                return all(map(self.is_in, [*(value for _, value in node.cases), node.otherwise]))
        return False

    def read(self, source: Source, wanted: str) -> Part:
        """Return a value as one of a type."""
        kind, (of, at) = source.code[:1], source.code[1]
        if wanted == ANY:
            return Part(TRUTH, (*kind, *self._whole(ABSENT), ("!=", 0), *kind, *NULL, ("choose", 0)))
        kinds = _KINDS.get(wanted, NUMBER)
        value = (f"{of} real" if kinds == NUMBER else of, at)
        code = (*kind, *self._whole(kinds), ("=", 0), value, *NULL, ("choose", 0))
        return Part(REAL if kinds == NUMBER else TRUTH if kinds == BOOLEAN else WHOLE, code)

    def pair(self, node: Node) -> tuple[Code, Code]:
        """Return the instructions for the type of a value, and for what stands for it; both null where it is."""
        match node:
            case Name() if self.is_in(node):
                of, at = self.sources[node.name].code
                there = (of, *self._whole(ABSENT), ("!=", 0))
                return (*there, of, *NULL, ("choose", 0)), (*there, at, *NULL, ("choose", 0))
            case Coalesce() if self.is_open(node):
                pairs = zip(*map(self.pair, node.nodes), strict=True)
                kinds, values = (reduce(lambda one, other: (*one, *other, ("coalesce", 0)), codes) for codes in pairs)
                return kinds, values
            case Choice() if self.is_open(node):
                kind, value = self.pair(node.otherwise)
                for test, then in reversed(node.cases):
                    chosen, condition = self.pair(then), self.truth(test).code
                    kind = (*condition, *chosen[0], *kind, ("choose", 0))
                    value = (*condition, *chosen[1], *value, ("choose", 0))
                return kind, value
        found = self.ahead(node)
        return self._known(self.part(node, REAL)) if found is None else self._listed(*found)

    def key(self, node: Node) -> Code:
        """Return the instructions for a whole number that tells values of all types apart."""
        kind, value = self.pair(node)
        is_truth = (*kind, *self._whole(BOOLEAN), ("=", 0))
        numbers = (*value, *self._whole(_TRUE), *self._whole(_FALSE), ("choose", 0))
        return checked(Part(WHOLE, (*is_truth, *numbers, *value, ("choose", 0)))).code

    def text(self, node: Node) -> Code:
        """Return the instructions for the number that stands for a text, null where it is none."""
        kind, value = self.pair(node)
        return checked(Part(WHOLE, (*kind, *self._whole(TEXT), ("=", 0), *value, *NULL, ("choose", 0)))).code

    def kept(self, node: Node, where: Code) -> Code:
        """Return the instructions that keep the type of a value, and what stands for it, where workers have these."""
        kind, value = self.pair(node)
        keep = (("keep", at) for _, at in reversed(where))
        return (*checked(Part(WHOLE, (*kind, *value))).code, *keep)

    def _known(self, part: Part) -> tuple[Code, Code]:
        """Return a part as a ``pair``."""
        if part.type == NONE:
            return NULL, NULL
        if part.type == MOMENT:
            raise Unprogrammable("a state can't read what is sometimes a time, sometimes what a template remembers")
        value = part.code if part.type == TRUTH else as_real(part).then("bits")
        kind = self._whole(BOOLEAN if part.type == TRUTH else NUMBER)
        return (*part.then("is null"), *NULL, *kind, ("choose", 0)), value

    def _listed(self, at: Code, found: Facets, size: int) -> tuple[Code, Code]:
        """Return the one at a place of values that are calculated ahead as a ``pair``."""
        values = as_column(found, size)
        pairs = [seen(one) for one in python_values(values, "UTC")]
        kinds = np.array([kind for kind, _ in pairs], np.int64)
        numbers = [np.float64(one).view(np.int64) if kind == NUMBER else np.int64(one) for kind, one in pairs]
        columns = kinds, np.array(numbers, np.int64)
        kind, value = ((*at, ("listed", self.constants.add(one, kinds != ABSENT))) for one in columns)
        return kind, value

    def together(self, nodes: Sequence[Node], wanted: str) -> list[Part]:
        """Return nodes of which each is of the type of the others."""
        if any(map(self.is_in, nodes)):
            known = (self.part(node, wanted).type for node in nodes if not self.is_in(node))
            wanted = next((type_ for type_ in known if type_ != NONE), wanted)
        return [self.part(node, wanted) for node in nodes]

    def compare(self, operator: str, left: Node, right: Node) -> Part:
        """Return whether a comparison holds of which one side, at least, reads a memory."""
        if operator == "!=":
            sides = [self._there(side) for side in (left, right)]
            equal = self.compare("=", left, right)
            return Part(TRUTH, (*sides[0], *sides[1], ("and", 0), *equal.then("not", "and")))
        sides_ = [left, right]
        is_open = [self.is_in(side) for side in sides_]
        if all(is_open):
            types = (REAL, TRUTH, STRING) if operator == "=" else (REAL,)
            return _either([compared(operator, self.part(left, type_), self.part(right, type_)) for type_ in types])
        other = self.ahead(sides_[is_open.index(False)])
        if other is None:
            return compared(operator, *self.together(sides_, REAL))
        return self._with_ahead(operator, sides_[is_open.index(True)], other, is_left=is_open[0])

    def _with_ahead(self, operator: str, node: Node, other: Ahead, *, is_left: bool) -> Part:
        """Return whether a comparison holds with values that are calculated ahead."""
        at, found, size = other
        types = {facets.NUMBER: REAL, facets.BOOLEAN: TRUTH, facets.TEXT: STRING}
        if operator != "=" and facets.TEXT in found:
            raise Unprogrammable("a text can only be equal to what a template remembers, or not")
        parts = []
        for name, type_ in types.items():
            if name in found and (operator == "=" or type_ == REAL):
                pair = self.part(node, type_), self._constant(type_, at, spread(found[name], size))
                parts.append(compared(operator, *(pair if is_left else reversed(pair))))
        return _either(parts) if parts else Part(TRUTH, self._whole(0))

    def _constant(self, type_: str, at: Code, values: pa.Array) -> Part:
        """Return the value at a place among some that are calculated ahead, of a type."""
        if type_ == STRING:
            values = pa.array([None if one is None else text_number(one) for one in values.to_pylist()], pa.int64())
        numbers, valid = as_numpy(values.cast(pa.float64() if type_ == REAL else pa.int64(), safe=False))
        begin = self.constants.add(numbers.astype(np.float64 if type_ == REAL else np.int64), valid)
        return Part(type_ if type_ == REAL else WHOLE, (*at, ("listed real" if type_ == REAL else "listed", begin)))

    def _there(self, node: Node) -> Code:
        """Return the instructions for whether a node has a value."""
        found = None if self.is_in(node) else self.ahead(node)
        if found is None:
            return self.part(node, ANY).then("is null", "not")
        at, values, size = found
        there, _ = as_numpy(spread(is_valid(values), size))
        return (*at, ("listed", self.constants.add(there.astype(np.int64), np.ones(size, bool))))

    def _whole(self, number: int) -> Code:
        return (("whole", self.constants.add(np.array([number]), np.ones(1, bool))),)


def _either(parts: Sequence[Part]) -> Part:
    return reduce(lambda one, other: Part(TRUTH, (*one.code, *other.then("or"))), parts)
