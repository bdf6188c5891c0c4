"""Receipts: acknowledgements may come in any order, one by one or many at once, and more than once."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.plugin.target import Undelivered
from datagen.targets.receipts import Receipts
from datagen.targets.window import Window


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
        receipts.wait(10, "it")
    assert (caught.value.records, caught.value.lasting) == (1, True)


def test_all_is_there_before_it_fails() -> None:
    receipts = Receipts(1)
    receipts.acknowledge(0)
    receipts.fail("too late")
    receipts.wait(10, "it")


def test_no_records_are_there_at_once() -> None:
    Receipts(0).wait(10, "it")


def test_a_wait_ends_when_nothing_comes_any_more() -> None:
    receipts = Receipts(2)
    thread = threading.Thread(target=receipts.acknowledge, args=(0,))
    thread.start()
    with pytest.raises(Undelivered, match=r"no answer for 0\.1 s from it") as caught:
        receipts.wait(0.1, "it")
    thread.join()
    assert caught.value.records == 1


def test_a_silence_after_some_answers_is_as_long_as_is_said() -> None:
    receipts = Receipts(2)
    threading.Timer(0.2, receipts.acknowledge, (0,)).start()
    with pytest.raises(Undelivered, match=r"no answer for 2 s"):
        receipts.wait(2, "it")
    assert 2 <= receipts.silence < 3.7  # and not 3.8, twice as long from the beginning


def test_those_under_way_are_waited_for_after_a_refusal() -> None:
    window = Window(4)
    receipts = Receipts(10, window)
    assert receipts.due() == range(4)
    receipts.acknowledge(0)
    receipts.refuse(1, "full")
    assert not receipts.is_over
    assert not receipts.due()
    receipts.acknowledge_through(3)
    with pytest.raises(Undelivered, match="full") as caught:
        receipts.settle()
    assert (caught.value.records, window.size) == (1, 1)
    assert [receipts.there(number) for number in range(5)] == [True, False, True, True, False]


def test_a_window_grows_again_while_all_is_taken() -> None:
    window = Window(1000)
    window.refuse()
    sizes = [window.size]
    for _ in range(10):
        window.take(1000)
        sizes.append(window.size)
    assert sizes == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000]
