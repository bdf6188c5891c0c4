"""Rows told apart and put into their places, against what plain Python makes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.native.rows import grouped, place, renumber


@given(groups=st.lists(st.integers(0, 5), max_size=40))
def test_rows_come_group_by_group_each_in_ascending_order(groups: list[int]) -> None:
    starts, order = np.full(7, -1), np.full(len(groups), -1)
    grouped(np.array(groups, np.int32), starts, order)
    assert order.tolist() == sorted(range(len(groups)), key=lambda row: groups[row])
    assert starts.tolist() == [sum(group < number for group in groups) for number in range(7)]


@pytest.mark.parametrize("group", [-1, 3, 2**31 - 1])
@pytest.mark.parametrize("size", [1, 2])
def test_a_group_that_there_is_not_and_a_wrong_length_are_refused(group: int, size: int) -> None:
    starts, order = np.full(4, -1), np.full(size, -1)
    with pytest.raises(ValueError, match="groups that there are not"):
        grouped(np.array([0, group], np.int32), starts, order)
    assert {*starts.tolist(), *order.tolist()} == {-1}


@given(codes=st.lists(st.integers(0, 99), max_size=20), data=st.data())
def test_codes_are_put_into_their_places(codes: list[int], data: st.DataObject) -> None:
    places = data.draw(st.permutations(range(len(codes))))
    placed = np.full(len(codes), -1, np.int32)
    place(np.array(codes, np.int32), 1000, np.array(places, np.int32) + 7, 7, placed)
    assert {where: code + 1000 for where, code in zip(places, codes, strict=True)} == dict(enumerate(placed.tolist()))


@pytest.mark.parametrize("positions", [[6, 7], [8, 9], [7], [7, 8, 8]])
def test_a_place_that_there_is_not_is_refused(positions: list[int]) -> None:
    placed = np.full(2, -1, np.int32)
    with pytest.raises(ValueError, match="places that there are not"):
        place(np.zeros(2, np.int32), 0, np.array(positions, np.int32), 7, placed)
    assert placed.tolist() == [-1, -1]


@given(positions=st.lists(st.integers(0, 300), max_size=60), others=st.integers(0, 2))
def test_positions_are_numbered_anew_in_their_order(positions: list[int], others: int) -> None:
    columns = np.full((len(positions), 1 + others), 299, np.int32)
    columns[:, others] = positions
    bits, before = np.zeros(5, np.uint64), np.empty(5, np.int32)
    used = sorted({0, *positions})
    assert renumber(columns, others, bits, before) == len(used)
    assert columns[:, others].tolist() == [used.index(position) for position in positions]
    assert (columns[:, :others] == 299).all()
    assert np.flatnonzero(np.unpackbits(bits.view(np.uint8), bitorder="little")).tolist() == used


@pytest.mark.parametrize(
    ("position", "group", "words", "room"), [(64, 0, 1, 1), (-1, 0, 1, 1), (1, 1, 1, 1), (1, -1, 1, 1), (1, 0, 1, 2)]
)
def test_positions_that_there_are_not_are_refused(position: int, group: int, words: int, room: int) -> None:
    positions = np.array([[1], [position]], np.int32)
    with pytest.raises(ValueError, match="positions that there are not"):
        renumber(positions, group, np.zeros(words, np.uint64), np.empty(room, np.int32))
    assert positions.tolist() == [[1], [position]]
