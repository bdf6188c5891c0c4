from typing import Any

INSTRUCTIONS: dict[str, int]
FACTS: dict[str, int]

class Machine:
    def __init__(self, programs: Any) -> None: ...
    def house(self, slots: Any) -> None: ...
