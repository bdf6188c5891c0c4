from typing import Any

class Stays:
    def __init__(self, tables: Any, keys: list[int]) -> None: ...
