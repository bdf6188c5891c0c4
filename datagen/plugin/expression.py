"""Expressions as keys of a spec: a text that is read once, when the spec is checked."""

from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from datagen.plugin.model import LARGEST
from datagen.problems import show
from datagen.records.expression import Expression, parse


def _parsed(value: Any) -> Expression:
    if isinstance(value, Expression):
        return value
    if not isinstance(value, str):
        raise ValueError(f"must be an expression, which is a text, found {show(value)}")
    return parse(value)


AnyExpression = Annotated[Expression, PlainValidator(_parsed), WithJsonSchema({"type": "string"})]


def _number(value: Any) -> int | float | Expression:
    if isinstance(value, str | Expression):
        return _parsed(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"must be a valid number, or an expression, which is a text, found {show(value)}")
    if not abs(value) <= LARGEST:
        raise ValueError(f"must lie between -1e300 and 1e300, found {show(value)}")
    return value


# A number, or an expression that is one.
NUMBER = {"anyOf": [{"type": "number"}, {"type": "string"}]}
MaybeNumber = Annotated[int | float | Expression, PlainValidator(_number), WithJsonSchema(NUMBER)]
