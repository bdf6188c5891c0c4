"""What JSON says of a distribution for a field generator, whose numbers may be expressions: read, and checked as far.

Stands where a spec is read. Must not know how anything is drawn.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import PlainValidator, TypeAdapter, ValidationError, ValidationInfo, WithJsonSchema

from datagen.plugin.computed import Computed, Given, Tabled
from datagen.plugin.distribution import Distribution, check_length, check_whole, is_number, number_keys
from datagen.plugin.foreign import unknown_key
from datagen.plugin.model import Maker, Model, inside, invalid, make_of_group, maker_of, without_comments
from datagen.plugin.namespace import namespace_of
from datagen.problems import Path_, show
from datagen.records.expression import Expression
from datagen.records.expression.value import Literal

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
UNREADABLE = Expression(Literal(0, None))  # in place of a text that is no expression
_BESIDE_A_TABLE = (
    'can\'t be an expression beside "table"; to hold what is drawn between values of its record, let another field be '
    'the expression "min(max(drawn, low), high)"'
)
Lines = list[tuple[Path_, str]]


def described(check: Callable[[Distribution], Distribution], value: Any, info: "ValidationInfo[Maker]") -> Given:
    """Return what JSON describes: a distribution, one with texts for numbers, or one of a column of a table."""
    if isinstance(value, Computed | Tabled):
        return value
    if isinstance(value, Distribution):
        return check(value)
    described = without_comments(value)
    kind = _kind_of(described, info)
    if kind is not None and "table" in described and "values" in kind.model_fields:
        return _tabled(kind, described, info)
    lines: Lines = []
    read = _read(Distribution, described, (), lines, info)
    if kind is None or not is_read(read):
        made: Distribution = make_of_group("distribution", read, info)
        return check(made)
    lines = [*wrong(kind, read, info), *lines]
    if lines:
        raise invalid(kind.kind, lines)
    return Computed(_settled(Distribution, read, info), maker_of(info), kind)


def _kind_of(described: Any, info: "ValidationInfo[Maker]") -> type[Distribution] | None:
    kind: type[Distribution] | None = maker_of(info).kind_of("distribution", described)
    return kind


def _read(type_: Any, part: Any, path: Path_, lines: Lines, info: "ValidationInfo[Maker]") -> Any:
    """Return a part of what JSON says with expressions where texts stand for numbers; add what is no expression."""
    if isinstance(part, str) and is_number(type_):
        return number_of(part, path, lines, info)
    if isinstance(part, list):
        of = _of_items(type_)
        return [_read(of, member, (*path, place), lines, info) for place, member in enumerate(part)]
    kind = _kind_of(part, info) if isinstance(part, dict) and _bare(type_) is Distribution else None
    if kind is None or ("table" in part and "values" in kind.model_fields):
        return part
    types = {key: field.annotation for key, field in kind.model_fields.items()}
    return {key: _read(types.get(key), member, (*path, key), lines, info) for key, member in part.items()}


def number_of(text: str, path: Path_, lines: Lines, info: "ValidationInfo[Maker]") -> int | float | Expression:
    """Return the expression that a text is, or the number, as one that stood for a placeholder."""
    if _NUMBER.fullmatch(text):
        found: int | float = json.loads(text)
        return found
    try:
        return namespace_of(info).read(text)
    except ValueError as error:
        lines.append((path, str(error)))
        return UNREADABLE


def _bare(type_: Any) -> Any:
    """Return a type without its limits, and without null."""
    if get_origin(type_) is Annotated:
        return _bare(get_args(type_)[0])
    others = [one for one in get_args(type_) if one is not NoneType] if get_origin(type_) in (Union, UnionType) else []
    return _bare(others[0]) if len(others) == 1 else type_


def _of_items(type_: Any) -> Any:
    """Return the type of the items of a list; None where it is none."""
    bare = _bare(type_)
    return get_args(bare)[0] if get_origin(bare) is list else None


def _settled(type_: Any, part: Any, info: "ValidationInfo[Maker]") -> Any:
    """Return a part of what JSON says with the distributions inside that are the same for all records, made once."""
    if isinstance(part, list):
        return [_settled(_of_items(type_), member, info) for member in part]
    kind = _kind_of(part, info) if isinstance(part, dict) and _bare(type_) is Distribution else None
    if kind is None:
        return part
    if not is_read(part):
        return maker_of(info).make("distribution", part)
    types = {key: field.annotation for key, field in kind.model_fields.items()}
    return {key: _settled(types.get(key), member, info) for key, member in part.items()}


def is_read(part: Any) -> bool:
    """Return whether there is an expression in a part of what JSON says."""
    return isinstance(part, Expression) or any(True for _ in inside(part, Expression, Model))


def wrong(
    kind: type[Distribution], described: Mapping[str, Any], info: "ValidationInfo[Maker]"
) -> Iterator[tuple[Path_, str]]:
    """Yield what is wrong about the keys of a distribution that are no expressions, as far as each tells by itself."""
    fields = kind.model_fields
    for key, part in without_comments(described).items():
        if key != "type" and key not in fields:
            yield (key,), unknown_key(key, kind.known_keys())
        elif key != "type":
            yield from _wrong_in(kind, Annotated[fields[key].annotation, fields[key]], part, (key,), info)
    for key, field in fields.items():
        if field.is_required() and key not in described:
            yield (), f'"{key}" is required'


def _wrong_in(
    kind: type[Distribution], type_: Any, part: Any, path: Path_, info: "ValidationInfo[Maker]"
) -> Iterator[tuple[Path_, str]]:
    if isinstance(part, Expression):
        return
    if not is_read(part):
        try:
            TypeAdapter(type_).validate_python(part, strict=True, context=info.context)
        except ValidationError as error:
            yield from dict.fromkeys(kind._line({**line, "loc": (*path, *line["loc"])}) for line in error.errors())
    elif isinstance(part, list):
        for place, member in enumerate(part):
            yield from _wrong_in(kind, _of_items(type_), member, (*path, place), info)
    elif (inner := _kind_of(part, info)) is not None:
        yield from (((*path, *at), text) for at, text in wrong(inner, part, info))


def _tabled(kind: type[Distribution], described: dict[str, Any], info: "ValidationInfo[Maker]") -> Tabled:
    own = {"values", "weights", "quantiles"} & described.keys()
    lines: Lines = [((key,), 'can\'t stand beside "table", which has the values') for key in sorted(own)]
    for key in ("table", "column"):
        if not isinstance(described.get(key), str):
            lines.append(((key,), f"must be the name of a {key}, found {show(described.get(key))}"))
    fixed = {key: part for key, part in described.items() if key not in ("table", "column", *own)}
    texts = [key for key in number_keys(kind) if isinstance(fixed.get(key), str)]
    lines += [((key,), _BESIDE_A_TABLE) for key in texts]
    others = {key: part for key, part in fixed.items() if key not in texts}
    lines += wrong(kind, others | {"values": UNREADABLE}, info)
    if lines:
        raise invalid(kind.kind, lines)
    make = maker_of(info).make

    def made(values: list[float], weights: list[float] | None) -> Distribution:
        weighed = {} if weights is None else {"weights": weights}
        return make("distribution", fixed | {"values": values} | weighed)

    table = namespace_of(info).meant("tables", described["table"])
    return Tabled(table, described["column"], "weights" in kind.model_fields, made)


def is_sound(distribution: Distribution) -> Distribution:
    """Return the distribution, as any will do."""
    return distribution


def _check_length(distribution: Distribution) -> Distribution:
    return check_length(check_whole(distribution))


_SCHEMA = WithJsonSchema({"group": "number_distribution"})
NumberDistribution = Annotated[Given, PlainValidator(partial(described, is_sound)), _SCHEMA]
MaybeNumberDistribution = Annotated[Given | None, PlainValidator(partial(described, is_sound)), _SCHEMA]
WholeNumberDistribution = Annotated[Given, PlainValidator(partial(described, check_whole)), _SCHEMA]
MaybeWholeNumberDistribution = Annotated[Given | None, PlainValidator(partial(described, check_whole)), _SCHEMA]
LengthNumberDistribution = Annotated[Given, PlainValidator(partial(described, _check_length)), _SCHEMA]
MaybeLengthNumberDistribution = Annotated[Given | None, PlainValidator(partial(described, _check_length)), _SCHEMA]
