from typing import Any

import numpy as np
import numpy.typing as npt

from datagen.native.agenda import Agenda
from datagen.native.journal import Journal
from datagen.native.lasting import Lasting
from datagen.native.resources import Resources
from datagen.native.sources import Sources

Integers = npt.NDArray[np.int64]

class EventLoop:
    change: int
    at_once: int
    instant: int
    journal: Journal
    agenda: Agenda

    guest: int
    hears: bool
    is_ahead: bool

    def __init__(
        self, tables: Any, keys: list[int], sources: Sources, resources: Resources, lasting: Lasting
    ) -> None: ...
    def house(self, slots: Any) -> None: ...
    def expect(
        self, first_waits: Integers, first_drawn: Integers, first_there: npt.NDArray[np.uint8], batches: Integers
    ) -> None: ...
    def restore(self, alive: int) -> None: ...
    def begin(self, steps: Any) -> None: ...
    def next_event(self) -> int: ...
    def advance(self, limit: int) -> str: ...
    def answer(self, until: int) -> str: ...
