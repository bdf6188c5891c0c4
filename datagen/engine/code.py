"""Instructions for the stack machine of the core: what they are made of, how deep they go, and all of them in a row."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datagen.draw import Integers
from datagen.native.instruction import INSTRUCTIONS
from datagen.records.types import JSON_TEXT

DEEPEST = 256  # values on the stack, as datagen/native/machine.pxd has it
# Types of values; a moment is in µs since 1970, and of the last one all are null.
WHOLE, REAL, TRUTH, MOMENT, NONE = "whole", "real", "truth", "moment", "none"
LIST = "list"  # of a source alone: the value is how long it is
REMEMBERED = "remembered"  # so too: the value is of any type, which only the instant tells
_OF_ARROW = {
    pa.int64(): WHOLE,
    pa.float64(): REAL,
    pa.bool_(): TRUTH,
    pa.timestamp("us"): MOMENT,
    pa.null(): NONE,
}
ARROW = {type_: arrow for arrow, type_ in _OF_ARROW.items()} | {LIST: pa.list_(pa.null()), REMEMBERED: JSON_TEXT}
_KEPT = {"known", "known real", "drawn", "drawn real", "cell", "cell real"}
_PUSHED = _KEPT | {"whole", "real", "fact", "seconds", "factor", "draw"}
_OF_NUMBERS = {"floor", "ceil", "round", "abs", "abs real", "off", "root", "to real", "divided", "bits"}
_IN_PLACE = _OF_NUMBERS | {"listed", "listed real", "is null", "not", "cell at", "cell at real"}
_TAKING_TWO = {"choose", "share at", "share at real"}

Code = tuple[tuple[str, int], ...]  # instructions, by their names, with their arguments
NULL: Code = (("whole", 0),)  # the first of the constants


class Unprogrammable(ValueError):
    """The walk can't calculate an expression; the message says why."""


@dataclass(frozen=True)
class Part:
    """Instructions that leave one value."""

    type: str
    code: Code

    def then(self, *names: str) -> Code:
        """Return its instructions with others behind, which have no argument."""
        return (*self.code, *((name, 0) for name in names))


@dataclass(frozen=True)
class Source:
    """Where a value comes from that an expression reads."""

    type: str  # of the value; of one with a list, that of its place there
    code: Code
    values: pa.Array | None = None  # the list, with null at the first place
    shows: int | None = None  # of the time itself: which fact is the first of what wall clocks show


class Constants:
    """The constants of programs."""

    def __init__(self) -> None:
        self._whole: list[Integers] = [np.zeros(1, np.int64)]
        self._valid: list[npt.NDArray[np.bool_]] = [np.zeros(1, bool)]  # the first is null
        self._size = 1

    def add(self, values: npt.NDArray[Any], valid: npt.NDArray[np.bool_]) -> int:
        """Return where values begin from now on, (n,) whole or real."""
        begin = self._size
        self._whole.append(np.ascontiguousarray(values).view(np.int64))
        self._valid.append(valid)
        self._size += len(values)
        return begin

    def number(self, number: float) -> int:
        """Return where a number stands, whole or real."""
        return self.add(np.array([number]), np.ones(1, bool))

    @property
    def whole(self) -> Integers:
        """Return all of them, real ones by their bits."""
        return np.concatenate(self._whole)

    @property
    def valid(self) -> npt.NDArray[np.uint8]:
        """Return which are not null."""
        return np.concatenate(self._valid).astype(np.uint8)


def deepest(code: Code) -> int:
    """Return how many values are on the stack at most while instructions are followed."""
    now = most = 0
    for name, _ in code:
        now += 1 if name in _PUSHED else 0 if name in _IN_PLACE else -2 if name in _TAKING_TWO else -1
        most = max(most, now)
    return most


def checked(part: Part) -> Part:
    """Return a part as it is; raises Unprogrammable when it is too much for the machine."""
    if deepest(part.code) > DEEPEST:
        raise Unprogrammable("is too long for a state")
    return part


def type_of(type_: pa.DataType) -> str | None:
    """Return the type of values of an Arrow type; None when the machine has none."""
    return _OF_ARROW.get(type_)


def assembled(codes: Iterable[Code]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return the instructions of programs, one behind the other, their arguments, and where each begins, (n + 1,)."""
    codes = list(codes)
    names = [INSTRUCTIONS[name] for code in codes for name, _ in code]
    arguments = [argument for code in codes for _, argument in code]
    begins = np.cumsum([0, *map(len, codes)])
    return np.array(names, np.int32), np.array(arguments, np.int32), begins.astype(np.int32)
