from typing import Any

from datagen.native.decision import Decision

class Children:
    used: bool
    most: int
    alive: int
    unborn: int
    entry: int
    has_gifts: bool

    def __init__(self, tables: Any, decision: Decision, most: int) -> None: ...
    def next_key(self) -> int: ...
    def snapshot(self) -> tuple[tuple[int, ...], tuple[int, ...]]: ...
    def restore(self, counts: tuple[int, ...], brood: tuple[int, ...]) -> None: ...
