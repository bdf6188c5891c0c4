import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int64]
Ends = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]

class Program:
    def __init__(
        self, tables: tuple[Ends, Keys, Ends, Keys, Ends, Bytes], widest: int, waiting: Ends, numbers: Keys
    ) -> None: ...
    def draw(self, keys: Keys, purpose: np.uint64, ends: Ends, data: Bytes) -> int: ...
    def at(self, numbers: Integers, ends: Ends, data: Bytes) -> int: ...
