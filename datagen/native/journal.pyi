from typing import Any

class Journal:
    rows: int
    held: int
    born: int

    def __init__(self, tables: Any) -> None: ...
