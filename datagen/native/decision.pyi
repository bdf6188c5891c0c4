from typing import Any

from datagen.native.machine import Machine

class Decision:
    used: bool
    stopped: int

    def __init__(self, tables: Any, machine: Machine) -> None: ...
