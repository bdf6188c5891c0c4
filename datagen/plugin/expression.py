"""Expressions as keys of a spec: a text that is read once, when the spec is checked."""

from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from datagen.problems import show
from datagen.records.expression import Expression, parse


def _parsed(value: Any) -> Expression:
    if isinstance(value, Expression):
        return value
    if not isinstance(value, str):
        raise ValueError(f"must be an expression, which is a text, found {show(value)}")
    return parse(value)


AnyExpression = Annotated[Expression, PlainValidator(_parsed), WithJsonSchema({"type": "string"})]
