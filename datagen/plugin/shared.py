"""Values that all workers see: what they are at the start, and what their names stand for."""

from collections.abc import Iterable
from typing import Annotated, Any

import pyarrow as pa
from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from datagen.plugin.model import LARGEST, Maker
from datagen.plugin.namespace import namespace_of
from datagen.problems import show
from datagen.records.expression import Expression

_MOST = 2**63 - 1
_SCHEMA = [{"type": "number"}, {"type": "boolean"}]
_BEFORE, _THERE, _SET = "before(", "there(", "set("  # no name that is written in an expression begins with one of these


def _start(value: Any) -> int | float | bool:
    if not isinstance(value, bool | int | float):
        hint = "; count money in cents, as whole numbers" if isinstance(value, str) else ""
        raise ValueError(f"must be a number, true or false, found {show(value)}{hint}")
    if isinstance(value, float) and not abs(value) <= LARGEST:
        raise ValueError(f"must lie between -1e300 and 1e300, found {show(value)}")
    if isinstance(value, int) and abs(value) > _MOST:
        raise ValueError(f"must be a whole number of at most 64 bits, found {show(value)}")
    return value


def _start_of_row(value: Any, info: "ValidationInfo[Maker]") -> int | float | bool | Expression:
    if isinstance(value, Expression):
        return value
    return namespace_of(info).read(value) if isinstance(value, str) else _start(value)


Start = Annotated[int | float | bool, PlainValidator(_start), WithJsonSchema({"anyOf": _SCHEMA})]
StartOfRow = Annotated[
    int | float | bool | Expression,
    PlainValidator(_start_of_row),
    WithJsonSchema({"anyOf": [*_SCHEMA, {"type": "string"}]}),
]


def type_of_start(value: int | float | bool) -> pa.DataType:
    """Return the type of a value for good, by what it is at the start."""
    return pa.bool_() if isinstance(value, bool) else pa.int64() if isinstance(value, int) else pa.float64()


def before(name: str) -> str:
    """Return the name of what a value was before the state that a worker enters has changed any."""
    return _BEFORE + name


def there(name: str) -> str:
    """Return the name of whether there is a value, since there is a row that has it."""
    return _THERE + name


def set_by_walk(name: str) -> str:
    """Return the name of the value of a variable that the walk has set."""
    return _SET + name


def variable_of(name: str) -> str | None:
    """Return the variable whose value a name stands for that the walk has set; None where it is something else."""
    return name.removeprefix(_SET) if name.startswith(_SET) else None


def noted(name: str) -> tuple[str, bool]:
    """Return the name of a value that others are made of, and whether it is asked whether there is one."""
    name = name.removeprefix(_BEFORE)
    return name.removeprefix(_THERE), name.startswith(_THERE)


def are_before(names: Iterable[str]) -> int:
    """Return how many names are ones of ``before``."""
    return sum(name.startswith(_BEFORE) for name in names)
