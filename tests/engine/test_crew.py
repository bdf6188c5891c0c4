"""A crew computes what it is given, in whatever order, and hands it over in the order that was asked for."""

from collections.abc import Iterator
from threading import Event, Timer, current_thread

import pytest

from datagen.engine.crew import Crew, Lead, Task, looked_ahead
from datagen.problems import Cancelled
from tests.servers.installed import wait_until


def numbers(taken: list[int], count: int) -> Iterator[int]:
    """Yield the first numbers, noting each that is taken."""
    for number in range(count):
        taken.append(number)
        yield number


def begun(crew: Crew, ends: Event) -> Task[bool]:
    """What another thread is at until something happens."""
    begins = Event()

    def compute() -> bool:
        begins.set()
        return ends.wait(10)

    task = crew.begin(compute)
    assert begins.wait(10)
    return task


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
    assert crew.begin(current_thread).computed() is current_thread()
    goes_on.set()
    assert first.computed()


def test_an_item_is_begun_while_the_one_before_it_is_used() -> None:
    taken: list[int] = []
    lead = Lead(numbers(taken, 3), Crew(2), lambda: False)
    assert next(lead) == 0
    assert lead.is_ahead
    assert list(lead) == [1, 2]
    assert not lead.is_ahead


@pytest.mark.parametrize(("threads", "holds"), [(1, False), (2, True)])
def test_no_item_is_begun_where_nobody_else_may(threads: int, holds: bool) -> None:
    taken: list[int] = []
    lead = Lead(numbers(taken, 3), Crew(threads), lambda: holds)
    assert [(item, len(taken), lead.is_ahead) for item in lead] == [(0, 1, False), (1, 2, False), (2, 3, False)]


def test_what_is_raised_in_place_of_an_item_comes_where_it_is_asked_for() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    lead = Lead(failing(), Crew(2), lambda: False)
    assert next(lead) == 1
    with pytest.raises(ValueError, match="no more"):
        next(lead)


def test_a_lead_is_ahead_as_long_as_there_is_an_item_that_nobody_has_taken() -> None:
    lead = Lead(iter([0, 1, 2]), Crew(2), lambda: False)
    seen = []
    for item in lead:
        wait_until(lambda: lead._task is None)
        seen.append((item, lead.is_ahead))
    assert seen == [(0, True), (1, True), (2, False)]


def test_who_waits_is_not_kept_by_what_takes_long() -> None:
    crew, goes_on, never = Crew(2), Event(), Event()
    first = begun(crew, goes_on)
    endless = crew.begin(lambda: never.wait(10), is_long=True)
    short = crew.begin(current_thread)
    Timer(0.1, goes_on.set).start()
    assert first.computed()  # and meanwhile the short one, and not the long one
    assert short.computed() is current_thread()
    never.set()
    assert endless.awaited()


def test_what_nobody_has_begun_is_cancelled_in_the_end() -> None:
    crew, goes_on = Crew(2), Event()
    first, second = begun(crew, goes_on), crew.begin(current_thread)
    Timer(0.1, goes_on.set).start()
    crew.close()
    assert first.awaited()
    with pytest.raises(Cancelled):
        second.awaited()


def test_ctrl_c_reaches_who_computes_as_well() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Crew(1).begin(interrupted)


@pytest.mark.parametrize("threads", [1, 2])
def test_what_a_computation_raises_is_raised_where_it_is_waited_for(threads: int) -> None:
    def failing() -> None:
        raise ValueError("not computed")

    with pytest.raises(ValueError, match="not computed"):
        Crew(threads).begin(failing).computed()
