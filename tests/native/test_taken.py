"""Things that are taken once, against a list from which they are taken."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.native.taken import take

ROWS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.floats(0, 1.5), st.integers(0, 20)), max_size=20)


def taken(rows: list, things: int, stops: list, is_share: bool = True, is_once: bool = True) -> list[int]:
    low, high, share, index = (np.array(column) for column in zip(*rows, strict=True)) if rows else [np.zeros(0)] * 4
    low, high = (np.minimum(bound(low, high), things).astype(np.int64) for bound in (np.minimum, np.maximum))
    found, tree, there = np.zeros(len(rows), np.int64), np.zeros(things + 1, np.int64), np.zeros(things, np.uint8)
    ends, over = (np.array(column, np.int64) for column in (zip(*sorted(stops), strict=True) if stops else ((), ())))
    take(low, high, (share if is_share else index).astype(float), is_share, is_once, ends, over, tree, there, found)
    return found.tolist()


@given(rows=ROWS, things=st.integers(0, 12), is_share=st.booleans(), is_once=st.booleans(), data=st.data())
def test_each_row_takes_of_what_is_left(rows: list, things: int, is_share: bool, is_once: bool, data) -> None:
    stops = st.lists(st.tuples(st.integers(0, 25), st.integers(0, things - 1)), max_size=8) if things else st.just([])
    over = data.draw(stops)
    left = list(range(things))
    expected = []
    for number, (one, other, share, index) in enumerate(rows):
        left = [thing for thing in left if not any(end <= number and gone == thing for end, gone in over)]
        inside = [thing for thing in reversed(left) if min(one, other) <= thing < max(one, other)]
        chosen = min(int(share * len(inside)) if is_share else index, len(inside) - 1)
        expected.append(inside[chosen] if inside else -1)
        left = [thing for thing in left if not is_once or thing != expected[-1]]
    assert taken(rows, things, over, is_share, is_once) == expected


@pytest.mark.parametrize(
    ("low", "high", "index", "over", "room"),
    [(0, 3, 0.0, 0, 3), (2, 1, 0.0, 0, 3), (0, 1, -1.0, 0, 3), (0, 1, 0.0, 2, 3), (0, 1, 0.0, 0, 2)],
)
def test_what_does_not_fit_is_refused(low: int, high: int, index: float, over: int, room: int) -> None:
    row, tree, there = np.zeros(1, np.int64), np.zeros(room, np.int64), np.zeros(2, np.uint8)
    with pytest.raises(ValueError, match="things that there are not, or columns of other lengths"):
        take(row + low, row + high, np.array([index]), True, True, row, row + over, tree, there, row.copy())
