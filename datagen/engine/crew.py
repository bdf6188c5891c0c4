"""A crew: threads that compute ahead, and beside, the one that needs the results in their order."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Crew:
    """So many threads in all, the one that calls included. With one, everything is computed when it is asked for."""

    def __init__(self, threads: int) -> None:
        self.ahead = threads if threads > 1 else 0  # results that are worth to be begun before they are needed
        self._executor = ThreadPoolExecutor(threads - 1, "columns and lines") if threads > 1 else None

    def begin(self, compute: Callable[[], T]) -> Callable[[], T]:
        """Let somebody compute something; return what waits for it, and computes it itself if nobody has begun to.

        What is returned is called once, by any thread, and raises what ``compute`` raises.
        """
        if self._executor is None:
            made = compute()
            return lambda: made
        future = self._executor.submit(compute)
        return lambda: compute() if future.cancel() else future.result()

    def close(self) -> None:
        """Let go of the threads, once they are done with what they have begun."""
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)


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
