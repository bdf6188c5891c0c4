from typing import Any

import numpy as np
import numpy.typing as npt

class Sources:
    most: int
    alive: int
    outside: int
    opened: int
    coming: int
    comer: int
    ended: int
    ended_at: int

    def __init__(self, most: int) -> None: ...
    def house(self, source: npt.NDArray[Any], times: npt.NDArray[np.int64]) -> None: ...
    def restore(self, opened: int) -> None: ...
