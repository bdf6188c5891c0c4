from typing import Any

from datagen.native.decision import Decision

class Fleet:
    used: bool
    changes: int

    def __init__(self, tables: Any, decision: Decision) -> None: ...
    def house(self, slots: Any) -> None: ...
    def restore(self, used: int, changes: int, order: Any) -> None: ...
