from typing import Any

class Stays:
    def __init__(self, tables: Any, delay_purpose: int, timeout_purpose: int) -> None: ...
