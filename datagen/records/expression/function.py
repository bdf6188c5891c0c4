"""What a function of expressions is: one declaration, which parses, checks, documents and calculates it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datagen.problems import show
from datagen.records.decimal import is_decimal
from datagen.records.expression.facets import (
    BOOLEAN,
    TEXT,
    Constant,
    Facets,
    either,
    exactly,
    first_of,
    spread,
    words_of,
)

_ORDINALS = ("first", "second", "third", "fourth", "fifth")

Array = Any  # of Arrow
Calculate = Callable[..., Array]  # an array of each argument, the Python value of a constant one; null stays null
Refuse = Callable[[Any], str | None]  # why a value of a constant argument won't do


def _exact(value: Any) -> Any:
    found = exactly(value) if pa.types.is_floating(value.type) else None
    return value if found is None else found


@dataclass(frozen=True)
class Argument:
    """An argument of a function, and what it may be."""

    name: str
    types: tuple[str, ...]  # value types; only the first argument may have several
    constant: bool = False  # only a text, number, … as such will do; of the first type
    optional: bool = False
    repeated: bool = False  # the last one may come any number of times
    refuse: Refuse = lambda _: None

    @property
    def shown(self) -> str:
        """Return it as in a signature."""
        name = f"'{self.name}'" if self.constant and self.types == (TEXT,) else self.name
        name = f"{name}, …" if self.repeated else name
        return f"[{name}]" if self.optional else name

    def problem(self, place: int, value: Constant) -> str | None:
        """Return why a constant can't be this argument; None when it can."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (isinstance(value, str) if self.types == (TEXT,) else is_number or self.types != ("a number",)):
            return f"the {_ORDINALS[place]} argument must be {words_of(self.types)}, found {show(value)}"
        return self.refuse(value)


@dataclass(frozen=True)
class Function:
    """A function: its arguments, the value type that it returns, and how it is calculated."""

    name: str
    takes: tuple[Argument, ...]
    returns: str
    calculate: Calculate
    text: str
    example: str
    shown: Any  # what the example gives
    in_zone: bool = False  # ``calculate`` gets the zone of the spec where the last argument is left out

    @property
    def signature(self) -> str:
        """Return how it is called."""
        return f"{self.name}({', '.join(argument.shown for argument in self.takes)})"

    def argument(self, place: int) -> Argument | None:
        """Return what stands at a place; None behind the last one."""
        last = self.takes[-1]
        return self.takes[place] if place < len(self.takes) else last if last.repeated else None

    def facets(self, given: Sequence[Facets | Constant], zone: str) -> Facets:
        """Calculate it of the facets of each argument, and the values of constant ones; None for one left out."""
        results = []
        for value_type in self.takes[0].types:
            values = [
                self._values(place, value_type, value) if isinstance(value, dict) else value
                for place, value in enumerate(given)
            ]
            if not any(isinstance(value, dict) for value in values):
                results.append({self.returns: self._result(values, zone)})
        if self.returns == BOOLEAN:
            return {BOOLEAN: either([pc.fill_null(found[BOOLEAN], False) for found in results])}
        return first_of(results)

    def _values(self, place: int, value_type: str, facets: Facets) -> Any:
        """Return the values of an argument; its facets where there is none of the type that it should have."""
        argument = self.argument(place)
        wanted = value_type if place == 0 or argument is None else argument.types[0]
        return facets.get(wanted, facets)

    def _result(self, values: list[Any], zone: str) -> Any:
        arrays = [value for value in values if isinstance(value, pa.Array)]
        size = len(arrays[0]) if arrays else 1
        given = [value.type for value in values if isinstance(value, pa.Array | pa.Scalar)]
        if any(map(is_decimal, given)):  # beside one, a constant is what is written
            values = [_exact(value) if isinstance(value, pa.Scalar) else value for value in values]
        columns = [spread(value, size) if isinstance(value, pa.Scalar) else value for value in values]
        if self.in_zone:
            columns += [None] * (len(self.takes) - len(columns))
            columns[-1] = columns[-1] or zone
        made = self.calculate(*columns)
        return made if arrays else made[0]
