"""What is drawn of workers for conditions: by the core itself, at the step, or ahead of time where only Python can."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datagen.draw import Keys
from datagen.engine.code import REAL, Code, Constants, type_of
from datagen.engine.extract import Extract, Extracts, Lists, Question
from datagen.engine.knowable import is_counter, is_expression
from datagen.engine.lists import longest
from datagen.engine.setter import Field, Setter, numbers_of
from datagen.plugin.listing import Listing
from datagen.plugin.recipe import REAL as OF_REAL
from datagen.plugin.recipe import Recipe, of_index
from datagen.plugin.world import World
from datagen.records.conversion import as_type
from datagen.records.types import common_type

# As the struct in datagen/native/recipe.pxd.
_KEYS, _REAL = ("purpose", "missing", "null"), ("percent_missing", "percent_nulls", "offset", "scale", "digits")
_SMALL = ("kind", "is_odd", "family", "begin", "kept", "bounds", "guide", "shift")
_WHOLE = {"first": "i8", "count": "u8", "least": "i8", "most": "i8"}
_TYPES = dict.fromkeys(_KEYS, "u8") | dict.fromkeys(_REAL, "f8") | _WHOLE | dict.fromkeys(_SMALL, "i4")
RECIPE = np.dtype([*_TYPES.items()], align=True)


@dataclass(frozen=True)
class Recipes:
    """What the core reads of what it draws itself."""

    recipe: npt.NDArray[np.void]  # (recipes,) of RECIPE
    bounds: Keys  # of all weights, one after the other
    guide: npt.NDArray[np.int32]


@dataclass
class Drawing:
    """The draws of a plan, as instructions ask for them."""

    path: str
    world: World
    constants: Constants
    cells: list[int] = field(default_factory=list)  # what all share, as it is at the start, and then counters
    fields: list[Field | Extract] = field(default_factory=list)  # what is drawn ahead of time
    _rows: list[dict[str, object]] = field(default_factory=list)
    _bounds: list[Keys] = field(default_factory=lambda: [np.zeros(0, np.uint64)])
    _guides: list[npt.NDArray[np.int32]] = field(default_factory=lambda: [np.zeros(0, np.int32)])

    @property
    def recipes(self) -> Recipes:
        """Return what the core draws itself."""
        rows = np.zeros(len(self._rows), RECIPE)
        for number, row in enumerate(self._rows):
            for name, value in row.items():
                rows[name][number] = value
        return Recipes(rows.view(np.recarray), np.concatenate(self._bounds), np.concatenate(self._guides))

    def is_at_once(self, setter: Setter) -> bool:
        """Return whether what is set need not be drawn ahead of time."""
        one = setter.dimension
        return is_expression(one) or is_counter(one) or setter.recipe(self.path, self.world) is not None

    def place(self, setter: Setter, begin: int) -> Code:
        """Return the instructions for the place of what is set in a list, from ``begin`` on; 0 is null."""
        recipe = setter.recipe(self.path, self.world)
        if setter.is_constant:
            return self._constant(Field(setter, None, begin))
        return self._draw(setter, recipe, begin) if recipe else self._ahead(Field(setter, None, begin))

    def length(self, setter: Setter) -> Code:
        """Return the instruction for how long the list is that is set."""
        field = Field(setter, pa.int64(), is_length=True)
        return self._constant(field) if setter.is_constant else self._ahead(field)

    def extracts(self, setters: Sequence[Setter], room: Callable[[], int]) -> Extracts:
        """Return what is extracted of the lists that setters draw, for which there is room among what is kept."""
        nothing = np.zeros(0, np.uint64)
        type_ = common_type(setter.whole(nothing, self.path, self.world).type for setter in setters)
        lists = [Lists(setter, type_) for setter in setters]

        def codes(question: Question, place: int | None, type_: pa.DataType) -> dict[int, Code]:
            return {one.setter.owner: self._extract(Extract(one, question, place, type_)) for one in lists}

        return Extracts(type_, max(map(self._most, setters)), self.constants, room, codes)

    def _most(self, setter: Setter) -> float:
        """Return how many items the lists of a setter have at most."""
        if isinstance(setter.dimension, Listing) and not setter.cardinality:
            return setter.dimension.most_items()
        return longest(setter.choices(self.path, self.world))

    def _extract(self, extract: Extract) -> Code:
        return self._constant(extract) if extract.setter.is_constant else self._ahead(extract)

    def number(self, setter: Setter, type_: pa.DataType, values: pa.Array | None) -> Code:
        """Return the instructions for what is set, of a type; one of ``values`` where all come from a list."""
        recipe = setter.recipe(self.path, self.world)
        if setter.is_constant:
            return self._constant(Field(setter, type_))
        if recipe is None:
            return self._ahead(Field(setter, type_))
        real = type_of(type_) == REAL
        if values is not None:
            listed = self.constants.add(*numbers_of(pa.concat_arrays([pa.nulls(1, type_), as_type(values, type_)])))
            return (*self._draw(setter, recipe, 1), ("listed real" if real else "listed", listed))
        turned: Code = (("to real", 0),) if real and recipe.kind != OF_REAL else ()
        return (*self._draw(setter, recipe, 0), *turned)

    def cell(self, start: int) -> int:
        """Return where a number is that all share, which nobody knows by name."""
        self.cells.append(start)
        return len(self.cells) - 1

    def absent(self, setter: Setter) -> Code:
        """Return the instruction for 0, or null where what is set is missing or null by its draw; none: it never is."""
        row = setter.absences(self.path, self.world)
        nothing = of_index(None, row["null"], 1)
        assert nothing is not None, "a number that is drawn evenly"
        return self._draw(setter, nothing, 0) if row["percent_missing"] or row["percent_nulls"] else ()

    def kept(self, code: Code, keep: tuple[str, int]) -> Code:
        """Return the instructions for a value, and the one that keeps it: for one that is just drawn, a single one."""
        [*_, (name, argument)] = code
        if name != "draw":
            return (*code, keep)
        self._rows[argument]["kept"] = keep[1]
        return ((keep[0].replace("keep", "draw to"), argument),)

    def _constant(self, field: Field | Extract) -> Code:
        """Return the instruction for what is always the same."""
        values = field.values(np.zeros(1, np.uint64), self.path, self.world)
        return ((_named("whole", field.type), self.constants.add(*values)),)

    def _ahead(self, field: Field | Extract) -> Code:
        """Return the instruction for what is drawn ahead of time."""
        self.fields.append(field)
        return ((_named("drawn", field.type), len(self.fields) - 1),)

    def _draw(self, setter: Setter, recipe: Recipe, begin: int) -> Code:
        """Return the instruction to draw what is set, as a place in a list from ``begin`` on where that is above 0."""
        row = setter.absences(self.path, self.world) | {"begin": begin, "kind": recipe.kind, "purpose": recipe.purpose}
        row |= {"is_odd": row["percent_missing"] > 0 or row["percent_nulls"] > 0}
        row |= {"first": recipe.first, "count": recipe.count % 2**64, "least": recipe.least, "most": recipe.most}
        row |= recipe.linear._asdict() | {"digits": 0.0 if recipe.digits is None else 10.0**recipe.digits}
        if (weighted := recipe.weighted) is not None:
            row |= {"shift": weighted.shift, "bounds": sum(map(len, self._bounds))}
            row |= {"guide": sum(map(len, self._guides))}
            self._bounds.append(weighted.bounds)
            self._guides.append(weighted.guide)
        self._rows.append(row)
        return (("draw", len(self._rows) - 1),)


def _named(instruction: str, type_: pa.DataType | None) -> str:
    """Return an instruction as it is called for values of a type; None for places in a list."""
    real = type_ is not None and type_of(type_) == REAL
    return instruction if not real else "real" if instruction == "whole" else f"{instruction} real"
