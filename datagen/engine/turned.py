"""Functions of one number as instructions: what a state may calculate of any number, not only of those of a list."""

from datagen.engine.code import NONE, NULL, REAL, WHOLE, Constants, Part, Unprogrammable

FUNCTIONS = ("abs", "ceil", "floor", "round", "sqrt")


def turned(function: str, part: Part, digits: int | None, constants: Constants) -> Part:
    """Return what a function makes of a number; ``digits`` are those behind the point that rounding leaves."""
    if part.type == NONE:
        return Part(NONE, NULL)
    if part.type not in (WHOLE, REAL):
        raise Unprogrammable(f"{function}(…) takes a number")
    if function == "sqrt":
        return Part(REAL, part.then("root") if part.type == REAL else part.then("to real", "root"))
    if function == "abs":
        return Part(part.type, part.then("abs real" if part.type == REAL else "abs"))
    if part.type == WHOLE:
        return part
    if digits is None:
        return Part(WHOLE, part.then(function))
    return Part(REAL, (*part.code, ("off", constants.number(10.0**digits))))
