from typing import Any

from datagen.native.decision import Decision
from datagen.native.heaps import Heaps

class Gathering:
    def __init__(self, heads: Any, lines: Heaps, decision: Decision) -> None: ...
    def house(self, slots: Any) -> None: ...
