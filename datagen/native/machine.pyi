from typing import Any

from datagen.draw import Integers
from datagen.native.sources import Pace

FACTS: dict[str, int]

class Machine:
    def __init__(self, programs: Any, pace: Pace | None) -> None: ...
    def house(self, slots: Any) -> None: ...
    def follow(self, back: Integers) -> None: ...
