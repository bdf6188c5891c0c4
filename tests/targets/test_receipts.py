"""Receipts: acknowledgements may come in any order, one by one or many at once, and more than once."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.plugin.target import Undelivered
from datagen.targets.receipts import Receipts


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 19))))
def test_the_leading_records_are_those_before_the_first_that_is_open(acts: list[tuple[bool, int]]) -> None:
    receipts, have = Receipts(20), set()
    for through, number in acts:
        if through:
            receipts.acknowledge_through(number)
            have |= set(range(number + 1))
        else:
            receipts.acknowledge(number)
            have.add(number)
    assert receipts.acknowledged == len(have)
    assert receipts.leading == next((number for number in range(20) if number not in have), 20)
    assert receipts.is_over == (len(have) == 20)


def test_what_is_acknowledged_after_a_failure_does_not_count() -> None:
    receipts = Receipts(3)
    receipts.acknowledge(0)
    receipts.fail("first", lasting=True)
    receipts.acknowledge(1)
    receipts.fail("second")
    with pytest.raises(Undelivered, match="first") as caught:
        receipts.wait(10)
    assert (caught.value.records, caught.value.lasting) == (1, True)


def test_all_is_there_before_it_fails() -> None:
    receipts = Receipts(1)
    receipts.acknowledge(0)
    receipts.fail("too late")
    receipts.wait(10)


def test_no_records_are_there_at_once() -> None:
    Receipts(0).wait(10)


def test_a_wait_ends_when_nothing_comes_any_more() -> None:
    receipts = Receipts(2)
    thread = threading.Thread(target=receipts.acknowledge, args=(0,))
    thread.start()
    with pytest.raises(Undelivered, match=r"no answer for 0\.1 s") as caught:
        receipts.wait(0.1)
    thread.join()
    assert caught.value.records == 1
