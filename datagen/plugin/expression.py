"""Expressions as keys of a spec: a text that is read once, when the spec is checked."""

from typing import Annotated, Any

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from datagen.plugin.model import LARGEST, Maker
from datagen.plugin.namespace import namespace_of
from datagen.problems import show
from datagen.records.expression import Expression


def _parsed(value: Any, info: "ValidationInfo[Maker]") -> Expression:
    if isinstance(value, Expression):
        return value
    if not isinstance(value, str):
        raise ValueError(f"must be an expression, which is a text, found {show(value)}")
    return namespace_of(info).read(value)


AnyExpression = Annotated[Expression, PlainValidator(_parsed), WithJsonSchema({"type": "string"})]


def _number(value: Any, info: "ValidationInfo[Maker]") -> int | float | Expression:
    if isinstance(value, str | Expression):
        return _parsed(value, info)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"must be a valid number, or an expression, which is a text, found {show(value)}")
    if not abs(value) <= LARGEST:
        raise ValueError(f"must lie between -1e300 and 1e300, found {show(value)}")
    return value


# A number, or an expression that is one.
NUMBER = {"anyOf": [{"type": "number"}, {"type": "string"}]}
MaybeNumber = Annotated[int | float | Expression, PlainValidator(_number), WithJsonSchema(NUMBER)]
