"""The kernels of tokens, choices and ways write nothing where the columns that they are given don't fit."""

from collections.abc import Callable

import numpy as np
import pytest

from datagen.dimensions.program import Tables
from datagen.dimensions.ways import Repeat, Texts
from datagen.native import choice, curve, token
from datagen.native.ways import Program

KEYS = np.arange(3, dtype=np.uint64)
BOUNDS = np.array([2**52, 2**53], np.uint64)
GUIDE = np.zeros(2, np.int32)
OCTETS = np.zeros((3, 2), np.uint8)
TABLES = Tables.of(Repeat(Texts(tuple("abc")), 0, 9)).arrays()


def u8(size: int) -> np.ndarray:
    return np.zeros(size, np.uint8)


def i32(size: int) -> np.ndarray:
    return np.zeros(size, np.int32)


def program(widest: int = 9, room: int = 30) -> Program:
    return Program(TABLES, widest, i32(room), np.zeros(room, np.uint64))


MISFITS: dict[str, Callable[[], object]] = {
    "another number of codes": lambda: choice.weighted(KEYS, np.uint64(1), BOUNDS, GUIDE, 52, i32(2)),
    "a guide that is too short": lambda: choice.weighted(KEYS, np.uint64(1), BOUNDS, GUIDE, 51, i32(3)),
    "a guide beyond the bounds": lambda: choice.weighted(KEYS, np.uint64(1), BOUNDS, GUIDE + 2, 52, i32(3)),
    "bounds that end too early": lambda: choice.weighted(KEYS, np.uint64(1), BOUNDS[:1], GUIDE, 52, i32(3)),
    "too few words": lambda: token.words(KEYS, np.uint64(1), 2, np.zeros(5, np.uint64)),
    "a number of words below 0": lambda: token.words(KEYS, np.uint64(1), -1, np.zeros(0, np.uint64)),
    "digits without room": lambda: token.hexadecimal(OCTETS, u8(2), 45, u8(11)),
    "gaps without room": lambda: token.hexadecimal(OCTETS, u8(2) + 1, 45, u8(12)),
    "gaps of another width": lambda: token.hexadecimal(OCTETS, u8(3), 45, u8(12)),
    "octets that are not side by side": lambda: token.hexadecimal(OCTETS.reshape(2, 3).T, u8(2), 45, u8(12)),
    "UUIDs without room": lambda: token.uuids(KEYS[:2].copy(), 4, u8(35)),
    "base64 without room": lambda: token.base64(OCTETS, u8(11)),
    "half an address": lambda: token.colons(KEYS, i32(2), u8(39)),
    "addresses without room": lambda: token.colons(KEYS[:2], i32(2), u8(38)),
    "a number below 0": lambda: token.luhn(np.array([-1]), i32(2), u8(20)),
    "numbers without room": lambda: token.luhn(np.array([1]), i32(2), u8(19)),
    "points without a side": lambda: curve.angles(np.zeros(2), np.zeros(1), np.zeros(2)),
    "texts without room": lambda: program().draw(KEYS, np.uint64(1), i32(4), u8(26)),
    "too few ends": lambda: program().draw(KEYS, np.uint64(1), i32(3), u8(27)),
    "texts wider than is said": lambda: program(widest=0).draw(KEYS, np.uint64(1), i32(4), u8(27)),
    "too little room to wait": lambda: program(room=1).draw(KEYS, np.uint64(1), i32(4), u8(27)),
    "no room to wait": lambda: program(room=0).draw(KEYS, np.uint64(1), i32(4), u8(27)),
    "a number of no way": lambda: program().at(np.array([3**10]), i32(2), u8(9)),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_what_does_not_fit_is_refused(misfit: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # which one it is, the case says
        MISFITS[misfit]()


def test_nothing_is_written_for_no_rows() -> None:
    nothing = np.zeros(0, np.uint64)
    assert program().draw(nothing, np.uint64(1), i32(1), u8(1)) == 0
    assert token.colons(nothing, i32(1), u8(0)) == 0
    token.hexadecimal(OCTETS[:0], u8(2), 45, u8(0))
