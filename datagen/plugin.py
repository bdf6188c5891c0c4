"""What a distribution, a dimension and a formatter is, and how one is found; ``datagen.target`` goes on with targets.

A plug-in is one class. Its fields are the keys of a spec, its docstring is the user's page, one method does the work on
columns. Built-in kinds and a user's own are declared, checked, documented and found in the same way.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol, Self

import numpy as np
import pyarrow as pa
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from datagen import draw
from datagen.batch import Batch, Layout, Lines
from datagen.draw import Floats, Integers, Keys
from datagen.problems import Document, Path_, Problem, RunFailed, did_you_mean, is_comment, show

if TYPE_CHECKING:
    from datagen.columns import Rows

_LARGEST_INTEGER = np.nextafter(2.0**63, 0)
_TYPES = frozenset(("str", "int", "float", "bool", "dict", "list"))
MOST_IN_POOL = 10_000_000
LARGEST = 1e300
MOST_PLACES = 10_000_000  # in a list or a string


class Model(BaseModel):
    """An object of a spec: frozen, strict about types, every unknown key refused but comments (``_…``, ``$schema``)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="wrap")
    @classmethod
    def _explain(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(data, dict):
            data = {key: value for key, value in data.items() if not is_comment(key)}
        try:
            return handler(data)
        except ValidationError as error:
            lines = dict.fromkeys(cls._line(line) for line in error.errors())
            raise invalid(cls.__name__, lines) from error

    @classmethod
    def _line(cls, line: Any) -> tuple[tuple[str | int, ...], str]:
        """Say in our words what pydantic found, unless it may be secret."""
        path, text = cls._described(line)
        field = cls.model_fields.get(str(line["loc"][0])) if line["loc"] else None
        secret = field is not None and (not field.repr or "SecretStr" in str(field.annotation))
        while path and isinstance(path[-1], str) and (path[-1] in _TYPES or "[" in path[-1]):
            path = path[:-1]  # which of several types it could be
        return path, text.partition(", found ")[0] if secret else text

    @classmethod
    def _described(cls, line: Any) -> tuple[tuple[str | int, ...], str]:
        if line["loc"][-1:] in (("int",), ("float",)):  # one of the two that a number may be
            return line["loc"][:-1], f"must be a valid number, found {show(line['input'])}"
        match line["type"]:
            case "problem":
                return line["loc"], line["msg"]
            case "extra_forbidden":
                key = line["loc"][-1]
                return line["loc"], f"unknown key {show(key)}{did_you_mean(key, cls.known_keys())}"
            case "missing":
                return line["loc"], f"{show(line['loc'][-1])} is required"
            case "value_error":
                return line["loc"], str(line["ctx"]["error"])
            case "model_type" | "dict_type" | "model_attributes_type":
                return line["loc"], f"must be an object, found {show(line['input'])}"
            case "greater_than_equal" | "less_than_equal" if (
                abs(line["ctx"].get("ge", line["ctx"].get("le"))) == LARGEST
            ):
                return line["loc"], f"must lie between -1e300 and 1e300, found {show(line['input'])}"
            case "too_short" | "string_too_short":
                return line["loc"], "must not be empty"
            case _:
                expected = line["msg"].replace("Input should be ", "must be ")
                return line["loc"], f"{expected}, found {show(line['input'])}"

    @classmethod
    def known_keys(cls) -> list[str]:
        """Give the keys that may stand in this object."""
        return list(cls.model_fields)


class Plugin(Model, ABC):
    """An object of a spec whose ``type`` chooses the class; ``kind`` is that type."""

    kind: ClassVar[str]
    group: ClassVar[str]

    @classmethod
    def known_keys(cls) -> list[str]:
        return ["type", *cls.model_fields]


class Distribution(Plugin):
    """How numbers are drawn."""

    group: ClassVar[str] = "distribution"

    @abstractmethod
    def sample(self, u: Floats) -> Floats:
        """Turn numbers in [0, 1), each equally likely, into draws. Shapes (n,) and (n,); a pure function."""

    def highest(self) -> float:
        """Give a bound that no draw exceeds."""
        return float("inf")

    def unscaled(self) -> "tuple[float, Distribution]":
        """Give a factor and a distribution of which this one is the multiple, so that many can be drawn from as one."""
        return 1.0, self

    def real(self, random: Keys) -> Floats:
        """Draw real numbers from random bits."""
        return self.sample(draw.unit(random))

    def whole(self, random: Keys) -> Integers:
        """Draw whole numbers: real ones, rounded to the nearest."""
        return _to_integers(np.rint(self.real(random)))

    def whole_below(self, random: Keys) -> Integers:
        """Draw whole numbers for a length or an index: real ones, rounded down."""
        return _to_integers(np.floor(self.real(random)))

    def length(self, random: Keys) -> Integers:
        """Draw lengths; what is below 0 counts as 0."""
        return np.maximum(self.whole_below(random), 0)

    def index(self, random: Keys, size: int) -> Integers:
        """Draw indices of a list of a size, held inside it."""
        return np.minimum(np.maximum(self.whole_below(random), 0), size - 1)

    def problem_as_whole(self) -> str | None:
        """Say why whole numbers can't be drawn, if so."""
        return None


class Dimension(Plugin):
    """A field generator: one value for every record."""

    group: ClassVar[str] = "dimension"
    fixed: ClassVar[bool] = False  # whether ``make`` gives dictionary arrays, all with one and the same dictionary

    name: str = Field(min_length=1, description="name of the field; inside a list it is not printed")
    percent_missing: float = Field(0, ge=0, le=100, description="percentage of records in which the key is left out")
    percent_nulls: float = Field(
        0, ge=0, le=100, description="percentage of null among the values that are not missing"
    )

    @abstractmethod
    def make(self, rows: "Rows") -> pa.Array:
        """Make one value for each row; an array of ``len(rows)`` values whose type does not depend on the rows."""

    def nested(self) -> "Iterator[tuple[Path_, Dimension]]":
        """Give the dimensions among the keys of this one, with where they stand."""
        for key in type(self).model_fields:
            value = getattr(self, key)
            for index, part in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(part, Dimension):
                    yield (key, index) if isinstance(value, list) else (key,), part

    def reads(self) -> tuple[str, ...]:
        """Give the variables that this dimension reads itself (not those that its nested ones read)."""
        return ()


class Formatter(Plugin):
    """How records become lines."""

    group: ClassVar[str] = "formatter"

    @abstractmethod
    def text(self, columns: Mapping[str, pa.Array]) -> pa.Array:
        """Write the records of one emitter; a string array without nulls, each line with its line end."""

    def prepare(self, layout: Layout) -> list[str]:
        """Get ready for the records of a spec; say what does not fit them."""
        return []

    def header(self) -> str:
        """Give what stands before the first record."""
        return ""

    def lines(self, batch: Batch) -> Lines:
        """Write the records of a batch in their order."""
        return Lines.of(batch.in_order([self.text(part.columns) for part in batch.parts]))


class Maker(Protocol):
    """Makes plug-in objects of JSON ones; the context of every validation."""

    def make(self, group: str, data: Any) -> Any:
        """Make the object of a group that JSON describes. Raises pydantic's ValidationError."""

    def formatter(self, described: Any) -> Any:
        """Make a formatter of an object, or of the name of a format or a pattern file. Raises ValidationError."""


def invalid(title: str, lines: Iterable[tuple[tuple[str | int, ...], str]]) -> ValidationError:
    """Make a ValidationError of (JSON path, message) lines, to be raised in a validator."""
    return ValidationError.from_exception_data(
        title,
        [
            InitErrorDetails(type=PydanticCustomError("problem", "{text}", {"text": text}), loc=path, input=None)
            for path, text in lines
        ],
    )


def problems_in(document: Document, error: ValidationError) -> list[Problem]:
    """Give the problems of a document that a validation found."""
    return [
        document.problem(line["loc"], line["msg"], at_key=line["msg"].startswith("unknown key"))
        for line in error.errors()
    ]


def make_of_group(group: str, value: Any, info: "ValidationInfo[Maker]") -> Any:
    """Make a plug-in object where a model has a key for one; for a PlainValidator."""
    return value if isinstance(value, Plugin) else info.context.make(group, value)


def _formatter(value: Any, info: "ValidationInfo[Maker]") -> Any:
    return value if isinstance(value, Plugin) else info.context.formatter(value)


def _check_whole(distribution: Distribution) -> Distribution:
    problem = distribution.problem_as_whole()
    if problem:
        raise ValueError(problem)
    return distribution


def _to_integers(values: Floats) -> Integers:
    """Convert whole-valued floats, held inside what 64 bits can hold."""
    if np.isnan(values).any():
        raise RunFailed("drawing: a distribution gave what is not a number")
    return np.minimum(np.maximum(values, -(2.0**63)), _LARGEST_INTEGER).astype(np.int64)


def _check_length(distribution: Distribution) -> Distribution:
    if MOST_PLACES < distribution.highest() < float("inf"):
        raise ValueError(f"a length must not be above {MOST_PLACES}")
    return distribution


# A finite number; the bound leaves room for the tail of any distribution.
Number = Annotated[int | float, Field(ge=-LARGEST, le=LARGEST)]
AnyDistribution = Annotated[
    Distribution,
    PlainValidator(partial(make_of_group, "distribution")),
    WithJsonSchema({"group": "distribution"}),
]
WholeDistribution = Annotated[AnyDistribution, AfterValidator(_check_whole)]
LengthDistribution = Annotated[WholeDistribution, AfterValidator(_check_length)]
AnyDimension = Annotated[
    Dimension, PlainValidator(partial(make_of_group, "dimension")), WithJsonSchema({"group": "dimension"})
]
AnyFormatter = Annotated[
    Formatter,
    PlainValidator(_formatter),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"group": "formatter"}]}),
]


class PooledDimension(Dimension):
    """A field generator that can pick its values from a pool made before the run."""

    cardinality: int = Field(0, ge=0, le=MOST_IN_POOL, description="size of the pool of different values; 0: no pool")
    cardinality_distribution: WholeDistribution | None = Field(
        None, description="index into the pool; required with a cardinality"
    )
    uniform_by_default: ClassVar[bool] = False

    @model_validator(mode="after")
    def _has_a_picker(self) -> Self:
        if self.cardinality and not self.cardinality_distribution and not self.uniform_by_default:
            raise ValueError('"cardinality_distribution" is required with a "cardinality"')
        return self
