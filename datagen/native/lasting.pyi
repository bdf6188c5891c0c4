from typing import Any

from datagen.native.machine import Machine
from datagen.native.sources import Pace

class Lasting:
    delay: int

    def __init__(self, tables: Any, purpose: int, machine: Machine, pace: Pace | None) -> None: ...
