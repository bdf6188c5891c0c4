"""Counters as the walk knows them: the instructions for the next number, where there is one at all."""

from collections.abc import Mapping

from datagen.engine.code import DEEPEST, NULL, Code, Unprogrammable, deepest
from datagen.engine.drawing import Drawing
from datagen.engine.setter import Setter

WHEN, RESET = "when", "reset"  # the keys of a counter's expressions


def counted(setter: Setter, drawing: Drawing, tests: Mapping[str, Code], column: int, own: int) -> Code:
    """Return the instructions for the next number of a counter, which counts on; null where it makes none.

    ``tests`` are those for whether there is one, and whether it begins anew, by their keys. The variable is kept in a
    ``column``; what a worker has counted by itself in its ``own``, which is -1 where all count together.
    """
    counter = setter.dimension
    start, increment = getattr(counter, "start", 0), getattr(counter, "increment", 1)
    step = (("whole", drawing.constants.number(increment)), ("+", 0))
    absent = drawing.absent(setter)
    if own < 0 and not tests and not absent:
        cell = drawing.cell(start)
        return (("cell", cell), ("cell", cell), *step, ("share", cell))
    # How far it has come from its start. The column holds that of the new value until it is the value.
    cell = -1 if own >= 0 else drawing.cell(0)
    last, keep = (("known", own), ("keep", own)) if own >= 0 else (("cell", cell), ("share", cell))
    made: Code = (last,)
    if RESET in tests:
        made = (*tests[RESET], ("whole", drawing.constants.number(0)), last, ("choose", 0))
    made = (*made, *absent, ("+", 0)) if absent else made
    if WHEN in tests:
        made = (*tests[WHEN], *made, *NULL, ("choose", 0))
    going_on = (("keep", column), ("known", column), *step, last, ("coalesce", 0), keep)
    code = (*made, *going_on, ("known", column), ("whole", drawing.constants.number(start)), ("+", 0))
    if deepest(code) > DEEPEST:
        raise Unprogrammable("is too long for a state")
    return code
