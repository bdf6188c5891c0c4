"""A crew: threads that compute ahead, and beside, the one that needs the results in their order."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import RLock
from typing import Any, Generic, TypeVar

from datagen.problems import Cancelled

T = TypeVar("T")

_MOST_READY = 2  # items of a lead: with one, two threads run out of work now and then, and are 5 % slower


class Task(Generic[T]):
    """Something to be computed, once, by whoever comes to it first."""

    def __init__(self, compute: Callable[[], T], waiting: "deque[Task[Any]]", others: "deque[Task[Any]]") -> None:
        """Take the tasks that nobody has begun: those among which this one is, and those that take no long time."""
        self._compute, self._waiting, self._others = compute, waiting, others
        self._future: Future[T] = Future()

    def run(self) -> None:
        """Compute it; called by whoever has taken it from the tasks."""
        try:
            self._future.set_result(self._compute())
        except BaseException as error:
            self._future.set_exception(error)
            if not isinstance(error, Exception):  # Ctrl-C is meant for who computes
                raise
        finally:
            del self._compute  # with what it was made of

    def cancel(self) -> None:
        """Let it be, once it was taken from the tasks."""
        self._future.set_exception(Cancelled())

    def computed(self) -> T:
        """Return the result, or raise what was raised. While somebody else is at it, compute what nobody has begun."""
        try:
            self._waiting.remove(self)
        except ValueError:
            while not self._future.done() and work(self._others):
                pass
        else:
            self.run()
        return self.awaited()

    def awaited(self) -> T:
        """Return the same, and leave the computing to others."""
        return self._future.result()


def work(*tasks: deque[Task[Any]]) -> bool:
    """Compute the first of some tasks; return whether there was one."""
    for waiting in tasks:
        try:
            task = waiting.popleft()
        except IndexError:
            continue
        task.run()
        return True
    return False


class Crew:
    """So many threads in all, the one that calls included. With one, everything is computed when it is asked for."""

    def __init__(self, threads: int) -> None:
        self.ahead = threads if threads > 1 else 0  # results that are worth to be begun before they are needed
        self._short: deque[Task[Any]] = deque()  # that nobody has begun
        self._long: deque[Task[Any]] = deque()  # likewise
        self._executor = ThreadPoolExecutor(threads - 1, "crew") if threads > 1 else None

    def begin(self, compute: Callable[[], T], *, is_long: bool = False) -> Task[T]:
        """Let somebody compute something. Who waits for something else is not kept by what may take ``long``."""
        task = Task(compute, self._long if is_long else self._short, self._short)
        if self._executor is None:
            task.run()
        else:
            (self._long if is_long else self._short).append(task)
            self._executor.submit(work, self._short, self._long)
        return task

    def close(self) -> None:
        """Let go of the threads, once they are done with what they have begun; the rest is cancelled."""
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
        for tasks in (self._short, self._long):
            while tasks:
                tasks.popleft().cancel()


class Lead(Iterator[T]):
    """Items that come one after the other, of which a crew computes up to two before they are asked for."""

    def __init__(self, items: Iterator[T], crew: Crew, holds: Callable[[], bool]) -> None:
        """Take what says, whenever an item was computed, that the next one is not to be begun before it is needed."""
        self._items, self._crew, self._holds = items, crew, holds
        self._lock = RLock()  # of the following
        self._ready: deque[T | None] = deque()  # None: there are no more
        self._task: Task[None] | None = None  # which computes the next one, or has failed to
        self._is_over = False

    @property
    def is_ahead(self) -> bool:
        """Return whether an item was begun that nobody has asked for yet."""
        with self._lock:
            return self._task is not None or any(item is not None for item in self._ready)

    def __next__(self) -> T:
        while (task := self._waits_for()) is not None:
            task.computed()
        if not self._ready:
            self._compute()
        with self._lock:
            item = self._ready.popleft()
            self._go_on()
        if item is None:
            raise StopIteration
        return item

    def _waits_for(self) -> Task[None] | None:
        with self._lock:
            return None if self._ready else self._task

    def _compute(self) -> None:
        """Compute one more item. Where that fails, the task stays, for whoever asks for the item."""
        item = next(self._items, None)
        with self._lock:
            self._ready.append(item)
            self._task, self._is_over = None, item is None
            self._go_on()

    def _go_on(self) -> None:
        """Let somebody compute the next item if that may be; called with the lock."""
        wanted = self._crew.ahead and len(self._ready) < _MOST_READY and not self._is_over
        if wanted and self._task is None and not self._holds():
            self._task = self._crew.begin(self._compute, is_long=True)


def looked_ahead(items: Iterator[T], count: int, holds: Callable[[], bool]) -> Iterator[T]:
    """Yield items, with up to ``count`` more taken before they are asked for; none while ``holds`` says so.

    What is raised in place of an item is raised behind those that came before.
    """
    taken: deque[T] = deque()
    error: Exception | None = None
    goes_on = True
    while goes_on or taken:
        while goes_on and len(taken) <= count and not (taken and holds()):
            try:
                taken.append(next(items))
            except StopIteration:
                goes_on = False
            except Exception as raised:
                goes_on, error = False, raised
        if taken:
            yield taken.popleft()
    if error is not None:
        raise error
