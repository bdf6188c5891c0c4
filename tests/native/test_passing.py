"""Things that come and go, against a list to which they are added and from which they are taken."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.native.passing import ending, last, take

SHARE, INDEX = True, False


def line(things: int) -> tuple:
    words = things // 64 + 32
    return np.zeros(things // 512 + 3, np.int32), np.zeros(words, np.uint64), np.zeros(words, np.int16)


def found(high, step, index, is_share, is_once, ends, rows, there, places) -> list[int]:
    size = max(len(there), len(rows)) + 1
    taken, room = np.zeros(len(high), np.int32), np.zeros((4, size), np.int32)
    take(high, step, index, is_share, is_once, ends, rows, places, there, room, line(len(there)), taken)
    return taken.tolist()


@given(
    things=st.integers(1, 400),
    stops=st.integers(0, 200),
    reach=st.sampled_from([3, 100, 1000]),
    is_share=st.booleans(),
    is_once=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_each_row_takes_of_what_has_come_and_not_gone(things, stops, reach, is_share, is_once, seed) -> None:
    random = np.random.default_rng(seed)
    high, step = np.sort(random.integers(0, things + 1, 150)), np.sort(random.integers(0, 400, 150))
    rows, ends = np.sort(random.integers(-9, 500, stops)), random.integers(-1, stops, things).astype(np.int32)
    there, places = (random.random(things) < 0.9).astype(np.uint8), random.permutation(things).astype(np.int32) + 1
    index = random.random(150) * 1.2 if is_share else random.integers(0, reach, 150).astype(float)
    left, is_left, came, expected = [], there.tolist(), 0, []
    for row in range(150):
        left += [thing for thing in range(came, high[row]) if is_left[thing]]
        came = high[row]
        for thing in range(things):
            if is_left[thing] and ends[thing] >= 0 and rows[ends[thing]] <= step[row]:
                is_left[thing] = 0
        left = [thing for thing in left if is_left[thing]]
        chosen = min(int(index[row] * len(left)) if is_share else int(index[row]), len(left) - 1)
        expected.append(places[left[-1 - chosen]] if left else 0)
        if left and is_once:
            is_left[left[-1 - chosen]] = 0
    assert found(high, step, index, is_share, is_once, ends, rows, there, places) == expected
    assert there.tolist() == is_left


def test_who_stops_is_found_whatever_the_numbers() -> None:
    stopped = np.array([5, 2**60 + 5, -1, 64])
    ends = np.zeros(6, np.int32)
    ending(np.array([64, 5, 6, -1, 2**60 + 5, 5]), stopped, np.zeros(8, np.int32), ends)
    assert ends.tolist() == [3, 0, -1, 2, 1, 0]


@pytest.mark.parametrize(
    ("is_share", "index", "expected"), [(SHARE, 0.5, 7), (SHARE, 3.0, 5), (INDEX, 1.0, 8), (INDEX, 2.0**53, 5)]
)
def test_the_last_one_comes_first(is_share: bool, index: float, expected: int) -> None:
    numbers = np.zeros(2, np.int64)
    last(np.array([5, 4]), np.array([10, 4]), np.array([index, index]), is_share, numbers)
    assert numbers.tolist() == [expected, -1]


FITTING = {"high": 2, "index": 0.0, "ends": 0, "things": 2, "room": 3, "line": 0}


@pytest.mark.parametrize(
    "wrong", [{"high": 3}, {"high": -1}, {"index": -1.0}, {"ends": 1}, {"ends": -2}, {"room": 2}, {"line": -64}]
)
def test_what_does_not_fit_is_refused(wrong: dict) -> None:
    one = {**FITTING, **wrong}
    row, codes = np.zeros(1, np.int64), np.zeros(2, np.int32)
    room = np.zeros((4, one["room"]), np.int32)
    given = row + one["high"], row, row + one["index"], True, True, codes + one["ends"], row, codes
    with pytest.raises(ValueError, match="things"):
        take(*given, np.ones(2, np.uint8), room, line(one["line"]), np.zeros(1, np.int32))


def test_columns_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="columns of other lengths"):
        last(np.zeros(2, np.int64), np.zeros(2, np.int64), np.zeros(2), True, np.zeros(1, np.int64))
    with pytest.raises(ValueError, match="workers without room"):
        ending(np.zeros(2, np.int64), np.zeros(4, np.int64), np.zeros(4, np.int32), np.zeros(2, np.int32))
