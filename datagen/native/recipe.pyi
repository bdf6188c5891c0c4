from typing import Any

class Recipes:
    def __init__(self, tables: Any) -> None: ...
