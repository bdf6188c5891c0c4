from typing import Any

from datagen.native.machine import Machine

class Items:
    used: bool

    def __init__(self, programs: Any, machine: Machine) -> None: ...
