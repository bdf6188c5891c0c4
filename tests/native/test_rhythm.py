"""The source of the compiled rhythm as plain Python, where numbers have no end, finds the same times."""

import importlib.util
import math
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from datagen.engine.rhythm import PIECE
from datagen.native import rhythm
from tests.native.test_walk import module
from tests.worlds import ROOT

MINUTE = 60 * 10**9
LARGEST = 10**6 * 2**30
MASK = 2**64 - 1


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name in ("", ".libc"):
        monkeypatch.setitem(sys.modules, f"cython.cimports{name}", module(f"cython.cimports{name}"))
    monkeypatch.setitem(
        sys.modules,
        "cython.cimports.libc.math",
        module("math", fmax=max, rint=lambda number: float(round(number)), sqrt=lambda number: math.sqrt(number)),
    )
    spec = importlib.util.spec_from_file_location("plain_rhythm", ROOT / "datagen/native/rhythm.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    vars(made)["Piece"] = list
    spec.loader.exec_module(made)
    return made


def pieces(largest: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pieces of all sorts: of a nanosecond, of a minute, of many minutes; flat, rising, falling, standing still."""
    random = np.random.default_rng(largest % 1000)
    lengths = np.concatenate([random.choice([1, 7, 1000, MINUTE - 1, MINUTE, MINUTE], 40), [MINUTE * 5, MINUTE * 1000]])
    first = np.concatenate([random.choice([0, 1, 2**30, largest], 20), random.integers(0, largest + 1, 20), [3, 2**30]])
    last = np.where(random.random(42) < 0.3, first, np.roll(first, 1))
    last[-2:] = first[-2:]
    start = np.cumsum(np.concatenate([[-5 * MINUTE], lengths]))
    return start, first, last


class Column(list):
    """An array of Python's own numbers, which have no end."""

    @property
    def shape(self) -> tuple[int]:
        return (len(self),)


def laid(largest: int) -> np.ndarray:
    start, first, last = pieces(largest)
    room = np.zeros(len(start), PIECE)
    count, _ = rhythm.lay(start, first, last, room, 2**64 - 1000)  # not all, when that would be too much base time
    return room[: count + 1]


def laid_plainly(plain: ModuleType, largest: int) -> Column:
    start, first, last = (Column(column.tolist()) for column in pieces(largest))
    room = Column(SimpleNamespace() for _ in start)
    count, _ = plain.lay(start, first, last, room, 2**64 - 1000)
    return Column(room[: count + 1])


@pytest.mark.parametrize("largest", [1, 2**20, 2**30, 3 * 2**30, LARGEST // 1000, LARGEST])
def test_plain_python_lays_and_finds_the_same(plain: ModuleType, largest: int) -> None:
    table, plain_table = laid(largest), laid_plainly(plain, largest)
    assert [tuple(vars(piece).values()) for piece in plain_table] == table.tolist()
    compiled, interpreted = rhythm.Rhythm(table, True), plain.Rhythm(plain_table, True)
    begin, end = compiled.span()
    times = np.sort(np.random.default_rng(1).integers(begin, end, 300))
    marks, plain_marks = np.zeros(len(times), np.uint64), Column([0] * len(times))
    compiled.marks(times, marks)
    interpreted.marks(Column(times.tolist()), plain_marks)
    assert plain_marks == marks.tolist()
    mark, whole = int(table["base"][0]), int(table["base"][-1]) - int(table["base"][0]) & MASK
    base = np.sort(np.random.default_rng(2).integers(0, whole + 2, 300))
    when, plain_when = np.zeros(len(base), np.int64), Column([0] * len(base))
    found = compiled.times(begin, mark, base, when)
    assert found == interpreted.times(begin, mark, Column(base.tolist()), plain_when) == len(base)
    assert plain_when == when.tolist()


@pytest.mark.parametrize("largest", [1, 2**30, LARGEST])
def test_what_is_found_is_the_first_time_that_is_late_enough(largest: int) -> None:
    made = rhythm.Rhythm(laid(largest), True)
    begin, _ = made.span()
    marks = np.zeros(1, np.uint64)
    made.marks(np.array([begin]), marks)
    base = np.unique(np.geomspace(1, 10**12 * min(largest, 2**20) / 2**20 + 1, 200).astype(np.int64))
    out = np.zeros(len(base), np.int64)
    made.times(begin, int(marks[0]), base, out)
    there, before = np.zeros((2, len(base)), np.uint64)
    made.marks(out, there)
    made.marks(out - 1, before)
    reached = out < made.span()[1]
    assert reached.any()
    assert ((there - marks[0])[reached] >= base[reached]).all()
    assert ((before - marks[0])[reached] < base[reached]).all()


def test_a_table_without_pieces_or_of_other_lengths_is_refused() -> None:
    room = np.zeros(3, PIECE)
    with pytest.raises(ValueError, match="without a piece"):
        rhythm.Rhythm(room[:1], True)
    for start, first in (([0, 1], [1, 1]), ([0, 0], [1]), ([0, MINUTE + 1], [1]), ([0, 1], [-1])):
        with pytest.raises(ValueError, match=r"lengths|can't be"):
            rhythm.lay(np.array(start), np.array(first), np.array(first), room, 0)
