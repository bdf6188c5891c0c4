from typing import Any

import numpy as np
import numpy.typing as npt

from datagen.native.rhythm import Rhythm

class Pace:
    def __init__(self, rhythm: Rhythm, behind: Pace | None) -> None: ...

class Sources:
    alive: int
    outside: int
    coming: int
    comer: int
    beyond: int
    since: int
    gap: int
    ended: int
    ended_at: int
    refused: int

    def __init__(self, pace: Pace | None) -> None: ...
    def house(self, source: npt.NDArray[Any], times: npt.NDArray[np.int64], crowd: npt.NDArray[Any]) -> None: ...
    def note(self, refused_at: npt.NDArray[np.int64], refused_by: npt.NDArray[np.int32]) -> None: ...
    def limit(self, crowd: int, most: int, now: int) -> None: ...
    def restore(self) -> None: ...
