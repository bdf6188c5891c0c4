from typing import Any

import numpy as np
import numpy.typing as npt

from datagen.native.decision import Decision
from datagen.native.sources import Sources

Integers = npt.NDArray[np.int64]

class EventLoop:
    spawned: int
    change: int
    used: int
    at_once: int
    rows: int
    held: int
    born: int

    def __init__(
        self, tables: Any, keys: list[int], day: npt.NDArray[np.int32], sources: Sources, decision: Decision
    ) -> None: ...
    def house(self, slots: Any) -> None: ...
    def expect(self, first_waits: Integers, first_drawn: Integers, first_there: npt.NDArray[np.uint8]) -> None: ...
    def restore(self, alive: int, spawned: int) -> None: ...
    def begin(self, steps: Any) -> None: ...
    def schedule(self, shift: int) -> None: ...
    def day_bits(self) -> int: ...
    def next_event(self) -> int: ...
    def advance(self, limit: int) -> str: ...
