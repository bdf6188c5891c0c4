"""Arithmetic of the machine of conditions: instructions for numbers, and for what is true, made of others."""

from collections.abc import Mapping
from dataclasses import replace

from datagen.engine.code import MOMENT, NONE, NULL, REAL, TRUTH, WHOLE, Constants, Part, Unprogrammable

_SWAPPED = {">": "<", ">=": "<="}


def extreme(operator: str, left: Part, right: Part) -> Part:
    """Return the one of two numbers for which a comparison with the other holds, null if one is null."""
    otherwise = (*compared(f"{operator}=", right, left).code, *right.code, *NULL, ("choose", 0))
    return Part(left.type, (*compared(operator, left, right).code, *left.code, *otherwise, ("choose", 0)))


def as_real(part: Part) -> Part:
    """Return a number as a real one."""
    return Part(REAL, part.code if part.type == REAL else part.then("to real"))


def in_milliseconds(part: Part, constants: Constants) -> Part:
    """Return a value as it is kept: a time has whole milliseconds."""
    if part.type != MOMENT:
        return part
    thousand = constants.number(1000)
    return Part(MOMENT, (*part.code, ("divided", thousand), ("whole", thousand), ("*", 0)))


def alike(parts: list[Part]) -> list[Part]:
    """Return parts of one type: real numbers where some are. Raises Unprogrammable."""
    types = {part.type for part in parts} - {NONE}
    if types == {WHOLE, REAL}:
        return [as_real(part) for part in parts]
    if len(types) > 1:
        raise Unprogrammable("a state can't read what is sometimes a number, sometimes true or false")
    type_ = types.pop() if types else NONE
    return [replace(part, type=type_) for part in parts]


def calculated(operator: str, left: Part, right: Part) -> Part:
    """Return what an operator makes of two numbers. Raises Unprogrammable."""
    if TRUTH in (left.type, right.type):
        raise Unprogrammable(f"{operator} can't take true or false")
    if NONE in (left.type, right.type):
        return Part(NONE, NULL)
    is_real = operator == "/" or REAL in (left.type, right.type)
    if is_real:
        left, right = as_real(left), as_real(right)
    return Part(REAL if is_real else WHOLE, (*left.code, *right.then(f"{operator} real" if is_real else operator)))


def compared(operator: str, left: Part, right: Part) -> Part:
    """Return whether a comparison of two numbers holds."""
    if operator in _SWAPPED:
        return compared(_SWAPPED[operator], right, left)
    if REAL in (left.type, right.type):
        return Part(TRUTH, (*as_real(left).code, *as_real(right).then(f"{operator} real")))
    return Part(TRUTH, (*left.code, *right.then(operator)))


def by_place(place: Part, parts: Mapping[int, Part], otherwise: Part, constants: Constants) -> Part:
    """Return the one of several parts whose place a number is, and another one where it is none of theirs."""
    *values, result = alike([*parts.values(), otherwise])
    for number, value in reversed([*zip(parts, values, strict=True)]):
        test = compared("=", place, Part(WHOLE, (("whole", constants.number(number)),)))
        result = Part(result.type, (*test.code, *value.code, *result.then("choose")))
    return result
