"""A crew computes what it is given, in whatever order, and hands it over in the order that was asked for."""

from collections.abc import Iterator
from threading import Event, current_thread

import pytest

from datagen.engine.crew import Begun, Crew, looked_ahead


def numbers(taken: list[int], count: int) -> Iterator[int]:
    """Yield the first numbers, noting each that is taken."""
    for number in range(count):
        taken.append(number)
        yield number


def test_items_are_taken_ahead_and_come_in_their_order() -> None:
    taken: list[int] = []
    coming = looked_ahead(numbers(taken, 5), 2, lambda: False)
    assert [(item, len(taken)) for item in coming] == [(0, 3), (1, 4), (2, 5), (3, 5), (4, 5)]


def test_no_item_is_taken_ahead_while_that_is_held_back() -> None:
    taken: list[int] = []
    coming = looked_ahead(numbers(taken, 6), 2, lambda: len(taken) in (1, 2, 5))
    assert [(item, len(taken)) for item in coming] == [(0, 1), (1, 2), (2, 5), (3, 5), (4, 5), (5, 6)]


def test_what_is_raised_comes_behind_the_items_before_it() -> None:
    def failing() -> Iterator[int]:
        yield from (1, 2)
        raise ValueError("no more")

    coming = looked_ahead(failing(), 5, lambda: False)
    assert [next(coming), next(coming)] == [1, 2]
    with pytest.raises(ValueError, match="no more"):
        next(coming)


def test_what_nobody_has_begun_is_computed_by_who_waits_for_it() -> None:
    crew, goes_on = Crew(2), Event()
    first = crew.begin(lambda: goes_on.wait(10))  # by the only other thread, which has no time for the second
    assert crew.begin(current_thread)() is current_thread()
    goes_on.set()
    assert first()


def test_an_item_is_begun_while_the_one_before_it_is_used() -> None:
    taken: list[int] = []
    begun = Begun(numbers(taken, 3), Crew(2), lambda: False)
    assert next(begun) == 0
    assert begun.is_ahead
    assert list(begun) == [1, 2]
    assert not begun.is_ahead


@pytest.mark.parametrize(("threads", "holds"), [(1, False), (2, True)])
def test_no_item_is_begun_where_nobody_else_may(threads: int, holds: bool) -> None:
    taken: list[int] = []
    begun = Begun(numbers(taken, 3), Crew(threads), lambda: holds)
    assert [(item, len(taken), begun.is_ahead) for item in begun] == [(0, 1, False), (1, 2, False), (2, 3, False)]


def test_what_is_raised_in_place_of_an_item_comes_where_it_is_asked_for() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    begun = Begun(failing(), Crew(2), lambda: False)
    assert next(begun) == 1
    with pytest.raises(ValueError, match="no more"):
        next(begun)


@pytest.mark.parametrize("threads", [1, 2])
def test_what_a_computation_raises_is_raised_where_it_is_waited_for(threads: int) -> None:
    def failing() -> None:
        raise ValueError("not computed")

    with pytest.raises(ValueError, match="not computed"):
        Crew(threads).begin(failing)()
