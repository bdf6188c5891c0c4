"""Expressions as keys of a spec: a text that is read once, when the spec is checked."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from datagen.plugin.model import Model
from datagen.problems import Path_, show
from datagen.records.expression import Expression, parse


def _parsed(value: Any) -> Expression:
    if isinstance(value, Expression):
        return value
    if not isinstance(value, str):
        raise ValueError(f"must be an expression, which is a text, found {show(value)}")
    return parse(value)


AnyExpression = Annotated[Expression, PlainValidator(_parsed), WithJsonSchema({"type": "string"})]


def expressions_in(part: Any, apart: type[Model]) -> Iterator[tuple[Path_, Expression]]:
    """Yield the expressions among the keys of a part of a spec, each with its path from here.

    Objects of the class ``apart`` that are inside are passed over, with all that they hold.
    """
    if isinstance(part, Expression):
        yield (), part
    for key, member in _members(part):
        if not isinstance(member, apart):
            yield from (((key, *path), expression) for path, expression in expressions_in(member, apart))


def _members(part: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(part, Model):
        yield from ((key, getattr(part, key)) for key in type(part).model_fields)
    elif isinstance(part, dict):
        yield from part.items()
    elif isinstance(part, list | tuple):
        yield from enumerate(part)
